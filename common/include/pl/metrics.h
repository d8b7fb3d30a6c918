/* metrics.h - counters, gauges and histograms from a table; Prometheus text.
 *
 *   #define PL_MEDIA_METRICS(METRIC)                                          \
 *       METRIC(COUNTER, stun_dropped, "pl_media_stun_dropped_total", "..")
 * Values are atomics: any thread may add. */
#ifndef PL_METRICS_H
#define PL_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"

typedef enum pl_metric_kind {
    PL_METRIC_COUNTER,
    PL_METRIC_GAUGE,
    PL_METRIC_HISTOGRAM, /* microseconds, or a number; fixed buckets 1-2-5 */
    PL_METRIC_SECONDS    /* counter of microseconds, shown as seconds */
} pl_metric_kind;

/* A counter or gauge may have constant labels: "pl_x_total{cause=\"work\"}";
 * those of one name stand together in the table, and the first one's doc is
 * the family's. */
typedef struct pl_metric_desc {
    pl_metric_kind kind;
    const char *name, *doc;
} pl_metric_desc;

#define PL_METRIC_ROW(kind_, id_, name_, doc_)                                 \
    {.kind = PL_METRIC_##kind_, .name = (name_), .doc = (doc_)},

typedef struct pl_metrics pl_metrics;

PL_MUST_USE pl_err pl_metrics_create(const pl_metric_desc *desc, size_t n,
                                     pl_metrics **ret_metrics);
void pl_metrics_destroy(pl_metrics **metrics);
/* index: position in the table (an enum made from the same list). Any thread;
 * no lock. NULL metrics are ignored, so core code can run without them. */
void pl_metrics_add(pl_metrics *metrics, size_t index, uint64_t n);
void pl_metrics_set(pl_metrics *metrics, size_t index, int64_t value);
void pl_metrics_observe_us(pl_metrics *metrics, size_t index, uint64_t us);

/* A histogram of one thread alone, without atomics, for what happens very
 * often; zero is empty. */
enum { PL_METRICS_BUCKETS = 23 };
typedef struct pl_metrics_tally {
    uint64_t n, sum_us;
    uint32_t buckets[PL_METRICS_BUCKETS];
} pl_metrics_tally;
void pl_metrics_tally_us(pl_metrics_tally *tally, uint64_t us);
/* Add all of it to a histogram and empty it. */
void pl_metrics_add_tally(pl_metrics *metrics, size_t index,
                          pl_metrics_tally *tally);
/* Counter or gauge value, or a histogram's count. */
int64_t pl_metrics_value(const pl_metrics *metrics, size_t index);
/* Histogram quantile 0..1000 permille, upper bucket bound in microseconds. */
uint64_t pl_metrics_quantile_us(const pl_metrics *metrics, size_t index,
                                unsigned permille);
/* Text exposition format 0.0.4 with the label node="..": the node's name, what
 * follows a dot (the boot nonce) is left out.
 * Errors: PL_EFULL. */
PL_MUST_USE pl_err pl_metrics_expose(const pl_metrics *metrics,
                                     const char *node, char *buf, size_t cap,
                                     size_t *ret_len);

#endif
