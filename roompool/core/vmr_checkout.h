/* vmr_checkout.h - a managed room is handed out: once, the oldest first. */
#ifndef PL_ROOMPOOL_VMR_CHECKOUT_H
#define PL_ROOMPOOL_VMR_CHECKOUT_H

#include "vmr.h"

/* Hand one out, in the transaction of this turn.
 *
 * m:               who takes it, for what, and how the request may be repeated
 * ret_is_repeated: an earlier check-out with this key or name made it
 * Errors: PL_EFULL no more rooms (counted); PL_EEXIST the key was used with
 *         another payload, or the name is one of another room; PL_EINVAL a name
 *         that cannot be one; PL_EDRAIN; PL_ESTATE; PL_ENOMEM. */
PL_MUST_USE pl_err pl_vmr_checkout(pl_pool *pool, const pl_pool_checkout *m,
                                   pl_vmr **ret_vmr, bool *ret_is_repeated);

#endif
