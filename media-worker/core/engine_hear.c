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
static const float SILENCE[PL_TICK_FLOATS];

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
    pl_err e = pl_engine_set_format(
        engine, leg, pl_format_choose(media, leg->room->channels));
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

static unsigned channels_of(const pl_channel *leg)
{
    return pl_format_of(leg->format)->channels;
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

/* The same of an encoder whose listeners may be resting. Who rests from one
 * silence to another may never have been encoded for. */
static bool is_current(const pl_engine *e, const pl_shared *shared)
{
    return shared->mouth &&
           (is_fresh(e, shared->tick) || is_fresh(e, shared->held));
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
    unsigned mix = channels_of(leg) - 1;
    if (to == PL_HEAR_SHARED && !is_fresh(e, leg->room->limiter_tick[mix])) {
        leg->room->limiter[mix] = own->limiter;
        leg->room->limiter_tick[mix] = e->tick - 1;
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

/* Free an encoder of a form by the end of somebody's hangover, or have it go on
 * as the shared one; false: nobody is in hangover. */
static bool cut_hangover(pl_engine *e, pl_engine_room *room, pl_format f)
{
    pl_channel *leg = longest_hangover(room, f);
    if (!leg)
        return false;
    pl_hear to = wanted(leg);
    if (to == PL_HEAR_NONE) {
        pl_engine_return_mouth(e, room, f, &leg->mouth);
    } else {
        go_shared(e, leg, to);
    }
    e->stats.hangovers_cut++;
    return true;
}

/* An encoder for a leg now: a free one; that of somebody in hangover; or the
 * shared one that nobody else listens to. */
static pl_mouth *find_mouth(pl_engine *e, const pl_channel *leg)
{
    pl_engine_room *room = leg->room;
    pl_format f = leg->format;
    pl_mouth *mouth = pl_engine_lend_mouth(e, room, f);
    while (!mouth && cut_hangover(e, room, f))
        mouth = pl_engine_lend_mouth(e, room, f);
    pl_shared *shared = room->shared[f];
    bool is_recorded =
        pl_engine_records_mix(room) && f == pl_engine_mix_format(room);
    if (!mouth && shared->mouth && !is_recorded &&
        !is_listened_to(room, f, leg)) {
        mouth = shared->mouth;
        shared->mouth = NULL;
    }
    return mouth;
}

/* The encoders that legs share, before the first packet of the tick: who gives
 * up his own for them is a listener in this tick already. */
static void find_shared(pl_engine *e, pl_engine_room *room)
{
    bool is_heard[PL_FORMAT_COUNT] = {false};
    for (size_t i = 0; i < room->n; i++) {
        const pl_channel *leg = room->legs[i];
        is_heard[leg->format] |= leg->hear == PL_HEAR_SHARED;
    }
    if (pl_engine_records_mix(room))
        is_heard[pl_engine_mix_format(room)] = true;
    for (unsigned f = 0; f < PL_FORMAT_COUNT; f++) {
        pl_shared *shared = room->shared[f];
        if (!is_heard[f] || shared->mouth)
            continue;
        do {
            shared->mouth = pl_engine_lend_mouth(e, room, (pl_format)f);
        } while (!shared->mouth && cut_hangover(e, room, (pl_format)f) &&
                 !shared->mouth);
    }
}

static void go_private(pl_engine *e, pl_channel *leg)
{
    const pl_shared *from = shared_of(e, leg, leg->hear);
    bool was_shared = leg->hear == PL_HEAR_SHARED;
    bool is_seamless = leg->hear != PL_HEAR_NONE && is_current(e, from);
    const pl_mouth *heard = from->mouth;
    leg->mouth = find_mouth(e, leg);
    if (!leg->mouth) { /* rather nothing than his own voice */
        e->stats.states_short++;
        leg->hear = PL_HEAR_SILENCE;
        return;
    }
    if (is_seamless && leg->mouth != heard) {
        codec_of(e, leg)->encoder_copy(leg->mouth->encoder, heard->encoder);
        leg->mouth->loss_percent = heard->loss_percent;
    }
    e->stats.switches += is_seamless;
    leg->sound.noise_gain = was_shared ? leg->room->sound.noise_from : 0.0F;
    unsigned mix = channels_of(leg) - 1;
    if (was_shared && (is_fresh(e, leg->room->limiter_tick[mix]) ||
                       is_fresh(e, from->held))) {
        leg->mouth->limiter = leg->room->limiter[mix];
    } else {
        pl_limiter_init(&leg->mouth->limiter, mix + 1);
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
    if (channels_of(leg) == 1)
        return;
    for (i = PL_TICK_SAMPLES; i > 0; i--)
        out[2 * i - 1] = out[2 * i - 2] = out[i - 1];
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

/* Stereo to mono; out may be in. Exact: half of what lies on the grid. */
static void fold(const float *in, float *out)
{
    for (size_t i = 0; i < PL_TICK_SAMPLES; i++)
        out[i] = (in[2 * i] + in[2 * i + 1]) * 0.5F;
}

/* The room's sum in so many channels. */
static const float *sum_in(const pl_engine *e, const pl_engine_room *room,
                           unsigned channels)
{
    return room->channels == 2 && channels == 1 ? e->down : e->sum;
}

/* The room's sum without the leg's voice. */
static void take_out(const float *sum, const pl_channel *leg, float *out)
{
    size_t channels = leg->room->channels;
    if (channels == leg->pcm_channels) {
        for (size_t k = 0; k < PL_TICK_SAMPLES * channels; k++)
            out[k] = sum[k] - leg->pcm[k];
        return;
    }
    for (size_t i = 0; i < PL_TICK_SAMPLES; i++) {
        out[2 * i] = sum[2 * i] - leg->pcm[i];
        out[2 * i + 1] = sum[2 * i + 1] - leg->pcm[i];
    }
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
        return sum_in(e, leg->room, channels_of(leg));
    take_out(e->sum, leg, e->mix);
    if (leg->room->channels == 2 && channels_of(leg) == 1)
        fold(e->mix, e->mix);
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
        mix = pl_engine_sound_noise(e, leg->room, channels_of(leg), mix,
                                    noise_from, leg->sound.noise_gain, e->mix);
    }
    pl_limiter_run(&leg->mouth->limiter, mix, e->limited);
    pl_engine_expect_loss(e, leg->format, leg->mouth, leg, 0);
    size_t len = codec_of(e, leg)->encode(leg->mouth->encoder, e->limited, out);
    count_encode(e, leg->media.send_codec);
    e->stats.mixes++;
    pl_engine_send_rtp(e, leg, out, len);
}

/* The mix for all who listen, once a tick and number of channels. */
static const float *limit_shared(pl_engine *e, pl_engine_room *room,
                                 unsigned channels)
{
    float *out = e->shared[channels - 1];
    if (room->limiter_tick[channels - 1] == e->tick)
        return out;
    const pl_room_sound *s = &room->sound;
    const float *mix =
        pl_engine_sound_noise(e, room, channels, sum_in(e, room, channels),
                              s->noise_from, s->noise_to, e->mix);
    pl_limiter_run(&room->limiter[channels - 1], mix, out);
    room->limiter_tick[channels - 1] = e->tick;
    e->stats.mixes++;
    return out;
}

/* Encode what the sum is for a form, once a tick. */
static void encode_shared(pl_engine *e, pl_format format, pl_shared *shared,
                          const float *pcm)
{
    pl_codec_kind codec = pl_format_of(format)->codec;
    shared->tick = e->tick;
    shared->len = 0;
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
        encode_shared(e, leg->format, shared, pcm);
    pl_engine_send_rtp(e, leg, shared->out, shared->len);
}

/* A recording takes the packet that Opus listeners of the highest rate get;
 * without such a listener it is encoded for the recording. */
static void record_mix(pl_engine *e, pl_engine_room *room)
{
    pl_format format = pl_engine_mix_format(room);
    pl_shared *shared = room->shared[format];
    if (shared->tick != e->tick) {
        const float *mix =
            limit_shared(e, room, pl_format_of(format)->channels);
        encode_shared(e, format, shared, mix);
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
    bool is_quiet =
        pl_level_db(engine->sum, PL_TICK_SAMPLES * (size_t)room->channels) <
        QUIET_DB;
    if (room->channels == 2)
        fold(engine->sum, engine->down);
    for (size_t i = 0; i < room->n; i++)
        choose(engine, room->legs[i], is_quiet);
    find_shared(engine, room);
    for (size_t i = 0; i < room->n; i++) {
        pl_channel *leg = room->legs[i];
        if (leg->hear != PL_HEAR_SHARED && leg->hear != PL_HEAR_SILENCE)
            continue;
        if (pl_engine_rests(engine, leg)) {
            shared_of(engine, leg, leg->hear)->held = engine->tick;
        } else if (leg->hear == PL_HEAR_SHARED) {
            send_shared(engine, leg,
                        limit_shared(engine, room, channels_of(leg)));
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
