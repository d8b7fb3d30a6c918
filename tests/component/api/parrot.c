/* parrot.c - see parrot.h. */
#include "parrot.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void hear(parrot *p, int fd)
{
    size_t len = 0;
    p->heard[0] = '\0';
    while (len + 1 < sizeof p->heard) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        const char *end = strstr(p->heard, "\r\n\r\n");
        const char *size = strstr(p->heard, "Content-Length: ");
        if (end && strlen(end + 4) >= (size_t)(size ? atoi(size + 16) : 0))
            break;
        if (poll(&wait, 1, 20000) != 1)
            break;
        ssize_t n = read(fd, p->heard + len, sizeof p->heard - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
        p->heard[len] = '\0';
    }
}

static void *chatter(void *ctx)
{
    parrot *p = ctx;
    for (;;) {
        struct pollfd wait[] = {{.fd = p->fd, .events = POLLIN},
                                {.fd = p->stop[0], .events = POLLIN}};
        if (poll(wait, 2, -1) < 0 || wait[1].revents)
            return NULL;
        int fd = accept(p->fd, NULL, NULL);
        hear(p, fd);
        atomic_fetch_add(&p->n, 1);
        if (p->reply)
            p->reply(p);
        if (!p->says) /* until we are told to stop */
            (void)poll(&wait[1], 1, -1);
        for (size_t at = 0, len = p->says ? strlen(p->says) : 0; at < len;) {
            ssize_t n = send(fd, p->says + at, len - at, MSG_NOSIGNAL);
            if (n <= 0)
                break;
            at += (size_t)n;
        }
        close(fd);
    }
}

void parrot_start(parrot *p, const char *says, void (*reply)(struct parrot *p))
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    *p = (parrot){.says = says ? strdup(says) : NULL, .reply = reply};
    p->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(p->fd, (void *)&at, len), 0);
    assert_int_equal(listen(p->fd, 8), 0);
    assert_int_equal(getsockname(p->fd, (void *)&at, &len), 0);
    p->port = ntohs(at.sin_port);
    assert_int_equal(pipe(p->stop), 0);
    assert_int_equal(pthread_create(&p->thread, NULL, chatter, p), 0);
}

void parrot_stop(parrot *p)
{
    assert_int_equal(write(p->stop[1], "x", 1), 1);
    pthread_join(p->thread, NULL);
    close(p->fd);
    close(p->stop[0]);
    close(p->stop[1]);
    free(p->says);
}
