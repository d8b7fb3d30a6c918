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

/* A value for a place of a statement. */
typedef enum pl_sql_kind { PL_SQL_TEXT, PL_SQL_INT } pl_sql_kind;
typedef struct pl_sql_value {
    pl_sql_kind kind;
    pl_slice text; /* UTF-8, borrowed */
    int64_t number;
} pl_sql_value;

/* A list that is read in parts, so that only what is shown is made. The
 * statements are our own; what comes from outside is in values only.
 * Statements that need fewer values take the first ones. */
typedef struct pl_store_list {
    const char *count;  /* one integer: how many match; NULL: not asked */
    const char *keys;   /* one column: of those of the page, in order */
    const char *object; /* ?1 is a key; one text */
    const pl_sql_value *values; /* of ?1, ?2 .. in count and keys */
    size_t n_values;
    int64_t max_us; /* then it is given up; at the first look when 0 */
} pl_store_list;

/* One object as text, borrowed during the call. PL_EFULL ends the reading,
 * which then is no error; another one is returned. */
typedef pl_err (*pl_store_on_text)(void *ctx, pl_slice text);

typedef struct pl_store_ops {
    /* Insert or replace one row. Errors: PL_EIO. */
    pl_err (*put)(pl_store *store, const pl_table *table, const void *row);
    /* Delete by key; a row that is not there is no error. */
    pl_err (*del)(pl_store *store, const pl_table *table, const void *row);
    /* Read a whole table, in key order. Errors: PL_EIO; PL_EPROTO a value that
     * does not fit its column; those of on_row. */
    pl_err (*each)(pl_store *store, const pl_table *table,
                   pl_store_on_row on_row, void *ctx);
    /* Read a list; sees what was put in this turn.
     *
     * ret_total: what count gave, 0 when there is none
     * Errors: PL_EUNAVAILABLE more than max_us; PL_EIO (only this reading
     * failed, the store goes on); those of on_text. */
    pl_err (*list)(pl_store *store, const pl_store_list *list,
                   pl_store_on_text on_text, void *ctx, uint64_t *ret_total);
    /* Make the changes durable; nothing to do is PL_OK. Errors: PL_EIO. */
    pl_err (*commit)(pl_store *store);
    bool (*is_dirty)(const pl_store *store);
    /* Delete call records that ended before wall_ms, and the oldest beyond
     * keep. */
    pl_err (*prune_records)(pl_store *store, int64_t wall_ms, uint32_t keep);
    /* Delete video sessions that ended before wall_ms, with what is theirs. */
    pl_err (*prune_videos)(pl_store *store, int64_t wall_ms);
    /* Delete registrations of devices that ended before wall_ms, and the oldest
     * beyond keep. */
    pl_err (*prune_registrations)(pl_store *store, int64_t wall_ms,
                                  uint32_t keep);
    /* Intervals of speech that are open ended at wall_ms. */
    pl_err (*end_talks)(pl_store *store, int64_t wall_ms);
    void (*close)(pl_store **store);
} pl_store_ops;

/* Implementations begin with this. */
struct pl_store {
    const pl_store_ops *ops;
};

#endif
