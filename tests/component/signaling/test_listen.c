/* test_listen.c - workers on one host with one configuration: the second takes
 * the next ports, and says so. */
#include "phone.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pl/str.h"

enum { TRIED = 8 }; /* others may have some of them */

static char udp[64], tcp[64], ports[32];
static const char *const SETTINGS[] = {udp, tcp, ports};

/* A port that nobody has. */
static unsigned free_port(void)
{
    struct sockaddr_in us = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof us;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&us, sizeof us), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&us, &len), 0);
    (void)close(fd);
    return ntohs(us.sin_port);
}

static unsigned configure(unsigned n_ports)
{
    unsigned port = free_port();
    (void)snprintf(udp, sizeof udp, "udp_listen=127.0.0.1:%u", port);
    (void)snprintf(tcp, sizeof tcp, "tcp_listen=127.0.0.1:%u", port);
    (void)snprintf(ports, sizeof ports, "listen_ports=%u", n_ports);
    return port;
}

static unsigned port_of(pl_sig_rig *rig, pl_uri_transport transport)
{
    return pl_sip_transport_port(pl_calls_transport(pl_sig_rig_calls(rig)),
                                 transport);
}

static void the_next_ports_are_taken_together(void **state)
{
    (void)state;
    static phone p;
    char where[64];
    pl_sig_rig *rigs[3] = {NULL};
    unsigned base = configure(TRIED);
    unsigned last = 0;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pl_sig_rig_create(SETTINGS, 3, NULL, &rigs[i]), PL_OK);
        unsigned port = port_of(rigs[i], PL_URI_UDP);
        assert_int_equal(port_of(rigs[i], PL_URI_TCP), port);
        assert_int_equal((port - base) % 2, 0);
        assert_true(port >= base && port < base + 2 * TRIED);
        assert_true(i == 0 || port > last);
        last = port;
    }
    rig_until_said(rigs[2], "hello", 1);
    rig_run(rigs[2], 20);
    phone_open(&p, rigs[2], false, "127.0.0.1");
    phone_invite_with(&p, "lobby", "c1", "", true);
    phone_expect(&p, "SIP/2.0 200");
    (void)snprintf(where, sizeof where, "sip:127.0.0.1:%u", last);
    assert_non_null(strstr(phone_header(&p, "Contact"), where));
    phone_close(&p);
    for (size_t i = 0; i < 3; i++)
        pl_sig_rig_destroy(&rigs[i]);
}

/* One transport of two is taken: neither is used there. */
static void half_is_not_taken(void **state)
{
    (void)state;
    unsigned base = configure(TRIED);
    struct sockaddr_in us = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)base),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&us, sizeof us), 0);
    assert_int_equal(listen(fd, 1), 0);
    pl_sig_rig *rig = NULL;
    assert_int_equal(pl_sig_rig_create(SETTINGS, 3, NULL, &rig), PL_OK);
    assert_true(port_of(rig, PL_URI_UDP) > base);
    assert_int_equal(port_of(rig, PL_URI_UDP), port_of(rig, PL_URI_TCP));
    pl_sig_rig_destroy(&rig);
    (void)snprintf(ports, sizeof ports, "listen_ports=1");
    assert_int_equal(pl_sig_rig_create(SETTINGS, 3, NULL, &rig), PL_EIO);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_ports_are_taken_together),
        cmocka_unit_test(half_is_not_taken),
    };
    return cmocka_run_group_tests_name("listen", tests, NULL, NULL);
}
