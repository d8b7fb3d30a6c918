/* delay.c - windowed minimum and a histogram that forgets. */
#include "core/delay.h"

#include <stddef.h>

static const int64_t BIN_US = 5000;
static const int64_t MARGIN_US = 5000;
static const int64_t WINDOW_US = 2000000;
static const int64_t JUMP_US = 2000000;
static const float QUANTILE = 0.97F;
static const float FORGET = 1.0F / 0.995F; /* a packet: 4 s at 50 a second */
static const float STEP_MAX = 1e12F;
static const float LATE_WEIGHT = 2.0F; /* a loss is worse than a late packet */
enum { PRIOR_BIN = 4 };                /* before anything is known: 25 ms */
static const float PRIOR_WEIGHT = 30.0F; /* of one packet */

static int64_t within(pl_delay_limits limits, int64_t us)
{
    if (us < limits.min_us)
        return limits.min_us;
    return us > limits.max_us ? limits.max_us : us;
}

void pl_delay_init(pl_delay *delay, pl_delay_limits limits)
{
    if (limits.max_us == 0)
        limits = (pl_delay_limits){PL_DELAY_MIN_US, PL_DELAY_MAX_US};
    *delay = (pl_delay){.limits = limits, .step = 1.0F, .total = PRIOR_WEIGHT};
    delay->weight[PRIOR_BIN] = PRIOR_WEIGHT;
    delay->target_us = within(limits, (PRIOR_BIN + 1) * BIN_US + MARGIN_US);
}

static void rescale(pl_delay *d)
{
    float by = 1.0F / d->step;
    d->total = 0.0F;
    for (size_t i = 0; i < PL_DELAY_BINS; i++) {
        d->weight[i] *= by;
        d->total += d->weight[i];
    }
    d->step = 1.0F;
}

static int64_t quantile_us(const pl_delay *d)
{
    float below = 0.0F;
    for (size_t i = 0; i < PL_DELAY_BINS; i++) {
        below += d->weight[i];
        if (below >= d->total * QUANTILE)
            return (int64_t)(i + 1) * BIN_US;
    }
    return PL_DELAY_BINS * BIN_US;
}

static void follow_base(pl_delay *d, int64_t transit_us, int64_t arrival_us)
{
    if (arrival_us - d->window_start_us >= WINDOW_US) {
        d->window_min_us[1] = d->window_min_us[0];
        d->window_min_us[0] = transit_us;
        d->window_start_us = arrival_us;
    }
    if (transit_us < d->window_min_us[0])
        d->window_min_us[0] = transit_us;
    d->base_us = d->window_min_us[0] < d->window_min_us[1]
                     ? d->window_min_us[0]
                     : d->window_min_us[1];
}

static void count(pl_delay *d, int64_t lateness_us, float weight)
{
    int64_t bin = lateness_us / BIN_US;
    bin = bin < 0 ? 0 : bin >= PL_DELAY_BINS ? PL_DELAY_BINS - 1 : bin;
    d->weight[bin] += d->step * weight;
    d->total += d->step * weight;
    d->target_us = within(d->limits, quantile_us(d) + MARGIN_US);
}

void pl_delay_late(pl_delay *delay, int64_t transit_us)
{
    /* One step later than it was: where the line lies a little below its
     * target help must still come in time. */
    if (delay->has_base)
        count(delay, transit_us - delay->base_us + BIN_US, LATE_WEIGHT);
}

bool pl_delay_packet(pl_delay *delay, int64_t transit_us, int64_t arrival_us)
{
    bool is_known = true;
    int64_t off = transit_us - delay->base_us;
    if (delay->has_base && (off > JUMP_US || off < -JUMP_US)) {
        pl_delay_init(delay, delay->limits);
        is_known = false;
    }
    if (!delay->has_base) {
        delay->has_base = true;
        delay->window_min_us[0] = delay->window_min_us[1] = transit_us;
        delay->window_start_us = arrival_us;
    }
    follow_base(delay, transit_us, arrival_us);
    /* What a stall held back arrives all at once: that is one event, not as
     * many as there are packets. */
    if (arrival_us - delay->counted_us < BIN_US && is_known)
        return true;
    delay->counted_us = arrival_us;
    count(delay, transit_us - delay->base_us, 1.0F);
    delay->step *= FORGET;
    if (delay->step > STEP_MAX)
        rescale(delay);
    return is_known;
}
