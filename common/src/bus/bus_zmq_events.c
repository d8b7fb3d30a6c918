/* bus_zmq_events.c - a ZeroMQ socket monitor.
 *
 * ZeroMQ's I/O thread sends the events through a pair of sockets, and it waits
 * when their queue is full or when there is no other end, holding a lock that
 * closing needs too. So the queue has no bound (it is emptied at each wake-up;
 * few events are asked for), our end is there before the first event and goes
 * after the last.
 *
 * ZeroMQ gives up a connection for good when roompool does not know the key. It
 * is made anew after a while: the key may be allowed later. */
#include "bus_zmq_events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

enum {
    HEAD_LEN = 6, /* of an event: type in 2 bytes, value in 4 */
    AGAIN_US = 1000000
};

static const char ADDRESS[] = "inproc://events";

struct pl_zmq_events {
    pl_bus *bus;
    void *watched, *pair;
    pl_io *io;
    pl_timer *again;
    int64_t grace_us;
    pl_log_limit complaints;
};

static void connect_again(void *ctx)
{
    pl_zmq_events *v = ctx;
    char endpoint[512];
    size_t size = sizeof endpoint;
    if (zmq_getsockopt(v->watched, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0)
        return;
    (void)zmq_disconnect(v->watched, endpoint); /* fails when nothing is left */
    if (zmq_connect(v->watched, endpoint) != 0) {
        PL_LOG(ERROR, "bus", "not_connected", PL_KV("endpoint", endpoint), "%s",
               zmq_strerror(errno));
    }
}

static void on_failed(pl_zmq_events *v, unsigned type)
{
    if (v->bus->is_router) {
        v->bus->stats.refused++;
        return;
    }
    if (type == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
        pl_timer_start(v->again, AGAIN_US);
    if (pl_log_allowed(&v->complaints, 6)) {
        PL_LOG(WARN, "bus", "not_let_in", NULL, "%s",
               type == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
                   ? "roompool does not know our key; put the public one into "
                     "its folder bus_allowed_keys"
                   : "no agreement on keys; bus_server_key must be roompool's "
                     "public key");
    }
}

static void on_event(pl_zmq_events *v, unsigned type)
{
    switch (type) {
    case ZMQ_EVENT_DISCONNECTED:
        pl_bus_connection_closed(v->bus, v->grace_us);
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        if (!v->bus->is_router)
            pl_bus_connection_made(v->bus);
        break;
    default: on_failed(v, type); break;
    }
}

static bool is_readable(const pl_zmq_events *v)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(v->pair, ZMQ_EVENTS, &events, &size) == 0 &&
           (events & ZMQ_POLLIN) != 0;
}

/* An event is a frame with its type and a frame with an address. */
static void on_readable(void *ctx, unsigned ready)
{
    (void)ready;
    pl_zmq_events *v = ctx;
    while (is_readable(v)) {
        uint8_t head[HEAD_LEN];
        uint8_t address[256];
        uint16_t type = 0;
        if (zmq_recv(v->pair, head, sizeof head, ZMQ_DONTWAIT) != HEAD_LEN ||
            zmq_recv(v->pair, address, sizeof address, ZMQ_DONTWAIT) < 0)
            return;
        memcpy(&type, head, sizeof type);
        on_event(v, type);
    }
}

/* The events that are wanted. Who connects with another key than the one that
 * the other end has is cut off there without a word. */
static int types_of(const pl_zmq_events *v)
{
    int mechanism = ZMQ_NULL;
    size_t size = sizeof mechanism;
    int types = ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;
    if (v->bus->is_router)
        return types;
    types |= ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    if (zmq_getsockopt(v->watched, ZMQ_MECHANISM, &mechanism, &size) == 0 &&
        mechanism == ZMQ_CURVE)
        types |= ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
    return types;
}

static pl_err open_pair(pl_zmq_events *v, void *context)
{
    const int zero = 0;
    int fd = -1;
    size_t size = sizeof fd;
    v->pair = zmq_socket(context, ZMQ_PAIR);
    if (!v->pair ||
        zmq_setsockopt(v->pair, ZMQ_RCVHWM, &zero, sizeof zero) != 0 ||
        zmq_setsockopt(v->pair, ZMQ_LINGER, &zero, sizeof zero) != 0 ||
        zmq_socket_monitor(v->watched, ADDRESS, types_of(v)) != 0 ||
        zmq_connect(v->pair, ADDRESS) != 0 ||
        zmq_getsockopt(v->pair, ZMQ_FD, &fd, &size) != 0) {
        PL_LOG(ERROR, "bus", "open_failed", NULL, "%s", zmq_strerror(errno));
        return PL_EIO;
    }
    /* The descriptor tells of something new only to who has seen the old. */
    (void)is_readable(v);
    return pl_io_create(v->bus->loop, fd, PL_IO_READ, on_readable, v, &v->io);
}

pl_err pl_zmq_events_open(pl_bus *bus, void *context, void *socket,
                          int64_t grace_us, pl_zmq_events **ret_events)
{
    pl_zmq_events *v = calloc(1, sizeof *v);
    if (!v)
        return PL_ENOMEM;
    v->bus = bus;
    v->watched = socket;
    v->grace_us = grace_us;
    pl_err e = pl_timer_create(bus->loop, connect_again, v, &v->again);
    if (!e)
        e = open_pair(v, context);
    if (e != PL_OK) {
        pl_zmq_events_close(&v);
    } else {
        *ret_events = v;
    }
    return e;
}

void pl_zmq_events_close(pl_zmq_events **events)
{
    if (!*events)
        return;
    pl_zmq_events *v = *events;
    pl_io_destroy(&v->io);
    pl_timer_destroy(&v->again);
    (void)zmq_socket_monitor(v->watched, NULL, 0); /* no event follows */
    if (v->pair)
        (void)zmq_close(v->pair);
    free(v);
    *events = NULL;
}
