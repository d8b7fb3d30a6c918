/* latch.c - symmetric RTP (RFC 4961), with the first source that may be it. */
#include "core/latch.h"

enum { LOWEST_PORT = 1024 };

void pl_latch_open(pl_latch *latch, const pl_addr *announced,
                   const pl_addr *signaling)
{
    latch->announced = *announced;
    latch->signaling = *signaling;
    latch->is_stale = !pl_addr_is_none(&latch->source);
    latch->n_packets = 0;
}

static bool may_be(const pl_latch *latch, const pl_addr *from)
{
    return (latch->announced.port && pl_addr_eq_ip(from, &latch->announced)) ||
           pl_addr_eq_ip(from, &latch->signaling);
}

bool pl_latch_accept(pl_latch *latch, const pl_addr *from, bool *ret_is_new)
{
    *ret_is_new = false;
    uint32_t window = latch->is_stale ? PL_LATCH_STALE_WINDOW : PL_LATCH_WINDOW;
    bool is_open = latch->n_packets < window;
    if (!pl_addr_eq(from, &latch->source)) {
        bool is_better = latch->is_stale || pl_addr_is_none(&latch->source) ||
                         pl_addr_eq(from, &latch->announced);
        if (!is_open || !is_better || !may_be(latch, from))
            return false;
        latch->source = *from;
        latch->is_stale = false;
        latch->n_packets = 0;
        *ret_is_new = true;
    }
    if (is_open)
        latch->n_packets++;
    return true;
}

pl_addr pl_latch_target(const pl_latch *latch)
{
    return pl_addr_is_none(&latch->source) ? latch->announced : latch->source;
}

pl_err pl_latch_check_target(const pl_addr *target, bool is_loopback_allowed)
{
    if (target->port < LOWEST_PORT || pl_addr_is_group(target) ||
        (pl_addr_is_loopback(target) && !is_loopback_allowed))
        return PL_EFORBIDDEN;
    return PL_OK;
}
