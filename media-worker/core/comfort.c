/* comfort.c - the noise of a room: white, with the heights taken down. */
#include "core/comfort.h"

#include <math.h>
#include <string.h>

static const float SMOOTH = 0.12F; /* one pole, about 1 kHz at 48 kHz */

pl_err pl_comfort_read(pl_slice payload, float *ret_db)
{
    if (payload.len == 0)
        return PL_EPROTO;
    *ret_db = -(float)(payload.ptr[0] & 0x7fU);
    return PL_OK;
}

static float bounded(float db)
{
    return db > PL_COMFORT_LOUDEST ? PL_COMFORT_LOUDEST : db;
}

uint8_t pl_comfort_code(float db)
{
    float b = bounded(db);
    b = b > PL_COMFORT_QUIETEST ? b : PL_COMFORT_QUIETEST;
    return (uint8_t)(0.5F - b);
}

void pl_comfort_fill(pl_comfort *comfort, float db, float *pcm, size_t n)
{
    if (!(db >= PL_COMFORT_QUIETEST)) {
        memset(pcm, 0, n * sizeof *pcm);
        return;
    }
    /* Uniform numbers have a variance of 1/3, the pole takes its part. */
    float scale = powf(10.0F, bounded(db) / 20.0F) *
                  sqrtf(3.0F * (2.0F - SMOOTH) / SMOOTH);
    for (size_t i = 0; i < n; i++) {
        comfort->seed = comfort->seed * 1664525U + 1013904223U;
        float x = (float)(int32_t)comfort->seed / 2147483648.0F;
        comfort->z += SMOOTH * (x - comfort->z);
        pcm[i] = comfort->z * scale;
    }
}
