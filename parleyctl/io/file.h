/* file.h - files that are there whole or not at all. */
#ifndef PL_CTL_FILE_H
#define PL_CTL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "pl/err.h"

enum { PL_CTL_PATH = 640, PL_CTL_REASON = 960 };

/* What went wrong, for people. */
typedef struct pl_ctl_reason {
    char text[PL_CTL_REASON];
} pl_ctl_reason;
/* "path: what: cause of errno". */
void pl_ctl_because(pl_ctl_reason *reason, const char *path, const char *what);

/* Whether something is there under that name. */
bool pl_ctl_exists(const char *path);
/* Whether two names are of one file, however they are written. */
bool pl_ctl_is_same(const char *path, const char *other);
/* Make a folder unless it is there. Errors, with a reason: PL_EIO. */
PL_MUST_USE pl_err pl_ctl_folder_make(const char *path, mode_t mode,
                                      pl_ctl_reason *reason);
/* Make an empty file, closed to others, that nobody else makes; an old one
 * of the name is removed. Errors, with a reason: PL_EIO. */
PL_MUST_USE pl_err pl_ctl_file_begin(const char *path, mode_t mode,
                                     pl_ctl_reason *reason);
/* Put what was begun under its final name: written to the disk, and its name.
 *
 * over: take the place of what has the final name
 * Errors, with a reason: PL_EEXIST (not over); PL_EIO. */
PL_MUST_USE pl_err pl_ctl_file_finish(const char *begun, const char *path,
                                      bool over, pl_ctl_reason *reason);
/* For root: give a file to the owner of another one, or of the folder of that
 * name; harmless when it is not there. Errors, with a reason: PL_EIO. */
PL_MUST_USE pl_err pl_ctl_file_own_as(const char *path, const char *like,
                                      pl_ctl_reason *reason);
/* Write what its folder holds to the disk. Errors, with a reason: PL_EIO. */
PL_MUST_USE pl_err pl_ctl_folder_sync(const char *path_of_file,
                                      pl_ctl_reason *reason);
/* The whole for a short text. Errors, with a reason: PL_EEXIST, PL_EIO. */
PL_MUST_USE pl_err pl_ctl_file_write(const char *path, mode_t mode,
                                     const char *text, bool over,
                                     pl_ctl_reason *reason);

#endif
