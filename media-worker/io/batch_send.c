/* batch_send.c - sendmmsg() over runs of one descriptor. */
#define _GNU_SOURCE /* sendmmsg. NOLINT(bugprone-reserved-identifier) */
#include "io/batch_send.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

typedef union any_addr {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} any_addr;

enum { MAPPED = 12 }; /* bytes of ::ffff: before an IPv4 address */

static socklen_t to_sockaddr(const pl_out_packet *p, any_addr *to)
{
    memset(to, 0, sizeof *to);
    if (p->is_v6_socket) {
        to->v6.sin6_family = AF_INET6;
        to->v6.sin6_port = htons(p->remote->port);
        memcpy(&to->v6.sin6_addr, p->remote->ip, sizeof p->remote->ip);
        return sizeof to->v6;
    }
    to->v4.sin_family = AF_INET;
    to->v4.sin_port = htons(p->remote->port);
    memcpy(&to->v4.sin_addr, p->remote->ip + MAPPED, 4);
    return sizeof to->v4;
}

/* Send messages of one descriptor; the number lost. */
static size_t send_run(int fd, struct mmsghdr *messages, size_t n)
{
    size_t done = 0;
    size_t lost = 0;
    bool has_retried = false;
    while (done < n) {
        int sent = sendmmsg(fd, messages + done, (unsigned)(n - done),
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            done += (size_t)sent;
            has_retried = false;
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EBADF)
            return lost + n - done;
        /* An ICMP error of an earlier packet is reported once; the packet at
         * hand has not been tried then. */
        if (errno != EINTR && has_retried) {
            lost++;
            done++;
        }
        has_retried = errno != EINTR && !has_retried;
    }
    return lost;
}

size_t pl_batch_send(const pl_out_packet *packets, size_t n)
{
    struct mmsghdr messages[PL_SEND_BATCH] = {0};
    struct iovec parts[PL_SEND_BATCH];
    any_addr to[PL_SEND_BATCH];
    size_t lost = 0;
    size_t begin = 0;
    n = n < PL_SEND_BATCH ? n : PL_SEND_BATCH;
    for (size_t i = 0; i < n; i++) {
        /* sendmmsg() does not change what it sends, and struct iovec has no
         * const. NOLINTNEXTLINE(performance-no-int-to-ptr) */
        parts[i].iov_base = (void *)(uintptr_t)packets[i].data;
        parts[i].iov_len = packets[i].len;
        messages[i].msg_hdr.msg_namelen = to_sockaddr(&packets[i], &to[i]);
        messages[i].msg_hdr.msg_name = &to[i];
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    for (size_t i = 1; i <= n; i++) {
        if (i < n && packets[i].fd == packets[begin].fd)
            continue;
        lost += send_run(packets[begin].fd, messages + begin, i - begin);
        begin = i;
    }
    return lost;
}
