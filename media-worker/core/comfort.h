/* comfort.h - noise in place of a pause, so that a quiet line does not sound
 * dead (RFC 3389). */
#ifndef PL_COMFORT_H
#define PL_COMFORT_H

#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"

/* Louder noise than this is not comfortable, quieter cannot be heard; dBov. */
#define PL_COMFORT_LOUDEST  (-50.0F)
#define PL_COMFORT_QUIETEST (-80.0F)

/* A source of noise; any value will do, zero too. */
typedef struct pl_comfort {
    uint32_t seed;
    float z;
} pl_comfort;

/* Read a comfort noise payload. A spectrum that follows the level is not used:
 * the model's order is the receiver's choice, ours is 0.
 * Errors: PL_EPROTO it is empty
 * Source: RFC 3389 section 3.1 */
PL_MUST_USE pl_err pl_comfort_read(pl_slice payload, float *ret_db);
/* The level's byte; bounded to what is comfortable. RFC 3389 section 3.1 */
uint8_t pl_comfort_code(float db);

/* Fill pcm[n] with noise of a level (root mean square, dBov). Quieter than
 * PL_COMFORT_QUIETEST: zeros; louder than PL_COMFORT_LOUDEST: as loud as that.
 * Context: mixing thread; O(n) */
void pl_comfort_fill(pl_comfort *comfort, float db, float *pcm, size_t n);

#endif
