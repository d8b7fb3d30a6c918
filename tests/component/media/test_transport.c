/* test_transport.c - the real I/O thread on loopback, against a STUN and DTLS
 * client; the mixing thread is played by this file. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/dtls_record.h"
#include "core/media_metrics.h"
#include "io/io_thread.h"
#include "peer_client.h"

enum { MAX_LEGS = 16, DEADLINE_MS = 20000, POLL_MS = 5, INPUTS = 256 };

static const char pwd[] = "0123456789abcdef01234567";
static const pl_metric_desc rows[] = {PL_MEDIA_METRICS(PL_METRIC_ROW)};

/* ---- the mixer's side of its header, kept in memory -----------------------
 */

static struct {
    pthread_mutex_t lock;
    pl_mix_input in[INPUTS];
    size_t n, n_seen;
    pl_mix_note note;
    bool has_note;
    int note_fd;
} mixer = {.lock = PTHREAD_MUTEX_INITIALIZER};

pl_mix_input *pl_mixer_reserve(pl_mixer *m, uint32_t thread)
{
    (void)m;
    assert_int_equal(thread, 0);
    (void)pthread_mutex_lock(&mixer.lock);
    if (mixer.n < INPUTS)
        return &mixer.in[mixer.n];
    (void)pthread_mutex_unlock(&mixer.lock);
    return NULL;
}

void pl_mixer_commit(pl_mixer *m, uint32_t thread)
{
    (void)m;
    (void)thread;
    mixer.n++;
    (void)pthread_mutex_unlock(&mixer.lock);
}

int pl_mixer_note_fd(const pl_mixer *m)
{
    (void)m;
    return mixer.note_fd;
}

bool pl_mixer_next_note(pl_mixer *m, pl_mix_note *ret_note)
{
    uint64_t n;
    (void)m;
    (void)pthread_mutex_lock(&mixer.lock);
    bool has = mixer.has_note;
    *ret_note = mixer.note;
    mixer.has_note = false;
    if (!has && read(mixer.note_fd, &n, sizeof n) < 0)
        n = 0;
    (void)pthread_mutex_unlock(&mixer.lock);
    return has;
}

static void send_note(pl_mix_id leg, uint32_t path)
{
    uint64_t one = 1;
    (void)pthread_mutex_lock(&mixer.lock);
    mixer.note = (pl_mix_note){.leg = leg, .path = path};
    mixer.has_note = true;
    (void)pthread_mutex_unlock(&mixer.lock);
    assert_int_equal(write(mixer.note_fd, &one, sizeof one), sizeof one);
}

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The next thing the mixer was told; false after the deadline. */
static bool next_input(pl_mix_input *ret)
{
    for (int64_t end = now_ms() + DEADLINE_MS; now_ms() < end;) {
        (void)pthread_mutex_lock(&mixer.lock);
        bool has = mixer.n_seen < mixer.n;
        if (has)
            *ret = mixer.in[mixer.n_seen++];
        (void)pthread_mutex_unlock(&mixer.lock);
        if (has)
            return true;
        (void)poll(NULL, 0, POLL_MS);
    }
    return false;
}

static size_t unseen_inputs(void)
{
    (void)pthread_mutex_lock(&mixer.lock);
    size_t n = mixer.n - mixer.n_seen;
    (void)pthread_mutex_unlock(&mixer.lock);
    return n;
}

/* ---- fixture ------------------------------------------------------------ */

typedef struct world {
    pl_dtls_identity *identity;
    pl_metrics *metrics;
    pl_udp udp;
    pl_io_thread *thread;
    pl_mix_id leg;
} world;

static int begin_with(void **state, int64_t dtls_grace_us)
{
    static world w;
    w = (world){.leg = {.index = 3, .generation = 9}};
    mixer.n = mixer.n_seen = 0;
    mixer.has_note = false;
    mixer.note_fd = eventfd(0, EFD_NONBLOCK);
    assert_int_equal(pl_dtls_identity_create(&w.identity), PL_OK);
    assert_int_equal(pl_metrics_create(rows, PL_MEDIA_M_COUNT, &w.metrics),
                     PL_OK);
    assert_int_equal(pl_udp_open("", 0, PL_UDP_BUFFER, &w.udp), PL_OK);
    pl_io_thread_options o = {.identity = w.identity,
                              .webrtc = w.udp,
                              .max_legs = MAX_LEGS,
                              .metrics = w.metrics,
                              .dtls_grace_us = dtls_grace_us};
    assert_int_equal(pl_io_thread_start(&o, &w.thread), PL_OK);
    *state = &w;
    return 0;
}

static int begin(void **state)
{
    return begin_with(state, 0);
}

/* Handshakes are forgotten as soon as they are over. */
static int begin_hasty(void **state)
{
    return begin_with(state, 1);
}

static int end(void **state)
{
    world *w = *state;
    pl_io_thread_stop(&w->thread);
    pl_udp_close(&w->udp);
    pl_metrics_destroy(&w->metrics);
    pl_dtls_identity_destroy(&w->identity);
    (void)close(mixer.note_fd);
    return 0;
}

static bool next_event(world *w, pl_net_event *ret)
{
    for (int64_t end_ms = now_ms() + DEADLINE_MS; now_ms() < end_ms;) {
        if (pl_io_thread_next_event(w->thread, ret) &&
            ret->kind != PL_NET_STATE)
            return true;
        struct pollfd p = {.fd = pl_io_thread_event_fd(w->thread),
                           .events = POLLIN};
        (void)poll(&p, 1, POLL_MS);
    }
    return false;
}

static bool wait_count(const world *w, pl_media_metric what, int64_t want)
{
    for (int64_t end_ms = now_ms() + DEADLINE_MS; now_ms() < end_ms;) {
        if (pl_metrics_value(w->metrics, (size_t)what) >= want)
            return true;
        (void)poll(NULL, 0, POLL_MS);
    }
    return false;
}

static void open_webrtc(world *w, const uint8_t print[32])
{
    pl_net_command c = {.kind = PL_NET_OPEN,
                        .leg = w->leg,
                        .leg_kind = PL_LEG_KIND_WEBRTC,
                        .u.webrtc = {.ufrag = "ours1234",
                                     .has_remote = true,
                                     .remote_ufrag = "theirs",
                                     .n_prints = 1}};
    memcpy(c.u.webrtc.pwd, pwd, sizeof pwd);
    memcpy(c.u.webrtc.prints[0], print, 32);
    assert_int_equal(pl_io_thread_command(w->thread, &c), PL_OK);
}

static void close_leg(world *w, pl_leg_kind kind)
{
    pl_net_command c = {.kind = PL_NET_CLOSE, .leg = w->leg, .leg_kind = kind};
    pl_net_event event;
    assert_int_equal(pl_io_thread_command(w->thread, &c), PL_OK);
    do
        assert_true(next_event(w, &event));
    while (event.kind != PL_NET_CLOSED);
    assert_int_equal(event.leg.generation, w->leg.generation);
}

/* Commands travel by a queue: the first checks may come before the leg is
 * known. */
static void check_until_answered(peer_client *c)
{
    for (int64_t end_ms = now_ms() + DEADLINE_MS; now_ms() < end_ms;) {
        if (peer_client_check(c, "ours1234:theirs", pwd, true, NULL))
            return;
    }
    fail_msg("no check passed");
}

/* A client whose certificate is announced and whose check passed. */
static peer_client *opened(world *w, const char *ip)
{
    uint8_t print[32];
    peer_client *c = peer_client_create(ip, w->udp.port);
    assert_non_null(c);
    peer_client_fingerprint(c, print);
    open_webrtc(w, print);
    check_until_answered(c);
    return c;
}

static const peer_client_dtls ordinary = {.mtu = 0};

static void expect_up(world *w, const peer_client *c)
{
    pl_mix_input in;
    pl_net_event event;
    pl_srtp_keys want;
    assert_true(next_input(&in));
    assert_int_equal(in.kind, PL_MIX_TRANSPORT_UP);
    assert_int_equal(in.leg.index, w->leg.index);
    assert_true(in.u.up.is_server);
    assert_true(in.u.up.route.is_rtcp_mux);
    assert_int_equal(in.u.up.route.fd, w->udp.fd);
    assert_int_equal(in.u.up.route.remote.port, peer_client_port(c));
    peer_client_keys(c, &want);
    assert_memory_equal(&in.u.up.keys, &want, sizeof want);
    assert_true(next_event(w, &event));
    assert_int_equal(event.kind, PL_NET_UP);
}

/* ---- WebRTC ------------------------------------------------------------- */

static void handshake_gives_both_sides_the_same_keys(void **state)
{
    world *w = *state;
    static const char *const ips[] = {"127.0.0.1", "::1"};
    static const char *const profiles[] = {"SRTP_AEAD_AES_128_GCM",
                                           "SRTP_AES128_CM_SHA1_80"};
    for (size_t i = 0; i < 2; i++) {
        peer_client *c = opened(w, ips[i]);
        peer_client_dtls how = {.profiles = profiles[i]};
        assert_true(peer_client_handshake(c, &how));
        expect_up(w, c);
        close_leg(w, PL_LEG_KIND_WEBRTC);
        peer_client_destroy(&c);
    }
}

static void client_hello_in_many_datagrams_works(void **state)
{
    world *w = *state;
    peer_client *c = opened(w, "127.0.0.1");
    peer_client_dtls how = {.mtu = 256};
    assert_true(peer_client_handshake(c, &how));
    expect_up(w, c);
    peer_client_destroy(&c);
}

static void wrong_fingerprint_is_refused(void **state)
{
    world *w = *state;
    uint8_t print[32] = {1, 2, 3};
    pl_net_event event;
    peer_client *c = peer_client_create("127.0.0.1", w->udp.port);
    open_webrtc(w, print);
    check_until_answered(c);
    (void)peer_client_handshake(c, &ordinary);
    assert_true(next_event(w, &event));
    assert_int_equal(event.kind, PL_NET_FAILED);
    assert_non_null(strstr(event.reason, "fingerprint"));
    assert_int_equal(unseen_inputs(), 0); /* no keys left */
    assert_true(wait_count(w, PL_MEDIA_M_dtls_refused, 1));
    close_leg(w, PL_LEG_KIND_WEBRTC);
    peer_client_destroy(&c);
}

static void client_without_certificate_is_refused(void **state)
{
    world *w = *state;
    peer_client *c = opened(w, "127.0.0.1");
    peer_client_dtls how = {.no_cert = true};
    (void)peer_client_handshake(c, &how);
    assert_true(wait_count(w, PL_MEDIA_M_dtls_rebuilt, 1));
    assert_int_equal(unseen_inputs(), 0);
    peer_client_destroy(&c);
}

static void poisoned_handshake_does_not_stop_the_good_one(void **state)
{
    world *w = *state;
    peer_client *c = opened(w, "127.0.0.1");
    peer_client_dtls poison = {.ciphers = "AES128-SHA"}; /* none in common */
    assert_false(peer_client_handshake(c, &poison));
    assert_true(wait_count(w, PL_MEDIA_M_dtls_rebuilt, 1));
    peer_client_flush(c);
    assert_true(peer_client_handshake(c, &ordinary));
    expect_up(w, c);
    assert_int_equal(pl_metrics_value(w->metrics, PL_MEDIA_M_dtls_up), 1);
    peer_client_destroy(&c);
}

/* From the peer's own address, which a stranger may write on datagrams. */
static void forged_datagrams_do_not_end_a_handshake(void **state)
{
    world *w = *state;
    static const uint8_t alert[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0,
                                    0,  0,    9,    0, 2, 2, 40};
    /* ClientKeyExchange that says it is longer than its record */
    static const uint8_t cut[] = {22, 0xfe, 0xfd, 0,  0,  0, 0, 0, 0,
                                  0,  9,    0,    14, 16, 0, 0, 9, 0,
                                  1,  0,    0,    0,  0,  0, 9, 1, 2};
    /* ServerHelloDone */
    static const uint8_t odd[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 12,
                                  14, 0,    0,    0, 0, 1, 0, 0, 0, 0, 0, 0};
    static const struct {
        const uint8_t *data;
        size_t len;
    } list[] = {{alert, sizeof alert}, {cut, sizeof cut}, {odd, sizeof odd}};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        peer_client *c = opened(w, "127.0.0.1");
        peer_client_dtls how = {.forged = list[i].data,
                                .forged_len = list[i].len};
        assert_true(peer_client_handshake(c, &how));
        expect_up(w, c);
        assert_int_equal(
            pl_metrics_value(w->metrics, PL_MEDIA_M_dtls_malformed), i + 1);
        close_leg(w, PL_LEG_KIND_WEBRTC);
        peer_client_destroy(&c);
    }
    assert_int_equal(pl_metrics_value(w->metrics, PL_MEDIA_M_dtls_rebuilt), 0);
}

static void dtls_needs_a_checked_path(void **state)
{
    world *w = *state;
    peer_client *c = opened(w, "127.0.0.1");
    peer_client *stranger = peer_client_create("127.0.0.1", w->udp.port);
    static const uint8_t hello[13] = {22, 0xfe, 0xfd};
    peer_client_send(stranger, hello, sizeof hello);
    assert_true(wait_count(w, PL_MEDIA_M_dtls_not_admitted, 1));
    assert_true(peer_client_handshake(c, &ordinary));
    peer_client_destroy(&stranger);
    peer_client_destroy(&c);
}

static void handshake_waits_for_the_answer_to_our_offer(void **state)
{
    world *w = *state;
    pl_net_command open = {.kind = PL_NET_OPEN,
                           .leg = w->leg,
                           .leg_kind = PL_LEG_KIND_WEBRTC,
                           .u.webrtc = {.ufrag = "ours1234"}};
    memcpy(open.u.webrtc.pwd, pwd, sizeof pwd);
    peer_client *c = peer_client_create("127.0.0.1", w->udp.port);
    assert_int_equal(pl_io_thread_command(w->thread, &open), PL_OK);
    check_until_answered(c);
    static const uint8_t hello[13] = {22, 0xfe, 0xfd};
    peer_client_send(c, hello, sizeof hello);
    assert_true(wait_count(w, PL_MEDIA_M_dtls_not_admitted, 1));
    open.kind = PL_NET_REMOTE;
    open.u.webrtc.has_remote = true;
    open.u.webrtc.n_prints = 1;
    memcpy(open.u.webrtc.remote_ufrag, "theirs", sizeof "theirs");
    peer_client_fingerprint(c, open.u.webrtc.prints[0]);
    assert_int_equal(pl_io_thread_command(w->thread, &open), PL_OK);
    assert_true(peer_client_handshake(c, &ordinary));
    expect_up(w, c);
    peer_client_destroy(&c);
}

static void another_certificate_begins_a_new_association(void **state)
{
    world *w = *state;
    peer_client *c = opened(w, "127.0.0.1");
    assert_true(peer_client_handshake(c, &ordinary));
    expect_up(w, c);
    peer_client *next = peer_client_create("127.0.0.1", w->udp.port);
    pl_net_command m = {.kind = PL_NET_REMOTE,
                        .leg = w->leg,
                        .leg_kind = PL_LEG_KIND_WEBRTC,
                        .u.webrtc = {.ufrag = "new45678",
                                     .is_ice_restart = true,
                                     .has_remote = true,
                                     .remote_ufrag = "others",
                                     .n_prints = 1}};
    memcpy(m.u.webrtc.pwd, pwd, sizeof pwd);
    peer_client_fingerprint(next, m.u.webrtc.prints[0]);
    assert_int_equal(pl_io_thread_command(w->thread, &m), PL_OK);
    int64_t end_ms = now_ms() + DEADLINE_MS;
    while (!peer_client_check(next, "new45678:others", pwd, true, NULL))
        assert_true(now_ms() < end_ms);
    assert_true(peer_client_handshake(next, &ordinary));
    pl_mix_input in;
    pl_srtp_keys want;
    peer_client_keys(next, &want);
    assert_true(next_input(&in));
    assert_int_equal(in.kind, PL_MIX_TRANSPORT_UP);
    assert_memory_equal(&in.u.up.keys, &want, sizeof want);
    assert_int_equal(in.u.up.route.remote.port, peer_client_port(next));
    assert_false(peer_client_check(c, "ours1234:theirs", pwd, true, NULL));
    peer_client_destroy(&next);
    peer_client_destroy(&c);
}

static void wrong_checks_are_refused_and_counted(void **state)
{
    world *w = *state;
    peer_client *c = opened(w, "127.0.0.1");
    unsigned error = 0;
    assert_false(
        peer_client_check(c, "ours1234:theirs", "guess", true, &error));
    assert_int_equal(error, 401);
    assert_false(peer_client_check(c, "nobody12:theirs", pwd, true, &error));
    assert_int_equal(error, 401);
    assert_true(wait_count(w, PL_MEDIA_M_stun_refused, 2));
    static const uint8_t broken[20] = {0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42};
    peer_client_send(c, broken, sizeof broken);
    assert_true(wait_count(w, PL_MEDIA_M_stun_malformed, 1));
    static const uint8_t junk[20] = {77};
    peer_client_send(c, junk, sizeof junk);
    assert_true(wait_count(w, PL_MEDIA_M_net_unknown, 1));
    static uint8_t huge[1501] = {0x80};
    peer_client_send(c, huge, sizeof huge);
    assert_true(wait_count(w, PL_MEDIA_M_net_too_big, 1));
    peer_client_destroy(&c);
}

static void media_goes_to_the_mixer_as_it_came(void **state)
{
    world *w = *state;
    peer_client *c = opened(w, "127.0.0.1");
    static const uint8_t rtp[16] = {0x80, 111, 0, 1, 5, 6, 7, 8};
    peer_client_send(c, rtp, sizeof rtp); /* before there are keys */
    assert_true(wait_count(w, PL_MEDIA_M_net_early, 1));
    assert_true(peer_client_handshake(c, &ordinary));
    expect_up(w, c);
    peer_client_send(c, rtp, sizeof rtp);
    pl_mix_input in;
    assert_true(next_input(&in));
    assert_int_equal(in.kind, PL_MIX_PACKET);
    assert_int_equal(in.u.packet.len, sizeof rtp);
    assert_memory_equal(in.u.packet.data, rtp, sizeof rtp);
    assert_true(in.u.packet.arrival_us > 0);
    peer_client *stranger = peer_client_create("127.0.0.1", w->udp.port);
    peer_client_send(stranger, rtp, sizeof rtp);
    assert_true(wait_count(w, PL_MEDIA_M_net_wrong_source, 1));
    assert_int_equal(unseen_inputs(), 0);
    peer_client_destroy(&stranger);
    peer_client_destroy(&c);
}

static void replayed_check_moves_nothing_until_media_authenticates(void **state)
{
    world *w = *state;
    peer_client *c = opened(w, "127.0.0.1");
    assert_true(peer_client_handshake(c, &ordinary));
    expect_up(w, c);
    assert_true(peer_client_check(c, "ours1234:theirs", pwd, true, NULL));
    peer_client *thief = peer_client_create("127.0.0.1", w->udp.port);
    peer_client_replay(c, thief);
    /* its path is valid now: media by it reaches the mixer, which drops it */
    static const uint8_t rtp[16] = {0x80, 111, 0, 1, 5, 6, 7, 8};
    pl_mix_input in;
    peer_client_send(thief, rtp, sizeof rtp);
    assert_true(next_input(&in));
    assert_int_equal(in.kind, PL_MIX_PACKET);
    assert_int_equal(unseen_inputs(), 0); /* and the route did not change */
    /* had it authenticated, the route would follow */
    send_note(w->leg, in.u.packet.path);
    assert_true(next_input(&in));
    assert_int_equal(in.kind, PL_MIX_TRANSPORT_ADDRESS);
    assert_int_equal(in.u.route.remote.port, peer_client_port(thief));
    peer_client_destroy(&thief);
    peer_client_destroy(&c);
}

static void close_notify_ends_the_leg(void **state)
{
    world *w = *state;
    pl_net_event event;
    peer_client *c = opened(w, "127.0.0.1");
    assert_true(peer_client_handshake(c, &ordinary));
    expect_up(w, c);
    peer_client_close(c);
    assert_true(next_event(w, &event));
    assert_int_equal(event.kind, PL_NET_ENDED);
    close_leg(w, PL_LEG_KIND_WEBRTC);
    peer_client_destroy(&c);
}

/* ---- when OpenSSL's session is gone -------------------------------------- */

static peer_client *released(world *w, const char *ciphers)
{
    int64_t n = pl_metrics_value(w->metrics, PL_MEDIA_M_dtls_released);
    peer_client *c = opened(w, "127.0.0.1");
    peer_client_dtls how = {.ciphers = ciphers};
    assert_true(peer_client_handshake(c, &how));
    expect_up(w, c);
    assert_true(wait_count(w, PL_MEDIA_M_dtls_released, n + 1));
    return c;
}

static void expect_ended(world *w)
{
    pl_net_event event;
    do
        assert_true(next_event(w, &event));
    while (event.kind == PL_NET_FREED);
    assert_int_equal(event.kind, PL_NET_ENDED);
}

static const char *const suites[] = {"ECDHE-ECDSA-AES128-GCM-SHA256",
                                     "ECDHE-ECDSA-AES256-GCM-SHA384",
                                     "ECDHE-ECDSA-CHACHA20-POLY1305"};
enum { SUITES = sizeof suites / sizeof suites[0] };

static void released_leg_is_ended_by_close_notify(void **state)
{
    world *w = *state;
    for (size_t i = 0; i < SUITES; i++) {
        peer_client *c = released(w, suites[i]);
        peer_client_close(c);
        expect_ended(w);
        close_leg(w, PL_LEG_KIND_WEBRTC);
        peer_client_destroy(&c);
    }
    assert_int_equal(pl_metrics_value(w->metrics, PL_MEDIA_M_dtls_ignored), 0);
}

static void released_leg_says_close_notify(void **state)
{
    world *w = *state;
    for (size_t i = 0; i < SUITES; i++) {
        peer_client *c = released(w, suites[i]);
        close_leg(w, PL_LEG_KIND_WEBRTC);
        assert_true(peer_client_is_closed(c));
        peer_client_destroy(&c);
    }
}

/* Each bit, each length, another epoch, another association. */
static void released_leg_is_not_ended_by_forgeries(void **state)
{
    world *w = *state;
    uint8_t old[PL_DTLS_MTU];
    uint8_t alert[PL_DTLS_MTU];
    uint8_t bad[PL_DTLS_MTU];
    for (size_t i = 0; i < SUITES; i++) {
        int64_t n = pl_metrics_value(w->metrics, PL_MEDIA_M_dtls_ignored);
        peer_client *c = released(w, suites[i]);
        size_t old_len = peer_client_take_close(c, old, sizeof old);
        close_leg(w, PL_LEG_KIND_WEBRTC);
        peer_client_destroy(&c);

        c = released(w, suites[i]);
        peer_client_send(c, old, old_len);
        n++;
        size_t len = peer_client_take_close(c, alert, sizeof alert);
        assert_true(len > PL_DTLS_RECORD_HEADER + 2);
        assert_int_equal(alert[0], PL_DTLS_ALERT);
        for (size_t at = 0; at < len; at++) {
            for (unsigned bit = at ? 0x80 : 1; bit; bit >>= 1) {
                memcpy(bad, alert, len);
                bad[at] ^= (uint8_t)bit;
                peer_client_send(c, bad, len);
                n++;
            }
            assert_true(wait_count(w, PL_MEDIA_M_dtls_ignored, n));
            peer_client_send(c, alert, at);
            n += at >= PL_DTLS_RECORD_HEADER; /* else: no DTLS at all */
        }
        assert_true(wait_count(w, PL_MEDIA_M_dtls_ignored, n));
        peer_client_send(c, alert, len);
        expect_ended(w);
        assert_int_equal(pl_metrics_value(w->metrics, PL_MEDIA_M_dtls_ignored),
                         n);
        close_leg(w, PL_LEG_KIND_WEBRTC);
        peer_client_destroy(&c);
    }
}

static void session_of_another_cipher_is_kept(void **state)
{
    world *w = *state;
    peer_client *c = opened(w, "127.0.0.1");
    peer_client_dtls how = {.ciphers = "ECDHE-ECDSA-AES128-SHA"};
    assert_true(peer_client_handshake(c, &how));
    expect_up(w, c);
    assert_true(wait_count(w, PL_MEDIA_M_dtls_kept, 1));
    peer_client_close(c);
    expect_ended(w);
    assert_int_equal(pl_metrics_value(w->metrics, PL_MEDIA_M_dtls_released), 0);
    peer_client_destroy(&c);
}

/* The peer hears nothing of our last flight and repeats its own. */
static void repeated_last_flight_is_answered(void **state)
{
    world *w = *state;
    peer_client *c = opened(w, "127.0.0.1");
    peer_client_dtls how = {.n_lost = 1};
    assert_true(peer_client_handshake(c, &how));
    expect_up(w, c);
    assert_int_equal(pl_metrics_value(w->metrics, PL_MEDIA_M_dtls_up), 1);
    assert_int_equal(pl_metrics_value(w->metrics, PL_MEDIA_M_dtls_released), 0);
    peer_client_destroy(&c);
}

/* ---- SIP ---------------------------------------------------------------- */

static pl_addr loopback(uint16_t port)
{
    pl_addr a;
    assert_int_equal(pl_addr_parse("127.0.0.1", port, &a), PL_OK);
    return a;
}

static void telephone_is_latched_and_strangers_are_not(void **state)
{
    world *w = *state;
    pl_udp rtp;
    pl_udp rtcp;
    assert_int_equal(pl_udp_open("127.0.0.1", 0, 0, &rtp), PL_OK);
    assert_int_equal(pl_udp_open("127.0.0.1", 0, 0, &rtcp), PL_OK);
    peer_client *phone = peer_client_create("127.0.0.1", rtp.port);
    peer_client *other = peer_client_create("127.0.0.1", rtp.port);
    pl_net_command open = {
        .kind = PL_NET_OPEN,
        .leg = w->leg,
        .leg_kind = PL_LEG_KIND_SIP,
        .u.sip = {.rtp = rtp,
                  .rtcp = rtcp,
                  .has_remote = true,
                  .remote = loopback(9999), /* not where it really is */
                  .rtcp_remote = loopback(10000)}};
    assert_int_equal(pl_io_thread_command(w->thread, &open), PL_OK);
    pl_mix_input in;
    pl_net_event event;
    assert_true(next_input(&in));
    assert_int_equal(in.kind, PL_MIX_TRANSPORT_UP);
    assert_int_equal(in.u.up.keys.profile, PL_SRTP_NONE);
    assert_int_equal(in.u.up.route.remote.port, 9999);
    assert_int_equal(in.u.up.route.rtcp_fd, rtcp.fd);
    assert_true(next_event(w, &event));
    assert_int_equal(event.kind, PL_NET_UP);

    static const uint8_t packet[20] = {0x80, 0, 0, 1};
    peer_client_send(phone, packet, sizeof packet);
    assert_true(next_input(&in));
    assert_int_equal(in.kind, PL_MIX_PACKET);
    assert_false(in.u.packet.is_rtcp_port);
    send_note(w->leg, in.u.packet.path);
    assert_true(next_input(&in));
    assert_int_equal(in.kind, PL_MIX_TRANSPORT_ADDRESS);
    assert_int_equal(in.u.route.remote.port, peer_client_port(phone));
    peer_client_send(other, packet, sizeof packet);
    assert_true(wait_count(w, PL_MEDIA_M_net_wrong_source, 1));

    close_leg(w, PL_LEG_KIND_SIP);
    pl_udp_close(&rtp);
    pl_udp_close(&rtcp);
    peer_client_destroy(&phone);
    peer_client_destroy(&other);
}

static void busy_port_is_told_from_other_failures(void **state)
{
    world *w = *state;
    pl_udp udp;
    assert_int_equal(pl_udp_open("", w->udp.port, 0, &udp), PL_EBUSY);
    assert_int_equal(pl_udp_open("nowhere", 0, 0, &udp), PL_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(handshake_gives_both_sides_the_same_keys),
        TEST(client_hello_in_many_datagrams_works),
        TEST(wrong_fingerprint_is_refused),
        TEST(client_without_certificate_is_refused),
        TEST(poisoned_handshake_does_not_stop_the_good_one),
        TEST(forged_datagrams_do_not_end_a_handshake),
        TEST(dtls_needs_a_checked_path),
        TEST(handshake_waits_for_the_answer_to_our_offer),
        TEST(another_certificate_begins_a_new_association),
        TEST(wrong_checks_are_refused_and_counted),
        TEST(media_goes_to_the_mixer_as_it_came),
        TEST(replayed_check_moves_nothing_until_media_authenticates),
        TEST(close_notify_ends_the_leg),
        cmocka_unit_test_setup_teardown(released_leg_is_ended_by_close_notify,
                                        begin_hasty, end),
        cmocka_unit_test_setup_teardown(released_leg_says_close_notify,
                                        begin_hasty, end),
        cmocka_unit_test_setup_teardown(released_leg_is_not_ended_by_forgeries,
                                        begin_hasty, end),
        cmocka_unit_test_setup_teardown(session_of_another_cipher_is_kept,
                                        begin_hasty, end),
        TEST(repeated_last_flight_is_answered),
        TEST(telephone_is_latched_and_strangers_are_not),
        TEST(busy_port_is_told_from_other_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
