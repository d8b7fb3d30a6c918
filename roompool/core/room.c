/* room.c - rooms: found, made on first join or by number, forgotten; PINs. */
#include "room.h"

#include <stdlib.h>
#include <string.h>

#include "conference.h"
#include "pl/str.h"
#include "refer.h"
#include "room_alias.h"
#include "room_auto.h"
#include "room_pin.h"
#include "room_policy.h"
#include "room_setting.h"
#include "vmr.h"
#include "vmr_remote.h"

enum { JOIN_NAME_MAX = 64 };

void pl_room_fold(char *to, size_t cap, const char *from)
{
    static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
    size_t i = 0;
    for (; from[i] && i + 1 < cap; i++) {
        const char *at = strchr(upper, from[i]);
        to[i] = from[i];
        if (at)
            to[i] = lower[at - upper];
    }
    to[i] = '\0';
}

/* ---- as objects ---- */

static pl_err index_no(pl_pool *pool, pl_room *room)
{
    char key[PL_NO_TEXT];
    if (room->row.room_no == 0)
        return PL_OK;
    pl_no_text(key, room->row.room_no);
    return pl_map_put(pool->room_nos, key, room);
}

static void unindex_no(pl_pool *pool, const pl_room *room)
{
    char key[PL_NO_TEXT];
    pl_no_text(key, room->row.room_no);
    if (pl_map_find(pool->room_nos, key) == room)
        (void)pl_map_remove(pool->room_nos, key);
}

/* Names that differ in case only are few, but may be. */
static pl_err index_name(pl_pool *pool, pl_room *room)
{
    char key[PL_ROOM_NAME_MAX + 1];
    pl_room_fold(key, sizeof key, room->row.room_id);
    pl_room *first = pl_map_find(pool->room_names, key);
    if (!first)
        return pl_map_put(pool->room_names, key, room);
    room->next_same = first->next_same;
    first->next_same = room;
    return PL_OK;
}

static void unindex_name(pl_pool *pool, pl_room *room)
{
    char key[PL_ROOM_NAME_MAX + 1];
    pl_room_fold(key, sizeof key, room->row.room_id);
    pl_room *at = pl_map_remove(pool->room_names, key);
    pl_room *first = at == room ? room->next_same : at;
    while (at && at != room && at->next_same != room)
        at = at->next_same;
    if (at && at != room)
        at->next_same = room->next_same;
    room->next_same = NULL;
    if (first && pl_map_put(pool->room_names, key, first))
        pl_pool_fail(pool, PL_ENOMEM);
}

pl_err pl_room_load(pl_pool *pool, const pl_room_row *row)
{
    pl_room *room = calloc(1, sizeof *room);
    if (!room)
        return PL_ENOMEM;
    room->row = *row;
    pl_list_init(&room->aliases);
    pl_list_init(&room->settings);
    pl_list_init(&room->autos);
    pl_err e = pl_map_put(pool->rooms, row->room_id, room);
    if (e) {
        free(room);
        return e;
    }
    e = index_name(pool, room);
    return e ? e : index_no(pool, room);
}

void pl_room_free(void *room)
{
    pl_aliases_free(room);
    pl_settings_free(room);
    free(room);
}

pl_room *pl_room_by_no(const pl_pool *pool, uint64_t room_no)
{
    char key[PL_NO_TEXT];
    pl_no_text(key, room_no);
    return pl_map_find(pool->room_nos, key);
}

bool pl_room_is_vacant(const pl_room *room)
{
    return room->row.state == PL_ROOM_STATE_RETIRED && !room->conf;
}

pl_room *pl_room_by_name(const pl_pool *pool, const char *name)
{
    char key[PL_ROOM_NAME_MAX + 1];
    pl_room_fold(key, sizeof key, name);
    pl_room *first = pl_map_find(pool->room_names, key);
    for (pl_room *room = first; room; room = room->next_same) {
        if (!pl_room_is_vacant(room))
            return room;
    }
    return first;
}

void pl_room_save(pl_pool *pool, const pl_room *room)
{
    pl_pool_put(pool, &PL_TABLE_ROOM, &room->row);
}

/* ---- rooms made on first join ---- */

static bool is_plain_name(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n <= JOIN_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

pl_err pl_room_add_plain(pl_pool *pool, const char *name, uint32_t source,
                         pl_room **ret_room)
{
    pl_room_row row = {.source = source,
                       .state = PL_ROOM_STATE_ENABLED,
                       .mode = PL_ROOM_MODE_MIX,
                       .created_at = pool->now.wall_ms};
    PL_SET(row.service_type, PL_SERVICE_CONFERENCE);
    pl_room_policy_preset(&row);
    if (pl_map_count(pool->rooms) >= pool->config->max_rooms)
        return PL_EFULL;
    PL_SET(row.room_id, name);
    pl_err e = pl_room_load(pool, &row);
    if (e)
        return e;
    *ret_room = pl_map_find(pool->rooms, name);
    pl_pool_put(pool, &PL_TABLE_ROOM, &row);
    return PL_OK;
}

static pl_err make_on_join(pl_pool *pool, const char *name, pl_room **ret_room)
{
    pl_room *room = pl_map_find(pool->rooms, name);
    if (strcmp(pool->config->create_rooms, "on-join") != 0 ||
        !is_plain_name(name) ||
        (room && room->row.source != PL_ROOM_SOURCE_JOIN))
        return PL_ENOENT;
    pl_err e = room ? PL_OK
                    : pl_room_add_plain(pool, name, PL_ROOM_SOURCE_JOIN, &room);
    if (!e)
        e = pl_alias_add(pool, room, name, NULL);
    if (!e)
        *ret_room = room;
    return e;
}

/* Who names a managed room that was not handed out yet has guessed; one on
 * another platform is joined there. */
static bool is_open(const pl_room *room)
{
    return room && room->row.state == PL_ROOM_STATE_ENABLED &&
           (!room->vmr ||
            (pl_vmr_is_open(room->vmr) && !pl_vmr_is_remote(room->vmr)));
}

/* By its name only a managed one, where no alias says otherwise: the other
 * kinds have their names as aliases. NULL none. */
static pl_room *find_open(const pl_pool *pool, const char *alias)
{
    const pl_alias *found = pl_alias_find(pool, alias);
    if (found && is_open(found->room))
        return found->room;
    pl_room *room =
        strlen(alias) > PL_ROOM_NAME_MAX ? NULL : pl_room_by_name(pool, alias);
    return is_open(room) && room->row.room_no > 0 ? room : NULL;
}

bool pl_room_is_known(const pl_pool *pool, const char *alias)
{
    return find_open(pool, alias) != NULL;
}

pl_err pl_room_find(pl_pool *pool, const char *alias, pl_room **ret_room)
{
    char name[PL_ROOM_NAME_MAX + 1];
    pl_room *room = find_open(pool, alias);
    pl_err e = PL_OK;
    pl_room_fold(name, sizeof name, alias);
    /* Who names a removed one must not land in another of that name. */
    if (!room && pl_vmr_find(pool, name)) {
        e = PL_ENOENT;
    } else if (!room) {
        e = make_on_join(pool, name, &room);
    }
    if (e) {
        pl_pool_count(pool, PL_RM_refused_alias);
        return e;
    }
    *ret_room = room;
    return PL_OK;
}

static bool is_used(const pl_pool *pool, const pl_room *room)
{
    size_t cursor = 0;
    const pl_conf *conf;
    while ((conf = pl_map_next(pool->confs, &cursor, NULL)) != NULL) {
        if (conf->room == room)
            return true;
    }
    return false;
}

/* Strangers may make them: they must not fill the table for ever. */
static bool is_passing(const pl_room *room)
{
    return room->row.source == PL_ROOM_SOURCE_JOIN ||
           (room->row.room_no > 0 && room->row.state == PL_ROOM_STATE_RETIRED);
}

void pl_room_drop_unused(pl_pool *pool, pl_room *room)
{
    if (!room || !is_passing(room) || is_used(pool, room))
        return;
    pl_alias_drop_all(pool, room);
    pl_settings_drop_all(pool, room);
    pl_pool_del(pool, &PL_TABLE_ROOM, &room->row);
    unindex_no(pool, room);
    unindex_name(pool, room);
    (void)pl_map_remove(pool->rooms, room->row.room_id);
    pl_room_free(room);
}

/* ---- managed rooms ---- */

void pl_room_set_no(pl_pool *pool, pl_room *room, uint64_t room_no)
{
    unindex_no(pool, room);
    room->row.room_no = room_no;
    if (index_no(pool, room))
        pl_pool_fail(pool, PL_ENOMEM);
}

pl_err pl_room_add_managed(pl_pool *pool, const pl_room_row *row,
                           pl_room **ret_room)
{
    pl_room *room = pl_map_find(pool->rooms, row->room_id);
    pl_room_row made = *row;
    if (room && !pl_room_is_vacant(room))
        return PL_EEXIST;
    if (!room && pl_map_count(pool->rooms) >= pool->config->max_rooms)
        return PL_EFULL;
    made.room_no = 0;
    pl_room_policy_preset(&made);
    pl_err e = room ? PL_OK : pl_room_load(pool, &made);
    if (e)
        return e;
    if (room) {
        pl_settings_drop_all(pool, room);
        unindex_no(pool, room);
        room->row = made;
    }
    room = pl_map_find(pool->rooms, row->room_id);
    pl_room_set_no(pool, room, pl_number_next(pool, PL_NUMBER_ROOM));
    pl_room_save(pool, room);
    *ret_room = room;
    return PL_OK;
}

void pl_room_emptied(pl_pool *pool, pl_room *room)
{
    if (!room || room->row.room_no == 0 ||
        room->row.state != PL_ROOM_STATE_RETIRED)
        return;
    room->row.pin_hash[0] = room->row.host_pin_hash[0] = '\0';
    pl_room_save(pool, room);
}

void pl_room_retire(pl_pool *pool, pl_room *room)
{
    room->vmr = NULL;
    room->row.state = PL_ROOM_STATE_RETIRED;
    pl_room_save(pool, room);
    if (!room->conf)
        pl_room_emptied(pool, room);
    pl_alias_drop_all(pool, room);
    pl_autos_drop_all(pool, room);
    pl_room_drop_unused(pool, room);
}

/* The row under the new name is put beside the old one, which lends it its
 * number; what refers to it goes over; then the old one goes. */
pl_err pl_room_rename(pl_pool *pool, pl_room *room, const char *name)
{
    pl_room_row old = room->row;
    pl_err e = pl_map_put(pool->rooms, name, room);
    if (e)
        return e;
    (void)pl_map_remove(pool->rooms, old.room_id);
    unindex_name(pool, room);
    PL_SET(room->row.room_id, name);
    e = index_name(pool, room);
    if (e)
        return e;
    old.source = PL_ROOM_SOURCE_JOIN;
    old.room_no = 0;
    pl_pool_put(pool, &PL_TABLE_ROOM, &old);
    pl_room_save(pool, room);
    pl_aliases_rekey(pool, room);
    pl_confs_rekey(pool, room);
    pl_pool_del(pool, &PL_TABLE_ROOM, &old);
    pl_refer_rename(pool, old.room_id, name);
    return room->vmr ? pl_vmr_rename(pool, room->vmr) : PL_OK;
}

/* Where guests are allowed, the PIN to join with is theirs and the other one
 * makes hosts; where they are not, the one PIN is everybody's. */
const char *pl_room_host_pin(const pl_room_row *row)
{
    const char *pin =
        pl_pin_kept(row->allow_guests ? row->host_pin_hash : row->pin_hash);
    return pin ? pin : "";
}

const char *pl_room_guest_pin(const pl_room_row *row)
{
    const char *pin = row->allow_guests ? pl_pin_kept(row->pin_hash) : NULL;
    return pin ? pin : "";
}

void pl_room_keep_pins(pl_room_row *row, const pl_room_pins *pins)
{
    char host[PL_PIN_MAX + 1];
    char guest[PL_PIN_MAX + 1];
    PL_SET(host, pins->host); /* they may stand in the row itself */
    PL_SET(guest, pins->guest);
    row->allow_guests = pins->allow_guests;
    row->host_pin_hash[0] = '\0';
    pl_pin_keep(host, pins->allow_guests ? row->host_pin_hash : row->pin_hash);
    if (pins->allow_guests)
        pl_pin_keep(guest, row->pin_hash);
}

/* ---- PINs ---- */

bool pl_room_needs_pin(const pl_room *room)
{
    return room && room->row.pin_hash[0] != '\0';
}

bool pl_room_has_host_pin(const pl_room *room)
{
    return room && room->row.host_pin_hash[0] != '\0';
}

bool pl_room_pin_matches(pl_pool *pool, const char *pin, const char *hash)
{
    char bare[PL_PIN_HASH_TEXT];
    if (pl_pin_kept(hash))
        return pl_pin_kept_matches(pin, hash);
    pl_pin_strip(pin, bare);
    return pool->port->pin_matches(pool->port->ctx, bare, hash);
}

/* Both hashes are always tried, so that the time does not tell which. */
static pl_part_role role_of(pl_pool *pool, const pl_room *room, const char *pin)
{
    bool is_host = pl_room_pin_matches(pool, pin, room->row.host_pin_hash);
    bool is_guest = pl_room_pin_matches(pool, pin, room->row.pin_hash);
    if (is_host)
        return PL_PART_ROLE_HOST;
    if (!is_guest)
        return PL_PART_ROLE_UNKNOWN;
    return pl_room_has_host_pin(room) ? PL_PART_ROLE_GUEST : PL_PART_ROLE_HOST;
}

pl_err pl_room_check_pin(pl_pool *pool, pl_room *room, const char *pin,
                         const char *source, pl_part_role *ret_role)
{
    static const char no_pin[] = "none"; /* clients: the box was left empty */
    const char *id = room->row.room_id;
    bool has_host = pl_room_has_host_pin(room);
    if (strcmp(pin, no_pin) == 0)
        pin = "";
    if (!pl_room_needs_pin(room) && !has_host) {
        *ret_role = PL_PART_ROLE_HOST;
        return PL_OK;
    }
    if (!pin[0] && !pl_room_needs_pin(room)) {
        *ret_role = PL_PART_ROLE_GUEST;
        return PL_OK;
    }
    pl_pin_door door = pl_pin_guard_look(pool->guard, id, source, pool->now.us);
    if (!pin[0] && door != PL_PIN_DOOR_HIDDEN)
        return PL_EPIN_REQUIRED;
    if (door != PL_PIN_DOOR_OPEN) {
        pl_pool_count(pool, PL_RM_refused_pin_blocked);
        return door == PL_PIN_DOOR_HIDDEN ? PL_ENOENT : PL_EPIN_INVALID;
    }
    pl_part_role role = role_of(pool, room, pin);
    if (role == PL_PART_ROLE_UNKNOWN) {
        pl_pin_guard_wrong(pool->guard, id, source, pool->now.us);
        pl_pool_count(pool, PL_RM_refused_pin);
        return PL_EPIN_INVALID;
    }
    pl_pin_guard_right(pool->guard, id, source, pool->now.us);
    *ret_role = role;
    return PL_OK;
}
