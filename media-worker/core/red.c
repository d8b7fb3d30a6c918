/* red.c - RFC 2198: one reader, one writer. */
#include "core/red.h"

#include <stdbool.h>
#include <string.h>

#include "core/be.h"

enum {
    MORE = 0x80,
    PT_MASK = 0x7f,
    HEADER = 4,
    LAST_HEADER = 1,
    LEN_BITS = 10
};

pl_err pl_red_parse(const uint8_t *data, size_t len, pl_red *ret_red)
{
    pl_red r = {.n = 0};
    size_t at = 0;
    size_t older = 0; /* bytes */
    bool is_last = false;
    while (!is_last) {
        if (r.n == PL_RED_BLOCKS)
            return PL_ETOOBIG;
        if (at >= len)
            return PL_EPROTO;
        pl_red_block *b = &r.block[r.n++];
        b->pt = data[at] & PT_MASK;
        is_last = !(data[at] & MORE);
        if (is_last) {
            at += LAST_HEADER;
            continue;
        }
        if (len - at < HEADER)
            return PL_EPROTO;
        uint32_t word = pl_be_get24(data + at + 1);
        b->offset = word >> LEN_BITS;
        b->len = word & PL_RED_LEN_MAX;
        older += b->len;
        at += HEADER;
    }
    if (older > len - at)
        return PL_EPROTO;
    r.block[r.n - 1].len = len - at - older;
    for (size_t i = 0; i < r.n; i++) {
        r.block[i].data = data + at;
        at += r.block[i].len;
    }
    *ret_red = r;
    return PL_OK;
}

static pl_err check(const pl_red *red, size_t *ret_total)
{
    if (red->n == 0 || red->n > PL_RED_BLOCKS)
        return PL_EINVAL;
    size_t total = LAST_HEADER + red->block[red->n - 1].len;
    for (size_t i = 0; i + 1 < red->n; i++) {
        if (red->block[i].offset > PL_RED_OFFSET_MAX ||
            red->block[i].len > PL_RED_LEN_MAX)
            return PL_EINVAL;
        total += HEADER + red->block[i].len;
    }
    *ret_total = total;
    return PL_OK;
}

pl_err pl_red_write(const pl_red *red, uint8_t *out, size_t cap,
                    size_t *ret_len)
{
    size_t total = 0;
    pl_err e = check(red, &total);
    if (e != PL_OK)
        return e;
    if (total > cap)
        return PL_EFULL;
    for (size_t i = 0; i + 1 < red->n; i++) {
        const pl_red_block *b = &red->block[i];
        *out++ = (uint8_t)(MORE | (b->pt & PT_MASK));
        pl_be_put24(out, b->offset << LEN_BITS | (uint32_t)b->len);
        out += HEADER - 1;
    }
    *out++ = red->block[red->n - 1].pt & PT_MASK;
    for (size_t i = 0; i < red->n; i++) {
        if (red->block[i].len > 0)
            memcpy(out, red->block[i].data, red->block[i].len);
        out += red->block[i].len;
    }
    *ret_len = total;
    return PL_OK;
}
