/* move.c - arming, ringing the user's other sessions, taking the seat. */
#include "move.h"

#include <string.h>

#include "address.h"
#include "event_stream.h"
#include "invite.h"
#include "leg.h"
#include "modification.h"
#include "participant.h"
#include "pl/str.h"
#include "reoffer.h"
#include "session.h"
#include "transfer.h"

enum { ARMED_MS = 5000 };
static const char MOVED[] = "moved";

/* ---- arming ---- */

static void set_armed(pl_pool *pool, pl_part *part, int64_t until)
{
    if (part->row.move_until == until)
        return;
    part->row.move_until = until;
    pl_part_save(pool, part);
}

void pl_move_arm(pl_pool *pool, pl_part *part)
{
    set_armed(pool, part, pool->now.wall_ms + ARMED_MS);
}

void pl_move_disarm(pl_pool *pool, pl_part *part)
{
    set_armed(pool, part, 0);
}

bool pl_move_is_armed(const pl_pool *pool, const pl_part *part)
{
    return part->row.state == PL_PART_STATE_ACTIVE &&
           part->conf->row.kind == PL_CONF_KIND_API &&
           pool->now.wall_ms <= part->row.move_until;
}

/* ---- ringing ---- */

/* The leg by which a session rings for this seat; NULL none. */
static pl_leg *ringing_leg(const pl_part *part)
{
    PL_LIST_EACH(node, &part->legs)
    {
        pl_leg *leg = PL_CONTAINER(node, pl_leg, link);
        if (!pl_leg_is_seat(leg))
            return leg;
    }
    return NULL;
}

static bool may_ring(const pl_part *part, const pl_sess *mover,
                     const pl_sess *sess)
{
    return sess != mover && !pl_mod_leg(part->conf, sess);
}

static void ring_others(pl_pool *pool, pl_part *part, const pl_sess *mover)
{
    for (const pl_sess *sess = pl_session_first_same(pool, mover); sess;
         sess = sess->next_same) {
        if (!may_ring(part, mover, sess))
            continue;
        if (pl_invite_ring_session(pool, part, sess)) {
            pl_leg *leg = pl_mod_leg(part->conf, sess);
            if (leg)
                pl_leg_drop(pool, leg);
        }
    }
}

static void set_ring_time(pl_pool *pool, pl_part *part)
{
    part->row.ring_until =
        pool->now.wall_ms + (int64_t)pool->config->ring_timeout_s * 1000;
    part->row.move_until = 0;
    part->answering[0] = '\0';
    pl_pool_count(pool, PL_RM_moves);
}

/* ---- a conference ---- */

void pl_move_start(pl_pool *pool, pl_part *part)
{
    const pl_sess *mover = pl_session_find(pool, part->row.session_id);
    if (!mover || !pl_part_move(pool, part, PL_PART_STATE_MOVING))
        return;
    pl_session_terminated(pool, mover->row.session_id, part, MOVED);
    part->row.session_id[0] = '\0';
    part->row.has_media = false;
    part->is_talking = part->told_talking = false;
    while (!pl_list_is_empty(&part->legs))
        pl_leg_drop(pool, pl_leg_of(part));
    set_ring_time(pool, part);
    pl_part_save(pool, part);
    ring_others(pool, part, mover);
    if (pl_list_is_empty(&part->legs)) {
        pl_part_leave(pool, part, "nobody to move to");
    } else {
        pl_invite_plan_timeout(pool, part);
    }
}

/* ---- a call ---- */

pl_err pl_move_check(const pl_leg *leg)
{
    const pl_part *part = leg->part;
    if (part->row.state != PL_PART_STATE_ACTIVE || !pl_leg_is_seat(leg) ||
        part->conf->row.answered_at == 0)
        return PL_ESTATE;
    if (pl_move_is_open(part) || pl_transfer_involves(part) ||
        leg->is_pending || leg->row.mod_id[0] || !leg->is_negotiated)
        return PL_EBUSY;
    return PL_OK;
}

bool pl_move_is_open(const pl_part *part)
{
    return part->row.kind == PL_PART_KIND_USER &&
           part->row.state == PL_PART_STATE_ACTIVE && part->row.ring_until > 0;
}

static void tell_outcome(pl_pool *pool, const pl_part *part, const char *reason)
{
    pl_event_row end = {.kind = PL_EVENT_KIND_MOVE_TERMINATED};
    pl_event_row result = {.kind = PL_EVENT_KIND_SESSION_MODIFIED};
    pl_sess *mover = pl_session_find(pool, part->row.session_id);
    if (!mover)
        return;
    PL_SET(end.reason, reason);
    pl_session_tell(pool, mover, part, &end);
    pl_session_tell(pool, mover, part, &result);
}

static void close_call_move(pl_pool *pool, pl_part *part)
{
    pl_pool_cancel(pool, &part->timer);
    part->row.ring_until = 0;
    part->answering[0] = '\0';
}

static void call_failed(pl_pool *pool, pl_part *part, const char *reason)
{
    close_call_move(pool, part);
    pl_part_save(pool, part);
    pl_invite_taken(pool, part, pl_leg_of(part)); /* the others ring no more */
    tell_outcome(pool, part, reason);
    /* The mover's browser still has the offer with which it let go of our
     * sound, and clients take nothing back: an offer of ours replaces it. */
    if (pl_leg_of(part))
        pl_reoffer_doubt(pl_leg_of(part));
    pl_reoffer_hold(pool, part->conf);
}

static void call_timed_out(void *ctx, void *object)
{
    call_failed(ctx, object, "No answer");
}

static void plan_call_timeout(pl_pool *pool, pl_part *part)
{
    pl_pool_plan(pool, &part->timer, call_timed_out, part,
                 PL_MS(part->row.ring_until - pool->now.wall_ms));
}

void pl_move_call(pl_pool *pool, pl_leg *leg)
{
    pl_part *part = leg->part;
    const pl_sess *mover = pl_session_find(pool, leg->row.session_id);
    if (!mover)
        return;
    set_ring_time(pool, part);
    pl_part_save(pool, part);
    ring_others(pool, part, mover);
    plan_call_timeout(pool, part);
    pl_move_settle(pool, part, "nobody to move to");
}

void pl_move_settle(pl_pool *pool, pl_part *part, const char *reason)
{
    if (pl_move_is_open(part) && !ringing_leg(part))
        call_failed(pool, part, reason);
}

/* ---- taken ---- */

static void free_mover(pl_pool *pool, pl_part *part)
{
    PL_LIST_EACH_SAFE(node, &part->legs)
    {
        pl_leg *leg = PL_CONTAINER(node, pl_leg, link);
        if (pl_leg_is_seat(leg))
            pl_leg_drop(pool, leg);
    }
}

void pl_move_taken(pl_pool *pool, pl_leg *winner)
{
    pl_part *part = winner->part;
    if (part->row.state == PL_PART_STATE_ACTIVE) { /* the mover is there */
        tell_outcome(pool, part, "success");
        pl_session_terminated(pool, part->row.session_id, part, MOVED);
        free_mover(pool, part);
    }
    pl_invite_taken(pool, part, winner);
    close_call_move(pool, part);
    PL_SET(part->row.session_id, winner->row.session_id);
    part->row.on_hold = false;
    part->row.has_media = winner->row.state == PL_LEG_STATE_CONNECTED;
    if (part->row.state != PL_PART_STATE_ACTIVE)
        (void)pl_part_move(pool, part, PL_PART_STATE_ACTIVE);
    pl_part_save(pool, part);
    pl_pool_note(pool, PL_LOG_INFO, "participant_moved", part->conf, part,
                 part->row.session_id);
}

void pl_move_resume(pl_pool *pool, pl_part *part)
{
    PL_LIST_EACH_SAFE(node, &part->legs)
    {
        pl_leg *leg = PL_CONTAINER(node, pl_leg, link);
        if (!pl_leg_is_seat(leg) && !leg->is_negotiated)
            pl_leg_drop(pool, leg);
    }
    plan_call_timeout(pool, part);
    pl_move_settle(pool, part, "interrupted");
}
