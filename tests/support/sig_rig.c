/* sig_rig.c - signaling worker and fake roompool side by side. */
#include "sig_rig.h"

#include <stdlib.h>
#include <string.h>

#include "bus_handlers.h"
#include "pl/str.h"
#include "sig_metrics.h"

#define CONFIG_TYPE pl_signaling_config
static const pl_config_key KEYS[] = {PL_SIGNALING_CONFIG(PL_CONFIG_ROW)};
#undef CONFIG_TYPE
enum { N_KEYS = sizeof KEYS / sizeof *KEYS };
static const pl_metric_desc METRICS[] = {PL_SIG_METRICS(PL_METRIC_ROW)};

struct pl_sig_rig {
    pl_loop *loop;
    pl_bus_hub *hub;
    pl_bus *pool_bus, *bus;
    pl_metrics *metrics;
    pl_fake_pool *pool;
    pl_signaling_config config;
    pl_calls *calls;
    pl_sig_handlers handlers;
};

/* A value of the table by its text; enough for tests. */
static pl_err set_value(pl_signaling_config *c, const char *name, size_t len,
                        const char *value)
{
    for (size_t i = 0; i < N_KEYS; i++) {
        const pl_config_key *k = &KEYS[i];
        if (strlen(k->name) != len || strncmp(k->name, name, len) != 0)
            continue;
        char *at = (char *)c + k->offset;
        uint64_t n = 0;
        bool is_true = strcmp(value, "true") == 0;
        switch (k->kind) {
        case PL_CFG_BOOL: memcpy(at, &is_true, sizeof is_true); return PL_OK;
        case PL_CFG_U32: {
            pl_err e = pl_parse_u64(pl_slice_str(value), UINT32_MAX, &n);
            uint32_t v = (uint32_t)n;
            memcpy(at, &v, sizeof v);
            return e;
        }
        case PL_CFG_STR:
        case PL_CFG_FILE:
        case PL_CFG_WORD:
            return pl_copy(at, PL_CONFIG_STR_MAX + 1, pl_slice_str(value));
        }
    }
    return PL_ENOENT;
}

static pl_err set_config(pl_signaling_config *c, const char *const *settings,
                         size_t n)
{
    pl_err e = PL_OK;
    for (size_t i = 0; e == PL_OK && i < N_KEYS; i++)
        e = set_value(c, KEYS[i].name, strlen(KEYS[i].name), KEYS[i].preset);
    for (size_t i = 0; e == PL_OK && i < n; i++) {
        const char *eq = strchr(settings[i], '=');
        e = eq ? set_value(c, settings[i], (size_t)(eq - settings[i]), eq + 1)
               : PL_EINVAL;
    }
    return e;
}

static void on_hello(void *ctx, pl_err e, const pl_bus_in *in)
{
    pl_sig_rig *r = ctx;
    (void)in;
    if (e != PL_OK)
        return;
    pl_calls_set_link(r->calls, true);
    pl_calls_send_inventory(r->calls);
}

static pl_err say_hello(pl_sig_rig *r)
{
    static pl_hello m;
    m = (pl_hello){.role = PL_ROLE_SIGNALING,
                   .schema_major = PL_SCHEMA_MAJOR,
                   .schema_hash = pl_msg_schema_hash(),
                   .pid = 1};
    pl_fmt_cut(m.node, sizeof m.node, "signaling-1.t");
    pl_fmt_cut(m.build, sizeof m.build, "test");
    pl_bus_send how = {.to = NULL};
    return pl_bus_request(r->bus, &how, &PL_MSG_HELLO, &m, on_hello, r, NULL);
}

static pl_err build(pl_sig_rig *r, const char *const *settings, size_t n,
                    FILE *out)
{
    pl_err e = set_config(&r->config, settings, n);
    if (e == PL_OK)
        e = pl_loop_create(&r->loop);
    if (e == PL_OK)
        e = pl_bus_hub_create(r->loop, 1, &r->hub);
    pl_bus_options o = {
        .loop = r->loop, .node = "roompool", .role = PL_ROLE_ROOMPOOL};
    if (e == PL_OK)
        e = pl_bus_open_mem(r->hub, &o, &r->pool_bus);
    o.node = "signaling-1.t";
    o.role = PL_ROLE_SIGNALING;
    if (e == PL_OK)
        e = pl_bus_open_mem(r->hub, &o, &r->bus);
    if (e == PL_OK)
        e = pl_metrics_create(METRICS, PL_SIG_N_METRICS, &r->metrics);
    if (e == PL_OK)
        e = pl_fake_pool_create(r->loop, r->pool_bus, out, &r->pool);
    pl_calls_options co = {.loop = r->loop,
                           .bus = r->bus,
                           .metrics = r->metrics,
                           .config = &r->config};
    if (e == PL_OK)
        e = pl_calls_create(&co, &r->calls);
    r->handlers = (pl_sig_handlers){.bus = r->bus, .calls = r->calls};
    if (e == PL_OK)
        e = pl_sig_handlers_register(&r->handlers);
    return e == PL_OK ? say_hello(r) : e;
}

pl_err pl_sig_rig_create(const char *const *settings, size_t n, FILE *out,
                         pl_sig_rig **ret_rig)
{
    pl_sig_rig *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    pl_err e = build(r, settings, n, out);
    if (e != PL_OK)
        pl_sig_rig_destroy(&r);
    else
        *ret_rig = r;
    return e;
}

void pl_sig_rig_destroy(pl_sig_rig **rig)
{
    if (!rig || !*rig)
        return;
    pl_sig_rig *r = *rig;
    *rig = NULL;
    pl_calls_destroy(&r->calls);
    pl_bus_close(&r->bus);
    pl_fake_pool_destroy(&r->pool);
    pl_bus_close(&r->pool_bus);
    pl_bus_hub_destroy(&r->hub);
    pl_metrics_destroy(&r->metrics);
    pl_loop_destroy(&r->loop);
    free(r);
}

pl_loop *pl_sig_rig_loop(pl_sig_rig *rig)
{
    return rig->loop;
}

pl_calls *pl_sig_rig_calls(pl_sig_rig *rig)
{
    return rig->calls;
}

pl_fake_pool *pl_sig_rig_pool(pl_sig_rig *rig)
{
    return rig->pool;
}

pl_metrics *pl_sig_rig_metrics(pl_sig_rig *rig)
{
    return rig->metrics;
}

pl_bus_hub *pl_sig_rig_hub(pl_sig_rig *rig)
{
    return rig->hub;
}
