/* tiny_app.c - the smallest app around the process skeleton, for the tests: a
 * worker, or with TINY_ROOMPOOL a roompool that accepts every hello and tells
 * the last one to drain at SIGUSR1. A worker with greeting=slow has work that
 * ends with media_release only; one with greeting=noisy sends without end; one
 * with greeting=ill says of itself that it does not work. */
#include <string.h>

#include "pl/log.h"
#include "pl/process.h"
#include "pl/str.h"

#define TINY_CONFIG(KEY)                                                       \
    KEY(U32, port, "5000", 1024, 65535, "port", "a port")                      \
    KEY(STR, greeting, "hello", 1, 20, "text", "said at start")

typedef struct tiny_config {
    TINY_CONFIG(PL_CONFIG_MEMBER)
} tiny_config;

#define CONFIG_TYPE tiny_config
static const pl_config_key KEYS[] = {TINY_CONFIG(PL_CONFIG_ROW)};
#undef CONFIG_TYPE

/* Port 7000 does not go with anything. */
static pl_err check_media(const void *values, char *reason, size_t cap)
{
    const tiny_config *c = values;
    if (c->port != 7000)
        return PL_OK;
    pl_fmt_cut(reason, cap, "port 7000 does not fit");
    return PL_ECONFIG;
}

/* [room NAME] port = 6000 is refused. */
static pl_err each_room(void *ctx, const char *name, const void *values,
                        char *reason, size_t cap)
{
    (void)ctx;
    const tiny_config *c = values;
    if (c->port != 6000)
        return PL_OK;
    pl_fmt_cut(reason, cap, "%s cannot have port 6000", name);
    return PL_ECONFIG;
}

#ifdef TINY_ROOMPOOL
static char last[PL_NODE_MAX + 1];

static void on_released(void *ctx, pl_err e, const pl_bus_in *in)
{
    (void)ctx;
    (void)in;
    PL_LOG(INFO, "tiny", "released", NULL, "%s", pl_err_text(e));
}

static void on_told(void *ctx, pl_err e, const pl_bus_in *in)
{
    (void)ctx;
    (void)in;
    PL_LOG(INFO, "tiny", "told", NULL, "%s", pl_err_text(e));
}

static void tell(void *ctx)
{
    const pl_worker_drain m = {0};
    const pl_bus_send how = {.to = last};
    if (pl_bus_request(pl_process_bus(ctx), &how, &PL_MSG_WORKER_DRAIN, &m,
                       on_told, ctx, NULL) != PL_OK) {
        PL_LOG(ERROR, "tiny", "not_told", NULL, NULL);
    }
}

static void on_beat(void *ctx, const pl_bus_in *in)
{
    static bool is_done;
    const pl_beat *beat = in->body;
    const pl_media_release m = {0};
    const pl_bus_send how = {.to = in->node};
    if (is_done || beat->life != PL_LIFE_DRAINING ||
        strcmp(in->node, last) != 0)
        return;
    is_done = pl_bus_request(pl_process_bus(ctx), &how, &PL_MSG_MEDIA_RELEASE,
                             &m, on_released, ctx, NULL) == PL_OK;
}

static void on_hello(void *ctx, const pl_bus_in *in)
{
    const pl_hello *hello = in->body;
    pl_fmt_cut(last, sizeof last, "%s", in->node);
    PL_LOG(INFO, "tiny", "hello", PL_KV("net", hello->net, "from", in->node),
           NULL);
    if (strcmp(hello->build, "future") == 0) {
        pl_bus_reply_error(pl_process_bus(ctx), &in->ticket, PL_EVERSION, NULL);
        return;
    }
    pl_hello_ok m = {.roompool_boot = 1, .beat_ms = 250};
    pl_bus_reply(pl_process_bus(ctx), &in->ticket, &PL_MSG_HELLO_OK, &m);
}

static pl_err start(pl_process *process, void **ret_ctx)
{
    *ret_ctx = process;
    pl_err e = pl_bus_handle(pl_process_bus(process), &PL_MSG_HELLO, on_hello,
                             process);
    return e ? e
             : pl_bus_handle(pl_process_bus(process), &PL_MSG_BEAT, on_beat,
                             process);
}
#else
static bool is_slow(void *ctx)
{
    const tiny_config *c = pl_config_get(pl_process_config(ctx), "media");
    return strcmp(c->greeting, "slow") == 0;
}

static void drain(void *ctx)
{
    if (!is_slow(ctx))
        pl_process_drained(ctx);
}

enum { NOISE_US = 5000, NOISE = 10 };
static pl_timer *noise;

static void make_noise(void *ctx)
{
    const pl_inventory_end m = {.count = 1};
    pl_err e = PL_OK;
    for (int i = 0; i < NOISE && e == PL_OK; i++)
        e = pl_bus_event(pl_process_bus(ctx), NULL, &PL_MSG_INVENTORY_END, &m);
    pl_timer_start(noise, NOISE_US);
}

static pl_err start_noise(pl_process *p)
{
    pl_err e = pl_timer_create(pl_process_loop(p), make_noise, p, &noise);
    if (e == PL_OK)
        pl_timer_start(noise, NOISE_US);
    return e;
}

static pl_err check(void *ctx, char *reason, size_t cap)
{
    const tiny_config *c = pl_config_get(pl_process_config(ctx), "media");
    if (strcmp(c->greeting, "ill") != 0)
        return PL_OK;
    pl_fmt_cut(reason, cap, "has a cold");
    return PL_EIO;
}

static void stop(void *ctx)
{
    (void)ctx;
    pl_timer_destroy(&noise);
}

static void on_release(void *ctx, const pl_bus_in *in)
{
    const pl_ok ok = {0};
    pl_bus_reply(pl_process_bus(ctx), &in->ticket, &PL_MSG_OK_REPLY, &ok);
    pl_process_drained(ctx);
}

static pl_err start(pl_process *process, void **ret_ctx)
{
    const tiny_config *c = pl_config_get(pl_process_config(process), "media");
    *ret_ctx = process;
    if (strcmp(c->greeting, "busy") == 0)
        return PL_EIO;
    if (strcmp(c->greeting, "noisy") == 0 && start_noise(process) != PL_OK)
        return PL_ENOMEM;
    return pl_bus_handle(pl_process_bus(process), &PL_MSG_MEDIA_RELEASE,
                         on_release, process);
}
#endif

static void hello(void *ctx, pl_hello *m)
{
    const tiny_config *c = pl_config_get(pl_process_config(ctx), "media");
    if (c && strcmp(c->greeting, "future") == 0)
        memcpy(m->build, "future", sizeof "future");
}

int main(int argc, char **argv)
{
    static const pl_config_section SECTIONS[] = {
#ifdef TINY_ROOMPOOL
        {.kind = "roompool",
#else
        {.kind = "media",
#endif
         .doc = "the tiny app",
         .keys = KEYS,
         .n_keys = sizeof KEYS / sizeof KEYS[0],
         .size = sizeof(tiny_config),
         .check = check_media},
        {.kind = "room",
         .doc = "a repeated section",
         .keys = KEYS,
         .n_keys = sizeof KEYS / sizeof KEYS[0],
         .size = sizeof(tiny_config),
         .each = each_room},
    };
    static const pl_app APP = {
        .name = "parley-tiny",
        .summary = "shows the skeleton at work",
#ifdef TINY_ROOMPOOL
        .role = PL_ROLE_ROOMPOOL,
        .dump = tell,
#else
        .role = PL_ROLE_MEDIA,
        .drain = drain,
        .stop = stop,
        .check = check,
#endif
        .sections = SECTIONS,
        .n_sections = sizeof SECTIONS / sizeof SECTIONS[0],
        .start = start,
        .hello = hello,
    };
    return pl_process_main(&APP, argc, argv);
}
