/* invite.c - who is meant by an address, ringing, and how it ends. */
#include "invite.h"

#include <string.h>

#include "address.h"
#include "conference.h"
#include "device/device_call.h"
#include "direct_call.h"
#include "leg.h"
#include "move.h"
#include "participant.h"
#include "pl/str.h"
#include "session.h"
#include "successor.h"
#include "telephone.h"

static const char CANCELED[] = "Call canceled";
/* A telephone's INVITE times out in the signaling worker first. */
enum { DIAL_GRACE_MS = 5000 };

/* ---- addresses ---- */

/* The next session that an address rings; not the one that calls. */
static pl_sess *next_rung(const pl_pool *pool, const pl_address *address,
                          const char *caller, const pl_sess *after)
{
    pl_sess *sess = pl_session_next_of(pool, address, after);
    return sess && strcmp(sess->row.session_id, caller) == 0
               ? pl_session_next_of(pool, address, sess)
               : sess;
}

static bool has_session(const pl_pool *pool, const pl_address *address,
                        const char *caller)
{
    return next_rung(pool, address, caller, NULL) != NULL;
}

bool pl_invite_is_user(const pl_pool *pool, const char *name)
{
    pl_address address;
    return pl_address_parse(pool->config, name, &address) == PL_OK &&
           has_session(pool, &address, "");
}

/* address: text parsed, NULL when it is none. */
static bool is_meant(const pl_pool *pool, const pl_part *part, const char *text,
                     const pl_address *address)
{
    pl_address mine;
    return strcmp(part->row.participant_id, text) == 0 ||
           strcmp(part->row.address, text) == 0 ||
           (address &&
            pl_address_parse(pool->config, part->row.address, &mine) == PL_OK &&
            pl_address_is_same(&mine, address));
}

static pl_part *find(const pl_pool *pool, const pl_conf *conf, const char *text,
                     bool has_left)
{
    pl_address address;
    bool is_address = pl_address_parse(pool->config, text, &address) == PL_OK;
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part *part = PL_CONTAINER(node, pl_part, link);
        if ((part->row.state == PL_PART_STATE_LEFT) == has_left &&
            is_meant(pool, part, text, is_address ? &address : NULL))
            return part;
    }
    return NULL;
}

pl_part *pl_invite_find(const pl_pool *pool, const pl_conf *conf,
                        const char *text)
{
    return find(pool, conf, text, false);
}

bool pl_invite_has_left(const pl_pool *pool, const pl_conf *conf,
                        const char *text)
{
    return find(pool, conf, text, true) != NULL;
}

/* ---- ringing ---- */

static void timed_out(void *ctx, void *object)
{
    pl_part_leave(ctx, object, "No answer");
}

void pl_invite_plan_timeout(pl_pool *pool, pl_part *part)
{
    if (pl_device_is_call(part) && !part->row.takes_over[0]) {
        pl_device_plan_timeout(pool, part);
        return;
    }
    int64_t left_ms = part->row.ring_until - pool->now.wall_ms;
    if (part->row.kind == PL_PART_KIND_TELEPHONE)
        left_ms += DIAL_GRACE_MS;
    pl_pool_plan(pool, &part->timer, timed_out, part, PL_MS(left_ms));
}

static void put_from(const pl_pool *pool, const pl_part *part,
                     pl_event_row *row)
{
    const pl_part *by = part->row.state == PL_PART_STATE_RINGING
                            ? pl_part_find(pool, part->row.invited_by)
                            : pl_part_other(part); /* of a call that moves */
    pl_session_address_of(pool, by ? by : part, row->from_uri,
                          sizeof row->from_uri);
}

static void offer_ready(pl_pool *pool, pl_op *op, pl_err e,
                        const pl_media_leg_sdp *sdp)
{
    pl_leg *leg = pl_leg_find(pool, op->leg);
    pl_sess *sess = leg ? pl_session_find(pool, leg->row.session_id) : NULL;
    pl_event_row row = {.kind = PL_EVENT_KIND_INVITATION_RECEIVED};
    pl_op_destroy(&op);
    if (!leg)
        return;
    if (e || !sess) {
        pl_invite_decline(pool, leg, e ? pl_err_text(e) : "session closed");
        return;
    }
    put_from(pool, leg->part, &row);
    PL_SET(row.participant_id, leg->part->row.participant_id);
    row.sdp = sdp->sdp;
    pl_session_tell(pool, sess, leg->part, &row);
    pl_direct_rings(pool, leg->part->conf);
}

pl_err pl_invite_ring_leg(pl_pool *pool, pl_leg *leg)
{
    pl_op *op = pl_op_create(pool, NULL);
    if (!op)
        return PL_ENOMEM;
    op->next = offer_ready;
    return pl_leg_negotiate(pool, leg, (pl_slice){NULL, 0}, op);
}

pl_err pl_invite_ring_session(pl_pool *pool, pl_part *part, const pl_sess *sess)
{
    pl_leg *leg;
    pl_err e = pl_leg_add(pool, part, PL_LEG_KIND_WEBRTC, sess->row.session_id,
                          true, &leg);
    return e ? PL_ENOMEM : pl_invite_ring_leg(pool, leg);
}

/* Errors: PL_ENOUSER nobody is there (any more). */
static pl_err ring_user(pl_pool *pool, pl_part *part, const char *caller)
{
    pl_address address;
    uint32_t n = 0;
    const pl_sess *sess = NULL;
    pl_err e = pl_address_parse(pool->config, part->row.address, &address);
    while (!e && n < pool->config->max_sessions_per_user &&
           (sess = next_rung(pool, &address, caller, sess)) != NULL) {
        e = pl_invite_ring_session(pool, part, sess);
        n++;
    }
    return e || n > 0 ? e : PL_ENOUSER;
}

pl_err pl_invite_ring(pl_pool *pool, pl_part *part)
{
    const pl_part *by = pl_part_find(pool, part->row.invited_by);
    part->row.ring_until =
        pool->now.wall_ms + (int64_t)pool->config->ring_timeout_s * 1000;
    (void)pl_part_move(pool, part, PL_PART_STATE_RINGING);
    pl_invite_plan_timeout(pool, part);
    return part->row.kind == PL_PART_KIND_USER
               ? ring_user(pool, part, by ? by->row.session_id : "")
               : pl_phone_dial(pool, part);
}

void pl_invite_name(pl_part *part, const char *address)
{
    const char *colon = strchr(address, ':');
    PL_SET(part->row.address, address);
    PL_SET(part->row.display_name, colon ? colon + 1 : address);
    part->row.display_name[strcspn(part->row.display_name, "@;")] = '\0';
}

/* Whom an address means now, and of what kind they are. caller: session that
 * does not ring itself. */
static pl_err resolve(const pl_pool *pool, const char *text, const char *caller,
                      pl_address *address, uint32_t *kind)
{
    pl_err e = pl_address_parse(pool->config, text, address);
    if (e)
        return e;
    bool rings = has_session(pool, address, caller);
    *kind = rings ? PL_PART_KIND_USER : PL_PART_KIND_TELEPHONE;
    return rings || address->uri[0] ? PL_OK : PL_ENOUSER;
}

pl_err pl_invite_check(const pl_pool *pool, const char *text,
                       const char *caller)
{
    pl_address address;
    uint32_t kind;
    return resolve(pool, text, caller, &address, &kind);
}

pl_err pl_invite_seat(pl_pool *pool, pl_conf *conf, const pl_part *by,
                      const char *text, pl_part **ret_part)
{
    pl_address address;
    uint32_t kind;
    pl_part *part;
    pl_err e = resolve(pool, text, by->row.session_id, &address, &kind);
    if (!e)
        e = pl_part_add(pool, conf, kind, PL_PART_ROLE_GUEST, &part);
    if (e)
        return e;
    PL_SET(part->row.invited_by, by->row.participant_id);
    pl_invite_name(part, kind == PL_PART_KIND_USER ? text : address.uri);
    pl_part_save(pool, part);
    *ret_part = part;
    return PL_OK;
}

pl_err pl_invite_may_ring(const pl_pool *pool, const pl_conf *conf)
{
    uint32_t ringing = 0;
    PL_LIST_EACH(node, &conf->parts)
    {
        ringing += PL_CONTAINER(node, pl_part, link)->row.state ==
                   PL_PART_STATE_RINGING;
    }
    if (pool->is_draining)
        return PL_EDRAIN;
    return ringing >= pool->config->max_invitations ? PL_EFULL : PL_OK;
}

static pl_err may_invite(const pl_pool *pool, const pl_conf *conf,
                         const char *address)
{
    const pl_part *there = pl_invite_find(pool, conf, address);
    if (pool->is_draining)
        return PL_EDRAIN;
    if (there)
        return there->row.state == PL_PART_STATE_RINGING ? PL_EBUSY : PL_EEXIST;
    return pl_invite_may_ring(pool, conf);
}

pl_err pl_invite(pl_pool *pool, const pl_part *host, const char *address,
                 pl_part **ret_part)
{
    char id[37];
    pl_part *part;
    pl_err e = may_invite(pool, host->conf, address);
    if (!e)
        e = pl_invite_seat(pool, host->conf, host, address, &part);
    if (e)
        return e;
    e = pl_invite_ring(pool, part);
    if (e) { /* told by the reply: no outcome follows */
        pl_part_leave(pool, part, pl_err_text(e));
        return e;
    }
    pool->port->new_id(pool->port->ctx, id);
    PL_SET(part->row.mod_id, id);
    pl_part_save(pool, part);
    *ret_part = part;
    return PL_OK;
}

/* ---- the end of an invitation ---- */

void pl_invite_result(pl_pool *pool, pl_part *part, const char *reason)
{
    const pl_part *by = pl_part_find(pool, part->row.invited_by);
    pl_sess *host = by ? pl_session_find(pool, by->row.session_id) : NULL;
    pl_event_row row = {.kind = PL_EVENT_KIND_INVITE_RESULT};
    if (part->conf->row.kind == PL_CONF_KIND_CALL)
        pl_pool_count(pool, PL_RM_direct_unanswered);
    if (!part->row.mod_id[0])
        return;
    PL_SET(row.mod_id, part->row.mod_id);
    part->row.mod_id[0] = '\0';
    pl_part_save(pool, part);
    if (!host || by->row.state == PL_PART_STATE_LEFT)
        return;
    PL_SET(row.reason, reason);
    PL_SET(row.participant_id, part->row.participant_id);
    PL_SET(row.display_name, part->row.display_name);
    PL_SET(row.address, part->row.address);
    pl_session_tell(pool, host, by, &row);
}

void pl_invite_accepted(pl_pool *pool, pl_part *part)
{
    pl_successor_in(pool, part);
    if (part->conf->row.kind == PL_CONF_KIND_CALL) {
        pl_direct_answered(pool, part->conf);
    } else if (pl_device_is_call(part)) {
        pl_device_answered(pool, part->conf);
    } else {
        pl_invite_result(pool, part, "success");
    }
}

/* A session that has not been invited yet need not hear of it. */
static void stop_ringing(pl_pool *pool, pl_leg *leg, const char *reason)
{
    if (leg->is_negotiated)
        pl_session_terminated(pool, leg->row.session_id, leg->part, reason);
    pl_leg_drop(pool, leg);
}

void pl_invite_decline(pl_pool *pool, pl_leg *leg, const char *reason)
{
    pl_part *part = leg->part;
    stop_ringing(pool, leg, reason);
    pl_invite_settle(pool, part, reason);
}

void pl_invite_settle(pl_pool *pool, pl_part *part, const char *reason)
{
    if (pl_list_is_empty(&part->legs)) {
        pl_part_leave(pool, part, reason);
    } else {
        pl_move_settle(pool, part, reason);
    }
}

void pl_invite_taken(pl_pool *pool, pl_part *part, const pl_leg *winner)
{
    PL_LIST_EACH_SAFE(node, &part->legs)
    {
        pl_leg *leg = PL_CONTAINER(node, pl_leg, link);
        if (leg == winner)
            continue;
        stop_ringing(pool, leg, CANCELED);
    }
}
