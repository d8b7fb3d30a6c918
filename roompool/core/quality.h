/* quality.h - how good the media of participants is: the latest report of each
 * leg, and sums over all of a participant's for its call record.
 *
 * In memory only. After a restart the legs' next reports bring their figures
 * back; those of legs that were over by then are lost. */
#ifndef PL_ROOMPOOL_QUALITY_H
#define PL_ROOMPOOL_QUALITY_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/msg.h"
#include "rows.h"

/* Counters of a leg that go into sums. */
typedef struct pl_quality_counts {
    uint64_t packets_received, packets_lost;
    uint64_t concealed_frames, recovered_frames;
} pl_quality_counts;

/* What is known of one leg. */
typedef struct pl_leg_quality {
    bool is_known;
    int64_t at_ms;          /* wall time of the report */
    pl_leg_stats last;      /* as reported */
    pl_quality_counts base; /* that is in the participant's sums already */
} pl_leg_quality;

/* Of a participant, over all its legs. */
typedef struct pl_quality {
    pl_quality_counts sum; /* of what its legs' bases stand for */
    uint32_t worst_jitter_us, worst_rtt_us, worst_far_loss_permille;
    char codec[33]; /* the latest */
} pl_quality;

/* Take a report. Counters that fell begin anew at another worker: what they
 * were is kept in the sums. */
void pl_quality_take(pl_quality *part, pl_leg_quality *leg,
                     const pl_leg_stats *stats, int64_t now_ms);
/* Put what the leg has had since its base into the sums: it ends, or goes on as
 * another participant's. */
void pl_quality_bank(pl_quality *part, pl_leg_quality *leg);
/* Fill a record's columns; legs are banked by then. */
void pl_quality_record(const pl_quality *part, pl_record_row *row);

#endif
