/* dtmf_info.c - keys in INFO bodies. */
#include "dtmf_info.h"

#include <string.h>

#include "pl/str.h"
#include "sip_head.h"

/* A key as a character, or as the event number of RFC 4733 section 3.2. */
static pl_err key_of(pl_slice text, char *ret)
{
    static const char keys[] = "0123456789*#ABCD";
    text = pl_sip_trim(text);
    if (text.len == 1) {
        char c = (char)text.ptr[0];
        if (c >= 'a' && c <= 'd')
            c = (char)(c - 'a' + 'A');
        if (c == '\0' || !strchr(keys, c))
            return PL_EPROTO;
        *ret = c;
        return PL_OK;
    }
    uint64_t n = 0;
    if (text.len != 2 || pl_parse_u64(text, 15, &n) != PL_OK || n < 10)
        return PL_EPROTO;
    *ret = keys[n];
    return PL_OK;
}

static pl_err parse_relay(pl_slice body, char *ret)
{
    while (body.len > 0) {
        const uint8_t *nl = memchr(body.ptr, '\n', body.len);
        size_t n = nl ? (size_t)(nl - body.ptr) : body.len;
        pl_slice line = {body.ptr, n};
        const uint8_t *eq = memchr(line.ptr, '=', line.len);
        if (eq) {
            pl_slice name = {line.ptr, (size_t)(eq - line.ptr)};
            pl_slice value = {eq + 1, line.len - name.len - 1};
            if (pl_slice_eq_nocase(pl_sip_trim(name), "Signal"))
                return key_of(value, ret);
        }
        body.ptr += nl ? n + 1 : n;
        body.len -= nl ? n + 1 : n;
    }
    return PL_EPROTO;
}

pl_err pl_dtmf_info_parse(const char *content_type, pl_slice body,
                          char *ret_digit)
{
    if (strcmp(content_type, "application/dtmf-relay") == 0)
        return parse_relay(body, ret_digit);
    if (strcmp(content_type, "application/dtmf") == 0)
        return key_of(body, ret_digit);
    return PL_EUNSUPPORTED;
}
