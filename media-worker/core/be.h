/* be.h - big-endian integers in buffers whose bounds the caller has checked. */
#ifndef PL_BE_H
#define PL_BE_H

#include <stdint.h>

static inline uint16_t pl_be_get16(const uint8_t *p)
{
    return (uint16_t)((uint16_t)(p[0] << 8) | p[1]);
}

static inline uint32_t pl_be_get24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t pl_be_get32(const uint8_t *p)
{
    return (uint32_t)pl_be_get16(p) << 16 | pl_be_get16(p + 2);
}

static inline void pl_be_put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void pl_be_put24(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 16);
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)v;
}

static inline void pl_be_put32(uint8_t *p, uint32_t v)
{
    pl_be_put16(p, (uint16_t)(v >> 16));
    pl_be_put16(p + 2, (uint16_t)v);
}

#endif
