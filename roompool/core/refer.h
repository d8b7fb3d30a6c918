/* refer.h - a host sends a page's participant to another room: it is given a
 * ticket, and joins there with it instead of a PIN. Tickets are kept in memory
 * only, for as long as a token lives. */
#ifndef PL_ROOMPOOL_REFER_H
#define PL_ROOMPOOL_REFER_H

#include "model.h"

/* Whether the ticket that a room_join names is good for this room, and the
 * role it gives there. Errors: PL_EAUTH. */
PL_MUST_USE pl_err pl_refer_check(pl_pool *pool, const pl_room_join *m,
                                  const pl_room *room, pl_part_role *ret_role);
/* A room has another name now. */
void pl_refer_rename(pl_pool *pool, const char *from, const char *to);
/* It has been used: good once. */
void pl_refer_use(pl_pool *pool, const char *transfer_id);
/* The secret of a ticket, for its refer event; NULL when it is gone. */
const char *pl_refer_secret(const pl_pool *pool, const char *transfer_id);
void pl_refers_free(pl_pool *pool);

/* Send a participant to another room. by: whose right it is to be a host there,
 * proved by the PIN of m; NULL: nobody has to prove it.
 * Errors: PL_EUNSUPPORTED nobody there reads events; PL_ENOUSER no such room;
 * PL_EPIN_REQUIRED; PL_EPIN_INVALID; PL_EFULL; PL_EEXIST the ticket; PL_ENOMEM.
 */
PL_MUST_USE pl_err pl_refer(pl_pool *pool, const pl_participant_transfer *m,
                            const pl_part *by, pl_part *target);
void pl_on_participant_transfer(pl_pool *pool, const pl_bus_in *in);

#endif
