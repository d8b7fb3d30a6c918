/* media_metrics.h - positions of the rows of tables/metrics.def. */
#ifndef PL_MEDIA_METRICS_H
#define PL_MEDIA_METRICS_H

#include "tables/metrics.def"

typedef enum pl_media_metric {
#define PL_MEDIA_METRIC_ENUM(kind, id, name, doc) PL_MEDIA_M_##id,
    PL_MEDIA_METRICS(PL_MEDIA_METRIC_ENUM)
#undef PL_MEDIA_METRIC_ENUM
        PL_MEDIA_M_COUNT
} pl_media_metric;

#endif
