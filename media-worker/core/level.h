/* level.h - how loud a frame is. */
#ifndef PL_LEVEL_H
#define PL_LEVEL_H

#include <stddef.h>
#include <stdint.h>

/* dBov of silence; RFC 6464 section 3 has no quieter value. */
#define PL_LEVEL_SILENCE (-127.0F)

/* Root mean square of pcm[n] (full scale 1.0) in dBov, -127..0. */
float pl_level_db(const float *pcm, size_t n);
/* RFC 6464's -dBov, 0..127. */
uint8_t pl_level_code(float db);

#endif
