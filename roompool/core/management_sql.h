/* management_sql.h - the questions of the management API as SQL.
 *
 * Names of tables and columns come from tables/management.def only; whatever
 * comes from outside is a bound value. */
#ifndef PL_ROOMPOOL_MANAGEMENT_SQL_H
#define PL_ROOMPOOL_MANAGEMENT_SQL_H

#include "pl/buf.h"
#include "pl/msg.h"
#include "store.h"

enum {
    PL_MGMT_FILTERS_MAX = 32,
    PL_MGMT_VALUES_MAX = 1000,
    PL_MGMT_FAULT_MAX = 128
};

/* The statements of a pl_store_list, with the memory behind them. */
typedef struct pl_management_sql {
    pl_buf count, keys, object;
    pl_sql_value values[PL_MGMT_VALUES_MAX];
    size_t n_values;
    pl_buf texts; /* of values that are not part of the message */
} pl_management_sql;

/* Write the statements for a question.
 *
 * m:      borrowed as long as ret_sql is used
 * fault:  what is wrong with it, for people, on PL_EINVAL
 * ret_sql: initialised in any case; pl_management_sql_fini()
 * Errors: PL_EINVAL a field or operator that does not filter or order, a value
 *         of another type, text that is not UTF-8, too much of anything;
 *         PL_ENOMEM. */
PL_MUST_USE pl_err pl_management_sql_init(pl_management_sql *ret_sql,
                                          const pl_management_query *m,
                                          char fault[PL_MGMT_FAULT_MAX]);
void pl_management_sql_fini(pl_management_sql *sql);

#endif
