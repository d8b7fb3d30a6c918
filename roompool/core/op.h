/* op.h - what is remembered while a request is under way. Names its objects by
 * id: they may be gone when the reply comes. */
#ifndef PL_ROOMPOOL_OP_H
#define PL_ROOMPOOL_OP_H

#include "agenda.h"
#include "pl/list.h"
#include "pool.h"

typedef void (*pl_op_done)(pl_pool *pool, pl_op *op, pl_err e,
                           const pl_bus_in *in);
/* End of a negotiation with the media worker; sdp only when e is PL_OK. */
typedef void (*pl_leg_next)(pl_pool *pool, pl_op *op, pl_err e,
                            const pl_media_leg_sdp *sdp);

enum { PL_PROMPT_NAME_MAX = 64 };

struct pl_op {
    pl_list link;
    pl_op_done done;
    pl_leg_next next;
    char conf[PL_ID_MAX + 1];
    char part[PL_ID_MAX + 1];
    char leg[PL_ID_MAX + 1];
    char call[PL_ID_MAX + 1];
    char sess[PL_ID_MAX + 1];
    char mod[PL_ID_MAX + 1];
    char reg[PL_ID_MAX + 1];
    char rec[PL_ID_MAX + 1];
    char prompt[PL_PROMPT_NAME_MAX + 1];
    char node[PL_NODE_MAX + 1];
    pl_bus_ticket ticket;
    bool has_ticket;
    uint32_t action;
    uint32_t sdp_type;
    unsigned tries;
    uint64_t no;      /* number of what it is about: a room, a sink, a part */
    int64_t until_ms; /* what was asked for, wall time */
    pl_task late;     /* its end is told later; outgoing.c */
    uint8_t *sdp;     /* owned copy, for a second try */
    size_t sdp_len;
};

/* A zeroed op in the pool's list; NULL when memory is out. */
pl_op *pl_op_create(pl_pool *pool, pl_op_done done);
void pl_op_destroy(pl_op **op);
/* Keep a copy of a description in it. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_op_keep(pl_op *op, pl_slice sdp);

#endif
