/* engine_record.h - what a recording takes from an engine, for core/engine*.c
 * alone: the room's mix as Opus of the highest rate, encoded for listeners
 * anyhow or for the recording, and each voice as it came. */
#ifndef PL_ENGINE_RECORD_H
#define PL_ENGINE_RECORD_H

#include "core/engine_msg.h"
#include "core/rtp.h"

struct pl_engine;
struct pl_engine_room;
struct pl_channel;

/* Of a room. */
typedef struct pl_room_record {
    bool is_on;
    pl_mix_record what;
    uint32_t lost_ms; /* of the mix */
} pl_room_record;

/* Begin. What cannot be done is answered as its end is. Allocates. */
void pl_engine_record_start(struct pl_engine *engine,
                            struct pl_engine_room *room,
                            const pl_mix_record *what);
/* End, if one is on: PL_MIX_RECORD_OVER, nothing more comes. */
void pl_engine_record_stop(struct pl_engine *engine,
                           struct pl_engine_room *room);
/* Whether the room's mix has to be encoded in every tick. */
bool pl_engine_records_mix(const struct pl_engine_room *room);
/* This tick's mix. Context: tick, as pl_record_put() */
void pl_engine_record_mix(struct pl_engine *engine, struct pl_engine_room *room,
                          const uint8_t *data, size_t len);
/* A payload of a leg, if the room hears it: who is muted, waits, or keys
 * digits is not recorded. Context: packet path, as pl_record_put() */
void pl_engine_record_stem(struct pl_engine *engine, struct pl_channel *leg,
                           pl_codec_kind codec, const pl_rtp *rtp,
                           uint32_t xseq, int64_t now_us);

/* engine_hear.c: make the encoder of the mix. Errors: PL_ENOMEM,
 * PL_EUNSUPPORTED no Opus is built in. */
PL_MUST_USE pl_err pl_engine_need_mix(struct pl_engine *engine,
                                      struct pl_engine_room *room);

#endif
