#include "fill.h"

#include <string.h>

enum { BYTES_MAX = 256 };

/* A value of field i within its bounds. */
static uint64_t number(const pl_field_desc *f, size_t i, fill_kind kind)
{
    if (kind == FILL_MINIMAL)
        return f->min;
    if (kind == FILL_MAXIMAL)
        return f->max;
    uint64_t wanted = f->min + i + 1;
    return wanted > f->max || wanted < f->min ? f->max : wanted;
}

static uint64_t length(const pl_field_desc *f, fill_kind kind)
{
    if (kind == FILL_MINIMAL)
        return f->min;
    uint64_t wanted = kind == FILL_SAMPLE ? 5 : f->max;
    if (f->kind == PL_BYTES && wanted > BYTES_MAX)
        wanted = BYTES_MAX;
    if (wanted < f->min)
        wanted = f->min;
    return wanted > f->max ? f->max : wanted;
}

static void fill_field(const pl_field_desc *f, size_t i, fill_kind kind,
                       uint8_t *at)
{
    static const uint8_t BYTES[BYTES_MAX] = "bytes\0with NUL and \xff";
    switch (f->kind) {
    case PL_U32: *(uint32_t *)(void *)at = (uint32_t)number(f, i, kind); return;
    case PL_U64: *(uint64_t *)(void *)at = number(f, i, kind); return;
    case PL_I64: *(int64_t *)(void *)at = (int64_t)number(f, i, kind); return;
    case PL_BOOL: *(bool *)(void *)at = kind != FILL_MINIMAL; return;
    case PL_STR:
        for (uint64_t n = 0; n < length(f, kind); n++)
            at[n] = (uint8_t)('a' + (i + n) % 26);
        return;
    case PL_BYTES:
        *(pl_slice *)(void *)at =
            (pl_slice){.ptr = BYTES, .len = (size_t)length(f, kind)};
        return;
    }
}

void fill(const pl_msg_desc *d, fill_kind kind, fill_msg *ret_msg)
{
    memset(ret_msg, 0, sizeof *ret_msg);
    for (size_t i = 0; i < d->n_fields; i++) {
        const pl_field_desc *f = &d->fields[i];
        if (f->presence == PL_OPT && kind == FILL_MINIMAL)
            continue;
        fill_field(f, i, kind, ret_msg->bytes + f->offset);
        if (f->presence == PL_OPT)
            pl_msg_mark(d, ret_msg, f->offset);
    }
}
