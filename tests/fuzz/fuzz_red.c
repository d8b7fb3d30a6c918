/* fuzz_red.c - RFC 2198 payloads: what is read lies inside the packet, and
 * reads the same when it is written anew. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/red.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_same(const pl_red *a, const pl_red *b)
{
    if (a->n != b->n)
        abort();
    for (size_t i = 0; i < a->n; i++) {
        if (a->block[i].pt != b->block[i].pt ||
            a->block[i].offset != b->block[i].offset ||
            a->block[i].len != b->block[i].len ||
            memcmp(a->block[i].data, b->block[i].data, a->block[i].len) != 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t out[1 << 16];
    pl_red red, again;
    size_t total = 0;
    if (len > sizeof out || pl_red_parse(data, len, &red) != PL_OK)
        return 0;
    for (size_t i = 0; i < red.n; i++) {
        if (red.block[i].data < data ||
            red.block[i].data + red.block[i].len > data + len)
            abort();
    }
    if (pl_red_write(&red, out, sizeof out, &total) != PL_OK || total != len ||
        pl_red_parse(out, total, &again) != PL_OK)
        abort();
    check_same(&red, &again);
    return 0;
}
