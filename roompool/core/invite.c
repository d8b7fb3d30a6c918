/* invite.c - who is meant by an address, ringing, and how it ends. */
#include "invite.h"

#include <string.h>

#include "conference.h"
#include "event_stream.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "session.h"
#include "telephone.h"

static const char CANCELED[] = "Call canceled";
/* A telephone's INVITE times out in the signaling worker first. */
enum { DIAL_GRACE_MS = 5000 };

/* ---- addresses ---- */

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* User id that an address stands for, "" when it can be none of ours. */
static void user_of(const pl_pool *pool, const char *address, char *user,
                    size_t cap)
{
    const char *at;
    if (has_prefix(address, "tel:")) {
        pl_fmt_cut(user, cap, "vtn:%s", address + (address[4] == '+' ? 5 : 4));
        return;
    }
    if (!has_prefix(address, "sip:")) {
        pl_fmt_cut(user, cap, "%s", address);
        return;
    }
    pl_fmt_cut(user, cap, "%s", address + 4);
    user[strcspn(user, ";?")] = '\0';
    at = strchr(user, '@');
    if (at &&
        pl_slice_eq_nocase(pl_slice_str(at + 1), pool->config->user_domain))
        user[at - user] = '\0';
}

static bool is_user(const pl_sess *sess, const char *user)
{
    return user[0] && strcmp(sess->row.user_id, user) == 0;
}

static bool has_session(const pl_pool *pool, const char *user)
{
    size_t cursor = 0;
    const pl_sess *sess;
    while ((sess = pl_map_next(pool->sessions, &cursor, NULL)) != NULL) {
        if (is_user(sess, user))
            return true;
    }
    return false;
}

static bool is_dialable(const char *address)
{
    size_t n = strlen(address);
    return (has_prefix(address, "sip:") && strchr(address, '@') && n > 6) ||
           (has_prefix(address, "tel:") && n > 5);
}

pl_part *pl_invite_find(const pl_pool *pool, const pl_conf *conf,
                        const char *address)
{
    char user[PL_ADDRESS_MAX + 1];
    user_of(pool, address, user, sizeof user);
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part *part = PL_CONTAINER(node, pl_part, link);
        char mine[PL_ADDRESS_MAX + 1];
        if (part->row.state == PL_PART_STATE_LEFT)
            continue;
        user_of(pool, part->row.address, mine, sizeof mine);
        if (strcmp(part->row.participant_id, address) == 0 ||
            strcmp(part->row.address, address) == 0 ||
            (user[0] && strcmp(mine, user) == 0))
            return part;
    }
    return NULL;
}

/* ---- ringing ---- */

static void timed_out(void *ctx, void *object)
{
    pl_part_leave(ctx, object, "No answer");
}

void pl_invite_plan_timeout(pl_pool *pool, pl_part *part)
{
    int64_t left_ms = part->row.ring_until - pool->now.wall_ms;
    if (part->row.kind == PL_PART_KIND_TELEPHONE)
        left_ms += DIAL_GRACE_MS;
    pl_pool_plan(pool, &part->timer, timed_out, part, PL_MS(left_ms));
}

static void offer_ready(pl_pool *pool, pl_op *op, pl_err e,
                        const pl_media_leg_sdp *sdp)
{
    pl_leg *leg = pl_leg_find(pool, op->leg);
    pl_sess *sess = leg ? pl_session_find(pool, leg->row.session_id) : NULL;
    pl_event_row row = {.kind = PL_EVENT_KIND_INVITATION_RECEIVED};
    const pl_sess *host;
    pl_op_destroy(&op);
    if (!leg)
        return;
    if (e || !sess) {
        pl_invite_decline(pool, leg, e ? pl_err_text(e) : "session closed");
        return;
    }
    const pl_part *by = pl_part_find(pool, leg->part->row.invited_by);
    host = by ? pl_session_find(pool, by->row.session_id) : NULL;
    if (host)
        pl_session_address(pool, host, row.from_uri, sizeof row.from_uri);
    PL_SET(row.participant_id, leg->part->row.participant_id);
    row.sdp = sdp->sdp;
    pl_session_tell(pool, sess, leg->part, &row);
}

static pl_err ring_session(pl_pool *pool, pl_part *part, const pl_sess *sess)
{
    pl_leg *leg;
    pl_err e = pl_leg_add(pool, part, PL_LEG_KIND_WEBRTC, sess->row.session_id,
                          true, &leg);
    pl_op *op = e ? NULL : pl_op_create(pool, NULL);
    if (!op)
        return PL_ENOMEM;
    op->next = offer_ready;
    return pl_leg_negotiate(pool, leg, (pl_slice){NULL, 0}, op);
}

static pl_err ring_user(pl_pool *pool, pl_part *part, const char *user)
{
    size_t cursor = 0;
    uint32_t n = 0;
    const pl_sess *sess;
    pl_err e = PL_OK;
    while (!e && (sess = pl_map_next(pool->sessions, &cursor, NULL)) != NULL) {
        if (is_user(sess, user) && n++ < pool->config->max_sessions_per_user)
            e = ring_session(pool, part, sess);
    }
    return e;
}

static pl_err may_invite(const pl_pool *pool, const pl_conf *conf,
                         const char *address)
{
    uint32_t ringing = 0;
    const pl_part *there = pl_invite_find(pool, conf, address);
    PL_LIST_EACH(node, &conf->parts)
    {
        ringing += PL_CONTAINER(node, pl_part, link)->row.state ==
                   PL_PART_STATE_RINGING;
    }
    if (pool->is_draining)
        return PL_EDRAIN;
    if (there)
        return there->row.state == PL_PART_STATE_RINGING ? PL_EBUSY : PL_EEXIST;
    return ringing >= pool->config->max_invitations ? PL_EFULL : PL_OK;
}

static void name_invited(pl_part *part, const char *address)
{
    const char *colon = strchr(address, ':');
    PL_SET(part->row.address, address);
    PL_SET(part->row.display_name, colon ? colon + 1 : address);
    part->row.display_name[strcspn(part->row.display_name, "@;")] = '\0';
}

static void fill_invited(pl_pool *pool, pl_part *part, const pl_part *host,
                         const char *address)
{
    char id[37];
    pool->port->new_id(pool->port->ctx, id);
    PL_SET(part->row.mod_id, id);
    PL_SET(part->row.invited_by, host->row.participant_id);
    name_invited(part, address);
    part->row.ring_until =
        pool->now.wall_ms + (int64_t)pool->config->ring_timeout_s * 1000;
    (void)pl_part_move(pool, part, PL_PART_STATE_RINGING);
    pl_invite_plan_timeout(pool, part);
}

pl_err pl_invite(pl_pool *pool, const pl_part *host, const pl_sess *host_sess,
                 const char *address, pl_part **ret_part)
{
    char user[PL_ADDRESS_MAX + 1];
    pl_part *part;
    (void)host_sess;
    user_of(pool, address, user, sizeof user);
    bool rings = has_session(pool, user);
    pl_err e = may_invite(pool, host->conf, address);
    if (!e && !rings && !is_dialable(address))
        e = PL_EINVAL;
    if (!e) {
        e = pl_part_add(pool, host->conf,
                        rings ? PL_PART_KIND_USER : PL_PART_KIND_TELEPHONE,
                        PL_PART_ROLE_GUEST, &part);
    }
    if (e)
        return e;
    fill_invited(pool, part, host, address);
    e = rings ? ring_user(pool, part, user) : pl_phone_dial(pool, part);
    if (e) {
        part->row.mod_id[0] = '\0'; /* the error is told by the reply */
        pl_part_leave(pool, part, pl_err_text(e));
        return e;
    }
    *ret_part = part;
    return PL_OK;
}

/* ---- the end of an invitation ---- */

void pl_invite_result(pl_pool *pool, pl_part *part, const char *reason)
{
    const pl_part *by = pl_part_find(pool, part->row.invited_by);
    pl_sess *host = by ? pl_session_find(pool, by->row.session_id) : NULL;
    pl_event_row row = {.kind = PL_EVENT_KIND_INVITE_RESULT};
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
    pl_invite_result(pool, part, "success");
}

void pl_invite_decline(pl_pool *pool, pl_leg *leg, const char *reason)
{
    pl_part *part = leg->part;
    pl_session_terminated(pool, leg->row.session_id, part, reason);
    pl_leg_drop(pool, leg);
    if (pl_list_is_empty(&part->legs))
        pl_part_leave(pool, part, reason);
}

void pl_invite_taken(pl_pool *pool, pl_part *part, const pl_leg *winner)
{
    PL_LIST_EACH_SAFE(node, &part->legs)
    {
        pl_leg *leg = PL_CONTAINER(node, pl_leg, link);
        if (leg == winner)
            continue;
        pl_session_terminated(pool, leg->row.session_id, part, CANCELED);
        pl_leg_drop(pool, leg);
    }
}
