/* engine_rest.c - who has nothing to hear is sent nothing, but for a sign of
 * life: it keeps address translations open, and tells the decoder that the
 * silence is meant. Decoders fill it with the noise they heard before. */
#include "core/engine_sound.h"

#include "core/engine_state.h"

enum { OPUS_TOC_FRAMES = 0x03 }; /* RFC 6716 section 3.1: 0 is one frame */

/* Whether the leg's packets could all be left out: no voice but its own. */
static bool is_empty(const pl_channel *leg)
{
    const pl_room_sound *s = &leg->room->sound;
    if (leg->play.prompt || leg->echo || leg->keys.n > 0 || leg->passed.n > 0)
        return false;
    if (!leg->flags.mixed || leg->flags.deaf)
        return true;
    return s->n_mixed == (leg->is_in_mix ? 1U : 0U) && !s->is_playing;
}

static bool may_rest(const pl_channel *leg)
{
    return leg->media.send_codec == PL_AUDIO_OPUS
               ? leg->media.has_peer_dtx
               : leg->media.comfort_send_pt != 0 &&
                     leg->media.comfort_send_pt != PL_MIX_NO_PT;
}

static void send_sign(pl_engine *e, pl_channel *leg)
{
    uint8_t payload;
    uint8_t pt = leg->media.send_pt;
    if (leg->media.send_codec == PL_AUDIO_OPUS) { /* one frame of 0 bytes */
        payload = (uint8_t)(leg->sound.toc & ~(unsigned)OPUS_TOC_FRAMES);
    } else {
        bool hears = leg->flags.mixed && !leg->flags.deaf;
        payload = pl_comfort_code(hears ? leg->room->sound.noise_now
                                        : PL_COMFORT_QUIETEST);
        pt = leg->media.comfort_send_pt;
    }
    pl_engine_send_sign(e, leg, pt, payload);
}

bool pl_engine_rests(pl_engine *e, pl_channel *leg)
{
    pl_leg_sound *s = &leg->sound;
    if (!e->options.has_dtx || !may_rest(leg) || !is_empty(leg)) {
        s->quiet_ticks = 0;
        return false;
    }
    if (s->quiet_ticks < PL_REST_AFTER) {
        s->quiet_ticks++;
        return false;
    }
    /* The first at once, the others spread over a room's listeners. */
    bool is_first = s->quiet_ticks == PL_REST_AFTER;
    s->quiet_ticks = PL_REST_AFTER + 1;
    if (is_first || (e->tick + leg->id.index) % PL_REST_PERIOD == 0)
        send_sign(e, leg);
    leg->has_gap = true;
    e->stats.rested++;
    return true;
}
