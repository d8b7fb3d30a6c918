/* engine_record.c - frames for the thread that writes recordings. */
#include "core/engine_record.h"

#include "core/engine_state.h"
#include "core/record_tap.h"

enum { TICK_MS = PL_TICK_US / 1000 };

static void tell_over(const pl_engine *e, const pl_engine_room *room,
                      pl_mix_id recording)
{
    pl_mix_event event = {
        .kind = PL_MIX_RECORD_OVER, .room = room->id, .u.recording = recording};
    e->options.sink.event(e->options.sink.ctx, &event);
}

void pl_engine_record_start(pl_engine *engine, pl_engine_room *room,
                            const pl_mix_record *what)
{
    pl_engine_record_stop(engine, room);
    bool is_good =
        engine->options.record &&
        (!what->has_mix || pl_engine_need_mix(engine, room) == PL_OK);
    if (!is_good) {
        engine->stats.bad_command++;
        tell_over(engine, room, what->id);
        return;
    }
    room->record = (pl_room_record){.is_on = true, .what = *what};
    for (size_t i = 0; i < room->n; i++)
        room->legs[i]->record_lost_ms = 0;
}

void pl_engine_record_stop(pl_engine *engine, pl_engine_room *room)
{
    if (!room->record.is_on)
        return;
    room->record.is_on = false;
    tell_over(engine, room, room->record.what.id);
}

bool pl_engine_records_mix(const pl_engine_room *room)
{
    return room->record.is_on && room->record.what.has_mix;
}

static void put(pl_engine *e, pl_record_head *head, uint32_t *lost_ms,
                const uint8_t *data, size_t len)
{
    head->lost_ms = *lost_ms;
    if (pl_record_put(e->options.record, head, data, len))
        return;
    *lost_ms += TICK_MS;
    e->stats.record_lost_ms += TICK_MS;
}

void pl_engine_record_mix(pl_engine *engine, pl_engine_room *room,
                          const uint8_t *data, size_t len)
{
    pl_record_head head = {.recording = room->record.what.id,
                           .at_us = engine->last_tick_us,
                           .kind = PL_RECORD_MIX,
                           .codec = PL_AUDIO_OPUS};
    if (len > 0)
        put(engine, &head, &room->record.lost_ms, data, len);
}

void pl_engine_record_stem(pl_engine *engine, pl_channel *leg,
                           pl_codec_kind codec, const pl_rtp *rtp,
                           uint32_t xseq, int64_t now_us)
{
    const pl_room_record *record = &leg->room->record;
    if (!record->is_on || !record->what.has_stems || !leg->flags.mixed ||
        leg->flags.muted || now_us < leg->keying_until_us)
        return;
    pl_record_head head = {.recording = record->what.id,
                           .leg = leg->id,
                           .at_us = now_us,
                           .ssrc = rtp->ssrc,
                           .xseq = xseq,
                           .ts = rtp->ts,
                           .kind = PL_RECORD_STEM,
                           .codec = (uint8_t)codec};
    put(engine, &head, &leg->record_lost_ms, rtp->payload, rtp->payload_len);
}
