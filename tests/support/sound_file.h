/* sound_file.h - files of sound as somebody else's programs read them: opusdec
 * and opusinfo (opus-tools), sox. For cmocka tests. */
#ifndef SOUND_FILE_H
#define SOUND_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sound {
    int16_t *pcm; /* mono, 48 kHz */
    size_t n;
} sound;

/* Decode Ogg/Opus by opusdec, Sun audio (G.711) by sox; the test fails when
 * they refuse. */
void sound_read(const char *path, sound *ret_sound);
void sound_free(sound *s);
/* Amplitude (full scale 1) of a tone in [from, from + n) ms. */
double sound_tone(const sound *s, double hz, size_t from_ms, size_t n_ms);
/* What opusinfo says of a file; false when it found a fault in it. */
bool sound_info(const char *path, char *text, size_t cap);

/* An empty folder for this process; and away with it, files and all. */
void folder_make(char *path, size_t cap);
void folder_remove(const char *path);

#endif
