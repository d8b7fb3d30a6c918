/* bench_takeover.c - the gap that is heard when a media worker is killed or
 * drains, and its sibling on the same host goes on with the conference: the
 * whole system with two media workers, one room, one who talks all the time.
 *
 * usage: bench_takeover [--participants N] [--runs N] [kill|drain]
 *        [webrtc|sip]   50 participants, 5 runs, each of the four kinds
 *
 * Figures of each run, over the listeners: the longest stretch of their time
 * line without the talker's voice, and the longest time without a packet. Both
 * hold one frame, 20 ms, when nothing happens. Without a sibling clients get
 * new offers, which the generator's do not take: that way is not measured.
 *
 * docs/performance.md says what the numbers mean. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load/adapter.h"
#include "load/child.h"
#include "load_system.h"
#include "pl/log.h"
#include "pl/str.h"

enum {
    POSITIONS_S = 7, /* every worker has told by then where its legs are */
    WINDOW_S = 6,
    BEFORE_MS = 2000, /* of the window, until the signal */
    PHASE_MS = 233,   /* from run to run: ticks and reports are at all phases */
    BUSY_MS = 1500,
    TEXT = 160,
    PARTICIPANTS_MAX = 1000,
    RUNS_MAX = 100,
    FRAME_US = 20000
};

typedef struct bench_plan {
    unsigned participants, runs;
    bool kinds[2][2]; /* [drain][sip] */
} bench_plan;

typedef struct strike {
    pthread_t thread;
    long pid;
    const char *sibling;
    int signal;
    unsigned after_ms;
    struct timespec at; /* when it was sent, CLOCK_REALTIME */
} strike;

static load_system server;
static pl_stats all_silence, all_pause;

/* ---- who has the room ---------------------------------------------------- */

/* Two processes, one of which mixes. */
static const char *busy_node(void)
{
    static const char *const nodes[] = {"media-1", "media-2"};
    double used[2];
    for (size_t i = 0; i < 2; i++)
        used[i] = load_system_usage(&server, nodes[i]).cpu_s;
    pause_ms(BUSY_MS);
    for (size_t i = 0; i < 2; i++)
        used[i] = load_system_usage(&server, nodes[i]).cpu_s - used[i];
    return nodes[used[1] > used[0]];
}

static void *run_strike(void *arg)
{
    strike *s = arg;
    pause_ms(s->after_ms);
    (void)clock_gettime(CLOCK_REALTIME, &s->at);
    (void)kill((pid_t)s->pid, s->signal);
    return NULL;
}

/* ---- what was logged of it ----------------------------------------------- */

/* Milliseconds from the signal to a line of a process's log; -1: there is none.
 * Lines begin with the time, RFC 3339 in UTC with milliseconds. */
static double logged_ms(const strike *s, const char *node, const char *event,
                        bool is_last)
{
    char path[TEXT];
    char line[1024];
    double ms = -1.0;
    pl_fmt_cut(path, sizeof path, "%s/var/log/%s.log", server.dir, node);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        struct tm t = {0};
        double seconds = 0.0;
        const char *at = strstr(line, "20");
        if (!strstr(line, event) || !at || (ms >= 0.0 && !is_last) ||
            sscanf(at, "%d-%d-%dT%d:%d:%lf", &t.tm_year, &t.tm_mon, &t.tm_mday,
                   &t.tm_hour, &t.tm_min, &seconds) != 6)
            continue;
        t.tm_year -= 1900;
        t.tm_mon--;
        double then = (double)timegm(&t) + seconds;
        double struck = (double)s->at.tv_sec + (double)s->at.tv_nsec / 1e9;
        if (then >= struck - 0.001)
            ms = (then - struck) * 1000.0;
    }
    if (f)
        (void)fclose(f);
    return ms;
}

/* ---- one run --------------------------------------------------------------
 */

static void print_run(const strike *s, bool is_drain, bool is_sip,
                      const pl_load_result *r)
{
    (void)printf(
        "%-5s %-6s detected %4.0f ms, last leg %4.0f ms | no voice p50 %3.0f "
        "p99 %3.0f max %3.0f ms | no packet p50 %3.0f p99 %3.0f max %3.0f ms%s"
        "%s\n",
        is_drain ? "drain" : "kill", is_sip ? "sip" : "webrtc",
        logged_ms(s, "roompool", is_drain ? "worker_drains" : "worker_down",
                  false),
        logged_ms(s, s->sibling, "leg_imported", true),
        (double)pl_stats_at(&r->silence_us, 0.5) / 1000.0,
        (double)pl_stats_at(&r->silence_us, 0.99) / 1000.0,
        (double)r->silence_us.max / 1000.0,
        (double)pl_stats_at(&r->pause_us, 0.5) / 1000.0,
        (double)pl_stats_at(&r->pause_us, 0.99) / 1000.0,
        (double)r->pause_us.max / 1000.0, r->reason[0] ? "; " : "", r->reason);
    (void)fflush(stdout);
}

/* Everybody is there, hears the talker, and goes on to after the strike. */
static bool strike_room(pl_load *load, const bench_plan *plan, unsigned n,
                        bool is_drain, bool is_sip)
{
    static pl_load_result r; /* large */
    if (pl_load_wait(load, POSITIONS_S * 1000) != PL_OK)
        return false;
    strike s = {.signal = is_drain ? SIGTERM : SIGKILL,
                .after_ms = BEFORE_MS + n * PHASE_MS % 1000};
    const char *node = busy_node();
    s.pid = load_system_pid(&server, node);
    s.sibling = strcmp(node, "media-1") == 0 ? "media-2" : "media-1";
    if (s.pid <= 0 || pthread_create(&s.thread, NULL, run_strike, &s) != 0)
        return false;
    pl_err e = pl_load_window(load, WINDOW_S, &r);
    (void)pthread_join(s.thread, NULL);
    if (e != PL_OK) {
        (void)printf("%s\n", r.reason);
        return false;
    }
    bool has_all = r.hearing.receivers == plan->participants &&
                   r.silence_us.n == plan->participants - 1U;
    print_run(&s, is_drain, is_sip, &r);
    pl_stats_merge(&all_silence, &r.silence_us);
    pl_stats_merge(&all_pause, &r.pause_us);
    return has_all;
}

static bool run_once(const bench_plan *plan, unsigned n, bool is_drain,
                     bool is_sip)
{
    const load_system_options options = {
        .with_siblings = true, .log_level = "info", .more = "[room load-0]\n"};
    char url[TEXT];
    char reason[PL_LOAD_REASON] = "";
    pl_load *load = NULL;
    if (!load_system_start(&server, &options)) {
        load_system_stop(&server);
        return false;
    }
    pl_fmt_cut(url, sizeof url,
               is_sip ? "127.0.0.1:%u" : "https://127.0.0.1:%u",
               server.port + (is_sip ? 1 : 0));
    pl_load_options o = PL_LOAD_DEFAULT;
    o.speech = PL_BENCH_ROOT "/media-worker/prompts";
    o.server = url;
    o.participants = plan->participants;
    o.talkers = 1;
    o.verify = plan->participants;
    o.transport = is_sip ? PL_LOAD_RTP : PL_LOAD_WEBRTC;
    o.codec = is_sip ? PL_AUDIO_PCMA : PL_AUDIO_OPUS;
    o.max_loss_percent = 1e6; /* numbers jump ahead: no loss */
    o.is_quiet = true;
    const pl_load_adapter *adapter =
        is_sip ? &pl_load_parley_sip : &pl_load_parley_rest;
    bool is_good = pl_load_create(&o, adapter, reason, &load) == PL_OK &&
                   pl_load_add_rooms(load, 1) == PL_OK;
    if (!is_good)
        (void)printf("%s\n", load ? pl_load_reason(load) : reason);
    is_good = is_good && strike_room(load, plan, n, is_drain, is_sip);
    pl_load_destroy(&load);
    load_system_stop(&server);
    return is_good;
}

static bool run_kind(const bench_plan *plan, bool is_drain, bool is_sip)
{
    bool is_good = true;
    all_silence = all_pause = (pl_stats){.n = 0};
    for (unsigned i = 0; i < plan->runs; i++)
        is_good = run_once(plan, i, is_drain, is_sip) && is_good;
    (void)printf(
        "%-5s %-6s of %llu listeners in %u runs, frames of 20 ms without a "
        "voice: p50 %.1f p99 %.1f max %.1f; longest time without a packet: "
        "p50 %.0f p99 %.0f max %.0f ms\n",
        is_drain ? "DRAIN" : "KILL", is_sip ? "SIP" : "WebRTC",
        (unsigned long long)all_silence.n, plan->runs,
        (double)pl_stats_at(&all_silence, 0.5) / FRAME_US,
        (double)pl_stats_at(&all_silence, 0.99) / FRAME_US,
        (double)all_silence.max / FRAME_US,
        (double)pl_stats_at(&all_pause, 0.5) / 1000.0,
        (double)pl_stats_at(&all_pause, 0.99) / 1000.0,
        (double)all_pause.max / 1000.0);
    return is_good;
}

/* ---- arguments ------------------------------------------------------------
 */

static bool read_count(const char *text, uint64_t max, unsigned *ret)
{
    uint64_t n = 0;
    if (!text || pl_parse_u64(pl_slice_str(text), max, &n) != PL_OK || n == 0)
        return false;
    *ret = (unsigned)n;
    return true;
}

/* A word leaves out the kinds that it does not name. */
static bool leave_out(bench_plan *plan, const char *word)
{
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 2; k++) {
            if (strcmp(word, "kill") == 0) {
                plan->kinds[1][k] = false;
            } else if (strcmp(word, "drain") == 0) {
                plan->kinds[0][k] = false;
            } else if (strcmp(word, "webrtc") == 0) {
                plan->kinds[i][1] = false;
            } else if (strcmp(word, "sip") == 0) {
                plan->kinds[i][0] = false;
            } else {
                return false;
            }
        }
    }
    return true;
}

static bool read_plan(int argc, char **argv, bench_plan *ret)
{
    *ret = (bench_plan){50, 5, {{true, true}, {true, true}}};
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        bool is_count = strcmp(argv[i], "--participants") == 0;
        if (is_count || strcmp(argv[i], "--runs") == 0) {
            if (!read_count(next, is_count ? PARTICIPANTS_MAX : RUNS_MAX,
                            is_count ? &ret->participants : &ret->runs))
                return false;
            i++;
        } else if (!leave_out(ret, argv[i])) {
            return false;
        }
    }
    return ret->participants > 1;
}

int main(int argc, char **argv)
{
    bench_plan plan;
    bool is_good = true;
    if (!read_plan(argc, argv, &plan)) {
        (void)fprintf(stderr,
                      "usage: bench_takeover [--participants N] [--runs N] "
                      "[kill|drain] [webrtc|sip]\n");
        return 64;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    pl_log_set_level(PL_LOG_WARN);
    for (size_t drain = 0; drain < 2; drain++) {
        for (size_t sip = 0; sip < 2; sip++) {
            if (plan.kinds[drain][sip])
                is_good = run_kind(&plan, drain == 1, sip == 1) && is_good;
        }
    }
    return is_good ? 0 : 1;
}
