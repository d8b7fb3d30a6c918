/* ear.h - what it takes to hear one leg: decoders and the samples that wait.
 *
 * It is drawn from a pool by who is heard and given back by who is not: a leg
 * that only listens has none (engine_pool.h). */
#ifndef PL_EAR_H
#define PL_EAR_H

#include "core/codec.h"
#include "core/splice.h"
#include "pl/list.h"

enum {
    PL_EAR_KINDS = 1 << (PL_AUDIO_COUNT + 1),
    PL_EAR_STEREO = 1 << PL_AUDIO_COUNT
};

typedef struct pl_ear {
    pl_list link; /* the pool's */
    uint8_t kind;
    uint8_t channels;
    bool has_codec; /* the decoder is in the state of: */
    pl_codec_kind codec;
    pl_decoder *decoder[PL_AUDIO_COUNT]; /* some codecs share one */
    size_t longest;                      /* samples of the longest payload */
    size_t cap;                          /* samples */
    float fifo[];                        /* [cap][channels] */
} pl_ear;

/* The kind of ear for a set of codecs (bit n: pl_codec_kind n). Ears of a kind
 * are alike, below PL_EAR_KINDS. */
uint8_t pl_ear_kind_of(const pl_codec_table *codecs, unsigned accepts,
                       unsigned channels);
/* Errors: PL_ENOMEM, PL_EUNSUPPORTED. Context: allocates. */
PL_MUST_USE pl_err pl_ear_create(const pl_codec_table *codecs, uint8_t kind,
                                 pl_ear **ret_ear);
void pl_ear_destroy(const pl_codec_table *codecs, pl_ear **ear);
/* The decoder of a codec, reset if it was another's. NULL: not of this kind. */
pl_decoder *pl_ear_use(const pl_codec_table *codecs, pl_ear *ear,
                       pl_codec_kind codec);

#endif
