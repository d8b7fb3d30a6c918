/* bench_rooms.c - managed rooms and their streams over TLS with keep-alive,
 * against the four real processes: check-outs while the pool refills, a
 * thousand at once, and five thousand idle event streams.
 *
 * usage: bench_rooms [checkout|together|streams]..  default: all
 *
 * docs/performance.md says what the numbers mean. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load_client.h"
#include "load_parts.h"
#include "load_samples.h"
#include "load_system.h"

enum {
    CLIENTS = 100,
    TOGETHER = 1000,
    STREAMS = 5000,
    A_ROOM = 10,  /* participants */
    OPENING = 50, /* joins under way at a time */
    PHASE_MS = 4000,
    LIMIT_MS = 60000,
    SETTLE_MS = 3000,
    IDLE_MS = 16000, /* more than a sign of life on every stream */
};

typedef struct client {
    struct bench *bench;
    load_conn *conn;
    unsigned number;
    int status;
    char name[300]; /* of its room */
    char token[512];
} client;

typedef struct bench {
    load_system system;
    load *load;
    char headers[2048]; /* Authorization, of the room API */
    client *clients;
    unsigned n_clients, n_running, n_started;
    int64_t until_us;
    load_samples took;
    bool has_failed;
} bench;

static void expect(client *c, const load_answer *answer, const char *what)
{
    c->status = answer->status;
    if (answer->status < 400)
        return;
    if (!c->bench->has_failed) {
        (void)fprintf(stderr, "client %u: %s was answered %d %s\n", c->number,
                      what, answer->status, answer->body);
    }
    c->bench->has_failed = true;
}

static bool are_done(void *ctx)
{
    const bench *b = ctx;
    return b->has_failed || b->n_running == 0;
}

static bool run(bench *b)
{
    return load_run(b->load, are_done, b, LIMIT_MS) && !b->has_failed;
}

static bool is_time_over(void *ctx)
{
    const bench *b = ctx;
    return b->has_failed || load_now_us() > b->until_us;
}

static bool idle(bench *b, unsigned ms)
{
    b->until_us = load_now_us() + (int64_t)ms * 1000;
    return load_run(b->load, is_time_over, b, LIMIT_MS) && !b->has_failed;
}

/* ---- clients ---- */

static bool open_clients(bench *b, unsigned n)
{
    load_destroy(&b->load);
    free(b->clients);
    b->load = load_create(b->system.port);
    b->clients = calloc(n, sizeof *b->clients);
    b->n_clients = b->clients ? n : 0;
    b->n_running = b->n_started = 0;
    b->took.n = 0;
    for (unsigned i = 0; i < b->n_clients; i++)
        b->clients[i] = (client){.bench = b, .number = i};
    return b->load && b->clients;
}

static bool connect_client(client *c, load_on_answer on_answer)
{
    c->conn = load_open(c->bench->load, on_answer, c);
    if (!c->conn) {
        (void)fprintf(stderr, "no connection for client %u\n", c->number);
        c->bench->has_failed = true;
    }
    return c->conn != NULL;
}

static bool are_connected(void *ctx)
{
    const bench *b = ctx;
    return b->has_failed || load_connected(b->load) == b->n_clients;
}

static bool connect_all(bench *b, unsigned n)
{
    if (!open_clients(b, n))
        return false;
    for (unsigned i = 0; i < n; i++) {
        if (!connect_client(&b->clients[i], NULL))
            return false;
    }
    return load_run(b->load, are_connected, b, LIMIT_MS) && !b->has_failed;
}

static void on_api_token(void *ctx, load_conn *conn, const load_answer *answer)
{
    client *c = ctx;
    char token[1536];
    (void)conn;
    expect(c, answer, "asking for a token");
    load_member(answer, "access_token", token, sizeof token);
    (void)snprintf(c->bench->headers, sizeof c->bench->headers,
                   "Authorization: Bearer %s\r\n", token);
    c->bench->n_running--;
}

static bool log_in(bench *b)
{
    char body[512];
    if (!connect_all(b, 1))
        return false;
    (void)snprintf(body, sizeof body,
                   "grant_type=client_credentials&client_id=%s"
                   "&client_secret=%s&scope=rooms",
                   b->system.client_id, b->system.client_secret);
    load_set(b->clients->conn, on_api_token, b->clients);
    b->n_running = 1;
    load_send(b->clients->conn, "POST", "/oauth2/token",
              "Content-Type: application/x-www-form-urlencoded\r\n", body);
    return run(b);
}

/* ---- check-outs ---- */

static void check_out(client *c, load_on_answer on_answer)
{
    static unsigned n;
    char path[96];
    (void)snprintf(path, sizeof path, "/room/create?uuiData=%u,%u",
                   100000 + c->number, 1000000 + n++);
    load_set(c->conn, on_answer, c);
    load_send(c->conn, "POST", path, c->bench->headers, NULL);
}

static void on_room(void *ctx, load_conn *conn, const load_answer *answer)
{
    client *c = ctx;
    (void)conn;
    expect(c, answer, "a check-out");
    load_samples_keep(&c->bench->took, answer->took_us);
    if (load_now_us() < c->bench->until_us && !c->bench->has_failed) {
        check_out(c, on_room);
    } else {
        c->bench->n_running--;
    }
}

/* Wait until so many rooms are free. */
static bool fill_pool(bench *b, long n)
{
    int64_t until_us = load_now_us() + (int64_t)LIMIT_MS * 1000;
    while (load_system_sql(&b->system,
                           "SELECT count(*) FROM pool WHERE state = 'free'") <
           n) {
        if (load_now_us() > until_us || !idle(b, 100)) {
            (void)fprintf(stderr, "the pool is not filled\n");
            return false;
        }
    }
    return true;
}

/* Rooms that were made in the very moment in which they were handed out. */
static long on_demand(const bench *b)
{
    return load_system_sql(&b->system,
                           "SELECT count(*) FROM pool WHERE reserved_at IS "
                           "NOT NULL AND created_at = reserved_at");
}

static bool timed(bench *b, const char *what, unsigned n)
{
    static const char *const nodes[] = {"api-1", "roompool"};
    load_usage before[2];
    if (!connect_all(b, n))
        return false;
    for (size_t i = 0; i < 2; i++)
        before[i] = load_system_usage(&b->system, nodes[i]);
    int64_t begun = load_now_us();
    b->until_us = begun + (int64_t)PHASE_MS * 1000;
    b->n_running = n;
    for (unsigned i = 0; i < n; i++)
        check_out(&b->clients[i], on_room);
    if (!run(b))
        return false;
    double seconds = (double)(load_now_us() - begun) / 1e6;
    (void)load_print_row(what, &b->took, seconds);
    for (size_t i = 0; i < 2; i++) {
        double used = load_system_usage(&b->system, nodes[i]).cpu_s;
        (void)fprintf(stderr, "  %s: %.0f %% of a core\n", nodes[i],
                      100 * (used - before[i].cpu_s) / seconds);
    }
    return true;
}

enum { TARGET = 2000 };
#define POOL                                                                   \
    "pool_target = 2000\npool_fill_per_s = 10000\npool_max_rooms = 100000\n"   \
    "max_rooms = 100000\n"

static bool bench_checkout(bench *b)
{
    if (!log_in(b) || !fill_pool(b, TARGET))
        return false;
    load_print_head();
    if (!timed(b, "check-out, 1 client", 1) || !fill_pool(b, TARGET) ||
        !timed(b, "check-out, 100 clients", CLIENTS) || !fill_pool(b, TARGET))
        return false;
    (void)printf("\nnot made ahead: %ld\n", on_demand(b));
    return true;
}

/* ---- a thousand at once ---- */

static void on_one_room(void *ctx, load_conn *conn, const load_answer *answer)
{
    client *c = ctx;
    (void)conn;
    expect(c, answer, "a check-out");
    load_member(answer, "name", c->name, sizeof c->name);
    load_samples_keep(&c->bench->took, answer->took_us);
    c->bench->n_running--;
}

static int by_name(const void *a, const void *b)
{
    const client *x = a;
    const client *y = b;
    return strcmp(x->name, y->name);
}

/* Names that two got, or that the database does not know as handed out. */
static long count_wrong(bench *b, long *ret_lost)
{
    long n_twice = 0;
    long n_lost = 0;
    qsort(b->clients, b->n_clients, sizeof *b->clients, by_name);
    for (unsigned i = 0; i < b->n_clients; i++) {
        char sql[400];
        const client *c = &b->clients[i];
        if (i > 0 && strcmp(c->name, c[-1].name) == 0)
            n_twice++;
        (void)snprintf(sql, sizeof sql,
                       "SELECT count(*) FROM pool WHERE name = '%.64s' AND "
                       "state = 'reserved'",
                       c->name);
        if (!c->name[0] || strchr(c->name, '\'') ||
            load_system_sql(&b->system, sql) != 1)
            n_lost++;
    }
    *ret_lost = n_lost;
    return n_twice;
}

static bool bench_together(bench *b)
{
    static const char reserved[] =
        "SELECT coalesce(sum(rooms), 0) FROM v_pool WHERE state = 'reserved'";
    if (!log_in(b) || !fill_pool(b, TARGET) || !connect_all(b, TOGETHER))
        return false;
    int64_t begun = load_now_us();
    b->n_running = TOGETHER;
    for (unsigned i = 0; i < TOGETHER; i++)
        check_out(&b->clients[i], on_one_room);
    if (!run(b))
        return false;
    load_print_head();
    (void)load_print_row("check-out, 1000 at once", &b->took,
                         (double)(load_now_us() - begun) / 1e6);
    if (!fill_pool(b, TARGET))
        return false;
    long n_lost;
    long n_twice = count_wrong(b, &n_lost);
    long n_reserved = load_system_sql(&b->system, reserved);
    (void)printf("\n%u rooms handed out: %ld of them twice, %ld lost; v_pool "
                 "says %ld reserved\n",
                 (unsigned)TOGETHER, n_twice, n_lost, n_reserved);
    return n_twice == 0 && n_lost == 0 && n_reserved == TOGETHER;
}

/* ---- idle streams ---- */

static void start_next(bench *b, void (*begin)(client *c))
{
    if (b->n_started < b->n_clients && !b->has_failed)
        begin(&b->clients[b->n_started++]);
}

/* Let all clients do something, some at a time. */
static bool run_all(bench *b, void (*begin)(client *c))
{
    b->n_running = b->n_clients;
    b->n_started = 0;
    for (unsigned i = 0; i < OPENING; i++)
        start_next(b, begin);
    return run(b);
}

static void join(client *c);

static void on_joined(void *ctx, load_conn *conn, const load_answer *answer)
{
    client *c = ctx;
    (void)conn;
    expect(c, answer, "joining");
    load_member(answer, "token", c->token, sizeof c->token);
    c->bench->n_running--;
    start_next(c->bench, join);
}

static void join(client *c)
{
    char path[128];
    if (!connect_client(c, on_joined))
        return;
    (void)snprintf(path, sizeof path,
                   "/api/client/v2/conferences/bench-%u/request_token",
                   c->number / A_ROOM);
    load_send(c->conn, "POST", path, "Content-Type: application/json\r\n",
              "{\"display_name\":\"one\"}");
}

static void read_events(client *c);

static void on_stream(void *ctx, load_conn *conn, const load_answer *answer)
{
    client *c = ctx;
    (void)conn;
    expect(c, answer, "a stream");
    c->bench->n_running--;
    start_next(c->bench, read_events);
}

static void read_events(client *c)
{
    char path[768];
    (void)snprintf(path, sizeof path,
                   "/api/client/v2/conferences/bench-%u/events?token=%s",
                   c->number / A_ROOM, c->token);
    load_set(c->conn, on_stream, c);
    load_stream(c->conn);
    load_send(c->conn, "GET", path, "", NULL);
}

typedef struct usage {
    load_usage api, pool;
} usage;

static usage use(const bench *b)
{
    return (usage){load_system_usage(&b->system, "api-1"),
                   load_system_usage(&b->system, "roompool")};
}

static double kib_each(load_usage after, load_usage before)
{
    return (double)(after.rss_kib - before.rss_kib) / STREAMS;
}

static double percent(load_usage after, load_usage before)
{
    return 100000.0 * (after.cpu_s - before.cpu_s) / IDLE_MS;
}

static bool bench_streams(bench *b)
{
    if (!log_in(b) || !idle(b, SETTLE_MS))
        return false;
    usage empty = use(b);
    if (!open_clients(b, STREAMS) || !run_all(b, join) || !idle(b, SETTLE_MS))
        return false;
    usage joined = use(b);
    if (!run_all(b, read_events) || !idle(b, SETTLE_MS))
        return false;
    usage streams = use(b);
    if (!idle(b, IDLE_MS))
        return false;
    usage end = use(b);
    (void)printf(
        "| process | %u streams, each | of it the stream alone | CPU while "
        "idle |\n|---|---|---|---|\n"
        "| api-frontend | %.1f KiB | %.1f KiB | %.2f %% |\n"
        "| roompool | %.1f KiB | %.1f KiB | %.2f %% |\n",
        (unsigned)STREAMS, kib_each(end.api, empty.api),
        kib_each(end.api, joined.api), percent(end.api, streams.api),
        kib_each(end.pool, empty.pool), kib_each(end.pool, joined.pool),
        percent(end.pool, streams.pool));
    return true;
}

static const struct {
    const char *name;
    load_system_options system;
    bool (*run)(bench *b);
} PARTS[] = {
    {"checkout", {.roompool = POOL}, bench_checkout},
    {"together", {.roompool = POOL}, bench_together},
    {"streams",
     {.roompool =
          "create_rooms = on-join\nmax_rooms = 100000\ntoken_s = 600\n"},
     bench_streams}};

/* Each part has its own system: none pays for another's leftovers. */
static bool run_part(size_t i)
{
    bench b = {.n_clients = 0};
    bool is_good = load_system_start(&b.system, &PARTS[i].system);
    if (is_good)
        is_good = PARTS[i].run(&b);
    load_destroy(&b.load);
    free(b.clients);
    load_samples_free(&b.took);
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
