/* app.c - builds store and brain and puts them on the bus. */
#include "app.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus_glue.h"
#include "core/auto_dial.h"
#include "core/command_key.h"
#include "core/device/registration.h"
#include "core/room.h"
#include "core/video.h"
#include "core/vmr_remote.h"
#include "io/client_file.h"
#include "io/secret_file.h"
#include "io/store_file.h"
#include "io/store_sqlite.h"
#include "pl/buf.h"
#include "pl/log.h"
#include "pl/str.h"

enum { LINES_FILE_MAX = 64 << 20, USAGE_US = 10000000 };

typedef struct app {
    pl_process *process;
    pl_store *store;
    pl_lines *lines; /* NULL: none */
    pl_glue *glue;
    pl_timer *usage_timer;
} app;

#define CONFIG_TYPE pl_roompool_config
static const pl_config_key roompool_keys[] = {
    PL_ROOMPOOL_CONFIG(PL_CONFIG_ROW)};
#undef CONFIG_TYPE
#define CONFIG_TYPE pl_room_config
static const pl_config_key room_keys[] = {PL_ROOM_CONFIG(PL_CONFIG_ROW)};
#undef CONFIG_TYPE

static const pl_metric_desc metrics[] = {PL_ROOMPOOL_METRICS(PL_METRIC_ROW)};

static pl_err define_room(void *ctx, const char *name, const void *values,
                          char *reason, size_t cap)
{
    app *a = ctx;
    if (!a) /* --check-config: there is no pool */
        return pl_room_check_config(values, reason, cap);
    return pl_pool_define_room(pl_glue_pool(a->glue), pl_glue_now(a->glue),
                               name, values, reason, cap);
}

/* The numbers of lines_file; none when there is no such file. */
static pl_err read_lines(const pl_roompool_config *config, pl_lines **ret_lines,
                         char *reason, size_t cap)
{
    char *text = NULL;
    char why[256] = "out of memory";
    size_t len = 0;
    if (!config->lines_file[0])
        return PL_OK;
    pl_err e = pl_secret_file_read(config->lines_file, LINES_FILE_MAX, &text,
                                   &len, why, sizeof why);
    if (!e) {
        e = pl_lines_parse((pl_slice){(const uint8_t *)text, len}, ret_lines,
                           why, sizeof why);
    }
    pl_secret_file_free(&text, len);
    if (e) {
        pl_fmt_cut(reason, cap, "lines_file = %s: %s", config->lines_file, why);
        return PL_ECONFIG;
    }
    return PL_OK;
}

static pl_err check_lines(const pl_roompool_config *config, char *reason,
                          size_t cap)
{
    pl_lines *lines = NULL;
    pl_err e = read_lines(config, &lines, reason, cap);
    pl_lines_destroy(&lines);
    return e;
}

static pl_err check_roompool(const void *values, char *reason, size_t cap)
{
    const char *fault = pl_video_config_fault(values);
    if (fault) {
        pl_fmt_cut(reason, cap, "%s", fault);
        return PL_ECONFIG;
    }
    pl_err e = pl_auto_check_config(values, reason, cap);
    if (!e)
        e = pl_remote_check_config(values, reason, cap);
    if (!e)
        e = pl_regs_check_config(values, reason, cap);
    if (!e)
        e = pl_command_check_config(values, reason, cap);
    return e ? e : check_lines(values, reason, cap);
}

static const pl_config_section sections[] = {
    {.kind = "room",
     .doc = "a room that exists from the start, [room NAME]",
     .keys = room_keys,
     .n_keys = sizeof room_keys / sizeof room_keys[0],
     .size = sizeof(pl_room_config),
     .each = define_room,
     .pair = pl_room_check_pair},
    {.kind = "roompool",
     .doc = "the brain: rooms, conferences, state",
     .keys = roompool_keys,
     .n_keys = sizeof roompool_keys / sizeof roompool_keys[0],
     .size = sizeof(pl_roompool_config),
     .check = check_roompool},
};

static void app_fatal(void *ctx, pl_err e, const char *why)
{
    const app *a = ctx;
    PL_LOG(ERROR, "pool", "state_lost", PL_KV("error", pl_err_text(e)), "%s",
           why);
    /* The disk may be full or gone: restarting reads what was kept. */
    pl_process_fail(a->process, PL_EXIT_TEMPORARY, why);
}

static const pl_roompool_config *config_of(const app *a)
{
    return pl_config_get(pl_process_config(a->process), "roompool");
}

static void on_usage_due(void *ctx)
{
    const app *a = ctx;
    pl_metrics *m = pl_process_metrics(a->process);
    pl_store_usage u;
    pl_store_measure(config_of(a)->database, &u);
    pl_metrics_set(m, PL_RM_database_bytes, (int64_t)u.file);
    pl_metrics_set(m, PL_RM_wal_bytes, (int64_t)u.wal);
    pl_metrics_set(m, PL_RM_disk_free_bytes, (int64_t)u.disk_free);
    pl_timer_start(a->usage_timer, USAGE_US);
}

static pl_err watch_usage(app *a)
{
    pl_err e = pl_timer_create(pl_process_loop(a->process), on_usage_due, a,
                               &a->usage_timer);
    if (!e)
        on_usage_due(a);
    return e;
}

static void app_stop(void *ctx)
{
    app *a = ctx;
    if (!a)
        return;
    pl_timer_destroy(&a->usage_timer);
    pl_glue_destroy(&a->glue);
    if (a->store)
        a->store->ops->close(&a->store);
    pl_lines_destroy(&a->lines);
    free(a);
}

static pl_err open_store(app *a, const pl_roompool_config *config)
{
    char reason[512];
    pl_err e = pl_store_open_sqlite(config->database, &a->store, reason,
                                    sizeof reason);
    if (e) {
        PL_LOG(ERROR, "store", "not_opened",
               PL_KV("database", config->database), "%s",
               reason[0] ? reason : pl_err_text(e));
    }
    return e;
}

static pl_err load_client(app *a, const pl_roompool_config *config)
{
    char reason[160];
    pl_pool *pool = pl_glue_pool(a->glue);
    if (!config->video_room_url[0])
        return PL_OK;
    pl_err e =
        pl_client_file_read(config->video_client_file, &pool->videos->client,
                            reason, sizeof reason);
    if (e) {
        PL_LOG(ERROR, "pool", "video_client",
               PL_KV("file", config->video_client_file), "%s", reason);
    }
    return e;
}

static pl_err load_lines(app *a, const pl_roompool_config *config)
{
    char reason[512];
    pl_err e = read_lines(config, &a->lines, reason, sizeof reason);
    if (e)
        PL_LOG(ERROR, "pool", "lines", NULL, "%s", reason);
    return e;
}

/* Who we are on the platform that has the pool's rooms; "" there is none. */
static pl_err load_login(const pl_roompool_config *config,
                         char login[PL_LOGIN_MAX + 1])
{
    char reason[160];
    login[0] = '\0';
    if (!config->platform_url[0])
        return PL_OK;
    pl_err e = pl_login_file_read(config->platform_credentials_file, login,
                                  PL_LOGIN_MAX + 1, reason, sizeof reason);
    if (!e && !pl_remote_is_login(login)) {
        pl_fmt_cut(reason, sizeof reason,
                   "want a line USER:PASSWORD or bearer TOKEN");
        e = PL_ECONFIG;
    }
    if (e) {
        PL_LOG(ERROR, "pool", "platform_credentials",
               PL_KV("file", config->platform_credentials_file), "%s", reason);
    }
    return e;
}

static pl_err start_glue(app *a, const pl_roompool_config *config)
{
    char login[PL_LOGIN_MAX + 1];
    const pl_common_config *common =
        pl_config_get(pl_process_config(a->process), "common");
    pl_config_error why = {.text = ""};
    pl_glue_options o = {.loop = pl_process_loop(a->process),
                         .bus = pl_process_bus(a->process),
                         .store = a->store,
                         .config = config,
                         .metrics = pl_process_metrics(a->process),
                         .node = pl_process_node(a->process),
                         .beat_ms = common->beat_ms,
                         .platform_login = login,
                         .lines = a->lines,
                         .fatal = app_fatal,
                         .fatal_ctx = a};
    pl_err e = load_login(config, login);
    if (e)
        return e;
    e = pl_glue_create(&o, &a->glue);
    pl_wipe(login, sizeof login);
    if (e) {
        PL_LOG(ERROR, "pool", "not_loaded", NULL, "%s", pl_err_text(e));
        return e;
    }
    e = load_client(a, config);
    if (e)
        return e;
    e = pl_config_each(pl_process_config(a->process), "room", a, &why);
    if (e) {
        PL_LOG(ERROR, "pool", "bad_room", NULL, "%s", why.text);
        return e;
    }
    pl_pool_rooms_defined(pl_glue_pool(a->glue), pl_glue_now(a->glue));
    pl_glue_wake(a->glue);
    return PL_OK;
}

static pl_err app_start(pl_process *process, void **ret_ctx)
{
    app *a = calloc(1, sizeof *a);
    if (!a)
        return PL_ENOMEM;
    a->process = process;
    const pl_roompool_config *config = config_of(a);
    pl_err e = load_lines(a, config);
    if (!e)
        e = open_store(a, config);
    if (!e)
        e = start_glue(a, config);
    if (!e)
        e = watch_usage(a);
    if (e) {
        app_stop(a);
        return e;
    }
    *ret_ctx = a;
    return PL_OK;
}

/* Conferences go on without roompool for a while; nothing to wait for. */
static void app_drain(void *ctx)
{
    app *a = ctx;
    pl_pool_drain(pl_glue_pool(a->glue));
    pl_process_drained(a->process);
}

/* A commit that fails ends the process; a file that was taken away from under
 * it fails later, or never. */
static pl_err app_check(void *ctx, char *reason, size_t cap)
{
    app *a = ctx;
    if (pl_glue_pool(a->glue)->failed) {
        pl_fmt_cut(reason, cap, "the last commit failed");
        return PL_EIO;
    }
    if (access(config_of(a)->database, R_OK | W_OK) != 0) {
        pl_fmt_cut(reason, cap, "its database is not there or not writable");
        return PL_EIO;
    }
    return PL_OK;
}

static void app_dump(void *ctx)
{
    app *a = ctx;
    pl_pool_dump(pl_glue_pool(a->glue));
}

const pl_app PL_ROOMPOOL_APP = {
    .name = "parley-roompool",
    .summary = "broker of the workers, keeper of rooms and state",
    .role = PL_ROLE_ROOMPOOL,
    .sections = sections,
    .n_sections = sizeof sections / sizeof sections[0],
    .metrics = metrics,
    .n_metrics = sizeof metrics / sizeof metrics[0],
    .start = app_start,
    .drain = app_drain,
    .stop = app_stop,
    .dump = app_dump,
    .check = app_check,
};
