/* engine_hear.c - what each leg of a room is sent.
 *
 * Encoding is the whole bill, so everybody who hears the same shares one
 * encode. Who speaks must not hear himself: he gets a mix and an encoder of
 * his own. That encoder begins as a copy of the shared one, which his phone
 * has been decoding all along, so that it cannot hear the switch. On the way
 * back there is no such trick; that happens later, in a quiet moment. */
#include <string.h>

#include "core/engine_state.h"
#include "core/level.h"

static const float QUIET_DB = -50.0F;
enum { PATIENCE_TICKS = 150 }; /* 3 s without a quiet frame */
static const float SILENCE[PL_TICK_SAMPLES];

static const pl_codec *codec_of(const pl_engine *e, const pl_channel *leg)
{
    return e->options.codecs->codec[leg->media.send_codec];
}

/* ---- setting up --------------------------------------------------------- */

pl_err pl_engine_set_media(pl_engine *engine, pl_channel *leg,
                           const pl_mix_media *media)
{
    if ((unsigned)media->send_codec >= PL_AUDIO_COUNT ||
        !engine->options.codecs->codec[media->send_codec] ||
        media->n_recv > PL_MIX_RECV_PTS)
        return PL_EUNSUPPORTED;
    for (uint8_t i = 0; i < media->n_recv; i++) {
        if ((unsigned)media->recv[i].codec >= PL_AUDIO_COUNT ||
            !engine->options.codecs->codec[media->recv[i].codec])
            return PL_EUNSUPPORTED;
    }
    pl_err e = pl_engine_set_format(engine, leg, pl_format_choose(media, 1));
    if (e != PL_OK)
        return e;
    bool did_receive = pl_channel_receives(leg);
    leg->media = *media;
    leg->sound.quiet_ticks = 0;
    e = pl_engine_set_ear(engine, leg);
    if (e == PL_OK)
        e = pl_engine_red_agree(leg);
    if (e != PL_OK)
        return e;
    if (did_receive && !pl_channel_receives(leg))
        pl_playout_reset(leg->playout);
    return PL_OK;
}

/* ---- who hears what ----------------------------------------------------- */

static pl_hear wanted(const pl_channel *leg)
{
    if (!pl_channel_sends(leg))
        return PL_HEAR_NONE;
    if (leg->play.prompt || leg->echo)
        return PL_HEAR_PRIVATE;
    if (!leg->flags.mixed || leg->flags.deaf)
        return PL_HEAR_SILENCE;
    return leg->is_in_mix ? PL_HEAR_PRIVATE : PL_HEAR_SHARED;
}

static pl_shared *shared_of(pl_engine *e, pl_channel *leg, pl_hear hear)
{
    return hear == PL_HEAR_SILENCE ? &e->silence[leg->format]
                                   : leg->room->shared[leg->format];
}

/* Whether it ran in the last tick: its state is what its listeners have. */
static bool is_fresh(const pl_engine *e, uint64_t tick)
{
    return tick + 1 == e->tick;
}

/* The same of an encoder whose listeners may be resting. */
static bool is_current(const pl_engine *e, const pl_shared *shared)
{
    return is_fresh(e, shared->tick) || is_fresh(e, shared->held);
}

/* Back to what others hear. When nobody else listens to it, it continues from
 * this leg's encoder instead: then there is no seam at all. */
static void go_shared(pl_engine *e, pl_channel *leg, pl_hear to)
{
    pl_shared *shared = shared_of(e, leg, to);
    const pl_mouth *own = leg->mouth;
    if (!is_current(e, shared) && shared->tick != e->tick &&
        shared->held != e->tick) {
        pl_mouth *old = shared->mouth;
        shared->mouth = leg->mouth;
        leg->mouth = old;
        shared->tick = e->tick - 1;
    }
    if (to == PL_HEAR_SHARED && !is_fresh(e, leg->room->limiter_tick)) {
        leg->room->limiter = own->limiter;
        leg->room->limiter_tick = e->tick - 1;
    }
    pl_engine_return_mouth(e, leg->room, leg->format, &leg->mouth);
    leg->hear = to;
}

/* Who has had an encoder of this form for longest without needing it. */
static pl_channel *longest_hangover(const pl_engine_room *room, pl_format f)
{
    pl_channel *longest = NULL;
    for (size_t i = 0; i < room->n; i++) {
        pl_channel *leg = room->legs[i];
        if (leg->hear == PL_HEAR_PRIVATE && leg->format == f && leg->mouth &&
            wanted(leg) != PL_HEAR_PRIVATE &&
            (!longest || leg->hangover_ticks > longest->hangover_ticks))
            longest = leg;
    }
    return longest;
}

static bool is_listened_to(const pl_engine_room *room, pl_format format,
                           const pl_channel *but)
{
    for (size_t i = 0; i < room->n; i++) {
        const pl_channel *leg = room->legs[i];
        if (leg != but && leg->hear == PL_HEAR_SHARED && leg->format == format)
            return true;
    }
    return false;
}

/* An encoder of a form that is needed now: a free one; that of somebody in
 * hangover; or, for a leg, the shared one that nobody else listens to. */
static pl_mouth *find_mouth(pl_engine *e, pl_engine_room *room, pl_format f,
                            const pl_channel *leg)
{
    pl_shared *shared = room->shared[f];
    pl_mouth *mouth = pl_engine_lend_mouth(e, room, f);
    pl_channel *other = mouth ? NULL : longest_hangover(room, f);
    if (other) {
        pl_hear to = wanted(other);
        if (to == PL_HEAR_NONE) {
            pl_engine_return_mouth(e, room, f, &other->mouth);
        } else {
            go_shared(e, other, to);
        }
        e->stats.hangovers_cut++;
        mouth = pl_engine_lend_mouth(e, room, f);
    }
    bool is_spare = leg && shared->mouth && !pl_engine_records_mix(room) &&
                    !is_listened_to(room, f, leg);
    if (!mouth && is_spare) {
        mouth = shared->mouth;
        shared->mouth = NULL;
    }
    return mouth;
}

static void go_private(pl_engine *e, pl_channel *leg)
{
    const pl_shared *from = shared_of(e, leg, leg->hear);
    bool was_shared = leg->hear == PL_HEAR_SHARED;
    bool is_seamless = leg->hear != PL_HEAR_NONE && is_current(e, from);
    const pl_mouth *heard = from->mouth;
    leg->mouth = find_mouth(e, leg->room, leg->format, leg);
    if (!leg->mouth) {
        e->stats.states_short++;
        return;
    }
    if (is_seamless && leg->mouth != heard) {
        codec_of(e, leg)->encoder_copy(leg->mouth->encoder, heard->encoder);
        leg->mouth->loss_percent = heard->loss_percent;
    }
    e->stats.switches += is_seamless;
    leg->sound.noise_gain = was_shared ? leg->room->sound.noise_from : 0.0F;
    if (was_shared &&
        (is_fresh(e, leg->room->limiter_tick) || is_fresh(e, from->held))) {
        leg->mouth->limiter = leg->room->limiter;
    } else {
        pl_limiter_init(&leg->mouth->limiter, 1);
    }
    leg->hear = PL_HEAR_PRIVATE;
}

static void choose(pl_engine *e, pl_channel *leg, bool is_quiet)
{
    pl_hear want = wanted(leg);
    if (want == PL_HEAR_NONE)
        leg->has_gap = true;
    if (want == PL_HEAR_PRIVATE) {
        leg->hangover_ticks = 0;
        if (leg->hear != PL_HEAR_PRIVATE || !leg->mouth)
            go_private(e, leg);
    } else if (leg->hear == PL_HEAR_PRIVATE && want != PL_HEAR_NONE &&
               leg->mouth) {
        leg->hangover_ticks++;
        bool is_calm = is_quiet || want == PL_HEAR_SILENCE ||
                       leg->hangover_ticks > PATIENCE_TICKS;
        if (leg->hangover_ticks > PL_HANGOVER_TICKS && is_calm)
            go_shared(e, leg, want);
    } else {
        pl_engine_return_mouth(e, leg->room, leg->format, &leg->mouth);
        leg->hear = want;
    }
}

/* ---- mixes -------------------------------------------------------------- */

static void mix_prompt(pl_engine *e, pl_channel *leg, float *out)
{
    const pl_prompt *prompt = leg->play.prompt;
    size_t i = 0;
    while (i < PL_TICK_SAMPLES && leg->play.prompt) {
        out[i++] = (float)prompt->pcm[leg->play_at++] / 32768.0F;
        if (leg->play_at < prompt->n)
            continue;
        leg->play_at = 0;
        if (!leg->play.is_loop) {
            leg->play.prompt = NULL;
            pl_engine_event(
                e, leg,
                (pl_mix_event){.kind = PL_MIX_PLAYED,
                               .u.played = {prompt, leg->play.tag}});
        }
    }
    for (; i < PL_TICK_SAMPLES; i++)
        out[i] = 0.0F;
}

/* Whether its mix is made of the room's voices. */
static bool is_of_room(const pl_channel *leg)
{
    return !leg->play.prompt && !leg->echo && leg->flags.mixed &&
           !leg->flags.deaf;
}

/* One's own voice, some time later, and what is played to all. */
static const float *echo_mix(pl_engine *e, const pl_channel *leg)
{
    const float *oldest = leg->echo + leg->echo_at * PL_TICK_SAMPLES;
    if (!leg->room->sound.is_playing)
        return oldest;
    for (size_t i = 0; i < PL_TICK_SAMPLES; i++)
        e->mix[i] = oldest[i] + e->sum[i];
    return e->mix;
}

/* What this leg alone hears. */
static const float *private_mix(pl_engine *e, pl_channel *leg)
{
    if (leg->play.prompt) {
        mix_prompt(e, leg, e->mix);
        return e->mix;
    }
    if (leg->echo)
        return echo_mix(e, leg);
    if (!leg->flags.mixed || leg->flags.deaf)
        return SILENCE;
    if (!leg->is_in_mix)
        return e->sum;
    for (size_t i = 0; i < PL_TICK_SAMPLES; i++)
        e->mix[i] = e->sum[i] - leg->pcm[i];
    return e->mix;
}

static void count_encode(pl_engine *e, pl_codec_kind codec)
{
    e->stats.encodes++;
    e->stats.encodes_opus += codec == PL_AUDIO_OPUS;
}

static void send_private(pl_engine *e, pl_channel *leg)
{
    uint8_t out[PL_CODEC_MAX_ENCODED];
    float noise_from = leg->sound.noise_gain;
    leg->sound.noise_gain = pl_engine_sound_noise_to(leg->room, leg);
    if (pl_engine_rests(e, leg))
        return;
    const float *mix = private_mix(e, leg);
    if (is_of_room(leg)) {
        mix = pl_engine_sound_noise(e, leg->room, mix, noise_from,
                                    leg->sound.noise_gain, e->mix);
    }
    pl_limiter_run(&leg->mouth->limiter, mix, e->limited);
    pl_engine_expect_loss(e, leg->format, leg->mouth, leg, 0);
    size_t len = codec_of(e, leg)->encode(leg->mouth->encoder, e->limited, out);
    count_encode(e, leg->media.send_codec);
    e->stats.mixes++;
    pl_engine_send_rtp(e, leg, out, len);
}

static void limit_shared(pl_engine *e, pl_engine_room *room)
{
    if (room->limiter_tick == e->tick)
        return;
    const pl_room_sound *s = &room->sound;
    pl_limiter_run(&room->limiter,
                   pl_engine_sound_noise(e, room, e->sum, s->noise_from,
                                         s->noise_to, e->mix),
                   e->limited);
    room->limiter_tick = e->tick;
    e->stats.mixes++;
}

/* Encode what the sum is for a form, once a tick. */
static void encode_shared(pl_engine *e, pl_engine_room *room, pl_format format,
                          pl_shared *shared, const float *pcm)
{
    pl_codec_kind codec = pl_format_of(format)->codec;
    shared->tick = e->tick;
    shared->len = 0;
    if (!shared->mouth)
        shared->mouth = find_mouth(e, room, format, NULL);
    if (!shared->mouth) {
        e->stats.states_short++;
        return;
    }
    pl_engine_expect_loss(e, format, shared->mouth, NULL, shared->loss_percent);
    shared->len = e->options.codecs->codec[codec]->encode(
        shared->mouth->encoder, pcm, shared->out);
    count_encode(e, codec);
}

static void send_shared(pl_engine *e, pl_channel *leg, const float *pcm)
{
    pl_shared *shared = shared_of(e, leg, leg->hear);
    if (shared->tick != e->tick)
        encode_shared(e, leg->room, leg->format, shared, pcm);
    pl_engine_send_rtp(e, leg, shared->out, shared->len);
}

/* A recording takes the packet that Opus listeners of the highest rate get;
 * without such a listener it is encoded for the recording. */
static void record_mix(pl_engine *e, pl_engine_room *room)
{
    pl_shared *shared = room->shared[PL_FORMAT_OPUS_32];
    if (shared->tick != e->tick) {
        limit_shared(e, room);
        encode_shared(e, room, PL_FORMAT_OPUS_32, shared, e->limited);
    }
    pl_engine_record_mix(e, room, shared->out, shared->len);
}

/* Shared encoders that nobody listens to are for others. */
static void return_unheard(pl_engine *e, pl_engine_room *room)
{
    for (unsigned f = 0; f < PL_FORMAT_COUNT; f++) {
        pl_shared *shared = room->shared[f];
        if (shared && shared->mouth && shared->tick != e->tick &&
            shared->held != e->tick)
            pl_engine_return_mouth(e, room, (pl_format)f, &shared->mouth);
    }
}

void pl_engine_hear(pl_engine *engine, pl_engine_room *room)
{
    bool is_quiet = pl_level_db(engine->sum, PL_TICK_SAMPLES) < QUIET_DB;
    for (size_t i = 0; i < room->n; i++)
        choose(engine, room->legs[i], is_quiet);
    for (size_t i = 0; i < room->n; i++) {
        pl_channel *leg = room->legs[i];
        if (leg->hear != PL_HEAR_SHARED && leg->hear != PL_HEAR_SILENCE)
            continue;
        if (pl_engine_rests(engine, leg)) {
            shared_of(engine, leg, leg->hear)->held = engine->tick;
        } else if (leg->hear == PL_HEAR_SHARED) {
            limit_shared(engine, room);
            send_shared(engine, leg, engine->limited);
        } else {
            send_shared(engine, leg, SILENCE);
        }
    }
    if (pl_engine_records_mix(room))
        record_mix(engine, room);
    for (size_t i = 0; i < room->n; i++) {
        if (room->legs[i]->mouth)
            send_private(engine, room->legs[i]);
    }
    return_unheard(engine, room);
}
