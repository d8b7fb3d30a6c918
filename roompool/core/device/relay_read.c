/* relay_read.c - the reader of a channel: one at a time, waiting for the next
 * event, which it asks for by the one it had last. */
#include <string.h>

#include "device/relay.h"
#include "pl/str.h"

static void unpark(pl_pool *pool, pl_relay *relay)
{
    if (!relay->is_parked)
        return;
    relay->is_parked = false;
    relay->quiet_ms = pool->now.wall_ms;
    pool->n_polls--;
    pl_pool_cancel(pool, &relay->timeout);
    pl_relay_plan(pool, relay);
}

/* The first event behind a number; NULL when it is still to come. */
static const pl_relay_item *next_of(const pl_relay *relay, uint64_t after_seq)
{
    PL_LIST_EACH(node, &relay->events)
    {
        const pl_relay_item *ev = PL_CONTAINER(node, pl_relay_item, link);
        if (ev->row.seq > after_seq)
            return ev;
    }
    return NULL;
}

static void give(pl_pool *pool, const pl_relay *relay, const pl_relay_item *ev)
{
    pl_relay_event r = {.seq = ev->row.seq,
                        .event = ev->row.event,
                        .more = next_of(relay, ev->row.seq) != NULL};
    PL_SET(r.event_id, ev->row.event_id);
    PL_MSG_SET(RELAY_EVENT, relay_event, &r, event_id);
    PL_MSG_SET(RELAY_EVENT, relay_event, &r, event);
    PL_MSG_SET(RELAY_EVENT, relay_event, &r, more);
    pl_pool_reply(pool, &relay->ticket, &PL_MSG_RELAY_EVENT, &r);
    pl_pool_count(pool, PL_RM_relay_read);
}

void pl_relay_serve(pl_pool *pool, pl_relay *relay)
{
    if (!relay->is_parked)
        return;
    const pl_relay_item *ev = next_of(relay, relay->after_seq);
    if (!ev)
        return;
    give(pool, relay, ev);
    unpark(pool, relay);
}

void pl_relay_reader_ends(pl_pool *pool, pl_relay *relay, pl_err e)
{
    if (!relay->is_parked)
        return;
    pl_pool_refuse(pool, &relay->ticket, e, NULL);
    unpark(pool, relay);
}

static void say_nothing(pl_pool *pool, const pl_bus_ticket *ticket)
{
    static const pl_relay_event nothing = {.seq = 0};
    pl_pool_reply(pool, ticket, &PL_MSG_RELAY_EVENT, &nothing);
}

static void on_timeout(void *ctx, void *object)
{
    pl_relay *relay = object;
    say_nothing(ctx, &relay->ticket);
    unpark(ctx, relay);
}

/* Another one takes the place of the last; what the last asks for then comes
 * too late. Since our start nobody may have been seen yet. */
static pl_err enter(pl_pool *pool, pl_relay *relay, const pl_relay_read *m)
{
    bool is_same = strcmp(relay->reader, m->reader) == 0;
    if (!is_same && !m->begins && relay->reader[0])
        return PL_ESTALE;
    if (is_same && relay->is_parked) { /* asked again, the link was away */
        say_nothing(pool, &relay->ticket);
        unpark(pool, relay);
    } else {
        pl_relay_reader_ends(pool, relay, PL_ESTALE);
    }
    PL_SET(relay->reader, m->reader);
    return PL_OK;
}

/* How far the reader has read, by number or id. What is not known, or not any
 * more, is as nothing. */
static uint64_t place_of(const pl_relay *relay, const pl_relay_read *m)
{
    if (m->after_id[0]) {
        const pl_relay_item *ev = pl_relay_item_of(relay, m->after_id, NULL);
        return ev ? ev->row.seq : 0;
    }
    return m->after_seq <= relay->row.last_seq ? m->after_seq : 0;
}

/* Stored with the next event that comes, and now and then. */
static void note_read(pl_pool *pool, pl_relay *relay, uint64_t seq)
{
    enum { SAVE_MS = 10000 };
    relay->quiet_ms = pool->now.wall_ms;
    relay->row.read_at = pool->now.wall_ms;
    if (seq > relay->row.read_seq)
        relay->row.read_seq = seq;
    if (pool->now.wall_ms - relay->stored_ms >= SAVE_MS)
        pl_relay_save(pool, relay);
}

static pl_err park(pl_pool *pool, pl_relay *relay, const pl_bus_in *in)
{
    const pl_relay_read *m = in->body;
    if (pool->n_polls >= pool->config->max_polls)
        return PL_EFULL;
    relay->ticket = in->ticket;
    relay->is_parked = true;
    pool->n_polls++;
    pl_pool_plan(pool, &relay->timeout, on_timeout, relay, PL_MS(m->wait_ms));
    pl_relay_plan(pool, relay);
    return PL_OK;
}

/* Who reads already goes on when the channel gets new tokens: its name is a
 * secret of the front end. */
static bool may_read(const pl_pool *pool, const pl_relay *relay,
                     const pl_relay_read *m)
{
    bool goes_on = !m->begins && relay->reader[0] &&
                   pl_slice_eq_secret(pl_slice_str(relay->reader),
                                      pl_slice_str(m->reader));
    return goes_on ||
           pl_relay_is_token(pool, relay, relay->row.read_hash,
                             relay->row.old_read_hash, m->token_hash);
}

static pl_err read_next(pl_pool *pool, const pl_bus_in *in)
{
    const pl_relay_read *m = in->body;
    pl_relay *relay = pl_relay_find(pool, m->channel_id);
    if (!relay)
        return PL_ENOENT;
    if (!may_read(pool, relay, m))
        return PL_EAUTH;
    if (relay->row.closed_at)
        return PL_EGONE;
    pl_err e = enter(pool, relay, m);
    if (e)
        return e;
    relay->after_seq = place_of(relay, m);
    note_read(pool, relay, relay->after_seq);
    pl_relay_drop_old(pool, relay);
    e = park(pool, relay, in);
    if (!e)
        pl_relay_serve(pool, relay);
    return e;
}

void pl_on_relay_read(pl_pool *pool, const pl_bus_in *in)
{
    pl_err e = read_next(pool, in);
    if (e)
        pl_pool_refuse(pool, &in->ticket, e, NULL);
}

void pl_relay_forget(pl_pool *pool, const char *node, uint64_t corr)
{
    PL_LIST_EACH(it, &pool->relays->open)
    {
        pl_relay *relay = PL_CONTAINER(it, pl_relay, link);
        if (relay->is_parked && strcmp(relay->ticket.node, node) == 0 &&
            (corr == 0 || relay->ticket.corr == corr))
            unpark(pool, relay);
    }
}
