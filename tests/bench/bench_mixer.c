/* bench_mixer.c - what a room costs: CPU a participant, encodes a tick, the
 * time of a tick, lateness in a real thread, memory a participant.
 *
 * First the engine alone, tick after tick without waiting: packets of browsers
 * with audio levels and SRTP, three of them talking (Opus). Then the same room
 * in a mixing thread on the real clock, sending to a socket that nobody reads:
 * the system calls are in, and the lateness of ticks is what the machine
 * gives. Usage: bench_mixer [seconds, default 10] [clock: 0 or 1] */
#include <malloc.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/media_metrics.h"
#include "io/codecs.h"
#include "io/mixer_thread.h"
#include "io/srtp.h"
#include "mixer_peers.h"
#include "pl/str.h"

enum { MAX_SAMPLES = 1 << 16 };

static double cpu_us(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
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
    double cpu_us, encodes, decodes, p50_us, p99_us;
} result;

static pl_mix_input inputs[PEERS_MAX];

static result run_engine(size_t n, bool is_secure, size_t n_ticks)
{
    static double took[MAX_SAMPLES];
    enum { WARM = 50 };
    result r = {0};
    peers_open(n, is_secure);
    pl_engine *e = peers_engine();
    int64_t now_us = 1000000;
    double cpu = 0.0;
    pl_engine_stats at = {0};
    for (size_t t = 0; t < WARM + n_ticks; t++) {
        if (t == WARM)
            at = *pl_engine_stats_get(e);
        for (uint32_t i = 0; i < n; i++) {
            inputs[i].kind = PL_MIX_PACKET;
            inputs[i].leg = (pl_mix_id){i, 1};
            peers_packet(i, t, &inputs[i].u.packet);
            inputs[i].u.packet.arrival_us = now_us;
        }
        now_us += PL_TICK_US;
        double begin = cpu_us(CLOCK_THREAD_CPUTIME_ID);
        for (uint32_t i = 0; i < n; i++)
            pl_engine_input(e, &inputs[i]);
        pl_engine_tick(e, now_us);
        double tick_us = cpu_us(CLOCK_THREAD_CPUTIME_ID) - begin;
        if (t >= WARM) {
            took[t - WARM] = tick_us;
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
    peers_close();
    pl_engine_destroy(&e);
    return r;
}

/* ---- memory ------------------------------------------------------------- */

/* What one more leg takes: at first it may talk, so that an encoder and a
 * decoder come with it; once there are enough of those it only listens. */
static void print_memory(void)
{
    enum { FEW = 2, MANY = 40, MORE = 100 };
    size_t at[MORE + 1];
    peers_open(0, true);
    pl_engine *e = peers_engine();
    peers_open(MORE, true);
    for (uint32_t i = 0; i < MORE; i++) {
        at[i] = heap_bytes();
        pl_mix_command c = peers_leg(i);
        pl_engine_command(e, &c);
        pl_mix_input up = peers_up(i, 1, 9);
        pl_engine_input(e, &up);
    }
    at[MORE] = heap_bytes();
    (void)printf("memory of the engine a leg: %.1f KB for who may talk, %.1f "
                 "KB for who listens\n",
                 (double)(at[FEW + 1] - at[FEW]) / 1000.0,
                 (double)(at[MORE] - at[MANY]) / (MORE - MANY) / 1000.0);
    pl_engine_destroy(&e);
    peers_close();
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
        peers_must(PL_EIO, "socket");
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static void run_clock(size_t n, unsigned seconds)
{
    pl_metrics *metrics = NULL;
    pl_mixer *mixer = NULL;
    uint16_t port = 0;
    int fd = sink_socket(&port);
    peers_must(pl_metrics_create(METRICS, PL_MEDIA_M_COUNT, &metrics),
               "metrics");
    const pl_mixer_options options = {.n_threads = 1,
                                      .priority = 10,
                                      .max_legs = PEERS_MAX,
                                      .max_rooms = 1,
                                      .codecs = &pl_codecs,
                                      .srtp = &pl_srtp_library,
                                      .metrics = metrics};
    peers_must(pl_mixer_start(&options, &mixer), "mixer");
    pl_mix_command c = peers_room();
    peers_must(pl_mixer_command(mixer, 0, &c), "command");
    peers_open(n, true);
    for (uint32_t i = 0; i < n; i++) {
        c = peers_leg(i);
        peers_must(pl_mixer_command(mixer, 0, &c), "command");
    }
    for (uint32_t i = 0; i < n; i++) {
        *pl_mixer_reserve(mixer, 0) = peers_up(i, fd, port);
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
            peers_packet(i, t, &in->u.packet);
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
    peers_close();
    pl_mixer_stop(&mixer);
    pl_metrics_destroy(&metrics);
    (void)close(fd);
}

static void usage(void)
{
    (void)fputs("usage: bench_mixer [seconds] [0|1]\n", stderr);
    exit(64);
}

int main(int argc, char **argv)
{
    static const size_t rooms[] = {2, 10, 50, PEERS_MAX};
    enum { N_ROOMS = sizeof rooms / sizeof *rooms };
    uint64_t seconds = 10;
    uint64_t has_clock = 1;
    if (argc > 1 &&
        pl_parse_u64(pl_slice_str(argv[1]), 1000, &seconds) != PL_OK)
        usage();
    if (argc > 2 && pl_parse_u64(pl_slice_str(argv[2]), 1, &has_clock) != PL_OK)
        usage();
    peers_must(pl_srtp_library_open(), "srtp");
    peers_make_voices();
    print_memory();
    for (int is_secure = 1; is_secure >= 0; is_secure--) {
        (void)printf("engine alone: Opus, %s, %d talkers\n",
                     is_secure ? "AEAD_AES_128_GCM, levels"
                               : "plain RTP, all decoded",
                     PEERS_TALKERS);
        (void)printf("%12s %14s %12s %12s %10s %10s\n", "participants",
                     "us CPU/part./s", "encodes/tick", "decodes/tick", "p50 us",
                     "p99 us");
        for (size_t i = 0; i < N_ROOMS - !is_secure; i++) {
            result r = run_engine(rooms[i], is_secure, (size_t)seconds * 50);
            (void)printf("%12zu %14.0f %12.2f %12.2f %10.0f %10.0f\n", rooms[i],
                         r.cpu_us, r.encodes, r.decodes, r.p50_us, r.p99_us);
        }
    }
    if (has_clock) {
        (void)printf("in a mixing thread on the clock, %u s each\n",
                     (unsigned)seconds);
        (void)printf("%12s %14s %14s %14s %14s %10s\n", "participants",
                     "late p50 us<=", "late p99 us<=", "work p50 us<=",
                     "work p99 us<=", "skipped");
        for (size_t i = 0; i < N_ROOMS; i++)
            run_clock(rooms[i], (unsigned)seconds);
    }
    pl_srtp_library_close();
    return 0;
}
