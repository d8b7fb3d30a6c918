/* app.c - builds the objects of the signaling worker and wires them. */
#include "app.h"

#include <stdlib.h>
#include <string.h>

#include "bus_handlers.h"
#include "calls.h"
#include "pl/str.h"
#include "sig_config.h"
#include "sig_metrics.h"

#define CONFIG_TYPE pl_signaling_config
static const pl_config_key KEYS[] = {PL_SIGNALING_CONFIG(PL_CONFIG_ROW)};
#undef CONFIG_TYPE

static const pl_config_section SECTIONS[] = {
    {.kind = "signaling",
     .doc = "SIP towards telephones",
     .keys = KEYS,
     .n_keys = sizeof KEYS / sizeof *KEYS,
     .size = sizeof(pl_signaling_config),
     .check = pl_signaling_check},
};

static const pl_metric_desc METRICS[] = {PL_SIG_METRICS(PL_METRIC_ROW)};

typedef struct app {
    pl_process *process;
    const pl_signaling_config *config;
    pl_calls *calls;
    pl_sig_handlers handlers;
} app;

static void unlinked(void *ctx)
{
    app *a = ctx;
    pl_calls_set_link(a->calls, false);
}

static void stop(void *ctx)
{
    app *a = ctx;
    if (!a)
        return;
    pl_calls_destroy(&a->calls);
    free(a);
}

static pl_err start(pl_process *process, void **ret_ctx)
{
    app *a = calloc(1, sizeof *a);
    if (!a)
        return PL_ENOMEM;
    a->process = process;
    a->config = pl_config_get(pl_process_config(process), "signaling");
    pl_calls_options o = {.loop = pl_process_loop(process),
                          .bus = pl_process_bus(process),
                          .metrics = pl_process_metrics(process),
                          .config = a->config};
    pl_err e = pl_calls_create(&o, &a->calls);
    a->handlers = (pl_sig_handlers){.bus = o.bus, .calls = a->calls};
    if (e == PL_OK)
        e = pl_sig_handlers_register(&a->handlers);
    if (e != PL_OK) {
        stop(a);
        return e;
    }
    *ret_ctx = a;
    return PL_OK;
}

static void hello(void *ctx, pl_hello *hello)
{
    const app *a = ctx;
    char where[PL_SIP_WHERE_TEXT];
    pl_sip_transport_where(pl_calls_transport(a->calls), where);
    pl_fmt_cut(hello->address, sizeof hello->address, "%s", where);
    PL_MSG_SET(HELLO, hello, hello, address);
    hello->capacity = a->config->max_calls;
    PL_MSG_SET(HELLO, hello, hello, capacity);
}

static void linked(void *ctx)
{
    app *a = ctx;
    pl_calls_set_link(a->calls, true);
    pl_calls_send_inventory(a->calls);
    pl_calls_repeat_reports(a->calls);
}

static void load(void *ctx, pl_process_load *ret_load)
{
    const app *a = ctx;
    size_t n = pl_calls_count(a->calls);
    *ret_load = (pl_process_load){
        .load_permille = (uint32_t)(n * 1000 / a->config->max_calls),
        .legs = (uint32_t)n};
}

static void drained(void *ctx)
{
    app *a = ctx;
    pl_process_drained(a->process);
}

static void drain(void *ctx)
{
    /* Left for the answers to our BYEs; the rest is for others to take over
     * what we have. */
    enum { BYE_TIME_MS = 2000, BYE_PARTS = 4 };
    app *a = ctx;
    const pl_common_config *common =
        pl_config_get(pl_process_config(a->process), "common");
    unsigned bye_ms = common->drain_ms / BYE_PARTS;
    if (bye_ms > BYE_TIME_MS)
        bye_ms = BYE_TIME_MS;
    pl_calls_drain(a->calls, common->drain_ms - bye_ms, drained, a);
}

static void dump(void *ctx)
{
    const app *a = ctx;
    pl_calls_dump(a->calls);
}

/* Who reads no datagrams for so long answers nobody in time. */
static pl_err check(void *ctx, char *reason, size_t cap)
{
    static const int64_t behind_max_us = 10000000;
    const app *a = ctx;
    int64_t us = pl_sip_transport_backlog_us(pl_calls_transport(a->calls));
    if (us < behind_max_us)
        return PL_OK;
    pl_fmt_cut(reason, cap,
               "for %lld s more datagrams have come in than it reads",
               (long long)(us / 1000000));
    return PL_EUNAVAILABLE;
}

const pl_app PL_SIGNALING_APP = {
    .name = "parley-signaling",
    .summary = "SIP: telephones and trunks by UDP, TCP and TLS",
    .role = PL_ROLE_SIGNALING,
    .sections = SECTIONS,
    .n_sections = sizeof SECTIONS / sizeof *SECTIONS,
    .metrics = METRICS,
    .n_metrics = sizeof METRICS / sizeof *METRICS,
    .start = start,
    .hello = hello,
    .linked = linked,
    .unlinked = unlinked,
    .load = load,
    .drain = drain,
    .check = check,
    .stop = stop,
    .dump = dump,
};
