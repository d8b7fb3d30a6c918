/* vmr.c - managed rooms as objects: made, moved, removed, forgotten. */
#include "vmr.h"

#include <stdlib.h>
#include <string.h>

#include "conference.h"
#include "numbers.h"
#include "pl/str.h"
#include "room.h"
#include "room_alias.h"
#include "room_pin.h"
#include "vmr_remote.h"

enum {
    NAME_BYTES = 16, /* 128 bits: 22 letters */
    NAME_TEXT = 23,
    NAME_TRIES = 8
};

#define TO(s) PL_SM_BIT(PL_POOL_STATE_##s)
static const pl_sm_state VMR_STATES[PL_N_VMR_STATES] = {
    [PL_POOL_STATE_UNKNOWN] = {"none", TO(CREATING), false},
    [PL_POOL_STATE_CREATING] = {"creating",
                                TO(FREE) | TO(RESERVED) | TO(DELETED), false},
    [PL_POOL_STATE_FREE] = {"free", TO(RESERVED) | TO(DELETED), false},
    [PL_POOL_STATE_RESERVED] = {"reserved", TO(IN_USE) | TO(DELETED), false},
    [PL_POOL_STATE_IN_USE] = {"in-use", TO(ENDING) | TO(DELETED), false},
    [PL_POOL_STATE_ENDING] = {"ending", TO(IN_USE) | TO(DELETED), false},
    [PL_POOL_STATE_DELETED] = {"deleted", 0, true},
};
#undef TO
const pl_sm PL_VMR_SM = {"managed room", VMR_STATES, PL_N_VMR_STATES};

/* ---- all of them ---- */

pl_err pl_vmrs_create(pl_vmrs **ret_vmrs)
{
    pl_vmrs *v = calloc(1, sizeof *v);
    if (!v)
        return PL_ENOMEM;
    pl_list_init(&v->all);
    pl_list_init(&v->free);
    pl_list_init(&v->gone);
    pl_err e = pl_map_create(&v->by_name);
    if (!e)
        e = pl_map_create(&v->by_key);
    if (!e)
        e = pl_map_create(&v->by_no);
    if (e) {
        pl_vmrs_destroy(&v);
        return e;
    }
    *ret_vmrs = v;
    return PL_OK;
}

void pl_vmrs_destroy(pl_vmrs **vmrs)
{
    if (!vmrs || !*vmrs)
        return;
    PL_LIST_EACH_SAFE(node, &(*vmrs)->all)
    {
        pl_vmr *vmr = PL_CONTAINER(node, pl_vmr, link);
        pl_remote_free_room(&vmr->remote);
        free(vmr);
    }
    pl_remote_destroy(&(*vmrs)->remote);
    pl_map_destroy(&(*vmrs)->by_name);
    pl_map_destroy(&(*vmrs)->by_key);
    pl_map_destroy(&(*vmrs)->by_no);
    free(*vmrs);
    *vmrs = NULL;
}

unsigned pl_vmr_count(const pl_vmrs *vmrs)
{
    unsigned n = 0;
    for (unsigned s = 0; s < PL_POOL_STATE_DELETED; s++)
        n += vmrs->n[s];
    return n;
}

void pl_vmr_gauges(pl_pool *pool)
{
    static const struct {
        uint32_t state;
        size_t metric;
    } GAUGES[] = {{PL_POOL_STATE_FREE, PL_RM_pool_free},
                  {PL_POOL_STATE_RESERVED, PL_RM_pool_reserved},
                  {PL_POOL_STATE_IN_USE, PL_RM_pool_in_use},
                  {PL_POOL_STATE_ENDING, PL_RM_pool_ending}};
    const pl_vmrs *v = pool->vmrs;
    int64_t age_ms = 0;
    for (size_t i = 0; i < sizeof GAUGES / sizeof GAUGES[0]; i++)
        pl_metrics_set(pool->metrics, GAUGES[i].metric, v->n[GAUGES[i].state]);
    if (!pl_list_is_empty(&v->free)) {
        const pl_vmr *oldest = PL_CONTAINER(v->free.next, pl_vmr, queue);
        age_ms = pool->now.wall_ms - oldest->row.created_at;
    }
    pl_metrics_set(pool->metrics, PL_RM_pool_empty_s,
                   v->empty_us ? (pool->now.us - v->empty_us) / PL_S(1) : 0);
    pl_metrics_set(pool->metrics, PL_RM_pool_oldest_free_s,
                   age_ms > 0 ? age_ms / 1000 : 0);
}

/* ---- one of them ---- */

static void name_key(char key[PL_ROOM_NAME_MAX + 1], const char *name)
{
    pl_room_fold(key, PL_ROOM_NAME_MAX + 1, name);
}

pl_vmr *pl_vmr_find(const pl_pool *pool, const char *name)
{
    char key[PL_ROOM_NAME_MAX + 1];
    name_key(key, name);
    return pl_map_find(pool->vmrs->by_name, key);
}

pl_vmr *pl_vmr_by_no(const pl_pool *pool, uint64_t room_no)
{
    char key[PL_NO_TEXT];
    pl_no_text(key, room_no);
    return pl_map_find(pool->vmrs->by_no, key);
}

bool pl_vmr_is_open(const pl_vmr *vmr)
{
    return vmr->row.state == PL_POOL_STATE_RESERVED ||
           vmr->row.state == PL_POOL_STATE_IN_USE ||
           vmr->row.state == PL_POOL_STATE_ENDING;
}

void pl_vmr_save(pl_pool *pool, const pl_vmr *vmr)
{
    pl_pool_put(pool, &PL_TABLE_VMR, &vmr->row);
}

/* By number, though another platform may have made them in another order. */
static void enqueue_free(pl_vmrs *v, pl_vmr *vmr)
{
    pl_list *after = v->free.prev;
    while (after != &v->free &&
           PL_CONTAINER(after, pl_vmr, queue)->row.room_no > vmr->row.room_no)
        after = after->prev;
    pl_list_append(after->next, &vmr->queue);
}

static void enqueue(pl_vmrs *v, pl_vmr *vmr)
{
    pl_list_remove(&vmr->queue);
    pl_list_init(&vmr->queue);
    if (vmr->row.state == PL_POOL_STATE_FREE)
        enqueue_free(v, vmr);
    if (vmr->row.state == PL_POOL_STATE_DELETED)
        pl_list_append(&v->gone, &vmr->queue);
}

/* Who is there owns a name, else who was there last. */
static pl_err index_name(pl_vmrs *v, pl_vmr *vmr)
{
    char key[PL_ROOM_NAME_MAX + 1];
    const pl_vmr *other;
    name_key(key, vmr->row.name);
    other = pl_map_find(v->by_name, key);
    bool is_removed = vmr->row.state == PL_POOL_STATE_DELETED;
    if (other && (other->row.state != PL_POOL_STATE_DELETED ||
                  (is_removed && other->row.room_no > vmr->row.room_no)))
        return PL_OK;
    if (other)
        (void)pl_map_remove(v->by_name, key);
    return pl_map_put(v->by_name, key, vmr);
}

static void unindex(pl_map *map, const char *key, const pl_vmr *vmr)
{
    if (key[0] && pl_map_find(map, key) == vmr)
        (void)pl_map_remove(map, key);
}

static pl_err add(pl_pool *pool, const pl_vmr_row *row, pl_vmr **ret_vmr)
{
    char key[PL_NO_TEXT];
    pl_vmrs *v = pool->vmrs;
    pl_vmr *vmr = calloc(1, sizeof *vmr);
    if (!vmr)
        return PL_ENOMEM;
    vmr->row = *row;
    pl_list_init(&vmr->queue);
    pl_no_text(key, row->room_no);
    pl_err e = pl_map_put(v->by_no, key, vmr);
    if (e) {
        free(vmr);
        return e;
    }
    pl_list_append(&v->all, &vmr->link);
    v->n[row->state]++;
    enqueue(v, vmr);
    *ret_vmr = vmr;
    e = pl_remote_attach(pool, vmr);
    return e ? e : index_name(v, vmr);
}

pl_err pl_vmr_load(pl_pool *pool, const pl_vmr_row *row)
{
    pl_vmr *vmr;
    pl_room *room = pl_map_find(pool->rooms, row->name);
    pl_err e = add(pool, row, &vmr);
    if (e || row->state == PL_POOL_STATE_DELETED)
        return e;
    if (room && room->row.room_no == row->room_no) {
        vmr->room = room;
        room->vmr = vmr;
    }
    return row->key_hash[0] ? pl_map_put(pool->vmrs->by_key, row->key_hash, vmr)
                            : PL_OK;
}

pl_err pl_vmr_load_meta(pl_pool *pool, const pl_meta_row *row)
{
    uint64_t n = 0;
    pl_vmrs *v = pool->vmrs;
    pl_remote_load_meta(pool, row);
    if (strcmp(row->name, "pool_wanted") != 0)
        return PL_OK;
    pl_err e = pl_parse_u64(pl_slice_str(row->value), UINT32_MAX, &n);
    if (!e)
        v->n_wanted = (uint32_t)n;
    return e;
}

bool pl_vmr_move(pl_pool *pool, pl_vmr *vmr, uint32_t state)
{
    pl_vmrs *v = pool->vmrs;
    unsigned now = vmr->row.state;
    if (pl_sm_move(&PL_VMR_SM, &now, state)) {
        pl_pool_note(pool, PL_LOG_WARN, "forbidden_move", NULL, NULL,
                     pl_pool_state_text(state));
        return false;
    }
    v->n[vmr->row.state]--;
    v->n[state]++;
    vmr->row.state = state;
    vmr->row.since = pool->now.wall_ms;
    enqueue(v, vmr);
    pl_vmr_save(pool, vmr);
    pl_vmr_plan(pool, vmr);
    pl_vmr_gauges(pool);
    return true;
}

/* ---- making ---- */

static void random_name(pl_pool *pool, char name[NAME_TEXT])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t bytes[NAME_BYTES];
    do {
        unsigned bits = 0;
        unsigned n_bits = 0;
        size_t n = 0;
        pool->port->random(pool->port->ctx, bytes, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i++) {
            bits = (bits << 8 | bytes[i]) & 0xffff;
            for (n_bits += 8; n_bits >= 6; n_bits -= 6)
                name[n++] = letters[bits >> (n_bits - 6) & 63];
        }
        name[n++] = letters[bits << (6 - n_bits) & 63];
        name[n] = '\0';
    } while (name[0] == '-' || name[0] == '_'); /* reads like an option */
}

static void random_pin(pl_pool *pool, uint32_t digits, char pin[PL_PIN_MAX + 1])
{
    enum { FAIR = 250 }; /* above it some digits would come more often */
    uint32_t n = 0;
    while (n < digits && n < PL_PIN_MAX) {
        uint8_t byte;
        pool->port->random(pool->port->ctx, &byte, 1);
        if (byte < FAIR)
            pin[n++] = (char)('0' + byte % 10);
    }
    pin[n] = '\0';
}

static void draw_pins(pl_pool *pool, pl_room_row *row)
{
    char host[PL_PIN_MAX + 1];
    char guest[PL_PIN_MAX + 1];
    uint32_t digits = pool->config->pool_pin_digits;
    random_pin(pool, digits, host);
    do {
        random_pin(pool, digits, guest);
    } while (strcmp(host, guest) == 0);
    const pl_room_pins pins = {
        .host = host, .guest = guest, .allow_guests = true};
    pl_room_keep_pins(row, &pins);
}

/* For a random name the other rooms need not be looked through. */
static bool is_taken(const pl_pool *pool, const char *name, bool is_random)
{
    const pl_room *room = is_random ? NULL : pl_room_by_name(pool, name);
    return pl_alias_find(pool, name) || (room && !pl_room_is_vacant(room));
}

static pl_err make_room(pl_pool *pool, const char *name, pl_room **ret_room)
{
    char made[NAME_TEXT];
    pl_err e = PL_EEXIST;
    pl_room_row row = {.source = PL_ROOM_SOURCE_POOL,
                       .state = PL_ROOM_STATE_ENABLED,
                       .mode = PL_ROOM_MODE_MIX,
                       .max_participants = pool->config->pool_participant_limit,
                       .created_at = pool->now.wall_ms};
    PL_SET(row.service_type, PL_SERVICE_CONFERENCE);
    PL_SET(row.description, pl_remote_mark(pool));
    draw_pins(pool, &row);
    for (int i = 0; e == PL_EEXIST && i < (name ? 1 : NAME_TRIES); i++) {
        if (!name)
            random_name(pool, made);
        PL_SET(row.room_id, name ? name : made);
        if (!is_taken(pool, row.room_id, !name))
            e = pl_room_add_managed(pool, &row, ret_room);
    }
    return e ? e : pl_alias_add(pool, *ret_room, row.room_id, NULL);
}

pl_err pl_vmr_make(pl_pool *pool, const char *name, pl_vmr **ret_vmr)
{
    pl_vmrs *v = pool->vmrs;
    pl_room *room = NULL;
    pl_vmr *vmr;
    if (pl_vmr_count(v) >= pool->config->pool_max_rooms)
        return PL_EFULL;
    pl_err e = make_room(pool, name, &room);
    if (e)
        return e;
    pl_vmr_row row = {.room_no = room->row.room_no,
                      .state = PL_POOL_STATE_CREATING,
                      .since = pool->now.wall_ms,
                      .created_at = pool->now.wall_ms};
    PL_SET(row.name, room->row.room_id);
    e = add(pool, &row, &vmr);
    if (e) {
        pl_pool_fail(pool, e); /* the room is half there */
        return e;
    }
    vmr->room = room;
    room->vmr = vmr;
    pl_pool_count(pool, PL_RM_pool_made);
    if (pl_remote_make(pool, vmr)) {
        pl_vmr_save(pool, vmr); /* before it is asked for */
    } else {
        (void)pl_vmr_move(pool, vmr, PL_POOL_STATE_FREE);
    }
    *ret_vmr = vmr;
    return PL_OK;
}

/* ---- removing ---- */

bool pl_vmr_is_persistent_name(const pl_pool *pool, const char *name)
{
    const char *list = pool->config->pool_persistent;
    while (*list) {
        size_t n = strcspn(list, ", ");
        if (n > 0 && strncmp(name, list, n) == 0)
            return true;
        list += n;
        list += strspn(list, ", ");
    }
    return false;
}

bool pl_vmr_is_persistent(const pl_pool *pool, const pl_vmr *vmr)
{
    return pl_vmr_is_persistent_name(pool, vmr->row.name);
}

void pl_vmr_trim(pl_pool *pool)
{
    pl_vmrs *v = pool->vmrs;
    PL_LIST_EACH_SAFE(node, &v->gone)
    {
        pl_vmr *vmr = PL_CONTAINER(node, pl_vmr, queue);
        if (v->n[PL_POOL_STATE_DELETED] <= pool->config->pool_max_tombstones)
            return;
        if (!pl_remote_is_leaving(vmr))
            pl_vmr_forget(pool, vmr);
    }
}

static void remove_it(pl_pool *pool, pl_vmr *vmr, const char *cause,
                      bool ends_conference)
{
    pl_room *room = vmr->room;
    if (vmr->row.state == PL_POOL_STATE_DELETED)
        return;
    vmr->room = NULL;
    unindex(pool->vmrs->by_key, vmr->row.key_hash, vmr);
    PL_SET(vmr->row.ended_cause, cause);
    pl_remote_remove(pool, vmr);
    if (!pl_vmr_move(pool, vmr, PL_POOL_STATE_DELETED))
        return;
    pl_pool_count(pool, PL_RM_pool_removed);
    pl_pool_note(pool, PL_LOG_INFO, "room_removed", room ? room->conf : NULL,
                 NULL, cause);
    if (room && room->conf && ends_conference)
        pl_conf_end(pool, room->conf, PL_END_BY_API);
    if (room)
        pl_room_retire(pool, room);
    pl_vmr_fill(pool);
}

void pl_vmr_remove(pl_pool *pool, pl_vmr *vmr, const char *cause)
{
    remove_it(pool, vmr, cause, true);
}

void pl_vmr_close(pl_pool *pool, pl_vmr *vmr, const char *cause)
{
    remove_it(pool, vmr, cause, false);
}

pl_err pl_vmr_rename(pl_pool *pool, pl_vmr *vmr)
{
    char key[PL_ROOM_NAME_MAX + 1];
    name_key(key, vmr->row.name);
    unindex(pool->vmrs->by_name, key, vmr);
    PL_SET(vmr->row.name, vmr->room->row.room_id);
    pl_vmr_save(pool, vmr);
    return index_name(pool->vmrs, vmr);
}

void pl_vmr_forget(pl_pool *pool, pl_vmr *vmr)
{
    char key[PL_ROOM_NAME_MAX + 1];
    pl_vmrs *v = pool->vmrs;
    pl_pool_cancel(pool, &vmr->due);
    name_key(key, vmr->row.name);
    unindex(v->by_name, key, vmr);
    pl_no_text(key, vmr->row.room_no);
    unindex(v->by_no, key, vmr);
    v->n[vmr->row.state]--;
    pl_list_remove(&vmr->link);
    pl_list_remove(&vmr->queue);
    pl_pool_del(pool, &PL_TABLE_VMR, &vmr->row);
    pl_remote_detach(pool, vmr);
    free(vmr);
}
