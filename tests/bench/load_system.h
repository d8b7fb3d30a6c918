/* load_system.h - the four processes, started for one benchmark in a folder
 * of their own on loopback, by the supervisor that operators use. */
#ifndef PL_LOAD_SYSTEM_H
#define PL_LOAD_SYSTEM_H

#include <stdbool.h>
#include <sys/types.h>

enum { LOAD_REGISTRAR_PORT = 9 };

typedef struct load_system {
    char dir[64];
    unsigned port; /* HTTPS; then SIP, WebRTC, SIP of a second worker */
    bool has_second, has_siblings;
    pid_t supervisor;
    char client_id[128], client_secret[128];
} load_system;

typedef struct load_system_options {
    unsigned slow_disk_ms; /* added to each sync of the database; 0 none */
    const char *roompool;  /* more lines for that section; NULL none */
    const char *api;
    const char *signaling;
    const char *media;
    const char *more;      /* sections */
    const char *number;    /* numbers of an account, in the file "lines"; its
                              registrar: port + LOAD_REGISTRAR_PORT; NULL none */
    bool with_second;      /* signaling worker, "signaling-2" */
    bool with_siblings;    /* media workers "media-1" and "media-2", which share
                              ranges of ports */
    const char *log_level; /* NULL: warn */
} load_system_options;

/* Start with limits out of the way and wait until every process is ready.
 * False (cause printed): load_system_stop() is still needed. */
bool load_system_start(load_system *system, const load_system_options *options);
void load_system_stop(load_system *system);

/* A number from the database, read beside its owner; -1 when that fails. */
long load_system_sql(const load_system *system, const char *sql);

/* A process; node: "api-1", "roompool", "media-1", "signaling-1". 0: none. */
long load_system_pid(const load_system *system, const char *node);
/* What it uses. */
typedef struct load_usage {
    long rss_kib;
    double cpu_s;
} load_usage;
load_usage load_system_usage(const load_system *system, const char *node);

#endif
