/* wire.h - bounded scan of the msgpack subset on the bus. */
#ifndef PL_WIRE_H
#define PL_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"

enum {
    PL_WIRE_MAX_DEPTH = 8,      /* nesting levels */
    PL_WIRE_MAX_BYTES = 393216, /* one message */
};

/* Check that buf holds exactly one msgpack value whose declared counts all fit
 * in the bytes present. Run before msgpack_unpack_next(): that call reserves
 * memory from the declared count alone.
 * Errors: PL_EPROTO. Context: any thread, O(len), no allocation. */
PL_MUST_USE pl_err pl_wire_scan(const uint8_t *buf, size_t len);

#endif
