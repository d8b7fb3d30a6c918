/* wire.c - one pass over tags and counts, without recursion. */
#include "pl/wire.h"

#include <stdbool.h>

typedef struct scan {
    const uint8_t *p, *end;
} scan;

static bool take(scan *s, size_t n)
{
    if ((size_t)(s->end - s->p) < n)
        return false;
    s->p += n;
    return true;
}

/* Big-endian count of n bytes. */
static bool count(scan *s, size_t n, uint64_t *ret)
{
    const uint8_t *at = s->p;
    if (!take(s, n))
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | at[i];
    *ret = v;
    return true;
}

/* Bytes of header after the tag and what follows: raw bytes, or children. */
typedef struct shape {
    unsigned count_len; /* bytes of explicit count, 0 if implied */
    uint64_t implied;   /* count when count_len is 0 */
    unsigned extra;     /* bytes before the payload, e.g. the ext type */
    unsigned children;  /* values per counted item, 0: counted bytes */
    bool ok;
} shape;

static shape shape_of(uint8_t tag)
{
    if (tag <= 0x7f || tag >= 0xe0 || tag == 0xc0 || tag == 0xc2 || tag == 0xc3)
        return (shape){.ok = true};
    if (tag <= 0x8f)
        return (shape){.implied = tag & 0x0f, .children = 2, .ok = true};
    if (tag <= 0x9f)
        return (shape){.implied = tag & 0x0f, .children = 1, .ok = true};
    if (tag <= 0xbf)
        return (shape){.implied = tag & 0x1f, .ok = true};
    switch (tag) {
    case 0xc4:
    case 0xd9: return (shape){.count_len = 1, .ok = true};
    case 0xc5:
    case 0xda: return (shape){.count_len = 2, .ok = true};
    case 0xc6:
    case 0xdb: return (shape){.count_len = 4, .ok = true};
    case 0xcc:
    case 0xd0: return (shape){.implied = 1, .ok = true};
    case 0xcd:
    case 0xd1: return (shape){.implied = 2, .ok = true};
    case 0xce:
    case 0xd2:
    case 0xca: return (shape){.implied = 4, .ok = true};
    case 0xcf:
    case 0xd3:
    case 0xcb: return (shape){.implied = 8, .ok = true};
    case 0xdc: return (shape){.count_len = 2, .children = 1, .ok = true};
    case 0xdd: return (shape){.count_len = 4, .children = 1, .ok = true};
    case 0xde: return (shape){.count_len = 2, .children = 2, .ok = true};
    case 0xdf: return (shape){.count_len = 4, .children = 2, .ok = true};
    default: return (shape){.ok = false}; /* 0xc1 and the ext family */
    }
}

pl_err pl_wire_scan(const uint8_t *buf, size_t len)
{
    if (!buf || len == 0 || len > PL_WIRE_MAX_BYTES)
        return PL_EPROTO;

    scan s = {.p = buf, .end = buf + len};
    uint64_t pending[PL_WIRE_MAX_DEPTH] = {1}; /* values left per level */
    size_t depth = 1;

    while (depth > 0) {
        if (pending[depth - 1] == 0) {
            depth--;
            continue;
        }
        pending[depth - 1]--;

        uint64_t tag = 0;
        if (!count(&s, 1, &tag))
            return PL_EPROTO;
        shape sh = shape_of((uint8_t)tag);
        uint64_t n = sh.implied;
        if (!sh.ok || (sh.count_len && !count(&s, sh.count_len, &n)))
            return PL_EPROTO;
        if (n > (uint64_t)(s.end - s.p)) /* each item needs a byte or more */
            return PL_EPROTO;
        if (sh.children == 0) {
            s.p += n;
            continue;
        }
        if (depth == PL_WIRE_MAX_DEPTH)
            return PL_EPROTO;
        pending[depth++] = n * sh.children; /* n <= len: no overflow */
    }
    return s.p == s.end ? PL_OK : PL_EPROTO;
}
