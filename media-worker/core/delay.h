/* delay.h - how long packets must wait so that few come too late.
 *
 * A packet's transit is arrival time minus media time. The smallest transit of
 * the last seconds is the base: the path without queueing, which also follows
 * the drift of the sender's clock. What a packet took beyond it is its
 * lateness; the target is a high quantile of latenesses. */
#ifndef PL_DELAY_H
#define PL_DELAY_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PL_DELAY_BINS = 80, /* of 5 ms: up to 400 ms */
    PL_DELAY_MIN_US = 15000,
    PL_DELAY_MAX_US = 400000
};

/* Bounds of the target, at most PL_DELAY_MAX_US; all zero: those above. */
typedef struct pl_delay_limits {
    int64_t min_us, max_us;
} pl_delay_limits;

/* Plain value. */
typedef struct pl_delay {
    pl_delay_limits limits;
    bool has_base;
    int64_t base_us;
    int64_t window_min_us[2]; /* this window and the one before */
    int64_t window_start_us;
    int64_t counted_us; /* arrival of the last packet in the histogram */
    float weight[PL_DELAY_BINS];
    float total, step; /* step grows instead of all weights shrinking */
    int64_t target_us;
} pl_delay;

void pl_delay_init(pl_delay *delay, pl_delay_limits limits);
/* Take a packet. Returns: false when its transit is more than 2 s off the
 * base: the sender's clock jumped, and the estimate began anew. */
bool pl_delay_packet(pl_delay *delay, int64_t transit_us, int64_t arrival_us);
/* A lost packet could have been had from another that came later: transit_us is
 * as if it had come then. */
void pl_delay_late(pl_delay *delay, int64_t transit_us);

#endif
