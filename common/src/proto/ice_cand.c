/* ice_cand.c - candidate lines, RFC 8839 section 5.1. */
#include "pl/ice_cand.h"

#include <arpa/inet.h>
#include <string.h>

#include "pl/sdp.h"
#include "pl/str.h"

enum { MAX_COMPONENT = 256, MAX_PORT = 65535 };

static const struct {
    const char *text;
    pl_ice_type type;
    uint32_t preference; /* RFC 8445 section 5.1.2.2 */
} TYPES[] = {
    {"host", PL_ICE_HOST, 126},
    {"srflx", PL_ICE_SRFLX, 100},
    {"prflx", PL_ICE_PRFLX, 110},
    {"relay", PL_ICE_RELAY, 0},
};
enum { N_TYPES = sizeof TYPES / sizeof TYPES[0] };

unsigned pl_ip_family(const char *address)
{
    struct in6_addr bytes; /* large enough for both */
    if (inet_pton(AF_INET, address, &bytes) == 1)
        return 4;
    return inet_pton(AF_INET6, address, &bytes) == 1 ? 6 : 0;
}

/* IPv4 bytes of an address, mapped or not; false when it is something else. */
static bool read_v4(const char *address, uint8_t bytes[4])
{
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, bytes) == 1)
        return true;
    if (inet_pton(AF_INET6, address, &v6) != 1 || !IN6_IS_ADDR_V4MAPPED(&v6))
        return false;
    memcpy(bytes, &v6.s6_addr[12], 4);
    return true;
}

bool pl_ip_source_is_local(const char *address)
{
    struct in6_addr v6;
    uint8_t v4[4];
    if (read_v4(address, v4))
        return v4[0] == 127;
    return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

void pl_ip_source(const char *address, char buf[PL_IP_SOURCE_TEXT])
{
    enum { NETWORK_BYTES = 8 };
    struct in6_addr v6;
    uint8_t v4[4];
    char text[INET6_ADDRSTRLEN];
    if (read_v4(address, v4)) {
        pl_fmt_cut(buf, PL_IP_SOURCE_TEXT, "%u.%u.%u.%u", v4[0], v4[1], v4[2],
                   v4[3]);
    } else if (inet_pton(AF_INET6, address, &v6) == 1) {
        memset(&v6.s6_addr[NETWORK_BYTES], 0, sizeof v6 - NETWORK_BYTES);
        if (inet_ntop(AF_INET6, &v6, text, sizeof text))
            pl_fmt_cut(buf, PL_IP_SOURCE_TEXT, "%s/64", text);
    } else {
        pl_fmt_cut(buf, PL_IP_SOURCE_TEXT, "%s", address);
    }
}

static pl_err parse_type(pl_slice text, pl_ice_type *ret_type)
{
    for (size_t i = 0; i < N_TYPES; i++) {
        if (pl_slice_eq_nocase(text, TYPES[i].text)) {
            *ret_type = TYPES[i].type;
            return PL_OK;
        }
    }
    return PL_EPROTO;
}

pl_err pl_ice_cand_parse(pl_slice text, pl_ice_cand *ret_cand)
{
    static const char prefix[] = "candidate:";
    size_t n = sizeof prefix - 1;
    if (text.len >= n && memcmp(text.ptr, prefix, n) == 0) {
        text.ptr += n;
        text.len -= n;
    }
    pl_slice field[8];
    for (size_t i = 0; i < 8; i++)
        field[i] = pl_sdp_token(&text);
    pl_ice_cand c = {0};
    uint64_t component = 0;
    uint64_t priority = 0;
    uint64_t port = 0;
    if (field[0].len == 0 || field[4].len == 0 ||
        pl_copy(c.foundation, sizeof c.foundation, field[0]) != PL_OK ||
        pl_parse_u64(field[1], MAX_COMPONENT, &component) != PL_OK ||
        pl_parse_u64(field[3], UINT32_MAX, &priority) != PL_OK ||
        pl_copy(c.address, sizeof c.address, field[4]) != PL_OK ||
        pl_parse_u64(field[5], MAX_PORT, &port) != PL_OK ||
        !pl_slice_eq_nocase(field[6], "typ") || component == 0 ||
        parse_type(field[7], &c.type) != PL_OK)
        return PL_EPROTO;
    c.component = (uint32_t)component;
    c.is_udp = pl_slice_eq_nocase(field[2], "UDP");
    c.priority = (uint32_t)priority;
    c.family = pl_ip_family(c.address);
    c.port = (uint16_t)port;
    *ret_cand = c;
    return PL_OK;
}

static bool is_one_word(const char *text)
{
    return text[0] != '\0' && text[strcspn(text, " \t\r\n")] == '\0';
}

pl_err pl_ice_cand_write(const pl_ice_cand *cand, char *buf, size_t cap)
{
    if (!is_one_word(cand->foundation) || !is_one_word(cand->address))
        return PL_EINVAL;
    for (size_t i = 0; i < N_TYPES; i++) {
        if (TYPES[i].type == cand->type) {
            return pl_fmt(buf, cap, "candidate:%s %u %s %u %s %u typ %s",
                          cand->foundation, (unsigned)cand->component,
                          cand->is_udp ? "udp" : "tcp",
                          (unsigned)cand->priority, cand->address,
                          (unsigned)cand->port, TYPES[i].text);
        }
    }
    return PL_EINVAL;
}

uint32_t pl_ice_priority(pl_ice_type type, uint16_t local_pref,
                         uint32_t component)
{
    uint32_t preference = 0;
    for (size_t i = 0; i < N_TYPES; i++) {
        if (TYPES[i].type == type)
            preference = TYPES[i].preference;
    }
    if (component == 0 || component > MAX_COMPONENT)
        component = MAX_COMPONENT;
    return (preference << 24) + ((uint32_t)local_pref << 8) + 256 - component;
}

pl_err pl_ice_cand_host(const char *address, uint16_t port, unsigned index,
                        pl_ice_cand *ret_cand)
{
    pl_ice_cand c = {
        .component = 1, .is_udp = 1, .port = port, .type = PL_ICE_HOST};
    c.family = pl_ip_family(address);
    if (c.family == 0 || port == 0 || index > UINT16_MAX ||
        pl_fmt(c.address, sizeof c.address, "%s", address) != PL_OK ||
        pl_fmt(c.foundation, sizeof c.foundation, "%u", index + 1) != PL_OK)
        return PL_EINVAL;
    c.priority =
        pl_ice_priority(PL_ICE_HOST, (uint16_t)(UINT16_MAX - index), 1);
    *ret_cand = c;
    return PL_OK;
}
