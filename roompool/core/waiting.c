/* waiting.c - see waiting.h. */
#include "waiting.h"

#include <string.h>

#include "host_timers.h"
#include "leg.h"
#include "participant.h"
#include "recording.h"
#include "room.h"
#include "room_sound.h"
#include "roster.h"
#include "telephone.h"

static const char PROMPT_WAIT[] = "waiting-for-host";
static const char PROMPT_MUSIC[] = "hold-music";

bool pl_waits(const pl_part *part)
{
    return part->row.waiting_at != 0;
}

/* In a room without a host PIN everybody is a host: there the lock keeps out
 * whoever comes. */
static bool is_kept_by_lock(const pl_part *part)
{
    const pl_conf *conf = part->conf;
    bool has_host_pin = pl_room_has_host_pin(conf->room);
    return conf->row.is_locked &&
           !(part->row.role == PL_PART_ROLE_HOST && has_host_pin);
}

static bool is_kept_by_start(const pl_part *part)
{
    return !part->conf->row.is_started && part->row.role != PL_PART_ROLE_HOST;
}

bool pl_waiting_must(const pl_part *part)
{
    return part->conf->row.kind == PL_CONF_KIND_ROOM && !part->row.is_dialled &&
           (is_kept_by_lock(part) || is_kept_by_start(part));
}

/* ---- the clock ---- */

static void timed_out(void *ctx, void *object)
{
    pl_part_leave(ctx, object,
                  "Timeout waiting for conference host to join or permit "
                  "access to locked conference");
}

void pl_waiting_resume(pl_pool *pool, pl_part *part)
{
    int64_t limit_ms = (int64_t)pool->config->waiting_s * 1000;
    if (!pl_waits(part) || limit_ms == 0)
        return;
    pl_pool_plan(pool, &part->wait, timed_out, part,
                 PL_MS(part->row.waiting_at + limit_ms - pool->now.wall_ms));
}

void pl_waiting_enter(pl_pool *pool, pl_part *part)
{
    if (!pl_waiting_must(part))
        return;
    part->row.waiting_at = pool->now.wall_ms;
    part->row.is_held_by_lock = is_kept_by_lock(part);
    pl_waiting_resume(pool, part);
}

/* ---- music ---- */

void pl_waiting_music(pl_pool *pool, pl_leg *leg)
{
    pl_part *part = leg->part;
    if (!pl_waits(part) || leg->row.state != PL_LEG_STATE_CONNECTED)
        return;
    if (part->is_welcomed) {
        pl_leg_play_on(pool, leg, PROMPT_MUSIC);
    } else {
        part->is_welcomed = true;
        pl_leg_play(pool, leg, PROMPT_WAIT);
    }
}

void pl_waiting_played(pl_pool *pool, pl_part *part, const char *prompt)
{
    pl_leg *leg = pl_leg_of(part);
    if (pl_waits(part) && leg && strcmp(prompt, PROMPT_MUSIC) != 0)
        pl_leg_play_on(pool, leg, PROMPT_MUSIC);
}

/* ---- letting in ---- */

static void give_media(pl_pool *pool, pl_part *part)
{
    pl_leg *leg = pl_leg_of(part);
    part->is_welcomed = false; /* now into the room */
    if (!leg)
        return;
    pl_leg_play(pool, leg, "");
    pl_leg_set_mixed(pool, leg, !part->row.on_hold);
    pl_leg_welcome(pool, leg);
}

void pl_waiting_admit(pl_pool *pool, pl_part *part)
{
    if (!pl_waits(part))
        return;
    part->row.waiting_at = 0;
    part->row.is_held_by_lock = false;
    pl_part_save(pool, part);
    pl_pool_cancel(pool, &part->wait);
    give_media(pool, part);
    pl_roster_admitted(pool, part);
    if (part->row.kind == PL_PART_KIND_TELEPHONE)
        pl_phone_beep(pool, part, "beep-join");
    pl_pool_note(pool, PL_LOG_INFO, "participant_admitted", part->conf, part,
                 part->row.display_name);
    pl_waiting_check_start(pool, part);
    pl_host_timers_check(pool, part->conf);
    pl_sound_check(pool, part->conf);
    pl_recording_check_auto(pool, part->conf);
}

/* Whom neither the lock nor the missing start keeps out any more. */
static void admit_free(pl_pool *pool, pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->row.state == PL_PART_STATE_ACTIVE && pl_waits(part) &&
            !part->row.is_held_by_lock && !is_kept_by_start(part))
            pl_waiting_admit(pool, part);
    }
}

void pl_waiting_start(pl_pool *pool, pl_conf *conf)
{
    if (conf->row.is_started)
        return;
    conf->row.is_started = true;
    pl_roster_conference(pool, conf); /* saves it too */
    pl_pool_note(pool, PL_LOG_INFO, "conference_opened", conf, NULL, NULL);
    admit_free(pool, conf);
    pl_host_timers_check(pool, conf);
    pl_recording_check_auto(pool, conf);
}

void pl_waiting_check_start(pl_pool *pool, pl_part *part)
{
    if (part->row.state == PL_PART_STATE_ACTIVE && !pl_waits(part) &&
        part->row.role == PL_PART_ROLE_HOST && part->row.has_media)
        pl_waiting_start(pool, part->conf);
}

void pl_waiting_lock(pl_pool *pool, pl_conf *conf, bool is_locked)
{
    if (conf->row.is_locked == is_locked)
        return;
    conf->row.is_locked = is_locked;
    pl_roster_conference(pool, conf);
    if (is_locked)
        return;
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (!part->row.is_held_by_lock)
            continue;
        part->row.is_held_by_lock = false;
        pl_part_save(pool, part);
    }
    admit_free(pool, conf);
}
