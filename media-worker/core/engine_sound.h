/* engine_sound.h - what makes voices good to hear, for core/engine*.c alone:
 * noise suppression, comfort noise, levelling; prompts to a whole room; and
 * nothing sent where there is nothing to hear. */
#ifndef PL_ENGINE_SOUND_H
#define PL_ENGINE_SOUND_H

#include "core/comfort.h"
#include "core/denoise.h"
#include "core/engine_msg.h"
#include "core/levelling.h"

struct pl_engine;
struct pl_engine_room;
struct pl_channel;

enum {
    PL_DENOISE_MAX = 32, /* states of a room: who spoke last has one */
    PL_REST_AFTER = 15,  /* ticks: 300 ms in which decoders learn the noise */
    PL_REST_PERIOD = 20  /* ticks: a sign of life each 400 ms */
};

typedef struct pl_denoise_slot {
    pl_denoise *state[PL_LEVELLING_CHANNELS]; /* as many as the room has */
    struct pl_channel *owner;
    uint64_t tick; /* last use */
} pl_denoise_slot;

/* Of a leg. */
typedef struct pl_leg_sound {
    /* its voice */
    pl_levelling levelling;
    pl_comfort comfort;
    bool is_pausing; /* this tick's sound is silence; set by the tick */
    bool was_pausing;
    bool has_told; /* by a comfort noise packet since the last audio */
    float told_db;
    float pause_db;           /* noise of the pause under way */
    pl_denoise_slot *denoise; /* one of the room's, or NULL */
    float wet;                /* how much of denoise is heard, 0..1 */
    /* what it hears */
    float noise_gain; /* of the room's noise in a mix of its own */
    uint16_t quiet_ticks;
    uint8_t toc; /* first byte of the Opus packet sent last */
} pl_leg_sound;

/* A prompt at some place. */
typedef struct pl_room_prompt {
    pl_mix_play play; /* prompt NULL: none */
    size_t at;
} pl_room_prompt;

/* Of a room. */
typedef struct pl_room_sound {
    pl_room_prompt prompt, leaving; /* leaving: faded out in one tick */
    bool is_playing;                /* a prompt is in this tick's sum */
    float prompt_gain;
    float duck_from, duck_to;   /* of voices beside a prompt, this tick */
    size_t n_mixed;             /* voices in this tick's sum */
    uint64_t noise_tick;        /* of the engine's noise[] */
    float under_db;             /* noise under this tick's voices */
    float noise_db;             /* under those that ended last */
    float noise_now;            /* of this tick: follows noise_db */
    float noise_from, noise_to; /* its gain in the shared mix, this tick */
    pl_denoise_slot *slots;
    size_t n_slots;
} pl_room_sound;

/* ---- engine_sound.c: voices and the sum ---------------------------------- */

void pl_leg_sound_init(pl_leg_sound *sound, uint32_t seed);
void pl_room_sound_init(pl_room_sound *sound);
void pl_room_sound_play(pl_room_sound *sound, const pl_mix_play *play);
/* Before the voices of a tick. */
void pl_engine_sound_begin(struct pl_engine *engine,
                           struct pl_engine_room *room);
/* Work on the leg's rendered voice in place, before it is faded and put on the
 * grid. Each leg of the mix, once a tick. */
void pl_engine_sound_voice(struct pl_engine *engine,
                           struct pl_engine_room *room, struct pl_channel *leg);
/* After the voices: add the prompt to the sum. */
void pl_engine_sound_end(struct pl_engine *engine, struct pl_engine_room *room);
/* Add the room's noise to a mix in which nobody is heard; mix[960][channels] on
 * the grid stays there. `out` is written and returned if there is noise to add.
 */
const float *pl_engine_sound_noise(struct pl_engine *engine,
                                   struct pl_engine_room *room,
                                   unsigned channels, const float *mix,
                                   float from, float to, float *out);
/* The gain that the noise has at the end of this tick for a leg with a mix of
 * its own. */
float pl_engine_sound_noise_to(const struct pl_engine_room *room,
                               const struct pl_channel *leg);

/* ---- engine_denoise.c: who has which state ------------------------------- */

/* Have states for the room's legs, as far as memory allows. Allocates. */
void pl_engine_denoise_grow(struct pl_engine *engine,
                            struct pl_engine_room *room);
void pl_engine_denoise_leave(struct pl_engine_room *room,
                             const struct pl_channel *leg);
void pl_engine_denoise_free(struct pl_engine *engine,
                            struct pl_engine_room *room);
/* The leg's states, or those that were not used for longest. */
pl_denoise_slot *pl_engine_denoise_take(struct pl_engine *engine,
                                        struct pl_engine_room *room,
                                        struct pl_channel *leg);

/* ---- engine_rest.c: discontinuous transmission ----------------------------
 */

/* Whether the leg needs no packet with sound this tick, because there has been
 * nothing to hear for some time; a sign of life is sent now and then. To be
 * asked once a tick for each leg that is sent something, before encoding.
 * Source: RFC 7587 section 3.1.3, RFC 3389 section 4, RFC 3551 section 4.1 */
bool pl_engine_rests(struct pl_engine *engine, struct pl_channel *leg);

#endif
