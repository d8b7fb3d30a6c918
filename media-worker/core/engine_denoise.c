/* engine_denoise.c - states of noise suppression: they are large, so that a
 * room has one for each leg only up to a number; beyond it who spoke last has
 * one. */
#include <stdlib.h>

#include "core/engine_state.h"

void pl_engine_denoise_grow(pl_engine *e, pl_engine_room *room)
{
    pl_room_sound *s = &room->sound;
    const pl_denoise_ops *ops = e->options.denoise;
    if (!ops || !room->options.denoise)
        return;
    if (!s->slots)
        s->slots = calloc(PL_DENOISE_MAX, sizeof *s->slots);
    size_t channels = room->channels;
    while (s->slots && s->n_slots < room->n && s->n_slots < PL_DENOISE_MAX) {
        pl_denoise_slot *slot = &s->slots[s->n_slots];
        for (size_t c = 0; c < channels; c++) {
            if (!slot->state[c] && ops->create(&slot->state[c]) != PL_OK)
                return;
        }
        s->n_slots++;
    }
}

void pl_engine_denoise_leave(pl_engine_room *room, const pl_channel *leg)
{
    for (size_t i = 0; i < room->sound.n_slots; i++) {
        if (room->sound.slots[i].owner == leg)
            room->sound.slots[i].owner = NULL;
    }
}

void pl_engine_denoise_free(pl_engine *e, pl_engine_room *room)
{
    pl_room_sound *s = &room->sound;
    for (size_t i = 0; s->slots && i < PL_DENOISE_MAX; i++) {
        for (size_t c = 0; c < PL_LEVELLING_CHANNELS; c++)
            e->options.denoise->destroy(&s->slots[i].state[c]);
    }
    free(s->slots);
    s->slots = NULL;
    s->n_slots = 0;
}

pl_denoise_slot *pl_engine_denoise_take(pl_engine *e, pl_engine_room *room,
                                        pl_channel *leg)
{
    pl_room_sound *s = &room->sound;
    pl_denoise_slot *best = NULL;
    for (size_t i = 0; i < s->n_slots; i++) {
        pl_denoise_slot *slot = &s->slots[i];
        if (slot->owner == leg) {
            slot->tick = e->tick;
            return slot;
        }
        if (!best || (best->owner && (!slot->owner || slot->tick < best->tick)))
            best = slot;
    }
    if (!best)
        return NULL;
    if (best->owner) {
        best->owner->sound.denoise = NULL;
        best->owner->sound.wet = 0.0F;
    }
    best->owner = leg;
    best->tick = e->tick;
    return best;
}
