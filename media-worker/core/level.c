/* level.c - root mean square in dBov. */
#include "core/level.h"

#include <math.h>

float pl_level_db(const float *pcm, size_t n)
{
    float sum = 0.0F;
    for (size_t i = 0; i < n; i++)
        sum += pcm[i] * pcm[i];
    float mean = n ? sum / (float)n : 0.0F;
    if (!(mean > 1e-12F)) /* also when it is not a number */
        return PL_LEVEL_SILENCE;
    float db = 10.0F * log10f(mean);
    if (db > 0.0F)
        return 0.0F;
    return db < PL_LEVEL_SILENCE ? PL_LEVEL_SILENCE : db;
}

uint8_t pl_level_code(float db)
{
    if (!(db > PL_LEVEL_SILENCE))
        return 127;
    return db >= 0.0F ? 0 : (uint8_t)(0.5F - db);
}
