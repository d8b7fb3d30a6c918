/* bench_sip.c - the SIP edge with SIPp as its callers and its registrar: calls
 * into rooms from INVITE to BYE, with media; the same through two signaling
 * workers; calls that stand; registrations.
 *
 * usage: bench_sip [calls|two|held|register]..  default: all
 *
 * docs/performance.md says what the numbers mean. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load_client.h"
#include "load_parts.h"
#include "load_sipp.h"

enum {
    ROOMS = 64,
    FIRST_RATE = 25,
    MOST_RATE = 3200,
    STEP_S = 4,
    STEP_LIMIT_S = 30,
    HOLD_MS = 500,
    REFINE = 2, /* rates tried between the last good and the first bad */
    HELD = 1000,
    HELD_RATE = 100,
    HELD_MS = 60000,
    REGISTRATIONS = 2000,
    CLIENTS = 50,
    LIMIT_MS = 60000,
};

static const char *const NODES[] = {"signaling-1", "roompool", "media-1",
                                    "api-1", "signaling-2"};
enum { SIGNALING, ROOMPOOL, MEDIA, API, SECOND, N_NODES };

typedef struct bench {
    load_system system;
} bench;

typedef struct use {
    load_usage node[N_NODES];
} use;

static use use_now(const bench *b)
{
    use u = {0};
    for (size_t i = 0; i < (b->system.has_second ? N_NODES : SECOND); i++)
        u.node[i] = load_system_usage(&b->system, NODES[i]);
    return u;
}

static double cpu_ms(const use *from, const use *to, unsigned node, double n)
{
    return 1000 * (to->node[node].cpu_s - from->node[node].cpu_s) / n;
}

static bool write_users(const bench *b)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/users.csv", b->system.dir);
    FILE *f = fopen(path, "w");
    if (!f)
        return false;
    (void)fputs("SEQUENTIAL\n", f);
    for (unsigned i = 0; i < ROOMS; i++)
        (void)fprintf(f, "bench-%u;\n", i);
    return fclose(f) == 0;
}

/* ---- calls ---- */

typedef struct step {
    unsigned rate;
    load_sipp_result all;
    load_samples ringing, answered;
    use before, after;
} step;

static void free_step(step *s)
{
    load_samples_free(&s->ringing);
    load_samples_free(&s->answered);
}

static load_sipp_options calls_at(const bench *b, unsigned rate, bool to_second)
{
    return (load_sipp_options){.scenario = "sip_call",
                               .users = "users.csv",
                               .port = b->system.port + (to_second ? 5 : 4),
                               .to_port = b->system.port + (to_second ? 3 : 1),
                               .media_port =
                                   b->system.port + (to_second ? 40 : 20),
                               .rate = rate,
                               .calls = rate * STEP_S,
                               .hold_ms = HOLD_MS,
                               .limit_s = STEP_LIMIT_S};
}

/* One rate, through each worker its part. */
static bool run_step(const bench *b, unsigned rate, step *s)
{
    load_sipp sipp[2];
    size_t n = b->system.has_second ? 2 : 1;
    size_t n_started = 0;
    bool is_good = true;
    *s = (step){.rate = rate, .before = use_now(b)};
    for (; is_good && n_started < n; n_started++) {
        load_sipp_options o = calls_at(b, rate / (unsigned)n, n_started > 0);
        is_good = load_sipp_start(&sipp[n_started], &b->system, &o);
    }
    for (size_t i = 0; i < n_started; i++) {
        load_sipp_result one = {0};
        is_good = load_sipp_wait(&sipp[i], &one) && is_good;
        s->all.n_good += one.n_good;
        s->all.n_failed += one.n_failed;
        s->all.n_repeated += one.n_repeated;
        load_sipp_times(&sipp[i], 1, &s->ringing);
        load_sipp_times(&sipp[i], 2, &s->answered);
    }
    s->after = use_now(b);
    /* those that hang, too */
    s->all.n_failed = (long)rate / (long)n * (long)n * STEP_S - s->all.n_good;
    return is_good;
}

static bool is_clean(const step *s)
{
    return s->all.n_failed == 0 && s->all.n_repeated == 0 && s->all.n_good > 0;
}

static double signaling_ms(const step *s, double n)
{
    double ms = cpu_ms(&s->before, &s->after, SIGNALING, n);
    return s->after.node[SECOND].rss_kib
               ? ms + cpu_ms(&s->before, &s->after, SECOND, n)
               : ms;
}

static void print_step(step *s)
{
    double n = (double)(s->all.n_good + s->all.n_failed);
    if (n < 1)
        n = 1;
    double signaling = signaling_ms(s, n);
    (void)printf(
        "| %u | %ld | %ld | %ld | %.1f | %.1f | %.1f | %.1f | %.2f | %.2f | "
        "%.2f | %.0f |\n",
        s->rate, s->all.n_good, s->all.n_failed, s->all.n_repeated,
        load_percentile_ms(&s->ringing, 0.5),
        load_percentile_ms(&s->ringing, 0.99),
        load_percentile_ms(&s->answered, 0.5),
        load_percentile_ms(&s->answered, 0.99), signaling,
        cpu_ms(&s->before, &s->after, ROOMPOOL, n),
        cpu_ms(&s->before, &s->after, MEDIA, n),
        signaling > 0 ? 1000 / signaling : 0);
    (void)fflush(stdout);
}

static void print_head(void)
{
    (void)printf("| calls/s | good | failed | sent again | 180: p50 ms | p99 | "
                 "200: p50 ms | p99 | CPU ms a call: signaling | roompool | "
                 "media | calls/s a signaling core |\n"
                 "|---|---|---|---|---|---|---|---|---|---|---|---|\n");
}

/* Twice when the first time was not clean: other programs of the machine take
 * their turns, too. Returns: whether it could be run; ret_clean: without a
 * repetition. */
static bool try_rate(const bench *b, unsigned rate, bool *ret_clean)
{
    bool is_good = true;
    *ret_clean = false;
    for (unsigned i = 0; i < 2 && is_good && !*ret_clean; i++) {
        step s;
        is_good = run_step(b, rate, &s);
        if (is_good)
            print_step(&s);
        *ret_clean = is_good && is_clean(&s);
        free_step(&s);
    }
    return is_good;
}

static bool bench_calls(bench *b)
{
    bool is_clean_now = true;
    unsigned good = 0;
    unsigned bad = FIRST_RATE;
    print_head();
    while (bad <= MOST_RATE && is_clean_now) {
        if (!try_rate(b, bad, &is_clean_now))
            return false;
        if (is_clean_now) {
            good = bad;
            bad *= 2;
        }
    }
    for (unsigned i = 0; i < REFINE && good > 0 && !is_clean_now; i++) {
        unsigned rate = (good + bad) / 2;
        bool is_better;
        if (!try_rate(b, rate, &is_better))
            return false;
        if (is_better)
            good = rate;
        else
            bad = rate;
    }
    (void)printf("\nhighest rate at which nothing failed or was sent again: %u "
                 "calls/s\n",
                 good);
    return good > 0;
}

static bool bench_two(bench *b)
{
    bool is_clean_now;
    print_head();
    for (unsigned rate = 2 * FIRST_RATE; rate <= 8 * FIRST_RATE; rate *= 2) {
        if (!try_rate(b, rate, &is_clean_now))
            return false;
    }
    return true;
}

/* ---- calls that stand ---- */

static bool is_never(void *ctx)
{
    (void)ctx;
    return false;
}

static void wait_ms(unsigned ms)
{
    load *nothing = load_create(0);
    if (nothing)
        (void)load_run(nothing, is_never, NULL, ms);
    load_destroy(&nothing);
}

static bool bench_held(bench *b)
{
    load_sipp sipp;
    load_sipp_options o = calls_at(b, HELD_RATE, false);
    o.calls = HELD;
    o.hold_ms = HELD_MS;
    o.limit_s = LIMIT_MS / 1000;
    use before = use_now(b);
    if (!load_sipp_start(&sipp, &b->system, &o))
        return false;
    long n = 0;
    for (unsigned i = 0; i < LIMIT_MS / 500 && n < HELD; i++) {
        wait_ms(500);
        n = load_system_sql(&b->system, "SELECT count(*) FROM calls "
                                        "WHERE state = 'confirmed'");
    }
    wait_ms(2000);
    use held = use_now(b);
    wait_ms(4000);
    use later = use_now(b);
    load_sipp_kill(&sipp);
    (void)printf("| process | %ld calls, each | CPU while they stand |\n"
                 "|---|---|---|\n",
                 n);
    for (size_t i = 0; i < API; i++) {
        double kib = (double)(held.node[i].rss_kib - before.node[i].rss_kib);
        (void)printf("| %s | %.1f KiB | %.1f %% |\n", NODES[i],
                     kib / (n > 0 ? (double)n : 1),
                     (later.node[i].cpu_s - held.node[i].cpu_s) * 100 / 4);
    }
    return n == HELD;
}

/* ---- registrations ---- */

typedef struct registering {
    load *load;
    char headers[2048];
    unsigned n_begun, n_done, n_failed, n_running;
    load_samples took;
} registering;

static bool is_done(void *ctx)
{
    return ((const registering *)ctx)->n_running == 0;
}

static void on_token(void *ctx, load_conn *conn, const load_answer *answer)
{
    registering *r = ctx;
    char token[1536];
    (void)conn;
    load_member(answer, "access_token", token, sizeof token);
    (void)snprintf(r->headers, sizeof r->headers,
                   "Authorization: Bearer %s\r\n"
                   "Content-Type: application/json\r\n",
                   token);
    if (answer->status >= 400 || !token[0])
        (void)fprintf(stderr, "no token: %s\n", answer->body);
    r->n_running = 0;
}

static bool get_token(registering *r, const load_system *s)
{
    char body[512];
    load_conn *conn = load_open(r->load, on_token, r);
    (void)snprintf(body, sizeof body,
                   "grant_type=client_credentials&client_id=%s"
                   "&client_secret=%s"
                   "&scope=webrtc-registration%%3Asessions%%3Acreate",
                   s->client_id, s->client_secret);
    r->n_running = 1;
    if (conn)
        load_send(conn, "POST", "/oauth2/token",
                  "Content-Type: application/x-www-form-urlencoded\r\n", body);
    return conn && load_run(r->load, is_done, r, LIMIT_MS) && r->headers[0];
}

static void register_next(registering *r, load_conn *conn)
{
    char body[160];
    unsigned n = r->n_begun++;
    (void)snprintf(body, sizeof body,
                   "{\"deviceId\":\"00000000-0000-4000-8000-%012u\","
                   "\"phoneNumber\":\"+4930666%06u\"}",
                   n, n);
    load_send(conn, "POST", "/webrtc-registration/v0.4/sessions", r->headers,
              body);
}

static void on_registered(void *ctx, load_conn *conn, const load_answer *answer)
{
    registering *r = ctx;
    load_samples_keep(&r->took, answer->took_us);
    r->n_done++;
    if (answer->status != 201 && r->n_failed++ == 0)
        (void)fprintf(stderr, "%d %s\n", answer->status, answer->body);
    if (r->n_begun < REGISTRATIONS)
        register_next(r, conn);
    else
        r->n_running--;
}

static bool register_all(registering *r)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        load_conn *conn = load_open(r->load, on_registered, r);
        if (!conn)
            return false;
        r->n_running++;
        register_next(r, conn);
    }
    return load_run(r->load, is_done, r, LIMIT_MS);
}

static void print_registrations(registering *r, const use *from, const use *to,
                                double seconds, long n_active)
{
    double n = r->n_done ? (double)r->n_done : 1;
    load_print_head();
    (void)load_print_row("register, challenged", &r->took, seconds);
    (void)printf("\n%u registered, %u failed, %ld at the registrar; CPU ms "
                 "each: signaling %.2f, roompool %.2f, api %.2f\n",
                 r->n_done - r->n_failed, r->n_failed, n_active,
                 cpu_ms(from, to, SIGNALING, n), cpu_ms(from, to, ROOMPOOL, n),
                 cpu_ms(from, to, API, n));
}

static bool bench_register(bench *b)
{
    registering r = {.load = load_create(b->system.port)};
    load_sipp sipp;
    const load_sipp_options o = {.scenario = "sip_registrar",
                                 .port = b->system.port + LOAD_REGISTRAR_PORT,
                                 .calls = REGISTRATIONS,
                                 .limit_s = LIMIT_MS / 1000};
    bool is_good = r.load && get_token(&r, &b->system) &&
                   load_sipp_start(&sipp, &b->system, &o);
    if (is_good) {
        load_sipp_result result = {0};
        wait_ms(500); /* it has its socket */
        use before = use_now(b);
        int64_t begun = load_now_us();
        is_good = register_all(&r);
        double seconds = (double)(load_now_us() - begun) / 1e6;
        use after = use_now(b);
        is_good = load_sipp_wait(&sipp, &result) && is_good;
        print_registrations(&r, &before, &after, seconds, result.n_good);
    }
    is_good = is_good && r.n_failed == 0;
    load_destroy(&r.load);
    load_samples_free(&r.took);
    return is_good;
}

/* ---- all ---- */

#define LIMITS                                                                 \
    "max_calls = 20000\nmax_transactions = 60000\n"                            \
    "rate_per_source = 100000\nrate_total = 100000\n"

static const struct {
    const char *name;
    load_system_options system;
    bool (*run)(bench *b);
} PARTS[] = {{"calls", {.signaling = LIMITS}, bench_calls},
             {"two", {.signaling = LIMITS, .with_second = true}, bench_two},
             {"held", {.signaling = LIMITS}, bench_held},
             {"register",
              {.signaling = LIMITS,
               .number = "+4930666*",
               .roompool = "lines_file = lines\nmax_registrations = 100000\n"},
              bench_register}};

/* Each part has its own system: none pays for another's leftovers. */
static bool run_part(size_t i)
{
    static char rooms[ROOMS * 24];
    bench b = {.system = {.port = 0}};
    load_system_options o = PARTS[i].system;
    rooms[0] = '\0';
    for (unsigned k = 0; k < ROOMS; k++) {
        size_t n = strlen(rooms);
        (void)snprintf(rooms + n, sizeof rooms - n, "[room bench-%u]\n", k);
    }
    o.more = rooms;
    bool is_good = load_system_start(&b.system, &o) && write_users(&b);
    if (is_good)
        is_good = PARTS[i].run(&b);
    load_system_stop(&b.system);
    return is_good;
}

static const char *part_name(size_t i)
{
    return i < sizeof PARTS / sizeof PARTS[0] ? PARTS[i].name : NULL;
}

int main(int argc, char **argv)
{
    return load_parts_run(argc, argv, part_name, run_part);
}
