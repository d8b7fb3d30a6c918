/* process.h - the skeleton of all four processes: flags, configuration, log,
 * bus, hello, readiness, beats, drain, exit codes.
 *
 * INIT -> CONFIGURED -> CONNECTING -> READY -> DRAINING -> STOPPED, or FAILED.
 * SIGTERM, SIGINT: drain, then exit 0; a second one: at once. The request
 * worker_drain of roompool drains as well. Beats and requests go on meanwhile;
 * a link that is lost is made again. SIGHUP: reserved.
 * SIGUSR1: state to the log. SIGPIPE: ignored.
 * --health asks the process that runs, by a socket in run_dir: exit 0 when it
 * is READY or DRAINING and its own check is content, else 69. */
#ifndef PL_PROCESS_H
#define PL_PROCESS_H

#include "pl/bus.h"
#include "pl/config.h"
#include "pl/loop.h"
#include "pl/metrics.h"

enum {
    PL_EXIT_OK = 0,
    PL_EXIT_USAGE = 64,
    PL_EXIT_UNAVAILABLE = 69, /* a dependency cannot be reached */
    PL_EXIT_INTERNAL = 70,
    PL_EXIT_TEMPORARY = 75, /* port or file busy */
    PL_EXIT_SCHEMA = 76,    /* peer speaks another schema major */
    PL_EXIT_CONFIG = 78,
};

typedef struct pl_process pl_process;

/* What a worker tells roompool in its beats. */
typedef struct pl_process_load {
    uint32_t load_permille; /* of its measured budget */
    uint32_t rooms, legs;
} pl_process_load;

typedef struct pl_app {
    const char *name;    /* "parley-media" */
    const char *summary; /* one line for --help */
    pl_role role;
    /* The process's own section last. [common] is added by the skeleton. */
    const pl_config_section *sections;
    size_t n_sections;
    const pl_metric_desc *metrics;
    size_t n_metrics;
    /* Build the objects. The bus of a worker is open but may not be linked
     * yet. On error the log has said why; the error picks the exit code:
     * PL_ECONFIG 78, PL_EIO 75, PL_EUNAVAILABLE 69, else 70. */
    pl_err (*start)(pl_process *process, void **ret_ctx);
    /* Fill the hello that roompool gets at each (re)connect; may be NULL. */
    void (*hello)(void *ctx, pl_hello *hello);
    /* Linked and accepted by roompool, again after each reconnect: send the
     * inventory here. May be NULL. */
    void (*linked)(void *ctx);
    /* The link was lost; linked() follows when it is back. May be NULL. An app
     * does not watch the link itself: the bus has one watcher, this skeleton.
     */
    void (*unlinked)(void *ctx);
    void (*load)(void *ctx, pl_process_load *ret_load); /* may be NULL */
    /* Take no new work; call pl_process_drained() when the rest is done. NULL:
     * drained at once. drain_ms of [common] bounds the wait. */
    void (*drain)(void *ctx);
    void (*stop)(void *ctx); /* free everything */
    void (*dump)(void *ctx); /* SIGUSR1; may be NULL */
    /* Whether it does its work, for --health; else `reason` says what fails.
     * Called in the main loop, must not wait. May be NULL. */
    pl_err (*check)(void *ctx, char *reason, size_t cap);
} pl_app;

/* The whole main(): returns the exit code. */
int pl_process_main(const pl_app *app, int argc, char **argv);

pl_loop *pl_process_loop(pl_process *process);
pl_bus *pl_process_bus(pl_process *process);
pl_metrics *pl_process_metrics(pl_process *process);
const pl_config *pl_process_config(pl_process *process);
const char *pl_process_node(const pl_process *process);
pl_life pl_process_life(const pl_process *process);
void pl_process_drained(pl_process *process);
/* End with FAILED and this exit code after logging `why`. */
void pl_process_fail(pl_process *process, int exit_code, const char *why);

/* Section [common]. */
#define PL_COMMON_CONFIG(KEY)                                                  \
    KEY(STR, bus, "ipc://var/run/bus", 6, 255, "endpoint",                     \
        "where roompool listens and the workers connect")                      \
    KEY(FILE, bus_public_key, "", 0, 255, "path", "CURVE public key (z85)")    \
    KEY(FILE, bus_secret_key, "", 0, 255, "path", "CURVE secret key (z85)")    \
    KEY(FILE, bus_server_key, "", 0, 255, "path", "roompool's public key")     \
    KEY(STR, bus_allowed_keys, "", 0, 255, "path",                             \
        "roompool: folder of the workers' public keys; a file's name begins "  \
        "with the role: api, signaling, media or operator")                    \
    KEY(STR, node, "", 0, 40, "name",                                          \
        "name of this process in logs and state; default: its kind and six "   \
        "random digits")                                                       \
    KEY(STR, run_dir, "var/run", 1, 200, "path",                               \
        "readiness files and sockets; made with mode 0700")                    \
    KEY(U32, beat_ms, "250", 50, 10000, "ms", "period of heartbeats")          \
    KEY(U32, beats_missed, "4", 2, 40, "beats", "a peer is gone after these")  \
    KEY(U32, drain_ms, "10000", 0, 3600000, "ms",                              \
        "longest wait for work in progress at the end")                        \
    KEY(WORD, log_level, "info", 0, 0, "error|warn|info|debug|trace",          \
        "least important line that is written")                                \
    KEY(BOOL, log_json, "false", 0, 1, "flag", "JSON lines instead of text")   \
    KEY(U32, metrics_ms, "5000", 500, 600000, "ms",                            \
        "period at which a worker reports its metrics to roompool")

typedef struct pl_common_config {
    PL_COMMON_CONFIG(PL_CONFIG_MEMBER)
} pl_common_config;

#endif
