/* addr.c - addresses: comparison, classes, text. */
#include "core/addr.h"

#include <arpa/inet.h>
#include <string.h>

#include "pl/str.h"

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

bool pl_addr_is_none(const pl_addr *a)
{
    static const pl_addr none = {.port = 0};
    return pl_addr_eq(a, &none);
}

bool pl_addr_eq(const pl_addr *a, const pl_addr *b)
{
    return a->port == b->port && pl_addr_eq_ip(a, b);
}

bool pl_addr_eq_ip(const pl_addr *a, const pl_addr *b)
{
    return memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool pl_addr_is_v4(const pl_addr *a)
{
    return memcmp(a->ip, v4_prefix, sizeof v4_prefix) == 0;
}

bool pl_addr_is_loopback(const pl_addr *a)
{
    static const uint8_t v6_loopback[16] = {[15] = 1};
    if (pl_addr_is_v4(a))
        return a->ip[12] == 127;
    return memcmp(a->ip, v6_loopback, sizeof v6_loopback) == 0;
}

bool pl_addr_is_unspecified(const pl_addr *a)
{
    static const uint8_t zero[16] = {0};
    if (pl_addr_is_v4(a))
        return memcmp(a->ip + 12, zero, 4) == 0;
    return memcmp(a->ip, zero, sizeof zero) == 0;
}

bool pl_addr_is_group(const pl_addr *a)
{
    if (pl_addr_is_v4(a)) {
        static const uint8_t broadcast[4] = {255, 255, 255, 255};
        return (a->ip[12] & 0xf0) == 0xe0 || a->ip[12] == 0 ||
               memcmp(a->ip + 12, broadcast, sizeof broadcast) == 0;
    }
    return a->ip[0] == 0xff || pl_addr_is_unspecified(a);
}

pl_err pl_addr_parse(const char *ip, uint16_t port, pl_addr *ret)
{
    pl_addr a = {.port = port};
    if (inet_pton(AF_INET, ip, a.ip + 12) == 1) {
        memcpy(a.ip, v4_prefix, sizeof v4_prefix);
    } else if (inet_pton(AF_INET6, ip, a.ip) != 1) {
        return PL_EINVAL;
    }
    *ret = a;
    return PL_OK;
}

void pl_addr_ip_text(const pl_addr *a, char buf[PL_ADDR_TEXT])
{
    buf[0] = '\0';
    if (pl_addr_is_v4(a)) {
        (void)inet_ntop(AF_INET, a->ip + 12, buf, PL_ADDR_TEXT);
    } else {
        (void)inet_ntop(AF_INET6, a->ip, buf, PL_ADDR_TEXT);
    }
}

void pl_addr_text(const pl_addr *a, char buf[PL_ADDR_TEXT])
{
    char ip[PL_ADDR_TEXT];
    pl_addr_ip_text(a, ip);
    pl_fmt_cut(buf, PL_ADDR_TEXT, pl_addr_is_v4(a) ? "%s:%u" : "[%s]:%u", ip,
               (unsigned)a->port);
}
