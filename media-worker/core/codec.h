/* codec.h - what the engine needs of a codec. Audio inside the engine is
 * float, 48 kHz, full scale 1.0, mono or interleaved stereo; samples are
 * counted a channel. io/opus_codec.c and io/telephone_codec.c fill the table;
 * states are allocated when legs come, never later (engine_pool.h). */
#ifndef PL_CODEC_H
#define PL_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec_kind.h"
#include "pl/err.h"

enum {
    PL_CODEC_FRAME = 960,        /* samples a tick: 20 ms */
    PL_CODEC_MAX_DECODED = 5760, /* samples a packet: 120 ms, RFC 6716 2.1.4 */
    PL_CODEC_MAX_ENCODED = 400   /* bytes we ever send in a packet */
};

/* Opaque states; each codec casts to its own struct. */
typedef struct pl_encoder pl_encoder;
typedef struct pl_decoder pl_decoder;

/* How to encode; zeroed is mono as good as the codec usually is. */
typedef struct pl_encoder_options {
    uint32_t bitrate_bps; /* where the codec has a choice; 0: its usual */
    unsigned channels;    /* 2: stereo (Opus alone); 0 and 1: mono */
    unsigned complexity;  /* of Opus, 1..10; 0: default */
} pl_encoder_options;

typedef struct pl_codec {
    pl_codec_kind kind;
    uint32_t clock_hz; /* of RTP timestamps */
    uint8_t family;    /* codecs of one may share a decoder */
    bool has_stereo;
    uint16_t longest; /* samples: what is longer comes in parts */

    /* Duration of a payload in 48 kHz samples, 0 when it is not a payload of
     * this codec (length, table of contents). Reads at most data[len]. */
    size_t (*duration)(const uint8_t *data, size_t len);
    /* Whether a payload is built as the codec's must be, to its last byte:
     * for files that others read. NULL: any bytes are. */
    bool (*is_whole)(const uint8_t *data, size_t len);

    /* Copy the i-th of the parts, each of at most `longest` samples, that a
     * payload consists of to out[len]. Returns: its bytes, 0: no more. */
    size_t (*part)(const uint8_t *data, size_t len, size_t i, uint8_t *out);

    /* channels: 2 gives stereo whatever comes (Opus alone). */
    pl_err (*decoder_create)(unsigned channels, pl_decoder **ret_decoder);
    void (*decoder_destroy)(pl_decoder **decoder);
    /* Decode one payload into pcm[PL_CODEC_MAX_DECODED][channels].
     * Errors: PL_EPROTO (the state survives). */
    pl_err (*decode)(pl_decoder *decoder, const uint8_t *data, size_t len,
                     float *pcm, size_t *ret_samples);
    /* Recover the `samples` before a payload from the redundancy in it.
     * Errors: PL_ENOENT it carries none. NULL: the codec has no such thing. */
    pl_err (*decode_fec)(pl_decoder *decoder, const uint8_t *data, size_t len,
                         float *pcm, size_t samples);
    /* Whether a payload carries such redundancy. NULL: as above. */
    bool (*has_fec)(const uint8_t *data, size_t len);
    /* Make up `samples` (multiple of 480, <= 5760) of lost audio. */
    void (*conceal)(pl_decoder *decoder, float *pcm, size_t samples);
    /* Forget everything, as after create; another codec's decoder of the
     * family becomes this one's. */
    void (*decoder_reset)(pl_decoder *decoder);

    pl_err (*encoder_create)(const pl_encoder_options *options,
                             pl_encoder **ret_encoder);
    void (*encoder_destroy)(pl_encoder **encoder);
    /* Forget the sound so far, as after create. */
    void (*encoder_reset)(pl_encoder *encoder);
    /* Expect so much loss: above none, redundancy is put into packets. NULL:
     * the codec has no such thing. */
    void (*encoder_expect_loss)(pl_encoder *encoder, unsigned percent);
    /* Encode pcm[PL_CODEC_FRAME][channels] into out[PL_CODEC_MAX_ENCODED];
     * returns the bytes, 0 when the library failed. */
    size_t (*encode)(pl_encoder *encoder, const float *pcm, uint8_t *out);
    /* Make `to` continue exactly where `from` is. Both made alike. */
    void (*encoder_copy)(pl_encoder *to, const pl_encoder *from);
} pl_codec;

/* By pl_codec_kind; an entry may be NULL: the codec is not built in. */
typedef struct pl_codec_table {
    const pl_codec *codec[PL_AUDIO_COUNT];
} pl_codec_table;

#endif
