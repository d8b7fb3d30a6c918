/* test_engine_input.c - what the engine makes of packets that are not what it
 * hopes for, of digits, sources, and of memory. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/be.h"
#include "core/rtcp.h"
#include "core/rtp.h"
#include "engine_rig.h"

/* Every allocation of the process is counted, the libraries' too; sanitizers
 * need malloc() for themselves. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#endif
static size_t n_allocations;
#ifndef IS_SANITIZED
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
    n_allocations++;
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    n_allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    n_allocations++;
    return __libc_realloc(p, n);
}
#endif

static rig the_rig;

static int open_rig(void **state)
{
    (void)state;
    rig_open(&the_rig, PL_ROOM_MODE_MIX, 3);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    rig_close(&the_rig);
    return 0;
}

static const pl_engine_stats *stats(void)
{
    return pl_engine_stats_get(the_rig.engine);
}

static size_t make(uint8_t *p, uint8_t pt, uint16_t seq, uint32_t ts,
                   uint32_t ssrc, size_t payload)
{
    pl_rtp rtp = {.pt = pt, .seq = seq, .ts = ts, .ssrc = ssrc};
    pl_rtp_write(&rtp, p);
    memset(p + PL_RTP_HEADER, 0xd5, payload);
    return PL_RTP_HEADER + payload;
}

static void packets_and_ticks_allocate_nothing(void **state)
{
    (void)state;
#ifdef IS_SANITIZED
    skip();
#endif
    rig *r = &the_rig;
    const pl_codec_kind all[] = {PL_AUDIO_OPUS, PL_AUDIO_G722, PL_AUDIO_PCMU,
                                 PL_AUDIO_PCMA};
    for (size_t i = 0; i < 12; i++) {
        rig_leg *leg =
            rig_add(r, all[i % 4], 300 + 50 * (double)i, 0.1, i % 4 == 0);
        leg->cap = 1U << 22; /* the phones' own memory is not the question */
        leg->heard = malloc(leg->cap * sizeof *leg->heard);
        assert_non_null(leg->heard);
    }
    rig_run(r, 3);
    size_t before = n_allocations;
#ifndef IS_SANITIZED
    assert_true(before > 100); /* the counter counts */
#endif
    for (size_t i = 0; i < 600; i++) {
        /* people come and go, are muted, hear prompts, lose packets */
        rig_leg *leg = &r->leg[i % 12];
        leg->is_saying = i % 5 != 0;
        rig_flags(r, leg, i % 7 != 0, i % 11 == 0, i % 13 == 0);
        if (i % 17 == 0) /* and are keyed to */
            rig_keys(r, leg, "1#");
        rig_run(r, 1);
    }
    assert_int_equal(n_allocations - before, 0);
    assert_true(stats()->concealed > 0);
    assert_true(stats()->switches > 0);
    assert_true(stats()->events_out > 0);
    assert_true(stats()->rtcp_out > 0);
}

static void refused_packets_are_counted_by_cause(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_leg *a = rig_add(r, PL_AUDIO_PCMA, 400, 0, false);
    uint8_t p[1500] = {0};
    rig_input(r, a, p, 5, false);
    rig_input(r, a, p, 40, false); /* version 0 */
    assert_int_equal(stats()->drop_short, 2);
    rig_input(r, a, p, make(p, 20, 1, 0, 1, 160), false);
    assert_int_equal(stats()->drop_pt, 1);
    rig_input(r, a, p, make(p, RIG_PT, 1, 0, 0x2000, 160), false);
    assert_int_equal(stats()->drop_ssrc, 1); /* our own source */
    rig_input(r, a, p, make(p, RIG_PT, 1, 0, 5, 160), false); /* on probation */
    rig_input(r, a, p, make(p, RIG_PT, 2, 160, 5, 160), false);
    assert_int_equal(stats()->rtp_in, 1);
    rig_input(r, a, p, make(p, RIG_PT, 3, 320, 5, 20), false);
    rig_input(r, a, p, make(p, RIG_PT, 4, 480, 5, 1400), false);
    rig_input(r, a, p, make(p, RIG_PT, 2, 160, 5, 160), false);
    rig_run(r, 1);
    assert_int_equal(stats()->drop_payload, 2);
    assert_int_equal(stats()->drop_duplicate, 1);
    rig_input(r, a, p, make(p, RIG_PT, 30000, 0, 5, 160), false);
    assert_int_equal(stats()->drop_seq, 2);
    memset(p, 0, sizeof p);
    p[0] = 0x80;
    p[1] = 200;
    rig_input(r, a, p, 12, false);
    assert_int_equal(stats()->drop_rtcp, 1);
    const rig_leg nobody = {.id = {60, 1}};
    rig_input(r, &nobody, p, 12, false);
    const rig_leg stale = {.id = {0, 9}};
    rig_input(r, &stale, p, 12, false);
    assert_int_equal(stats()->drop_leg, 2);
}

static void floods_are_cut(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_leg *a = rig_add(r, PL_AUDIO_PCMA, 400, 0, false);
    uint8_t p[200];
    for (uint16_t i = 0; i < 1000; i++)
        rig_input(r, a, p, make(p, RIG_PT, i, i * 160U, 5, 160), false);
    assert_int_equal(stats()->drop_rate, 800);
}

static void second_source_waits_until_the_first_is_silent(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 400, 0.2, false);
    rig_leg *b = rig_add(r, PL_AUDIO_PCMU, 700, 0, false);
    rig_run(r, 30);
    uint8_t p[200];
    for (uint16_t i = 0; i < 50; i++) { /* an intruder beside it */
        rig_input(r, a, p, make(p, RIG_PT, i, i * 160U, 0xbad, 160), false);
        rig_run(r, 1);
    }
    assert_int_equal(stats()->drop_ssrc, 50);
    assert_true(rig_hears(b, 400, 20) > 0.1);
    /* The telephone itself starts anew, as after a transfer. */
    a->ssrc = 0x777;
    a->seq = 5;
    a->ts = 99;
    a->hz = 1000;
    a->is_saying = false;
    rig_run(r, 10);
    a->is_saying = true;
    rig_run(r, 80);
    assert_true(rig_hears(b, 1000, 20) > 0.1);
}

static void digit(rig *r, const rig_leg *a, uint16_t seq, uint8_t event,
                  bool is_end)
{
    uint8_t p[16];
    (void)make(p, RIG_DTMF_PT, seq, 8000, 0x1000, 4);
    p[12] = event;
    p[13] = is_end ? 0x8a : 0x0a;
    pl_be_put16(p + 14, 800);
    rig_input(r, a, p, 16, false);
}

static void digits_are_told_once_and_never_mixed(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 400, 0.2, false);
    rig_leg *b = rig_add(r, PL_AUDIO_PCMU, 700, 0, false);
    rig_run(r, 30);
    a->is_saying = false;
    for (int i = 0; i < 8; i++) {
        digit(r, a, a->seq++, 7, i >= 5);
        rig_run(r, 1);
    }
    assert_int_equal(rig_count(r, a, PL_MIX_DTMF), 1);
    assert_int_equal(rig_last(r, PL_MIX_DTMF)->u.dtmf.digit, '7');
    assert_int_equal(rig_last(r, PL_MIX_DTMF)->u.dtmf.duration_ms, 100);
    rig_run(r, 30);
    assert_true(rig_hears(b, 852, 20) < 0.001);
    assert_true(rig_hears(b, 1209, 20) < 0.001);
    assert_int_equal(stats()->events, 1);
}

static void digit_without_end_is_told_after_a_while(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 400, 0.2, false);
    rig_run(r, 5);
    digit(r, a, a->seq++, 11, false);
    rig_run(r, 5);
    assert_int_equal(rig_count(r, a, PL_MIX_DTMF), 0);
    rig_run(r, 10);
    assert_int_equal(rig_count(r, a, PL_MIX_DTMF), 1);
    assert_int_equal(rig_last(r, PL_MIX_DTMF)->u.dtmf.digit, '#');
}

static void reports_of_the_peer_are_read(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 400, 0.2, false);
    rig_run(r, 30);
    uint64_t ntp = pl_ntp_time(r->now_us + 1700000000000000 - 100000);
    pl_rtp_report report = {.ssrc = 0x2000,
                            .fraction_lost = 64,
                            .jitter = 80,
                            .last_sr = (uint32_t)(ntp >> 16),
                            .delay_since_sr = 65536 / 20};
    pl_rtcp_own own = {.ssrc = a->ssrc,
                       .cname = "phone",
                       .is_sender = true,
                       .report = &report,
                       .is_bye = true};
    uint8_t p[PL_RTCP_MAX_WRITE];
    size_t n = pl_rtcp_write(&own, p);
    rig_input(r, a, p, n, true);
    assert_int_equal(stats()->rtcp_in, 1);
    assert_int_equal(stats()->rtcp_bye, 1);
    rig_run(r, 300);
    const pl_mix_stats *s = &rig_last(r, PL_MIX_STATS)->u.stats;
    assert_in_range(s->rtt_us, 49000, 51000);
    assert_int_equal(s->far_loss_permille, 250);
    assert_int_equal(s->far_jitter_us, 10000);
    /* A stranger's good-bye is not the leg's. */
    own.ssrc = 0x4444;
    n = pl_rtcp_write(&own, p);
    rig_input(r, a, p, n, true);
    assert_int_equal(stats()->rtcp_bye, 1);
}

static void paths_are_noted_once_they_prove_themselves(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 400, 0, false);
    uint8_t p[200];
    rig_input(r, a, p, make(p, 55, 1, 0, 5, 160), false);
    assert_int_equal(r->n_notes, 0);
    rig_input(r, a, p, make(p, RIG_PT, 1, 0, 5, 160), false);
    rig_input(r, a, p, make(p, RIG_PT, 2, 160, 5, 160), false);
    assert_int_equal(r->n_notes, 1);
}

static void impossible_commands_are_refused(void **state)
{
    (void)state;
    rig *r = &the_rig;
    pl_mix_command c = {.kind = PL_MIX_LEG_ADD, .id = {5, 1}};
    c.u.leg.room = (pl_mix_id){1, 1};
    pl_engine_command(r->engine, &c); /* no such room */
    assert_int_equal(rig_last(r, PL_MIX_LEG_FAILED)->u.error, PL_ENOENT);
    c.u.leg.room = r->room;
    c.u.leg.media.send_codec = PL_AUDIO_COUNT;
    pl_engine_command(r->engine, &c);
    assert_int_equal(rig_last(r, PL_MIX_LEG_FAILED)->u.error, PL_EUNSUPPORTED);
    c = (pl_mix_command){.kind = PL_MIX_ROOM_OPEN, .id = {8, 1}};
    pl_engine_command(r->engine, &c); /* beyond the table */
    c = (pl_mix_command){.kind = PL_MIX_LEG_PLAY, .id = {63, 1}};
    pl_engine_command(r->engine, &c);
    c = (pl_mix_command){.kind = PL_MIX_LEG_REMOVE, .id = {64000, 1}};
    pl_engine_command(r->engine, &c);
    assert_int_equal(rig_count(r, NULL, PL_MIX_LEG_REMOVED), 1);
    assert_int_equal(stats()->bad_command, 3);
    pl_engine *none = NULL;
    const pl_engine_options bad = {.max_legs = 0};
    assert_int_equal(pl_engine_create(&bad, &none), PL_EINVAL);
    pl_engine_destroy(&none);
}

/* Long packets of a codec that was negotiated away, before one of the next has
 * come: what decodes now holds less than they last. */
static void long_packets_go_with_their_codec(void **state)
{
    (void)state;
    enum { MS_60_NARROW = 3 << 3, TS_60 = 2880 }; /* RFC 6716 section 3.1 */
    rig *r = &the_rig;
    rig_leg *a = rig_add(r, PL_AUDIO_OPUS, 400, 0, false);
    uint8_t p[64];
    uint16_t seq = 1;
    for (; seq <= 10; seq++) {
        size_t len = make(p, RIG_PT, seq, seq * (uint32_t)TS_60, 5, 40);
        p[PL_RTP_HEADER] = MS_60_NARROW;
        rig_input(r, a, p, len, false);
        rig_run(r, 3);
    }
    assert_true(stats()->decodes > 5);
    pl_mix_command c = {.kind = PL_MIX_LEG_MEDIA,
                        .id = a->id,
                        .u.media = {.direction = PL_DIRECTION_RECVONLY,
                                    .send_codec = PL_AUDIO_PCMU,
                                    .n_recv = 1,
                                    .recv = {{RIG_PT, PL_AUDIO_PCMU}},
                                    .dtmf_pt = PL_MIX_NO_PT,
                                    .dtmf_send_pt = PL_MIX_NO_PT,
                                    .comfort_pt = PL_MIX_NO_PT}};
    pl_engine_command(r->engine, &c);
    pl_engine_tick(r->engine, r->now_us += PL_TICK_US);
    pl_engine_tick(r->engine, r->now_us += PL_TICK_US);
}

static void reports_take_the_way_that_was_agreed(void **state)
{
    (void)state; /* RFC 3550 section 11, RFC 5761 section 5.1.3 */
    rig *r = &the_rig;
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 400, 0, false);
    rig_run(r, 300);
    assert_true(a->reports > 0);
    assert_int_equal(a->report_port, 9); /* muxed */
    pl_mix_input to = {.kind = PL_MIX_TRANSPORT_ADDRESS, .leg = a->id};
    to.u.route = (pl_mix_route){.fd = (int)a->id.index + 100,
                                .remote = {.ip = {1}, .port = 20},
                                .rtcp_fd = (int)a->id.index + 100,
                                .rtcp_remote = {.ip = {1}, .port = 21}};
    pl_engine_input(r->engine, &to);
    rig_run(r, 500);
    assert_int_equal(a->report_port, 21);
    uint32_t reports = a->reports;
    to.u.route.rtcp_fd = -1; /* the peer wants none */
    pl_engine_input(r->engine, &to);
    rig_run(r, 500);
    assert_int_equal(a->reports, reports);
    to.u.route.remote = (pl_addr){.port = 0}; /* not known yet: silent */
    pl_engine_input(r->engine, &to);
    uint32_t packets = a->packets;
    rig_run(r, 5);
    assert_int_equal(a->packets, packets);
}

#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(packets_and_ticks_allocate_nothing),
        RIG_TEST(refused_packets_are_counted_by_cause),
        RIG_TEST(floods_are_cut),
        RIG_TEST(second_source_waits_until_the_first_is_silent),
        RIG_TEST(digits_are_told_once_and_never_mixed),
        RIG_TEST(digit_without_end_is_told_after_a_while),
        RIG_TEST(reports_of_the_peer_are_read),
        RIG_TEST(paths_are_noted_once_they_prove_themselves),
        RIG_TEST(impossible_commands_are_refused),
        cmocka_unit_test_setup_teardown(long_packets_go_with_their_codec,
                                        open_rig, close_rig),
        RIG_TEST(reports_take_the_way_that_was_agreed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
