/* calls_open.c - the parts that calls need, opened and closed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call_impl.h"
#include "pl/log.h"
#include "pl/str.h"

static unsigned admit(void *ctx, const pl_sip_flow *flow)
{
    return pl_guard_admit(((pl_calls *)ctx)->guard, flow);
}

/* A call outlives its connection: the next request opens one. Not so a call
 * that is not answered yet: its INVITE was to be answered there. */
static void on_closed(void *ctx, uint64_t conn)
{
    pl_calls *all = ctx;
    for (unsigned i = 0; i < all->o.config->max_calls; i++) {
        pl_call *c = all->slots[i];
        bool is_waiting = c && (c->state == PL_CALL_S_IN_PLACING ||
                                c->state == PL_CALL_S_IN_RINGING);
        if (!is_waiting || !pl_sip_is_stream(&c->flow) || c->flow.conn != conn)
            continue;
        pl_fmt_cut(c->reason, sizeof c->reason, "connection closed");
        (void)!pl_call_event(c, PL_CALL_E_GOT_CANCEL, NULL, (pl_slice){0});
    }
}

/* ---- whose question it was ---- */

static void on_located(void *ctx, uint64_t tag, const pl_sip_target *targets,
                       unsigned n)
{
    pl_calls *all = ctx;
    if (pl_registers_is_tag(tag))
        pl_registers_on_located(all->registers, tag, targets, n);
    else if (pl_watch_is_tag(tag))
        pl_watch_on_located(all->watch, tag, targets, n);
    else
        pl_call_on_resolved(all, tag, targets, n);
}

static void on_response(void *ctx, uint64_t tag, const pl_sip_msg *m,
                        const pl_sip_flow *flow, unsigned local_status)
{
    pl_calls *all = ctx;
    if (!all->watch)
        return; /* closing */
    if (pl_registers_is_tag(tag))
        pl_registers_on_response(all->registers, tag, m, local_status);
    else if (pl_watch_is_tag(tag))
        pl_watch_on_response(all->watch, tag, m);
    else
        pl_call_on_response(all, tag, m, flow, local_status);
}

pl_err pl_calls_register(pl_calls *calls, const pl_sip_register *m,
                         const pl_bus_ticket *ticket)
{
    if (calls->is_draining && m->expires_s > 0)
        return PL_EDRAIN; /* the calls of the binding could not be taken */
    return pl_registers_begin(calls->registers, m, ticket);
}

static pl_err load_password(pl_calls *all, const char *path)
{
    if (!path[0])
        return PL_OK;
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(all->password, 1, sizeof all->password - 1, f) : 0;
    if (f)
        (void)fclose(f);
    while (n > 0 &&
           (all->password[n - 1] == '\n' || all->password[n - 1] == '\r')) {
        n--;
    }
    all->password[n] = '\0';
    if (n > 0)
        return PL_OK;
    PL_LOG(ERROR, "sip", "password_file_bad", PL_KV("path", path),
           "missing, unreadable or empty");
    return PL_ECONFIG;
}

static pl_err check_config(pl_calls *all)
{
    const pl_signaling_config *cfg = all->o.config;
    char reason[256] = "";
    pl_err e = pl_signaling_check(cfg, reason, sizeof reason);
    if (e != PL_OK) {
        PL_LOG(ERROR, "sip", "config_refused", NULL, "%s", reason);
        return e;
    }
    all->has_proxy = cfg->outbound_proxy[0] != '\0';
    if (all->has_proxy)
        e = pl_signaling_proxy(cfg->outbound_proxy, &all->proxy);
    if (e != PL_OK)
        return e;
    return load_password(all, cfg->client_password_file);
}

static pl_err open_parts(pl_calls *all)
{
    const pl_signaling_config *cfg = all->o.config;
    pl_err e = check_config(all);
    if (e == PL_OK)
        e = pl_map_create(&all->by_id);
    if (e == PL_OK)
        e = pl_map_create(&all->by_dialog);
    if (e == PL_OK)
        e = pl_map_create(&all->by_invite);
    if (e == PL_OK)
        e = pl_map_create(&all->by_cancel);
    if (e == PL_OK)
        e = pl_timer_create(all->o.loop, pl_calls_on_tick, all, &all->tick);
    if (e == PL_OK)
        e = pl_guard_create(all->o.loop, all->o.metrics, cfg, &all->guard);
    if (e == PL_OK) {
        pl_sip_resolver_options ro = {.loop = all->o.loop,
                                      .servers = cfg->dns_servers,
                                      .cb = on_located,
                                      .ctx = all};
        e = pl_sip_resolver_create(&ro, &all->resolver);
    }
    pl_sip_stack_options so = {
        .transport = {.loop = all->o.loop,
                      .metrics = all->o.metrics,
                      .udp_listen = cfg->udp_listen,
                      .tcp_listen = cfg->tcp_listen,
                      .tls_listen = cfg->tls_listen,
                      .n_ports = cfg->listen_ports,
                      .tls = {.certificate = cfg->tls_certificate,
                              .key = cfg->tls_key,
                              .ca = cfg->tls_ca,
                              .checks_clients = cfg->tls_check_clients,
                              .checks_servers = cfg->tls_check_servers},
                      .announce_address = cfg->announce_address,
                      .max_tcp = cfg->max_tcp,
                      .max_tcp_per_ip = cfg->max_tcp_per_ip},
        .user = {.ctx = all,
                 .admit = admit,
                 .may_begin = pl_call_may_begin,
                 .on_request = pl_call_on_request,
                 .on_ack = pl_call_on_ack,
                 .on_response = on_response,
                 .on_stray_2xx = pl_call_on_stray_2xx,
                 .on_closed = on_closed},
        .max_transactions = cfg->max_transactions,
        .force_rport = cfg->force_rport};
    if (e == PL_OK)
        e = pl_sip_stack_open(&so, &all->stack);
    if (e != PL_OK)
        return e;
    pl_registers_options go = {.loop = all->o.loop,
                               .bus = all->o.bus,
                               .metrics = all->o.metrics,
                               .stack = all->stack,
                               .resolver = all->resolver,
                               .avoided = &all->avoided};
    e = pl_registers_create(&go, &all->registers);
    pl_watch_options wo = {.loop = all->o.loop,
                           .metrics = all->o.metrics,
                           .stack = all->stack,
                           .resolver = all->resolver,
                           .avoided = &all->avoided,
                           .peers = cfg->watched_peers,
                           .every_s = cfg->watch_s};
    return e == PL_OK ? pl_watch_create(&wo, &all->watch) : e;
}

pl_err pl_calls_create(const pl_calls_options *o, pl_calls **ret_calls)
{
    pl_calls *all = calloc(1, sizeof *all);
    if (!all)
        return PL_ENOMEM;
    all->o = *o;
    pl_list_init(&all->questions);
    pl_overload_init(&all->overload,
                     (int64_t)o->config->overload_target_ms * 1000,
                     pl_call_now(all));
    pl_call_show_share(all);
    all->slots = calloc(o->config->max_calls, sizeof(pl_call *));
    pl_err e = all->slots ? open_parts(all) : PL_ENOMEM;
    if (e != PL_OK) {
        pl_calls_destroy(&all);
        return e;
    }
    *ret_calls = all;
    return PL_OK;
}

void pl_calls_destroy(pl_calls **calls)
{
    if (!calls || !*calls)
        return;
    pl_calls *all = *calls;
    *calls = NULL;
    all->on_drained = NULL;
    if (all->stack)
        pl_calls_end_all(all);
    for (unsigned i = 0; all->slots && i < all->o.config->max_calls; i++) {
        if (all->slots[i])
            pl_call_release(all->slots[i]);
    }
    PL_LIST_EACH_SAFE(it, &all->questions)
    {
        question *q = PL_CONTAINER(it, question, link);
        pl_bus_cancel(all->o.bus, q->corr);
        pl_list_remove(&q->link);
        free(q);
    }
    pl_watch_destroy(&all->watch);
    pl_registers_destroy(&all->registers);
    pl_sip_resolver_destroy(&all->resolver);
    pl_sip_stack_close(&all->stack);
    pl_guard_destroy(&all->guard);
    pl_timer_destroy(&all->tick);
    pl_map_destroy(&all->by_id);
    pl_map_destroy(&all->by_dialog);
    pl_map_destroy(&all->by_invite);
    pl_map_destroy(&all->by_cancel);
    memset(all->password, 0, sizeof all->password);
    free(all->slots);
    free(all);
}
