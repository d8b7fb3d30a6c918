/* relay.c - channels of the relay: their life, and what comes for them. */
#include "device/relay.h"

#include <stdlib.h>
#include <string.h>

#include "device/owner.h"
#include "pl/buf.h"
#include "pl/str.h"

/* Secrets before an extension hold so long. */
static const int64_t OLD_MS = 60000;
enum { SINK_BYTES = 16, TOKEN_BYTES = 32, TOKEN_TEXT = 2 * TOKEN_BYTES + 1 };

pl_relay *pl_relay_find(const pl_pool *pool, const char *channel_id)
{
    return pl_map_find(pool->relays->by_id, channel_id);
}

void pl_relay_save(pl_pool *pool, pl_relay *relay)
{
    relay->stored_ms = pool->now.wall_ms;
    pl_pool_put(pool, &PL_TABLE_RELAY, &relay->row);
}

static bool is_same(const char *hash, const char *shown_hash)
{
    return hash[0] &&
           pl_slice_eq_secret(pl_slice_str(hash), pl_slice_str(shown_hash));
}

bool pl_relay_is_token(const pl_pool *pool, const pl_relay *relay,
                       const char *now_hash, const char *old_hash,
                       const char *shown_hash)
{
    bool is_old = is_same(old_hash, shown_hash) &&
                  pool->now.wall_ms < relay->row.old_until;
    return is_same(now_hash, shown_hash) || is_old;
}

/* ---- secrets ---- */

static void random_hex(const pl_pool *pool, size_t n, char *buf)
{
    uint8_t bytes[TOKEN_BYTES];
    pool->port->random(pool->port->ctx, bytes, n);
    pl_hex(bytes, n, buf);
    pl_wipe(bytes, sizeof bytes);
}

/* What only this answer ever shows. */
static void new_tokens(const pl_pool *pool, pl_relay *relay,
                       pl_relay_channel *r)
{
    random_hex(pool, TOKEN_BYTES, r->read_token);
    random_hex(pool, TOKEN_BYTES, r->sink_token);
    PL_MSG_SET(RELAY_CHANNEL, relay_channel, r, read_token);
    PL_MSG_SET(RELAY_CHANNEL, relay_channel, r, sink_token);
    pool->port->hash(pool->port->ctx, r->read_token, relay->row.read_hash);
    pool->port->hash(pool->port->ctx, r->sink_token, relay->row.sink_hash);
}

static void answer(pl_pool *pool, const pl_bus_in *in, const pl_relay *relay,
                   pl_relay_channel *r)
{
    PL_SET(r->channel_id, relay->row.channel_id);
    PL_SET(r->sink_id, relay->row.sink_id);
    PL_SET(r->device_id, relay->row.device_id);
    r->expires_ms = relay->row.expires_at;
    pl_pool_reply(pool, &in->ticket, &PL_MSG_RELAY_CHANNEL, r);
    pl_wipe(r->read_token, sizeof r->read_token);
    pl_wipe(r->sink_token, sizeof r->sink_token);
}

/* ---- life ---- */

static void note_counts(const pl_pool *pool)
{
    pl_metrics_set(pool->metrics, PL_RM_relay_channels, pool->relays->n_open);
}

static void remove_relay(pl_pool *pool, pl_relay *relay)
{
    pl_relays *relays = pool->relays;
    pl_pool_cancel(pool, &relay->due);
    (void)pl_map_remove(relays->by_id, relay->row.channel_id);
    (void)pl_map_remove(relays->by_sink, relay->row.sink_id);
    pl_list_remove(&relay->link);
    relays->n_closed--;
    pl_pool_del(pool, &PL_TABLE_RELAY, &relay->row);
    free(relay);
}

/* It is remembered, as one of no more than may be open. */
static void close_relay(pl_pool *pool, pl_relay *relay)
{
    pl_relays *relays = pool->relays;
    relay->row.closed_at = pool->now.wall_ms;
    pl_relay_reader_ends(pool, relay, PL_EGONE);
    pl_relay_drop_all(pool, relay);
    pl_list_remove(&relay->link);
    relays->n_open--;
    pl_list_append(&relays->closed, &relay->link);
    relays->n_closed++;
    pl_relay_save(pool, relay);
    pl_relay_plan(pool, relay);
    if (relays->n_closed > pool->config->relay_max_channels)
        remove_relay(pool, PL_CONTAINER(relays->closed.next, pl_relay, link));
    note_counts(pool);
}

static int64_t seconds(uint32_t s)
{
    return (int64_t)s * 1000;
}

/* When it has to be closed, or forgotten. */
static int64_t end_ms(const pl_pool *pool, const pl_relay *relay)
{
    const pl_roompool_config *config = pool->config;
    if (relay->row.closed_at)
        return relay->row.closed_at + seconds(config->relay_tombstone_s);
    int64_t grace = seconds(config->relay_grace_s);
    int64_t end = relay->row.expires_at + grace;
    int64_t quiet = relay->quiet_ms + grace;
    return !relay->is_parked && quiet < end ? quiet : end;
}

static void on_due(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_relay *relay = object;
    bool is_over = end_ms(pool, relay) <= pool->now.wall_ms;
    if (is_over && relay->row.closed_at) {
        remove_relay(pool, relay);
    } else if (is_over) {
        pl_pool_note(pool, PL_LOG_INFO, "relay_closed", NULL, NULL,
                     relay->row.expires_at <= pool->now.wall_ms
                         ? "its time is over"
                         : "nobody reads it");
        close_relay(pool, relay);
    } else {
        pl_relay_drop_old(pool, relay);
        pl_relay_plan(pool, relay);
    }
}

void pl_relay_plan(pl_pool *pool, pl_relay *relay)
{
    int64_t next = end_ms(pool, relay);
    int64_t old = pl_relay_next_old_ms(pool, relay);
    if (old < next)
        next = old;
    pl_pool_plan(pool, &relay->due, on_due, relay,
                 PL_MS(next - pool->now.wall_ms));
}

/* ---- making ---- */

static pl_err add(pl_pool *pool, const pl_relay_row *row, pl_relay **ret_relay)
{
    pl_relays *relays = pool->relays;
    pl_relay *relay = calloc(1, sizeof *relay);
    if (!relay)
        return PL_ENOMEM;
    relay->row = *row;
    relay->quiet_ms = relay->stored_ms = pool->now.wall_ms;
    pl_list_init(&relay->events);
    pl_err e = pl_map_put(relays->by_id, row->channel_id, relay);
    if (!e) {
        e = pl_map_put(relays->by_sink, row->sink_id, relay);
        if (e)
            (void)pl_map_remove(relays->by_id, row->channel_id);
    }
    if (e) {
        free(relay);
        return e;
    }
    pl_list_append(row->closed_at ? &relays->closed : &relays->open,
                   &relay->link);
    if (row->closed_at) {
        relays->n_closed++;
    } else {
        relays->n_open++;
    }
    note_counts(pool);
    if (ret_relay)
        *ret_relay = relay;
    return PL_OK;
}

static unsigned count_of(const pl_pool *pool, const pl_relay_row *row)
{
    unsigned n = 0;
    PL_LIST_EACH(node, &pool->relays->open)
    {
        const pl_relay_row *r = &PL_CONTAINER(node, pl_relay, link)->row;
        n += strcmp(r->client_id, row->client_id) == 0 &&
             strcmp(r->subject, row->subject) == 0;
    }
    return n;
}

static int64_t life_ms(const pl_pool *pool, bool is_asked, uint32_t asked_s)
{
    const pl_roompool_config *config = pool->config;
    uint32_t life_s = is_asked ? asked_s : config->relay_life_s;
    if (life_s > config->relay_max_life_s)
        life_s = config->relay_max_life_s;
    return seconds(life_s);
}

static pl_err may_open(const pl_pool *pool, const pl_relay_row *row)
{
    if (pool->is_draining)
        return PL_EDRAIN;
    return pool->relays->n_open >= pool->config->relay_max_channels ||
                   count_of(pool, row) >= pool->config->relay_per_owner
               ? PL_EFULL
               : PL_OK;
}

void pl_on_relay_open(pl_pool *pool, const pl_bus_in *in)
{
    const pl_relay_open *m = in->body;
    const pl_owner owner = PL_OWNER_OF(m);
    pl_relay_channel r = {.present = 0};
    pl_relay_row row = {.created_at = pool->now.wall_ms};
    pl_relay *relay = NULL;
    PL_SET(row.client_id, m->client_id);
    PL_SET(row.subject, pl_owner_subject(&owner));
    PL_SET(row.device_id, m->device_id);
    row.expires_at =
        pool->now.wall_ms +
        life_ms(pool, PL_MSG_HAS(RELAY_OPEN, relay_open, m, life_s), m->life_s);
    pl_err e = may_open(pool, &row);
    if (!e) {
        char id[37];
        pool->port->new_id(pool->port->ctx, id);
        PL_SET(row.channel_id, id);
        random_hex(pool, SINK_BYTES, row.sink_id);
        e = add(pool, &row, &relay);
    }
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    new_tokens(pool, relay, &r);
    pl_relay_save(pool, relay);
    pl_relay_plan(pool, relay);
    answer(pool, in, relay, &r);
}

/* ---- what its owner asks ---- */

/* NULL, refused: not there, or another's. */
static pl_relay *owned(pl_pool *pool, const pl_bus_in *in, pl_owner owner,
                       const char *channel_id)
{
    pl_relay *relay = pl_relay_find(pool, channel_id);
    if (relay && !relay->row.closed_at &&
        pl_owner_sees(&owner, relay->row.client_id, relay->row.subject, ""))
        return relay;
    pl_pool_refuse(pool, &in->ticket, PL_ENOENT, NULL);
    return NULL;
}

void pl_on_relay_get(pl_pool *pool, const pl_bus_in *in)
{
    const pl_relay_get *m = in->body;
    pl_relay_channel r = {.present = 0};
    const pl_relay *relay = owned(pool, in, PL_OWNER_OF(m), m->channel_id);
    if (relay)
        answer(pool, in, relay, &r);
}

void pl_on_relay_extend(pl_pool *pool, const pl_bus_in *in)
{
    const pl_relay_extend *m = in->body;
    pl_relay_channel r = {.present = 0};
    pl_relay *relay = owned(pool, in, PL_OWNER_OF(m), m->channel_id);
    if (!relay)
        return;
    PL_SET(relay->row.old_read_hash, relay->row.read_hash);
    PL_SET(relay->row.old_sink_hash, relay->row.sink_hash);
    relay->row.old_until = pool->now.wall_ms + OLD_MS;
    relay->row.expires_at =
        pool->now.wall_ms +
        life_ms(pool, PL_MSG_HAS(RELAY_EXTEND, relay_extend, m, life_s),
                m->life_s);
    relay->quiet_ms = pool->now.wall_ms;
    new_tokens(pool, relay, &r);
    pl_relay_save(pool, relay);
    pl_relay_plan(pool, relay);
    answer(pool, in, relay, &r);
}

void pl_on_relay_close(pl_pool *pool, const pl_bus_in *in)
{
    const pl_relay_close *m = in->body;
    pl_relay *relay = owned(pool, in, PL_OWNER_OF(m), m->channel_id);
    if (!relay)
        return;
    close_relay(pool, relay);
    pl_pool_ok(pool, &in->ticket);
}

/* ---- what comes ---- */

static pl_err store_event(pl_pool *pool, pl_relay *relay, const pl_relay_put *m)
{
    pl_relayev_row row = {.seq = relay->row.last_seq + 1,
                          .at = pool->now.wall_ms,
                          .event = m->event};
    PL_SET(row.channel_id, relay->row.channel_id);
    PL_SET(row.event_id, m->event_id);
    PL_SET(row.source, m->source);
    PL_SET(row.type, m->type);
    pl_err e = pl_relay_append(pool, relay, &row);
    if (e)
        return e;
    relay->row.last_seq = row.seq;
    pl_relay_save(pool, relay); /* events refer to it */
    pl_pool_put(pool, &PL_TABLE_RELAYEV, &row);
    pl_pool_count(pool, PL_RM_relay_events);
    pl_relay_serve(pool, relay);
    pl_relay_plan(pool, relay);
    return PL_OK;
}

pl_err pl_relay_take(pl_pool *pool, const pl_relay_put *m)
{
    pl_relay *relay = pl_map_find(pool->relays->by_sink, m->sink_id);
    if (!relay)
        return PL_ENOENT;
    if (!pl_relay_is_token(pool, relay, relay->row.sink_hash,
                           relay->row.old_sink_hash, m->token_hash))
        return PL_EAUTH;
    if (relay->row.closed_at || relay->row.expires_at <= pool->now.wall_ms)
        return PL_EGONE;
    if (pl_relay_item_of(relay, m->event_id, m->source)) {
        pl_pool_count(pool, PL_RM_relay_repeats);
        return PL_OK;
    }
    pl_err e = pl_relay_make_room(pool, relay, m->event.len);
    return e ? e : store_event(pool, relay, m);
}

void pl_on_relay_put(pl_pool *pool, const pl_bus_in *in)
{
    pl_err e = pl_relay_take(pool, in->body);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
    } else {
        pl_pool_ok(pool, &in->ticket);
    }
}

/* ---- after a start ---- */

pl_err pl_relays_create(pl_relays **ret_relays)
{
    pl_relays *relays = calloc(1, sizeof *relays);
    if (!relays)
        return PL_ENOMEM;
    pl_list_init(&relays->open);
    pl_list_init(&relays->closed);
    pl_err e = pl_map_create(&relays->by_id);
    if (!e)
        e = pl_map_create(&relays->by_sink);
    if (e) {
        pl_relays_destroy(&relays);
        return e;
    }
    *ret_relays = relays;
    return PL_OK;
}

static void free_all(pl_list *list)
{
    PL_LIST_EACH_SAFE(node, list)
    {
        pl_relay *relay = PL_CONTAINER(node, pl_relay, link);
        pl_list_remove(&relay->link);
        pl_relay_events_free(relay);
        free(relay);
    }
}

void pl_relays_destroy(pl_relays **relays)
{
    if (!relays || !*relays)
        return;
    free_all(&(*relays)->open);
    free_all(&(*relays)->closed);
    pl_map_destroy(&(*relays)->by_id);
    pl_map_destroy(&(*relays)->by_sink);
    free(*relays);
    *relays = NULL;
}

pl_err pl_relay_load(pl_pool *pool, const pl_relay_row *row)
{
    return add(pool, row, NULL);
}

pl_err pl_relayev_load(pl_pool *pool, const pl_relayev_row *row)
{
    pl_relay *relay = pl_relay_find(pool, row->channel_id);
    return relay ? pl_relay_append(pool, relay, row) : PL_EPROTO;
}

void pl_relays_resume(pl_pool *pool)
{
    size_t cursor = 0;
    pl_relay *relay;
    while ((relay = pl_map_next(pool->relays->by_id, &cursor, NULL)) != NULL)
        pl_relay_plan(pool, relay);
}

/* ---- for tests ---- */

static const char *relay_breach(const pl_relay *relay)
{
    uint64_t seq = 0;
    unsigned n = 0;
    PL_LIST_EACH(node, &relay->events)
    {
        const pl_relay_item *ev = PL_CONTAINER(node, pl_relay_item, link);
        if (ev->row.seq <= seq || ev->row.seq > relay->row.last_seq)
            return "events of a relay channel are out of order";
        if (relay->is_parked && ev->row.seq > relay->after_seq)
            return "a reader of a relay channel waits for what is there";
        seq = ev->row.seq;
        n++;
    }
    if (n != relay->n_events)
        return "events of a relay channel are miscounted";
    if (relay->due.at == 0)
        return "a relay channel lives for ever";
    return relay->is_parked && relay->timeout.at == 0
               ? "a reader of a relay channel waits for ever"
               : NULL;
}

const char *pl_relays_breach(const pl_pool *pool)
{
    const pl_relays *relays = pool->relays;
    size_t n = 0;
    PL_LIST_EACH(node, &relays->open)
    {
        const char *breach = relay_breach(PL_CONTAINER(node, pl_relay, link));
        if (breach)
            return breach;
        n++;
    }
    PL_LIST_EACH(node, &relays->closed)
    {
        const pl_relay *relay = PL_CONTAINER(node, pl_relay, link);
        if (relay->n_events > 0 || relay->is_parked || !relay->row.closed_at)
            return "a closed relay channel is in use";
        n++;
    }
    return n == pl_map_count(relays->by_id) &&
                   n == pl_map_count(relays->by_sink) &&
                   n == (size_t)relays->n_open + relays->n_closed
               ? NULL
               : "relay channels are miscounted";
}
