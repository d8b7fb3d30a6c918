/* engine_lend.c - encoders and decoders of a room's legs.
 *
 * What a room can need at once is known: at most K talk, and those who stop
 * are replaced by others within a tick, so that 2 K voices can be in the sum;
 * each of them needs a decoder and an encoder of its own, and those who listen
 * share one encoder more. So much is promised by the pool when legs come, less
 * where there are fewer legs. Legs in hangover (ADR 0004) use what is left of
 * it and are cut short when somebody needs theirs. */
#include <stdlib.h>

#include "core/engine_state.h"

static uint32_t voices_max(const pl_engine_room *room)
{
    return 2 * room->options.max_talkers;
}

static uint32_t min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* ---- encoders ----------------------------------------------------------- */

/* Keys that are passed on are heard beside the voices. */
static uint32_t sounds_max(const pl_engine_room *room)
{
    bool is_passing = room->options.dtmf == PL_DTMF_POLICY_PASS;
    return voices_max(room) + (is_passing ? (uint32_t)PL_TONES_MAX : 0);
}

/* Promise what the room's legs of a form can need at once. What is out until
 * somebody's hangover ends stays promised: else others would miss it. */
static pl_err settle_mouths(pl_engine *e, pl_engine_room *room, pl_format f)
{
    uint32_t want =
        min(room->n_format[f], sounds_max(room) + 1 + room->n_needing[f]);
    if (want < room->mouths_out[f])
        want = room->mouths_out[f];
    int more = (int)want - (int)room->promised_mouths[f];
    pl_err err = more == 0 ? PL_OK : pl_pool_promise_mouths(e->states, f, more);
    if (err == PL_OK)
        room->promised_mouths[f] = want;
    return err;
}

static void uncount_format(pl_engine *e, pl_channel *leg)
{
    if (!leg->has_format)
        return;
    pl_engine_room *room = leg->room;
    pl_engine_return_mouth(e, room, leg->format, &leg->mouth);
    leg->has_format = false;
    room->n_format[leg->format]--;
    room->n_needing[leg->format] -= leg->needs_mouth;
    (void)settle_mouths(e, room, leg->format); /* fewer: cannot fail */
}

/* What an engine and a room have of each form in use. */
static pl_err need_shared(pl_engine *e, pl_engine_room *room, pl_format f)
{
    if (!room->shared[f])
        room->shared[f] = calloc(1, sizeof *room->shared[f]);
    if (!room->shared[f])
        return PL_ENOMEM;
    if (e->silence[f].mouth)
        return PL_OK;
    pl_err err = pl_pool_promise_mouths(e->states, f, 1);
    if (err == PL_OK)
        e->silence[f].mouth = pl_pool_take_mouth(e->states, f);
    return err;
}

pl_err pl_engine_set_format(pl_engine *engine, pl_channel *leg,
                            pl_format format)
{
    pl_engine_room *room = leg->room;
    if (leg->has_format && leg->format == format)
        return PL_OK;
    pl_err e = need_shared(engine, room, format);
    if (e != PL_OK)
        return e;
    room->n_format[format]++;
    room->n_needing[format] += leg->needs_mouth;
    e = settle_mouths(engine, room, format);
    if (e != PL_OK) {
        room->n_format[format]--;
        room->n_needing[format] -= leg->needs_mouth;
        return e;
    }
    pl_format before = leg->format;
    uncount_format(engine, leg);
    leg->has_format = true;
    leg->format = format;
    leg->hear = PL_HEAR_NONE;
    pl_engine_loss_changed(room, before);
    return PL_OK;
}

pl_err pl_engine_need_mouth(pl_engine *engine, pl_channel *leg)
{
    pl_engine_room *room = leg->room;
    if (leg->needs_mouth)
        return PL_OK;
    if (leg->has_format) {
        room->n_needing[leg->format]++;
        pl_err e = settle_mouths(engine, room, leg->format);
        if (e != PL_OK) {
            room->n_needing[leg->format]--;
            return e;
        }
    }
    leg->needs_mouth = true;
    return PL_OK;
}

static void spare_mouth(pl_engine *e, pl_channel *leg)
{
    leg->needs_mouth = false;
    leg->room->n_needing[leg->format]--;
    (void)settle_mouths(e, leg->room, leg->format); /* fewer: cannot fail */
}

pl_mouth *pl_engine_lend_mouth(pl_engine *engine, pl_engine_room *room,
                               pl_format format)
{
    if (room->mouths_out[format] >= room->promised_mouths[format])
        return NULL;
    pl_mouth *mouth = pl_pool_take_mouth(engine->states, format);
    room->mouths_out[format] += mouth != NULL;
    return mouth;
}

void pl_engine_return_mouth(pl_engine *engine, pl_engine_room *room,
                            pl_format format, pl_mouth **mouth)
{
    if (!*mouth)
        return;
    pl_pool_give_mouth(engine->states, format, *mouth);
    room->mouths_out[format]--;
    *mouth = NULL;
}

/* ---- decoders ----------------------------------------------------------- */

static pl_err settle_ears(pl_engine *e, pl_engine_room *room, uint8_t kind)
{
    uint32_t want = min(room->n_lent[kind],
                        voices_max(room) + (uint32_t)PL_EAR_MEASURED_MAX);
    int more = (int)want - (int)room->promised_ears[kind];
    pl_err err =
        more == 0 ? PL_OK : pl_pool_promise_ears(e->states, kind, more);
    if (err == PL_OK)
        room->promised_ears[kind] = want;
    return err;
}

void pl_engine_return_ear(pl_engine *engine, pl_channel *leg)
{
    pl_ear *ear = leg->playout ? pl_playout_set_ear(leg->playout, NULL) : NULL;
    leg->pcm = NULL;
    if (!ear)
        return;
    pl_pool_give_ear(engine->states, ear);
    if (leg->ear_mode == PL_EAR_LENT)
        leg->room->ears_out[leg->ear_kind]--;
}

static void drop_ear(pl_engine *e, pl_channel *leg)
{
    pl_engine_return_ear(e, leg);
    if (leg->ear_mode == PL_EAR_LENT) {
        leg->room->n_lent[leg->ear_kind]--;
        (void)settle_ears(e, leg->room, leg->ear_kind); /* fewer */
    } else if (leg->ear_mode == PL_EAR_OWN) {
        pl_err err = pl_pool_promise_ears(e->states, leg->ear_kind, -1);
        (void)err; /* fewer: cannot fail */
    }
    leg->ear_mode = PL_EAR_NONE;
}

static pl_err promise_ear(pl_engine *e, pl_engine_room *room, pl_ear_mode mode,
                          uint8_t kind)
{
    if (mode != PL_EAR_LENT)
        return pl_pool_promise_ears(e->states, kind, 1);
    room->n_lent[kind]++;
    pl_err err = settle_ears(e, room, kind);
    if (err != PL_OK)
        room->n_lent[kind]--;
    return err;
}

pl_err pl_engine_set_ear(pl_engine *engine, pl_channel *leg)
{
    unsigned accepts = 0;
    for (uint8_t i = 0; i < leg->media.n_recv; i++)
        accepts |= 1U << leg->media.recv[i].codec;
    pl_playout_accept(leg->playout, accepts);
    if (!leg->is_up)
        return PL_OK;
    bool is_telling = leg->srtp && leg->media.level_ext_id != 0 && !leg->echo;
    pl_ear_mode mode = is_telling ? PL_EAR_LENT : PL_EAR_OWN;
    bool is_stereo = leg->room->channels == 2 && leg->media.hears_stereo;
    uint8_t kind =
        pl_ear_kind_of(engine->options.codecs, accepts, is_stereo ? 2 : 1);
    if (leg->ear_mode == mode && leg->ear_kind == kind)
        return PL_OK;
    pl_err e = promise_ear(engine, leg->room, mode, kind);
    if (e != PL_OK)
        return e;
    drop_ear(engine, leg);
    leg->ear_mode = mode;
    leg->ear_kind = kind;
    if (mode == PL_EAR_OWN) {
        (void)pl_playout_set_ear(leg->playout,
                                 pl_pool_take_ear(engine->states, kind));
    }
    return PL_OK;
}

/* Whose ear was not used for longest, and is not used now. */
static pl_channel *least_heard(const pl_engine_room *room, uint8_t kind)
{
    pl_channel *least = NULL;
    for (size_t i = 0; i < room->n; i++) {
        pl_channel *leg = room->legs[i];
        if (leg->ear_mode == PL_EAR_LENT && leg->ear_kind == kind &&
            pl_playout_ear(leg->playout) && !leg->pcm &&
            !leg->voice.is_selected && leg->gain <= 0.0F &&
            (!least || leg->unheard_ticks > least->unheard_ticks))
            least = leg;
    }
    return least;
}

bool pl_engine_lend_ear(pl_engine *engine, pl_channel *leg)
{
    if (pl_playout_ear(leg->playout))
        return true;
    pl_engine_room *room = leg->room;
    uint8_t kind = leg->ear_kind;
    pl_ear *ear = NULL;
    if (leg->ear_mode == PL_EAR_LENT) {
        if (room->ears_out[kind] >= room->promised_ears[kind]) {
            pl_channel *other = least_heard(room, kind);
            if (other)
                pl_engine_return_ear(engine, other);
        }
        if (room->ears_out[kind] < room->promised_ears[kind])
            ear = pl_pool_take_ear(engine->states, kind);
    }
    if (!ear) {
        engine->stats.states_short++;
        return false;
    }
    room->ears_out[kind]++;
    leg->unheard_ticks = 0;
    (void)pl_playout_set_ear(leg->playout, ear);
    return true;
}

/* ---- recordings, and what ended ----------------------------------------- */

pl_format pl_engine_mix_format(const pl_engine_room *room)
{
    return room->channels == 2 ? PL_FORMAT_OPUS_STEREO_64 : PL_FORMAT_OPUS_32;
}

pl_err pl_engine_need_mix(pl_engine *engine, pl_engine_room *room)
{
    if (!engine->options.codecs->codec[PL_AUDIO_OPUS])
        return PL_EUNSUPPORTED;
    pl_format f = pl_engine_mix_format(room);
    if (room->is_mix_needed)
        return PL_OK;
    pl_err e = need_shared(engine, room, f);
    if (e != PL_OK)
        return e;
    room->n_format[f]++;
    e = settle_mouths(engine, room, f);
    if (e != PL_OK) {
        room->n_format[f]--;
        return e;
    }
    room->is_mix_needed = true;
    return PL_OK;
}

pl_err pl_engine_lend_settle(pl_engine *engine, pl_engine_room *room)
{
    pl_err e = PL_OK;
    for (unsigned f = 0; e == PL_OK && f < PL_FORMAT_COUNT; f++) {
        if (room->shared[f])
            e = settle_mouths(engine, room, (pl_format)f);
    }
    return e;
}

void pl_engine_lend_tidy(pl_engine *engine, pl_engine_room *room)
{
    for (size_t i = 0; i < room->n; i++) {
        pl_channel *leg = room->legs[i];
        if (leg->has_format && leg->needs_mouth && !leg->play.prompt &&
            !leg->echo)
            spare_mouth(engine, leg);
    }
    if (room->is_mix_needed && !pl_engine_records_mix(room)) {
        pl_format f = pl_engine_mix_format(room);
        room->is_mix_needed = false;
        room->n_format[f]--;
    }
    pl_err e = pl_engine_lend_settle(engine, room);
    (void)e; /* fewer: cannot fail */
}

/* ---- leaving ------------------------------------------------------------ */

void pl_engine_lend_leave(pl_engine *engine, pl_channel *leg)
{
    uncount_format(engine, leg);
    drop_ear(engine, leg);
}

void pl_engine_lend_close(pl_engine *engine, pl_engine_room *room)
{
    if (room->is_mix_needed)
        room->n_format[pl_engine_mix_format(room)]--;
    room->is_mix_needed = false;
    for (unsigned f = 0; f < PL_FORMAT_COUNT; f++) {
        if (!room->shared[f])
            continue;
        pl_engine_return_mouth(engine, room, (pl_format)f,
                               &room->shared[f]->mouth);
        (void)settle_mouths(engine, room, (pl_format)f);
        free(room->shared[f]);
        room->shared[f] = NULL;
    }
}

void pl_engine_lend_end(pl_engine *engine)
{
    for (unsigned f = 0; f < PL_FORMAT_COUNT; f++) {
        if (engine->silence[f].mouth) {
            pl_pool_give_mouth(engine->states, (pl_format)f,
                               engine->silence[f].mouth);
            engine->silence[f].mouth = NULL;
        }
    }
    pl_pool_destroy(&engine->states);
}
