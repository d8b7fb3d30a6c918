/* control_record.h - recordings as roompool sees them: begun, told about,
 * ended. Main thread; the disk is the recorder's (recorder.h). */
#ifndef PL_CONTROL_RECORD_H
#define PL_CONTROL_RECORD_H

#include "core/leg_table.h"
#include "io/mixer_thread.h"
#include "io/recorder.h"
#include "pl/bus.h"

typedef struct pl_records pl_records;

typedef struct pl_records_options {
    pl_loop *loop;
    pl_bus *bus; /* NULL: no reports */
    pl_mixer *mixer;
    pl_recorder *recorder; /* NULL: this worker does not record */
    const pl_leg_table *table;
    pl_metrics *metrics;
    uint32_t max_recordings;
    void (*idle)(void *ctx); /* the last one is over, its files are told of */
    void *ctx;
} pl_records_options;

/* Everything is borrowed and outlives it. Errors: PL_ENOMEM */
PL_MUST_USE pl_err pl_records_create(const pl_records_options *options,
                                     pl_records **ret_records);
/* Stop listening to the recorder; it may end now. */
void pl_records_quiet(pl_records *records);
void pl_records_destroy(pl_records **records);

/* Begin to record an open room. A repeated request is answered as the first.
 *
 * ret_is_later: PL_OK is not known yet: the ticket is answered when the disk
 *               took it, or did not (PL_EIO)
 * Errors: PL_EUNSUPPORTED this worker does not record; PL_EINVAL ids, or
 *         nothing to record; PL_EFULL another recording of the room runs, too
 *         many run, or a queue is full */
PL_MUST_USE pl_err pl_records_start(pl_records *records, const pl_room *room,
                                    const pl_media_record_start *m,
                                    const pl_bus_ticket *ticket,
                                    bool *ret_is_later);
/* Recordings that are not over. */
uint32_t pl_records_active(const pl_records *records);
/* End it; one that is not there is fine. Errors: PL_EFULL a queue */
PL_MUST_USE pl_err pl_records_stop(pl_records *records, const char *room_id,
                                   const char *recording_id);
/* The mixer gives no more of it, of that leg. */
void pl_records_over(pl_records *records, pl_mix_id recording);
void pl_records_leg_gone(pl_records *records, pl_mix_id leg);
/* A leg comes: its text id, before the mixer hears of it. */
void pl_records_leg(pl_records *records, const pl_leg *leg);
/* Tell everything that is known, anew: after each (re)connect. */
void pl_records_tell(pl_records *records);

#endif
