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
    c->pool_target = 0; /* its own stories set it */
    c->pin_hash_rounds = 10;
    c->join_source_per_min = 0; /* all clients have one address */
}

void world_run(world *w, int64_t us)
{
    pl_loop_advance(w->loop, us);
}

void world_send_inventory(world *w)
{
    for (unsigned i = 0; i < w->n_media; i++) {
        if (!w->media[i].bus)
            continue;
        world_say_hello(w, w->media[i].bus, w->media[i].node, PL_ROLE_MEDIA);
        media_inventory(&w->media[i]);
    }
    if (w->sig.bus) {
        world_say_hello(w, w->sig.bus, w->sig.node, PL_ROLE_SIGNALING);
        signaling_inventory(&w->sig);
    }
    if (w->sig2.bus) {
        world_say_hello(w, w->sig2.bus, w->sig2.node, PL_ROLE_SIGNALING);
        signaling_inventory(&w->sig2);
    }
    world_say_hello(w, w->api, w->api_node, PL_ROLE_API);
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
    pl_room_config c = {.max_participants = max,
                        .channels = 1,
                        .dtmf = "eat",
                        .level_voices = true,
                        .record = "manual"};
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
    assert_int_equal(pl_lines_parse(pl_slice_str(w->lines_text), &w->lines,
                                    reason, sizeof reason),
                     PL_OK);
    w->bus = world_open_bus(w, "roompool", PL_ROLE_ROOMPOOL);
    pl_glue_options o = {.loop = w->loop,
                         .bus = w->bus,
                         .store = w->store,
                         .config = &w->config,
                         .metrics = w->metrics,
                         .node = "roompool",
                         .beat_ms = 250,
                         .platform_login = "pool:secret",
                         .lines = w->lines,
                         .fatal = on_fatal,
                         .fatal_ctx = w};
    assert_int_equal(pl_glue_create(&o, &w->glue), PL_OK);
    define(w, "lobby", "mix", "", "", 0);
    define(w, "echo", "echo", "", "", 0);
    define(w, "locked", "mix", "1234", "9999", 0);
    define(w, "hosted", "mix", "", "9999", 0);
    define(w, "small", "mix", "", "", 2);
    pl_pool_rooms_defined(world_pool(w), pl_glue_now(w->glue));
    pl_glue_wake(w->glue);
    world_run(w, MS);
}

static world_notes *listener;

static void on_note(void *ctx, pl_log_level level, const char *event,
                    const char *conf, const char *part, const char *text)
{
    (void)ctx;
    (void)part;
    if (strcmp(event, listener->event) != 0)
        return;
    listener->n++;
    listener->level = level;
    PUT(listener->conf, conf);
    PUT(listener->text, text);
}

void world_listens(world *w, world_notes *notes, const char *event)
{
    pl_pool *pool = world_pool(w);
    *notes = (world_notes){.event = event, .port = *pool->port};
    notes->port.note = on_note;
    listener = notes;
    pool->port = &notes->port;
}

void world_kill_roompool(world *w)
{
    pl_bus_close(&w->bus);
    pl_glue_destroy(&w->glue);
    w->store->ops->close(&w->store);
    pl_lines_destroy(&w->lines);
}

void world_prepare(world *w)
{
    memset(w, 0, sizeof *w);
    pl_log_open("test", PL_LOG_ERROR, false);
    preset(&w->config);
    w->lines_text = WORLD_LINES;
    w->config.abandoned_s = 0; /* most pages here neither talk nor read */
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
    w->api = world_open_bus(w, w->api_node, PL_ROLE_API);
    web_start(w);
    world_say_hello(w, w->api, w->api_node, PL_ROLE_API);
}

void world_create(world *w, unsigned n_media)
{
    world_prepare(w);
    world_create_at(w, n_media, NULL, NULL);
}

void world_create_siblings(world *w, unsigned n_media)
{
    world_prepare(w);
    for (unsigned i = 0; i < 3; i++)
        w->nets[i] = "stack-1";
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
    pl_bus_close(&w->sig2.bus);
    pl_bus_close(&w->api);
    web_stop(w);
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

/* ---- looking ---- */

pl_pool *world_pool(world *w)
{
    return pl_glue_pool(w->glue);
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

void world_write(world *w, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}
