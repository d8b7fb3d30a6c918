/* rtcp.c - RTCP compound packets. Each begins
 *
 *  |V=2|P|  RC/SC  |      PT       |   length (words - 1)          | */
#include "core/rtcp.h"

#include <string.h>

#include "core/be.h"

enum {
    PT_SR = 200,
    PT_RR = 201,
    PT_SDES = 202,
    PT_BYE = 203,
    PT_FIRST = 192, /* RFC 5761 section 4 */
    PT_LAST = 223,
    HEAD = 4,
    SENDER_INFO = 20,
    BLOCK = 24,
    SDES_CNAME = 1,
    CNAME_CAP = 32
};
static const uint64_t NTP_UNIX_S = 2208988800U; /* 1900 to 1970 */

/* One packet inside the compound: its head is checked, body[len] follows. */
typedef struct part {
    unsigned count, pt;
    const uint8_t *body;
    size_t len;
} part;

static void read_block(const uint8_t *p, uint32_t about, pl_rtcp *r)
{
    if (pl_be_get32(p) != about)
        return;
    uint32_t lost = pl_be_get24(p + 5);
    r->has_report = true;
    r->fraction_lost = p[4];
    r->lost = lost & 0x800000U ? (int32_t)lost - 0x1000000 : (int32_t)lost;
    r->jitter = pl_be_get32(p + 12);
    r->last_sr = pl_be_get32(p + 16);
    r->delay_since_sr = pl_be_get32(p + 20);
}

static pl_err read_report(const part *p, uint32_t about, pl_rtcp *r)
{
    size_t at = 4 + (p->pt == PT_SR ? SENDER_INFO : 0);
    if (p->len < at + BLOCK * (size_t)p->count)
        return PL_EPROTO;
    r->sender = pl_be_get32(p->body);
    if (p->pt == PT_SR) {
        r->has_sr = true;
        r->sr_mid = pl_be_get32(p->body + 6);
    }
    for (unsigned i = 0; i < p->count; i++)
        read_block(p->body + at + BLOCK * (size_t)i, about, r);
    return PL_OK;
}

/* Chunks: SSRC, items (type, length, text), a zero, up to a whole word. */
static pl_err read_sdes(const part *p)
{
    size_t at = 0;
    for (unsigned i = 0; i < p->count; i++) {
        if (p->len - at < 8)
            return PL_EPROTO;
        at += 4;
        while (at < p->len && p->body[at] != 0) {
            if (p->len - at < 2 || p->len - at - 2 < p->body[at + 1])
                return PL_EPROTO;
            at += 2U + p->body[at + 1];
        }
        if (at >= p->len)
            return PL_EPROTO;
        at = (at / 4 + 1) * 4;
    }
    return PL_OK;
}

static pl_err read_bye(const part *p, pl_rtcp *r)
{
    if (p->len < 4 * (size_t)p->count)
        return PL_EPROTO;
    for (unsigned i = 0; i < p->count; i++) {
        if (pl_be_get32(p->body + 4 * (size_t)i) == r->sender)
            r->has_bye = true;
    }
    return PL_OK;
}

static pl_err read_part(const part *p, uint32_t about, pl_rtcp *r)
{
    switch (p->pt) {
    case PT_SR:
    case PT_RR: return read_report(p, about, r);
    case PT_SDES: return read_sdes(p);
    case PT_BYE: return read_bye(p, r);
    default:
        r->n_unknown++;
        return p->len >= 4 || p->pt < PT_FIRST ? PL_OK : PL_EPROTO;
    }
}

/* RFC 3550 section A.2: version 2 throughout, lengths that add up, padding in
 * the last one only. */
static pl_err next_part(const uint8_t *data, size_t len, size_t *at,
                        part *ret_part)
{
    const uint8_t *p = data + *at;
    size_t left = len - *at;
    if (left < HEAD || p[0] >> 6 != 2 || p[1] < PT_FIRST || p[1] > PT_LAST)
        return PL_EPROTO;
    size_t size = 4 * ((size_t)pl_be_get16(p + 2) + 1);
    if (size > left)
        return PL_EPROTO;
    size_t body = size - HEAD;
    if (p[0] & 0x20U) {
        if (size != left || body == 0)
            return PL_EPROTO;
        size_t padding = p[size - 1];
        if (padding == 0 || padding % 4 != 0 || padding > body)
            return PL_EPROTO;
        body -= padding;
    }
    *ret_part = (part){
        .count = p[0] & 0x1fU, .pt = p[1], .body = p + HEAD, .len = body};
    *at += size;
    return PL_OK;
}

pl_err pl_rtcp_parse(const uint8_t *data, size_t len, uint32_t about,
                     pl_rtcp *ret_rtcp)
{
    pl_rtcp r = {0};
    if (len < 8 || len % 4 != 0)
        return PL_EPROTO;
    /* SDES or BYE first has no report that would say whose it is. */
    if (data[1] == PT_SDES || data[1] == PT_BYE)
        return PL_EPROTO;
    for (size_t at = 0; at < len;) {
        part p;
        pl_err e = next_part(data, len, &at, &p);
        if (e == PL_OK)
            e = read_part(&p, about, &r);
        if (e != PL_OK)
            return e;
    }
    *ret_rtcp = r;
    return PL_OK;
}

/* Fill in the head of the packet that ends at out + end. */
static void put_head(uint8_t *out, size_t end, unsigned count, unsigned pt)
{
    out[0] = (uint8_t)(0x80U | count);
    out[1] = (uint8_t)pt;
    pl_be_put16(out + 2, (uint16_t)(end / 4 - 1));
}

static size_t put_report(const pl_rtcp_own *own, uint8_t *out)
{
    size_t at = HEAD;
    pl_be_put32(out + at, own->ssrc);
    at += 4;
    if (own->is_sender) {
        pl_be_put32(out + at, (uint32_t)(own->ntp >> 32));
        pl_be_put32(out + at + 4, (uint32_t)own->ntp);
        pl_be_put32(out + at + 8, own->rtp_ts);
        pl_be_put32(out + at + 12, own->packets);
        pl_be_put32(out + at + 16, own->bytes);
        at += SENDER_INFO;
    }
    const pl_rtp_report *r = own->report;
    if (r) {
        pl_be_put32(out + at, r->ssrc);
        out[at + 4] = r->fraction_lost;
        pl_be_put24(out + at + 5, r->lost);
        pl_be_put32(out + at + 8, r->max_xseq);
        pl_be_put32(out + at + 12, r->jitter);
        pl_be_put32(out + at + 16, r->last_sr);
        pl_be_put32(out + at + 20, r->delay_since_sr);
        at += BLOCK;
    }
    put_head(out, at, r ? 1 : 0, own->is_sender ? PT_SR : PT_RR);
    return at;
}

static size_t put_sdes(const pl_rtcp_own *own, uint8_t *out)
{
    size_t n = strnlen(own->cname, CNAME_CAP);
    pl_be_put32(out + HEAD, own->ssrc);
    out[HEAD + 4] = SDES_CNAME;
    out[HEAD + 5] = (uint8_t)n;
    memcpy(out + HEAD + 6, own->cname, n);
    size_t at = HEAD + 6 + n;
    do {
        out[at++] = 0;
    } while (at % 4 != 0);
    put_head(out, at, 1, PT_SDES);
    return at;
}

size_t pl_rtcp_write(const pl_rtcp_own *own, uint8_t *out)
{
    size_t at = put_report(own, out);
    at += put_sdes(own, out + at);
    if (own->is_bye) {
        pl_be_put32(out + at + HEAD, own->ssrc);
        put_head(out + at, HEAD + 4, 1, PT_BYE);
        at += HEAD + 4;
    }
    return at;
}

uint64_t pl_ntp_time(int64_t wall_us)
{
    uint64_t us = wall_us > 0 ? (uint64_t)wall_us : 0;
    uint64_t fraction = (us % 1000000 << 32) / 1000000;
    return ((us / 1000000 + NTP_UNIX_S) << 32) | fraction;
}

uint32_t pl_rtcp_rtt_us(uint32_t ntp_mid, uint32_t last_sr,
                        uint32_t delay_since_sr)
{
    if (last_sr == 0)
        return 0;
    uint32_t rtt = ntp_mid - last_sr - delay_since_sr;
    /* Above a minute it is a wrapped or made-up figure. */
    if (rtt > 60U << 16)
        return 0;
    return (uint32_t)((uint64_t)rtt * 1000000 >> 16);
}
