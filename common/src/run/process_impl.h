/* process_impl.h - shared by process.c (life cycle), process_flags.c (command
 * line), process_link.c (bus) and process_signals.c. */
#ifndef PL_PROCESS_IMPL_H
#define PL_PROCESS_IMPL_H

#include "pl/process.h"

enum {
    PL_FLAGS_MAX = 256,
    PL_SECTIONS_MAX = 8,
    PL_NET_TEXT = 33,
    PL_HEALTH_FILE = 80
};

/* The command line. Texts are borrowed from argv. */
typedef struct pl_flags {
    bool help, version, check_config, print_config, health;
    const char *config_path;          /* NULL: none */
    const char *values[PL_FLAGS_MAX]; /* "key=value" */
    size_t n_values;
} pl_flags;

/* [common] and the sections of the app. */
typedef struct pl_sections {
    pl_config_section rows[PL_SECTIONS_MAX];
    size_t n;
} pl_sections;

/* Errors: PL_EINVAL, after saying why on standard error. */
PL_MUST_USE pl_err pl_flags_parse(const pl_app *app,
                                  const pl_sections *sections, int argc,
                                  char **argv, pl_flags *ret_flags);
void pl_flags_help(const pl_app *app, const pl_sections *sections);
/* Errors: PL_EFULL. */
PL_MUST_USE pl_err pl_sections_of(const pl_app *app, pl_sections *ret_sections);

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
    pl_metric_desc *metric_table; /* the app's, then the common ones */
    pl_metrics *metrics;
    void *ctx; /* the app's; NULL before start */
    bool is_started;
    pl_io *signal_io;
    pl_timer *hello_timer, *wait_timer, *drain_timer, *report_timer;
    bool hello_pending, is_linked;
    bool was_told; /* by a signal to end */
    char net[PL_NET_TEXT];
    int64_t started_s; /* since 1970 */
    char *report;      /* [REPORT_MAX] */
    int health_fd, health_dir;
    char health_file[PL_HEALTH_FILE]; /* "media-worker.media-1.health" */
    pl_io *health_io;
    pl_timer *health_timer; /* runs: nobody is answered until it fires */
};

/* Change the life, with readiness file and log; a move that the table of lives
 * forbids is left out. */
void pl_process_move(pl_process *p, pl_life to);
/* Begin to drain, once; end a drain and the loop, `why` for the log. */
void pl_process_drain(pl_process *p);
void pl_process_stop(pl_process *p, const char *why);

/* Errors: PL_EIO, PL_ENOMEM. */
PL_MUST_USE pl_err pl_signals_open(pl_process *p);
void pl_signals_close(pl_process *p);

/* Listen for --health; the run_dir is there. Errors: PL_EIO, PL_ENOMEM. */
PL_MUST_USE pl_err pl_health_open(pl_process *p);
void pl_health_close(pl_process *p);
/* --health: ask the process that runs, print what it says; the exit code. */
int pl_health_ask(const pl_process *p);

/* Open bus and metrics. Errors: those of the bus; PL_ENOMEM. */
PL_MUST_USE pl_err pl_link_open(pl_process *p);
void pl_link_close(pl_process *p);
/* Say hello until roompool accepts it. */
void pl_link_connect(pl_process *p);

/* A text that is the same for all processes of one network stack (namespace) of
 * one boot of one machine; "" when the files cannot be read. boot_path: this
 * boot's id; ns_path: the namespace as a file. NULL: those of this process. */
void pl_link_net(const char *boot_path, const char *ns_path,
                 char ret_net[PL_NET_TEXT]);

#endif
