/* engine_dtmf.c - keys in a room: what others hear of them, or that they do
 * not.
 *
 * While somebody keys his voice is not mixed: many telephones send the tone of
 * the key beside the events. Where keys are passed on he is heard to say the
 * tone instead, and who takes events is sent one in place of that. */
#include "core/dtmf_tone.h"
#include "core/engine_state.h"

enum {
    TONE_TICKS = 5, /* as pl_dtmf_queue_next() has it */
    TONE_SAMPLES = TONE_TICKS * PL_TICK_SAMPLES
};
/* Behind an event's latest packet: others of it may follow every 50 ms. */
static const int64_t AFTER_US = 60000;

void pl_engine_keying(pl_channel *leg, int64_t now_us)
{
    leg->keying_until_us =
        now_us + pl_playout_delay_us(leg->playout) + AFTER_US;
}

bool pl_engine_is_keying(const pl_channel *leg, int64_t now_us)
{
    return now_us < leg->keying_until_us;
}

/* A queue that is full has a minute of tones: what more comes is dropped. */
static void put(pl_engine *e, pl_dtmf_queue *queue, char digit)
{
    if (pl_dtmf_queue_put(queue, &digit, 1) != PL_OK)
        e->stats.bad_command++;
}

void pl_engine_pass_digit(pl_engine *e, pl_channel *leg, char digit)
{
    pl_engine_room *room = leg->room;
    if (room->options.dtmf != PL_DTMF_POLICY_PASS ||
        room->options.mode != PL_ROOM_MODE_MIX || !leg->flags.mixed ||
        leg->flags.muted)
        return;
    put(e, &leg->tone, digit);
    e->stats.events_passed++;
    for (size_t i = 0; i < room->n; i++) {
        pl_channel *other = room->legs[i];
        if (other != leg && other->flags.mixed && !other->flags.deaf &&
            other->media.dtmf_send_pt != PL_MIX_NO_PT &&
            pl_channel_sends(other))
            put(e, &other->passed, digit);
    }
}

bool pl_engine_key_tone(const pl_engine *e, pl_channel *leg, float *pcm)
{
    if (leg->tone.n == 0)
        return false;
    char digit = leg->tone.keys[leg->tone.first];
    uint32_t ts = (uint32_t)(e->tick * PL_TICK_SAMPLES);
    pl_dtmf_packet unused;
    pl_dtmf_turn turn = pl_dtmf_queue_next(&leg->tone, ts, PL_TICK_SAMPLES,
                                           PL_TICK_SAMPLES * 50, &unused);
    uint32_t at = ts - unused.ts;
    if (turn != PL_DTMF_EVENT || at >= TONE_SAMPLES)
        return false;
    pl_dtmf_tone(digit, at, TONE_SAMPLES, pcm, PL_TICK_SAMPLES);
    return true;
}

pl_dtmf_queue *pl_engine_keys_to_send(pl_channel *leg)
{
    if (leg->passed.n > 0 && leg->media.dtmf_send_pt == PL_MIX_NO_PT)
        (void)pl_dtmf_queue_clear(&leg->passed);
    if (leg->passed.n > 0 && (leg->passed.is_begun || leg->keys.n == 0))
        return &leg->passed;
    return leg->keys.n > 0 ? &leg->keys : NULL;
}
