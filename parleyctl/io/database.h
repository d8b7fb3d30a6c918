/* database.h - copies of roompool's database. */
#ifndef PL_CTL_DATABASE_H
#define PL_CTL_DATABASE_H

#include <stdint.h>

#include "file.h"

/* Copy a database, also one that roompool writes just now: as it was at one
 * moment. The copy is one file, closed to others, checked, and not yet written
 * to the disk.
 *
 * to:          is there, empty
 * on_progress: called now and then, in per cent; may be NULL
 * Errors, with a reason: PL_ENOENT there is none; PL_EPROTO it is damaged, or
 * of something else; PL_EIO. */
PL_MUST_USE pl_err pl_ctl_database_copy(const char *from, const char *to,
                                        void (*on_progress)(unsigned percent),
                                        pl_ctl_reason *reason);

typedef struct pl_ctl_database_is {
    int64_t schema;                 /* its version */
    int64_t n_rooms, n_conferences; /* live ones */
} pl_ctl_database_is;

/* Look into a file: whole, and one of roompool's of a version that we know.
 * Errors, with a reason: PL_ENOENT, PL_EPROTO, PL_EVERSION, PL_EIO. */
PL_MUST_USE pl_err pl_ctl_database_check(const char *path,
                                         pl_ctl_database_is *ret_is,
                                         pl_ctl_reason *reason);
/* Bring what stands in its -wal into the file itself; a damaged one stays as it
 * is. Errors, with a reason: PL_EBUSY somebody has it open. */
PL_MUST_USE pl_err pl_ctl_database_settle(const char *path,
                                          pl_ctl_reason *reason);

#endif
