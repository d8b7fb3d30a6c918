/* io_thread.c - epoll over the WebRTC ports, the sockets of SIP legs, the main
 * thread's commands and the mixers' notes. */
#include "io/io_thread.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/media_metrics.h"
#include "core/ring.h"
#include "io/peer.h"
#include "io/realtime.h"

enum {
    COMMANDS = 1024,    /* queued from the main thread */
    EVENTS = 1024,      /* queued to it; more wait with their legs */
    WAKES = 64,         /* descriptors handled in one turn */
    BATCHES = 8,        /* of one descriptor in one turn */
    BUSY_MS = 50,       /* timers while a handshake or an event waits */
    CALM_MS = 500,      /* timers while there are legs */
    STUCK_US = 1000000, /* so long in one turn: it hangs */
    GATHER_US = 2000, /* media is read so often at most: the mixing threads take
                         it every 20 ms, and a wake-up costs as much as reading
                         several packets */
    NEVER = -1,
};

/* What a descriptor in the epoll set is. */
typedef enum source {
    FROM_WEBRTC,
    FROM_COMMANDS,
    FROM_NOTES,
    FROM_RTP,
    FROM_RTCP
} source;

struct pl_io_thread {
    pthread_t thread;
    pl_peers peers;
    pl_udp_batch *batch;
    int epoll, command_wake, event_wake;
    pl_ring *commands, *events;
    bool is_stopping;
    _Atomic int64_t due_us; /* it wakes by then, or works since; 0: maybe never
                             */
    uint32_t priority;
    pl_metrics_tally waits; /* of datagrams, until we read them */
    bool has_read;          /* datagrams, in this turn */
    /* PORT_CLOSED that is not told yet: the queue was full. */
    uint16_t closed_ports[PL_NET_PORTS];
    size_t n_closed_ports;
};

static int64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- wake-ups ----------------------------------------------------------- */

static void wake(int fd)
{
    uint64_t one = 1;
    /* only a counter at its maximum refuses: the other side wakes anyway */
    if (write(fd, &one, sizeof one) < 0)
        return;
}

static void unwake(int fd)
{
    uint64_t n = 0;
    if (read(fd, &n, sizeof n) < 0)
        return; /* nothing was pending */
}

static bool emit(void *ctx, const pl_net_event *event)
{
    pl_io_thread *t = ctx;
    pl_net_event *slot = pl_ring_reserve(t->events);
    if (!slot)
        return false;
    *slot = *event;
    pl_ring_commit(t->events);
    wake(t->event_wake);
    return true;
}

/* ---- descriptors -------------------------------------------------------- */

/* Generation in the high half, kind and index in the low one: max_legs is
 * below 2^28. */
static uint64_t tag_of(source from, pl_mix_id leg)
{
    return (uint64_t)leg.generation << 32 | (uint64_t)from << 28 | leg.index;
}

static bool watch(pl_io_thread *t, int fd, source from, pl_mix_id leg)
{
    struct epoll_event e = {.events = EPOLLIN,
                            .data = {.u64 = tag_of(from, leg)}};
    return epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

static void unwatch(pl_io_thread *t, int fd)
{
    if (fd >= 0)
        (void)epoll_ctl(t->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* ---- what can be ready -------------------------------------------------- */

static void on_open(pl_io_thread *t, const pl_net_command *c)
{
    pl_peers_open(&t->peers, c);
    const pl_net_sip *s = pl_peers_sockets(&t->peers, c->leg);
    if (!s)
        return;
    (void)watch(t, s->rtp.fd, FROM_RTP, c->leg);
    (void)watch(t, s->rtcp.fd, FROM_RTCP, c->leg);
}

static void on_close(pl_io_thread *t, const pl_net_command *c)
{
    const pl_net_sip *s = pl_peers_sockets(&t->peers, c->leg);
    if (s) {
        unwatch(t, s->rtp.fd);
        unwatch(t, s->rtcp.fd);
    }
    pl_peers_close(&t->peers, c);
}

static size_t find_port(const pl_io_thread *t, uint16_t number)
{
    size_t i = 0;
    while (i < PL_NET_PORTS &&
           (t->peers.ports[i].fd < 0 || t->peers.ports[i].port != number))
        i++;
    return i;
}

/* io/web_ports.h keeps the number of ports within what there is place for. */
static void on_port_open(pl_io_thread *t, const pl_net_command *c)
{
    const pl_udp *udp = &c->u.port;
    size_t i = 0;
    if (find_port(t, udp->port) < PL_NET_PORTS ||
        pl_peers_add_port(&t->peers, udp, &i) != PL_OK)
        return;
    pl_mix_id at = {.index = (uint32_t)i};
    (void)watch(t, udp->fd, FROM_WEBRTC, at);
}

static void tell_port_closed(pl_io_thread *t)
{
    for (; t->n_closed_ports > 0; t->n_closed_ports--) {
        const pl_net_event event = {.kind = PL_NET_PORT_CLOSED,
                                    .u.port =
                                        t->closed_ports[t->n_closed_ports - 1]};
        if (!emit(t, &event))
            return;
    }
}

static void on_port_close(pl_io_thread *t, const pl_net_command *c)
{
    size_t i = find_port(t, c->u.port.port);
    if (i < PL_NET_PORTS) {
        unwatch(t, t->peers.ports[i].fd);
        pl_peers_drop_port(&t->peers, i);
    }
    if (t->n_closed_ports < PL_NET_PORTS)
        t->closed_ports[t->n_closed_ports++] = c->u.port.port;
    tell_port_closed(t);
}

static void read_commands(pl_io_thread *t)
{
    const pl_net_command *c;
    while ((c = pl_ring_peek(t->commands)) != NULL) {
        switch (c->kind) {
        case PL_NET_OPEN: on_open(t, c); break;
        case PL_NET_REMOTE: pl_peers_remote(&t->peers, c); break;
        case PL_NET_CLOSE: on_close(t, c); break;
        case PL_NET_PORT_OPEN: on_port_open(t, c); break;
        case PL_NET_PORT_CLOSE: on_port_close(t, c); break;
        case PL_NET_ALONE: pl_peers_alone(&t->peers, true); break;
        case PL_NET_LINKED: pl_peers_alone(&t->peers, false); break;
        case PL_NET_STOP: t->is_stopping = true; break;
        }
        pl_ring_release(t->commands);
    }
}

static void read_notes(pl_io_thread *t)
{
    pl_mix_note note;
    while (pl_mixer_next_note(t->peers.mixer, &note))
        pl_peers_note(&t->peers, &note);
}

static size_t receive(pl_io_thread *t, const pl_udp *udp,
                      const pl_datagram **ret_list)
{
    size_t n = pl_udp_receive(udp, t->batch, ret_list);
    t->peers.now_us = now_us();
    t->has_read = t->has_read || n > 0;
    for (size_t i = 0; i < n; i++) {
        if ((*ret_list)[i].waited_us >= 0)
            pl_metrics_tally_us(&t->waits, (uint64_t)(*ret_list)[i].waited_us);
    }
    return n;
}

/* When a datagram came, not when we came to read it: jitter is told by it. */
static void date(pl_io_thread *t, const pl_datagram *d)
{
    t->peers.arrival_us =
        t->peers.now_us - (d->waited_us > 0 ? d->waited_us : 0);
}

static void read_webrtc(pl_io_thread *t, size_t port)
{
    const pl_datagram *list;
    /* it may be closed since it was ready */
    for (int b = 0; b < BATCHES && t->peers.ports[port].fd >= 0; b++) {
        size_t n = receive(t, &t->peers.ports[port], &list);
        for (size_t i = 0; i < n; i++) {
            date(t, &list[i]);
            pl_peers_webrtc(&t->peers, port, &list[i]);
        }
        if (n < PL_UDP_BATCH)
            return;
    }
}

static void read_sip(pl_io_thread *t, pl_mix_id leg, bool is_rtcp)
{
    const pl_net_sip *s = pl_peers_sockets(&t->peers, leg);
    if (!s)
        return;
    const pl_datagram *list;
    size_t n = receive(t, is_rtcp ? &s->rtcp : &s->rtp, &list);
    for (size_t i = 0; i < n; i++) {
        date(t, &list[i]);
        pl_peers_sip(&t->peers, leg, is_rtcp, &list[i]);
    }
}

static void on_ready(pl_io_thread *t, uint64_t tag)
{
    pl_mix_id leg = {.index = (uint32_t)tag & 0x0fffffff,
                     .generation = (uint32_t)(tag >> 32)};
    switch ((source)((tag >> 28) & 0xf)) {
    case FROM_WEBRTC: read_webrtc(t, leg.index); break;
    case FROM_COMMANDS:
        /* They were read first, but for those that came since; the wake-up may
         * come behind what it was for, and has to be taken all the same. */
        unwake(t->command_wake);
        read_commands(t);
        break;
    case FROM_NOTES: read_notes(t); break;
    case FROM_RTP: read_sip(t, leg, false); break;
    case FROM_RTCP: read_sip(t, leg, true); break;
    }
}

static int patience_ms(const pl_io_thread *t)
{
    if (t->peers.n_half || t->peers.n_todo || t->n_closed_ports)
        return BUSY_MS;
    return t->peers.n_open ? CALM_MS : NEVER;
}

/* Let packets gather: the next turn begins GATHER_US after this one began.
 * Where few come, that is over long before the next. */
static void gather(const pl_io_thread *t, int64_t began_us)
{
    int64_t left_us = began_us + GATHER_US - now_us();
    if (!t->has_read || left_us <= 0)
        return;
    const struct timespec nap = {.tv_nsec = (long)left_us * 1000};
    (void)nanosleep(&nap, NULL);
}

static void *run(void *arg)
{
    pl_io_thread *t = arg;
    int64_t maintained_us = 0;
    (void)pl_realtime_enter(t->priority);
    while (!t->is_stopping) {
        struct epoll_event ready[WAKES];
        int patience = patience_ms(t);
        int64_t due_us =
            patience == NEVER ? 0 : now_us() + (int64_t)patience * 1000;
        atomic_store_explicit(&t->due_us, due_us, memory_order_relaxed);
        int n = epoll_wait(t->epoll, ready, WAKES, patience);
        const int64_t began_us = t->peers.now_us = now_us();
        atomic_store_explicit(&t->due_us, began_us, memory_order_relaxed);
        t->has_read = false;
        /* What main told comes first: a peer acts on the description that it
         * was sent, perhaps faster than we wake. */
        read_commands(t);
        for (int i = 0; i < n; i++)
            on_ready(t, ready[i].data.u64);
        pl_metrics_add_tally(t->peers.metrics, PL_MEDIA_M_packet_read_us,
                             &t->waits);
        int64_t period_ms = patience == BUSY_MS ? BUSY_MS : CALM_MS;
        if (t->peers.now_us - maintained_us >= period_ms * 1000) {
            maintained_us = t->peers.now_us;
            pl_peers_maintain(&t->peers);
            tell_port_closed(t);
        }
        if (n < WAKES)
            gather(t, began_us);
    }
    return NULL;
}

/* ---- life --------------------------------------------------------------- */

static void release(pl_io_thread *t)
{
    pl_peers_fini(&t->peers);
    pl_udp_batch_destroy(&t->batch);
    pl_ring_destroy(&t->commands);
    pl_ring_destroy(&t->events);
    if (t->epoll >= 0)
        (void)close(t->epoll);
    if (t->command_wake >= 0)
        (void)close(t->command_wake);
    if (t->event_wake >= 0)
        (void)close(t->event_wake);
    free(t);
}

static pl_err build(pl_io_thread *t, const pl_io_thread_options *o)
{
    pl_mix_id none = {.index = 0};
    pl_err e = pl_peers_init(&t->peers, o->max_legs);
    if (e == PL_OK)
        t->peers.ports[0] = o->webrtc;
    if (e == PL_OK)
        e = pl_udp_batch_create(&t->batch);
    if (e == PL_OK)
        e = pl_ring_create(COMMANDS, sizeof(pl_net_command), &t->commands);
    if (e == PL_OK)
        e = pl_ring_create(EVENTS, sizeof(pl_net_event), &t->events);
    if (e != PL_OK)
        return e;
    t->epoll = epoll_create1(EPOLL_CLOEXEC);
    t->command_wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    t->event_wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    bool is_ok = t->epoll >= 0 && t->command_wake >= 0 && t->event_wake >= 0 &&
                 watch(t, o->webrtc.fd, FROM_WEBRTC, none) &&
                 watch(t, t->command_wake, FROM_COMMANDS, none) &&
                 watch(t, pl_mixer_note_fd(o->mixer), FROM_NOTES, none);
    return is_ok ? PL_OK : PL_EIO;
}

pl_err pl_io_thread_start(const pl_io_thread_options *o,
                          pl_io_thread **ret_thread)
{
    pl_io_thread *t = calloc(1, sizeof *t);
    if (!t)
        return PL_ENOMEM;
    t->epoll = t->command_wake = t->event_wake = -1;
    t->priority = o->priority;
    t->peers = (pl_peers){.mixer = o->mixer,
                          .identity = o->identity,
                          .metrics = o->metrics,
                          .now_us = now_us(),
                          .dtls_grace_us = o->dtls_grace_us,
                          .emit = emit,
                          .ctx = t};
    pl_err e = build(t, o);
    if (e == PL_OK && pthread_create(&t->thread, NULL, run, t) != 0)
        e = PL_EIO;
    if (e != PL_OK) {
        release(t);
        return e;
    }
    *ret_thread = t;
    return PL_OK;
}

void pl_io_thread_stop(pl_io_thread **thread)
{
    if (!thread || !*thread)
        return;
    pl_io_thread *t = *thread;
    pl_net_command stop = {.kind = PL_NET_STOP};
    /* a full queue empties as the thread runs */
    while (pl_io_thread_command(t, &stop) != PL_OK)
        (void)sched_yield();
    (void)pthread_join(t->thread, NULL);
    release(t);
    *thread = NULL;
}

/* ---- main thread -------------------------------------------------------- */

pl_err pl_io_thread_command(pl_io_thread *t, const pl_net_command *command)
{
    pl_net_command *slot = pl_ring_reserve(t->commands);
    if (!slot)
        return PL_EFULL;
    *slot = *command;
    pl_ring_commit(t->commands);
    wake(t->command_wake);
    return PL_OK;
}

bool pl_io_thread_lives(const pl_io_thread *t)
{
    int64_t due_us = atomic_load_explicit(&t->due_us, memory_order_relaxed);
    return due_us == 0 || now_us() - due_us < STUCK_US;
}

int pl_io_thread_event_fd(const pl_io_thread *t)
{
    return t->event_wake;
}

bool pl_io_thread_next_event(pl_io_thread *t, pl_net_event *ret_event)
{
    const pl_net_event *event = pl_ring_peek(t->events);
    if (!event) {
        unwake(t->event_wake);
        event = pl_ring_peek(t->events); /* came between the two */
    }
    if (!event)
        return false;
    *ret_event = *event;
    pl_ring_release(t->events);
    return true;
}
