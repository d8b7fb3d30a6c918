/* reoffer.c - offering, waiting, and what a refusal means. */
#include "reoffer.h"

#include "device/device_call.h"
#include "event_stream.h"
#include "leg.h"
#include "move.h"
#include "participant.h"
#include "pl/str.h"
#include "session.h"
#include "telephone.h"
#include "transfer.h"

/* An accept is just being applied. */
enum { PENDING_WAIT_MS = 1000 };
static const char LOST[] = "media worker lost";

/* ---- waiting ---- */

static void timed_out(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_leg *leg = object;
    if (leg->is_pending) {
        pl_pool_plan(pool, &leg->timer, timed_out, leg, PL_MS(PENDING_WAIT_MS));
    } else {
        pl_reoffer_refused(pool, leg, "no answer to our offer");
    }
}

void pl_reoffer_plan_timeout(pl_pool *pool, pl_leg *leg)
{
    pl_pool_plan(pool, &leg->timer, timed_out, leg,
                 PL_MS(pool->config->reoffer_ms));
}

void pl_reoffer_send(pl_pool *pool, pl_leg *leg, uint32_t mod_kind,
                     pl_slice sdp)
{
    pl_event_row row = {.kind = PL_EVENT_KIND_MOD_RECEIVED, .sdp = sdp};
    pl_sess *sess = pl_session_find(pool, leg->row.session_id);
    const pl_part *other = pl_part_other(leg->part);
    char id[37];
    bool is_device = leg->part->row.kind == PL_PART_KIND_DEVICE;
    if (!sess && !is_device)
        return;
    pool->port->new_id(pool->port->ctx, id);
    PL_SET(leg->row.mod_id, id);
    leg->row.mod_kind = mod_kind;
    pl_leg_save(pool, leg);
    pl_reoffer_plan_timeout(pool, leg);
    if (is_device) {
        pl_device_offered(pool, leg, sdp);
        return;
    }
    PL_SET(row.mod_id, id);
    if (other)
        pl_session_address_of(pool, other, row.from_uri, sizeof row.from_uri);
    pl_session_tell(pool, sess, leg->part, &row);
}

void pl_reoffer_clear(pl_pool *pool, pl_leg *leg,
                      char ret_mod_id[PL_ID_MAX + 1])
{
    pl_fmt_cut(ret_mod_id, PL_ID_MAX + 1, "%s", leg->row.mod_id);
    pl_pool_cancel(pool, &leg->timer);
    leg->row.mod_id[0] = '\0';
    leg->row.mod_kind = PL_MOD_KIND_IDLE;
    pl_leg_save(pool, leg);
}

void pl_reoffer_tell_end(pl_pool *pool, const pl_leg *leg, const char *mod_id,
                         const char *reason)
{
    pl_event_row row = {.kind = PL_EVENT_KIND_MOD_TERMINATED};
    pl_sess *sess = pl_session_find(pool, leg->row.session_id);
    if (!sess || !mod_id[0])
        return;
    PL_SET(row.mod_id, mod_id);
    PL_SET(row.reason, reason);
    pl_session_tell(pool, sess, leg->part, &row);
}

void pl_reoffer_refused(pl_pool *pool, pl_leg *leg, const char *reason)
{
    uint32_t kind = leg->row.mod_kind;
    pl_part *part = leg->part;
    char mod_id[PL_ID_MAX + 1];
    if (part->is_spare) {
        pl_transfer_failed(pool, part, reason);
        return;
    }
    if (kind != PL_MOD_KIND_PEER_HOLD) {
        pl_part_leave(pool, part, reason);
        return;
    }
    if (part->row.kind == PL_PART_KIND_TELEPHONE) {
        pl_phone_hold_refused(pool, leg);
        return;
    }
    pl_reoffer_clear(pool, leg, mod_id);
    pl_leg_rollback(pool, leg);
    pl_reoffer_tell_end(pool, leg, mod_id, PL_MOD_DONE);
    pl_reoffer_hold(pool, part->conf);
}

void pl_reoffer_lost(pl_pool *pool, pl_leg *leg)
{
    char mod_id[PL_ID_MAX + 1];
    leg->told_hold = false;
    if (leg->part->is_spare || !leg->row.mod_id[0])
        return;
    pl_reoffer_clear(pool, leg, mod_id);
    pl_reoffer_tell_end(pool, leg, mod_id, PL_MOD_DONE);
}

/* ---- media of a new worker ---- */

static void media_made(pl_pool *pool, pl_op *op, pl_err e,
                       const pl_media_leg_sdp *sdp)
{
    pl_leg *leg = pl_leg_find(pool, op->leg);
    pl_op_destroy(&op);
    if (!leg)
        return;
    bool is_device = leg->part->row.kind == PL_PART_KIND_DEVICE;
    if (e || sdp->sdp.len == 0 ||
        (!is_device && !pl_session_find(pool, leg->row.session_id))) {
        pl_part_leave(pool, leg->part, LOST);
    } else {
        pl_reoffer_send(pool, leg, PL_MOD_KIND_REPLACE, sdp->sdp);
    }
}

void pl_reoffer_media(pl_pool *pool, pl_leg *leg)
{
    pl_op *op = pl_op_create(pool, NULL);
    pl_part *part = leg->part;
    if (!op)
        return;
    op->next = media_made;
    if (pl_leg_negotiate(pool, leg, (pl_slice){NULL, 0}, op))
        pl_part_leave(pool, part, LOST);
}

/* ---- the other side holds ---- */

static void hold_made(pl_pool *pool, pl_op *op, pl_err e,
                      const pl_media_leg_sdp *sdp)
{
    pl_leg *leg = pl_leg_find(pool, op->leg);
    pl_op_destroy(&op);
    if (!leg)
        return;
    /* Without an offer the peer just is not told; its media goes on. */
    if (!e && leg->part->row.state == PL_PART_STATE_ACTIVE && sdp->sdp.len > 0)
        pl_reoffer_send(pool, leg, PL_MOD_KIND_PEER_HOLD, sdp->sdp);
    pl_reoffer_hold(pool, leg->part->conf);
}

static bool is_idle(const pl_leg *leg)
{
    const pl_part *part = leg->part;
    return part->row.kind == PL_PART_KIND_USER &&
           part->row.state == PL_PART_STATE_ACTIVE && !part->partner[0] &&
           !pl_move_is_open(part) && pl_leg_is_seat(leg) &&
           leg->is_negotiated && !leg->is_pending && !leg->row.mod_id[0];
}

static void tell_hold(pl_pool *pool, pl_leg *leg, bool is_held)
{
    pl_op *op = pl_op_create(pool, NULL);
    if (!op)
        return;
    op->next = hold_made;
    leg->told_hold = is_held;
    if (pl_leg_ask(pool, leg,
                   is_held ? PL_DIRECTION_SENDONLY : PL_DIRECTION_SENDRECV, op))
        leg->told_hold = !is_held; /* not now; asked again later */
}

void pl_reoffer_hold(pl_pool *pool, pl_conf *conf)
{
    if (conf->row.kind != PL_CONF_KIND_CALL ||
        conf->row.state != PL_CONF_STATE_LIVE || conf->row.answered_at == 0)
        return;
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        const pl_part *other = pl_part_other(part);
        pl_leg *leg = pl_leg_of(part);
        if (other && leg && is_idle(leg) &&
            leg->told_hold != other->row.on_hold)
            tell_hold(pool, leg, other->row.on_hold);
    }
}

void pl_reoffer_doubt(pl_leg *leg)
{
    const pl_part *other = pl_part_other(leg->part);
    if (other)
        leg->told_hold = !other->row.on_hold;
}
