/* outgoing.h - HTTP requests to servers of others. roompool decides what is
 * asked and when again; a front end, which alone speaks HTTP, makes the
 * request. */
#ifndef PL_ROOMPOOL_OUTGOING_H
#define PL_ROOMPOOL_OUTGOING_H

#include "op.h"

/* Ask through one of the front ends that are up, once this turn's changes are
 * committed. Takes op in any case. op->done is called once, never from inside
 * this call: with PL_OK and a pl_fetched in in->body, whatever its status; else
 * with an error, and `in` NULL or the refusal of the front end. Nothing is
 * repeated: after an error the server may have been reached or not.
 * Errors given to done: PL_EUNAVAILABLE no front end, no connection;
 * PL_ETIMEOUT no answer in time, or the front end was lost; PL_EFORBIDDEN an
 * address that requests may not go to; PL_EPROTO no HTTP; PL_ETOOBIG; PL_EINVAL
 * the URL, or a field that breaks its bound; PL_EFULL too many at once. */
void pl_outgoing_fetch(pl_pool *pool, const pl_fetch *request, pl_op *op);

#endif
