/* test_engine_random.c - whatever is done to a room, in whatever order: nobody
 * hears himself, everybody hears the others soon, and packets keep their time.
 *
 * PL_TEST_SEEDS=n runs so many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/record_tap.h"
#include "engine_rig.h"

enum {
    LEGS = 9,
    SEEDS = 3,
    STEPS = 14,
    SETTLE = 25, /* ticks: half a second */
    WINDOW = 10, /* of what was heard last */
    SLOTS = 4096,
    PROMPT_HZ = 3000,
    PROMPT_SAMPLES = 24000
};
static const double AMPLITUDE = 0.05;
static const pl_mix_id REC = {1, 4};

/* What was done to a phone. */
typedef struct state {
    bool is_there, mixed, muted, deaf, is_held, is_played;
} state;

typedef struct play {
    rig r;
    state is[RIG_LEGS];
    bool is_all_played, is_recorded, has_dtx;
    unsigned seed, max_talkers;
    uint32_t random;
} play;

static play p;
static int16_t pcm[PROMPT_SAMPLES];
static const pl_prompt PROMPT = {"tone", pcm, PROMPT_SAMPLES};

static unsigned pick(unsigned n)
{
    p.random = p.random * 1664525U + 1013904223U;
    return (p.random >> 8) % n;
}

/* ---- what can happen ----------------------------------------------------- */

static void add_one(bool is_first)
{
    if (p.r.n == LEGS)
        return;
    const pl_codec_kind codecs[] = {PL_AUDIO_OPUS, PL_AUDIO_OPUS, PL_AUDIO_PCMA,
                                    PL_AUDIO_G722};
    pl_codec_kind codec = codecs[pick(4)];
    size_t i = p.r.n;
    rig_leg *leg = rig_add(&p.r, codec, 400.0 + 250.0 * (double)i, AMPLITUDE,
                           codec == PL_AUDIO_OPUS);
    leg->is_pausing = !is_first && pick(2);
    p.is[i] = (state){.is_there = true, .mixed = true};
}

static void record(bool is_on)
{
    pl_mix_command c = {.kind =
                            is_on ? PL_MIX_RECORD_START : PL_MIX_RECORD_STOP,
                        .id = p.r.room,
                        .u.record = {REC, true, pick(2)}};
    pl_engine_command(p.r.engine, &c);
    p.is_recorded = is_on;
}

static void change_one(size_t i)
{
    rig_leg *leg = &p.r.leg[i];
    state *s = &p.is[i];
    switch (pick(12)) {
    case 0: s->muted = !s->muted; break;
    case 1: s->deaf = !s->deaf; break;
    case 2: s->mixed = !s->mixed; break;
    case 3:
        s->is_held = !s->is_held;
        rig_direction(&p.r, leg,
                      s->is_held ? PL_DIRECTION_INACTIVE
                                 : PL_DIRECTION_SENDRECV);
        return;
    case 4:
    case 5:
        s->is_played = !s->is_played;
        rig_play(&p.r, leg, s->is_played ? &PROMPT : NULL, true);
        return;
    case 6:
        s->is_there = false;
        leg->is_saying = leg->is_pausing = false;
        rig_remove(&p.r, leg);
        return;
    default: leg->is_pausing = !leg->is_pausing; return;
    }
    rig_flags(&p.r, leg, s->mixed, s->muted, s->deaf);
}

static void do_something(void)
{
    unsigned what = pick(12);
    size_t i = pick((unsigned)p.r.n);
    if (what == 0) {
        add_one(false);
    } else if (what == 1) {
        p.is_all_played = !p.is_all_played;
        rig_play_all(&p.r, p.is_all_played ? &PROMPT : NULL, true);
    } else if (what == 2) {
        record(!p.is_recorded);
    } else if (p.is[i].is_there) {
        change_one(i);
    }
}

/* ---- what must be true --------------------------------------------------- */

static bool is_sent_something(size_t i)
{
    return p.is[i].is_there && !p.is[i].is_held;
}

static bool hears_the_room(size_t i)
{
    const state *s = &p.is[i];
    return is_sent_something(i) && s->mixed && !s->deaf && !s->is_played;
}

static bool is_said(size_t i)
{
    const state *s = &p.is[i];
    return is_sent_something(i) && s->mixed && !s->muted &&
           !p.r.leg[i].is_pausing;
}

static void assert_level(size_t i, double hz, double least, double most)
{
    double a = rig_hears(&p.r.leg[i], hz, WINDOW);
    if (a < least || a > most) {
        fail_msg("seed %u: phone %zu hears %.0f Hz as %.4f, due %.3f to %.3f",
                 p.seed, i, hz, a, least, most);
    }
}

static void check_own(void)
{
    for (size_t i = 0; i < p.r.n; i++) {
        if (is_sent_something(i))
            assert_level(i, p.r.leg[i].hz, 0.0, AMPLITUDE * 0.15);
    }
}

/* Of a room that was left alone for half a second. When more talk than have a
 * place it is not known who is heard. */
static void check_all(void)
{
    unsigned n_said = 0;
    for (size_t i = 0; i < p.r.n; i++)
        n_said += is_said(i);
    bool is_sure = n_said <= p.max_talkers;
    for (size_t i = 0; i < p.r.n; i++) {
        for (size_t k = 0; k < p.r.n && is_sent_something(i); k++) {
            if (k == i)
                continue;
            bool is_heard = hears_the_room(i) && is_said(k);
            assert_level(i, p.r.leg[k].hz,
                         is_heard && is_sure ? AMPLITUDE * 0.4 : 0.0,
                         is_heard ? 1.0 : AMPLITUDE * 0.15);
        }
        if (is_sent_something(i) && p.is[i].is_played)
            assert_level(i, PROMPT_HZ, 0.05, 1.0);
    }
}

static void take_frames(void)
{
    pl_record_head head;
    uint8_t data[PL_RECORD_PAYLOAD];
    while (pl_record_take(p.r.record, &head, data)) {
    }
}

/* Each tick brings each phone its next packet, or none in silence. */
static void run(size_t n_ticks)
{
    for (size_t t = 0; t < n_ticks; t++) {
        uint32_t before[RIG_LEGS] = {0};
        for (size_t i = 0; i < p.r.n; i++)
            before[i] = p.r.leg[i].packets + p.r.leg[i].signs;
        rig_run(&p.r, 1);
        take_frames();
        for (size_t i = 0; i < p.r.n; i++) {
            const rig_leg *leg = &p.r.leg[i];
            uint32_t n = leg->packets + leg->signs - before[i];
            bool is_due = is_sent_something(i);
            if (n > is_due || (!p.has_dtx && n != is_due) || leg->gaps) {
                fail_msg("seed %u: phone %zu got %u packets in a tick, %u gaps",
                         p.seed, i, n, leg->gaps);
            }
        }
    }
    check_own();
}

static void play_seed(unsigned seed)
{
    pl_ring *ring = p.r.record;
    p = (play){.seed = seed, .random = seed * 2654435761U};
    p.r.record = ring;
    p.has_dtx = seed % 2;
    p.max_talkers = 1 + pick(4);
    const pl_mix_room room = {
        .mode = PL_ROOM_MODE_MIX, .max_talkers = p.max_talkers, .is_raw = true};
    if (p.has_dtx) {
        rig_open_resting(&p.r, &room);
    } else {
        rig_open_room(&p.r, &room);
    }
    for (size_t i = 0; i < 4; i++)
        add_one(i == 0);
    for (size_t step = 0; step < STEPS; step++) {
        for (unsigned n = pick(4); n > 0; n--) {
            do_something();
            run(pick(6));
        }
        run(SETTLE);
        check_all();
    }
    assert_int_equal(pl_engine_stats_get(p.r.engine)->states_short, 0);
    rig_close(&p.r);
}

static void nobody_ever_hears_himself_and_all_hear_the_others(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < PROMPT_SAMPLES; i++)
        pcm[i] = i % 16 < 8 ? 5000 : -5000;
    assert_int_equal(pl_ring_create(SLOTS, PL_RECORD_SLOT, &p.r.record), PL_OK);
    const char *more = getenv("PL_TEST_SEEDS");
    unsigned n = more ? (unsigned)strtoul(more, NULL, 10) : SEEDS;
    for (unsigned seed = 1; seed <= n; seed++)
        play_seed(seed);
    pl_ring_destroy(&p.r.record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_ever_hears_himself_and_all_hear_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
