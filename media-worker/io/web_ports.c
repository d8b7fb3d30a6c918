/* web_ports.c - a short list of sockets, each with the legs that live on it.
 *
 * A socket that its last leg has left is closed in three steps: the I/O thread
 * is told, it answers, the descriptor goes. A leg that comes meanwhile has the
 * socket read again, so that closing is undone by what follows in the queue. */
#include "io/web_ports.h"

#include <stdlib.h>

#include "core/media_metrics.h"
#include "pl/log.h"

enum { RETRY_US = 20000 };

typedef struct web_port {
    pl_udp udp; /* fd -1: free */
    uint32_t n_legs;
    bool is_read;       /* the I/O thread was told to read it, not to stop */
    uint32_t n_answers; /* PORT_CLOSED that are on their way */
} web_port;

struct pl_web_ports {
    pl_web_ports_options o;
    uint16_t own;
    bool is_shutting, is_quiet;
    void (*shut)(void *ctx); /* NULL: nobody waits */
    void *ctx;
    pl_timer *retry; /* commands that did not fit */
    web_port list[PL_NET_PORTS];
};

pl_err pl_web_ports_open_first(const char *bind_address, uint16_t first,
                               uint32_t n, uint32_t begin, pl_udp *ret_udp)
{
    pl_err e = PL_EBUSY;
    for (uint32_t i = 0; i < n; i++) {
        uint16_t port = (uint16_t)(first + (begin + i) % n);
        e = pl_udp_open(bind_address, port, PL_UDP_BUFFER, ret_udp);
        if (e != PL_EBUSY)
            return e;
    }
    return e;
}

static web_port *find(pl_web_ports *ports, uint16_t port)
{
    for (size_t i = 0; i < PL_NET_PORTS; i++) {
        if (ports->list[i].udp.fd >= 0 && ports->list[i].udp.port == port)
            return &ports->list[i];
    }
    return NULL;
}

static uint32_t count(const pl_web_ports *ports)
{
    uint32_t n = 0;
    for (size_t i = 0; i < PL_NET_PORTS; i++)
        n += ports->list[i].udp.fd >= 0;
    return n;
}

static void gauge(const pl_web_ports *ports)
{
    pl_metrics_set(ports->o.metrics, PL_MEDIA_M_webrtc_ports, count(ports));
}

/* ---- closing ------------------------------------------------------------- */

static bool is_wanted(const pl_web_ports *ports, const web_port *p)
{
    bool is_own = p->udp.port == ports->own && !ports->is_shutting;
    return p->n_legs > 0 || is_own;
}

static void tell_shut(pl_web_ports *ports)
{
    void (*shut)(void *ctx) = ports->shut;
    if (!shut || count(ports) > 0)
        return;
    ports->shut = NULL;
    shut(ports->ctx);
}

static void settle(pl_web_ports *ports)
{
    bool is_full = false;
    if (ports->is_quiet)
        return; /* pl_web_ports_destroy() closes what there is */
    for (size_t i = 0; i < PL_NET_PORTS; i++) {
        web_port *p = &ports->list[i];
        if (p->udp.fd < 0 || is_wanted(ports, p))
            continue;
        pl_net_command m = {.kind = PL_NET_PORT_CLOSE, .u.port = p->udp};
        if (p->is_read &&
            pl_io_thread_command(ports->o.io_thread, &m) == PL_OK) {
            p->is_read = false;
            p->n_answers++;
        }
        is_full = is_full || p->is_read;
        if (p->is_read || p->n_answers > 0)
            continue;
        PL_LOG(INFO, "media", "port_closed", NULL, "WebRTC port %u",
               p->udp.port);
        pl_udp_close(&p->udp);
    }
    if (is_full)
        pl_timer_start(ports->retry, RETRY_US);
    gauge(ports);
    tell_shut(ports);
}

static void on_retry(void *ctx)
{
    settle(ctx);
}

void pl_web_ports_closed(pl_web_ports *ports, uint16_t port)
{
    web_port *p = find(ports, port);
    if (!p || p->n_answers == 0)
        return;
    p->n_answers--;
    settle(ports);
}

void pl_web_ports_leave(pl_web_ports *ports, uint16_t port)
{
    web_port *p = find(ports, port);
    if (!p || p->n_legs == 0)
        return;
    p->n_legs--;
    settle(ports);
}

void pl_web_ports_shut(pl_web_ports *ports, void (*shut)(void *ctx), void *ctx)
{
    ports->is_shutting = true;
    ports->shut = shut;
    ports->ctx = ctx;
    settle(ports);
}

/* ---- opening ------------------------------------------------------------- */

static pl_err adopt(pl_web_ports *ports, uint16_t port, web_port **ret)
{
    size_t i = 0;
    while (i < PL_NET_PORTS && ports->list[i].udp.fd >= 0)
        i++;
    if (i == PL_NET_PORTS)
        return PL_EFULL;
    web_port fresh = {.udp = {.fd = -1}};
    pl_err e =
        pl_udp_open(ports->o.bind_address, port, PL_UDP_BUFFER, &fresh.udp);
    if (e != PL_OK)
        return e;
    ports->list[i] = fresh;
    *ret = &ports->list[i];
    return PL_OK;
}

pl_err pl_web_ports_hold(pl_web_ports *ports, uint16_t port)
{
    web_port *p = port ? find(ports, port) : NULL;
    if (port == 0)
        return PL_EINVAL;
    if (!p) {
        pl_err e = adopt(ports, port, &p);
        if (e != PL_OK)
            return e;
        PL_LOG(INFO, "media", "port_adopted", NULL, "WebRTC port %u", port);
    }
    pl_net_command m = {.kind = PL_NET_PORT_OPEN, .u.port = p->udp};
    if (!p->is_read && pl_io_thread_command(ports->o.io_thread, &m) != PL_OK) {
        settle(ports);
        return PL_EFULL;
    }
    p->is_read = true;
    p->n_legs++;
    gauge(ports);
    return PL_OK;
}

uint16_t pl_web_ports_own(const pl_web_ports *ports)
{
    return ports->own;
}

/* ---- life ---------------------------------------------------------------- */

pl_err pl_web_ports_create(const pl_web_ports_options *options,
                           pl_web_ports **ret_ports)
{
    pl_web_ports *p = calloc(1, sizeof *p);
    pl_udp own = options->own;
    if (!p) {
        pl_udp_close(&own);
        return PL_ENOMEM;
    }
    p->o = *options;
    p->own = own.port;
    for (size_t i = 0; i < PL_NET_PORTS; i++)
        p->list[i].udp.fd = -1;
    p->list[0] = (web_port){.udp = own, .is_read = true};
    pl_err e = pl_timer_create(options->loop, on_retry, p, &p->retry);
    if (e != PL_OK) {
        pl_web_ports_destroy(&p);
        return e;
    }
    gauge(p);
    *ret_ports = p;
    return PL_OK;
}

void pl_web_ports_quiet(pl_web_ports *ports)
{
    if (!ports)
        return;
    ports->is_quiet = true;
    pl_timer_destroy(&ports->retry);
}

void pl_web_ports_destroy(pl_web_ports **ports)
{
    if (!ports || !*ports)
        return;
    pl_web_ports_quiet(*ports);
    for (size_t i = 0; i < PL_NET_PORTS; i++)
        pl_udp_close(&(*ports)->list[i].udp);
    free(*ports);
    *ports = NULL;
}
