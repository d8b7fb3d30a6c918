/* management_filter.h - filters of the management API as a WHERE clause, with
 * the values bound. */
#ifndef PL_ROOMPOOL_MANAGEMENT_FILTER_H
#define PL_ROOMPOOL_MANAGEMENT_FILTER_H

#include "management_sql.h"
#include "pl/management.h"

/* A clause while it is written; its values and their texts go to sql. */
typedef struct pl_mgmt_where {
    pl_management_sql *sql;
    const pl_mgmt_desc *desc;
    pl_buf text; /* " WHERE .. AND ..", or nothing */
    char *fault; /* [PL_MGMT_FAULT_MAX]: what is wrong, on PL_EINVAL */
} pl_mgmt_where;

/* What stands for a field's value: a column, or the setting, with its preset
 * where there is no row. */
void pl_mgmt_add_value(pl_buf *sql, const pl_mgmt_field *f);
/* NULL is not. */
bool pl_mgmt_is_filterable(const pl_mgmt_field *f);

/* Errors of these: PL_EINVAL with a fault; PL_ENOMEM. */
/* filters: field, operator, value, each ended by a NUL; borrowed as long as
 * the values are. */
PL_MUST_USE pl_err pl_mgmt_add_filters(pl_mgmt_where *b, pl_slice filters);
PL_MUST_USE pl_err pl_mgmt_add_id(pl_mgmt_where *b, const char *id);
/* A value that is no filter's; its place, from 1. */
PL_MUST_USE pl_err pl_mgmt_add_number(pl_mgmt_where *b, uint32_t number,
                                      unsigned *ret_place);

#endif
