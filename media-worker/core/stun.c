/* stun.c - reader and writer of STUN messages. */
#include "core/stun.h"

#include <string.h>

#include "pl/rng.h"

enum {
    COOKIE = 0x2112a442,  /* RFC 8489 section 5 */
    CRC_XOR = 0x5354554e, /* RFC 8489 section 14.7 */
    ATTR_HEADER = 4,
    INTEGRITY_ATTR = ATTR_HEADER + PL_SHA1_BYTES,
    FINGERPRINT_ATTR = ATTR_HEADER + 4,
    FAMILY_V4 = 1,
    FAMILY_V6 = 2,
    OPTIONAL_BIT = 0x8000, /* comprehension-optional attributes */
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

/* CRC-32 of ITU V.42, four bits at a time. The length field (bytes 2 and 3) is
 * read as `length`, so that a message need not be changed to be checked. */
static uint32_t crc32_of(const uint8_t *buf, size_t len, uint16_t length)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = buf[i];
        if (i == 2) {
            byte = (uint8_t)(length >> 8);
        } else if (i == 3) {
            byte = (uint8_t)length;
        }
        crc ^= byte;
        crc = (crc >> 4) ^ nibble[crc & 15];
        crc = (crc >> 4) ^ nibble[crc & 15];
    }
    return ~crc;
}

/* ---- reader ------------------------------------------------------------- */

typedef struct attr {
    uint16_t type;
    size_t at; /* offset of the attribute's header */
    const uint8_t *value;
    size_t len;
} attr;

static bool read_username(pl_stun_msg *m, const attr *a)
{
    if (a->len > PL_STUN_USERNAME)
        return false;
    if (!m->username.ptr)
        m->username = (pl_slice){a->value, a->len};
    return true;
}

static bool read_integrity(pl_stun_msg *m, const attr *a)
{
    m->integrity_at = a->at;
    return a->len == PL_SHA1_BYTES;
}

static bool read_fingerprint(pl_stun_msg *m, const attr *a)
{
    if (a->len != 4 || a->at + FINGERPRINT_ATTR != m->raw.len)
        return false; /* RFC 8489 section 14.7: it is the last one */
    m->has_fingerprint = true;
    uint16_t length = (uint16_t)(m->raw.len - PL_STUN_HEADER);
    return get32(a->value) == (crc32_of(m->raw.ptr, a->at, length) ^ CRC_XOR);
}

static bool read_priority(pl_stun_msg *m, const attr *a)
{
    if (a->len != 4)
        return false;
    m->priority = get32(a->value);
    return true;
}

static bool read_use_candidate(pl_stun_msg *m, const attr *a)
{
    m->use_candidate = true;
    return a->len == 0;
}

static bool read_role(pl_stun_msg *m, const attr *a)
{
    if (a->len != 8)
        return false;
    if (a->type == PL_STUN_AT_CONTROLLING) {
        m->is_controlling = true;
    } else {
        m->is_controlled = true;
    }
    m->tie_break = (uint64_t)get32(a->value) << 32 | get32(a->value + 4);
    return true;
}

static bool read_mapped(pl_stun_msg *m, const attr *a)
{
    bool is_v4 = a->len == 8 && a->value[1] == FAMILY_V4;
    if (!is_v4 && !(a->len == 20 && a->value[1] == FAMILY_V6))
        return false;
    pl_addr addr = {.port = (uint16_t)(get16(a->value + 2) ^ (COOKIE >> 16))};
    size_t from = is_v4 ? 12 : 0;
    if (is_v4)
        addr.ip[10] = addr.ip[11] = 0xff;
    /* The mask is the cookie and the transaction id: bytes 4..19. */
    for (size_t i = from; i < 16; i++)
        addr.ip[i] = a->value[4 + i - from] ^ m->raw.ptr[4 + i - from];
    m->mapped = addr;
    return true;
}

static bool read_error(pl_stun_msg *m, const attr *a)
{
    if (a->len < 4 || a->value[3] > 99)
        return false;
    m->error = (a->value[2] & 7u) * 100 + a->value[3];
    return true;
}

static bool read_nothing(pl_stun_msg *m, const attr *a)
{
    (void)m;
    (void)a;
    return true;
}

static bool read_attr(pl_stun_msg *m, const attr *a)
{
    static const struct {
        uint16_t type;
        bool (*read)(pl_stun_msg *m, const attr *a);
    } table[] = {
        {PL_STUN_AT_USERNAME, read_username},
        {PL_STUN_AT_INTEGRITY, read_integrity},
        {PL_STUN_AT_ERROR, read_error},
        {PL_STUN_AT_UNKNOWN, read_nothing},
        {PL_STUN_AT_XOR_MAPPED, read_mapped},
        {PL_STUN_AT_PRIORITY, read_priority},
        {PL_STUN_AT_USE_CANDIDATE, read_use_candidate},
        {PL_STUN_AT_FINGERPRINT, read_fingerprint},
        {PL_STUN_AT_CONTROLLED, read_role},
        {PL_STUN_AT_CONTROLLING, read_role},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].type == a->type)
            return table[i].read(m, a);
    }
    if (!(a->type & OPTIONAL_BIT) && m->n_unknown < PL_STUN_UNKNOWN)
        m->unknown[m->n_unknown++] = a->type;
    return true;
}

static pl_err read_attrs(pl_stun_msg *m)
{
    const pl_slice raw = m->raw;
    size_t at = PL_STUN_HEADER;
    while (raw.len - at >= ATTR_HEADER) {
        attr a = {.type = get16(raw.ptr + at),
                  .at = at,
                  .value = raw.ptr + at + ATTR_HEADER,
                  .len = get16(raw.ptr + at + 2)};
        size_t padded = (a.len + 3) & ~(size_t)3;
        if (padded > raw.len - at - ATTR_HEADER)
            return PL_EPROTO;
        /* RFC 8489 section 14.5: only FINGERPRINT counts behind it */
        bool is_behind = m->integrity_at && a.type != PL_STUN_AT_FINGERPRINT;
        if (!is_behind && !read_attr(m, &a))
            return PL_EPROTO;
        at += ATTR_HEADER + padded;
    }
    return at == raw.len ? PL_OK : PL_EPROTO;
}

pl_err pl_stun_parse(const uint8_t *buf, size_t len, pl_stun_msg *ret_msg)
{
    /* RFC 8489 section 5: two zero bits, a length that is a multiple of four
     * and covers the rest, the cookie */
    if (len < PL_STUN_HEADER || len > PL_STUN_MAX || (buf[0] & 0xc0) != 0 ||
        len % 4 != 0 || get16(buf + 2) != len - PL_STUN_HEADER ||
        get32(buf + 4) != COOKIE)
        return PL_EPROTO;
    pl_stun_msg m = {.raw = {buf, len}, .type = get16(buf)};
    memcpy(m.txid, buf + 8, sizeof m.txid);
    pl_err e = read_attrs(&m);
    if (e != PL_OK)
        return e;
    *ret_msg = m;
    return PL_OK;
}

/* HMAC over the message up to `at`, with the length field as if the message
 * ended behind MESSAGE-INTEGRITY (RFC 8489 section 14.5). */
static void integrity_of(const uint8_t *buf, size_t at, pl_slice password,
                         uint8_t mac[PL_SHA1_BYTES])
{
    uint8_t copy[PL_STUN_MAX];
    memcpy(copy, buf, at);
    put16(copy + 2, (unsigned)(at + INTEGRITY_ATTR - PL_STUN_HEADER));
    pl_hmac_sha1(password.ptr, password.len, copy, at, mac);
}

bool pl_stun_is_authentic(const pl_stun_msg *msg, pl_slice password)
{
    if (!msg->integrity_at)
        return false;
    uint8_t mac[PL_SHA1_BYTES];
    integrity_of(msg->raw.ptr, msg->integrity_at, password, mac);
    pl_slice got = {msg->raw.ptr + msg->integrity_at + ATTR_HEADER, sizeof mac};
    return pl_slice_eq_secret((pl_slice){mac, sizeof mac}, got);
}

/* ---- writer ------------------------------------------------------------- */

void pl_stun_begin(pl_stun_writer *w, uint8_t *buf, size_t cap, uint16_t type,
                   const uint8_t txid[PL_STUN_TXID])
{
    *w = (pl_stun_writer){.buf = buf,
                          .cap = cap < PL_STUN_MAX ? cap : PL_STUN_MAX};
    if (w->cap < PL_STUN_HEADER) {
        w->is_full = true;
        return;
    }
    put16(buf, type);
    put16(buf + 2, 0);
    put32(buf + 4, COOKIE);
    memcpy(buf + 8, txid, PL_STUN_TXID);
    w->len = PL_STUN_HEADER;
}

/* Space for an attribute of len bytes, its header and padding written. */
static uint8_t *reserve(pl_stun_writer *w, uint16_t type, size_t len)
{
    size_t padded = (len + 3) & ~(size_t)3;
    if (w->is_full || len > PL_STUN_MAX ||
        w->cap - w->len < ATTR_HEADER + padded) {
        w->is_full = true;
        return NULL;
    }
    uint8_t *p = w->buf + w->len;
    put16(p, type);
    put16(p + 2, (unsigned)len);
    for (size_t i = len; i < padded; i++)
        p[ATTR_HEADER + i] = 0;
    w->len += ATTR_HEADER + padded;
    put16(w->buf + 2, (unsigned)(w->len - PL_STUN_HEADER));
    return p + ATTR_HEADER;
}

void pl_stun_put(pl_stun_writer *w, uint16_t type, const void *value,
                 size_t len)
{
    uint8_t *p = reserve(w, type, len);
    if (p && len)
        memcpy(p, value, len);
}

void pl_stun_put_u32(pl_stun_writer *w, uint16_t type, uint32_t value)
{
    uint8_t *p = reserve(w, type, 4);
    if (p)
        put32(p, value);
}

void pl_stun_put_u64(pl_stun_writer *w, uint16_t type, uint64_t value)
{
    uint8_t *p = reserve(w, type, 8);
    if (!p)
        return;
    put32(p, (uint32_t)(value >> 32));
    put32(p + 4, (uint32_t)value);
}

void pl_stun_put_mapped(pl_stun_writer *w, const pl_addr *addr)
{
    bool is_v4 = pl_addr_is_v4(addr);
    size_t from = is_v4 ? 12 : 0;
    uint8_t *p = reserve(w, PL_STUN_AT_XOR_MAPPED, 4 + 16 - from);
    if (!p)
        return;
    p[0] = 0;
    p[1] = is_v4 ? FAMILY_V4 : FAMILY_V6;
    put16(p + 2, addr->port ^ (unsigned)(COOKIE >> 16));
    for (size_t i = from; i < 16; i++)
        p[4 + i - from] = addr->ip[i] ^ w->buf[4 + i - from];
}

void pl_stun_put_error(pl_stun_writer *w, unsigned code)
{
    pl_stun_put_u32(w, PL_STUN_AT_ERROR, code / 100 << 8 | code % 100);
}

pl_err pl_stun_end(pl_stun_writer *w, pl_slice password, size_t *ret_len)
{
    if (password.ptr) {
        size_t at = w->len;
        uint8_t *mac = reserve(w, PL_STUN_AT_INTEGRITY, PL_SHA1_BYTES);
        if (mac)
            integrity_of(w->buf, at, password, mac);
    }
    size_t at = w->len;
    uint8_t *crc = reserve(w, PL_STUN_AT_FINGERPRINT, 4);
    if (!crc)
        return PL_EFULL;
    put32(crc, crc32_of(w->buf, at, get16(w->buf + 2)) ^ CRC_XOR);
    *ret_len = w->len;
    return PL_OK;
}
