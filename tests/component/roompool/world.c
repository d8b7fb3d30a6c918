/* world.c - see world.h. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "pl/rng.h"
#include "pl/str.h"

enum { MS = 1000 };
static const int64_t START_WALL_MS = INT64_C(1795000000000);

#define CONFIG_TYPE pl_roompool_config
static const pl_config_key keys[] = {PL_ROOMPOOL_CONFIG(PL_CONFIG_ROW)};
#undef CONFIG_TYPE

static void preset(pl_roompool_config *c)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        void *p = (char *)c + keys[i].offset;
        uint64_t n = 0;
        if (keys[i].kind == PL_CFG_U32) {
            assert_int_equal(
                pl_parse_u64(pl_slice_str(keys[i].preset), UINT32_MAX, &n),
                PL_OK);
            *(uint32_t *)p = (uint32_t)n;
        } else if (keys[i].kind == PL_CFG_BOOL) {
            *(bool *)p = strcmp(keys[i].preset, "true") == 0;
        } else {
            pl_fmt_cut(p, PL_CONFIG_STR_MAX + 1, "%s", keys[i].preset);
        }
    }
    c->pin_hash_rounds = 10;
}

void world_run(world *w, int64_t us)
{
    pl_loop_advance(w->loop, us);
}

/* ---- a media worker ---- */

static long room_at(const fake_media *m, const char *id)
{
    for (size_t i = 0; i < m->n_rooms; i++)
        if (strcmp(m->rooms[i].id, id) == 0)
            return (long)i;
    return -1;
}

static void drop_leg(fake_media *m, size_t i)
{
    m->legs[i] = m->legs[--m->n_legs];
}

static fake_leg *leg_of(fake_media *m, const char *id)
{
    for (size_t i = 0; i < m->n_legs; i++)
        if (strcmp(m->legs[i].id, id) == 0)
            return &m->legs[i];
    return NULL;
}

static void ok(pl_bus *bus, const pl_bus_in *in)
{
    static const pl_ok body = {.present = 0};
    pl_bus_reply(bus, &in->ticket, &PL_MSG_OK_REPLY, &body);
}

static void on_room_open(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_room_open *b = in->body;
    long at = room_at(m, b->room_id);
    if (m->is_silent)
        return;
    if (at < 0) {
        assert_true(m->n_rooms < WORLD_ROOMS);
        at = (long)m->n_rooms++;
        pl_fmt_cut(m->rooms[at].id, 65, "%s", b->room_id);
    }
    m->rooms[at].epoch = in->epoch;
    ok(m->bus, in);
}

static void on_room_close(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_room_close *b = in->body;
    long at = room_at(m, b->room_id);
    if (at >= 0 && m->rooms[at].epoch == in->epoch) {
        m->rooms[at] = m->rooms[--m->n_rooms];
        for (size_t i = m->n_legs; i-- > 0;)
            if (strcmp(m->legs[i].room, b->room_id) == 0)
                drop_leg(m, i);
        m->n_closed++;
    }
    ok(m->bus, in);
}

static bool refused(fake_media *m, const pl_bus_in *in, const char *room)
{
    long at = room_at(m, room);
    pl_err e = m->refuse;
    if (m->is_silent)
        return true;
    if (!e && at < 0)
        e = PL_ENOENT;
    if (!e && m->rooms[at].epoch != in->epoch)
        e = PL_ESTALE;
    if (e)
        pl_bus_reply_error(m->bus, &in->ticket, e, NULL);
    return e != PL_OK;
}

static void reply_sdp(fake_media *m, const pl_bus_in *in, const char *what,
                      pl_slice sdp, uint32_t type)
{
    char text[256];
    pl_media_leg_sdp r = {.sdp_type = type, .direction = m->direction};
    pl_fmt_cut(text, sizeof text, "%s:%.*s", what, (int)sdp.len,
               sdp.ptr ? (const char *)sdp.ptr : "");
    r.sdp = pl_slice_str(text);
    PL_MSG_SET(MEDIA_LEG_SDP, media_leg_sdp, &r, sdp);
    pl_bus_reply(m->bus, &in->ticket, &PL_MSG_MEDIA_LEG_SDP, &r);
}

static void on_leg_create(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_leg_create *b = in->body;
    if (refused(m, in, b->room_id))
        return;
    fake_leg *leg = leg_of(m, b->leg_id);
    if (!leg) {
        assert_true(m->n_legs < WORLD_LEGS);
        leg = &m->legs[m->n_legs++];
    }
    *leg = (fake_leg){.mixed = b->mixed, .muted = b->muted};
    pl_fmt_cut(leg->id, 65, "%s", b->leg_id);
    pl_fmt_cut(leg->room, 65, "%s", b->room_id);
    leg->had_offer = b->sdp.len > 0;
    if (leg->had_offer)
        reply_sdp(m, in, "answer", b->sdp, PL_SDP_TYPE_ANSWER);
    else
        reply_sdp(m, in, "offer", pl_slice_str(leg->id), PL_SDP_TYPE_OFFER);
}

static void on_leg_remote(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_leg_remote *b = in->body;
    if (refused(m, in, b->room_id))
        return;
    fake_leg *leg = leg_of(m, b->leg_id);
    if (!leg) {
        pl_bus_reply_error(m->bus, &in->ticket, PL_ENOENT, NULL);
        return;
    }
    leg->n_remote++;
    if (b->sdp_type == PL_SDP_TYPE_OFFER)
        reply_sdp(m, in, "answer", b->sdp, PL_SDP_TYPE_ANSWER);
    else if (b->sdp_type == PL_SDP_TYPE_UNKNOWN)
        reply_sdp(m, in, "offer", pl_slice_str(leg->id), PL_SDP_TYPE_OFFER);
    else {
        pl_media_leg_sdp r = {.direction = m->direction};
        pl_bus_reply(m->bus, &in->ticket, &PL_MSG_MEDIA_LEG_SDP, &r);
    }
}

static void on_leg_set(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_leg_set *b = in->body;
    fake_leg *leg = leg_of(m, b->leg_id);
    if (leg && PL_MSG_HAS(MEDIA_LEG_SET, media_leg_set, b, mixed))
        leg->mixed = b->mixed;
    if (leg && PL_MSG_HAS(MEDIA_LEG_SET, media_leg_set, b, muted))
        leg->muted = b->muted;
    ok(m->bus, in);
}

static void on_leg_play(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_leg_play *b = in->body;
    fake_leg *leg = leg_of(m, b->leg_id);
    if (leg)
        pl_fmt_cut(leg->prompt, sizeof leg->prompt, "%s", b->prompt);
    ok(m->bus, in);
}

static void on_leg_destroy(void *ctx, const pl_bus_in *in)
{
    fake_media *m = ctx;
    const pl_media_leg_destroy *b = in->body;
    for (size_t i = 0; i < m->n_legs; i++)
        if (strcmp(m->legs[i].id, b->leg_id) == 0) {
            drop_leg(m, i);
            m->n_destroyed++;
            break;
        }
    ok(m->bus, in);
}

static pl_bus *open_bus(world *w, const char *node, pl_role role)
{
    pl_bus *bus;
    pl_bus_options o = {
        .loop = w->loop, .node = node, .role = role, .endpoint = "mem"};
    assert_int_equal(pl_bus_open_mem(w->hub, &o, &bus), PL_OK);
    return bus;
}

static void say_hello(world *w, pl_bus *bus, const char *node, pl_role role)
{
    pl_hello m = {.role = (uint32_t)role,
                  .schema_major = PL_SCHEMA_MAJOR,
                  .schema_hash = pl_msg_schema_hash(),
                  .pid = 1,
                  .capacity = 100};
    answer a;
    pl_fmt_cut(m.node, sizeof m.node, "%s", node);
    pl_fmt_cut(m.build, sizeof m.build, "test");
    PL_MSG_SET(HELLO, hello, &m, capacity);
    world_send(w, bus, &PL_MSG_HELLO, &m, &a);
    for (int i = 0; i < 200 && !a.is_done; i++)
        world_run(w, MS);
    assert_true(a.is_done);
    assert_int_equal(a.error, PL_OK);
}

void world_start_media(world *w, unsigned i)
{
    fake_media *m = &w->media[i];
    const struct {
        const pl_msg_desc *desc;
        pl_bus_handler handler;
    } handlers[] = {
        {&PL_MSG_MEDIA_ROOM_OPEN, on_room_open},
        {&PL_MSG_MEDIA_ROOM_CLOSE, on_room_close},
        {&PL_MSG_MEDIA_LEG_CREATE, on_leg_create},
        {&PL_MSG_MEDIA_LEG_REMOTE, on_leg_remote},
        {&PL_MSG_MEDIA_LEG_SET, on_leg_set},
        {&PL_MSG_MEDIA_LEG_PLAY, on_leg_play},
        {&PL_MSG_MEDIA_LEG_DESTROY, on_leg_destroy},
    };
    *m = (fake_media){.world = w, .direction = PL_DIRECTION_SENDRECV};
    pl_fmt_cut(m->node, sizeof m->node, "media-%u.%u", i + 1, ++w->n_boot);
    m->bus = open_bus(w, m->node, PL_ROLE_MEDIA);
    for (size_t k = 0; k < sizeof handlers / sizeof handlers[0]; k++)
        assert_int_equal(
            pl_bus_handle(m->bus, handlers[k].desc, handlers[k].handler, m),
            PL_OK);
    if (w->glue) {
        say_hello(w, m->bus, m->node, PL_ROLE_MEDIA);
        pl_inventory_end end = {.count = 0};
        assert_int_equal(pl_bus_event(m->bus, &(pl_bus_send){.to = NULL},
                                      &PL_MSG_INVENTORY_END, &end),
                         PL_OK);
        world_run(w, 5 * MS);
    }
}

void world_kill_media(world *w, unsigned i)
{
    pl_bus_close(&w->media[i].bus);
    w->media[i].n_legs = w->media[i].n_rooms = 0;
}

/* ---- a signaling worker ---- */

static fake_call *call_of(fake_signaling *s, const char *id)
{
    for (size_t i = 0; i < s->n_calls; i++)
        if (strcmp(s->calls[i].id, id) == 0)
            return &s->calls[i];
    assert_true(s->n_calls < WORLD_CALLS);
    fake_call *c = &s->calls[s->n_calls++];
    *c = (fake_call){.status = 0};
    pl_fmt_cut(c->id, sizeof c->id, "%s", id);
    return c;
}

static void keep(char to[256], pl_slice sdp)
{
    pl_fmt_cut(to, 256, "%.*s", (int)sdp.len,
               sdp.ptr ? (const char *)sdp.ptr : "");
}

static void on_call_respond(void *ctx, const pl_bus_in *in)
{
    fake_signaling *s = ctx;
    const pl_call_respond *b = in->body;
    fake_call *c = call_of(s, b->call_id);
    c->status = b->sip_status;
    keep(c->sdp, b->sdp);
    ok(s->bus, in);
}

static void on_call_start(void *ctx, const pl_bus_in *in)
{
    fake_signaling *s = ctx;
    const pl_call_start *b = in->body;
    fake_call *c = call_of(s, b->call_id);
    c->is_started = true;
    keep(c->sdp, b->sdp);
    ok(s->bus, in);
}

static void on_call_end(void *ctx, const pl_bus_in *in)
{
    fake_signaling *s = ctx;
    const pl_call_end *b = in->body;
    fake_call *c = call_of(s, b->call_id);
    c->is_ended = true;
    pl_fmt_cut(c->end_reason, sizeof c->end_reason, "%s", b->reason);
    ok(s->bus, in);
}

static void on_call_offer(void *ctx, const pl_bus_in *in)
{
    fake_signaling *s = ctx;
    const pl_call_offer *b = in->body;
    pl_call_answer r = {.sdp = pl_slice_str("phone-answer")};
    s->n_offers++;
    keep(call_of(s, b->call_id)->sdp, b->sdp);
    if (s->refuse_offer)
        pl_bus_reply_error(s->bus, &in->ticket, s->refuse_offer, NULL);
    else
        pl_bus_reply(s->bus, &in->ticket, &PL_MSG_CALL_ANSWER, &r);
}

void world_start_signaling(world *w)
{
    fake_signaling *s = &w->sig;
    *s = (fake_signaling){.world = w};
    pl_fmt_cut(s->node, sizeof s->node, "sig-1.%u", ++w->n_boot);
    s->bus = open_bus(w, s->node, PL_ROLE_SIGNALING);
    assert_int_equal(
        pl_bus_handle(s->bus, &PL_MSG_CALL_RESPOND, on_call_respond, s), 0);
    assert_int_equal(
        pl_bus_handle(s->bus, &PL_MSG_CALL_START, on_call_start, s), 0);
    assert_int_equal(pl_bus_handle(s->bus, &PL_MSG_CALL_END, on_call_end, s),
                     0);
    assert_int_equal(
        pl_bus_handle(s->bus, &PL_MSG_CALL_OFFER, on_call_offer, s), 0);
    if (w->glue)
        say_hello(w, s->bus, s->node, PL_ROLE_SIGNALING);
}

void world_kill_signaling(world *w)
{
    pl_bus_close(&w->sig.bus);
}

/* ---- inventories ---- */

static void send_item(pl_bus *bus, uint32_t kind, const char *id,
                      const char *room, uint64_t epoch, uint32_t state)
{
    pl_inventory_item m = {.kind = kind, .epoch = epoch, .state = state};
    pl_fmt_cut(m.id, sizeof m.id, "%s", id);
    pl_fmt_cut(m.room_id, sizeof m.room_id, "%s", room);
    PL_MSG_SET(INVENTORY_ITEM, inventory_item, &m, room_id);
    PL_MSG_SET(INVENTORY_ITEM, inventory_item, &m, epoch);
    PL_MSG_SET(INVENTORY_ITEM, inventory_item, &m, state);
    assert_int_equal(pl_bus_event(bus, &(pl_bus_send){.to = NULL},
                                  &PL_MSG_INVENTORY_ITEM, &m),
                     PL_OK);
}

static void send_end(pl_bus *bus)
{
    pl_inventory_end m = {.count = 0};
    assert_int_equal(pl_bus_event(bus, &(pl_bus_send){.to = NULL},
                                  &PL_MSG_INVENTORY_END, &m),
                     PL_OK);
}

static void media_inventory(fake_media *m)
{
    for (size_t i = 0; i < m->n_rooms; i++)
        send_item(m->bus, PL_INVENTORY_ROOM, m->rooms[i].id, "",
                  m->rooms[i].epoch, 0);
    for (size_t i = 0; i < m->n_legs; i++) {
        long at = room_at(m, m->legs[i].room);
        send_item(m->bus, PL_INVENTORY_LEG, m->legs[i].id, m->legs[i].room,
                  at >= 0 ? m->rooms[at].epoch : 0, PL_LEG_STATE_CONNECTED);
    }
    send_end(m->bus);
}

void world_send_inventory(world *w)
{
    for (unsigned i = 0; i < w->n_media; i++) {
        if (!w->media[i].bus)
            continue;
        say_hello(w, w->media[i].bus, w->media[i].node, PL_ROLE_MEDIA);
        media_inventory(&w->media[i]);
    }
    if (w->sig.bus) {
        say_hello(w, w->sig.bus, w->sig.node, PL_ROLE_SIGNALING);
        for (size_t i = 0; i < w->sig.n_calls; i++)
            if (!w->sig.calls[i].is_ended)
                send_item(
                    w->sig.bus, PL_INVENTORY_CALL, w->sig.calls[i].id, "", 0,
                    w->sig.calls[i].status == 200 || w->sig.calls[i].is_started
                        ? PL_CALL_STATE_CONFIRMED
                        : PL_CALL_STATE_CALLING);
        send_end(w->sig.bus);
    }
    say_hello(w, w->api, w->api_node, PL_ROLE_API);
    world_run(w, 10 * MS);
}

/* ---- roompool ---- */

static void on_fatal(void *ctx, pl_err e, const char *why)
{
    world *w = ctx;
    (void)e;
    (void)why;
    w->is_fatal = true;
}

static void define(world *w, const char *name, const char *mode,
                   const char *pin, const char *host_pin, uint32_t max)
{
    pl_room_config c = {.max_participants = max};
    char reason[256] = "";
    pl_fmt_cut(c.mode, sizeof c.mode, "%s", mode);
    pl_fmt_cut(c.pin, sizeof c.pin, "%s", pin);
    pl_fmt_cut(c.host_pin, sizeof c.host_pin, "%s", host_pin);
    if (strcmp(name, "lobby") == 0)
        pl_fmt_cut(c.aliases, sizeof c.aliases, "Welcome, 1000");
    assert_int_equal(pl_pool_define_room(world_pool(w), pl_glue_now(w->glue),
                                         name, &c, reason, sizeof reason),
                     PL_OK);
}

void world_start_roompool(world *w)
{
    char reason[512] = "";
    pl_err e = pl_store_open_sqlite(w->path, &w->store, reason, sizeof reason);
    if (e)
        print_message("store: %s\n", reason);
    assert_int_equal(e, PL_OK);
    if (w->wrap)
        w->store = w->wrap(w->wrap_ctx, w->store);
    w->bus = open_bus(w, "roompool", PL_ROLE_ROOMPOOL);
    pl_glue_options o = {.loop = w->loop,
                         .bus = w->bus,
                         .store = w->store,
                         .config = &w->config,
                         .metrics = w->metrics,
                         .node = "roompool",
                         .beat_ms = 250,
                         .fatal = on_fatal,
                         .fatal_ctx = w};
    assert_int_equal(pl_glue_create(&o, &w->glue), PL_OK);
    define(w, "lobby", "mix", "", "", 0);
    define(w, "echo", "echo", "", "", 0);
    define(w, "locked", "mix", "1234", "9999", 0);
    define(w, "small", "mix", "", "", 2);
    pl_pool_rooms_defined(world_pool(w), pl_glue_now(w->glue));
    pl_glue_wake(w->glue);
    world_run(w, MS);
}

void world_kill_roompool(world *w)
{
    pl_bus_close(&w->bus);
    pl_glue_destroy(&w->glue);
    w->store->ops->close(&w->store);
}

void world_prepare(world *w)
{
    memset(w, 0, sizeof *w);
    pl_log_open("test", PL_LOG_ERROR, false);
    preset(&w->config);
    /* In memory where there is such a place: many commits, no power cuts. */
    pl_fmt_cut(w->folder, sizeof w->folder, "/dev/shm/pl-roompool-XXXXXX");
    if (!mkdtemp(w->folder)) {
        pl_fmt_cut(w->folder, sizeof w->folder, "/tmp/pl-roompool-XXXXXX");
        assert_non_null(mkdtemp(w->folder));
    }
    pl_fmt_cut(w->path, sizeof w->path, "%s/parley.db", w->folder);
}

void world_create_parts(world *w)
{
    static const pl_metric_desc metrics[] = {
        PL_ROOMPOOL_METRICS(PL_METRIC_ROW)};
    assert_int_equal(pl_loop_create_fake(START_WALL_MS, &w->loop), PL_OK);
    assert_int_equal(pl_bus_hub_create(w->loop, 1, &w->hub), PL_OK);
    assert_int_equal(pl_metrics_create(metrics,
                                       sizeof metrics / sizeof metrics[0],
                                       &w->metrics),
                     PL_OK);
}

void world_create_at(world *w, unsigned n_media,
                     pl_store *(*wrap)(void *ctx, pl_store *real),
                     void *wrap_ctx)
{
    w->wrap = wrap;
    w->wrap_ctx = wrap_ctx;
    world_create_parts(w);
    world_start_roompool(w);
    w->n_media = n_media;
    for (unsigned i = 0; i < n_media; i++)
        world_start_media(w, i);
    world_start_signaling(w);
    pl_fmt_cut(w->api_node, sizeof w->api_node, "api-1.1");
    w->api = open_bus(w, w->api_node, PL_ROLE_API);
    say_hello(w, w->api, w->api_node, PL_ROLE_API);
}

void world_create(world *w, unsigned n_media)
{
    world_prepare(w);
    world_create_at(w, n_media, NULL, NULL);
}

void world_destroy(world *w)
{
    char command[160];
    if (w->glue)
        world_kill_roompool(w);
    for (unsigned i = 0; i < 3; i++)
        pl_bus_close(&w->media[i].bus);
    pl_bus_close(&w->sig.bus);
    pl_bus_close(&w->api);
    pl_bus_hub_destroy(&w->hub);
    pl_metrics_destroy(&w->metrics);
    pl_loop_destroy(&w->loop);
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        pl_fmt_cut(command, sizeof command, "%s%s", w->path, tails[i]);
        (void)unlink(command);
    }
    (void)rmdir(w->folder);
}

/* ---- asking ---- */

static void on_answer(void *ctx, pl_err e, const pl_bus_in *in)
{
    answer *a = ctx;
    a->is_done = true;
    a->error = e;
    if (e || !in)
        return;
    a->desc = in->desc;
    assert_true(in->desc->size <= sizeof a->body);
    memcpy(&a->body, in->body, in->desc->size);
    for (size_t i = 0; i < in->desc->n_fields; i++)
        if (in->desc->fields[i].kind == PL_BYTES) {
            const pl_slice *s =
                (const pl_slice *)(const void *)((const char *)in->body +
                                                 in->desc->fields[i].offset);
            pl_fmt_cut(a->sdp, sizeof a->sdp, "%.*s", (int)s->len,
                       s->ptr ? (const char *)s->ptr : "");
        }
}

void world_send(world *w, pl_bus *from, const pl_msg_desc *desc,
                const void *body, answer *a)
{
    pl_bus_send how = {.to = NULL};
    (void)w;
    memset(a, 0, sizeof *a);
    assert_int_equal(
        pl_bus_request(from, &how, desc, body, on_answer, a, &a->corr), PL_OK);
}

void world_ask_from(world *w, pl_bus *from, const pl_msg_desc *desc,
                    const void *body, answer *a)
{
    world_send(w, from, desc, body, a);
    for (int i = 0; i < 70000 && !a->is_done; i++)
        world_run(w, MS);
    assert_true(a->is_done);
}

void world_ask(world *w, const pl_msg_desc *desc, const void *body, answer *a)
{
    world_ask_from(w, w->api, desc, body, a);
}

const char *hash_of(const char *token)
{
    static char text[4][PL_SHA256_TEXT];
    static unsigned at;
    char *buf = text[at++ % 4];
    pl_sha256_hex(token, strlen(token), buf);
    return buf;
}

#define PUT(field, text) pl_fmt_cut((field), sizeof(field), "%s", (text))

pl_err join_room(world *w, const char *alias, const char *pin,
                 const char *token, answer *a)
{
    pl_room_join m = {.present = 0};
    PUT(m.alias, alias);
    PUT(m.display_name, token);
    PUT(m.token_hash, hash_of(token));
    PUT(m.source, "192.0.2.1");
    if (pin) {
        PUT(m.pin, pin);
        PL_MSG_SET(ROOM_JOIN, room_join, &m, pin);
    }
    world_ask(w, &PL_MSG_ROOM_JOIN, &m, a);
    return a->error;
}

pl_err join_media(world *w, const answer *joined, const char *token, answer *a)
{
    pl_participant_media m = {.sdp = pl_slice_str("page-offer")};
    PUT(m.participant_id, joined->body.joined.participant_id);
    PUT(m.token_hash, hash_of(token));
    world_ask(w, &PL_MSG_PARTICIPANT_MEDIA, &m, a);
    return a->error;
}

pl_err poll_part(world *w, const char *id, const char *token, bool fresh,
                 uint64_t *cursor, answer *a)
{
    pl_event_poll m = {.stream = PL_STREAM_PARTICIPANT,
                       .after_seq = *cursor,
                       .wait_ms = 300,
                       .fresh = fresh};
    PUT(m.id, id);
    PUT(m.token_hash, hash_of(token));
    PL_MSG_SET(EVENT_POLL, event_poll, &m, fresh);
    world_ask(w, &PL_MSG_EVENT_POLL, &m, a);
    if (a->error)
        return a->error;
    if (a->desc == &PL_MSG_EVENT_NONE)
        return PL_EAGAIN;
    if (a->body.event.seq)
        *cursor = a->body.event.seq;
    return PL_OK;
}

pl_err poll_session(world *w, const char *id, const char *token, answer *a)
{
    pl_event_poll m = {.stream = PL_STREAM_SESSION, .wait_ms = 1000};
    pl_event_ack ack = {.seq = 0};
    PUT(m.id, id);
    PUT(m.token_hash, hash_of(token));
    PUT(m.client_id, "client");
    PL_MSG_SET(EVENT_POLL, event_poll, &m, client_id);
    world_ask(w, &PL_MSG_EVENT_POLL, &m, a);
    if (a->error)
        return a->error;
    if (a->desc == &PL_MSG_EVENT_NONE)
        return PL_EAGAIN;
    PUT(ack.session_id, id);
    PUT(ack.token_hash, hash_of(token));
    ack.seq = a->body.event.seq;
    assert_int_equal(pl_bus_event(w->api, &(pl_bus_send){.to = NULL},
                                  &PL_MSG_EVENT_ACK, &ack),
                     PL_OK);
    world_run(w, MS);
    return PL_OK;
}

/* ---- telephones ---- */

pl_err phone_call(world *w, const char *call_id, const char *to,
                  const char *offer)
{
    pl_call_incoming m = {.authenticated = false};
    answer a;
    (void)call_of(&w->sig, call_id);
    PUT(m.call_id, call_id);
    PUT(m.to_user, to);
    PUT(m.to_host, "localhost");
    PUT(m.from_uri, "sip:+15551234@example.net");
    PUT(m.from_name, call_id);
    PUT(m.source, "192.0.2.9");
    PUT(m.sip_call_id, "cid");
    if (offer) {
        m.sdp = pl_slice_str(offer);
        PL_MSG_SET(CALL_INCOMING, call_incoming, &m, sdp);
    }
    world_ask_from(w, w->sig.bus, &PL_MSG_CALL_INCOMING, &m, &a);
    world_run(w, 20 * MS);
    return a.error;
}

pl_err phone_report(world *w, const char *call_id, uint32_t state,
                    uint32_t status, const char *sdp)
{
    pl_call_report m = {.state = state, .sip_status = status};
    answer a;
    PUT(m.call_id, call_id);
    if (status)
        PL_MSG_SET(CALL_REPORT, call_report, &m, sip_status);
    if (sdp) {
        m.sdp = pl_slice_str(sdp);
        PL_MSG_SET(CALL_REPORT, call_report, &m, sdp);
    }
    if (state == PL_CALL_STATE_ENDED)
        call_of(&w->sig, call_id)->is_ended = true;
    world_ask_from(w, w->sig.bus, &PL_MSG_CALL_REPORT, &m, &a);
    world_run(w, 20 * MS);
    return a.error;
}

static void key_info(world *w, const char *call_id, char digit)
{
    pl_call_dtmf m = {.present = 0};
    PUT(m.call_id, call_id);
    m.digit[0] = digit;
    assert_int_equal(pl_bus_event(w->sig.bus, &(pl_bus_send){.to = NULL},
                                  &PL_MSG_CALL_DTMF, &m),
                     PL_OK);
}

static void key_rtp(world *w, const char *call_id, char digit)
{
    const pl_call *call = pl_map_find(world_pool(w)->calls, call_id);
    if (!call || pl_list_is_empty(&call->part->legs))
        return;
    const pl_leg *leg = PL_CONTAINER(call->part->legs.next, pl_leg, link);
    pl_leg_dtmf m = {.present = 0};
    PUT(m.room_id, call->part->conf->row.conf_id);
    PUT(m.leg_id, leg->row.leg_id);
    m.digit[0] = digit;
    for (unsigned i = 0; i < w->n_media; i++)
        if (w->media[i].bus &&
            strcmp(w->media[i].node, call->part->conf->row.media_node) == 0)
            assert_int_equal(
                pl_bus_event(
                    w->media[i].bus,
                    &(pl_bus_send){.epoch = call->part->conf->row.epoch},
                    &PL_MSG_LEG_DTMF, &m),
                PL_OK);
}

void phone_key(world *w, const char *call_id, const char *digits, bool by_info)
{
    for (; *digits; digits++) {
        if (by_info)
            key_info(w, call_id, *digits);
        else
            key_rtp(w, call_id, *digits);
        world_run(w, 10 * MS);
    }
}

/* ---- the conference API ---- */

#define ACTOR(m, token)                                                        \
    do {                                                                       \
        PUT((m).client_id, "client");                                          \
        PUT((m).token_hash, hash_of(token));                                   \
    } while (0)

pl_err open_session(world *w, const char *user, const char *token, answer *a)
{
    pl_session_create m = {.dialect = PL_DIALECT_RTC1};
    ACTOR(m, token);
    PUT(m.subject, user);
    PUT(m.user_id, user);
    PL_MSG_SET(SESSION_CREATE, session_create, &m, user_id);
    world_ask(w, &PL_MSG_SESSION_CREATE, &m, a);
    return a->error;
}

pl_err create_conference(world *w, const answer *session, const char *token,
                         answer *a)
{
    pl_conference_create m = {.sdp = pl_slice_str("host-offer")};
    ACTOR(m, token);
    PUT(m.session_id, session->body.session.session_id);
    PL_MSG_SET(CONFERENCE_CREATE, conference_create, &m, session_id);
    PL_MSG_SET(CONFERENCE_CREATE, conference_create, &m, sdp);
    world_ask(w, &PL_MSG_CONFERENCE_CREATE, &m, a);
    return a->error;
}

pl_err conference_do(world *w, const char *token, const char *conf,
                     pl_action action, const char *sdp, answer *a)
{
    pl_conference_action m = {.action = (uint32_t)action};
    ACTOR(m, token);
    PUT(m.conf_id, conf);
    if (sdp) {
        m.sdp = pl_slice_str(sdp);
        PL_MSG_SET(CONFERENCE_ACTION, conference_action, &m, sdp);
    }
    world_ask(w, &PL_MSG_CONFERENCE_ACTION, &m, a);
    return a->error;
}

pl_err conference_leave(world *w, const char *token, const char *conf)
{
    pl_conference_delete m = {.reason = PL_DELETE_REASON_TERMINATE};
    answer a;
    ACTOR(m, token);
    PUT(m.conf_id, conf);
    world_ask(w, &PL_MSG_CONFERENCE_DELETE, &m, &a);
    return a.error;
}

pl_err invite(world *w, const char *token, const char *conf,
              const char *address, answer *a)
{
    pl_participant_invite m = {.present = 0};
    ACTOR(m, token);
    PUT(m.conf_id, conf);
    PUT(m.address, address);
    world_ask(w, &PL_MSG_PARTICIPANT_INVITE, &m, a);
    world_run(w, 20 * MS);
    return a->error;
}

pl_err remove_part(world *w, const char *token, const char *conf,
                   const char *address)
{
    pl_participant_remove m = {.present = 0};
    answer a;
    ACTOR(m, token);
    PUT(m.conf_id, conf);
    PUT(m.address, address);
    world_ask(w, &PL_MSG_PARTICIPANT_REMOVE, &m, &a);
    return a.error;
}

/* ---- looking ---- */

pl_pool *world_pool(world *w)
{
    return pl_glue_pool(w->glue);
}

fake_leg *media_leg(world *w, const char *leg_id)
{
    for (unsigned i = 0; i < w->n_media; i++) {
        fake_leg *leg = w->media[i].bus ? leg_of(&w->media[i], leg_id) : NULL;
        if (leg)
            return leg;
    }
    return NULL;
}

fake_call *sig_call(world *w, const char *call_id)
{
    return call_of(&w->sig, call_id);
}

fake_call *sig_started(world *w)
{
    for (size_t i = w->sig.n_calls; i-- > 0;)
        if (w->sig.calls[i].is_started)
            return &w->sig.calls[i];
    return NULL;
}

void media_report(world *w, const char *leg_id, uint32_t state)
{
    const pl_leg *leg = pl_map_find(world_pool(w)->legs, leg_id);
    pl_leg_report m = {.state = state};
    assert_non_null(leg);
    PUT(m.room_id, leg->part->conf->row.conf_id);
    PUT(m.leg_id, leg_id);
    for (unsigned i = 0; i < w->n_media; i++)
        if (w->media[i].bus &&
            strcmp(w->media[i].node, leg->part->conf->row.media_node) == 0)
            assert_int_equal(
                pl_bus_event(
                    w->media[i].bus,
                    &(pl_bus_send){.epoch = leg->part->conf->row.epoch},
                    &PL_MSG_LEG_REPORT, &m),
                PL_OK);
    world_run(w, 10 * MS);
}

int64_t world_metric(world *w, size_t metric)
{
    return pl_metrics_value(w->metrics, metric);
}

void world_check(world *w)
{
    const char *breach = pl_pool_breach(world_pool(w));
    if (breach)
        fail_msg("invariant: %s", breach);
    assert_false(w->is_fatal);
}

int64_t world_sql(world *w, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    int64_t value = -1;
    assert_int_equal(sqlite3_open_v2(w->path, &db, SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    if (sqlite3_step(stmt) == SQLITE_ROW)
        value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}
