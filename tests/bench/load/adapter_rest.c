/* adapter_rest.c - a running Parley by its client API: a seat and a WebRTC call
 * for each participant, as the join page does it. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adapter.h"
#include "clock.h"
#include "load_client.h"
#include "parley_metrics.h"
#include "pl/json.h"
#include "pl/str.h"

enum {
    AT_ONCE = 8, /* requests under way: one address may have 16 about tokens */
    LIMIT_MS = 120000,
    REFRESH_US = 30000000, /* tokens live 120 s by default */
    AWAY_US = 10000000,
    AGAIN_US = 200000,
    TOKEN_MAX = 1024,
    PATH_MAX_BYTES = 256,
    BODY_MAX = 2 * PL_LOAD_SDP + 64
};
static const char BASE[] = "/api/client/v2/conferences";

typedef struct rest_seat {
    char token[TOKEN_MAX], uuid[40], call[40];
} rest_seat;

struct rest_state;

/* A connection that does one party's steps after the other's. */
typedef struct worker {
    struct rest_state *state;
    load_conn *conn;
    pl_load_party *party;
} worker;

typedef struct rest_state {
    const pl_load_open *what;
    unsigned port;
    char host[PL_ADDR_TEXT];
    load *load;
    worker workers[AT_ONCE];
    void (*begin)(worker *w); /* of what is done for each party */
    pl_load_party *parties;
    size_t n, next, n_done;
    size_t n_busy;      /* workers whose answer is awaited */
    pl_load_party *all; /* first and number of those that are in */
    size_t n_all;
    int64_t refreshed_us;
    char *page; /* owned */
    pl_parley_metrics metrics;
    pl_err error;
} rest_state;

static void fail(rest_state *s, pl_err e, const char *what,
                 const load_answer *answer)
{
    if (s->error != PL_OK)
        return;
    s->error = e;
    if (answer) {
        char text[160];
        load_member(answer, "result", text, sizeof text);
        pl_fmt_cut(s->what->reason, PL_LOAD_REASON, "%s: %d %.160s; %s", what,
                   answer->status, text[0] ? text : answer->body,
                   pl_load_advice((unsigned)answer->status));
    } else {
        pl_fmt_cut(s->what->reason, PL_LOAD_REASON, "%s", what);
    }
}

/* No connection, or it broke. */
static void fail_unreached(rest_state *s)
{
    const char *cause = load_cause(s->load);
    if (s->error != PL_OK)
        return;
    s->error = PL_EUNAVAILABLE;
    pl_fmt_cut(s->what->reason, PL_LOAD_REASON,
               "the API at %s does not answer%s%s; %s",
               s->what->options->server, cause[0] ? ": " : "", cause,
               pl_load_advice(408));
}

static rest_seat *seat_of(const worker *w)
{
    return w->party->user;
}

/* ---- requests ----------------------------------------------------------- */

static void request(worker *w, const char *what, const char *body,
                    load_on_answer on_answer)
{
    const rest_state *s = w->state;
    char room[64];
    char path[PATH_MAX_BYTES];
    char headers[TOKEN_MAX + 160];
    pl_load_room_name(s->what->options, w->party->room, room, sizeof room);
    pl_fmt_cut(path, sizeof path, "%s/%s/%s", BASE, room, what);
    const char *token = seat_of(w)->token;
    const char *pin = s->what->options->pin;
    pl_fmt_cut(headers, sizeof headers,
               "Content-Type: application/json\r\n%s%s%s%s%s%s",
               token[0] ? "token: " : "", token, token[0] ? "\r\n" : "",
               !token[0] && pin[0] ? "pin: " : "", !token[0] ? pin : "",
               !token[0] && pin[0] ? "\r\n" : "");
    load_set(w->conn, on_answer, w);
    w->state->n_busy++;
    load_send(w->conn, "POST", path, headers, body);
}

static void take_next(worker *w)
{
    rest_state *s = w->state;
    if (s->error != PL_OK || s->next == s->n)
        return;
    w->party = &s->parties[s->next++];
    s->begin(w);
}

static void finish(worker *w)
{
    w->state->n_done++;
    take_next(w);
}

/* An answer came. */
static bool is_good(worker *w, const load_answer *answer, const char *what)
{
    w->state->n_busy--;
    if (answer->status == 200)
        return true;
    fail(w->state, PL_EUNAVAILABLE, what, answer);
    return false;
}

static bool is_over(void *ctx)
{
    const rest_state *s = ctx;
    /* seats that are granted meanwhile are to be given back, too */
    return s->error != PL_OK ? s->n_busy == 0 : s->n_done == s->n;
}

/* Connections live as long as one round: servers close idle ones. */
static pl_err run(rest_state *s, void (*begin)(worker *w),
                  pl_load_party *parties, size_t n)
{
    s->begin = begin;
    s->parties = parties;
    s->n = n;
    s->next = s->n_done = s->n_busy = 0;
    s->error = PL_OK;
    s->load = load_create(s->port);
    if (s->load)
        load_keep_cause(s->load);
    if (!s->load || !load_set_address(s->load, s->host))
        fail(s, PL_ENOMEM, "no connection", NULL);
    for (size_t i = 0; s->error == PL_OK && i < AT_ONCE && i < n; i++) {
        worker *w = &s->workers[i];
        *w = (worker){.state = s};
        w->conn = load_open(s->load, NULL, w);
        if (w->conn) {
            take_next(w);
        } else {
            fail(s, PL_EUNAVAILABLE, "no connection", NULL);
        }
    }
    if (s->load && !load_run(s->load, is_over, s, LIMIT_MS))
        fail_unreached(s);
    load_destroy(&s->load);
    return s->error;
}

/* ---- joining ------------------------------------------------------------ */

static void on_call(void *ctx, load_conn *conn, const load_answer *answer)
{
    worker *w = ctx;
    rest_state *s = w->state;
    pl_json *json = NULL;
    pl_slice sdp = {0};
    (void)conn;
    if (!is_good(w, answer, "a call"))
        return;
    load_member(answer, "call_uuid", seat_of(w)->call, sizeof seat_of(w)->call);
    pl_err e = pl_json_parse(pl_slice_str(answer->body), &json);
    if (e == PL_OK)
        e = pl_json_get_str(pl_json_get(json, "result"), "sdp", &sdp);
    if (e == PL_OK)
        e = pl_load_answer(w->party, (const char *)sdp.ptr, sdp.len);
    pl_json_free(&json);
    if (e != PL_OK) {
        fail(s, e, "the answer to an offer", NULL);
        return;
    }
    s->what->joined(s->what->ctx, w->party);
    finish(w);
}

static void on_seat(void *ctx, load_conn *conn, const load_answer *answer)
{
    worker *w = ctx;
    rest_seat *seat = seat_of(w);
    char sdp[PL_LOAD_SDP];
    char what[96];
    size_t len = 0;
    (void)conn;
    if (!is_good(w, answer, "request_token"))
        return;
    load_member(answer, "token", seat->token, sizeof seat->token);
    load_member(answer, "participant_uuid", seat->uuid, sizeof seat->uuid);
    if (w->state->error != PL_OK)
        return; /* another one was refused: it ends here */
    pl_err e = pl_load_offer(w->party, sdp, sizeof sdp, &len);
    pl_buf body;
    pl_buf_init(&body, BODY_MAX);
    pl_jw jw = {.out = &body};
    pl_jw_open(&jw, NULL, '{');
    pl_jw_str(&jw, "call_type", "WEBRTC");
    pl_jw_slice(&jw, "sdp", (pl_slice){(const uint8_t *)sdp, len});
    pl_jw_close(&jw, '}');
    pl_fmt_cut(what, sizeof what, "participants/%s/calls", seat->uuid);
    if (e == PL_OK && !body.has_failed) {
        request(w, what, pl_buf_text(&body), on_call);
    } else {
        fail(w->state, PL_EFULL, "an offer", NULL);
    }
    pl_buf_fini(&body);
}

static void begin_join(worker *w)
{
    char body[64];
    pl_fmt_cut(body, sizeof body, "{\"display_name\":\"load %u\"}",
               w->party->number);
    *seat_of(w) = (rest_seat){.token = ""};
    request(w, "request_token", body, on_seat);
}

/* ---- staying and leaving ------------------------------------------------ */

static void on_refreshed(void *ctx, load_conn *conn, const load_answer *answer)
{
    worker *w = ctx;
    (void)conn;
    if (!is_good(w, answer, "refresh_token"))
        return;
    load_member(answer, "token", seat_of(w)->token, sizeof seat_of(w)->token);
    finish(w);
}

static void begin_refresh(worker *w)
{
    if (w->party->user && seat_of(w)->token[0]) {
        request(w, "refresh_token", "{}", on_refreshed);
    } else {
        finish(w);
    }
}

static void on_left(void *ctx, load_conn *conn, const load_answer *answer)
{
    worker *w = ctx;
    (void)conn;
    (void)answer; /* who is gone already is gone, too */
    w->state->n_busy--;
    seat_of(w)->token[0] = '\0';
    finish(w);
}

static void begin_leave(worker *w)
{
    if (w->party->user && seat_of(w)->token[0]) {
        request(w, "release_token", "{}", on_left);
    } else {
        finish(w);
    }
}

/* ---- metrics ------------------------------------------------------------ */

static void on_page(void *ctx, load_conn *conn, const load_answer *answer)
{
    rest_state *s = ctx;
    (void)conn;
    size_t len = strlen(answer->body);
    char *page = answer->status == 200 ? malloc(len + 1) : NULL;
    if (page) {
        memcpy(page, answer->body, len + 1);
        free(s->page);
        s->page = page;
    }
    s->n_done = s->n;
}

static void metrics(void *state, pl_load_server *server)
{
    rest_state *s = state;
    s->n = 1;
    s->n_done = 0;
    s->error = PL_OK;
    s->load = load_create(s->port);
    load_conn *conn = s->load && load_set_address(s->load, s->host)
                          ? load_open(s->load, on_page, s)
                          : NULL;
    if (conn) {
        load_send(conn, "GET", "/metrics", "", NULL);
        (void)load_run(s->load, is_over, s, LIMIT_MS);
    }
    load_destroy(&s->load);
    if (s->page)
        pl_parley_metrics_add(&s->metrics, s->page, server);
}

/* ---- adapter ------------------------------------------------------------ */

/* "https://127.0.0.1:8443" */
static pl_err read_address(rest_state *s)
{
    static const char scheme[] = "https://";
    const char *server = s->what->options->server;
    pl_addr addr;
    uint64_t port = 443;
    if (strncmp(server, scheme, sizeof scheme - 1) != 0)
        return PL_EINVAL;
    const char *host = server + sizeof scheme - 1;
    size_t len = strcspn(host, ":/");
    if (host[len] == ':' &&
        pl_parse_u64((pl_slice){(const uint8_t *)host + len + 1,
                                strcspn(host + len + 1, "/")},
                     UINT16_MAX, &port) != PL_OK)
        return PL_EINVAL;
    if (len == sizeof "localhost" - 1 && strncmp(host, "localhost", len) == 0) {
        host = "127.0.0.1";
        len = strlen(host);
    }
    if (pl_copy(s->host, sizeof s->host,
                (pl_slice){(const uint8_t *)host, len}) != PL_OK ||
        pl_addr_parse(s->host, 0, &addr) != PL_OK || !pl_addr_is_v4(&addr))
        return PL_EINVAL;
    s->port = (unsigned)port;
    if (!pl_addr_is_loopback(&addr) && !s->what->options->is_remote) {
        pl_fmt_cut(s->what->reason, PL_LOAD_REASON,
                   "addresses other than loopback only with --remote");
        return PL_EINVAL;
    }
    return PL_OK;
}

static pl_err open_state(const pl_load_open *what, void **ret_state)
{
    rest_state *s = calloc(1, sizeof *s);
    if (!s)
        return PL_ENOMEM;
    s->what = what;
    pl_err e = read_address(s);
    if (e != PL_OK) {
        if (!what->reason[0])
            pl_fmt_cut(what->reason, PL_LOAD_REASON,
                       "--server: https://ADDRESS:PORT, an IPv4 address");
        free(s);
        return e;
    }
    *ret_state = s;
    return PL_OK;
}

static pl_err join(void *state, pl_load_party *parties, size_t n)
{
    rest_state *s = state;
    if (n == 0)
        return PL_OK; /* rooms come with who is in them */
    for (size_t i = 0; i < n; i++) {
        if (!parties[i].user)
            parties[i].user = calloc(1, sizeof(rest_seat));
        if (!parties[i].user)
            return PL_ENOMEM;
    }
    if (s->refreshed_us == 0)
        s->refreshed_us = pl_load_now_us();
    pl_load_span_add(&s->all, &s->n_all, parties, n);
    return run(s, begin_join, parties, n);
}

static pl_err leave(void *state, pl_load_party *parties, size_t n)
{
    return run(state, begin_leave, parties, n);
}

static void sleep_us(int64_t us)
{
    struct timespec t = {.tv_sec = (time_t)(us / 1000000),
                         .tv_nsec = (long)(us % 1000000) * 1000};
    (void)nanosleep(&t, NULL);
}

/* Tokens are good for longer than REFRESH_US: who is away for a moment, as a
 * front end that is started again, is asked again. */
static pl_err refresh(rest_state *s)
{
    int64_t until = pl_load_now_us() + AWAY_US;
    pl_err e;
    while ((e = run(s, begin_refresh, s->all, s->n_all)) == PL_EUNAVAILABLE &&
           pl_load_now_us() < until) {
        s->what->reason[0] = '\0';
        sleep_us(AGAIN_US);
    }
    return e;
}

static pl_err wait_until(void *state, int64_t until_us)
{
    rest_state *s = state;
    pl_err e = PL_OK;
    for (;;) {
        int64_t due_us = s->refreshed_us + REFRESH_US;
        if (s->n_all > 0 && pl_load_now_us() >= due_us) {
            s->refreshed_us = pl_load_now_us();
            e = refresh(s);
        }
        int64_t left = until_us - pl_load_now_us();
        if (left <= 0 || e != PL_OK)
            return e;
        if (s->n_all > 0 && due_us > pl_load_now_us() &&
            due_us - pl_load_now_us() < left)
            left = due_us - pl_load_now_us();
        sleep_us(left);
    }
}

static void close_state(void **state)
{
    rest_state *s = *state;
    if (s->n_all > 0)
        (void)run(s, begin_leave, s->all, s->n_all);
    for (size_t i = 0; i < s->n_all; i++)
        free(s->all[i].user);
    free(s->page);
    free(s);
    *state = NULL;
}

const pl_load_adapter pl_load_parley_rest = {
    .name = "parley-rest",
    .about = "a running Parley by its client API; rooms must be there",
    .preset = "https://127.0.0.1:8443",
    .transports = 1U << PL_LOAD_WEBRTC,
    .open = open_state,
    .join = join,
    .leave = leave,
    .wait = wait_until,
    .metrics = metrics,
    .close = close_state,
};
