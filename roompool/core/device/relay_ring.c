/* relay_ring.c - what a channel of the relay keeps: events, oldest first, no
 * more than so many and so much, and for so long. */
#include <stdlib.h>
#include <string.h>

#include "device/relay.h"
#include "pl/str.h"

static bool is_invitation(const char *type)
{
    static const char tail[] = "session-invitation";
    size_t n = strlen(type);
    return n >= sizeof tail - 1 &&
           strcmp(type + n - (sizeof tail - 1), tail) == 0;
}

static int64_t old_at_ms(const pl_pool *pool, const pl_relay_item *ev)
{
    const pl_roompool_config *config = pool->config;
    int64_t life_s = config->relay_event_s;
    if (is_invitation(ev->row.type) && config->relay_invitation_s < life_s)
        life_s = config->relay_invitation_s;
    return ev->row.at + life_s * 1000;
}

static void free_event(pl_relay_item *ev)
{
    free(ev->bytes);
    free(ev);
}

static void note_counts(const pl_pool *pool)
{
    pl_metrics_set(pool->metrics, PL_RM_relay_waiting, pool->relays->n_events);
    pl_metrics_set(pool->metrics, PL_RM_relay_bytes,
                   (int64_t)pool->relays->n_bytes);
}

pl_err pl_relay_append(pl_pool *pool, pl_relay *relay,
                       const pl_relayev_row *row)
{
    pl_relay_item *ev = calloc(1, sizeof *ev);
    uint8_t *copy = malloc(row->event.len + 1);
    if (!ev || !copy) {
        free(ev);
        free(copy);
        return PL_ENOMEM;
    }
    memcpy(copy, row->event.ptr, row->event.len);
    ev->row = *row;
    ev->bytes = copy;
    ev->row.event.ptr = copy;
    pl_list_append(&relay->events, &ev->link);
    relay->n_events++;
    relay->n_bytes += row->event.len;
    pool->relays->n_events++;
    pool->relays->n_bytes += row->event.len;
    note_counts(pool);
    return PL_OK;
}

static void drop(pl_pool *pool, pl_relay *relay, pl_relay_item *ev)
{
    if (ev->row.seq > relay->row.read_seq)
        pl_pool_count(pool, PL_RM_relay_dropped);
    pl_pool_del(pool, &PL_TABLE_RELAYEV, &ev->row);
    pl_list_remove(&ev->link);
    relay->n_events--;
    relay->n_bytes -= ev->row.event.len;
    pool->relays->n_events--;
    pool->relays->n_bytes -= ev->row.event.len;
    free_event(ev);
    note_counts(pool);
}

void pl_relay_drop_all(pl_pool *pool, pl_relay *relay)
{
    PL_LIST_EACH_SAFE(node, &relay->events)
    {
        drop(pool, relay, PL_CONTAINER(node, pl_relay_item, link));
    }
}

void pl_relay_drop_old(pl_pool *pool, pl_relay *relay)
{
    PL_LIST_EACH_SAFE(node, &relay->events)
    {
        pl_relay_item *ev = PL_CONTAINER(node, pl_relay_item, link);
        if (old_at_ms(pool, ev) <= pool->now.wall_ms)
            drop(pool, relay, ev);
    }
}

int64_t pl_relay_next_old_ms(const pl_pool *pool, const pl_relay *relay)
{
    int64_t next = INT64_MAX;
    PL_LIST_EACH(node, &relay->events)
    {
        int64_t at = old_at_ms(pool, PL_CONTAINER(node, pl_relay_item, link));
        next = at < next ? at : next;
    }
    return next;
}

static bool is_full(const pl_pool *pool, const pl_relay *relay, size_t len)
{
    const pl_roompool_config *config = pool->config;
    return relay->n_events >= config->relay_events ||
           relay->n_bytes + len > (size_t)config->relay_channel_kib * 1024;
}

pl_err pl_relay_make_room(pl_pool *pool, pl_relay *relay, size_t len)
{
    pl_relay_drop_old(pool, relay);
    while (is_full(pool, relay, len) && !pl_list_is_empty(&relay->events)) {
        pl_relay_item *ev =
            PL_CONTAINER(relay->events.next, pl_relay_item, link);
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): drop() unlinks */
        if (ev->row.seq > relay->row.read_seq)
            return PL_EFULL;
        drop(pool, relay, ev);
    }
    size_t max = (size_t)pool->config->relay_kib * 1024;
    return is_full(pool, relay, len) || pool->relays->n_bytes + len > max
               ? PL_EFULL
               : PL_OK;
}

const pl_relay_item *pl_relay_item_of(const pl_relay *relay, const char *id,
                                      const char *source)
{
    for (pl_list *node = relay->events.prev; node != &relay->events;
         node = node->prev) {
        const pl_relay_item *ev = PL_CONTAINER(node, pl_relay_item, link);
        if (strcmp(ev->row.event_id, id) == 0 &&
            (!source || strcmp(ev->row.source, source) == 0))
            return ev;
    }
    return NULL;
}

void pl_relay_events_free(pl_relay *relay)
{
    PL_LIST_EACH_SAFE(node, &relay->events)
    {
        pl_list_remove(node);
        free_event(PL_CONTAINER(node, pl_relay_item, link));
    }
}
