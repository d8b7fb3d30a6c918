/* record_file.h - a file of a recording: only ever appended to, so that what
 * was written stays whole whatever happens to the process. Formats
 * (ogg_file.h, au_file.h) are writers on top of it. Thread that writes
 * recordings only. */
#ifndef PL_RECORD_FILE_H
#define PL_RECORD_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"

enum {
    PL_RECORD_TAGS = 8,  /* texts that a file carries about itself */
    PL_RECORD_TAG = 128, /* bytes of one, with its end */
    PL_RECORD_NAME = 160 /* file or folder name, with its end */
};

typedef struct pl_record_file {
    int fd;
    uint64_t bytes, synced;
} pl_record_file;

/* "NAME=text" each. */
typedef struct pl_record_tags {
    size_t n;
    char tag[PL_RECORD_TAGS][PL_RECORD_TAG];
} pl_record_tags;

/* Whether an id may become a name: 1..64 of [A-Za-z0-9._-], not beginning with
 * a dot: neither a path nor a hidden file. */
bool pl_record_is_id(const char *id);

/* Open the folder `name` below dir_fd, making it (mode 0750) if need be.
 * Errors: PL_EIO, errno says why; a link is not followed. */
PL_MUST_USE pl_err pl_record_folder(int dir_fd, const char *name, int *ret_fd);
/* Create a file (mode 0640) that is not there yet.
 * Errors: PL_EEXIST; PL_EIO, errno says why */
PL_MUST_USE pl_err pl_record_file_create(int dir_fd, const char *name,
                                         pl_record_file *ret_file);
/* Append all of it, or nothing: what was written in part is taken back.
 * Errors: PL_EIO, errno says why (ENOSPC, EFBIG, ..) */
PL_MUST_USE pl_err pl_record_file_append(pl_record_file *file, const void *data,
                                         size_t len);
/* Have the disk keep what was written. Errors: PL_EIO. May take long. */
PL_MUST_USE pl_err pl_record_file_sync(pl_record_file *file);
void pl_record_file_close(pl_record_file *file);

/* A file in some format; positions and lengths are in the units of
 * record_line.h. What a call gives is written at once or with a later one. */
typedef struct pl_record_writer pl_record_writer;
typedef struct pl_record_ops {
    pl_err (*put)(pl_record_writer *w, const uint8_t *data, size_t len,
                  uint32_t units);
    /* Silence; ret_units: so much of it as the format can express. */
    pl_err (*gap)(pl_record_writer *w, uint64_t units, uint64_t *ret_units);
    /* Hand what is complete to the kernel. */
    pl_err (*flush)(pl_record_writer *w);
    /* Finish the file and free everything, also when that fails. */
    pl_err (*close)(pl_record_writer **w, uint64_t *ret_bytes);
} pl_record_ops;

struct pl_record_writer {
    const pl_record_ops *ops;
    pl_record_file file;
};

#endif
