/* buf.h - growable bytes with an upper bound: request bodies, answers. */
#ifndef PL_BUF_H
#define PL_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "pl/err.h"
#include "pl/slice.h"

typedef struct pl_buf {
    char *ptr; /* len bytes and a NUL behind them; NULL while empty */
    size_t len, cap, max;
    bool has_failed; /* something did not fit, or no memory: stays set */
} pl_buf;

/* Start empty; at most max bytes will be held. */
void pl_buf_init(pl_buf *buf, size_t max);
void pl_buf_fini(pl_buf *buf);
void pl_buf_clear(pl_buf *buf);
/* Overwrite memory that held a secret; not optimised away. */
void pl_wipe(void *data, size_t len);
/* As pl_buf_fini(), after overwriting the bytes. */
void pl_buf_wipe(pl_buf *buf);
/* Append; after a failure the buffer ignores further appends. */
void pl_buf_add(pl_buf *buf, const void *data, size_t len);
void pl_buf_add_str(pl_buf *buf, const char *text);
void pl_buf_add_slice(pl_buf *buf, pl_slice text);
void pl_buf_add_fmt(pl_buf *buf, const char *format, ...) PL_PRINTF(2, 3);
/* The bytes; borrowed until the buffer changes. */
pl_slice pl_buf_slice(const pl_buf *buf);
/* As a C string, "" while empty. */
const char *pl_buf_text(const pl_buf *buf);

#endif
