/* room_setting.c - see room_setting.h. */
#include "room_setting.h"

#include <stdlib.h>
#include <string.h>

#include "pl/str.h"
#include "room.h"

typedef struct setting {
    pl_list link; /* pl_room.settings */
    pl_setting_row row;
    char value[]; /* bytes of row.value and a NUL */
} setting;

static setting *find(const pl_room *room, const char *field)
{
    PL_LIST_EACH(node, &room->settings)
    {
        setting *s = PL_CONTAINER(node, setting, link);
        if (strcmp(s->row.field, field) == 0)
            return s;
    }
    return NULL;
}

const char *pl_setting(const pl_room *room, const char *field)
{
    const setting *s = room ? find(room, field) : NULL;
    return s ? s->value : NULL;
}

bool pl_setting_is(const pl_room *room, const char *field, const char *json)
{
    const char *value = pl_setting(room, field);
    return value && strcmp(value, json) == 0;
}

static pl_err add(pl_room *room, const pl_setting_row *row)
{
    if (row->value.len > PL_SETTING_VALUE_MAX)
        return PL_ETOOBIG;
    setting *s = malloc(sizeof *s + row->value.len + 1);
    if (!s)
        return PL_ENOMEM;
    s->link = (pl_list){NULL, NULL};
    s->row = *row;
    memcpy(s->value, row->value.ptr, row->value.len);
    s->value[row->value.len] = '\0';
    s->row.value = pl_slice_str(s->value);
    pl_list_append(&room->settings, &s->link);
    return PL_OK;
}

static void drop(pl_pool *pool, setting *s)
{
    pl_pool_del(pool, &PL_TABLE_SETTING, &s->row);
    pl_list_remove(&s->link);
    free(s);
}

pl_err pl_setting_set(pl_pool *pool, pl_room *room, const char *field,
                      pl_slice json)
{
    pl_setting_row row = {.room_no = room->row.room_no, .value = json};
    setting *old = find(room, field);
    PL_SET(row.field, field);
    if (old && pl_slice_eq(old->row.value, json))
        return PL_OK;
    pl_err e = add(room, &row);
    if (e)
        return e;
    if (old)
        drop(pool, old);
    pl_pool_put(pool, &PL_TABLE_SETTING, &row);
    return PL_OK;
}

void pl_setting_drop(pl_pool *pool, pl_room *room, const char *field)
{
    setting *s = find(room, field);
    if (s)
        drop(pool, s);
}

void pl_settings_drop_all(pl_pool *pool, pl_room *room)
{
    PL_LIST_EACH_SAFE(node, &room->settings)
    {
        drop(pool, PL_CONTAINER(node, setting, link));
    }
}

void pl_settings_free(pl_room *room)
{
    PL_LIST_EACH_SAFE(node, &room->settings)
    {
        free(PL_CONTAINER(node, setting, link));
    }
    pl_list_init(&room->settings);
}

pl_err pl_setting_load(pl_pool *pool, const pl_setting_row *row)
{
    pl_room *room = pl_room_by_no(pool, row->room_no);
    return room ? add(room, row) : PL_OK;
}
