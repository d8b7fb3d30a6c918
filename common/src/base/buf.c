/* buf.c - growable bytes with an upper bound. */
#include "pl/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 256 };

void pl_buf_init(pl_buf *buf, size_t max)
{
    *buf = (pl_buf){.max = max};
}

void pl_buf_fini(pl_buf *buf)
{
    free(buf->ptr);
    *buf = (pl_buf){.max = buf->max};
}

void pl_wipe(void *data, size_t len)
{
    volatile unsigned char *at = data;
    while (len-- > 0)
        *at++ = 0;
}

void pl_buf_wipe(pl_buf *buf)
{
    if (buf->ptr)
        pl_wipe(buf->ptr, buf->cap);
    pl_buf_fini(buf);
}

void pl_buf_clear(pl_buf *buf)
{
    buf->len = 0;
    buf->has_failed = false;
    if (buf->ptr)
        buf->ptr[0] = '\0';
}

/* Make room for more bytes and a NUL. */
static bool reserve(pl_buf *buf, size_t more)
{
    if (buf->has_failed)
        return false;
    if (more > buf->max || buf->len > buf->max - more) {
        buf->has_failed = true;
        return false;
    }
    size_t need = buf->len + more + 1;
    if (need <= buf->cap)
        return true;
    size_t cap = buf->cap ? buf->cap : FIRST_CAP;
    while (cap < need)
        cap *= 2;
    char *ptr = realloc(buf->ptr, cap);
    if (!ptr) {
        buf->has_failed = true;
        return false;
    }
    buf->ptr = ptr;
    buf->cap = cap;
    return true;
}

void pl_buf_add(pl_buf *buf, const void *data, size_t len)
{
    if (len == 0 || !reserve(buf, len))
        return;
    memcpy(buf->ptr + buf->len, data, len);
    buf->len += len;
    buf->ptr[buf->len] = '\0';
}

void pl_buf_add_str(pl_buf *buf, const char *text)
{
    pl_buf_add(buf, text, strlen(text));
}

void pl_buf_add_slice(pl_buf *buf, pl_slice text)
{
    pl_buf_add(buf, text.ptr, text.len);
}

void pl_buf_add_fmt(pl_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started above */
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0 || !reserve(buf, (size_t)n)) {
        return;
    }
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started above */
    (void)vsnprintf(buf->ptr + buf->len, (size_t)n + 1, format, args);
    va_end(args);
    buf->len += (size_t)n;
}

pl_slice pl_buf_slice(const pl_buf *buf)
{
    return (pl_slice){(const uint8_t *)buf->ptr, buf->len};
}

const char *pl_buf_text(const pl_buf *buf)
{
    return buf->ptr ? buf->ptr : "";
}
