/* say.h - what parleyctl writes, and what it ends with. */
#ifndef PL_CTL_SAY_H
#define PL_CTL_SAY_H

#include "pl/buf.h"

/* Columns of the terminal; 0 when the output is none. $COLUMNS goes first. */
size_t pl_ctl_columns(void);
/* Write to standard output and flush. Errors: PL_EIO, after saying why. */
PL_MUST_USE pl_err pl_ctl_print(const pl_buf *text);
/* One line on standard error, made harmless, after "parleyctl: ". */
void pl_ctl_complain(const char *format, ...) PL_PRINTF(1, 2);
/* Exit code of an error. */
int pl_ctl_exit_of(pl_err e);

#endif
