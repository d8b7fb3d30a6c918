/* view.h - lists of roompool (ops_rows) as tables and as JSON documents. Pure.
 */
#ifndef PL_CTL_VIEW_H
#define PL_CTL_VIEW_H

#include "args.h"
#include "pl/buf.h"
#include "pl/json.h"

typedef struct pl_ctl_view pl_ctl_view;
typedef struct pl_ctl_rows pl_ctl_rows;

/* How a command's list looks; NULL: the command lists nothing. */
const pl_ctl_view *pl_ctl_view_of(pl_ctl_verb verb);
/* Its number in ops_list. */
uint32_t pl_ctl_view_what(const pl_ctl_view *view);

/* match: room or conference to be left, NULL all; borrowed. limit: rows.
 * Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_ctl_rows_create(const pl_ctl_view *view,
                                      const char *match, uint32_t limit,
                                      pl_ctl_rows **ret_rows);
void pl_ctl_rows_destroy(pl_ctl_rows **rows);
/* Take a page: a JSON array of objects, at most 64 KiB members.
 * ret_n: rows that came, also those that do not match.
 * Errors: PL_EPROTO it is something else; PL_EFULL the limit is reached, the
 * rest of the page was left out; PL_ENOMEM. */
PL_MUST_USE pl_err pl_ctl_rows_add(pl_ctl_rows *rows, pl_slice page,
                                   size_t *ret_n);
size_t pl_ctl_rows_count(const pl_ctl_rows *rows);
const pl_json *pl_ctl_rows_at(const pl_ctl_rows *rows, size_t i);
/* Put them in the order of the view. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_ctl_rows_sort(pl_ctl_rows *rows);

/* now_ms: wall time, for ages; width: of the terminal, 0 as wide as it gets.
 * Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_ctl_view_table(const pl_ctl_rows *rows, int64_t now_ms,
                                     size_t width, pl_buf *out);
/* {"workers":[..],"more":false} */
PL_MUST_USE pl_err pl_ctl_view_json(const pl_ctl_rows *rows, bool has_more,
                                    pl_buf *out);

/* A time span for people: "45s", "12m", "3h05m", "2d07h"; "in 45s" when
 * negative. */
enum { PL_CTL_AGE_TEXT = 24 };
void pl_ctl_age(int64_t ms, char text[PL_CTL_AGE_TEXT]);

#endif
