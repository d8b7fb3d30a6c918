/* api_metrics.c - descriptors of tables/metrics.def. */
#include "api_metrics.h"

const pl_metric_desc PL_API_METRIC_TABLE[PL_AM_COUNT] = {
    PL_API_METRICS(PL_METRIC_ROW)};
