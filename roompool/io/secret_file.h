/* secret_file.h - files that nobody but their owner may read. */
#ifndef PL_ROOMPOOL_SECRET_FILE_H
#define PL_ROOMPOOL_SECRET_FILE_H

#include <stddef.h>

#include "pl/err.h"

/* Read a file of at most max bytes, with a NUL behind it. It is the caller's,
 * for pl_secret_file_free(). reason[cap]: why not, for people.
 * Errors: PL_ECONFIG; PL_ENOMEM. */
PL_MUST_USE pl_err pl_secret_file_read(const char *path, size_t max,
                                       char **ret_text, size_t *ret_len,
                                       char *reason, size_t cap);
/* Overwrites it. */
void pl_secret_file_free(char **text, size_t len);

#endif
