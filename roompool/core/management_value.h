/* management_value.h - values in filters of the management API, which come as
 * texts. */
#ifndef PL_ROOMPOOL_MANAGEMENT_VALUE_H
#define PL_ROOMPOOL_MANAGEMENT_VALUE_H

#include "pl/management.h"
#include "store.h"

bool pl_mgmt_kind_is_list(pl_mgmt_kind kind);

/* Read a filter's value.
 *
 * words: of the field; for URI the resource that is meant
 * text:  UTF-8; borrowed by a value that is text
 * Errors: PL_EINVAL not of that kind: no whole number; not 0, 1, true, false;
 *         no time as in the database; a kind that does not filter. */
PL_MUST_USE pl_err pl_mgmt_value(pl_mgmt_kind kind, const char *words,
                                 pl_slice text, pl_sql_value *ret_value);

#endif
