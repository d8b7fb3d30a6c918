/* adapter_janus.c - rooms of Janus's AudioBridge. Set as its own documentation
 * suggests for quality and low cost, and as Parley's engine works: 48 kHz, Opus
 * complexity 5, 32 kb/s, no in-band FEC, no events about who speaks; buffering
 * as preset. */
#include "adapter_janus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "janus_api.h"
#include "janus_process.h"
#include "pl/ip.h"
#include "pl/str.h"

enum {
    PORT_FIRST = 28000,
    PORT_COUNT = 8000, /* of WebRTC, and as many of plain RTP */
    EVENT_LOOPS = 1,   /* one core: one thread for all of WebRTC */
    AT_ONCE = 24,      /* joins under way */
    LIMIT_US = 60000000,
    STEP_MS = 10,
    BODY_MAX = 512,
    PT = 111,
    LEVEL_EXT = 1,
    COMPLEXITY = 5,
    BITRATE = 32000
};

/* A participant, as Janus knows him. */
typedef struct seat {
    struct state *owner;
    struct seat *next;
    pl_load_party *party;
    int64_t handle;
} seat;

typedef struct state {
    const pl_load_open *what;
    janus_process process;
    janus_api *api;
    seat *seats; /* all that are in */
    int64_t rooms_handle;
    unsigned n_rooms;  /* asked for */
    size_t n_finished; /* of those that join or leave now */
    bool has_failed;
} state;

static int64_t now_us(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void fail(state *s, const char *why)
{
    if (!s->has_failed && !s->what->reason[0])
        pl_fmt_cut(s->what->reason, PL_LOAD_REASON, "janus: %s", why);
    s->has_failed = true;
}

/* ---- joining ------------------------------------------------------------ */

static void finish(seat *p)
{
    p->owner->n_finished++;
    p->owner->what->joined(p->owner->what->ctx, p->party);
}

static void on_answered(void *ctx, const pl_json *answer)
{
    seat *p = ctx;
    pl_slice sdp = {0};
    if (pl_json_get_str(pl_json_get(answer, "jsep"), "sdp", &sdp) != PL_OK ||
        pl_load_answer(p->party, (const char *)sdp.ptr, sdp.len) != PL_OK) {
        fail(p->owner, "no answer to an offer");
        return;
    }
    finish(p);
}

static void offer(seat *p)
{
    char sdp[PL_LOAD_SDP];
    size_t len = 0;
    if (pl_load_offer(p->party, sdp, sizeof sdp - 1, &len) != PL_OK) {
        fail(p->owner, "an offer is too long");
        return;
    }
    sdp[len] = '\0';
    janus_api_send(p->owner->api, p->handle,
                   "{\"request\":\"configure\",\"muted\":false}", sdp,
                   on_answered, p);
}

/* Where plain RTP is sent to is in the answer. */
static bool take_rtp(pl_load_party *party, const pl_json *rtp)
{
    pl_slice text = {0};
    pl_ip ip;
    int64_t port = 0;
    if (pl_json_get_str(rtp, "ip", &text) != PL_OK ||
        pl_json_get_i64(rtp, "port", &port) != PL_OK || port <= 0 ||
        port > UINT16_MAX || pl_ip_parse(text, &ip) != PL_OK)
        return false;
    memcpy(party->remote.ip, ip.b, sizeof party->remote.ip);
    party->remote.port = (uint16_t)port;
    party->pt = party->pt_in = PT;
    party->level_ext = LEVEL_EXT;
    return true;
}

static void on_joined(void *ctx, const pl_json *answer)
{
    seat *p = ctx;
    const pl_json *data = janus_api_data(answer);
    if (!data) {
        fail(p->owner, "a participant was refused");
        return;
    }
    if (p->party->transport == PL_LOAD_WEBRTC) {
        offer(p);
        return;
    }
    if (!take_rtp(p->party, pl_json_get(data, "rtp"))) {
        fail(p->owner, "no address for plain RTP");
        return;
    }
    finish(p);
}

static void on_attached(void *ctx, const pl_json *answer)
{
    seat *p = ctx;
    const pl_load_party *party = p->party;
    char body[BODY_MAX];
    char rtp[128] = "";
    if (pl_json_get_i64(pl_json_get(answer, "data"), "id", &p->handle) !=
        PL_OK) {
        fail(p->owner, "no handle");
        return;
    }
    if (party->transport == PL_LOAD_RTP) {
        pl_ip ip;
        char host[PL_IP_TEXT];
        memcpy(ip.b, party->local.ip, sizeof ip.b);
        pl_ip_text(&ip, host);
        pl_fmt_cut(rtp, sizeof rtp,
                   ",\"rtp\":{\"ip\":\"%s\",\"port\":%u,\"payload_type\":%d,"
                   "\"audiolevel_ext\":%d}",
                   host, party->local.port, PT, LEVEL_EXT);
    }
    pl_fmt_cut(body, sizeof body,
               "{\"request\":\"join\",\"room\":%u,\"display\":\"%u\","
               "\"codec\":\"opus\",\"quality\":%d,\"bitrate\":%d%s}",
               party->room + 1, party->number, COMPLEXITY, BITRATE, rtp);
    janus_api_send(p->owner->api, p->handle, body, NULL, on_joined, p);
}

/* ---- rooms -------------------------------------------------------------- */

static void on_room(void *ctx, const pl_json *answer)
{
    if (!answer)
        fail(ctx, "a room could not be made");
}

static void on_rooms_handle(void *ctx, const pl_json *answer)
{
    state *s = ctx;
    if (pl_json_get_i64(pl_json_get(answer, "data"), "id", &s->rooms_handle) !=
        PL_OK)
        fail(s, "no handle");
}

/* Until at most so many answers are missing. */
static bool wait_for(state *s, unsigned n_pending_max)
{
    int64_t until = now_us() + LIMIT_US;
    while (janus_api_pending(s->api) > n_pending_max && !s->has_failed) {
        if (!janus_api_service(s->api, STEP_MS) || now_us() > until)
            fail(s, "gives no answer");
    }
    return !s->has_failed;
}

static void make_room(state *s)
{
    char body[BODY_MAX];
    pl_fmt_cut(body, sizeof body,
               "{\"request\":\"create\",\"room\":%u,\"permanent\":false,"
               "\"is_private\":true,\"sampling_rate\":48000,"
               "\"default_bitrate\":%d,\"default_expectedloss\":0,"
               "\"audiolevel_ext\":true,\"audiolevel_event\":false,"
               "\"allow_rtp_participants\":true}",
               ++s->n_rooms, BITRATE);
    janus_api_send(s->api, s->rooms_handle, body, NULL, on_room, s);
}

/* Rooms are numbered without gaps; empty ones are made at once. */
static bool need_rooms(state *s, const pl_load_party *parties, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        while (s->n_rooms <= parties[i].room && !s->has_failed) {
            make_room(s);
            (void)wait_for(s, AT_ONCE);
        }
    }
    return wait_for(s, 0);
}

/* ---- coming and going --------------------------------------------------- */

static bool begin(state *s, pl_load_party *party)
{
    seat *p = calloc(1, sizeof *p);
    if (!p) {
        fail(s, "no memory");
        return false;
    }
    *p = (seat){.owner = s, .next = s->seats, .party = party};
    s->seats = p;
    party->user = p;
    janus_api_attach(s->api, on_attached, p);
    return true;
}

static pl_err join(void *ctx, pl_load_party *parties, size_t n)
{
    state *s = ctx;
    int64_t until = now_us() + LIMIT_US;
    size_t n_begun = 0;
    s->n_finished = 0;
    (void)need_rooms(s, parties, n);
    while (s->n_finished < n && !s->has_failed) {
        while (n_begun < n && n_begun - s->n_finished < AT_ONCE &&
               begin(s, &parties[n_begun]))
            n_begun++;
        if (!janus_api_service(s->api, STEP_MS))
            fail(s, "is gone");
        if (now_us() > until)
            fail(s, "joining took too long");
    }
    return s->has_failed ? PL_EUNAVAILABLE : PL_OK;
}

static void drop_seat(state *s, const seat *gone)
{
    seat **at = &s->seats;
    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
}

static void on_left(void *ctx, const pl_json *answer)
{
    if (!answer)
        fail(ctx, "a participant cannot leave");
}

static pl_err leave(void *ctx, pl_load_party *parties, size_t n)
{
    state *s = ctx;
    for (size_t i = 0; i < n && !s->has_failed; i++) {
        seat *p = parties[i].user;
        if (!p)
            continue;
        janus_api_detach(s->api, p->handle, on_left, s);
        parties[i].user = NULL;
        drop_seat(s, p);
        free(p);
        (void)wait_for(s, AT_ONCE);
    }
    return wait_for(s, 0) ? PL_OK : PL_EUNAVAILABLE;
}

/* ---- the adapter -------------------------------------------------------- */

static void close_all(void **owner)
{
    state *s = *owner;
    if (!s)
        return;
    janus_api_close(&s->api);
    janus_process_stop(&s->process);
    while (s->seats) {
        seat *next = s->seats->next;
        free(s->seats);
        s->seats = next;
    }
    free(s);
    *owner = NULL;
}

static bool start(state *s)
{
    const pl_load_options *o = s->what->options;
    const janus_options options = {.core = o->spawn_core,
                                   .rtp_port = PORT_FIRST,
                                   .port_count = PORT_COUNT,
                                   .event_loops = EVENT_LOOPS};
    const char *path = o->server;
    if (!path[0]) {
        if (!janus_process_start(&s->process, &options))
            return false;
        path = s->process.socket_path;
    }
    s->api = janus_api_open(path);
    return s->api != NULL;
}

static pl_err open_all(const pl_load_open *what, void **ret_state)
{
    void *owner = calloc(1, sizeof(state));
    state *s = owner;
    if (!s)
        return PL_ENOMEM;
    s->what = what;
    if (what->options->transport == PL_LOAD_WEBRTC &&
        !what->options->is_remote) {
        fail(s, "WebRTC needs --remote and --local with an address of this "
                "machine that is not loopback");
    } else if (start(s)) {
        janus_api_attach(s->api, on_rooms_handle, s);
        (void)wait_for(s, 0);
    } else {
        fail(s, "did not start");
    }
    if (s->has_failed) {
        close_all(&owner);
        return PL_EUNAVAILABLE;
    }
    *ret_state = s;
    return PL_OK;
}

static pl_err wait_until(void *ctx, int64_t until_us)
{
    state *s = ctx;
    for (;;) {
        int64_t left = until_us - now_us();
        if (left <= 0)
            return PL_OK;
        if (!janus_api_service(s->api, (int)(left / 1000) + 1)) {
            fail(s, "is gone");
            return PL_EUNAVAILABLE;
        }
    }
}

static size_t pids(void *ctx, long *ret_pids, size_t cap)
{
    const state *s = ctx;
    if (cap == 0 || s->process.pid <= 0)
        return 0;
    ret_pids[0] = s->process.pid;
    return 1;
}

const pl_load_adapter pl_load_janus = {
    .name = "janus",
    .about = "Janus's AudioBridge (Debian's package), started by the adapter; "
             "server: path of its local socket if it runs already",
    .preset = "",
    .transports = 1U << PL_LOAD_RTP | 1U << PL_LOAD_WEBRTC,
    .open = open_all,
    .join = join,
    .leave = leave,
    .wait = wait_until,
    .pids = pids,
    .close = close_all,
};
