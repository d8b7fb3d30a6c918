/* rtp.c - reading and writing RTP headers.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *  |                           timestamp                           |
 *  |                             SSRC                              |
 *  |                          CSRC * CC                            |
 *  |        profile (X)            |     words that follow         | */
#include "core/rtp.h"

#include "core/be.h"

enum {
    RTP_VERSION = 2,
    RTCP_PT_FIRST = 64,
    RTCP_PT_LAST = 95,
    EXT_ONE_BYTE = 0xbede,
    EXT_TWO_BYTE = 0x1000,
    EXT_STOP_ID = 15
};

bool pl_rtp_is_rtcp(const uint8_t *data, size_t len)
{
    unsigned pt = len >= 2 ? data[1] & 0x7fU : 0;
    return pt >= RTCP_PT_FIRST && pt <= RTCP_PT_LAST;
}

/* Step over contributors and extension; the offset of the payload. */
static pl_err skip_head(const uint8_t *data, size_t len, pl_rtp *rtp,
                        size_t *ret_at)
{
    size_t at = PL_RTP_HEADER + 4 * (size_t)(data[0] & 0x0fU);
    if (at > len)
        return PL_EPROTO;
    if (data[0] & 0x10U) {
        if (len - at < 4)
            return PL_EPROTO;
        size_t ext_len = 4 * (size_t)pl_be_get16(data + at + 2);
        if (ext_len > len - at - 4)
            return PL_EPROTO;
        rtp->ext_profile = pl_be_get16(data + at);
        rtp->ext = data + at + 4;
        rtp->ext_len = ext_len;
        at += 4 + ext_len;
    }
    *ret_at = at;
    return PL_OK;
}

pl_err pl_rtp_parse(const uint8_t *data, size_t len, pl_rtp *ret_rtp)
{
    if (len < PL_RTP_HEADER || data[0] >> 6 != RTP_VERSION)
        return PL_EPROTO;
    pl_rtp rtp = {
        .marker = data[1] >> 7,
        .pt = data[1] & 0x7fU,
        .seq = pl_be_get16(data + 2),
        .ts = pl_be_get32(data + 4),
        .ssrc = pl_be_get32(data + 8),
    };
    size_t at = 0;
    pl_err e = skip_head(data, len, &rtp, &at);
    if (e != PL_OK)
        return e;
    size_t padding = 0;
    if (data[0] & 0x20U) { /* RFC 3550 section 5.1: last byte counts itself */
        if (at == len)
            return PL_EPROTO;
        padding = data[len - 1];
        if (padding == 0 || padding > len - at)
            return PL_EPROTO;
    }
    rtp.payload = data + at;
    rtp.payload_len = len - at - padding;
    *ret_rtp = rtp;
    return PL_OK;
}

/* One element of an extension: RFC 8285 section 4.2 (one-byte form), 4.3. */
typedef struct element {
    unsigned id;
    size_t len;
} element;

/* Read the head of the element at *at, and step over the head. */
static bool read_element(const pl_rtp *rtp, bool is_one, size_t *at,
                         element *ret_element)
{
    uint8_t head = rtp->ext[(*at)++];
    element el = {.id = head};
    if (is_one && head != 0) {
        el = (element){head >> 4, (head & 0x0fU) + 1U};
        if (el.id == EXT_STOP_ID)
            return false;
    } else if (head != 0) { /* 0: padding, without a length */
        if (*at == rtp->ext_len)
            return false;
        el.len = rtp->ext[(*at)++];
    }
    *ret_element = el;
    return el.len <= rtp->ext_len - *at;
}

static const uint8_t *find_ext(const pl_rtp *rtp, uint8_t id, size_t *ret_len)
{
    bool is_one = rtp->ext_profile == EXT_ONE_BYTE;
    if (!rtp->ext || (!is_one && (rtp->ext_profile & 0xfff0U) != EXT_TWO_BYTE))
        return NULL;
    size_t at = 0;
    element el;
    while (at < rtp->ext_len && read_element(rtp, is_one, &at, &el)) {
        if (el.id == id) {
            *ret_len = el.len;
            return rtp->ext + at;
        }
        at += el.len;
    }
    return NULL;
}

bool pl_rtp_level(const pl_rtp *rtp, uint8_t id, uint8_t *ret_level,
                  bool *ret_voice)
{
    size_t len = 0;
    const uint8_t *body = id ? find_ext(rtp, id, &len) : NULL;
    if (!body || len < 1)
        return false;
    *ret_level = body[0] & 0x7fU;
    *ret_voice = body[0] >> 7;
    return true;
}

void pl_rtp_write(const pl_rtp *rtp, uint8_t *out)
{
    out[0] = RTP_VERSION << 6;
    out[1] = (uint8_t)((rtp->marker ? 0x80U : 0U) | (rtp->pt & 0x7fU));
    pl_be_put16(out + 2, rtp->seq);
    pl_be_put32(out + 4, rtp->ts);
    pl_be_put32(out + 8, rtp->ssrc);
}
