/* red.h - redundant audio data: several payloads in one RTP packet.
 *
 *  |1|   block PT  |      timestamp offset     |   block length    |  older
 *  |0|   block PT  |                                                primary
 *
 * The headers come first, then the data in the same order; the primary's
 * length is what is left. Source: RFC 2198 section 3 */
#ifndef PL_RED_H
#define PL_RED_H

#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"

enum {
    PL_RED_BLOCKS = 8,          /* read at most; browsers send two to four */
    PL_RED_OFFSET_MAX = 0x3fff, /* timestamp units: 341 ms of Opus */
    PL_RED_LEN_MAX = 0x3ff      /* bytes of an older block */
};

typedef struct pl_red_block {
    uint8_t pt;
    uint32_t offset; /* timestamp units before the packet's; primary: 0 */
    const uint8_t *data;
    size_t len; /* may be 0: nothing was said then */
} pl_red_block;

/* Blocks in the order of the packet: oldest first, the primary last. */
typedef struct pl_red {
    size_t n; /* at least 1 */
    pl_red_block block[PL_RED_BLOCKS];
} pl_red;

/* Read a payload; pointers in *ret_red are borrowed from data.
 * Errors: PL_EPROTO cut short; PL_ETOOBIG more blocks than PL_RED_BLOCKS */
PL_MUST_USE pl_err pl_red_parse(const uint8_t *data, size_t len,
                                pl_red *ret_red);
/* Write a payload into out[cap]. Errors: PL_EINVAL no block, or a figure that
 * the header cannot hold; PL_EFULL it does not fit */
PL_MUST_USE pl_err pl_red_write(const pl_red *red, uint8_t *out, size_t cap,
                                size_t *ret_len);

#endif
