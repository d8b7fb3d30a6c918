/* bench_restart.c - how long roompool is away: a restart with many participants
 * in the database, until its workers and it agree again; then a media worker
 * that is killed, until all its legs have been asked of its sibling.
 *
 * usage: bench_restart [--participants N]   default: 10000
 *
 * The database is written as roompool leaves it. Its workers are played: they
 * say hello, list what they hold, and tell of each leg what a sibling needs
 * (3 KiB). docs/performance.md says what the numbers mean. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/store_sqlite.h"
#include "load/child.h"
#include "pl/bus.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"

enum {
    A_CONF = 10, /* participants */
    N_MEDIA = 4,
    N_SIGNALING = 2,
    EVENTS = 20, /* kept of a conference */
    LIMIT_MS = 60000,
    STATE_LEN = 3072,
    POSITION_LEN = 256,
};
static const unsigned LOST[] = {50, 500, 2000};
enum { N_LOST = sizeof LOST / sizeof LOST[0] };
_Static_assert(N_LOST == N_MEDIA - 1, "the last worker has the rest");

typedef struct peer {
    struct bench *bench;
    pl_bus *bus;
    char node[PL_NODE_MAX + 1];
    pl_role role;
    bool is_welcome, is_done; /* hello_ok; what it has too much is ended */
    unsigned n_imports;
    int64_t last_import_us;
} peer;

typedef struct conf {
    char id[37];
    unsigned media; /* index of its worker */
    uint64_t epoch;
} conf;

typedef struct leg {
    char id[37], call[37]; /* call "": a page's */
} leg;

typedef struct bench {
    pl_loop *loop;
    pl_timer *timer;
    bool (*is_over)(struct bench *b);
    int64_t until_us;
    bool is_late;
    char dir[64], config[96], database[96], log[96];
    unsigned n_participants, n_confs;
    conf *confs;
    leg *legs;
    pid_t pid;
    peer media[N_MEDIA], signaling[N_SIGNALING], sibling;
} bench;

static int64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void must(bool is_well, const char *what)
{
    if (is_well)
        return;
    (void)fprintf(stderr, "%s\n", what);
    exit(1);
}

static void look(void *ctx)
{
    bench *b = ctx;
    b->is_late = now_us() > b->until_us;
    if (b->is_late || b->is_over(b)) {
        pl_loop_stop(b->loop);
    } else {
        pl_timer_start(b->timer, 200);
    }
}

static void run_until(bench *b, bool (*is_over)(bench *b), const char *what)
{
    b->is_over = is_over;
    b->until_us = now_us() + (int64_t)LIMIT_MS * 1000;
    pl_timer_start(b->timer, 0);
    pl_loop_run(b->loop);
    must(!b->is_late, what);
}

/* ---- the database ---- */

static void put(pl_store *s, const pl_table *table, const void *row)
{
    must(s->ops->put(s, table, row) == PL_OK, table->name);
}

#define SET(field, ...) pl_fmt_cut((field), sizeof(field), __VA_ARGS__)

static const char *media_node(unsigned i, char node[PL_NODE_MAX + 1])
{
    pl_fmt_cut(node, PL_NODE_MAX + 1, "media-%u.0000000%u", i + 1, i + 1);
    return node;
}

static const char *signaling_node(unsigned i, char node[PL_NODE_MAX + 1])
{
    pl_fmt_cut(node, PL_NODE_MAX + 1, "signaling-%u.0000000%u", i + 1, i + 1);
    return node;
}

static void write_events(pl_store *s, const conf *c, int64_t at)
{
    for (unsigned i = 1; i <= EVENTS; i++) {
        pl_event_row e = {.owner = PL_OWNER_CONFERENCE,
                          .seq = i,
                          .kind = PL_EVENT_KIND_PARTICIPANT_UPDATE,
                          .at = at};
        SET(e.owner_id, "%s", c->id);
        SET(e.conf_id, "%s", c->id);
        put(s, &PL_TABLE_EVENT, &e);
    }
}

static void write_call(pl_store *s, const leg *l, unsigned i,
                       const char *part_id, int64_t at)
{
    char dialog[1024];
    char node[PL_NODE_MAX + 1];
    pl_call_row call = {.way = PL_CALL_WAY_IN,
                        .state = PL_CALL_STATE_CONFIRMED,
                        .started_at = at,
                        .answered_at = at};
    pl_dialog_row d = {.version = 1, .saved_at = at};
    memset(dialog, 'd', sizeof dialog);
    d.dialog = (pl_slice){(const uint8_t *)dialog, sizeof dialog};
    (void)signaling_node(i % N_SIGNALING, node);
    SET(call.call_id, "%s", l->call);
    SET(call.participant_id, "%s", part_id);
    SET(call.node, "%s", node);
    SET(call.peer_uri, "sip:+4940%u@example.net", i);
    SET(call.sip_call_id, "%s@192.0.2.1", l->call);
    put(s, &PL_TABLE_CALL, &call);
    SET(d.call_id, "%s", l->call);
    SET(d.node, "%s", node);
    put(s, &PL_TABLE_DIALOG, &d);
}

/* Every third participant is a telephone. */
static void write_part(bench *b, pl_store *s, const conf *c, unsigned i,
                       int64_t at)
{
    leg *l = &b->legs[i];
    bool is_phone = i % 3 == 0;
    pl_part_row p = {.kind =
                         is_phone ? PL_PART_KIND_TELEPHONE : PL_PART_KIND_PAGE,
                     .state = PL_PART_STATE_ACTIVE,
                     .role = PL_PART_ROLE_HOST,
                     .has_media = true,
                     .created_at = at,
                     .joined_at = at,
                     .connected_at = at,
                     .token_expires_at = at + 3600000};
    pl_leg_row r = {.kind = is_phone ? PL_LEG_KIND_SIP : PL_LEG_KIND_WEBRTC,
                    .state = PL_LEG_STATE_CONNECTED,
                    .direction = PL_DIRECTION_SENDRECV,
                    .mixed = true,
                    .epoch = c->epoch,
                    .created_at = at};
    pl_random_uuid(l->id);
    pl_random_uuid(p.participant_id);
    SET(p.conf_id, "%s", c->id);
    SET(p.display_name, "Participant %u", i);
    SET(p.source, "192.0.2.%u", i % 250);
    if (!is_phone)
        pl_sha256_hex(l->id, strlen(l->id), p.token_hashes);
    SET(r.leg_id, "%s", l->id);
    SET(r.participant_id, "%s", p.participant_id);
    SET(r.codec, "opus");
    SET(r.lines, "audio/a0");
    put(s, &PL_TABLE_PART, &p);
    put(s, &PL_TABLE_LEG, &r);
    if (!is_phone)
        return;
    pl_random_uuid(l->call);
    write_call(s, l, i, p.participant_id, at);
}

/* The first workers hold as many legs as are to be lost, the last the rest. */
static unsigned worker_of(unsigned i)
{
    unsigned end = 0;
    for (unsigned k = 0; k < N_LOST; k++) {
        end += LOST[k] / A_CONF;
        if (i < end)
            return k;
    }
    return N_MEDIA - 1;
}

static void write_conf(bench *b, pl_store *s, unsigned i, int64_t at)
{
    conf *c = &b->confs[i];
    char node[PL_NODE_MAX + 1];
    pl_room_row room = {.source = PL_ROOM_SOURCE_JOIN,
                        .state = PL_ROOM_STATE_ENABLED,
                        .mode = PL_ROOM_MODE_MIX,
                        .max_participants = 100,
                        .max_talkers = 5,
                        .channels = 1,
                        .dtmf = PL_DTMF_POLICY_EAT,
                        .level_voices = true,
                        .record = PL_RECORD_POLICY_MANUAL,
                        .allow_guests = true,
                        .created_at = at};
    pl_conf_row row = {.kind = PL_CONF_KIND_ROOM,
                       .state = PL_CONF_STATE_LIVE,
                       .mode = PL_ROOM_MODE_MIX,
                       .max_participants = 100,
                       .max_talkers = 5,
                       .started_at = at,
                       .is_started = true,
                       .guests_can_unmute = true,
                       .n_joined = A_CONF};
    pl_random_uuid(c->id);
    c->media = worker_of(i);
    c->epoch = row.epoch = i + 1;
    SET(room.room_id, "bench-%u", i);
    SET(row.room_id, "%s", room.room_id);
    SET(row.conf_id, "%s", c->id);
    SET(row.media_node, "%s", media_node(c->media, node));
    put(s, &PL_TABLE_ROOM, &room);
    put(s, &PL_TABLE_CONF, &row);
    write_events(s, c, at);
    for (unsigned k = 0; k < A_CONF; k++)
        write_part(b, s, c, i * A_CONF + k, at);
}

static void write_workers(pl_store *s, int64_t at)
{
    for (unsigned i = 0; i < N_MEDIA + N_SIGNALING; i++) {
        bool is_media = i < N_MEDIA;
        pl_worker_row w = {.role = is_media ? PL_ROLE_MEDIA : PL_ROLE_SIGNALING,
                           .state = PL_WORKER_STATE_UP,
                           .life = PL_LIFE_READY,
                           .up_at = at,
                           .seen_at = at};
        (void)(is_media ? media_node(i, w.node)
                        : signaling_node(i - N_MEDIA, w.node));
        put(s, &PL_TABLE_WORKER, &w);
    }
}

static void write_database(bench *b)
{
    char reason[512];
    pl_store *s;
    struct timespec t;
    pl_meta_row meta = {.name = "epoch"};
    (void)clock_gettime(CLOCK_REALTIME, &t);
    int64_t at = (int64_t)t.tv_sec * 1000;
    must(pl_store_open_sqlite(b->database, &s, reason, sizeof reason) == PL_OK,
         "no database");
    for (unsigned i = 0; i < b->n_confs; i++)
        write_conf(b, s, i, at);
    write_workers(s, at);
    SET(meta.value, "%u", b->n_confs);
    put(s, &PL_TABLE_META, &meta);
    must(s->ops->commit(s) == PL_OK, "commit");
    s->ops->close(&s);
}

/* ---- workers ---- */

static void on_request(void *ctx, const pl_bus_in *in)
{
    static const pl_ok ok = {.present = 0};
    peer *p = ctx;
    pl_bus_reply(p->bus, &in->ticket, &PL_MSG_OK_REPLY, &ok);
}

/* What it told of last is nobody's: once it is ended, all has been read. */
static void on_end(void *ctx, const pl_bus_in *in)
{
    peer *p = ctx;
    p->is_done = true;
    on_request(ctx, in);
}

static void on_import(void *ctx, const pl_bus_in *in)
{
    peer *p = ctx;
    p->n_imports++;
    p->last_import_us = now_us();
    on_request(ctx, in);
}

static void on_hello(void *ctx, pl_err e, const pl_bus_in *in);

static void say_hello(peer *p)
{
    pl_hello m = {.role = (uint32_t)p->role,
                  .schema_major = PL_SCHEMA_MAJOR,
                  .schema_hash = pl_msg_schema_hash(),
                  .pid = 1,
                  .capacity = 100000};
    SET(m.node, "%s", p->node);
    SET(m.build, "bench");
    PL_MSG_SET(HELLO, hello, &m, capacity);
    if (p->role == PL_ROLE_MEDIA) {
        SET(m.net, "bench");
        PL_MSG_SET(HELLO, hello, &m, net);
    }
    must(pl_bus_request(p->bus, NULL, &PL_MSG_HELLO, &m, on_hello, p, NULL) ==
             PL_OK,
         "hello");
}

static void tell(peer *p, uint64_t epoch, const pl_msg_desc *desc,
                 const void *body)
{
    while (pl_bus_event(p->bus, &(pl_bus_send){.epoch = epoch}, desc, body))
        pause_ms(1); /* its queue is full */
}

static void tell_item(peer *p, uint32_t kind, const char *id, const char *room,
                      uint64_t epoch, uint32_t state)
{
    pl_inventory_item m = {.kind = kind, .epoch = epoch, .state = state};
    SET(m.id, "%s", id);
    SET(m.room_id, "%s", room);
    if (room[0])
        PL_MSG_SET(INVENTORY_ITEM, inventory_item, &m, room_id);
    PL_MSG_SET(INVENTORY_ITEM, inventory_item, &m, epoch);
    PL_MSG_SET(INVENTORY_ITEM, inventory_item, &m, state);
    tell(p, epoch, &PL_MSG_INVENTORY_ITEM, &m);
}

static void list_media(peer *p)
{
    bench *b = p->bench;
    for (unsigned i = 0; i < b->n_confs; i++) {
        const conf *c = &b->confs[i];
        if (p != &b->media[c->media])
            continue;
        tell_item(p, PL_INVENTORY_ROOM, c->id, "", c->epoch, 0);
        for (unsigned k = 0; k < A_CONF; k++) {
            tell_item(p, PL_INVENTORY_LEG, b->legs[i * A_CONF + k].id, c->id,
                      c->epoch, PL_LEG_STATE_CONNECTED);
        }
    }
    tell_item(p, PL_INVENTORY_ROOM, "nobody's", "", 1, 0);
}

static void list_calls(peer *p)
{
    bench *b = p->bench;
    for (unsigned i = 0; i < b->n_participants; i++) {
        if (b->legs[i].call[0] && p == &b->signaling[i % N_SIGNALING]) {
            tell_item(p, PL_INVENTORY_CALL, b->legs[i].call, "", 0,
                      PL_CALL_STATE_CONFIRMED);
        }
    }
    tell_item(p, PL_INVENTORY_CALL, "nobody's", "", 0, PL_CALL_STATE_CONFIRMED);
}

static void on_hello(void *ctx, pl_err e, const pl_bus_in *in)
{
    peer *p = ctx;
    pl_inventory_end end = {.count = 0};
    if (e || in->desc != &PL_MSG_HELLO_OK) {
        say_hello(p); /* it is not there yet */
        return;
    }
    p->is_welcome = true;
    if (p->role == PL_ROLE_SIGNALING) {
        list_calls(p);
    } else if (p != &p->bench->sibling) {
        list_media(p);
    }
    tell(p, 0, &PL_MSG_INVENTORY_END, &end);
}

static void start_peer(bench *b, peer *p, pl_role role)
{
    static const struct {
        const pl_msg_desc *desc;
        pl_bus_handler handler;
    } handlers[] = {
        {&PL_MSG_MEDIA_ROOM_OPEN, on_request},
        {&PL_MSG_MEDIA_ROOM_CLOSE, on_end},
        {&PL_MSG_MEDIA_ROOM_PLAY, on_request},
        {&PL_MSG_MEDIA_LEG_IMPORT, on_import},
        {&PL_MSG_MEDIA_LEG_CREATE, on_import},
        {&PL_MSG_MEDIA_LEG_PLAY, on_request},
        {&PL_MSG_CALL_END, on_end},
    };
    char endpoint[96];
    p->bench = b;
    p->role = role;
    SET(endpoint, "ipc://%s/bus", b->dir);
    const pl_bus_options o = {.loop = b->loop,
                              .node = p->node,
                              .role = role,
                              .endpoint = endpoint,
                              .beat_ms = 250,
                              .beats_missed = 40};
    must(pl_bus_open_zmq(&o, &p->bus) == PL_OK, "no bus");
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
        must(pl_bus_handle(p->bus, handlers[i].desc, handlers[i].handler, p) ==
                 PL_OK,
             "no handler");
    }
    say_hello(p);
}

/* ---- roompool ---- */

static void write_config(const bench *b)
{
    FILE *f = fopen(b->config, "w");
    must(f != NULL, "no configuration");
    (void)fprintf(
        f,
        "[common]\nbus = ipc://%s/bus\nrun_dir = %s\nbeats_missed = 40\n"
        "[roompool]\ndatabase = %s\nmax_conferences = 100000\n"
        "max_rooms = 100000\ncreate_rooms = on-join\n",
        b->dir, b->dir, b->database);
    (void)fclose(f);
}

static bool log_has(const char *path, const char *text)
{
    static char line[4096];
    bool is_there = false;
    FILE *f = fopen(path, "r");
    while (f && !is_there && fgets(line, sizeof line, f))
        is_there = strstr(line, text) != NULL;
    if (f)
        (void)fclose(f);
    return is_there;
}

static bool is_ready(bench *b)
{
    must(child_is_alive(&b->pid), "roompool has ended; see its log");
    return log_has(b->log, "to=ready");
}

static bool all(const bench *b, size_t offset)
{
    for (unsigned i = 0; i < N_MEDIA; i++) {
        if (!*((const bool *)(const void *)((const char *)&b->media[i] +
                                            offset)))
            return false;
    }
    for (unsigned i = 0; i < N_SIGNALING; i++) {
        if (!*((const bool *)(const void *)((const char *)&b->signaling[i] +
                                            offset)))
            return false;
    }
    return true;
}

static bool are_welcome(bench *b)
{
    return all(b, offsetof(peer, is_welcome));
}

static bool are_done(bench *b)
{
    return all(b, offsetof(peer, is_done));
}

/* CPU time of the process, microseconds. */
static int64_t cpu_us(pid_t pid)
{
    char path[64];
    char text[64];
    uint64_t ns = 0;
    SET(path, "/proc/%d/schedstat", (int)pid);
    FILE *f = fopen(path, "r");
    must(f && fgets(text, sizeof text, f), "no schedstat");
    (void)fclose(f);
    text[strcspn(text, " ")] = '\0';
    must(pl_parse_u64(pl_slice_str(text), INT64_MAX, &ns) == PL_OK,
         "no schedstat");
    return (int64_t)(ns / 1000);
}

static void start_roompool(bench *b)
{
    char flag[128];
    SET(flag, "--config=%s", b->config);
    const char *const argv[] = {PL_BENCH_BIN "/parley-roompool", flag, NULL};
    b->pid = child_start(argv, b->log, -1);
    must(b->pid != 0, "roompool does not start");
}

static double ms(int64_t us)
{
    return (double)us / 1000;
}

static void bench_restart(bench *b)
{
    int64_t start = now_us();
    start_roompool(b);
    for (unsigned i = 0; i < N_MEDIA; i++) {
        (void)media_node(i, b->media[i].node);
        start_peer(b, &b->media[i], PL_ROLE_MEDIA);
    }
    for (unsigned i = 0; i < N_SIGNALING; i++) {
        (void)signaling_node(i, b->signaling[i].node);
        start_peer(b, &b->signaling[i], PL_ROLE_SIGNALING);
    }
    run_until(b, is_ready, "roompool is not ready");
    int64_t ready = now_us();
    int64_t ready_cpu = cpu_us(b->pid);
    run_until(b, are_welcome, "workers are not welcome");
    int64_t welcome = now_us();
    run_until(b, are_done, "workers and roompool do not agree");
    int64_t done = now_us();
    (void)printf("restart with %u participants of %u conferences\n\n"
                 "| since it was started | ms | its CPU, ms |\n|---|---|---|\n"
                 "| it is ready | %.0f | %.0f |\n"
                 "| all workers are welcome | %.0f | |\n"
                 "| all agree | %.0f | %.0f |\n\n",
                 b->n_participants, b->n_confs, ms(ready - start),
                 ms(ready_cpu), ms(welcome - start), ms(done - start),
                 ms(cpu_us(b->pid)));
}

/* ---- a lost worker ---- */

static void tell_legs(peer *p, unsigned index)
{
    static uint8_t state[STATE_LEN];
    static uint8_t position[POSITION_LEN];
    const bench *b = p->bench;
    pl_random(state, sizeof state);
    for (unsigned i = 0; i < b->n_participants; i++) {
        const conf *c = &b->confs[i / A_CONF];
        pl_leg_snapshot m = {.state = {state, sizeof state},
                             .position = {position, sizeof position}};
        if (c->media != index)
            continue;
        SET(m.room_id, "%s", c->id);
        SET(m.leg_id, "%s", b->legs[i].id);
        tell(p, c->epoch, &PL_MSG_LEG_SNAPSHOT, &m);
    }
}

static unsigned n_expected;
static peer *expected_of;

static bool are_imported(bench *b)
{
    (void)b;
    return expected_of->n_imports >= n_expected;
}

static bool are_told(bench *b)
{
    static int64_t since_us;
    int64_t now = now_us();
    (void)b;
    if (since_us == 0)
        since_us = now;
    if (now - since_us < 500000)
        return false;
    since_us = 0;
    return true;
}

/* The worker that holds so many legs; the sibling takes them all. */
static void lose(bench *b, unsigned i, unsigned n_legs, bool is_told)
{
    peer *p = &b->media[i];
    unsigned n_phones = 0;
    for (unsigned k = 0; k < b->n_participants; k++)
        n_phones += b->confs[k / A_CONF].media == i && b->legs[k].call[0];
    if (is_told)
        tell_legs(p, i);
    run_until(b, are_told, "time stands still");
    b->sibling.n_imports = 0;
    expected_of = &b->sibling;
    n_expected = is_told ? n_legs : n_phones;
    int64_t cpu = cpu_us(b->pid);
    int64_t start = now_us();
    pl_bus_close(&p->bus);
    run_until(b, are_imported, "legs are not taken over");
    int64_t asked = b->sibling.last_import_us - start;
    (void)printf("| %u, %s | %.1f | %.1f |\n", n_legs,
                 is_told ? "imported" : "offered anew", ms(asked),
                 ms(cpu_us(b->pid) - cpu));
}

static bool is_sibling_welcome(bench *b)
{
    return b->sibling.is_welcome;
}

static void bench_lost(bench *b)
{
    unsigned held[N_MEDIA] = {0};
    SET(b->sibling.node, "media-9.00000009");
    start_peer(b, &b->sibling, PL_ROLE_MEDIA);
    run_until(b, is_sibling_welcome, "the sibling is not welcome");
    for (unsigned i = 0; i < b->n_confs; i++)
        held[b->confs[i].media] += A_CONF;
    (void)printf("a media worker is killed\n\n"
                 "| its legs | until the last was asked for at the sibling, ms "
                 "| roompool's CPU, ms |\n|---|---|---|\n");
    for (unsigned i = 0; i < N_LOST; i++) {
        if (held[i] >= LOST[i])
            lose(b, i, held[i], true);
    }
    lose(b, N_MEDIA - 1, held[N_MEDIA - 1], false);
    (void)printf("\n");
}

int main(int argc, char **argv)
{
    static bench b = {.dir = "/tmp/parley-restart-XXXXXX",
                      .n_participants = 10000};
    uint64_t n = 0;
    if (argc == 3 && strcmp(argv[1], "--participants") == 0 &&
        pl_parse_u64(pl_slice_str(argv[2]), 100000, &n) == PL_OK && n >= A_CONF)
        b.n_participants = (unsigned)n / A_CONF * A_CONF;
    must(argc == 1 || n > 0, "usage: bench_restart [--participants N]");
    b.n_confs = b.n_participants / A_CONF;
    b.confs = calloc(b.n_confs, sizeof *b.confs);
    b.legs = calloc(b.n_participants, sizeof *b.legs);
    must(b.confs && b.legs && folder_make(b.dir), "no memory or folder");
    SET(b.config, "%s/parley.conf", b.dir);
    SET(b.database, "%s/parley.db", b.dir);
    SET(b.log, "%s/roompool.log", b.dir);
    pl_log_open("bench", PL_LOG_ERROR, false);
    must(pl_loop_create(&b.loop) == PL_OK &&
             pl_timer_create(b.loop, look, &b, &b.timer) == PL_OK,
         "no loop");
    write_config(&b);
    write_database(&b);
    bench_restart(&b);
    bench_lost(&b);
    for (unsigned i = 0; i < N_MEDIA; i++)
        pl_bus_close(&b.media[i].bus);
    for (unsigned i = 0; i < N_SIGNALING; i++)
        pl_bus_close(&b.signaling[i].bus);
    pl_bus_close(&b.sibling.bus);
    bool is_ended = child_stop(&b.pid, 5000);
    pl_timer_destroy(&b.timer);
    pl_loop_destroy(&b.loop);
    folder_remove(b.dir);
    free(b.confs);
    free(b.legs);
    return is_ended ? 0 : 1;
}
