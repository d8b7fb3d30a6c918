/* test_oa_state.c - a negotiation as bytes: after any exchanges the copy goes
 * on as the original does, text by text. */
#include "oa_support.h"

#include <stdlib.h>

static const char *const SAMPLES[] = {"chromium-audio.sdp",
                                      "chromium-audio-video.sdp",
                                      "baresip-g711.sdp",
                                      "baresip-opus.sdp",
                                      "sipp.sdp",
                                      "hold-2543.sdp",
                                      "session-name-junk.sdp"};
enum { N_SAMPLES = sizeof SAMPLES / sizeof SAMPLES[0], RUNS = 150, STEPS = 24 };

static const pl_direction ALL[] = {
    PL_DIRECTION_SENDRECV,
    PL_DIRECTION_SENDONLY,
    PL_DIRECTION_RECVONLY,
    PL_DIRECTION_INACTIVE,
};

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 16;
}

typedef struct state {
    uint8_t bytes[PL_OA_STATE];
    size_t len;
} state;

static void export_ok(const pl_oa *oa, state *ret)
{
    assert_int_equal(pl_oa_export(oa, ret->bytes, sizeof ret->bytes, &ret->len),
                     PL_OK);
}

static pl_oa *import_ok(const state *s)
{
    pl_oa *oa = NULL;
    assert_int_equal(pl_oa_import((pl_slice){s->bytes, s->len}, &oa), PL_OK);
    return oa;
}

/* Both know the same. */
static void assert_same(const pl_oa *a, const pl_oa *b)
{
    static state x, y;
    export_ok(a, &x);
    export_ok(b, &y);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.bytes, y.bytes, x.len);
    assert_int_equal(pl_oa_wanted(a), pl_oa_wanted(b));
}

/* The original and its copy, which get the same to do. */
typedef struct twins {
    pl_leg_kind kind;
    pl_oa *a, *b;
    uint32_t seed;
    size_t n_texts; /* equal ones */
} twins;

static void assert_same_step(twins *t, pl_err x, pl_err y, const pl_oa_sdp *p,
                             const pl_oa_sdp *q)
{
    assert_int_equal(x, y);
    assert_string_equal(pl_oa_reason(t->a), pl_oa_reason(t->b));
    if (x == PL_OK && p) {
        assert_string_equal(p->text, q->text);
        t->n_texts++;
    }
}

/* The peer offers: any sample, perhaps another direction, other credentials or
 * another certificate. */
static void peer_offers(twins *t)
{
    static const char *const changes[][2] = {{"a=sendrecv", "a=sendonly"},
                                             {"a=sendrecv", "a=inactive"},
                                             {"a=ice-ufrag:", "a=ice-ufrag:q"},
                                             {"sha-256 ", "sha-256 00:"},
                                             {"m=audio", "m=video"},
                                             {"a=mid:0", "a=mid:x"}};
    enum { N_CHANGES = sizeof changes / sizeof changes[0] };
    const char *text = sample(SAMPLES[next(&t->seed) % N_SAMPLES]);
    size_t change = next(&t->seed) % (2 * N_CHANGES);
    if (change < N_CHANGES && strstr(text, changes[change][0]))
        text = replaced(text, changes[change][0], changes[change][1]);
    const pl_oa_ice fresh = {"new2", "anotherpassword0123456"};
    const pl_oa_ice *ice =
        t->kind == PL_LEG_KIND_WEBRTC && next(&t->seed) % 2 ? &fresh : NULL;
    pl_oa_sdp p, q;
    pl_oa_result r, s;
    pl_err x = pl_oa_answer(t->a, pl_slice_str(text), ice, &p, &r);
    pl_err y = pl_oa_answer(t->b, pl_slice_str(text), ice, &q, &s);
    assert_same_step(t, x, y, &p, &q);
}

/* The answer of another party of ours to an offer, as an active one gives it.
 */
static pl_err answer_of_other(twins *t, const pl_oa_sdp *offer, pl_oa_sdp *ret)
{
    pl_oa_local local = party(t->kind);
    pl_oa_result r;
    local.ice_lite = false;
    local.n_codecs = 1 + next(&t->seed) % local.n_codecs;
    pl_oa *other = open_leg(&local);
    pl_oa_set_direction(other, ALL[next(&t->seed) % 4]);
    char text[PL_OA_MAX_SDP];
    assert_int_equal(pl_fmt(text, sizeof text, "%s",
                            strstr(offer->text, "a=ice-lite")
                                ? replaced(offer->text, "a=ice-lite\r\n", "")
                                : offer->text),
                     PL_OK);
    pl_err e = pl_oa_answer(other, pl_slice_str(text), NULL, ret, &r);
    pl_oa_destroy(&other);
    return e;
}

static void we_offer(twins *t)
{
    const pl_oa_ice fresh = {"mine3", "yetanotherpassword01234"};
    const pl_oa_ice *ice =
        t->kind == PL_LEG_KIND_WEBRTC && next(&t->seed) % 3 == 0 ? &fresh
                                                                 : NULL;
    pl_oa_sdp p, q, answer;
    pl_oa_result r, s;
    pl_direction wanted = ALL[next(&t->seed) % 4];
    pl_oa_set_direction(t->a, wanted);
    pl_oa_set_direction(t->b, wanted);
    pl_err x = pl_oa_offer(t->a, ice, &p);
    pl_err y = pl_oa_offer(t->b, ice, &q);
    assert_same_step(t, x, y, &p, &q);
    if (x != PL_OK)
        return;
    if (next(&t->seed) % 4 == 0 || answer_of_other(t, &p, &answer) != PL_OK) {
        pl_oa_rollback(t->a);
        pl_oa_rollback(t->b);
        return;
    }
    const char *text = answer.text;
    if (strstr(text, "a=setup:passive"))
        text = replaced(text, "a=setup:passive", "a=setup:active");
    x = pl_oa_accept(t->a, pl_slice_str(text), &r);
    y = pl_oa_accept(t->b, pl_slice_str(text), &s);
    assert_same_step(t, x, y, NULL, NULL);
    if (x != PL_OK) {
        pl_oa_rollback(t->a);
        pl_oa_rollback(t->b);
    }
}

static void step(twins *t)
{
    if (next(&t->seed) % 2) {
        peer_offers(t);
    } else {
        we_offer(t);
    }
}

static void copy_goes_on_as_the_original_would(void **ctx)
{
    (void)ctx;
    static state s;
    size_t n_texts = 0;
    for (uint32_t run = 0; run < RUNS; run++) {
        twins t = {.kind = run % 2 ? PL_LEG_KIND_WEBRTC : PL_LEG_KIND_SIP,
                   .seed = run * 7919U + 1};
        pl_oa_local local = party(t.kind);
        local.opus_red = next(&t.seed) % 2;
        local.comfort = t.kind == PL_LEG_KIND_SIP && next(&t.seed) % 2;
        local.one_codec = next(&t.seed) % 2;
        t.a = open_leg(&local);
        if (next(&t.seed) % 3 == 0)
            assert_int_equal(
                pl_oa_keep_lines(t.a, pl_slice_str("video/9 audio/4")), PL_OK);
        size_t split = next(&t.seed) % STEPS;
        for (size_t i = 0; i < STEPS; i++) {
            if (i == split || (i > split && next(&t.seed) % 5 == 0)) {
                export_ok(t.b ? t.b : t.a, &s);
                pl_oa_destroy(&t.b);
                t.b = import_ok(&s);
                assert_same(t.a, t.b);
            }
            if (t.b) {
                step(&t);
                assert_same(t.a, t.b);
            } else { /* alone so far: its copy at each step */
                export_ok(t.a, &s);
                t.b = import_ok(&s);
                step(&t);
                pl_oa_destroy(&t.b);
            }
        }
        n_texts += t.n_texts;
        pl_oa_destroy(&t.a);
        pl_oa_destroy(&t.b);
    }
    assert_true(n_texts > (size_t)RUNS * STEPS / 3);
}

static void offer_that_waits_is_left_out(void **ctx)
{
    (void)ctx;
    static state s;
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp text, again;
    pl_oa_result r;
    answer_ok(oa, sample("chromium-audio.sdp"), &text, &r);
    pl_oa_set_direction(oa, PL_DIRECTION_INACTIVE);
    assert_int_equal(pl_oa_offer(oa, NULL, &text), PL_OK);
    export_ok(oa, &s);
    pl_oa *copy = import_ok(&s);
    assert_false(pl_oa_is_offered(copy));
    assert_int_equal(pl_oa_wanted(copy), PL_DIRECTION_SENDRECV);
    assert_int_equal(pl_oa_accept(copy, pl_slice_str(text.text), &r),
                     PL_ESTATE);
    pl_oa_rollback(oa);
    assert_int_equal(pl_oa_offer(oa, NULL, &text), PL_OK);
    assert_int_equal(pl_oa_offer(copy, NULL, &again), PL_OK);
    assert_string_equal(text.text, again.text); /* the third version */
    assert_line(&again, "o=- 123456789 3 IN IP4 192.0.2.1");
    pl_oa_destroy(&copy);
    pl_oa_destroy(&oa);
}

static void agreement_is_told(void **ctx)
{
    (void)ctx;
    static state s;
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp text;
    pl_oa_result r, told;
    export_ok(oa, &s);
    pl_oa *copy = import_ok(&s);
    assert_false(pl_oa_agreed(copy, &told));
    pl_oa_destroy(&copy);
    answer_ok(oa, sample("chromium-audio.sdp"), &text, &r);
    export_ok(oa, &s);
    copy = import_ok(&s);
    assert_true(pl_oa_agreed(copy, &told));
    assert_string_equal(told.remote_ufrag, r.remote_ufrag);
    assert_string_equal(told.local_pwd, r.local_pwd);
    assert_int_equal(told.codecs[0].codec, r.codecs[0].codec);
    assert_int_equal(told.n_fingerprints, 1);
    assert_memory_equal(told.fingerprints[0], r.fingerprints[0], PL_OA_SHA256);
    pl_oa_destroy(&copy);
    pl_oa_destroy(&oa);
}

/* The process that goes on has another certificate: the peer is told when it
 * begins a new association, and not before. */
static void spare_fingerprint_is_named_when_the_peer_begins_anew(void **ctx)
{
    (void)ctx;
    static state s;
    const uint8_t spare[PL_OA_SHA256] = {0xab, 0xcd};
    const pl_oa_ice fresh = {"new2", "anotherpassword0123456"};
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp text;
    pl_oa_result r;
    answer_ok(oa, sample("chromium-audio.sdp"), &text, &r);
    export_ok(oa, &s);
    pl_oa *copy = import_ok(&s);
    pl_oa_spare_fingerprint(copy, spare);
    assert_int_equal(pl_oa_offer(copy, NULL, &text), PL_OK);
    assert_null(strstr(text.text, "sha-256 AB:CD:"));
    pl_oa_rollback(copy);
    const char *offer = replaced(sample("chromium-audio.sdp"),
                                 "a=ice-ufrag:K10g", "a=ice-ufrag:K11h");
    assert_int_equal(pl_oa_answer(copy, pl_slice_str(offer), &fresh, &text, &r),
                     PL_OK);
    assert_true(r.ice_restart);
    assert_null(strstr(text.text, "sha-256 AB:CD:"));
    offer = replaced(sample("chromium-audio.sdp"), "sha-256 BA", "sha-256 BB");
    assert_int_equal(pl_oa_answer(copy, pl_slice_str(offer), &fresh, &text, &r),
                     PL_OK);
    assert_true(r.dtls_restart);
    assert_non_null(strstr(text.text, "sha-256 AB:CD:"));
    assert_int_equal(pl_oa_offer(copy, NULL, &text), PL_OK);
    assert_non_null(strstr(text.text, "sha-256 AB:CD:"));
    pl_oa_destroy(&copy);
    pl_oa_destroy(&oa);
}

/* An answer with another certificate meets an offer of ours whose fingerprint
 * is nobody's here. */
static void another_certificate_in_an_answer_is_refused(void **ctx)
{
    (void)ctx;
    static state s;
    const uint8_t spare[PL_OA_SHA256] = {0xab, 0xcd};
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp text;
    pl_oa_result r;
    answer_ok(oa, sample("chromium-audio.sdp"), &text, &r);
    export_ok(oa, &s);
    for (size_t i = 0; i < 2; i++) {
        pl_oa *copy = import_ok(&s);
        if (i == 1)
            pl_oa_spare_fingerprint(copy, spare);
        assert_int_equal(pl_oa_offer(copy, NULL, &text), PL_OK);
        char answer[8192];
        assert_int_equal(pl_fmt(answer, sizeof answer, "%s",
                                replaced(sample("chromium-audio.sdp"),
                                         "a=setup:actpass", "a=setup:active")),
                         PL_OK);
        const char *other = replaced(answer, "sha-256 BA", "sha-256 BB");
        assert_int_equal(pl_oa_accept(copy, pl_slice_str(other), &r),
                         i == 0 ? PL_OK : PL_EMEDIA);
        if (i == 1) {
            assert_int_equal(pl_oa_accept(copy, pl_slice_str(answer), &r),
                             PL_OK);
            assert_false(r.dtls_restart);
        }
        pl_oa_destroy(&copy);
    }
    pl_oa_destroy(&oa);
}

/* Every byte wrong once, every length: refused, or a state that goes on. */
static void damaged_states_are_refused_or_harmless(void **ctx)
{
    (void)ctx;
    static state s, bad;
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp text;
    pl_oa_result r;
    size_t n_refused = 0;
    answer_ok(oa, sample("chromium-audio-video.sdp"), &text, &r);
    export_ok(oa, &s);
    for (size_t len = 0; len < s.len; len++) {
        pl_oa *copy = NULL;
        assert_int_equal(pl_oa_import((pl_slice){s.bytes, len}, &copy),
                         PL_EPROTO);
    }
    uint8_t *more = malloc(s.len + 1);
    assert_non_null(more);
    memcpy(more, s.bytes, s.len);
    more[s.len] = 0;
    pl_oa *copy = NULL;
    assert_int_equal(pl_oa_import((pl_slice){more, s.len + 1}, &copy),
                     PL_EPROTO);
    free(more);
    bad = s;
    bad.bytes[0]++;
    assert_int_equal(pl_oa_import((pl_slice){bad.bytes, s.len}, &copy),
                     PL_EUNSUPPORTED);
    for (size_t i = 1; i < s.len; i++) {
        bad = s;
        bad.bytes[i] ^= 0xff;
        if (pl_oa_import((pl_slice){bad.bytes, s.len}, &copy) != PL_OK) {
            n_refused++;
            continue;
        }
        if (pl_oa_offer(copy, NULL, &text) == PL_OK) {
            pl_sdp *sdp = parsed(text.text);
            pl_sdp_destroy(&sdp);
        }
        pl_oa_destroy(&copy);
    }
    assert_true(n_refused > s.len / 3);
    pl_oa_destroy(&oa);
}

static void little_room_is_refused(void **ctx)
{
    (void)ctx;
    static state s;
    uint8_t small[PL_OA_STATE];
    size_t len = 77;
    pl_oa_local local = party(PL_LEG_KIND_SIP);
    pl_oa *oa = open_leg(&local);
    export_ok(oa, &s);
    for (size_t cap = 0; cap < s.len; cap++)
        assert_int_equal(pl_oa_export(oa, small, cap, &len), PL_EFULL);
    assert_int_equal(len, 77);
    pl_oa_destroy(&oa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy_goes_on_as_the_original_would),
        cmocka_unit_test(offer_that_waits_is_left_out),
        cmocka_unit_test(agreement_is_told),
        cmocka_unit_test(spare_fingerprint_is_named_when_the_peer_begins_anew),
        cmocka_unit_test(another_certificate_in_an_answer_is_refused),
        cmocka_unit_test(damaged_states_are_refused_or_harmless),
        cmocka_unit_test(little_room_is_refused),
    };
    return cmocka_run_group_tests_name("oa_state", tests, NULL, NULL);
}
