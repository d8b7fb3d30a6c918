/* test_keys.c - digits keyed to a telephone: what its socket receives, read as
 * RFC 4733 says. */
#include <string.h>
#include <sys/socket.h>

#include "rtp_phone.h"
#include "worker_rig.h"

enum { N_ENDS = 3 };

/* A telephone, as far as it listens. */
typedef struct phone {
    rtp_phone rtp;
    char keys[64]; /* heard, each once */
    size_t n_keys;
    bool is_in_event, has_seq;
    uint16_t seq, duration;
    uint32_t ts;
    uint8_t event;
    unsigned n_ends, n_audio;
} phone;

static void open_phone(phone *p, bool has_events)
{
    *p = (phone){.is_in_event = false};
    rtp_phone_open(&p->rtp, has_events);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

/* RFC 4733 section 2.3: the layout; 2.5.1.2: one timestamp, growing duration,
 * the marker on the first; 2.5.1.4: the end three times. */
static void take_event(phone *p, bool marker, uint32_t ts, const uint8_t *e)
{
    uint16_t duration = (uint16_t)(e[2] << 8 | e[3]);
    bool is_end = e[1] & 0x80;
    assert_int_equal(e[1] & 0x40, 0); /* reserved */
    assert_int_equal(marker, !p->is_in_event);
    if (marker) {
        p->is_in_event = true;
        p->ts = ts;
        p->event = e[0];
        p->n_ends = 0;
        p->duration = 0;
    }
    assert_int_equal(ts, p->ts);
    assert_int_equal(e[0], p->event);
    if (p->n_ends == 0) {
        assert_true(duration > p->duration);
    } else {
        assert_int_equal(duration, p->duration);
        assert_true(is_end);
    }
    p->duration = duration;
    p->n_ends += is_end;
    if (p->n_ends < N_ENDS)
        return;
    assert_int_equal(duration, 800); /* 100 ms */
    p->is_in_event = false;
    assert_true(p->n_keys + 1 < sizeof p->keys);
    p->keys[p->n_keys++] = "0123456789*#ABCD"[p->event & 15];
}

/* Read RTP until so many keys were heard, and then some audio. */
static void hear(phone *p, size_t n_keys)
{
    for (unsigned n_after = 0; n_after < 3;) {
        uint8_t b[1500];
        size_t n = rtp_phone_receive(&p->rtp, b, sizeof b);
        assert_true(n >= 16); /* else: the deadline */
        uint16_t seq = (uint16_t)(b[2] << 8 | b[3]);
        if (p->has_seq)
            assert_int_equal(seq, (uint16_t)(p->seq + 1));
        p->has_seq = true;
        p->seq = seq;
        if ((b[1] & 0x7f) == RTP_PHONE_EVENT_PT) {
            assert_int_equal(n, 12 + 4);
            take_event(p, b[1] & 0x80, get32(b + 4), b + 12);
        } else {
            assert_int_equal(b[1] & 0x7f, 0);
            assert_false(p->is_in_event); /* a digit takes its place */
            assert_int_equal(n, 12 + 160);
            p->n_audio++;
            n_after += p->n_keys >= n_keys;
        }
    }
}

static pl_err keys(world *w, uint64_t epoch, const char *leg, const char *text)
{
    pl_media_leg_keys m = {.present = 0};
    SET_TEXT(m.room_id, room);
    SET_TEXT(m.leg_id, leg);
    SET_TEXT(m.digits, text);
    return ask(w, epoch, &PL_MSG_MEDIA_LEG_KEYS, &m);
}

static void telephone_receives_each_digit(void **state)
{
    world *w = *state;
    phone p;
    open_phone(&p, true);
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    assert_int_equal(create(w, "phone", PL_LEG_KIND_SIP, p.rtp.sdp), PL_OK);
    assert_int_equal(next_state(w), PL_LEG_STATE_CONNECTED);
    assert_int_equal(keys(w, EPOCH, "phone", "19*#"), PL_OK);
    assert_int_equal(keys(w, EPOCH, "phone", "aD"), PL_OK); /* behind them */
    hear(&p, 6);
    p.keys[p.n_keys] = '\0';
    assert_string_equal(p.keys, "19*#AD");
    rtp_phone_close(&p.rtp);
}

static void what_cannot_be_keyed_is_refused(void **state)
{
    world *w = *state;
    char many[PL_KEYS_MAX + 1];
    phone p;
    memset(many, '5', PL_KEYS_MAX);
    many[PL_KEYS_MAX] = '\0';
    open_phone(&p, false);
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    assert_int_equal(create(w, "plain", PL_LEG_KIND_SIP, p.rtp.sdp), PL_OK);
    assert_int_equal(keys(w, EPOCH, "plain", "1"), PL_EUNSUPPORTED);
    assert_int_equal(create(w, "rings", PL_LEG_KIND_SIP, NULL), PL_OK);
    assert_int_equal(keys(w, EPOCH, "rings", "1"), PL_ESTATE);
    rtp_phone_close(&p.rtp);
    open_phone(&p, true);
    assert_int_equal(create(w, "phone", PL_LEG_KIND_SIP, p.rtp.sdp), PL_OK);
    assert_int_equal(keys(w, EPOCH + 1, "phone", "1"), PL_ESTALE);
    assert_int_equal(keys(w, EPOCH, "nobody", "1"), PL_ENOENT);
    assert_int_equal(keys(w, EPOCH, "phone", "1 2"), PL_EINVAL);
    assert_int_equal(keys(w, EPOCH, "phone", many), PL_OK);
    assert_int_equal(keys(w, EPOCH, "phone", many), PL_EFULL);
    assert_int_equal(destroy(w, "phone"), PL_OK); /* while it is keyed to */
    rtp_phone_close(&p.rtp);
}

/* Keys that are over make room for others. */
static void queue_is_free_again_afterwards(void **state)
{
    static const char SOME[] = "123456789"; /* not over at once */
    world *w = *state;
    char many[PL_KEYS_MAX + 1];
    phone p;
    memset(many, '5', PL_KEYS_MAX);
    many[PL_KEYS_MAX] = '\0';
    open_phone(&p, true);
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    assert_int_equal(create(w, "phone", PL_LEG_KIND_SIP, p.rtp.sdp), PL_OK);
    assert_int_equal(keys(w, EPOCH, "phone", SOME), PL_OK);
    assert_int_equal(keys(w, EPOCH, "phone", many), PL_EFULL);
    hear(&p, strlen(SOME));
    for (pl_err e = PL_EFULL;
         e != PL_OK;) { /* the mixer's word is on its way */
        e = keys(w, EPOCH, "phone", many);
        assert_true(e == PL_OK || e == PL_EFULL);
        if (e == PL_EFULL)
            hear(&p, strlen(SOME));
    }
    rtp_phone_close(&p.rtp);
}

/* ---- keys that are pressed ------------------------------------------------
 */

/* Press 5 for 100 ms. */
static void press(rtp_phone *p, const struct sockaddr_in *to)
{
    static const uint8_t silence[RTP_PHONE_FRAME] = {0xff};
    for (uint32_t i = 0; i < 3; i++)
        rtp_phone_send(p, to, 0, i * RTP_PHONE_FRAME, silence, sizeof silence);
    for (uint16_t i = 1; i <= 7; i++) {
        uint16_t duration = (uint16_t)(160 * (i < 5 ? i : 5));
        const uint8_t event[] = {5, i < 5 ? 10 : 0x8a, (uint8_t)(duration >> 8),
                                 (uint8_t)duration};
        rtp_phone_send(p, to, RTP_PHONE_EVENT_PT, 3 * RTP_PHONE_FRAME, event,
                       sizeof event);
    }
}

/* Whether both tones of the 5 are in one of at most so many packets. */
static bool hears_tone(const rtp_phone *p, unsigned n_packets)
{
    bool is_heard = false;
    for (unsigned i = 0; i < n_packets && !is_heard; i++) {
        uint8_t b[1500];
        assert_int_equal(rtp_phone_receive(p, b, sizeof b),
                         12 + RTP_PHONE_FRAME);
        is_heard =
            is_heard || (rtp_phone_hears(b + 12, RTP_PHONE_FRAME, 770) > 0.05 &&
                         rtp_phone_hears(b + 12, RTP_PHONE_FRAME, 1336) > 0.05);
    }
    return is_heard;
}

static void open_with(world *w, pl_dtmf_policy policy)
{
    pl_media_room_open m = {
        .mode = PL_ROOM_MODE_MIX, .max_legs = 3, .dtmf = (uint32_t)policy};
    SET_TEXT(m.room_id, room);
    PL_MSG_SET(MEDIA_ROOM_OPEN, media_room_open, &m, dtmf);
    assert_int_equal(ask(w, EPOCH, &PL_MSG_MEDIA_ROOM_OPEN, &m), PL_OK);
}

/* One presses a key; one takes events, one does not. */
static void check_policy(world *w, pl_dtmf_policy policy)
{
    phone takes;
    rtp_phone presses, plain;
    bool is_passed = policy == PL_DTMF_POLICY_PASS;
    rtp_phone_open(&presses, true);
    open_phone(&takes, true);
    rtp_phone_open(&plain, false);
    open_with(w, policy);
    assert_int_equal(create(w, "takes", PL_LEG_KIND_SIP, takes.rtp.sdp), PL_OK);
    assert_int_equal(create(w, "plain", PL_LEG_KIND_SIP, plain.sdp), PL_OK);
    assert_int_equal(create(w, "presses", PL_LEG_KIND_SIP, presses.sdp), PL_OK);
    const struct sockaddr_in to = rtp_phone_media(w->text);
    for (int i = 0; i < 3; i++)
        assert_int_equal(next_state(w), PL_LEG_STATE_CONNECTED);
    press(&presses, &to);
    if (is_passed)
        hear(&takes, 1);
    for (int i = 0; i < 10; i++)
        hear(&takes, 0);
    assert_int_equal(takes.n_keys, is_passed);
    if (is_passed)
        assert_int_equal(takes.keys[0], '5');
    assert_int_equal(hears_tone(&plain, is_passed ? 500 : 60), is_passed);
    uint8_t b[1500]; /* who presses is sent no event, audio only */
    for (int i = 0; i < 10; i++)
        assert_int_equal(rtp_phone_receive(&presses, b, sizeof b),
                         12 + RTP_PHONE_FRAME);
    rtp_phone_close(&presses);
    rtp_phone_close(&takes.rtp);
    rtp_phone_close(&plain);
}

static void pressed_keys_are_passed_where_the_room_says_so(void **state)
{
    check_policy(*state, PL_DTMF_POLICY_PASS);
}

static void pressed_keys_are_eaten_where_the_room_says_so(void **state)
{
    check_policy(*state, PL_DTMF_POLICY_EAT);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, worker_begin, worker_end)
    const struct CMUnitTest tests[] = {
        TEST(telephone_receives_each_digit),
        TEST(what_cannot_be_keyed_is_refused),
        TEST(queue_is_free_again_afterwards),
        TEST(pressed_keys_are_passed_where_the_room_says_so),
        TEST(pressed_keys_are_eaten_where_the_room_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
