/* sig_metrics.h - indexes of tables/metrics.def. */
#ifndef PL_SIG_METRICS_H
#define PL_SIG_METRICS_H

#include "tables/metrics.def"

typedef enum pl_sig_metric {
#define PL_SIG_METRIC_ENUM(kind, id, name, doc) PL_SIG_##id,
    PL_SIG_METRICS(PL_SIG_METRIC_ENUM)
#undef PL_SIG_METRIC_ENUM
        PL_SIG_N_METRICS
} pl_sig_metric;

#endif
