/* notify_send.c - events as CloudEvents to their sinks, one at a time. */
#include <string.h>

#include "device/relay.h"
#include "device/subscription.h"
#include "outgoing.h"
#include "pl/json.h"
#include "pl/str.h"

enum { BODY_MAX = 262144, CROWDED_MS = 100 };

static int64_t retry_max_ms(const pl_pool *pool)
{
    return (int64_t)pool->config->notify_retry_max_s * 1000;
}

static int64_t final_ms(const pl_pool *pool)
{
    return (int64_t)pool->config->notify_final_s * 1000;
}

/* ---- what is of no use any more ---- */

static bool is_call_over(const pl_subscr *s, const pl_notif *invitation)
{
    PL_LIST_EACH(node, &s->events)
    {
        const pl_notif_row *r = &PL_CONTAINER(node, pl_notif, link)->row;
        if (r->type == PL_NOTIFY_TYPE_SESSION_STATUS && r->is_final &&
            strcmp(r->media_session_id, invitation->row.media_session_id) == 0)
            return true;
    }
    return false;
}

/* Except for invitations, what was never tried is not too old: it may be our
 * own absence that made it old. */
static bool is_useless(const pl_pool *pool, const pl_subscr *s,
                       const pl_notif *n)
{
    int64_t age_ms = pool->now.wall_ms - n->row.at;
    int64_t session_ms = (int64_t)pool->config->notify_session_s * 1000;
    bool is_failing = s->row.failing_since != 0;
    switch (n->row.type) {
    case PL_NOTIFY_TYPE_SESSION_INVITATION:
        return age_ms >= session_ms || is_call_over(s, n);
    case PL_NOTIFY_TYPE_SESSION_STATUS:
        return is_failing && age_ms >= session_ms;
    default: return is_failing && age_ms >= final_ms(pool);
    }
}

static void drop_useless(pl_pool *pool, pl_subscr *s)
{
    pl_notif *n;
    while ((n = pl_notif_first(s)) != NULL && is_useless(pool, s, n)) {
        pl_pool_count(pool, PL_RM_notify_old);
        pl_notif_remove(pool, s, n);
    }
}

/* ---- what is sent ---- */

static void write_source(const pl_pool *pool, char *buf, size_t cap)
{
    const char *given = pool->config->notify_source;
    if (given[0]) {
        pl_fmt_cut(buf, cap, "%s", given);
    } else {
        pl_fmt_cut(buf, cap, "https://%s/webrtc-events",
                   pool->config->sink_node);
    }
}

static void write_type(const pl_subscr *s, const pl_notif_row *row, char *buf,
                       size_t cap)
{
    pl_fmt_cut(buf, cap, "org.camaraproject.%s.v0.%s",
               pl_notify_api_text(s->row.api), pl_notify_type_text(row->type));
}

/* Source: CloudEvents 1.0, JSON format, structured mode. */
static void write_event(const pl_pool *pool, const pl_subscr *s,
                        const pl_notif_row *row, pl_buf *out)
{
    char text[512];
    pl_jw w = {.out = out};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "id", row->event_id);
    write_source(pool, text, sizeof text);
    pl_jw_str(&w, "source", text);
    pl_jw_str(&w, "specversion", "1.0");
    write_type(s, row, text, sizeof text);
    pl_jw_str(&w, "type", text);
    pl_time_text(row->at, text);
    pl_jw_str(&w, "time", text);
    pl_jw_str(&w, "datacontenttype", "application/json");
    pl_jw_raw(&w, "data", row->data);
    pl_jw_close(&w, '}');
}

static void post(pl_pool *pool, const pl_subscr *s, pl_slice body, pl_op *op)
{
    pl_fetch m = {.method = PL_FETCH_METHOD_POST,
                  .timeout_ms = pool->config->notify_timeout_ms,
                  .connect_ms = pool->config->notify_connect_ms,
                  .body = body};
    PL_SET(m.url, s->row.sink);
    PL_SET(m.content_type, "application/cloudevents+json");
    pool->port->new_id(pool->port->ctx, m.correlator);
    PL_MSG_SET(FETCH, fetch, &m, connect_ms);
    PL_MSG_SET(FETCH, fetch, &m, body);
    PL_MSG_SET(FETCH, fetch, &m, content_type);
    PL_MSG_SET(FETCH, fetch, &m, correlator);
    if (s->row.access_token.len > 0 &&
        !pl_copy(m.secret, sizeof m.secret, s->row.access_token)) {
        m.auth = PL_FETCH_AUTH_BEARER;
        PL_MSG_SET(FETCH, fetch, &m, auth);
        PL_MSG_SET(FETCH, fetch, &m, secret);
    }
    pl_outgoing_fetch(pool, &m, op);
    pl_wipe(m.secret, sizeof m.secret);
}

/* ---- whose turn it is ---- */

static unsigned kind_of(const pl_subscr *s)
{
    return s->row.failing_since != 0;
}

static bool has_turn(const pl_pool *pool, unsigned kind)
{
    const unsigned *n = pool->subscrs->n_flying;
    unsigned most = pool->config->notify_parallel;
    return n[0] + n[1] < most && (kind == 0 || n[1] < (most + 1) / 2);
}

static void send_now(void *ctx, void *object);

static void take_turns(pl_pool *pool)
{
    for (unsigned kind = 0; kind < 2; kind++) {
        pl_list *turns = &pool->subscrs->turns[kind];
        while (!pl_list_is_empty(turns) && has_turn(pool, kind)) {
            pl_subscr *s = PL_CONTAINER(turns->next, pl_subscr, turn_link);
            pl_list_remove(&s->turn_link);
            send_now(pool, s);
        }
    }
}

/* ---- what came of it ---- */

static void end(pl_pool *pool, pl_subscr *s, const pl_subscr_end *how)
{
    if (pl_subscr_is_active(s)) {
        pl_subscr_finish(pool, s, how);
        return;
    }
    pl_notif_drop_all(pool, s); /* its last event was in vain */
    pl_notify_plan(pool, s);
}

static void delivered(pl_pool *pool, pl_subscr *s, pl_notif *n)
{
    static const pl_subscr_end enough = {
        .status = PL_SUBSCRIPTION_STATUS_EXPIRED,
        .reason = "MAX_EVENTS_REACHED",
        .text = "subscriptionMaxEvents were delivered.",
        .drops = true,
    };
    bool counts = n->row.type != PL_NOTIFY_TYPE_SUBSCRIPTION_ENDED;
    pl_pool_count(pool, PL_RM_notify_delivered);
    pl_notif_remove(pool, s, n);
    s->delay_ms = s->row.failing_since = s->row.next_at = 0;
    s->row.last_error[0] = '\0';
    s->row.delivered += counts;
    pl_subscr_save(pool, s);
    if (counts && pl_subscr_is_active(s) && s->row.max_events > 0 &&
        s->row.delivered >= s->row.max_events) {
        end(pool, s, &enough);
    } else {
        pl_notify_plan(pool, s);
    }
}

/* Once for many failures. */
static void note_failure(pl_pool *pool, pl_subscr *s, const char *why)
{
    PL_SET(s->row.last_error, why);
    if (s->row.failing_since == 0) {
        char text[PL_REASON_MAX * 2];
        s->row.failing_since = pool->now.wall_ms;
        pl_fmt_cut(text, sizeof text, "%s: %s", s->row.subscription_id, why);
        pl_pool_note(pool, PL_LOG_INFO, "subscription_fails", NULL, NULL, text);
    }
}

/* It failed for so long that nobody expects anything of it. True: freed. */
static bool is_given_up(pl_pool *pool, pl_subscr *s)
{
    static const pl_subscr_end gone = {
        .status = PL_SUBSCRIPTION_STATUS_EXPIRED,
        .reason = "NETWORK_TERMINATED",
        .text = "The sink took no events for too long.",
        .drops = true,
    };
    int64_t most_ms = (int64_t)pool->config->subscription_give_up_s * 1000;
    if (!pl_subscr_is_active(s) || most_ms == 0 ||
        pool->now.wall_ms - s->row.failing_since < most_ms)
        return false;
    end(pool, s, &gone);
    return true;
}

/* It is sent again later, if that is of use; wait_ms: as the sink asked. */
static void failed(pl_pool *pool, pl_subscr *s, const char *why,
                   int64_t wait_ms)
{
    pl_pool_count(pool, PL_RM_notify_failed);
    note_failure(pool, s, why);
    s->delay_ms = pl_outgoing_backoff(s->delay_ms, retry_max_ms(pool));
    if (wait_ms <= 0)
        wait_ms = s->delay_ms;
    if (wait_ms > final_ms(pool))
        wait_ms = final_ms(pool);
    s->row.next_at = pool->now.wall_ms + wait_ms;
    pl_subscr_save(pool, s);
    if (!is_given_up(pool, s))
        pl_notify_plan(pool, s);
}

/* The sink does not want this one, whatever comes next. */
static void refused(pl_pool *pool, pl_subscr *s, pl_notif *n, const char *why)
{
    pl_pool_count(pool, PL_RM_notify_refused);
    pl_notif_remove(pool, s, n);
    note_failure(pool, s, why);
    s->delay_ms = s->row.next_at = 0;
    pl_subscr_save(pool, s);
    if (!is_given_up(pool, s))
        pl_notify_plan(pool, s);
}

/* We could not ask at all: that is not the sink's fault. */
static void not_asked(pl_pool *pool, pl_subscr *s, pl_err e)
{
    s->delay_ms = e == PL_EFULL
                      ? CROWDED_MS
                      : pl_outgoing_backoff(s->delay_ms, retry_max_ms(pool));
    s->row.next_at = pool->now.wall_ms + s->delay_ms;
    pl_notify_plan(pool, s);
}

static void got_status(pl_pool *pool, pl_subscr *s, pl_notif *n,
                       const pl_fetched *m, bool is_token_old)
{
    static const pl_subscr_end unauthorized = {
        .status = PL_SUBSCRIPTION_STATUS_EXPIRED,
        .text = "the sink refused its token",
        .drops = true,
    };
    static const pl_subscr_end gone = {
        .status = PL_SUBSCRIPTION_STATUS_DELETED,
        .text = "the sink is gone",
        .drops = true,
    };
    char why[32];
    pl_fmt_cut(why, sizeof why, "status %u", (unsigned)m->status);
    if (m->status / 100 == 2) {
        delivered(pool, s, n);
    } else if (m->status == 401 && is_token_old) {
        pl_notify_plan(pool, s);
    } else if (m->status == 401) {
        end(pool, s, &unauthorized);
    } else if (m->status == 410) {
        end(pool, s, &gone);
    } else if (m->status == 429 || m->status >= 500) {
        bool has_wait = m->status == 429 || m->status == 503;
        failed(pool, s, why, has_wait ? (int64_t)m->retry_after_s * 1000 : 0);
    } else {
        refused(pool, s, n, why);
    }
}

static void apply(pl_pool *pool, pl_subscr *s, bool is_token_old, pl_err e,
                  const pl_bus_in *in)
{
    char why[PL_REASON_MAX + 1];
    pl_notif *n = pl_notif_first(s);
    s->is_flying = false;
    pl_outgoing_why(e, in, why, sizeof why);
    if (!e) {
        got_status(pool, s, n, in->body, is_token_old);
    } else if (e == PL_EFORBIDDEN || e == PL_EINVAL) {
        refused(pool, s, n, why);
    } else if (!in || e == PL_EFULL) {
        not_asked(pool, s, e);
    } else {
        failed(pool, s, why, 0);
    }
}

static void answered(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_subscr *s = pl_subscr_find(pool, op->mod);
    bool is_token_old = s && s->n_tokens != op->tries;
    pool->subscrs->n_flying[op->action]--;
    pl_op_destroy(&op);
    if (s)
        apply(pool, s, is_token_old, e, in);
    take_turns(pool);
}

/* ---- a channel of our own ---- */

/* The id of a sink of our own relay; NULL: it is somebody else's. */
static const char *own_sink(const pl_pool *pool, const pl_subscr *s)
{
    static const char path[] = "/notification-relay/v1/s/";
    const char *at = strstr(s->row.sink, path);
    const char *id = at ? at + sizeof path - 1 : "";
    return pool->config->notify_own_relay && *id &&
                   pl_map_find(pool->relays->by_sink, id)
               ? id
               : NULL;
}

static void hash_token(const pl_pool *pool, const pl_subscr *s, char hash[65])
{
    char token[8193] = "";
    (void)!pl_copy(token, sizeof token, s->row.access_token);
    pool->port->hash(pool->port->ctx, token, hash);
    pl_wipe(token, sizeof token);
}

/* What a request to it would be answered. */
static uint32_t put_there(pl_pool *pool, const pl_subscr *s,
                          const pl_notif_row *row, const char *sink_id,
                          pl_slice body)
{
    pl_relay_put m = {.event = body};
    PL_SET(m.sink_id, sink_id);
    hash_token(pool, s, m.token_hash);
    PL_SET(m.event_id, row->event_id);
    write_type(s, row, m.type, sizeof m.type);
    write_source(pool, m.source, sizeof m.source);
    switch ((int)pl_relay_take(pool, &m)) {
    case PL_OK: return 204;
    case PL_EAUTH: return 401;
    case PL_EGONE: return 410;
    case PL_EFULL: return 429;
    default: return 500;
    }
}

/* ---- when ---- */

static void send(pl_pool *pool, pl_subscr *s, pl_notif *n, pl_slice body)
{
    const char *own = own_sink(pool, s);
    if (own) {
        pl_fetched m = {.status = put_there(pool, s, &n->row, own, body)};
        got_status(pool, s, n, &m, false);
        return;
    }
    pl_op *op = pl_op_create(pool, answered);
    if (!op)
        return;
    op->action = kind_of(s);
    op->tries = s->n_tokens;
    PL_SET(op->mod, s->row.subscription_id);
    pool->subscrs->n_flying[op->action]++;
    s->is_flying = true;
    s->flying_seq = n->row.seq;
    post(pool, s, body, op);
}

static void send_now(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_subscr *s = object;
    pl_buf body;
    drop_useless(pool, s);
    pl_notif *n = pl_notif_first(s);
    if (!n) {
        (void)pl_subscr_rest(pool, s);
        return;
    }
    if (pl_notify_waits(pool, s))
        return;
    if (!own_sink(pool, s) && !has_turn(pool, kind_of(s))) {
        pl_list_append(&pool->subscrs->turns[kind_of(s)], &s->turn_link);
        return;
    }
    pl_buf_init(&body, BODY_MAX);
    write_event(pool, s, &n->row, &body);
    if (body.has_failed) {
        pl_pool_fail(pool, PL_ENOMEM);
    } else {
        send(pool, s, n, pl_buf_slice(&body));
    }
    pl_buf_fini(&body);
}

void pl_notify_plan(pl_pool *pool, pl_subscr *s)
{
    if (s->is_flying)
        return;
    if (s->n_events == 0) {
        pl_list_remove(&s->turn_link);
        pl_pool_cancel(pool, &s->due);
        (void)pl_subscr_rest(pool, s);
        return;
    }
    if (s->turn_link.next)
        return;
    pl_pool_plan(
        pool, &s->due, send_now, s,
        PL_MS(pl_outgoing_wait_ms(pool, s->row.next_at, final_ms(pool))));
}
