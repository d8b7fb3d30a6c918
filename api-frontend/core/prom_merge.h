/* prom_merge.h - several nodes' Prometheus texts as one valid text: each
 * family's HELP and TYPE once, all its samples behind them. */
#ifndef PL_API_PROM_MERGE_H
#define PL_API_PROM_MERGE_H

#include "pl/buf.h"

/* Append the merged text of n texts, families in the order they first appear.
 * Errors: PL_EFULL. Source: Prometheus text exposition format 0.0.4 */
PL_MUST_USE pl_err pl_prom_merge(const pl_slice *texts, size_t n, pl_buf *out);

#endif
