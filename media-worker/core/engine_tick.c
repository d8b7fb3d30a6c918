/* engine_tick.c - 20 ms of every room: listen, choose, sum, hand over. */
#include <string.h>

#include "core/engine_state.h"
#include "core/grid.h"
#include "core/level.h"

enum {
    FADE_IN = 240, /* samples; fading out takes the whole frame */
    TALK_ON_TICKS = 3,
    TALK_OFF_TICKS = 10,
    LIE_TICKS = 50,
    EAR_KEPT_TICKS = 50, /* a lent one, after it was used */
    TURN_TICKS = 25      /* to be measured in */
};
static const int64_t DTMF_OVER_US = 200000; /* all end packets were lost */
/* A peer that claims a loud voice and sends nothing to hear. */
static const float CLAIM_DB = -40.0F;
static const float HEARD_DB = -75.0F;

/* ---- one leg's voice ---------------------------------------------------- */

/* Decode this tick; false: there is nothing to decode it with. */
static bool render(pl_engine *e, pl_channel *leg)
{
    if (leg->pcm)
        return true;
    if (!pl_engine_lend_ear(e, leg))
        return false;
    leg->pcm = pl_playout_render(leg->playout);
    leg->pcm_channels = pl_playout_ear(leg->playout)->channels;
    leg->unheard_ticks = 0;
    return true;
}

static bool is_heard(const pl_channel *leg)
{
    return leg->flags.mixed && !leg->flags.muted && pl_channel_receives(leg);
}

static float loudness(const pl_channel *leg)
{
    return pl_level_db(leg->pcm, (size_t)PL_TICK_SAMPLES * leg->pcm_channels);
}

/* Whether it is the leg's turn to be decoded to know how loud it is: each waits
 * for his. Who is in the mix is decoded in any case. */
static bool is_in_turn(const pl_engine *e, const pl_channel *leg)
{
    pl_engine_room *room = leg->room;
    if (leg->ear_mode != PL_EAR_LENT || leg->voice.is_selected)
        return true;
    uint32_t at = room->n_unknown++;
    uint32_t n = room->were_unknown;
    uint32_t most = PL_EAR_MEASURED_MAX;
    if (n > most) {
        uint32_t first = (uint32_t)(e->tick / TURN_TICKS * most % n);
        if ((at + n - first) % n >= most)
            return false;
    }
    return room->n_measured++ < most;
}

/* How loud a voice is of which nobody told. */
static float measure(pl_engine *e, pl_channel *leg)
{
    return is_in_turn(e, leg) && render(e, leg) ? loudness(leg)
                                                : PL_LEVEL_SILENCE;
}

/* Step the leg's time line and find out how loud it is, decoding only when
 * nobody told. */
static void listen(pl_engine *e, pl_channel *leg, int64_t now_us)
{
    leg->pcm = NULL;
    if (leg->ear_mode == PL_EAR_LENT && leg->unheard_ticks++ == EAR_KEPT_TICKS)
        pl_engine_return_ear(e, leg);
    pl_playout_frame frame = {.is_silent = true};
    if (leg->is_up)
        pl_playout_advance(leg->playout, now_us, &frame);
    leg->sound.is_pausing = frame.is_silent;
    leg->is_keying = pl_engine_is_keying(leg, now_us);
    if (!is_heard(leg) || leg->is_keying) {
        pl_voice_init(&leg->voice);
        return;
    }
    float db = PL_LEVEL_SILENCE;
    if (frame.has_level)
        leg->has_level = true;
    if (!frame.is_silent) {
        if (leg->has_level && leg->lie_ticks < LIE_TICKS) {
            db = frame.has_level ? frame.level_db : leg->voice.level_db;
        } else {
            db = measure(e, leg);
        }
    }
    pl_voice_update(&leg->voice, db);
}

/* RFC 6464 section 5: levels may be forged; one who takes a talker's place by
 * them without saying anything loses the privilege. */
static void check_claim(pl_channel *leg)
{
    if (!leg->has_level || leg->lie_ticks >= LIE_TICKS)
        return;
    if (leg->voice.level_db > CLAIM_DB && loudness(leg) < HEARD_DB) {
        leg->lie_ticks++;
    } else {
        leg->lie_ticks = 0;
    }
}

static void apply_gain(pl_channel *leg, float to)
{
    float from = leg->gain;
    leg->gain = to;
    if (from >= 1.0F && to >= 1.0F)
        return;
    size_t n = to > from || leg->is_keying ? FADE_IN : PL_TICK_SAMPLES;
    float step = (to - from) / (float)n;
    size_t channels = leg->pcm_channels;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i * channels; k < (i + 1) * channels; k++)
            leg->pcm[k] *= from;
        from += step;
    }
    if (to >= 1.0F)
        return;
    for (size_t k = n * channels; k < PL_TICK_SAMPLES * channels; k++)
        leg->pcm[k] *= to;
}

static void report_talking(pl_engine *e, pl_channel *leg)
{
    bool is_now = leg->voice.is_selected && leg->voice.is_speaking;
    if (is_now == leg->is_talking) {
        leg->talk_ticks = 0;
        return;
    }
    if (++leg->talk_ticks < (is_now ? TALK_ON_TICKS : TALK_OFF_TICKS))
        return;
    leg->talk_ticks = 0;
    leg->is_talking = is_now;
    pl_engine_event(
        e, leg,
        (pl_mix_event){
            .kind = PL_MIX_TALKING,
            .u.talking = {is_now, pl_level_code(leg->voice.score_db)}});
}

/* ---- rooms -------------------------------------------------------------- */

/* The tone of a key in place of the leg's voice; more at once than there are
 * places for are left out. */
static bool take_tone(pl_engine *e, pl_channel *leg, size_t *n_tones)
{
    bool has_place = *n_tones < PL_TONES_MAX;
    float *tone = has_place ? e->tones[*n_tones] : e->mix;
    if (!pl_engine_key_tone(e, leg, tone) || !has_place)
        return false;
    leg->pcm = tone;
    leg->pcm_channels = 1;
    (*n_tones)++;
    return true;
}

/* A voice in mono is in the middle. In a room in mono there are no others. */
static void add_voice(float *sum, const pl_channel *leg, unsigned channels)
{
    if (channels == leg->pcm_channels) {
        for (size_t k = 0; k < PL_TICK_SAMPLES * (size_t)channels; k++)
            sum[k] += leg->pcm[k];
        return;
    }
    for (size_t i = 0; i < PL_TICK_SAMPLES; i++) {
        sum[2 * i] += leg->pcm[i];
        sum[2 * i + 1] += leg->pcm[i];
    }
}

static void sum_voices(pl_engine *e, pl_engine_room *room)
{
    size_t n_tones = 0;
    memset(e->sum, 0, sizeof e->sum);
    pl_engine_sound_begin(e, room);
    for (size_t i = 0; i < room->n; i++) {
        pl_channel *leg = room->legs[i];
        float to = leg->voice.is_selected ? 1.0F : 0.0F;
        bool is_tone = take_tone(e, leg, &n_tones);
        leg->is_in_mix = is_tone || to > 0.0F || leg->gain > 0.0F;
        if (!leg->is_in_mix)
            continue;
        if (is_tone) {
            leg->gain = 0.0F; /* the voice comes back from silence */
            room->sound.n_mixed++;
        } else if (render(e, leg)) {
            check_claim(leg);
            pl_engine_sound_voice(e, room, leg);
            apply_gain(leg, to);
        } else {
            leg->is_in_mix = false;
            leg->gain = 0.0F;
            continue;
        }
        pl_grid_put(leg->pcm, (size_t)PL_TICK_SAMPLES * leg->pcm_channels);
        add_voice(e->sum, leg, room->channels);
    }
    pl_engine_sound_end(e, room);
}

static void mix_room(pl_engine *e, pl_engine_room *room, int64_t now_us)
{
    room->were_unknown = room->n_unknown;
    room->n_unknown = room->n_measured = 0;
    for (size_t i = 0; i < room->n; i++) {
        listen(e, room->legs[i], now_us);
        room->voices[i] = &room->legs[i]->voice;
    }
    pl_talkers_select(room->voices, room->n, room->options.max_talkers);
    sum_voices(e, room);
}

/* Everybody hears only himself, some time later. */
static void echo_room(pl_engine *e, pl_engine_room *room, int64_t now_us)
{
    memset(e->sum, 0, sizeof e->sum);
    pl_engine_sound_begin(e, room);
    pl_engine_sound_end(e, room);
    for (size_t i = 0; i < room->n; i++) {
        pl_channel *leg = room->legs[i];
        listen(e, leg, now_us);
        leg->voice.is_selected = leg->voice.is_speaking;
        float *newest = leg->echo + leg->echo_at * PL_TICK_SAMPLES;
        if (is_heard(leg) && render(e, leg)) {
            memcpy(newest, leg->pcm, PL_TICK_SAMPLES * sizeof *newest);
        } else {
            memset(newest, 0, PL_TICK_SAMPLES * sizeof *newest);
        }
        leg->echo_at = (leg->echo_at + 1) % PL_ECHO_FRAMES;
    }
}

/* ---- what happens now and then ------------------------------------------ */

static void report_stats(pl_engine *e, pl_channel *leg)
{
    leg->is_source_new = false;
    uint32_t clock = e->options.codecs->codec[leg->recv_codec]->clock_hz;
    const pl_rtp_source *s = &leg->source;
    pl_mix_stats stats = {
        .packets_received = leg->has_source ? s->received : 0,
        .packets_sent = leg->packets_sent,
        .packets_lost = leg->has_source ? pl_rtp_source_lost(s) : 0,
        .concealed_frames = pl_playout_count(leg->playout)->concealed,
        .recovered_frames = pl_playout_count(leg->playout)->recovered,
        .jitter_us = (uint32_t)((uint64_t)(s->jitter >> 4) * 1000000 / clock),
        .delay_ms = (uint32_t)(pl_playout_delay_us(leg->playout) / 1000),
        .rtt_us = leg->rtt_us,
        .far_loss_permille = leg->far_loss_permille,
        .far_jitter_us = leg->far_jitter_us,
        .codec = leg->recv_codec,
        .level = pl_level_code(leg->voice.score_db),
    };
    pl_engine_event(e, leg,
                    (pl_mix_event){.kind = PL_MIX_STATS,
                                   .position = pl_engine_position(e, leg),
                                   .u.stats = stats});
}

static void sum_counters(pl_engine *e, pl_channel *leg)
{
    const pl_playout_counters now = *pl_playout_count(leg->playout);
    const pl_playout_counters *old = &leg->counted;
    e->stats.decodes += now.decodes - old->decodes;
    e->stats.concealed += now.concealed - old->concealed;
    e->stats.recovered += now.recovered - old->recovered;
    e->stats.inserted += now.inserted - old->inserted;
    e->stats.removed += now.removed - old->removed;
    e->stats.drop_late += now.late - old->late;
    e->stats.drop_duplicate += now.duplicate - old->duplicate;
    e->stats.drop_full += now.full - old->full;
    e->stats.drop_payload += now.bad_payload - old->bad_payload;
    if (now.used != old->used && e->options.sink.used)
        e->options.sink.used(e->options.sink.ctx, now.wait_us);
    leg->counted = now;
}

static void look_after(pl_engine *e, pl_channel *leg, int64_t now_us)
{
    report_talking(e, leg);
    sum_counters(e, leg);
    if (leg->dtmf.has_event && now_us - leg->last_dtmf_us > DTMF_OVER_US)
        pl_engine_digit(e, leg, pl_dtmf_flush(&leg->dtmf), 0);
    if (!leg->is_up)
        return;
    if (leg->next_rtcp_us == 0) { /* RFC 3550 section 6.2: half at first */
        leg->next_rtcp_us = now_us + PL_RTCP_PERIOD_US / 4 +
                            leg->ssrc % (PL_RTCP_PERIOD_US / 4);
        leg->next_stats_us = now_us + PL_STATS_FIRST_US;
    }
    if (now_us >= leg->next_rtcp_us)
        pl_engine_send_rtcp(e, leg, now_us, false);
    /* Of a source that is not told yet its rollovers cannot be known elsewhere:
     * that does not wait. */
    bool is_time = now_us >= leg->next_stats_us;
    if (is_time)
        leg->next_stats_us = now_us + PL_STATS_PERIOD_US;
    if (is_time || leg->is_source_new)
        report_stats(e, leg);
}

/* How many ticks lie between the last one and this; 1 when none was missed. */
static uint32_t elapsed_ticks(pl_engine *e, int64_t now_us)
{
    int64_t n = 1;
    if (e->has_ticked) {
        n = (now_us - e->last_tick_us + PL_TICK_US / 2) / PL_TICK_US;
        n = n < 1 ? 1 : n;
    }
    e->last_tick_us = now_us;
    e->has_ticked = true;
    return (uint32_t)n;
}

/* The first tick of a leg that another worker had: its time went on. Whole
 * frames, which telephones count in. */
static void resume_time(pl_channel *leg, int64_t now_us, uint32_t clock)
{
    int64_t n = (now_us - leg->resume_us + PL_TICK_US / 2) / PL_TICK_US;
    leg->ts = leg->resume_ts + (uint32_t)(n > 0 ? n : 0) * (clock / 50);
    leg->resume_us = 0;
}

static void tick_room(pl_engine *e, pl_engine_room *room, int64_t now_us,
                      uint32_t n_ticks)
{
    for (size_t i = 0; i < room->n; i++) {
        pl_channel *leg = room->legs[i];
        uint32_t clock =
            e->options.codecs->codec[leg->media.send_codec]->clock_hz;
        leg->ts += n_ticks * (clock / 50);
        if (leg->resume_us && leg->is_up)
            resume_time(leg, now_us, clock);
        if (n_ticks > 1 && leg->is_up)
            pl_playout_skip(leg->playout, now_us, n_ticks - 1);
    }
    if (room->options.mode == PL_ROOM_MODE_ECHO) {
        echo_room(e, room, now_us);
    } else {
        mix_room(e, room, now_us);
    }
    pl_engine_hear(e, room);
    for (size_t i = 0; i < room->n; i++)
        look_after(e, room->legs[i], now_us);
}

void pl_engine_tick(pl_engine *engine, int64_t now_us)
{
    uint32_t n_ticks = elapsed_ticks(engine, now_us);
    engine->tick++;
    engine->stats.ticks++;
    engine->stats.ticks_skipped += n_ticks - 1;
    for (uint32_t i = 0; i < engine->options.max_rooms; i++) {
        pl_engine_room *room = engine->rooms[i];
        if (room && room->n > 0)
            tick_room(engine, room, now_us, n_ticks);
        if (room && room->n > 0 && engine->options.sink.room_done)
            engine->options.sink.room_done(engine->options.sink.ctx);
    }
    pl_engine_flush(engine);
}
