/* format.h - in what forms a mix is encoded. Legs that are sent the same mix in
 * the same form share one encode. */
#ifndef PL_FORMAT_H
#define PL_FORMAT_H

#include <stdbool.h>

#include "core/codec.h"
#include "core/engine_msg.h"

/* X(symbol, codec, bit rate where there is a choice, channels); the forms of a
 * codec with the same channels in rising order. */
#define PL_FORMAT_LIST(X)                                                      \
    X(OPUS_12, OPUS, 12000, 1)                                                 \
    X(OPUS_16, OPUS, 16000, 1)                                                 \
    X(OPUS_24, OPUS, 24000, 1)                                                 \
    X(OPUS_32, OPUS, 32000, 1)                                                 \
    X(OPUS_STEREO_32, OPUS, 32000, 2)                                          \
    X(OPUS_STEREO_64, OPUS, 64000, 2)                                          \
    X(G722, G722, 0, 1)                                                        \
    X(PCMU, PCMU, 0, 1)                                                        \
    X(PCMA, PCMA, 0, 1)

typedef enum pl_format {
#define PL_FORMAT_ENUM(sym, codec, bps, channels) PL_FORMAT_##sym,
    PL_FORMAT_LIST(PL_FORMAT_ENUM)
#undef PL_FORMAT_ENUM
        PL_FORMAT_COUNT
} pl_format;

typedef struct pl_format_desc {
    pl_codec_kind codec;
    uint32_t bitrate_bps;
    unsigned channels;
} pl_format_desc;

/* Borrowed, static. */
const pl_format_desc *pl_format_of(pl_format format);
/* The form in which a leg is sent a room's mix: stereo where the room and the
 * leg have it, the highest rate that the peer's limit allows. */
pl_format pl_format_choose(const pl_mix_media *media, unsigned room_channels);

#endif
