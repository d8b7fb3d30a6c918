/* modification.c - the media worker answers every modification itself, so the
 * other participants need not be asked. Where sdp says sendonly, recvonly or
 * inactive, the media follows; whether that is a hold, the action says. */
#include "modification.h"

#include <string.h>

#include "conference.h"
#include "event_stream.h"
#include "invite.h"
#include "leg.h"
#include "move.h"
#include "participant.h"
#include "pl/str.h"
#include "reoffer.h"
#include "roster.h"
#include "session.h"
#include "transfer.h"

pl_leg *pl_mod_leg(const pl_conf *conf, const pl_sess *sess)
{
    PL_CONF_EACH_LEG(leg, conf)
    {
        if (strcmp(leg->row.session_id, sess->row.session_id) == 0)
            return leg;
    }
    return NULL;
}

/* What a step needs; the reply is sent from it. */
typedef struct step {
    pl_pool *pool;
    const pl_bus_in *in;
    const pl_conference_action *m;
    pl_sess *sess;
    pl_leg *leg;
} step;

static void reply_done(pl_pool *pool, const pl_op *op, const char *state)
{
    pl_conference_action_done r = {.present = 0};
    PL_SET(r.state, state);
    PL_SET(r.session_id, op->sess);
    if (op->mod[0]) {
        PL_SET(r.mod_id, op->mod);
        PL_MSG_SET(CONFERENCE_ACTION_DONE, conference_action_done, &r, mod_id);
    }
    pl_pool_reply(pool, &op->ticket, &PL_MSG_CONFERENCE_ACTION_DONE, &r);
}

static pl_op *make_op(const step *s, pl_leg_next next)
{
    pl_op *op = pl_op_create(s->pool, NULL);
    if (!op)
        return NULL;
    op->next = next;
    op->ticket = s->in->ticket;
    op->has_ticket = true;
    op->action = s->m->action;
    PL_SET(op->sess, s->sess->row.session_id);
    pl_session_command_begin(s->sess);
    return op;
}

/* Common end: refuse when it failed; NULL when there is nothing more to do. */
static pl_leg *finish(pl_pool *pool, pl_op *op, pl_err e, pl_sess **ret_sess)
{
    pl_leg *leg = pl_leg_find(pool, op->leg);
    pl_sess *sess = pl_session_find(pool, op->sess);
    pl_session_command_end(pool, sess);
    if (!e && (!leg || !sess))
        e = PL_EGONE;
    if (e) {
        pl_pool_refuse(pool, &op->ticket, e, NULL);
        return NULL;
    }
    *ret_sess = sess;
    return leg;
}

static void send_event(pl_pool *pool, pl_sess *sess, const pl_leg *leg,
                       pl_event_row *row)
{
    pl_session_tell(pool, sess, leg->part, row);
}

/* ---- answer: a ringing session takes the seat ---- */

static bool rings(const pl_leg *leg)
{
    const pl_part *part = leg->part;
    return !pl_leg_is_seat(leg) &&
           (part->row.state == PL_PART_STATE_RINGING ||
            part->row.state == PL_PART_STATE_MOVING || pl_move_is_open(part));
}

static void take_seat(pl_pool *pool, pl_leg *leg)
{
    pl_part *part = leg->part;
    if (part->row.state != PL_PART_STATE_RINGING) {
        pl_move_taken(pool, leg);
        return;
    }
    PL_SET(part->row.session_id, leg->row.session_id);
    pl_invite_taken(pool, part, leg);
    pl_part_activate(pool, part);
}

static void answer_applied(pl_pool *pool, pl_op *op, pl_err e,
                           const pl_media_leg_sdp *sdp)
{
    pl_sess *sess;
    pl_event_row row = {.kind = PL_EVENT_KIND_SESSION_OPEN};
    pl_leg *leg = pl_leg_find(pool, op->leg);
    pl_part *ringing = pl_part_find(pool, op->part);
    (void)sdp;
    if (ringing && (e || !leg)) /* the others may answer again */
        ringing->answering[0] = '\0';
    leg = finish(pool, op, e, &sess);
    if (leg) {
        bool is_new = leg->part->row.state == PL_PART_STATE_RINGING;
        reply_done(pool, op, "accepted");
        take_seat(pool, leg);
        send_event(pool, sess, leg, &row);
        if (is_new)
            pl_invite_accepted(pool, leg->part);
        pl_reoffer_hold(pool, leg->part->conf);
    }
    pl_op_destroy(&op);
}

static pl_err do_answer(const step *s)
{
    pl_part *part = s->leg->part;
    if (!rings(s->leg))
        return PL_ESTATE;
    if (part->answering[0])
        return PL_EBUSY;
    if (s->m->sdp.len == 0)
        return PL_EINVAL;
    pl_op *op = make_op(s, answer_applied);
    pl_err e =
        pl_leg_remote(s->pool, s->leg, s->m->sdp, PL_SDP_TYPE_ANSWER, op);
    if (!e)
        PL_SET(part->answering, s->leg->row.leg_id);
    return e;
}

/* ---- hold, resume, modify ---- */

static void set_hold(pl_pool *pool, pl_part *part, uint32_t action)
{
    bool is_held = action != PL_ACTION_RESUME;
    if (action == PL_ACTION_HOLD_MOVE &&
        part->conf->row.kind == PL_CONF_KIND_API) {
        pl_move_arm(pool, part);
    } else {
        pl_move_disarm(pool, part);
    }
    if (action != PL_ACTION_MODIFY)
        pl_part_set_hold(pool, part, is_held);
}

static void offer_answered(pl_pool *pool, pl_op *op, pl_err e,
                           const pl_media_leg_sdp *sdp)
{
    pl_sess *sess;
    pl_event_row row = {.kind = PL_EVENT_KIND_MOD_TERMINATED,
                        .reason = PL_MOD_DONE};
    pl_conf *conf = pl_conf_find(pool, op->conf);
    pl_leg *leg = finish(pool, op, e, &sess);
    if (leg) {
        set_hold(pool, leg->part, op->action);
        reply_done(pool, op, "mod-sent");
        PL_SET(row.mod_id, op->mod);
        row.sdp = sdp->sdp;
        send_event(pool, sess, leg, &row);
    }
    if (conf) /* also what waited for this one to end */
        pl_reoffer_hold(pool, conf);
    pl_op_destroy(&op);
}

static bool is_busy(const pl_leg *leg)
{
    return leg->is_pending || leg->row.mod_id[0] || leg->part->partner[0] ||
           pl_move_is_open(leg->part);
}

static pl_err do_offer(const step *s)
{
    char id[37];
    const pl_part *part = s->leg->part;
    bool is_call = part->conf->row.kind == PL_CONF_KIND_CALL;
    if (part->row.state != PL_PART_STATE_ACTIVE || !pl_leg_is_seat(s->leg) ||
        (is_call && part->conf->row.answered_at == 0))
        return PL_ESTATE;
    if (is_busy(s->leg))
        return PL_EBUSY;
    if (s->m->sdp.len == 0)
        return PL_EINVAL;
    pl_op *op = make_op(s, offer_answered);
    if (!op)
        return PL_ENOMEM;
    s->pool->port->new_id(s->pool->port->ctx, id);
    PL_SET(op->mod, id);
    return pl_leg_remote(s->pool, s->leg, s->m->sdp, PL_SDP_TYPE_OFFER, op);
}

/* ---- our own offers: accept, reject ---- */

/* Errors: PL_ESTATE we offered nothing; PL_EINVAL another modification, or it
 * does not say which; PL_EBUSY. */
static pl_err check_offered(const step *s)
{
    if (!s->leg->row.mod_id[0])
        return PL_ESTATE;
    if (strcmp(s->m->mod_id, s->leg->row.mod_id) != 0)
        return PL_EINVAL;
    return s->leg->is_pending ? PL_EBUSY : PL_OK;
}

static void accept_applied(pl_pool *pool, pl_op *op, pl_err e,
                           const pl_media_leg_sdp *sdp)
{
    pl_sess *sess;
    char mod_id[PL_ID_MAX + 1];
    pl_leg *leg = finish(pool, op, e, &sess);
    (void)sdp;
    if (leg) {
        pl_reoffer_clear(pool, leg, mod_id);
        reply_done(pool, op, "mod-accepted");
        pl_reoffer_tell_end(pool, leg, mod_id, PL_MOD_DONE);
        if (leg->part->is_spare)
            pl_transfer_accepted(pool, leg);
        else
            pl_reoffer_hold(pool, leg->part->conf);
    }
    pl_op_destroy(&op);
}

static pl_err do_accept(const step *s)
{
    pl_err e = check_offered(s);
    if (e)
        return e;
    if (s->m->sdp.len == 0)
        return PL_EINVAL;
    pl_op *op = make_op(s, accept_applied);
    if (!op)
        return PL_ENOMEM;
    PL_SET(op->mod, s->leg->row.mod_id);
    return pl_leg_remote(s->pool, s->leg, s->m->sdp, PL_SDP_TYPE_ANSWER, op);
}

/* Done at once. */
static void reply_now(const step *s, const char *state, const char *mod_id)
{
    pl_op reply = {.ticket = s->in->ticket};
    PL_SET(reply.sess, s->sess->row.session_id);
    PL_SET(reply.mod, mod_id);
    reply_done(s->pool, &reply, state);
}

static pl_err do_reject(const step *s)
{
    pl_err e = check_offered(s);
    if (e)
        return e;
    reply_now(s, "mod-rejected", s->leg->row.mod_id);
    s->leg->is_answered = false;
    if (s->leg->row.mod_kind == PL_MOD_KIND_REPLACE) {
        bool is_call = s->leg->part->conf->row.kind == PL_CONF_KIND_CALL;
        char mod_id[PL_ID_MAX + 1];
        pl_reoffer_clear(s->pool, s->leg, mod_id);
        pl_reoffer_tell_end(s->pool, s->leg, mod_id,
                            is_call ? PL_MOD_DONE
                                    : s->pool->config->reject_reason);
    }
    pl_reoffer_refused(s->pool, s->leg, "media rejected");
    return PL_OK;
}

/* ---- move, transfer ---- */

static pl_err do_move(const step *s)
{
    char id[37];
    pl_err e = pl_move_check(s->leg);
    if (e)
        return e;
    s->pool->port->new_id(s->pool->port->ctx, id);
    reply_now(s, "mod-sent", id);
    pl_move_call(s->pool, s->leg);
    return PL_OK;
}

static pl_err do_transfer(const step *s)
{
    pl_err e = pl_transfer_start(s->pool, s->leg, s->m->target_id);
    if (e)
        return e;
    reply_now(s, "mod-sent", "");
    return PL_OK;
}

static const struct action_row {
    uint32_t action;
    pl_err (*run)(const step *s);
} ACTIONS[] = {
    {PL_ACTION_ANSWER, do_answer},     {PL_ACTION_HOLD, do_offer},
    {PL_ACTION_RESUME, do_offer},      {PL_ACTION_MODIFY, do_offer},
    {PL_ACTION_ACCEPT, do_accept},     {PL_ACTION_REJECT, do_reject},
    {PL_ACTION_HOLD_MOVE, do_offer},   {PL_ACTION_MOVE, do_move},
    {PL_ACTION_TRANSFER, do_transfer},
};

void pl_mod_action(pl_pool *pool, const pl_bus_in *in, pl_sess *sess,
                   pl_leg *leg)
{
    const pl_conference_action *m = in->body;
    step s = {.pool = pool, .in = in, .m = m, .sess = sess, .leg = leg};
    unsigned before = sess->n_commands;
    if (m->action == PL_ACTION_ACCEPT || m->action == PL_ACTION_REJECT)
        s.leg = pl_transfer_leg(pool, leg);
    pl_err e = PL_EUNSUPPORTED;
    for (size_t i = 0; i < sizeof ACTIONS / sizeof ACTIONS[0]; i++) {
        if (ACTIONS[i].action == m->action)
            e = ACTIONS[i].run(&s);
    }
    if (!e)
        return;
    while (sess->n_commands > before) /* begun, but refused at once */
        pl_session_command_end(pool, sess);
    pl_pool_refuse(pool, &in->ticket, e, NULL);
}
