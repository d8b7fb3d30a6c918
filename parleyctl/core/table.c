/* table.c - see table.h. */
#include "table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { COLUMNS_MAX = 32, TEXT_MAX = 256 << 20, GAP = 2, LEAST = 8 };

struct pl_ctl_table {
    const pl_ctl_column *columns;
    size_t n_columns, n_cells, cap;
    size_t *ends; /* of each cell in text */
    pl_buf text;
};

pl_err pl_ctl_table_create(const pl_ctl_column *columns, size_t n,
                           pl_ctl_table **ret_table)
{
    if (n == 0 || n > COLUMNS_MAX)
        return PL_EINVAL;
    pl_ctl_table *t = calloc(1, sizeof *t);
    if (!t)
        return PL_ENOMEM;
    t->columns = columns;
    t->n_columns = n;
    pl_buf_init(&t->text, TEXT_MAX);
    *ret_table = t;
    return PL_OK;
}

void pl_ctl_table_destroy(pl_ctl_table **table)
{
    if (!table || !*table)
        return;
    pl_buf_fini(&(*table)->text);
    free((*table)->ends);
    free(*table);
    *table = NULL;
}

pl_err pl_ctl_table_add(pl_ctl_table *table, pl_slice text)
{
    if (table->n_cells == table->cap) {
        size_t cap = table->cap ? 2 * table->cap : 256;
        size_t *more = realloc(table->ends, cap * sizeof *more);
        if (!more)
            return PL_ENOMEM;
        table->ends = more;
        table->cap = cap;
    }
    pl_ctl_text_clean(text, &table->text);
    table->ends[table->n_cells++] = table->text.len;
    return table->text.has_failed ? PL_ENOMEM : PL_OK;
}

static pl_slice cell_at(const pl_ctl_table *t, size_t i)
{
    size_t begin = i == 0 ? 0 : t->ends[i - 1];
    return (pl_slice){(const uint8_t *)pl_buf_text(&t->text) + begin,
                      t->ends[i] - begin};
}

static size_t total_of(const size_t *widths, size_t n)
{
    size_t total = (n - 1) * GAP;
    for (size_t i = 0; i < n; i++)
        total += widths[i];
    return total;
}

static size_t next_column(const pl_ctl_table *t, size_t column)
{
    return column + 1 == t->n_columns ? 0 : column + 1;
}

static void natural_widths(const pl_ctl_table *t, size_t *widths)
{
    for (size_t i = 0; i < t->n_columns; i++)
        widths[i] = strlen(t->columns[i].title);
    size_t column = 0;
    for (size_t i = 0; i < t->n_cells; i++) {
        size_t w = pl_ctl_text_width(cell_at(t, i));
        if (w > widths[column])
            widths[column] = w;
        column = next_column(t, column);
    }
}

/* The widest column of text that may become narrower; n: there is none. */
static size_t widest(const pl_ctl_table *t, const size_t *widths)
{
    size_t at = t->n_columns;
    size_t most = LEAST;
    for (size_t i = 0; i < t->n_columns; i++) {
        if (!t->columns[i].is_right && widths[i] > most &&
            widths[i] > strlen(t->columns[i].title)) {
            most = widths[i];
            at = i;
        }
    }
    return at;
}

static void fit(const pl_ctl_table *t, size_t width, size_t *widths)
{
    while (total_of(widths, t->n_columns) > width) {
        size_t at = widest(t, widths);
        if (at == t->n_columns)
            return; /* the terminal wraps the lines */
        widths[at]--;
    }
}

static void add_blanks(pl_buf *out, size_t n)
{
    for (; n > 0; n--)
        pl_buf_add_str(out, " ");
}

static void trim(pl_buf *out)
{
    while (out->len > 0 && out->ptr[out->len - 1] == ' ')
        out->ptr[--out->len] = '\0';
}

static void write_cell(const pl_ctl_table *t, size_t column, pl_slice text,
                       size_t width, pl_buf *out)
{
    size_t w = pl_ctl_text_width(text);
    size_t fill = w < width ? width - w : 0;
    bool is_last = column + 1 == t->n_columns;
    if (t->columns[column].is_right)
        add_blanks(out, fill);
    size_t before = out->len;
    pl_ctl_text_cut(text, width, out);
    if (w > width && !is_last && !out->has_failed) {
        /* a wide character may have left a column free */
        w = pl_ctl_text_width(
            (pl_slice){(const uint8_t *)out->ptr + before, out->len - before});
        fill = width - w;
    }
    if (!t->columns[column].is_right && !is_last)
        add_blanks(out, fill);
    if (is_last)
        trim(out);
    pl_buf_add_str(out, is_last ? "\n" : "  ");
}

void pl_ctl_table_write(const pl_ctl_table *table, size_t width, pl_buf *out)
{
    size_t widths[COLUMNS_MAX] = {0};
    natural_widths(table, widths);
    if (width > 0)
        fit(table, width, widths);
    for (size_t i = 0; i < table->n_columns; i++) {
        write_cell(table, i, pl_slice_str(table->columns[i].title), widths[i],
                   out);
    }
    size_t column = 0;
    for (size_t i = 0; i < table->n_cells; i++) {
        write_cell(table, column, cell_at(table, i), widths[column], out);
        column = next_column(table, column);
    }
}
