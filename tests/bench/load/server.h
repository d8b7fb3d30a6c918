/* server.h - what the server's processes use, read from /proc: CPU of each
 * thread, memory, context switches. */
#ifndef PL_LOAD_SERVER_H
#define PL_LOAD_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"

enum {
    PL_LOAD_PIDS = 8,
    PL_LOAD_THREADS = 256, /* of all processes together */
    PL_LOAD_METRICS = 32
};

typedef struct pl_load_thread {
    long pid, tid;
    char name[32];
    double cpu_s;
    uint64_t voluntary, involuntary; /* context switches */
} pl_load_thread;

/* A figure out of the server's own metrics. */
typedef struct pl_load_metric {
    char name[64];
    double value;
} pl_load_metric;

/* At one moment, or (CPU, switches, metrics' counters) between two. */
typedef struct pl_load_server {
    size_t n_pids, n_threads, n_metrics;
    long pids[PL_LOAD_PIDS];
    pl_load_thread thread[PL_LOAD_THREADS];
    size_t n_all_threads; /* also those that are not listed */
    uint64_t switches;    /* of all threads, voluntary or not */
    double cpu_s;         /* of the processes, threads that ended included */
    uint64_t rss_kib, pss_kib, peak_kib, n_fds;
    uint64_t idle_kib; /* PSS before the first participant */
    pl_load_metric metric[PL_LOAD_METRICS];
} pl_load_server;

/* Read processes; one that is not there is left out. */
void pl_load_server_read(const long *pids, size_t n,
                         pl_load_server *ret_server);
/* What was used since `before`; memory as it is in `now`. */
void pl_load_server_since(pl_load_server *now, const pl_load_server *before);
void pl_load_server_metric(pl_load_server *server, const char *name,
                           double value);

#endif
