/* direct_call.c - making a call, ringing, answer. */
#include "direct_call.h"

#include <string.h>

#include "conference.h"
#include "invite.h"
#include "leg.h"
#include "opening.h"
#include "participant.h"
#include "pl/str.h"
#include "session.h"
#include "telephone.h"

static const char RINGBACK[] = "ringback"; /* prompt */

static pl_part *caller_of(const pl_pool *pool, const pl_conf *conf)
{
    return pl_part_find(pool, conf->row.host_id);
}

static pl_part *callee_of(const pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->row.state != PL_PART_STATE_LEFT &&
            strcmp(part->row.participant_id, conf->row.host_id) != 0)
            return part;
    }
    return NULL;
}

/* ---- made by a user ---- */

static void caller_ready(pl_pool *pool, pl_op *op, pl_err e,
                         const pl_media_leg_sdp *sdp)
{
    pl_conf *conf = pl_conf_find(pool, op->conf);
    pl_sess *sess;
    pl_part *caller;
    pl_event_row row = {.kind = PL_EVENT_KIND_SESSION_OPEN,
                        .provisional = true};
    e = pl_opening_end(pool, op, e, &sess, &caller);
    if (!e)
        e = pl_direct_ring(pool, conf);
    if (e) {
        pl_opening_undo(pool, &op->ticket, conf, e);
    } else {
        pl_direct_call_created r = {.present = 0};
        PL_SET(r.conf_id, op->conf);
        PL_SET(r.session_id, op->sess);
        r.dialect = sess->row.dialect;
        PL_MSG_SET(DIRECT_CALL_CREATED, direct_call_created, &r, dialect);
        pl_pool_reply(pool, &op->ticket, &PL_MSG_DIRECT_CALL_CREATED, &r);
        pl_part_activate(pool, caller);
        row.sdp = sdp->sdp;
        pl_session_tell(pool, sess, caller, &row);
    }
    pl_op_destroy(&op);
}

static pl_err start(pl_pool *pool, const pl_bus_in *in, pl_sess *sess,
                    pl_conf *conf)
{
    const pl_direct_call_create *m = in->body;
    pl_part *caller;
    pl_part *callee;
    pl_err e = pl_opening_seat(pool, conf, sess, &caller);
    if (!e)
        e = pl_invite_seat(pool, conf, caller, m->address, &callee);
    if (!e)
        e = pl_opening_negotiate(pool, in, sess, caller, m->sdp, caller_ready);
    return e;
}

void pl_on_direct_call_create(pl_pool *pool, const pl_bus_in *in)
{
    const pl_direct_call_create *m = in->body;
    pl_sess *sess;
    pl_conf *conf = NULL;
    pl_err e = pl_session_actor(pool, m->client_id, m->token_hash,
                                m->session_id, &sess);
    if (!e && pool->is_draining)
        e = PL_EDRAIN;
    if (!e && m->sdp.len == 0)
        e = PL_EINVAL;
    if (!e)
        e = pl_invite_check(pool, m->address, sess->row.session_id);
    if (!e)
        e = pl_conf_create(pool, PL_CONF_KIND_CALL, &conf);
    if (!e)
        e = start(pool, in, sess, conf);
    if (e)
        pl_opening_undo(pool, &in->ticket, conf, e);
}

/* ---- made by a telephone ---- */

pl_err pl_direct_from_telephone(pl_pool *pool, const char *to,
                                pl_part **ret_caller)
{
    pl_conf *conf;
    pl_part *caller;
    pl_part *callee;
    pl_err e = pl_conf_create(pool, PL_CONF_KIND_CALL, &conf);
    if (e)
        return e;
    e = pl_part_add(pool, conf, PL_PART_KIND_TELEPHONE, PL_PART_ROLE_HOST,
                    &caller);
    if (!e) {
        PL_SET(conf->row.host_id, caller->row.participant_id);
        pl_conf_save(pool, conf);
        pl_part_save(pool, caller);
        e = pl_invite_seat(pool, conf, caller, to, &callee);
    }
    if (e) {
        pl_conf_end(pool, conf, pl_err_text(e));
    } else {
        *ret_caller = caller;
    }
    return e;
}

/* ---- ringing and answer ---- */

pl_err pl_direct_ring(pl_pool *pool, pl_conf *conf)
{
    pl_part *callee = callee_of(conf);
    pl_err e = callee ? pl_invite_ring(pool, callee) : PL_EGONE;
    if (!e)
        pl_pool_count(pool, PL_RM_direct_calls);
    return e;
}

/* The leg of a user who waits for an answer; a telephone is told by its
 * signaling worker and makes its own tone. NULL none. */
static pl_leg *waiting_leg(const pl_pool *pool, const pl_conf *conf)
{
    const pl_part *caller =
        conf->row.kind == PL_CONF_KIND_CALL ? caller_of(pool, conf) : NULL;
    return caller && caller->row.kind == PL_PART_KIND_USER ? pl_leg_of(caller)
                                                           : NULL;
}

void pl_direct_rings(pl_pool *pool, pl_conf *conf)
{
    pl_leg *leg = waiting_leg(pool, conf);
    if (!leg || conf->has_ringback || conf->row.answered_at != 0)
        return;
    conf->has_ringback = true;
    pl_leg_play_on(pool, leg, RINGBACK);
}

void pl_direct_early(pl_pool *pool, pl_conf *conf)
{
    pl_leg *leg = waiting_leg(pool, conf);
    if (!leg || conf->row.answered_at != 0)
        return;
    conf->has_ringback = true; /* not once more: it would drown the other */
    pl_leg_play(pool, leg, "");
}

void pl_direct_answered(pl_pool *pool, pl_conf *conf)
{
    pl_event_row row = {.kind = PL_EVENT_KIND_SESSION_OPEN};
    pl_leg *leg = waiting_leg(pool, conf);
    pl_part *caller = caller_of(pool, conf);
    if (conf->row.answered_at != 0 || !caller)
        return;
    conf->row.answered_at = pool->now.wall_ms;
    pl_conf_save(pool, conf);
    pl_pool_count(pool, PL_RM_direct_answered);
    if (leg)
        pl_leg_play(pool, leg, "");
    if (caller->call)
        pl_phone_answer(pool, caller->call);
    pl_sess *sess = pl_session_find(pool, caller->row.session_id);
    if (sess)
        pl_session_tell(pool, sess, caller, &row);
}
