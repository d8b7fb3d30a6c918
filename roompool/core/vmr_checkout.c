/* vmr_checkout.c - a room is handed out: once, the oldest first, committed
 * before the answer. */
#include "vmr_checkout.h"

#include <string.h>

#include "pl/str.h"
#include "room.h"
#include "vmr_remote.h"

static void hash_key(pl_pool *pool, const pl_pool_checkout *m, char hash[65])
{
    char text[sizeof m->client_id + sizeof m->idempotency_key + 1];
    hash[0] = '\0';
    if (!m->idempotency_key[0])
        return;
    pl_fmt_cut(text, sizeof text, "%s\n%s", m->client_id, m->idempotency_key);
    pool->port->hash(pool->port->ctx, text, hash);
}

/* What an earlier check-out with this key gave, within its time. */
static pl_err by_key(pl_pool *pool, const char *key, const char *payload,
                     pl_vmr **ret_vmr)
{
    pl_vmrs *v = pool->vmrs;
    pl_vmr *vmr = key[0] ? pl_map_find(v->by_key, key) : NULL;
    int64_t life_ms = (int64_t)pool->config->pool_key_s * 1000;
    if (!vmr)
        return PL_OK;
    if (pool->now.wall_ms >= vmr->row.reserved_at + life_ms) {
        (void)pl_map_remove(v->by_key, key);
        vmr->row.key_hash[0] = '\0';
        pl_vmr_save(pool, vmr);
        return PL_OK;
    }
    if (strcmp(vmr->row.payload_hash, payload) != 0)
        return PL_EEXIST;
    *ret_vmr = vmr;
    return PL_OK;
}

static bool is_name(const char *name)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return name[0] && name[0] != '-' && name[0] != '_' &&
           strspn(name, letters) == strlen(name);
}

static pl_err make(pl_pool *pool, const char *name, int64_t until_us,
                   pl_vmr **ret_vmr)
{
    return pl_remote_is_shut(pool, until_us) ? PL_EUNAVAILABLE
                                             : pl_vmr_make(pool, name, ret_vmr);
}

/* The room of a name that the caller's payload gives; made when there is
 * none. *ret_old: somebody has it already, or it is still to go. */
static pl_err by_name(pl_pool *pool, const char *name, int64_t until_us,
                      pl_vmr **ret_old, pl_vmr **ret_new)
{
    pl_vmr *vmr = pl_vmr_find(pool, name);
    if (!is_name(name))
        return PL_EINVAL;
    bool is_leaving = vmr && pl_remote_is_leaving(vmr);
    if (!is_leaving && (!vmr || vmr->row.state == PL_POOL_STATE_DELETED))
        return make(pool, name, until_us, ret_new);
    if (!is_leaving &&
        (!pl_vmr_is_open(vmr) || strcmp(vmr->row.name, name) != 0))
        return PL_EEXIST;
    *ret_old = vmr;
    return PL_OK;
}

/* There is no free one: one that is being made anyway, or one of its own. */
static pl_err on_demand(pl_pool *pool, int64_t until_us, pl_vmr **ret_vmr)
{
    pl_vmr *vmr = pl_remote_unmade(pool, false);
    pl_err e = vmr ? PL_OK : make(pool, NULL, until_us, &vmr);
    if (e == PL_EFULL)
        vmr = pl_remote_unmade(pool, true);
    if (!vmr)
        return e;
    pl_pool_count(pool, PL_RM_pool_on_demand);
    *ret_vmr = vmr;
    return PL_OK;
}

static pl_err oldest_free(pl_pool *pool, const char *tag, int64_t until_us,
                          pl_vmr **ret_vmr)
{
    const pl_vmrs *v = pool->vmrs;
    if (pl_list_is_empty(&v->free)) {
        return pl_remote_is_shut(pool, until_us)
                   ? PL_EUNAVAILABLE
                   : on_demand(pool, until_us, ret_vmr);
    }
    pl_vmr *vmr = PL_CONTAINER(v->free.next, pl_vmr, queue);
    if (pl_remote_needs(vmr, tag) && pl_remote_is_shut(pool, until_us))
        return PL_EUNAVAILABLE;
    *ret_vmr = vmr;
    return PL_OK;
}

static pl_err reserve(pl_pool *pool, pl_vmr *vmr, const pl_pool_checkout *m,
                      const char *key, const char *payload)
{
    pl_vmr_row *row = &vmr->row;
    if (key[0] && pl_map_put(pool->vmrs->by_key, key, vmr))
        return PL_ENOMEM;
    row->reserved_at = pool->now.wall_ms;
    row->lease_until =
        pool->now.wall_ms + (int64_t)pool->config->pool_lease_s * 1000;
    PL_SET(row->client_id, m->client_id);
    PL_SET(row->payload_hash, payload);
    PL_SET(row->key_hash, key);
    PL_SET(vmr->room->row.tag, m->tag);
    pl_room_save(pool, vmr->room);
    pl_remote_reserve(pool, vmr);
    return pl_vmr_move(pool, vmr, PL_POOL_STATE_RESERVED) ? PL_OK : PL_ESTATE;
}

static pl_err check_out(pl_pool *pool, const pl_pool_checkout *m,
                        int64_t until_us, pl_vmr **ret_vmr, bool *ret_is_old)
{
    char key[65];
    char payload[65];
    pl_vmr *old = NULL;
    pl_vmr *vmr = NULL;
    hash_key(pool, m, key);
    pool->port->hash(pool->port->ctx, m->payload, payload);
    pl_err e = pool->is_draining ? PL_EDRAIN : by_key(pool, key, payload, &old);
    if (!e && !old && pool->now.us > until_us)
        e = PL_EUNAVAILABLE;
    if (!e && !old) {
        e = m->name[0] ? by_name(pool, m->name, until_us, &old, &vmr)
                       : oldest_free(pool, m->tag, until_us, &vmr);
    }
    if (!e && !old)
        e = reserve(pool, vmr, m, key, payload);
    if (e)
        return e;
    pl_vmr_fill(pool);
    *ret_vmr = old ? old : vmr;
    *ret_is_old = old != NULL;
    return PL_OK;
}

void pl_vmr_taken(pl_pool *pool, const pl_vmr_taker *taker, pl_vmr *vmr,
                  bool is_repeated)
{
    pl_pool_count(pool,
                  is_repeated ? PL_RM_pool_repeated : PL_RM_pool_checkouts);
    taker->done(pool, taker, PL_OK, vmr, is_repeated);
}

void pl_vmr_take_again(pl_pool *pool, const pl_pool_checkout *m,
                       const pl_vmr_taker *taker, int64_t until_us)
{
    pl_vmr *vmr;
    bool is_old;
    pl_err e = check_out(pool, m, until_us, &vmr, &is_old);
    if (e == PL_EFULL)
        pl_pool_count(pool, PL_RM_pool_exhausted);
    if (e) {
        taker->done(pool, taker, e, NULL, false);
    } else if (!pl_remote_hold(pool, vmr, m, taker, is_old, until_us)) {
        pl_vmr_taken(pool, taker, vmr, is_old);
    }
}

void pl_vmr_take(pl_pool *pool, const pl_pool_checkout *m,
                 const pl_vmr_taker *taker)
{
    pl_vmr_take_again(pool, m, taker, pool->now.us + PL_MS(PL_REMOTE_WAIT_MS));
}

/* ---- the room API ---- */

static void answer(pl_pool *pool, const pl_vmr_taker *taker, pl_err e,
                   pl_vmr *vmr, bool is_repeated)
{
    if (e) {
        pl_pool_refuse(pool, &taker->ticket, e, NULL);
    } else {
        pl_vmr_reply(pool, &taker->ticket, vmr, is_repeated);
    }
}

void pl_on_pool_checkout(pl_pool *pool, const pl_bus_in *in)
{
    const pl_vmr_taker taker = {.done = answer, .ticket = in->ticket};
    pl_vmr_take(pool, in->body, &taker);
}
