/* room_policy.h - what a room does with sound: of its section in the
 * configuration, or of a managed room what the management API was told. */
#ifndef PL_ROOMPOOL_ROOM_POLICY_H
#define PL_ROOMPOOL_ROOM_POLICY_H

#include "model.h"

typedef struct pl_room_policy {
    char alone_music[PL_PROMPT_NAME_MAX + 1]; /* prompt; "" none */
    uint32_t channels;                        /* 1, 2 */
    uint32_t dtmf;                            /* pl_dtmf_policy */
    uint32_t record;                          /* pl_record_policy */
    bool denoise, level_voices, record_stems;
} pl_room_policy;

/* The columns of a row that nobody set otherwise. */
void pl_room_policy_preset(pl_room_row *row);
/* What holds for a room; NULL, a conference without room: the presets. */
pl_room_policy pl_room_policy_of(const pl_room *room);

#endif
