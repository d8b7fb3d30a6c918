/* api_metrics.h - indices of tables/metrics.def. */
#ifndef PL_API_API_METRICS_H
#define PL_API_API_METRICS_H

#include "pl/metrics.h"
#include "tables/metrics.def"

enum {
#define PL_API_METRIC_ENUM(kind, id, name, doc) PL_AM_##id,
    PL_API_METRICS(PL_API_METRIC_ENUM)
#undef PL_API_METRIC_ENUM
        PL_AM_COUNT
};

extern const pl_metric_desc PL_API_METRIC_TABLE[PL_AM_COUNT];

#endif
