/* test_hot_path.c - between a packet in and a packet out the media worker does
 * not allocate, lock, wait, log, or call the system but to send.
 *
 * The whole worker runs, with its threads and sockets. A thread counts as hot
 * while it handles a media packet (I/O and mixing threads) or runs a tick;
 * what libraries do there counts too. */
#include <arpa/inet.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "browser_sdp.h"
#include "core/limiter.h"
#include "core/rtp.h"
#include "hot_calls.h"
#include "io/codecs.h"
#include "io/peer.h"
#include "io/srtp.h"
#include "peer_client.h"
#include "pl/log.h"
#include "sound_file.h"
#include "worker_rig.h"

enum {
    PHONES = 4,
    BROWSERS = 2,
    TICKS = 150,
    TICK_MS = 20,
    OPUS_PT = 111,
    WAIT_TRIES = 500,
    CHECKS = 20
};

/* ---- where threads are hot ---------------------------------------------- */

static _Atomic size_t n_ticks, n_taken, n_read;
/* Done once within the next tick, to see that it is counted. */
static _Atomic int fault = -1;

void __real_pl_engine_tick(pl_engine *engine, int64_t now_us);
void __wrap_pl_engine_tick(pl_engine *engine, int64_t now_us);
void __wrap_pl_engine_tick(pl_engine *engine, int64_t now_us)
{
    hot_begin();
    __real_pl_engine_tick(engine, now_us);
    hot_end();
    (void)atomic_fetch_add(&n_ticks, 1);
}

void __real_pl_engine_input(pl_engine *engine, pl_mix_input *input);
void __wrap_pl_engine_input(pl_engine *engine, pl_mix_input *input);
void __wrap_pl_engine_input(pl_engine *engine, pl_mix_input *input)
{
    bool is_packet = input->kind == PL_MIX_PACKET;
    if (is_packet) {
        hot_begin();
        (void)atomic_fetch_add(&n_taken, 1);
    }
    __real_pl_engine_input(engine, input);
    hot_end();
}

static bool is_media(const pl_datagram *d)
{
    return d->len > 12 && d->data[0] >> 6 == 2;
}

void __real_pl_peers_webrtc(pl_peers *peers, size_t port, const pl_datagram *d);
void __wrap_pl_peers_webrtc(pl_peers *peers, size_t port, const pl_datagram *d);
void __wrap_pl_peers_webrtc(pl_peers *peers, size_t port, const pl_datagram *d)
{
    if (is_media(d)) {
        hot_begin();
        (void)atomic_fetch_add(&n_read, 1);
    }
    __real_pl_peers_webrtc(peers, port, d);
    hot_end();
}

void __real_pl_peers_sip(pl_peers *peers, pl_mix_id leg, bool is_rtcp_port,
                         const pl_datagram *d);
void __wrap_pl_peers_sip(pl_peers *peers, pl_mix_id leg, bool is_rtcp_port,
                         const pl_datagram *d);
void __wrap_pl_peers_sip(pl_peers *peers, pl_mix_id leg, bool is_rtcp_port,
                         const pl_datagram *d)
{
    if (is_media(d)) {
        hot_begin();
        (void)atomic_fetch_add(&n_read, 1);
    }
    __real_pl_peers_sip(peers, leg, is_rtcp_port, d);
    hot_end();
}

bool __real_pl_log_is_on(pl_log_level level);
bool __wrap_pl_log_is_on(pl_log_level level);
bool __wrap_pl_log_is_on(pl_log_level level)
{
    hot_count(HOT_LOG);
    return __real_pl_log_is_on(level);
}

static void misbehave(int what)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    const struct timespec shortly = {.tv_nsec = 1000};
    if (what == HOT_ALLOCATION) {
        free(malloc(9));
    } else if (what == HOT_LOCK) {
        (void)pthread_mutex_lock(&mutex);
        (void)pthread_mutex_unlock(&mutex);
    } else if (what == HOT_WAIT) {
        (void)nanosleep(&shortly, NULL);
    } else if (what == HOT_SYSTEM) {
        ssize_t n = write(-1, "", 0);
        (void)n;
    } else if (what == HOT_LOG) {
        PL_LOG(DEBUG, "test", "misbehaved", NULL, NULL);
    }
}

void __real_pl_limiter_run(pl_limiter *limiter, const float *in, float *out);
void __wrap_pl_limiter_run(pl_limiter *limiter, const float *in, float *out);
void __wrap_pl_limiter_run(pl_limiter *limiter, const float *in, float *out)
{
    int what = atomic_exchange(&fault, -1);
    if (what >= 0)
        misbehave(what);
    __real_pl_limiter_run(limiter, in, out);
}

/* ---- who is in the room ------------------------------------------------- */

typedef struct sender {
    uint16_t seq;
    uint32_t ts, ssrc;
    double phase;
} sender;

typedef struct phone {
    char id[16];
    int fd;
    uint16_t port;
    struct sockaddr_in to;
    sender out;
} phone;

typedef struct browser {
    char id[16];
    peer_client *client;
    pl_srtp *srtp;
    pl_encoder *encoder;
    sender out;
} browser;

static phone phones[PHONES];
static browser browsers[BROWSERS];

static void phone_opens(phone *p, unsigned i)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    pl_fmt_cut(p->id, sizeof p->id, "phone-%u", i);
    p->out.ssrc = 100 + i;
    p->fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(p->fd >= 0);
    assert_int_equal(bind(p->fd, (const struct sockaddr *)&a, len), 0);
    assert_int_equal(getsockname(p->fd, (struct sockaddr *)&a, &len), 0);
    p->port = ntohs(a.sin_port);
}

static void phone_calls(world *w, phone *p)
{
    char sdp[512];
    pl_fmt_cut(sdp, sizeof sdp,
               "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
               "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %u RTP/AVP 0\r\n",
               p->port);
    assert_int_equal(create(w, p->id, PL_LEG_KIND_SIP, sdp), PL_OK);
    p->to = (struct sockaddr_in){.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                 .sin_port = htons((uint16_t)strtoul(
                                     sdp_line(w->text, "m=audio "), NULL, 10))};
}

static void browser_calls(world *w, browser *b, unsigned i)
{
    char sdp[4096];
    char user[128];
    char pwd[64];
    pl_srtp_keys keys;
    const pl_encoder_options mono = {.bitrate_bps = 24000};
    const peer_client_dtls how = {.profiles = "SRTP_AEAD_AES_128_GCM"};
    pl_fmt_cut(b->id, sizeof b->id, "browser-%u", i);
    b->out.ssrc = 200 + i;
    b->client = peer_client_create("127.0.0.1", webrtc_port(w));
    browser_sdp(b->client, "actpass", sdp, sizeof sdp);
    assert_int_equal(create(w, b->id, PL_LEG_KIND_WEBRTC, sdp), PL_OK);
    pl_fmt_cut(user, sizeof user, "%s:them", sdp_line(w->text, "a=ice-ufrag:"));
    pl_fmt_cut(pwd, sizeof pwd, "%s", sdp_line(w->text, "a=ice-pwd:"));
    bool is_known = false; /* on a busy machine an answer may come too late */
    for (int k = 0; k < CHECKS && !is_known; k++)
        is_known = peer_client_check(b->client, user, pwd, true, NULL);
    assert_true(is_known);
    assert_true(peer_client_handshake(b->client, &how));
    peer_client_keys(b->client, &keys);
    assert_int_equal(keys.profile, PL_SRTP_AEAD_AES_128_GCM);
    assert_int_equal(pl_srtp_create(&keys, false, &b->srtp), PL_OK);
    assert_int_equal(
        pl_codecs.codec[PL_AUDIO_OPUS]->encoder_create(&mono, &b->encoder),
        PL_OK);
}

static size_t begin_packet(sender *s, uint8_t pt, uint32_t step, uint8_t *out)
{
    pl_rtp rtp = {.pt = pt, .seq = s->seq++, .ts = s->ts, .ssrc = s->ssrc};
    s->ts += step;
    pl_rtp_write(&rtp, out);
    return PL_RTP_HEADER;
}

static void phone_speaks(phone *p, bool is_loud, bool is_lost)
{
    uint8_t packet[512];
    size_t n = begin_packet(&p->out, 0, 160, packet);
    for (size_t i = 0; i < 160; i++) /* u-law: a buzz, or silence */
        packet[n++] = (uint8_t)(is_loud ? (i / 10 % 2 ? 0x20 : 0xa0) : 0xff);
    if (!is_lost && p->to.sin_port)
        (void)sendto(p->fd, packet, n, 0, (const struct sockaddr *)&p->to,
                     sizeof p->to);
}

static void browser_speaks(browser *b, bool is_loud, bool is_lost)
{
    uint8_t packet[1024];
    float pcm[PL_CODEC_FRAME];
    for (size_t i = 0; i < PL_CODEC_FRAME; i++) {
        b->out.phase += 0.05;
        pcm[i] = is_loud ? 0.3F * (float)sin(b->out.phase) : 0.0F;
    }
    size_t n = begin_packet(&b->out, OPUS_PT, 960, packet);
    n += pl_codecs.codec[PL_AUDIO_OPUS]->encode(b->encoder, pcm, packet + n);
    assert_int_equal(pl_srtp_protect(b->srtp, false, packet, sizeof packet, &n),
                     PL_OK);
    if (!is_lost)
        peer_client_send(b->client, packet, n);
    peer_client_flush(b->client);
}

/* 20 ms of everybody: turns to speak change, packets get lost. */
static void everybody_speaks(unsigned tick)
{
    uint8_t heard[2048];
    for (unsigned i = 0; i < PHONES; i++) {
        phone_speaks(&phones[i], (tick / 20 + i) % 3 == 0, (tick + i) % 9 == 0);
        while (recv(phones[i].fd, heard, sizeof heard, MSG_DONTWAIT) > 0) {
        }
    }
    for (unsigned i = 0; i < BROWSERS; i++)
        browser_speaks(&browsers[i], (tick / 25 + i) % 2 == 0,
                       (tick + i) % 11 == 0);
    (void)poll(NULL, 0, TICK_MS); /* the pace of who speaks */
}

/* ---- stories ------------------------------------------------------------ */

static char folder[64]; /* of recordings */

static int begin(void **state)
{
    const worker_options roomy = {.max_legs = 16, .recordings_dir = folder};
    folder_make(folder, sizeof folder);
    return worker_begin_with(state, &roomy);
}

static int end(void **state)
{
    int rc = worker_end(state);
    folder_remove(folder);
    return rc;
}

static void record(world *w)
{
    pl_media_record_start m = {.part = 1, .mix = true, .stems = true};
    SET_TEXT(m.room_id, room);
    SET_TEXT(m.recording_id, "hot");
    assert_int_equal(ask(w, EPOCH, &PL_MSG_MEDIA_RECORD_START, &m), PL_OK);
}

static void open_large_room(world *w)
{
    pl_media_room_open m = {.mode = PL_ROOM_MODE_MIX, .max_legs = 16};
    SET_TEXT(m.room_id, room);
    assert_int_equal(ask(w, EPOCH, &PL_MSG_MEDIA_ROOM_OPEN, &m), PL_OK);
}

static void people_come(world *w)
{
    memset(phones, 0, sizeof phones);
    memset(browsers, 0, sizeof browsers);
    open_large_room(w);
    for (unsigned i = 0; i < PHONES; i++) {
        phone_opens(&phones[i], i);
        phone_calls(w, &phones[i]);
    }
    for (unsigned i = 0; i < BROWSERS; i++)
        browser_calls(w, &browsers[i], i);
}

static void people_go(void)
{
    for (unsigned i = 0; i < PHONES; i++)
        (void)close(phones[i].fd);
    for (unsigned i = 0; i < BROWSERS; i++) {
        peer_client_destroy(&browsers[i].client);
        pl_srtp_destroy(&browsers[i].srtp);
        pl_codecs.codec[PL_AUDIO_OPUS]->encoder_destroy(&browsers[i].encoder);
    }
}

/* One comes and goes while the others talk, and one is played a prompt. */
static void somebody_moves(world *w, unsigned tick)
{
    phone *p = &phones[PHONES - 1];
    if (tick % 50 == 20)
        assert_int_equal(destroy(w, p->id), PL_OK);
    if (tick % 50 == 40)
        phone_calls(w, p);
    if (tick % 50 == 10)
        assert_int_equal(play(w, phones[0].id, "beep-join", false), PL_OK);
}

static void assert_nothing_was_counted(void)
{
    for (unsigned k = 0; k < HOT_KINDS; k++) {
        if (hot_counted((hot_kind)k) > 0)
            fail_msg("%zu %s in the packet path", hot_counted((hot_kind)k),
                     hot_kind_text((hot_kind)k));
    }
}

static void packets_and_ticks_do_their_work_and_nothing_else(void **state)
{
    world *w = *state;
#ifdef HOT_CALLS_OFF
    skip();
#endif
    people_come(w);
    record(w);
    for (unsigned tick = 0; tick < TICKS; tick++) {
        everybody_speaks(tick);
        somebody_moves(w, tick);
    }
    assert_nothing_was_counted();
    /* and it was no still life */
    assert_true(atomic_load(&n_ticks) > TICKS / 2);
    assert_true(atomic_load(&n_read) > TICKS * (PHONES + BROWSERS) / 2);
    assert_true(atomic_load(&n_taken) > TICKS * (PHONES + BROWSERS) / 2);
    static const pl_media_metric done[] = {
        PL_MEDIA_M_engine_rtp_in,    PL_MEDIA_M_engine_rtp_out,
        PL_MEDIA_M_engine_decodes,   PL_MEDIA_M_engine_encodes_opus,
        PL_MEDIA_M_engine_concealed, PL_MEDIA_M_engine_switches,
        PL_MEDIA_M_packet_read_us,   PL_MEDIA_M_packet_wait_us,
        PL_MEDIA_M_packet_used_us,   PL_MEDIA_M_packet_sent_us,
        PL_MEDIA_M_recording_bytes};
    for (size_t i = 0; i < sizeof done / sizeof done[0]; i++) {
        unsigned tick = TICKS; /* some are told a little later */
        while (pl_metrics_value(w->metrics, done[i]) == 0 &&
               tick++ < TICKS + WAIT_TRIES)
            everybody_speaks(tick);
        assert_true(pl_metrics_value(w->metrics, done[i]) > 0);
    }
    people_go();
}

/* The counters count: a tick that misbehaves once is seen. */
static void whatever_is_forbidden_would_be_seen(void **state)
{
    world *w = *state;
#ifdef HOT_CALLS_OFF
    skip();
#endif
    people_come(w);
    for (int k = 0; k < HOT_KINDS; k++) {
        size_t before = hot_counted((hot_kind)k);
        atomic_store(&fault, k);
        for (unsigned i = 0;
             i < WAIT_TRIES && hot_counted((hot_kind)k) <= before; i++)
            everybody_speaks(i);
        if (hot_counted((hot_kind)k) <= before)
            fail_msg("%s are not counted", hot_kind_text((hot_kind)k));
    }
    people_go();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(packets_and_ticks_do_their_work_and_nothing_else),
        TEST(whatever_is_forbidden_would_be_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
