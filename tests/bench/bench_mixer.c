/* bench_mixer.c - what a room costs: CPU a participant, encodes a tick, the
 * time of a tick, lateness in a real thread, memory a participant.
 *
 * First the engine alone, tick after tick without waiting: packets of browsers
 * with audio levels and SRTP, three of them talking (Opus). Then the same room
 * in a mixing thread on the real clock, sending to a socket that nobody reads:
 * the system calls are in, and the lateness of ticks is what the machine
 * gives. Usage: bench_mixer [seconds, default 10] [clock: 0 or 1] */
#include <malloc.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/be.h"
#include "core/level.h"
#include "core/media_metrics.h"
#include "core/rtp.h"
#include "io/codecs.h"
#include "io/mixer_thread.h"
#include "io/srtp.h"
#include "pl/str.h"

enum {
    TALKERS = 3,
    MAX_ROOM = 50,
    FRAMES = 100, /* of each voice, played in a loop */
    PT = 111,
    LEVEL_EXT = 1,
    MAX_SAMPLES = 1 << 16
};

/* A peer that sends prepared packets. */
typedef struct peer {
    pl_srtp *srtp;
    uint16_t seq;
    uint32_t ts, ssrc;
    bool is_talker;
} peer;

typedef struct frame {
    uint8_t level;
    size_t len;
    uint8_t bytes[PL_CODEC_MAX_ENCODED];
} frame;

static frame voice[TALKERS + 1][FRAMES]; /* the last one is a quiet room */
static peer peers[MAX_ROOM];
static size_t n_sent;

static double cpu_us(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_mixer: %s\n", what);
    exit(1);
}

static void must(pl_err e, const char *what)
{
    if (e != PL_OK)
        die(what);
}

/* ---- peers -------------------------------------------------------------- */

/* Buzzing with a pitch of its own and four syllables a second. */
static void make_voices(void)
{
    for (size_t v = 0; v <= TALKERS; v++) {
        pl_encoder *e = NULL;
        must(pl_codecs.codec[PL_AUDIO_OPUS]->encoder_create(
                 &(pl_encoder_options){0}, &e),
             "encoder");
        double phase = 0.0, low = 0.0;
        for (size_t f = 0; f < FRAMES; f++) {
            float pcm[PL_CODEC_FRAME];
            for (size_t i = 0; i < PL_CODEC_FRAME; i++) {
                double t = (double)(f * PL_CODEC_FRAME + i) / 48000.0;
                phase = fmod(phase + (110.0 + 40.0 * (double)v) / 48000.0, 1.0);
                low += 0.2 * ((phase - 0.5) - low);
                double loud = v == TALKERS ? 0.0005 : 0.5;
                pcm[i] = (float)(loud * low * fabs(sin(12.6 * t)));
            }
            voice[v][f].level = pl_level_code(pl_level_db(pcm, PL_CODEC_FRAME));
            voice[v][f].len = pl_codecs.codec[PL_AUDIO_OPUS]->encode(
                e, pcm, voice[v][f].bytes);
        }
        pl_codecs.codec[PL_AUDIO_OPUS]->encoder_destroy(&e);
    }
}

static pl_srtp_keys make_keys(uint32_t i)
{
    pl_srtp_keys k = {.profile = PL_SRTP_AEAD_AES_128_GCM};
    pl_be_put32(k.client_key, i + 1);
    pl_be_put32(k.server_key, i + 1001);
    return k;
}

static void make_packet(peer *p, size_t who, size_t tick, pl_mix_packet *out)
{
    const frame *f =
        &voice[p->is_talker ? who : TALKERS][(tick + 7 * who) % FRAMES];
    pl_rtp rtp = {.pt = PT, .seq = p->seq++, .ts = p->ts, .ssrc = p->ssrc};
    p->ts += PL_CODEC_FRAME;
    pl_rtp_write(&rtp, out->data);
    uint8_t *at = out->data + PL_RTP_HEADER;
    out->data[0] |= 0x10;
    pl_be_put16(at, 0xbede);
    pl_be_put16(at + 2, 1);
    at[4] = LEVEL_EXT << 4;
    at[5] = f->level;
    at[6] = at[7] = 0;
    memcpy(at + 8, f->bytes, f->len);
    size_t len = PL_RTP_HEADER + 8 + f->len;
    must(pl_srtp_protect(p->srtp, false, out->data, sizeof out->data, &len),
         "protect");
    out->len = (uint16_t)len;
    out->path = 1;
}

static void open_peers(size_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        pl_srtp_keys k = make_keys(i);
        peers[i] = (peer){.ssrc = 100 + i, .is_talker = i < TALKERS};
        must(pl_srtp_create(&k, false, &peers[i].srtp), "srtp");
    }
}

static void close_peers(size_t n)
{
    for (size_t i = 0; i < n; i++)
        pl_srtp_destroy(&peers[i].srtp);
}

static pl_mix_command room_command(void)
{
    return (pl_mix_command){
        .kind = PL_MIX_ROOM_OPEN,
        .id = {0, 1},
        .u.room = {.mode = PL_ROOM_MODE_MIX, .max_talkers = TALKERS}};
}

static pl_mix_command leg_command(uint32_t i)
{
    pl_mix_command c = {.kind = PL_MIX_LEG_ADD, .id = {i, 1}};
    c.u.leg = (pl_mix_leg){.room = {0, 1},
                           .kind = PL_LEG_KIND_WEBRTC,
                           .ssrc = 5000 + i,
                           .cname = "bench",
                           .media = {.direction = PL_DIRECTION_SENDRECV,
                                     .send_codec = PL_AUDIO_OPUS,
                                     .send_pt = PT,
                                     .n_recv = 1,
                                     .recv = {{PT, PL_AUDIO_OPUS}},
                                     .dtmf_pt = PL_MIX_NO_PT,
                                     .comfort_pt = PL_MIX_NO_PT,
                                     .level_ext_id = LEVEL_EXT},
                           .flags = {.mixed = true}};
    return c;
}

static pl_mix_input up_input(uint32_t i, int fd, uint16_t port)
{
    pl_mix_input in = {.kind = PL_MIX_TRANSPORT_UP, .leg = {i, 1}};
    in.u.up.keys = make_keys(i);
    in.u.up.is_server = true;
    in.u.up.route = (pl_mix_route){
        .fd = fd, .is_rtcp_mux = true, .rtcp_fd = -1, .remote = {.port = port}};
    const uint8_t loopback[16] = {[10] = 255, [11] = 255, [12] = 127, [15] = 1};
    memcpy(in.u.up.route.remote.ip, loopback, sizeof loopback);
    return in;
}

/* ---- the engine alone --------------------------------------------------- */

static void count_sent(void *ctx, const pl_out_packet *packets, size_t n)
{
    (void)ctx;
    (void)packets;
    n_sent += n;
}

static void no_event(void *ctx, const pl_mix_event *event)
{
    (void)ctx;
    (void)event;
}

static void no_note(void *ctx, const pl_mix_note *note)
{
    (void)ctx;
    (void)note;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static size_t heap_bytes(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

typedef struct result {
    double cpu_us, encodes, decodes, p50_us, p99_us, kib;
} result;

static pl_engine *make_engine(size_t n)
{
    pl_engine *e = NULL;
    const pl_engine_options options = {
        .max_legs = MAX_ROOM,
        .max_rooms = 1,
        .codecs = &pl_codecs,
        .srtp = &pl_srtp_library,
        .sink = {.send = count_sent, .event = no_event, .note = no_note}};
    must(pl_engine_create(&options, &e), "engine");
    pl_mix_command c = room_command();
    pl_engine_command(e, &c);
    for (uint32_t i = 0; i < n; i++) {
        c = leg_command(i);
        pl_engine_command(e, &c);
        pl_mix_input up = up_input(i, 1, 9);
        pl_engine_input(e, &up);
    }
    return e;
}

static result run_engine(size_t n, size_t n_ticks)
{
    static double took[MAX_SAMPLES];
    static pl_mix_input in;
    size_t before = heap_bytes();
    pl_engine *e = make_engine(n);
    result r = {.kib = (double)(heap_bytes() - before) / 1024.0 / (double)n};
    open_peers(n);
    int64_t now_us = 1000000;
    double cpu = 0.0;
    const size_t warm = 50;
    pl_engine_stats at = {0};
    for (size_t t = 0; t < warm + n_ticks; t++) {
        if (t == warm)
            at = *pl_engine_stats_get(e);
        double tick_us = 0.0;
        for (uint32_t i = 0; i < n; i++) {
            in = (pl_mix_input){.kind = PL_MIX_PACKET, .leg = {i, 1}};
            make_packet(&peers[i], i, t, &in.u.packet);
            in.u.packet.arrival_us = now_us;
            double begin = cpu_us(CLOCK_THREAD_CPUTIME_ID);
            pl_engine_input(e, &in);
            tick_us += cpu_us(CLOCK_THREAD_CPUTIME_ID) - begin;
        }
        now_us += PL_TICK_US;
        double begin = cpu_us(CLOCK_THREAD_CPUTIME_ID);
        pl_engine_tick(e, now_us);
        tick_us += cpu_us(CLOCK_THREAD_CPUTIME_ID) - begin;
        if (t >= warm) {
            took[t - warm] = tick_us;
            cpu += tick_us;
        }
    }
    const pl_engine_stats *now = pl_engine_stats_get(e);
    qsort(took, n_ticks, sizeof *took, compare);
    r.cpu_us = cpu / (double)n / ((double)n_ticks / 50.0);
    r.encodes = (double)(now->encodes - at.encodes) / (double)n_ticks;
    r.decodes = (double)(now->decodes - at.decodes) / (double)n_ticks;
    r.p50_us = took[n_ticks / 2];
    r.p99_us = took[n_ticks * 99 / 100];
    close_peers(n);
    pl_engine_destroy(&e);
    return r;
}

/* ---- in a thread, on the clock ------------------------------------------ */

static const pl_metric_desc METRICS[] = {PL_MEDIA_METRICS(PL_METRIC_ROW)};

static int sink_socket(uint16_t *ret_port)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        die("socket");
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static void run_clock(size_t n, unsigned seconds)
{
    pl_metrics *metrics = NULL;
    pl_mixer *mixer = NULL;
    uint16_t port = 0;
    int fd = sink_socket(&port);
    must(pl_metrics_create(METRICS, PL_MEDIA_M_COUNT, &metrics), "metrics");
    const pl_mixer_options options = {.n_threads = 1,
                                      .priority = 10,
                                      .max_legs = MAX_ROOM,
                                      .max_rooms = 1,
                                      .codecs = &pl_codecs,
                                      .srtp = &pl_srtp_library,
                                      .metrics = metrics};
    must(pl_mixer_start(&options, &mixer), "mixer");
    pl_mix_command c = room_command();
    must(pl_mixer_command(mixer, 0, &c), "command");
    open_peers(n);
    for (uint32_t i = 0; i < n; i++) {
        c = leg_command(i);
        must(pl_mixer_command(mixer, 0, &c), "command");
    }
    for (uint32_t i = 0; i < n; i++) {
        *pl_mixer_reserve(mixer, 0) = up_input(i, fd, port);
        pl_mixer_commit(mixer, 0);
    }
    struct timespec next;
    (void)clock_gettime(CLOCK_MONOTONIC, &next);
    for (size_t t = 0; t < (size_t)seconds * 50; t++) {
        for (uint32_t i = 0; i < n; i++) {
            pl_mix_input *in = pl_mixer_reserve(mixer, 0);
            if (!in)
                continue;
            in->kind = PL_MIX_PACKET;
            in->leg = (pl_mix_id){i, 1};
            in->u.packet.is_rtcp_port = false;
            make_packet(&peers[i], i, t, &in->u.packet);
            in->u.packet.arrival_us =
                (int64_t)next.tv_sec * 1000000 + next.tv_nsec / 1000;
            pl_mixer_commit(mixer, 0);
        }
        pl_mix_event event;
        while (pl_mixer_next_event(mixer, &event))
            ;
        next.tv_nsec += 20000000;
        if (next.tv_nsec >= 1000000000) {
            next.tv_nsec -= 1000000000;
            next.tv_sec++;
        }
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
    (void)printf(
        "%12zu %14llu %14llu %14llu %14llu %10lld\n", n,
        (unsigned long long)pl_metrics_quantile_us(
            metrics, PL_MEDIA_M_tick_late_us, 500),
        (unsigned long long)pl_metrics_quantile_us(
            metrics, PL_MEDIA_M_tick_late_us, 990),
        (unsigned long long)pl_metrics_quantile_us(
            metrics, PL_MEDIA_M_tick_work_us, 500),
        (unsigned long long)pl_metrics_quantile_us(
            metrics, PL_MEDIA_M_tick_work_us, 990),
        (long long)pl_metrics_value(metrics, PL_MEDIA_M_engine_ticks_skipped));
    close_peers(n);
    pl_mixer_stop(&mixer);
    pl_metrics_destroy(&metrics);
    (void)close(fd);
}

int main(int argc, char **argv)
{
    static const size_t rooms[] = {2, 10, 50};
    uint64_t seconds = 10, has_clock = 1;
    if (argc > 1 &&
        pl_parse_u64(pl_slice_str(argv[1]), 1000, &seconds) != PL_OK)
        die("usage: bench_mixer [seconds] [0|1]");
    if (argc > 2 && pl_parse_u64(pl_slice_str(argv[2]), 1, &has_clock) != PL_OK)
        die("usage: bench_mixer [seconds] [0|1]");
    must(pl_srtp_library_open(), "srtp");
    make_voices();
    (void)printf("engine alone: Opus, AEAD_AES_128_GCM, %d talkers\n", TALKERS);
    (void)printf("%12s %14s %12s %12s %10s %10s %14s\n", "participants",
                 "us CPU/part./s", "encodes/tick", "decodes/tick", "p50 us",
                 "p99 us", "KiB/particip.");
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        result r = run_engine(rooms[i], (size_t)seconds * 50);
        (void)printf("%12zu %14.0f %12.2f %12.2f %10.0f %10.0f %14.0f\n",
                     rooms[i], r.cpu_us, r.encodes, r.decodes, r.p50_us,
                     r.p99_us, r.kib);
    }
    if (has_clock) {
        (void)printf("in a mixing thread on the clock, %u s each\n",
                     (unsigned)seconds);
        (void)printf("%12s %14s %14s %14s %14s %10s\n", "participants",
                     "late p50 us<=", "late p99 us<=", "work p50 us<=",
                     "work p99 us<=", "skipped");
        for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
            run_clock(rooms[i], (unsigned)seconds);
    }
    pl_srtp_library_close();
    return 0;
}
