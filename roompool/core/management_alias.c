/* management_alias.c - configuration/conference_alias. */
#include "management.h"
#include "pl/str.h"
#include "room.h"
#include "room_alias.h"

static pl_alias *find(const pl_pool *pool, uint64_t id)
{
    pl_alias *alias = pl_alias_by_no(pool, id);
    return alias && pl_mgmt_room(pool, alias->room->row.room_no) ? alias : NULL;
}

/* The room whose it is to be: as given, or as it was. */
static pl_room *read_room(const pl_pool *pool, const pl_mgmt_put *put,
                          const pl_alias *alias, pl_faults *faults)
{
    uint64_t no;
    const pl_json *json = pl_json_get(put->object, "conference");
    pl_room *room = alias ? alias->room : NULL;
    if (!json && room)
        return room;
    room = json && pl_mgmt_number(json, &no) == PL_OK ? pl_mgmt_room(pool, no)
                                                      : NULL;
    if (room)
        return room;
    pl_fault_add(faults, "conference",
                 json ? "No such conference." : "This field is required.");
    return NULL;
}

static void check_text(const pl_pool *pool, const pl_alias_row *row,
                       const pl_alias *alias, pl_faults *faults)
{
    const pl_alias *owner = pl_alias_find(pool, row->written);
    if (!row->written[0]) {
        pl_fault_add(faults, "alias", "This field is required.");
    } else if (!pl_alias_is_text(row->written)) {
        pl_fault_add(faults, "alias", PL_ALIAS_FAULT);
    } else if (owner && owner != alias) {
        pl_fault_add(faults, "alias",
                     "A conference alias with this alias already exists.");
    }
}

static pl_err write(pl_pool *pool, const pl_alias_row *row, pl_room *room,
                    pl_alias **alias)
{
    bool is_more = !*alias || (*alias)->room != room;
    if (is_more && pl_alias_count(room) >= PL_ALIASES_MAX)
        return PL_EFULL;
    pl_err e = *alias ? pl_alias_change(pool, *alias, row->written, room)
                      : pl_alias_add(pool, room, row->written, alias);
    if (e)
        return e;
    PL_SET((*alias)->row.description, row->description);
    pl_alias_save(pool, *alias);
    return PL_OK;
}

pl_err pl_mgmt_alias_put(pl_pool *pool, const pl_mgmt_put *put,
                         pl_faults *faults, uint64_t *ret_id)
{
    pl_alias_row row = {.alias_no = 0};
    pl_alias *alias = put->id ? find(pool, put->id) : NULL;
    if (put->id && !alias)
        return PL_ENOENT;
    if (alias)
        row = alias->row;
    pl_mgmt_str(put, faults, "alias", row.written, row.written,
                sizeof row.written);
    pl_mgmt_str(put, faults, "description", "", row.description,
                sizeof row.description);
    pl_room *room = read_room(pool, put, alias, faults);
    check_text(pool, &row, alias, faults);
    if (faults->n > 0)
        return PL_OK;
    pl_err e = write(pool, &row, room, &alias);
    if (!e)
        *ret_id = alias->row.alias_no;
    return e;
}

pl_err pl_mgmt_alias_delete(pl_pool *pool, uint64_t id)
{
    pl_alias *alias = find(pool, id);
    if (!alias)
        return PL_ENOENT;
    pl_alias_drop(pool, alias);
    return PL_OK;
}
