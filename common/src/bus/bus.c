/* bus.c - requests, replies and events over any transport. */
#include "pl/bus.h"

#include <stdlib.h>
#include <string.h>

#include "pl/buf.h"
#include "pl/rng.h"
#include "pl/str.h"

#include "bus_impl.h"

/* A request that waits for its reply. */
typedef struct pending {
    pl_list link; /* in its bucket */
    pl_bus *bus;
    uint64_t corr;
    const pl_msg_desc *desc;
    char to[PL_NODE_MAX + 1];
    char trace[PL_TRACE_MAX + 1];
    uint64_t epoch;
    int64_t deadline_us;
    bool retry, was_sent;
    uint8_t *body; /* kept while it may have to be sent again */
    size_t len;
    pl_bus_on_reply on_reply;
    void *ctx;
    pl_timer *timer;
} pending;

pl_err pl_bus_create(const pl_bus_options *options, pl_bus **ret_bus)
{
    if (!options->node || options->node[0] == '\0' ||
        strlen(options->node) > PL_NODE_MAX) {
        return PL_ECONFIG;
    }
    pl_bus *b = calloc(1, sizeof *b);
    if (!b)
        return PL_ENOMEM;
    b->loop = options->loop;
    b->is_router = options->role == PL_ROLE_ROOMPOOL;
    pl_fmt_cut(b->node, sizeof b->node, "%s", options->node);
    unsigned beat_ms = options->beat_ms ? options->beat_ms : PL_BUS_BEAT_MS;
    unsigned missed =
        options->beats_missed ? options->beats_missed : PL_BUS_BEATS_MISSED;
    b->beat_us = (int64_t)beat_ms * 1000;
    b->patience_us = b->beat_us * missed;
    for (size_t i = 0; i < PL_BUS_BUCKETS; i++)
        pl_list_init(&b->pending[i]);
    /* A random start: after a restart under the same name ("roompool") no
     * repeat table takes new requests for old ones. */
    pl_random(&b->next_corr, sizeof b->next_corr);
    b->next_corr >>= 2; /* room to count without meeting 0 */
    b->out = malloc(PL_BUS_BODY_MAX);
    b->scratch = malloc(pl_msg_max_size());
    pl_err e = b->out && b->scratch ? PL_OK : PL_ENOMEM;
    if (e == PL_OK)
        e = pl_repeats_create(&b->repeats);
    if (e == PL_OK)
        e = pl_bus_peers_start(b);
    if (e != PL_OK) {
        pl_bus_close(&b);
        return e;
    }
    *ret_bus = b;
    return PL_OK;
}

/* It may hold keys or passwords. */
static void forget_body(pending *p)
{
    if (p->body)
        pl_wipe(p->body, p->len);
    free(p->body);
    p->body = NULL;
}

static void forget(pending *p)
{
    pl_list_remove(&p->link);
    p->bus->n_pending--;
    pl_timer_destroy(&p->timer);
    forget_body(p);
    free(p);
}

void pl_bus_close(pl_bus **bus)
{
    if (!bus || !*bus)
        return;
    pl_bus *b = *bus;
    if (b->link)
        b->transport->destroy(b->link);
    for (size_t i = 0; i < PL_BUS_BUCKETS; i++) {
        PL_LIST_EACH_SAFE(it, &b->pending[i])
        {
            forget(PL_CONTAINER(it, pending, link));
        }
    }
    pl_bus_peers_stop(b);
    pl_repeats_destroy(&b->repeats);
    free(b->out);
    free(b->scratch);
    free(b);
    *bus = NULL;
}

pl_err pl_bus_handle(pl_bus *bus, const pl_msg_desc *desc,
                     pl_bus_handler handler, void *ctx)
{
    for (size_t i = 0; i < bus->n_routes; i++) {
        if (bus->routes[i].desc == desc)
            return PL_EEXIST;
    }
    if (bus->n_routes == PL_BUS_ROUTES_MAX)
        return PL_ENOMEM;
    bus->routes[bus->n_routes++] =
        (pl_bus_route){.desc = desc, .handler = handler, .ctx = ctx};
    return PL_OK;
}

void pl_bus_watch_peers(pl_bus *bus, pl_bus_on_peer cb, void *ctx)
{
    bus->on_peer = cb;
    bus->on_peer_ctx = ctx;
}

void pl_bus_watch_link(pl_bus *bus, pl_bus_on_link cb, void *ctx)
{
    bus->on_link = cb;
    bus->on_link_ctx = ctx;
}

void pl_bus_on_beat(pl_bus *bus, pl_bus_fill_beat fill, void *ctx)
{
    bus->fill_beat = fill;
    bus->fill_beat_ctx = ctx;
}

void pl_bus_get_stats(const pl_bus *bus, pl_bus_stats *ret_stats)
{
    *ret_stats = bus->stats;
}

/* --- sending --- */

static const char *route_to(const pl_bus *bus, const char *node)
{
    const pl_bus_peer *p = pl_map_find(bus->peers, node);
    return p && bus->is_router ? p->route : node;
}

pl_err pl_bus_send_now(pl_bus *bus, const char *to, const pl_bus_head *envelope,
                       pl_slice body)
{
    uint8_t head[PL_BUS_ENVELOPE_MAX];
    size_t n = 0;
    pl_err e = pl_envelope_encode(envelope, head, sizeof head, &n);
    if (e == PL_OK) {
        e = bus->transport->send(bus->link,
                                 route_to(bus, to ? to : PL_BUS_ROOMPOOL),
                                 (pl_slice){.ptr = head, .len = n}, body);
    }
    if (e == PL_OK)
        bus->stats.sent++;
    return e;
}

static void choose_trace(const char *given, char trace[PL_TRACE_MAX + 1])
{
    if (given && strlen(given) <= PL_TRACE_MAX) {
        pl_fmt_cut(trace, PL_TRACE_MAX + 1, "%s", given);
        return;
    }
    uint8_t raw[PL_TRACE_MAX / 2];
    pl_random(raw, sizeof raw);
    pl_hex(raw, sizeof raw, trace);
}

static void send_pending(pending *p, int64_t now_us)
{
    int64_t left_us = p->deadline_us - now_us;
    pl_bus_head env = {.major = PL_SCHEMA_MAJOR,
                       .msg_id = p->desc->id,
                       .corr = p->corr,
                       .kind = PL_REQUEST,
                       .deadline_ms = (uint32_t)((left_us + 999) / 1000),
                       .epoch = p->epoch};
    memcpy(env.trace, p->trace, sizeof env.trace);
    const pl_slice body = {.ptr = p->body, .len = p->len};
    if (pl_bus_send_now(p->bus, p->to, &env, body) == PL_OK)
        p->was_sent = true;
    if (p->was_sent && !p->retry)
        forget_body(p);
    int64_t wait_us = left_us;
    if (!p->was_sent && wait_us > PL_BUS_UNSENT_US) {
        wait_us = PL_BUS_UNSENT_US;
    } else if (p->retry && wait_us > PL_BUS_RESEND_US) {
        wait_us = PL_BUS_RESEND_US;
    }
    pl_timer_start(p->timer, wait_us);
}

static void complete(pending *p, pl_err e, const pl_bus_in *in)
{
    pl_bus_on_reply on_reply = p->on_reply;
    void *ctx = p->ctx;
    forget(p); /* first: the callback may send, cancel or give up everything */
    if (on_reply)
        on_reply(ctx, e, in);
}

static void on_pending_due(void *ctx)
{
    pending *p = ctx;
    int64_t now_us = pl_loop_now_us(p->bus->loop);
    if (now_us < p->deadline_us) {
        send_pending(p, now_us);
        return;
    }
    p->bus->stats.timeouts++;
    PL_LOG(DEBUG, "bus", "request_timeout",
           PL_KV("message", p->desc->name, "node", p->to, "trace", p->trace),
           NULL);
    complete(p, PL_ETIMEOUT, NULL);
}

static pending *find_pending(pl_bus *bus, uint64_t corr)
{
    pl_list *bucket = &bus->pending[corr % PL_BUS_BUCKETS];
    PL_LIST_EACH(it, bucket)
    {
        pending *p = PL_CONTAINER(it, pending, link);
        if (p->corr == corr)
            return p;
    }
    return NULL;
}

static pl_err make_pending(pl_bus *bus, const pl_bus_send *how, size_t len,
                           pending **ret_pending)
{
    pending *p = calloc(1, sizeof *p);
    if (!p)
        return PL_ENOMEM;
    p->bus = bus;
    p->len = len;
    p->body = malloc(len);
    if (!p->body ||
        pl_timer_create(bus->loop, on_pending_due, p, &p->timer) != PL_OK) {
        free(p->body);
        free(p);
        return PL_ENOMEM;
    }
    memcpy(p->body, bus->out, len);
    pl_fmt_cut(p->to, sizeof p->to, "%s", how->to ? how->to : PL_BUS_ROOMPOOL);
    choose_trace(how->trace, p->trace);
    p->epoch = how->epoch;
    p->retry = how->retry;
    *ret_pending = p;
    return PL_OK;
}

/* NOLINTNEXTLINE(readability-function-size): what is asked, how, and by whom */
pl_err pl_bus_request(pl_bus *bus, const pl_bus_send *how,
                      const pl_msg_desc *desc, const void *body,
                      pl_bus_on_reply on_reply, void *ctx, uint64_t *ret_corr)
{
    static const pl_bus_send defaults = {0};
    if (!how)
        how = &defaults;
    if (desc->kind != PL_REQUEST)
        return PL_EINVAL;
    if (bus->n_pending >= PL_BUS_PENDING_MAX)
        return PL_EFULL;
    size_t len = 0;
    pl_err e = pl_msg_encode(desc, body, bus->out, PL_BUS_BODY_MAX, &len);
    if (e != PL_OK)
        return e;
    pending *p = NULL;
    e = make_pending(bus, how, len, &p);
    if (e != PL_OK)
        return e;
    p->desc = desc;
    p->on_reply = on_reply;
    p->ctx = ctx;
    p->corr = ++bus->next_corr;
    unsigned deadline_ms =
        how->deadline_ms ? how->deadline_ms : desc->deadline_ms;
    int64_t now_us = pl_loop_now_us(bus->loop);
    p->deadline_us = now_us + (int64_t)deadline_ms * 1000;
    pl_list_append(&bus->pending[p->corr % PL_BUS_BUCKETS], &p->link);
    bus->n_pending++;
    if (ret_corr)
        *ret_corr = p->corr;
    send_pending(p, now_us);
    return PL_OK;
}

void pl_bus_cancel(pl_bus *bus, uint64_t corr)
{
    pending *p = find_pending(bus, corr);
    if (p)
        forget(p);
}

void pl_bus_fail_pending(pl_bus *bus, const char *node)
{
    /* Moved aside first: callbacks may send and cancel as they like. */
    pl_list failed;
    pl_list_init(&failed);
    for (size_t i = 0; i < PL_BUS_BUCKETS; i++) {
        PL_LIST_EACH_SAFE(it, &bus->pending[i])
        {
            pending *p = PL_CONTAINER(it, pending, link);
            if (p->retry || strcmp(p->to, node) != 0)
                continue;
            pl_list_remove(it);
            pl_list_append(&failed, it);
        }
    }
    while (!pl_list_is_empty(&failed)) {
        bus->stats.timeouts++;
        complete(PL_CONTAINER(failed.next, pending, link), PL_ETIMEOUT, NULL);
    }
}

void pl_bus_reply(pl_bus *bus, const pl_bus_ticket *ticket,
                  const pl_msg_desc *desc, const void *body)
{
    if (pl_loop_now_us(bus->loop) >= ticket->expires_us) {
        bus->stats.dropped++;
        return; /* nobody waits any more */
    }
    size_t len = 0;
    pl_err e = desc->kind == PL_REPLY
                   ? pl_msg_encode(desc, body, bus->out, PL_BUS_BODY_MAX, &len)
                   : PL_EINVAL;
    if (e == PL_OK) {
        pl_bus_head env = {.major = PL_SCHEMA_MAJOR,
                           .msg_id = desc->id,
                           .corr = ticket->corr,
                           .kind = PL_REPLY};
        memcpy(env.trace, ticket->trace, sizeof env.trace);
        const pl_slice bytes = {.ptr = bus->out, .len = len};
        pl_repeats_answer(bus->repeats, ticket->node, ticket->corr, desc->id,
                          bytes);
        e = pl_bus_send_now(bus, ticket->node, &env, bytes);
    }
    if (e != PL_OK) {
        bus->stats.dropped++;
        PL_LOG(WARN, "bus", "reply_not_sent",
               PL_KV("message", desc->name, "node", ticket->node, "trace",
                     ticket->trace),
               "%s", pl_err_text(e));
    }
}

void pl_bus_reply_error(pl_bus *bus, const pl_bus_ticket *ticket, pl_err e,
                        const char *text)
{
    pl_error m = {.code = e == PL_OK ? PL_EINTERNAL : (uint32_t)e};
    if (text && text[0] != '\0') {
        pl_fmt_cut(m.text, sizeof m.text, "%s", text);
        size_t n = strlen(m.text);
        while (n > 0 && !pl_is_utf8(pl_slice_str(m.text)))
            m.text[--n] = '\0'; /* a character cut in half */
        PL_MSG_SET(ERROR, error, &m, text);
    }
    pl_bus_reply(bus, ticket, &PL_MSG_ERROR, &m);
}

pl_err pl_bus_event(pl_bus *bus, const pl_bus_send *how,
                    const pl_msg_desc *desc, const void *body)
{
    static const pl_bus_send defaults = {0};
    if (!how)
        how = &defaults;
    if (desc->kind != PL_EVENT)
        return PL_EINVAL;
    size_t len = 0;
    pl_err e = pl_msg_encode(desc, body, bus->out, PL_BUS_BODY_MAX, &len);
    if (e != PL_OK)
        return e;
    pl_bus_head env = {.major = PL_SCHEMA_MAJOR,
                       .msg_id = desc->id,
                       .kind = PL_EVENT,
                       .epoch = how->epoch};
    choose_trace(how->trace, env.trace);
    e = pl_bus_send_now(bus, how->to, &env,
                        (pl_slice){.ptr = bus->out, .len = len});
    if (e != PL_OK) {
        bus->stats.dropped++;
        return PL_EFULL;
    }
    return PL_OK;
}

/* --- receiving --- */

static void complain(pl_bus *bus, pl_bus_peer *peer, const char *event,
                     const char *message)
{
    (void)bus;
    if (pl_log_allowed(&peer->complaints, 1)) {
        PL_LOG(WARN, "bus", event,
               PL_KV("node", peer->node, "message", message),
               "refused and counted; more are counted silently");
    }
}

static void receive_reply(pl_bus *bus, pl_bus_peer *peer,
                          const pl_bus_head *env, const pl_bus_in *in)
{
    pending *p = find_pending(bus, env->corr);
    if (!p || strcmp(p->to, in->node) != 0)
        return; /* late, or not the one that was asked */
    if (env->major != PL_SCHEMA_MAJOR) {
        complete(p, PL_EVERSION, NULL);
    } else if (in->desc == &PL_MSG_HELLO_OK) {
        pl_bus_peer_beat(bus, peer);
        complete(p, PL_OK, in);
    } else if (in->desc == &PL_MSG_ERROR) {
        uint32_t code = ((const pl_error *)in->body)->code;
        complete(p, code < PL_ERR_COUNT ? (pl_err)code : PL_EINTERNAL, in);
    } else {
        complete(p, PL_OK, in);
    }
}

static const pl_bus_route *find_route(const pl_bus *bus,
                                      const pl_msg_desc *desc)
{
    for (size_t i = 0; i < bus->n_routes; i++) {
        if (bus->routes[i].desc == desc)
            return &bus->routes[i];
    }
    return NULL;
}

/* Whether the request was answered before, or is being worked on. */
static bool is_repeat(pl_bus *bus, const pl_bus_in *in)
{
    const pl_bus_ticket *t = &in->ticket;
    pl_bus_head env = {
        .major = PL_SCHEMA_MAJOR, .corr = t->corr, .kind = PL_REPLY};
    memcpy(env.trace, t->trace, sizeof env.trace);
    pl_slice reply = {0};
    pl_repeat seen = pl_repeats_see(bus->repeats, t->node, t->corr,
                                    t->expires_us, &env.msg_id, &reply);
    if (seen == PL_REPEAT_NEW)
        return false;
    bus->stats.repeats++;
    if (seen == PL_REPEAT_ANSWERED) {
        (void)pl_bus_send_now(bus, t->node, &env,
                              reply); /* or repeated again */
    }
    return true;
}

/* What it calls itself is what the transport and its key say. */
static bool is_own_name(const pl_bus *bus, const pl_bus_in *in)
{
    const pl_hello *m = in->body;
    return strcmp(m->node, in->node) == 0 &&
           (bus->from_role == PL_ROLE_UNKNOWN || m->role == bus->from_role);
}

/* A worker whose role is proved sends what its role sends, and no more. */
static bool is_of_role(const pl_bus *bus, const pl_msg_desc *desc)
{
    static const char *const senders[] = {
        [PL_ROLE_UNKNOWN] = "", /* not proved: the transport's folder guards */
        [PL_ROLE_API] = "API",          [PL_ROLE_SIGNALING] = "SIGNALING",
        [PL_ROLE_MEDIA] = "MEDIA",      [PL_ROLE_ROOMPOOL] = "ROOMPOOL",
        [PL_ROLE_OPERATOR] = "OPERATOR"};
    return bus->from_role == PL_ROLE_UNKNOWN ||
           strcmp(desc->sender, "ANY") == 0 ||
           strcmp(desc->sender, senders[bus->from_role]) == 0;
}

static void dispatch(pl_bus *bus, pl_bus_peer *peer, const pl_bus_in *in)
{
    if (in->desc == &PL_MSG_HELLO && bus->is_router) {
        if (!is_own_name(bus, in)) {
            pl_bus_reply_error(bus, &in->ticket, PL_EINVAL,
                               "hello under another node's name or role");
            return;
        }
        /* Said by a process that was killed since? It must not come to life. */
        if (!peer->is_up && pl_bus_send_beat(bus, peer->node) == PL_ENOENT) {
            bus->stats.dropped++;
            return;
        }
        if (pl_bus_peer_is_taken(bus, peer)) {
            complain(bus, peer, "name_in_use", in->desc->name);
            pl_bus_reply_error(bus, &in->ticket, PL_EEXIST,
                               "another process of this name is up");
            return;
        }
        pl_bus_peer_hello(bus, peer);
    }
    if (in->desc == &PL_MSG_BEAT)
        pl_bus_peer_beat(bus, peer);
    const pl_bus_route *route = find_route(bus, in->desc);
    if (route) {
        route->handler(route->ctx, in);
    } else if (in->desc->kind == PL_REQUEST) {
        bus->stats.unhandled++;
        pl_bus_reply_error(bus, &in->ticket, PL_EUNSUPPORTED, in->desc->name);
    } else if (in->desc != &PL_MSG_BEAT && in->desc != &PL_MSG_GOODBYE) {
        bus->stats.unhandled++;
    }
    if (in->desc == &PL_MSG_GOODBYE)
        pl_bus_peer_goodbye(bus, peer);
}

/* Answer what cannot be read, so that the asker need not wait. */
static void refuse(pl_bus *bus, const pl_bus_head *env, const pl_bus_in *in,
                   pl_err e)
{
    if (env->kind == PL_REQUEST)
        pl_bus_reply_error(bus, &in->ticket, e, in->desc ? in->desc->name : "");
}

/* Where the peer is, and that it lives. False: another process uses its name
 * while it is up. */
static bool note_sender(pl_bus *bus, pl_bus_peer *peer,
                        const pl_bus_sender *from)
{
    bus->from_role = from->role;
    if (!bus->is_router)
        return true;
    if (strcmp(peer->route, from->route) != 0) {
        if (peer->is_up)
            return false;
        pl_fmt_cut(peer->route, sizeof peer->route, "%s", from->route);
    }
    pl_bus_peer_lives(bus, peer);
    return true;
}

void pl_bus_receive(pl_bus *bus, const pl_bus_sender *from, pl_slice envelope,
                    pl_slice body)
{
    bus->stats.received++;
    pl_bus_peer *peer = pl_bus_peer_seen(bus, from);
    if (!peer) {
        bus->stats.dropped++;
        return;
    }
    if (!note_sender(bus, peer, from)) {
        bus->stats.refused++;
        complain(bus, peer, "another_under_this_name", NULL);
        return;
    }
    pl_bus_head env;
    if (pl_envelope_decode(envelope.ptr, envelope.len, &env) != PL_OK) {
        bus->stats.malformed++;
        complain(bus, peer, "malformed_envelope", NULL);
        return;
    }
    pl_bus_in in = {.desc = pl_msg_find(env.msg_id),
                    .body = bus->scratch,
                    .node = peer->node,
                    .trace = env.trace,
                    .epoch = env.epoch};
    in.ticket.corr = env.corr;
    in.ticket.expires_us =
        pl_loop_now_us(bus->loop) + (int64_t)env.deadline_ms * 1000;
    memcpy(in.ticket.node, peer->node, sizeof in.ticket.node);
    memcpy(in.ticket.trace, env.trace, sizeof in.ticket.trace);

    if (env.major != PL_SCHEMA_MAJOR) {
        complain(bus, peer, "other_schema_major", NULL);
        if (env.kind == PL_REPLY) {
            receive_reply(bus, peer, &env, &in);
        } else {
            refuse(bus, &env, &in, PL_EVERSION);
        }
        return;
    }
    if (!in.desc) {
        bus->stats.unhandled++;
        refuse(bus, &env, &in, PL_EUNSUPPORTED);
        return;
    }
    if (!is_of_role(bus, in.desc)) {
        bus->stats.refused++;
        complain(bus, peer, "message_of_another_role", in.desc->name);
        refuse(bus, &env, &in, PL_EFORBIDDEN);
        return;
    }
    if (in.desc->kind != env.kind ||
        pl_msg_decode(in.desc, body.ptr, body.len, bus->scratch) != PL_OK) {
        bus->stats.malformed++;
        complain(bus, peer, "malformed_message", in.desc->name);
        refuse(bus, &env, &in, PL_EPROTO);
        return;
    }
    if (env.kind == PL_REPLY) {
        receive_reply(bus, peer, &env, &in);
    } else if (env.kind == PL_EVENT || !is_repeat(bus, &in)) {
        dispatch(bus, peer, &in);
    }
}
