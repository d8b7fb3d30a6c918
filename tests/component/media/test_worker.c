/* test_worker.c - the whole media worker; this file plays a browser and a
 * telephone. */
#include <stdlib.h>
#include <string.h>

#include "browser_sdp.h"
#include "peer_client.h"
#include "worker_rig.h"

static const char phone_sdp[] =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 45399 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";

/* ---- stories ------------------------------------------------------------ */

/* Check as a browser does, which begins when it has made its answer: the worker
 * refuses what it does not know yet (RFC 8445 section 7.3). */
static void check_until_known(peer_client *c, const char *user, const char *pwd)
{
    enum { TRIES = 50, UNAUTHORIZED = 401 };
    unsigned error = UNAUTHORIZED;
    bool is_good = false;
    /* on a busy machine an answer may come too late: then there is no error */
    for (size_t i = 0;
         i < TRIES && !is_good && (error == UNAUTHORIZED || error == 0); i++)
        is_good = peer_client_check(c, user, pwd, true, &error);
    assert_true(is_good);
}

/* The browser agrees to the offer in the world: checks, a handshake. */
static void accept_offer(world *w, const char *leg, peer_client *c)
{
    char answer[4096];
    char user[128];
    char pwd[64];
    assert_int_equal(w->sdp_type, PL_SDP_TYPE_OFFER);
    pl_fmt_cut(user, sizeof user, "%s:them", sdp_line(w->text, "a=ice-ufrag:"));
    pl_fmt_cut(pwd, sizeof pwd, "%s", sdp_line(w->text, "a=ice-pwd:"));
    browser_sdp(c, "active", answer, sizeof answer);
    assert_int_equal(remote(w, leg, answer, PL_SDP_TYPE_ANSWER), PL_OK);
    check_until_known(c, user, pwd);
    peer_client_dtls how = {.mtu = 0};
    assert_true(peer_client_handshake(c, &how));
    assert_int_equal(next_state(w), PL_LEG_STATE_CONNECTED);
}

static void
another_leg_of_the_same_browser_has_another_certificate(void **state)
{
    world *w = *state;
    char prints[3][128];
    static const char *const legs[] = {"first", "second", "third"};
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    for (size_t i = 0; i < 3; i++) {
        peer_client *c = peer_client_create("127.0.0.1", webrtc_port(w));
        assert_int_equal(i == 0 ? create(w, legs[i], PL_LEG_KIND_WEBRTC, NULL)
                                : create_keeping(w, legs[i], "audio/0"),
                         PL_OK);
        pl_fmt_cut(prints[i], sizeof prints[i], "%s",
                   sdp_line(w->text, "a=fingerprint:"));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(prints[i], prints[k]);
        accept_offer(w, legs[i], c);
        uint8_t shown[32];
        char hex[SDP_HEX];
        peer_client_server_fingerprint(c, shown);
        sdp_hex(shown, hex);
        assert_string_equal(sdp_line(prints[i], "sha-256 "), hex);
        peer_client_destroy(&c);
    }
}

static void browser_connects_and_closes(void **state)
{
    world *w = *state;
    char offer[4096];
    char user[128];
    char pwd[64];
    peer_client *c = peer_client_create("127.0.0.1", webrtc_port(w));
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    browser_sdp(c, "actpass", offer, sizeof offer);
    assert_int_equal(create(w, "browser", PL_LEG_KIND_WEBRTC, offer), PL_OK);
    assert_int_equal(w->sdp_type, PL_SDP_TYPE_ANSWER);
    assert_int_equal(w->direction, PL_DIRECTION_SENDRECV);
    assert_non_null(strstr(w->text, "a=ice-lite\r\n"));
    assert_non_null(strstr(w->text, "a=setup:passive\r\n"));
    char candidate[32];
    pl_fmt_cut(candidate, sizeof candidate, " 127.0.0.1 %u typ host",
               webrtc_port(w));
    assert_non_null(strstr(w->text, candidate));
    pl_fmt_cut(user, sizeof user, "%s:them", sdp_line(w->text, "a=ice-ufrag:"));
    pl_fmt_cut(pwd, sizeof pwd, "%s", sdp_line(w->text, "a=ice-pwd:"));
    check_until_known(c, user, pwd);
    peer_client_dtls how = {.mtu = 0};
    assert_true(peer_client_handshake(c, &how));
    assert_int_equal(next_state(w), PL_LEG_STATE_CONNECTED);
    assert_string_equal(w->report[0].codec, "opus/48000");
    peer_client_close(c);
    assert_int_equal(next_state(w), PL_LEG_STATE_CLOSED);
    assert_int_equal(destroy(w, "browser"), PL_OK);
    assert_int_equal(destroy(w, "browser"), PL_OK); /* repeating is harmless */
    peer_client_destroy(&c);
}

static void telephone_is_answered_held_and_hears_a_prompt(void **state)
{
    world *w = *state;
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    assert_int_equal(create(w, "phone", PL_LEG_KIND_SIP, phone_sdp), PL_OK);
    assert_int_equal(w->sdp_type, PL_SDP_TYPE_ANSWER);
    assert_non_null(strstr(w->text, "c=IN IP4 127.0.0.1\r\n"));
    assert_int_equal(next_state(w), PL_LEG_STATE_CONNECTED);
    assert_string_equal(w->report[0].codec, "PCMU/8000");
    char first[8192];
    pl_fmt_cut(first, sizeof first, "%s", w->text);
    assert_int_equal(create(w, "phone", PL_LEG_KIND_SIP, phone_sdp), PL_OK);
    assert_string_equal(w->text, first); /* the same command again */

    assert_int_equal(play(w, "phone", "beep-join", false), PL_OK);
    while (w->n_played == 0)
        assert_true(turn(w));
    assert_string_equal(w->played, "beep-join");
    assert_int_equal(play(w, "phone", "no-such-prompt", false), PL_ENOENT);

    char hold[1024];
    pl_fmt_cut(hold, sizeof hold, "%sa=sendonly\r\n", phone_sdp);
    assert_int_equal(remote(w, "phone", hold, PL_SDP_TYPE_OFFER), PL_OK);
    assert_int_equal(w->direction, PL_DIRECTION_RECVONLY);
    assert_non_null(strstr(w->text, "a=recvonly\r\n"));
    assert_int_equal(remote(w, "phone", phone_sdp, PL_SDP_TYPE_OFFER), PL_OK);
    assert_int_equal(w->direction, PL_DIRECTION_SENDRECV);
}

static void offer_that_is_not_answered_gives_way_to_the_next(void **state)
{
    world *w = *state;
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    assert_int_equal(create(w, "phone", PL_LEG_KIND_SIP, phone_sdp), PL_OK);
    assert_int_equal(remote(w, "phone", NULL, PL_SDP_TYPE_UNKNOWN), PL_OK);
    assert_int_equal(w->sdp_type, PL_SDP_TYPE_OFFER); /* it is refused, say */
    assert_int_equal(remote(w, "phone", phone_sdp, PL_SDP_TYPE_OFFER), PL_OK);
    assert_int_equal(w->sdp_type, PL_SDP_TYPE_ANSWER);
    assert_int_equal(create(w, "out", PL_LEG_KIND_SIP, NULL), PL_OK);
    assert_int_equal(remote(w, "out", phone_sdp, PL_SDP_TYPE_OFFER),
                     PL_ESTATE); /* the first one must be answered */
}

static void telephone_is_dialled(void **state)
{
    world *w = *state;
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    assert_int_equal(create(w, "out", PL_LEG_KIND_SIP, NULL), PL_OK);
    assert_int_equal(w->sdp_type, PL_SDP_TYPE_OFFER);
    assert_non_null(strstr(w->text, "opus/48000/2"));
    assert_non_null(strstr(w->text, "PCMU/8000"));
    assert_int_equal(remote(w, "out", "v=0\r\n", PL_SDP_TYPE_ANSWER),
                     PL_EPROTO);
    char answer[1024];
    pl_fmt_cut(answer, sizeof answer,
               "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
               "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 45399 RTP/AVP 0\r\n");
    assert_int_equal(remote(w, "out", answer, PL_SDP_TYPE_ANSWER), PL_OK);
    assert_int_equal(w->sdp_type, PL_SDP_TYPE_UNKNOWN);
    assert_int_equal(next_state(w), PL_LEG_STATE_CONNECTED);
    assert_int_equal(remote(w, "out", answer, PL_SDP_TYPE_ANSWER), PL_OK);
}

/* An answer of the telephone with this direction. */
static const char *phone_answer(const char *direction)
{
    static char text[1024];
    pl_fmt_cut(text, sizeof text, "%sa=%s\r\n", phone_sdp, direction);
    return text;
}

static void offers_ask_for_a_direction_and_are_rolled_back(void **state)
{
    world *w = *state;
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    assert_int_equal(create(w, "phone", PL_LEG_KIND_SIP, phone_sdp), PL_OK);
    assert_int_equal(offer(w, "phone", PL_DIRECTION_SENDONLY), PL_OK);
    assert_int_equal(w->sdp_type, PL_SDP_TYPE_OFFER);
    assert_int_equal(w->direction, PL_DIRECTION_SENDRECV); /* still agreed */
    assert_non_null(strstr(w->text, "a=sendonly\r\n"));
    char first[4096];
    pl_fmt_cut(first, sizeof first, "%s", w->text);
    assert_int_equal(remote(w, "phone", NULL, PL_SDP_TYPE_UNKNOWN), PL_OK);
    assert_string_equal(w->text, first); /* the same question, repeated */
    assert_int_equal(offer(w, "phone", PL_DIRECTION_INACTIVE), PL_OK);
    assert_non_null(strstr(w->text, "a=inactive\r\n"));  /* another one */
    assert_null(strstr(w->text, sdp_line(first, "o="))); /* a new version */

    assert_int_equal(remote(w, "phone", NULL, PL_SDP_TYPE_ROLLBACK), PL_OK);
    assert_int_equal(w->sdp_type, PL_SDP_TYPE_UNKNOWN);
    assert_int_equal(w->direction, PL_DIRECTION_SENDRECV);
    assert_int_equal(remote(w, "phone", NULL, PL_SDP_TYPE_ROLLBACK), PL_OK);
    assert_int_equal(
        remote(w, "phone", phone_answer("sendrecv"), PL_SDP_TYPE_ANSWER),
        PL_ESTATE);
    assert_int_equal(remote(w, "phone", phone_sdp, PL_SDP_TYPE_OFFER), PL_OK);
    assert_int_equal(w->direction, PL_DIRECTION_SENDRECV);

    assert_int_equal(offer(w, "phone", PL_DIRECTION_SENDONLY), PL_OK);
    assert_int_equal(
        remote(w, "phone", phone_answer("recvonly"), PL_SDP_TYPE_ANSWER),
        PL_OK);
    assert_int_equal(w->direction, PL_DIRECTION_SENDONLY);
    /* kept until said otherwise, also in answers */
    assert_int_equal(remote(w, "phone", phone_sdp, PL_SDP_TYPE_OFFER), PL_OK);
    assert_int_equal(w->direction, PL_DIRECTION_SENDONLY);
    assert_int_equal(offer(w, "phone", PL_DIRECTION_SENDRECV), PL_OK);
    assert_int_equal(
        remote(w, "phone", phone_answer("sendrecv"), PL_SDP_TYPE_ANSWER),
        PL_OK);
    assert_int_equal(w->direction, PL_DIRECTION_SENDRECV);
}

static void first_offer_keeps_the_lines_of_another_leg(void **state)
{
    world *w = *state;
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    assert_int_equal(create_keeping(w, "moved", "video/0 audio/a1/14"), PL_OK);
    assert_int_equal(w->sdp_type, PL_SDP_TYPE_OFFER);
    assert_string_equal(w->lines, "video/0 audio/a1/14");
    const char *video = strstr(w->text, "m=video 0 ");
    const char *audio = strstr(w->text, "m=audio ");
    assert_non_null(video);
    assert_non_null(audio);
    assert_true(video < audio);
    assert_non_null(strstr(w->text, "a=group:BUNDLE a1\r\n"));
    assert_non_null(strstr(w->text, "a=extmap:14 "));
    assert_int_equal(create_keeping(w, "bad", "audio"), PL_EINVAL);
    /* a leg that is answered tells its own */
    assert_int_equal(create(w, "phone", PL_LEG_KIND_SIP, phone_sdp), PL_OK);
    assert_string_equal(w->lines, "audio/");
}

static void ringing_loops_until_it_is_stopped(void **state)
{
    world *w = *state;
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    assert_int_equal(create(w, "phone", PL_LEG_KIND_SIP, phone_sdp), PL_OK);
    assert_int_equal(play(w, "phone", "ringback", true), PL_OK);
    assert_int_equal(play(w, "phone", "", false), PL_OK);
    /* only what ends by itself is told */
    assert_int_equal(play(w, "phone", "beep-join", false), PL_OK);
    while (w->n_played == 0)
        assert_true(turn(w));
    assert_int_equal(w->n_played, 1);
    assert_string_equal(w->played, "beep-join");
}

/* Opened again the room only changes how it sounds; a prompt to all ends once,
 * and what was stopped or replaced is not told. */
static void a_prompt_to_the_room_is_played_and_told(void **state)
{
    world *w = *state;
    assert_int_equal(play_to_room(w, EPOCH, "beep-join", false), PL_ENOENT);
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    assert_int_equal(create(w, "phone", PL_LEG_KIND_SIP, phone_sdp), PL_OK);
    pl_media_room_open m = {.mode = PL_ROOM_MODE_MIX,
                            .max_legs = 3,
                            .denoise = true,
                            .is_raw = true};
    SET_TEXT(m.room_id, room);
    PL_MSG_SET(MEDIA_ROOM_OPEN, media_room_open, &m, denoise);
    PL_MSG_SET(MEDIA_ROOM_OPEN, media_room_open, &m, is_raw);
    assert_int_equal(ask(w, EPOCH, &PL_MSG_MEDIA_ROOM_OPEN, &m), PL_OK);
    assert_int_equal(play_to_room(w, EPOCH, "hold-music", true), PL_OK);
    assert_int_equal(play_to_room(w, EPOCH, "", false), PL_OK);
    assert_int_equal(play_to_room(w, EPOCH, "welcome", false), PL_OK);
    assert_int_equal(play_to_room(w, EPOCH, "beep-join", false), PL_OK);
    while (w->n_room_played == 0)
        assert_true(turn(w));
    assert_string_equal(w->played, "beep-join");
    assert_int_equal(w->n_room_played, 1);
    assert_int_equal(w->n_played, 0);
    assert_int_equal(play_to_room(w, EPOCH, "no-such-prompt", false),
                     PL_ENOENT);
    assert_int_equal(play_to_room(w, EPOCH - 1, "beep-join", false), PL_ESTALE);
}

/* Some clients do not renegotiate to hold: they edit their last text and
 * change its version. */
static void edited_text_changes_the_direction_and_nothing_else(void **state)
{
    world *w = *state;
    static const char *const directions[] = {"sendonly", "sendrecv", "inactive",
                                             "recvonly", "sendrecv"};
    char text[4096];
    char user[128];
    char pwd[64];
    peer_client *c = peer_client_create("127.0.0.1", webrtc_port(w));
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    browser_sdp(c, "actpass", text, sizeof text);
    assert_int_equal(create(w, "browser", PL_LEG_KIND_WEBRTC, text), PL_OK);
    pl_fmt_cut(user, sizeof user, "%s:them", sdp_line(w->text, "a=ice-ufrag:"));
    pl_fmt_cut(pwd, sizeof pwd, "%s", sdp_line(w->text, "a=ice-pwd:"));
    check_until_known(c, user, pwd);
    peer_client_dtls how = {.mtu = 0};
    assert_true(peer_client_handshake(c, &how));
    assert_int_equal(next_state(w), PL_LEG_STATE_CONNECTED);
    for (size_t i = 0; i < sizeof directions / sizeof directions[0]; i++) {
        char edited[4096];
        const char *at = strstr(text, "a=sendrecv\r\n");
        assert_non_null(at);
        pl_fmt_cut(edited, sizeof edited, "%.*sa=%s\r\n%s", (int)(at - text),
                   text, directions[i], at + strlen("a=sendrecv\r\n"));
        assert_int_equal(remote(w, "browser", edited, PL_SDP_TYPE_OFFER),
                         PL_OK);
        assert_non_null(strstr(w->text, "a=setup:passive\r\n"));
        assert_string_equal(sdp_line(w->text, "a=ice-pwd:"), pwd);
        /* and as the answer to an offer of ours, with the roles of old */
        assert_int_equal(offer(w, "browser", PL_DIRECTION_SENDRECV), PL_OK);
        assert_non_null(strstr(w->text, "a=setup:actpass\r\n"));
        assert_int_equal(remote(w, "browser", edited, PL_SDP_TYPE_ANSWER),
                         PL_OK);
        check_until_known(c, user, pwd);
    }
    assert_int_equal(w->n_reports, 1);
    assert_int_equal(pl_metrics_value(w->metrics, PL_MEDIA_M_dtls_up), 1);
    peer_client_close(c);
    assert_int_equal(next_state(w), PL_LEG_STATE_CLOSED);
    peer_client_destroy(&c);
}

/* Another epoch: roompool gave its place up and comes back to it. */
static void legs_that_were_taken_for_lost_are_offered_anew(void **state)
{
    world *w = *state;
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    assert_int_equal(create(w, "gone", PL_LEG_KIND_SIP, phone_sdp), PL_OK);
    assert_int_equal(next_state(w), PL_LEG_STATE_CONNECTED);
    assert_int_equal(create(w, "phone", PL_LEG_KIND_SIP, phone_sdp), PL_OK);
    assert_int_equal(next_state(w), PL_LEG_STATE_CONNECTED);
    turn_to(w, false, EPOCH + 1);
    assert_int_equal(open_room(w, EPOCH + 1), PL_OK);
    assert_int_equal(create(w, "phone", PL_LEG_KIND_SIP, NULL), PL_OK);
    assert_int_equal(w->sdp_type, PL_SDP_TYPE_OFFER);
    char first[4096];
    pl_fmt_cut(first, sizeof first, "%s", w->text);
    assert_int_equal(open_room(w, EPOCH + 1), PL_OK);
    assert_int_equal(create(w, "phone", PL_LEG_KIND_SIP, NULL), PL_OK);
    assert_string_equal(w->text, first); /* the same commands again */
    assert_int_equal(
        remote(w, "phone", phone_answer("sendrecv"), PL_SDP_TYPE_ANSWER),
        PL_OK);
    assert_int_equal(next_state(w), PL_LEG_STATE_CONNECTED);
    assert_int_equal(remote(w, "gone", phone_sdp, PL_SDP_TYPE_OFFER),
                     PL_ENOENT); /* whoever left meanwhile hears no more */
}

static void wrong_commands_are_refused(void **state)
{
    world *w = *state;
    assert_int_equal(create(w, "x", PL_LEG_KIND_SIP, phone_sdp), PL_ENOENT);
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    assert_int_equal(open_room(w, EPOCH - 1), PL_ESTALE);
    assert_int_equal(create(w, "x", PL_LEG_KIND_SIP, "nonsense"), PL_EPROTO);
    assert_int_equal(create(w, "x", PL_LEG_KIND_SIP,
                            "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\n"
                            "c=IN IP4 239.1.2.3\r\nt=0 0\r\n"
                            "m=audio 5000 RTP/AVP 0\r\n"),
                     PL_EFORBIDDEN);
    assert_int_equal(create(w, "x", PL_LEG_KIND_SIP,
                            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
                            "c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                            "m=audio 25 RTP/AVP 0\r\n"),
                     PL_EFORBIDDEN);
    assert_int_equal(remote(w, "x", phone_sdp, PL_SDP_TYPE_OFFER), PL_ENOENT);
    static const char *const legs[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(create(w, legs[i], PL_LEG_KIND_SIP, phone_sdp), PL_OK);
    assert_int_equal(create(w, "d", PL_LEG_KIND_SIP, phone_sdp), PL_EFULL);
    pl_media_room_close m = {.present = 0};
    SET_TEXT(m.room_id, room);
    assert_int_equal(ask(w, EPOCH + 1, &PL_MSG_MEDIA_ROOM_CLOSE, &m),
                     PL_ESTALE);
    assert_int_equal(ask(w, EPOCH, &PL_MSG_MEDIA_ROOM_CLOSE, &m), PL_OK);
    assert_int_equal(ask(w, EPOCH, &PL_MSG_MEDIA_ROOM_CLOSE, &m), PL_OK);
    assert_true(pl_metrics_value(w->metrics, PL_MEDIA_M_stale_commands) >= 2);
}

static void inventory_names_what_is_held_and_drain_waits_for_it(void **state)
{
    world *w = *state;
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    assert_int_equal(create(w, "phone", PL_LEG_KIND_SIP, phone_sdp), PL_OK);
    assert_int_equal(next_state(w), PL_LEG_STATE_CONNECTED);
    pl_media_linked(w->media);
    while (w->n_ends == 0)
        assert_true(turn(w));
    assert_int_equal(w->n_items, 2);
    pl_media_drain(w->media);
    assert_false(w->is_drained);
    assert_int_equal(create(w, "late", PL_LEG_KIND_SIP, phone_sdp), PL_EDRAIN);
    assert_int_equal(destroy(w, "phone"), PL_OK);
    while (!w->is_drained)
        assert_true(turn(w));
    assert_int_equal(pl_metrics_value(w->metrics, PL_MEDIA_M_rtp_ports), 0);
}

/* Ranges of ports of browsers and telephones are apart. */
static void ranges_that_meet_are_refused(void **state)
{
    static const struct {
        uint32_t first, n;
        bool is_good;
    } rows[] = {
        {40000, 100, true},  {40000, 101, false},    {40100, 1, false},
        {40999, 1, false},   {41000, 1000, true},    {40950, 100, false},
        {40050, 999, false}, {65536 - 50, 50, true}, {65536 - 49, 50, false}};
    world *w = *state;
    pl_media_config k = w->config;
    char reason[256];
    k.rtp_port_min = 40100;
    k.rtp_port_max = 40999;
    k.jitter_max_ms = 400;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        k.webrtc_port = rows[i].first;
        k.webrtc_ports = rows[i].n;
        pl_err e = pl_media_app.sections->check(&k, reason, sizeof reason);
        assert_int_equal(e, rows[i].is_good ? PL_OK : PL_ECONFIG);
        if (!rows[i].is_good)
            assert_non_null(strstr(reason, "webrtc_ports = "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, worker_begin, worker_end)
        TEST(browser_connects_and_closes),
        TEST(telephone_is_answered_held_and_hears_a_prompt),
        TEST(offer_that_is_not_answered_gives_way_to_the_next),
        TEST(telephone_is_dialled),
        TEST(offers_ask_for_a_direction_and_are_rolled_back),
        TEST(first_offer_keeps_the_lines_of_another_leg),
        TEST(another_leg_of_the_same_browser_has_another_certificate),
        TEST(ringing_loops_until_it_is_stopped),
        TEST(a_prompt_to_the_room_is_played_and_told),
        TEST(edited_text_changes_the_direction_and_nothing_else),
        TEST(legs_that_were_taken_for_lost_are_offered_anew),
        TEST(wrong_commands_are_refused),
        TEST(ranges_that_meet_are_refused),
        TEST(inventory_names_what_is_held_and_drain_waits_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
