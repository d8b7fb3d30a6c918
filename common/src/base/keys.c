/* keys.c - see keys.h. */
#include "pl/keys.h"

#include <string.h>

bool pl_is_keys(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!text.ptr[i] || !strchr("0123456789*#ABCDabcd,", text.ptr[i]))
            return false;
    }
    return text.len > 0 && text.len <= PL_KEYS_MAX;
}
