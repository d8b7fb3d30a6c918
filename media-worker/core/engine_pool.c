/* engine_pool.c - free lists of encoders and decoders. */
#include "core/engine_pool.h"

#include <stdlib.h>

typedef struct mouths {
    pl_mouth *first;
    size_t n_all, n_promised;
} mouths;

typedef struct ears {
    pl_ear *first;
    size_t n_all, n_promised;
} ears;

struct pl_pool {
    const pl_codec_table *codecs;
    unsigned complexity;
    mouths mouths[PL_FORMAT_COUNT];
    ears ears[PL_EAR_KINDS];
};

pl_err pl_pool_create(const pl_codec_table *codecs, unsigned complexity,
                      pl_pool **ret_pool)
{
    pl_pool *p = calloc(1, sizeof *p);
    if (!p)
        return PL_ENOMEM;
    p->codecs = codecs;
    p->complexity = complexity;
    *ret_pool = p;
    return PL_OK;
}

static const pl_codec *codec_of(const pl_pool *pool, pl_format format)
{
    return pool->codecs->codec[pl_format_of(format)->codec];
}

/* ---- encoders ----------------------------------------------------------- */

static pl_err add_mouth(pl_pool *pool, pl_format format)
{
    const pl_format_desc *f = pl_format_of(format);
    const pl_encoder_options options = {.bitrate_bps = f->bitrate_bps,
                                        .channels = f->channels,
                                        .complexity = pool->complexity};
    pl_mouth *m = calloc(1, sizeof *m);
    if (!m)
        return PL_ENOMEM;
    pl_err e = codec_of(pool, format)->encoder_create(&options, &m->encoder);
    if (e != PL_OK) {
        free(m);
        return e;
    }
    pool->mouths[format].n_all++;
    pl_pool_give_mouth(pool, format, m);
    return PL_OK;
}

static void trim_mouths(pl_pool *pool, pl_format format)
{
    mouths *list = &pool->mouths[format];
    while (list->first && list->n_all > list->n_promised) {
        pl_mouth *m = list->first;
        list->first = m->next;
        list->n_all--;
        codec_of(pool, format)->encoder_destroy(&m->encoder);
        free(m);
    }
}

pl_err pl_pool_promise_mouths(pl_pool *pool, pl_format format, int n)
{
    mouths *list = &pool->mouths[format];
    pl_err e = PL_OK;
    list->n_promised += (size_t)n;
    while (e == PL_OK && list->n_all < list->n_promised)
        e = add_mouth(pool, format);
    if (e != PL_OK)
        list->n_promised -= (size_t)n;
    trim_mouths(pool, format);
    return e;
}

pl_mouth *pl_pool_take_mouth(pl_pool *pool, pl_format format)
{
    mouths *list = &pool->mouths[format];
    pl_mouth *m = list->first;
    if (!m)
        return NULL;
    list->first = m->next;
    m->next = NULL;
    codec_of(pool, format)->encoder_reset(m->encoder);
    pl_limiter_init(&m->limiter, pl_format_of(format)->channels);
    return m;
}

void pl_pool_give_mouth(pl_pool *pool, pl_format format, pl_mouth *mouth)
{
    mouth->next = pool->mouths[format].first;
    pool->mouths[format].first = mouth;
}

/* ---- decoders ----------------------------------------------------------- */

static pl_err add_ear(pl_pool *pool, uint8_t kind)
{
    pl_ear *ear = NULL;
    pl_err e = pl_ear_create(pool->codecs, kind, &ear);
    if (e != PL_OK)
        return e;
    pool->ears[kind].n_all++;
    pl_pool_give_ear(pool, ear);
    return PL_OK;
}

static void trim_ears(pl_pool *pool, uint8_t kind)
{
    ears *list = &pool->ears[kind];
    while (list->first && list->n_all > list->n_promised) {
        pl_ear *ear = list->first;
        list->first = ear->next;
        list->n_all--;
        pl_ear_destroy(pool->codecs, &ear);
    }
}

pl_err pl_pool_promise_ears(pl_pool *pool, uint8_t kind, int n)
{
    ears *list = &pool->ears[kind];
    pl_err e = PL_OK;
    list->n_promised += (size_t)n;
    while (e == PL_OK && list->n_all < list->n_promised)
        e = add_ear(pool, kind);
    if (e != PL_OK)
        list->n_promised -= (size_t)n;
    trim_ears(pool, kind);
    return e;
}

pl_ear *pl_pool_take_ear(pl_pool *pool, uint8_t kind)
{
    ears *list = &pool->ears[kind];
    pl_ear *ear = list->first;
    if (!ear)
        return NULL;
    list->first = ear->next;
    ear->next = NULL;
    return ear;
}

void pl_pool_give_ear(pl_pool *pool, pl_ear *ear)
{
    ear->next = pool->ears[ear->kind].first;
    pool->ears[ear->kind].first = ear;
}

void pl_pool_destroy(pl_pool **pool)
{
    if (!pool || !*pool)
        return;
    for (unsigned f = 0; f < PL_FORMAT_COUNT; f++) {
        (*pool)->mouths[f].n_promised = 0;
        trim_mouths(*pool, (pl_format)f);
    }
    for (unsigned k = 0; k < PL_EAR_KINDS; k++) {
        (*pool)->ears[k].n_promised = 0;
        trim_ears(*pool, (uint8_t)k);
    }
    free(*pool);
    *pool = NULL;
}
