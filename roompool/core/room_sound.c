/* room_sound.c - see room_sound.h. */
#include "room_sound.h"

#include <string.h>

#include "leg.h"
#include "pl/str.h"
#include "recording.h"
#include "room_policy.h"
#include "waiting.h"

static const char PROMPT_ON[] = "recording-on";

/* ---- commands ---- */

static void send(pl_pool *pool, const pl_conf *conf, const char *prompt,
                 bool is_loop, pl_op *op)
{
    pl_media_room_play m = {.loop = is_loop};
    PL_SET(m.room_id, conf->row.conf_id);
    PL_SET(m.prompt, prompt);
    pl_pool_send(pool, conf->row.media_node, conf->row.epoch,
                 &PL_MSG_MEDIA_ROOM_PLAY, &m, op);
}

static void asked(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    (void)in;
    if (e) {
        pl_pool_refuse(pool, &op->ticket, e,
                       e == PL_ENOENT ? "no such prompt" : NULL);
    } else {
        pl_pool_ok(pool, &op->ticket);
    }
    pl_op_destroy(&op);
}

static pl_op *op_for(pl_pool *pool, const pl_bus_ticket *ticket)
{
    pl_op *op = pl_op_create(pool, asked);
    if (op) {
        op->ticket = *ticket;
        op->has_ticket = true;
    }
    return op;
}

/* ---- what there is to hear ---- */

/* Below announcements. */
static void play_base(pl_pool *pool, const pl_conf *conf, pl_op *op)
{
    if (conf->played[0]) {
        send(pool, conf, conf->played, conf->is_played_loop, op);
    } else if (conf->has_music) {
        send(pool, conf, pl_room_policy_of(conf->room).alone_music, true, op);
    } else {
        send(pool, conf, "", false, op);
    }
}

static bool has_base(const pl_conf *conf)
{
    return conf->played[0] || conf->has_music;
}

void pl_sound_announce(pl_pool *pool, pl_conf *conf, const char *prompt)
{
    if (!conf->row.media_node[0])
        return;
    PL_SET(conf->announcing, prompt);
    send(pool, conf, prompt, false, NULL);
}

pl_err pl_sound_play(pl_pool *pool, pl_conf *conf, const char *prompt,
                     bool is_loop, const pl_bus_ticket *ticket)
{
    if (!conf->row.media_node[0] || conf->row.kind != PL_CONF_KIND_ROOM)
        return PL_ESTATE;
    pl_op *op = op_for(pool, ticket);
    if (!op)
        return PL_ENOMEM;
    conf->announcing[0] = '\0';
    PL_SET(conf->played, prompt);
    conf->is_played_loop = is_loop;
    play_base(pool, conf, op);
    return PL_OK;
}

pl_err pl_sound_play_to(pl_pool *pool, pl_part *part, const char *prompt,
                        bool is_loop, const pl_bus_ticket *ticket)
{
    pl_leg *leg = pl_leg_of(part);
    if (!leg || part->row.state != PL_PART_STATE_ACTIVE)
        return PL_ESTATE;
    pl_op *op = op_for(pool, ticket);
    if (!op)
        return PL_ENOMEM;
    pl_err e = pl_leg_play_asked(pool, leg, prompt, is_loop, op);
    if (e) {
        pl_op_destroy(&op);
    } else if (!prompt[0]) {
        pl_waiting_music(pool, leg); /* of who waits goes on */
    }
    return e;
}

static void ended(pl_pool *pool, pl_conf *conf, const char *prompt)
{
    bool is_announced = strcmp(conf->announcing, prompt) == 0;
    bool is_played = !conf->announcing[0] && !conf->is_played_loop &&
                     strcmp(conf->played, prompt) == 0;
    if (!is_announced && !is_played)
        return;
    conf->announcing[0] = '\0';
    if (is_played)
        conf->played[0] = '\0';
    if (has_base(conf))
        play_base(pool, conf, NULL);
}

void pl_on_room_played(pl_pool *pool, const pl_bus_in *in)
{
    const pl_room_played *m = in->body;
    pl_conf *conf = pl_map_find(pool->confs, m->room_id);
    if (conf && conf->row.epoch == in->epoch && m->prompt[0] &&
        strcmp(conf->row.media_node, in->node) == 0) {
        ended(pool, conf, m->prompt);
    } else {
        pl_pool_count(pool, PL_RM_stale_reports);
    }
}

/* ---- music for who is alone ---- */

static bool is_alone(const pl_conf *conf)
{
    unsigned n = 0;
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        n += part->row.state == PL_PART_STATE_ACTIVE && part->row.has_media &&
             !pl_waits(part);
    }
    return n == 1;
}

static bool wants_music(const pl_conf *conf)
{
    return conf->row.kind == PL_CONF_KIND_ROOM &&
           conf->row.mode == PL_ROOM_MODE_MIX && is_alone(conf) &&
           pl_room_policy_of(conf->room).alone_music[0];
}

void pl_sound_check(pl_pool *pool, pl_conf *conf)
{
    bool is_wanted = conf->row.state == PL_CONF_STATE_LIVE && wants_music(conf);
    if (is_wanted == conf->has_music)
        return;
    conf->has_music = is_wanted;
    if (conf->row.media_node[0] && conf->row.state == PL_CONF_STATE_LIVE &&
        !conf->announcing[0] && !conf->played[0])
        play_base(pool, conf, NULL);
}

void pl_sound_placed(pl_pool *pool, pl_conf *conf)
{
    conf->announcing[0] = '\0';
    if (has_base(conf))
        play_base(pool, conf, NULL);
}

void pl_sound_seen(pl_pool *pool, pl_conf *conf)
{
    if (!conf->is_sound_unknown)
        return;
    conf->is_sound_unknown = false;
    conf->has_music = wants_music(conf);
    play_base(pool, conf, NULL);
}

/* ---- notices to one ---- */

void pl_sound_notice(pl_pool *pool, pl_leg *leg, bool is_welcome_played)
{
    if (!pl_recording_is_on(leg->part->conf))
        return;
    leg->part->is_owed_notice = true;
    if (!is_welcome_played)
        pl_leg_play(pool, leg, PROMPT_ON);
}

/* A tone may have cut it short: then it is said again. */
void pl_sound_leg_played(pl_pool *pool, pl_leg *leg, const char *prompt)
{
    pl_part *part = leg->part;
    if (!part->is_owed_notice)
        return;
    if (strcmp(prompt, PROMPT_ON) == 0 || !pl_recording_is_on(part->conf)) {
        part->is_owed_notice = false;
    } else {
        pl_leg_play(pool, leg, PROMPT_ON);
    }
}
