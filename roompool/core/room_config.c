/* room_config.c - rooms of the configuration file. */
#include <string.h>

#include "pl/str.h"
#include "room.h"
#include "room_alias.h"
#include "room_pin.h"
#include "room_setting.h"

/* Keep the stored hash of an unchanged PIN. */
static pl_err update_pin(pl_pool *pool, const char *pin,
                         char hash[PL_PIN_HASH_TEXT])
{
    char bare[PL_PIN_HASH_TEXT];
    if (!pin[0]) {
        hash[0] = '\0';
        return PL_OK;
    }
    if (!pl_pin_kept(hash) && pl_room_pin_matches(pool, pin, hash))
        return PL_OK;
    pl_pin_strip(pin, bare);
    return pool->port->pin_hash(pool->port->ctx, bare, hash);
}

pl_err pl_room_check_config(const pl_room_config *values, char *reason,
                            size_t cap)
{
    bool has_host = values->host_pin[0] != '\0';
    const pl_room_pins pins = {.host =
                                   has_host ? values->host_pin : values->pin,
                               .guest = has_host ? values->pin : "",
                               .allow_guests = has_host,
                               .any_length = true};
    const char *fault = pl_room_pins_fault(&pins);
    if (fault) {
        pl_fmt_cut(reason, cap, "%s", fault);
        return PL_ECONFIG;
    }
    return PL_OK;
}

/* The next name of a list, in lower case. Errors: PL_ENOENT no more;
 * PL_ETOOBIG. */
static pl_err next_alias(const char **list, char alias[PL_ROOM_NAME_MAX + 1])
{
    char as_written[PL_ROOM_NAME_MAX + 1];
    *list += strspn(*list, ", ");
    size_t n = strcspn(*list, ", ");
    if (n == 0)
        return PL_ENOENT;
    if (pl_copy(as_written, sizeof as_written,
                (pl_slice){(const uint8_t *)*list, n}))
        return PL_ETOOBIG;
    *list += n;
    pl_room_fold(alias, PL_ROOM_NAME_MAX + 1, as_written);
    return PL_OK;
}

static bool has_alias(const char *list, const char *alias)
{
    char one[PL_ROOM_NAME_MAX + 1];
    while (next_alias(&list, one) == PL_OK) {
        if (strcmp(one, alias) == 0)
            return true;
    }
    return false;
}

pl_err pl_room_check_pair(const char *name, const void *values,
                          const char *other, const void *other_values,
                          char *reason, size_t cap)
{
    const pl_room_config *config = values;
    const pl_room_config *other_config = other_values;
    const char *lists[] = {name, config->aliases};
    char alias[PL_ROOM_NAME_MAX + 1];
    for (size_t i = 0; i < 2; i++) {
        while (next_alias(&lists[i], alias) == PL_OK) {
            if (!has_alias(other, alias) &&
                !has_alias(other_config->aliases, alias))
                continue;
            pl_fmt_cut(reason, cap, "alias \"%s\": room %s has it", alias,
                       other);
            return PL_ECONFIG;
        }
    }
    return PL_OK;
}

static pl_err add_aliases(pl_pool *pool, pl_room *room, const char *list,
                          char *reason, size_t cap)
{
    char alias[PL_ROOM_NAME_MAX + 1] = "";
    pl_err e;
    while ((e = next_alias(&list, alias)) == PL_OK) {
        e = pl_alias_add(pool, room, alias, NULL);
        if (e)
            break;
    }
    if (e == PL_ENOENT)
        return PL_OK;
    pl_fmt_cut(reason, cap, "alias \"%s\": %s", e == PL_ETOOBIG ? list : alias,
               e == PL_EEXIST ? "another room has it" : pl_err_text(e));
    return e == PL_ENOMEM ? e : PL_ECONFIG;
}

static pl_err set_row(pl_pool *pool, pl_room *room, const pl_room_config *v)
{
    pl_room_row *row = &room->row;
    row->source = PL_ROOM_SOURCE_CONFIG;
    pl_room_set_no(pool, room, 0); /* a managed one had this name */
    pl_settings_drop_all(pool, room);
    PL_SET(row->service_type, PL_SERVICE_CONFERENCE);
    row->tag[0] = row->description[0] = '\0';
    row->allow_guests = false;
    row->state = PL_ROOM_STATE_ENABLED;
    row->mode = (uint32_t)pl_room_mode_find(v->mode);
    row->max_participants = v->max_participants;
    row->max_talkers = v->max_talkers;
    PL_SET(row->announce, v->announce);
    PL_SET(row->alone_music, v->alone_music);
    row->channels = v->channels;
    row->dtmf = (uint32_t)pl_dtmf_policy_find(v->dtmf);
    row->denoise = v->denoise;
    row->level_voices = v->level_voices;
    row->record = (uint32_t)pl_record_policy_find(v->record);
    row->record_stems = v->record_stems;
    pl_err e = update_pin(pool, v->pin, row->pin_hash);
    if (!e)
        e = update_pin(pool, v->host_pin, row->host_pin_hash);
    return e;
}

pl_err pl_pool_define_room(pl_pool *pool, pl_now now, const char *name,
                           const pl_room_config *values, char *reason,
                           size_t cap)
{
    pl_room *room;
    pool->now = now;
    pl_err e = pl_room_check_config(values, reason, cap);
    if (e)
        return e;
    room = pl_map_find(pool->rooms, name);
    if (room && room->row.room_no > 0 &&
        room->row.state == PL_ROOM_STATE_ENABLED) {
        pl_fmt_cut(reason, cap, "a managed room has this name");
        return PL_ECONFIG;
    }
    if (!room)
        e = pl_room_add_plain(pool, name, PL_ROOM_SOURCE_CONFIG, &room);
    if (!e)
        e = set_row(pool, room, values);
    if (e) {
        pl_fmt_cut(reason, cap, "%s", pl_err_text(e));
        return e;
    }
    room->is_configured = true;
    pl_room_save(pool, room);
    pl_alias_drop_all(pool, room);
    e = add_aliases(pool, room, name, reason, cap);
    return e ? e : add_aliases(pool, room, values->aliases, reason, cap);
}

void pl_pool_rooms_defined(pl_pool *pool, pl_now now)
{
    size_t cursor = 0;
    pl_room *room;
    pool->now = now;
    while ((room = pl_map_next(pool->rooms, &cursor, NULL)) != NULL) {
        if (room->row.source != PL_ROOM_SOURCE_CONFIG || room->is_configured)
            continue;
        room->row.state = PL_ROOM_STATE_RETIRED;
        pl_room_save(pool, room);
        pl_alias_drop_all(pool, room);
    }
}
