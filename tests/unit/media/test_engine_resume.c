/* test_engine_resume.c - a leg's streams in a second engine: with real SRTP,
 * and a peer that keeps one context for both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/be.h"
#include "core/engine.h"
#include "core/position.h"
#include "core/rtp.h"
#include "io/codecs.h"
#include "io/srtp.h"
#include "srtp_library.h"

enum { PT = 0, TICK = PL_TICK_US, PEER_SSRC = 0xabcd, KEPT = 1024, FD = 100 };

static const pl_mix_id LEG = {1, 5}, ROOM = {0, 3};

typedef struct sent {
    size_t len;
    bool is_rtcp;
    uint8_t data[512];
} sent;

/* One worker's engine and what it sent. */
typedef struct side {
    pl_engine *engine;
    int64_t now_us;
    sent out[KEPT];
    size_t n_out;
    pl_mix_event last; /* STATS or LEG_REMOVED */
    pl_mix_event failed;
} side;

static side first, second;
static pl_srtp_keys keys;
static pl_srtp *peer; /* the peer's context: client */
static uint16_t peer_seq;

static void on_send(void *ctx, const pl_out_packet *packets, size_t n)
{
    side *s = ctx;
    for (size_t i = 0; i < n; i++) {
        assert_true(s->n_out < KEPT);
        sent *o = &s->out[s->n_out++];
        assert_true(packets[i].len <= sizeof o->data);
        o->len = packets[i].len;
        o->is_rtcp = pl_rtp_is_rtcp(packets[i].data, packets[i].len);
        memcpy(o->data, packets[i].data, o->len);
    }
}

static void on_event(void *ctx, const pl_mix_event *event)
{
    side *s = ctx;
    if (event->kind == PL_MIX_STATS || event->kind == PL_MIX_LEG_REMOVED)
        s->last = *event;
    if (event->kind == PL_MIX_LEG_FAILED)
        s->failed = *event;
}

static void on_note(void *ctx, const pl_mix_note *note)
{
    (void)ctx;
    (void)note;
}

static void open_side(side *s, int64_t now_us)
{
    *s = (side){.now_us = now_us};
    const pl_engine_options o = {
        .max_legs = 4,
        .max_rooms = 1,
        .codecs = &pl_codecs,
        .srtp = &pl_srtp_library,
        .sink = {
            .ctx = s, .send = on_send, .event = on_event, .note = on_note}};
    assert_int_equal(pl_engine_create(&o, &s->engine), PL_OK);
    pl_mix_command c = {.kind = PL_MIX_ROOM_OPEN,
                        .id = ROOM,
                        .u.room = {.mode = PL_ROOM_MODE_MIX}};
    pl_engine_command(s->engine, &c);
}

static void add_leg(side *s, const pl_mix_position *resume)
{
    pl_mix_command c = {.kind = PL_MIX_LEG_ADD,
                        .id = LEG,
                        .u.leg = {.room = ROOM,
                                  .kind = PL_LEG_KIND_SIP,
                                  .ssrc = 0x2000,
                                  .first_seq = 65530, /* rolls over soon */
                                  .first_ts = 0xfffffff0U,
                                  .cname = "abcdefghijklmnop",
                                  .media = {.direction = PL_DIRECTION_SENDRECV,
                                            .send_codec = PL_AUDIO_PCMU,
                                            .send_pt = PT,
                                            .n_recv = 1,
                                            .recv = {{PT, PL_AUDIO_PCMU}},
                                            .dtmf_pt = PL_MIX_NO_PT,
                                            .dtmf_send_pt = PL_MIX_NO_PT,
                                            .comfort_pt = PL_MIX_NO_PT,
                                            .comfort_send_pt = PL_MIX_NO_PT},
                                  .flags = {.mixed = true}}};
    if (resume)
        c.u.leg.resume = *resume;
    pl_engine_command(s->engine, &c);
}

static void bring_up(side *s)
{
    pl_mix_input up = {.kind = PL_MIX_TRANSPORT_UP, .leg = LEG};
    up.u.up.keys = keys;
    up.u.up.is_server = true;
    up.u.up.route = (pl_mix_route){.fd = FD,
                                   .remote = {.ip = {1}, .port = 9},
                                   .is_rtcp_mux = true,
                                   .rtcp_fd = -1};
    pl_engine_input(s->engine, &up);
    assert_int_equal(s->failed.kind, 0);
}

/* A packet of the peer's, protected where there are keys. */
static void peer_says(side *s)
{
    static pl_mix_input in;
    in = (pl_mix_input){.kind = PL_MIX_PACKET, .leg = LEG};
    pl_rtp rtp = {
        .pt = PT, .seq = peer_seq, .ts = peer_seq * 160U, .ssrc = PEER_SSRC};
    size_t len = PL_RTP_HEADER + 160;
    peer_seq++;
    pl_rtp_write(&rtp, in.u.packet.data);
    memset(in.u.packet.data + PL_RTP_HEADER, 0x20, 160);
    if (peer) {
        assert_int_equal(pl_srtp_protect(peer, false, in.u.packet.data,
                                         PL_MIX_PACKET_MAX, &len),
                         PL_OK);
    }
    in.u.packet.arrival_us = s->now_us;
    in.u.packet.path = 1;
    in.u.packet.len = (uint16_t)len;
    pl_engine_input(s->engine, &in);
}

static void run(side *s, int ticks, bool is_saying)
{
    for (int i = 0; i < ticks; i++) {
        if (is_saying)
            peer_says(s);
        s->now_us += TICK;
        pl_engine_tick(s->engine, s->now_us);
    }
}

/* The peer takes all that a side sent; each must be new to it. The first and
 * the last RTP packet's number and time. */
typedef struct heard {
    size_t n, n_rtcp;
    uint32_t first_ts, last_ts;
    uint16_t first_seq, last_seq;
} heard;

static heard take(side *s)
{
    heard h = {.n = 0};
    for (size_t i = 0; i < s->n_out; i++) {
        sent *o = &s->out[i];
        if (peer) {
            assert_int_equal(
                pl_srtp_unprotect(peer, o->is_rtcp, o->data, &o->len), PL_OK);
        }
        if (o->is_rtcp) {
            h.n_rtcp++;
            continue;
        }
        uint16_t seq = pl_be_get16(o->data + 2);
        uint32_t ts = pl_be_get32(o->data + 4);
        assert_int_equal(pl_be_get32(o->data + 8), 0x2000);
        if (h.n++ == 0) {
            h.first_seq = seq;
            h.first_ts = ts;
        }
        h.last_seq = seq;
        h.last_ts = ts;
    }
    s->n_out = 0;
    return h;
}

static int begin_with(pl_srtp_profile profile)
{
    keys = (pl_srtp_keys){.profile = profile};
    memset(keys.client_key, 0x11, sizeof keys.client_key);
    memset(keys.server_key, 0x22, sizeof keys.server_key);
    memset(keys.client_salt, 0x33, sizeof keys.client_salt);
    memset(keys.server_salt, 0x44, sizeof keys.server_salt);
    peer = NULL;
    peer_seq = 65500;
    if (profile != PL_SRTP_NONE)
        assert_int_equal(pl_srtp_create(&keys, false, &peer), PL_OK);
    open_side(&first, 10 * 1000000);
    add_leg(&first, NULL);
    bring_up(&first);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    return begin_with(PL_SRTP_AEAD_AES_128_GCM);
}

static int begin_plain(void **state)
{
    (void)state;
    return begin_with(PL_SRTP_NONE);
}

static int end(void **state)
{
    (void)state;
    pl_engine_destroy(&first.engine);
    pl_engine_destroy(&second.engine);
    pl_srtp_destroy(&peer);
    return 0;
}

static void move_leg(uint32_t age_ms, int64_t now_us)
{
    pl_mix_position at;
    assert_int_equal(
        pl_position_resume(&first.last.position, age_ms, now_us, &at), PL_OK);
    open_side(&second, now_us);
    add_leg(&second, &at);
    bring_up(&second);
}

static void remove_leg(side *s, bool is_silent)
{
    pl_mix_command c = {
        .kind = PL_MIX_LEG_REMOVE, .id = LEG, .is_silent = is_silent};
    pl_engine_command(s->engine, &c);
    assert_int_equal(s->last.kind, PL_MIX_LEG_REMOVED);
}

/* Release: to the packet, with the pause as the only trace. */
static void final_position_is_continued_without_a_hole(void **state)
{
    (void)state;
    run(&first, 120, true);
    size_t n_before = first.n_out;
    remove_leg(&first, true);
    assert_int_equal(first.n_out, n_before); /* no BYE */
    heard before = take(&first);
    assert_true(before.n > 100);
    assert_int_equal(first.last.position.at_us, first.now_us);
    assert_int_equal(first.last.position.followed, PEER_SSRC);
    move_leg(0, first.now_us + 3 * TICK + 7000);
    run(&second, 330, true); /* STATS come after 1 s and 6 s */
    heard after = take(&second);
    assert_int_equal(after.first_seq, (uint16_t)(before.last_seq + 1));
    /* 4 ticks and 7 ms after the last one: 4 frames, whole ones */
    assert_int_equal(after.first_ts - before.last_ts, 4 * 160);
    assert_true(after.n > 280);
    assert_true(after.n_rtcp > 0);
    assert_true(second.last.u.stats.packets_received > 200);
    assert_int_equal(pl_engine_stats_get(second.engine)->drop_auth, 0);
    assert_int_equal(pl_engine_stats_get(second.engine)->drop_replay, 0);
    assert_true(second.last.position.send_index >
                first.last.position.send_index + 200);
}

/* Killed: the last word is some seconds old. */
static void lost_worker_is_continued_ahead_of_what_it_sent(void **state)
{
    (void)state;
    run(&first, 60, true); /* STATS come after the first second */
    assert_int_equal(first.last.kind, PL_MIX_STATS);
    int64_t told_us = first.last.position.at_us;
    run(&first, 230, true);
    heard before = take(&first);
    move_leg(4700, first.now_us + 6 * TICK);
    run(&second, 50, true);
    heard after = take(&second); /* each one is new to the peer */
    assert_true((uint16_t)(after.first_seq - before.last_seq) < 1000);
    assert_int_equal(after.first_ts - before.last_ts, 7 * 160);
    assert_true(second.now_us - told_us > 4 * 1000000);
    assert_true(after.n >= 49);
    assert_int_equal(pl_engine_stats_get(second.engine)->drop_auth, 0);
}

/* A packet that the first worker has played is not played again. */
static void what_was_received_is_old_to_the_second(void **state)
{
    (void)state;
    static pl_mix_input old;
    run(&first, 120, true);
    pl_rtp rtp = {.pt = PT, .seq = peer_seq, .ssrc = PEER_SSRC};
    size_t len = PL_RTP_HEADER + 160;
    old = (pl_mix_input){.kind = PL_MIX_PACKET, .leg = LEG};
    pl_rtp_write(&rtp, old.u.packet.data);
    assert_int_equal(pl_srtp_protect(peer, false, old.u.packet.data,
                                     PL_MIX_PACKET_MAX, &len),
                     PL_OK);
    peer_seq++;
    old.u.packet.len = (uint16_t)len;
    old.u.packet.arrival_us = first.now_us;
    static pl_mix_input again;
    again = old;
    pl_engine_input(first.engine, &old);
    remove_leg(&first, true);
    (void)take(&first);
    move_leg(0, first.now_us);
    again.u.packet.arrival_us = second.now_us;
    pl_engine_input(second.engine, &again);
    assert_int_equal(pl_engine_stats_get(second.engine)->drop_replay, 1);
}

/* What the peer's numbers have rolled over to is told at once. */
static void new_source_is_told_at_once(void **state)
{
    (void)state;
    run(&first, 2, true);
    assert_int_equal(first.last.kind, PL_MIX_STATS);
    assert_int_equal(first.last.position.n_in, 1);
    assert_int_equal(first.last.position.in[0].index, 65500);
    run(&first, 40, true); /* 65536 has passed: not told yet */
    assert_int_equal(first.last.position.in[0].index, 65500);
    (void)take(&first);
    move_leg(800, first.now_us);
    run(&second, 10, true);
    assert_int_equal(pl_engine_stats_get(second.engine)->drop_auth, 0);
    assert_int_equal(pl_engine_stats_get(second.engine)->rtp_in, 10);
}

/* UP with keys that are in use keeps their numbers. */
static void keys_are_not_begun_anew(void **state)
{
    (void)state;
    run(&first, 100, true); /* beyond a roll-over, which a new one forgets */
    bring_up(&first);
    run(&first, 100, true);
    heard all = take(&first);
    assert_true(all.n > 190);
    assert_int_equal(pl_engine_stats_get(first.engine)->drop_auth, 0);
}

/* Plain RTP: the source that was heard need not prove itself again. */
static void telephone_goes_on_at_once(void **state)
{
    (void)state;
    run(&first, 120, true);
    remove_leg(&first, true);
    heard before = take(&first);
    move_leg(0, first.now_us + 2 * TICK);
    peer_says(&second);
    assert_int_equal(pl_engine_stats_get(second.engine)->rtp_in, 1);
    run(&second, 10, true);
    heard after = take(&second);
    assert_int_equal(after.first_seq, (uint16_t)(before.last_seq + 1));
    assert_int_equal(after.first_ts - before.last_ts, 3 * 160);
}

static void leg_without_transport_has_no_position(void **state)
{
    (void)state;
    open_side(&second, 1000000);
    add_leg(&second, NULL);
    remove_leg(&second, false);
    assert_int_equal(second.last.position.at_us, 0);
    /* and a leg that leaves in the usual way says so */
    run(&first, 10, false);
    size_t n = first.n_out;
    remove_leg(&first, false);
    assert_int_equal(first.n_out, n + 1);
    assert_true(first.out[n].is_rtcp);
}

/* Lost again before a tick: nothing was sent, nothing has changed. */
static void leg_that_was_not_sent_keeps_its_position(void **state)
{
    (void)state;
    run(&first, 120, true);
    remove_leg(&first, true);
    move_leg(0, first.now_us + TICK);
    remove_leg(&second, true);
    assert_memory_equal(&second.last.position, &first.last.position,
                        sizeof first.last.position);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(final_position_is_continued_without_a_hole),
        TEST(lost_worker_is_continued_ahead_of_what_it_sent),
        TEST(what_was_received_is_old_to_the_second),
        TEST(new_source_is_told_at_once),
        TEST(keys_are_not_begun_anew),
        cmocka_unit_test_setup_teardown(telephone_goes_on_at_once, begin_plain,
                                        end),
        TEST(leg_without_transport_has_no_position),
        TEST(leg_that_was_not_sent_keeps_its_position),
    };
    return cmocka_run_group_tests(tests, open_srtp_library, close_srtp_library);
}
