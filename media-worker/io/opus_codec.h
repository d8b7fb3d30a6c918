/* opus_codec.h - Opus, RFC 6716 and RFC 7587 (the only file with libopus). */
#ifndef PL_OPUS_CODEC_H
#define PL_OPUS_CODEC_H

#include "core/codec.h"

/* Mono, 48 kHz, 20 ms frames, in-band FEC on. */
extern const pl_codec pl_opus_codec;

#endif
