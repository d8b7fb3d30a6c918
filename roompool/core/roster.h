/* roster.h - what readers of a room are told about its participants. */
#ifndef PL_ROOMPOOL_ROSTER_H
#define PL_ROOMPOOL_ROSTER_H

#include "model.h"

/* What an event keeps of a participant for when that is forgotten; kind is left
 * to the caller. */
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
/* It is let in from the waiting room: everybody is told, and it is told of
 * everybody. */
void pl_roster_admitted(pl_pool *pool, pl_part *part);
/* The conference itself changed: save it and tell everybody its state, or the
 * layouts that are asked for. */
void pl_roster_conference(pl_pool *pool, pl_conf *conf);
void pl_roster_layout(pl_pool *pool, pl_conf *conf);
/* An event for one participant; what has no reader is not told. */
void pl_roster_tell(pl_pool *pool, pl_part *part, pl_event_row *row);
/* Fill an event's fields that describe its participant, or the conference, as
 * they are now. */
void pl_roster_describe(const pl_pool *pool, const pl_conf *conf,
                        const pl_event_row *row, pl_event_item *item);
/* Whether a reader may see a participant: one that waits sees itself. */
bool pl_roster_is_shown(const pl_part *part, const pl_part *reader);
/* Start reading anew: queue the roster between sync marks in part->sync.
 * Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_roster_sync(pl_part *part);

#endif
