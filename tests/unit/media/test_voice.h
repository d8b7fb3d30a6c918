/* test_voice.h - somebody who speaks, made up. */
#ifndef PL_TEST_VOICE_H
#define PL_TEST_VOICE_H

#include <stddef.h>
#include <stdint.h>

/* A voice-like sound: pitch pulses through two wandering formants, with
 * syllables and pauses, all of it different for each seed. */
typedef struct voice {
    double phase, pitch_hz, y[2][2];
    uint32_t seed;
} voice;

/* A rig_source: pcm[960] of a frame; ctx is the voice. */
void speak(void *ctx, size_t frame, float *pcm);

#endif
