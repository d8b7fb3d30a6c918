/* test_proxy.c - behind balancers: headers that we write ourselves, and a real
 * HAProxy. */
#include "api_rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pl/str.h"

/* 198.51.100.7, of a client; LOCAL. */
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
static const char CLIENT[] =
    SIGNATURE "\x21\x11\0\x0c\xc6\x33\x64\x07\xc0\0\2\1\x9c\x40\1\xbb";
static const char LOOPBACK[] =
    SIGNATURE "\x21\x11\0\x0c\x7f\0\0\1\xc0\0\2\1\x9c\x40\1\xbb";
static const char UNKNOWN[] = SIGNATURE "\x21\0\0\0";
static const char LOCAL[] = SIGNATURE "\x20\0\0\0";
#define BYTES(header) (header), sizeof(header) - 1

static void behind(pl_api_config *config)
{
    pl_fmt_cut(config->proxy_from, sizeof config->proxy_from, "127.0.0.0/8");
    pl_fmt_cut(config->metrics_from, sizeof config->metrics_from,
               "198.51.100.7");
    config->max_per_address = 2;
}

static void behind_in_haste(pl_api_config *config)
{
    behind(config);
    config->head_ms = 3000;
}

static void elsewhere(pl_api_config *config)
{
    pl_fmt_cut(config->proxy_from, sizeof config->proxy_from, "192.0.2.0/24");
}

/* The status of a page for who comes with this header; 0: no connection. */
static int ask(unsigned port, const char *path, const char *header, size_t n)
{
    tls_reply reply = {0};
    char text[128];
    tls_client *c = tls_connect_behind(port, header, n);
    if (!c)
        return 0;
    (void)snprintf(text, sizeof text,
                   "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                   path);
    assert_true(tls_send_text(c, text));
    (void)tls_read(c, false, &reply);
    tls_close(&c);
    return reply.status;
}

static void the_header_says_who_asks(void **state)
{
    (void)state;
    api_rig *rig = rig_start(behind);
    unsigned port = rig_port(rig);
    assert_int_equal(ask(port, "/metrics", BYTES(CLIENT)), 200);
    /* The balancer itself is on our host, its clients are not. */
    assert_int_equal(ask(port, "/metrics", BYTES(LOCAL)), 200);
    assert_int_equal(ask(port, "/metrics", BYTES(LOOPBACK)), 403);
    assert_int_equal(ask(port, "/metrics", BYTES(UNKNOWN)), 403);
    assert_int_equal(ask(port, "/healthz", BYTES(UNKNOWN)), 200);
    rig_stop(&rig);
}

static void limits_count_clients(void **state)
{
    (void)state;
    api_rig *rig = rig_start(behind);
    unsigned port = rig_port(rig);
    tls_client *first = tls_connect_behind(port, BYTES(CLIENT));
    tls_client *second = tls_connect_behind(port, BYTES(CLIENT));
    assert_non_null(first);
    assert_non_null(second);
    assert_null(tls_connect_behind(port, BYTES(CLIENT)));
    assert_int_equal(rig_metric(rig, PL_AM_turned_away), 1);
    assert_int_equal(ask(port, "/healthz", BYTES(LOOPBACK)), 200);
    tls_close(&first);
    tls_close(&second);
    rig_stop(&rig);
}

static int dial(unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void headers_are_mandatory(void **state)
{
    (void)state;
    char byte;
    api_rig *rig = rig_start(behind_in_haste);
    unsigned port = rig_port(rig);
    assert_null(tls_connect(port, NULL, 0));
    assert_int_equal(rig_metric(rig, PL_AM_proxy_refused), 1);
    assert_null(tls_connect_behind(
        port, BYTES("PROXY TCP4 198.51.100.7 192.0.2.1 1 2\r\n")));
    assert_int_equal(rig_metric(rig, PL_AM_proxy_refused), 2);
    /* Byte by byte it must be there in time, and one that stops is cut. */
    int slow = dial(port);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(send(slow, CLIENT + i, 1, 0), 1);
    assert_int_equal(recv(slow, &byte, 1, 0), 0);
    (void)close(slow);
    assert_int_equal(rig_metric(rig, PL_AM_proxy_refused), 3);
    /* Who only looks whether the port is open does not count. */
    (void)close(dial(port));
    assert_int_equal(ask(port, "/healthz", BYTES(CLIENT)), 200);
    assert_int_equal(rig_metric(rig, PL_AM_proxy_refused), 3);
    int left = dial(port); /* ended while it waits */
    rig_stop(&rig);
    (void)close(left);
}

static void others_may_not_say_who_they_are(void **state)
{
    (void)state;
    api_rig *rig = rig_start(elsewhere);
    assert_null(tls_connect_behind(rig_port(rig), BYTES(CLIENT)));
    assert_int_equal(rig_metric(rig, PL_AM_tls_failed), 1);
    tls_client *c = rig_connect(rig);
    assert_non_null(c);
    tls_close(&c);
    rig_stop(&rig);
}

/* ---- a real one ---- */

typedef struct haproxy {
    pid_t pid;
    unsigned port;
    char file[64];
} haproxy;

/* It listens on a socket that is open already: no connection is too early. */
static void haproxy_start(haproxy *h, unsigned to)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    h->port = ntohs(at.sin_port);
    pl_fmt_cut(h->file, sizeof h->file, "/tmp/parley-haproxy.XXXXXX");
    int conf = mkstemp(h->file);
    assert_true(conf >= 0);
    assert_true(
        dprintf(conf,
                "global\n maxconn 100\n"
                "defaults\n mode tcp\n timeout connect 5s\n"
                " timeout client 30s\n timeout server 30s\n timeout check 5s\n"
                "listen front\n bind fd@%d\n option httpchk GET /readyz\n"
                " server a 127.0.0.1:%u send-proxy-v2 check check-ssl "
                "check-send-proxy verify none inter 100\n",
                fd, to) > 0);
    (void)close(conf);
    h->pid = fork();
    if (h->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test may fail meanwhile */
        (void)execlp("haproxy", "haproxy", "-q", "-db", "-f", h->file, NULL);
        _exit(127);
    }
    (void)close(fd);
    assert_true(h->pid > 0);
}

static void haproxy_stop(haproxy *h)
{
    (void)kill(h->pid, SIGKILL);
    assert_int_equal(waitpid(h->pid, NULL, 0), h->pid);
    (void)unlink(h->file);
}

static void haproxy_is_understood(void **state)
{
    (void)state;
    haproxy h;
    api_rig *rig = rig_start(behind);
    haproxy_start(&h, rig_port(rig));
    /* Its health checks come as LOCAL, its client's from 127.0.0.1. */
    assert_int_equal(ask(h.port, "/healthz", "", 0), 200);
    assert_int_equal(ask(h.port, "/metrics", "", 0), 403);
    RIG_WAIT(rig_metric(rig, PL_AM_answers_2xx) >= 3);
    assert_int_equal(rig_metric(rig, PL_AM_proxy_refused), 0);
    /* What the client says itself is not the header, but no TLS. */
    assert_null(tls_connect_behind(h.port, BYTES(CLIENT)));
    haproxy_stop(&h);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_says_who_asks),
        cmocka_unit_test(limits_count_clients),
        cmocka_unit_test(headers_are_mandatory),
        cmocka_unit_test(others_may_not_say_who_they_are),
        cmocka_unit_test(haproxy_is_understood),
    };
    return cmocka_run_group_tests_name("api proxy", tests, NULL, NULL);
}
