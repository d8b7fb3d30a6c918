/* bench_api.c - the conference API over TLS with keep-alive, against the four
 * real processes: creating conferences, inviting, delivering events, and ten
 * thousand parked event polls.
 *
 * usage: bench_api [create|create-slow-disk|invite|events|park]..  default: all
 *
 * docs/performance.md says what the numbers mean. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load_client.h"
#include "load_parts.h"
#include "load_samples.h"
#include "load_system.h"

#define BASE "/RTC/v1"

enum {
    CLIENTS = 100,
    PARKED = 10000,
    OPENING = 50, /* logins under way at a time */
    INVITED = 20, /* by each client */
    PHASE_MS = 4000,
    LIMIT_MS = 40000,
    IDLE_MS = 8000,
    SLOW_DISK_MS = 10, /* a sync of a hard disk or a volume over a network */
};

/* An offer as a browser makes it; no packet will ever follow. */
static const char OFFER[] =
    "{\"conference\":{\"sdp\":\"v=0\\r\\no=- 4611686018427387 2 IN IP4 "
    "127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\na=group:BUNDLE 0\\r\\nm=audio 48393 "
    "UDP/TLS/RTP/SAVPF 111 0 8\\r\\nc=IN IP4 127.0.0.1\\r\\n"
    "a=candidate:1591714448 1 udp 2122194687 127.0.0.1 48393 typ host\\r\\n"
    "a=ice-ufrag:K10g\\r\\na=ice-pwd:9KinBQN100VSjsUQdb2HF78P\\r\\n"
    "a=fingerprint:sha-256 BA:6D:EA:8D:13:85:5B:CA:F2:EF:CD:2D:B3:85:0B:0D:"
    "B1:06:BD:5D:E0:E4:90:6E:39:E9:6D:B3:48:5C:92:6A\\r\\na=setup:actpass\\r\\n"
    "a=mid:0\\r\\na=sendrecv\\r\\na=rtcp-mux\\r\\na=rtpmap:111 opus/48000/2"
    "\\r\\na=rtpmap:0 PCMU/8000\\r\\na=rtpmap:8 PCMA/8000\\r\\n\"}}";

typedef struct client {
    struct bench *bench;
    load_conn *commands, *polls; /* polls: NULL until it reads events */
    unsigned number;
    char headers[2048]; /* Authorization */
    char session[128];  /* path */
    char conference[256];
    unsigned n_invited;
    int64_t asked_us, ended_us; /* removal: asked for, answered or told */
} client;

typedef struct bench {
    load_system system;
    load *load;
    client *clients;
    unsigned n_clients, n_ready, n_running, n_started;
    int64_t until_us;
    load_samples took, late, whole;
    bool has_failed;
} bench;

/* ---- logging in: token, session ---- */

static void expect(client *c, const load_answer *answer, const char *what)
{
    if (answer->status < 400)
        return;
    if (!c->bench->has_failed) {
        (void)fprintf(stderr, "client %u: %s was answered %d %s\n", c->number,
                      what, answer->status, answer->body);
    }
    c->bench->has_failed = true;
}

static bool are_ready(void *ctx)
{
    const bench *b = ctx;
    return b->has_failed || b->n_ready == b->n_clients;
}

static void log_in(client *c);

static void on_session(void *ctx, load_conn *conn, const load_answer *answer)
{
    client *c = ctx;
    bench *b = c->bench;
    (void)conn;
    expect(c, answer, "creating a session");
    load_header(answer, "Location", c->session, sizeof c->session);
    b->n_ready++;
    if (b->n_started < b->n_clients && !b->has_failed)
        log_in(&b->clients[b->n_started++]);
}

static void on_token(void *ctx, load_conn *conn, const load_answer *answer)
{
    client *c = ctx;
    char token[1536];
    expect(c, answer, "asking for a token");
    load_member(answer, "access_token", token, sizeof token);
    (void)snprintf(c->headers, sizeof c->headers,
                   "Authorization: Bearer %s\r\n"
                   "Accept: application/json\r\n",
                   token);
    load_set(conn, on_session, c);
    load_send(conn, "POST", BASE "/sessions", c->headers, "{\"session\":{}}");
}

static void log_in(client *c)
{
    char body[512];
    const load_system *s = &c->bench->system;
    c->commands = load_open(c->bench->load, on_token, c);
    if (!c->commands) {
        (void)fprintf(stderr, "no connection for client %u\n", c->number);
        c->bench->has_failed = true;
        return;
    }
    (void)snprintf(body, sizeof body,
                   "grant_type=client_credentials&client_id=%s"
                   "&client_secret=%s&user=u%u",
                   s->client_id, s->client_secret, c->number);
    load_send(c->commands, "POST", "/oauth2/token",
              "Content-Type: application/x-www-form-urlencoded\r\n", body);
}

/* n clients with a session each. */
static bool log_in_all(bench *b, unsigned n)
{
    load_destroy(&b->load);
    free(b->clients);
    b->load = load_create(b->system.port);
    b->clients = calloc(n, sizeof *b->clients);
    if (!b->load || !b->clients)
        return false;
    b->n_clients = n;
    b->n_ready = 0;
    static unsigned numbers;
    for (unsigned i = 0; i < n; i++) {
        b->clients[i].bench = b;
        b->clients[i].number = numbers++;
    }
    b->n_started = n < OPENING ? n : OPENING;
    for (unsigned i = 0; i < b->n_started; i++)
        log_in(&b->clients[i]);
    return load_run(b->load, are_ready, b, LIMIT_MS) && !b->has_failed;
}

/* ---- phases: each client sends until the time is over ---- */

static bool is_phase_over(void *ctx)
{
    const bench *b = ctx;
    return b->has_failed || b->n_running == 0;
}

static bool run_phase(bench *b, void (*begin)(client *c), unsigned ms)
{
    b->took.n = 0;
    b->late.n = b->whole.n = 0;
    b->n_running = b->n_clients;
    b->until_us = load_now_us() + (int64_t)ms * 1000;
    for (unsigned i = 0; i < b->n_clients; i++)
        begin(&b->clients[i]);
    return load_run(b->load, is_phase_over, b, LIMIT_MS) && !b->has_failed;
}

static void create(client *c);

static void on_created(void *ctx, load_conn *conn, const load_answer *answer)
{
    client *c = ctx;
    (void)conn;
    expect(c, answer, "creating a conference");
    load_header(answer, "Location", c->conference, sizeof c->conference);
    load_samples_keep(&c->bench->took, answer->took_us);
    if (load_now_us() < c->bench->until_us && !c->bench->has_failed) {
        create(c);
    } else {
        c->bench->n_running--;
    }
}

static void create(client *c)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/conferences", c->session);
    load_set(c->commands, on_created, c);
    load_send(c->commands, "POST", path, c->headers, OFFER);
}

static double timed_phase(bench *b, const char *what, void (*begin)(client *c),
                          unsigned ms)
{
    static const char *const nodes[] = {"api-1", "roompool", "media-1"};
    load_usage before[3];
    for (size_t i = 0; i < 3; i++)
        before[i] = load_system_usage(&b->system, nodes[i]);
    int64_t begun = load_now_us();
    if (!run_phase(b, begin, ms))
        return 0;
    double seconds = (double)(load_now_us() - begun) / 1e6;
    double rate = load_print_row(what, &b->took, seconds);
    for (size_t i = 0; i < 3; i++) {
        double used = load_system_usage(&b->system, nodes[i]).cpu_s;
        (void)fprintf(stderr, "  %s: %.0f %% of a core\n", nodes[i],
                      100 * (used - before[i].cpu_s) / seconds);
    }
    return rate;
}

static bool bench_create(bench *b)
{
    load_print_head();
    if (!log_in_all(b, 1))
        return false;
    double one =
        timed_phase(b, "create-conference, 1 client", create, PHASE_MS);
    if (!log_in_all(b, CLIENTS))
        return false;
    double many =
        timed_phase(b, "create-conference, 100 clients", create, PHASE_MS);
    if (one > 0)
        (void)printf("\n100 clients: %.1f times the throughput of one\n\n",
                     many / one);
    return one > 0 && many > 0;
}

/* ---- invitations ---- */

static void invite(client *c);

static void on_invited(void *ctx, load_conn *conn, const load_answer *answer)
{
    client *c = ctx;
    (void)conn;
    expect(c, answer, "inviting");
    load_samples_keep(&c->bench->took, answer->took_us);
    if (++c->n_invited < INVITED && !c->bench->has_failed) {
        invite(c);
    } else {
        c->bench->n_running--;
    }
}

/* The path of the n-th neighbour in the client's conference. */
static void seat_path(const client *c, unsigned n, char *buf, size_t cap)
{
    const bench *b = c->bench;
    unsigned at = (unsigned)(c - b->clients);
    (void)snprintf(buf, cap, "%s/participants/sip:u%u@localhost", c->conference,
                   b->clients[(at + n) % b->n_clients].number);
}

static void invite(client *c)
{
    char path[400];
    seat_path(c, c->n_invited + 1, path, sizeof path);
    load_set(c->commands, on_invited, c);
    load_send(c->commands, "PUT", path, c->headers, NULL);
}

static bool bench_invite(bench *b)
{
    load_print_head();
    return log_in_all(b, CLIENTS) && run_phase(b, create, 0) &&
           timed_phase(b, "invite, 100 clients", invite, 0) > 0;
}

/* ---- events: the host removes who rings, the other's poll is answered ---- */

static void next_pair(client *host);

static client *guest_of(client *host)
{
    return host + 1;
}

static void poll_events(client *c)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/events", c->session);
    load_send(c->polls, "GET", path, c->headers, NULL);
}

static void remove_guest(client *host);

static void on_event(void *ctx, load_conn *conn, const load_answer *answer)
{
    client *guest = ctx;
    client *host = guest - 1;
    (void)conn;
    expect(guest, answer, "polling");
    if (strstr(answer->body, "\"invitation-received\"")) {
        poll_events(guest); /* parked while the removal is on its way */
        remove_guest(host);
        return;
    }
    if (strstr(answer->body, "\"session-terminated\"")) {
        guest->ended_us = load_now_us();
        next_pair(host);
    }
    if (host->bench->n_running > 0)
        poll_events(guest);
}

static void on_removed(void *ctx, load_conn *conn, const load_answer *answer)
{
    client *host = ctx;
    (void)conn;
    expect(host, answer, "removing");
    host->ended_us = load_now_us();
    load_samples_keep(&host->bench->took, answer->took_us);
    next_pair(host);
}

static void remove_guest(client *host)
{
    char path[400];
    seat_path(host, 1, path, sizeof path);
    host->asked_us = load_now_us();
    load_set(host->commands, on_removed, host);
    load_send(host->commands, "DELETE", path, host->headers, NULL);
}

static void on_rung(void *ctx, load_conn *conn, const load_answer *answer)
{
    (void)conn;
    expect(ctx, answer, "inviting");
}

static void ring_guest(client *host)
{
    char path[400];
    host->ended_us = guest_of(host)->ended_us = 0;
    seat_path(host, 1, path, sizeof path);
    load_set(host->commands, on_rung, host);
    load_send(host->commands, "PUT", path, host->headers, NULL);
}

/* Both the answer and the event are there: note how far apart, and again. */
static void next_pair(client *host)
{
    bench *b = host->bench;
    client *guest = guest_of(host);
    if (host->ended_us == 0 || guest->ended_us == 0)
        return;
    load_samples_keep(&b->late, guest->ended_us - host->ended_us);
    load_samples_keep(&b->whole, guest->ended_us - host->asked_us);
    if (load_now_us() < b->until_us) {
        ring_guest(host);
    } else {
        b->n_running = 0;
    }
}

static void begin_pair(client *c)
{
    unsigned at = (unsigned)(c - c->bench->clients);
    if (at % 2 == 1)
        return;
    client *guest = guest_of(c);
    guest->polls = load_open(c->bench->load, on_event, guest);
    if (!guest->polls) {
        c->bench->has_failed = true;
        return;
    }
    poll_events(guest);
    ring_guest(c);
}

static bool events_of(bench *b, unsigned n_pairs)
{
    char what[96];
    if (!log_in_all(b, 2 * n_pairs) || !run_phase(b, create, 0) ||
        !run_phase(b, begin_pair, PHASE_MS))
        return false;
    static const char *const names[] = {"command sent to its own answer",
                                        "command sent to the other's event",
                                        "its own answer to the other's event"};
    load_samples *const rows[] = {&b->took, &b->whole, &b->late};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(what, sizeof what, "%s, %u at a time", names[i],
                       n_pairs);
        (void)load_print_row(what, rows[i], PHASE_MS / 1000.0);
    }
    return true;
}

static bool bench_events(bench *b)
{
    load_print_head();
    return events_of(b, 1) && events_of(b, 20);
}

/* ---- parked polls ---- */

static void on_parked(void *ctx, load_conn *conn, const load_answer *answer)
{
    client *c = ctx;
    (void)conn;
    expect(c, answer, "a parked poll");
    c->bench->n_running--; /* sooner than it should */
}

static void park(client *c)
{
    c->polls = c->commands;
    load_set(c->polls, on_parked, c);
    poll_events(c);
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

/* CPU of both processes over some idle seconds, percent of a core. */
static bool idle_cpu(bench *b, double ret_percent[2])
{
    load_usage api = load_system_usage(&b->system, "api-1");
    load_usage pool = load_system_usage(&b->system, "roompool");
    if (!idle(b, IDLE_MS))
        return false;
    ret_percent[0] = 100000.0 / IDLE_MS *
                     (load_system_usage(&b->system, "api-1").cpu_s - api.cpu_s);
    ret_percent[1] =
        100000.0 / IDLE_MS *
        (load_system_usage(&b->system, "roompool").cpu_s - pool.cpu_s);
    return true;
}

static bool bench_park(bench *b)
{
    double before[2];
    double after[2];
    if (!log_in_all(b, 1) || !idle_cpu(b, before))
        return false;
    load_usage api = load_system_usage(&b->system, "api-1");
    load_usage pool = load_system_usage(&b->system, "roompool");
    if (!log_in_all(b, PARKED))
        return false;
    load_usage sessions = load_system_usage(&b->system, "roompool");
    load_usage connections = load_system_usage(&b->system, "api-1");
    b->n_running = b->n_clients;
    for (unsigned i = 0; i < b->n_clients; i++)
        park(&b->clients[i]);
    if (!idle(b, 3000) || !idle_cpu(b, after))
        return false;
    load_usage api_end = load_system_usage(&b->system, "api-1");
    load_usage pool_end = load_system_usage(&b->system, "roompool");
    (void)printf(
        "| process | %u parked polls, each | of it the poll alone | CPU while "
        "idle | without polls |\n|---|---|---|---|---|\n"
        "| api-frontend | %.1f KiB | %.1f KiB | %.2f %% | %.2f %% |\n"
        "| roompool | %.1f KiB | %.1f KiB | %.2f %% | %.2f %% |\n",
        b->n_running, (double)(api_end.rss_kib - api.rss_kib) / PARKED,
        (double)(api_end.rss_kib - connections.rss_kib) / PARKED, after[0],
        before[0], (double)(pool_end.rss_kib - pool.rss_kib) / PARKED,
        (double)(pool_end.rss_kib - sessions.rss_kib) / PARKED, after[1],
        before[1]);
    return b->n_running == PARKED;
}

static const struct {
    const char *name;
    unsigned slow_disk_ms;
    bool (*run)(bench *b);
} PARTS[] = {{"create", 0, bench_create},
             {"create-slow-disk", SLOW_DISK_MS, bench_create},
             {"invite", 0, bench_invite},
             {"events", 0, bench_events},
             {"park", 0, bench_park}};

/* Each part has its own system: none pays for another's leftovers. */
static bool run_part(size_t i)
{
    bench b = {.n_clients = 0};
    load_system_options o = {.slow_disk_ms = PARTS[i].slow_disk_ms};
    bool is_good = load_system_start(&b.system, &o);
    if (is_good)
        is_good = PARTS[i].run(&b);
    load_destroy(&b.load);
    free(b.clients);
    load_samples_free(&b.took);
    load_samples_free(&b.late);
    load_samples_free(&b.whole);
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
