/* test_ports.c - workers of one host that share ranges of ports, and take over
 * each other's; the I/O thread is played by this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/rtp_port.h"
#include "io/web_ports.h"

enum { WORKERS = 5, PAIRS = 20, COMMANDS = 64, SOON_US = 100000 };

/* ---- the I/O thread's side of its header ----------------------------------
 */

static struct {
    pl_net_command list[COMMANDS];
    size_t n;
    bool is_full;
} told;

pl_err pl_io_thread_command(pl_io_thread *t, const pl_net_command *command)
{
    (void)t;
    if (told.is_full)
        return PL_EFULL;
    assert_true(told.n < COMMANDS);
    told.list[told.n++] = *command;
    return PL_OK;
}

static const pl_net_command *last_told(void)
{
    assert_true(told.n > 0);
    return &told.list[told.n - 1];
}

/* A range nobody listens in, below those that the kernel gives to clients. */
static uint16_t free_range(unsigned n)
{
    for (unsigned i = 0; i < 100; i++) {
        uint16_t base = (uint16_t)(15000 + ((unsigned)getpid() + i) % 80 * 64);
        unsigned k = 0;
        for (pl_udp udp; k < n; k++) {
            if (pl_udp_open("127.0.0.1", (uint16_t)(base + k), 0, &udp) !=
                PL_OK)
                break;
            pl_udp_close(&udp);
        }
        if (k == n)
            return base;
    }
    fail_msg("no free ports");
    return 0;
}

/* ---- telephones' ----------------------------------------------------------
 */

static void workers_share_a_range_without_holes(void **state)
{
    (void)state;
    static pl_rtp_port port[WORKERS][PAIRS];
    size_t n[WORKERS] = {0};
    pl_port_pool *pool[WORKERS];
    uint16_t first = free_range(2 * PAIRS);
    for (size_t w = 0; w < WORKERS; w++) {
        assert_int_equal(pl_port_pool_create(first,
                                             (uint16_t)(first + 2 * PAIRS - 1),
                                             &pool[w]),
                         PL_OK);
    }
    for (size_t i = 0; i < PAIRS; i++) {
        size_t w = i % WORKERS;
        assert_int_equal(
            pl_rtp_port_open(pool[w], "127.0.0.1", 0, &port[w][n[w]++]), PL_OK);
    }
    pl_rtp_port more;
    for (size_t w = 0; w < WORKERS; w++) {
        assert_int_equal(pl_rtp_port_open(pool[w], "127.0.0.1", 0, &more),
                         PL_EFULL);
        assert_int_equal(pl_port_pool_leased(pool[w]), PAIRS / WORKERS);
    }
    /* What one gives back rests with him, and is the others' at once. */
    uint16_t gone = port[0][0].rtp.port;
    pl_rtp_port_close(pool[0], 0, &port[0][0]);
    assert_int_equal(pl_rtp_port_open(pool[0], "127.0.0.1", 0, &more),
                     PL_EFULL);
    assert_int_equal(pl_rtp_port_open(pool[1], "127.0.0.1", 0, &port[0][0]),
                     PL_OK);
    assert_int_equal(port[0][0].rtp.port, gone);
    pl_rtp_port_close(pool[1], 0, &port[0][0]);
    for (size_t w = 0; w < WORKERS; w++) {
        for (size_t i = 0; i < n[w]; i++)
            pl_rtp_port_close(pool[w], 0, &port[w][i]);
        assert_int_equal(pl_port_pool_leased(pool[w]), 0);
        pl_port_pool_destroy(&pool[w]);
    }
}

static void pair_of_another_worker_is_taken_when_it_is_free(void **state)
{
    (void)state;
    pl_port_pool *pool = NULL;
    pl_rtp_port port, theirs;
    uint16_t first = free_range(16);
    assert_int_equal(pl_port_pool_create(first, (uint16_t)(first + 7), &pool),
                     PL_OK);
    /* in the range, and beyond it */
    for (uint16_t at = first; at < first + 16; at = (uint16_t)(at + 8)) {
        /* only one of the two ports is taken */
        assert_int_equal(
            pl_udp_open("127.0.0.1", (uint16_t)(at + 1), 0, &theirs.rtp),
            PL_OK);
        assert_int_equal(pl_rtp_port_open_at(pool, "127.0.0.1", at, &port),
                         PL_EBUSY);
        pl_udp_close(&theirs.rtp);
        assert_int_equal(pl_rtp_port_open_at(pool, "127.0.0.1", at, &port),
                         PL_OK);
        assert_int_equal(port.rtp.port, at);
        assert_int_equal(port.rtcp.port, at + 1);
        assert_int_equal(pl_rtp_port_open_at(pool, "127.0.0.1", at, &theirs),
                         PL_EBUSY);
        pl_rtp_port_close(pool, 0, &port);
        assert_int_equal(pl_rtp_port_open_at(pool, "127.0.0.1", at, &port),
                         PL_OK); /* it need not rest: the leg is the same */
        pl_rtp_port_close(pool, 0, &port);
    }
    assert_int_equal(pl_port_pool_leased(pool), 0);
    assert_int_equal(pl_rtp_port_open_at(pool, "127.0.0.1", 4711, &port),
                     PL_EINVAL);
    assert_int_equal(pl_rtp_port_open_at(pool, "127.0.0.1", 80, &port),
                     PL_EINVAL);
    pl_port_pool_destroy(&pool);
}

/* ---- browsers' ------------------------------------------------------------
 */

typedef struct worker {
    pl_loop *loop;
    pl_web_ports *ports;
    uint16_t first;
    unsigned n_shut;
} worker;

static void on_shut(void *ctx)
{
    worker *w = ctx;
    w->n_shut++;
}

static bool is_taken(uint16_t port)
{
    pl_udp udp;
    if (pl_udp_open("127.0.0.1", port, 0, &udp) == PL_EBUSY)
        return true;
    pl_udp_close(&udp);
    return false;
}

static int begin(void **state)
{
    static worker w;
    w = (worker){.first = free_range(PL_NET_PORTS + 4)};
    told.n = 0;
    told.is_full = false;
    pl_web_ports_options o = {.bind_address = "127.0.0.1"};
    assert_int_equal(pl_loop_create_fake(0, &w.loop), PL_OK);
    assert_int_equal(
        pl_web_ports_open_first("127.0.0.1", w.first, 2, 0, &o.own), PL_OK);
    o.loop = w.loop;
    assert_int_equal(pl_web_ports_create(&o, &w.ports), PL_OK);
    *state = &w;
    return 0;
}

static int end(void **state)
{
    worker *w = *state;
    pl_web_ports_quiet(w->ports);
    pl_web_ports_destroy(&w->ports);
    pl_loop_destroy(&w->loop);
    return 0;
}

static void first_free_port_is_taken(void **state)
{
    worker *w = *state;
    pl_udp next, none;
    assert_int_equal(pl_web_ports_own(w->ports), w->first);
    assert_int_equal(
        pl_web_ports_open_first("127.0.0.1", w->first, 2, 0, &next), PL_OK);
    assert_int_equal(next.port, w->first + 1);
    assert_int_equal(
        pl_web_ports_open_first("127.0.0.1", w->first, 2, 1, &none), PL_EBUSY);
    pl_udp_close(&next);
    /* beginning elsewhere, and round to the begin */
    assert_int_equal(
        pl_web_ports_open_first("127.0.0.1", w->first, 4, 3, &next), PL_OK);
    assert_int_equal(next.port, w->first + 3);
    assert_int_equal(pl_web_ports_open_first(
                         "127.0.0.1", (uint16_t)(w->first + 2), 2, 1, &none),
                     PL_OK);
    assert_int_equal(none.port, w->first + 2);
    pl_udp_close(&none);
    pl_udp_close(&next);
}

static void adopted_port_goes_with_its_last_leg(void **state)
{
    worker *w = *state;
    uint16_t port = (uint16_t)(w->first + 2);
    pl_udp theirs;
    assert_int_equal(pl_udp_open("127.0.0.1", port, 0, &theirs), PL_OK);
    assert_int_equal(pl_web_ports_hold(w->ports, port), PL_EBUSY);
    assert_int_equal(told.n, 0);
    pl_udp_close(&theirs);
    assert_int_equal(pl_web_ports_hold(w->ports, port), PL_OK);
    assert_int_equal(last_told()->kind, PL_NET_PORT_OPEN);
    assert_int_equal(last_told()->u.port.port, port);
    assert_int_equal(pl_web_ports_hold(w->ports, port), PL_OK);
    assert_int_equal(told.n, 1);
    pl_web_ports_leave(w->ports, port);
    assert_int_equal(told.n, 1);
    pl_web_ports_leave(w->ports, port);
    assert_int_equal(last_told()->kind, PL_NET_PORT_CLOSE);
    assert_true(is_taken(port)); /* the I/O thread may still read it */
    pl_web_ports_closed(w->ports, port);
    assert_false(is_taken(port));
    /* the own one stays, legs or not */
    assert_int_equal(pl_web_ports_hold(w->ports, w->first), PL_OK);
    pl_web_ports_leave(w->ports, w->first);
    assert_int_equal(told.n, 2);
    assert_true(is_taken(w->first));
}

/* A leg comes while the port is being closed. */
static void closing_is_undone_in_time(void **state)
{
    worker *w = *state;
    uint16_t port = (uint16_t)(w->first + 2);
    assert_int_equal(pl_web_ports_hold(w->ports, port), PL_OK);
    pl_web_ports_leave(w->ports, port);
    assert_int_equal(pl_web_ports_hold(w->ports, port), PL_OK);
    assert_int_equal(last_told()->kind, PL_NET_PORT_OPEN);
    pl_web_ports_closed(w->ports, port);
    assert_true(is_taken(port));
    pl_web_ports_leave(w->ports, port);
    pl_web_ports_closed(w->ports, port);
    assert_false(is_taken(port));
    /* two closings, of which the first is answered late */
    assert_int_equal(pl_web_ports_hold(w->ports, port), PL_OK);
    pl_web_ports_leave(w->ports, port);
    assert_int_equal(pl_web_ports_hold(w->ports, port), PL_OK);
    pl_web_ports_leave(w->ports, port);
    pl_web_ports_closed(w->ports, port);
    assert_true(is_taken(port));
    pl_web_ports_closed(w->ports, port);
    assert_false(is_taken(port));
    pl_web_ports_closed(w->ports, port); /* unknown: nothing */
}

static void number_of_ports_is_bounded(void **state)
{
    worker *w = *state;
    for (unsigned i = 1; i < PL_NET_PORTS; i++) {
        assert_int_equal(
            pl_web_ports_hold(w->ports, (uint16_t)(w->first + 1 + i)), PL_OK);
    }
    assert_int_equal(
        pl_web_ports_hold(w->ports, (uint16_t)(w->first + PL_NET_PORTS + 2)),
        PL_EFULL);
    assert_int_equal(pl_web_ports_hold(w->ports, 0), PL_EINVAL);
}

static void full_queue_is_tried_again(void **state)
{
    worker *w = *state;
    uint16_t port = (uint16_t)(w->first + 2);
    told.is_full = true;
    assert_int_equal(pl_web_ports_hold(w->ports, port), PL_EFULL);
    assert_false(is_taken(port));
    told.is_full = false;
    assert_int_equal(pl_web_ports_hold(w->ports, port), PL_OK);
    told.is_full = true;
    pl_web_ports_leave(w->ports, port);
    assert_true(is_taken(port));
    told.is_full = false;
    pl_loop_advance(w->loop, SOON_US);
    assert_int_equal(last_told()->kind, PL_NET_PORT_CLOSE);
    pl_web_ports_closed(w->ports, port);
    assert_false(is_taken(port));
}

static void shut_worker_has_no_port(void **state)
{
    worker *w = *state;
    uint16_t port = (uint16_t)(w->first + 2);
    assert_int_equal(pl_web_ports_hold(w->ports, port), PL_OK);
    assert_int_equal(pl_web_ports_hold(w->ports, w->first), PL_OK);
    pl_web_ports_shut(w->ports, on_shut, w);
    pl_web_ports_leave(w->ports, port);
    pl_web_ports_closed(w->ports, port);
    assert_int_equal(w->n_shut, 0);
    pl_web_ports_leave(w->ports, w->first);
    assert_true(is_taken(w->first));
    pl_web_ports_closed(w->ports, w->first);
    assert_int_equal(w->n_shut, 1);
    assert_false(is_taken(w->first));
    assert_false(is_taken(port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_share_a_range_without_holes),
        cmocka_unit_test(pair_of_another_worker_is_taken_when_it_is_free),
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(first_free_port_is_taken),
        TEST(adopted_port_goes_with_its_last_leg),
        TEST(closing_is_undone_in_time),
        TEST(number_of_ports_is_bounded),
        TEST(full_queue_is_tried_again),
        TEST(shut_worker_has_no_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
