/* dtls_record.c - records and handshake fragments, as far as they are in the
 * clear. */
#include "core/dtls_record.h"

#include "core/be.h"

enum {
    MESSAGE_HEADER = 12, /* RFC 6347 section 4.2.2 */
    VERSION_MAJOR = 0xfe,
    /* RFC 5246 section 7.4, those of a client */
    CLIENT_HELLO = 1,
    CERTIFICATE = 11,
    CLIENT_KEY_EXCHANGE = 16,
    CERTIFICATE_VERIFY = 15,
};

static bool is_from_client(uint8_t message)
{
    return message == CLIENT_HELLO || message == CERTIFICATE ||
           message == CLIENT_KEY_EXCHANGE || message == CERTIFICATE_VERIFY;
}

/* One record's handshake fragments fill it and lie within their messages. */
static bool are_fragments(const uint8_t *body, size_t len)
{
    size_t at = 0;
    while (len - at >= MESSAGE_HEADER) {
        const uint8_t *m = body + at;
        uint32_t whole = pl_be_get24(m + 1);
        uint32_t from = pl_be_get24(m + 6);
        uint32_t size = pl_be_get24(m + 9);
        at += MESSAGE_HEADER;
        if (!is_from_client(m[0]) || whole > PL_DTLS_MESSAGE_MAX ||
            from > whole || size > whole - from || size > len - at)
            return false;
        at += size;
    }
    return len > 0 && at == len;
}

static bool is_in_clear_ok(uint8_t type, const uint8_t *body, size_t len)
{
    if (type == PL_DTLS_HANDSHAKE)
        return are_fragments(body, len);
    return type == PL_DTLS_CHANGE_CIPHER_SPEC && len == 1 && body[0] == 1;
}

bool pl_dtls_next_record(const uint8_t *data, size_t len, size_t *at,
                         pl_dtls_record *ret_record)
{
    if (*at > len || len - *at < PL_DTLS_RECORD_HEADER)
        return false;
    const uint8_t *r = data + *at;
    size_t size = pl_be_get16(r + 11);
    if (r[1] != VERSION_MAJOR || size > len - *at - PL_DTLS_RECORD_HEADER)
        return false;
    *ret_record = (pl_dtls_record){.type = r[0],
                                   .minor = r[2],
                                   .epoch = pl_be_get16(r + 3),
                                   .seq = (uint64_t)pl_be_get16(r + 5) << 32 |
                                          pl_be_get32(r + 7),
                                   .body = r + PL_DTLS_RECORD_HEADER,
                                   .len = size};
    *at += PL_DTLS_RECORD_HEADER + size;
    return true;
}

bool pl_dtls_is_handshake(const uint8_t *data, size_t len, bool is_begin)
{
    size_t at = 0;
    pl_dtls_record r;
    if (is_begin &&
        (len <= PL_DTLS_RECORD_HEADER || data[0] != PL_DTLS_HANDSHAKE ||
         pl_be_get16(data + 3) != 0 ||
         data[PL_DTLS_RECORD_HEADER] != CLIENT_HELLO))
        return false;
    while (pl_dtls_next_record(data, len, &at, &r)) {
        if (r.epoch == 0 && !is_in_clear_ok(r.type, r.body, r.len))
            return false;
    }
    return len > 0 && at == len;
}
