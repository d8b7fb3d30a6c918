/* recorder.h - the thread that writes recordings: one a worker.
 *
 *   mixing threads --frames--> recorder --events--> main --orders--> recorder
 *
 * The mixing threads never wait for it: what does not fit into their ring is
 * lost and counted. It alone touches the disk. */
#ifndef PL_RECORDER_H
#define PL_RECORDER_H

#include "io/record_set.h"

typedef struct pl_recorder pl_recorder;

typedef struct pl_recorder_options {
    const char *dir;    /* made if its parent is there; not empty */
    uint32_t n_threads; /* mixing threads */
    uint32_t max_recordings, max_legs, min_free_mib;
    const pl_codec_table *codecs;
    pl_metrics *metrics;
} pl_recorder_options;

/* Start the thread. What is wrong with the folder is in the log.
 * Errors: PL_ECONFIG the folder; PL_EINVAL; PL_ENOMEM; PL_EIO */
PL_MUST_USE pl_err pl_recorder_start(const pl_recorder_options *options,
                                     pl_recorder **ret_recorder);
/* Write what is there, close all files, end the thread; NULL is fine. The
 * mixing threads must have ended. */
void pl_recorder_stop(pl_recorder **recorder);

/* The ring that each mixing thread puts its frames into. */
pl_ring *const *pl_recorder_rings(const pl_recorder *recorder);

/* ---- main thread -------------------------------------------------------- */

/* Name a leg, before its first frame; an empty name: it is gone. */
void pl_recorder_name(pl_recorder *recorder, pl_mix_id leg, const char *name);
/* Begin: PL_RECORD_OPENED or PL_RECORD_FAILED follows.
 * Errors: PL_EFULL the queue */
PL_MUST_USE pl_err pl_recorder_begin(pl_recorder *recorder,
                                     const pl_record_task *task);
/* End, once the mixer has put its last frame: PL_RECORD_CLOSED follows.
 * Errors: PL_EFULL the queue */
PL_MUST_USE pl_err pl_recorder_end(pl_recorder *recorder, pl_mix_id id);
/* The mixer has let go of a leg: its file may be closed. */
void pl_recorder_leg_gone(pl_recorder *recorder, pl_mix_id leg);
/* Readable while events wait; and the next one, false: none. */
int pl_recorder_event_fd(const pl_recorder *recorder);
bool pl_recorder_next_event(pl_recorder *recorder, pl_record_event *ret_event);

#endif
