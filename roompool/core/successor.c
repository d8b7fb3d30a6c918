/* successor.c - REFER and Replaces of telephones: what becomes of seats. */
#include "successor.h"

#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "call.h"
#include "conference.h"
#include "device/device_call.h"
#include "invite.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "reoffer.h"
#include "room_dial.h"
#include "telephone.h"
#include "transfer.h"
#include "waiting.h"

enum { SIP_RINGING = 180, SIP_OK = 200 };
static const char TRANSFERRED[] = "transferred";

/* ---- seats ---- */

pl_part *pl_successor_of(const pl_part *part)
{
    if (!part->row.takes_over[0])
        return NULL;
    PL_LIST_EACH(node, &part->conf->parts)
    {
        pl_part *other = PL_CONTAINER(node, pl_part, link);
        if (other->row.state != PL_PART_STATE_LEFT &&
            strcmp(other->row.participant_id, part->row.takes_over) == 0)
            return other;
    }
    return NULL;
}

bool pl_successor_waits(const pl_part *part)
{
    return pl_successor_of(part) != NULL;
}

bool pl_successor_has(const pl_part *part)
{
    PL_LIST_EACH(node, &part->conf->parts)
    {
        const pl_part *other = PL_CONTAINER(node, pl_part, link);
        if (other->row.state != PL_PART_STATE_LEFT &&
            strcmp(other->row.takes_over, part->row.participant_id) == 0)
            return true;
    }
    return false;
}

bool pl_successor_comes(const pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->row.state != PL_PART_STATE_LEFT && part->row.takes_over[0])
            return true;
    }
    return false;
}

/* One change of who is in a call at a time. */
static bool is_changing(const pl_part *part)
{
    return part->row.takes_over[0] || pl_successor_has(part) ||
           pl_transfer_involves(part) ||
           (pl_conf_is_for_two(part->conf) && pl_successor_comes(part->conf));
}

static pl_err add(pl_pool *pool, pl_part *old, pl_part **ret_part)
{
    pl_part *part;
    pl_err e = pl_part_add_spare(pool, old->conf, old, &part);
    if (e)
        return e;
    const pl_part *far = pl_part_other(old);
    part->is_spare = false;
    part->row.resource_id[0] = part->row.session_id[0] = '\0';
    part->row.kind = PL_PART_KIND_TELEPHONE;
    PL_SET(part->row.invited_by, far ? far->row.participant_id : "");
    PL_SET(part->row.takes_over, old->row.participant_id);
    pl_part_save(pool, part);
    *ret_part = part;
    return PL_OK;
}

/* What the old seat was for others, the new one is. */
static void hand_over(pl_pool *pool, pl_part *old, pl_part *part)
{
    pl_conf *conf = part->conf;
    if (strcmp(conf->row.host_id, old->row.participant_id) == 0) {
        PL_SET(conf->row.host_id, part->row.participant_id);
        pl_conf_save(pool, conf);
    }
    if (old->row.state == PL_PART_STATE_RINGING) { /* picked up elsewhere */
        PL_SET(part->row.mod_id, old->row.mod_id);
        PL_SET(part->row.invited_by, old->row.invited_by);
        old->row.mod_id[0] = '\0';
    }
}

void pl_successor_in(pl_pool *pool, pl_part *part)
{
    pl_part *old = pl_successor_of(part);
    pl_conf *conf = part->conf;
    pl_refer_goes(pool, part, SIP_OK);
    if (!part->row.takes_over[0])
        return;
    part->row.takes_over[0] = '\0';
    bool has_rung = old && old->row.state == PL_PART_STATE_RINGING;
    if (old)
        hand_over(pool, old, part);
    pl_part_save(pool, part);
    if (has_rung)
        pl_invite_accepted(pool, part);
    if (old)
        pl_part_leave(pool, old, TRANSFERRED);
    pl_pool_note(pool, PL_LOG_INFO, "call_taken_over", conf, part, NULL);
    pl_reoffer_hold(pool, conf);
    pl_device_hold_changed(pool, conf);
}

/* ---- what the referrer hears ---- */

void pl_refer_tell(pl_pool *pool, pl_part *referrer, uint32_t sip_status)
{
    pl_call_referred m = {.sip_status = sip_status};
    if (!referrer->is_referring || !referrer->call)
        return;
    referrer->is_referring = sip_status < SIP_OK;
    PL_SET(m.call_id, referrer->call->row.call_id);
    pl_pool_send(pool, referrer->call->row.node, 0, &PL_MSG_CALL_REFERRED, &m,
                 NULL);
}

void pl_refer_goes(pl_pool *pool, pl_part *part, uint32_t sip_status)
{
    pl_part *referrer =
        part->referral ? pl_part_find(pool, part->referral->referrer) : NULL;
    if (referrer && sip_status >= SIP_RINGING)
        pl_refer_tell(pool, referrer, sip_status);
    if (sip_status < SIP_OK)
        return;
    free(part->referral);
    part->referral = NULL;
}

void pl_refer_put(const pl_part *part, pl_call_start *m)
{
    const pl_referral *r = part->referral;
    if (r && r->referred_by[0]) {
        PL_SET(m->referred_by, r->referred_by);
        PL_MSG_SET(CALL_START, call_start, m, referred_by);
    }
    if (r && r->replaces[0]) {
        PL_SET(m->replaces, r->replaces);
        PL_MSG_SET(CALL_START, call_start, m, replaces);
    }
}

static pl_err note(pl_part *part, const pl_part *referrer,
                   const pl_call_refer *m)
{
    pl_referral *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    PL_SET(r->referrer, referrer->row.participant_id);
    PL_SET(r->referred_by, m->referred_by);
    PL_SET(r->replaces, m->foreign_replaces);
    part->referral = r;
    return PL_OK;
}

/* ---- REFER ---- */

/* In a room: whom it names is dialled, as by a host's page. */
static pl_err refer_room(pl_pool *pool, pl_part *me, const pl_call_refer *m)
{
    pl_part *part;
    const pl_dial d = {.address = m->refer_to,
                       .by = me->row.participant_id,
                       .role = PL_PART_ROLE_GUEST,
                       .display_name = "",
                       .overlay_text = "",
                       .digits = ""};
    if (m->replaces[0])
        return PL_EFORBIDDEN; /* calls for two are joined, not rooms */
    pl_err e = pl_room_dial_may(pool, me);
    if (!e)
        e = pl_room_dial_out(pool, me->conf, &d, &part);
    return e ? e : note(part, me, m);
}

/* In a call: whom it names gets the place of who referred. */
static pl_err refer_blind(pl_pool *pool, pl_part *me, const pl_call_refer *m)
{
    pl_address address;
    pl_part *part;
    if (m->is_stranger && !pool->config->refer_by_strangers)
        return PL_EFORBIDDEN; /* we pay for the call */
    if (pl_address_parse(pool->config, m->refer_to, &address) != PL_OK ||
        !address.uri[0])
        return PL_ENOUSER;
    pl_err e = add(pool, me, &part);
    if (e)
        return e;
    pl_invite_name(part, address.uri);
    e = note(part, me, m);
    if (!e)
        e = pl_invite_ring(pool, part);
    if (e) {
        free(part->referral); /* told by the reply */
        part->referral = NULL;
        pl_part_leave(pool, part, pl_err_text(e));
    }
    return e;
}

/* It has two calls with us: their other parties are put together. */
static pl_err refer_attended(pl_pool *pool, pl_part *me, const char *call_id)
{
    const pl_call *other = pl_sipcall_find(pool, call_id);
    if (!other)
        return PL_EGONE;
    if (!pl_conf_is_for_two(other->part->conf))
        return PL_EFORBIDDEN;
    return pl_transfer_join(pool, me, other->part);
}

static pl_err refer(pl_pool *pool, pl_part *me, const pl_call_refer *m)
{
    const pl_conf *conf = me->conf;
    if (pool->is_draining)
        return PL_EDRAIN;
    if (!pool->config->accept_refer || me->row.state != PL_PART_STATE_ACTIVE ||
        pl_waits(me))
        return PL_EFORBIDDEN;
    if (me->is_referring || is_changing(me))
        return PL_EBUSY;
    if (conf->row.kind == PL_CONF_KIND_ROOM)
        return refer_room(pool, me, m);
    const pl_part *far = pl_part_other(me);
    if (!pl_conf_is_for_two(conf) || !far ||
        far->row.state != PL_PART_STATE_ACTIVE)
        return PL_EFORBIDDEN;
    return m->replaces[0] ? refer_attended(pool, me, m->replaces)
                          : refer_blind(pool, me, m);
}

void pl_on_call_refer(pl_pool *pool, const pl_bus_in *in)
{
    const pl_call_refer *m = in->body;
    const pl_call *call = pl_sipcall_find(pool, m->call_id);
    pl_part *me = call ? call->part : NULL;
    pl_err e = !call || strcmp(call->row.node, in->node) != 0
                   ? PL_EGONE
                   : refer(pool, me, m);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    me->is_referring = true;
    pl_pool_count(pool, PL_RM_refers);
    pl_pool_ok(pool, &in->ticket);
}

/* ---- our REFER ---- */

static void refer_sent(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_part *part = pl_part_find(pool, op->part);
    (void)in;
    pl_op_destroy(&op);
    if (!part || part->row.state == PL_PART_STATE_LEFT)
        return;
    part->is_sent_away = false;
    pl_pool_note(pool, PL_LOG_INFO, "refer_sent", part->conf, part,
                 pl_err_text(e));
    if (!e)
        pl_part_leave(pool, part, TRANSFERRED);
}

pl_err pl_refer_send(pl_pool *pool, pl_part *part, const char *address)
{
    pl_call_transfer m = {.present = 0};
    pl_address to;
    if (part->row.state != PL_PART_STATE_ACTIVE || !part->call)
        return PL_ESTATE;
    if (part->is_sent_away || is_changing(part))
        return PL_EBUSY;
    if (pl_address_parse(pool->config, address, &to) != PL_OK || !to.uri[0])
        return PL_ENOUSER;
    pl_op *op = pl_op_create(pool, refer_sent);
    if (!op)
        return PL_ENOMEM;
    part->is_sent_away = true;
    PL_SET(op->part, part->row.participant_id);
    PL_SET(m.call_id, part->call->row.call_id);
    PL_SET(m.target, to.uri);
    pl_pool_send(pool, part->call->row.node, 0, &PL_MSG_CALL_TRANSFER, &m, op);
    return PL_OK;
}

/* ---- INVITE with Replaces ---- */

static pl_err check(const pl_part *old, bool is_early_only)
{
    bool rings = old->row.state == PL_PART_STATE_RINGING;
    if (old->row.kind != PL_PART_KIND_TELEPHONE || old->is_spare ||
        (!rings && old->row.state != PL_PART_STATE_ACTIVE))
        return PL_ESTATE;
    if (is_early_only && !rings)
        return PL_EFULL; /* 486: RFC 3891 section 3 */
    return is_changing(old) ? PL_EBUSY : PL_OK;
}

void pl_successor_incoming(pl_pool *pool, const pl_bus_in *in)
{
    const pl_call_incoming *m = in->body;
    const pl_call *call = pl_sipcall_find(pool, m->replaces);
    pl_part *old = call ? call->part : NULL;
    pl_part *part;
    pl_err e = old ? check(old, m->replaces_early_only) : PL_EGONE;
    if (!e && pool->is_draining)
        e = PL_EDRAIN;
    if (!e)
        e = add(pool, old, &part);
    if (!e)
        e = pl_phone_take(pool, in, part);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    pl_pool_count(pool, PL_RM_replaced);
    pl_pool_ok(pool, &in->ticket);
}
