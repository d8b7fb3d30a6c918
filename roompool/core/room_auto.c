/* room_auto.c - see room_auto.h. */
#include "room_auto.h"

#include <stdlib.h>

#include "numbers.h"
#include "room.h"

pl_auto *pl_auto_find(const pl_pool *pool, uint64_t auto_no)
{
    char key[PL_NO_TEXT];
    pl_no_text(key, auto_no);
    return pl_map_find(pool->autos, key);
}

void pl_auto_save(pl_pool *pool, const pl_auto *who)
{
    pl_pool_put(pool, &PL_TABLE_AUTO, &who->row);
}

pl_err pl_auto_load(pl_pool *pool, const pl_auto_row *row)
{
    char key[PL_NO_TEXT];
    pl_auto *who = calloc(1, sizeof *who);
    if (!who)
        return PL_ENOMEM;
    who->row = *row;
    pl_list_init(&who->rooms);
    pl_no_text(key, row->auto_no);
    pl_err e = pl_map_put(pool->autos, key, who);
    if (e)
        free(who);
    return e;
}

pl_err pl_auto_add(pl_pool *pool, pl_auto_row *row, pl_auto **ret_auto)
{
    if (pl_map_count(pool->autos) >= pool->config->max_automatic_participants)
        return PL_EFULL;
    row->auto_no = pl_number_next(pool, PL_NUMBER_AUTO);
    row->created_at = pool->now.wall_ms;
    pl_err e = pl_auto_load(pool, row);
    if (e)
        return e;
    *ret_auto = pl_auto_find(pool, row->auto_no);
    pl_auto_save(pool, *ret_auto);
    return PL_OK;
}

/* ---- which rooms ---- */

static pl_err join(pl_auto *who, pl_room *room)
{
    pl_autoroom *ar = calloc(1, sizeof *ar);
    if (!ar)
        return PL_ENOMEM;
    ar->row.auto_no = who->row.auto_no;
    ar->row.room_no = room->row.room_no;
    ar->who = who;
    ar->room = room;
    pl_list_append(&who->rooms, &ar->auto_link);
    pl_list_append(&room->autos, &ar->room_link);
    who->n_rooms++;
    return PL_OK;
}

static void unlink_it(pl_autoroom *ar)
{
    ar->who->n_rooms--;
    pl_list_remove(&ar->auto_link);
    pl_list_remove(&ar->room_link);
    free(ar);
}

static void part(pl_pool *pool, pl_autoroom *ar)
{
    pl_pool_del(pool, &PL_TABLE_AUTOROOM, &ar->row);
    unlink_it(ar);
}

static bool is_in(const pl_auto *who, const pl_room *room)
{
    PL_LIST_EACH(node, &who->rooms)
    {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): part() unlinks */
        if (PL_CONTAINER(node, pl_autoroom, auto_link)->room == room)
            return true;
    }
    return false;
}

static size_t count_autos(const pl_room *room)
{
    size_t n = 0;
    PL_LIST_EACH(node, &room->autos)
    {
        n++;
    }
    return n;
}

bool pl_room_takes_auto(const pl_room *room, const pl_auto *who)
{
    return count_autos(room) < PL_AUTOS_OF_ROOM_MAX ||
           (who && is_in(who, room));
}

bool pl_auto_takes_room(const pl_auto *who, const pl_room *room)
{
    return who->n_rooms < PL_ROOMS_OF_AUTO_MAX || (room && is_in(who, room));
}

static pl_err add(pl_pool *pool, pl_auto *who, pl_room *room)
{
    const pl_autoroom_row row = {.auto_no = who->row.auto_no,
                                 .room_no = room->row.room_no};
    if (is_in(who, room)) /* twice in the list */
        return PL_OK;
    pl_err e = join(who, room);
    if (!e)
        pl_pool_put(pool, &PL_TABLE_AUTOROOM, &row);
    return e;
}

void pl_autos_drop_all(pl_pool *pool, pl_room *room)
{
    PL_LIST_EACH_SAFE(node, &room->autos)
    {
        part(pool, PL_CONTAINER(node, pl_autoroom, room_link));
    }
}

pl_err pl_autos_of_room(pl_pool *pool, pl_room *room, const uint64_t *auto_nos,
                        size_t n)
{
    pl_err e = PL_OK;
    pl_autos_drop_all(pool, room);
    for (size_t i = 0; !e && i < n; i++)
        e = add(pool, pl_auto_find(pool, auto_nos[i]), room);
    return e;
}

pl_err pl_rooms_of_auto(pl_pool *pool, pl_auto *who, const uint64_t *room_nos,
                        size_t n)
{
    pl_err e = PL_OK;
    PL_LIST_EACH_SAFE(node, &who->rooms)
    {
        part(pool, PL_CONTAINER(node, pl_autoroom, auto_link));
    }
    for (size_t i = 0; !e && i < n; i++)
        e = add(pool, who, pl_room_by_no(pool, room_nos[i]));
    return e;
}

void pl_auto_drop(pl_pool *pool, pl_auto *who)
{
    char key[PL_NO_TEXT];
    PL_LIST_EACH_SAFE(node, &who->rooms)
    {
        part(pool, PL_CONTAINER(node, pl_autoroom, auto_link));
    }
    pl_no_text(key, who->row.auto_no);
    (void)pl_map_remove(pool->autos, key);
    pl_pool_del(pool, &PL_TABLE_AUTO, &who->row);
    free(who);
}

pl_err pl_autoroom_load(pl_pool *pool, const pl_autoroom_row *row)
{
    pl_auto *who = pl_auto_find(pool, row->auto_no);
    pl_room *room = pl_room_by_no(pool, row->room_no);
    return who && room ? join(who, room) : PL_OK;
}

void pl_auto_free(void *object)
{
    pl_auto *who = object;
    PL_LIST_EACH_SAFE(node, &who->rooms)
    {
        unlink_it(PL_CONTAINER(node, pl_autoroom, auto_link));
    }
    free(who);
}
