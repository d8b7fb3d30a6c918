/* load_sipp.h - SIPp as the other side of a benchmark, in the folder of its
 * system, and what its files say afterwards. */
#ifndef PL_BENCH_LOAD_SIPP_H
#define PL_BENCH_LOAD_SIPP_H

#include <stdbool.h>
#include <sys/types.h>

#include "load_samples.h"
#include "load_system.h"

typedef struct load_sipp {
    const load_system *system;
    pid_t pid;
    long limit_ms;
    char scenario[32];
    char stat[32];
} load_sipp;

typedef struct load_sipp_options {
    const char *scenario; /* tests/bench/NAME.xml */
    const char *users;    /* file in the system's folder; NULL: it is called */
    unsigned port;        /* its own */
    unsigned to_port;     /* whom it calls */
    unsigned media_port;  /* from there on it takes media, and looks at none */
    unsigned rate, calls; /* so many a second, so many altogether */
    unsigned hold_ms;
    unsigned limit_s; /* then it gives up */
} load_sipp_options;

typedef struct load_sipp_result {
    long n_good, n_failed, n_repeated; /* calls; messages sent again */
} load_sipp_result;

/* False (cause printed): it did not start; load_sipp_kill() is not needed. */
bool load_sipp_start(load_sipp *sipp, const load_system *system,
                     const load_sipp_options *options);
/* Wait for its end and read its counts. False: it has written none. */
bool load_sipp_wait(load_sipp *sipp, load_sipp_result *ret_result);
void load_sipp_kill(load_sipp *sipp);
/* How long answers took: rtd 1 or 2 of the scenario. After its end. */
void load_sipp_times(const load_sipp *sipp, unsigned rtd, load_samples *times);

#endif
