/* prom.h - figures out of a metrics page (Prometheus text): counters, and
 * quantiles of what histograms got between two pages. */
#ifndef PL_LOAD_PROM_H
#define PL_LOAD_PROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PL_PROM_BUCKETS = 40 };

/* A histogram of all series of a name; counts add up, as in the text. */
typedef struct pl_prom_histogram {
    size_t n; /* 0: it is not there */
    double bound[PL_PROM_BUCKETS], count[PL_PROM_BUCKETS];
    double sum, total;
} pl_prom_histogram;

/* Sum of all series of a counter or gauge; false: there is none. */
bool pl_prom_value(const char *text, const char *name, double *ret_value);
void pl_prom_read(const char *text, const char *name,
                  pl_prom_histogram *ret_histogram);
/* What came since `before`. */
void pl_prom_since(pl_prom_histogram *now, const pl_prom_histogram *before);
/* Upper bound of the bucket in which a share (0..1) lies; 0 when empty; the
 * last bound when it lies above that. */
double pl_prom_at(const pl_prom_histogram *histogram, double share);

#endif
