/* pool.c - life of the brain, and the plumbing its modules share. */
#include "pool.h"

#include <stdlib.h>

#include "call.h"
#include "conference.h"
#include "device/device_call.h"
#include "device/registration.h"
#include "device/relay.h"
#include "device/subscription.h"
#include "event_stream.h"
#include "handover.h"
#include "leg.h"
#include "model.h"
#include "ops.h"
#include "participant.h"
#include "pl/rate.h"
#include "pl/str.h"
#include "recording.h"
#include "refer.h"
#include "room.h"
#include "room_auto.h"
#include "session.h"
#include "sink.h"
#include "telephone.h"
#include "video.h"
#include "vmr_remote.h"
#include "worker.h"

/* ---- shared plumbing ---- */

void pl_pool_fail(pl_pool *pool, pl_err e)
{
    if (!pool->failed)
        pool->failed = e;
}

void pl_pool_put(pl_pool *pool, const pl_table *table, const void *row)
{
    if (pool->failed || pool->is_loading)
        return;
    pl_err e = pool->store->ops->put(pool->store, table, row);
    if (e)
        pl_pool_fail(pool, e);
}

void pl_pool_del(pl_pool *pool, const pl_table *table, const void *row)
{
    if (pool->failed || pool->is_loading)
        return;
    pl_err e = pool->store->ops->del(pool->store, table, row);
    if (e)
        pl_pool_fail(pool, e);
}

void pl_pool_count(pl_pool *pool, size_t metric)
{
    pl_metrics_add(pool->metrics, metric, 1);
}

void pl_pool_plan(pl_pool *pool, pl_task *task,
                  void (*run)(void *ctx, void *object), void *object,
                  int64_t delay_us)
{
    task->run = run;
    task->object = object;
    if (pl_agenda_plan(pool->agenda, task,
                       pool->now.us + (delay_us > 0 ? delay_us : 0)))
        pl_pool_fail(pool, PL_ENOMEM);
}

void pl_pool_cancel(pl_pool *pool, pl_task *task)
{
    pl_agenda_cancel(pool->agenda, task);
}

void pl_pool_reply(pl_pool *pool, const pl_bus_ticket *ticket,
                   const pl_msg_desc *desc, const void *body)
{
    if (pl_outbox_reply(pool->outbox, ticket, desc, body))
        pl_pool_fail(pool, PL_ENOMEM);
}

void pl_pool_ok(pl_pool *pool, const pl_bus_ticket *ticket)
{
    static const pl_ok ok = {.present = 0};
    pl_pool_reply(pool, ticket, &PL_MSG_OK_REPLY, &ok);
}

static const struct refusal {
    pl_err error;
    size_t metric;
} REFUSALS[] = {
    {PL_EFULL, PL_RM_refused_full},
    {PL_EAUTH, PL_RM_refused_auth},
    {PL_EFORBIDDEN, PL_RM_refused_forbidden},
    {PL_EBUSY, PL_RM_refused_busy},
    {PL_ESTATE, PL_RM_refused_state},
    {PL_EMEDIA, PL_RM_refused_media},
    {PL_EUNAVAILABLE, PL_RM_refused_no_worker},
    {PL_EDRAIN, PL_RM_refused_drain},
};

void pl_pool_refuse(pl_pool *pool, const pl_bus_ticket *ticket, pl_err e,
                    const char *text)
{
    for (size_t i = 0; i < sizeof REFUSALS / sizeof REFUSALS[0]; i++) {
        if (REFUSALS[i].error == e)
            pl_pool_count(pool, REFUSALS[i].metric);
    }
    if (pl_outbox_reply_error(pool->outbox, ticket, e, text))
        pl_pool_fail(pool, PL_ENOMEM);
}

static void ignore_reply(pl_pool *pool, pl_op *op, pl_err e,
                         const pl_bus_in *in)
{
    (void)in;
    if (e) {
        pl_pool_note(pool, PL_LOG_DEBUG, "command_failed", NULL, NULL,
                     pl_err_text(e));
    }
    pl_op_destroy(&op);
}

void pl_pool_send_how(pl_pool *pool, const pl_bus_send *how,
                      const pl_msg_desc *desc, const void *body, pl_op *op)
{
    if (!op && desc->kind == PL_REQUEST)
        op = pl_op_create(pool, ignore_reply);
    if (op)
        PL_SET(op->node, how->to);
    if (pl_outbox_request(pool->outbox, how, desc, body, op))
        pl_pool_fail(pool, PL_ENOMEM);
}

void pl_pool_send(pl_pool *pool, const char *node, uint64_t epoch,
                  const pl_msg_desc *desc, const void *body, pl_op *op)
{
    pl_bus_send how = {.to = node, .trace = pool->trace, .epoch = epoch};
    pl_pool_send_how(pool, &how, desc, body, op);
}

static void log_line(const pl_pool *pool, pl_log_level level, const char *event,
                     const pl_conf *conf, const pl_part *part, const char *text)
{
    if (pool->port->note) {
        pool->port->note(
            pool->port->ctx, level, event, conf ? conf->row.conf_id : "",
            part ? part->row.participant_id : "", text ? text : "");
    }
}

void pl_pool_note(pl_pool *pool, pl_log_level level, const char *event,
                  const pl_conf *conf, const pl_part *part, const char *text)
{
    log_line(pool, level, event, conf, part, text);
    pl_ops_note(pool, level, event, conf ? conf->row.conf_id : "",
                part ? part->row.participant_id : "", text ? text : "");
}

/* ---- life ---- */

static pl_err create_maps(pl_pool *p)
{
    pl_map **maps[] = {
        &p->rooms,      &p->aliases,  &p->confs,     &p->parts,     &p->legs,
        &p->calls,      &p->sessions, &p->tokens,    &p->users,     &p->workers,
        &p->callees,    &p->joined,   &p->room_nos,  &p->alias_nos, &p->autos,
        &p->room_names, &p->devcalls, &p->recordings};
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        pl_err e = pl_map_create(maps[i]);
        if (e)
            return e;
    }
    return PL_OK;
}

pl_err pl_pool_create(const pl_pool_options *options, pl_pool **ret_pool)
{
    pl_pool *p = calloc(1, sizeof *p);
    if (!p)
        return PL_ENOMEM;
    p->config = options->config;
    p->store = options->store;
    p->port = options->port;
    p->metrics = options->metrics;
    p->lines = options->lines;
    pl_list_init(&p->ops);
    pl_list_init(&p->held);
    pl_list_init(&p->transfers);
    pl_list_init(&p->sinks);
    pl_err e = create_maps(p);
    if (!e)
        e = pl_vmrs_create(&p->vmrs);
    if (!e)
        e = pl_videos_create(&p->videos);
    if (!e)
        e = pl_subscrs_create(&p->subscrs);
    if (!e)
        e = pl_relays_create(&p->relays);
    if (!e)
        e = pl_regs_create(&p->regs);
    if (!e && p->config->platform_url[0]) {
        e = pl_remote_create(p->config, options->platform_login,
                             &p->vmrs->remote);
    }
    if (!e)
        e = pl_agenda_create(p, &p->agenda);
    if (!e)
        e = pl_outbox_create(&p->outbox);
    if (!e)
        e = pl_ops_create(&p->ops_tools);
    if (!e) {
        e = pl_pin_guard_create(p->config->pin_source_per_min,
                                p->config->pin_room_per_10min, &p->guard);
    }
    if (!e)
        e = pl_join_guard_create(p->config->join_source_per_min, &p->joins);
    if (!e)
        e = pl_rate_create(p->config->device_calls_per_min, PL_S(60),
                           &p->device_calls);
    if (e) {
        pl_pool_destroy(&p);
        return e;
    }
    *ret_pool = p;
    return PL_OK;
}

static void free_all(const pl_map *map, void (*free_one)(void *))
{
    size_t cursor = 0;
    void *value;
    while (map && (value = pl_map_next(map, &cursor, NULL)) != NULL)
        free_one(value);
}

static void free_part(void *object)
{
    pl_part *part = object;
    pl_event_list_free(&part->sync);
    free(part->referral);
    free(part);
}

static void free_conf(void *object)
{
    pl_conf *conf = object;
    pl_event_list_free(&conf->events);
    free(conf);
}

static void free_call(void *object)
{
    pl_sipcall_free(object);
}

static void free_sess(void *object)
{
    pl_sess *sess = object;
    pl_event_list_free(&sess->events);
    free(sess);
}

static void free_worker(void *object)
{
    pl_worker *worker = object;
    free(worker->metrics);
    free(worker);
}

void pl_pool_destroy(pl_pool **pool)
{
    if (!pool || !*pool)
        return;
    pl_pool *p = *pool;
    pl_refers_free(p);
    pl_sinks_free(p);
    pl_device_calls_free(p);
    free_all(p->legs, pl_handover_free_leg);
    free_all(p->calls, free_call);
    free_all(p->parts, free_part);
    free_all(p->confs, free_conf);
    free_all(p->recordings, pl_recording_free);
    free_all(p->autos, pl_auto_free);
    free_all(p->rooms, pl_room_free);
    free_all(p->sessions, free_sess);
    free_all(p->users, free);
    free_all(p->workers, free_worker);
    pl_vmrs_destroy(&p->vmrs);
    pl_videos_destroy(&p->videos);
    pl_subscrs_destroy(&p->subscrs);
    pl_relays_destroy(&p->relays);
    pl_regs_destroy(&p->regs);
    pl_map *maps[] = {p->rooms,    p->aliases,   p->confs,    p->parts,
                      p->legs,     p->calls,     p->sessions, p->tokens,
                      p->users,    p->workers,   p->callees,  p->joined,
                      p->room_nos, p->alias_nos, p->autos,    p->room_names,
                      p->devcalls, p->recordings};
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++)
        pl_map_destroy(&maps[i]);
    PL_LIST_EACH_SAFE(node, &p->ops)
    {
        pl_op *op = PL_CONTAINER(node, pl_op, link);
        pl_op_destroy(&op);
    }
    pl_pin_guard_destroy(&p->guard);
    pl_join_guard_destroy(&p->joins);
    pl_rate_destroy(&p->device_calls);
    pl_outbox_destroy(&p->outbox);
    pl_ops_destroy(&p->ops_tools);
    pl_agenda_destroy(&p->agenda);
    free(p);
    *pool = NULL;
}

void pl_pool_set_boot(pl_pool *pool, uint64_t boot, const char *node,
                      uint32_t beat_ms)
{
    pool->boot = boot;
    pool->beat_ms = beat_ms;
    PL_SET(pool->node, node);
}

void pl_pool_drain(pl_pool *pool)
{
    pool->is_draining = true;
}

void pl_pool_on_reply(pl_pool *pool, pl_now now, pl_op *op, pl_err e,
                      const pl_bus_in *in)
{
    pool->now = now;
    PL_SET(pool->trace,
           op->has_ticket ? op->ticket.trace : (in ? in->trace : ""));
    op->done(pool, op, e, in);
}

void pl_pool_tick(pl_pool *pool, pl_now now)
{
    pool->now = now;
    pool->trace[0] = '\0';
    pl_agenda_run(pool->agenda, now.us);
}

int64_t pl_pool_next_us(const pl_pool *pool)
{
    return pl_agenda_next(pool->agenda);
}

/* ---- commit and send ---- */

static void update_gauges(pl_pool *p)
{
    pl_metrics_set(p->metrics, PL_RM_conferences, (int64_t)p->n_confs_live);
    pl_metrics_set(p->metrics, PL_RM_participants,
                   (int64_t)pl_map_count(p->parts));
    pl_metrics_set(p->metrics, PL_RM_legs, (int64_t)pl_map_count(p->legs));
    pl_metrics_set(p->metrics, PL_RM_calls, (int64_t)pl_map_count(p->calls));
    pl_metrics_set(p->metrics, PL_RM_sessions,
                   (int64_t)pl_map_count(p->sessions));
    pl_metrics_set(p->metrics, PL_RM_subscriptions,
                   (int64_t)p->subscrs->n_active);
    pl_metrics_set(p->metrics, PL_RM_polls, (int64_t)p->n_polls);
    pl_metrics_set(p->metrics, PL_RM_snapshots, (int64_t)p->n_snapshots);
    pl_metrics_set(p->metrics, PL_RM_snapshot_bytes,
                   (int64_t)p->snapshot_bytes);
}

static pl_err commit(pl_pool *pool)
{
    if (pool->failed)
        return pool->failed;
    if (!pool->store->ops->is_dirty(pool->store))
        return PL_OK;
    const pl_port *port = pool->port;
    int64_t start_us = port->clock_us(port->ctx);
    pl_err e = pool->store->ops->commit(pool->store);
    int64_t took_us = port->clock_us(port->ctx) - start_us;
    pl_metrics_observe_us(pool->metrics, PL_RM_commit_us,
                          took_us > 0 ? (uint64_t)took_us : 0);
    if (e) {
        pl_pool_fail(pool, e);
        return e;
    }
    pl_pool_count(pool, PL_RM_commits);
    update_gauges(pool);
    return PL_OK;
}

void pl_pool_flush(pl_pool *pool)
{
    /* Sending may fail at once and so cause more; bounded by retries. */
    do {
        pl_err e = commit(pool);
        if (e) {
            pl_pool_count(pool, PL_RM_store_failed);
            pool->port->fatal(pool->port->ctx, e,
                              "state cannot be kept; nothing was answered");
            return;
        }
        pl_outbox_send(pool->outbox, pool->port);
        pl_sessions_answered(pool);
    } while (pool->failed || pool->store->ops->is_dirty(pool->store) ||
             !pl_outbox_is_empty(pool->outbox));
}

/* ---- for operators; to the log only, not to who looks on ---- */

static void dump_conf(pl_pool *pool, const pl_conf *conf)
{
    char text[256];
    pl_fmt_cut(text, sizeof text,
               "room=%s state=%s media=%s epoch=%llu live=%u seq=%llu",
               conf->row.room_id, pl_conf_state_text(conf->row.state),
               conf->row.media_node, (unsigned long long)conf->row.epoch,
               conf->n_live, (unsigned long long)conf->last_seq);
    log_line(pool, PL_LOG_INFO, "dump_conference", conf, NULL, text);
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        pl_fmt_cut(text, sizeof text, "kind=%s state=%s name=%s call=%s",
                   pl_part_kind_text(part->row.kind),
                   pl_part_state_text(part->row.state), part->row.display_name,
                   part->call ? part->call->row.call_id : "");
        log_line(pool, PL_LOG_INFO, "dump_participant", conf, part, text);
    }
}

void pl_pool_dump(pl_pool *pool)
{
    char text[256];
    size_t cursor = 0;
    void *value;
    pl_fmt_cut(text, sizeof text,
               "rooms=%zu conferences=%zu participants=%zu legs=%zu calls=%zu "
               "sessions=%zu polls=%u epoch=%llu draining=%d",
               pl_map_count(pool->rooms), pl_map_count(pool->confs),
               pl_map_count(pool->parts), pl_map_count(pool->legs),
               pl_map_count(pool->calls), pl_map_count(pool->sessions),
               pool->n_polls, (unsigned long long)pool->epoch,
               pool->is_draining);
    log_line(pool, PL_LOG_INFO, "dump", NULL, NULL, text);
    while ((value = pl_map_next(pool->confs, &cursor, NULL)) != NULL)
        dump_conf(pool, value);
    cursor = 0;
    while ((value = pl_map_next(pool->workers, &cursor, NULL)) != NULL) {
        const pl_worker *w = value;
        pl_fmt_cut(text, sizeof text,
                   "node=%s role=%s state=%s life=%s held=%u", w->row.node,
                   pl_role_text(w->row.role),
                   pl_worker_state_text(w->row.state),
                   pl_life_text(w->row.life), w->held);
        log_line(pool, PL_LOG_INFO, "dump_worker", NULL, NULL, text);
    }
}
