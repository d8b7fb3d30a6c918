/* conference_api.c - who may do what with a conference. */
#include "conference_api.h"

#include <string.h>

#include "conference.h"
#include "event_stream.h"
#include "invite.h"
#include "leg.h"
#include "modification.h"
#include "participant.h"
#include "pl/str.h"
#include "session.h"

static const char CANCELED[] = "Call canceled";

/* ---- create ---- */

static void host_ready(pl_pool *pool, pl_op *op, pl_err e,
                       const pl_media_leg_sdp *sdp)
{
    pl_conf *conf = pl_conf_find(pool, op->conf);
    pl_sess *sess = pl_session_find(pool, op->sess);
    pl_part *part = pl_part_find(pool, op->part);
    pl_event_row row = {.kind = PL_EVENT_KIND_SESSION_OPEN};
    pl_session_command_end(pool, sess);
    if (!e && (!sess || !part || part->row.state != PL_PART_STATE_NEW))
        e = PL_EGONE;
    if (e) {
        if (part)
            part->row.session_id[0] = '\0'; /* told by the reply alone */
        if (conf)
            pl_conf_end(pool, conf, pl_err_text(e));
        pl_pool_refuse(pool, &op->ticket, e, NULL);
    } else {
        pl_conference_created r = {.present = 0};
        PL_SET(r.conf_id, op->conf);
        PL_SET(r.session_id, op->sess);
        pl_pool_reply(pool, &op->ticket, &PL_MSG_CONFERENCE_CREATED, &r);
        pl_part_activate(pool, part);
        row.sdp = sdp->sdp;
        pl_session_tell(pool, sess, part, &row);
    }
    pl_op_destroy(&op);
}

static pl_err add_host(pl_pool *pool, pl_conf *conf, const pl_sess *sess,
                       pl_leg **ret_leg)
{
    pl_part *host;
    pl_err e =
        pl_part_add(pool, conf, PL_PART_KIND_USER, PL_PART_ROLE_HOST, &host);
    if (e)
        return e;
    PL_SET(host->row.session_id, sess->row.session_id);
    PL_SET(host->row.display_name, sess->row.user_id);
    pl_session_address(pool, sess, host->row.address, sizeof host->row.address);
    pl_part_save(pool, host);
    PL_SET(conf->row.host_id, host->row.participant_id);
    pl_conf_save(pool, conf);
    return pl_leg_add(pool, host, PL_LEG_KIND_WEBRTC, sess->row.session_id,
                      true, ret_leg);
}

static pl_err start(pl_pool *pool, const pl_bus_in *in, pl_sess *sess,
                    pl_conf *conf)
{
    const pl_conference_create *m = in->body;
    pl_leg *leg;
    pl_err e = add_host(pool, conf, sess, &leg);
    pl_op *op = e ? NULL : pl_op_create(pool, NULL);
    if (!op)
        return e ? e : PL_ENOMEM;
    op->next = host_ready;
    op->ticket = in->ticket;
    op->has_ticket = true;
    PL_SET(op->sess, sess->row.session_id);
    e = pl_leg_negotiate(pool, leg, m->sdp, op);
    if (!e)
        pl_session_command_begin(sess);
    return e;
}

void pl_on_conference_create(pl_pool *pool, const pl_bus_in *in)
{
    const pl_conference_create *m = in->body;
    pl_sess *sess;
    pl_conf *conf = NULL;
    pl_err e = pl_session_actor(pool, m->client_id, m->token_hash,
                                m->session_id, &sess);
    if (!e && pool->is_draining)
        e = PL_EDRAIN;
    if (!e && m->sdp.len == 0)
        e = PL_EINVAL;
    if (!e)
        e = pl_conf_create_api(pool, &conf);
    if (!e)
        e = start(pool, in, sess, conf);
    if (!e)
        return;
    if (conf) {
        pl_part *host = pl_part_find(pool, conf->row.host_id);
        if (host)
            host->row.session_id[0] = '\0';
        pl_conf_end(pool, conf, pl_err_text(e));
    }
    pl_pool_refuse(pool, &in->ticket, e, NULL);
}

/* ---- who acts on which conference ---- */

typedef struct seat {
    pl_sess *sess;
    pl_conf *conf;
    pl_part *part; /* of the session; may have left */
    pl_leg *leg;   /* NULL when it has left */
} seat;

static pl_part *part_of(const pl_conf *conf, const pl_sess *sess)
{
    pl_part *found = NULL;
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (strcmp(part->row.session_id, sess->row.session_id) == 0)
            found = part;
    }
    return found;
}

/* Errors: those of the session; PL_EGONE it has no seat in that conference. */
static pl_err find_seat(pl_pool *pool, const char *client_id,
                        const char *token_hash, const char *session_id,
                        const char *conf_id, seat *ret_seat)
{
    seat s = {.sess = NULL};
    pl_err e =
        pl_session_actor(pool, client_id, token_hash, session_id, &s.sess);
    if (e)
        return e;
    s.conf = pl_conf_find(pool, conf_id);
    if (!s.conf)
        return PL_EGONE;
    s.leg = pl_mod_leg(s.conf, s.sess);
    s.part = s.leg ? s.leg->part : part_of(s.conf, s.sess);
    if (!s.part)
        return PL_EGONE;
    *ret_seat = s;
    return PL_OK;
}

static bool is_host(const seat *s)
{
    return strcmp(s->conf->row.host_id, s->part->row.participant_id) == 0;
}

void pl_on_conference_action(pl_pool *pool, const pl_bus_in *in)
{
    const pl_conference_action *m = in->body;
    seat s;
    pl_err e = find_seat(pool, m->client_id, m->token_hash, m->session_id,
                         m->conf_id, &s);
    if (!e && !s.leg)
        e = PL_EGONE;
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
    } else {
        pl_mod_action(pool, in, s.sess, s.leg);
    }
}

/* ---- leave, end, reject, cancel ---- */

static void leave(pl_pool *pool, const seat *s, uint32_t reason)
{
    if (s->part->row.state == PL_PART_STATE_LEFT || !s->leg) {
        pl_part_leave(pool, s->part, "left");
    } else if (s->part->row.state == PL_PART_STATE_RINGING) {
        pl_invite_decline(pool, s->leg, pool->config->reject_reason);
    } else if (is_host(s)) {
        pl_conf_end(pool, s->conf,
                    reason == PL_DELETE_REASON_CANCEL ? CANCELED
                                                      : "conference ended");
    } else {
        pl_part_leave(pool, s->part,
                      reason == PL_DELETE_REASON_CANCEL ? CANCELED : "left");
    }
}

void pl_on_conference_delete(pl_pool *pool, const pl_bus_in *in)
{
    const pl_conference_delete *m = in->body;
    seat s;
    pl_err e = find_seat(pool, m->client_id, m->token_hash, m->session_id,
                         m->conf_id, &s);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    pl_session_command_begin(s.sess);
    pl_session_command_end(pool, s.sess);
    leave(pool, &s, m->reason);
    pl_pool_ok(pool, &in->ticket);
}

/* ---- invite, remove ---- */

static pl_err host_seat(pl_pool *pool, const pl_participant_invite *m,
                        seat *ret_seat)
{
    seat s;
    pl_err e = find_seat(pool, m->client_id, m->token_hash, m->session_id,
                         m->conf_id, &s);
    if (!e && s.conf->row.state != PL_CONF_STATE_LIVE)
        e = PL_EGONE;
    if (!e && !is_host(&s))
        e = PL_EFORBIDDEN;
    if (!e && s.part->row.state != PL_PART_STATE_ACTIVE)
        e = PL_ESTATE;
    if (!e)
        *ret_seat = s;
    return e;
}

void pl_on_participant_invite(pl_pool *pool, const pl_bus_in *in)
{
    const pl_participant_invite *m = in->body;
    seat s;
    pl_part *part;
    pl_err e = host_seat(pool, m, &s);
    if (!e)
        e = pl_invite(pool, s.part, s.sess, m->address, &part);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    pl_session_command_begin(s.sess);
    pl_session_command_end(pool, s.sess);
    pl_participant_invited r = {.present = 0};
    PL_SET(r.mod_id, part->row.mod_id);
    PL_SET(r.participant_id, part->row.participant_id);
    pl_pool_reply(pool, &in->ticket, &PL_MSG_PARTICIPANT_INVITED, &r);
}

void pl_on_participant_remove(pl_pool *pool, const pl_bus_in *in)
{
    const pl_participant_remove *m = in->body;
    pl_participant_invite who = {.present = 0};
    seat s;
    PL_SET(who.client_id, m->client_id);
    PL_SET(who.token_hash, m->token_hash);
    PL_SET(who.session_id, m->session_id);
    PL_SET(who.conf_id, m->conf_id);
    pl_err e = host_seat(pool, &who, &s);
    pl_part *part = e ? NULL : pl_invite_find(pool, s.conf, m->address);
    if (!e && !part)
        e = PL_EGONE;
    if (!e && part == s.part)
        e = PL_ESTATE; /* the host ends the conference instead */
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    pl_session_command_begin(s.sess);
    pl_session_command_end(pool, s.sess);
    pl_part_leave(pool, part,
                  part->row.state == PL_PART_STATE_RINGING ? CANCELED
                                                           : "removed");
    pl_pool_ok(pool, &in->ticket);
}
