/* ear.c - decoders and samples of one who is heard. */
#include "core/ear.h"

#include <stdlib.h>

/* The first codec that uses the same decoders. */
static unsigned family_of(const pl_codec_table *codecs, unsigned codec)
{
    unsigned f = 0;
    while (!codecs->codec[f] ||
           codecs->codec[f]->family != codecs->codec[codec]->family)
        f++;
    return f;
}

uint8_t pl_ear_kind_of(const pl_codec_table *codecs, unsigned accepts,
                       unsigned channels)
{
    unsigned kind = channels == 2 ? (unsigned)PL_EAR_STEREO : 0;
    for (unsigned c = 0; c < PL_AUDIO_COUNT; c++) {
        if ((accepts >> c & 1U) && codecs->codec[c])
            kind |= 1U << family_of(codecs, c);
    }
    return (uint8_t)kind;
}

static size_t longest_of(const pl_codec_table *codecs, uint8_t kind)
{
    size_t longest = PL_CODEC_FRAME;
    for (unsigned c = 0; c < PL_AUDIO_COUNT; c++) {
        if ((kind >> c & 1U) && codecs->codec[c]->longest > longest)
            longest = codecs->codec[c]->longest;
    }
    return longest;
}

pl_err pl_ear_create(const pl_codec_table *codecs, uint8_t kind,
                     pl_ear **ret_ear)
{
    size_t channels = kind & PL_EAR_STEREO ? 2 : 1;
    size_t longest = longest_of(codecs, kind);
    /* A frame is played, a splice needs more, and then a payload comes. */
    size_t cap = PL_CODEC_FRAME + PL_SPLICE_MAX + longest;
    pl_ear *ear = malloc(sizeof *ear + cap * channels * sizeof *ear->fifo);
    if (!ear)
        return PL_ENOMEM;
    *ear = (pl_ear){.kind = kind,
                    .channels = (uint8_t)channels,
                    .longest = longest,
                    .cap = cap};
    for (unsigned c = 0; c < PL_AUDIO_COUNT; c++) {
        if (!codecs->codec[c])
            continue;
        unsigned family = family_of(codecs, c);
        if (!(kind >> family & 1U))
            continue;
        pl_err e = PL_OK;
        if (family == c)
            e = codecs->codec[c]->decoder_create((unsigned)channels,
                                                 &ear->decoder[c]);
        if (e != PL_OK) {
            pl_ear_destroy(codecs, &ear);
            return e;
        }
        ear->decoder[c] = ear->decoder[family];
    }
    *ret_ear = ear;
    return PL_OK;
}

void pl_ear_destroy(const pl_codec_table *codecs, pl_ear **ear)
{
    if (!ear || !*ear)
        return;
    for (unsigned c = 0; c < PL_AUDIO_COUNT; c++) {
        if ((*ear)->decoder[c] && family_of(codecs, c) == c)
            codecs->codec[c]->decoder_destroy(&(*ear)->decoder[c]);
    }
    free(*ear);
    *ear = NULL;
}

pl_decoder *pl_ear_use(const pl_codec_table *codecs, pl_ear *ear,
                       pl_codec_kind codec)
{
    pl_decoder *d = ear->decoder[codec];
    if (d && (!ear->has_codec || ear->codec != codec)) {
        codecs->codec[codec]->decoder_reset(d);
        ear->has_codec = true;
        ear->codec = codec;
    }
    return d;
}
