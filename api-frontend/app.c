/* app.c - builds the front end's objects and ties them to the process. */
#include "app.h"

#include <stdlib.h>

#include "api_config.h"
#include "api_metrics.h"
#include "gateway.h"
#include "pl/str.h"

typedef struct app {
    pl_process *process;
    const pl_api_config *config;
    pl_gateway *gateway;
    bool is_linked;
} app;

static bool is_ready(void *ctx)
{
    const app *a = ctx;
    return a->is_linked;
}

static void stop(void *ctx)
{
    app *a = ctx;
    if (!a)
        return;
    pl_gateway_close(&a->gateway);
    free(a);
}

static pl_err start(pl_process *process, void **ret_ctx)
{
    app *a = calloc(1, sizeof *a);
    if (!a)
        return PL_ENOMEM;
    a->process = process;
    a->config = pl_config_get(pl_process_config(process), "api");
    pl_gateway_options options = {
        .loop = pl_process_loop(process),
        .bus = pl_process_bus(process),
        .config = a->config,
        .metrics = pl_process_metrics(process),
        .node = pl_process_node(process),
        .is_ready = is_ready,
        .ctx = a,
    };
    pl_err e = pl_gateway_open(&options, &a->gateway);
    if (e) {
        stop(a);
        return e;
    }
    *ret_ctx = a;
    return PL_OK;
}

static void hello(void *ctx, pl_hello *message)
{
    const app *a = ctx;
    pl_fmt_cut(message->address, sizeof message->address, "%s port %u",
               a->config->listen, pl_gateway_port(a->gateway));
    PL_MSG_SET(HELLO, hello, message, address);
}

static void linked(void *ctx)
{
    app *a = ctx;
    a->is_linked = true;
    pl_gateway_linked(a->gateway);
}

static void unlinked(void *ctx)
{
    app *a = ctx;
    a->is_linked = false;
}

static void drained(void *ctx)
{
    app *a = ctx;
    pl_process_drained(a->process);
}

static void drain(void *ctx)
{
    app *a = ctx;
    pl_gateway_drain(a->gateway, drained, a);
}

static void dump(void *ctx)
{
    const app *a = ctx;
    pl_gateway_dump(a->gateway);
}

/* Roompool is the skeleton's matter: without it we are not READY. */
static pl_err check(void *ctx, char *reason, size_t cap)
{
    const app *a = ctx;
    if (pl_gateway_is_open(a->gateway))
        return PL_OK;
    pl_fmt_cut(reason, cap, "it does not listen");
    return PL_EUNAVAILABLE;
}

const pl_app PL_API_APP = {
    .name = "parley-api",
    .summary = "HTTPS front end: APIs, tokens, events and web pages",
    .role = PL_ROLE_API,
    .sections = &PL_API_SECTION,
    .n_sections = 1,
    .metrics = PL_API_METRIC_TABLE,
    .n_metrics = PL_AM_COUNT,
    .start = start,
    .hello = hello,
    .linked = linked,
    .unlinked = unlinked,
    .drain = drain,
    .check = check,
    .stop = stop,
    .dump = dump,
};
