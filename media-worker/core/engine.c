/* engine.c - rooms and legs come and go. */
#include "core/engine.h"

#include <stdlib.h>
#include <string.h>

#include "core/engine_state.h"

enum { MAX_IDS = 1 << 20 };

/* ---- finding ------------------------------------------------------------ */

pl_channel *pl_engine_leg(const pl_engine *engine, pl_mix_id id)
{
    if (id.index >= engine->options.max_legs)
        return NULL;
    pl_channel *leg = engine->legs[id.index];
    return leg && leg->id.generation == id.generation ? leg : NULL;
}

static pl_engine_room *find_room(const pl_engine *engine, pl_mix_id id)
{
    if (id.index >= engine->options.max_rooms)
        return NULL;
    pl_engine_room *room = engine->rooms[id.index];
    return room && room->id.generation == id.generation ? room : NULL;
}

void pl_engine_event(const pl_engine *engine, const pl_channel *leg,
                     pl_mix_event event)
{
    event.leg = leg->id;
    event.room = leg->room->id;
    engine->options.sink.event(engine->options.sink.ctx, &event);
}

/* ---- engine ------------------------------------------------------------- */

static bool are_options_good(const pl_engine_options *o)
{
    return o && o->codecs && o->max_legs > 0 && o->max_rooms > 0 &&
           o->max_legs <= MAX_IDS && o->max_rooms <= MAX_IDS && o->sink.send &&
           o->sink.event && o->sink.note;
}

pl_err pl_engine_create(const pl_engine_options *options,
                        pl_engine **ret_engine)
{
    if (!are_options_good(options))
        return PL_EINVAL;
    pl_engine *e = calloc(1, sizeof *e);
    if (!e)
        return PL_ENOMEM;
    e->options = *options;
    e->legs = calloc(options->max_legs, sizeof(pl_channel *));
    e->rooms = calloc(options->max_rooms, sizeof(pl_engine_room *));
    if (!e->legs || !e->rooms || pl_packet_pool_create(&e->pool) != PL_OK ||
        pl_pool_create(options->codecs, options->opus_complexity, &e->states) !=
            PL_OK) {
        pl_engine_destroy(&e);
        return PL_ENOMEM;
    }
    *ret_engine = e;
    return PL_OK;
}

/* Free a leg that is not (or no longer) linked into room and table. */
static void free_leg(pl_engine *e, pl_channel *leg)
{
    if (leg->srtp)
        e->options.srtp->destroy(&leg->srtp);
    pl_engine_lend_leave(e, leg);
    pl_playout_destroy(&leg->playout);
    free(leg->echo);
    free(leg->red);
    free(leg);
}

static void unlink_leg(pl_engine *e, pl_channel *leg)
{
    pl_engine_room *room = leg->room;
    size_t i = 0;
    while (room->legs[i] != leg)
        i++;
    pl_engine_denoise_leave(room, leg);
    room->n--;
    memmove(&room->legs[i], &room->legs[i + 1],
            (room->n - i) * sizeof(pl_channel *));
    pl_engine_loss_changed(room, leg->format);
    e->legs[leg->id.index] = NULL;
    if (leg->is_up)
        e->n_up--;
    pl_packet_pool_spare(e->pool);
}

static void free_room(pl_engine *e, pl_engine_room *room)
{
    while (room->n > 0) {
        pl_channel *leg = room->legs[room->n - 1];
        unlink_leg(e, leg);
        free_leg(e, leg);
    }
    pl_engine_lend_close(e, room);
    pl_engine_denoise_free(e, room);
    free(room->legs);
    free(room->voices);
    e->rooms[room->id.index] = NULL;
    free(room);
}

void pl_engine_destroy(pl_engine **engine)
{
    if (!engine || !*engine)
        return;
    pl_engine *e = *engine;
    for (size_t i = 0; e->rooms && i < e->options.max_rooms; i++) {
        if (e->rooms[i])
            free_room(e, e->rooms[i]);
    }
    if (e->states)
        pl_engine_lend_end(e);
    pl_packet_pool_destroy(&e->pool);
    free(e->legs);
    free(e->rooms);
    free(e);
    *engine = NULL;
}

/* ---- rooms -------------------------------------------------------------- */

static void open_room(pl_engine *e, const pl_mix_command *c)
{
    if (c->id.index >= e->options.max_rooms || e->rooms[c->id.index]) {
        e->stats.bad_command++;
        return;
    }
    pl_engine_room *room = calloc(1, sizeof *room);
    if (!room) {
        e->stats.bad_command++;
        return;
    }
    room->id = c->id;
    room->options = c->u.room;
    if (room->options.max_talkers == 0)
        room->options.max_talkers = PL_TALKERS_DEFAULT;
    if (room->options.max_talkers > PL_TALKERS_MAX)
        room->options.max_talkers = PL_TALKERS_MAX;
    /* One hears oneself in mono. */
    bool is_stereo =
        room->options.channels == 2 && room->options.mode != PL_ROOM_MODE_ECHO;
    room->channels = is_stereo ? 2 : 1;
    pl_limiter_init(&room->limiter[0], 1);
    pl_limiter_init(&room->limiter[1], 2);
    pl_room_sound_init(&room->sound);
    e->rooms[c->id.index] = room;
}

static void set_room(pl_engine *e, const pl_mix_command *c)
{
    pl_engine_room *room = find_room(e, c->id);
    if (!room) {
        e->stats.bad_command++;
        return;
    }
    pl_dtmf_policy dtmf = room->options.dtmf;
    room->options.dtmf = c->u.room.dtmf;
    if (pl_engine_lend_settle(e, room) != PL_OK) {
        e->stats.bad_command++;
        room->options.dtmf = dtmf;
    }
    room->options.denoise = c->u.room.denoise;
    room->options.is_raw = c->u.room.is_raw;
    pl_engine_denoise_grow(e, room);
}

static void play_to_room(pl_engine *e, const pl_mix_command *c)
{
    pl_engine_room *room = find_room(e, c->id);
    if (!room) {
        e->stats.bad_command++;
        return;
    }
    pl_room_sound_play(&room->sound, &c->u.play);
}

static void remove_leg(pl_engine *e, pl_channel *leg, bool is_silent)
{
    if (!is_silent)
        pl_engine_send_rtcp(e, leg, e->last_tick_us, true);
    pl_engine_flush(e);
    unlink_leg(e, leg);
    pl_engine_event(e, leg,
                    (pl_mix_event){.kind = PL_MIX_LEG_REMOVED,
                                   .position = pl_engine_position(e, leg)});
    free_leg(e, leg);
}

static void close_room(pl_engine *e, const pl_mix_command *c)
{
    pl_engine_room *room = find_room(e, c->id);
    if (!room)
        return;
    pl_engine_record_stop(e, room);
    while (room->n > 0)
        remove_leg(e, room->legs[room->n - 1], c->is_silent);
    free_room(e, room);
}

static void record_room(pl_engine *e, const pl_mix_command *c)
{
    pl_engine_room *room = find_room(e, c->id);
    if (!room) {
        e->stats.bad_command++; /* main sees that it closed it */
    } else if (c->kind == PL_MIX_RECORD_START) {
        pl_engine_record_start(e, room, &c->u.record);
    } else {
        pl_engine_record_stop(e, room);
    }
}

/* ---- legs --------------------------------------------------------------- */

static pl_err reserve_place(pl_engine_room *room)
{
    if (room->n < room->cap)
        return PL_OK;
    size_t cap = room->cap ? room->cap * 2 : 8;
    pl_channel **legs = realloc(room->legs, cap * sizeof(pl_channel *));
    if (!legs)
        return PL_ENOMEM;
    room->legs = legs;
    pl_voice **voices = realloc(room->voices, cap * sizeof(pl_voice *));
    if (!voices)
        return PL_ENOMEM;
    room->voices = voices;
    room->cap = cap;
    return PL_OK;
}

/* Go on with the streams of a leg that another worker had. */
static void resume_leg(pl_channel *leg, const pl_mix_position *at)
{
    leg->ssrc = at->ssrc;
    leg->seq = (uint16_t)at->send_index;
    leg->roc = (uint32_t)(at->send_index >> 16);
    leg->ts = leg->resume_ts = at->ts;
    leg->resume_us = at->at_us;
    leg->resume_source = at->followed;
    leg->packets_sent = at->packets;
    leg->bytes_sent = at->bytes;
    leg->has_place = true;
    leg->place = (pl_srtp_place){.next_index = at->send_index,
                                 .rtcp_index = at->rtcp_index,
                                 .n_in = at->n_in};
    memcpy(leg->place.in, at->in, sizeof leg->place.in);
}

static pl_err make_leg(pl_engine *e, pl_engine_room *room,
                       const pl_mix_command *c, pl_channel *leg)
{
    const pl_mix_leg *m = &c->u.leg;
    leg->id = c->id;
    leg->room = room;
    leg->kind = m->kind;
    memcpy(leg->cname, m->cname, sizeof leg->cname);
    leg->cname[sizeof leg->cname - 1] = 0;
    leg->flags = m->flags;
    leg->ssrc = m->ssrc;
    leg->seq = m->first_seq;
    leg->ts = m->first_ts;
    if (m->resume.at_us > 0)
        resume_leg(leg, &m->resume);
    leg->has_gap = true;
    leg->random = leg->ssrc ^ 0x9e3779b9U;
    leg->route.fd = leg->route.rtcp_fd = -1;
    pl_voice_init(&leg->voice);
    pl_leg_sound_init(&leg->sound, leg->ssrc);
    if (room->options.mode == PL_ROOM_MODE_ECHO) {
        leg->echo =
            calloc((size_t)PL_ECHO_FRAMES * PL_TICK_SAMPLES, sizeof *leg->echo);
        if (!leg->echo)
            return PL_ENOMEM;
        leg->needs_mouth = true;
    }
    pl_err err = reserve_place(room);
    if (err == PL_OK)
        err = pl_playout_create(e->pool, e->options.codecs, e->options.delay,
                                &leg->playout);
    if (err == PL_OK)
        err = pl_engine_set_media(e, leg, &m->media);
    if (err == PL_OK)
        err = pl_packet_pool_grow(e->pool);
    return err;
}

static void refuse_leg(pl_engine *e, const pl_mix_command *c, pl_err error)
{
    e->stats.bad_command++;
    pl_mix_event event = {.kind = PL_MIX_LEG_FAILED,
                          .leg = c->id,
                          .room = c->u.leg.room,
                          .u.error = error};
    e->options.sink.event(e->options.sink.ctx, &event);
}

static void add_leg(pl_engine *e, const pl_mix_command *c)
{
    if (pl_engine_leg(e, c->id))
        return; /* repeated */
    pl_engine_room *room = find_room(e, c->u.leg.room);
    if (!room || c->id.index >= e->options.max_legs || e->legs[c->id.index]) {
        refuse_leg(e, c, room ? PL_EEXIST : PL_ENOENT);
        return;
    }
    pl_channel *leg = calloc(1, sizeof *leg);
    pl_err err = leg ? make_leg(e, room, c, leg) : PL_ENOMEM;
    if (err != PL_OK) {
        if (leg)
            free_leg(e, leg);
        refuse_leg(e, c, err);
        return;
    }
    room->legs[room->n++] = leg;
    e->legs[c->id.index] = leg;
    pl_engine_lend_tidy(e, room);
    pl_engine_denoise_grow(e, room);
}

static void change_media(pl_engine *e, pl_channel *leg, const pl_mix_command *c)
{
    pl_err err = pl_engine_set_media(e, leg, &c->u.media);
    if (err != PL_OK) {
        e->stats.bad_command++;
        pl_engine_event(
            e, leg, (pl_mix_event){.kind = PL_MIX_LEG_FAILED, .u.error = err});
    }
    if (leg->keys.n > 0 && leg->media.dtmf_send_pt == PL_MIX_NO_PT)
        pl_engine_keys_over(e, leg);
}

static void play(pl_engine *e, pl_channel *leg, const pl_mix_command *c)
{
    if (c->u.play.prompt && pl_engine_need_mouth(e, leg) != PL_OK) {
        e->stats.bad_command++;
        return;
    }
    leg->play = c->u.play;
    leg->play_at = 0;
    if (leg->play.prompt && leg->play.prompt->n == 0)
        leg->play.prompt = NULL;
}

static void queue_keys(pl_engine *e, pl_channel *leg, const pl_mix_command *c)
{
    const pl_mix_keys *m = &c->u.keys;
    if (leg->media.dtmf_send_pt == PL_MIX_NO_PT || m->n > PL_KEYS_MAX ||
        pl_dtmf_queue_put(&leg->keys, m->keys, m->n) != PL_OK) {
        e->stats.bad_command++;
        leg->keys.n_done = (uint16_t)(leg->keys.n_done + m->n);
        if (leg->keys.n == 0)
            pl_engine_keys_over(e, leg);
    }
}

/* A leg that is gone is acknowledged all the same: its descriptors may be
 * closed. */
static void acknowledge(pl_engine *e, pl_mix_id leg, pl_mix_event_kind kind)
{
    pl_mix_event event = {.kind = kind, .leg = leg};
    e->options.sink.event(e->options.sink.ctx, &event);
}

void pl_engine_command(pl_engine *engine, const pl_mix_command *c)
{
    pl_channel *leg = NULL;
    switch (c->kind) {
    case PL_MIX_ROOM_OPEN: open_room(engine, c); return;
    case PL_MIX_ROOM_CLOSE: close_room(engine, c); return;
    case PL_MIX_LEG_ADD: add_leg(engine, c); return;
    case PL_MIX_STOP: return; /* the thread's */
    case PL_MIX_ROOM_SET: set_room(engine, c); return;
    case PL_MIX_ROOM_PLAY: play_to_room(engine, c); return;
    case PL_MIX_RECORD_START:
    case PL_MIX_RECORD_STOP: record_room(engine, c); return;
    case PL_MIX_LEG_MEDIA:
    case PL_MIX_LEG_FLAGS:
    case PL_MIX_LEG_REMOVE:
    case PL_MIX_LEG_PLAY:
    case PL_MIX_LEG_KEYS:
    default: break;
    }
    leg = pl_engine_leg(engine, c->id);
    if (leg)
        pl_engine_lend_tidy(engine, leg->room);
    if (!leg) {
        engine->stats.drop_leg++;
        if (c->kind == PL_MIX_LEG_REMOVE)
            acknowledge(engine, c->id, PL_MIX_LEG_REMOVED);
    } else if (c->kind == PL_MIX_LEG_MEDIA) {
        change_media(engine, leg, c);
    } else if (c->kind == PL_MIX_LEG_FLAGS) {
        leg->flags = c->u.flags;
    } else if (c->kind == PL_MIX_LEG_REMOVE) {
        remove_leg(engine, leg, c->is_silent);
    } else if (c->kind == PL_MIX_LEG_PLAY) {
        play(engine, leg, c);
    } else if (c->kind == PL_MIX_LEG_KEYS) {
        queue_keys(engine, leg, c);
    } else {
        engine->stats.bad_command++;
    }
}

bool pl_engine_is_idle(const pl_engine *engine)
{
    return engine->n_up == 0;
}

size_t pl_engine_up(const pl_engine *engine)
{
    return engine->n_up;
}

void pl_engine_set_wall(pl_engine *engine, int64_t wall_offset_us)
{
    engine->options.wall_offset_us = wall_offset_us;
}

const pl_engine_stats *pl_engine_stats_get(const pl_engine *engine)
{
    return &engine->stats;
}
