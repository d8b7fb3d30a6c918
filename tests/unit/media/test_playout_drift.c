/* test_playout_drift.c - the jitter buffer and a sender whose clock goes wrong,
 * for hours: the delay stays where it should be, what is inserted and taken out
 * is no click and no other pitch, and nothing else is missing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "playout_net.h"

enum { TICKS_A_SECOND = 50, MINUTE = 60 * TICKS_A_SECOND };

/* What is kept of a long time. */
typedef struct story {
    int64_t least_us, most_us; /* delay */
    double first_us, last_us;  /* its mean in the first and last minutes */
    unsigned fewest, most;     /* zero crossings in any second */
    float steepest;            /* between two samples */
} story;

static unsigned crossings(const float *pcm, float *last)
{
    unsigned n = 0;
    for (size_t i = 0; i < FRAME; i++) {
        n += (*last < 0.0F) != (pcm[i] < 0.0F);
        *last = pcm[i];
    }
    return n;
}

static float steepest(const float *pcm, float last)
{
    float most = 0.0F;
    for (size_t i = 0; i < FRAME; i++) {
        float d = fabsf(pcm[i] - last);
        most = d > most ? d : most;
        last = pcm[i];
    }
    return most;
}

static story listen(net *n, size_t minutes)
{
    story h = {.least_us = INT64_MAX, .fewest = UINT32_MAX};
    size_t ticks = minutes * MINUTE;
    unsigned per_tick[TICKS_A_SECOND] = {0};
    unsigned second = 0;
    float last = n->last;
    for (size_t i = 0; i < ticks; i++) {
        (void)net_step(n, true);
        float steep = steepest(n->pcm, last);
        h.steepest = steep > h.steepest ? steep : h.steepest;
        unsigned *slot = &per_tick[i % TICKS_A_SECOND];
        second -= *slot;
        *slot = crossings(n->pcm, &last);
        second += *slot;
        if (i >= TICKS_A_SECOND) {
            h.fewest = second < h.fewest ? second : h.fewest;
            h.most = second > h.most ? second : h.most;
        }
        int64_t delay = pl_playout_delay_us(n->p);
        h.least_us = delay < h.least_us ? delay : h.least_us;
        h.most_us = delay > h.most_us ? delay : h.most_us;
        if (i < 5 * MINUTE)
            h.first_us += (double)delay / (5 * MINUTE);
        if (i >= ticks - 5 * MINUTE)
            h.last_us += (double)delay / (5 * MINUTE);
    }
    return h;
}

/* One clock for half an hour; the tone is 480 or 440.4 Hz, 0.3 loud. */
static void check(double ppm, unsigned period)
{
    net *n = &the_net;
    enum { MINUTES = 30 };
    n->ppm = ppm;
    tone_period = period;
    net_run(n, PREFILL);
    pl_playout_counters before = *pl_playout_count(n->p);
    story h = listen(n, MINUTES);
    const pl_playout_counters *c = pl_playout_count(n->p);
    unsigned inserted = (unsigned)(c->inserted - before.inserted);
    unsigned removed = (unsigned)(c->removed - before.removed);
    double hz = 48000.0 / period;
    print_message("%+.0f ppm, %.1f Hz: delay %d..%d ms, %u inserted, %u "
                  "removed, %.1f..%.1f Hz\n",
                  ppm, hz, (int)(h.least_us / 1000), (int)(h.most_us / 1000),
                  inserted, removed, h.fewest / 2.0, h.most / 2.0);
    assert_int_equal(c->concealed, before.concealed);
    assert_int_equal(c->late + c->full + c->duplicate + c->bad_payload, 0);
    assert_in_range(h.least_us, 0, 60000);
    assert_in_range(h.most_us, 0, 60000);
    assert_true(fabs(h.last_us - h.first_us) < 10000.0);
    /* 5 to 15 ms each, and none without need */
    double need_us = fabs(ppm) * 60.0 * MINUTES;
    assert_in_range(ppm > 0 ? inserted : removed, (int)(need_us / 15000 * 0.8),
                    (int)(need_us / 5000 * 1.2));
    assert_in_range(ppm > 0 ? removed : inserted, 0, 3);
    /* the pitch of any second, to 1 % */
    assert_true(h.fewest / 2.0 > hz * 0.99);
    assert_true(h.most / 2.0 < hz * 1.01);
    /* the tone's own slope, and a tenth of it for splices */
    assert_true(h.steepest < 0.3 * 6.2832 / period * 1.1);
}

static void slow_clocks_for_hours(void **state)
{
    (void)state;
    check(300, 100);
    (void)close_net(NULL);
    (void)open_net(NULL);
    check(1000, 109);
}

static void fast_clocks_for_hours(void **state)
{
    (void)state;
    check(-300, 109);
    (void)close_net(NULL);
    (void)open_net(NULL);
    check(-1000, 100);
}

/* Jitter, reordering and a wrong clock together, in both directions. */
static void jitter_and_drift_together(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        net *n = &the_net;
        n->ppm = k == 0 ? 500 : -500;
        n->jitter_us = 30000;
        net_run(n, 500);
        pl_playout_counters before = *pl_playout_count(n->p);
        story h = listen(n, 10);
        const pl_playout_counters *c = pl_playout_count(n->p);
        print_message("%+.0f ppm, 30 ms: delay %d..%d ms, %u made up\n", n->ppm,
                      (int)(h.least_us / 1000), (int)(h.most_us / 1000),
                      (unsigned)(c->concealed - before.concealed));
        assert_in_range(h.most_us, 0, 100000);
        assert_true(fabs(h.last_us - h.first_us) < 10000.0);
        /* what a target at the 97th percentile allows, of 30000 frames */
        assert_in_range(c->concealed - before.concealed, 0, 300);
        (void)close_net(NULL);
        (void)open_net(NULL);
    }
}

/* Help that comes a packet later: one lost packet in ten, each repeated in the
 * next. */
static void what_comes_along_fills_gaps(void **state)
{
    (void)state;
    net *n = &the_net;
    n->loss_percent = 10;
    n->red = 1;
    net_run(n, 500); /* the delay learns */
    pl_playout_counters before = *pl_playout_count(n->p);
    net_run(n, 3000);
    const pl_playout_counters *c = pl_playout_count(n->p);
    unsigned recovered = (unsigned)(c->recovered - before.recovered);
    unsigned concealed = (unsigned)(c->concealed - before.concealed);
    print_message("10 %%, once: %u recovered, %u made up\n", recovered,
                  concealed);
    assert_in_range(recovered, 220, 330);
    assert_in_range(concealed, 0, 60); /* two in a row: 1 % */
    assert_int_equal(c->duplicate + c->late + c->bad_payload, 0);
    assert_in_range(pl_playout_delay_us(n->p), 20000, 65000);
}

static void twice_fills_gaps_of_two(void **state)
{
    (void)state;
    net *n = &the_net;
    n->loss_percent = 10;
    n->red = 2;
    net_run(n, 500);
    pl_playout_counters before = *pl_playout_count(n->p);
    net_run(n, 3000);
    const pl_playout_counters *c = pl_playout_count(n->p);
    unsigned concealed = (unsigned)(c->concealed - before.concealed);
    print_message("10 %%, twice: %u recovered, %u made up\n",
                  (unsigned)(c->recovered - before.recovered), concealed);
    assert_in_range(concealed, 0, 25);
    assert_int_equal(c->duplicate + c->late, 0);
}

/* Without loss nothing changes: no count, no more delay. */
static void without_loss_what_comes_along_is_not_used(void **state)
{
    (void)state;
    net *n = &the_net;
    n->red = 2;
    net_run(n, 1000);
    const pl_playout_counters *c = pl_playout_count(n->p);
    assert_int_equal(c->recovered + c->concealed + c->duplicate + c->late, 0);
    assert_int_equal(n->n_jumps, 0);
    assert_in_range(pl_playout_target_us(n->p), 0, 20000);
}

/* Nonsense in what comes along: other times, numbers and lengths. */
static void what_does_not_fit_is_not_filled_in(void **state)
{
    (void)state;
    net *n = &the_net;
    net_run(n, PREFILL);
    uint8_t payload[6] = {0, 0, 0, 0, 2, 0};
    const pl_playout_counters before = *pl_playout_count(n->p);
    pl_playout_info info = {.codec = PL_AUDIO_OPUS,
                            .ts = (n->number - 5) * 960 + 0xffff0000U,
                            .xseq = n->number + 995,
                            .arrival_us = n->now_us};
    assert_int_equal(pl_playout_fill(n->p, &info, payload, 6), PL_EEXIST);
    info.ts -= 480; /* over what was played */
    assert_int_equal(pl_playout_fill(n->p, &info, payload, 6), PL_ETIMEOUT);
    info.ts += 10 * 960; /* not older at all */
    assert_int_equal(pl_playout_fill(n->p, &info, payload, 6), PL_EPROTO);
    assert_int_equal(pl_playout_fill(n->p, &info, payload, 5), PL_EPROTO);
    net_run(n, 200);
    const pl_playout_counters *c = pl_playout_count(n->p);
    assert_int_equal(c->recovered, 0);
    assert_int_equal(c->concealed, before.concealed);
    assert_int_equal(n->n_jumps, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_net, close_net)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(slow_clocks_for_hours),
        TEST(fast_clocks_for_hours),
        TEST(jitter_and_drift_together),
        TEST(what_comes_along_fills_gaps),
        TEST(twice_fills_gaps_of_two),
        TEST(without_loss_what_comes_along_is_not_used),
        TEST(what_does_not_fit_is_not_filled_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
