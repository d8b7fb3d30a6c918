/* subscription_api.c - requests of the events API. */
#include <string.h>

#include "device/notify.h"
#include "device/subscription.h"
#include "outgoing.h"
#include "pl/str.h"

/* ---- what is answered ---- */

static void set_times(const pl_subscr_row *r, pl_subscription *m)
{
    if (r->expires_at > 0) {
        m->expires_ms = r->expires_at;
        PL_MSG_SET(SUBSCRIPTION, subscription, m, expires_ms);
    }
    if (r->asked_expires_at > 0) {
        m->asked_expires_ms = r->asked_expires_at;
        PL_MSG_SET(SUBSCRIPTION, subscription, m, asked_expires_ms);
    }
}

static void reply(pl_pool *pool, const pl_bus_ticket *ticket,
                  const pl_subscr *s)
{
    const pl_subscr_row *r = &s->row;
    pl_subscription m = {.api = r->api,
                         .types = r->types,
                         .status = r->status,
                         .starts_ms = r->starts_at};
    PL_SET(m.subscription_id, r->subscription_id);
    PL_SET(m.sink, r->sink);
    PL_SET(m.device_id, r->device_id);
    set_times(r, &m);
    if (r->registration_id[0]) {
        PL_SET(m.registration_id, r->registration_id);
        PL_MSG_SET(SUBSCRIPTION, subscription, &m, registration_id);
    }
    if (r->max_events > 0) {
        m.max_events = r->max_events;
        PL_MSG_SET(SUBSCRIPTION, subscription, &m, max_events);
    }
    if (r->initial_event > 0) {
        m.initial_event = r->initial_event == 2;
        PL_MSG_SET(SUBSCRIPTION, subscription, &m, initial_event);
    }
    pl_pool_reply(pool, ticket, &PL_MSG_SUBSCRIPTION, &m);
}

/* ---- making ---- */

static bool is_same(const pl_subscr *s, const pl_subscr_row *row)
{
    return pl_subscr_is_active(s) && (s->row.types & row->types) != 0 &&
           strcmp(s->row.device_id, row->device_id) == 0 &&
           strcmp(s->row.sink, row->sink) == 0;
}

static bool is_there(const pl_pool *pool, const pl_subscr_row *row)
{
    const pl_subscr_group *g =
        pl_subscrs_of_owner(pool, row->client_id, row->subject);
    if (!g || !pool->config->subscription_unique)
        return false;
    PL_LIST_EACH(node, &g->list)
    {
        if (is_same(PL_CONTAINER(node, pl_subscr, owner_link), row))
            return true;
    }
    return false;
}

/* One of this owner that is over, the oldest, is forgotten for a new one. */
static bool make_room(pl_pool *pool, const pl_subscr_group *g)
{
    pl_subscr *oldest = NULL;
    PL_LIST_EACH(node, &g->list)
    {
        pl_subscr *s = PL_CONTAINER(node, pl_subscr, owner_link);
        if (!pl_subscr_is_active(s) &&
            (!oldest || s->row.ended_at < oldest->row.ended_at))
            oldest = s;
    }
    if (oldest)
        pl_subscr_forget(pool, oldest);
    return oldest != NULL;
}

static bool has_room(pl_pool *pool, const pl_subscr_row *row)
{
    const pl_subscr_group *g =
        pl_subscrs_of_owner(pool, row->client_id, row->subject);
    return !g || g->n < pool->config->subscription_max_per_owner ||
           make_room(pool, g);
}

/* False: refused. asked: 0 nothing was asked. */
static bool set_expiry(pl_pool *pool, const pl_bus_ticket *ticket,
                       pl_subscr_row *row, int64_t asked)
{
    int64_t now_ms = pool->now.wall_ms;
    int64_t most = now_ms + (int64_t)pool->config->subscription_max_s * 1000;
    if (asked > 0 && asked <= now_ms) {
        pl_device_refuse(pool, ticket, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                         "subscriptionExpireTime is in the past.");
        return false;
    }
    row->asked_expires_at = asked;
    row->expires_at = asked > 0 && asked < most ? asked : most;
    return true;
}

static bool may_make(pl_pool *pool, const pl_bus_ticket *ticket,
                     const pl_subscr_row *row)
{
    static const char https[] = "https://";
    size_t n = pl_map_count(pool->subscrs->ids);
    if (!pl_outgoing_is_url(row->sink) ||
        strncmp(row->sink, https, sizeof https - 1) != 0) {
        pl_device_refuse(pool, ticket, PL_DEVICE_FAULT_INVALID_SINK,
                         "The sink is no https URL.");
    } else if (is_there(pool, row)) {
        pl_device_refuse(pool, ticket, PL_DEVICE_FAULT_ALREADY_EXISTS,
                         "There is such a subscription already.");
    } else if (!has_room(pool, row)) {
        pl_device_refuse(pool, ticket, PL_DEVICE_FAULT_QUOTA_EXCEEDED,
                         "There are too many subscriptions of this consumer.");
    } else if (n >= pool->config->subscription_max) {
        enum { LATER_S = 60 };
        pl_device_refuse_later(pool, ticket, PL_DEVICE_FAULT_TOO_MANY_REQUESTS,
                               "There are too many subscriptions.", LATER_S);
    } else {
        return true;
    }
    return false;
}

static void read_row(pl_pool *pool, const pl_subscription_create *m,
                     pl_subscr_row *row)
{
    pl_owner owner = PL_OWNER_OF(m);
    *row = (pl_subscr_row){
        .api = pl_notify_api_of(m->api),
        .types = m->types,
        .access_token = pl_slice_str(m->access_token),
        .token_expires_at = m->token_expires_ms,
        .status = PL_SUBSCRIPTION_STATUS_ACTIVE,
        .starts_at = pool->now.wall_ms,
        .max_events = m->max_events,
    };
    if (row->api == PL_NOTIFY_API_UNKNOWN)
        row->api = PL_NOTIFY_API_SUBSCRIPTIONS;
    if (PL_MSG_HAS(SUBSCRIPTION_CREATE, subscription_create, m, initial_event))
        row->initial_event = m->initial_event ? 2 : 1;
    pool->port->new_id(pool->port->ctx, row->subscription_id);
    PL_SET(row->client_id, owner.client_id);
    PL_SET(row->subject, pl_owner_subject(&owner));
    PL_SET(row->device_id, m->device_id);
    PL_SET(row->sink, m->sink);
    PL_SET(row->registration_id, m->registration_id);
}

void pl_on_subscription_create(pl_pool *pool, const pl_bus_in *in)
{
    const pl_subscription_create *m = in->body;
    pl_subscr_row row;
    pl_subscr *s;
    read_row(pool, m, &row);
    if (!set_expiry(pool, &in->ticket, &row, m->expires_ms) ||
        !may_make(pool, &in->ticket, &row))
        return;
    if (pl_subscr_add(pool, &row, &s)) {
        pl_pool_refuse(pool, &in->ticket, PL_ENOMEM, NULL);
        return;
    }
    pl_subscr_save(pool, s);
    pl_pool_count(pool, PL_RM_subscriptions_made);
    pl_notify_hold(pool, s->row.subscription_id);
    reply(pool, &in->ticket, s);
    pl_subscr_plan_clock(pool, s);
}

/* ---- one that is named ---- */

/* NULL: refused already. */
static pl_subscr *find(pl_pool *pool, const pl_bus_ticket *ticket,
                       const pl_owner *owner, const char *id)
{
    pl_subscr *s = pl_subscr_find(pool, id);
    if (s && pl_subscr_is_shown(pool, s) &&
        pl_owner_sees(owner, s->row.client_id, s->row.subject, ""))
        return s;
    pl_device_refuse(pool, ticket, PL_DEVICE_FAULT_NOT_FOUND,
                     "There is no such subscription.");
    return NULL;
}

void pl_on_subscription_get(pl_pool *pool, const pl_bus_in *in)
{
    const pl_subscription_get *m = in->body;
    const pl_subscr *s =
        find(pool, &in->ticket, &PL_OWNER_OF(m), m->subscription_id);
    if (s)
        reply(pool, &in->ticket, s);
}

void pl_on_subscription_next(pl_pool *pool, const pl_bus_in *in)
{
    const pl_subscription_next *m = in->body;
    pl_owner owner = PL_OWNER_OF(m);
    const pl_subscr_group *g =
        pl_subscrs_of_owner(pool, owner.client_id, pl_owner_subject(&owner));
    const pl_subscr *next = NULL;
    if (g) {
        PL_LIST_EACH(node, &g->list)
        {
            const pl_subscr *s = PL_CONTAINER(node, pl_subscr, owner_link);
            const char *id = s->row.subscription_id;
            if (pl_subscr_is_shown(pool, s) && strcmp(id, m->after_id) > 0 &&
                (!next || strcmp(id, next->row.subscription_id) < 0))
                next = s;
        }
    }
    if (next) {
        reply(pool, &in->ticket, next);
    } else {
        pl_pool_refuse(pool, &in->ticket, PL_ENOENT, NULL);
    }
}

/* ---- changing ---- */

static bool may_change(pl_pool *pool, const pl_bus_ticket *ticket,
                       const pl_subscr *s, bool changes)
{
    if (!pl_subscr_is_active(s)) {
        pl_device_refuse(pool, ticket, PL_DEVICE_FAULT_SERVICE_NOT_APPLICABLE,
                         "The subscription is over.");
        return false;
    }
    if (!changes) {
        pl_device_refuse(pool, ticket, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                         "There is nothing to change.");
    }
    return changes;
}

void pl_on_subscription_change(pl_pool *pool, const pl_bus_in *in)
{
    const pl_subscription_change *m = in->body;
    bool has_token =
        PL_MSG_HAS(SUBSCRIPTION_CHANGE, subscription_change, m, access_token);
    bool has_expiry =
        PL_MSG_HAS(SUBSCRIPTION_CHANGE, subscription_change, m, expires_ms);
    pl_subscr *s = find(pool, &in->ticket, &PL_OWNER_OF(m), m->subscription_id);
    if (!s || !may_change(pool, &in->ticket, s, has_token || has_expiry) ||
        (has_expiry && !set_expiry(pool, &in->ticket, &s->row, m->expires_ms)))
        return;
    if (has_token) {
        if (pl_subscr_set_token(s, pl_slice_str(m->access_token)))
            pl_pool_fail(pool, PL_ENOMEM);
        s->row.token_expires_at = m->token_expires_ms;
        s->row.next_at = s->delay_ms = 0; /* it may be what was missing */
    }
    pl_subscr_save(pool, s);
    reply(pool, &in->ticket, s);
    pl_subscr_plan_clock(pool, s);
    pl_notify_plan(pool, s);
}

void pl_on_subscription_delete(pl_pool *pool, const pl_bus_in *in)
{
    static const pl_subscr_end end = {
        .status = PL_SUBSCRIPTION_STATUS_DELETED,
        .reason = "SUBSCRIPTION_DELETED",
        .text = "The subscription was deleted.",
        .drops = true,
    };
    const pl_subscription_delete *m = in->body;
    pl_subscr *s = find(pool, &in->ticket, &PL_OWNER_OF(m), m->subscription_id);
    if (!s)
        return;
    pl_pool_ok(pool, &in->ticket);
    pl_subscr_finish(pool, s, &end);
}
