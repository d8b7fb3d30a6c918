/* room_breach.c - what must always hold of rooms and their names; for tests. */
#include <string.h>

#include "room.h"
#include "room_alias.h"
#include "room_auto.h"

static const char *alias_breach(const pl_pool *pool, const pl_room *room,
                                const pl_alias *alias)
{
    char key[PL_ROOM_NAME_MAX + 1];
    pl_room_fold(key, sizeof key, alias->row.written);
    if (alias->room != room ||
        strcmp(alias->row.room_id, room->row.room_id) != 0)
        return "an alias and its room differ";
    if (strcmp(key, alias->row.alias) != 0 ||
        pl_map_find(pool->aliases, key) != alias)
        return "an alias is not found by its text";
    if ((alias->row.alias_no > 0) != (room->row.room_no > 0))
        return "an alias has a number, or none, unlike its room";
    if (alias->row.alias_no > pool->numbers[PL_NUMBER_ALIAS])
        return "a number of an alias was never given";
    if (alias->row.alias_no > 0 &&
        pl_alias_by_no(pool, alias->row.alias_no) != alias)
        return "an alias is not found by its number";
    return NULL;
}

static const char *number_breach(const pl_pool *pool, const pl_room *room)
{
    bool is_managed = room->row.source == PL_ROOM_SOURCE_POOL ||
                      room->row.source == PL_ROOM_SOURCE_ADMIN;
    if (is_managed != (room->row.room_no > 0))
        return "a room has a number, or none, unlike its source";
    if (room->row.room_no > pool->numbers[PL_NUMBER_ROOM])
        return "a number of a room was never given";
    if (is_managed && pl_room_by_no(pool, room->row.room_no) != room)
        return "a room is not found by its number";
    return NULL;
}

static const char *name_breach(const pl_pool *pool, const pl_room *room)
{
    char key[PL_ROOM_NAME_MAX + 1];
    pl_room_fold(key, sizeof key, room->row.room_id);
    const pl_room *at = pl_map_find(pool->room_names, key);
    while (at && at != room)
        at = at->next_same;
    return at ? NULL : "a room is not found by its name in any case";
}

static const char *removed_breach(const pl_room *room)
{
    bool is_removed =
        room->row.room_no > 0 && room->row.state == PL_ROOM_STATE_RETIRED;
    if (is_removed && !pl_list_is_empty(&room->aliases))
        return "a removed room can still be joined";
    if (is_removed && !pl_list_is_empty(&room->autos))
        return "a removed room still has somebody dialled";
    if (is_removed && !room->conf && room->row.pin_hash[0])
        return "a removed room still has a PIN";
    return NULL;
}

static const char *autos_breach(const pl_pool *pool, const pl_room *room)
{
    PL_LIST_EACH(node, &room->autos)
    {
        const pl_autoroom *ar = PL_CONTAINER(node, pl_autoroom, room_link);
        if (ar->room != room || ar->row.room_no != room->row.room_no ||
            pl_auto_find(pool, ar->row.auto_no) != ar->who)
            return "a room and whom it has dialled differ";
    }
    return NULL;
}

static const char *one_breach(const pl_pool *pool, const pl_room *room,
                              size_t *n_aliases)
{
    const char *breach = number_breach(pool, room);
    PL_LIST_EACH(node, &room->aliases)
    {
        if (!breach) {
            breach =
                alias_breach(pool, room, PL_CONTAINER(node, pl_alias, link));
        }
        ++*n_aliases;
    }
    if (!breach)
        breach = name_breach(pool, room);
    if (!breach)
        breach = removed_breach(room);
    return breach ? breach : autos_breach(pool, room);
}

const char *pl_room_breach(const pl_pool *pool)
{
    size_t cursor = 0;
    size_t n_aliases = 0;
    const char *key;
    const pl_room *room;
    while ((room = pl_map_next(pool->rooms, &cursor, &key)) != NULL) {
        if (strcmp(key, room->row.room_id) != 0)
            return "a room is not found by its name";
        const char *breach = one_breach(pool, room, &n_aliases);
        if (breach)
            return breach;
    }
    if (n_aliases != pl_map_count(pool->aliases))
        return "there are aliases of no room";
    return NULL;
}
