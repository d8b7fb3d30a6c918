/* management_room.c - configuration/conference: managed rooms, those of the
 * pool among them. */
#include <stdlib.h>
#include <string.h>

#include "conference.h"
#include "management.h"
#include "participant.h"
#include "pl/management.h"
#include "pl/str.h"
#include "room.h"
#include "room_alias.h"
#include "room_auto.h"
#include "room_setting.h"
#include "vmr.h"
#include "vmr_remote.h"

static const char NAME_TAKEN[] = "A conference with this name already exists.";
static const char ALIAS_TAKEN[] =
    "A conference alias with this alias already exists.";

/* The room as it will be. */
typedef struct draft {
    pl_room *room; /* NULL: a new one */
    pl_room_row row;
    char pin[PL_PIN_MAX + 1], guest_pin[PL_PIN_MAX + 1];
    bool allow_guests;
    bool has_aliases; /* the list was given */
    pl_alias_row aliases[PL_ALIASES_MAX];
    size_t n_aliases;
    bool has_autos;
    uint64_t autos[PL_AUTOS_OF_ROOM_MAX];
    size_t n_autos;
} draft;

pl_room *pl_mgmt_room(const pl_pool *pool, uint64_t id)
{
    pl_room *room = pl_room_by_no(pool, id);
    bool is_shown = room && room->row.state == PL_ROOM_STATE_ENABLED &&
                    !(room->vmr && pl_vmr_is_remote(room->vmr));
    return is_shown ? room : NULL;
}

/* ---- reading ---- */

static void read_name(const pl_pool *pool, const pl_mgmt_put *put,
                      pl_faults *faults, draft *d)
{
    const pl_room *other;
    pl_mgmt_str(put, faults, "name", d->row.room_id, d->row.room_id,
                sizeof d->row.room_id);
    if (!d->row.room_id[0]) {
        pl_fault_add(faults, "name", "This field is required.");
        return;
    }
    other = pl_room_by_name(pool, d->row.room_id);
    bool is_free = !other || other == d->room ||
                   (!d->room && pl_room_is_vacant(other) &&
                    strcmp(other->row.room_id, d->row.room_id) == 0);
    if (!is_free)
        pl_fault_add(faults, "name", NAME_TAKEN);
}

static void read_pins(const pl_mgmt_put *put, pl_faults *faults, draft *d)
{
    pl_pin_field field;
    pl_mgmt_bool(put, faults, "allow_guests", false, &d->allow_guests);
    pl_mgmt_str(put, faults, "pin", "", d->pin, sizeof d->pin);
    pl_mgmt_str(put, faults, "guest_pin", "", d->guest_pin,
                sizeof d->guest_pin);
    const pl_room_pins pins = {
        .host = d->pin, .guest = d->guest_pin, .allow_guests = d->allow_guests};
    const char *fault = pl_room_pins_fault_in(&pins, &field);
    if (fault) {
        pl_fault_add(faults, field == PL_PIN_FIELD_HOST ? "pin" : "guest_pin",
                     fault);
    }
}

static void read_row(const pl_mgmt_put *put, pl_faults *faults, draft *d)
{
    pl_room_row *row = &d->row;
    pl_mgmt_str(put, faults, "tag", "", row->tag, sizeof row->tag);
    pl_mgmt_str(put, faults, "description", "", row->description,
                sizeof row->description);
    pl_mgmt_u32(put, faults, "participant_limit", 0, &row->max_participants);
    pl_mgmt_str(put, faults, "service_type", PL_SERVICE_CONFERENCE,
                row->service_type, sizeof row->service_type);
    row->mode = strcmp(row->service_type, PL_SERVICE_TEST_CALL) == 0
                    ? PL_ROOM_MODE_ECHO
                    : PL_ROOM_MODE_MIX;
}

/* ---- aliases ---- */

static bool has_text(const draft *d, const char *folded)
{
    for (size_t i = 0; i < d->n_aliases; i++) {
        if (strcmp(d->aliases[i].alias, folded) == 0)
            return true;
    }
    return false;
}

static bool has_no(const draft *d, uint64_t alias_no)
{
    for (size_t i = 0; i < d->n_aliases; i++) {
        if (d->aliases[i].alias_no == alias_no)
            return true;
    }
    return false;
}

/* The alias that a member of the list goes on with; NULL a new one. Faults: an
 * id that is not of this room, or that an earlier member goes on with. */
static const pl_alias *kept(const pl_pool *pool, const pl_json *json,
                            const draft *d, pl_faults *faults)
{
    uint64_t no;
    pl_slice text;
    const pl_alias *alias = NULL;
    char key[PL_ROOM_NAME_MAX + 1];
    const pl_json *id = pl_json_get(json, "id");
    bool is_numbered = id && !pl_json_is_null(id);
    if (is_numbered) {
        if (pl_mgmt_number(id, &no) == PL_OK)
            alias = pl_alias_by_no(pool, no);
        if (!alias || alias->room != d->room)
            pl_fault_add(faults, "aliases", "No such alias of this object.");
    } else if (pl_json_get_str(json, "alias", &text) == PL_OK &&
               pl_copy(key, sizeof key, text) == PL_OK) {
        alias = pl_alias_find(pool, key);
    }
    if (!alias || alias->room != d->room)
        return NULL;
    if (!has_no(d, alias->row.alias_no))
        return alias;
    if (is_numbered)
        pl_fault_add(faults, "aliases", "An alias is in the list twice.");
    return NULL;
}

static void read_alias(const pl_pool *pool, const pl_json *json, draft *d,
                       pl_faults *faults)
{
    const pl_mgmt_put put = {.object = json};
    const pl_alias *old = kept(pool, json, d, faults);
    pl_alias_row row = {.created_at = pool->now.wall_ms};
    pl_faults inner = {.n = 0};
    if (old)
        row = old->row;
    pl_mgmt_str(&put, &inner, "alias", "", row.written, sizeof row.written);
    pl_mgmt_str(&put, &inner, "description", "", row.description,
                sizeof row.description);
    for (size_t i = 0; i < inner.n; i++)
        pl_fault_add(faults, "aliases", inner.list[i].text);
    pl_room_fold(row.alias, sizeof row.alias, row.written);
    const pl_alias *owner = pl_alias_find(pool, row.alias);
    if (!pl_alias_is_text(row.written)) {
        pl_fault_add(faults, "aliases", PL_ALIAS_FAULT);
    } else if ((owner && owner->room != d->room) || has_text(d, row.alias)) {
        pl_fault_add(faults, "aliases", ALIAS_TAKEN);
    }
    d->aliases[d->n_aliases++] = row;
}

static void read_aliases(const pl_pool *pool, const pl_mgmt_put *put,
                         pl_faults *faults, draft *d)
{
    const pl_json *list = pl_mgmt_list(put, faults, "aliases");
    size_t n = pl_json_count(list);
    d->has_aliases = list != NULL;
    if (n > PL_ALIASES_MAX)
        pl_fault_add(faults, "aliases", "There are too many of them.");
    for (size_t i = 0; i < n && i < PL_ALIASES_MAX; i++)
        read_alias(pool, pl_json_at(list, i), d, faults);
}

static pl_err write_aliases(pl_pool *pool, pl_room *room, draft *d)
{
    pl_err e = PL_OK;
    if (!d->has_aliases)
        return PL_OK;
    pl_alias_drop_all(pool, room);
    for (size_t i = 0; !e && i < d->n_aliases; i++) {
        pl_alias_row *row = &d->aliases[i];
        PL_SET(row->room_id, room->row.room_id);
        if (row->alias_no == 0)
            row->alias_no = pl_number_next(pool, PL_NUMBER_ALIAS);
        e = pl_alias_restore(pool, row);
    }
    return e;
}

/* ---- participants that are dialled ---- */

static void read_autos(const pl_pool *pool, const pl_mgmt_put *put,
                       pl_faults *faults, draft *d)
{
    const pl_json *list = pl_mgmt_list(put, faults, "automatic_participants");
    size_t n = pl_json_count(list);
    d->has_autos = list != NULL;
    if (n > PL_AUTOS_OF_ROOM_MAX) {
        pl_fault_add(faults, "automatic_participants",
                     "There are too many of them.");
        n = 0;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t no;
        const pl_auto *who = pl_mgmt_number(pl_json_at(list, i), &no) == PL_OK
                                 ? pl_auto_find(pool, no)
                                 : NULL;
        if (!who) {
            pl_fault_add(faults, "automatic_participants",
                         "No such automatic participant.");
        } else if (!pl_auto_takes_room(who, d->room)) {
            pl_fault_add(faults, "automatic_participants",
                         "One is in too many conferences.");
        } else {
            d->autos[d->n_autos++] = no;
        }
    }
}

/* ---- settings ---- */

static void read_settings(const pl_mgmt_put *put, pl_faults *faults)
{
    const pl_mgmt_desc *desc = pl_mgmt_desc_of(PL_MGMT_RESOURCE_CONFERENCE);
    for (size_t i = 0; i < desc->n_fields; i++) {
        const pl_mgmt_field *field = &desc->fields[i];
        if (field->store == PL_MGMT_STORE_SETTING)
            pl_mgmt_check_text(put, faults, field->name);
    }
}

static pl_err write_setting(pl_pool *pool, const pl_mgmt_put *put,
                            pl_room *room, const pl_mgmt_field *field)
{
    const pl_json *json = pl_json_get(put->object, field->name);
    pl_buf text;
    if (!json) {
        if (put->replace)
            pl_setting_drop(pool, room, field->name);
        return PL_OK;
    }
    pl_buf_init(&text, PL_SETTING_VALUE_MAX);
    pl_err e = pl_json_dump(json, &text);
    if (!e && strcmp(pl_buf_text(&text), field->preset) == 0) {
        pl_setting_drop(pool, room, field->name);
    } else if (!e) {
        e = pl_setting_set(pool, room, field->name, pl_buf_slice(&text));
    }
    pl_buf_fini(&text);
    return e;
}

static pl_err write_settings(pl_pool *pool, const pl_mgmt_put *put,
                             pl_room *room)
{
    const pl_mgmt_desc *desc = pl_mgmt_desc_of(PL_MGMT_RESOURCE_CONFERENCE);
    pl_err e = PL_OK;
    for (size_t i = 0; !e && i < desc->n_fields; i++) {
        if (desc->fields[i].store == PL_MGMT_STORE_SETTING)
            e = write_setting(pool, put, room, &desc->fields[i]);
    }
    return e;
}

/* ---- making and changing ---- */

static void begin(const pl_pool *pool, draft *d)
{
    if (!d->room) {
        d->row = (pl_room_row){.source = PL_ROOM_SOURCE_ADMIN,
                               .state = PL_ROOM_STATE_ENABLED,
                               .mode = PL_ROOM_MODE_MIX,
                               .created_at = pool->now.wall_ms};
        PL_SET(d->row.service_type, PL_SERVICE_CONFERENCE);
        return;
    }
    d->row = d->room->row;
    d->allow_guests = d->row.allow_guests;
    PL_SET(d->pin, pl_room_host_pin(&d->row));
    PL_SET(d->guest_pin, pl_room_guest_pin(&d->row));
}

static pl_err write_room(pl_pool *pool, draft *d)
{
    char name[PL_ROOM_NAME_MAX + 1];
    pl_err e = PL_OK;
    const pl_room_pins pins = {
        .host = d->pin, .guest = d->guest_pin, .allow_guests = d->allow_guests};
    pl_room_keep_pins(&d->row, &pins);
    if (!d->room)
        return pl_room_add_managed(pool, &d->row, &d->room);
    PL_SET(name, d->row.room_id);
    PL_SET(d->row.room_id, d->room->row.room_id);
    d->room->row = d->row;
    if (strcmp(name, d->room->row.room_id) != 0) {
        e = pl_room_rename(pool, d->room, name);
    } else {
        pl_room_save(pool, d->room);
    }
    return e;
}

static pl_err write_draft(pl_pool *pool, const pl_mgmt_put *put, draft *d)
{
    pl_err e = write_room(pool, d);
    if (e == PL_EFULL || e == PL_EEXIST) /* nothing was made */
        return e;
    if (!e)
        e = write_aliases(pool, d->room, d);
    if (!e && d->has_autos)
        e = pl_autos_of_room(pool, d->room, d->autos, d->n_autos);
    if (!e)
        e = write_settings(pool, put, d->room);
    if (e)
        pl_pool_fail(pool, e); /* it is half there */
    return e;
}

pl_err pl_mgmt_conference_put(pl_pool *pool, const pl_mgmt_put *put,
                              pl_faults *faults, uint64_t *ret_id)
{
    draft *d = calloc(1, sizeof *d);
    pl_err e = d ? PL_OK : PL_ENOMEM;
    if (!e && put->id != 0) {
        d->room = pl_mgmt_room(pool, put->id);
        e = d->room ? PL_OK : PL_ENOENT;
    }
    if (!e) {
        begin(pool, d);
        read_name(pool, put, faults, d);
        read_pins(put, faults, d);
        read_row(put, faults, d);
        read_aliases(pool, put, faults, d);
        read_autos(pool, put, faults, d);
        read_settings(put, faults);
    }
    if (!e && faults->n == 0) {
        e = write_draft(pool, put, d);
        if (!e)
            *ret_id = d->room->row.room_no;
    }
    free(d);
    return e;
}

/* ---- removing ---- */

/* Who is just keying a PIN has not come yet. */
static void turn_away(pl_pool *pool, pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->row.state == PL_PART_STATE_PIN)
            pl_part_leave(pool, part, "room removed");
    }
}

pl_err pl_mgmt_conference_delete(pl_pool *pool, uint64_t id)
{
    pl_room *room = pl_mgmt_room(pool, id);
    if (!room)
        return PL_ENOENT;
    pl_pool_note(pool, PL_LOG_INFO, "room_closed", room->conf, NULL,
                 room->row.room_id);
    if (room->conf)
        turn_away(pool, room->conf);
    if (room->vmr) {
        pl_vmr_close(pool, room->vmr, "deleted by the management API");
        pl_vmr_trim(pool);
    } else {
        pl_room_retire(pool, room);
    }
    return PL_OK;
}
