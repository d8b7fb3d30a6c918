/* leg_table.c - rooms and legs by id and by index. */
#include "core/leg_table.h"

#include <stdlib.h>
#include <string.h>

#include "pl/map.h"
#include "pl/str.h"

/* Places with a stack of free indexes and a generation each. */
typedef struct places {
    uint32_t n, n_free;
    uint32_t *free, *generation;
    void **at;
} places;

struct pl_leg_table {
    places rooms, legs;
    pl_map *room_ids, *leg_ids;
    uint32_t n_attached; /* legs */
};

/* ---- places ------------------------------------------------------------- */

static bool places_init(places *p, uint32_t n)
{
    p->n = p->n_free = n;
    p->free = calloc(n, sizeof *p->free);
    p->generation = calloc(n, sizeof *p->generation);
    p->at = calloc(n, sizeof *p->at);
    if (!p->free || !p->generation || !p->at)
        return false;
    for (uint32_t i = 0; i < n; i++)
        p->free[i] = n - 1 - i;
    return true;
}

static void places_fini(places *p)
{
    for (uint32_t i = 0; p->at && i < p->n; i++)
        free(p->at[i]);
    free(p->free);
    free(p->generation);
    free(p->at);
}

static pl_mix_id places_take(places *p, void *what)
{
    uint32_t i = p->free[--p->n_free];
    p->at[i] = what;
    p->generation[i]++;
    if (p->generation[i] == 0) /* 0 means none */
        p->generation[i] = 1;
    return (pl_mix_id){.index = i, .generation = p->generation[i]};
}

static void places_give(places *p, pl_mix_id id)
{
    p->at[id.index] = NULL;
    p->free[p->n_free++] = id.index;
}

static void *places_next(const places *p, size_t *cursor)
{
    while (*cursor < p->n) {
        void *what = p->at[(*cursor)++];
        if (what)
            return what;
    }
    return NULL;
}

/* ---- table -------------------------------------------------------------- */

pl_err pl_leg_table_create(uint32_t max_rooms, uint32_t max_legs,
                           pl_leg_table **ret_table)
{
    if (max_rooms == 0 || max_legs == 0)
        return PL_EINVAL;
    pl_leg_table *t = calloc(1, sizeof *t);
    if (!t)
        return PL_ENOMEM;
    if (!places_init(&t->rooms, max_rooms) ||
        !places_init(&t->legs, max_legs) ||
        pl_map_create(&t->room_ids) != PL_OK ||
        pl_map_create(&t->leg_ids) != PL_OK) {
        pl_leg_table_destroy(&t);
        return PL_ENOMEM;
    }
    *ret_table = t;
    return PL_OK;
}

void pl_leg_table_destroy(pl_leg_table **table)
{
    if (!table || !*table)
        return;
    pl_leg_table *t = *table;
    places_fini(&t->rooms);
    places_fini(&t->legs);
    pl_map_destroy(&t->room_ids);
    pl_map_destroy(&t->leg_ids);
    free(t);
    *table = NULL;
}

pl_err pl_leg_table_add_room(pl_leg_table *t, const char *id, uint32_t thread,
                             pl_room **ret_room)
{
    if (pl_map_find(t->room_ids, id))
        return PL_EEXIST;
    if (t->rooms.n_free == 0)
        return PL_EFULL;
    pl_room *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    pl_err e = pl_copy(r->id, sizeof r->id, pl_slice_str(id));
    if (e == PL_OK)
        e = pl_map_put(t->room_ids, id, r);
    if (e != PL_OK) {
        free(r);
        return e == PL_EFULL ? PL_EINVAL : e;
    }
    pl_list_init(&r->legs);
    r->thread = thread;
    r->mix = places_take(&t->rooms, r);
    *ret_room = r;
    return PL_OK;
}

pl_room *pl_leg_table_find_room(const pl_leg_table *t, const char *id)
{
    return pl_map_find(t->room_ids, id);
}

void pl_leg_table_remove_room(pl_leg_table *t, pl_room **room)
{
    pl_room *r = *room;
    (void)pl_map_remove(t->room_ids, r->id);
    places_give(&t->rooms, r->mix);
    free(r);
    *room = NULL;
}

pl_err pl_leg_table_add_leg(pl_leg_table *t, pl_room *room, const char *id,
                            pl_leg **ret_leg)
{
    if (pl_map_find(t->leg_ids, id))
        return PL_EEXIST;
    if (t->legs.n_free == 0 || room->n_legs >= room->max_legs)
        return PL_EFULL;
    pl_leg *l = calloc(1, sizeof *l);
    if (!l)
        return PL_ENOMEM;
    pl_err e = pl_copy(l->id, sizeof l->id, pl_slice_str(id));
    if (e == PL_OK)
        e = pl_map_put(t->leg_ids, id, l);
    if (e != PL_OK) {
        free(l);
        return e == PL_EFULL ? PL_EINVAL : e;
    }
    memcpy(l->room_id, room->id, sizeof l->room_id);
    l->thread = room->thread;
    l->room = room;
    l->mix = places_take(&t->legs, l);
    room->n_legs++;
    t->n_attached++;
    pl_list_append(&room->legs, &l->in_room);
    *ret_leg = l;
    return PL_OK;
}

pl_leg *pl_leg_table_find_leg(const pl_leg_table *t, const char *id)
{
    return pl_map_find(t->leg_ids, id);
}

pl_room *pl_leg_table_room_at(const pl_leg_table *t, pl_mix_id mix)
{
    if (mix.index >= t->rooms.n)
        return NULL;
    pl_room *r = t->rooms.at[mix.index];
    return r && r->mix.generation == mix.generation ? r : NULL;
}

pl_leg *pl_leg_table_at(const pl_leg_table *t, pl_mix_id mix)
{
    if (mix.index >= t->legs.n)
        return NULL;
    pl_leg *l = t->legs.at[mix.index];
    return l && l->mix.generation == mix.generation ? l : NULL;
}

void pl_leg_table_detach(pl_leg_table *t, pl_leg *leg)
{
    if (!leg->room)
        return;
    (void)pl_map_remove(t->leg_ids, leg->id);
    pl_list_remove(&leg->in_room);
    leg->room->n_legs--;
    t->n_attached--;
    leg->room = NULL;
}

void pl_leg_table_free_leg(pl_leg_table *t, pl_leg **leg)
{
    places_give(&t->legs, (*leg)->mix);
    free(*leg);
    *leg = NULL;
}

pl_room *pl_leg_table_next_room(const pl_leg_table *t, size_t *cursor)
{
    return places_next(&t->rooms, cursor);
}

pl_leg *pl_leg_table_next_leg(const pl_leg_table *t, size_t *cursor)
{
    return places_next(&t->legs, cursor);
}

uint32_t pl_leg_table_rooms(const pl_leg_table *t)
{
    return t->rooms.n - t->rooms.n_free;
}

uint32_t pl_leg_table_legs(const pl_leg_table *t)
{
    return t->n_attached;
}

uint32_t pl_leg_table_held(const pl_leg_table *t)
{
    return t->legs.n - t->legs.n_free;
}
