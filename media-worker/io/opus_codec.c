/* opus_codec.c - Opus as the engine's codec table wants it. */
#include "io/opus_codec.h"

#include <stdlib.h>
#include <string.h>

#include <opus/opus.h>

enum {
    RATE = 48000,
    COMPLEXITY = 5,
    DEFAULT_BPS = 32000, /* a channel */
    LOSS_MAX_PERCENT = 30,
    MAX_PACKET = 1275, /* RFC 6716 section 3.4 */
    MAX_FRAMES = 48,
    MS_20 = 960,
    MS_60 = 2880
};

/* The library's states lie behind their size, in one block: that is what makes
 * a listener's switch to an encoder of its own a plain copy. */
struct pl_encoder {
    size_t size;
    _Alignas(16) unsigned char state[];
};

struct pl_decoder {
    size_t channels;
    _Alignas(16) unsigned char state[];
};

static OpusEncoder *encoder_of(pl_encoder *e)
{
    return (OpusEncoder *)(void *)e->state;
}

static OpusDecoder *decoder_of(pl_decoder *d)
{
    return (OpusDecoder *)(void *)d->state;
}

static size_t duration(const uint8_t *data, size_t len)
{
    if (len == 0 || len > MAX_PACKET)
        return 0;
    int n = opus_packet_get_nb_samples(data, (opus_int32)len, RATE);
    return n > 0 && n <= PL_CODEC_MAX_DECODED ? (size_t)n : 0;
}

/* The frames of a payload, each a payload of its own (code 0). RFC 6716
 * section 3.2.2 */
static size_t part(const uint8_t *data, size_t len, size_t i, uint8_t *out)
{
    const unsigned char *frame[MAX_FRAMES];
    opus_int16 size[MAX_FRAMES];
    int n = opus_packet_parse(data, (opus_int32)len, NULL, frame, size, NULL);
    if (n <= 0 || i >= (size_t)n || size[i] < 0 || (size_t)size[i] >= len)
        return 0;
    out[0] = data[0] & 0xfcU;
    memcpy(out + 1, frame[i], (size_t)size[i]);
    return 1 + (size_t)size[i];
}

static int channels_of(unsigned wanted)
{
    return wanted == 2 ? 2 : 1;
}

/* RFC 6716 section 3.4: what a packet must be. */
static bool is_whole(const uint8_t *data, size_t len)
{
    enum { FRAMES_MAX = 48 };
    const unsigned char *frames[FRAMES_MAX];
    opus_int16 sizes[FRAMES_MAX];
    return len > 0 && len <= MAX_PACKET &&
           opus_packet_parse(data, (opus_int32)len, NULL, frames, sizes, NULL) >
               0;
}

static pl_err decoder_create(unsigned channels, pl_decoder **ret_decoder)
{
    int n = channels_of(channels);
    size_t size = (size_t)opus_decoder_get_size(n);
    pl_decoder *d = calloc(1, sizeof *d + size);
    if (!d)
        return PL_ENOMEM;
    d->channels = (size_t)n;
    if (opus_decoder_init(decoder_of(d), RATE, n) != OPUS_OK) {
        free(d);
        return PL_EINTERNAL;
    }
    *ret_decoder = d;
    return PL_OK;
}

static void decoder_destroy(pl_decoder **decoder)
{
    free(*decoder);
    *decoder = NULL;
}

static void decoder_reset(pl_decoder *decoder)
{
    (void)opus_decoder_ctl(decoder_of(decoder), OPUS_RESET_STATE);
}

static pl_err decode(pl_decoder *decoder, const uint8_t *data, size_t len,
                     float *pcm, size_t *ret_samples)
{
    int n = opus_decode_float(decoder_of(decoder), data, (opus_int32)len, pcm,
                              PL_CODEC_MAX_DECODED, 0);
    if (n <= 0)
        return PL_EPROTO;
    *ret_samples = (size_t)n;
    return PL_OK;
}

/* Whether a packet carries a low bit-rate copy of the frame before it: a flag
 * after the voice activity flags of its first SILK frame. RFC 6716 section
 * 4.2.3, 4.2.4; CELT-only packets (configurations 16 to 31) have none. */
static bool has_redundancy(const uint8_t *data, size_t len)
{
    if (len == 0 || data[0] & 0x80U)
        return false;
    const unsigned char *frame[48];
    opus_int16 size[48];
    int n = opus_packet_parse(data, (opus_int32)len, NULL, frame, size, NULL);
    if (n <= 0 || size[0] <= 0)
        return false;
    int per_frame = opus_packet_get_samples_per_frame(data, RATE);
    int n_silk = per_frame > MS_20 ? per_frame / MS_20 : 1;
    return (frame[0][0] >> (7 - n_silk)) & 1;
}

static pl_err decode_fec(pl_decoder *decoder, const uint8_t *data, size_t len,
                         float *pcm, size_t samples)
{
    if (!has_redundancy(data, len))
        return PL_ENOENT;
    int n = opus_decode_float(decoder_of(decoder), data, (opus_int32)len, pcm,
                              (int)samples, 1);
    return n == (int)samples ? PL_OK : PL_ENOENT;
}

static void conceal(pl_decoder *decoder, float *pcm, size_t samples)
{
    size_t done = 0;
    while (done < samples) { /* at most 20 ms a call, as packets come */
        size_t want = samples - done < MS_20 ? samples - done : MS_20;
        int n = opus_decode_float(decoder_of(decoder), NULL, 0,
                                  pcm + done * decoder->channels, (int)want, 0);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    memset(pcm + done * decoder->channels, 0,
           (samples - done) * decoder->channels * sizeof *pcm);
}

static void expect_loss(pl_encoder *encoder, unsigned percent)
{
    OpusEncoder *o = encoder_of(encoder);
    opus_int32 loss = percent < LOSS_MAX_PERCENT ? (opus_int32)percent
                                                 : (opus_int32)LOSS_MAX_PERCENT;
    (void)opus_encoder_ctl(o, OPUS_SET_INBAND_FEC(loss > 0));
    (void)opus_encoder_ctl(o, OPUS_SET_PACKET_LOSS_PERC(loss));
}

static pl_err encoder_create(const pl_encoder_options *options,
                             pl_encoder **ret_encoder)
{
    int n = channels_of(options->channels);
    size_t size = (size_t)opus_encoder_get_size(n);
    pl_encoder *e = calloc(1, sizeof *e + size);
    if (!e)
        return PL_ENOMEM;
    e->size = size;
    OpusEncoder *o = encoder_of(e);
    opus_int32 bps = options->bitrate_bps ? (opus_int32)options->bitrate_bps
                                          : DEFAULT_BPS * n;
    opus_int32 complexity =
        options->complexity ? (opus_int32)options->complexity : COMPLEXITY;
    int use = n == 2 ? OPUS_APPLICATION_AUDIO : OPUS_APPLICATION_VOIP;
    bool is_ok =
        opus_encoder_init(o, RATE, n, use) == OPUS_OK &&
        opus_encoder_ctl(o, OPUS_SET_BITRATE(bps)) == OPUS_OK &&
        opus_encoder_ctl(o, OPUS_SET_COMPLEXITY(complexity)) == OPUS_OK;
    if (!is_ok) {
        free(e);
        return PL_EINTERNAL;
    }
    *ret_encoder = e;
    return PL_OK;
}

static void encoder_reset(pl_encoder *encoder)
{
    (void)opus_encoder_ctl(encoder_of(encoder), OPUS_RESET_STATE);
}

static void encoder_destroy(pl_encoder **encoder)
{
    free(*encoder);
    *encoder = NULL;
}

static size_t encode(pl_encoder *encoder, const float *pcm, uint8_t *out)
{
    opus_int32 n = opus_encode_float(encoder_of(encoder), pcm, PL_CODEC_FRAME,
                                     out, PL_CODEC_MAX_ENCODED);
    return n > 0 ? (size_t)n : 0;
}

static void encoder_copy(pl_encoder *to, const pl_encoder *from)
{
    memcpy(to->state, from->state, from->size);
}

const pl_codec pl_opus_codec = {
    .kind = PL_AUDIO_OPUS,
    .clock_hz = RATE,
    .has_stereo = true,
    .longest = MS_60,
    .duration = duration,
    .is_whole = is_whole,
    .part = part,
    .decoder_create = decoder_create,
    .decoder_destroy = decoder_destroy,
    .decode = decode,
    .decode_fec = decode_fec,
    .has_fec = has_redundancy,
    .conceal = conceal,
    .decoder_reset = decoder_reset,
    .encoder_create = encoder_create,
    .encoder_destroy = encoder_destroy,
    .encoder_reset = encoder_reset,
    .encoder_expect_loss = expect_loss,
    .encode = encode,
    .encoder_copy = encoder_copy,
};
