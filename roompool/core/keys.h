/* keys.h - digits keyed to a participant's media, for who sits behind a menu.
 * They may be PINs: never logged. */
#ifndef PL_ROOMPOOL_KEYS_H
#define PL_ROOMPOOL_KEYS_H

#include "model.h"

/* Key digits (pl_is_keys()) to a participant whose media flows, behind those
 * that wait. Not repeated when they are lost with a worker.
 *
 * op: consumed; done is called once, later, with what pl_keys_error() makes
 *     readable. Errors: PL_ESTATE it has no media, PL_ENOMEM op is NULL; then
 *     op was freed unused. */
PL_MUST_USE pl_err pl_keys_send(pl_pool *pool, const pl_part *part,
                                const char *digits, pl_op *op);
/* What who asked for keys is told: PL_EUNSUPPORTED the media takes no
 * telephone-events; PL_EFULL too many wait; PL_EUNAVAILABLE, PL_ETIMEOUT the
 * media worker; else PL_ESTATE, the media has gone. */
pl_err pl_keys_error(pl_err e);
/* Key part->row.dtmf_sequence to one that was dialled, once: when it has
 * answered and its media flows. Else nothing. Kept over a restart until
 * then. */
void pl_keys_dialled(pl_pool *pool, pl_leg *leg);

#endif
