/* transfer.c - checking, the spare seat, success and failure. */
#include "transfer.h"

#include <string.h>

#include "conference.h"
#include "event_stream.h"
#include "leg.h"
#include "move.h"
#include "participant.h"
#include "pl/str.h"
#include "reoffer.h"
#include "session.h"
#include "successor.h"
#include "telephone.h"

enum { SIP_OK = 200, SIP_FAILED = 503 };

/* ---- who is concerned ---- */

static pl_part *spare_of(const pl_pool *pool, const pl_part *part)
{
    if (!part->partner[0])
        return NULL;
    return pl_part_find(pool, part->is_spare ? part->row.participant_id
                                             : part->partner);
}

pl_leg *pl_transfer_leg(const pl_pool *pool, pl_leg *leg)
{
    const pl_part *spare = spare_of(pool, leg->part);
    pl_leg *offered = spare ? pl_leg_of(spare) : NULL;
    return offered ? offered : leg;
}

static bool has_spare(const pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->is_spare && part->row.state != PL_PART_STATE_LEFT)
            return true;
    }
    return false;
}

bool pl_transfer_involves(const pl_part *part)
{
    const pl_part *other = pl_part_other(part);
    return part->partner[0] || (other && other->partner[0]) ||
           has_spare(part->conf);
}

/* The seat of a session in a call that it knows by this id; NULL none. */
static pl_part *seat_of(const pl_pool *pool, const char *session_id,
                        const char *resource)
{
    const pl_sess *sess = pl_session_find(pool, session_id);
    if (!sess)
        return NULL;
    PL_LIST_EACH(node, &sess->legs)
    {
        const pl_leg *leg = PL_CONTAINER(node, pl_leg, sess_link);
        if (leg->part->row.state == PL_PART_STATE_ACTIVE &&
            leg->part->conf->row.kind == PL_CONF_KIND_CALL &&
            pl_leg_is_seat(leg) &&
            strcmp(pl_part_resource(leg->part), resource) == 0)
            return leg->part;
    }
    return NULL;
}

static pl_part *seat_in(const pl_conf *conf, const char *session_id)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->row.state != PL_PART_STATE_LEFT && !part->is_spare &&
            session_id[0] && strcmp(part->row.session_id, session_id) == 0)
            return part;
    }
    return NULL;
}

/* The seat in the target of who asked for the transfer. */
static pl_part *seat_of_mover(const pl_pool *pool, const pl_part *me,
                              const pl_conf *target)
{
    pl_part *there = me->joins[0] ? pl_part_find(pool, me->joins)
                                  : seat_in(target, me->row.session_id);
    return there && there->conf == target &&
                   there->row.state != PL_PART_STATE_LEFT
               ? there
               : NULL;
}

static void tell(pl_pool *pool, const pl_part *me, uint32_t kind,
                 const char *target_id, const char *reason)
{
    pl_event_row row = {.kind = kind};
    pl_sess *sess = pl_session_find(pool, me->row.session_id);
    if (!sess)
        return;
    PL_SET(row.transfer_to, target_id);
    PL_SET(row.reason, reason);
    pl_session_tell(pool, sess, me, &row);
}

/* ---- begin ---- */

static bool is_quiet(const pl_part *part)
{
    const pl_leg *leg = pl_leg_of(part);
    return leg && leg->is_negotiated && !leg->is_pending &&
           !leg->row.mod_id[0] && !pl_move_is_open(part) &&
           !pl_transfer_involves(part);
}

static pl_err check(const pl_leg *held, const pl_part *there)
{
    const pl_part *me = held->part;
    const pl_part *far = pl_part_other(me);
    if (!there)
        return PL_EGONE;
    if (me->row.state != PL_PART_STATE_ACTIVE || !pl_leg_is_seat(held) ||
        !far || far->row.state != PL_PART_STATE_ACTIVE ||
        there->conf == me->conf || !pl_part_other(there) ||
        me->conf->row.answered_at == 0 || there->conf->row.answered_at == 0 ||
        seat_in(there->conf, far->row.session_id))
        return PL_ESTATE;
    if (!is_quiet(me) || !is_quiet(far) || !is_quiet(there) ||
        pl_successor_comes(me->conf) || pl_successor_comes(there->conf))
        return PL_EBUSY;
    return there->conf->row.media_node[0] ? PL_OK : PL_EUNAVAILABLE;
}

static void offer_made(pl_pool *pool, pl_op *op, pl_err e,
                       const pl_media_leg_sdp *sdp)
{
    pl_leg *leg = pl_leg_find(pool, op->leg);
    pl_op_destroy(&op);
    if (!leg)
        return;
    if (e || sdp->sdp.len == 0) {
        pl_transfer_failed(pool, leg->part,
                           pl_err_text(e ? e : PL_EUNAVAILABLE));
    } else {
        pl_reoffer_send(pool, leg, PL_MOD_KIND_TRANSFER, sdp->sdp);
        leg->is_answered = true; /* clients apply it before they accept */
    }
}

static pl_err offer_user(pl_pool *pool, pl_leg *leg)
{
    pl_op *op = pl_op_create(pool, NULL);
    if (!op)
        return PL_ENOMEM;
    op->next = offer_made;
    return pl_leg_negotiate(pool, leg, (pl_slice){NULL, 0}, op);
}

/* A leg like that of the far party, on a spare seat of the other call. */
static pl_err add_spare(pl_pool *pool, pl_part *far, pl_conf *target,
                        pl_leg **ret_leg)
{
    const pl_leg *old = pl_leg_of(far);
    pl_part *spare;
    pl_leg *leg;
    pl_err e = pl_part_add_spare(pool, target, far, &spare);
    if (!e) {
        e = pl_leg_add(pool, spare, old->row.kind, old->row.session_id, true,
                       &leg);
    }
    if (e)
        return e;
    PL_SET(leg->row.lines, old->row.lines);
    pl_leg_save(pool, leg);
    PL_SET(far->partner, spare->row.participant_id);
    PL_SET(spare->partner, far->row.participant_id);
    *ret_leg = leg;
    return PL_OK;
}

/* Nobody has heard of the spare seat when this fails. */
static pl_err offer_spare(pl_pool *pool, pl_part *far, pl_leg *leg)
{
    pl_err e = offer_user(pool, leg);
    pl_part *spare = e ? spare_of(pool, far) : NULL;
    if (e)
        far->partner[0] = '\0';
    if (spare)
        pl_part_drop_spare(pool, spare, pl_err_text(e));
    return e;
}

/* Offer the far party of held a leg in the conference of `there`. */
static pl_err begin(pl_pool *pool, pl_leg *held, pl_part *there)
{
    pl_part *far = pl_part_other(held->part);
    pl_leg *leg;
    pl_err e = check(held, there);
    if (!e)
        e = add_spare(pool, far, there->conf, &leg);
    if (e)
        return e;
    pl_pool_count(pool, PL_RM_transfers);
    if (far->row.kind == PL_PART_KIND_TELEPHONE) {
        pl_phone_offer_again(pool, leg);
        return PL_OK;
    }
    return offer_spare(pool, far, leg);
}

/* A device's application has no way to take other media in the same call. */
static bool can_move(const pl_part *part)
{
    return part && part->row.kind != PL_PART_KIND_DEVICE;
}

pl_err pl_transfer_join(pl_pool *pool, pl_part *me, pl_part *there)
{
    if (!can_move(pl_part_other(me))) {
        pl_part *swap = me;
        me = there;
        there = swap;
    }
    pl_leg *held = pl_leg_of(me);
    if (!can_move(pl_part_other(me)))
        return PL_EMEDIA;
    pl_err e = held ? begin(pool, held, there) : PL_ESTATE;
    if (!e)
        PL_SET(me->joins, there->row.participant_id);
    return e;
}

pl_err pl_transfer_start(pl_pool *pool, pl_leg *held, const char *target_id)
{
    pl_part *there = seat_of(pool, held->row.session_id, target_id);
    return target_id[0] ? begin(pool, held, there) : PL_EINVAL;
}

/* ---- success ---- */

/* The seat goes over to the leg's conference, and takes the leg. */
static void take_seat(pl_pool *pool, pl_part *far, pl_leg *leg)
{
    pl_part *spare = leg->part;
    char from[PL_ID_MAX + 8];
    pl_fmt_cut(from, sizeof from, "from %s", far->conf->row.conf_id);
    while (!pl_list_is_empty(&far->legs))
        pl_leg_drop(pool, pl_leg_of(far));
    far->partner[0] = spare->partner[0] = '\0';
    pl_part_rehome(pool, far, spare->conf);
    pl_leg_adopt(pool, leg, far);
    far->row.on_hold = false;
    far->row.has_media = leg->row.state == PL_LEG_STATE_CONNECTED;
    pl_part_save(pool, far);
    pl_pool_note(pool, PL_LOG_INFO, "participant_moved", far->conf, far, from);
    pl_part_drop_spare(pool, spare, "transferred");
}

void pl_transfer_accepted(pl_pool *pool, pl_leg *leg)
{
    static const char reason[] = "transferred";
    pl_conf *target = leg->part->conf;
    pl_part *far = pl_part_find(pool, leg->part->partner);
    pl_conf *held = far ? far->conf : NULL;
    pl_part *me = far ? pl_part_other(far) : NULL;
    pl_part *there = me ? seat_of_mover(pool, me, target) : NULL;
    if (far && held == target) { /* offered its own call again */
        bool on_hold = far->row.on_hold;
        take_seat(pool, far, leg);
        pl_part_set_hold(pool, far, on_hold);
        pl_reoffer_hold(pool, target);
        return;
    }
    if (!there) { /* who asked has gone meanwhile */
        pl_transfer_failed(pool, leg->part, reason);
        return;
    }
    /* Both at once: a client that is told of a beginning cannot go back to its
     * held call when the transfer fails. */
    tell(pool, me, PL_EVENT_KIND_TRANSFER_INITIATED, pl_part_resource(there),
         "");
    tell(pool, me, PL_EVENT_KIND_TRANSFER_TERMINATED, pl_part_resource(there),
         "success");
    pl_refer_tell(pool, me, SIP_OK);
    pl_refer_tell(pool, there, SIP_OK);
    take_seat(pool, far, leg);
    if (strcmp(target->row.host_id, there->row.participant_id) == 0) {
        PL_SET(target->row.host_id, far->row.participant_id);
        pl_conf_save(pool, target);
    }
    pl_conf_end(pool, held, reason);
    pl_part_leave(pool, there, reason);
    pl_pool_note(pool, PL_LOG_INFO, "call_transferred", target, far,
                 held->row.conf_id);
    pl_reoffer_hold(pool, target);
}

/* ---- failure ---- */

static void tell_failed(pl_pool *pool, const pl_part *far, const pl_part *spare,
                        const char *reason)
{
    pl_part *me = pl_part_other(far);
    pl_part *there = me ? seat_of_mover(pool, me, spare->conf) : NULL;
    if (me) {
        me->joins[0] = '\0';
        pl_refer_tell(pool, me, SIP_FAILED);
        if (there)
            pl_refer_tell(pool, there, SIP_FAILED);
        tell(pool, me, PL_EVENT_KIND_TRANSFER_TERMINATED,
             there ? pl_part_resource(there) : spare->row.conf_id, reason);
    }
}

/* The client may have taken up the media of the leg that goes, and cannot go
 * back by itself: it is offered new media of the call that it is in. What it
 * has stays until it accepts. Whether it was offered. */
static bool offer_back(pl_pool *pool, pl_part *far)
{
    const pl_conf *conf = far->conf;
    pl_leg *leg;
    return far->row.state == PL_PART_STATE_ACTIVE &&
           conf->row.state == PL_CONF_STATE_LIVE && conf->row.media_node[0] &&
           pl_leg_of(far) && pl_leg_of(far)->is_negotiated &&
           !add_spare(pool, far, far->conf, &leg) &&
           !offer_spare(pool, far, leg);
}

/* stays: the far party goes on in the call that it is in. */
static void failed(pl_pool *pool, pl_part *spare, const char *reason,
                   bool stays)
{
    pl_part *far = pl_part_find(pool, spare->partner);
    pl_leg *leg = pl_leg_of(spare);
    char mod_id[PL_ID_MAX + 1];
    bool was_answered = stays && leg && leg->is_answered;
    bool is_own = far && far->conf == spare->conf;
    spare->partner[0] = '\0';
    if (leg && leg->row.mod_id[0]) {
        pl_reoffer_clear(pool, leg, mod_id);
        pl_reoffer_tell_end(pool, leg, mod_id, PL_MOD_DONE);
    }
    if (far) {
        far->partner[0] = '\0';
        if (!is_own)
            tell_failed(pool, far, spare, reason);
    }
    pl_part_drop_spare(pool, spare, reason);
    if (!far)
        return;
    if (was_answered && !is_own && far->row.kind == PL_PART_KIND_USER &&
        offer_back(pool, far))
        return;
    leg = pl_leg_of(far);
    if (leg && leg->row.state == PL_LEG_STATE_FAILED) {
        pl_part_leave(pool, far, "media ended"); /* while it was asked */
        return;
    }
    if (was_answered && far->call && leg)
        pl_phone_offer_back(pool, leg);
    pl_reoffer_hold(pool, far->conf);
}

void pl_transfer_failed(pl_pool *pool, pl_part *spare, const char *reason)
{
    failed(pool, spare, reason, true);
}

void pl_transfer_part_leaves(pl_pool *pool, pl_part *part, const char *reason)
{
    pl_part *spare = spare_of(pool, part);
    if (spare)
        failed(pool, spare, reason, part->is_spare);
}

/* ---- after a restart ---- */

void pl_transfer_load(pl_pool *pool, pl_part *spare)
{
    pl_part *far = pl_part_find(pool, spare->row.invited_by);
    if (!far || far->row.state != PL_PART_STATE_ACTIVE)
        return;
    PL_SET(far->partner, spare->row.participant_id);
    PL_SET(spare->partner, far->row.participant_id);
}

void pl_transfer_resume(pl_pool *pool, pl_part *spare)
{
    pl_leg *leg = pl_leg_of(spare);
    const pl_part *far = pl_part_find(pool, spare->partner);
    if (!far || !leg || !leg->is_negotiated ||
        (!far->call && !leg->row.mod_id[0])) {
        pl_transfer_failed(pool, spare, "interrupted");
    } else if (far->call) {
        pl_phone_plan_offer(pool, leg);
    } else {
        leg->is_answered = true;
        pl_reoffer_plan_timeout(pool, leg);
    }
}
