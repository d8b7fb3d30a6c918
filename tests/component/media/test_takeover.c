/* test_takeover.c - legs that another worker goes on with: two whole workers,
 * two browsers with each SRTP profile and a telephone, who go on sending to the
 * same ports with the same keys, and are told nothing. */
#include <string.h>
#include <sys/socket.h>

#include "browser_sdp.h"
#include "core/rtp.h"
#include "io/srtp.h"
#include "peer_client.h"
#include "rtp_phone.h"
#include "worker_rig.h"

enum {
    BROWSERS = 2,
    PEOPLE = BROWSERS + 1,
    PCMU = 0,
    FRAME = RTP_PHONE_FRAME,
    FRAME_MS = 20,
    PATIENCE = 1500, /* frames, until all are heard */
    HEARD = 8,       /* frames that are listened to at a time */
    BUFFER = 2048,
    CHECKS = 20,
    SDP = 4096,
    ABOUT_TO_WRAP = 65530,
    LATER = EPOCH + 1, /* the epoch at the other worker */
};
static const double LOUD = 0.08;

/* Who is in the room, and what it heard. */
typedef struct person {
    const char *id;
    double hz; /* what it says */
    pl_leg_kind kind;
    peer_client *client; /* a browser */
    pl_srtp *srtp;
    rtp_phone phone;
    struct sockaddr_in to;
    uint16_t seq;
    uint32_t ts;
    bool has_heard; /* a packet */
    uint64_t index; /* of the latest one */
    uint64_t next;  /* of the first one since this was 0 */
    uint32_t ssrc, n_heard;
    uint8_t sound[HEARD * FRAME];
    size_t at; /* frame of it that is next */
    char ufrag[64], pwd[64];
} person;

static person people[PEOPLE];

/* ---- sound -------------------------------------------------------------- */

/* A packet of the worker's: its number is above all before it. */
static void hear(person *p, const uint8_t *packet, size_t len)
{
    pl_rtp rtp;
    assert_int_equal(pl_rtp_parse(packet, len, &rtp), PL_OK);
    if (rtp.pt != PCMU || rtp.payload_len != FRAME)
        return; /* comfort noise and the like */
    uint64_t index = rtp.seq;
    if (p->has_heard) {
        assert_int_equal(rtp.ssrc, p->ssrc);
        index = p->index + (uint16_t)(rtp.seq - (uint16_t)p->index);
        assert_true(index > p->index);
        assert_true(index - p->index < 0x8000);
    }
    p->has_heard = true;
    p->next = p->next > 0 ? p->next : index;
    p->index = index;
    p->ssrc = rtp.ssrc;
    memcpy(p->sound + p->at * FRAME, rtp.payload, FRAME);
    p->at = (p->at + 1) % HEARD;
    p->n_heard++;
}

/* A compound packet without a BYE (RFC 3550 section 6.1). */
static void is_no_end(const uint8_t *b, size_t len)
{
    enum { HEAD = 4, BYE = 203 };
    for (size_t at = 0; at + HEAD <= len;) {
        assert_int_not_equal(b[at + 1], BYE);
        at += 4 * ((size_t)(b[at + 2] << 8 | b[at + 3]) + 1);
    }
}

/* Until nothing waits; nobody is told of an end. */
static void listen_all(person *p)
{
    uint8_t b[BUFFER];
    for (;;) {
        ssize_t got = p->client
                          ? (ssize_t)peer_client_receive(p->client, b, sizeof b)
                          : recv(p->phone.fd, b, sizeof b, MSG_DONTWAIT);
        if (got <= 0)
            break;
        size_t len = (size_t)got;
        bool is_rtcp = len > 1 && b[1] >= 192 && b[1] < 224; /* RFC 5761 */
        if (p->client) /* a number that was used does not pass */
            assert_int_equal(pl_srtp_unprotect(p->srtp, is_rtcp, b, &len),
                             PL_OK);
        if (is_rtcp)
            is_no_end(b, len);
        else
            hear(p, b, len);
    }
    if (p->client)
        assert_int_equal(peer_client_alerts(p->client), 0);
}

static void say(person *p)
{
    uint8_t b[BUFFER];
    uint8_t frame[FRAME];
    rtp_phone_say(p->hz, p->ts, frame);
    if (!p->client) {
        rtp_phone_send(&p->phone, &p->to, PCMU, p->ts, frame, FRAME);
        p->ts += FRAME;
        return;
    }
    const pl_rtp rtp = {
        .pt = PCMU, .seq = p->seq++, .ts = p->ts, .ssrc = (uint32_t)p->hz};
    pl_rtp_write(&rtp, b);
    memcpy(b + PL_RTP_HEADER, frame, FRAME);
    size_t len = PL_RTP_HEADER + FRAME;
    assert_int_equal(pl_srtp_protect(p->srtp, false, b, sizeof b, &len), PL_OK);
    peer_client_send(p->client, b, len);
    p->ts += FRAME;
}

static pl_timer *pace;
static bool is_next;
static int64_t next_us; /* of the frames that all say */

static void on_pace(void *ctx)
{
    world *w = ctx;
    is_next = true;
    pl_loop_stop(w->loop);
}

/* The rest of 20 ms: a slow machine is no slow speaker. */
static void rest(world *w)
{
    int64_t now = pl_loop_now_us(w->loop);
    next_us += FRAME_MS * 1000;
    if (next_us < now - HEARD * FRAME_MS * 1000 ||
        next_us > now + FRAME_MS * 1000)
        next_us = now + FRAME_MS * 1000;
    is_next = false;
    pl_timer_start(pace, next_us > now ? next_us - now : 0);
    while (!is_next)
        pl_loop_run(w->loop);
}

/* 20 ms of all. */
static void talk(world *w)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        listen_all(&people[i]);
        say(&people[i]);
    }
    rest(w);
}

static bool hears_others(const person *p, const person *silent)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        const person *q = &people[i];
        if (q != p && q != silent &&
            rtp_phone_hears(p->sound, sizeof p->sound, q->hz) < LOUD)
            return false;
    }
    return true;
}

/* Go on until everybody hears everybody else; who is `silent` is not heard. */
static void all_hear(world *w, const person *silent)
{
    bool is_done = false;
    for (size_t i = 0; i < PEOPLE; i++) {
        memset(people[i].sound, 0xff, sizeof people[i].sound);
        people[i].n_heard = 0;
    }
    for (size_t n = 0; n < PATIENCE && !is_done; n++) {
        talk(w);
        is_done = true;
        for (size_t i = 0; i < PEOPLE; i++)
            is_done = is_done && people[i].n_heard >= HEARD &&
                      hears_others(&people[i], silent);
    }
    assert_true(is_done);
}

/* ---- people come -------------------------------------------------------- */

/* A browser's description with PCMU only, so that tones are easily heard. */
static void describe(const person *p, const char *ufrag, const char *setup,
                     const char *direction, char buf[SDP])
{
    uint8_t print[32];
    char hex[SDP_HEX];
    peer_client_fingerprint(p->client, print);
    sdp_hex(print, hex);
    pl_fmt_cut(buf, SDP,
               "v=0\r\no=- 42 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
               "a=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"
               "c=IN IP4 0.0.0.0\r\na=mid:0\r\na=%s\r\na=rtcp-mux\r\n"
               "a=ice-ufrag:%s\r\na=ice-pwd:0123456789012345678901\r\n"
               "a=fingerprint:sha-256 %s\r\na=setup:%s\r\n"
               "a=rtpmap:0 PCMU/8000\r\n",
               direction, ufrag, hex, setup);
}

static void remember_ice(world *w, person *p)
{
    pl_fmt_cut(p->ufrag, sizeof p->ufrag, "%s",
               sdp_line(w->text, "a=ice-ufrag:"));
    pl_fmt_cut(p->pwd, sizeof p->pwd, "%s", sdp_line(w->text, "a=ice-pwd:"));
}

static bool check(person *p, const char *theirs)
{
    char user[160];
    pl_fmt_cut(user, sizeof user, "%s:%s", p->ufrag, theirs);
    for (size_t i = 0; i < CHECKS; i++) {
        if (peer_client_check(p->client, user, p->pwd, true, NULL))
            return true;
    }
    return false;
}

/* Checks, and a handshake; then there are keys. */
static void connect_browser(person *p, const char *theirs,
                            const peer_client_dtls *how)
{
    pl_srtp_keys keys;
    assert_true(check(p, theirs));
    assert_true(peer_client_handshake(p->client, how));
    peer_client_keys(p->client, &keys);
    pl_srtp_destroy(&p->srtp);
    assert_int_equal(pl_srtp_create(&keys, false, &p->srtp), PL_OK);
}

static void browser_comes(world *w, person *p, const char *profile)
{
    char sdp[SDP];
    const peer_client_dtls how = {.profiles = profile};
    p->kind = PL_LEG_KIND_WEBRTC;
    p->client = peer_client_create("127.0.0.1", webrtc_port(w));
    describe(p, "them", "actpass", "sendrecv", sdp);
    assert_int_equal(create(w, p->id, PL_LEG_KIND_WEBRTC, sdp), PL_OK);
    remember_ice(w, p);
    connect_browser(p, "them", &how);
    assert_int_equal(next_state(w), PL_LEG_STATE_CONNECTED);
}

static int begin(void **state)
{
    static const char *const profiles[] = {"SRTP_AEAD_AES_128_GCM",
                                           "SRTP_AES128_CM_SHA1_80"};
    static const person fresh[PEOPLE] = {{.id = "gcm", .hz = 440, .seq = 1},
                                         {.id = "cm", .hz = 800, .seq = 1},
                                         {.id = "phone", .hz = 1250}};
    if (worker_begin(state) != 0)
        return -1;
    world *w = *state;
    memcpy(people, fresh, sizeof people);
    assert_int_equal(pl_timer_create(w->loop, on_pace, w, &pace), PL_OK);
    assert_int_equal(open_raw_room(w, EPOCH), PL_OK);
    for (size_t i = 0; i < BROWSERS; i++)
        browser_comes(w, &people[i], profiles[i]);
    person *phone = &people[BROWSERS];
    phone->kind = PL_LEG_KIND_SIP;
    rtp_phone_open(&phone->phone, false);
    assert_int_equal(create(w, phone->id, PL_LEG_KIND_SIP, phone->phone.sdp),
                     PL_OK);
    phone->to = rtp_phone_media(w->text);
    assert_int_equal(next_state(w), PL_LEG_STATE_CONNECTED);
    second_begin(w);
    return 0;
}

static int end(void **state)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        peer_client_destroy(&people[i].client);
        pl_srtp_destroy(&people[i].srtp);
        if (people[i].kind == PL_LEG_KIND_SIP)
            rtp_phone_close(&people[i].phone);
    }
    pl_timer_destroy(&pace);
    return worker_end(state);
}

/* Snapshots of all are there. */
static void wait_kept(world *w)
{
    for (size_t i = 0; i < PEOPLE; i++)
        (void)kept(w, people[i].id, 1, 1);
}

/* Each goes on at the worker that is asked now. */
static void import_all(world *w, uint32_t age_ms)
{
    assert_int_equal(open_raw_room(w, w->epoch), PL_OK);
    for (size_t i = 0; i < PEOPLE; i++) {
        const kept_leg *k = kept(w, people[i].id, 1, 1);
        uint32_t n = k->n_states;
        assert_int_equal(import(w, k, people[i].kind, age_ms), PL_OK);
        (void)kept(w, people[i].id, n + 1, 1); /* told anew at once */
        assert_int_equal(import(w, k, people[i].kind, age_ms), PL_OK);
    }
    for (size_t i = 0; i < PEOPLE; i++)
        assert_int_equal(next_state(w), PL_LEG_STATE_CONNECTED);
}

/* The second worker goes on with the legs of the first, which was killed. */
static void take_over(world *w)
{
    all_hear(w, NULL);
    wait_kept(w);
    first_dies(w);
    turn_to(w, true, LATER);
    import_all(w, 1);
    all_hear(w, NULL);
}

/* ---- stories ------------------------------------------------------------ */

static void killed_workers_legs_go_on(void **state)
{
    world *w = *state;
    people[0].seq = ABOUT_TO_WRAP;
    all_hear(w, NULL);
    wait_kept(w);
    uint32_t n[PEOPLE];
    for (size_t i = 0; i < PEOPLE; i++)
        n[i] = kept(w, people[i].id, 1, 1)->n_positions;
    for (size_t i = 0; i < PEOPLE; i++) { /* until streams are told of */
        const kept_leg *k = kept(w, people[i].id, 1, 1);
        while (k->n_positions == n[i])
            talk(w);
    }
    assert_true(people[0].seq < ABOUT_TO_WRAP / 2); /* it has wrapped */
    first_dies(w);
    turn_to(w, true, LATER);
    for (size_t i = 0; i < 5; i++)
        talk(w); /* into the void */
    import_all(w, 100);
    all_hear(w, NULL);
    assert_int_equal(
        pl_metrics_value(w->second.metrics, PL_MEDIA_M_legs_imported), PEOPLE);
    assert_int_equal(w->n_reports, 2 * PEOPLE); /* nothing else was said */
}

/* As a worker that drains does: nothing is lost, no number left out. */
static void released_legs_go_on_where_they_were(void **state)
{
    world *w = *state;
    const pl_media_release m = {.present = 0};
    pl_media_room_open late = {.mode = PL_ROOM_MODE_MIX, .max_legs = 3};
    uint64_t before[PEOPLE];
    uint32_t n_positions[PEOPLE];
    people[0].seq = people[1].seq = ABOUT_TO_WRAP;
    all_hear(w, NULL);
    wait_kept(w);
    for (size_t i = 0; i < PEOPLE; i++)
        n_positions[i] = kept(w, people[i].id, 1, 1)->n_positions;
    for (size_t i = 0; i < PEOPLE; i++)
        assert_false(kept(w, people[i].id, 1, 1)->is_final);
    assert_int_equal(ask(w, 0, &PL_MSG_MEDIA_RELEASE, &m), PL_OK);
    for (size_t i = 0; i < PEOPLE; i++) {
        assert_true(kept(w, people[i].id, 1, 1)->n_positions > n_positions[i]);
        assert_true(kept(w, people[i].id, 1, 1)->is_final);
        listen_all(&people[i]);
        before[i] = people[i].index;
        people[i].next = 0;
    }
    while (!w->is_drained)
        assert_true(turn(w));
    SET_TEXT(late.room_id, "22222222-2222-4222-8222-222222222222");
    assert_int_equal(ask(w, EPOCH, &PL_MSG_MEDIA_ROOM_OPEN, &late), PL_EDRAIN);
    turn_to(w, true, LATER); /* the first one is there, without its ports */
    import_all(w, 0);
    for (size_t i = 0; i < PEOPLE; i++) {
        while (people[i].next == 0)
            talk(w);
        assert_true(people[i].next - before[i] < 10);
    }
    all_hear(w, NULL);
}

/* What the second one took over a third one takes over: of its own port it
 * knows nothing any more. */
static void legs_move_on_again(void **state)
{
    world *w = *state;
    take_over(w);
    second_end(w);
    first_begin(w); /* its own port is the one that the legs live on */
    turn_to(w, false, LATER + 1);
    import_all(w, 1);
    all_hear(w, NULL);
}

static void descriptions_are_exchanged_after_it(void **state)
{
    world *w = *state;
    char sdp[SDP];
    char print[128];
    person *gcm = &people[0];
    person *phone = &people[BROWSERS];
    describe(gcm, "them", "actpass", "sendrecv", sdp);
    assert_int_equal(remote(w, gcm->id, sdp, PL_SDP_TYPE_OFFER), PL_OK);
    pl_fmt_cut(print, sizeof print, "%s", sdp_line(w->text, "a=fingerprint:"));
    char candidate[32];
    pl_fmt_cut(candidate, sizeof candidate, " 127.0.0.1 %u typ host",
               webrtc_port(w));
    take_over(w);

    /* the same again, hold, and back */
    static const char *const directions[][2] = {{"recvonly", "a=sendonly\r\n"},
                                                {"sendrecv", "a=sendrecv\r\n"}};
    for (size_t i = 0; i < 2; i++) {
        uint32_t n = kept(w, gcm->id, 1, 1)->n_states;
        describe(gcm, "them", "actpass", directions[i][0], sdp);
        assert_int_equal(remote(w, gcm->id, sdp, PL_SDP_TYPE_OFFER), PL_OK);
        assert_non_null(strstr(w->text, directions[i][1]));
        assert_non_null(strstr(w->text, candidate));
        assert_string_equal(sdp_line(w->text, "a=fingerprint:"), print);
        assert_string_equal(sdp_line(w->text, "a=ice-ufrag:"), gcm->ufrag);
        (void)kept(w, gcm->id, n + 1, 1); /* another one must know */
        if (i == 0)
            all_hear(w, gcm);
    }
    all_hear(w, NULL);

    /* ours, answered */
    assert_int_equal(offer(w, gcm->id, PL_DIRECTION_INACTIVE), PL_OK);
    assert_non_null(strstr(w->text, "a=inactive\r\n"));
    assert_string_equal(sdp_line(w->text, "a=fingerprint:"), print);
    assert_int_equal(remote(w, gcm->id, NULL, PL_SDP_TYPE_ROLLBACK), PL_OK);
    assert_int_equal(offer(w, gcm->id, PL_DIRECTION_SENDRECV), PL_OK);
    describe(gcm, "them", "active", "sendrecv", sdp);
    assert_int_equal(remote(w, gcm->id, sdp, PL_SDP_TYPE_ANSWER), PL_OK);
    assert_int_equal(remote(w, gcm->id, sdp, PL_SDP_TYPE_ANSWER), PL_OK);
    all_hear(w, NULL);

    /* ICE begins anew, on the association that stands */
    describe(gcm, "anew", "actpass", "sendrecv", sdp);
    assert_int_equal(remote(w, gcm->id, sdp, PL_SDP_TYPE_OFFER), PL_OK);
    assert_string_not_equal(sdp_line(w->text, "a=ice-ufrag:"), gcm->ufrag);
    assert_string_equal(sdp_line(w->text, "a=fingerprint:"), print);
    remember_ice(w, gcm);
    assert_true(check(gcm, "anew"));
    all_hear(w, NULL);

    /* the telephone */
    assert_int_equal(remote(w, phone->id, phone->phone.sdp, PL_SDP_TYPE_OFFER),
                     PL_OK);
    assert_int_equal(rtp_phone_media(w->text).sin_port, phone->to.sin_port);
    all_hear(w, NULL);
}

/* The peer begins another association: the certificate whose key is gone is
 * not named any more. */
static void new_handshake_is_made_with_the_new_workers_certificate(void **state)
{
    world *w = *state;
    char sdp[SDP];
    char before[128];
    uint8_t shown[32];
    char hex[SDP_HEX];
    const peer_client_dtls how = {.mtu = 0};
    person *cm = &people[1];
    take_over(w);
    describe(cm, "them", "actpass", "sendrecv", sdp);
    assert_int_equal(remote(w, cm->id, sdp, PL_SDP_TYPE_OFFER), PL_OK);
    pl_fmt_cut(before, sizeof before, "%s",
               sdp_line(w->text, "a=fingerprint:"));
    uint32_t n = kept(w, cm->id, 1, 1)->n_states;
    peer_client_destroy(&cm->client);
    cm->client = peer_client_create("127.0.0.1", webrtc_port(w));
    describe(cm, "new3", "actpass", "sendrecv", sdp);
    assert_int_equal(remote(w, cm->id, sdp, PL_SDP_TYPE_OFFER), PL_OK);
    assert_string_not_equal(sdp_line(w->text, "a=fingerprint:"), before);
    pl_fmt_cut(before, sizeof before, "%s",
               sdp_line(w->text, "a=fingerprint:sha-256 "));
    remember_ice(w, cm);
    connect_browser(cm, "new3", &how);
    peer_client_server_fingerprint(cm->client, shown);
    sdp_hex(shown, hex);
    assert_string_equal(before, hex);
    cm->has_heard = false; /* other keys */
    (void)kept(w, cm->id, n + 1, 1);
    all_hear(w, NULL);
}

/* Numbers of keys that are over say nothing about those that follow: until
 * their own are known nobody can go on with the leg. */
static void new_keys_do_not_go_on_at_old_numbers(void **state)
{
    world *w = *state;
    char sdp[SDP];
    const peer_client_dtls how = {.mtu = 0};
    person *cm = &people[1];
    all_hear(w, NULL);
    wait_kept(w);
    const kept_leg *k = kept(w, cm->id, 1, 1);
    uint32_t n = k->n_states;
    peer_client_destroy(&cm->client);
    cm->client = peer_client_create("127.0.0.1", webrtc_port(w));
    describe(cm, "new3", "actpass", "sendrecv", sdp);
    assert_int_equal(remote(w, cm->id, sdp, PL_SDP_TYPE_OFFER), PL_OK);
    remember_ice(w, cm);
    connect_browser(cm, "new3", &how);
    kept_leg early = *kept(w, cm->id, n + 1, 1);
    /* on a slow machine a later one may have come too */
    memcpy(early.position, early.first_position, early.first_position_len);
    early.position_len = early.first_position_len;
    cm->has_heard = false; /* other keys */
    n = k->n_positions;
    all_hear(w, NULL);
    (void)kept(w, cm->id, 1, n + 1);
    first_dies(w);
    turn_to(w, true, LATER);
    assert_int_equal(open_raw_room(w, LATER), PL_OK);
    assert_int_equal(import(w, &early, PL_LEG_KIND_WEBRTC, 1), PL_EPROTO);
    import_all(w, 1);
    all_hear(w, NULL);
}

static void leg_is_as_any_other_after_it(void **state)
{
    world *w = *state;
    person *gcm = &people[0];
    take_over(w);
    pl_media_leg_set m = {.muted = true};
    SET_TEXT(m.room_id, room);
    SET_TEXT(m.leg_id, gcm->id);
    PL_MSG_SET(MEDIA_LEG_SET, media_leg_set, &m, muted);
    assert_int_equal(ask(w, w->epoch, &PL_MSG_MEDIA_LEG_SET, &m), PL_OK);
    do { /* what was said before is heard to its end */
        memset(people[1].sound, 0xff, sizeof people[1].sound);
        people[1].n_heard = 0;
        while (people[1].n_heard < HEARD)
            talk(w);
    } while (rtp_phone_hears(people[1].sound, sizeof people[1].sound, gcm->hz) >
             LOUD / 4);
    all_hear(w, gcm);
    m.muted = false;
    assert_int_equal(ask(w, w->epoch, &PL_MSG_MEDIA_LEG_SET, &m), PL_OK);
    all_hear(w, NULL);
    pl_media_leg_play prompt = {.loop = false};
    SET_TEXT(prompt.room_id, room);
    SET_TEXT(prompt.leg_id, "phone");
    SET_TEXT(prompt.prompt, "beep-join");
    assert_int_equal(ask(w, w->epoch, &PL_MSG_MEDIA_LEG_PLAY, &prompt), PL_OK);
    while (w->n_played == 0)
        talk(w);
    /* it says so when it goes, and is understood: the keys of the association
     * came as well */
    peer_client_close(gcm->client);
    assert_int_equal(next_state(w), PL_LEG_STATE_CLOSED);
    assert_int_equal(destroy(w, gcm->id), PL_OK);
    size_t n = w->n_reports;
    assert_int_equal(destroy(w, people[1].id), PL_OK);
    while (!peer_client_is_closed(people[1].client))
        rest(w);
    assert_int_equal(w->n_reports, n);
}

static void what_cannot_be_taken_over_is_refused(void **state)
{
    world *w = *state;
    const kept_leg *k[PEOPLE];
    kept_leg bad;
    all_hear(w, NULL);
    wait_kept(w);
    for (size_t i = 0; i < PEOPLE; i++)
        k[i] = kept(w, people[i].id, 1, 1);
    turn_to(w, true, LATER);
    assert_int_equal(import(w, k[0], PL_LEG_KIND_WEBRTC, 1), PL_ENOENT);
    assert_int_equal(open_raw_room(w, LATER), PL_OK);
    turn_to(w, true, LATER + 1);
    assert_int_equal(import(w, k[0], PL_LEG_KIND_WEBRTC, 1), PL_ESTALE);
    turn_to(w, true, LATER);
    for (size_t i = 0; i < PEOPLE; i++) /* the first worker is alive */
        assert_int_equal(import(w, k[i], people[i].kind, 1), PL_EBUSY);
    assert_int_equal(import(w, k[0], PL_LEG_KIND_SIP, 1), PL_EPROTO);
    bad = *k[0];
    memset(bad.state + 1, 0x5a, bad.state_len - 1);
    assert_int_equal(import(w, &bad, PL_LEG_KIND_WEBRTC, 1), PL_EPROTO);
    bad = *k[0];
    bad.state[0]++;
    assert_int_equal(import(w, &bad, PL_LEG_KIND_WEBRTC, 1), PL_EUNSUPPORTED);
    bad = *k[0];
    bad.position[0]++;
    assert_int_equal(import(w, &bad, PL_LEG_KIND_WEBRTC, 1), PL_EUNSUPPORTED);
    bad = *k[0];
    bad.position_len--;
    assert_int_equal(import(w, &bad, PL_LEG_KIND_WEBRTC, 1), PL_EPROTO);
    bad = *k[0]; /* of another leg */
    memcpy(bad.position, k[1]->position, k[1]->position_len);
    bad.position_len = k[1]->position_len;
    first_dies(w);
    assert_int_equal(import(w, &bad, PL_LEG_KIND_WEBRTC, 1), PL_EPROTO);
    assert_int_equal(
        pl_metrics_value(w->second.metrics, PL_MEDIA_M_imports_refused), 9);
    /* nothing of all that stands in the way */
    import_all(w, 1);
    all_hear(w, NULL);
    pl_media_drain(w->second.media);
    bad = *k[0];
    SET_TEXT(bad.leg, "another");
    assert_int_equal(import(w, &bad, PL_LEG_KIND_WEBRTC, 1), PL_EDRAIN);
}

/* After a reconnection all is told anew, before the end of the inventory. */
static void inventory_tells_all_again(void **state)
{
    world *w = *state;
    uint32_t n[PEOPLE];
    all_hear(w, NULL);
    wait_kept(w);
    for (size_t i = 0; i < PEOPLE; i++)
        n[i] = kept(w, people[i].id, 1, 1)->n_states;
    pl_media_linked(w->media);
    while (w->n_ends == 0)
        assert_true(turn(w));
    for (size_t i = 0; i < PEOPLE; i++)
        assert_int_equal(kept(w, people[i].id, 1, 1)->n_states, n[i] + 1);
}

/* Ports of another address are free while their owner lives and sends. */
static void workers_on_other_addresses_are_no_siblings(void **state)
{
    static const char *const addresses[] = {"", "", "192.0.2.1", "192.0.2.1",
                                            "192.0.2.2"};
    enum { N = sizeof addresses / sizeof addresses[0] };
    pl_hello m[N];
    (void)state;
    for (size_t i = 0; i < N; i++) {
        m[i] = (pl_hello){.present = 0};
        pl_media_net(addresses[i], &m[i]); /* not known: stays so */
        assert_string_equal(m[i].net, "");
        SET_TEXT(m[i].net, "0123456789abcdef0123456789abcdef");
        PL_MSG_SET(HELLO, hello, &m[i], net);
        pl_media_net(addresses[i], &m[i]);
    }
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < N; k++)
            assert_int_equal(strcmp(m[i].net, m[k].net) == 0,
                             strcmp(addresses[i], addresses[k]) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_on_other_addresses_are_no_siblings),
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(killed_workers_legs_go_on),
        TEST(released_legs_go_on_where_they_were),
        TEST(legs_move_on_again),
        TEST(descriptions_are_exchanged_after_it),
        TEST(new_handshake_is_made_with_the_new_workers_certificate),
        TEST(new_keys_do_not_go_on_at_old_numbers),
        TEST(leg_is_as_any_other_after_it),
        TEST(what_cannot_be_taken_over_is_refused),
        TEST(inventory_tells_all_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
