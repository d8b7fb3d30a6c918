/* engine_pool.c - stocks of encoders and decoders. */
#include "core/engine_pool.h"

#include <stdlib.h>

/* Things that are alike: those that nobody has now, the last returned at the
 * end, and how many there are and must be. */
typedef struct stock {
    pl_list free;
    size_t n_all, n_promised;
} stock;

struct pl_pool {
    const pl_codec_table *codecs;
    unsigned complexity;
    stock mouths[PL_FORMAT_COUNT];
    stock ears[PL_EAR_KINDS];
};

/* How what is in a stock is made and freed; `which`: its format or kind. */
typedef struct craft {
    pl_err (*make)(const pl_pool *pool, unsigned which, pl_list **ret_link);
    void (*drop)(const pl_pool *pool, unsigned which, pl_list *link);
} craft;

/* ---- stocks ------------------------------------------------------------- */

static pl_err add(const pl_pool *pool, const craft *c, stock *s, unsigned which)
{
    pl_list *link = NULL;
    pl_err e = c->make(pool, which, &link);
    if (e != PL_OK)
        return e;
    s->n_all++;
    pl_list_append(&s->free, link);
    return PL_OK;
}

static pl_list *take(stock *s)
{
    if (pl_list_is_empty(&s->free))
        return NULL;
    pl_list *link = s->free.prev;
    pl_list_remove(link);
    return link;
}

static void trim(const pl_pool *pool, const craft *c, stock *s, unsigned which)
{
    while (s->n_all > s->n_promised) {
        pl_list *link = take(s);
        if (!link)
            return;
        s->n_all--;
        c->drop(pool, which, link);
    }
}

static pl_err promise(const pl_pool *pool, const craft *c, stock *s,
                      unsigned which, int n)
{
    pl_err e = PL_OK;
    s->n_promised += (size_t)n;
    while (e == PL_OK && s->n_all < s->n_promised)
        e = add(pool, c, s, which);
    if (e != PL_OK)
        s->n_promised -= (size_t)n;
    trim(pool, c, s, which);
    return e;
}

/* ---- encoders ----------------------------------------------------------- */

static const pl_codec *codec_of(const pl_pool *pool, unsigned format)
{
    return pool->codecs->codec[pl_format_of((pl_format)format)->codec];
}

static pl_mouth *mouth_of(pl_list *link)
{
    return PL_CONTAINER(link, pl_mouth, link);
}

static pl_err make_mouth(const pl_pool *pool, unsigned format,
                         pl_list **ret_link)
{
    const pl_format_desc *f = pl_format_of((pl_format)format);
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
    *ret_link = &m->link;
    return PL_OK;
}

static void drop_mouth(const pl_pool *pool, unsigned format, pl_list *link)
{
    pl_mouth *m = mouth_of(link);
    codec_of(pool, format)->encoder_destroy(&m->encoder);
    free(m);
}

static const craft MOUTHS = {make_mouth, drop_mouth};

pl_err pl_pool_promise_mouths(pl_pool *pool, pl_format format, int n)
{
    return promise(pool, &MOUTHS, &pool->mouths[format], format, n);
}

pl_mouth *pl_pool_take_mouth(pl_pool *pool, pl_format format)
{
    pl_list *link = take(&pool->mouths[format]);
    if (!link)
        return NULL;
    pl_mouth *m = mouth_of(link);
    codec_of(pool, format)->encoder_reset(m->encoder);
    pl_limiter_init(&m->limiter, pl_format_of(format)->channels);
    return m;
}

void pl_pool_give_mouth(pl_pool *pool, pl_format format, pl_mouth *mouth)
{
    pl_list_append(&pool->mouths[format].free, &mouth->link);
}

/* ---- decoders ----------------------------------------------------------- */

static pl_err make_ear(const pl_pool *pool, unsigned kind, pl_list **ret_link)
{
    pl_ear *ear = NULL;
    pl_err e = pl_ear_create(pool->codecs, (uint8_t)kind, &ear);
    if (e == PL_OK)
        *ret_link = &ear->link;
    return e;
}

static void drop_ear(const pl_pool *pool, unsigned kind, pl_list *link)
{
    (void)kind;
    pl_ear *ear = PL_CONTAINER(link, pl_ear, link);
    pl_ear_destroy(pool->codecs, &ear);
}

static const craft EARS = {make_ear, drop_ear};

pl_err pl_pool_promise_ears(pl_pool *pool, uint8_t kind, int n)
{
    return promise(pool, &EARS, &pool->ears[kind], kind, n);
}

pl_ear *pl_pool_take_ear(pl_pool *pool, uint8_t kind)
{
    pl_list *link = take(&pool->ears[kind]);
    return link ? PL_CONTAINER(link, pl_ear, link) : NULL;
}

void pl_pool_give_ear(pl_pool *pool, pl_ear *ear)
{
    pl_list_append(&pool->ears[ear->kind].free, &ear->link);
}

/* ---- all ---------------------------------------------------------------- */

pl_err pl_pool_create(const pl_codec_table *codecs, unsigned complexity,
                      pl_pool **ret_pool)
{
    pl_pool *p = calloc(1, sizeof *p);
    if (!p)
        return PL_ENOMEM;
    p->codecs = codecs;
    p->complexity = complexity;
    for (unsigned f = 0; f < PL_FORMAT_COUNT; f++)
        pl_list_init(&p->mouths[f].free);
    for (unsigned k = 0; k < PL_EAR_KINDS; k++)
        pl_list_init(&p->ears[k].free);
    *ret_pool = p;
    return PL_OK;
}

void pl_pool_destroy(pl_pool **pool)
{
    if (!pool || !*pool)
        return;
    pl_pool *p = *pool;
    for (unsigned f = 0; f < PL_FORMAT_COUNT; f++) {
        p->mouths[f].n_promised = 0;
        trim(p, &MOUTHS, &p->mouths[f], f);
    }
    for (unsigned k = 0; k < PL_EAR_KINDS; k++) {
        p->ears[k].n_promised = 0;
        trim(p, &EARS, &p->ears[k], k);
    }
    free(p);
    *pool = NULL;
}
