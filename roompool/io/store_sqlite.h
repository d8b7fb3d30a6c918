/* store_sqlite.h - the store on SQLite. */
#ifndef PL_ROOMPOOL_STORE_SQLITE_H
#define PL_ROOMPOOL_STORE_SQLITE_H

#include <stddef.h>

#include "core/store.h"

/* Open or make the database and bring it to this build's schema.
 *
 * path:    file; its folder is made with mode 0700, the file with 0600
 * reason:  why not, for people, on error
 * Errors:  PL_ECONFIG a newer schema or a foreign file; PL_EINTERNAL the file
 *          is damaged (it is left as it is, nothing new is begun); PL_EIO
 *          cannot be opened or is locked by another roompool. */
PL_MUST_USE pl_err pl_store_open_sqlite(const char *path, pl_store **ret_store,
                                        char *reason, size_t cap);

#endif
