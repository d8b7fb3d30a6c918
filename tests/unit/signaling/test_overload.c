/* test_overload.c - how many new calls are taken, in virtual time. */
#include "overload.h"

#include "unit.h"

enum { MS = 1000, TARGET = 50 * MS, INTERVAL = PL_OVERLOAD_INTERVAL_US };

/* A server that answers calls in turn, each taking so long. */
typedef struct server {
    pl_overload o;
    int64_t now, free_us; /* it is busy until then */
    int64_t begun[4096];  /* of the calls that wait, a ring */
    unsigned first, n;
    unsigned n_taken, n_refused;
    int64_t longest; /* wait of those answered */
} server;

static int64_t before(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void serve(server *s, int64_t until, int64_t each)
{
    while (s->n > 0) {
        int64_t begun = s->begun[s->first];
        int64_t done = (s->free_us > begun ? s->free_us : begun) + each;
        if (done > until)
            return;
        s->free_us = done;
        s->first = (s->first + 1) % COUNT(s->begun);
        s->n--;
        if (done - begun > s->longest)
            s->longest = done - begun;
        pl_overload_answered(&s->o, done - begun, done);
    }
}

/* So many calls a second, for so long. */
static void offer(server *s, unsigned rate, int64_t each, int64_t length)
{
    int64_t end = s->now + length;
    s->n_taken = s->n_refused = 0;
    s->longest = 0;
    while (s->now < end) {
        s->now = before(s->now + 1000000 / rate, end);
        serve(s, s->now, each);
        if (!pl_overload_admits(&s->o, s->now)) {
            s->n_refused++;
            continue;
        }
        assert_true(s->n < COUNT(s->begun));
        s->begun[(s->first + s->n++) % COUNT(s->begun)] = s->now;
        s->n_taken++;
        pl_overload_asked(&s->o, s->now);
    }
}

static void a_quick_server_gets_every_call(void **state)
{
    (void)state;
    static server s;
    s = (server){.now = 5};
    pl_overload_init(&s.o, TARGET, s.now);
    offer(&s, 900, 1 * MS, 10000 * MS);
    assert_int_equal(s.n_refused, 0);
    assert_int_equal(pl_overload_share(&s.o), 100);
}

/* Twice of what it can do: it is kept busy, and nobody waits for long. */
static void what_is_too_much_is_refused(void **state)
{
    (void)state;
    static server s;
    s = (server){.now = 5};
    pl_overload_init(&s.o, TARGET, s.now);
    offer(&s, 2000, 1 * MS, 5000 * MS); /* it finds its share */
    offer(&s, 2000, 1 * MS, 20000 * MS);
    assert_in_range(s.n_taken, 17000, 20100);
    assert_true(s.longest < 300 * MS);
    /* and when it is over, all are taken again */
    offer(&s, 500, 1 * MS, 5000 * MS);
    offer(&s, 500, 1 * MS, 1000 * MS);
    assert_int_equal(s.n_refused, 0);
}

static void a_burst_that_is_worked_off_is_no_overload(void **state)
{
    (void)state;
    pl_overload o;
    pl_overload_init(&o, TARGET, 0);
    for (unsigned i = 0; i < 150; i++)
        pl_overload_asked(&o, 0);
    for (int64_t i = 1; i <= 150; i++)
        pl_overload_answered(&o, i * MS, i * MS);
    assert_true(pl_overload_admits(&o, INTERVAL));
    assert_int_equal(pl_overload_share(&o), 100);
}

/* Who gives no answers at all is not better than who gives late ones. */
static void silence_counts(void **state)
{
    (void)state;
    pl_overload o;
    pl_overload_init(&o, TARGET, 0);
    pl_overload_asked(&o, INTERVAL - TARGET / 2);
    assert_true(pl_overload_admits(&o, INTERVAL)); /* it did not wait long */
    assert_int_equal(pl_overload_share(&o), 100);
    (void)pl_overload_admits(&o, 2 * INTERVAL);
    assert_int_equal(pl_overload_share(&o), 70);
    for (int64_t i = 3; i < 40; i++) {
        for (int64_t k = 0; k < PL_OVERLOAD_ALWAYS; k++)
            assert_true(pl_overload_admits(&o, i * INTERVAL + k));
        assert_false(pl_overload_admits(&o, i * INTERVAL + MS) &&
                     pl_overload_admits(&o, i * INTERVAL + 2 * MS));
    }
    assert_int_equal(pl_overload_share(&o), 0);
    pl_overload_answered(&o, 39 * INTERVAL, 40 * INTERVAL);
    /* idle time heals */
    assert_true(pl_overload_admits(&o, 70 * INTERVAL));
    assert_int_equal(pl_overload_share(&o), 100);
}

static void our_own_lateness_counts(void **state)
{
    (void)state;
    pl_overload o;
    pl_overload_init(&o, TARGET, 0);
    pl_overload_late(&o, 80 * MS, 100 * MS);
    pl_overload_late(&o, 1 * MS, 150 * MS); /* it had caught up */
    (void)pl_overload_admits(&o, INTERVAL);
    assert_int_equal(pl_overload_share(&o), 100);
    pl_overload_asked(&o, INTERVAL);
    pl_overload_answered(&o, 30 * MS, INTERVAL + 30 * MS);
    pl_overload_late(&o, 30 * MS, INTERVAL + 100 * MS);
    (void)pl_overload_admits(&o, 2 * INTERVAL); /* together */
    assert_int_equal(pl_overload_share(&o), 70);
}

static void a_long_target_has_long_intervals(void **state)
{
    (void)state;
    pl_overload o;
    pl_overload_init(&o, INTERVAL, 0);
    pl_overload_asked(&o, 1);
    (void)pl_overload_admits(&o, 3 * INTERVAL / 2);
    assert_int_equal(pl_overload_share(&o), 100);
    (void)pl_overload_admits(&o, 2 * INTERVAL);
    assert_int_equal(pl_overload_share(&o), 70);
}

static void off_means_off(void **state)
{
    (void)state;
    static const pl_overload zeroed = {.share = 0};
    pl_overload o[2] = {zeroed, zeroed};
    pl_overload_init(&o[1], 0, 0);
    for (size_t k = 0; k < COUNT(o); k++) {
        pl_overload_asked(&o[k], 0);
        pl_overload_late(&o[k], INT64_MAX, 0);
        pl_overload_answered(&o[k], INT64_MAX, 1);
        for (int64_t i = 0; i < 100; i++)
            assert_true(pl_overload_admits(&o[k], i * INTERVAL));
        assert_int_equal(pl_overload_share(&o[k]), 100);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quick_server_gets_every_call),
        cmocka_unit_test(what_is_too_much_is_refused),
        cmocka_unit_test(a_burst_that_is_worked_off_is_no_overload),
        cmocka_unit_test(silence_counts),
        cmocka_unit_test(our_own_lateness_counts),
        cmocka_unit_test(a_long_target_has_long_intervals),
        cmocka_unit_test(off_means_off),
    };
    return RUN(tests);
}
