/* process.c - main() of every process: life cycle around a loop and a bus. */
#include "pl/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pl/log.h"
#include "pl/rng.h"
#include "pl/sm.h"
#include "pl/str.h"

#include "tables/bus_metrics.def"

#include "process_impl.h"

enum {
    HELLO_MS = 1000, /* deadline of one hello */
    HELLO_AGAIN_US = 300000,
    WAIT_LOG_US = 10000000,
    NONCE_BYTES = 4,
    REPORT_MAX = 65536,
    PATH_BYTES = 320
};

extern char **environ;

#define COMMON_ENUM(kind, id, name, doc) COMMON_##id,
enum { PL_COMMON_METRICS(COMMON_ENUM) COMMON_METRICS };
static const pl_metric_desc METRICS[] = {PL_COMMON_METRICS(PL_METRIC_ROW)};

struct pl_process {
    const pl_app *app;
    pl_config *config;
    const pl_common_config *common;
    char name[64]; /* "media-1", names the readiness file */
    char node[PL_NODE_MAX + 1];
    unsigned life;
    int exit_code;
    pl_loop *loop;
    pl_bus *bus;
    pl_metric_desc *metric_table; /* the app's, then METRICS */
    pl_metrics *metrics;
    void *ctx; /* the app's; NULL before start */
    bool is_started;
    pl_io *signal_io;
    pl_timer *hello_timer, *wait_timer, *drain_timer, *report_timer;
    bool hello_pending, is_drained;
    char *report; /* [REPORT_MAX] */
};

static const pl_sm_state LIFE_STATES[] = {
    [PL_LIFE_UNKNOWN] = {.name = "unknown"},
    [PL_LIFE_INIT] = {.name = "init",
                      .next = PL_SM_BIT(PL_LIFE_CONFIGURED) |
                              PL_SM_BIT(PL_LIFE_FAILED)},
    [PL_LIFE_CONFIGURED] = {.name = "configured",
                            .next = PL_SM_BIT(PL_LIFE_CONNECTING) |
                                    PL_SM_BIT(PL_LIFE_FAILED)},
    [PL_LIFE_CONNECTING] = {.name = "connecting",
                            .next = PL_SM_BIT(PL_LIFE_READY) |
                                    PL_SM_BIT(PL_LIFE_DRAINING) |
                                    PL_SM_BIT(PL_LIFE_FAILED)},
    [PL_LIFE_READY] = {.name = "ready",
                       .next = PL_SM_BIT(PL_LIFE_CONNECTING) |
                               PL_SM_BIT(PL_LIFE_DRAINING) |
                               PL_SM_BIT(PL_LIFE_FAILED)},
    [PL_LIFE_DRAINING] = {.name = "draining",
                          .next = PL_SM_BIT(PL_LIFE_STOPPED) |
                                  PL_SM_BIT(PL_LIFE_FAILED)},
    [PL_LIFE_STOPPED] = {.name = "stopped", .is_final = true},
    [PL_LIFE_FAILED] = {.name = "failed", .is_final = true},
};
static const pl_sm LIFE = {.name = "life",
                           .states = LIFE_STATES,
                           .n_states =
                               sizeof LIFE_STATES / sizeof LIFE_STATES[0]};

/* --- what the app may ask --- */

pl_loop *pl_process_loop(pl_process *process)
{
    return process->loop;
}

pl_bus *pl_process_bus(pl_process *process)
{
    return process->bus;
}

pl_metrics *pl_process_metrics(pl_process *process)
{
    return process->metrics;
}

const pl_config *pl_process_config(pl_process *process)
{
    return process->config;
}

const char *pl_process_node(const pl_process *process)
{
    return process->node;
}

pl_life pl_process_life(const pl_process *process)
{
    return (pl_life)process->life;
}

/* --- life --- */

static void ready_path(const pl_process *p, char path[PATH_BYTES])
{
    pl_fmt_cut(path, PATH_BYTES, "%s/%s.ready", p->common->run_dir, p->name);
}

static void write_ready_file(const pl_process *p)
{
    char path[PATH_BYTES];
    char pid[24];
    ready_path(p, path);
    pl_fmt_cut(pid, sizeof pid, "%ld\n", (long)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t n = strlen(pid);
    if (fd < 0 || write(fd, pid, n) != (ssize_t)n) {
        char why[PL_ERRNO_TEXT];
        PL_LOG(ERROR, "process", "ready_file", PL_KV("file", path), "%s",
               pl_errno_text(errno, why));
    }
    if (fd >= 0)
        (void)close(fd);
}

/* At the start too: a killed predecessor left its own. */
static void forget_ready_file(const pl_process *p)
{
    char path[PATH_BYTES];
    ready_path(p, path);
    (void)unlink(path); /* most often it is not there */
}

static void move(pl_process *p, pl_life to)
{
    pl_life from = (pl_life)p->life;
    if (pl_sm_move(&LIFE, &p->life, to) != PL_OK)
        return;
    if (to == PL_LIFE_READY) {
        write_ready_file(p);
    } else if (from == PL_LIFE_READY) {
        forget_ready_file(p);
    }
    PL_LOG(INFO, "process", "life",
           PL_KV("from", pl_life_text(from), "to", pl_life_text(to)), NULL);
}

void pl_process_fail(pl_process *process, int exit_code, const char *why)
{
    PL_LOG(ERROR, "process", "failed", NULL, "%s", why);
    process->exit_code = exit_code;
    move(process, PL_LIFE_FAILED);
    pl_loop_stop(process->loop);
}

static void finish_drain(pl_process *p, const char *why)
{
    if (p->life != PL_LIFE_DRAINING)
        return;
    PL_LOG(INFO, "process", "drained", NULL, "%s", why);
    if (p->app->role != PL_ROLE_ROOMPOOL) {
        pl_goodbye m = {.reason = "shutdown"};
        PL_MSG_SET(GOODBYE, goodbye, &m, reason);
        /* Without link nobody needs it. */
        if (pl_bus_event(p->bus, NULL, &PL_MSG_GOODBYE, &m) != PL_OK)
            PL_LOG(DEBUG, "process", "goodbye_not_sent", NULL, NULL);
    }
    move(p, PL_LIFE_STOPPED);
    pl_loop_stop(p->loop);
}

void pl_process_drained(pl_process *process)
{
    process->is_drained = true;
    finish_drain(process, "all work is done");
}

static void on_drain_over(void *ctx)
{
    finish_drain(ctx, "drain_ms are over; the rest is cut off");
}

static void begin_drain(pl_process *p)
{
    move(p, PL_LIFE_DRAINING);
    pl_timer_stop(p->hello_timer);
    pl_timer_stop(p->wait_timer);
    pl_timer_start(p->drain_timer, (int64_t)p->common->drain_ms * 1000);
    if (p->app->drain) {
        p->app->drain(p->ctx);
    } else {
        pl_process_drained(p);
    }
}

/* --- signals: handlers only write to a pipe --- */

static int signal_pipe[2] = {-1, -1};

static void on_signal(int number)
{
    int saved = errno;
    uint8_t byte = (uint8_t)number;
    ssize_t n = write(signal_pipe[1], &byte, 1); /* full: others wait there */
    (void)n;
    errno = saved;
}

static void dump(pl_process *p)
{
    pl_bus_stats s;
    pl_bus_get_stats(p->bus, &s);
    PL_LOG(INFO, "process", "state",
           PL_KV("node", p->node, "life", pl_life_text(p->life)),
           "sent %llu received %llu malformed %llu dropped %llu timeouts %llu",
           (unsigned long long)s.sent, (unsigned long long)s.received,
           (unsigned long long)s.malformed, (unsigned long long)s.dropped,
           (unsigned long long)s.timeouts);
    if (p->app->dump)
        p->app->dump(p->ctx);
}

static void handle_signal(pl_process *p, int number)
{
    if (number == SIGUSR1) {
        dump(p);
    } else if (number == SIGHUP) {
        PL_LOG(INFO, "process", "sighup", NULL,
               "reloading is not supported; restart to change settings");
    } else if (p->life == PL_LIFE_DRAINING) {
        finish_drain(p, "a second signal; the rest is cut off");
    } else {
        begin_drain(p);
    }
}

static void on_signal_pipe(void *ctx, unsigned events)
{
    (void)events;
    uint8_t bytes[16];
    ssize_t n = read(signal_pipe[0], bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++)
        handle_signal(ctx, bytes[i]);
}

static pl_err open_signals(pl_process *p)
{
    if (pipe(signal_pipe) != 0)
        return PL_EIO;
    for (int i = 0; i < 2; i++) {
        (void)fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK);
        (void)fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
    }
    struct sigaction on = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigemptyset(&on.sa_mask);
    (void)sigaction(SIGTERM, &on, NULL);
    (void)sigaction(SIGINT, &on, NULL);
    (void)sigaction(SIGHUP, &on, NULL);
    (void)sigaction(SIGUSR1, &on, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    return pl_io_create(p->loop, signal_pipe[0], PL_IO_READ, on_signal_pipe, p,
                        &p->signal_io);
}

static void close_signals(pl_process *p)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGTERM, &ignore, NULL); /* the end is near anyway */
    (void)sigaction(SIGINT, &ignore, NULL);
    (void)sigaction(SIGHUP, &ignore, NULL);
    (void)sigaction(SIGUSR1, &ignore, NULL);
    pl_io_destroy(&p->signal_io);
    for (int i = 0; i < 2; i++) {
        if (signal_pipe[i] >= 0)
            (void)close(signal_pipe[i]);
        signal_pipe[i] = -1;
    }
}

/* --- hello, beats, metrics --- */

static void on_hello_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    pl_process *p = ctx;
    p->hello_pending = false;
    if (e == PL_OK && in->desc == &PL_MSG_HELLO_OK) {
        if (p->life != PL_LIFE_CONNECTING)
            return;
        pl_timer_stop(p->wait_timer);
        move(p, PL_LIFE_READY);
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
               pl_err_text(e));
    }
    if (p->life == PL_LIFE_CONNECTING)
        pl_timer_start(p->hello_timer, HELLO_AGAIN_US);
}

static void send_hello(void *ctx)
{
    pl_process *p = ctx;
    if (p->hello_pending || p->life != PL_LIFE_CONNECTING)
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

static void begin_connecting(pl_process *p)
{
    move(p, PL_LIFE_CONNECTING);
    pl_timer_start(p->wait_timer, WAIT_LOG_US);
    send_hello(p);
}

static void on_link(void *ctx, bool is_up)
{
    pl_process *p = ctx;
    if (is_up)
        return;
    if (p->is_started && p->app->unlinked)
        p->app->unlinked(p->ctx);
    if (p->life == PL_LIFE_READY)
        begin_connecting(p);
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

static void update_bus_metrics(pl_process *p)
{
    pl_bus_stats s;
    pl_bus_get_stats(p->bus, &s);
    const uint64_t values[COMMON_METRICS] = {
        [COMMON_bus_sent] = s.sent,
        [COMMON_bus_received] = s.received,
        [COMMON_bus_malformed] = s.malformed,
        [COMMON_bus_unhandled] = s.unhandled,
        [COMMON_bus_dropped] = s.dropped,
        [COMMON_bus_timeouts] = s.timeouts,
        [COMMON_bus_repeats] = s.repeats,
    };
    for (size_t i = 0; i < COMMON_METRICS; i++)
        pl_metrics_set(p->metrics, p->app->n_metrics + i, (int64_t)values[i]);
}

static void on_report_due(void *ctx)
{
    pl_process *p = ctx;
    pl_timer_start(p->report_timer, (int64_t)p->common->metrics_ms * 1000);
    update_bus_metrics(p);
    if (p->app->role == PL_ROLE_ROOMPOOL || p->life != PL_LIFE_READY)
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

/* --- start and end --- */

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static pl_err choose_node(pl_process *p)
{
    static const char *const kinds[] = {[PL_ROLE_UNKNOWN] = "node",
                                        [PL_ROLE_API] = "api",
                                        [PL_ROLE_SIGNALING] = "signaling",
                                        [PL_ROLE_MEDIA] = "media",
                                        [PL_ROLE_ROOMPOOL] = "roompool"};
    if (p->common->node[0] != '\0') {
        pl_fmt_cut(p->name, sizeof p->name, "%s", p->common->node);
    } else {
        pl_fmt_cut(p->name, sizeof p->name, "%s-%ld", kinds[p->app->role],
                   (long)getpid());
    }
    for (const char *c = p->name; *c; c++) {
        if (!is_name_char(*c)) {
            PL_LOG(ERROR, "process", "bad_node", PL_KV("node", p->name),
                   "letters, digits, - and _ only");
            return PL_ECONFIG;
        }
    }
    uint8_t nonce[NONCE_BYTES];
    char hex[2 * NONCE_BYTES + 1];
    pl_random(nonce, sizeof nonce);
    pl_hex(nonce, sizeof nonce, hex);
    pl_fmt_cut(p->node, sizeof p->node, "%s.%s", p->name, hex);
    return PL_OK;
}

/* Make the folder with its parents, closed to others. */
static pl_err make_run_dir(const char *run_dir)
{
    char dir[PL_CONFIG_STR_MAX + 1];
    pl_fmt_cut(dir, sizeof dir, "%s", run_dir);
    for (char *c = dir + 1; *c; c++) {
        if (*c != '/')
            continue;
        *c = '\0';
        (void)mkdir(dir, 0755); /* the last one tells */
        *c = '/';
    }
    struct stat st;
    if ((mkdir(dir, 0700) != 0 && errno != EEXIST) || stat(dir, &st) != 0 ||
        !S_ISDIR(st.st_mode)) {
        char why[PL_ERRNO_TEXT];
        PL_LOG(ERROR, "process", "run_dir", PL_KV("dir", run_dir),
               "cannot be made: %s", pl_errno_text(errno, why));
        return PL_EIO;
    }
    return PL_OK;
}

static void raise_limits(void)
{
    struct rlimit files = {0};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 &&
        files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files); /* the default works too */
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
    return PL_OK;
}

static pl_err open_timers(pl_process *p)
{
    const struct {
        pl_timer **timer;
        pl_loop_cb cb;
    } timers[] = {{&p->hello_timer, send_hello},
                  {&p->wait_timer, on_waiting},
                  {&p->drain_timer, on_drain_over},
                  {&p->report_timer, on_report_due}};
    for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++) {
        pl_err e = pl_timer_create(p->loop, timers[i].cb, p, timers[i].timer);
        if (e != PL_OK)
            return e;
    }
    return PL_OK;
}

static pl_err open_all(pl_process *p)
{
    pl_err e = choose_node(p);
    if (e == PL_OK)
        e = make_run_dir(p->common->run_dir);
    if (e == PL_OK)
        forget_ready_file(p);
    if (e == PL_OK)
        e = open_metrics(p);
    if (e == PL_OK)
        e = pl_loop_create(&p->loop);
    if (e == PL_OK)
        e = open_signals(p);
    if (e == PL_OK)
        e = open_timers(p);
    if (e == PL_OK)
        e = open_bus(p);
    if (e == PL_OK)
        e = p->app->start(p, &p->ctx);
    p->is_started = e == PL_OK;
    return e;
}

static void close_all(pl_process *p)
{
    if (p->is_started && p->app->stop)
        p->app->stop(p->ctx);
    pl_bus_close(&p->bus);
    pl_timer_destroy(&p->hello_timer);
    pl_timer_destroy(&p->wait_timer);
    pl_timer_destroy(&p->drain_timer);
    pl_timer_destroy(&p->report_timer);
    close_signals(p);
    pl_loop_destroy(&p->loop);
    pl_metrics_destroy(&p->metrics);
    free(p->metric_table);
    free(p->report);
}

static int exit_code_of(pl_err e)
{
    switch ((int)e) {
    case PL_OK: return PL_EXIT_OK;
    case PL_ECONFIG: return PL_EXIT_CONFIG;
    case PL_EIO: return PL_EXIT_TEMPORARY;
    case PL_EUNAVAILABLE: return PL_EXIT_UNAVAILABLE;
    case PL_EVERSION: return PL_EXIT_SCHEMA;
    default: return PL_EXIT_INTERNAL;
    }
}

static int run(pl_process *p)
{
    pl_log_level level = PL_LOG_INFO;
    if (pl_log_level_find(p->common->log_level, &level) != PL_OK)
        level = PL_LOG_INFO;
    pl_log_open(p->app->name, level, p->common->log_json);
    p->life = PL_LIFE_INIT;
    move(p, PL_LIFE_CONFIGURED);
    raise_limits();
    pl_err e = open_all(p);
    if (e != PL_OK) {
        PL_LOG(ERROR, "process", "not_started", PL_KV("node", p->node), "%s",
               pl_err_text(e));
        close_all(p);
        return p->exit_code ? p->exit_code : exit_code_of(e);
    }
    PL_LOG(INFO, "process", "started",
           PL_KV("node", p->node, "version", PL_VERSION, "bus", p->common->bus),
           NULL);
    pl_timer_start(p->report_timer, (int64_t)p->common->metrics_ms * 1000);
    if (p->life != PL_LIFE_FAILED) {
        if (p->app->role == PL_ROLE_ROOMPOOL) {
            move(p, PL_LIFE_CONNECTING);
            move(p, PL_LIFE_READY);
        } else {
            begin_connecting(p);
        }
        pl_loop_run(p->loop);
    }
    forget_ready_file(p);
    close_all(p);
    PL_LOG(INFO, "process", "ended", PL_KV("node", p->node), NULL);
    return p->exit_code;
}

/* Ask the app about its repeated sections too. */
static int check_config(const pl_process *p, const pl_sections *sections)
{
    for (size_t i = 0; i < sections->n; i++) {
        pl_config_error error;
        if (sections->rows[i].each &&
            pl_config_each(p->config, sections->rows[i].kind, NULL, &error) !=
                PL_OK) {
            (void)fprintf(stderr, "%s: %s\n", p->app->name, error.text);
            return PL_EXIT_CONFIG;
        }
    }
    (void)printf("%s: the configuration is good\n", p->app->name);
    return PL_EXIT_OK;
}

int pl_process_main(const pl_app *app, int argc, char **argv)
{
    pl_sections sections;
    pl_flags flags;
    if (pl_sections_of(app, &sections) != PL_OK)
        return PL_EXIT_INTERNAL;
    if (pl_flags_parse(app, &sections, argc, argv, &flags) != PL_OK)
        return PL_EXIT_USAGE;
    if (flags.help) {
        pl_flags_help(app, &sections);
        return PL_EXIT_OK;
    }
    if (flags.version) {
        (void)printf("%s %s\n", app->name, PL_VERSION);
        return PL_EXIT_OK;
    }
    pl_process p = {.app = app};
    pl_config_error error;
    pl_err e =
        pl_config_load(sections.rows, sections.n, flags.config_path, environ,
                       flags.values, flags.n_values, &p.config, &error);
    if (e != PL_OK) {
        (void)fprintf(stderr, "%s: %s\n", app->name, error.text);
        return e == PL_ECONFIG ? PL_EXIT_CONFIG : PL_EXIT_INTERNAL;
    }
    p.common = pl_config_get(p.config, "common");
    int code = PL_EXIT_OK;
    if (flags.print_config) {
        pl_config_print(p.config, stdout);
    } else if (flags.check_config) {
        code = check_config(&p, &sections);
    } else {
        code = run(&p);
    }
    pl_config_destroy(&p.config);
    return code;
}
