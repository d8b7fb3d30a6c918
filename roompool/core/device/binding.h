/* binding.h - the binding of an account's number at its registrar (RFC 3261
 * section 10): which Contact stands for it, until when.
 *
 * A signaling worker sends the REGISTER, and keeps nothing of it: Call-ID, CSeq
 * and the Contact's user part are stored with the registration, so that any
 * worker goes on with it. */
#ifndef PL_ROOMPOOL_BINDING_H
#define PL_ROOMPOOL_BINDING_H

#include "device/registration.h"

/* Why the registrar is asked. */
typedef enum pl_binding_why {
    PL_BINDING_NEW,     /* a registration is pending */
    PL_BINDING_EXTEND,  /* its application extends it */
    PL_BINDING_REFRESH, /* by ourselves, before the binding ends */
} pl_binding_why;

typedef enum pl_binding_end {
    PL_BINDING_OK,
    PL_BINDING_DENIED,      /* the network does not want it */
    PL_BINDING_UNAVAILABLE, /* nobody could be asked, or it failed there */
    PL_BINDING_TIMEOUT,     /* nobody answered */
} pl_binding_end;

/* Ask the registrar to bind it. Its outcome is pl_reg_bound(), once, later.
 * op: consumed; its ticket and `no` are the caller's.
 * Errors: PL_EUNAVAILABLE there is no signaling worker; op is freed. */
PL_MUST_USE pl_err pl_binding_ask(pl_pool *pool, pl_reg *reg,
                                  pl_binding_why why, pl_op *op);
/* Go on with a binding after a start: its next refresh. */
void pl_binding_resume(pl_pool *pool, pl_reg *reg);
/* Its signaling worker is gone. */
void pl_binding_move(pl_pool *pool, pl_reg *reg);
/* The registration has ended: ask the registrar to remove its Contact, a few
 * times; it forgets it by itself otherwise. */
void pl_binding_drop(pl_pool *pool, pl_reg *reg);
/* Registered: whether its binding is looked after. For tests. */
bool pl_binding_is_kept(const pl_reg *reg);

#endif
