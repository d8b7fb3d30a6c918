/* adoption.h - answered calls outlive their signaling worker: what each tells
 * of its dialogs is kept, and when one is gone another goes on with its calls.
 *
 * calls.node says who holds a call. While another is being asked to, the record
 * still has the former owner's name (dialogs.node). */
#ifndef PL_ROOMPOOL_ADOPTION_H
#define PL_ROOMPOOL_ADOPTION_H

#include "model.h"

void pl_on_dialog_save(pl_pool *pool, const pl_bus_in *in);
PL_MUST_USE pl_err pl_dialog_load(pl_pool *pool, const pl_dialog_row *row);

/* Its worker is gone: ask another one to go on. Whether that was done; false:
 * nothing is known of its dialog, or nobody can take it. */
bool pl_adopt(pl_pool *pool, pl_call *call);
/* Its worker does not know it: it may not have got our question. */
bool pl_adopt_again(pl_pool *pool, pl_call *call);
/* Whether another is just asked to go on with a call that this worker had: it
 * keeps it meanwhile. */
bool pl_adopt_is_from(const pl_call *call, const char *node);
/* Its worker has it. If nobody waits for that (we were started anew meanwhile),
 * who had it before is told. */
void pl_adopt_seen(pl_pool *pool, pl_call *call);
/* A worker takes no more calls: others take those that it has, as far as they
 * can; it keeps each until then. */
void pl_adopt_from(pl_pool *pool, const char *node);

#endif
