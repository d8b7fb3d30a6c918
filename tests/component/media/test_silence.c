/* test_silence.c - telephones at a whole worker while nobody speaks: who named
 * comfort noise is sent a packet of it now and then, who did not is sent all;
 * and the first word wakes the one that rests. */
#include <string.h>

#include "rtp_phone.h"
#include "worker_rig.h"

enum { HEADER = 12, CN = 13, EVERY = 3200 /* 400 ms */, FRAME = 160 };

/* What came last. */
typedef struct heard {
    bool has_seq, marker;
    uint16_t seq;
    uint8_t pt, payload[RTP_PHONE_FRAME];
    uint32_t ts;
    size_t len;
} heard;

static void next(const rtp_phone *p, heard *h)
{
    uint8_t b[1500];
    size_t n = rtp_phone_receive(p, b, sizeof b);
    assert_in_range(n, HEADER + 1, HEADER + RTP_PHONE_FRAME); /* or deadline */
    uint16_t seq = (uint16_t)(b[2] << 8 | b[3]);
    if (h->has_seq)
        assert_int_equal(seq, (uint16_t)(h->seq + 1));
    h->has_seq = true;
    h->seq = seq;
    h->marker = b[1] & 0x80;
    h->pt = b[1] & 0x7f;
    h->ts = (uint32_t)b[4] << 24 | (uint32_t)b[5] << 16 | (uint32_t)b[6] << 8 |
            b[7];
    h->len = n - HEADER;
    memcpy(h->payload, b + HEADER, h->len);
}

static struct sockaddr_in join(world *w, const char *leg, const rtp_phone *p)
{
    assert_int_equal(create(w, leg, PL_LEG_KIND_SIP, p->sdp), PL_OK);
    struct sockaddr_in at = rtp_phone_media(w->text);
    assert_int_equal(next_state(w), PL_LEG_STATE_CONNECTED);
    return at;
}

static void comfort_noise_until_somebody_speaks(void **state)
{
    world *w = *state;
    rtp_phone rests, plain;
    heard a = {.has_seq = false}, b = {.has_seq = false};
    rtp_phone_open(&rests, false);
    rtp_phone_open(&plain, false);
    char *formats = strstr(rests.sdp, "RTP/AVP 0");
    assert_non_null(formats);
    memcpy(formats, "RTP/AVP 0 13\r\n", sizeof "RTP/AVP 0 13\r\n");
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    (void)join(w, "rests", &rests);
    assert_non_null(strstr(w->text, " RTP/AVP 0 13\r\n"));
    struct sockaddr_in to = join(w, "plain", &plain);
    assert_null(strstr(w->text, "CN/8000"));

    do {
        next(&rests, &a);
    } while (a.pt != CN);
    uint32_t ts = a.ts;
    for (size_t i = 0; i < 3; i++, ts = a.ts) {
        assert_int_equal(a.len, 1);
        assert_in_range(a.payload[0], 50, 80); /* -dBov */
        assert_false(a.marker);
        next(&rests, &a);
        assert_int_equal(a.pt, CN);
        /* the second may come earlier; a busy machine leaves ticks out */
        assert_int_equal((a.ts - ts) % FRAME, 0);
        assert_true(i == 0 || a.ts - ts >= EVERY);
    }

    uint8_t frame[RTP_PHONE_FRAME];
    uint32_t said = 0;
    do { /* paced by what comes: each packet of 20 ms */
        next(&plain, &b);
        assert_int_equal(b.pt, 0);
        assert_int_equal(b.len, RTP_PHONE_FRAME);
        rtp_phone_say(440, said, frame);
        rtp_phone_send(&plain, &to, 0, said, frame, sizeof frame);
        said += FRAME;
    } while (said < 100 * FRAME);
    do {
        next(&rests, &a);
    } while (a.pt == CN);
    assert_true(a.marker); /* a talk spurt begins, RFC 3551 section 4.1 */
    double loudest = 0.0;
    for (size_t i = 0; i < 60 && loudest < 0.1; i++) {
        next(&rests, &a);
        assert_int_equal(a.pt, 0);
        assert_false(a.marker);
        double loud = rtp_phone_hears(a.payload, a.len, 440);
        loudest = loud > loudest ? loud : loudest;
    }
    assert_true(loudest > 0.1);
    rtp_phone_close(&rests);
    rtp_phone_close(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(comfort_noise_until_somebody_speaks,
                                        worker_begin, worker_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
