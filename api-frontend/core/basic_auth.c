/* basic_auth.c - see basic_auth.h. */
#include "basic_auth.h"

#include <string.h>

#include "base64.h"

enum { SCHEME = 6 };

bool pl_basic_is(pl_slice header)
{
    return header.len >= SCHEME &&
           pl_slice_eq_nocase((pl_slice){header.ptr, SCHEME}, "Basic ");
}

pl_err pl_basic_read(pl_slice header, pl_buf *pair, pl_slice *ret_user,
                     pl_slice *ret_password)
{
    if (!pl_basic_is(header) ||
        pl_base64_decode((pl_slice){header.ptr + SCHEME, header.len - SCHEME},
                         pair))
        return PL_EAUTH;
    pl_slice text = pl_buf_slice(pair);
    const uint8_t *colon =
        text.len > 0 ? memchr(text.ptr, ':', text.len) : NULL;
    if (!colon || memchr(text.ptr, '\0', text.len))
        return PL_EAUTH;
    size_t n = (size_t)(colon - text.ptr);
    *ret_user = (pl_slice){text.ptr, n};
    *ret_password = (pl_slice){colon + 1, text.len - n - 1};
    return PL_OK;
}

pl_err pl_bearer_read(pl_slice header, pl_slice *ret_token)
{
    enum { BEARER = 7 };
    if (header.len <= BEARER ||
        !pl_slice_eq_nocase((pl_slice){header.ptr, BEARER}, "Bearer "))
        return PL_EAUTH;
    for (size_t i = BEARER; i < header.len; i++) {
        if (header.ptr[i] <= 0x20 || header.ptr[i] >= 0x7f)
            return PL_EAUTH;
    }
    *ret_token = (pl_slice){header.ptr + BEARER, header.len - BEARER};
    return PL_OK;
}
