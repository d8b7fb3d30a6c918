/* call.h - one SIP call of a participant. */
#ifndef PL_ROOMPOOL_CALL_H
#define PL_ROOMPOOL_CALL_H

#include "model.h"

extern const pl_sm PL_CALL_SM;

pl_call *pl_sipcall_find(const pl_pool *pool, const char *call_id);
/* Errors: PL_EEXIST the id is taken; PL_ENOMEM. */
PL_MUST_USE pl_err pl_sipcall_add(pl_pool *pool, pl_part *part,
                                  const pl_call_row *row, pl_call **ret_call);
PL_MUST_USE pl_err pl_sipcall_load(pl_pool *pool, const pl_call_row *row);
/* Its Call-ID, once that is known; not saved. */
void pl_sipcall_name(pl_pool *pool, pl_call *call, const char *sip_call_id);
/* Move to a pl_call_state; what the table forbids is ignored. */
void pl_sipcall_move(pl_pool *pool, pl_call *call, uint32_t state);
/* Tell the signaling worker to end it and forget it. */
void pl_sipcall_end(pl_pool *pool, pl_call *call, const char *reason);
/* Free its memory alone. */
void pl_sipcall_free(pl_call *call);
/* It has ended by itself. */
void pl_sipcall_remove(pl_pool *pool, pl_call *call);
/* Tell a worker to drop a call that another holds now; its peer hears nothing.
 */
void pl_sipcall_forget(pl_pool *pool, const char *node, const char *call_id);
/* End a call that only the worker knows, or drop it if another has it. */
void pl_sipcall_end_orphan(pl_pool *pool, const char *node,
                           const char *call_id);

#endif
