/* engine_pool.h - encoders and decoders of an engine: as many as can be needed
 * at the same time, for whoever needs them now.
 *
 * A room promises beforehand what it may need (pl_pool_promise*, may
 * allocate); in a tick it takes what it was promised and gives it back, which
 * moves a pointer. A taken one is reset. */
#ifndef PL_ENGINE_POOL_H
#define PL_ENGINE_POOL_H

#include "core/ear.h"
#include "core/format.h"
#include "core/limiter.h"

/* What it takes to speak to one leg, or to all who share a form. */
typedef struct pl_mouth {
    pl_list link; /* the pool's */
    pl_encoder *encoder;
    pl_limiter limiter;   /* of a mix of one's own */
    uint8_t loss_percent; /* that the encoder expects */
} pl_mouth;

typedef struct pl_pool pl_pool;

/* complexity: as of pl_encoder_options. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_pool_create(const pl_codec_table *codecs,
                                  unsigned complexity, pl_pool **ret_pool);
/* Free what is in the pool: everything was given back before. */
void pl_pool_destroy(pl_pool **pool);

/* Have n more or fewer of a form or kind; with fewer what is free is freed.
 * Errors: PL_ENOMEM, then nothing was promised. Context: allocates */
PL_MUST_USE pl_err pl_pool_promise_mouths(pl_pool *pool, pl_format format,
                                          int n);
PL_MUST_USE pl_err pl_pool_promise_ears(pl_pool *pool, uint8_t kind, int n);

/* NULL: more were taken than promised. */
pl_mouth *pl_pool_take_mouth(pl_pool *pool, pl_format format);
void pl_pool_give_mouth(pl_pool *pool, pl_format format, pl_mouth *mouth);
pl_ear *pl_pool_take_ear(pl_pool *pool, uint8_t kind);
void pl_pool_give_ear(pl_pool *pool, pl_ear *ear);

#endif
