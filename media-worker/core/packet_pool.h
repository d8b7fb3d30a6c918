/* packet_pool.h - received payloads, from a pool that grows only when legs are
 * added. */
#ifndef PL_PACKET_POOL_H
#define PL_PACKET_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec_kind.h"
#include "pl/err.h"

enum { PL_PAYLOAD_MAX = 1275 }; /* RFC 6716 section 3.4, one frame */

typedef struct pl_packet {
    struct pl_packet *next;
    int64_t ts48;      /* extended timestamp in 48 kHz samples */
    uint32_t xseq;     /* extended sequence number */
    uint16_t duration; /* 48 kHz samples */
    uint16_t len;
    pl_codec_kind codec;
    bool has_level;
    uint8_t level; /* -dBov, RFC 6464 */
    uint8_t data[PL_PAYLOAD_MAX];
} pl_packet;

typedef struct pl_packet_pool pl_packet_pool;

PL_MUST_USE pl_err pl_packet_pool_create(pl_packet_pool **ret_pool);
/* Free the pool with all packets, also those taken. */
void pl_packet_pool_destroy(pl_packet_pool **pool);
/* Add n packets. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_packet_pool_grow(pl_packet_pool *pool, size_t n);
/* Make n fewer of the packets needed: the next grow adds that much less. */
void pl_packet_pool_spare(pl_packet_pool *pool, size_t n);
/* A packet, or NULL. `is_extra`: the asker holds its share already and gets
 * one only while more than half are free. */
pl_packet *pl_packet_pool_take(pl_packet_pool *pool, bool is_extra);
void pl_packet_pool_give(pl_packet_pool *pool, pl_packet *packet);
size_t pl_packet_pool_free_count(const pl_packet_pool *pool);

#endif
