/* pack.c - see pl/pack.h. */
#include "pl/pack.h"

#include <string.h>

enum { BYTE_BITS = 8 };

pl_pack pl_pack_writer(uint8_t *buf, size_t cap)
{
    return (pl_pack){.to = buf, .left = cap, .error = PL_OK};
}

pl_pack pl_pack_reader(pl_slice bytes)
{
    static const uint8_t none[1] = {0};
    return (pl_pack){.from = bytes.ptr ? bytes.ptr : none,
                     .left = bytes.ptr ? bytes.len : 0,
                     .error = PL_OK};
}

bool pl_pack_is_reading(const pl_pack *p)
{
    return p->from != NULL;
}

void pl_pack_refuse(pl_pack *p)
{
    if (p->error == PL_OK)
        p->error = p->from ? PL_EPROTO : PL_EFULL;
}

pl_err pl_pack_end(const pl_pack *p)
{
    if (p->error == PL_OK && p->from && p->left > 0)
        return PL_EPROTO;
    return p->error;
}

/* Whether there are n more bytes. */
static bool has(pl_pack *p, size_t n)
{
    if (p->error == PL_OK && n > p->left)
        pl_pack_refuse(p);
    return p->error == PL_OK;
}

static void step(pl_pack *p, size_t n)
{
    if (p->from) {
        p->from += n;
    } else {
        p->to += n;
    }
    p->left -= n;
    p->done += n;
}

/* A number of n bytes; reading and failed: 0. */
static uint64_t number(pl_pack *p, uint64_t value, size_t n)
{
    if (!has(p, n))
        return p->from ? 0 : value;
    if (p->from)
        value = 0;
    for (size_t i = 0; i < n; i++) {
        if (p->from) {
            value = value << BYTE_BITS | p->from[i];
        } else {
            p->to[i] = (uint8_t)(value >> (BYTE_BITS * (n - 1 - i)));
        }
    }
    step(p, n);
    return value;
}

void pl_pack_u8(pl_pack *p, uint8_t *value)
{
    *value = (uint8_t)number(p, *value, sizeof *value);
}

void pl_pack_u16(pl_pack *p, uint16_t *value)
{
    *value = (uint16_t)number(p, *value, sizeof *value);
}

void pl_pack_u32(pl_pack *p, uint32_t *value)
{
    *value = (uint32_t)number(p, *value, sizeof *value);
}

void pl_pack_u64(pl_pack *p, uint64_t *value)
{
    *value = number(p, *value, sizeof *value);
}

void pl_pack_choice(pl_pack *p, unsigned *value, unsigned first, unsigned last)
{
    unsigned v = (unsigned)number(p, *value, 1);
    if (p->error == PL_OK && (v < first || v > last))
        pl_pack_refuse(p);
    *value = p->error == PL_OK ? v : first;
}

void pl_pack_bool(pl_pack *p, bool *value)
{
    unsigned v = *value ? 1 : 0;
    pl_pack_choice(p, &v, 0, 1);
    *value = v != 0;
}

void pl_pack_count(pl_pack *p, size_t *n, size_t max)
{
    size_t v = (size_t)number(p, *n < UINT8_MAX ? *n : UINT8_MAX, 1);
    if (p->error == PL_OK && (v > max || (!p->from && v != *n)))
        pl_pack_refuse(p);
    *n = p->error == PL_OK ? v : 0;
}

void pl_pack_bytes(pl_pack *p, void *data, size_t len)
{
    if (!has(p, len))
        return;
    if (len > 0)
        memcpy(p->from ? data : p->to, p->from ? p->from : data, len);
    step(p, len);
}

void pl_pack_text(pl_pack *p, char *buf, size_t cap)
{
    size_t len = p->from ? 0 : strnlen(buf, cap);
    uint16_t n = (uint16_t)len;
    pl_pack_u16(p, &n);
    if (p->error == PL_OK && (n >= cap || n < len))
        pl_pack_refuse(p);
    if (has(p, n) && p->from && memchr(p->from, '\0', n))
        pl_pack_refuse(p);
    pl_pack_bytes(p, buf, n);
    if (p->from)
        buf[p->error == PL_OK ? n : 0] = '\0';
}

void pl_pack_slice(pl_pack *p, pl_slice *bytes)
{
    uint16_t n = (uint16_t)bytes->len;
    if (!p->from && bytes->len > UINT16_MAX)
        pl_pack_refuse(p);
    pl_pack_u16(p, &n);
    if (!has(p, n))
        return;
    if (p->from) {
        *bytes = (pl_slice){p->from, n};
    } else if (n > 0) {
        memcpy(p->to, bytes->ptr, n);
    }
    step(p, n);
}
