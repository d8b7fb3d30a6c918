/* batch_send.c - sendmmsg() over runs of one descriptor. */
#define _GNU_SOURCE /* sendmmsg. NOLINT(bugprone-reserved-identifier) */
#include "io/batch_send.h"

#include <errno.h>
#include <sys/socket.h>

#include "io/udp.h"

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
    pl_udp_endpoint to[PL_SEND_BATCH];
    int fds[PL_SEND_BATCH];
    size_t lost = 0;
    size_t used = 0;
    size_t begin = 0;
    n = n < PL_SEND_BATCH ? n : PL_SEND_BATCH;
    for (size_t i = 0; i < n; i++) {
        const pl_out_packet *p = &packets[i];
        to[used] = pl_udp_endpoint_of(p->remote, p->is_v6_socket);
        if (to[used].len == 0) {
            lost++;
            continue;
        }
        /* sendmmsg() does not change what it sends, and struct iovec has no
         * const. NOLINTNEXTLINE(performance-no-int-to-ptr) */
        parts[used].iov_base = (void *)(uintptr_t)p->data;
        parts[used].iov_len = p->len;
        messages[used].msg_hdr = (struct msghdr){.msg_name = &to[used].addr,
                                                 .msg_namelen = to[used].len,
                                                 .msg_iov = &parts[used],
                                                 .msg_iovlen = 1};
        fds[used++] = p->fd;
    }
    for (size_t i = 1; i <= used; i++) {
        if (i < used && fds[i] == fds[begin])
            continue;
        lost += send_run(fds[begin], messages + begin, i - begin);
        begin = i;
    }
    return lost;
}
