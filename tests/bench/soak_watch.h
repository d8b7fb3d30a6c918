/* soak_watch.h - what a process uses over time, and whether it grows. */
#ifndef PL_BENCH_SOAK_WATCH_H
#define PL_BENCH_SOAK_WATCH_H

#include <stdbool.h>
#include <stddef.h>

enum { WATCH_NODES_MAX = 8, WATCH_SAMPLES_MAX = 2048 };

typedef enum watch_what {
    WATCH_RSS_KIB,
    WATCH_FDS,
    WATCH_THREADS,
    WATCH_KINDS
} watch_what;

/* Zeroed is empty. */
typedef struct watch {
    size_t n_nodes, n; /* n samples of each */
    char name[WATCH_NODES_MAX][32];
    long pid[WATCH_NODES_MAX];
    double at_s[WATCH_SAMPLES_MAX];
    double value[WATCH_NODES_MAX][WATCH_KINDS][WATCH_SAMPLES_MAX];
} watch;

void watch_add(watch *watch, const char *name, long pid);
/* Read all processes. False: one of them is gone (printed). */
bool watch_sample(watch *watch, double at_s);
/* Compare the second half of the samples from `first` on with the first half,
 * by their medians, and by the slope of a line through all. Prints a table;
 * false: something grows beyond what is tolerated. */
bool watch_is_flat(const watch *watch, size_t first);
/* The last sample against another. False (printed): descriptors or threads
 * differ. */
bool watch_is_back(const watch *watch, size_t sample);

#endif
