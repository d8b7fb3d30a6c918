/* refer.c - see refer.h. */
#include "refer.h"

#include <stdlib.h>
#include <string.h>

#include "conference.h"
#include "pl/str.h"
#include "room.h"
#include "room_access.h"
#include "roster.h"

enum { MAX_TICKETS = 1000, SECRET_TEXT = 43, HASH_TEXT = 64 };

typedef struct ticket {
    pl_list link;
    char id[PL_ID_MAX + 1];
    char target_id[PL_ID_MAX + 1];
    char room_id[PL_ROOM_NAME_MAX + 1];
    char secret[SECRET_TEXT + 1], hash[HASH_TEXT + 1];
    uint32_t role;
    int64_t until_us;
} ticket;

/* ---- tickets, oldest first ---- */

static void drop(pl_pool *pool, ticket *t)
{
    pl_list_remove(&t->link);
    pool->n_transfers--;
    free(t);
}

/* Expired ones, and an earlier one of this participant. */
static void prune(pl_pool *pool, const char *target_id)
{
    PL_LIST_EACH_SAFE(node, &pool->transfers)
    {
        ticket *t = PL_CONTAINER(node, ticket, link);
        if (pool->now.us >= t->until_us || pool->n_transfers >= MAX_TICKETS ||
            strcmp(t->target_id, target_id) == 0)
            drop(pool, t);
    }
}

static ticket *find(const pl_pool *pool, const char *id)
{
    PL_LIST_EACH(node, &pool->transfers)
    {
        ticket *t = PL_CONTAINER(node, ticket, link);
        if (strcmp(t->id, id) == 0 && pool->now.us < t->until_us)
            return t;
    }
    return NULL;
}

void pl_refers_free(pl_pool *pool)
{
    PL_LIST_EACH_SAFE(node, &pool->transfers)
    {
        drop(pool, PL_CONTAINER(node, ticket, link));
    }
}

const char *pl_refer_secret(const pl_pool *pool, const char *transfer_id)
{
    const ticket *t = find(pool, transfer_id);
    return t ? t->secret : NULL;
}

pl_err pl_refer_check(pl_pool *pool, const pl_room_join *m, const pl_room *room,
                      pl_part_role *ret_role)
{
    const ticket *t = find(pool, m->transfer_id);
    if (!t || strcmp(t->room_id, room->row.room_id) != 0 ||
        !pl_slice_eq_secret(pl_slice_str(t->hash),
                            pl_slice_str(m->transfer_hash)))
        return PL_EAUTH;
    *ret_role = (pl_part_role)t->role;
    return PL_OK;
}

void pl_refer_rename(pl_pool *pool, const char *from, const char *to)
{
    PL_LIST_EACH(node, &pool->transfers)
    {
        ticket *t = PL_CONTAINER(node, ticket, link);
        if (strcmp(t->room_id, from) == 0)
            PL_SET(t->room_id, to);
    }
}

void pl_refer_use(pl_pool *pool, const char *transfer_id)
{
    ticket *t = find(pool, transfer_id);
    if (t)
        drop(pool, t);
}

/* ---- the request ---- */

static pl_err add_ticket(pl_pool *pool, const pl_participant_transfer *m,
                         const pl_room *room)
{
    if (find(pool, m->transfer_id))
        return PL_EEXIST;
    prune(pool, m->target_id);
    ticket *t = calloc(1, sizeof *t);
    if (!t)
        return PL_ENOMEM;
    PL_SET(t->id, m->transfer_id);
    PL_SET(t->target_id, m->target_id);
    PL_SET(t->room_id, room->row.room_id);
    PL_SET(t->secret, m->secret);
    PL_SET(t->hash, m->transfer_hash);
    t->role = m->role;
    t->until_us = pool->now.us + PL_S(pool->config->token_s);
    pl_list_append(&pool->transfers, &t->link);
    pool->n_transfers++;
    return PL_OK;
}

/* Being host here makes nobody host there, nor lets anybody in: the PIN of the
 * role is asked as of somebody who joins. */
static pl_err check_role(pl_pool *pool, const pl_participant_transfer *m,
                         pl_room *room, const pl_part *by)
{
    pl_part_role role;
    pl_err e = pl_room_check_pin(pool, room, m->pin, by->row.source, &role);
    if (e == PL_ENOENT) /* is said of the participant, not of the room */
        e = PL_ENOUSER;
    if (e || m->role != PL_PART_ROLE_HOST || role == PL_PART_ROLE_HOST)
        return e;
    return m->pin[0] ? PL_EPIN_INVALID : PL_EPIN_REQUIRED;
}

static void tell(pl_pool *pool, pl_part *target,
                 const pl_participant_transfer *m)
{
    pl_event_row row = {.kind = PL_EVENT_KIND_REFER};
    PL_SET(row.alias, m->alias);
    PL_SET(row.transfer_id, m->transfer_id);
    pl_roster_tell(pool, target, &row);
}

pl_err pl_refer(pl_pool *pool, const pl_participant_transfer *m,
                const pl_part *by, pl_part *target)
{
    pl_room *room = NULL;
    if (target->row.kind != PL_PART_KIND_PAGE)
        return PL_EUNSUPPORTED; /* nobody there reads events */
    pl_err e = pl_room_find(pool, m->alias, &room);
    if (e)
        return e == PL_ENOENT ? PL_ENOUSER : e;
    e = by ? check_role(pool, m, room, by) : PL_OK;
    if (!e && room->conf && !pl_conf_has_room(room->conf))
        e = PL_EFULL;
    if (!e)
        e = add_ticket(pool, m, room);
    if (!e)
        tell(pool, target, m);
    pl_room_drop_unused(pool, room); /* made by this; joining makes it again */
    return e;
}

void pl_on_participant_transfer(pl_pool *pool, const pl_bus_in *in)
{
    const pl_participant_transfer *m = in->body;
    pl_part *target;
    pl_part *by =
        pl_room_actor(pool, in, m->participant_id, m->token_hash, false);
    if (!by)
        return;
    pl_err e = pl_room_target(by, m->target_id, pool, &target);
    if (!e)
        e = pl_room_may(by, target, PL_ROOM_OP_TRANSFER);
    if (!e && m->role != PL_PART_ROLE_HOST && m->role != PL_PART_ROLE_GUEST)
        e = PL_EINVAL;
    if (!e)
        e = pl_refer(pool, m, by, target);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
    } else {
        pl_pool_ok(pool, &in->ticket);
    }
}
