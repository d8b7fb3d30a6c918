/* files.h - small files: reading whole ones, making secret ones. */
#ifndef PL_API_FILES_H
#define PL_API_FILES_H

#include <sys/types.h>

#include "pl/buf.h"

typedef struct pl_file_info {
    off_t size;
    ino_t inode;
    int64_t changed_ns;
} pl_file_info;
/* Errors: PL_ENOENT; PL_EIO. */
PL_MUST_USE pl_err pl_file_stat(const char *path, pl_file_info *ret_info);
/* Whether it is the same file, unchanged. */
bool pl_file_is_same(const pl_file_info *a, const pl_file_info *b);
bool pl_file_is_there(const char *path);
/* Whether nobody but its owner may read, write or run it. */
bool pl_file_is_private(const char *path);
/* Remove a file; one that is not there is no fault. */
void pl_file_remove(const char *path);

/* Read a whole regular file, at most out->max bytes.
 * Errors: PL_ENOENT; PL_ETOOBIG; PL_EIO. */
PL_MUST_USE pl_err pl_file_read(const char *path, pl_buf *out);
PL_MUST_USE pl_err pl_file_read_info(const char *path, pl_buf *out,
                                     pl_file_info *ret_info);
/* Put a file with mode 0600 in the place of another, whole or not at all.
 * Errors: PL_EIO. */
PL_MUST_USE pl_err pl_file_replace_secret(const char *path, pl_slice text);
/* Lock against other processes, by a file that is made when it is missing.
 * wait:   block until it is free; short
 * Errors: PL_EBUSY somebody has it; PL_EIO. */
PL_MUST_USE pl_err pl_file_lock(const char *path, bool wait, int *ret_lock);
void pl_file_unlock(int lock);
/* Write a new file with mode 0600, whole or not at all; an existing one stays.
 * Errors: PL_EEXIST; PL_EIO. */
PL_MUST_USE pl_err pl_file_make_secret(const char *path, pl_slice text);

/* Read a file of secrets; when it is missing, make it with this text first.
 * Errors: PL_ETOOBIG; PL_EIO. */
PL_MUST_USE pl_err pl_file_open_secret(const char *path, pl_slice fresh,
                                       pl_buf *out);
/* The value of NAME= in the lines of a text.
 * Errors: PL_ENOENT; PL_EINVAL too long. */
PL_MUST_USE pl_err pl_env_value(const char *text, const char *name, char *buf,
                                size_t cap);

/* Read a file below a folder; path has no leading '/'. Refused: "..", hidden
 * names, symbolic links below the folder, anything but regular files.
 * Errors: PL_ENOENT, PL_ETOOBIG, PL_EIO. */
PL_MUST_USE pl_err pl_file_read_below(const char *dir, const char *path,
                                      pl_buf *out, pl_file_info *ret_info);
/* Open one so, without reading. Errors: PL_ENOENT. */
PL_MUST_USE pl_err pl_file_open_below(const char *dir, const char *path,
                                      int *ret_fd);
/* Bytes in a regular file now. Errors: PL_ENOENT another kind; PL_EIO. */
PL_MUST_USE pl_err pl_file_size(int fd, uint64_t *ret_size);
/* The next bytes, 0 at the end. Errors: PL_EIO. */
PL_MUST_USE pl_err pl_file_next(int fd, void *buf, size_t len, size_t *ret_len);
void pl_file_close(int fd);

#endif
