/* adapter_bus.c - one parley-media alone: this program is its roompool, so that
 * nothing but the media worker is measured. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapter.h"
#include "child.h"
#include "clock.h"
#include "io/udp.h"
#include "parley_metrics.h"
#include "pl/bus.h"
#include "pl/str.h"

enum {
    EPOCH = 1,
    AT_ONCE = 32,        /* requests under way */
    LOOK_US = 100000,    /* whether it still lives */
    LINK_US = 15000000,  /* for the worker to come */
    JOIN_US = 120000000, /* for all to be answered */
    STOP_MS = 5000,
    METRICS_MS = 500,
    PAGE_MAX = 65536,
    /* Ports of the worker that is started: below those that the kernel gives
     * to clients, which we are. */
    WEBRTC_PORTS = 11000,
    N_WEBRTC_PORTS = 1000,
    RTP_PORT_MIN = 12000,
    RTP_PORT_MAX = 19999
};

typedef enum step { OPEN_ROOM, CREATE_LEG, DROP_LEG } step;

typedef struct bus_state {
    const pl_load_open *what;
    pl_loop *loop;
    pl_bus *bus;
    pl_timer *deadline;
    char node[PL_NODE_MAX + 1];
    long pid;
    char dir[32];
    pid_t child;
    char page[PAGE_MAX + 1];
    pl_parley_metrics metrics;
    bool is_late, is_linked;
    bool has_room[PL_LOAD_ROOMS_MAX];
    /* work under way */
    step step;
    pl_load_party *parties;
    size_t n, next, n_done; /* of rooms or parties */
    pl_err error;
} bus_state;

/* What a request is about. */
typedef struct bus_ask {
    bus_state *state;
    pl_load_party *party; /* NULL: a room */
} bus_ask;

static void fail(bus_state *s, pl_err e, const char *what)
{
    if (s->error == PL_OK) {
        s->error = e;
        /* of what is not there, the text says all */
        bool is_all = e == PL_EUNAVAILABLE || e == PL_ETIMEOUT;
        pl_fmt_cut(s->what->reason, PL_LOAD_REASON, "%s%s%s", what,
                   is_all ? "" : ": ", is_all ? "" : pl_err_text(e));
    }
    pl_loop_stop(s->loop);
}

/* ---- events ------------------------------------------------------------- */

static void on_hello(void *ctx, const pl_bus_in *in)
{
    bus_state *s = ctx;
    const pl_hello *m = in->body;
    pl_hello_ok ok = {.roompool_boot = 1, .beat_ms = 250};
    pl_bus_reply(s->bus, &in->ticket, &PL_MSG_HELLO_OK, &ok);
    if (m->role != PL_ROLE_MEDIA)
        return;
    pl_fmt_cut(s->node, sizeof s->node, "%s", in->node);
    s->pid = (long)m->pid;
    s->is_linked = true;
    pl_loop_stop(s->loop);
}

static void on_metrics(void *ctx, const pl_bus_in *in)
{
    bus_state *s = ctx;
    const pl_metrics_report *m = in->body;
    if (m->text.len > PAGE_MAX)
        return;
    memcpy(s->page, m->text.ptr, m->text.len);
    s->page[m->text.len] = '\0';
}

static void on_peer(void *ctx, const char *node, bool is_up)
{
    bus_state *s = ctx;
    if (!is_up && strcmp(node, s->node) == 0) {
        s->is_linked = false;
        fail(s, PL_EUNAVAILABLE, "the media worker is gone; see its log");
    }
}

static void on_ignored(void *ctx, const pl_bus_in *in)
{
    (void)ctx;
    (void)in;
}

static void on_deadline(void *ctx)
{
    bus_state *s = ctx;
    s->is_late = true;
    pl_loop_stop(s->loop);
}

/* ---- requests ----------------------------------------------------------- */

static void pump(bus_state *s);

static void on_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    bus_ask ask = *(bus_ask *)ctx;
    bus_state *s = ask.state;
    free(ctx);
    if (e == PL_OK && ask.party && s->step == CREATE_LEG) {
        const pl_media_leg_sdp *m = in->body;
        e = in->desc == &PL_MSG_MEDIA_LEG_SDP
                ? pl_load_answer(ask.party, (const char *)m->sdp.ptr,
                                 m->sdp.len)
                : PL_EPROTO;
        if (e == PL_OK)
            s->what->joined(s->what->ctx, ask.party);
    }
    s->n_done++;
    if (e != PL_OK) {
        fail(s, e,
             ask.party ? "the media worker did not take a leg (see its log)"
                       : "the media worker did not take a room (see its log)");
        return;
    }
    pump(s);
    if (s->n_done == s->n)
        pl_loop_stop(s->loop);
}

static void send_request(bus_state *s, const pl_msg_desc *d, const void *body,
                         pl_load_party *party)
{
    pl_bus_send how = {.to = s->node, .epoch = EPOCH, .deadline_ms = 10000};
    bus_ask *ask = calloc(1, sizeof *ask);
    pl_err e = PL_ENOMEM;
    if (ask) {
        *ask = (bus_ask){s, party};
        e = pl_bus_request(s->bus, &how, d, body, on_reply, ask, NULL);
    }
    if (e != PL_OK) {
        free(ask);
        fail(s, e, "a request");
    }
}

#define ROOM_OF(s, m, number)                                                  \
    pl_load_room_name((s)->what->options, (number), (m).room_id,               \
                      sizeof(m).room_id)

static void leg_id(const pl_load_party *p, char *buf, size_t cap)
{
    /* a party that joins anew is another leg: it has another source */
    pl_fmt_cut(buf, cap, "load-%u-%08x", p->number, p->ssrc);
}

static void ask_room(bus_state *s, unsigned room)
{
    pl_media_room_open m = {.mode = PL_ROOM_MODE_MIX, .max_legs = 100000};
    ROOM_OF(s, m, room);
    send_request(s, &PL_MSG_MEDIA_ROOM_OPEN, &m, NULL);
}

static void ask_leg(bus_state *s, pl_load_party *p)
{
    char sdp[PL_LOAD_SDP];
    char ip[PL_ADDR_TEXT];
    size_t len = 0;
    pl_media_leg_create m = {.kind = p->transport == PL_LOAD_WEBRTC
                                         ? PL_LEG_KIND_WEBRTC
                                         : PL_LEG_KIND_SIP,
                             .mixed = true};
    ROOM_OF(s, m, p->room);
    leg_id(p, m.leg_id, sizeof m.leg_id);
    pl_addr_ip_text(&p->local, ip);
    pl_err e = pl_load_offer(p, sdp, sizeof sdp, &len);
    if (e != PL_OK) {
        fail(s, e, "an offer");
        return;
    }
    m.sdp = (pl_slice){(const uint8_t *)sdp, len};
    pl_fmt_cut(m.signaling_source, sizeof m.signaling_source, "%s", ip);
    PL_MSG_SET(MEDIA_LEG_CREATE, media_leg_create, &m, sdp);
    PL_MSG_SET(MEDIA_LEG_CREATE, media_leg_create, &m, signaling_source);
    send_request(s, &PL_MSG_MEDIA_LEG_CREATE, &m, p);
}

static void ask_drop(bus_state *s, pl_load_party *p)
{
    pl_media_leg_destroy m = {.present = 0};
    ROOM_OF(s, m, p->room);
    leg_id(p, m.leg_id, sizeof m.leg_id);
    send_request(s, &PL_MSG_MEDIA_LEG_DESTROY, &m, p);
}

static void ask_next(bus_state *s)
{
    size_t i = s->next++;
    switch (s->step) {
    case OPEN_ROOM: {
        unsigned room = s->parties ? s->parties[i].room : (unsigned)i;
        if (room < PL_LOAD_ROOMS_MAX && !s->has_room[room]) {
            s->has_room[room] = true;
            ask_room(s, room);
        } else {
            s->n_done++;
        }
        break;
    }
    case CREATE_LEG: ask_leg(s, &s->parties[i]); break;
    case DROP_LEG: ask_drop(s, &s->parties[i]); break;
    }
}

static void pump(bus_state *s)
{
    while (s->error == PL_OK && s->next < s->n && s->next - s->n_done < AT_ONCE)
        ask_next(s);
}

/* Do a step for n rooms or parties, and wait for all of it. */
static pl_err run(bus_state *s, step what, pl_load_party *parties, size_t n)
{
    s->step = what;
    s->parties = parties;
    s->n = n;
    s->next = s->n_done = 0;
    s->is_late = false;
    pl_timer_start(s->deadline, JOIN_US);
    pump(s);
    while (s->n_done < n && s->error == PL_OK && !s->is_late)
        pl_loop_run(s->loop);
    pl_timer_stop(s->deadline);
    if (s->is_late)
        fail(s, PL_ETIMEOUT,
             "the media worker does not answer; take fewer participants");
    return s->error;
}

/* ---- the worker --------------------------------------------------------- */

/* A UDP port that nobody has; another generator may look at the same time. */
static unsigned free_port(void)
{
    unsigned start = (unsigned)getpid();
    for (unsigned i = 0; i < N_WEBRTC_PORTS; i++) {
        pl_udp udp;
        unsigned port = WEBRTC_PORTS + (start + i) % N_WEBRTC_PORTS;
        if (pl_udp_open("127.0.0.1", (uint16_t)port, 0, &udp) == PL_OK) {
            pl_udp_close(&udp);
            return port;
        }
    }
    return WEBRTC_PORTS;
}

static bool write_config(const bus_state *s, const char *endpoint)
{
    char path[64];
    pl_fmt_cut(path, sizeof path, "%s/parley.conf", s->dir);
    FILE *f = fopen(path, "w");
    if (!f)
        return false;
    (void)fprintf(
        f,
        "[common]\nbus = %s\nnode = media-load\nrun_dir = %s\n"
        "log_level = warn\ndrain_ms = 100\nmetrics_ms = %d\n"
        "[media]\nwebrtc_port = %u\nwebrtc_ports = 1\nrtp_port_min = "
        "%d\nrtp_port_max = %d\n"
        "bind_address = 127.0.0.1\nannounce_address = 127.0.0.1\n"
        "announce_loopback = true\nthreads = %u\nmax_legs = 20000\n"
        "max_rooms = 10000\nbudget_permille = 0\nprompts_dir = %s\n%s\n",
        endpoint, s->dir, METRICS_MS, free_port(), RTP_PORT_MIN, RTP_PORT_MAX,
        s->what->options->spawn_threads, s->what->options->speech,
        s->what->options->spawn_config);
    return fclose(f) == 0;
}

static pl_err spawn(bus_state *s, const char *endpoint)
{
    char config[80];
    char log[64];
    if (!write_config(s, endpoint))
        return PL_EIO;
    pl_fmt_cut(config, sizeof config, "--config=%s/parley.conf", s->dir);
    pl_fmt_cut(log, sizeof log, "%s/log", s->dir);
    const char *argv[] = {s->what->options->spawn, config, NULL};
    s->child = child_start(argv, log, s->what->options->spawn_core);
    return s->child > 0 ? PL_OK : PL_EUNAVAILABLE;
}

static pl_err open_bus(bus_state *s, const char *endpoint)
{
    static const struct {
        const pl_msg_desc *desc;
        pl_bus_handler handler;
    } rows[] = {
        {&PL_MSG_HELLO, on_hello},
        {&PL_MSG_METRICS_REPORT, on_metrics},
        {&PL_MSG_INVENTORY_ITEM, on_ignored},
        {&PL_MSG_INVENTORY_END, on_ignored},
        {&PL_MSG_GOODBYE, on_ignored},
        {&PL_MSG_LEG_REPORT, on_ignored},
        {&PL_MSG_LEG_DTMF, on_ignored},
        {&PL_MSG_LEG_PLAYED, on_ignored},
        {&PL_MSG_LEG_TALKING, on_ignored},
        {&PL_MSG_LEG_STATS, on_ignored},
        {&PL_MSG_ROOM_PLAYED, on_ignored},
        {&PL_MSG_RECORDING_REPORT, on_ignored},
        {&PL_MSG_RECORDING_FILE, on_ignored},
    };
    pl_bus_options o = {.loop = s->loop,
                        .node = "roompool",
                        .role = PL_ROLE_ROOMPOOL,
                        .endpoint = endpoint,
                        /* a worker that has much to do is not gone */
                        .beats_missed = 40};
    pl_err e = pl_bus_open_zmq(&o, &s->bus);
    for (size_t i = 0; e == PL_OK && i < sizeof rows / sizeof *rows; i++)
        e = pl_bus_handle(s->bus, rows[i].desc, rows[i].handler, s);
    if (e == PL_OK)
        pl_bus_watch_peers(s->bus, on_peer, s);
    return e;
}

/* The end of what the worker wrote, as one line. */
static void last_lines(const bus_state *s, char *buf, size_t cap)
{
    char path[64];
    pl_fmt_cut(path, sizeof path, "%s/log", s->dir);
    buf[0] = '\0';
    FILE *f = fopen(path, "r");
    if (!f)
        return;
    if (fseek(f, -(long)(cap - 1), SEEK_END) != 0)
        rewind(f); /* it is shorter */
    size_t n = fread(buf, 1, cap - 1, f);
    (void)fclose(f);
    while (n > 0 && buf[n - 1] == '\n')
        n--;
    buf[n] = '\0';
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)buf[i] < ' ')
            buf[i] = ' ';
    }
}

static void fail_ended(bus_state *s, int status)
{
    char text[PL_LOAD_REASON];
    char lines[PL_LOAD_REASON / 2];
    const char *program = s->what->options->spawn;
    bool is_exit = WIFEXITED(status);
    int code = is_exit ? WEXITSTATUS(status) : WTERMSIG(status);
    last_lines(s, lines, sizeof lines);
    if (is_exit && (code == 126 || code == 127)) {
        pl_fmt_cut(text, sizeof text,
                   "--spawn: %.100s cannot be started (%s); it takes the path "
                   "of a parley-media",
                   program, code == 127 ? "no such file" : "not a program");
    } else {
        pl_fmt_cut(text, sizeof text, "%.100s ended at once, %s %d%s%s",
                   program, is_exit ? "exit status" : "signal", code,
                   lines[0] ? "; it wrote: " : "", lines);
    }
    fail(s, PL_EUNAVAILABLE, text);
}

static pl_err wait_link(bus_state *s)
{
    bool has_child = s->child > 0;
    int status = 0;
    for (unsigned i = 0; i < LINK_US / LOOK_US && !s->is_linked; i++) {
        s->is_late = false;
        pl_timer_start(s->deadline, LOOK_US);
        while (!s->is_linked && !s->is_late && s->error == PL_OK)
            pl_loop_run(s->loop);
        if (has_child && !s->is_linked && !child_look(&s->child, &status))
            fail_ended(s, status);
        if (s->error != PL_OK)
            break;
    }
    pl_timer_stop(s->deadline);
    if (!s->is_linked)
        fail(s, PL_EUNAVAILABLE,
             has_child ? "no media worker came: --spawn takes a parley-media"
                       : "no media worker came: --spawn PROGRAM starts one");
    return s->error;
}

static void close_state(void **state);

static pl_err set_up(bus_state *s)
{
    const pl_load_options *o = s->what->options;
    char endpoint[64];
    pl_fmt_cut(s->dir, sizeof s->dir, "/tmp/parley-load-XXXXXX");
    if (!folder_make(s->dir)) {
        s->dir[0] = '\0';
        return PL_EIO;
    }
    pl_fmt_cut(endpoint, sizeof endpoint, "ipc://%s/bus", s->dir);
    pl_err e = pl_loop_create(&s->loop);
    if (e == PL_OK)
        e = pl_timer_create(s->loop, on_deadline, s, &s->deadline);
    if (e == PL_OK)
        e = open_bus(s, o->server[0] ? o->server : endpoint);
    if (e == PL_OK && o->spawn[0])
        e = spawn(s, endpoint);
    return e == PL_OK ? wait_link(s) : e;
}

static pl_err open_state(const pl_load_open *what, void **ret_state)
{
    bus_state *s = calloc(1, sizeof *s);
    if (!s)
        return PL_ENOMEM;
    s->what = what;
    pl_err e = set_up(s);
    if (e != PL_OK) {
        void *state = s;
        close_state(&state);
        return e;
    }
    *ret_state = s;
    return PL_OK;
}

/* ---- adapter ------------------------------------------------------------ */

static pl_err join(void *state, pl_load_party *parties, size_t n)
{
    bus_state *s = state;
    if (n == 0)
        return run(s, OPEN_ROOM, NULL, s->what->options->rooms);
    pl_err e = run(s, OPEN_ROOM, parties, n);
    return e == PL_OK ? run(s, CREATE_LEG, parties, n) : e;
}

static pl_err leave(void *state, pl_load_party *parties, size_t n)
{
    return run(state, DROP_LEG, parties, n);
}

static pl_err wait_until(void *state, int64_t until_us)
{
    bus_state *s = state;
    int64_t now = pl_load_now_us();
    s->is_late = false;
    pl_timer_start(s->deadline, until_us > now ? until_us - now : 0);
    while (!s->is_late && s->error == PL_OK)
        pl_loop_run(s->loop);
    pl_timer_stop(s->deadline);
    return s->error;
}

static size_t pids(void *state, long *ret_pids, size_t cap)
{
    const bus_state *s = state;
    if (cap == 0 || s->pid <= 0)
        return 0;
    ret_pids[0] = s->pid;
    return 1;
}

static void metrics(void *state, pl_load_server *server)
{
    bus_state *s = state;
    pl_parley_metrics_add(&s->metrics, s->page, server);
}

static void close_state(void **state)
{
    bus_state *s = *state;
    (void)child_stop(&s->child, STOP_MS);
    pl_bus_close(&s->bus);
    if (s->loop)
        pl_timer_destroy(&s->deadline);
    pl_loop_destroy(&s->loop);
    folder_remove(s->dir);
    free(s);
    *state = NULL;
}

const pl_load_adapter pl_load_parley_bus = {
    .name = "parley-bus",
    .about = "one parley-media alone; this program plays roompool for it",
    .preset = "",
    .transports = 1U << PL_LOAD_RTP | 1U << PL_LOAD_WEBRTC,
    .open = open_state,
    .join = join,
    .leave = leave,
    .wait = wait_until,
    .pids = pids,
    .metrics = metrics,
    .close = close_state,
};
