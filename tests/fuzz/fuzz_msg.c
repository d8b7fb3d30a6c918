/* Two bytes of message id, then any bytes: must decode or be refused; what
 * decodes must survive a round trip. With id 0 the rest is an envelope. */
#include <stdlib.h>
#include <string.h>

#include "envelope.h"
#include "pl/msg.h"
#include "pl/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void try_envelope(const uint8_t *data, size_t len)
{
    pl_bus_head head;
    pl_bus_head again;
    uint8_t buf[128];
    size_t n = 0;
    if (pl_envelope_decode(data, len, &head) != PL_OK)
        return;
    if (pl_envelope_encode(&head, buf, sizeof buf, &n) != PL_OK ||
        pl_envelope_decode(buf, n, &again) != PL_OK ||
        again.corr != head.corr || again.epoch != head.epoch ||
        strcmp(again.trace, head.trace) != 0) {
        abort();
    }
}

static void try_body(const pl_msg_desc *d, const uint8_t *data, size_t len)
{
    static _Alignas(max_align_t) uint8_t msg[16384];
    static _Alignas(max_align_t) uint8_t again[16384];
    static uint8_t buf[PL_WIRE_MAX_BYTES];
    static uint8_t buf_again[PL_WIRE_MAX_BYTES];
    size_t n = 0;
    size_t n_again = 0;
    if (pl_msg_max_size() > sizeof msg)
        abort();
    if (pl_msg_decode(d, data, len, msg) != PL_OK)
        return;
    /* The first encoding is canonical: unknown fields are gone, numbers short;
     * from there on nothing may change. */
    if (pl_msg_encode(d, msg, buf, sizeof buf, &n) != PL_OK || n > len ||
        pl_msg_decode(d, buf, n, again) != PL_OK ||
        pl_msg_encode(d, again, buf_again, sizeof buf_again, &n_again) !=
            PL_OK ||
        n_again != n || memcmp(buf, buf_again, n) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2)
        return 0;
    unsigned id = (unsigned)data[0] << 8 | data[1];
    const pl_msg_desc *d = pl_msg_find(id);
    if (d)
        try_body(d, data + 2, len - 2);
    else
        try_envelope(data + 2, len - 2);
    return 0;
}
