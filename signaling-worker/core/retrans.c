/* retrans.c - schedule: T1, doubling up to T2, for 64*T1. */
#include "retrans.h"

void pl_sip_retrans_start(pl_sip_retrans *r, int64_t now_us)
{
    *r = (pl_sip_retrans){.start_us = now_us,
                          .next_us = now_us + PL_SIP_T1_US,
                          .interval_us = PL_SIP_T1_US,
                          .longest_us = PL_SIP_T2_US,
                          .is_running = true};
}

void pl_sip_retrans_start_reliable(pl_sip_retrans *r, int64_t now_us)
{
    pl_sip_retrans_start(r, now_us);
    r->longest_us = PL_SIP_GIVE_UP_US;
}

void pl_sip_retrans_stop(pl_sip_retrans *r)
{
    r->is_running = false;
}

pl_sip_retrans_do pl_sip_retrans_due(pl_sip_retrans *r, int64_t now_us)
{
    if (!r->is_running)
        return PL_SIP_RETRANS_WAIT;
    if (now_us - r->start_us >= PL_SIP_GIVE_UP_US) {
        r->is_running = false;
        return PL_SIP_RETRANS_GIVE_UP;
    }
    if (now_us < r->next_us)
        return PL_SIP_RETRANS_WAIT;
    r->interval_us *= 2;
    if (r->interval_us > r->longest_us)
        r->interval_us = r->longest_us;
    r->next_us = now_us + r->interval_us;
    if (r->next_us > r->start_us + PL_SIP_GIVE_UP_US)
        r->next_us = r->start_us + PL_SIP_GIVE_UP_US;
    return PL_SIP_RETRANS_SEND;
}

int64_t pl_sip_glare_wait_us(bool owns_call_id, uint32_t draw)
{
    enum { STEP_US = 10000, OWNER_FROM = 210, OWNER_TO = 400, OTHER_TO = 200 };
    uint32_t steps = owns_call_id
                         ? OWNER_FROM + draw % (OWNER_TO - OWNER_FROM + 1)
                         : draw % (OTHER_TO + 1);
    return (int64_t)steps * STEP_US;
}
