/* subscription.c - subscriptions and their ends. */
#include "device/subscription.h"

#include <stdlib.h>
#include <string.h>

#include "pl/json.h"
#include "pl/str.h"

enum { HOUR_MS = 3600000, OWNER_MAX = 512 };

/* ---- finding ---- */

pl_subscr *pl_subscr_find(const pl_pool *pool, const char *id)
{
    return pl_map_find(pool->subscrs->ids, id);
}

const pl_subscr_group *pl_subscrs_of_device(const pl_pool *pool,
                                            const char *device_id)
{
    return pl_map_find(pool->subscrs->devices, device_id);
}

static void owner_key(char key[OWNER_MAX], const char *client_id,
                      const char *subject)
{
    pl_fmt_cut(key, OWNER_MAX, "%s\n%s", client_id, subject);
}

const pl_subscr_group *pl_subscrs_of_owner(const pl_pool *pool,
                                           const char *client_id,
                                           const char *subject)
{
    char key[OWNER_MAX];
    owner_key(key, client_id, subject);
    return pl_map_find(pool->subscrs->owners, key);
}

bool pl_subscr_is_active(const pl_subscr *s)
{
    return s->row.status == PL_SUBSCRIPTION_STATUS_ACTIVE;
}

static int64_t keep_ms(const pl_pool *pool)
{
    return (int64_t)pool->config->subscription_keep_s * 1000;
}

bool pl_subscr_is_shown(const pl_pool *pool, const pl_subscr *s)
{
    return pl_subscr_is_active(s) ||
           (s->row.status == PL_SUBSCRIPTION_STATUS_EXPIRED &&
            pool->now.wall_ms < s->row.ended_at + keep_ms(pool));
}

void pl_subscr_save(pl_pool *pool, const pl_subscr *s)
{
    pl_pool_put(pool, &PL_TABLE_SUBSCR, &s->row);
}

/* ---- objects ---- */

static pl_err join_group(pl_map *groups, const char *key, pl_list *link)
{
    pl_subscr_group *g = pl_map_find(groups, key);
    if (!g) {
        g = calloc(1, sizeof *g);
        pl_err e = g ? pl_map_put(groups, key, g) : PL_ENOMEM;
        if (e) {
            free(g);
            return e;
        }
        pl_list_init(&g->list);
    }
    pl_list_append(&g->list, link);
    g->n++;
    return PL_OK;
}

static void leave_group(pl_map *groups, const char *key, pl_list *link)
{
    pl_subscr_group *g = link->next ? pl_map_find(groups, key) : NULL;
    pl_list_remove(link);
    if (g && --g->n == 0)
        free(pl_map_remove(groups, key));
}

static void wipe_token(pl_subscr *s)
{
    char *token = (char *)(uintptr_t)s->row.access_token.ptr;
    if (token)
        pl_wipe(token, s->row.access_token.len);
    free(token);
    s->row.access_token = (pl_slice){NULL, 0};
}

pl_err pl_subscr_set_token(pl_subscr *s, pl_slice token)
{
    uint8_t *copy = malloc(token.len + 1);
    if (!copy)
        return PL_ENOMEM;
    if (token.len > 0)
        memcpy(copy, token.ptr, token.len);
    wipe_token(s);
    s->row.access_token = (pl_slice){copy, token.len};
    s->n_tokens++;
    return PL_OK;
}

/* Out of every list and map; what waits for it is gone already. */
static void free_subscr(pl_subscrs *all, pl_subscr *s)
{
    char key[OWNER_MAX];
    owner_key(key, s->row.client_id, s->row.subject);
    leave_group(all->owners, key, &s->owner_link);
    leave_group(all->devices, s->row.device_id, &s->device_link);
    pl_list_remove(&s->hold_link);
    pl_list_remove(&s->turn_link);
    (void)pl_map_remove(all->ids, s->row.subscription_id);
    wipe_token(s);
    free(s);
}

pl_err pl_subscr_add(pl_pool *pool, const pl_subscr_row *row,
                     pl_subscr **ret_subscr)
{
    pl_subscrs *all = pool->subscrs;
    char key[OWNER_MAX];
    pl_subscr *s = calloc(1, sizeof *s);
    if (!s)
        return PL_ENOMEM;
    s->row = *row;
    s->row.access_token = (pl_slice){NULL, 0};
    pl_list_init(&s->events);
    pl_err e = pl_map_put(all->ids, row->subscription_id, s);
    if (e) {
        free(s);
        return e;
    }
    owner_key(key, row->client_id, row->subject);
    e = pl_subscr_set_token(s, row->access_token);
    if (!e)
        e = join_group(all->devices, row->device_id, &s->device_link);
    if (!e)
        e = join_group(all->owners, key, &s->owner_link);
    if (e) {
        free_subscr(all, s);
        return e;
    }
    all->n_active += pl_subscr_is_active(s);
    *ret_subscr = s;
    return PL_OK;
}

void pl_subscr_forget(pl_pool *pool, pl_subscr *s)
{
    s->is_flying = false; /* its answer finds nobody */
    pl_notif_drop_all(pool, s);
    pl_pool_cancel(pool, &s->due);
    pl_pool_cancel(pool, &s->clock);
    pool->subscrs->n_active -= pl_subscr_is_active(s);
    pl_pool_del(pool, &PL_TABLE_SUBSCR, &s->row);
    free_subscr(pool->subscrs, s);
}

bool pl_subscr_rest(pl_pool *pool, pl_subscr *s)
{
    if (pl_subscr_is_active(s) || s->n_events > 0)
        return false;
    if (!pl_subscr_is_shown(pool, s)) {
        pl_subscr_forget(pool, s);
        return true;
    }
    if (s->row.access_token.len > 0) { /* of no use any more */
        if (pl_subscr_set_token(s, pl_slice_str("")))
            pl_pool_fail(pool, PL_ENOMEM);
        pl_subscr_save(pool, s);
    }
    return false;
}

/* ---- its end ---- */

static void write_ended(const pl_subscr *s, const pl_subscr_end *end,
                        pl_buf *out)
{
    pl_jw w = {.out = out};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "subscriptionId", s->row.subscription_id);
    pl_jw_str(&w, "terminationReason", end->reason);
    pl_jw_str(&w, "terminationDescription", end->text);
    pl_jw_close(&w, '}');
}

static void say_ended(pl_pool *pool, pl_subscr *s, const pl_subscr_end *end)
{
    enum { DATA_MAX = 1024 };
    pl_buf data;
    pl_buf_init(&data, DATA_MAX);
    write_ended(s, end, &data);
    if (data.has_failed) {
        pl_pool_fail(pool, PL_ENOMEM);
    } else {
        pl_notif_add(pool, s,
                     &(pl_notif_new){.type = PL_NOTIFY_TYPE_SUBSCRIPTION_ENDED,
                                     .is_final = true,
                                     .media_session_id = "",
                                     .data = pl_buf_slice(&data)});
    }
    pl_buf_fini(&data);
}

void pl_subscr_finish(pl_pool *pool, pl_subscr *s, const pl_subscr_end *end)
{
    bool was_active = pl_subscr_is_active(s);
    s->row.status = end->status;
    PL_SET(s->row.end_reason, end->reason ? end->reason : end->text);
    if (end->drops)
        pl_notif_drop_all(pool, s);
    if (was_active) {
        char text[PL_ID_MAX * 2];
        s->row.ended_at = pool->now.wall_ms;
        pool->subscrs->n_active--;
        pl_pool_count(pool, PL_RM_subscriptions_ended);
        pl_fmt_cut(text, sizeof text, "%s: %s", s->row.subscription_id,
                   s->row.end_reason);
        pl_pool_note(pool, PL_LOG_INFO, "subscription_ended", NULL, NULL, text);
    }
    pl_subscr_save(pool, s);
    if (was_active && end->reason)
        say_ended(pool, s, end);
    pl_subscr_plan_clock(pool, s);
    pl_notify_plan(pool, s);
}

/* ---- when ---- */

/* When its clock ends it, and why; 0: never. */
static int64_t deadline(const pl_pool *pool, const pl_subscr *s,
                        pl_subscr_end *end)
{
    int64_t margin_ms = (int64_t)pool->config->subscription_margin_s * 1000;
    int64_t expiry = s->row.expires_at;
    int64_t token_ends =
        s->row.token_expires_at > 0 ? s->row.token_expires_at - margin_ms : 0;
    *end = (pl_subscr_end){.status = PL_SUBSCRIPTION_STATUS_EXPIRED};
    if (s->row.token_expires_at == 0 || (expiry > 0 && expiry <= token_ends)) {
        end->reason = "SUBSCRIPTION_EXPIRED";
        end->text = "The subscription reached expiresAt.";
        return expiry;
    }
    end->reason = "ACCESS_TOKEN_EXPIRED";
    end->text = "The access token for the sink expires.";
    return token_ends > 0 ? token_ends : 1;
}

static void clock_runs(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_subscr *s = object;
    pl_subscr_end end;
    if (!pl_subscr_is_active(s)) {
        if (!pl_subscr_rest(pool, s))
            pl_subscr_plan_clock(pool, s);
        return;
    }
    int64_t at = deadline(pool, s, &end);
    if (at == 0 || pool->now.wall_ms < at) {
        pl_subscr_plan_clock(pool, s);
    } else {
        pl_subscr_finish(pool, s, &end);
    }
}

/* Not longer than an hour: the clock on the wall may be set. */
void pl_subscr_plan_clock(pl_pool *pool, pl_subscr *s)
{
    pl_subscr_end end;
    int64_t at = s->row.ended_at + keep_ms(pool);
    if (pl_subscr_is_active(s)) {
        at = deadline(pool, s, &end);
    } else if (!pl_subscr_is_shown(pool, s)) {
        at = 0; /* forgotten as soon as nothing waits */
    }
    int64_t wait_ms = at - pool->now.wall_ms;
    if (at == 0) {
        pl_pool_cancel(pool, &s->clock);
        return;
    }
    pl_pool_plan(pool, &s->clock, clock_runs, s,
                 PL_MS(wait_ms < HOUR_MS ? wait_ms : HOUR_MS));
}

/* ---- life of all ---- */

pl_err pl_subscrs_create(pl_subscrs **ret_subscrs)
{
    pl_subscrs *all = calloc(1, sizeof *all);
    if (!all)
        return PL_ENOMEM;
    pl_list_init(&all->turns[0]);
    pl_list_init(&all->turns[1]);
    pl_map **maps[] = {&all->ids, &all->devices, &all->owners, &all->holds};
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        pl_err e = pl_map_create(maps[i]);
        if (e) {
            pl_subscrs_destroy(&all);
            return e;
        }
    }
    *ret_subscrs = all;
    return PL_OK;
}

void pl_subscrs_destroy(pl_subscrs **subscrs)
{
    if (!subscrs || !*subscrs)
        return;
    pl_subscrs *all = *subscrs;
    size_t cursor = 0;
    pl_subscr *s;
    if (all->ids && all->devices && all->owners && all->holds) {
        pl_holds_free(all);
        while ((s = pl_map_next(all->ids, &cursor, NULL)) != NULL) {
            pl_notifs_free(s);
            free_subscr(all, s);
        }
    }
    pl_map_destroy(&all->ids);
    pl_map_destroy(&all->devices);
    pl_map_destroy(&all->owners);
    pl_map_destroy(&all->holds);
    free(all);
    *subscrs = NULL;
}

pl_err pl_subscr_load(pl_pool *pool, const pl_subscr_row *row)
{
    pl_subscr *s;
    return pl_subscr_add(pool, row, &s);
}

void pl_subscrs_resume(pl_pool *pool)
{
    size_t cursor = 0;
    pl_subscr *s;
    while ((s = pl_map_next(pool->subscrs->ids, &cursor, NULL)) != NULL) {
        pl_subscr_plan_clock(pool, s);
        pl_notify_plan(pool, s);
    }
}

/* ---- what must always hold ---- */

static const char *queue_breach(const pl_subscr *s)
{
    uint64_t seq = 0;
    unsigned n = 0;
    PL_LIST_EACH(node, &s->events)
    {
        const pl_notif *ev = PL_CONTAINER(node, pl_notif, link);
        if (ev->row.seq <= seq)
            return "events of a subscription are out of order";
        if (n == 0 && s->is_flying && ev->row.seq != s->flying_seq)
            return "an event is overtaken";
        seq = ev->row.seq;
        n++;
    }
    if (n != s->n_events)
        return "what waits for a subscription is miscounted";
    return seq > s->row.last_seq ? "an event has a number from nowhere" : NULL;
}

static const char *subscr_breach(const pl_pool *pool, const pl_subscr *s)
{
    pl_subscr_end end;
    const char *breach = queue_breach(s);
    if (breach)
        return breach;
    if (pl_subscr_is_active(s) == (s->row.ended_at != 0))
        return "a subscription is over and is not";
    if (s->n_events > 0 && !s->is_flying && s->due.at == 0 &&
        !s->hold_link.next && !s->turn_link.next)
        return "events of a device wait for nothing";
    if (s->n_events == 0 && !pl_subscr_is_active(s) &&
        s->row.status == PL_SUBSCRIPTION_STATUS_DELETED)
        return "a subscription that was deleted is kept";
    if (s->clock.at == 0 &&
        (pl_subscr_is_active(s) ? deadline(pool, s, &end) != 0
                                : pl_subscr_is_shown(pool, s)))
        return "a subscription stays for ever";
    return NULL;
}

const char *pl_subscrs_breach(const pl_pool *pool)
{
    size_t cursor = 0;
    unsigned n_active = 0;
    unsigned n_events = 0;
    unsigned n_flying = 0;
    const pl_subscr *s;
    while ((s = pl_map_next(pool->subscrs->ids, &cursor, NULL)) != NULL) {
        const char *breach = subscr_breach(pool, s);
        if (breach)
            return breach;
        n_active += pl_subscr_is_active(s);
        n_events += s->n_events;
        n_flying += s->is_flying;
    }
    if (n_flying > pool->subscrs->n_flying[0] + pool->subscrs->n_flying[1])
        return "requests to sinks are miscounted";
    return n_active == pool->subscrs->n_active &&
                   n_events == pool->subscrs->n_events
               ? NULL
               : "subscriptions are miscounted";
}
