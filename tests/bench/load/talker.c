/* talker.c - see talker.h. */
#include "talker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/prompts.h"
#include "pilot.h"

enum {
    LOOP = PL_LOAD_CLIP * PL_LOAD_FRAME, /* samples */
    SHORTEST = PL_PILOT_RATE / 2,        /* of speech; less is a beep */
    SPREAD = 61440,                      /* samples between voices' begins */
    SECOND = PL_PILOT_RATE,
    BITRATE = 32000,
    WARM = 50 /* frames that bring an encoder to a loop's begin */
};
static const double SPEECH_RMS = 0.1;    /* -20 dBFS */
static const double NOISE_RMS = 0.00056; /* -65 dBFS */

/* ---- speech ------------------------------------------------------------- */

/* All files of the folder one behind the other, equally loud. */
typedef struct speech {
    float *pcm;
    size_t n;
} speech;

static double rms(const int16_t *pcm, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)pcm[i] * pcm[i];
    return n ? sqrt(sum / (double)n) / 32768 : 0;
}

/* Announcements by the names they have in the tree, so that tones and music
 * are not taken for speech; in other folders every file. */
static const char *const SPOKEN[] = {
    "echo-intro", "pin-enter",        "pin-locked", "pin-wrong",
    "room-full",  "waiting-for-host", "welcome"};

static pl_err append(speech *s, const pl_prompt *p)
{
    double now = p && p->n >= SHORTEST ? rms(p->pcm, p->n) : 0;
    if (now <= 0)
        return PL_OK;
    float *pcm = realloc(s->pcm, (s->n + p->n) * sizeof *pcm);
    if (!pcm)
        return PL_ENOMEM;
    s->pcm = pcm;
    for (size_t i = 0; i < p->n; i++) {
        double v = p->pcm[i] / 32768.0 * SPEECH_RMS / now;
        /* what sticks out of the announcement's loudness may not clip */
        s->pcm[s->n + i] = (float)(v > 0.5 ? 0.5 : v < -0.5 ? -0.5 : v);
    }
    s->n += p->n;
    return PL_OK;
}

static pl_err load_speech(const char *dir, speech *s)
{
    pl_prompts *prompts = NULL;
    pl_err e = pl_prompts_load(dir, &prompts);
    for (size_t i = 0; e == PL_OK && i < sizeof SPOKEN / sizeof *SPOKEN; i++)
        e = append(s, pl_prompts_find(prompts, SPOKEN[i]));
    for (size_t i = 0; e == PL_OK && s->n == 0 && i < pl_prompts_count(prompts);
         i++)
        e = append(s, pl_prompts_at(prompts, i));
    pl_prompts_free(&prompts);
    return e == PL_OK && s->n == 0 ? PL_ENOENT : e;
}

/* ---- loops -------------------------------------------------------------- */

static void fill_voice(float *pcm, const speech *s, size_t voice,
                       bool is_marked)
{
    for (size_t i = 0; i < LOOP; i++)
        pcm[i] = s->pcm[(i + voice * SPREAD) % s->n];
    pl_pilot_add(voice, pcm, LOOP, 0);
    if (is_marked)
        pl_mark_add(pcm, LOOP, 0);
}

static void fill_noise(float *pcm)
{
    uint32_t x = 12345; /* always the same noise */
    for (size_t i = 0; i < LOOP; i++) {
        x = x * 1664525U + 1013904223U;
        double even = (double)(x >> 8) / (1U << 23) - 1;
        pcm[i] = (float)(even * NOISE_RMS * 1.732);
    }
}

/* RFC 6464 section 3: 0 is full scale, 127 silence. */
static uint8_t level_of(const float *pcm)
{
    double sum = 0;
    for (size_t i = 0; i < PL_LOAD_FRAME; i++)
        sum += (double)pcm[i] * (double)pcm[i];
    double db = 10 * log10(sum / PL_LOAD_FRAME + 1e-13);
    return (uint8_t)(db > 0 ? 0 : db < -127 ? 127 : lrint(-db));
}

/* The loop's end is encoded first: what is replayed then begins where its end
 * leaves the encoder. */
static pl_err encode_loop(const pl_codec *codec, const float *pcm,
                          pl_load_clip *clip)
{
    pl_encoder *encoder = NULL;
    pl_err e = codec->encoder_create(
        &(pl_encoder_options){.bitrate_bps = BITRATE}, &encoder);
    if (e != PL_OK)
        return e;
    clip->bytes = malloc((size_t)PL_LOAD_CLIP * PL_CODEC_MAX_ENCODED);
    e = clip->bytes ? PL_OK : PL_ENOMEM;
    uint8_t *at = clip->bytes;
    for (size_t i = PL_LOAD_CLIP - WARM;
         e == PL_OK && i < (size_t)2 * PL_LOAD_CLIP; i++) {
        uint8_t scrap[PL_CODEC_MAX_ENCODED];
        size_t k = i % PL_LOAD_CLIP;
        bool is_kept = i >= PL_LOAD_CLIP;
        const float *frame = pcm + k * PL_LOAD_FRAME;
        size_t len = codec->encode(encoder, frame, is_kept ? at : scrap);
        if (len == 0)
            e = PL_EINTERNAL;
        if (!is_kept)
            continue;
        clip->frame[k] = (pl_load_frame){
            .data = at, .len = (uint16_t)len, .level = level_of(frame)};
        at += len;
    }
    codec->encoder_destroy(&encoder);
    return e;
}

/* Where the marks are in what a listener of this very loop would hear. */
static pl_err measure_marks(const pl_codec *codec, const pl_load_clip *clip,
                            double *ret_offset)
{
    enum { SECONDS = 3 };
    pl_decoder *decoder = NULL;
    float *pcm = calloc(SECONDS * SECOND + PL_CODEC_MAX_DECODED, sizeof *pcm);
    pl_err e = pcm ? codec->decoder_create(1, &decoder) : PL_ENOMEM;
    size_t n = 0;
    for (size_t i = 0; e == PL_OK && n < (size_t)SECONDS * SECOND; i++) {
        size_t made = 0;
        e = codec->decode(decoder, clip->frame[i].data, clip->frame[i].len,
                          pcm + n, &made);
        n += made;
    }
    double at = 0;
    /* the second one: the decoder has settled */
    if (e == PL_OK && !pl_mark_find(pcm + SECOND, SECOND, &at))
        e = PL_EINTERNAL;
    if (e == PL_OK)
        *ret_offset = at - PL_MARK_FIRST;
    if (decoder)
        codec->decoder_destroy(&decoder);
    free(pcm);
    return e;
}

static pl_err make_voices(pl_load_voices *v, const speech *s,
                          const pl_codec *codec, float *pcm)
{
    pl_err e = PL_OK;
    for (size_t i = 0; e == PL_OK && i < v->n; i++) {
        fill_voice(pcm, s, i, false);
        e = encode_loop(codec, pcm, &v->plain[i]);
        if (e != PL_OK)
            break;
        fill_voice(pcm, s, i, true);
        e = encode_loop(codec, pcm, &v->marked[i]);
    }
    if (e == PL_OK) {
        fill_noise(pcm);
        e = encode_loop(codec, pcm, &v->noise);
    }
    if (e == PL_OK && v->n > 0)
        e = measure_marks(codec, &v->marked[0], &v->mark_offset);
    return e;
}

pl_err pl_load_voices_create(const char *speech_dir, size_t n,
                             const pl_codec *codec, pl_load_voices **ret_voices)
{
    if (n > PL_LOAD_VOICES_MAX)
        return PL_EINVAL;
    speech s = {.n = 0};
    pl_load_voices *v = calloc(1, sizeof *v);
    float *pcm = calloc(LOOP, sizeof *pcm);
    pl_err e = v && pcm ? load_speech(speech_dir, &s) : PL_ENOMEM;
    if (e == PL_OK) {
        v->n = n;
        v->plain = calloc(n + 1, sizeof *v->plain);
        v->marked = calloc(n + 1, sizeof *v->marked);
        e = v->plain && v->marked ? make_voices(v, &s, codec, pcm) : PL_ENOMEM;
    }
    free(s.pcm);
    free(pcm);
    if (e != PL_OK) {
        pl_load_voices_destroy(&v);
        return e;
    }
    *ret_voices = v;
    return PL_OK;
}

void pl_load_voices_destroy(pl_load_voices **voices)
{
    if (!voices || !*voices)
        return;
    pl_load_voices *v = *voices;
    for (size_t i = 0; v->plain && v->marked && i < v->n; i++) {
        free(v->plain[i].bytes);
        free(v->marked[i].bytes);
    }
    free(v->noise.bytes);
    free(v->plain);
    free(v->marked);
    free(v);
    *voices = NULL;
}

size_t pl_load_voice_of(unsigned room, unsigned seat, unsigned talkers,
                        size_t n)
{
    return n ? ((size_t)room * talkers + seat) % n : 0;
}
