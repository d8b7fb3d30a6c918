/* recording_impl.h - the inside of recordings, shared by recording.c and
 * recording_load.c. */
#ifndef PL_ROOMPOOL_RECORDING_IMPL_H
#define PL_ROOMPOOL_RECORDING_IMPL_H

#include "recording.h"

/* One that is over stays in memory while its files are being closed. */
enum { PL_RECORDING_FORGET_S = 60 };

/* It starts, or runs. */
bool pl_recording_is_live(const pl_recording *rec);
/* Put one into memory. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_recording_keep(pl_pool *pool, const pl_recording_row *row,
                                     pl_recording **ret_rec);
/* A task: what is known of its files is final. */
void pl_recording_forget(void *ctx, void *object);
/* Its media worker records. */
void pl_recording_runs(pl_pool *pool, pl_recording *rec);
/* Over, in this state; reason: for people. Its conference goes on without
 * it. */
void pl_recording_end(pl_pool *pool, pl_recording *rec, uint32_t state,
                      const char *reason);
/* Tell a media worker to stop; node "": there is none. */
void pl_recording_stop_at(pl_pool *pool, const char *node, uint64_t epoch,
                          const char *conf_id, const char *recording_id);

#endif
