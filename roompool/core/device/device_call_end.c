/* device_call_end.c - the network ends a call of a device: its status then, and
 * why. */
#include "call.h"
#include "device/device_call_impl.h"
#include "participant.h"

enum { SIP_TIMEOUT = 408, SIP_UNAVAILABLE = 480 };

void pl_devcall_reason(const pl_call_report *m, char *buf, size_t cap)
{
    const char *separator = m->reason_header[0] ? "; " : "";
    pl_fmt_cut(buf, cap, "%u %s%s%s", m->sip_status, m->reason, separator,
               m->reason_header);
}

/* What it may not call today it may not tomorrow: not to be tried again. */
void pl_device_start_refused(pl_pool *pool, const pl_call *call, pl_err e)
{
    pl_devcall *dc = e == PL_EFORBIDDEN && pl_device_is_call(call->part)
                         ? pl_device_caller(call->part->conf)
                         : NULL;
    if (dc)
        (void)pl_devcall_refuse(pool, dc, PL_DEVICE_FAULT_PERMISSION_DENIED,
                                "receiverAddress may not be called.");
}

/* SIP to status, for who calls; what is not here is Failed. */
static const struct final_row {
    uint32_t sip_status, status;
} FINALS[] = {
    {404, PL_MEDIA_STATUS_NOT_REACHABLE},
    {410, PL_MEDIA_STATUS_NOT_REACHABLE},
    {484, PL_MEDIA_STATUS_NOT_REACHABLE},
    {485, PL_MEDIA_STATUS_NOT_REACHABLE},
    {604, PL_MEDIA_STATUS_NOT_REACHABLE},
    {480, PL_MEDIA_STATUS_NOT_REACHABLE},
    {408, PL_MEDIA_STATUS_NO_ANSWER},
    {486, PL_MEDIA_STATUS_BUSY},
    {600, PL_MEDIA_STATUS_BUSY},
    {603, PL_MEDIA_STATUS_DECLINED},
    {607, PL_MEDIA_STATUS_DECLINED},
    {608, PL_MEDIA_STATUS_DECLINED},
    {487, PL_MEDIA_STATUS_SESSION_CANCELLED},
};

/* Whether it rang as long as it may: the signaling worker counts for itself. */
static bool is_late(const pl_pool *pool, const pl_call *call)
{
    enum { MARGIN_MS = 1000 };
    int64_t until = call->part->row.ring_until;
    return until != 0 && pool->now.wall_ms + MARGIN_MS >= until;
}

static uint32_t status_of_final(const pl_devcall *dc, const pl_call_report *m)
{
    if (m->sip_status == SIP_UNAVAILABLE && dc->has_rung)
        return PL_MEDIA_STATUS_NO_ANSWER;
    for (size_t i = 0; i < sizeof FINALS / sizeof FINALS[0]; i++) {
        if (FINALS[i].sip_status == m->sip_status)
            return FINALS[i].status;
    }
    return PL_MEDIA_STATUS_FAILED;
}

static void caller_ended(pl_pool *pool, const pl_call *call, pl_devcall *dc,
                         const pl_call_report *m)
{
    char reason[320];
    uint32_t status = status_of_final(dc, m);
    if (m->sip_status != 0) /* an INVITE was sent */
        pl_devcall_created(pool, dc);
    if (is_late(pool, call)) {
        status = PL_MEDIA_STATUS_NO_ANSWER;
        PL_SET(reason, "No answer");
    } else if (m->sip_status == SIP_TIMEOUT && !m->reason[0]) {
        status = PL_MEDIA_STATUS_FAILED; /* RFC 3261: timer B */
        PL_SET(reason, "no response");
    } else if (m->sip_status == 0) {
        PL_SET(reason, PL_DEVICE_UNAVAILABLE);
    } else {
        pl_devcall_reason(m, reason, sizeof reason);
    }
    pl_devcall_end(pool, dc, status, reason);
}

/* Hung up, or given up: the Reason of a BYE, or what is wrong. */
static void put_end(char *buf, size_t cap, const pl_call_report *m,
                    const char *cause)
{
    const char *why = m->reason_header[0] ? m->reason_header : m->reason;
    pl_fmt_cut(buf, cap, "%s%s%s", cause, why[0] ? "; " : "", why);
}

static void other_ended(pl_pool *pool, const pl_call *call, pl_devcall *dc,
                        const pl_call_report *m)
{
    char reason[320];
    uint32_t status = PL_MEDIA_STATUS_TERMINATED;
    bool is_lost = m->sip_status == SIP_TIMEOUT;
    bool is_unconfirmed = call->row.way == PL_CALL_WAY_IN &&
                          call->row.state == PL_CALL_STATE_ANSWERED;
    if (pl_devcall_is_setup(dc)) {
        status = PL_MEDIA_STATUS_SESSION_CANCELLED;
        put_end(reason, sizeof reason, m, "CANCEL received");
    } else if (is_lost && is_unconfirmed) {
        status = PL_MEDIA_STATUS_FAILED;
        PL_SET(reason, "no ACK");
    } else if (is_lost) {
        put_end(reason, sizeof reason, m, "the other side is gone");
    } else {
        put_end(reason, sizeof reason, m, "BYE received");
    }
    pl_devcall_end(pool, dc, status, reason);
}

/* Of a transfer: one that is to come, or one whose place is taken. */
static bool is_beside(const pl_conf *conf, const pl_part *phone)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part != phone && part->row.kind == PL_PART_KIND_TELEPHONE &&
            !part->is_spare && part->row.state != PL_PART_STATE_LEFT)
            return true;
    }
    return false;
}

void pl_device_call_ended(pl_pool *pool, const pl_call *call,
                          const pl_call_report *m)
{
    const pl_conf *conf = call->part->conf;
    if (conf->row.kind != PL_CONF_KIND_DEVICE || is_beside(conf, call->part))
        return;
    PL_LIST_EACH_SAFE(node, &conf->devcalls)
    {
        pl_devcall *dc = PL_CONTAINER(node, pl_devcall, conf_link);
        if (pl_devcall_is_over(dc))
            continue;
        if (pl_devcall_calls(dc) && pl_devcall_is_setup(dc)) {
            caller_ended(pool, call, dc, m);
        } else {
            other_ended(pool, call, dc, m);
        }
    }
}

void pl_device_cancelled(pl_pool *pool, const pl_conf *conf)
{
    if (conf->row.kind == PL_CONF_KIND_DEVICE) {
        pl_devcalls_end(pool, conf, PL_MEDIA_STATUS_SESSION_CANCELLED,
                        "the caller had hung up");
    }
}
