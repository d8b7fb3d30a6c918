/* talker.h - what participants say: loops of speech with a pilot under it,
 * encoded once before anybody speaks, replayed from memory.
 *
 * A pilot is a comb of three tones that no other voice of the run has: with it
 * a voice is found again in any mix. One voice of each room also has marks: a
 * short burst of a tone every second, by which the delay is measured. */
#ifndef PL_LOAD_TALKER_H
#define PL_LOAD_TALKER_H

#include <stddef.h>
#include <stdint.h>

#include "core/codec.h"
#include "pilot.h"

enum {
    PL_LOAD_FRAME = 960, /* samples at 48 kHz: 20 ms */
    PL_LOAD_CLIP = 400,  /* frames of a loop: 8 s */
    PL_LOAD_VOICES_MAX = PL_PILOT_VOICES
};

typedef struct pl_load_frame {
    const uint8_t *data;
    uint16_t len;
    uint8_t level; /* -dBov, RFC 6464 */
} pl_load_frame;

typedef struct pl_load_clip {
    pl_load_frame frame[PL_LOAD_CLIP];
    uint8_t *bytes; /* all payloads */
} pl_load_clip;

typedef struct pl_load_voices {
    size_t n; /* voices, each without and with marks */
    pl_load_clip *plain, *marked;
    pl_load_clip noise; /* of a quiet room, -65 dBFS */
    /* How much later than PL_MARK_FIRST + k seconds the marks begin in what a
     * decoder makes of `marked`, in samples: encoder and decoder alone. */
    double mark_offset;
} pl_load_voices;

/* Make n voices out of the WAV files of a folder.
 *
 * Errors:  PL_ENOENT no WAV file there; PL_ENOMEM; PL_EINVAL n
 * Context: about 0.2 s of CPU a voice */
PL_MUST_USE pl_err pl_load_voices_create(const char *speech_dir, size_t n,
                                         const pl_codec *codec,
                                         pl_load_voices **ret_voices);
void pl_load_voices_destroy(pl_load_voices **voices);
/* Which of n voices sits on a seat: differs within a room, and from room to
 * room as far as they go round. */
size_t pl_load_voice_of(unsigned room, unsigned seat, unsigned talkers,
                        size_t n);

#endif
