/* test_peers.c - the peers of the I/O thread without the thread: this file
 * says what time it is, and plays the mixing thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/demux.h"
#include "core/dtls_record.h"
#include "core/media_metrics.h"
#include "io/batch_send.h"
#include "io/peer.h"

enum { MAX_LEGS = 4, SECOND = 1000000, INPUTS = 64 };

static const char pwd[] = "0123456789abcdef01234567";
static const pl_metric_desc rows[] = {PL_MEDIA_METRICS(PL_METRIC_ROW)};

/* ---- the mixer's side of its header -------------------------------------- */

static struct {
    pl_mix_input in[INPUTS];
    size_t n;
} mixer;

pl_mix_input *pl_mixer_reserve(pl_mixer *m, uint32_t thread)
{
    (void)m;
    (void)thread;
    return mixer.n < INPUTS ? &mixer.in[mixer.n] : NULL;
}

void pl_mixer_commit(pl_mixer *m, uint32_t thread)
{
    (void)m;
    (void)thread;
    mixer.n++;
}

static const pl_mix_input *last_input(void)
{
    assert_true(mixer.n > 0);
    return &mixer.in[mixer.n - 1];
}

/* ---- fixture --------------------------------------------------------------
 */

typedef struct world {
    pl_peers peers;
    pl_dtls_identity *identity;
    pl_metrics *metrics;
    pl_net_event event; /* the latest but for STATE */
    size_t n_events;
    pl_net_state state; /* of the latest STATE */
    size_t n_states;
} world;

static bool on_event(void *ctx, const pl_net_event *event)
{
    world *w = ctx;
    if (event->kind == PL_NET_STATE) {
        w->state = event->u.state;
        w->n_states++;
        return true;
    }
    w->event = *event;
    w->n_events++;
    return true;
}

static int begin(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    mixer.n = 0;
    assert_int_equal(pl_dtls_identity_create(&w->identity), PL_OK);
    assert_int_equal(pl_metrics_create(rows, PL_MEDIA_M_COUNT, &w->metrics),
                     PL_OK);
    w->peers = (pl_peers){.identity = w->identity,
                          .metrics = w->metrics,
                          .now_us = 100 * (int64_t)SECOND,
                          .emit = on_event,
                          .ctx = w};
    assert_int_equal(pl_peers_init(&w->peers, MAX_LEGS), PL_OK);
    assert_int_equal(pl_udp_open("127.0.0.1", 0, 0, &w->peers.ports[0]), PL_OK);
    *state = w;
    return 0;
}

static int end(void **state)
{
    world *w = *state;
    pl_peers_fini(&w->peers);
    pl_udp_close(&w->peers.ports[0]);
    pl_metrics_destroy(&w->metrics);
    pl_dtls_identity_destroy(&w->identity);
    free(w);
    return 0;
}

static int64_t count_of(const world *w, pl_media_metric what)
{
    return pl_metrics_value(w->metrics, (size_t)what);
}

static pl_addr loopback(uint16_t port)
{
    pl_addr a;
    assert_int_equal(pl_addr_parse("127.0.0.1", port, &a), PL_OK);
    return a;
}

static pl_net_command webrtc(uint32_t index, pl_net_command_kind kind)
{
    pl_net_command c = {.kind = kind,
                        .leg = {.index = index, .generation = 1},
                        .leg_kind = PL_LEG_KIND_WEBRTC,
                        .u.webrtc = {.ufrag = "ours0000",
                                     .has_remote = true,
                                     .remote_ufrag = "theirs",
                                     .n_prints = 1}};
    c.u.webrtc.ufrag[7] = (char)('0' + index);
    memcpy(c.u.webrtc.pwd, pwd, sizeof pwd);
    return c;
}

/* A Binding request to leg `index` (or to nobody) from a port. */
static void check_by(world *w, size_t port, uint32_t index, uint16_t from)
{
    uint8_t buf[PL_STUN_MAX];
    static const uint8_t txid[PL_STUN_TXID] = {1, 2, 3};
    char name[] = "ours0000:theirs";
    size_t len = 0;
    pl_stun_writer s;
    name[7] = (char)('0' + index);
    pl_stun_begin(&s, buf, sizeof buf, PL_STUN_BINDING_REQUEST, txid);
    pl_stun_put(&s, PL_STUN_AT_USERNAME, name, strlen(name));
    pl_stun_put_u64(&s, PL_STUN_AT_CONTROLLING, 1);
    pl_stun_put(&s, PL_STUN_AT_USE_CANDIDATE, "", 0);
    assert_int_equal(
        pl_stun_end(&s, (pl_slice){(const uint8_t *)pwd, sizeof pwd - 1}, &len),
        PL_OK);
    pl_datagram d = {.from = loopback(from), .data = buf, .len = len};
    pl_peers_webrtc(&w->peers, port, &d);
}

static void check(world *w, uint32_t index, uint16_t from)
{
    check_by(w, 0, index, from);
}

static int owner_of(const world *w, uint16_t port)
{
    pl_addr a = loopback(port);
    uint32_t index = 0;
    return pl_addr_map_find(w->peers.by_addr, &a, w->peers.ports[0].port,
                            &index)
               ? (int)index
               : -1;
}

static void pass(world *w, int64_t seconds)
{
    w->peers.now_us += seconds * SECOND;
}

/* ---- WebRTC ---------------------------------------------------------------
 */

static void new_certificate_has_time_for_its_handshake(void **state)
{
    world *w = *state;
    pl_net_command c = webrtc(0, PL_NET_OPEN);
    pl_peers_open(&w->peers, &c);
    check(w, 0, 5000);
    pass(w, 25);
    check(w, 0, 5000);
    c.kind = PL_NET_REMOTE;
    c.u.webrtc.prints[0][0] = 1;
    pl_peers_remote(&w->peers, &c);
    pass(w, 10); /* 35 s after the first check of all */
    check(w, 0, 5000);
    pl_peers_maintain(&w->peers);
    assert_int_equal(w->n_events, 0);
    for (int i = 0; i < 4; i++) { /* but not for ever */
        pass(w, 10);
        check(w, 0, 5000);
    }
    pl_peers_maintain(&w->peers);
    assert_int_equal(w->event.kind, PL_NET_FAILED);
}

static void strangers_checks_do_not_use_up_those_of_peers(void **state)
{
    world *w = *state;
    pl_net_command c = webrtc(0, PL_NET_OPEN);
    pl_peers_open(&w->peers, &c);
    for (int i = 0; i < 2 * PL_PEER_CHECKS_PER_S; i++)
        check(w, 9, 6000); /* a name that nobody has */
    check(w, 0, 5000);
    assert_int_equal(owner_of(w, 5000), 0);
}

static void one_peers_checks_do_not_use_up_those_of_others(void **state)
{
    world *w = *state;
    for (uint32_t i = 0; i < 2; i++) {
        pl_net_command c = webrtc(i, PL_NET_OPEN);
        pl_peers_open(&w->peers, &c);
    }
    for (int i = 0; i < 2 * PL_PEER_CHECKS_PER_S; i++)
        check(w, 0, 6000);
    assert_int_equal(count_of(w, PL_MEDIA_M_stun_flood),
                     2 * PL_PEER_CHECKS_PER_S - PL_PEER_LEG_CHECKS_PER_S);
    check(w, 1, 5000);
    assert_int_equal(owner_of(w, 5000), 1);
}

/* Whoever has credentials of his own can write another's address on a check. */
static void address_of_a_living_path_is_not_given_away(void **state)
{
    world *w = *state;
    for (uint32_t i = 0; i < 2; i++) {
        pl_net_command c = webrtc(i, PL_NET_OPEN);
        pl_peers_open(&w->peers, &c);
    }
    check(w, 0, 5000);
    pass(w, 6);
    check(w, 1, 5000);
    assert_int_equal(owner_of(w, 5000), 0);
    pass(w, 20); /* a NAT gave the port to somebody else */
    check(w, 1, 5000);
    assert_int_equal(owner_of(w, 5000), 1);
    pass(w, 20); /* and back */
    check(w, 0, 5000);
    assert_int_equal(owner_of(w, 5000), 0);
}

/* ---- DTLS: this file is the browser, too -----------------------------------
 */

typedef struct browser {
    world *w;
    size_t port; /* of the worker, its index */
    pl_udp udp;  /* at the address that its checks came from */
    pl_udp_batch *batch;
    pl_dtls *dtls;
    pl_dtls_identity *identity;
} browser;

static void browser_says(void *ctx, const uint8_t *data, size_t len)
{
    browser *b = ctx;
    pl_datagram d = {.from = loopback(b->udp.port),
                     .data = (uint8_t *)(uintptr_t)data,
                     .len = len};
    pl_peers_webrtc(&b->w->peers, b->port, &d);
}

/* Read what was sent to it. Loopback delivers before sendto() returns. */
static void browser_reads(browser *b)
{
    const pl_datagram *list;
    bool is_rebuilt = false;
    for (;;) {
        size_t n = pl_udp_receive(&b->udp, b->batch, &list);
        for (size_t i = 0; i < n; i++) {
            if (pl_demux(list[i].data, list[i].len) == PL_DEMUX_DTLS) {
                (void)pl_dtls_input(b->dtls, list[i].data, list[i].len,
                                    &is_rebuilt);
            }
        }
        if (n == 0)
            break;
    }
    assert_false(is_rebuilt);
}

static void browser_joins(world *w, browser *b)
{
    pl_net_command c = webrtc(0, PL_NET_OPEN);
    *b = (browser){.w = w};
    assert_int_equal(pl_udp_open("127.0.0.1", 0, 0, &b->udp), PL_OK);
    assert_int_equal(pl_udp_batch_create(&b->batch), PL_OK);
    assert_int_equal(pl_dtls_identity_create(&b->identity), PL_OK);
    assert_int_equal(pl_dtls_create(b->identity, browser_says, b, &b->dtls),
                     PL_OK);
    pl_dtls_identity_fingerprint(b->identity, c.u.webrtc.prints[0]);
    pl_peers_open(&w->peers, &c);
    check(w, 0, b->udp.port);
    (void)pl_dtls_connect(b->dtls);
    browser_reads(b);
    assert_int_equal(pl_dtls_state(b->dtls), PL_DTLS_UP);
    assert_int_equal(w->event.kind, PL_NET_UP);
}

static void browser_goes(browser *b)
{
    pl_dtls_destroy(&b->dtls);
    pl_dtls_identity_destroy(&b->identity);
    pl_udp_batch_destroy(&b->batch);
    pl_udp_close(&b->udp);
}

/* So many seconds of a peer whose consent is fresh. */
static void go_on(world *w, const browser *b, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        pass(w, 1);
        check(w, 0, b->udp.port);
        pl_peers_maintain(&w->peers);
    }
}

static void handshake_is_kept_while_the_peer_may_repeat_it(void **state)
{
    world *w = *state;
    browser b;
    static const uint8_t repeated[] = {PL_DTLS_HANDSHAKE, 0xfe, 0xfd, 0, 1};
    uint8_t record[40] = {0};
    memcpy(record, repeated, sizeof repeated);
    record[12] = sizeof record - PL_DTLS_RECORD_HEADER;
    browser_joins(w, &b);
    size_t n_events = w->n_events;
    int grace = PL_PEER_DTLS_GRACE_US / SECOND;
    go_on(w, &b, grace - 1);
    browser_says(&b, record, sizeof record);
    go_on(w, &b, grace - 1);
    assert_int_equal(count_of(w, PL_MEDIA_M_dtls_released), 0);
    go_on(w, &b, 1);
    assert_int_equal(count_of(w, PL_MEDIA_M_dtls_released), 1);
    assert_int_equal(w->n_events, n_events + 1);
    assert_int_equal(w->event.kind, PL_NET_FREED);
    browser_says(&b, record, sizeof record);
    assert_int_equal(count_of(w, PL_MEDIA_M_dtls_ignored), 1);
    go_on(w, &b, grace + 1);
    assert_int_equal(w->n_events, n_events + 1); /* told once */
    browser_goes(&b);
}

/* Both sides without OpenSSL's sessions. */
static void both_sides_understand_the_end(void **state)
{
    world *w = *state;
    browser b;
    pl_srtp_keys keys;
    browser_joins(w, &b);
    go_on(w, &b, PL_PEER_DTLS_GRACE_US / SECOND);
    assert_int_equal(pl_dtls_release(b.dtls), PL_OK);
    assert_int_equal(pl_dtls_release(b.dtls), PL_ESTATE);
    assert_int_equal(pl_dtls_keys(b.dtls, NULL, 0, &keys), PL_ESTATE);
    pl_net_command c = {.kind = PL_NET_CLOSE, .leg = {0, 1}};
    pl_peers_close(&w->peers, &c);
    browser_reads(&b);
    assert_int_equal(pl_dtls_state(b.dtls), PL_DTLS_CLOSED);
    browser_goes(&b);
}

/* ---- legs of another worker ------------------------------------------------
 */

/* Have another WebRTC port; its index. */
static size_t add_port(world *w)
{
    pl_udp udp;
    size_t i = 0;
    assert_int_equal(pl_udp_open("127.0.0.1", 0, 0, &udp), PL_OK);
    assert_int_equal(pl_peers_add_port(&w->peers, &udp, &i), PL_OK);
    return i;
}

/* The leg of the browser goes on in another worker, w, on a port of its own
 * there. Returns its index. */
static size_t take_over(world *w, browser *b)
{
    pl_net_command c = webrtc(1, PL_NET_OPEN);
    size_t port = add_port(w);
    c.u.webrtc.ufrag[7] = '0'; /* as the first worker gave it */
    c.u.webrtc.port = w->peers.ports[port].port;
    c.is_resumed = true;
    c.resumed = b->w->state;
    b->w = w;
    b->port = port;
    pl_dtls_identity_fingerprint(b->identity, c.u.webrtc.prints[0]);
    mixer.n = 0;
    pl_peers_open(&w->peers, &c);
    return port;
}

static void media_comes(const browser *b)
{
    uint8_t rtp[40] = {0x80, 111, 0, 7};
    pl_datagram d = {
        .from = loopback(b->udp.port), .data = rtp, .len = sizeof rtp};
    pl_peers_webrtc(&b->w->peers, b->port, &d);
}

static void leg_of_another_worker_goes_on(void **state)
{
    world *w = *state;
    world *first = NULL;
    browser b;
    (void)begin((void **)&first);
    browser_joins(first, &b);
    assert_int_equal(first->n_states, 1);
    assert_int_equal(first->state.n_paths, 1);
    assert_true(first->state.paths[0].is_selected);
    assert_true(first->state.has_alerts);
    pl_net_command close = {
        .kind = PL_NET_CLOSE, .leg = {0, 1}, .is_silent = true};
    pl_peers_close(&first->peers, &close);
    browser_reads(&b);
    assert_int_equal(pl_dtls_state(b.dtls), PL_DTLS_UP); /* heard nothing */
    assert_int_equal(first->event.kind, PL_NET_CLOSED);
    assert_true(pl_addr_eq(&first->event.u.state.paths[0].addr,
                           &first->state.paths[0].addr));

    size_t port = take_over(w, &b);
    assert_int_equal(w->event.kind, PL_NET_UP);
    assert_int_equal(last_input()->kind, PL_MIX_TRANSPORT_UP);
    assert_memory_equal(&last_input()->u.up.keys, &first->state.keys,
                        sizeof first->state.keys);
    assert_true(last_input()->u.up.is_server);
    assert_int_equal(last_input()->u.up.route.fd, w->peers.ports[port].fd);
    assert_int_equal(last_input()->u.up.route.remote.port, b.udp.port);
    /* media counts before any check */
    media_comes(&b);
    assert_int_equal(last_input()->kind, PL_MIX_PACKET);
    assert_int_equal(w->n_states, 1);
    assert_memory_equal(&w->state, &first->state, sizeof w->state);

    /* and the end of it is still understood, and said */
    pl_net_command end_it = {.kind = PL_NET_CLOSE, .leg = {1, 1}};
    pl_peers_close(&w->peers, &end_it);
    browser_reads(&b);
    assert_int_equal(pl_dtls_state(b.dtls), PL_DTLS_CLOSED);
    browser_goes(&b);
    pl_udp_close(&w->peers.ports[port]);
    (void)end((void **)&first);
}

static void leg_of_another_worker_ends_by_close_notify(void **state)
{
    world *w = *state;
    world *first = NULL;
    browser b;
    (void)begin((void **)&first);
    browser_joins(first, &b);
    size_t port = take_over(w, &b);
    pl_dtls_close(b.dtls);
    assert_int_equal(w->event.kind, PL_NET_ENDED);
    browser_goes(&b);
    pl_udp_close(&w->peers.ports[port]);
    (void)end((void **)&first);
}

/* After the takeover the peer may want a handshake, with another certificate:
 * the answer to its offer names ours. */
static void leg_of_another_worker_makes_a_new_handshake(void **state)
{
    world *w = *state;
    world *first = NULL;
    browser b;
    uint8_t print[PL_DTLS_SHA256];
    (void)begin((void **)&first);
    browser_joins(first, &b);
    size_t port = take_over(w, &b);
    pl_dtls_identity_fingerprint(w->identity, print);

    pl_dtls_identity *other = NULL;
    assert_int_equal(pl_dtls_identity_vary(b.identity, &other), PL_OK);
    pl_dtls_destroy(&b.dtls);
    assert_int_equal(pl_dtls_create(other, browser_says, &b, &b.dtls), PL_OK);
    pl_net_command c = webrtc(1, PL_NET_REMOTE);
    c.u.webrtc.ufrag[7] = '0';
    pl_dtls_identity_fingerprint(other, c.u.webrtc.prints[0]);
    pl_peers_remote(&w->peers, &c);
    check_by(w, port, 0, b.udp.port);
    (void)pl_dtls_connect(b.dtls);
    browser_reads(&b);
    assert_int_equal(pl_dtls_state(b.dtls), PL_DTLS_UP);
    pl_srtp_keys keys;
    const uint8_t(*prints)[PL_DTLS_SHA256] =
        (const uint8_t(*)[PL_DTLS_SHA256]) & print;
    assert_int_equal(pl_dtls_keys(b.dtls, prints, 1, &keys), PL_OK);
    assert_memory_equal(&last_input()->u.up.keys, &keys, sizeof keys);
    assert_memory_equal(&w->state.keys, &keys, sizeof keys);
    pl_dtls_destroy(&b.dtls);
    pl_dtls_identity_destroy(&other);
    browser_goes(&b);
    pl_udp_close(&w->peers.ports[port]);
    (void)end((void **)&first);
}

/* NATs give the same outside address to two that ask different ports. */
static void one_address_on_two_ports_is_two_peers(void **state)
{
    world *w = *state;
    size_t port = add_port(w);
    pl_net_command own = webrtc(0, PL_NET_OPEN);
    pl_net_command other = webrtc(1, PL_NET_OPEN);
    other.u.webrtc.port = w->peers.ports[port].port;
    pl_net_state s = {.keys = {.profile = PL_SRTP_AEAD_AES_128_GCM},
                      .is_server = true,
                      .n_paths = 1,
                      .paths = {{.addr = loopback(7000),
                                 .is_nominated = true,
                                 .is_selected = true}}};
    own.is_resumed = other.is_resumed = true;
    own.resumed = other.resumed = s;
    pl_peers_open(&w->peers, &own);
    pl_peers_open(&w->peers, &other);
    check_by(w, 0, 0, 7000);
    check_by(w, port, 1, 7000);
    browser b = {.w = w, .udp = {.port = 7000}};
    media_comes(&b);
    assert_int_equal(last_input()->leg.index, 0);
    b.port = port;
    media_comes(&b);
    assert_int_equal(last_input()->leg.index, 1);
    /* credentials count on the port that the description names */
    int64_t refused = count_of(w, PL_MEDIA_M_stun_refused);
    check_by(w, port, 0, 7001);
    assert_int_equal(count_of(w, PL_MEDIA_M_stun_refused), refused + 1);
    pl_net_command close = {.kind = PL_NET_CLOSE, .leg = {1, 1}};
    pl_peers_close(&w->peers, &close);
    size_t n = mixer.n;
    media_comes(&b);
    assert_int_equal(mixer.n, n);
    b.port = 0;
    media_comes(&b);
    assert_int_equal(last_input()->leg.index, 0);
    pl_udp_close(&w->peers.ports[port]);
}

static void leg_on_a_port_that_is_not_there_fails(void **state)
{
    world *w = *state;
    pl_net_command c = webrtc(0, PL_NET_OPEN);
    c.u.webrtc.port = 9;
    pl_peers_open(&w->peers, &c);
    assert_int_equal(w->event.kind, PL_NET_FAILED);
}

/* Addresses are told when they change, but not with each packet. */
static void state_is_told_once_a_second_at_most(void **state)
{
    world *w = *state;
    browser b;
    browser_joins(w, &b);
    assert_int_equal(w->n_states, 1);
    for (uint16_t port = 7000; port < 7005; port++)
        check(w, 0, port);
    assert_int_equal(w->n_states, 1);
    go_on(w, &b, 1);
    assert_int_equal(w->n_states, 2);
    assert_int_equal(w->state.n_paths, 6);
    go_on(w, &b, 5);
    assert_int_equal(w->n_states, 2);
    browser_goes(&b);
}

/* ---- SIP ------------------------------------------------------------------
 */

/* What was latched stays so, and nobody else gets in. */
static void telephone_of_another_worker_goes_on(void **state)
{
    world *w = *state;
    pl_net_command c = {
        .kind = PL_NET_OPEN,
        .leg = {.index = 0, .generation = 1},
        .leg_kind = PL_LEG_KIND_SIP,
        .is_resumed = true,
        .resumed = {.source = loopback(7000),
                    .remote = loopback(7000),
                    .rtcp = loopback(7001),
                    .has_rtcp_source = true},
        .u.sip = {.rtp = {.fd = -1}, .rtcp = {.fd = -1}, .has_remote = true}};
    assert_int_equal(pl_addr_parse("10.0.0.7", 4000, &c.u.sip.remote), PL_OK);
    c.u.sip.signaling = loopback(0);
    pl_peers_open(&w->peers, &c);
    assert_int_equal(w->event.kind, PL_NET_UP);
    assert_int_equal(last_input()->kind, PL_MIX_TRANSPORT_UP);
    assert_int_equal(last_input()->u.up.route.remote.port, 7000);
    assert_int_equal(last_input()->u.up.route.rtcp_remote.port, 7001);
    assert_true(pl_addr_eq(&w->state.source, &c.resumed.source));
    uint8_t rtp[40] = {0x80, 8};
    pl_datagram d = {.from = loopback(7002), .data = rtp, .len = sizeof rtp};
    size_t n = mixer.n;
    pl_peers_sip(&w->peers, c.leg, false, &d);
    assert_int_equal(mixer.n, n);
    d.from = loopback(7000);
    pl_peers_sip(&w->peers, c.leg, false, &d);
    assert_int_equal(last_input()->kind, PL_MIX_PACKET);
}

static void hold_without_address_keeps_what_was_learned(void **state)
{
    world *w = *state;
    pl_net_command c = {
        .kind = PL_NET_OPEN,
        .leg = {.index = 0, .generation = 1},
        .leg_kind = PL_LEG_KIND_SIP,
        .u.sip = {.rtp = {.fd = -1}, .rtcp = {.fd = -1}, .has_remote = true}};
    assert_int_equal(pl_addr_parse("10.0.0.7", 4000, &c.u.sip.remote), PL_OK);
    c.u.sip.signaling = loopback(0);
    pl_peers_open(&w->peers, &c);
    uint8_t rtp[20] = {0x80, 0, 0, 1};
    pl_datagram d = {.from = loopback(7000), .data = rtp, .len = sizeof rtp};
    pl_peers_sip(&w->peers, c.leg, false, &d);
    assert_int_equal(last_input()->kind, PL_MIX_PACKET);
    pl_mix_note note = {.leg = c.leg, .path = last_input()->u.packet.path};
    pl_peers_note(&w->peers, &note);
    assert_int_equal(last_input()->u.route.remote.port, 7000);

    pl_addr announced = c.u.sip.remote;
    c.kind = PL_NET_REMOTE;
    c.u.sip.remote = (pl_addr){.port = 0};
    pl_peers_remote(&w->peers, &c);
    assert_int_equal(last_input()->kind, PL_MIX_TRANSPORT_ADDRESS);
    assert_int_equal(last_input()->u.route.remote.port, 7000);
    c.u.sip.remote = announced; /* the NAT's outside is still the same */
    pl_peers_remote(&w->peers, &c);
    assert_int_equal(last_input()->u.route.remote.port, 7000);
}

/* A telephone at 7000, and what the mixer was told of it last. */
typedef struct telephone {
    pl_net_command c;
    bool is_sent_to;
} telephone;

static void look(telephone *t)
{
    for (size_t i = 0; i < mixer.n; i++) {
        const pl_mix_input *in = &mixer.in[i];
        if (in->kind == PL_MIX_PACKET)
            continue;
        const pl_mix_route *r =
            in->kind == PL_MIX_TRANSPORT_UP ? &in->u.up.route : &in->u.route;
        t->is_sent_to = r->remote.port == 7000 && r->rtcp_remote.port == 7001;
        assert_true(t->is_sent_to || (pl_addr_is_none(&r->remote) &&
                                      pl_addr_is_none(&r->rtcp_remote)));
    }
    mixer.n = 0;
}

static void comes(world *w, telephone *t)
{
    t->c = (pl_net_command){
        .kind = PL_NET_OPEN,
        .leg = {.index = 0, .generation = 1},
        .leg_kind = PL_LEG_KIND_SIP,
        .u.sip = {.rtp = {.fd = -1}, .rtcp = {.fd = -1}, .has_remote = true}};
    t->c.u.sip.remote = loopback(7000);
    t->c.u.sip.rtcp_remote = loopback(7001);
    pl_peers_open(&w->peers, &t->c);
    look(t);
}

/* A packet each 20 ms for so long, or none. */
static void lasts(world *w, telephone *t, bool talks, int64_t ms)
{
    uint8_t rtp[20] = {0x80, 0, 0, 1};
    pl_datagram d = {.from = loopback(7000), .data = rtp, .len = sizeof rtp};
    for (int64_t at = 0; at < ms; at += 20) {
        w->peers.now_us += 20000;
        if (talks)
            pl_peers_sip(&w->peers, t->c.leg, false, &d);
        if (at % 500 == 0)
            pl_peers_maintain(&w->peers);
        look(t);
    }
}

/* roompool cannot say so: its host was cut off, and the telephone given another
 * worker. */
static void telephone_that_leaves_while_roompool_is_away_is_let_go(void **state)
{
    world *w = *state;
    telephone t;
    comes(w, &t);
    lasts(w, &t, true, 3000);
    pl_peers_alone(&w->peers, true);
    lasts(w, &t, true, 3000);
    assert_true(t.is_sent_to); /* roompool is away, people talk */
    lasts(w, &t, false, 900);
    assert_true(t.is_sent_to);
    lasts(w, &t, false, 700);
    assert_false(t.is_sent_to);
    assert_int_equal(count_of(w, PL_MEDIA_M_net_left), 1);

    lasts(w, &t, true, 20);
    assert_true(t.is_sent_to); /* it had only paused */
    lasts(w, &t, false, 5000);
    assert_true(t.is_sent_to); /* and may do so again */
}

static void telephone_that_was_let_go_is_sent_to_with_the_link(void **state)
{
    world *w = *state;
    telephone t;
    comes(w, &t);
    lasts(w, &t, true, 1000);
    pl_peers_alone(&w->peers, true);
    lasts(w, &t, false, 2000);
    assert_false(t.is_sent_to);
    pl_peers_alone(&w->peers, false);
    lasts(w, &t, false, 20);
    assert_true(t.is_sent_to);
}

/* Muted, on hold, or one that sends no pauses: no sign of anything. */
static void silent_telephone_is_not_let_go(void **state)
{
    world *w = *state;
    telephone t;
    comes(w, &t);
    lasts(w, &t, true, 1000);
    lasts(w, &t, false, 5000);
    pl_peers_alone(&w->peers, true);
    lasts(w, &t, false, 5000);
    assert_true(t.is_sent_to); /* it was silent before */
    pl_peers_alone(&w->peers, false);
    lasts(w, &t, true, 1000);
    pl_peers_alone(&w->peers, true);
    lasts(w, &t, false, 5000);
    assert_true(t.is_sent_to); /* it is known to pause */
    assert_int_equal(count_of(w, PL_MEDIA_M_net_left), 0);

    pl_peers_alone(&w->peers, false);
    t.c.kind = PL_NET_REMOTE; /* described anew: what it does may be other */
    pl_peers_remote(&w->peers, &t.c);
    lasts(w, &t, true, 1000);
    pl_peers_alone(&w->peers, true);
    lasts(w, &t, false, 2000);
    assert_false(t.is_sent_to);
}

/* The last bytes of an IPv6 address are not an IPv4 address. */
static void address_of_another_family_is_not_sent_to(void **state)
{
    world *w = *state;
    pl_udp to;
    static const uint8_t data[] = {1, 2, 3};
    pl_addr v6;
    pl_addr v4;
    assert_int_equal(pl_udp_open("127.0.0.1", 0, 0, &to), PL_OK);
    assert_int_equal(pl_addr_parse("::7f00:1", to.port, &v6), PL_OK);
    v4 = loopback(to.port);
    const pl_out_packet list[] = {
        {.fd = w->peers.ports[0].fd, .remote = &v6, .data = data, .len = 3},
        {.fd = w->peers.ports[0].fd, .remote = &v4, .data = data, .len = 2}};
    assert_int_equal(pl_batch_send(list, 2), 1);
    pl_udp_batch *batch = NULL;
    const pl_datagram *got = NULL;
    assert_int_equal(pl_udp_batch_create(&batch), PL_OK);
    assert_int_equal(pl_udp_receive(&to, batch, &got), 1);
    assert_int_equal(got[0].len, 2);
    pl_udp_batch_destroy(&batch);
    pl_udp_close(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(new_certificate_has_time_for_its_handshake),
        TEST(strangers_checks_do_not_use_up_those_of_peers),
        TEST(one_peers_checks_do_not_use_up_those_of_others),
        TEST(address_of_a_living_path_is_not_given_away),
        TEST(handshake_is_kept_while_the_peer_may_repeat_it),
        TEST(both_sides_understand_the_end),
        TEST(leg_of_another_worker_goes_on),
        TEST(leg_of_another_worker_ends_by_close_notify),
        TEST(leg_of_another_worker_makes_a_new_handshake),
        TEST(one_address_on_two_ports_is_two_peers),
        TEST(leg_on_a_port_that_is_not_there_fails),
        TEST(state_is_told_once_a_second_at_most),
        TEST(telephone_of_another_worker_goes_on),
        TEST(hold_without_address_keeps_what_was_learned),
        TEST(telephone_that_leaves_while_roompool_is_away_is_let_go),
        TEST(telephone_that_was_let_go_is_sent_to_with_the_link),
        TEST(silent_telephone_is_not_let_go),
        TEST(address_of_another_family_is_not_sent_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
