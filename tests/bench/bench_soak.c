/* bench_soak.c - half an hour of coming and going: the four processes, rooms
 * that stay and must sound right all the time, others in which participants
 * come and go, all over the REST API. Nothing may grow, everything must be gone
 * at the end, and no tick may be late without a recorded cause.
 *
 * usage: bench_soak [--minutes N | --seconds N]   30 minutes; seconds: the test
 *        that CI runs, with shorter windows and more loss allowed, and longer
 *        where too few of them are good, since its machine does other things
 *        too */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "load/adapter.h"
#include "load/child.h"
#include "load/prom.h"
#include "load_system.h"
#include "pl/log.h"
#include "pl/str.h"
#include "soak_watch.h"

enum {
    STAY_MEMBERS = 6,
    CHURN_MEMBERS = 4,
    TALKERS = 3,
    GONE_LIMIT_MS = 20000,
    STEP_MS = 200,
    CAUSE_LIMIT_MS = 5000,
    LATE_US = 5000,
    URL_MAX = 128,
    ROOMS_TEXT = 2048,
    PAGE_MAX = 1 << 20
};

/* How long, how much. */
typedef struct soak_plan {
    unsigned seconds, window_s;
    unsigned stay_rooms, churn_rooms;
    unsigned pause_ms; /* between two who come or go */
    double max_loss_percent;
    double bad_share; /* of the windows that may not be good: something else on
                         the machine kept us or them from running */
    unsigned good_windows; /* it goes on until there are as many .. */
    unsigned most_seconds; /* .. or so long at most */
} soak_plan;

static const soak_plan LONG = {1800, 20, 4, 6, 60, 0.1, 0.02, 0, 0};
static const soak_plan SHORT = {16, 2, 2, 2, 60, 5.0, 0.9, 4, 120};

/* What the child tells at its end. */
typedef struct churn_count {
    unsigned n_left, n_came;
    bool is_good;
    char reason[PL_LOAD_REASON];
} churn_count;

typedef struct churn {
    pid_t pid;
    int go, report; /* pipes */
} churn;

static load_system server;
static watch seen;

static double now_s(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static pl_load_options options_of(const soak_plan *plan, const char *url,
                                  const char *room, unsigned rooms,
                                  unsigned members)
{
    pl_load_options o = PL_LOAD_DEFAULT;
    o.speech = PL_BENCH_ROOT "/media-worker/prompts";
    o.server = url;
    o.room = room;
    o.participants = members;
    o.talkers = TALKERS;
    o.capacity = rooms * members;
    o.codec = PL_AUDIO_OPUS;
    o.transport = PL_LOAD_WEBRTC;
    o.max_loss_percent = plan->max_loss_percent;
    o.is_quiet = true;
    return o;
}

/* ---- those who come and go, in a process of their own ------------------- */

static bool is_over(int go)
{
    char c;
    return read(go, &c, 1) == 0; /* does not block */
}

static void come_and_go(const soak_plan *plan, pl_load *load, int go,
                        churn_count *count)
{
    unsigned n = pl_load_parties(load);
    bool is_in[256];
    uint32_t random = 1;
    for (unsigned i = 0; i < n; i++)
        is_in[i] = true;
    count->is_good = true;
    while (count->is_good && !is_over(go)) {
        random = random * 1664525U + 1013904223U;
        unsigned who = (random >> 8) % n;
        pl_err e =
            is_in[who] ? pl_load_leave(load, who) : pl_load_rejoin(load, who);
        *(is_in[who] ? &count->n_left : &count->n_came) += 1;
        is_in[who] = !is_in[who];
        count->is_good =
            e == PL_OK && pl_load_wait(load, plan->pause_ms) == PL_OK;
    }
}

static void run_churn(const soak_plan *plan, const char *url, int go,
                      int report)
{
    churn_count count = {0};
    pl_load_options o =
        options_of(plan, url, "soakchurn%u", plan->churn_rooms, CHURN_MEMBERS);
    pl_load *load = NULL;
    char c;
    o.verify = 0;
    pl_err e = pl_load_create(&o, &pl_load_parley_rest, count.reason, &load);
    while (read(go, &c, 1) < 0) /* the word to begin */
        pause_ms(STEP_MS);
    if (e == PL_OK)
        e = pl_load_add_rooms(load, plan->churn_rooms);
    if (e == PL_OK)
        come_and_go(plan, load, go, &count);
    if (load && !count.is_good)
        pl_fmt_cut(count.reason, sizeof count.reason, "%s",
                   pl_load_reason(load));
    pl_load_destroy(&load);
    _exit(write(report, &count, sizeof count) == sizeof count ? 0 : 70);
}

static bool start_churn(const soak_plan *plan, const char *url, churn *ret)
{
    int go[2];
    int report[2];
    if (pipe(go) != 0 || pipe(report) != 0 ||
        fcntl(go[0], F_SETFL, O_NONBLOCK) != 0)
        return false;
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(go[1]);
        (void)close(report[0]);
        run_churn(plan, url, go[0], report[1]);
    }
    (void)close(go[0]);
    (void)close(report[1]);
    *ret = (churn){pid, go[1], report[0]};
    return pid > 0;
}

/* End it and hear what it did. */
static bool end_churn(churn *c, churn_count *ret_count)
{
    *ret_count = (churn_count){.reason = "it ended without a word"};
    (void)close(c->go);
    bool is_told =
        read(c->report, ret_count, sizeof *ret_count) == sizeof *ret_count;
    (void)close(c->report);
    (void)waitpid(c->pid, NULL, 0);
    return is_told && ret_count->is_good;
}

/* ---- the server's own figures ------------------------------------------- */

/* Metrics of all processes; "" not read. Borrowed until the next call. */
static const char *read_page(void)
{
    static char page[PAGE_MAX];
    char command[URL_MAX];
    pl_fmt_cut(command, sizeof command,
               "curl -sk --max-time 5 https://127.0.0.1:%u/metrics",
               server.port);
    FILE *f = popen(command, "r");
    page[f ? fread(page, 1, sizeof page - 1, f) : 0] = '\0';
    if (f)
        (void)pclose(f);
    return page;
}

/* Sum of a metric over its labels; -1: it is not there. */
static double metric(const char *page, const char *name)
{
    double value = -1.0;
    return pl_prom_value(page, name, &value) ? value : -1.0;
}

static bool wait_for_legs(double n)
{
    double now = -1.0;
    for (long ms = 0; ms < GONE_LIMIT_MS; ms += STEP_MS) {
        now = metric(read_page(), "pl_media_legs");
        if (now == n)
            return true;
        pause_ms(STEP_MS);
    }
    (void)printf("%.0f legs are left, not %.0f\n", now, n);
    return false;
}

/* Ticks that began more than 5 ms late; -1 not known. */
static double late_ticks(const char *page)
{
    pl_prom_histogram late;
    pl_prom_read(page, "pl_media_tick_late_us", &late);
    for (size_t i = 0; i < late.n; i++) {
        if (late.bound[i] == LATE_US)
            return late.total - late.count[i];
    }
    return -1.0;
}

/* A cause is counted up to 100 ms after its tick. */
static bool ticks_have_causes(void)
{
    double late = -1.0;
    double causes = -1.0;
    bool is_good = false;
    for (long ms = 0; ms < CAUSE_LIMIT_MS && !is_good; ms += STEP_MS) {
        const char *page = read_page();
        late = late_ticks(page);
        causes = metric(page, "pl_media_late_ticks_total");
        is_good = late >= 0.0 && causes == late;
        if (!is_good)
            pause_ms(STEP_MS);
    }
    (void)printf("ticks that began more than 5 ms late: %.0f, with a cause "
                 "recorded: %.0f\n",
                 late, causes);
    return is_good;
}

/* ---- the run ------------------------------------------------------------ */

static bool run_windows(const soak_plan *plan, pl_load *stay)
{
    static pl_load_result r; /* large */
    double begun = now_s();
    unsigned n = 0;
    unsigned n_bad = 0;
    while (now_s() - begun < plan->seconds ||
           (n - n_bad < plan->good_windows &&
            now_s() - begun < plan->most_seconds)) {
        if (pl_load_window(stay, plan->window_s, &r) != PL_OK) {
            (void)printf("the rooms that stay: %s\n", pl_load_reason(stay));
            return false;
        }
        n++;
        n_bad += !r.is_good;
        if (!r.is_good)
            (void)printf("%.0f s: %s\n", now_s() - begun, r.reason);
        if (!watch_sample(&seen, now_s() - begun))
            return false;
    }
    (void)printf("%u windows of %u s, %u of them not as they should be\n", n,
                 plan->window_s, n_bad);
    return n - n_bad >= plan->good_windows &&
           n_bad <= (unsigned)(plan->bad_share * n);
}

static bool soak(const soak_plan *plan, pl_load *stay, churn *others)
{
    churn_count count;
    double n_stay = (double)pl_load_parties(stay);
    bool is_good = wait_for_legs(n_stay) && watch_sample(&seen, 0.0);
    if (write(others->go, "g", 1) != 1)
        is_good = false;
    is_good = is_good && run_windows(plan, stay);
    bool is_told = end_churn(others, &count);
    (void)printf("%u times somebody left, %u times somebody came%s%s\n",
                 count.n_left, count.n_came, is_told ? "" : "; ",
                 is_told ? "" : count.reason);
    is_good = is_good && is_told && wait_for_legs(n_stay);
    /* A quarter is for warming up; the first sample is before it all. */
    size_t first = 1 + (seen.n - 1) / 4;
    is_good = watch_is_flat(&seen, first) && is_good;
    is_good = watch_sample(&seen, 0.0) && watch_is_back(&seen, 0) && is_good;
    return ticks_have_causes() && is_good;
}

static bool run(const soak_plan *plan)
{
    static const char *const nodes[] = {"roompool", "media-1", "signaling-1",
                                        "api-1"};
    char url[URL_MAX];
    char reason[PL_LOAD_REASON] = "";
    churn others = {0};
    pl_load *stay = NULL;
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++)
        watch_add(&seen, nodes[i], load_system_pid(&server, nodes[i]));
    pl_fmt_cut(url, sizeof url, "https://127.0.0.1:%u", server.port);
    if (!start_churn(plan, url, &others))
        return false;
    pl_load_options o =
        options_of(plan, url, "soakstay%u", plan->stay_rooms, STAY_MEMBERS);
    o.verify = plan->stay_rooms;
    if (pl_load_create(&o, &pl_load_parley_rest, reason, &stay) != PL_OK ||
        pl_load_add_rooms(stay, plan->stay_rooms) != PL_OK) {
        (void)printf("%s\n", stay ? pl_load_reason(stay) : reason);
        (void)kill(others.pid, SIGKILL);
        (void)waitpid(others.pid, NULL, 0);
        pl_load_destroy(&stay);
        return false;
    }
    bool is_good = soak(plan, stay, &others);
    pl_load_destroy(&stay);
    return is_good;
}

static bool read_plan(int argc, char **argv, soak_plan *ret_plan)
{
    uint64_t n = 0;
    *ret_plan = LONG;
    if (argc == 1)
        return true;
    if (argc != 3 || pl_parse_u64(pl_slice_str(argv[2]), 86400, &n) != PL_OK ||
        n == 0)
        return false;
    if (strcmp(argv[1], "--seconds") == 0) {
        *ret_plan = SHORT;
        ret_plan->seconds = (unsigned)n;
        return true;
    }
    ret_plan->seconds = (unsigned)n * 60;
    return strcmp(argv[1], "--minutes") == 0;
}

/* Sections of the configuration. */
static void list_rooms(const soak_plan *plan, char text[ROOMS_TEXT])
{
    size_t len = 0;
    unsigned n = plan->stay_rooms + plan->churn_rooms;
    for (unsigned i = 0; i < n && len + URL_MAX < ROOMS_TEXT; i++) {
        bool is_stay = i < plan->stay_rooms;
        pl_fmt_cut(text + len, ROOMS_TEXT - len, "[room %s%u]\n",
                   is_stay ? "soakstay" : "soakchurn",
                   is_stay ? i : i - plan->stay_rooms);
        len += strlen(text + len);
    }
}

int main(int argc, char **argv)
{
    soak_plan plan;
    if (!read_plan(argc, argv, &plan)) {
        bool is_help = strcmp(argv[1], "--help") == 0;
        bool is_known = is_help || strcmp(argv[1], "--minutes") == 0 ||
                        strcmp(argv[1], "--seconds") == 0;
        if (!is_known)
            (void)fprintf(stderr, "unknown option '%s'\n", argv[1]);
        (void)fprintf(is_help ? stdout : stderr,
                      "usage: bench_soak [--minutes N|--seconds N]\n");
        return is_help ? 0 : 64;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    pl_log_set_level(PL_LOG_WARN);
    char rooms[ROOMS_TEXT];
    list_rooms(&plan, rooms);
    const load_system_options options = {.more = rooms};
    bool is_good = load_system_start(&server, &options) && run(&plan);
    load_system_stop(&server);
    (void)printf("%s\n", is_good ? "good" : "NOT good");
    return is_good ? 0 : 1;
}
