/* test_worker.c - the whole media worker with all its threads; this file plays
 * roompool on an in-memory bus, a browser and a telephone. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "app.h"
#include "core/media_metrics.h"
#include "peer_client.h"
#include "pl/str.h"

enum { DEADLINE_US = 5000000, EPOCH = 7, REPORTS = 64 };

static const char node[] = "media-t.1";
/* First of the worker's ports; see free_ports(). */
static uint16_t port;

static const char room[] = "11111111-1111-4111-8111-111111111111";

typedef struct world {
    pl_loop *loop;
    pl_bus_hub *hub;
    pl_bus *pool, *bus;
    pl_metrics *metrics;
    pl_media_config config;
    pl_media *media;
    pl_timer *deadline;
    bool is_late, has_reply, is_drained;
    pl_err error;
    char text[PL_SDP_MAX];
    uint32_t sdp_type, direction;
    struct {
        char leg[65];
        uint32_t state;
        char codec[33];
    } report[REPORTS];
    size_t n_reports, n_seen;
    uint32_t n_items, n_ends, n_played;
} world;

/* ---- roompool ----------------------------------------------------------- */

static void on_deadline(void *ctx)
{
    world *w = ctx;
    w->is_late = true;
    pl_loop_stop(w->loop);
}

/* Run the loop until somebody stops it; false after the deadline. */
static bool turn(world *w)
{
    w->is_late = false;
    pl_timer_start(w->deadline, DEADLINE_US);
    pl_loop_run(w->loop);
    pl_timer_stop(w->deadline);
    return !w->is_late;
}

static void on_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    world *w = ctx;
    w->has_reply = true;
    w->error = e;
    if (e == PL_OK && in->desc == &PL_MSG_MEDIA_LEG_SDP) {
        const pl_media_leg_sdp *m = in->body;
        if (m->sdp.len)
            memcpy(w->text, m->sdp.ptr, m->sdp.len);
        w->text[m->sdp.len] = '\0';
        w->sdp_type = m->sdp_type;
        w->direction = m->direction;
    }
    pl_loop_stop(w->loop);
}

static pl_err ask(world *w, uint64_t epoch, const pl_msg_desc *d,
                  const void *body)
{
    pl_bus_send how = {.to = node, .epoch = epoch};
    w->has_reply = false;
    w->text[0] = '\0';
    assert_int_equal(pl_bus_request(w->pool, &how, d, body, on_reply, w, NULL),
                     PL_OK);
    while (!w->has_reply)
        assert_true(turn(w));
    return w->error;
}

static void on_report(void *ctx, const pl_bus_in *in)
{
    world *w = ctx;
    const pl_leg_report *m = in->body;
    assert_int_equal(in->epoch, EPOCH);
    assert_true(w->n_reports < REPORTS);
    memcpy(w->report[w->n_reports].leg, m->leg_id, sizeof m->leg_id);
    memcpy(w->report[w->n_reports].codec, m->codec, sizeof m->codec);
    w->report[w->n_reports++].state = m->state;
    pl_loop_stop(w->loop);
}

static void on_item(void *ctx, const pl_bus_in *in)
{
    world *w = ctx;
    (void)in;
    w->n_items++;
}

static void on_end(void *ctx, const pl_bus_in *in)
{
    world *w = ctx;
    const pl_inventory_end *m = in->body;
    assert_int_equal(m->count, w->n_items);
    w->n_ends++;
    pl_loop_stop(w->loop);
}

static void on_played(void *ctx, const pl_bus_in *in)
{
    world *w = ctx;
    const pl_leg_played *m = in->body;
    assert_string_equal(m->prompt, "beep-join");
    w->n_played++;
    pl_loop_stop(w->loop);
}

static void on_ignored(void *ctx, const pl_bus_in *in)
{
    (void)ctx;
    (void)in;
}

static void on_drained(void *ctx)
{
    world *w = ctx;
    w->is_drained = true;
    pl_loop_stop(w->loop);
}

static uint32_t next_state(world *w)
{
    while (w->n_seen == w->n_reports)
        assert_true(turn(w));
    return w->report[w->n_seen++].state;
}

/* ---- fixture ------------------------------------------------------------ */

/* A port with free neighbours, below those that the kernel gives to clients;
 * another run of this test may hold some at the same time. */
static uint16_t free_ports(void)
{
    enum { FIRST = 20000, STEP = 64, N = 180 };
    unsigned start = (unsigned)getpid();
    for (unsigned i = 0; i < N; i++) {
        unsigned base = FIRST + (start + i) % N * STEP;
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)base)};
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        int rc = bind(fd, (const struct sockaddr *)&at, sizeof at);
        (void)close(fd);
        if (rc == 0)
            return (uint16_t)base;
    }
    return 0;
}

static int begin(void **state)
{
    static world w;
    port = free_ports();
    assert_int_not_equal(port, 0);
    w = (world){.config = {.webrtc_port = port,
                           .rtp_port_min = port + 10U,
                           .rtp_port_max = port + 61U,
                           .announce_address = "127.0.0.1",
                           .announce_loopback = true,
                           .threads = 1,
                           .max_legs = 4,
                           .max_rooms = 2,
                           .max_talkers = 3,
                           .prompts_dir = PL_TEST_PROMPTS}};
    static const struct {
        const pl_msg_desc *desc;
        pl_bus_handler handler;
    } events[] = {
        {&PL_MSG_LEG_REPORT, on_report},   {&PL_MSG_INVENTORY_ITEM, on_item},
        {&PL_MSG_INVENTORY_END, on_end},   {&PL_MSG_LEG_PLAYED, on_played},
        {&PL_MSG_LEG_TALKING, on_ignored}, {&PL_MSG_LEG_STATS, on_ignored}};
    assert_int_equal(pl_loop_create(&w.loop), PL_OK);
    assert_int_equal(pl_timer_create(w.loop, on_deadline, &w, &w.deadline),
                     PL_OK);
    assert_int_equal(pl_bus_hub_create(w.loop, 1, &w.hub), PL_OK);
    pl_bus_options pool = {
        .loop = w.loop, .node = "roompool", .role = PL_ROLE_ROOMPOOL};
    pl_bus_options own = {.loop = w.loop, .node = node, .role = PL_ROLE_MEDIA};
    assert_int_equal(pl_bus_open_mem(w.hub, &pool, &w.pool), PL_OK);
    assert_int_equal(pl_bus_open_mem(w.hub, &own, &w.bus), PL_OK);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        assert_int_equal(
            pl_bus_handle(w.pool, events[i].desc, events[i].handler, &w),
            PL_OK);
    assert_int_equal(
        pl_metrics_create(pl_media_metric_rows, PL_MEDIA_M_COUNT, &w.metrics),
        PL_OK);
    pl_media_options o = {.loop = w.loop,
                          .bus = w.bus,
                          .metrics = w.metrics,
                          .config = &w.config,
                          .drained = on_drained,
                          .ctx = &w};
    assert_int_equal(pl_media_start(&o, &w.media), PL_OK);
    *state = &w;
    return 0;
}

static int end(void **state)
{
    world *w = *state;
    pl_media_stop(&w->media);
    pl_bus_close(&w->bus);
    pl_bus_close(&w->pool);
    pl_bus_hub_destroy(&w->hub);
    pl_metrics_destroy(&w->metrics);
    pl_timer_destroy(&w->deadline);
    pl_loop_destroy(&w->loop);
    return 0;
}

/* ---- commands ----------------------------------------------------------- */

#define SET_TEXT(field, value)                                                 \
    assert_int_equal(pl_copy((field), sizeof(field), pl_slice_str(value)),     \
                     PL_OK)

static pl_err open_room(world *w, uint64_t epoch)
{
    pl_media_room_open m = {.mode = PL_ROOM_MODE_MIX, .max_legs = 3};
    SET_TEXT(m.room_id, room);
    return ask(w, epoch, &PL_MSG_MEDIA_ROOM_OPEN, &m);
}

static pl_err create(world *w, const char *leg, pl_leg_kind kind,
                     const char *sdp)
{
    pl_media_leg_create m = {.kind = (uint32_t)kind, .mixed = true};
    SET_TEXT(m.room_id, room);
    SET_TEXT(m.leg_id, leg);
    if (sdp) {
        m.sdp = pl_slice_str(sdp);
        PL_MSG_SET(MEDIA_LEG_CREATE, media_leg_create, &m, sdp);
    }
    SET_TEXT(m.signaling_source, "127.0.0.1");
    PL_MSG_SET(MEDIA_LEG_CREATE, media_leg_create, &m, signaling_source);
    return ask(w, EPOCH, &PL_MSG_MEDIA_LEG_CREATE, &m);
}

static pl_err remote(world *w, const char *leg, const char *sdp,
                     pl_sdp_type type)
{
    pl_media_leg_remote m = {.sdp_type = (uint32_t)type};
    SET_TEXT(m.room_id, room);
    SET_TEXT(m.leg_id, leg);
    if (sdp) {
        m.sdp = pl_slice_str(sdp);
        PL_MSG_SET(MEDIA_LEG_REMOTE, media_leg_remote, &m, sdp);
    }
    return ask(w, EPOCH, &PL_MSG_MEDIA_LEG_REMOTE, &m);
}

static pl_err destroy(world *w, const char *leg)
{
    pl_media_leg_destroy m = {.present = 0};
    SET_TEXT(m.room_id, room);
    SET_TEXT(m.leg_id, leg);
    return ask(w, EPOCH, &PL_MSG_MEDIA_LEG_DESTROY, &m);
}

/* The rest of the line behind `prefix`; the caller's until the next call. */
static const char *line(const char *sdp, const char *prefix)
{
    static char value[256];
    const char *at = strstr(sdp, prefix);
    value[0] = '\0';
    if (!at)
        return value;
    at += strlen(prefix);
    pl_fmt_cut(value, sizeof value, "%.*s", (int)strcspn(at, "\r\n"), at);
    return value;
}

static void browser_offer(const peer_client *c, char *buf, size_t cap)
{
    uint8_t print[32];
    char hex[3 * 32 + 1];
    peer_client_fingerprint(c, print);
    for (size_t i = 0; i < 32; i++)
        pl_fmt_cut(hex + 3 * i, 4, "%02X:", print[i]);
    hex[3 * 32 - 1] = '\0';
    pl_fmt_cut(buf, cap,
               "v=0\r\no=- 42 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
               "a=group:BUNDLE 0\r\n"
               "m=audio 9 UDP/TLS/RTP/SAVPF 111 0 126\r\n"
               "c=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n"
               "a=ice-ufrag:them\r\na=ice-pwd:0123456789012345678901\r\n"
               "a=fingerprint:sha-256 %s\r\na=setup:actpass\r\n"
               "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n"
               "a=rtpmap:0 PCMU/8000\r\na=rtpmap:126 telephone-event/8000\r\n",
               hex);
}

static const char phone_sdp[] =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 45399 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";

/* ---- stories ------------------------------------------------------------ */

static void browser_connects_and_closes(void **state)
{
    world *w = *state;
    char offer[4096];
    char user[128];
    char pwd[64];
    peer_client *c = peer_client_create("127.0.0.1", port);
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    browser_offer(c, offer, sizeof offer);
    assert_int_equal(create(w, "browser", PL_LEG_KIND_WEBRTC, offer), PL_OK);
    assert_int_equal(w->sdp_type, PL_SDP_TYPE_ANSWER);
    assert_int_equal(w->direction, PL_DIRECTION_SENDRECV);
    assert_non_null(strstr(w->text, "a=ice-lite\r\n"));
    assert_non_null(strstr(w->text, "a=setup:passive\r\n"));
    char candidate[32];
    pl_fmt_cut(candidate, sizeof candidate, " 127.0.0.1 %u typ host", port);
    assert_non_null(strstr(w->text, candidate));
    pl_fmt_cut(user, sizeof user, "%s:them", line(w->text, "a=ice-ufrag:"));
    pl_fmt_cut(pwd, sizeof pwd, "%s", line(w->text, "a=ice-pwd:"));
    assert_true(peer_client_check(c, user, pwd, true, NULL));
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

    pl_media_leg_play play = {.loop = false};
    SET_TEXT(play.room_id, room);
    SET_TEXT(play.leg_id, "phone");
    SET_TEXT(play.prompt, "beep-join");
    assert_int_equal(ask(w, EPOCH, &PL_MSG_MEDIA_LEG_PLAY, &play), PL_OK);
    while (w->n_played == 0)
        assert_true(turn(w));
    SET_TEXT(play.prompt, "no-such-prompt");
    assert_int_equal(ask(w, EPOCH, &PL_MSG_MEDIA_LEG_PLAY, &play), PL_ENOENT);

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

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(browser_connects_and_closes),
        TEST(telephone_is_answered_held_and_hears_a_prompt),
        TEST(offer_that_is_not_answered_gives_way_to_the_next),
        TEST(telephone_is_dialled),
        TEST(wrong_commands_are_refused),
        TEST(inventory_names_what_is_held_and_drain_waits_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
