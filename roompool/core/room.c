/* room.c - rooms of the configuration and rooms made on first join. */
#include "room.h"

#include <stdlib.h>
#include <string.h>

#include "pl/str.h"
#include "room_pin.h"
#include "vmr.h"

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

/* ---- loading ---- */

pl_err pl_room_load(pl_pool *pool, const pl_room_row *row)
{
    pl_room *room = calloc(1, sizeof *room);
    if (!room)
        return PL_ENOMEM;
    room->row = *row;
    pl_err e = pl_map_put(pool->rooms, row->room_id, room);
    if (e)
        free(room);
    return e;
}

pl_err pl_alias_load(pl_pool *pool, const pl_alias_row *row)
{
    pl_room *room = pl_map_find(pool->rooms, row->room_id);
    return room ? pl_map_put(pool->aliases, row->alias, room) : PL_EPROTO;
}

/* ---- aliases ---- */

static pl_err add_alias(pl_pool *pool, pl_room *room, const char *alias)
{
    pl_alias_row row = {.alias = ""};
    pl_room_fold(row.alias, sizeof row.alias, alias);
    const pl_room *owner = pl_map_find(pool->aliases, row.alias);
    if (owner)
        return owner == room ? PL_OK : PL_EEXIST;
    pl_err e = pl_map_put(pool->aliases, row.alias, room);
    if (e)
        return e;
    PL_SET(row.room_id, room->row.room_id);
    pl_pool_put(pool, &PL_TABLE_ALIAS, &row);
    return PL_OK;
}

static void drop_aliases(pl_pool *pool, const pl_room *room)
{
    size_t cursor = 0;
    const char *alias;
    const pl_room *owner;
    while ((owner = pl_map_next(pool->aliases, &cursor, &alias)) != NULL) {
        if (owner != room)
            continue;
        pl_alias_row row = {.alias = ""};
        PL_SET(row.alias, alias);
        pl_pool_del(pool, &PL_TABLE_ALIAS, &row);
        (void)pl_map_remove(pool->aliases, row.alias);
    }
}

/* ---- rooms made on first join ---- */

static bool is_plain_name(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n <= JOIN_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static pl_err add_room(pl_pool *pool, const char *name, uint32_t source,
                       pl_room **ret_room)
{
    pl_room_row row = {.source = source,
                       .state = PL_ROOM_STATE_ENABLED,
                       .mode = PL_ROOM_MODE_MIX,
                       .created_at = pool->now.wall_ms};
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
    pl_err e = room ? PL_OK : add_room(pool, name, PL_ROOM_SOURCE_JOIN, &room);
    if (!e)
        e = add_alias(pool, room, name);
    if (!e)
        *ret_room = room;
    return e;
}

/* Who names a managed room that was not handed out yet has guessed. */
static bool is_open(const pl_room *room)
{
    return room && room->row.state == PL_ROOM_STATE_ENABLED &&
           (!room->vmr || pl_vmr_is_open(room->vmr));
}

bool pl_room_is_known(const pl_pool *pool, const char *alias)
{
    char name[PL_ROOM_NAME_MAX + 1];
    pl_room_fold(name, sizeof name, alias);
    const pl_room *room = pl_map_find(pool->aliases, name);
    return is_open(room);
}

pl_err pl_room_find(pl_pool *pool, const char *alias, pl_room **ret_room)
{
    char name[PL_ROOM_NAME_MAX + 1];
    pl_room_fold(name, sizeof name, alias);
    pl_room *room = pl_map_find(pool->aliases, name);
    pl_err e = PL_OK;
    /* Who names a removed one must not land in another of that name. */
    if (!is_open(room) && pl_vmr_find(pool, name)) {
        e = PL_ENOENT;
    } else if (!is_open(room)) {
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
           (room->row.source == PL_ROOM_SOURCE_POOL &&
            room->row.state == PL_ROOM_STATE_RETIRED);
}

void pl_room_drop_unused(pl_pool *pool, pl_room *room)
{
    if (!room || !is_passing(room) || is_used(pool, room))
        return;
    drop_aliases(pool, room);
    pl_pool_del(pool, &PL_TABLE_ROOM, &room->row);
    (void)pl_map_remove(pool->rooms, room->row.room_id);
    free(room);
}

/* ---- managed rooms ---- */

pl_err pl_room_add_managed(pl_pool *pool, const pl_room_row *row,
                           pl_room **ret_room)
{
    char alias[PL_ROOM_NAME_MAX + 1];
    pl_room_fold(alias, sizeof alias, row->room_id);
    pl_room *room = pl_map_find(pool->rooms, row->room_id);
    /* One that was removed may still be remembered for its last conference. */
    bool is_back = room && is_passing(room) &&
                   room->row.source == PL_ROOM_SOURCE_POOL && !room->conf;
    if ((room && !is_back) || pl_map_find(pool->aliases, alias))
        return PL_EEXIST;
    if (!room && pl_map_count(pool->rooms) >= pool->config->max_rooms)
        return PL_EFULL;
    pl_err e = PL_OK;
    if (is_back) {
        room->row = *row;
    } else {
        e = pl_room_load(pool, row);
    }
    if (e)
        return e;
    room = pl_map_find(pool->rooms, row->room_id);
    pl_room_save(pool, room);
    e = add_alias(pool, room, row->room_id);
    if (!e)
        *ret_room = room;
    return e;
}

void pl_room_save(pl_pool *pool, const pl_room *room)
{
    pl_pool_put(pool, &PL_TABLE_ROOM, &room->row);
}

void pl_room_retire(pl_pool *pool, pl_room *room)
{
    pl_alias_row row = {.alias = ""};
    room->vmr = NULL;
    room->row.state = PL_ROOM_STATE_RETIRED;
    room->row.pin_hash[0] = room->row.host_pin_hash[0] = '\0';
    pl_room_save(pool, room);
    pl_room_fold(row.alias, sizeof row.alias, room->row.room_id);
    if (pl_map_find(pool->aliases, row.alias) == room) {
        pl_pool_del(pool, &PL_TABLE_ALIAS, &row);
        (void)pl_map_remove(pool->aliases, row.alias);
    }
    pl_room_drop_unused(pool, room);
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

static bool matches(pl_pool *pool, const char *pin, const char *hash)
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
    bool is_host = matches(pool, pin, room->row.host_pin_hash);
    bool is_guest = matches(pool, pin, room->row.pin_hash);
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
    if (!pin[0])
        return PL_EPIN_REQUIRED;
    if (!pl_pin_guard_allows(pool->guard, id, source, pool->now.us)) {
        pl_pool_count(pool, PL_RM_refused_pin_blocked);
        return PL_EPIN_INVALID;
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

/* ---- the configuration ---- */

/* Keep the stored hash of an unchanged PIN. */
static pl_err update_pin(pl_pool *pool, const char *pin,
                         char hash[PL_PIN_HASH_TEXT])
{
    char bare[PL_PIN_HASH_TEXT];
    if (!pin[0]) {
        hash[0] = '\0';
        return PL_OK;
    }
    if (!pl_pin_kept(hash) && matches(pool, pin, hash))
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
        e = add_alias(pool, room, alias);
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
    row->room_no = row->alias_no = 0; /* a managed one had this name */
    row->tag[0] = row->description[0] = '\0';
    row->allow_guests = false;
    row->state = PL_ROOM_STATE_ENABLED;
    row->mode = (uint32_t)pl_room_mode_find(v->mode);
    row->max_participants = v->max_participants;
    row->max_talkers = v->max_talkers;
    PL_SET(row->announce, v->announce);
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
    if (room && room->vmr) {
        pl_fmt_cut(reason, cap, "a managed room has this name");
        return PL_ECONFIG;
    }
    if (!room)
        e = add_room(pool, name, PL_ROOM_SOURCE_CONFIG, &room);
    if (!e)
        e = set_row(pool, room, values);
    if (e) {
        pl_fmt_cut(reason, cap, "%s", pl_err_text(e));
        return e;
    }
    room->is_configured = true;
    pl_pool_put(pool, &PL_TABLE_ROOM, &room->row);
    drop_aliases(pool, room);
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
        pl_pool_put(pool, &PL_TABLE_ROOM, &room->row);
        drop_aliases(pool, room);
    }
}
