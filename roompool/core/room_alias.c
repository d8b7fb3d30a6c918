/* room_alias.c - see room_alias.h. */
#include "room_alias.h"

#include <stdlib.h>
#include <string.h>

#include "pl/str.h"
#include "room.h"
#include "vmr.h"

pl_alias *pl_alias_find(const pl_pool *pool, const char *alias)
{
    char key[PL_ROOM_NAME_MAX + 1];
    if (strlen(alias) > PL_ROOM_NAME_MAX)
        return NULL;
    pl_room_fold(key, sizeof key, alias);
    return pl_map_find(pool->aliases, key);
}

pl_alias *pl_alias_by_no(const pl_pool *pool, uint64_t alias_no)
{
    char key[PL_NO_TEXT];
    pl_no_text(key, alias_no);
    return pl_map_find(pool->alias_nos, key);
}

bool pl_alias_is_text(const char *alias)
{
    size_t n = strlen(alias);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)alias[i];
        if (c <= ' ' || c == 0x7f)
            return false;
    }
    return n > 0 && n <= PL_ROOM_NAME_MAX;
}

void pl_alias_save(pl_pool *pool, const pl_alias *alias)
{
    pl_pool_put(pool, &PL_TABLE_ALIAS, &alias->row);
}

/* By number; they are loaded in order of their text. */
static void append(pl_room *room, pl_alias *alias)
{
    pl_list *before = room->aliases.prev;
    while (before != &room->aliases &&
           PL_CONTAINER(before, pl_alias, link)->row.alias_no >
               alias->row.alias_no)
        before = before->prev;
    pl_list_append(before->next, &alias->link); /* in front of the next */
    alias->room = room;
}

pl_err pl_alias_load(pl_pool *pool, const pl_alias_row *row)
{
    char key[PL_NO_TEXT];
    pl_room *room = pl_map_find(pool->rooms, row->room_id);
    pl_alias *alias = room ? calloc(1, sizeof *alias) : NULL;
    if (!alias)
        return room ? PL_ENOMEM : PL_EPROTO;
    alias->row = *row;
    pl_err e = pl_map_put(pool->aliases, row->alias, alias);
    if (e) {
        free(alias);
        return e;
    }
    append(room, alias);
    if (row->alias_no == 0)
        return PL_OK;
    pl_no_text(key, row->alias_no);
    return pl_map_put(pool->alias_nos, key, alias);
}

/* Its text without regard to case is the key of its row. */
static void set_text(pl_alias_row *row, const char *written)
{
    pl_room_fold(row->alias, sizeof row->alias, written);
    PL_SET(row->written, written);
}

pl_err pl_alias_add(pl_pool *pool, pl_room *room, const char *written,
                    pl_alias **ret_alias)
{
    pl_alias_row row = {.created_at = pool->now.wall_ms};
    pl_alias *alias = pl_alias_find(pool, written);
    if (alias && alias->room != room)
        return PL_EEXIST;
    set_text(&row, written);
    PL_SET(row.room_id, room->row.room_id);
    if (!alias && room->row.room_no > 0)
        row.alias_no = pl_number_next(pool, PL_NUMBER_ALIAS);
    pl_err e = alias ? PL_OK : pl_alias_load(pool, &row);
    if (e)
        return e;
    if (!alias) {
        alias = pl_alias_find(pool, written);
        pl_alias_save(pool, alias);
    }
    if (ret_alias)
        *ret_alias = alias;
    return PL_OK;
}

pl_err pl_alias_change(pl_pool *pool, pl_alias *alias, const char *written,
                       pl_room *room)
{
    pl_alias_row row = alias->row;
    const pl_alias *other = pl_alias_find(pool, written);
    if (other && other != alias)
        return PL_EEXIST;
    set_text(&row, written);
    PL_SET(row.room_id, room->row.room_id);
    if (!other) {
        pl_err e = pl_map_put(pool->aliases, row.alias, alias);
        if (e)
            return e;
        (void)pl_map_remove(pool->aliases, alias->row.alias);
        pl_pool_del(pool, &PL_TABLE_ALIAS, &alias->row);
    }
    alias->row = row;
    if (alias->room != room) {
        pl_list_remove(&alias->link);
        append(room, alias);
    }
    pl_alias_save(pool, alias);
    return PL_OK;
}

void pl_alias_drop(pl_pool *pool, pl_alias *alias)
{
    char key[PL_NO_TEXT];
    pl_pool_del(pool, &PL_TABLE_ALIAS, &alias->row);
    (void)pl_map_remove(pool->aliases, alias->row.alias);
    pl_no_text(key, alias->row.alias_no);
    if (alias->row.alias_no > 0)
        (void)pl_map_remove(pool->alias_nos, key);
    pl_list_remove(&alias->link);
    free(alias);
}

void pl_alias_drop_all(pl_pool *pool, pl_room *room)
{
    while (!pl_list_is_empty(&room->aliases)) {
        pl_alias_drop(pool, PL_CONTAINER(room->aliases.next, pl_alias, link));
    }
}

pl_err pl_alias_restore(pl_pool *pool, const pl_alias_row *row)
{
    pl_err e = pl_alias_load(pool, row);
    if (!e)
        pl_pool_put(pool, &PL_TABLE_ALIAS, row);
    return e;
}

void pl_aliases_rekey(pl_pool *pool, pl_room *room)
{
    PL_LIST_EACH(node, &room->aliases)
    {
        pl_alias *alias = PL_CONTAINER(node, pl_alias, link);
        PL_SET(alias->row.room_id, room->row.room_id);
        pl_alias_save(pool, alias);
    }
}

size_t pl_alias_count(const pl_room *room)
{
    size_t n = 0;
    PL_LIST_EACH(node, &room->aliases)
    {
        n++;
    }
    return n;
}

const pl_alias *pl_alias_first(const pl_room *room)
{
    if (pl_list_is_empty(&room->aliases))
        return NULL;
    return PL_CONTAINER(room->aliases.next, pl_alias, link);
}

void pl_aliases_free(pl_room *room)
{
    PL_LIST_EACH_SAFE(node, &room->aliases)
    {
        free(PL_CONTAINER(node, pl_alias, link));
    }
    pl_list_init(&room->aliases);
}
