/* http_door.c - connections that come through a balancer: they are let in when
 * it has said who the client is. Its header is read to the byte, so that what
 * follows is TLS's. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api_metrics.h"
#include "http_impl.h"
#include "pl/log.h"
#include "proxy_header.h"
#include "tcp_address.h"

enum { REFUSALS_LOGGED = 6 }; /* a minute */

typedef struct arrival {
    pl_list link;
    pl_http_server *server;
    int fd;
    pl_http_source from; /* the balancer, as the socket has it */
    pl_io *io;
    pl_timer *timer;
    size_t have, want;
    uint8_t bytes[PL_PROXY_MAX];
} arrival;

static void ip_of(const struct sockaddr *from, pl_ip *ret_ip)
{
    const struct sockaddr_in *v4 = (const void *)from;
    const struct sockaddr_in6 *v6 = (const void *)from;
    memset(ret_ip, 0, sizeof *ret_ip);
    if (from->sa_family == AF_INET) {
        ret_ip->b[10] = ret_ip->b[11] = 0xff;
        memcpy(ret_ip->b + 12, &v4->sin_addr, 4);
    } else if (from->sa_family == AF_INET6) {
        memcpy(ret_ip->b, &v6->sin6_addr, sizeof ret_ip->b);
    }
}

bool pl_door_is_proxy(const pl_http_server *server, const struct sockaddr *from)
{
    pl_ip ip;
    ip_of(from, &ip);
    return pl_cidr_has(&server->options.proxies, &ip);
}

/* The descriptor is somebody else's now, or -1. */
static void free_arrival(arrival *a)
{
    pl_list_remove(&a->link);
    a->server->n_arriving--;
    pl_io_destroy(&a->io);
    pl_timer_destroy(&a->timer);
    if (a->fd >= 0)
        (void)close(a->fd);
    free(a);
}

static void refuse(arrival *a, const char *why)
{
    static pl_log_limit limit;
    pl_conn_count(a->server, PL_AM_proxy_refused);
    if (pl_log_allowed(&limit, REFUSALS_LOGGED)) {
        PL_LOG(WARN, "http", "proxy_refused", PL_KV("source", a->from.text),
               "%s", why);
    }
    free_arrival(a);
}

/* Who a header speaks of. A client that a balancer names is never on our own
 * host, whatever its address says. */
static void find_source(const arrival *a, const pl_proxy_header *header,
                        pl_http_source *ret_source)
{
    *ret_source = a->from;
    if (header->is_local)
        return;
    ret_source->is_loopback = false;
    if (header->has_client) {
        struct sockaddr_in6 client = {.sin6_family = AF_INET6};
        bool is_loopback;
        memcpy(&client.sin6_addr, header->client.b, sizeof header->client.b);
        pl_tcp_source((const struct sockaddr *)&client, ret_source->text,
                      sizeof ret_source->text, &is_loopback);
    }
}

static void let_in(arrival *a)
{
    pl_proxy_header header;
    pl_http_source source;
    pl_http_server *server = a->server;
    if (pl_proxy_parse(a->bytes, a->have, &header)) {
        refuse(a, "its PROXY header is malformed");
        return;
    }
    find_source(a, &header, &source);
    int fd = a->fd;
    a->fd = -1;
    free_arrival(a);
    pl_conn_admit(server, fd, &source);
}

static void on_readable(void *ctx, unsigned events)
{
    arrival *a = ctx;
    (void)events;
    ssize_t n = recv(a->fd, a->bytes + a->have, a->want - a->have, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        /* Some look whether the port is open, and go. */
        if (a->have > 0) {
            refuse(a, "it closed within its PROXY header");
        } else {
            free_arrival(a);
        }
        return;
    }
    a->have += (size_t)n;
    if (a->have < a->want)
        return;
    if (a->have == PL_PROXY_HEAD && pl_proxy_length(a->bytes, &a->want)) {
        refuse(a, "it does not begin with a PROXY header of version 2, or one "
                  "that is too long");
    } else if (a->have == a->want) {
        let_in(a);
    }
}

static void on_late(void *ctx)
{
    refuse(ctx, "its PROXY header did not come in time");
}

pl_err pl_door_open(pl_http_server *server, int fd, const pl_http_source *from)
{
    arrival *a = calloc(1, sizeof *a);
    if (!a)
        return PL_ENOMEM;
    a->server = server;
    a->fd = fd;
    a->from = *from;
    a->want = PL_PROXY_HEAD;
    pl_list_append(&server->arrivals, &a->link);
    server->n_arriving++;
    pl_loop *loop = server->options.loop;
    pl_err e = pl_timer_create(loop, on_late, a, &a->timer);
    if (!e)
        e = pl_io_create(loop, fd, PL_IO_READ, on_readable, a, &a->io);
    if (e) {
        a->fd = -1;
        free_arrival(a);
        return e;
    }
    pl_timer_start(a->timer, (int64_t)server->options.head_ms * 1000);
    return PL_OK;
}

void pl_door_close(pl_http_server *server)
{
    while (!pl_list_is_empty(&server->arrivals)) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it is unlinked */
        free_arrival(PL_CONTAINER(server->arrivals.next, arrival, link));
    }
}
