/* speech.h - real speech for tests: an announcement of ours, and how loud
 * something is. */
#ifndef PL_TEST_SPEECH_H
#define PL_TEST_SPEECH_H

#include <stddef.h>
#include <stdint.h>

/* An announcement out of the prompt folder, repeated without end. */
typedef struct speech {
    float *pcm; /* 48 kHz, one second of pause at its end */
    size_t n;
    double db;       /* wanted: loudness of its speech */
    double noise_db; /* white noise under it; -200: none */
    double gain;
    uint32_t seed;
} speech;

void speech_open(speech *s, const char *name, double db, double noise_db);
void speech_close(speech *s);
/* As of rig_source: frame number `frame` into pcm[960]. */
void speech_frame(void *ctx, size_t frame, float *pcm);

/* Root mean square in dBFS. */
double rms_db(const float *pcm, size_t n);
/* The same of frames of 20 ms that are at most 10 dB below the mean of all:
 * what was spoken, without its pauses (a gate as in EBU R 128). */
double spoken_db(const float *pcm, size_t n);
/* The same of the quietest tenth of the frames: what lies under it. */
double quiet_db(const float *pcm, size_t n);

#endif
