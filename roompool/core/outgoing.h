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

/* ---- sending again ---- */

/* What came of a request, for people: done's own arguments. */
void pl_outgoing_why(pl_err e, const pl_bus_in *in, char *why, size_t cap);
/* How long to wait after a failure, in ms: a second at first (last_ms 0), then
 * twice as long each time, most_ms at most. */
int64_t pl_outgoing_backoff(int64_t last_ms, int64_t most_ms);
/* How long until next_at (wall time, ms); most_ms at most, because the clock
 * may have been set back. */
int64_t pl_outgoing_wait_ms(const pl_pool *pool, int64_t next_at,
                            int64_t most_ms);

/* Whether it looks like an http or https URL without a user name; the front
 * end that makes the request looks closer. */
bool pl_outgoing_is_url(const char *url);

#endif
