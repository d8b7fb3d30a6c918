/* slice.c - comparisons of borrowed bytes. */
#include "pl/slice.h"

#include <string.h>

pl_slice pl_slice_str(const char *text)
{
    return (pl_slice){.ptr = (const uint8_t *)text,
                      .len = text ? strlen(text) : 0};
}

bool pl_slice_eq(pl_slice a, pl_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool pl_slice_eq_str(pl_slice a, const char *text)
{
    return pl_slice_eq(a, pl_slice_str(text));
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool pl_slice_eq_nocase(pl_slice a, const char *text)
{
    pl_slice b = pl_slice_str(text);
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    }
    return true;
}

bool pl_slice_eq_secret(pl_slice a, pl_slice b)
{
    if (a.len != b.len)
        return false;
    volatile uint8_t differ = 0; /* volatile: no early exit by the compiler */
    for (size_t i = 0; i < a.len; i++)
        differ = (uint8_t)(differ | (a.ptr[i] ^ b.ptr[i]));
    return differ == 0;
}
