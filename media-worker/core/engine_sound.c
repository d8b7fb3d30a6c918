/* engine_sound.c - voices on their way into the sum, and what is added there.
 *
 * Everything happens before samples are put on the grid (grid.h), so that the
 * mix without one's own voice stays exact whatever is done to the voices. */
#include "core/engine_sound.h"

#include <string.h>

#include "core/engine_state.h"
#include "core/grid.h"
#include "core/level.h"

enum { N = PL_TICK_SAMPLES, NOISE_SETTLE = 48 };
/* An announcement is in front of the voices, music that is looped behind. */
static const float DUCKED_VOICE = 0.35F; /* -9 dB */
static const float DUCKED_LOOP = 0.25F;  /* -12 dB */
static const float NOISE_STEP_DB = 3.0F;
static const float DUCK_STEP = 0.065F; /* a tick: there in 200 ms */

void pl_leg_sound_init(pl_leg_sound *s, uint32_t seed)
{
    *s =
        (pl_leg_sound){.comfort = {.seed = seed}, .pause_db = PL_LEVEL_SILENCE};
    pl_levelling_init(&s->levelling);
}

void pl_room_sound_init(pl_room_sound *s)
{
    *s = (pl_room_sound){.prompt_gain = 1.0F,
                         .duck_from = 1.0F,
                         .duck_to = 1.0F,
                         .under_db = PL_LEVEL_SILENCE,
                         .noise_db = PL_LEVEL_SILENCE,
                         .noise_now = PL_LEVEL_SILENCE};
}

/* ---- prompts to all ------------------------------------------------------ */

void pl_room_sound_play(pl_room_sound *s, const pl_mix_play *play)
{
    if (s->prompt.play.prompt)
        s->leaving = s->prompt;
    s->prompt = (pl_room_prompt){.play = *play};
    if (s->prompt.play.prompt && s->prompt.play.prompt->n == 0)
        s->prompt.play.prompt = NULL;
}

static float step_to(float from, float to)
{
    if (to > from + DUCK_STEP)
        return from + DUCK_STEP;
    return to < from - DUCK_STEP ? from - DUCK_STEP : to;
}

void pl_engine_sound_begin(pl_engine *e, pl_engine_room *room)
{
    (void)e;
    pl_room_sound *s = &room->sound;
    const pl_mix_play *play = &s->prompt.play;
    s->duck_from = s->duck_to;
    s->duck_to = step_to(s->duck_from,
                         play->prompt && !play->is_loop ? DUCKED_VOICE : 1.0F);
    s->n_mixed = 0;
}

/* Add the next 20 ms of a prompt with a gain that runs from..to; true when it
 * ended in them. */
static bool add_prompt(pl_room_prompt *p, float from, float to, float *sum,
                       size_t channels)
{
    const pl_prompt *prompt = p->play.prompt;
    float step = (to - from) / (float)N;
    for (size_t i = 0; i < N; i++) {
        float x = pl_grid((float)prompt->pcm[p->at++] / 32768.0F * from);
        for (size_t c = 0; c < channels; c++)
            sum[i * channels + c] += x;
        from += step;
        if (p->at < prompt->n)
            continue;
        p->at = 0;
        if (!p->play.is_loop)
            return true;
    }
    return false;
}

static void announce_end(pl_engine *e, const pl_engine_room *room,
                         const pl_mix_play *play)
{
    pl_mix_event event = {.kind = PL_MIX_ROOM_PLAYED,
                          .room = room->id,
                          .u.played = {play->prompt, play->tag}};
    e->options.sink.event(e->options.sink.ctx, &event);
}

static void play_to_all(pl_engine *e, pl_engine_room *room)
{
    pl_room_sound *s = &room->sound;
    size_t channels = room->channels;
    s->is_playing = s->prompt.play.prompt || s->leaving.play.prompt;
    if (s->leaving.play.prompt) {
        (void)add_prompt(&s->leaving, s->prompt_gain, 0.0F, e->sum, channels);
        s->leaving.play.prompt = NULL;
    }
    if (!s->prompt.play.prompt) {
        s->prompt_gain = 1.0F;
        return;
    }
    bool is_behind = s->prompt.play.is_loop && s->n_mixed > 0;
    float from = s->prompt_gain;
    s->prompt_gain = step_to(from, is_behind ? DUCKED_LOOP : 1.0F);
    if (add_prompt(&s->prompt, from, s->prompt_gain, e->sum, channels)) {
        pl_mix_play over = s->prompt.play;
        s->prompt.play.prompt = NULL;
        announce_end(e, room, &over);
    }
}

/* ---- one voice ----------------------------------------------------------- */

static void run_denoise(const pl_engine *e, const pl_leg_sound *s, float *pcm,
                        size_t channels)
{
    for (size_t c = 0; c < channels; c++)
        e->options.denoise->run(s->denoise->state[c], pcm + c, N, channels);
}

static void take_noise_out(pl_engine *e, pl_engine_room *room, pl_channel *leg)
{
    pl_leg_sound *s = &leg->sound;
    float to = room->options.denoise && e->options.denoise ? 1.0F : 0.0F;
    float from = s->wet;
    if (from <= 0.0F && to <= 0.0F)
        return;
    s->denoise = pl_engine_denoise_take(e, room, leg);
    if (!s->denoise)
        return;
    s->wet = to;
    size_t channels = leg->pcm_channels, n = N * channels;
    if (from >= 1.0F && to >= 1.0F) {
        run_denoise(e, s, leg->pcm, channels);
        return;
    }
    float wet[N * PL_LEVELLING_CHANNELS];
    memcpy(wet, leg->pcm, n * sizeof *wet);
    run_denoise(e, s, wet, channels);
    for (size_t i = 0; i < n; i++) {
        float w = from + (to - from) * (float)i / (float)n;
        leg->pcm[i] += (wet[i] - leg->pcm[i]) * w;
    }
}

/* A pause: the noise that was told, or that lay under the voice before. */
static void fill_pause(pl_channel *leg, size_t channels)
{
    pl_leg_sound *s = &leg->sound;
    if (!s->was_pausing) {
        s->pause_db =
            pl_levelling_floor_db(&s->levelling) - s->levelling.gain_db;
    }
    if (s->has_told)
        s->pause_db = s->told_db;
    float noise[N];
    pl_comfort_fill(&s->comfort, s->pause_db, noise, N);
    for (size_t i = 0; i < N * channels; i++)
        leg->pcm[i] = noise[i / channels];
}

static void duck(const pl_room_sound *s, float *pcm, size_t n)
{
    if (s->duck_from >= 1.0F && s->duck_to >= 1.0F)
        return;
    float gain = s->duck_from;
    float step = (s->duck_to - gain) / (float)n;
    for (size_t i = 0; i < n; i++) {
        pcm[i] *= gain;
        gain += step;
    }
}

void pl_engine_sound_voice(pl_engine *e, pl_engine_room *room, pl_channel *leg)
{
    pl_room_sound *r = &room->sound;
    pl_leg_sound *s = &leg->sound;
    size_t channels = leg->pcm_channels;
    if (s->is_pausing) {
        fill_pause(leg, channels);
    } else {
        take_noise_out(e, room, leg);
    }
    s->was_pausing = s->is_pausing;
    pl_levelling_run(&s->levelling, leg->pcm, N, channels,
                     room->options.is_raw);
    duck(r, leg->pcm, N * channels);
    float under_db = s->is_pausing ? s->pause_db + s->levelling.gain_db
                                   : pl_levelling_floor_db(&s->levelling);
    if (r->n_mixed++ == 0 || under_db > r->under_db)
        r->under_db = under_db;
}

/* ---- noise of a room in which nobody speaks ------------------------------ */

/* The noise is that of the voices which ended last, and changes slowly. Who
 * speaks alone goes on to hear what there was before: not a sample of what he
 * hears depends on his own voice. */
static void follow_noise(pl_room_sound *s)
{
    if (s->n_mixed > 0)
        return;
    s->noise_db = s->under_db;
    float from =
        s->noise_now > PL_COMFORT_QUIETEST ? s->noise_now : PL_COMFORT_QUIETEST;
    float off = s->noise_db - from;
    if (s->noise_db < PL_COMFORT_QUIETEST && from <= PL_COMFORT_QUIETEST) {
        s->noise_now = PL_LEVEL_SILENCE;
    } else {
        off = off > NOISE_STEP_DB ? NOISE_STEP_DB : off;
        s->noise_now = from + (off < -NOISE_STEP_DB ? -NOISE_STEP_DB : off);
    }
}

void pl_engine_sound_end(pl_engine *e, pl_engine_room *room)
{
    pl_room_sound *s = &room->sound;
    play_to_all(e, room);
    s->noise_from = s->noise_to;
    s->noise_to = s->n_mixed == 0 && !s->is_playing ? 1.0F : 0.0F;
    follow_noise(s);
}

/* A room's noise is made of the tick's number alone, so that it is the same
 * for whoever hears it and whether anybody heard the one before. */
static void make_noise(pl_engine *e, pl_engine_room *room)
{
    pl_room_sound *s = &room->sound;
    if (s->noise_tick == e->tick)
        return;
    s->noise_tick = e->tick;
    pl_comfort comfort = {.seed = (uint32_t)e->tick * 2654435761U ^
                                  room->id.generation};
    float settle[NOISE_SETTLE];
    pl_comfort_fill(&comfort, s->noise_now, settle, NOISE_SETTLE);
    pl_comfort_fill(&comfort, s->noise_now, e->noise, N);
}

float pl_engine_sound_noise_to(const pl_engine_room *room,
                               const pl_channel *leg)
{
    const pl_room_sound *s = &room->sound;
    size_t others = s->n_mixed - (leg->is_in_mix ? 1 : 0);
    return others == 0 && !s->is_playing ? 1.0F : 0.0F;
}

const float *pl_engine_sound_noise(pl_engine *e, pl_engine_room *room,
                                   unsigned channels, const float *mix,
                                   float from, float to, float *out)
{
    if (from + to <= 0.0F || room->sound.noise_now < PL_COMFORT_QUIETEST)
        return mix;
    make_noise(e, room);
    float step = (to - from) / (float)N;
    for (size_t i = 0; i < N; i++) {
        float x = pl_grid(e->noise[i] * from);
        for (unsigned c = 0; c < channels; c++)
            out[i * channels + c] = mix[i * channels + c] + x;
        from += step;
    }
    return out;
}
