/* packet_pool.h - received payloads, from a pool that grows only when legs are
 * added. It consists of blocks that hold 20 ms of a telephone or of voice in
 * Opus; a longer payload takes several of them. */
#ifndef PL_PACKET_POOL_H
#define PL_PACKET_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec_kind.h"
#include "pl/err.h"

enum {
    PL_PAYLOAD_MAX = 1275, /* RFC 6716 section 3.4, one frame */
    PL_POOL_BLOCK = 224,   /* bytes */
    PL_POOL_SHARE = 32     /* blocks a leg: 640 ms in packets of 20 ms */
};

typedef struct pl_packet {
    struct pl_packet *next;
    struct pl_packet_block *rest; /* of the payload; NULL: all in data */
    int64_t ts48;                 /* extended timestamp in 48 kHz samples */
    uint32_t xseq;                /* extended sequence number */
    uint32_t arrival_us;          /* low bits of its time of arrival */
    uint16_t duration;            /* 48 kHz samples */
    uint16_t len;
    uint8_t codec; /* pl_codec_kind */
    uint8_t level; /* -dBov, RFC 6464 */
    bool has_level;
    bool is_copy; /* came along with a later packet (RFC 2198) */
    uint8_t n_blocks;
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
/* A packet with a copy of payload[len] (<= PL_PAYLOAD_MAX), or NULL. One who
 * holds more than his share (n_held blocks) gets one only while more than half
 * are free. */
pl_packet *pl_packet_pool_take(pl_packet_pool *pool, const uint8_t *payload,
                               size_t len, size_t n_held);
void pl_packet_pool_give(pl_packet_pool *pool, pl_packet *packet);
/* The payload in one piece, packet->len bytes; valid until the next call. */
const uint8_t *pl_packet_payload(pl_packet_pool *pool, const pl_packet *packet);
/* Blocks that are free. */
size_t pl_packet_pool_free_count(const pl_packet_pool *pool);

#endif
