/* talkers.c - loudest K with hysteresis. */
#include "core/talkers.h"

#include "core/level.h"

static const float START_DB = -55.0F;
static const float STOP_DB = -60.0F;
static const float FALL_DB = 0.5F;  /* a tick: 25 dB a second */
static const float BEAT_DB = 6.0F;  /* louder by this to take a place, */
static const float TIRED_DB = 2.0F; /* or by this once its holder pauses */
enum {
    HANGOVER_TICKS = 20, /* 400 ms: pauses between words */
    BEAT_TICKS = 3,
    PAUSE_TICKS = 5
};

void pl_voice_init(pl_voice *voice)
{
    *voice =
        (pl_voice){.level_db = PL_LEVEL_SILENCE, .score_db = PL_LEVEL_SILENCE};
}

void pl_voice_update(pl_voice *voice, float level_db)
{
    voice->level_db = level_db;
    voice->score_db -= FALL_DB;
    if (voice->score_db < level_db)
        voice->score_db = level_db;
    if (level_db > (voice->is_speaking ? STOP_DB : START_DB)) {
        voice->is_speaking = true;
        voice->quiet_ticks = 0;
        return;
    }
    if (voice->quiet_ticks < UINT16_MAX)
        voice->quiet_ticks++;
    if (voice->quiet_ticks > HANGOVER_TICKS)
        voice->is_speaking = false;
}

static pl_voice *weakest_selected(pl_voice *const *voice, size_t n)
{
    pl_voice *weakest = NULL;
    for (size_t i = 0; i < n; i++) {
        if (voice[i]->is_selected &&
            (!weakest || voice[i]->score_db < weakest->score_db))
            weakest = voice[i];
    }
    return weakest;
}

static pl_voice *loudest_waiting(pl_voice *const *voice, size_t n)
{
    pl_voice *loudest = NULL;
    for (size_t i = 0; i < n; i++) {
        pl_voice *v = voice[i];
        if (!v->is_selected && v->is_speaking && v->quiet_ticks == 0 &&
            (!loudest || v->score_db > loudest->score_db))
            loudest = v;
    }
    return loudest;
}

/* Whether `v` has been louder than `than` for long enough. */
static bool takes_place(pl_voice *v, const pl_voice *than)
{
    float lead = v->score_db - than->score_db;
    bool is_tired = than->quiet_ticks >= PAUSE_TICKS;
    if (lead < (is_tired ? TIRED_DB : BEAT_DB)) {
        v->louder_ticks = 0;
        return false;
    }
    return ++v->louder_ticks >= (is_tired ? 1 : BEAT_TICKS);
}

void pl_talkers_select(pl_voice *const *voice, size_t n, size_t k)
{
    size_t n_selected = 0;
    for (size_t i = 0; i < n; i++) {
        if (voice[i]->is_selected && !voice[i]->is_speaking)
            voice[i]->is_selected = false;
        if (voice[i]->is_selected && ++n_selected > k) { /* k shrank */
            voice[i]->is_selected = false;
            n_selected--;
        }
    }
    for (pl_voice *v = NULL;
         n_selected < k && (v = loudest_waiting(voice, n)) != NULL;
         n_selected++) {
        v->is_selected = true;
        v->louder_ticks = 0;
    }
    pl_voice *out = weakest_selected(voice, n);
    pl_voice *in = loudest_waiting(voice, n);
    if (out && in && takes_place(in, out)) {
        out->is_selected = false;
        in->is_selected = true;
        in->louder_ticks = 0;
    }
}
