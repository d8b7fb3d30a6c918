/* process_link.c - a process on the bus: hello, beats, metrics reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"

#include "tables/bus_metrics.def"

#include "process_impl.h"
#include "process_usage.h"

enum {
    HELLO_MS = 1000, /* deadline of one hello */
    HELLO_AGAIN_US = 300000,
    WAIT_LOG_US = 10000000,
    REPORT_MAX = 65536
};

#define COMMON_ENUM(kind, id, name, doc) COMMON_##id,
enum { PL_COMMON_METRICS(COMMON_ENUM) COMMON_METRICS };
static const pl_metric_desc METRICS[] = {PL_COMMON_METRICS(PL_METRIC_ROW)};

void pl_link_net(const char *boot_path, const char *ns_path,
                 char ret_net[PL_NET_TEXT])
{
    struct stat ns;
    char boot[64] = "";
    char text[128];
    char digest[PL_SHA256_TEXT];
    ret_net[0] = '\0';
    FILE *f =
        fopen(boot_path ? boot_path : "/proc/sys/kernel/random/boot_id", "re");
    if (!f)
        return;
    bool is_read = fgets(boot, sizeof boot, f) != NULL;
    (void)fclose(f);
    if (!is_read || stat(ns_path ? ns_path : "/proc/self/ns/net", &ns) != 0)
        return;
    boot[strcspn(boot, "\n")] = '\0';
    pl_fmt_cut(text, sizeof text, "%s %llu %llu", boot,
               (unsigned long long)ns.st_dev, (unsigned long long)ns.st_ino);
    pl_sha256_hex(text, strlen(text), digest);
    pl_fmt_cut(ret_net, PL_NET_TEXT, "%s", digest); /* half of it is plenty */
}

static bool wants_link(const pl_process *p)
{
    return !p->is_linked &&
           (p->life == PL_LIFE_CONNECTING || p->life == PL_LIFE_DRAINING);
}

static void on_hello_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    pl_process *p = ctx;
    p->hello_pending = false;
    if (e == PL_OK && in->desc == &PL_MSG_HELLO_OK) {
        if (!wants_link(p))
            return;
        p->is_linked = true;
        pl_timer_stop(p->wait_timer);
        if (p->life == PL_LIFE_CONNECTING) {
            pl_process_move(p, PL_LIFE_READY);
        } else {
            pl_bus_beat_now(p->bus); /* before it gives us work */
        }
        if (p->app->linked)
            p->app->linked(p->ctx);
        return;
    }
    if (e == PL_EVERSION) {
        char why[128];
        pl_fmt_cut(why, sizeof why,
                   "roompool speaks another schema major than our %d; install "
                   "the same version everywhere",
                   (int)PL_SCHEMA_MAJOR);
        pl_process_fail(p, PL_EXIT_SCHEMA, why);
        return;
    }
    if (e != PL_ETIMEOUT) {
        PL_LOG(WARN, "process", "hello_refused", NULL, "%s; tried again",
               e == PL_EEXIST ? "another process of this name is up: end it, "
                                "or give one of them another --node"
                              : pl_err_text(e));
    }
    if (wants_link(p))
        pl_timer_start(p->hello_timer, HELLO_AGAIN_US);
}

static void send_hello(void *ctx)
{
    pl_process *p = ctx;
    if (p->hello_pending || !wants_link(p))
        return;
    pl_hello m = {.role = (uint32_t)p->app->role,
                  .schema_major = PL_SCHEMA_MAJOR,
                  .schema_hash = pl_msg_schema_hash(),
                  .pid = (uint32_t)getpid()};
    pl_fmt_cut(m.node, sizeof m.node, "%s", p->node);
    pl_fmt_cut(m.build, sizeof m.build, "%s", PL_VERSION);
    if (gethostname(m.host, sizeof m.host - 1) == 0 &&
        pl_is_utf8(pl_slice_str(m.host))) {
        PL_MSG_SET(HELLO, hello, &m, host);
    }
    if (p->net[0] != '\0') {
        pl_fmt_cut(m.net, sizeof m.net, "%s", p->net);
        PL_MSG_SET(HELLO, hello, &m, net);
    }
    if (p->app->hello)
        p->app->hello(p->ctx, &m);
    const pl_bus_send how = {.deadline_ms = HELLO_MS};
    pl_err e = pl_bus_request(p->bus, &how, &PL_MSG_HELLO, &m, on_hello_reply,
                              p, NULL);
    p->hello_pending = e == PL_OK;
    if (e != PL_OK) {
        PL_LOG(ERROR, "process", "hello_not_sent", NULL, "%s", pl_err_text(e));
        pl_timer_start(p->hello_timer, HELLO_AGAIN_US);
    }
}

static void on_waiting(void *ctx)
{
    pl_process *p = ctx;
    PL_LOG(INFO, "process", "waiting_for_roompool",
           PL_KV("endpoint", p->common->bus), NULL);
    pl_timer_start(p->wait_timer, WAIT_LOG_US);
}

void pl_link_connect(pl_process *p)
{
    if (p->life != PL_LIFE_DRAINING)
        pl_process_move(p, PL_LIFE_CONNECTING);
    pl_timer_start(p->wait_timer, WAIT_LOG_US);
    send_hello(p);
}

static void on_link(void *ctx, bool is_up)
{
    pl_process *p = ctx;
    if (is_up)
        return;
    bool was_linked = p->is_linked;
    p->is_linked = false;
    if (was_linked && p->is_started && p->app->unlinked)
        p->app->unlinked(p->ctx);
    if (p->life == PL_LIFE_READY || p->life == PL_LIFE_DRAINING)
        pl_link_connect(p);
}

static void on_worker_drain(void *ctx, const pl_bus_in *in)
{
    pl_process *p = ctx;
    const pl_worker_drain *m = in->body;
    const pl_ok ok = {0};
    pl_bus_reply(p->bus, &in->ticket, &PL_MSG_OK_REPLY, &ok);
    if (p->life == PL_LIFE_DRAINING)
        return;
    PL_LOG(INFO, "process", "told_to_drain", PL_KV("reason", m->reason), NULL);
    pl_process_drain(p);
}

static void fill_beat(void *ctx, pl_beat *beat)
{
    pl_process *p = ctx;
    beat->life = p->life;
    if (p->app->load && p->is_started) {
        pl_process_load load = {0};
        p->app->load(p->ctx, &load);
        beat->load_permille =
            load.load_permille > 100000 ? 100000 : load.load_permille;
        beat->rooms = load.rooms;
        beat->legs = load.legs;
    }
}

static void update_metrics(pl_process *p)
{
    pl_bus_stats s;
    pl_process_usage usage;
    pl_process_usage_read(&usage);
    pl_bus_get_stats(p->bus, &s);
    const uint64_t values[COMMON_METRICS] = {
        [COMMON_bus_sent] = s.sent,
        [COMMON_bus_received] = s.received,
        [COMMON_bus_malformed] = s.malformed,
        [COMMON_bus_unhandled] = s.unhandled,
        [COMMON_bus_dropped] = s.dropped,
        [COMMON_bus_timeouts] = s.timeouts,
        [COMMON_bus_repeats] = s.repeats,
        [COMMON_bus_refused] = s.refused,
        [COMMON_bus_closed] = s.closed,
        [COMMON_draining] = p->life == PL_LIFE_DRAINING,
        [COMMON_build_info] = 1,
        [COMMON_cpu] = usage.cpu_us,
        [COMMON_started] = (uint64_t)p->started_s,
        [COMMON_resident] = usage.resident_bytes,
        [COMMON_virtual] = usage.virtual_bytes,
        [COMMON_open_fds] = usage.open_fds,
        [COMMON_max_fds] = usage.max_fds,
    };
    for (size_t i = 0; i < COMMON_METRICS; i++)
        pl_metrics_set(p->metrics, p->app->n_metrics + i, (int64_t)values[i]);
}

static void on_report_due(void *ctx)
{
    pl_process *p = ctx;
    pl_timer_start(p->report_timer, (int64_t)p->common->metrics_ms * 1000);
    update_metrics(p);
    if (p->app->role == PL_ROLE_ROOMPOOL || !p->is_linked)
        return;
    size_t n = 0;
    pl_err e =
        pl_metrics_expose(p->metrics, p->name, p->report, REPORT_MAX, &n);
    if (e == PL_OK) {
        pl_metrics_report m = {
            .text = {.ptr = (const uint8_t *)p->report, .len = n}};
        e = pl_bus_event(p->bus, NULL, &PL_MSG_METRICS_REPORT, &m);
    }
    if (e != PL_OK) {
        PL_LOG(DEBUG, "process", "metrics_not_sent", NULL, "%s",
               pl_err_text(e));
    }
}

static pl_err open_metrics(pl_process *p)
{
    size_t n = p->app->n_metrics + COMMON_METRICS;
    p->metric_table = calloc(n, sizeof *p->metric_table);
    p->report = malloc(REPORT_MAX);
    if (!p->metric_table || !p->report)
        return PL_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        p->metric_table[i] = i < p->app->n_metrics
                                 ? p->app->metrics[i]
                                 : METRICS[i - p->app->n_metrics];
    }
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): freed by close_all() */
    return pl_metrics_create(p->metric_table, n, &p->metrics);
}

static pl_err open_bus(pl_process *p)
{
    const pl_bus_options options = {
        .loop = p->loop,
        .node = p->node,
        .role = p->app->role,
        .endpoint = p->common->bus,
        .public_key_file = p->common->bus_public_key,
        .secret_key_file = p->common->bus_secret_key,
        .server_key_file = p->common->bus_server_key,
        .allowed_keys_dir = p->common->bus_allowed_keys,
        .beat_ms = p->common->beat_ms,
        .beats_missed = p->common->beats_missed,
    };
    pl_err e = pl_bus_open_zmq(&options, &p->bus);
    if (e != PL_OK)
        return e;
    pl_bus_watch_link(p->bus, on_link, p);
    pl_bus_on_beat(p->bus, fill_beat, p);
    return p->app->role == PL_ROLE_ROOMPOOL
               ? PL_OK
               : pl_bus_handle(p->bus, &PL_MSG_WORKER_DRAIN, on_worker_drain,
                               p);
}

pl_err pl_link_open(pl_process *p)
{
    pl_link_net(NULL, NULL, p->net);
    pl_err e = open_metrics(p);
    if (e == PL_OK)
        e = pl_timer_create(p->loop, send_hello, p, &p->hello_timer);
    if (e == PL_OK)
        e = pl_timer_create(p->loop, on_waiting, p, &p->wait_timer);
    if (e == PL_OK)
        e = pl_timer_create(p->loop, on_report_due, p, &p->report_timer);
    if (e == PL_OK)
        e = open_bus(p);
    if (e != PL_OK)
        return e;
    p->started_s = (int64_t)time(NULL);
    update_metrics(p);
    pl_timer_start(p->report_timer, (int64_t)p->common->metrics_ms * 1000);
    return e;
}

void pl_link_close(pl_process *p)
{
    pl_bus_close(&p->bus);
    pl_timer_destroy(&p->hello_timer);
    pl_timer_destroy(&p->wait_timer);
    pl_timer_destroy(&p->report_timer);
    pl_metrics_destroy(&p->metrics);
    free(p->metric_table);
    free(p->report);
}
