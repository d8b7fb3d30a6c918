/* test_engine_loss.c - whole rooms behind bad networks, with real codecs: what
 * is lost is repaired from in-band FEC and from RFC 2198, and the listener's
 * sound is compared with that of the same room without loss. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/red.h"
#include "core/rtcp.h"
#include "engine_line.h"
#include "io/codecs.h"
#include "test_voice.h"

enum {
    SECONDS = 7,
    TICKS = SECONDS * 50,
    LEARN = 150, /* ticks for the delay to settle */
    BY = 6,      /* compared at 8 kHz */
    SEGMENT = 480,
    LAG_MAX = 480
};

typedef struct outcome {
    uint64_t frames, concealed, recovered;
    double alike; /* mean correlation of segments with the lossless run */
    double bad;   /* fraction of segments that are not alike */
    float *pcm;   /* 8 kHz */
    size_t n;
} outcome;

static rig the_rig;
static line the_line;

static void keep_narrow(const rig_leg *ear, outcome *o)
{
    o->n = ear->n_heard / BY;
    o->pcm = malloc(o->n * sizeof *o->pcm);
    assert_non_null(o->pcm);
    for (size_t i = 0; i < o->n; i++) {
        float sum = 0.0F;
        for (size_t k = 0; k < BY; k++)
            sum += ear->heard[i * BY + k];
        o->pcm[i] = sum / BY;
    }
}

static double energy(const float *x, size_t n)
{
    double e = 1e-12;
    for (size_t i = 0; i < n; i++)
        e += (double)x[i] * x[i];
    return e;
}

/* Best normalised correlation of a segment within LAG_MAX around its place. */
static double best(const float *x, const outcome *o, size_t at)
{
    double most = 0.0;
    double ex = energy(x, SEGMENT);
    double ey = energy(o->pcm + at - LAG_MAX, SEGMENT);
    for (size_t from = at - LAG_MAX; from <= at + LAG_MAX; from++) {
        double cross = 0.0;
        const float *y = o->pcm + from;
        for (size_t i = 0; i < SEGMENT; i += 2)
            cross += (double)x[i] * y[i];
        double c = 2.0 * cross / sqrt(ex * ey);
        most = c > most ? c : most;
        ey += (double)y[SEGMENT] * y[SEGMENT] - (double)y[0] * y[0];
        ey = ey > 1e-9 ? ey : 1e-9;
    }
    return most > 1.0 ? 1.0 : most;
}

/* Speech, in one room with one listener, through a network. */
static outcome run(line_rules rules)
{
    static voice v;
    outcome o = {0};
    v = (voice){.pitch_hz = 120, .seed = 1};
    rig_open(&the_rig, PL_ROOM_MODE_MIX, 3);
    rig_leg *talker = rig_add(&the_rig, PL_AUDIO_OPUS, 0, 1.0, false);
    rig_leg *ear = rig_add(&the_rig, PL_AUDIO_OPUS, 0, 0, false);
    talker->source = speak;
    talker->source_ctx = &v;
    rules.seed = 12345;
    line_open(&the_line, &the_rig, talker, rules);
    line_run(&the_line, LEARN);
    pl_engine_stats before = *pl_engine_stats_get(the_rig.engine);
    line_run(&the_line, TICKS);
    const pl_engine_stats *s = pl_engine_stats_get(the_rig.engine);
    o.frames = TICKS;
    o.concealed = s->concealed - before.concealed;
    o.recovered = s->recovered - before.recovered;
    assert_int_equal(s->drop_payload + s->drop_duplicate + s->drop_full, 0);
    keep_narrow(ear, &o);
    line_close(&the_line);
    rig_close(&the_rig);
    return o;
}

static void compare(const outcome *still, outcome *o)
{
    size_t n = 0;
    size_t n_bad = 0;
    double loud = energy(still->pcm, still->n) / (double)still->n;
    for (size_t at = LEARN * 160; at + SEGMENT + LAG_MAX + 1 < o->n;
         at += SEGMENT) {
        const float *x = still->pcm + at;
        if (energy(x, SEGMENT) / SEGMENT < loud / 10)
            continue; /* a pause */
        double c = best(x, o, at);
        o->alike += c;
        n_bad += c < 0.9;
        n++;
    }
    o->alike /= (double)n;
    o->bad = (double)n_bad / (double)n;
}

static void tell(const char *what, uint32_t permille, const outcome *o)
{
    print_message("%u %%, %-8s %4.1f %% made up, %4.1f %% recovered, alike "
                  "%.3f, %4.1f %% of segments bad\n",
                  permille / 10, what,
                  100.0 * (double)o->concealed / (double)o->frames,
                  100.0 * (double)o->recovered / (double)o->frames, o->alike,
                  100.0 * o->bad);
}

/* Each with what it is compared to: an encoder that makes room for FEC encodes
 * otherwise. */
static void repair(uint32_t loss, const outcome *still,
                   const outcome *still_fec)
{
    outcome plain = run((line_rules){.loss_permille = loss});
    outcome fec = run((line_rules){.loss_permille = loss, .has_fec = true});
    outcome red = run((line_rules){.loss_permille = loss, .red = 1});
    outcome twice = run((line_rules){.loss_permille = loss, .red = 2});
    compare(still, &plain);
    compare(still_fec, &fec);
    compare(still, &red);
    compare(still, &twice);
    tell("plain", loss, &plain);
    tell("FEC", loss, &fec);
    tell("RED", loss, &red);
    tell("RED 2", loss, &twice);
    assert_int_equal(plain.recovered, 0);
    assert_true(plain.concealed > TICKS * loss / 1300);
    assert_true(fec.concealed * 2 < plain.concealed);
    assert_true(fec.recovered > plain.concealed / 2);
    assert_true(red.concealed * 3 < plain.concealed);
    assert_true(twice.concealed * 6 < plain.concealed);
    assert_true(fec.bad <= plain.bad / 2);
    assert_true(red.bad <= plain.bad / 2);
    assert_true(twice.bad <= plain.bad / 4);
    assert_true(loss < 100 || plain.bad > 0.05); /* there is what to repair */
    assert_true(red.alike > plain.alike && fec.alike > plain.alike);
    free(plain.pcm);
    free(fec.pcm);
    free(red.pcm);
    free(twice.pcm);
}

static void losses_are_repaired(void **state)
{
    (void)state;
    outcome still = run((line_rules){0});
    outcome still_fec = run((line_rules){.has_fec = true});
    assert_int_equal(still.concealed + still_fec.concealed, 0);
    repair(50, &still, &still_fec);
    repair(100, &still, &still_fec);
    free(still.pcm);
    free(still_fec.pcm);
}

/* ---- what a leg is sent -------------------------------------------------- */

enum { MEMORY = 8 };

/* A peer that understands RFC 2198, and checks that what comes along is what it
 * was sent before, to the byte. */
typedef struct checker {
    uint32_t ts[MEMORY];
    size_t len[MEMORY];
    uint8_t bytes[MEMORY][PL_CODEC_MAX_ENCODED];
    size_t n; /* payloads seen */
    size_t n_red, n_blocks;
} checker;

static void check_block(const checker *c, uint32_t ts, const pl_red_block *b)
{
    for (size_t i = 0; i < MEMORY && i < c->n; i++) {
        if (c->ts[i] != ts)
            continue;
        assert_int_equal(b->len, c->len[i]);
        assert_memory_equal(b->data, c->bytes[i], b->len);
        return;
    }
    fail_msg("what came along was never sent");
}

static void unwrap(void *ctx, pl_rtp *rtp)
{
    checker *c = ctx;
    if (rtp->pt == LINE_RED_PT) {
        pl_red red;
        assert_int_equal(pl_red_parse(rtp->payload, rtp->payload_len, &red),
                         PL_OK);
        assert_true(red.n >= 2);
        for (size_t i = 0; i + 1 < red.n; i++) {
            assert_int_equal(red.block[i].pt, RIG_PT);
            check_block(c, rtp->ts - red.block[i].offset, &red.block[i]);
        }
        c->n_red++;
        c->n_blocks += red.n - 1;
        rtp->pt = red.block[red.n - 1].pt;
        rtp->payload = red.block[red.n - 1].data;
        rtp->payload_len = red.block[red.n - 1].len;
    }
    assert_int_equal(rtp->pt, RIG_PT);
    size_t at = c->n++ % MEMORY;
    c->ts[at] = rtp->ts;
    c->len[at] = rtp->payload_len;
    memcpy(c->bytes[at], rtp->payload, rtp->payload_len);
}

/* The peer's report of what it lost of ours. */
static void report(rig *r, const rig_leg *leg, uint32_t loss_permille)
{
    uint8_t bytes[PL_RTCP_MAX_WRITE];
    const pl_rtp_report lost = {.ssrc = leg->heard_ssrc,
                                .fraction_lost =
                                    (uint8_t)(loss_permille * 256 / 1000)};
    const pl_rtcp_own own = {.ssrc = leg->ssrc, .cname = "x", .report = &lost};
    size_t n = pl_rtcp_write(&own, bytes);
    rig_input(r, leg, bytes, n, false);
}

static rig_leg *add_checker(rig *r, checker *c)
{
    *c = (checker){0};
    rig_leg *leg = rig_add(r, PL_AUDIO_OPUS, 700, 0, true);
    line_agree(r, leg);
    leg->unwrap = unwrap;
    leg->unwrap_ctx = c;
    return leg;
}

/* Two listeners of one encode, one of them with loss. Then he speaks, has an
 * encoder of his own, and comes back to the shared one. */
static void a_leg_is_repeated_what_it_was_sent(void **state)
{
    (void)state;
    static checker has_loss, has_none;
    static voice v;
    rig *r = &the_rig;
    v = (voice){.pitch_hz = 120, .seed = 1};
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *talker = rig_add(r, PL_AUDIO_OPUS, 0, 1.0, true);
    talker->source = speak;
    talker->source_ctx = &v;
    rig_leg *a = add_checker(r, &has_loss);
    (void)add_checker(r, &has_none);
    rig_run(r, 50);
    assert_int_equal(has_loss.n_red, 0);
    pl_engine_stats before = *pl_engine_stats_get(r->engine);
    report(r, a, 60);
    rig_run(r, 50);
    /* no more encodes: the talker's, and one for both */
    assert_int_equal(pl_engine_stats_get(r->engine)->encodes - before.encodes,
                     100);
    assert_int_equal(has_loss.n_red, 49);
    assert_int_equal(has_loss.n_blocks, 49);
    report(r, a, 150);
    a->is_saying = true; /* an encoder of his own */
    a->amplitude = 0.2;
    rig_run(r, 50);
    assert_true(pl_engine_stats_get(r->engine)->switches > before.switches);
    assert_int_equal(has_loss.n_red, 99);
    assert_true(has_loss.n_blocks >= 49 + 99);
    a->is_saying = false;
    rig_run(r, 250); /* and back */
    assert_int_equal(has_loss.n_red, 349);
    assert_int_equal(has_none.n_red, 0);
    assert_int_equal(has_none.n, 400);
    for (int i = 0; i < 6; i++) /* calm: back to plain packets */
        report(r, a, 0);
    rig_run(r, 20);
    assert_int_equal(has_loss.n_red, 349);
    assert_int_equal(a->gaps, 0);
    assert_int_equal(pl_engine_stats_get(r->engine)->red_out, 349);
    rig_close(r);
}

/* Counts packets with in-band FEC. */
static void count_fec(void *ctx, pl_rtp *rtp)
{
    size_t *n = ctx;
    *n +=
        pl_codecs.codec[PL_AUDIO_OPUS]->has_fec(rtp->payload, rtp->payload_len);
}

/* Who reports loss and has no RFC 2198 gets in-band FEC, and so does who shares
 * the encode; without loss nobody pays for it. */
static void in_band_fec_is_for_who_reports_loss(void **state)
{
    (void)state;
    static voice v;
    size_t n_fec = 0, n_other = 0;
    rig *r = &the_rig;
    v = (voice){.pitch_hz = 120, .seed = 1};
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *talker = rig_add(r, PL_AUDIO_OPUS, 0, 1.0, true);
    talker->source = speak;
    talker->source_ctx = &v;
    rig_leg *a = rig_add(r, PL_AUDIO_OPUS, 700, 0, false);
    rig_leg *other = rig_add(r, PL_AUDIO_OPUS, 700, 0, false);
    line_agree_fec(r, a);
    a->unwrap = count_fec;
    a->unwrap_ctx = &n_fec;
    other->unwrap = count_fec;
    other->unwrap_ctx = &n_other;
    report(r, other, 0);
    rig_run(r, 50);
    assert_int_equal(n_fec + n_other, 0);
    report(r, a, 0); /* proves that it counts */
    report(r, a, 120);
    rig_run(r, 50);
    assert_true(n_fec > 20);
    assert_int_equal(n_other, n_fec);
    a->is_saying = true; /* an encoder of his own */
    a->amplitude = 0.2;
    n_fec = 0;
    rig_run(r, 50);
    assert_true(n_fec > 20);
    a->is_saying = false;
    rig_run(r, 250);
    rig_remove(r, a);
    n_other = 0;
    rig_run(r, 50);
    assert_true(n_other <= 1); /* the packet under way */
    rig_close(r);
}

/* Events and comfort noise come by themselves, never in a redundant packet. */
static void other_payloads_in_redundant_packets_are_dropped(void **state)
{
    (void)state;
    static checker c;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *leg = add_checker(r, &c);
    static const uint8_t data[] = {5, 0x8a, 3, 0x20};
    static const uint8_t types[] = {RIG_DTMF_PT, 13, 0, LINE_RED_PT};
    for (size_t i = 0; i < sizeof types; i++) {
        for (size_t primary = 0; primary < 2; primary++) {
            uint8_t bytes[100];
            size_t n = 0;
            const pl_rtp rtp = {.pt = LINE_RED_PT,
                                .seq = leg->seq++,
                                .ts = leg->ts,
                                .ssrc = leg->ssrc};
            const pl_red red = {2,
                                {{primary ? RIG_PT : types[i], 960, data, 4},
                                 {primary ? types[i] : RIG_PT, 0, data, 4}}};
            pl_rtp_write(&rtp, bytes);
            assert_int_equal(pl_red_write(&red, bytes + PL_RTP_HEADER,
                                          sizeof bytes - PL_RTP_HEADER, &n),
                             PL_OK);
            rig_input(r, leg, bytes, PL_RTP_HEADER + n, false);
            rig_input(r, leg, bytes, PL_RTP_HEADER + 3, false); /* cut */
        }
    }
    const pl_engine_stats *s = pl_engine_stats_get(r->engine);
    assert_int_equal(s->drop_pt, 8);
    assert_int_equal(s->drop_payload, 8);
    assert_int_equal(rig_count(r, leg, PL_MIX_DTMF), 0);
    rig_run(r, 10);
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_are_repaired),
        cmocka_unit_test(a_leg_is_repeated_what_it_was_sent),
        cmocka_unit_test(in_band_fec_is_for_who_reports_loss),
        cmocka_unit_test(other_payloads_in_redundant_packets_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
