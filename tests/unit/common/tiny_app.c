/* tiny_app.c - the smallest app around the process skeleton, for the tests: a
 * worker, or with TINY_ROOMPOOL a roompool that accepts every hello. */
#include <string.h>

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
static void on_hello(void *ctx, const pl_bus_in *in)
{
    const pl_hello *hello = in->body;
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
    return pl_bus_handle(pl_process_bus(process), &PL_MSG_HELLO, on_hello,
                         process);
}
#else
static pl_err start(pl_process *process, void **ret_ctx)
{
    const tiny_config *c = pl_config_get(pl_process_config(process), "media");
    *ret_ctx = process;
    return strcmp(c->greeting, "busy") == 0 ? PL_EIO : PL_OK;
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
#else
        .role = PL_ROLE_MEDIA,
#endif
        .sections = SECTIONS,
        .n_sections = sizeof SECTIONS / sizeof SECTIONS[0],
        .start = start,
        .hello = hello,
    };
    return pl_process_main(&APP, argc, argv);
}
