/* udp.c - sockets and batches; recvmmsg() is Linux. */
#define _GNU_SOURCE /* recvmmsg. NOLINT(bugprone-reserved-identifier) */
#include "io/udp.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pl/log.h"

#include "io/links.h"

enum {
    DISCARD_PORT = 9, /* only named, never sent to */
    CONTROL_BYTES = CMSG_SPACE(sizeof(struct timespec))
};
static const int64_t WAIT_MAX_US = 60000000; /* the clock was set */

/* ---- addresses ---------------------------------------------------------- */

static pl_addr from_sockaddr(const struct sockaddr_storage *ss)
{
    pl_addr a = {.port = 0};
    if (ss->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, ss, sizeof v4);
        a.ip[10] = a.ip[11] = 0xff;
        memcpy(a.ip + 12, &v4.sin_addr, 4);
        a.port = ntohs(v4.sin_port);
    } else if (ss->ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, ss, sizeof v6);
        memcpy(a.ip, &v6.sin6_addr, 16);
        a.port = ntohs(v6.sin6_port);
    }
    return a;
}

pl_udp_endpoint pl_udp_endpoint_of(const pl_addr *to, bool is_v6)
{
    pl_udp_endpoint e;
    memset(&e, 0, sizeof e);
    if (is_v6) {
        e.addr.v6.sin6_family = AF_INET6;
        e.addr.v6.sin6_port = htons(to->port);
        memcpy(&e.addr.v6.sin6_addr, to->ip, 16);
        e.len = sizeof e.addr.v6;
    } else if (pl_addr_is_v4(to)) {
        e.addr.v4.sin_family = AF_INET;
        e.addr.v4.sin_port = htons(to->port);
        memcpy(&e.addr.v4.sin_addr, to->ip + 12, 4);
        e.len = sizeof e.addr.v4;
    }
    return e;
}

/* ---- opening ------------------------------------------------------------ */

static pl_err bind_socket(int fd, const pl_addr *local, bool is_v6)
{
    int off = 0;
    if (is_v6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0)
        return PL_EIO;
    pl_udp_endpoint e = pl_udp_endpoint_of(local, is_v6);
    if (bind(fd, (const struct sockaddr *)&e.addr, e.len) == 0)
        return PL_OK;
    return errno == EADDRINUSE ? PL_EBUSY : PL_EIO;
}

static pl_err open_family(const pl_addr *local, bool is_v6, pl_udp *ret_udp)
{
    int fd = socket(is_v6 ? AF_INET6 : AF_INET,
                    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return PL_EIO;
    pl_err e = bind_socket(fd, local, is_v6);
    struct sockaddr_storage bound = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof bound;
    if (e == PL_OK && getsockname(fd, (struct sockaddr *)&bound, &len) != 0)
        e = PL_EIO;
    if (e != PL_OK) {
        int why = errno;
        (void)close(fd);
        errno = why;
        return e;
    }
    *ret_udp =
        (pl_udp){.fd = fd, .is_v6 = is_v6, .port = from_sockaddr(&bound).port};
    return PL_OK;
}

pl_err pl_udp_open(const char *bind_address, uint16_t port, int rcvbuf,
                   pl_udp *ret_udp)
{
    pl_addr local = {.port = port};
    bool is_any = bind_address[0] == '\0';
    if (!is_any && pl_addr_parse(bind_address, port, &local) != PL_OK)
        return PL_EINVAL;
    bool is_v6 = is_any || !pl_addr_is_v4(&local);
    pl_udp udp = {.fd = -1};
    pl_err e = open_family(&local, is_v6, &udp);
    if (e == PL_EIO && is_any) { /* a machine without IPv6 */
        local.ip[10] = local.ip[11] = 0xff;
        e = open_family(&local, false, &udp);
    }
    if (e != PL_OK)
        return e;
    const int on = 1; /* its times of arrival; without them none is measured */
    (void)setsockopt(udp.fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    if (rcvbuf > 0) /* the kernel cuts it to rmem_max: no error */
        (void)setsockopt(udp.fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
    *ret_udp = udp;
    return PL_OK;
}

void pl_udp_close(pl_udp *udp)
{
    if (udp->fd >= 0)
        (void)close(udp->fd);
    udp->fd = -1;
}

/* ---- receiving and sending ---------------------------------------------- */

struct pl_udp_batch {
    struct mmsghdr head[PL_UDP_BATCH];
    struct iovec iov[PL_UDP_BATCH];
    struct sockaddr_storage from[PL_UDP_BATCH];
    _Alignas(size_t) uint8_t control[PL_UDP_BATCH][CONTROL_BYTES];
    pl_datagram list[PL_UDP_BATCH];
    uint8_t data[PL_UDP_BATCH][PL_MIX_PACKET_MAX];
};

pl_err pl_udp_batch_create(pl_udp_batch **ret_batch)
{
    pl_udp_batch *b = calloc(1, sizeof *b);
    if (!b)
        return PL_ENOMEM;
    for (size_t i = 0; i < PL_UDP_BATCH; i++) {
        b->iov[i] = (struct iovec){b->data[i], sizeof b->data[i]};
        b->head[i].msg_hdr.msg_iov = &b->iov[i];
        b->head[i].msg_hdr.msg_iovlen = 1;
        b->head[i].msg_hdr.msg_name = &b->from[i];
        b->head[i].msg_hdr.msg_control = b->control[i];
    }
    *ret_batch = b;
    return PL_OK;
}

void pl_udp_batch_destroy(pl_udp_batch **batch)
{
    if (!batch)
        return;
    free(*batch);
    *batch = NULL;
}

/* How long ago the kernel had it, on its wall clock. */
static int64_t waited_us(struct msghdr *head, const struct timespec *now)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(head); c; c = CMSG_NXTHDR(head, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        struct timespec at;
        memcpy(&at, CMSG_DATA(c), sizeof at);
        int64_t us = (int64_t)(now->tv_sec - at.tv_sec) * 1000000 +
                     (now->tv_nsec - at.tv_nsec) / 1000;
        return us >= 0 && us < WAIT_MAX_US ? us : -1;
    }
    return -1;
}

size_t pl_udp_receive(const pl_udp *udp, pl_udp_batch *b,
                      const pl_datagram **ret_list)
{
    for (size_t i = 0; i < PL_UDP_BATCH; i++) {
        b->head[i].msg_hdr.msg_namelen = sizeof b->from[i];
        b->head[i].msg_hdr.msg_controllen = sizeof b->control[i];
    }
    int n = recvmmsg(udp->fd, b->head, PL_UDP_BATCH, MSG_DONTWAIT, NULL);
    if (n <= 0)
        return 0;
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    for (size_t i = 0; i < (size_t)n; i++) {
        b->list[i] = (pl_datagram){
            .from = from_sockaddr(&b->from[i]),
            .data = b->data[i],
            .len = b->head[i].msg_len,
            .waited_us = waited_us(&b->head[i].msg_hdr, &now),
            .is_cut = (b->head[i].msg_hdr.msg_flags & MSG_TRUNC) != 0};
    }
    *ret_list = b->list;
    return (size_t)n;
}

bool pl_udp_send(const pl_udp *udp, const pl_addr *to, const uint8_t *data,
                 size_t len)
{
    pl_udp_endpoint e = pl_udp_endpoint_of(to, udp->is_v6);
    if (e.len == 0)
        return false;
    return sendto(udp->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL,
                  (const struct sockaddr *)&e.addr, e.len) == (ssize_t)len;
}

/* ---- the machine's addresses -------------------------------------------- */

static bool is_link_local(const pl_addr *a)
{
    if (pl_addr_is_v4(a))
        return a->ip[12] == 169 && a->ip[13] == 254;
    return a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

/* What the kernel told of this machine. */
typedef struct machine {
    struct ifaddrs *all;
    pl_link *links; /* those that may be inner; none: nothing is left out */
    size_t n_links;
} machine;

/* Append the addresses of one class to list; n: how many there are already. */
static size_t append_class(const machine *m, bool is_v4, bool is_loopback,
                           pl_addr *list, size_t n, size_t cap)
{
    for (const struct ifaddrs *i = m->all; i; i = i->ifa_next) {
        if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) || n == cap)
            continue;
        struct sockaddr_storage ss = {.ss_family = i->ifa_addr->sa_family};
        size_t size = ss.ss_family == AF_INET    ? sizeof(struct sockaddr_in)
                      : ss.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                 : 0;
        if (size == 0)
            continue;
        memcpy(&ss, i->ifa_addr, size);
        pl_addr a = from_sockaddr(&ss);
        a.port = 0;
        if (pl_addr_is_v4(&a) == is_v4 && !is_link_local(&a) &&
            pl_addr_is_loopback(&a) == is_loopback &&
            !pl_link_is_inner(m->links, m->n_links, i->ifa_name))
            list[n++] = a;
    }
    return n;
}

static size_t append_both(const machine *m, bool is_loopback, pl_addr *list,
                          size_t n, size_t cap)
{
    n = append_class(m, true, is_loopback, list, n, cap);
    return append_class(m, false, is_loopback, list, n, cap);
}

size_t pl_udp_locals(bool with_loopback, pl_addr *ret_list, size_t cap)
{
    machine m = {.n_links = 0};
    if (getifaddrs(&m.all) != 0)
        return 0;
    pl_err e = pl_links_read(&m.links, &m.n_links);
    if (e != PL_OK) {
        PL_LOG(WARN, "media", "interfaces_unknown", NULL,
               "%s: addresses of bridges are announced too", pl_err_text(e));
    }
    size_t n = append_both(&m, false, ret_list, 0, cap);
    if (n == 0) {
        m.n_links = 0; /* better than none */
        n = append_both(&m, false, ret_list, n, cap);
    }
    if (with_loopback || n == 0)
        n = append_both(&m, true, ret_list, n, cap);
    free(m.links);
    freeifaddrs(m.all);
    return n;
}

pl_err pl_udp_source(const pl_addr *to, pl_addr *ret_local)
{
    bool is_v6 = !pl_addr_is_v4(to);
    int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return PL_EIO;
    pl_addr anywhere = *to;
    if (anywhere.port == 0)
        anywhere.port = DISCARD_PORT;
    pl_udp_endpoint e = pl_udp_endpoint_of(&anywhere, is_v6);
    struct sockaddr_storage local = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof local;
    /* connect() on a datagram socket only looks up the route */
    bool is_ok = connect(fd, (const struct sockaddr *)&e.addr, e.len) == 0 &&
                 getsockname(fd, (struct sockaddr *)&local, &len) == 0;
    (void)close(fd);
    if (!is_ok)
        return PL_EIO;
    pl_addr a = from_sockaddr(&local);
    a.port = 0;
    *ret_local = a;
    return PL_OK;
}
