/* telephone.c - what the signaling workers report of calls. */
#include "telephone.h"

#include <string.h>

#include "call.h"
#include "conference.h"
#include "device/device_call.h"
#include "direct_call.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "successor.h"
#include "waiting.h"

enum {
    SIP_FAILURES = 400,
    SIP_BUSY = 486,
    SIP_BUSY_EVERYWHERE = 600,
    SIP_DECLINE = 603,
    SIP_TIMEOUT = 408,
    SIP_UNAVAILABLE = 480,
    SIP_CANCELLED = 487,
    MAX_BEEP_LEGS = 16, /* larger rooms are not disturbed */
};

static const char CANCELED[] = "Call canceled";

/* ---- reports ---- */

static void confirmed(pl_pool *pool, pl_call *call, pl_slice sdp)
{
    pl_part *part = call->part;
    bool is_first = call->row.state != PL_CALL_STATE_CONFIRMED;
    pl_sipcall_move(pool, call, PL_CALL_STATE_CONFIRMED);
    if (is_first && part->row.state == PL_PART_STATE_PIN)
        pl_phone_ask_pin(pool, part);
    if (!call->expects_answer)
        return;
    call->expects_answer = false;
    if (sdp.len == 0) { /* RFC 3261 section 13.2.1: the ACK must bring it */
        pl_part_leave(pool, part, "no media in the answer");
    } else {
        pl_phone_confirm(pool, call, sdp);
    }
}

static const char *failure_text(const pl_pool *pool, const pl_call_report *m)
{
    switch (m->sip_status) {
    case SIP_BUSY:
    case SIP_BUSY_EVERYWHERE:
    case SIP_DECLINE: return pool->config->reject_reason;
    case SIP_TIMEOUT:
    case SIP_UNAVAILABLE:
    case SIP_CANCELLED: return "No answer";
    default: return m->reason[0] ? m->reason : "Call failed";
    }
}

static void ended(pl_pool *pool, pl_call *call, const pl_call_report *m)
{
    pl_part *part = call->part;
    const char *reason = "hung up";
    pl_refer_goes(pool, part,
                  m->sip_status >= SIP_FAILURES ? m->sip_status
                                                : SIP_CANCELLED);
    if (!pl_successor_has(part) && !pl_successor_waits(part))
        pl_device_call_ended(pool, call, m);
    if (part->row.state == PL_PART_STATE_RINGING) {
        reason = failure_text(pool, m);
    } else if (part->row.state == PL_PART_STATE_NEW) {
        reason = CANCELED;
    } else if (m->reason[0]) {
        reason = m->reason;
    }
    pl_sipcall_remove(pool, call);
    pl_part_leave(pool, part, reason);
}

static void report(pl_pool *pool, pl_call *call, const pl_call_report *m)
{
    pl_sipcall_name(pool, call, m->sip_call_id);
    if (m->remote_address[0] && !call->part->row.source[0]) {
        PL_SET(call->part->row.source, m->remote_address);
        pl_part_save(pool, call->part);
    }
    bool is_out = call->row.way == PL_CALL_WAY_OUT;
    if (m->state == PL_CALL_STATE_ENDED) {
        ended(pool, call, m);
    } else if (m->state == PL_CALL_STATE_CONFIRMED) {
        confirmed(pool, call, m->sdp);
    } else if (is_out) {
        pl_device_reported(pool, call, m);
        if (m->state < PL_CALL_STATE_ENDED)
            pl_sipcall_move(pool, call, m->state);
        if (m->state == PL_CALL_STATE_RINGING) {
            pl_refer_goes(pool, call->part, m->sip_status);
            pl_direct_rings(pool, call->part->conf);
        }
        if (m->state == PL_CALL_STATE_ANSWERED ||
            m->state == PL_CALL_STATE_EARLY) {
            pl_phone_dial_answered(pool, call, m->sdp,
                                   m->state == PL_CALL_STATE_ANSWERED);
        }
    }
}

void pl_on_call_report(pl_pool *pool, const pl_bus_in *in)
{
    const pl_call_report *m = in->body;
    pl_call *call = pl_sipcall_find(pool, m->call_id);
    pl_pool_ok(pool, &in->ticket);
    if (call && strcmp(call->row.node, in->node) == 0) {
        report(pool, call, m);
        return;
    }
    pl_pool_count(pool, PL_RM_stale_reports);
    if (m->state != PL_CALL_STATE_ENDED)
        pl_sipcall_end_orphan(pool, in->node, m->call_id);
}

void pl_on_call_dtmf(pl_pool *pool, const pl_bus_in *in)
{
    const pl_call_dtmf *m = in->body;
    const pl_call *call = pl_sipcall_find(pool, m->call_id);
    if (call && strcmp(call->row.node, in->node) == 0)
        pl_phone_digit(pool, call->part, m->digit[0], PL_DIGIT_INFO);
}

/* ---- tones ---- */

void pl_phone_beep(pl_pool *pool, const pl_part *part, const char *prompt)
{
    const pl_conf *conf = part->conf;
    if (!pool->config->beeps || pl_conf_is_for_two(conf) ||
        conf->n_live > MAX_BEEP_LEGS || conf->row.state != PL_CONF_STATE_LIVE)
        return;
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *other = PL_CONTAINER(node, pl_part, link);
        pl_leg *leg = pl_leg_of(other);
        if (other != part && leg && other->row.state == PL_PART_STATE_ACTIVE &&
            !pl_waits(other))
            pl_leg_play(pool, leg, prompt);
    }
}
