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

/* Opus bit rates; a peer's limit is met by the next lower. */
static const uint32_t CLASS_BPS[PL_RATE_CLASSES] = {12000, 16000, 24000, 32000};
static const float QUIET_DB = -50.0F;
enum { PATIENCE_TICKS = 150 }; /* 3 s without a quiet frame */
static const float SILENCE[PL_TICK_SAMPLES];

static unsigned class_of(const pl_mix_media *media)
{
    unsigned c = PL_RATE_CLASSES - 1;
    if (media->send_codec == PL_AUDIO_OPUS && media->bitrate_bps != 0) {
        while (c > 0 && CLASS_BPS[c] > media->bitrate_bps)
            c--;
    }
    return c;
}

static const pl_codec *codec_of(const pl_engine *e, const pl_channel *leg)
{
    return e->options.codecs->codec[leg->media.send_codec];
}

/* ---- setting up --------------------------------------------------------- */

static pl_err need_encoder(const pl_codec *codec, unsigned rate_class,
                           pl_encoder **encoder)
{
    return *encoder ? PL_OK
                    : codec->encoder_create(CLASS_BPS[rate_class], encoder);
}

static pl_err set_encoder(pl_engine *e, pl_channel *leg,
                          const pl_mix_media *media)
{
    pl_codec_kind kind = media->send_codec;
    const pl_codec *codec = e->options.codecs->codec[kind];
    unsigned c = class_of(media);
    pl_err err = need_encoder(codec, c, &e->silence[kind][c].encoder);
    if (err == PL_OK)
        err = need_encoder(codec, c, &leg->room->shared[kind][c].encoder);
    if (err != PL_OK)
        return err;
    bool is_same =
        leg->encoder && leg->media.send_codec == kind && leg->rate_class == c;
    if (is_same)
        return PL_OK;
    pl_encoder *own = NULL;
    err = codec->encoder_create(CLASS_BPS[c], &own);
    if (err != PL_OK)
        return err;
    if (leg->encoder)
        codec_of(e, leg)->encoder_destroy(&leg->encoder);
    leg->encoder = own;
    leg->rate_class = c;
    leg->hear = PL_HEAR_NONE;
    leg->media.send_codec = kind;
    return PL_OK;
}

pl_err pl_engine_set_media(pl_engine *engine, pl_channel *leg,
                           const pl_mix_media *media)
{
    if ((unsigned)media->send_codec >= PL_AUDIO_COUNT ||
        !engine->options.codecs->codec[media->send_codec] ||
        media->n_recv > PL_MIX_RECV_PTS)
        return PL_EUNSUPPORTED;
    for (uint8_t i = 0; i < media->n_recv; i++) {
        pl_err e = pl_playout_accept(leg->playout, media->recv[i].codec);
        if (e != PL_OK)
            return e;
    }
    pl_err e = set_encoder(engine, leg, media);
    if (e != PL_OK)
        return e;
    bool did_receive = pl_channel_receives(leg);
    leg->media = *media;
    leg->sound.quiet_ticks = 0;
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
    return hear == PL_HEAR_SILENCE
               ? &e->silence[leg->media.send_codec][leg->rate_class]
               : &leg->room->shared[leg->media.send_codec][leg->rate_class];
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

static void go_private(pl_engine *e, pl_channel *leg)
{
    const pl_shared *from = shared_of(e, leg, leg->hear);
    if (leg->hear != PL_HEAR_NONE && is_current(e, from)) {
        codec_of(e, leg)->encoder_copy(leg->encoder, from->encoder);
        e->stats.switches++;
    }
    bool was_shared = leg->hear == PL_HEAR_SHARED;
    leg->sound.noise_gain = was_shared ? leg->room->sound.noise_from : 0.0F;
    if (was_shared &&
        (is_fresh(e, leg->room->limiter_tick) || is_fresh(e, from->held))) {
        leg->limiter = leg->room->limiter;
    } else {
        pl_limiter_init(&leg->limiter);
    }
    leg->hear = PL_HEAR_PRIVATE;
}

/* Back to what others hear. When nobody else listens to it, it continues from
 * this leg's state instead: then there is no seam at all. */
static void go_shared(pl_engine *e, pl_channel *leg, pl_hear to)
{
    pl_shared *shared = shared_of(e, leg, to);
    if (!is_current(e, shared) && shared->tick != e->tick &&
        shared->held != e->tick) {
        codec_of(e, leg)->encoder_copy(shared->encoder, leg->encoder);
        shared->tick = e->tick - 1;
    }
    if (to == PL_HEAR_SHARED && !is_fresh(e, leg->room->limiter_tick)) {
        leg->room->limiter = leg->limiter;
        leg->room->limiter_tick = e->tick - 1;
    }
    leg->hear = to;
}

static void choose(pl_engine *e, pl_channel *leg, bool is_quiet)
{
    pl_hear want = wanted(leg);
    if (want == PL_HEAR_NONE)
        leg->has_gap = true;
    if (want == PL_HEAR_PRIVATE) {
        leg->hangover_ticks = 0;
        if (leg->hear != PL_HEAR_PRIVATE)
            go_private(e, leg);
    } else if (leg->hear == PL_HEAR_PRIVATE && want != PL_HEAR_NONE) {
        leg->hangover_ticks++;
        bool is_calm = is_quiet || want == PL_HEAR_SILENCE ||
                       leg->hangover_ticks > PATIENCE_TICKS;
        if (leg->hangover_ticks > PL_HANGOVER_TICKS && is_calm)
            go_shared(e, leg, want);
    } else {
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

static void count_encode(pl_engine *e, const pl_channel *leg)
{
    e->stats.encodes++;
    e->stats.encodes_opus += leg->media.send_codec == PL_AUDIO_OPUS;
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
    pl_limiter_run(&leg->limiter, mix, e->limited);
    size_t len = codec_of(e, leg)->encode(leg->encoder, e->limited, out);
    count_encode(e, leg);
    e->stats.mixes++;
    pl_engine_send_rtp(e, leg, out, len);
}

static void send_shared(pl_engine *e, pl_channel *leg, const float *pcm)
{
    pl_shared *shared = shared_of(e, leg, leg->hear);
    if (shared->tick != e->tick) {
        shared->tick = e->tick;
        shared->len =
            codec_of(e, leg)->encode(shared->encoder, pcm, shared->out);
        count_encode(e, leg);
    }
    pl_engine_send_rtp(e, leg, shared->out, shared->len);
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

/* A recording takes the packet that Opus listeners of the highest rate get;
 * without such a listener it is encoded for the recording. */
static void record_mix(pl_engine *e, pl_engine_room *room)
{
    pl_shared *shared = &room->shared[PL_AUDIO_OPUS][PL_RATE_CLASSES - 1];
    if (shared->tick != e->tick) {
        limit_shared(e, room);
        shared->tick = e->tick;
        shared->len = e->options.codecs->codec[PL_AUDIO_OPUS]->encode(
            shared->encoder, e->limited, shared->out);
        e->stats.encodes++;
        e->stats.encodes_opus++;
    }
    pl_engine_record_mix(e, room, shared->out, shared->len);
}

pl_err pl_engine_need_mix(pl_engine *engine, pl_engine_room *room)
{
    const pl_codec *codec = engine->options.codecs->codec[PL_AUDIO_OPUS];
    unsigned c = PL_RATE_CLASSES - 1;
    return codec
               ? need_encoder(codec, c, &room->shared[PL_AUDIO_OPUS][c].encoder)
               : PL_EUNSUPPORTED;
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
        if (room->legs[i]->hear == PL_HEAR_PRIVATE)
            send_private(engine, room->legs[i]);
    }
}
