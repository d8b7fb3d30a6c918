/* proxy_header.c - see proxy_header.h. */
#include "proxy_header.h"

#include <string.h>

enum {
    VERSION_2 = 0x20,
    LOCAL = 0,
    PROXY = 1,
    UNSPEC = 0, /* of family and transport */
    INET = 1,
    INET6 = 2,
    UNIX = 3,
    STREAM = 1,
    DGRAM = 2,
    TLV_HEAD = 3,
};

/* What each family's part begins with: both addresses, then both ports. */
static const size_t ADDRESSES[] = {
    [UNSPEC] = 0, [INET] = 12, [INET6] = 36, [UNIX] = 216};

static size_t read_u16(const uint8_t *at)
{
    return (size_t)at[0] << 8 | at[1];
}

pl_err pl_proxy_length(const uint8_t head[PL_PROXY_HEAD], size_t *ret_len)
{
    static const uint8_t signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                          0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
    if (memcmp(head, signature, sizeof signature) != 0 ||
        (head[12] & 0xf0) != VERSION_2 || (head[12] & 0x0f) > PROXY)
        return PL_EPROTO;
    size_t len = PL_PROXY_HEAD + read_u16(head + 14);
    if (len > PL_PROXY_MAX)
        return PL_ETOOBIG;
    *ret_len = len;
    return PL_OK;
}

/* What follows the addresses: type, length, value, to the very end. We need
 * none of them. */
static bool are_tlvs(const uint8_t *at, size_t left)
{
    while (left > 0) {
        if (left < TLV_HEAD || read_u16(at + 1) > left - TLV_HEAD)
            return false;
        size_t n = TLV_HEAD + read_u16(at + 1);
        at += n;
        left -= n;
    }
    return true;
}

static void read_client(const uint8_t *at, unsigned family,
                        pl_proxy_header *header)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    header->has_client = family == INET || family == INET6;
    if (family == INET) {
        memcpy(header->client.b, mapped, sizeof mapped);
        memcpy(header->client.b + sizeof mapped, at, 4);
    } else if (family == INET6) {
        memcpy(header->client.b, at, sizeof header->client.b);
    }
}

pl_err pl_proxy_parse(const uint8_t *bytes, size_t len,
                      pl_proxy_header *ret_header)
{
    pl_proxy_header header = {0};
    size_t said = 0;
    if (len < PL_PROXY_HEAD)
        return PL_EPROTO;
    pl_err e = pl_proxy_length(bytes, &said);
    if (e)
        return e;
    if (said != len)
        return PL_EPROTO;
    header.is_local = (bytes[12] & 0x0f) == LOCAL;
    if (!header.is_local) {
        unsigned family = bytes[13] >> 4;
        unsigned transport = bytes[13] & 0x0f;
        size_t rest = len - PL_PROXY_HEAD;
        if (family > UNIX || transport > DGRAM ||
            (family != UNSPEC && transport != STREAM) ||
            rest < ADDRESSES[family])
            return PL_EPROTO;
        const uint8_t *at = bytes + PL_PROXY_HEAD;
        if (family != UNSPEC &&
            !are_tlvs(at + ADDRESSES[family], rest - ADDRESSES[family]))
            return PL_EPROTO;
        read_client(at, family, &header);
    }
    *ret_header = header;
    return PL_OK;
}
