/* room_move.c - see room_move.h. */
#include "room_move.h"

#include "conference.h"
#include "device/device_call.h"
#include "host_timers.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "reoffer.h"
#include "room.h"
#include "room_sound.h"
#include "roster.h"
#include "telephone.h"

bool pl_room_move_can(const pl_part *part)
{
    bool is_whole = part->conf->row.kind == PL_CONF_KIND_DEVICE ||
                    part->conf->row.kind == PL_CONF_KIND_ROOM;
    return is_whole && (part->row.kind == PL_PART_KIND_DEVICE ||
                        part->row.kind == PL_PART_KIND_TELEPHONE);
}

static pl_err check(const pl_part *part)
{
    const pl_leg *leg = pl_leg_of(part);
    bool is_phone = part->row.kind == PL_PART_KIND_TELEPHONE;
    if (!pl_room_move_can(part))
        return PL_EUNSUPPORTED;
    if (part->row.state != PL_PART_STATE_ACTIVE || part->is_spare || !leg ||
        !pl_leg_is_seat(leg) || (is_phone && !part->call))
        return PL_ESTATE;
    return leg->is_pending || !leg->is_negotiated || leg->row.mod_id[0] ||
                   part->partner[0]
               ? PL_EBUSY
               : PL_OK;
}

/* What it was in the conference that it leaves. */
static void leave(pl_pool *pool, pl_part *part)
{
    pl_pool_cancel(pool, &part->wait);
    pl_roster_deleted(pool, part);
    part->row.waiting_at = 0;
    part->row.is_held_by_lock = false;
    part->row.on_hold = part->row.muted = false;
    part->row.has_media = false;
    part->is_talking = part->told_talking = false;
    part->is_welcomed = false;
}

static void go(pl_pool *pool, pl_part *part, pl_conf *conf, uint32_t role)
{
    pl_conf *from = part->conf;
    pl_leg *leg = pl_leg_of(part);
    pl_leg_row was = leg->row;
    leave(pool, part);
    pl_leg_drop(pool, leg);
    pl_part_rehome(pool, part, conf);
    part->row.resource_id[0] = '\0';
    part->row.role = role;
    pl_err e = pl_leg_add(pool, part, was.kind, was.session_id, false, &leg);
    if (e) {
        pl_pool_fail(pool, e);
        return;
    }
    PL_SET(leg->row.lines, was.lines); /* the peer knows a session already */
    pl_device_part_moved(pool, part);
    pl_part_arrive(pool, part);
    if (part->row.kind == PL_PART_KIND_TELEPHONE) {
        pl_phone_offer_again(pool, leg);
    } else {
        pl_reoffer_media(pool, leg);
    }
    pl_conf_check_empty(pool, from);
    pl_host_timers_left(pool, from);
    pl_sound_check(pool, from);
}

pl_err pl_room_move(pl_pool *pool, pl_part *part, const char *alias,
                    uint32_t role)
{
    pl_room *room = NULL;
    pl_conf *conf;
    char text[PL_ID_MAX + PL_ADDRESS_MAX + 16];
    pl_err e = check(part);
    if (!e)
        e = pl_room_find(pool, alias, &room);
    if (e)
        return e == PL_ENOENT ? PL_ENOUSER : e;
    if (room->conf == part->conf)
        e = PL_EEXIST;
    else if (room->conf && !pl_conf_has_room(room->conf))
        e = PL_EFULL;
    if (!e)
        e = pl_conf_of_room(pool, room, &conf);
    if (!e) {
        e = pl_conf_place(pool, conf);
        if (e)
            pl_conf_check_empty(pool, conf); /* it was made for this one */
    }
    if (e) {
        pl_room_drop_unused(pool, room);
        return e;
    }
    pl_fmt_cut(text, sizeof text, "from %s to %s", part->conf->row.conf_id,
               alias);
    go(pool, part, conf, role);
    pl_pool_note(pool, PL_LOG_INFO, "participant_moved", conf, part, text);
    return PL_OK;
}
