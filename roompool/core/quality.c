/* quality.c - see quality.h. */
#include "quality.h"

#include <string.h>

enum { FRAME_MS = 20 };

static pl_quality_counts counts_of(const pl_leg_stats *m)
{
    return (pl_quality_counts){m->packets_received, m->packets_lost,
                               m->concealed_frames, m->recovered_frames};
}

static uint64_t grown(uint64_t now, uint64_t base)
{
    return now > base ? now - base : 0;
}

void pl_quality_bank(pl_quality *part, pl_leg_quality *leg)
{
    if (!leg->is_known)
        return;
    const pl_quality_counts now = counts_of(&leg->last);
    const pl_quality_counts *base = &leg->base;
    pl_quality_counts *sum = &part->sum;
    sum->packets_received +=
        grown(now.packets_received, base->packets_received);
    sum->packets_lost += grown(now.packets_lost, base->packets_lost);
    sum->concealed_frames +=
        grown(now.concealed_frames, base->concealed_frames);
    sum->recovered_frames +=
        grown(now.recovered_frames, base->recovered_frames);
    leg->base = now;
}

static uint32_t greater(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Another count of packets sent: every leg sends all the time. */
static bool has_begun_anew(const pl_leg_stats *old, const pl_leg_stats *now)
{
    return now->packets_sent < old->packets_sent ||
           now->packets_received < old->packets_received;
}

void pl_quality_take(pl_quality *part, pl_leg_quality *leg,
                     const pl_leg_stats *stats, int64_t now_ms)
{
    if (leg->is_known && has_begun_anew(&leg->last, stats)) {
        pl_quality_bank(part, leg);
        leg->base = (pl_quality_counts){.packets_received = 0};
    }
    leg->is_known = true;
    leg->at_ms = now_ms;
    leg->last = *stats;
    part->worst_jitter_us = greater(part->worst_jitter_us, stats->jitter_us);
    part->worst_rtt_us = greater(part->worst_rtt_us, stats->rtt_us);
    part->worst_far_loss_permille =
        greater(part->worst_far_loss_permille, stats->far_loss_permille);
    if (stats->codec[0])
        memcpy(part->codec, stats->codec, sizeof part->codec);
}

void pl_quality_record(const pl_quality *part, pl_record_row *row)
{
    _Static_assert(sizeof row->codec == sizeof part->codec, "copied whole");
    memcpy(row->codec, part->codec, sizeof row->codec);
    row->packets_received = part->sum.packets_received;
    row->packets_lost = part->sum.packets_lost;
    row->concealed_ms = part->sum.concealed_frames * FRAME_MS;
    row->recovered_ms = part->sum.recovered_frames * FRAME_MS;
    row->worst_jitter_us = part->worst_jitter_us;
    row->worst_rtt_us = part->worst_rtt_us;
    row->worst_far_loss_permille = part->worst_far_loss_permille;
}
