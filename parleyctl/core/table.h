/* table.h - rows under titles, aligned, as wide as the terminal allows. Pure.
 */
#ifndef PL_CTL_TABLE_H
#define PL_CTL_TABLE_H

#include "pl/buf.h"

typedef struct pl_ctl_table pl_ctl_table;

typedef struct pl_ctl_column {
    const char *title; /* ASCII */
    bool is_right;     /* numbers: aligned to the right, never cut */
} pl_ctl_column;

/* n columns, at most 32; borrowed. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_ctl_table_create(const pl_ctl_column *columns, size_t n,
                                       pl_ctl_table **ret_table);
void pl_ctl_table_destroy(pl_ctl_table **table);
/* The next cell, row by row; the text is copied and made harmless.
 * Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_ctl_table_add(pl_ctl_table *table, pl_slice text);
/* Write it, each line ending with a newline. Where it is too wide, the widest
 * columns of text are cut.
 *
 * width: of the terminal in columns; 0: nothing is cut */
void pl_ctl_table_write(const pl_ctl_table *table, size_t width, pl_buf *out);

#endif
