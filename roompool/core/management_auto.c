/* management_auto.c - configuration/automatic_participant. */
#include <stdlib.h>
#include <string.h>

#include "management.h"
#include "pl/keys.h"
#include "pl/str.h"
#include "room.h"
#include "room_auto.h"

typedef struct draft {
    pl_auto_row row;
    bool has_rooms; /* the list was given */
    uint64_t rooms[PL_ROOMS_OF_AUTO_MAX];
    size_t n_rooms;
} draft;

#define STR(field, preset)                                                     \
    pl_mgmt_str(put, faults, #field, preset, row->field, sizeof row->field)

static void read_words(const pl_mgmt_put *put, pl_faults *faults,
                       pl_auto_row *row)
{
    char role[16];
    char keep[48];
    PL_SET(role, pl_part_role_text(row->role));
    PL_SET(keep, pl_keep_alive_text(row->keep_alive));
    pl_mgmt_str(put, faults, "role", "guest", role, sizeof role);
    pl_mgmt_str(put, faults, "keep_conference_alive",
                pl_keep_alive_text(PL_KEEP_ALIVE_IF_MULTIPLE), keep,
                sizeof keep);
    row->role = pl_part_role_find(role);
    row->keep_alive = pl_keep_alive_find(keep);
    if (row->role == PL_PART_ROLE_UNKNOWN)
        pl_fault_add(faults, "role", "No such role.");
    if (row->keep_alive == PL_KEEP_ALIVE_UNKNOWN)
        pl_fault_add(faults, "keep_conference_alive", "No such choice.");
}

/* The database has a CHECK on each: a value that the front end let through must
 * not end us. */
static void check_choice(const char *choices, const char *value,
                         const char *field, pl_faults *faults)
{
    size_t n = strlen(value);
    for (const char *at = choices; *at; at += strspn(at, "|")) {
        size_t len = strcspn(at, "|");
        if (len == n && strncmp(at, value, n) == 0)
            return;
        at += len;
    }
    pl_fault_add(faults, field, "No such choice.");
}

static void read_row(const pl_mgmt_put *put, pl_faults *faults,
                     pl_auto_row *row)
{
    pl_mgmt_str(put, faults, "alias", row->alias, row->alias,
                sizeof row->alias);
    if (!row->alias[0])
        pl_fault_add(faults, "alias", "This field is required.");
    STR(protocol, "sip");
    STR(call_type, "video");
    STR(routing, "manual");
    STR(dtmf_sequence, "");
    STR(remote_display_name, "");
    STR(presentation_url, "");
    STR(system_location, "");
    STR(description, "");
    pl_mgmt_bool(put, faults, "streaming", false, &row->streaming);
    if (row->dtmf_sequence[0] &&
        !pl_is_keys(pl_slice_str(row->dtmf_sequence))) {
        pl_fault_add(faults, "dtmf_sequence",
                     "Only digits, *, #, A to D and commas can be keyed.");
    }
    read_words(put, faults, row);
    check_choice("sip|h323|mssip|rtmp|teams|gms", row->protocol, "protocol",
                 faults);
    check_choice("manual|routing_rule", row->routing, "routing", faults);
}

static void read_rooms(const pl_pool *pool, const pl_mgmt_put *put,
                       const pl_auto *who, pl_faults *faults, draft *d)
{
    const pl_json *list = pl_mgmt_list(put, faults, "conference");
    size_t n = pl_json_count(list);
    d->has_rooms = list != NULL;
    if (n > PL_ROOMS_OF_AUTO_MAX) {
        pl_fault_add(faults, "conference", "There are too many of them.");
        n = 0;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t no;
        const pl_room *room = pl_mgmt_number(pl_json_at(list, i), &no) == PL_OK
                                  ? pl_mgmt_room(pool, no)
                                  : NULL;
        if (!room) {
            pl_fault_add(faults, "conference", "No such conference.");
        } else if (!pl_room_takes_auto(room, who)) {
            pl_fault_add(faults, "conference",
                         "One has too many automatic participants.");
        } else {
            d->rooms[d->n_rooms++] = no;
        }
    }
}

static pl_err write(pl_pool *pool, draft *d, pl_auto *who, uint64_t *ret_id)
{
    pl_err e = PL_OK;
    if (who) {
        who->row = d->row;
        pl_auto_save(pool, who);
    } else {
        e = pl_auto_add(pool, &d->row, &who);
    }
    if (e)
        return e;
    *ret_id = who->row.auto_no;
    if (d->has_rooms)
        e = pl_rooms_of_auto(pool, who, d->rooms, d->n_rooms);
    if (e)
        pl_pool_fail(pool, e); /* it is half there */
    return e;
}

pl_err pl_mgmt_auto_put(pl_pool *pool, const pl_mgmt_put *put,
                        pl_faults *faults, uint64_t *ret_id)
{
    pl_auto *who = put->id ? pl_auto_find(pool, put->id) : NULL;
    if (put->id && !who)
        return PL_ENOENT;
    draft *d = calloc(1, sizeof *d);
    if (!d)
        return PL_ENOMEM;
    const pl_mgmt_put made = {
        .id = put->id, .replace = put->replace || !who, .object = put->object};
    if (who)
        d->row = who->row;
    read_row(&made, faults, &d->row);
    read_rooms(pool, &made, who, faults, d);
    pl_err e = faults->n > 0 ? PL_OK : write(pool, d, who, ret_id);
    free(d);
    return e;
}

pl_err pl_mgmt_auto_delete(pl_pool *pool, uint64_t id)
{
    pl_auto *who = pl_auto_find(pool, id);
    if (!who)
        return PL_ENOENT;
    pl_auto_drop(pool, who);
    return PL_OK;
}
