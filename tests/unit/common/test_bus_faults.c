#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "bus_impl.h"

/* Many requests over a lossy, repeating, reordering exchange, for many seeds:
 * each request is carried out at most once and ends exactly once, and with
 * retry it succeeds. The seed of a failure is in its message. */

enum { SEEDS = 30, REQUESTS = 60, MS = 1000, SECOND = 1000000 };

typedef struct rig {
    pl_loop *loop;
    pl_bus_hub *hub;
    pl_bus *router, *dealer;
    unsigned done[REQUESTS];  /* carried out */
    unsigned ended[REQUESTS]; /* replies */
    unsigned ok[REQUESTS];
} rig;

typedef struct call {
    rig *rig;
    unsigned i;
} call;

static void on_get(void *ctx, const pl_bus_in *in)
{
    rig *r = ctx;
    const pl_metrics_get *m = in->body;
    r->done[m->index]++;
    const pl_metrics_text t = {.total = m->index};
    pl_bus_reply(r->router, &in->ticket, &PL_MSG_METRICS_TEXT, &t);
}

static void on_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    call *c = ctx;
    c->rig->ended[c->i]++;
    if (e != PL_OK)
        return;
    c->rig->ok[c->i]++;
    assert_int_equal(((const pl_metrics_text *)in->body)->total, c->i);
}

static void run(uint64_t seed, bool retry)
{
    rig r = {0};
    call calls[REQUESTS];
    const pl_bus_faults faults = {.drop_permille = 300,
                                  .duplicate_permille = 300,
                                  .delay_us = 5 * MS,
                                  .jitter_us = 200 * MS};
    assert_int_equal(pl_loop_create_fake(0, &r.loop), PL_OK);
    assert_int_equal(pl_bus_hub_create(r.loop, seed, &r.hub), PL_OK);
    pl_bus_hub_set_faults(r.hub, &faults);
    pl_bus_options o = {
        .loop = r.loop, .node = "rp.1", .role = PL_ROLE_ROOMPOOL};
    assert_int_equal(pl_bus_open_mem(r.hub, &o, &r.router), PL_OK);
    o.node = "media-1.aa";
    o.role = PL_ROLE_MEDIA;
    assert_int_equal(pl_bus_open_mem(r.hub, &o, &r.dealer), PL_OK);
    assert_int_equal(pl_bus_handle(r.router, &PL_MSG_METRICS_GET, on_get, &r),
                     PL_OK);
    for (unsigned i = 0; i < REQUESTS; i++) {
        const pl_bus_send how = {.deadline_ms = 30000, .retry = retry};
        const pl_metrics_get m = {.index = i};
        calls[i] = (call){.rig = &r, .i = i};
        assert_int_equal(pl_bus_request(r.dealer, &how, &PL_MSG_METRICS_GET, &m,
                                        on_reply, &calls[i], NULL),
                         PL_OK);
        pl_loop_advance(r.loop, 10 * MS);
    }
    pl_loop_advance(r.loop, 40 * SECOND);
    unsigned n_ok = 0;
    for (unsigned i = 0; i < REQUESTS; i++) {
        if (r.done[i] > 1 || r.ended[i] != 1 || (retry && r.ok[i] != 1))
            fail_msg("seed %llu, request %u: done %u, ended %u, ok %u",
                     (unsigned long long)seed, i, r.done[i], r.ended[i],
                     r.ok[i]);
        n_ok += r.ok[i];
    }
    if (!retry) /* about half get through: the faults are real */
        assert_in_range(n_ok, 1, REQUESTS - 1);
    pl_bus_close(&r.dealer);
    pl_bus_close(&r.router);
    pl_bus_hub_destroy(&r.hub);
    pl_loop_destroy(&r.loop);
}

static void with_retry_every_request_succeeds_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        run(seed, true);
}

static void without_retry_every_request_ends_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        run(seed, false);
}

int main(void)
{
    pl_log_set_level(PL_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_retry_every_request_succeeds_once),
        cmocka_unit_test(without_retry_every_request_ends_once),
    };
    return cmocka_run_group_tests_name("bus_faults", tests, NULL, NULL);
}
