/* process.c - main() of every process: life cycle around a loop and a bus. */
#include "pl/process.h"

#include <errno.h>
#include <fcntl.h>
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

#include "process_impl.h"

enum { NONCE_BYTES = 4, PATH_BYTES = 320, NAME_NUMBERS = 1000000 };

extern char **environ;

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

void pl_process_move(pl_process *p, pl_life to)
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
    pl_process_move(process, PL_LIFE_FAILED);
    pl_loop_stop(process->loop);
}

void pl_process_stop(pl_process *p, const char *why)
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
    pl_process_move(p, PL_LIFE_STOPPED);
    pl_loop_stop(p->loop);
}

void pl_process_drained(pl_process *process)
{
    pl_process_stop(process, "all work is done");
}

static void on_drain_over(void *ctx)
{
    pl_process_stop(ctx, "drain_ms are over; the rest is cut off");
}

void pl_process_drain(pl_process *p)
{
    if (p->life == PL_LIFE_DRAINING)
        return;
    pl_process_move(p, PL_LIFE_DRAINING);
    if (p->life != PL_LIFE_DRAINING)
        return; /* it ends already */
    pl_bus_beat_now(p->bus);
    pl_timer_start(p->drain_timer, (int64_t)p->common->drain_ms * 1000);
    if (p->app->drain) {
        p->app->drain(p->ctx);
    } else {
        pl_process_drained(p);
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
    static const char *const kinds[] = {
        [PL_ROLE_UNKNOWN] = "node",        [PL_ROLE_API] = "api",
        [PL_ROLE_SIGNALING] = "signaling", [PL_ROLE_MEDIA] = "media",
        [PL_ROLE_ROOMPOOL] = "roompool",   [PL_ROLE_OPERATOR] = "operator"};
    if (p->common->node[0] != '\0') {
        pl_fmt_cut(p->name, sizeof p->name, "%s", p->common->node);
    } else { /* not the pid: those of two containers may be equal */
        uint32_t number = 0;
        pl_random(&number, sizeof number);
        pl_fmt_cut(p->name, sizeof p->name, "%s-%06u", kinds[p->app->role],
                   (unsigned)(number % NAME_NUMBERS));
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

static pl_err open_all(pl_process *p)
{
    pl_err e = choose_node(p);
    if (e == PL_OK)
        e = make_run_dir(p->common->run_dir);
    if (e == PL_OK)
        e = pl_loop_create(&p->loop);
    if (e == PL_OK)
        e = pl_signals_open(p);
    if (e == PL_OK)
        e = pl_health_open(p);
    if (e == PL_OK) /* nobody else has our name */
        forget_ready_file(p);
    if (e == PL_OK)
        e = pl_timer_create(p->loop, on_drain_over, p, &p->drain_timer);
    if (e == PL_OK)
        e = pl_link_open(p);
    if (e == PL_OK)
        e = p->app->start(p, &p->ctx);
    p->is_started = e == PL_OK;
    return e;
}

static void close_all(pl_process *p)
{
    if (p->is_started && p->app->stop)
        p->app->stop(p->ctx);
    pl_link_close(p);
    pl_health_close(p);
    pl_timer_destroy(&p->drain_timer);
    pl_signals_close(p);
    pl_loop_destroy(&p->loop);
}

static int exit_code_of(pl_err e)
{
    switch ((int)e) {
    case PL_OK: return PL_EXIT_OK;
    case PL_ECONFIG: return PL_EXIT_CONFIG;
    case PL_EIO:
    case PL_EEXIST: return PL_EXIT_TEMPORARY;
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
    pl_process_move(p, PL_LIFE_CONFIGURED);
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
    if (p->life != PL_LIFE_FAILED) {
        if (p->app->role == PL_ROLE_ROOMPOOL) {
            pl_process_move(p, PL_LIFE_CONNECTING);
            pl_process_move(p, PL_LIFE_READY);
        } else {
            pl_link_connect(p);
        }
        pl_loop_run(p->loop);
    }
    forget_ready_file(p);
    close_all(p);
    PL_LOG(INFO, "process", "ended", PL_KV("node", p->node), NULL);
    return p->exit_code;
}

/* Values that must fit together. */
static int check_single(const pl_process *p, const pl_sections *sections)
{
    for (size_t i = 0; i < sections->n; i++) {
        const pl_config_section *s = &sections->rows[i];
        char reason[256] = "";
        if (s->each || !s->check ||
            s->check(pl_config_get(p->config, s->kind), reason,
                     sizeof reason) == PL_OK)
            continue;
        (void)fprintf(stderr, "%s: section [%s]: %s\n", p->app->name, s->kind,
                      reason);
        return PL_EXIT_CONFIG;
    }
    pl_config_error error;
    if (pl_config_pairs(p->config, &error) == PL_OK)
        return PL_EXIT_OK;
    (void)fprintf(stderr, "%s: %s\n", p->app->name, error.text);
    return PL_EXIT_CONFIG;
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
    pl_process p = {.app = app, .health_fd = -1, .health_dir = -1};
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
    } else if (flags.health) {
        code = pl_health_ask(&p);
    } else {
        code = check_single(&p, &sections);
        if (code == PL_EXIT_OK)
            code = flags.check_config ? check_config(&p, &sections) : run(&p);
    }
    pl_config_destroy(&p.config);
    return code;
}
