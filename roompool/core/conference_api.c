/* conference_api.c - conferences, and what is done with them and with calls. */
#include "conference_api.h"

#include "access.h"
#include "conference.h"
#include "invite.h"
#include "leg.h"
#include "modification.h"
#include "move.h"
#include "opening.h"
#include "participant.h"
#include "pl/str.h"
#include "session.h"

static const char CANCELED[] = "Call canceled";

/* ---- create ---- */

static void host_ready(pl_pool *pool, pl_op *op, pl_err e,
                       const pl_media_leg_sdp *sdp)
{
    pl_sess *sess;
    pl_part *host;
    pl_event_row row = {.kind = PL_EVENT_KIND_SESSION_OPEN};
    e = pl_opening_end(pool, op, e, &sess, &host);
    if (e) {
        pl_opening_undo(pool, &op->ticket, pl_conf_find(pool, op->conf), e);
    } else {
        pl_conference_created r = {.present = 0};
        PL_SET(r.conf_id, op->conf);
        PL_SET(r.session_id, op->sess);
        r.dialect = sess->row.dialect;
        PL_MSG_SET(CONFERENCE_CREATED, conference_created, &r, dialect);
        pl_pool_reply(pool, &op->ticket, &PL_MSG_CONFERENCE_CREATED, &r);
        pl_part_activate(pool, host);
        row.sdp = sdp->sdp;
        pl_session_tell(pool, sess, host, &row);
    }
    pl_op_destroy(&op);
}

void pl_on_conference_create(pl_pool *pool, const pl_bus_in *in)
{
    const pl_conference_create *m = in->body;
    pl_sess *sess;
    pl_conf *conf = NULL;
    pl_part *host;
    pl_err e = pl_session_actor(pool, m->client_id, m->token_hash,
                                m->session_id, &sess);
    if (!e && pool->is_draining)
        e = PL_EDRAIN;
    if (!e && m->sdp.len == 0)
        e = PL_EINVAL;
    if (!e)
        e = pl_conf_create(pool, PL_CONF_KIND_API, &conf);
    if (!e)
        e = pl_opening_seat(pool, conf, sess, &host);
    if (!e)
        e = pl_opening_negotiate(pool, in, sess, host, m->sdp, host_ready);
    if (e)
        pl_opening_undo(pool, &in->ticket, conf, e);
}

/* ---- who may ---- */

#define ASK(m, what, from)                                                     \
    {                                                                          \
        .client_id = (m)->client_id, .token_hash = (m)->token_hash,            \
        .session_id = (m)->session_id, .conf_id = (m)->conf_id,                \
        .resource = (from), .op = (what)                                       \
    }

void pl_on_conference_action(pl_pool *pool, const pl_bus_in *in)
{
    const pl_conference_action *m = in->body;
    const pl_access_ask ask = ASK(m, m->action, m->resource);
    pl_seat s;
    pl_err e = pl_access_check(pool, &ask, &s);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
    } else {
        pl_mod_action(pool, in, s.sess, s.leg);
    }
}

/* ---- leave, end, reject, cancel ---- */

static void hang_up(pl_pool *pool, pl_conf *conf, uint32_t reason)
{
    bool is_cancel =
        reason == PL_DELETE_REASON_CANCEL || conf->row.answered_at == 0;
    pl_conf_end(pool, conf, is_cancel ? CANCELED : "call ended");
}

static void leave(pl_pool *pool, const pl_seat *s, uint32_t reason)
{
    bool is_cancel = reason == PL_DELETE_REASON_CANCEL;
    if (!s->leg)
        return;                    /* is out: harmless */
    if (!pl_leg_is_seat(s->leg)) { /* it rings */
        pl_invite_decline(pool, s->leg, pool->config->reject_reason);
    } else if (s->conf->row.kind == PL_CONF_KIND_CALL) {
        hang_up(pool, s->conf, reason);
    } else if (pl_move_is_armed(pool, s->part)) {
        pl_move_start(pool, s->part);
    } else if (pl_seat_is_host(s)) {
        pl_conf_end(pool, s->conf, is_cancel ? CANCELED : "conference ended");
    } else {
        pl_part_leave(pool, s->part, is_cancel ? CANCELED : "left");
    }
}

void pl_on_conference_delete(pl_pool *pool, const pl_bus_in *in)
{
    const pl_conference_delete *m = in->body;
    const pl_access_ask ask = ASK(m, PL_ACCESS_DELETE, m->resource);
    pl_seat s;
    pl_err e = pl_access_check(pool, &ask, &s);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    leave(pool, &s, m->reason);
    pl_pool_ok(pool, &in->ticket);
}

/* ---- invite, remove ---- */

static pl_err host_seat(pl_pool *pool, const pl_access_ask *ask,
                        pl_seat *ret_seat)
{
    pl_seat s;
    pl_err e = pl_access_check(pool, ask, &s);
    if (!e && s.part->row.state != PL_PART_STATE_ACTIVE)
        e = PL_ESTATE;
    if (!e)
        *ret_seat = s;
    return e;
}

void pl_on_participant_invite(pl_pool *pool, const pl_bus_in *in)
{
    const pl_participant_invite *m = in->body;
    const pl_access_ask ask = ASK(m, PL_ACCESS_INVITE, PL_RESOURCE_CONFERENCES);
    pl_seat s;
    pl_part *part;
    pl_err e = host_seat(pool, &ask, &s);
    if (!e)
        e = pl_invite(pool, s.part, m->address, &part);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    pl_participant_invited r = {.present = 0};
    PL_SET(r.mod_id, part->row.mod_id);
    PL_SET(r.participant_id, part->row.participant_id);
    pl_pool_reply(pool, &in->ticket, &PL_MSG_PARTICIPANT_INVITED, &r);
}

void pl_on_participant_remove(pl_pool *pool, const pl_bus_in *in)
{
    const pl_participant_remove *m = in->body;
    const pl_access_ask ask = ASK(m, PL_ACCESS_REMOVE, PL_RESOURCE_CONFERENCES);
    pl_seat s;
    pl_err e = host_seat(pool, &ask, &s);
    pl_part *part = e ? NULL : pl_invite_find(pool, s.conf, m->address);
    /* No event tells old clients that somebody left: removing him is how they
     * forget him. */
    if (!e && !part && !pl_invite_has_left(pool, s.conf, m->address))
        e = PL_EGONE;
    if (!e && part == s.part)
        e = PL_ESTATE; /* the host ends the conference instead */
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    if (part) {
        pl_part_leave(pool, part,
                      part->row.state == PL_PART_STATE_RINGING ? CANCELED
                                                               : "removed");
    }
    pl_pool_ok(pool, &in->ticket);
}
