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

static void send(pl_pool *pool, pl_conf *conf, const char *prompt, bool is_loop,
                 pl_op *op)
{
    pl_media_room_play m = {.loop = is_loop};
    conf->n_sounds++;
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

static pl_op *op_for(pl_pool *pool, const pl_bus_ticket *ticket,
                     pl_op_done done)
{
    pl_op *op = pl_op_create(pool, done);
    if (op) {
        op->ticket = *ticket;
        op->has_ticket = true;
    }
    return op;
}

/* ---- what there is to hear ---- */

/* Below announcements; prompt: what a host has played. */
static void play(pl_pool *pool, pl_conf *conf, const char *prompt, bool is_loop,
                 pl_op *op)
{
    if (prompt[0]) {
        send(pool, conf, prompt, is_loop, op);
    } else if (conf->has_music) {
        send(pool, conf, pl_room_policy_of(conf->room).alone_music, true, op);
    } else {
        send(pool, conf, "", false, op);
    }
}

/* Nobody waits for an answer, so that only the log can say it: once. */
static void tell_missing(pl_pool *pool, const pl_conf *conf, bool *is_told,
                         const char *setting, const char *prompt)
{
    char text[256];
    if (*is_told)
        return;
    *is_told = true;
    pl_fmt_cut(text, sizeof text,
               "room %s: %s = %s: the media worker has no such prompt",
               conf->row.room_id, setting, prompt);
    pl_pool_note(pool, PL_LOG_WARN, "prompt_missing", conf, NULL, text);
}

static void music_answered(pl_pool *pool, pl_op *op, pl_err e,
                           const pl_bus_in *in)
{
    pl_conf *conf = pl_map_find(pool->confs, op->conf);
    (void)in;
    if (e == PL_ENOENT && conf) {
        tell_missing(pool, conf, &conf->told_no_music, "alone_music",
                     op->prompt);
    }
    pl_op_destroy(&op);
}

static void play_base(pl_pool *pool, pl_conf *conf)
{
    pl_op *op = NULL;
    if (!conf->played[0] && conf->has_music)
        op = pl_op_create(pool, music_answered);
    if (op) {
        PL_SET(op->conf, conf->row.conf_id);
        PL_SET(op->prompt, pl_room_policy_of(conf->room).alone_music);
    }
    play(pool, conf, conf->played, conf->is_played_loop, op);
}

static bool has_base(const pl_conf *conf)
{
    return conf->played[0] || conf->has_music;
}

/* Refused it never ends: what it was to interrupt goes on. */
static void announced(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_conf *conf = pl_map_find(pool->confs, op->conf);
    (void)in;
    if (e && conf && strcmp(conf->announcing, op->prompt) == 0) {
        pl_pool_note(pool, PL_LOG_WARN, "not_announced", conf, NULL,
                     op->prompt);
        conf->announcing[0] = '\0';
        if (conf->row.media_node[0])
            play_base(pool, conf);
    }
    pl_op_destroy(&op);
}

void pl_sound_announce(pl_pool *pool, pl_conf *conf, const char *prompt)
{
    if (!conf->row.media_node[0])
        return;
    pl_op *op = pl_op_create(pool, announced);
    if (op) {
        PL_SET(op->conf, conf->row.conf_id);
        PL_SET(op->prompt, prompt);
    }
    PL_SET(conf->announcing, prompt);
    send(pool, conf, prompt, false, op);
}

/* Only now is it so: the media worker refuses a prompt that it has not, and
 * what was heard before is heard further. */
static void played(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_conf *conf = pl_map_find(pool->confs, op->conf);
    if (!e && conf) {
        PL_SET(conf->played, op->prompt);
        conf->is_played_loop = op->action != 0;
        if (conf->n_sounds == op->no) {
            conf->announcing[0] = '\0';
        } else if (!conf->announcing[0] && conf->row.media_node[0]) {
            play_base(pool, conf); /* another came behind it */
        }
    }
    asked(pool, op, e, in);
}

pl_err pl_sound_play(pl_pool *pool, pl_conf *conf, const char *prompt,
                     bool is_loop, const pl_bus_ticket *ticket)
{
    if (!conf->row.media_node[0] || conf->row.kind != PL_CONF_KIND_ROOM)
        return PL_ESTATE;
    pl_op *op = op_for(pool, ticket, played);
    if (!op)
        return PL_ENOMEM;
    PL_SET(op->conf, conf->row.conf_id);
    PL_SET(op->prompt, prompt);
    op->action = is_loop;
    op->no = conf->n_sounds + 1;
    play(pool, conf, prompt, is_loop, op);
    return PL_OK;
}

pl_err pl_sound_play_to(pl_pool *pool, pl_part *part, const char *prompt,
                        bool is_loop, const pl_bus_ticket *ticket)
{
    pl_leg *leg = pl_leg_of(part);
    if (!leg || part->row.state != PL_PART_STATE_ACTIVE)
        return PL_ESTATE;
    pl_op *op = op_for(pool, ticket, asked);
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
        play_base(pool, conf);
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
        play_base(pool, conf);
}

void pl_sound_placed(pl_pool *pool, pl_conf *conf)
{
    conf->announcing[0] = '\0';
    if (has_base(conf))
        play_base(pool, conf);
}

void pl_sound_seen(pl_pool *pool, pl_conf *conf)
{
    if (!conf->is_sound_unknown)
        return;
    conf->is_sound_unknown = false;
    conf->has_music = wants_music(conf);
    play_base(pool, conf);
}

/* ---- notices to one ---- */

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

/* One that the media worker does not have never ends. */
static void welcomed(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_leg *leg = pl_leg_find(pool, op->leg);
    (void)in;
    if (e == PL_ENOENT && leg) {
        pl_conf *conf = leg->part->conf;
        tell_missing(pool, conf, &conf->told_no_welcome, "announce",
                     op->prompt);
    }
    if (e && leg)
        pl_sound_leg_played(pool, leg, op->prompt);
    pl_op_destroy(&op);
}

void pl_sound_welcome(pl_pool *pool, pl_leg *leg, const char *prompt)
{
    leg->part->is_owed_notice = pl_recording_is_on(leg->part->conf);
    if (!prompt[0]) {
        if (leg->part->is_owed_notice)
            pl_leg_play(pool, leg, PROMPT_ON);
        return;
    }
    pl_op *op = pl_op_create(pool, welcomed);
    if (!op)
        return;
    PL_SET(op->leg, leg->row.leg_id);
    PL_SET(op->prompt, prompt);
    if (pl_leg_play_asked(pool, leg, prompt, false, op))
        pl_op_destroy(&op);
}
