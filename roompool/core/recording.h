/* recording.h - a conference of a room is recorded: from when to when, by whom,
 * into which files.
 *
 * The media worker that holds the room writes the files. When it is lost the
 * recording goes on where the room is opened next, as its next part. At most
 * one runs in a conference; it ends with it. */
#ifndef PL_ROOMPOOL_RECORDING_H
#define PL_ROOMPOOL_RECORDING_H

#include "model.h"

extern const pl_sm PL_RECORDING_SM;

/* A file that the media worker told of. */
typedef struct pl_recfile {
    pl_list link;
    pl_recfile_row row;
} pl_recfile;

struct pl_recording {
    pl_recording_row row;
    pl_list files; /* pl_recfile.link */
    uint32_t n_files;
    unsigned n_talks; /* since the start of this process */
    pl_task forget;
};

/* Who wants it. */
typedef struct pl_record_order {
    uint32_t by; /* pl_recording_by */
    const char *name;
    bool has_stems; /* of each one too; the room may say so as well */
    const pl_bus_ticket *ticket; /* to be answered; NULL none */
    const pl_part *part;         /* who keyed it; NULL nobody */
} pl_record_order;

pl_recording *pl_recording_find(const pl_pool *pool, const char *recording_id);
/* Whether people in it are being recorded: files are written, or will be again
 * once the room has another media worker. */
bool pl_recording_is_on(const pl_conf *conf);
/* Record; harmless when that is so.
 *
 * ret_is_later: the order's ticket is answered when the media worker has said
 *               something
 * Errors: PL_EUNSUPPORTED the room is never recorded, or no room; PL_EFULL too
 * many recordings of this conference; PL_ENOMEM. */
PL_MUST_USE pl_err pl_recording_start(pl_pool *pool, pl_conf *conf,
                                      const pl_record_order *order,
                                      bool *ret_is_later);
/* Harmless when it is not recorded. */
void pl_recording_stop(pl_pool *pool, pl_conf *conf, const char *reason);
/* Start what the room's policy wants, once in a conference. */
void pl_recording_check_auto(pl_pool *pool, pl_conf *conf);
/* A host on a telephone keyed the command: start or stop. */
void pl_recording_keyed(pl_pool *pool, pl_part *part);
/* A text for who is refused; NULL: that of the error. */
const char *pl_recording_refusal(const pl_conf *conf, pl_err e);

/* Its media worker is gone. */
void pl_recording_unplaced(pl_pool *pool, pl_conf *conf);
/* The room was opened at a media worker, for the first time or anew. */
void pl_recording_placed(pl_pool *pool, pl_conf *conf);
/* Its worker named the room in its inventory. */
void pl_recording_seen(pl_pool *pool, pl_conf *conf);
/* The conference ends. */
void pl_recording_conf_ends(pl_pool *pool, pl_conf *conf, const char *reason);

PL_MUST_USE pl_err pl_recording_load(pl_pool *pool,
                                     const pl_recording_row *row);
PL_MUST_USE pl_err pl_recfile_load(pl_pool *pool, const pl_recfile_row *row);
/* After loading. */
void pl_recordings_resume(pl_pool *pool);
void pl_recording_free(void *recording);

/* ---- recording_file.c ---- */

/* Nothing more comes of this part. */
void pl_recording_close_files(pl_pool *pool, pl_recording *rec);
void pl_recording_free_files(pl_recording *rec);

void pl_on_recording_report(pl_pool *pool, const pl_bus_in *in);
void pl_on_recording_file(pl_pool *pool, const pl_bus_in *in);

#endif
