/* telephone_codec.c - 8 and 16 kHz codecs inside a 48 kHz engine: each state
 * has its resampler. */
#include "io/telephone_codec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <spandsp/telephony.h>

#include <spandsp/bit_operations.h>
#include <spandsp/g711.h>
#include <spandsp/g722.h>
#include <spandsp/plc.h>
#include <spandsp/private/g722.h>

#include "io/resampler.h"

enum {
    PER_BYTE = 6,   /* 48 kHz samples a payload byte: 8000 bytes a second */
    BYTES_MIN = 80, /* 10 ms */
    BYTES_MAX = 480,
    BYTES_PART = 160, /* 20 ms */
    G722_BPS = 64000,
    NARROW_MAX = BYTES_MAX * 2, /* samples of the longest payload, 16 kHz */
    FRAME_MAX = 320             /* samples of 20 ms, 16 kHz */
};
static const float FULL = 32768.0F;

/* What differs between the three. */
typedef struct kind {
    uint32_t rate_hz; /* of the codec's own samples */
    uint8_t (*compress)(int linear);
    int16_t (*expand)(uint8_t code);
} kind;

/* One decoder serves the three, one after another. */
struct pl_decoder {
    const kind *kind;
    pl_resampler *up; /* of kind */
    pl_resampler *narrow, *wide;
    plc_state_t plc;
    bool is_concealing;
    int16_t history[PLC_HISTORY_LEN]; /* the last good samples */
    struct g722_decode_state_s g722;
};

struct pl_encoder {
    const kind *kind;
    pl_resampler *down;
    struct g722_encode_state_s g722;
    float last[PL_CODEC_FRAME]; /* brings a copy's resampler to the same state:
                                   its memory is shorter than a frame */
};

static uint8_t compress_u(int linear)
{
    return linear_to_ulaw(linear);
}

static uint8_t compress_a(int linear)
{
    return linear_to_alaw(linear);
}

static int16_t expand_u(uint8_t code)
{
    return ulaw_to_linear(code);
}

static int16_t expand_a(uint8_t code)
{
    return alaw_to_linear(code);
}

static const kind KIND_G722 = {16000, NULL, NULL};
static const kind KIND_PCMU = {8000, compress_u, expand_u};
static const kind KIND_PCMA = {8000, compress_a, expand_a};

/* ---- decoding ----------------------------------------------------------- */

static size_t duration(const uint8_t *data, size_t len)
{
    (void)data;
    return len >= BYTES_MIN && len <= BYTES_MAX ? len * PER_BYTE : 0;
}

/* As few parts as possible, all alike but for the last: none too short. */
static size_t part(const uint8_t *data, size_t len, size_t i, uint8_t *out)
{
    size_t n = (len + BYTES_PART - 1) / BYTES_PART;
    if (i >= n)
        return 0;
    size_t size = (len + n - 1) / n;
    size_t at = i * size;
    size = len - at < size ? len - at : size;
    memcpy(out, data + at, size);
    return size;
}

static void decoder_destroy(pl_decoder **decoder)
{
    if (!*decoder)
        return;
    pl_resampler_destroy(&(*decoder)->narrow);
    pl_resampler_destroy(&(*decoder)->wide);
    free(*decoder);
    *decoder = NULL;
}

static void reset_to(pl_decoder *decoder, const kind *k)
{
    decoder->kind = k;
    decoder->up =
        k->rate_hz == KIND_G722.rate_hz ? decoder->wide : decoder->narrow;
    (void)plc_init(&decoder->plc);
    decoder->is_concealing = false;
    memset(decoder->history, 0, sizeof decoder->history);
    (void)g722_decode_init(&decoder->g722, G722_BPS, 0);
    pl_resampler_reset(decoder->up);
}

static pl_err decoder_make(const kind *k, pl_decoder **ret_decoder)
{
    pl_decoder *d = calloc(1, sizeof *d);
    if (!d)
        return PL_ENOMEM;
    pl_err e = pl_resampler_create(KIND_PCMU.rate_hz, 48000, &d->narrow);
    if (e == PL_OK)
        e = pl_resampler_create(KIND_G722.rate_hz, 48000, &d->wide);
    if (e != PL_OK) {
        decoder_destroy(&d);
        return e;
    }
    reset_to(d, k);
    *ret_decoder = d;
    return PL_OK;
}

static size_t raise(pl_decoder *d, const int16_t *narrow, size_t n, float *pcm,
                    size_t cap)
{
    float in[NARROW_MAX];
    for (size_t i = 0; i < n; i++)
        in[i] = (float)narrow[i] / FULL;
    return pl_resampler_run(d->up, in, n, pcm, cap);
}

/* Good samples: blend them in after a gap, and remember the last of them. */
static void follow(pl_decoder *d, int16_t *narrow, size_t n)
{
    if (d->is_concealing) {
        (void)plc_rx(&d->plc, narrow, (int)n);
        d->is_concealing = false;
    }
    size_t fresh = n < PLC_HISTORY_LEN ? n : PLC_HISTORY_LEN;
    memmove(d->history, d->history + fresh,
            (PLC_HISTORY_LEN - fresh) * sizeof *d->history);
    memcpy(d->history + PLC_HISTORY_LEN - fresh, narrow + n - fresh,
           fresh * sizeof *d->history);
}

/* The library is given its history in one piece when a gap begins. Fed frame
 * by frame it would turn a circular history straight with a memcpy() that
 * overlaps itself. */
static void begin_gap(pl_decoder *d)
{
    int16_t heard[PLC_HISTORY_LEN];
    memcpy(heard, d->history, sizeof heard);
    (void)plc_init(&d->plc);
    (void)plc_rx(&d->plc, heard, PLC_HISTORY_LEN);
    d->is_concealing = true;
}

static pl_err decode(pl_decoder *decoder, const uint8_t *data, size_t len,
                     float *pcm, size_t *ret_samples)
{
    int16_t narrow[NARROW_MAX];
    size_t n = 0;
    if (duration(data, len) == 0)
        return PL_EPROTO;
    if (decoder->kind->expand) {
        for (; n < len; n++)
            narrow[n] = decoder->kind->expand(data[n]);
    } else {
        n = (size_t)g722_decode(&decoder->g722, narrow, data, (int)len);
    }
    follow(decoder, narrow, n);
    *ret_samples = raise(decoder, narrow, n, pcm, PL_CODEC_MAX_DECODED);
    return PL_OK;
}

static void conceal(pl_decoder *decoder, float *pcm, size_t samples)
{
    int16_t narrow[NARROW_MAX];
    size_t by = 48000 / decoder->kind->rate_hz;
    size_t done = 0;
    if (!decoder->is_concealing)
        begin_gap(decoder);
    while (done < samples) {
        size_t want = (samples - done) / by;
        want = want < FRAME_MAX / 2 ? want : FRAME_MAX / 2;
        if (want == 0)
            break;
        (void)plc_fillin(&decoder->plc, narrow, (int)want);
        done += raise(decoder, narrow, want, pcm + done, samples - done);
    }
    memset(pcm + done, 0, (samples - done) * sizeof *pcm);
}

/* ---- encoding ----------------------------------------------------------- */

static void encoder_destroy(pl_encoder **encoder)
{
    if (!*encoder)
        return;
    pl_resampler_destroy(&(*encoder)->down);
    free(*encoder);
    *encoder = NULL;
}

static void encoder_reset(pl_encoder *encoder)
{
    (void)g722_encode_init(&encoder->g722, G722_BPS, 0);
    memset(encoder->last, 0, sizeof encoder->last);
    pl_resampler_reset(encoder->down);
}

static pl_err encoder_make(const kind *k, pl_encoder **ret_encoder)
{
    pl_encoder *c = calloc(1, sizeof *c);
    if (!c)
        return PL_ENOMEM;
    c->kind = k;
    (void)g722_encode_init(&c->g722, G722_BPS, 0);
    pl_err e = pl_resampler_create(48000, k->rate_hz, &c->down);
    if (e != PL_OK) {
        encoder_destroy(&c);
        return e;
    }
    *ret_encoder = c;
    return PL_OK;
}

static int16_t to_s16(float x)
{
    float v = x * FULL;
    if (!(v > -FULL))
        return INT16_MIN;
    if (v >= FULL - 1.0F)
        return INT16_MAX;
    return (int16_t)lrintf(v);
}

static size_t encode(pl_encoder *encoder, const float *pcm, uint8_t *out)
{
    float narrow[FRAME_MAX];
    int16_t linear[FRAME_MAX];
    size_t n =
        pl_resampler_run(encoder->down, pcm, PL_CODEC_FRAME, narrow, FRAME_MAX);
    memcpy(encoder->last, pcm, sizeof encoder->last);
    for (size_t i = 0; i < n; i++)
        linear[i] = to_s16(narrow[i]);
    if (!encoder->kind->compress) {
        int len = g722_encode(&encoder->g722, out, linear, (int)n);
        return len > 0 ? (size_t)len : 0;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = encoder->kind->compress(linear[i]);
    return n;
}

static void encoder_copy(pl_encoder *to, const pl_encoder *from)
{
    float unused[FRAME_MAX];
    to->g722 = from->g722;
    memcpy(to->last, from->last, sizeof to->last);
    pl_resampler_reset(to->down);
    (void)pl_resampler_run(to->down, from->last, PL_CODEC_FRAME, unused,
                           FRAME_MAX);
}

/* ---- the three ---------------------------------------------------------- */

static pl_err g722_decoder(unsigned channels, pl_decoder **ret)
{
    (void)channels;
    return decoder_make(&KIND_G722, ret);
}

static void g722_reset(pl_decoder *decoder)
{
    reset_to(decoder, &KIND_G722);
}

static pl_err g722_encoder(const pl_encoder_options *options, pl_encoder **ret)
{
    (void)options;
    return encoder_make(&KIND_G722, ret);
}

static pl_err pcmu_decoder(unsigned channels, pl_decoder **ret)
{
    (void)channels;
    return decoder_make(&KIND_PCMU, ret);
}

static void pcmu_reset(pl_decoder *decoder)
{
    reset_to(decoder, &KIND_PCMU);
}

static pl_err pcmu_encoder(const pl_encoder_options *options, pl_encoder **ret)
{
    (void)options;
    return encoder_make(&KIND_PCMU, ret);
}

static pl_err pcma_decoder(unsigned channels, pl_decoder **ret)
{
    (void)channels;
    return decoder_make(&KIND_PCMA, ret);
}

static void pcma_reset(pl_decoder *decoder)
{
    reset_to(decoder, &KIND_PCMA);
}

static pl_err pcma_encoder(const pl_encoder_options *options, pl_encoder **ret)
{
    (void)options;
    return encoder_make(&KIND_PCMA, ret);
}

/* RFC 3551 section 4.5.2: G.722's RTP clock is 8000 Hz, by an old mistake. */
#define TELEPHONE_CODEC(kind_, decoder_, reset_, encoder_)                     \
    {                                                                          \
        .kind = (kind_), .clock_hz = 8000, .family = 1,                        \
        .longest = BYTES_PART * PER_BYTE, .duration = duration, .part = part,  \
        .decoder_create = (decoder_), .decoder_destroy = decoder_destroy,      \
        .decode = decode, .decode_fec = NULL, .conceal = conceal,              \
        .decoder_reset = (reset_), .encoder_create = (encoder_),               \
        .encoder_destroy = encoder_destroy, .encoder_reset = encoder_reset,    \
        .encode = encode, .encoder_copy = encoder_copy                         \
    }

const pl_codec pl_g722_codec =
    TELEPHONE_CODEC(PL_AUDIO_G722, g722_decoder, g722_reset, g722_encoder);
const pl_codec pl_pcmu_codec =
    TELEPHONE_CODEC(PL_AUDIO_PCMU, pcmu_decoder, pcmu_reset, pcmu_encoder);
const pl_codec pl_pcma_codec =
    TELEPHONE_CODEC(PL_AUDIO_PCMA, pcma_decoder, pcma_reset, pcma_encoder);
