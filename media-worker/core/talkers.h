/* talkers.h - who is heard: the loudest K voices, with hysteresis so that the
 * choice does not flutter. */
#ifndef PL_TALKERS_H
#define PL_TALKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PL_TALKERS_MAX = 32, PL_TALKERS_DEFAULT = 3 };

/* One leg's voice; init with pl_voice_init(). */
typedef struct pl_voice {
    float level_db;        /* of the last frame */
    float score_db;        /* follows rises at once and falls slowly */
    uint16_t quiet_ticks;  /* since the last loud frame */
    uint16_t louder_ticks; /* how long it has beaten the weakest talker */
    bool is_speaking;
    bool is_selected;
} pl_voice;

void pl_voice_init(pl_voice *voice);
/* Take the level of the next 20 ms. */
void pl_voice_update(pl_voice *voice, float level_db);
/* Choose among voice[n] at most k (<= PL_TALKERS_MAX): sets is_selected. Voices
 * that do not speak are not selected. */
void pl_talkers_select(pl_voice *const *voice, size_t n, size_t k);

#endif
