/* store_file.h - the database's folder, and the lock file beside it. */
#ifndef PL_ROOMPOOL_STORE_FILE_H
#define PL_ROOMPOOL_STORE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"

/* In the header of each database of ours. */
enum { PL_STORE_APPLICATION_ID = 0x5061726c };

/* Text of errno, without a static buffer. */
typedef struct pl_store_reason {
    char text[96];
} pl_store_reason;
pl_store_reason pl_store_cause(void);

/* Make the folders above path that are not there.
 * Errors, with a reason: PL_ECONFIG too long; PL_EIO. */
PL_MUST_USE pl_err pl_store_folder(const char *path, char *reason, size_t cap);
/* Keep a second process out until ret_fd is closed; it is set even on failure,
 * to be closed if it is not negative.
 * Errors, with a reason: PL_ECONFIG too long; PL_EIO. */
PL_MUST_USE pl_err pl_store_lock(const char *path, int *ret_fd, char *reason,
                                 size_t cap);

/* What the database takes of its disk, in bytes; 0: cannot be told. */
typedef struct pl_store_usage {
    uint64_t file, wal; /* the file, and the log of writes beside it */
    uint64_t disk_free; /* for us */
} pl_store_usage;
void pl_store_measure(const char *path, pl_store_usage *ret_usage);

#endif
