/* roster.h - what readers of a room are told about its participants. */
#ifndef PL_ROOMPOOL_ROSTER_H
#define PL_ROOMPOOL_ROSTER_H

#include "model.h"

/* Describe a participant as it is now; kind is left to the caller. */
void pl_roster_row(const pl_part *part, pl_event_row *ret_row);
/* Tell readers that a participant came, changed or went. Only rooms have
 * readers; participants that are not active are not shown. */
void pl_roster_created(pl_pool *pool, pl_part *part);
void pl_roster_updated(pl_pool *pool, pl_part *part);
void pl_roster_deleted(pl_pool *pool, pl_part *part);
/* Tell one participant: it is out, or its media has ended. */
void pl_roster_disconnect(pl_pool *pool, pl_part *part, const char *reason);
void pl_roster_call_lost(pl_pool *pool, pl_part *part, const char *call_id,
                         const char *reason);
/* Start reading anew: queue the roster between sync marks in part->sync.
 * Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_roster_sync(pl_part *part);

#endif
