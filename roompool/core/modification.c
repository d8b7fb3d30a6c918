/* modification.c - the media worker answers every modification itself, so the
 * other participants need not be asked. */
#include "modification.h"

#include <string.h>

#include "event_stream.h"
#include "invite.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "roster.h"
#include "session.h"

pl_leg *pl_mod_leg(const pl_conf *conf, const pl_sess *sess)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        PL_LIST_EACH(at, &part->legs)
        {
            pl_leg *leg = PL_CONTAINER(at, pl_leg, link);
            if (strcmp(leg->row.session_id, sess->row.session_id) == 0)
                return leg;
        }
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

/* ---- answer: a ringing session takes the call ---- */

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
        pl_part *part = leg->part;
        PL_SET(part->row.session_id, op->sess);
        pl_invite_taken(pool, part, leg);
        reply_done(pool, op, "accepted");
        pl_part_activate(pool, part);
        send_event(pool, sess, leg, &row);
        pl_invite_accepted(pool, part);
    }
    pl_op_destroy(&op);
}

static pl_err do_answer(const step *s)
{
    pl_part *part = s->leg->part;
    if (part->row.state != PL_PART_STATE_RINGING)
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
    bool is_held = action == PL_ACTION_HOLD;
    if (action == PL_ACTION_MODIFY || part->row.on_hold == is_held)
        return;
    part->row.on_hold = is_held;
    pl_part_save(pool, part);
    pl_roster_updated(pool, part);
}

static void offer_answered(pl_pool *pool, pl_op *op, pl_err e,
                           const pl_media_leg_sdp *sdp)
{
    pl_sess *sess;
    pl_event_row row = {.kind = PL_EVENT_KIND_MOD_TERMINATED,
                        .reason = "success"};
    pl_leg *leg = finish(pool, op, e, &sess);
    if (leg) {
        set_hold(pool, leg->part, op->action);
        reply_done(pool, op, "mod-sent");
        PL_SET(row.mod_id, op->mod);
        row.sdp = sdp->sdp;
        send_event(pool, sess, leg, &row);
    }
    pl_op_destroy(&op);
}

static pl_err do_offer(const step *s)
{
    char id[37];
    if (s->leg->part->row.state != PL_PART_STATE_ACTIVE)
        return PL_ESTATE;
    if (s->leg->is_pending || s->leg->row.mod_id[0])
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

static void clear_mod(pl_pool *pool, pl_leg *leg)
{
    pl_pool_cancel(pool, &leg->timer);
    leg->row.mod_id[0] = '\0';
    pl_leg_save(pool, leg);
}

static bool is_waiting(const step *s)
{
    return s->leg->row.mod_id[0] &&
           (!s->m->mod_id[0] || strcmp(s->m->mod_id, s->leg->row.mod_id) == 0);
}

static void accept_applied(pl_pool *pool, pl_op *op, pl_err e,
                           const pl_media_leg_sdp *sdp)
{
    pl_sess *sess;
    pl_event_row row = {.kind = PL_EVENT_KIND_MOD_TERMINATED,
                        .reason = "success"};
    pl_leg *leg = finish(pool, op, e, &sess);
    (void)sdp;
    if (leg) {
        clear_mod(pool, leg);
        reply_done(pool, op, "mod-accepted");
        PL_SET(row.mod_id, op->mod);
        send_event(pool, sess, leg, &row);
    }
    pl_op_destroy(&op);
}

static pl_err do_accept(const step *s)
{
    if (!is_waiting(s))
        return PL_ESTATE;
    if (s->leg->is_pending)
        return PL_EBUSY;
    if (s->m->sdp.len == 0)
        return PL_EINVAL;
    pl_op *op = make_op(s, accept_applied);
    if (!op)
        return PL_ENOMEM;
    PL_SET(op->mod, s->leg->row.mod_id);
    return pl_leg_remote(s->pool, s->leg, s->m->sdp, PL_SDP_TYPE_ANSWER, op);
}

/* Our only offers replace media that is gone: without it the participant
 * cannot stay. */
static pl_err do_reject(const step *s)
{
    pl_event_row row = {.kind = PL_EVENT_KIND_MOD_TERMINATED};
    pl_op reply = {.ticket = s->in->ticket};
    pl_part *part = s->leg->part;
    if (!is_waiting(s))
        return PL_ESTATE;
    PL_SET(reply.sess, s->sess->row.session_id);
    PL_SET(reply.mod, s->leg->row.mod_id);
    PL_SET(row.mod_id, s->leg->row.mod_id);
    PL_SET(row.reason, s->pool->config->reject_reason);
    clear_mod(s->pool, s->leg);
    reply_done(s->pool, &reply, "mod-rejected");
    pl_session_command_begin(s->sess);
    pl_session_command_end(s->pool, s->sess);
    send_event(s->pool, s->sess, s->leg, &row);
    pl_part_leave(s->pool, part, "media rejected");
    return PL_OK;
}

static pl_err do_unsupported(const step *s)
{
    (void)s;
    return PL_EUNSUPPORTED;
}

static const struct action_row {
    uint32_t action;
    pl_err (*run)(const step *s);
} ACTIONS[] = {
    {PL_ACTION_ANSWER, do_answer},         {PL_ACTION_HOLD, do_offer},
    {PL_ACTION_RESUME, do_offer},          {PL_ACTION_MODIFY, do_offer},
    {PL_ACTION_ACCEPT, do_accept},         {PL_ACTION_REJECT, do_reject},
    {PL_ACTION_HOLD_MOVE, do_unsupported}, {PL_ACTION_MOVE, do_unsupported},
    {PL_ACTION_TRANSFER, do_unsupported},
};

void pl_mod_action(pl_pool *pool, const pl_bus_in *in, pl_sess *sess,
                   pl_leg *leg)
{
    const pl_conference_action *m = in->body;
    step s = {.pool = pool, .in = in, .m = m, .sess = sess, .leg = leg};
    unsigned before = sess->n_commands;
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

/* ---- a new media worker ---- */

static void not_accepted(void *ctx, void *object)
{
    pl_leg *leg = object;
    pl_part_leave(ctx, leg->part, "media worker lost");
}

void pl_mod_plan_timeout(pl_pool *pool, pl_leg *leg)
{
    pl_pool_plan(pool, &leg->timer, not_accepted, leg,
                 PL_MS(pool->config->reoffer_ms));
}

static void reoffer_made(pl_pool *pool, pl_op *op, pl_err e,
                         const pl_media_leg_sdp *sdp)
{
    pl_leg *leg = pl_leg_find(pool, op->leg);
    pl_sess *sess = leg ? pl_session_find(pool, leg->row.session_id) : NULL;
    pl_event_row row = {.kind = PL_EVENT_KIND_MOD_RECEIVED};
    char id[37];
    pl_op_destroy(&op);
    if (!leg)
        return;
    if (e || !sess) {
        pl_part_leave(pool, leg->part, "media worker lost");
        return;
    }
    pool->port->new_id(pool->port->ctx, id);
    PL_SET(leg->row.mod_id, id);
    pl_leg_save(pool, leg);
    pl_mod_plan_timeout(pool, leg);
    PL_SET(row.mod_id, id);
    row.sdp = sdp->sdp;
    send_event(pool, sess, leg, &row);
}

void pl_mod_offer_again(pl_pool *pool, pl_leg *leg)
{
    pl_op *op = pl_op_create(pool, NULL);
    pl_part *part = leg->part;
    if (!op)
        return;
    op->next = reoffer_made;
    if (pl_leg_negotiate(pool, leg, (pl_slice){NULL, 0}, op))
        pl_part_leave(pool, part, "media worker lost");
}
