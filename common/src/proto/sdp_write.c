/* sdp_write.c - lines with CRLF into a caller's buffer. */
#include "pl/sdp.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void pl_sdp_writer_init(pl_sdp_writer *w, char *buf, size_t cap)
{
    *w = (pl_sdp_writer){buf, cap, 0, cap == 0};
    if (cap > 0)
        buf[0] = '\0';
}

void pl_sdp_line(pl_sdp_writer *w, const char *format, ...)
{
    if (w->full)
        return;
    char *at = w->buf + w->len;
    size_t left = w->cap - w->len;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(at, left, format, args);
    va_end(args);
    /* CR, LF and the end mark must fit behind it */
    if (n < 0 || (size_t)n >= left || left - (size_t)n < 3 ||
        at[strcspn(at, "\r\n")] != '\0') {
        at[0] = '\0';
        w->full = true;
        return;
    }
    at[n] = '\r';
    at[n + 1] = '\n';
    at[n + 2] = '\0';
    w->len += (size_t)n + 2;
}

pl_err pl_sdp_writer_end(const pl_sdp_writer *w, size_t *ret_len)
{
    if (w->full)
        return PL_EFULL;
    *ret_len = w->len;
    return PL_OK;
}
