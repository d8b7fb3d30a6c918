/* position.c - how far ahead a stream is continued.
 *
 * A leg is sent one packet in 20 ms at most. Twice as many are left out: a
 * worker that went on with the leg meanwhile and was lost before it could tell
 * its own position began at the first half at most. */
#include "core/position.h"

enum {
    FRAME_US = 20000,
    RTP_SLACK = 64,    /* ticks that were caught up */
    RTCP_US = 1000000, /* reports come every 2.5 s at least */
    RTCP_SLACK = 16,
    MAX_AHEAD = 16384, /* half of what a receiver can follow */
};
static const uint64_t INDEX_END = UINT64_C(1) << 48;
static const uint64_t RTCP_END = UINT64_C(1) << 31;

static bool is_possible(const pl_mix_position *at)
{
    if (at->at_us <= 0 || at->ssrc == 0 || at->n_in > PL_SRTP_MAX_SSRC_IN)
        return false;
    for (size_t i = 0; i < at->n_in; i++) {
        if (at->in[i].index >= INDEX_END || at->in[i].rtcp_index >= RTCP_END)
            return false;
    }
    return true;
}

/* Microseconds since the position was taken, by the common clock: it may have
 * waited long before somebody read it and began to count its age. Not less than
 * its age, which is all there is where clocks are not shared. */
static int64_t elapsed_us(const pl_mix_position *at, int64_t age_us,
                          int64_t now_us)
{
    int64_t us = now_us - at->at_us;
    return us > age_us ? us : age_us;
}

pl_err pl_position_resume(const pl_mix_position *at, uint32_t age_ms,
                          int64_t now_us, pl_mix_position *ret)
{
    if (!is_possible(at))
        return PL_EINVAL;
    const int64_t us = elapsed_us(at, (int64_t)age_ms * 1000, now_us);
    pl_mix_position p = *at;
    p.at_us = now_us - us;
    if (age_ms > 0) {
        uint64_t ahead = (uint64_t)us * 2 / FRAME_US + RTP_SLACK;
        if (ahead > MAX_AHEAD)
            return PL_EFULL;
        p.send_index += ahead;
        p.rtcp_index += (uint32_t)(us / RTCP_US) + RTCP_SLACK;
    }
    if (p.at_us <= 0 || p.send_index >= INDEX_END || p.rtcp_index >= RTCP_END)
        return PL_EINVAL;
    *ret = p;
    return PL_OK;
}
