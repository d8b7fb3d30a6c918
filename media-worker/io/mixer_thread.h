/* mixer_thread.h - engines in threads of their own, one a core: absolute 20 ms
 * deadlines, rings to the main and the I/O thread, batched sending.
 *
 * A thread whose engine has no leg with a transport sleeps without wake-ups.
 * A tick that is late is caught up back to back, at most 5; what is older is
 * left out and counted. */
#ifndef PL_MIXER_THREAD_H
#define PL_MIXER_THREAD_H

#include "core/budget.h"
#include "core/delay.h"
#include "core/engine.h"
#include "core/tick_health.h"
#include "pl/metrics.h"

typedef struct pl_mixer pl_mixer;

typedef struct pl_mixer_options {
    uint32_t n_threads; /* 1..64; 0: one a core */
    uint32_t priority;  /* real-time, 1..99; 0: none (io/realtime.h) */
    uint32_t max_legs, max_rooms; /* of the worker; every thread takes any */
    pl_delay_limits delay;        /* of every jitter buffer; zero: delay.h's */
    const pl_codec_table *codecs;
    const pl_srtp_ops *srtp;
    const pl_denoise_ops *denoise; /* NULL: none */
    unsigned opus_complexity;      /* as of pl_engine_options */
    bool has_dtx;                  /* the same */
    pl_metrics *metrics;           /* made from PL_MEDIA_METRICS; NULL: none */
    pl_ring *const *record; /* where each thread puts frames of recordings,
                               pl_mixer_count() rings; NULL: none are made */
} pl_mixer_options;

/* How many threads a configured number gives: 0 is one a core. */
uint32_t pl_mixer_count(uint32_t n_threads);

/* Start the threads.
 * Errors: PL_EINVAL; PL_ENOMEM; PL_EIO a descriptor or thread was refused */
PL_MUST_USE pl_err pl_mixer_start(const pl_mixer_options *options,
                                  pl_mixer **ret_mixer);
/* End and join the threads, free everything; NULL is fine. Main and I/O thread
 * must not use it any more. */
void pl_mixer_stop(pl_mixer **mixer);

uint32_t pl_mixer_threads(const pl_mixer *mixer);
/* Ticks' work in permille of the time they may take, smoothed; of the busiest
 * thread. Any thread. */
uint32_t pl_mixer_load_permille(const pl_mixer *mixer);
/* Whether all threads that have something to mix do their ticks. Any thread. */
bool pl_mixer_ticks(const pl_mixer *mixer);
/* What a thread does and what it has learned of its costs. Any thread. */
void pl_mixer_measure(const pl_mixer *mixer, uint32_t thread,
                      pl_budget_measure *ret_measure);

/* ---- main thread -------------------------------------------------------- */

/* Queue a command for a thread and wake it.
 * thread: 0..pl_mixer_threads() - 1; a room and its legs stay on one thread
 * Errors: PL_EFULL the queue is full (nothing was queued) */
PL_MUST_USE pl_err pl_mixer_command(pl_mixer *mixer, uint32_t thread,
                                    const pl_mix_command *command);
/* Readable (eventfd) while events wait; the mixer's. Watch it with pl_io. */
int pl_mixer_event_fd(const pl_mixer *mixer);
/* Take the next event of any thread; false when there is none (that also
 * rearms the descriptor). */
bool pl_mixer_next_event(pl_mixer *mixer, pl_mix_event *ret_event);
/* Take the next late tick of any thread, for the log; false when there is
 * none. Its arrival makes event_fd readable; many may be left out. */
bool pl_mixer_next_late(pl_mixer *mixer, pl_late_known *ret_late);

/* ---- I/O thread --------------------------------------------------------- */

/* A slot to fill for the leg's thread, or NULL when its queue is full (counted
 * here). Fill kind, leg and the union's member, then commit. */
pl_mix_input *pl_mixer_reserve(pl_mixer *mixer, uint32_t thread);
/* Hand over the reserved slot; with PL_MIX_PACKET the thread is not woken (it
 * reads at its tick), with everything else it is. */
void pl_mixer_commit(pl_mixer *mixer, uint32_t thread);
/* As event_fd and next_event, for notes to the I/O thread. */
int pl_mixer_note_fd(const pl_mixer *mixer);
bool pl_mixer_next_note(pl_mixer *mixer, pl_mix_note *ret_note);

#endif
