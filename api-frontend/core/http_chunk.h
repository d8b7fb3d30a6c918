/* http_chunk.h - decoder of chunked request bodies, fed piece by piece.
 * Stricter than RFC 9112 section 7.1: no chunk extensions, no trailers, at
 * most 8 hex digits. */
#ifndef PL_API_HTTP_CHUNK_H
#define PL_API_HTTP_CHUNK_H

#include "pl/buf.h"

typedef struct pl_http_chunk {
    int state;
    unsigned n_digits;
    uint64_t left;
} pl_http_chunk;

/* Decode data[len], appending to *out (whose max bounds the body). Begin with
 * a zeroed struct.
 * ret_used: bytes consumed; all of them unless the body ended.
 * Errors:   PL_EAGAIN more is needed; PL_EPROTO; PL_ETOOBIG */
PL_MUST_USE pl_err pl_http_chunk_feed(pl_http_chunk *chunk, const uint8_t *data,
                                      size_t len, pl_buf *out,
                                      size_t *ret_used);

#endif
