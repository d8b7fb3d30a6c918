/* notify.c - events written for who wants them; what they wait for. */
#include "device/notify.h"

#include <stdlib.h>
#include <string.h>

#include "device/registration.h"
#include "device/subscription.h"
#include "pl/json.h"
#include "pl/str.h"

enum {
    DATA_MAX = 262144 - 2048, /* a fetch with its envelope */
    HOLDS_MAX = 10000,
    HOLD_MS = 1000
};

/* ---- a queue ---- */

static void count_waiting(pl_pool *pool, pl_subscr *s, int more, size_t bytes)
{
    s->n_events += (unsigned)more;
    pool->subscrs->n_bytes += more > 0 ? bytes : (size_t)0 - bytes;
    pool->subscrs->n_events += (unsigned)more;
    pl_metrics_set(pool->metrics, PL_RM_notify_waiting,
                   pool->subscrs->n_events);
}

static void free_notif(pl_notif *n)
{
    pl_list_remove(&n->link);
    free((void *)(uintptr_t)n->row.data.ptr);
    free(n);
}

void pl_notifs_free(pl_subscr *s)
{
    PL_LIST_EACH_SAFE(node, &s->events)
    {
        free_notif(PL_CONTAINER(node, pl_notif, link));
    }
}

static pl_err append(pl_pool *pool, pl_subscr *s, const pl_notif_row *row)
{
    pl_notif *n = calloc(1, sizeof *n);
    uint8_t *data = malloc(row->data.len + 1);
    if (!n || !data) {
        free(n);
        free(data);
        return PL_ENOMEM;
    }
    n->row = *row;
    memcpy(data, row->data.ptr, row->data.len);
    n->row.data.ptr = data;
    pl_list_append(&s->events, &n->link);
    count_waiting(pool, s, 1, row->data.len);
    return PL_OK;
}

pl_notif *pl_notif_first(const pl_subscr *s)
{
    return pl_list_is_empty(&s->events)
               ? NULL
               : PL_CONTAINER(s->events.next, pl_notif, link);
}

void pl_notif_remove(pl_pool *pool, pl_subscr *s, pl_notif *n)
{
    pl_pool_del(pool, &PL_TABLE_NOTIF, &n->row);
    count_waiting(pool, s, -1, n->row.data.len);
    free_notif(n);
}

static bool is_under_way(const pl_subscr *s, const pl_notif *n)
{
    return s->is_flying && n->row.seq == s->flying_seq;
}

void pl_notif_drop_all(pl_pool *pool, pl_subscr *s)
{
    PL_LIST_EACH_SAFE(node, &s->events)
    {
        pl_notif *n = PL_CONTAINER(node, pl_notif, link);
        if (!is_under_way(s, n))
            pl_notif_remove(pool, s, n);
    }
}

/* The oldest is lost that says least: not a last one, as long as there is
 * another. */
static void make_room(pl_pool *pool, pl_subscr *s)
{
    pl_notif *victim = NULL;
    if (s->n_events < pool->config->notify_queue)
        return;
    PL_LIST_EACH(node, &s->events)
    {
        pl_notif *n = PL_CONTAINER(node, pl_notif, link);
        if (is_under_way(s, n))
            continue;
        if (!victim || !n->row.is_final)
            victim = n;
        if (!n->row.is_final)
            break;
    }
    if (!victim)
        return;
    pl_pool_count(pool, PL_RM_notify_dropped);
    pl_notif_remove(pool, s, victim);
}

static bool has_bytes(const pl_pool *pool, size_t more)
{
    return pool->subscrs->n_bytes + more <=
           (size_t)pool->config->notify_kib * 1024;
}

void pl_notif_add(pl_pool *pool, pl_subscr *s, const pl_notif_new *n)
{
    pl_notif_row row = {.seq = ++s->row.last_seq,
                        .type = n->type,
                        .at = pool->now.wall_ms,
                        .is_final = n->is_final,
                        .data = n->data};
    if (!n->is_final && !has_bytes(pool, n->data.len)) {
        pl_pool_count(pool, PL_RM_notify_dropped);
        return;
    }
    make_room(pool, s);
    PL_SET(row.subscription_id, s->row.subscription_id);
    PL_SET(row.media_session_id, n->media_session_id);
    pool->port->new_id(pool->port->ctx, row.event_id);
    pl_pool_put(pool, &PL_TABLE_NOTIF, &row);
    pl_pool_count(pool, PL_RM_notify_events);
    if (append(pool, s, &row))
        pl_pool_fail(pool, PL_ENOMEM);
    pl_notify_plan(pool, s);
}

pl_err pl_notif_load(pl_pool *pool, const pl_notif_row *row)
{
    pl_subscr *s = pl_subscr_find(pool, row->subscription_id);
    if (!s)
        return PL_EPROTO;
    if (s->row.last_seq < row->seq)
        s->row.last_seq = row->seq;
    return append(pool, s, row);
}

/* ---- what is told to whom ---- */

/* Of the same client, device and, where both have one, subject. */
static bool wants(const pl_subscr *s, const pl_reg *reg, uint32_t type)
{
    const pl_subscr_row *r = &s->row;
    return pl_subscr_is_active(s) && (r->types & (1U << (type - 1))) != 0 &&
           strcmp(r->client_id, reg->row.client_id) == 0 &&
           (!r->subject[0] || !reg->row.subject[0] ||
            strcmp(r->subject, reg->row.subject) == 0);
}

bool pl_notify_has(const pl_pool *pool, const pl_reg *reg, uint32_t type)
{
    const pl_subscr_group *g = pl_subscrs_of_device(pool, reg->row.device_id);
    if (!g)
        return false;
    PL_LIST_EACH(node, &g->list)
    {
        if (wants(PL_CONTAINER(node, pl_subscr, device_link), reg, type))
            return true;
    }
    return false;
}

static bool is_final_status(pl_slice data)
{
    static const unsigned final =
        1U << PL_MEDIA_STATUS_TERMINATED |
        1U << PL_MEDIA_STATUS_SESSION_CANCELLED |
        1U << PL_MEDIA_STATUS_DECLINED | 1U << PL_MEDIA_STATUS_FAILED |
        1U << PL_MEDIA_STATUS_NO_ANSWER | 1U << PL_MEDIA_STATUS_NOT_REACHABLE |
        1U << PL_MEDIA_STATUS_BUSY;
    pl_json *json = NULL;
    pl_slice text;
    char status[32] = "";
    if (pl_json_parse(data, &json) == PL_OK &&
        (pl_json_get_str(json, "status", &text) ||
         pl_copy(status, sizeof status, text)))
        status[0] = '\0';
    pl_json_free(&json);
    return (1U << pl_media_status_find(status) & final) != 0;
}

/* {..} with subscriptionId in front. */
static bool with_id(const pl_subscr *s, pl_slice data, pl_buf *out)
{
    const char *text = (const char *)data.ptr;
    if (data.len < 2 || text[0] != '{' || text[data.len - 1] != '}')
        return false;
    pl_buf_add_fmt(out, "{\"subscriptionId\":\"%s\"", s->row.subscription_id);
    if (data.len > 2)
        pl_buf_add_str(out, ",");
    pl_buf_add(out, text + 1, data.len - 1);
    return !out->has_failed;
}

/* The call is over: nobody need take it any more. */
static void withdraw_invitation(pl_pool *pool, pl_subscr *s, const char *id)
{
    PL_LIST_EACH_SAFE(node, &s->events)
    {
        pl_notif *n = PL_CONTAINER(node, pl_notif, link);
        if (n->row.type == PL_NOTIFY_TYPE_SESSION_INVITATION &&
            strcmp(n->row.media_session_id, id) == 0 && !is_under_way(s, n)) {
            pl_pool_count(pool, PL_RM_notify_old);
            pl_notif_remove(pool, s, n);
        }
    }
}

static void tell(pl_pool *pool, pl_subscr *s, const pl_notif_new *n)
{
    pl_buf data;
    pl_buf_init(&data, DATA_MAX);
    if (with_id(s, n->data, &data)) {
        pl_notif_new mine = *n;
        mine.data = pl_buf_slice(&data);
        if (n->type == PL_NOTIFY_TYPE_SESSION_STATUS && n->is_final)
            withdraw_invitation(pool, s, n->media_session_id);
        pl_notif_add(pool, s, &mine);
    } else {
        pl_pool_count(pool, PL_RM_notify_dropped);
        pl_pool_note(pool, PL_LOG_ERROR, "notification_lost", NULL, NULL,
                     s->row.subscription_id);
    }
    pl_buf_fini(&data);
}

void pl_notify(pl_pool *pool, const pl_reg *reg, uint32_t type,
               const char *media_session_id, pl_slice data)
{
    const pl_subscr_group *g = pl_subscrs_of_device(pool, reg->row.device_id);
    if (!g || !pl_notify_has(pool, reg, type))
        return;
    pl_notif_new n = {.type = type,
                      .media_session_id = media_session_id,
                      .data = data,
                      .is_final =
                          type == PL_NOTIFY_TYPE_SESSION_STATUS
                              ? is_final_status(data)
                              : type == PL_NOTIFY_TYPE_REGISTRATION_ENDS};
    PL_LIST_EACH_SAFE(node, &g->list)
    {
        pl_subscr *s = PL_CONTAINER(node, pl_subscr, device_link);
        if (wants(s, reg, type))
            tell(pool, s, &n);
    }
}

/* ---- waiting for an answer to be out ---- */

static void release(pl_pool *pool, pl_hold *hold)
{
    (void)pl_map_remove(pool->subscrs->holds, hold->id);
    pl_pool_cancel(pool, &hold->end);
    while (!pl_list_is_empty(&hold->waiting)) {
        pl_subscr *s = PL_CONTAINER(hold->waiting.next, pl_subscr, hold_link);
        pl_list_remove(&s->hold_link);
        pl_notify_plan(pool, s);
    }
    free(hold);
}

static void hold_ends(void *ctx, void *object)
{
    pl_pool_count(ctx, PL_RM_notify_untold);
    release(ctx, object);
}

void pl_notify_hold(pl_pool *pool, const char *id)
{
    pl_map *holds = pool->subscrs->holds;
    pl_hold *hold = pl_map_find(holds, id);
    if (!hold && pl_map_count(holds) < HOLDS_MAX) {
        hold = calloc(1, sizeof *hold);
        if (hold && pl_map_put(holds, id, hold)) {
            free(hold);
            hold = NULL;
        }
        if (!hold) {
            pl_pool_fail(pool, PL_ENOMEM);
            return;
        }
        PL_SET(hold->id, id);
        pl_list_init(&hold->waiting);
    }
    if (hold)
        pl_pool_plan(pool, &hold->end, hold_ends, hold, PL_MS(HOLD_MS));
}

void pl_on_device_told(pl_pool *pool, const pl_bus_in *in)
{
    const pl_device_told *m = in->body;
    pl_hold *hold = pl_map_find(pool->subscrs->holds, m->id);
    if (hold)
        release(pool, hold);
}

bool pl_notify_waits(pl_pool *pool, pl_subscr *s)
{
    const pl_notif *n = pl_notif_first(s);
    pl_hold *hold = pl_map_find(pool->subscrs->holds, s->row.subscription_id);
    if (!hold && n && n->row.media_session_id[0])
        hold = pl_map_find(pool->subscrs->holds, n->row.media_session_id);
    pl_list_remove(&s->hold_link);
    if (hold)
        pl_list_append(&hold->waiting, &s->hold_link);
    return hold != NULL;
}

void pl_holds_free(pl_subscrs *subscrs)
{
    size_t cursor = 0;
    pl_hold *hold;
    while ((hold = pl_map_next(subscrs->holds, &cursor, NULL)) != NULL) {
        while (!pl_list_is_empty(&hold->waiting))
            pl_list_remove(hold->waiting.next);
        free(hold);
    }
}
