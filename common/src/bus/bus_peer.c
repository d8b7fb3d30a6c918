/* bus_peer.c - who is there: heartbeats out of the main loop, since ZeroMQ's
 * own ones are answered by its I/O thread even when the process hangs. */
#include <stdlib.h>
#include <string.h>

#include "pl/str.h"

#include "bus_impl.h"

pl_err pl_bus_send_beat(pl_bus *bus, const char *to)
{
    pl_beat beat = {.life = PL_LIFE_READY};
    if (bus->fill_beat)
        bus->fill_beat(bus->fill_beat_ctx, &beat);
    size_t n = 0;
    pl_err e =
        pl_msg_encode(&PL_MSG_BEAT, &beat, bus->out, PL_BUS_BODY_MAX, &n);
    if (e != PL_OK)
        return e;
    const pl_bus_head env = {
        .major = PL_SCHEMA_MAJOR, .msg_id = PL_MSG_BEAT.id, .kind = PL_EVENT};
    return pl_bus_send_now(bus, to, &env,
                           (pl_slice){.ptr = bus->out, .len = n});
}

void pl_bus_beat_now(pl_bus *bus)
{
    if (!bus->is_router)
        (void)pl_bus_send_beat(bus, NULL); /* the next one says it too */
}

void pl_bus_set_link(pl_bus *bus, pl_bus_peer *peer, bool is_up,
                     const char *why)
{
    peer->is_up = is_up;
    if (is_up) {
        PL_LOG(INFO, "bus", "link_up", NULL, NULL);
    } else {
        PL_LOG(WARN, "bus", "link_down", NULL, "%s; the link is tried again",
               why);
    }
    if (bus->on_link)
        bus->on_link(bus->on_link_ctx, is_up);
}

pl_bus_peer *pl_bus_peer_seen(pl_bus *bus, const pl_bus_sender *from)
{
    pl_bus_peer *p = pl_map_find(bus->peers, from->node);
    if (!p) {
        if (pl_map_count(bus->peers) >= PL_BUS_PEERS_MAX)
            return NULL;
        p = calloc(1, sizeof *p);
        if (!p)
            return NULL;
        pl_fmt_cut(p->node, sizeof p->node, "%s", from->node);
        if (pl_map_put(bus->peers, p->node, p) != PL_OK) {
            free(p);
            return NULL;
        }
    }
    return p;
}

bool pl_bus_peer_is_taken(pl_bus *bus, const pl_bus_peer *peer)
{
    size_t n = strcspn(peer->node, ".");
    size_t cursor = 0;
    for (const pl_bus_peer *p = pl_map_next(bus->peers, &cursor, NULL); p;
         p = pl_map_next(bus->peers, &cursor, NULL)) {
        if (p != peer && p->is_up && strcspn(p->node, ".") == n &&
            memcmp(p->node, peer->node, n) == 0)
            return true;
    }
    return false;
}

void pl_bus_peer_hello(pl_bus *bus, pl_bus_peer *peer)
{
    if (peer->is_up)
        return;
    peer->is_up = true;
    PL_LOG(INFO, "bus", "peer_up", PL_KV("node", peer->node), NULL);
    if (bus->on_peer)
        bus->on_peer(bus->on_peer_ctx, peer->node, true);
}

/* The peer may live on (paused, cut off): as its beats stay unanswered from now
 * on, it loses its link and says hello again. */
static void end_peer(pl_bus *bus, pl_bus_peer *peer)
{
    peer->is_up = false;
    peer->cut_us = 0;
    if (bus->on_peer)
        bus->on_peer(bus->on_peer_ctx, peer->node, false);
    pl_bus_fail_pending(bus, peer->node);
}

void pl_bus_peer_take_down(pl_bus *bus, pl_bus_peer *peer, const char *why)
{
    PL_LOG(WARN, "bus", "peer_down", PL_KV("node", peer->node), "%s", why);
    end_peer(bus, peer);
}

void pl_bus_peer_goodbye(pl_bus *bus, pl_bus_peer *peer)
{
    if (!bus->is_router || !peer->is_up)
        return;
    PL_LOG(INFO, "bus", "peer_down", PL_KV("node", peer->node),
           "it said goodbye");
    end_peer(bus, peer);
}

/* All that this process stood still until now. What is queued may be read
 * before the beat that is due notices. */
static int64_t late_us(const pl_bus *bus, int64_t now_us)
{
    return bus->late_us + (now_us > bus->due_us ? now_us - bus->due_us : 0);
}

void pl_bus_peer_lives(pl_bus *bus, pl_bus_peer *peer)
{
    peer->seen_us = pl_loop_now_us(bus->loop);
    peer->seen_late_us = late_us(bus, peer->seen_us);
}

void pl_bus_peer_beat(pl_bus *bus, pl_bus_peer *peer)
{
    if (bus->is_router) {
        if (peer->is_up)
            (void)pl_bus_send_beat(bus, peer->node); /* a lost one is made up
                                                        for */
        return;
    }
    pl_bus_peer_lives(bus, peer);
    if (!peer->is_up)
        pl_bus_set_link(bus, peer, true, NULL);
}

/* Take down who is silent; forget peers that never came (back). While this
 * process stood still it heard nobody: that is no silence of theirs. */
static void check_peer(pl_bus *bus, pl_bus_peer *peer, int64_t now_us)
{
    int64_t silent_us =
        now_us - peer->seen_us - (bus->late_us - peer->seen_late_us);
    if (peer->is_up && silent_us >= bus->patience_us) {
        if (bus->is_router) {
            pl_bus_peer_take_down(bus, peer, "its beats stopped");
        } else {
            pl_bus_set_link(bus, peer, false, "roompool is silent");
        }
    } else if (bus->is_router && !peer->is_up &&
               silent_us >= 8 * bus->patience_us) {
        (void)pl_map_remove(bus->peers, peer->node);
        free(peer);
    }
}

static void on_beat_due(void *ctx)
{
    pl_bus *bus = ctx;
    int64_t now_us = pl_loop_now_us(bus->loop);
    bus->late_us = late_us(bus, now_us);
    bus->due_us = now_us + bus->beat_us;
    pl_timer_start(bus->beat_timer, bus->beat_us);
    if (!bus->is_router)
        (void)pl_bus_send_beat(bus, NULL);
    size_t cursor = 0;
    for (pl_bus_peer *p = pl_map_next(bus->peers, &cursor, NULL); p;
         p = pl_map_next(bus->peers, &cursor, NULL)) {
        check_peer(bus, p, now_us);
    }
    if (++bus->beats % 4 == 0)
        pl_repeats_expire(bus->repeats, now_us);
}

pl_err pl_bus_peers_start(pl_bus *bus)
{
    pl_err e = pl_map_create(&bus->peers);
    if (e == PL_OK) {
        e = pl_timer_create(bus->loop, pl_bus_on_closed_due, bus,
                            &bus->closed_timer);
    }
    if (e == PL_OK)
        e = pl_timer_create(bus->loop, on_beat_due, bus, &bus->beat_timer);
    if (e == PL_OK) {
        bus->due_us = pl_loop_now_us(bus->loop);
        pl_timer_start(bus->beat_timer, 0);
    }
    return e;
}

void pl_bus_peers_stop(pl_bus *bus)
{
    pl_timer_destroy(&bus->beat_timer);
    pl_timer_destroy(&bus->closed_timer);
    size_t cursor = 0;
    for (pl_bus_peer *p = bus->peers ? pl_map_next(bus->peers, &cursor, NULL)
                                     : NULL;
         p; p = pl_map_next(bus->peers, &cursor, NULL)) {
        free(p);
    }
    pl_map_destroy(&bus->peers);
}
