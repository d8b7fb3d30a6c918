/* envelope.c - seven values of msgpack, written and read in place. */
#include "envelope.h"

#include <string.h>

#include "pl/str.h"
#include "pl/wire.h"

enum {
    N_VALUES = 7,
    TAG_ARRAY = 0x90, /* of up to 15 values */
    TAG_STR = 0xa0,   /* of up to 31 bytes */
    TAG_STR8 = 0xd9,
    TAG_U8 = 0xcc, /* then u16, u32, u64 */
    FIXINT_MAX = 0x7f
};

typedef struct writer {
    uint8_t *buf;
    size_t len, cap;
    bool is_full;
} writer;

static void put(writer *w, uint8_t byte)
{
    if (w->len == w->cap) {
        w->is_full = true;
    } else {
        w->buf[w->len++] = byte;
    }
}

static void put_number(writer *w, uint64_t v)
{
    if (v <= FIXINT_MAX) {
        put(w, (uint8_t)v);
        return;
    }
    unsigned step = 0; /* 1, 2, 4 or 8 bytes */
    while (step < 3 && v >> (8U << step) != 0)
        step++;
    put(w, (uint8_t)(TAG_U8 + step));
    for (unsigned left = 1U << step; left > 0; left--)
        put(w, (uint8_t)(v >> (8 * (left - 1))));
}

pl_err pl_envelope_encode(const pl_bus_head *e, uint8_t *buf, size_t cap,
                          size_t *ret_len)
{
    writer w = {.buf = buf, .cap = cap};
    put(&w, TAG_ARRAY | N_VALUES);
    put_number(&w, e->major);
    put_number(&w, e->msg_id);
    put_number(&w, e->corr);
    put_number(&w, (uint64_t)e->kind);
    put_number(&w, e->deadline_ms);
    size_t n = strnlen(e->trace, PL_TRACE_MAX);
    if (n > 0x1f) {
        put(&w, TAG_STR8);
        put(&w, (uint8_t)n);
    } else {
        put(&w, (uint8_t)(TAG_STR | n));
    }
    for (size_t i = 0; i < n; i++)
        put(&w, (uint8_t)e->trace[i]);
    put_number(&w, e->epoch);
    if (w.is_full)
        return PL_EFULL;
    *ret_len = w.len;
    return PL_OK;
}

typedef struct reader {
    const uint8_t *p, *end;
} reader;

static bool get(reader *r, uint8_t *ret)
{
    if (r->p == r->end)
        return false;
    *ret = *r->p++;
    return true;
}

static bool get_number(reader *r, uint64_t max, uint64_t *ret)
{
    uint8_t tag = 0;
    if (!get(r, &tag))
        return false;
    uint64_t v = tag;
    if (tag > FIXINT_MAX) {
        if (tag < TAG_U8 || tag > TAG_U8 + 3)
            return false;
        size_t n = (size_t)1 << (tag - TAG_U8);
        if ((size_t)(r->end - r->p) < n)
            return false;
        v = 0;
        for (size_t i = 0; i < n; i++)
            v = v << 8 | *r->p++;
    }
    if (v > max)
        return false;
    *ret = v;
    return true;
}

static bool get_trace(reader *r, char trace[PL_TRACE_MAX + 1])
{
    uint8_t tag = 0;
    uint8_t n = 0;
    if (!get(r, &tag))
        return false;
    if ((tag & 0xe0) == TAG_STR) {
        n = tag & 0x1f;
    } else if (tag != TAG_STR8 || !get(r, &n)) {
        return false;
    }
    if (n > PL_TRACE_MAX || (size_t)(r->end - r->p) < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = r->p[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
            return false; /* it goes to logs: hex or nothing */
        trace[i] = (char)c;
    }
    trace[n] = '\0';
    r->p += n;
    return true;
}

pl_err pl_envelope_decode(const uint8_t *buf, size_t len,
                          pl_bus_head *ret_envelope)
{
    if (pl_wire_scan(buf, len) != PL_OK)
        return PL_EPROTO;
    reader r = {.p = buf, .end = buf + len};
    uint8_t tag = 0;
    pl_bus_head e = {0};
    uint64_t major = 0;
    uint64_t id = 0;
    uint64_t kind = 0;
    uint64_t deadline = 0;
    if (!get(&r, &tag) || (tag & 0xf0) != TAG_ARRAY ||
        (tag & 0x0f) < N_VALUES || !get_number(&r, UINT16_MAX, &major) ||
        !get_number(&r, UINT16_MAX, &id) ||
        !get_number(&r, UINT64_MAX, &e.corr) ||
        !get_number(&r, PL_EVENT, &kind) ||
        !get_number(&r, UINT32_MAX, &deadline) || !get_trace(&r, e.trace) ||
        !get_number(&r, UINT64_MAX, &e.epoch)) {
        return PL_EPROTO;
    }
    e.major = (unsigned)major;
    e.msg_id = (unsigned)id;
    e.kind = (pl_msg_kind)kind;
    e.deadline_ms = (uint32_t)deadline;
    if ((e.corr == 0) != (e.kind == PL_EVENT))
        return PL_EPROTO;
    *ret_envelope = e;
    return PL_OK;
}
