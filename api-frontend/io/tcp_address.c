/* tcp_address.c - see tcp_address.h. */
#include "tcp_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pl/log.h"
#include "pl/str.h"

enum { BACKLOG = 512 };

void pl_tcp_source(const struct sockaddr *from, char *buf, size_t cap,
                   bool *ret_is_loopback)
{
    const struct sockaddr_in *v4 = (const void *)from;
    const struct sockaddr_in6 *v6 = (const void *)from;
    buf[0] = '\0';
    *ret_is_loopback = false;
    if (from->sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &v4->sin_addr, buf, (socklen_t)cap);
        *ret_is_loopback = (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
    } else if (from->sa_family == AF_INET6 &&
               IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        const uint8_t *bytes = v6->sin6_addr.s6_addr + 12;
        (void)inet_ntop(AF_INET, bytes, buf, (socklen_t)cap);
        *ret_is_loopback = bytes[0] == 127;
    } else if (from->sa_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &v6->sin6_addr, buf, (socklen_t)cap);
        *ret_is_loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
    }
}

static int open_socket(const struct sockaddr *addr, socklen_t len)
{
    int on = 1;
    int off = 0;
    int fd =
        socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (addr->sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, addr, len) != 0 || listen(fd, BACKLOG) != 0) {
        int saved = errno;
        (void)close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static pl_err read_port(int fd, unsigned *ret_port)
{
    struct sockaddr_storage bound = {0};
    socklen_t len = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0)
        return PL_EIO;
    in_port_t port = bound.ss_family == AF_INET6
                         ? ((struct sockaddr_in6 *)&bound)->sin6_port
                         : ((struct sockaddr_in *)&bound)->sin_port;
    *ret_port = ntohs(port);
    return PL_OK;
}

pl_err pl_tcp_listen(const char *address, unsigned port, int *ret_fd,
                     unsigned *ret_port)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    char text[PL_ERRNO_TEXT];
    v6.sin6_port = v4.sin_port = htons((uint16_t)port);
    bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
    if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1) {
        PL_LOG(ERROR, "http", "listen_address", PL_KV("address", address),
               "not an IP address");
        return PL_ECONFIG;
    }
    int fd = is_v4 ? open_socket((struct sockaddr *)&v4, sizeof v4)
                   : open_socket((struct sockaddr *)&v6, sizeof v6);
    if (fd < 0 && errno == EAFNOSUPPORT && strcmp(address, "::") == 0) {
        v4.sin_addr.s_addr = htonl(INADDR_ANY);
        fd = open_socket((struct sockaddr *)&v4, sizeof v4);
    }
    if (fd < 0) {
        int e = errno;
        PL_LOG(ERROR, "http", "listen_failed", PL_KV("address", address),
               "port %u: %s%s", port, pl_errno_text(e, text),
               e == EADDRINUSE ? "; stop what has it or change port in [api]"
                               : "");
        return PL_EIO;
    }
    if (read_port(fd, ret_port) != PL_OK) {
        (void)close(fd);
        return PL_EIO;
    }
    *ret_fd = fd;
    return PL_OK;
}

pl_err pl_tcp_next_address(const char **list, char *buf, size_t cap)
{
    *list += strspn(*list, " ,");
    size_t n = strcspn(*list, " ,");
    if (n == 0)
        return PL_ENOENT;
    pl_slice text = {(const uint8_t *)*list, n};
    *list += n;
    return pl_copy(buf, cap, text) ? PL_ECONFIG : PL_OK;
}

void pl_tcp_check_descriptors(unsigned connections)
{
    enum { OTHERS = 64 }; /* bus, files, listeners */
    unsigned wanted = connections + OTHERS;
    struct rlimit files = {0};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < wanted) {
        PL_LOG(WARN, "http", "few_descriptors", NULL,
               "max_connections needs %u, the system allows %llu: raise the "
               "limit (ulimit -Hn, LimitNOFILE=), or clients are refused",
               wanted, (unsigned long long)files.rlim_cur);
    }
}

bool pl_tcp_is_reset(int fd)
{
    struct pollfd look = {.fd = fd};
    return poll(&look, 1, 0) != 0 && (look.revents & (POLLERR | POLLHUP)) != 0;
}
