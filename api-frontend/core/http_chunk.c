/* http_chunk.c - decoder of chunked request bodies. */
#include "http_chunk.h"

#include "pl/str.h"

enum { MAX_DIGITS = 8 };
enum { SIZE, SIZE_LF, DATA, DATA_CR, DATA_LF, END_CR, END_LF, DONE };

static pl_err size_char(pl_http_chunk *chunk, uint8_t c)
{
    int digit = pl_hex_value(c);
    if (digit >= 0 && chunk->n_digits < MAX_DIGITS) {
        chunk->left = chunk->left * 16 + (uint64_t)digit;
        chunk->n_digits++;
        return PL_OK;
    }
    if (c != '\r' || chunk->n_digits == 0)
        return PL_EPROTO;
    chunk->state = SIZE_LF;
    return PL_OK;
}

static pl_err expect(pl_http_chunk *chunk, uint8_t c, uint8_t wanted, int next)
{
    if (c != wanted)
        return PL_EPROTO;
    chunk->state = next;
    return PL_OK;
}

static pl_err frame_char(pl_http_chunk *chunk, uint8_t c)
{
    switch (chunk->state) {
    case SIZE: return size_char(chunk, c);
    case SIZE_LF:
        chunk->n_digits = 0;
        return expect(chunk, c, '\n', chunk->left > 0 ? DATA : END_CR);
    case DATA_CR: return expect(chunk, c, '\r', DATA_LF);
    case DATA_LF: return expect(chunk, c, '\n', SIZE);
    case END_CR: return expect(chunk, c, '\r', END_LF);
    case END_LF: return expect(chunk, c, '\n', DONE);
    default: return PL_EPROTO;
    }
}

pl_err pl_http_chunk_feed(pl_http_chunk *chunk, const uint8_t *data, size_t len,
                          pl_buf *out, size_t *ret_used)
{
    size_t i = 0;
    while (i < len && chunk->state != DONE) {
        if (chunk->state == DATA) {
            size_t n = len - i;
            n = n < chunk->left ? n : (size_t)chunk->left;
            pl_buf_add(out, data + i, n);
            if (out->has_failed)
                return PL_ETOOBIG;
            i += n;
            chunk->left -= n;
            if (chunk->left == 0)
                chunk->state = DATA_CR;
            continue;
        }
        bool was_size = chunk->state == SIZE_LF;
        pl_err e = frame_char(chunk, data[i++]);
        if (e)
            return e;
        if (was_size && chunk->left > out->max)
            return PL_ETOOBIG;
    }
    *ret_used = i;
    return chunk->state == DONE ? PL_OK : PL_EAGAIN;
}
