/* fuzz_dtls_record.c - what may be a part of a handshake; the first byte says
 * whether one is to begin. */
#include <stdlib.h>
#include <string.h>

#include "core/dtls_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t len = size - 1;
    uint8_t *copy = malloc(len); /* of its exact size: reads beyond are seen */
    if (!copy)
        return 0;
    memcpy(copy, data + 1, len);
    bool is_begin = data[0] & 1;
    pl_dtls_record r;
    size_t at = 0;
    for (size_t from = 0; pl_dtls_next_record(copy, len, &at, &r); from = at) {
        if (r.body != copy + from + PL_DTLS_RECORD_HEADER || r.seq >> 48 ||
            at != from + PL_DTLS_RECORD_HEADER + r.len || at > len)
            abort();
    }
    if (pl_dtls_is_handshake(copy, len, is_begin)) {
        bool is_in_clear = copy[3] == 0 && copy[4] == 0;
        if (is_in_clear && copy[0] == PL_DTLS_ALERT)
            abort();
        if (is_begin && !pl_dtls_is_handshake(copy, len, false))
            abort(); /* what may begin one may be repeated in it */
    }
    free(copy);
    return 0;
}
