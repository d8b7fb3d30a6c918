/* packet_pool.h - received payloads, from a pool that grows only when legs are
 * added. There are small packets, which hold whatever telephones and voice in
 * Opus send, and a few large ones for the rest. */
#ifndef PL_PACKET_POOL_H
#define PL_PACKET_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec_kind.h"
#include "pl/err.h"

enum {
    PL_PAYLOAD_MAX = 1275,  /* RFC 6716 section 3.4, one frame */
    PL_PAYLOAD_SMALL = 480, /* 60 ms of G.711 */
    /* A leg's share: 640 ms in packets of 20 ms. */
    PL_POOL_SMALL = 32,
    PL_POOL_LARGE = 4
};

typedef struct pl_packet {
    struct pl_packet *next;
    int64_t ts48;      /* extended timestamp in 48 kHz samples */
    uint32_t xseq;     /* extended sequence number */
    uint16_t duration; /* 48 kHz samples */
    uint16_t len;
    pl_codec_kind codec;
    bool is_large;
    bool has_level;
    bool is_copy;  /* came along with a later packet (RFC 2198) */
    uint8_t level; /* -dBov, RFC 6464 */
    uint8_t data[];
} pl_packet;

typedef struct pl_packet_pool pl_packet_pool;

PL_MUST_USE pl_err pl_packet_pool_create(pl_packet_pool **ret_pool);
/* Free the pool with all packets, also those taken. */
void pl_packet_pool_destroy(pl_packet_pool **pool);
/* Add one leg's share. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_packet_pool_grow(pl_packet_pool *pool);
/* A leg is gone: the next grow adds nothing. */
void pl_packet_pool_spare(pl_packet_pool *pool);
/* A packet for len bytes (<= PL_PAYLOAD_MAX), or NULL. One who holds more than
 * his share (n_held packets) gets one only while more than half are free. */
pl_packet *pl_packet_pool_take(pl_packet_pool *pool, size_t len, size_t n_held);
void pl_packet_pool_give(pl_packet_pool *pool, pl_packet *packet);
/* Packets of both sizes that are free. */
size_t pl_packet_pool_free_count(const pl_packet_pool *pool);

#endif
