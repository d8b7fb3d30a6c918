/* store.h - where roompool keeps its state: what the core asks of a database.
 *
 * All changes of one loop turn belong to one transaction, which the first
 * change opens and commit() ends. What was put is safe only after commit()
 * returned PL_OK. After any error the store refuses everything. */
#ifndef PL_ROOMPOOL_STORE_H
#define PL_ROOMPOOL_STORE_H

#include "pl/err.h"
#include "rows.h"

typedef struct pl_store pl_store;

/* row: struct of the table; TEXT slices are borrowed during the call.
 * An error ends the reading and is returned. */
typedef pl_err (*pl_store_on_row)(void *ctx, const void *row);

typedef struct pl_store_ops {
    /* Insert or replace one row. Errors: PL_EIO. */
    pl_err (*put)(pl_store *store, const pl_table *table, const void *row);
    /* Delete by key; a row that is not there is no error. */
    pl_err (*del)(pl_store *store, const pl_table *table, const void *row);
    /* Read a whole table, in key order. Errors: PL_EIO; PL_EPROTO a value that
     * does not fit its column; those of on_row. */
    pl_err (*each)(pl_store *store, const pl_table *table,
                   pl_store_on_row on_row, void *ctx);
    /* Make the changes durable; nothing to do is PL_OK. Errors: PL_EIO. */
    pl_err (*commit)(pl_store *store);
    bool (*is_dirty)(const pl_store *store);
    /* Delete call records that ended before wall_ms, and the oldest beyond
     * keep. */
    pl_err (*prune_records)(pl_store *store, int64_t wall_ms, uint32_t keep);
    void (*close)(pl_store **store);
} pl_store_ops;

/* Implementations begin with this. */
struct pl_store {
    const pl_store_ops *ops;
};

#endif
