/* base64.c - strict base64url and base64. */
#include "base64.h"

#include <string.h>

static const char URL_ALPHABET[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char ALPHABET[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static pl_err decode(pl_slice text, const char *alphabet, pl_buf *out)
{
    uint32_t bits = 0;
    unsigned n_bits = 0;
    if (text.len % 4 == 1)
        return PL_EPROTO;
    for (size_t i = 0; i < text.len; i++) {
        const char *at =
            text.ptr[i] ? strchr(alphabet, (char)text.ptr[i]) : NULL;
        if (!at)
            return PL_EPROTO;
        bits = (bits << 6) | (uint32_t)(at - alphabet);
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            uint8_t byte = (uint8_t)(bits >> n_bits);
            pl_buf_add(out, &byte, 1);
            bits &= (UINT32_C(1) << n_bits) - 1;
        }
    }
    if (bits != 0) /* RFC 4648 section 3.5 */
        return PL_EPROTO;
    return out->has_failed ? PL_EFULL : PL_OK;
}

pl_err pl_base64url_decode(pl_slice text, pl_buf *out)
{
    return decode(text, URL_ALPHABET, out);
}

pl_err pl_base64_decode(pl_slice text, pl_buf *out)
{
    if (text.len % 4 != 0)
        return PL_EPROTO;
    for (int i = 0; i < 2 && text.len > 0; i++) {
        if (text.ptr[text.len - 1] == '=')
            text.len--;
    }
    return decode(text, ALPHABET, out);
}

static void encode(pl_slice data, const char *alphabet, pl_buf *out)
{
    uint32_t bits = 0;
    unsigned n_bits = 0;
    for (size_t i = 0; i < data.len; i++) {
        bits = (bits << 8) | data.ptr[i];
        n_bits += 8;
        while (n_bits >= 6) {
            n_bits -= 6;
            pl_buf_add(out, &alphabet[(bits >> n_bits) & 63], 1);
        }
        bits &= (UINT32_C(1) << n_bits) - 1;
    }
    if (n_bits > 0)
        pl_buf_add(out, &alphabet[(bits << (6 - n_bits)) & 63], 1);
}

void pl_base64url_encode(pl_slice data, pl_buf *out)
{
    encode(data, URL_ALPHABET, out);
}

void pl_base64_encode(pl_slice data, pl_buf *out)
{
    encode(data, ALPHABET, out);
    for (size_t i = data.len % 3; i > 0 && i < 3; i++)
        pl_buf_add_str(out, "=");
}
