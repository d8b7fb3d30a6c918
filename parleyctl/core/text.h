/* text.h - text of strangers on a terminal: how wide it is, and made harmless.
 * Pure. */
#ifndef PL_CTL_TEXT_H
#define PL_CTL_TEXT_H

#include <stddef.h>

#include "pl/buf.h"

/* Append UTF-8 text to out with everything replaced by U+FFFD that would do
 * something to a terminal or to the order of what is shown: control
 * characters, marks of direction, line separators, bytes that are no UTF-8. */
void pl_ctl_text_clean(pl_slice text, pl_buf *out);
/* Columns that clean text takes: 0 for marks that combine, 2 for wide ones.
 * Source: Unicode Standard Annex 11 (East Asian Width), the ranges W and F */
size_t pl_ctl_text_width(pl_slice text);
/* Append clean text, cut to at most `columns` of them, then ending with an
 * ellipsis. */
void pl_ctl_text_cut(pl_slice text, size_t columns, pl_buf *out);

#endif
