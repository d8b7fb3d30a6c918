/* test_playout.c - the jitter buffer under made-up networks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "playout_net.h"

static int open_bounded_net(void **state)
{
    (void)state;
    return open_net_within((pl_delay_limits){100000, 120000});
}

/* ---- tests -------------------------------------------------------------- */

static void steady_stream_is_played_whole_and_soon(void **state)
{
    (void)state;
    net *n = &the_net;
    net_run(n, 1000);
    const pl_playout_counters *c = pl_playout_count(n->p);
    assert_int_equal(c->concealed, 0);
    assert_int_equal(c->late, 0);
    assert_int_equal(n->n_jumps, 0);
    assert_in_range(pl_playout_delay_us(n->p), 5000, 45000);
}

static void jitter_is_absorbed(void **state)
{
    (void)state;
    net *n = &the_net;
    n->jitter_us = 60000;
    net_run(n, 500);
    pl_playout_counters before = *pl_playout_count(n->p);
    net_run(n, 3000); /* a minute */
    const pl_playout_counters *c = pl_playout_count(n->p);
    /* The target is the 97th percentile. */
    assert_in_range(c->concealed - before.concealed, 0, 90);
    assert_in_range(pl_playout_target_us(n->p), 50000, 80000);
    assert_in_range(pl_playout_delay_us(n->p), 40000, 110000);
}

static void target_stays_within_its_limits(void **state)
{
    (void)state;
    net *n = &the_net;
    assert_int_equal(pl_playout_target_us(n->p), 100000);
    net_run(n, 500); /* nothing is late */
    assert_int_equal(pl_playout_target_us(n->p), 100000);
    n->jitter_us = 300000;
    net_run(n, 500);
    assert_int_equal(pl_playout_target_us(n->p), 120000);
    pl_playout_reset(n->p); /* another source, the same limits */
    assert_int_equal(pl_playout_target_us(n->p), 100000);
}

static void delay_shrinks_when_the_network_calms_down(void **state)
{
    (void)state;
    net *n = &the_net;
    n->jitter_us = 150000;
    net_run(n, 1000);
    assert_true(pl_playout_delay_us(n->p) > 80000);
    n->jitter_us = 0;
    net_run(n, 1500);
    assert_in_range(pl_playout_delay_us(n->p), 5000, 45000);
    assert_true(pl_playout_count(n->p)->removed > 5);
    /* Pieces are taken out where the wave repeats itself. */
    n->n_jumps = 0;
    net_run(n, 100);
    assert_int_equal(n->n_jumps, 0);
}

static void lost_packets_are_made_up(void **state)
{
    (void)state;
    net *n = &the_net;
    n->loss_percent = 10;
    net_run(n, 2000);
    const pl_playout_counters *c = pl_playout_count(n->p);
    assert_in_range(c->concealed, 150, 300);
    assert_int_equal(c->recovered, 0);
    assert_int_equal(c->late, 0);
    assert_in_range(pl_playout_delay_us(n->p), 5000, 70000);
}

static void redundancy_recovers_single_losses(void **state)
{
    (void)state;
    net *n = &the_net;
    n->has_fec = true;
    n->jitter_us = 30000; /* makes room to see the packet after the gap */
    n->loss_percent = 5;
    net_run(n, 2000);
    const pl_playout_counters *c = pl_playout_count(n->p);
    assert_true(c->recovered > 40);
    assert_true(c->concealed < 80);
}

static void duplicates_are_dropped(void **state)
{
    (void)state;
    net *n = &the_net;
    n->duplicate_percent = 50;
    net_run(n, 1000);
    const pl_playout_counters *c = pl_playout_count(n->p);
    assert_in_range(c->duplicate, 350, 650);
    assert_int_equal(c->concealed, 0);
    assert_int_equal(c->late, 0);
    assert_int_equal(n->n_jumps, 0);
}

static void reordering_is_undone(void **state)
{
    (void)state;
    net *n = &the_net;
    n->jitter_us = 45000; /* more than two packets */
    net_run(n, 500);
    pl_playout_counters before = *pl_playout_count(n->p);
    n->n_jumps = 0;
    net_run(n, 500);
    const pl_playout_counters *c = pl_playout_count(n->p);
    assert_in_range(c->late - before.late, 0, 15);
    assert_in_range(c->concealed - before.concealed, 0, 20);
}

static void check_drift(double ppm)
{
    net *n = &the_net;
    n->ppm = ppm;
    net_run(n, 500);
    n->n_jumps = 0;
    net_run(n, 50 * 600); /* ten minutes: 120 ms of difference */
    const pl_playout_counters *c = pl_playout_count(n->p);
    assert_int_equal(c->late, 0);
    assert_in_range(c->concealed, 0, 2);
    assert_int_equal(n->n_jumps, 0);
    assert_in_range(pl_playout_delay_us(n->p), 0, 60000);
    assert_true(ppm > 0 ? c->inserted > 3 : c->removed > 3);
}

static void slow_sender_is_followed(void **state)
{
    (void)state;
    check_drift(200);
}

static void fast_sender_is_followed(void **state)
{
    (void)state;
    check_drift(-200);
}

static void any_packet_time_plays_whole(void **state)
{
    (void)state;
    for (unsigned per = 1; per <= 12; per++) {
        if (per > 1) {
            (void)close_net(NULL);
            (void)open_net(NULL);
        }
        net *n = &the_net;
        n->per_packet = per;
        net_run(n, 200);
        n->n_jumps = 0;
        pl_playout_counters before = *pl_playout_count(n->p);
        net_run(n, 600);
        const pl_playout_counters *c = pl_playout_count(n->p);
        if (c->concealed != before.concealed || c->late != 0 || n->n_jumps != 0)
            fail_msg("%u ms: %u made up, %u late, %u jumps", per * 10,
                     (unsigned)(c->concealed - before.concealed),
                     (unsigned)c->late, (unsigned)n->n_jumps);
    }
}

static void silence_in_between_is_no_loss(void **state)
{
    (void)state; /* discontinuous transmission: numbers go on, time jumps */
    net *n = &the_net;
    net_run(n, PREFILL);
    pl_playout_counters before = *pl_playout_count(n->p);
    uint32_t first = n->number;
    n->sent_us += 1e9;
    for (int i = 0; i < 5; i++) /* plays out, expands, gives up */
        (void)net_step(n, true);
    pl_playout_frame f = {0};
    for (int i = 0; i < 20; i++)
        f = net_step(n, true);
    assert_true(f.is_silent);
    /* 500 ms later it goes on, with the next number. */
    uint8_t payload[6] = {0};
    payload[4] = 2;
    for (uint32_t i = 0; i < 20; i++) {
        uint32_t sample = (first + 25 + i) * 960;
        memcpy(payload, &sample, 4);
        const pl_playout_info info = {.codec = PL_AUDIO_OPUS,
                                      .ts = sample + 0xffff0000U,
                                      .xseq = first + i + 1000,
                                      .arrival_us = n->now_us};
        assert_int_equal(pl_playout_put(n->p, &info, payload, sizeof payload),
                         PL_OK);
        f = net_step(n, true);
    }
    assert_false(f.is_silent);
    assert_in_range(pl_playout_count(n->p)->concealed - before.concealed, 0, 5);
    assert_int_equal(pl_playout_count(n->p)->late, 0);
}

static void announced_pause_makes_nothing_up(void **state)
{
    (void)state;
    net *n = &the_net;
    net_run(n, PREFILL);
    n->sent_us += 1e9;
    n->now_us += 30000; /* let what is on its way arrive */
    net_arrive(n);
    pl_playout_pause(n->p, n->number + 1000);
    pl_playout_counters before = *pl_playout_count(n->p);
    net_run(n, 50);
    assert_int_equal(pl_playout_count(n->p)->concealed, before.concealed);
}

static void unheard_legs_cost_no_decoding_and_resume_in_place(void **state)
{
    (void)state;
    net *n = &the_net;
    net_run(n, PREFILL);
    uint64_t decodes = pl_playout_count(n->p)->decodes;
    for (int i = 0; i < 100; i++)
        (void)net_step(n, false);
    assert_int_equal(pl_playout_count(n->p)->decodes, decodes);
    n->has_last = false;
    n->n_jumps = 0;
    net_run(n, 50);
    assert_int_equal(n->n_jumps, 0);
    /* The three before the first are decoded to warm up. */
    assert_in_range(pl_playout_count(n->p)->decodes - decodes, 50, 55);
    assert_int_equal(pl_playout_count(n->p)->late, 0);
    assert_int_equal(pl_playout_count(n->p)->concealed, 0);
}

static void jump_of_the_senders_clock_starts_anew(void **state)
{
    (void)state;
    net *n = &the_net;
    net_run(n, PREFILL);
    n->number += 1000000; /* hours */
    net_run(n, 100);
    n->n_jumps = 0;
    pl_playout_counters before = *pl_playout_count(n->p);
    net_run(n, 100);
    assert_int_equal(pl_playout_count(n->p)->concealed, before.concealed);
    assert_int_equal(n->n_jumps, 0);
}

static void stall_of_the_network_is_skipped_not_replayed(void **state)
{
    (void)state;
    net *n = &the_net;
    net_run(n, PREFILL);
    for (int i = 0; i < 50; i++) { /* a second in which nothing arrives */
        n->now_us += TICK_US;
        net_send(n);
        pl_playout_frame f;
        pl_playout_advance(n->p, n->now_us, &f);
        memcpy(n->pcm, pl_playout_render(n->p), sizeof n->pcm);
    }
    for (size_t i = 0; i < n->n_wait; i++)
        n->wait[i].at_us = n->now_us;
    net_run(n, 400);
    assert_in_range(pl_playout_delay_us(n->p), 0, 120000);
    net_run(n, 600);
    assert_in_range(pl_playout_delay_us(n->p), 0, 60000);
}

static void skipped_ticks_leave_the_delay_as_it_was(void **state)
{
    (void)state;
    net *n = &the_net;
    net_run(n, PREFILL);
    int64_t delay = pl_playout_delay_us(n->p);
    for (int i = 0; i < 10; i++) { /* ten stalls of 200 ms each */
        n->now_us += 10 * TICK_US;
        net_send(n);
        net_arrive(n);
        pl_playout_skip(n->p, n->now_us + TICK_US, 10);
        net_run(n, 10);
    }
    assert_in_range(pl_playout_delay_us(n->p), delay - 10000, delay + 10000);
    assert_int_equal(pl_playout_count(n->p)->full, 0);
    assert_in_range(pl_playout_count(n->p)->concealed, 0, 10);
}

static void far_behind_is_jumped_not_crept(void **state)
{
    (void)state;
    net *n = &the_net;
    net_run(n, PREFILL);
    for (int i = 0; i < 25; i++) { /* played too slowly by half a second */
        n->now_us += TICK_US;
        net_send(n);
        net_arrive(n);
    }
    net_run(n, 10);
    assert_in_range(pl_playout_delay_us(n->p), 0, 80000);
}

static void hostile_packets_do_no_harm(void **state)
{
    (void)state;
    net *n = &the_net;
    uint8_t payload[1400] = {0};
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t sample = net_dice(n);
        size_t len = net_dice(n) % 3 == 0 ? 6 : net_dice(n) % 1400;
        memcpy(payload, &sample, 4);
        payload[4] = (uint8_t)(net_dice(n) % 15);
        payload[5] = (uint8_t)net_dice(n);
        const pl_playout_info info = {.codec = PL_AUDIO_OPUS,
                                      .ts = net_dice(n) << (net_dice(n) % 9),
                                      .xseq = net_dice(n) % 3000,
                                      .arrival_us = n->now_us,
                                      .has_level = net_dice(n) & 1,
                                      .level = (uint8_t)(net_dice(n) & 127)};
        pl_err e = pl_playout_put(n->p, &info, payload, len);
        assert_in_range(e, PL_OK, PL_ERR_COUNT - 1);
        if (net_dice(n) % 4 == 0) {
            pl_playout_frame f;
            n->now_us += TICK_US;
            pl_playout_advance(n->p, n->now_us, &f);
            if (net_dice(n) & 1)
                memcpy(n->pcm, pl_playout_render(n->p), sizeof n->pcm);
        }
    }
}

static void queue_is_bounded(void **state)
{
    (void)state;
    net *n = &the_net;
    pl_err e = PL_OK;
    n->per_packet = 1;
    for (uint32_t i = 0; i < 150; i++)
        e = net_put(n, i, n->now_us);
    assert_int_equal(e, PL_OK); /* the newest is kept */
    assert_int_equal(pl_packet_pool_free_count(n->pool), ALL - 100);
    assert_int_equal(pl_playout_count(n->p)->full, 50);
}

static void payloads_that_cannot_be_are_refused(void **state)
{
    (void)state;
    net *n = &the_net;
    const uint8_t payload[7] = {0};
    const pl_playout_info info = {.codec = PL_AUDIO_OPUS};
    assert_int_equal(pl_playout_put(n->p, &info, payload, 7), PL_EPROTO);
    assert_int_equal(pl_playout_put(n->p, &info, payload, 0), PL_EPROTO);
    assert_int_equal(pl_playout_count(n->p)->bad_payload, 2);
}

#define NET_TEST(f) cmocka_unit_test_setup_teardown(f, open_net, close_net)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(steady_stream_is_played_whole_and_soon),
        NET_TEST(jitter_is_absorbed),
        cmocka_unit_test_setup_teardown(target_stays_within_its_limits,
                                        open_bounded_net, close_net),
        NET_TEST(delay_shrinks_when_the_network_calms_down),
        NET_TEST(lost_packets_are_made_up),
        NET_TEST(redundancy_recovers_single_losses),
        NET_TEST(duplicates_are_dropped),
        NET_TEST(reordering_is_undone),
        NET_TEST(slow_sender_is_followed),
        NET_TEST(fast_sender_is_followed),
        NET_TEST(any_packet_time_plays_whole),
        NET_TEST(silence_in_between_is_no_loss),
        NET_TEST(announced_pause_makes_nothing_up),
        NET_TEST(unheard_legs_cost_no_decoding_and_resume_in_place),
        NET_TEST(jump_of_the_senders_clock_starts_anew),
        NET_TEST(stall_of_the_network_is_skipped_not_replayed),
        NET_TEST(skipped_ticks_leave_the_delay_as_it_was),
        NET_TEST(far_behind_is_jumped_not_crept),
        NET_TEST(hostile_packets_do_no_harm),
        NET_TEST(queue_is_bounded),
        NET_TEST(payloads_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
