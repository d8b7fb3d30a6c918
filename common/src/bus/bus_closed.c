/* bus_closed.c - who is gone because its connection is: noticed at once, where
 * missed beats take a second.
 *
 * The transport tells that some connection was closed, not whose: it knows the
 * descriptor only, whose number may be another one's by then. So nothing is
 * concluded from that but that it is time to look: each worker that is up gets
 * a beat, and with whom there is no connection under its own name is cut off.
 * The end of a connection reaches the sending side a little after the notice,
 * so one looks several times. */
#include "bus_impl.h"

/* Between the looks. */
static const int64_t PROBE_US[] = {1000,  2000,  4000,  8000,
                                   16000, 32000, 64000, 128000};

enum {
    PROBES = sizeof PROBE_US / sizeof PROBE_US[0],
    RESTART_AT = 5, /* looks, before one begins anew for a later notice */
    GRACE_STEP_US = 16000,
    LAST_WORDS_US = 20000 /* longest wait for them, where all talk at once */
};

/* Send a beat to each worker that is up; whether some are cut off. */
static bool find_cut(pl_bus *bus, int64_t now_us)
{
    bool is_any = false;
    size_t cursor = 0;
    for (pl_bus_peer *p = pl_map_next(bus->peers, &cursor, NULL); p;
         p = pl_map_next(bus->peers, &cursor, NULL)) {
        if (!p->is_up)
            continue;
        if (pl_bus_send_beat(bus, p->node) != PL_ENOENT) {
            p->cut_us = 0; /* it was not, or has come back */
        } else {
            is_any = true;
            p->cut_us = p->cut_us ? p->cut_us : now_us;
        }
    }
    return is_any;
}

/* Take down whose grace is over; whether some are left. */
static bool take_down_cut(pl_bus *bus, int64_t now_us, bool is_all_read)
{
    int64_t wait_us = bus->grace_us + (is_all_read ? 0 : LAST_WORDS_US);
    bool is_any = false;
    size_t cursor = 0;
    for (pl_bus_peer *p = pl_map_next(bus->peers, &cursor, NULL); p;
         p = pl_map_next(bus->peers, &cursor, NULL)) {
        if (!p->is_up || !p->cut_us)
            continue;
        if (now_us - p->cut_us < wait_us) {
            is_any = true;
        } else if (pl_bus_send_beat(bus, p->node) != PL_ENOENT) {
            p->cut_us = 0;
        } else {
            bus->stats.closed++;
            pl_bus_peer_take_down(bus, p, "its connection was closed");
        }
    }
    return is_any;
}

static void look_for_cut(pl_bus *bus)
{
    int64_t now_us = pl_loop_now_us(bus->loop);
    bool waits = false;
    if (find_cut(bus, now_us)) {
        /* Its last words come first: they may be a goodbye. */
        bool is_all_read = bus->transport->catch_up(bus->link);
        waits = take_down_cut(bus, now_us, is_all_read);
    }
    if (bus->is_closed_again && bus->probes >= RESTART_AT) {
        bus->is_closed_again = false;
        bus->probes = 0;
    }
    if (bus->probes < PROBES) {
        pl_timer_start(bus->closed_timer, PROBE_US[bus->probes++]);
    } else if (waits) {
        pl_timer_start(bus->closed_timer, GRACE_STEP_US);
    }
}

/* Dealer: roompool had the time to be heard again. */
static void give_up_link(pl_bus *bus)
{
    pl_bus_peer *p = pl_map_find(bus->peers, PL_BUS_ROOMPOOL);
    if (p && p->is_up && (bus->grace_us == 0 || p->seen_us <= bus->closed_us))
        pl_bus_set_link(bus, p, false, "the connection was closed");
}

void pl_bus_on_closed_due(void *ctx)
{
    pl_bus *bus = ctx;
    if (bus->is_router) {
        look_for_cut(bus);
    } else {
        give_up_link(bus);
    }
}

void pl_bus_connection_closed(pl_bus *bus, int64_t grace_us)
{
    bus->grace_us = grace_us;
    if (!bus->is_router) {
        (void)bus->transport->catch_up(bus->link); /* of before */
        bus->closed_us = pl_loop_now_us(bus->loop);
        pl_timer_start(bus->closed_timer, grace_us);
    } else if (pl_timer_is_running(bus->closed_timer) &&
               bus->probes < RESTART_AT) {
        bus->is_closed_again = true; /* strangers cannot make us look always */
    } else {
        bus->probes = 0;
        pl_timer_start(bus->closed_timer, 0);
    }
}

void pl_bus_connection_made(pl_bus *bus)
{
    pl_bus_beat_now(bus); /* its answer shows who is there */
}
