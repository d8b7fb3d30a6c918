/* ip.c - text and networks of addresses. */
#include "pl/ip.h"

#include <string.h>

#include "pl/str.h"

static const uint8_t V4_PREFIX[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};

bool pl_ip_is_v4(const pl_ip *ip)
{
    return memcmp(ip->b, V4_PREFIX, sizeof V4_PREFIX) == 0;
}

bool pl_ip_eq(const pl_ip *a, const pl_ip *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

bool pl_ip_is_loopback(const pl_ip *ip)
{
    static const pl_ip v6 = {{[15] = 1}};
    return pl_ip_is_v4(ip) ? ip->b[12] == 127 : pl_ip_eq(ip, &v6);
}

bool pl_ip_is_any(const pl_ip *ip)
{
    static const pl_ip zero = {{0}};
    return memcmp(ip->b + 12, zero.b, 4) == 0 &&
           (pl_ip_is_v4(ip) || pl_ip_eq(ip, &zero));
}

bool pl_ip_is_private(const pl_ip *ip)
{
    const uint8_t *v4 = ip->b + 12;
    if (!pl_ip_is_v4(ip)) {
        return (ip->b[0] & 0xfe) == 0xfc ||
               (ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80);
    }
    return v4[0] == 10 || (v4[0] == 172 && (v4[1] & 0xf0) == 16) ||
           (v4[0] == 192 && v4[1] == 168) || (v4[0] == 169 && v4[1] == 254) ||
           (v4[0] == 100 && (v4[1] & 0xc0) == 64);
}

bool pl_ip_is_multicast(const pl_ip *ip)
{
    if (pl_ip_is_v4(ip))
        return ip->b[12] >= 224; /* class D, class E and broadcast */
    return ip->b[0] == 0xff;
}

static pl_err parse_v4(pl_slice text, uint8_t out[4])
{
    size_t at = 0;
    for (unsigned i = 0; i < 4; i++) {
        size_t start = at;
        while (at < text.len && text.ptr[at] != '.')
            at++;
        pl_slice part = {text.ptr + start, at - start};
        uint64_t v = 0;
        if (part.len == 0 || part.len > 3 ||
            (part.len > 1 && part.ptr[0] == '0') ||
            pl_parse_u64(part, 255, &v) != PL_OK) {
            return PL_EINVAL;
        }
        out[i] = (uint8_t)v;
        if (i < 3 && at++ >= text.len)
            return PL_EINVAL;
    }
    return at == text.len ? PL_OK : PL_EINVAL;
}

/* One group of up to four hex digits at *at. */
static bool parse_group(pl_slice text, size_t *at, uint8_t out[2])
{
    unsigned v = 0;
    unsigned n = 0;
    while (*at < text.len && n < 4 && pl_hex_value(text.ptr[*at]) >= 0) {
        v = v * 16 + (unsigned)pl_hex_value(text.ptr[*at]);
        (*at)++;
        n++;
    }
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
    return n > 0;
}

static bool has_dot(pl_slice text, size_t at)
{
    return memchr(text.ptr + at, '.', text.len - at) != NULL &&
           memchr(text.ptr + at, ':', text.len - at) == NULL;
}

enum { NO_GAP = 99 };

/* State of reading: bytes so far, and how many stood before the "::". */
typedef struct v6_reader {
    uint8_t head[16];
    size_t n, gap, at;
} v6_reader;

/* Read one group, or the IPv4 tail, with the colons behind it. */
static pl_err take_v6_part(pl_slice text, v6_reader *r)
{
    if (has_dot(text, r->at)) {
        pl_slice v4 = {text.ptr + r->at, text.len - r->at};
        if (r->n > 12 || parse_v4(v4, r->head + r->n) != PL_OK)
            return PL_EINVAL;
        r->n += 4;
        r->at = text.len;
        return PL_OK;
    }
    if (r->n > 14 || !parse_group(text, &r->at, r->head + r->n))
        return PL_EINVAL;
    r->n += 2;
    if (r->at == text.len)
        return PL_OK;
    if (text.ptr[r->at++] != ':' || r->at == text.len)
        return PL_EINVAL;
    if (text.ptr[r->at] == ':') {
        if (r->gap != NO_GAP)
            return PL_EINVAL;
        r->gap = r->n;
        r->at++;
    }
    return PL_OK;
}

static pl_err parse_v6(pl_slice text, pl_ip *ip)
{
    v6_reader r = {.gap = NO_GAP};
    if (text.len >= 2 && text.ptr[0] == ':' && text.ptr[1] == ':') {
        r.gap = 0;
        r.at = 2;
    }
    while (r.at < text.len) {
        if (take_v6_part(text, &r) != PL_OK)
            return PL_EINVAL;
    }
    bool is_whole = r.gap == NO_GAP ? r.n == 16 : r.n <= 14;
    if (!is_whole)
        return PL_EINVAL;
    *ip = (pl_ip){{0}};
    size_t left = r.gap == NO_GAP ? 16 : r.gap;
    memcpy(ip->b, r.head, left);
    if (r.gap != NO_GAP)
        memcpy(ip->b + 16 - (r.n - r.gap), r.head + r.gap, r.n - r.gap);
    return PL_OK;
}

pl_err pl_ip_parse(pl_slice text, pl_ip *ret_ip)
{
    if (text.len >= 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']') {
        text.ptr++;
        text.len -= 2;
        if (!memchr(text.ptr, ':', text.len))
            return PL_EINVAL;
    }
    if (text.len == 0 || text.len >= PL_IP_TEXT)
        return PL_EINVAL;
    pl_ip ip = {{0}};
    pl_err e = PL_OK;
    if (memchr(text.ptr, ':', text.len)) {
        e = parse_v6(text, &ip);
    } else {
        memcpy(ip.b, V4_PREFIX, sizeof V4_PREFIX);
        e = parse_v4(text, ip.b + 12);
    }
    if (e == PL_OK)
        *ret_ip = ip;
    return e;
}

static unsigned group(const pl_ip *ip, size_t i)
{
    return (unsigned)(ip->b[2 * i] << 8 | ip->b[2 * i + 1]);
}

void pl_ip_text(const pl_ip *ip, char buf[PL_IP_TEXT])
{
    if (pl_ip_is_v4(ip)) {
        pl_fmt_cut(buf, PL_IP_TEXT, "%u.%u.%u.%u", ip->b[12], ip->b[13],
                   ip->b[14], ip->b[15]);
        return;
    }
    size_t n = 0;
    bool is_cut = false;
    buf[0] = '\0';
    for (unsigned i = 0; i < 8; i++) {
        unsigned run = 0;
        while (!is_cut && i + run < 8 && group(ip, i + run) == 0)
            run++;
        if (run >= 2) {
            pl_fmt_cut(buf + n, PL_IP_TEXT - n, i == 0 ? "::" : ":");
            is_cut = true;
            i += run - 1;
        } else {
            pl_fmt_cut(buf + n, PL_IP_TEXT - n, i < 7 ? "%x:" : "%x",
                       group(ip, i));
        }
        n += strlen(buf + n);
    }
}

pl_err pl_ip_port_parse(pl_slice text, pl_ip *ret_ip, uint16_t *ret_port)
{
    size_t colon = text.len;
    for (size_t i = 0; i < text.len && text.ptr[0] == '['; i++) {
        if (text.ptr[i] == ']') {
            colon = i + 1;
            break;
        }
    }
    if (text.len == 0)
        return PL_EINVAL;
    if (text.ptr[0] != '[') {
        const uint8_t *p = memchr(text.ptr, ':', text.len);
        colon = p ? (size_t)(p - text.ptr) : text.len;
    }
    pl_ip ip = {{0}};
    if (pl_ip_parse((pl_slice){text.ptr, colon}, &ip) != PL_OK)
        return PL_EINVAL;
    uint64_t port = 0;
    if (colon < text.len) {
        pl_slice digits = {text.ptr + colon + 1, text.len - colon - 1};
        if (text.ptr[colon] != ':' ||
            pl_parse_u64(digits, 65535, &port) != PL_OK || port == 0) {
            return PL_EINVAL;
        }
    }
    *ret_ip = ip;
    *ret_port = (uint16_t)port;
    return PL_OK;
}

pl_err pl_cidr_add(pl_cidr_list *list, pl_slice text)
{
    const uint8_t *slash = memchr(text.ptr, '/', text.len);
    size_t n = slash ? (size_t)(slash - text.ptr) : text.len;
    pl_ip net = {{0}};
    if (pl_ip_parse((pl_slice){text.ptr, n}, &net) != PL_OK)
        return PL_EINVAL;
    uint64_t bits = pl_ip_is_v4(&net) ? 32 : 128;
    if (slash && pl_parse_u64((pl_slice){slash + 1, text.len - n - 1}, bits,
                              &bits) != PL_OK) {
        return PL_EINVAL;
    }
    if (list->n == PL_CIDR_MAX)
        return PL_EFULL;
    list->row[list->n].net = net;
    list->row[list->n].bits = (uint8_t)(pl_ip_is_v4(&net) ? bits + 96 : bits);
    list->n++;
    return PL_OK;
}

bool pl_word_next(pl_slice *rest, pl_slice *ret_word)
{
    size_t i = 0;
    while (i < rest->len && (rest->ptr[i] == ' ' || rest->ptr[i] == ',' ||
                             rest->ptr[i] == '\t')) {
        i++;
    }
    size_t start = i;
    while (i < rest->len && rest->ptr[i] != ' ' && rest->ptr[i] != ',' &&
           rest->ptr[i] != '\t') {
        i++;
    }
    if (i == start)
        return false;
    *ret_word = (pl_slice){rest->ptr + start, i - start};
    rest->ptr += i;
    rest->len -= i;
    return true;
}

pl_err pl_cidr_parse(pl_slice text, pl_cidr_list *ret_list)
{
    pl_cidr_list list = {.n = 0};
    pl_slice word = {0};
    while (pl_word_next(&text, &word)) {
        pl_err e = pl_cidr_add(&list, word);
        if (e != PL_OK)
            return e;
    }
    *ret_list = list;
    return PL_OK;
}

static bool in_network(const pl_ip *ip, const pl_ip *net, unsigned bits)
{
    if (memcmp(ip->b, net->b, bits / 8) != 0)
        return false;
    if (bits % 8 == 0)
        return true;
    unsigned shift = 8 - bits % 8;
    return ip->b[bits / 8] >> shift == net->b[bits / 8] >> shift;
}

bool pl_cidr_has(const pl_cidr_list *list, const pl_ip *ip)
{
    for (unsigned i = 0; i < list->n; i++) {
        if (in_network(ip, &list->row[i].net, list->row[i].bits))
            return true;
    }
    return false;
}

#define V4(a, b, c, d)                                                         \
    {                                                                          \
        {                                                                      \
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, (a), (b), (c), (d)         \
        }                                                                      \
    }

/* Blocks that are not public. IPv4: this network, private, shared, loopback,
 * link-local with the metadata services, private, protocols, examples, 6to4,
 * private, benchmarks, examples, examples, multicast, reserved. IPv6: protocols
 * with Teredo, examples, 6to4 (which holds an IPv4 address), examples. */
static const struct special {
    pl_ip net;
    unsigned bits;
} SPECIAL[] = {
    {V4(0, 0, 0, 0), 96 + 8},
    {V4(10, 0, 0, 0), 96 + 8},
    {V4(100, 64, 0, 0), 96 + 10},
    {V4(127, 0, 0, 0), 96 + 8},
    {V4(169, 254, 0, 0), 96 + 16},
    {V4(172, 16, 0, 0), 96 + 12},
    {V4(192, 0, 0, 0), 96 + 24},
    {V4(192, 0, 2, 0), 96 + 24},
    {V4(192, 88, 99, 0), 96 + 24},
    {V4(192, 168, 0, 0), 96 + 16},
    {V4(198, 18, 0, 0), 96 + 15},
    {V4(198, 51, 100, 0), 96 + 24},
    {V4(203, 0, 113, 0), 96 + 24},
    {V4(224, 0, 0, 0), 96 + 4},
    {V4(240, 0, 0, 0), 96 + 4},
    {{{0x20, 0x01}}, 23},
    {{{0x20, 0x01, 0x0d, 0xb8}}, 32},
    {{{0x20, 0x02}}, 16},
    {{{0x3f, 0xff}}, 20},
};

bool pl_ip_is_public(const pl_ip *ip)
{
    static const pl_ip global = {{0x20}};
    for (size_t i = 0; i < sizeof SPECIAL / sizeof SPECIAL[0]; i++) {
        if (in_network(ip, &SPECIAL[i].net, SPECIAL[i].bits))
            return false;
    }
    return pl_ip_is_v4(ip) || in_network(ip, &global, 3);
}
