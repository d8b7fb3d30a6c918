/* parley_metrics.h - what is reported of parley-media's own metrics. */
#ifndef PL_LOAD_PARLEY_METRICS_H
#define PL_LOAD_PARLEY_METRICS_H

#include "prom.h"
#include "server.h"

enum { PL_PARLEY_HISTOGRAMS = 3 };

/* Zeroed: nothing read yet. */
typedef struct pl_parley_metrics {
    pl_prom_histogram before[PL_PARLEY_HISTOGRAMS];
} pl_parley_metrics;

/* Add what came between this page and the one of the call before. */
void pl_parley_metrics_add(pl_parley_metrics *metrics, const char *page,
                           pl_load_server *server);

#endif
