/* source_count.h - how many connections each address has open. */
#ifndef PL_API_SOURCE_COUNT_H
#define PL_API_SOURCE_COUNT_H

#include "pl/err.h"

typedef struct pl_source_count pl_source_count;

/* max: connections an address may have. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_source_count_create(unsigned max,
                                          pl_source_count **ret_count);
void pl_source_count_destroy(pl_source_count **count);
/* Count one more. Errors: PL_EFULL the address has its share; PL_ENOMEM. */
PL_MUST_USE pl_err pl_source_enter(pl_source_count *count, const char *source);
/* Count one less, of one that was entered. */
void pl_source_leave(pl_source_count *count, const char *source);

#endif
