/* worker_rig.c - the media worker, driven as roompool would. */
#include "worker_rig.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEADLINE_US = 20000000 };

const char room[37] = "11111111-1111-4111-8111-111111111111";
static const char node[] = "media-t.1";
static const char second_node[] = "media-t.2";

/* ---- roompool ----------------------------------------------------------- */

static void on_deadline(void *ctx)
{
    world *w = ctx;
    w->is_late = true;
    pl_loop_stop(w->loop);
}

/* Run the loop until somebody stops it; false after the deadline. */
bool turn(world *w)
{
    w->is_late = false;
    pl_timer_start(w->deadline, DEADLINE_US);
    pl_loop_run(w->loop);
    pl_timer_stop(w->deadline);
    return !w->is_late;
}

static void on_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    world *w = ctx;
    w->has_reply = true;
    w->error = e;
    if (e == PL_OK && in->desc == &PL_MSG_MEDIA_LEG_SDP) {
        const pl_media_leg_sdp *m = in->body;
        if (m->sdp.len)
            memcpy(w->text, m->sdp.ptr, m->sdp.len);
        w->text[m->sdp.len] = '\0';
        w->sdp_type = m->sdp_type;
        w->direction = m->direction;
        memcpy(w->lines, m->lines, sizeof m->lines);
    }
    pl_loop_stop(w->loop);
}

pl_err ask(world *w, uint64_t epoch, const pl_msg_desc *d, const void *body)
{
    pl_bus_send how = {
        .to = w->to, .epoch = epoch, .deadline_ms = DEADLINE_US / 1000};
    w->has_reply = false;
    w->text[0] = w->lines[0] = '\0';
    assert_int_equal(pl_bus_request(w->pool, &how, d, body, on_reply, w, NULL),
                     PL_OK);
    while (!w->has_reply)
        assert_true(turn(w));
    return w->error;
}

static void on_report(void *ctx, const pl_bus_in *in)
{
    world *w = ctx;
    const pl_leg_report *m = in->body;
    assert_in_range(in->epoch, EPOCH, w->epoch);
    assert_true(w->n_reports < REPORTS);
    memcpy(w->report[w->n_reports].leg, m->leg_id, sizeof m->leg_id);
    memcpy(w->report[w->n_reports].codec, m->codec, sizeof m->codec);
    w->report[w->n_reports++].state = m->state;
    pl_loop_stop(w->loop);
}

static void on_item(void *ctx, const pl_bus_in *in)
{
    world *w = ctx;
    (void)in;
    w->n_items++;
}

static void on_end(void *ctx, const pl_bus_in *in)
{
    world *w = ctx;
    const pl_inventory_end *m = in->body;
    assert_int_equal(m->count, w->n_items);
    w->n_ends++;
    pl_loop_stop(w->loop);
}

static void on_played(void *ctx, const pl_bus_in *in)
{
    world *w = ctx;
    const pl_leg_played *m = in->body;
    memcpy(w->played, m->prompt, sizeof m->prompt);
    w->n_played++;
    pl_loop_stop(w->loop);
}

static void on_room_played(void *ctx, const pl_bus_in *in)
{
    world *w = ctx;
    const pl_room_played *m = in->body;
    assert_string_equal(m->room_id, room);
    assert_int_equal(in->epoch, EPOCH);
    memcpy(w->played, m->prompt, sizeof m->prompt);
    w->n_room_played++;
    pl_loop_stop(w->loop);
}

static kept_leg *kept_of(world *w, const char *leg)
{
    for (size_t i = 0; i < KEPT; i++) {
        kept_leg *k = &w->kept[i];
        if (!k->leg[0])
            SET_TEXT(k->leg, leg);
        if (strcmp(k->leg, leg) == 0)
            return k;
    }
    fail();
    return NULL;
}

static void keep_position(kept_leg *k, pl_slice position, bool is_final)
{
    k->is_final = is_final;
    memcpy(k->position, position.ptr, position.len);
    k->position_len = position.len;
    k->n_positions++;
}

static void on_snapshot(void *ctx, const pl_bus_in *in)
{
    world *w = ctx;
    const pl_leg_snapshot *m = in->body;
    kept_leg *k = kept_of(w, m->leg_id);
    assert_string_equal(m->room_id, room);
    memcpy(k->state, m->state.ptr, m->state.len);
    k->state_len = m->state.len;
    k->n_states++;
    memcpy(k->first_position, m->position.ptr, m->position.len);
    k->first_position_len = m->position.len;
    keep_position(k, m->position, false);
    pl_loop_stop(w->loop);
}

static void on_position(void *ctx, const pl_bus_in *in)
{
    world *w = ctx;
    const pl_leg_position *m = in->body;
    keep_position(kept_of(w, m->leg_id), m->position, m->is_final);
    pl_loop_stop(w->loop);
}

static void on_ignored(void *ctx, const pl_bus_in *in)
{
    (void)ctx;
    (void)in;
}

static void on_drained(void *ctx)
{
    world *w = ctx;
    w->is_drained = true;
    pl_loop_stop(w->loop);
}

uint32_t next_state(world *w)
{
    while (w->n_seen == w->n_reports)
        assert_true(turn(w));
    return w->report[w->n_seen++].state;
}

/* ---- fixture ------------------------------------------------------------ */

/* A port with free neighbours, below those that the kernel gives to clients;
 * another run of this test may hold some at the same time. */
static uint16_t free_ports(void)
{
    enum { FIRST = 20000, STEP = 64, N = 180 };
    unsigned start = (unsigned)getpid();
    for (unsigned i = 0; i < N; i++) {
        unsigned base = FIRST + (start + i) % N * STEP;
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)base)};
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        int rc = bind(fd, (const struct sockaddr *)&at, sizeof at);
        (void)close(fd);
        if (rc == 0)
            return (uint16_t)base;
    }
    return 0;
}

int worker_begin(void **state)
{
    const worker_options usual = {.max_legs = 4};
    return worker_begin_with(state, &usual);
}

int worker_begin_with(void **state, const worker_options *options)
{
    static world w; /* large */
    uint16_t port = free_ports();
    assert_int_not_equal(port, 0);
    w = (world){.to = node,
                .epoch = EPOCH,
                .config = {.webrtc_port = port,
                           .webrtc_ports = 1,
                           .rtp_port_min = port + 10U,
                           .rtp_port_max = port + 61U,
                           .announce_address = "127.0.0.1",
                           .announce_loopback = true,
                           .dtx = true,
                           .threads = 1,
                           .max_legs = options->max_legs,
                           .budget_permille = options->budget_permille,
                           .max_rooms = 2,
                           .max_talkers = 3,
                           .redundancy = true,
                           .prompts_dir = PL_TEST_PROMPTS,
                           .max_recordings = 2,
                           .recordings_min_free_mib = options->min_free_mib}};
    if (options->recordings_dir)
        SET_TEXT(w.config.recordings_dir, options->recordings_dir);
    static const struct {
        const pl_msg_desc *desc;
        pl_bus_handler handler;
    } events[] = {{&PL_MSG_LEG_REPORT, on_report},
                  {&PL_MSG_INVENTORY_ITEM, on_item},
                  {&PL_MSG_INVENTORY_END, on_end},
                  {&PL_MSG_LEG_PLAYED, on_played},
                  {&PL_MSG_ROOM_PLAYED, on_room_played},
                  {&PL_MSG_LEG_SNAPSHOT, on_snapshot},
                  {&PL_MSG_LEG_POSITION, on_position},
                  {&PL_MSG_LEG_TALKING, on_ignored},
                  {&PL_MSG_LEG_STATS, on_ignored}};
    assert_int_equal(pl_loop_create(&w.loop), PL_OK);
    assert_int_equal(pl_timer_create(w.loop, on_deadline, &w, &w.deadline),
                     PL_OK);
    assert_int_equal(pl_bus_hub_create(w.loop, 1, &w.hub), PL_OK);
    pl_bus_options pool = {
        .loop = w.loop, .node = "roompool", .role = PL_ROLE_ROOMPOOL};
    pl_bus_options own = {.loop = w.loop, .node = node, .role = PL_ROLE_MEDIA};
    assert_int_equal(pl_bus_open_mem(w.hub, &pool, &w.pool), PL_OK);
    assert_int_equal(pl_bus_open_mem(w.hub, &own, &w.bus), PL_OK);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        assert_int_equal(
            pl_bus_handle(w.pool, events[i].desc, events[i].handler, &w),
            PL_OK);
    assert_int_equal(
        pl_metrics_create(pl_media_metric_rows, PL_MEDIA_M_COUNT, &w.metrics),
        PL_OK);
    pl_media_options o = {.loop = w.loop,
                          .bus = w.bus,
                          .metrics = w.metrics,
                          .config = &w.config,
                          .drained = on_drained,
                          .ctx = &w};
    assert_int_equal(pl_media_start(&o, &w.media), PL_OK);
    *state = &w;
    return 0;
}

/* ---- the other worker --------------------------------------------------- */

static void start_worker(world *w, const char *name, const pl_media_config *k,
                         second_worker *ret)
{
    const pl_bus_options bus = {
        .loop = w->loop, .node = name, .role = PL_ROLE_MEDIA};
    ret->config = *k;
    assert_int_equal(pl_bus_open_mem(w->hub, &bus, &ret->bus), PL_OK);
    assert_int_equal(pl_metrics_create(pl_media_metric_rows, PL_MEDIA_M_COUNT,
                                       &ret->metrics),
                     PL_OK);
    const pl_media_options o = {.loop = w->loop,
                                .bus = ret->bus,
                                .metrics = ret->metrics,
                                .config = &ret->config,
                                .drained = on_drained,
                                .ctx = w};
    assert_int_equal(pl_media_start(&o, &ret->media), PL_OK);
}

static void stop_worker(second_worker *s)
{
    pl_media_stop(&s->media);
    pl_bus_close(&s->bus);
    pl_metrics_destroy(&s->metrics);
}

void second_begin(world *w)
{
    enum { SHARED = 8 };
    pl_media_config k = w->config;
    k.webrtc_ports = SHARED;
    start_worker(w, second_node, &k, &w->second);
}

void second_end(world *w)
{
    stop_worker(&w->second);
}

void first_dies(world *w)
{
    pl_media_stop(&w->media);
    pl_bus_close(&w->bus);
    pl_metrics_destroy(&w->metrics);
}

void first_begin(world *w)
{
    static second_worker again; /* its configuration stays in use */
    start_worker(w, node, &w->config, &again);
    w->bus = again.bus;
    w->metrics = again.metrics;
    w->media = again.media;
}

void turn_to(world *w, bool is_second, uint64_t epoch)
{
    w->to = is_second ? second_node : node;
    w->epoch = epoch;
}

kept_leg *kept(world *w, const char *leg, uint32_t n_states,
               uint32_t n_positions)
{
    kept_leg *k = kept_of(w, leg);
    while (k->n_states < n_states || k->n_positions < n_positions)
        assert_true(turn(w));
    return k;
}

pl_err import(world *w, const kept_leg *k, pl_leg_kind kind, uint32_t age_ms)
{
    pl_media_leg_import m = {.kind = (uint32_t)kind,
                             .mixed = true,
                             .state = {k->state, k->state_len},
                             .position = {k->position, k->position_len},
                             .age_ms = age_ms};
    SET_TEXT(m.room_id, room);
    SET_TEXT(m.leg_id, k->leg);
    return ask(w, w->epoch, &PL_MSG_MEDIA_LEG_IMPORT, &m);
}

int worker_end(void **state)
{
    world *w = *state;
    second_end(w);
    pl_media_stop(&w->media);
    pl_bus_close(&w->bus);
    pl_bus_close(&w->pool);
    pl_bus_hub_destroy(&w->hub);
    pl_metrics_destroy(&w->metrics);
    pl_timer_destroy(&w->deadline);
    pl_loop_destroy(&w->loop);
    return 0;
}

/* ---- commands ----------------------------------------------------------- */

static pl_err open_it(world *w, uint64_t epoch, bool is_raw)
{
    pl_media_room_open m = {
        .mode = PL_ROOM_MODE_MIX, .max_legs = 3, .is_raw = is_raw};
    SET_TEXT(m.room_id, room);
    PL_MSG_SET(MEDIA_ROOM_OPEN, media_room_open, &m, is_raw);
    return ask(w, epoch, &PL_MSG_MEDIA_ROOM_OPEN, &m);
}

pl_err open_room(world *w, uint64_t epoch)
{
    return open_it(w, epoch, false);
}

pl_err open_raw_room(world *w, uint64_t epoch)
{
    return open_it(w, epoch, true);
}

uint16_t webrtc_port(const world *w)
{
    return (uint16_t)w->config.webrtc_port;
}

static pl_media_leg_create creation(const char *leg, pl_leg_kind kind)
{
    pl_media_leg_create m = {.kind = (uint32_t)kind, .mixed = true};
    SET_TEXT(m.room_id, room);
    SET_TEXT(m.leg_id, leg);
    SET_TEXT(m.signaling_source, "127.0.0.1");
    PL_MSG_SET(MEDIA_LEG_CREATE, media_leg_create, &m, signaling_source);
    return m;
}

pl_err create(world *w, const char *leg, pl_leg_kind kind, const char *sdp)
{
    pl_media_leg_create m = creation(leg, kind);
    if (sdp) {
        m.sdp = pl_slice_str(sdp);
        PL_MSG_SET(MEDIA_LEG_CREATE, media_leg_create, &m, sdp);
    }
    return ask(w, w->epoch, &PL_MSG_MEDIA_LEG_CREATE, &m);
}

pl_err create_keeping(world *w, const char *leg, const char *lines)
{
    pl_media_leg_create m = creation(leg, PL_LEG_KIND_WEBRTC);
    SET_TEXT(m.lines, lines);
    PL_MSG_SET(MEDIA_LEG_CREATE, media_leg_create, &m, lines);
    return ask(w, w->epoch, &PL_MSG_MEDIA_LEG_CREATE, &m);
}

pl_err remote(world *w, const char *leg, const char *sdp, pl_sdp_type type)
{
    pl_media_leg_remote m = {.sdp_type = (uint32_t)type};
    SET_TEXT(m.room_id, room);
    SET_TEXT(m.leg_id, leg);
    if (sdp) {
        m.sdp = pl_slice_str(sdp);
        PL_MSG_SET(MEDIA_LEG_REMOTE, media_leg_remote, &m, sdp);
    }
    return ask(w, w->epoch, &PL_MSG_MEDIA_LEG_REMOTE, &m);
}

pl_err offer(world *w, const char *leg, pl_direction direction)
{
    pl_media_leg_remote m = {.direction = (uint32_t)direction};
    SET_TEXT(m.room_id, room);
    SET_TEXT(m.leg_id, leg);
    PL_MSG_SET(MEDIA_LEG_REMOTE, media_leg_remote, &m, direction);
    return ask(w, w->epoch, &PL_MSG_MEDIA_LEG_REMOTE, &m);
}

pl_err play(world *w, const char *leg, const char *prompt, bool loop)
{
    pl_media_leg_play m = {.loop = loop};
    SET_TEXT(m.room_id, room);
    SET_TEXT(m.leg_id, leg);
    SET_TEXT(m.prompt, prompt);
    return ask(w, w->epoch, &PL_MSG_MEDIA_LEG_PLAY, &m);
}

pl_err play_to_room(world *w, uint64_t epoch, const char *prompt, bool loop)
{
    pl_media_room_play m = {.loop = loop};
    SET_TEXT(m.room_id, room);
    SET_TEXT(m.prompt, prompt);
    return ask(w, epoch, &PL_MSG_MEDIA_ROOM_PLAY, &m);
}

pl_err destroy(world *w, const char *leg)
{
    pl_media_leg_destroy m = {.present = 0};
    SET_TEXT(m.room_id, room);
    SET_TEXT(m.leg_id, leg);
    return ask(w, w->epoch, &PL_MSG_MEDIA_LEG_DESTROY, &m);
}
