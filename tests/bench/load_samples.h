/* load_samples.h - how long things took, and the tables of the benchmarks. */
#ifndef PL_BENCH_LOAD_SAMPLES_H
#define PL_BENCH_LOAD_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

/* The first 200,000 that are kept; zeroed is empty. */
typedef struct load_samples {
    int64_t *us;
    size_t n;
} load_samples;

void load_samples_keep(load_samples *s, int64_t us);
void load_samples_free(load_samples *s);
/* share: 0 the least, 1 the most. */
double load_percentile_ms(load_samples *s, double share);
/* A Markdown table: its head, a row. Returns: how many a second. */
void load_print_head(void);
double load_print_row(const char *what, load_samples *s, double seconds);

#endif
