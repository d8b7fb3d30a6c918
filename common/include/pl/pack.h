/* pack.h - values as bytes and back, by one function for both ways.
 *
 * A function that visits the members of a struct with these calls writes it
 * when the pack writes and fills it when the pack reads, so that the two cannot
 * drift apart. The first failure sticks: later calls do nothing. What was read
 * is within the bounds given here and nothing more; the caller checks what it
 * means. Numbers are big-endian; nothing is aligned or padded. */
#ifndef PL_PACK_H
#define PL_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"

typedef struct pl_pack {
    uint8_t *to;         /* writing; else NULL */
    const uint8_t *from; /* reading; else NULL */
    size_t left;         /* bytes, of either */
    size_t done;
    pl_err error; /* PL_EFULL writing, PL_EPROTO reading */
} pl_pack;

pl_pack pl_pack_writer(uint8_t *buf, size_t cap);
pl_pack pl_pack_reader(pl_slice bytes);
bool pl_pack_is_reading(const pl_pack *pack);
/* Make a value that was read fail. */
void pl_pack_refuse(pl_pack *pack);
/* Errors: PL_EFULL it did not fit; PL_EPROTO malformed, or bytes are left. */
PL_MUST_USE pl_err pl_pack_end(const pl_pack *pack);

void pl_pack_u8(pl_pack *pack, uint8_t *value);
void pl_pack_u16(pl_pack *pack, uint16_t *value);
void pl_pack_u32(pl_pack *pack, uint32_t *value);
void pl_pack_u64(pl_pack *pack, uint64_t *value);
/* One byte: 0 or 1. */
void pl_pack_bool(pl_pack *pack, bool *value);
/* One byte: first..last; what is to be written must be within, too. */
void pl_pack_choice(pl_pack *pack, unsigned *value, unsigned first,
                    unsigned last);
/* Entries in a list, at most max (255 or less). */
void pl_pack_count(pl_pack *pack, size_t *n, size_t max);
/* len bytes as they are. */
void pl_pack_bytes(pl_pack *pack, void *data, size_t len);
/* A C string in buf[cap]; none of its bytes is 0. */
void pl_pack_text(pl_pack *pack, char *buf, size_t cap);
/* Bytes with their length, at most 65535, borrowed from what is read. */
void pl_pack_slice(pl_pack *pack, pl_slice *bytes);

#endif
