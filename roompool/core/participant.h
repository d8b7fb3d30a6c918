/* participant.h - one party of a conference, however it came. */
#ifndef PL_ROOMPOOL_PARTICIPANT_H
#define PL_ROOMPOOL_PARTICIPANT_H

#include "model.h"

extern const pl_sm PL_PART_SM;

pl_part *pl_part_find(const pl_pool *pool, const char *participant_id);
/* Find by id and token hash, also one that left a moment ago.
 * Errors: PL_ENOENT no such id; PL_EAUTH another or an expired token. */
PL_MUST_USE pl_err pl_part_find_by_token(pl_pool *pool,
                                         const char *participant_id,
                                         const char *token_hash,
                                         pl_part **ret_part);
/* Add a participant in state NEW; the caller fills the row and saves it.
 * Errors: PL_EFULL; PL_ESTATE the conference has ended; PL_ENOMEM. */
PL_MUST_USE pl_err pl_part_add(pl_pool *pool, pl_conf *conf, uint32_t kind,
                               uint32_t role, pl_part **ret_part);
void pl_part_save(pl_pool *pool, pl_part *part);
/* The id by which its session knows its seat: that of the conference, unless
 * it was transferred. */
const char *pl_part_resource(const pl_part *part);
/* The other party of a call; NULL none, or a conference. */
pl_part *pl_part_other(const pl_part *part);
/* A seat in state NEW beyond the limit, for the leg that a party of another
 * call is offered (transfer.h); take it out again; and let that party's seat
 * come over: it keeps its ids and its SIP call, and has no legs just then.
 * Errors: PL_ESTATE the conference has ended; PL_ENOMEM. */
PL_MUST_USE pl_err pl_part_add_spare(pl_pool *pool, pl_conf *conf,
                                     const pl_part *like, pl_part **ret_part);
void pl_part_drop_spare(pl_pool *pool, pl_part *spare, const char *reason);
void pl_part_rehome(pl_pool *pool, pl_part *part, pl_conf *conf);
/* Move to a state of PL_PART_SM and save; a forbidden move is logged and
 * answered false. */
bool pl_part_move(pl_pool *pool, pl_part *part, uint32_t state);
/* Becomes an active member: shown in the roster. */
void pl_part_activate(pl_pool *pool, pl_part *part);
/* One that is active has come over to its conference from another. */
void pl_part_arrive(pl_pool *pool, pl_part *part);
/* Take out: media and call end, everyone concerned is told, the call record is
 * written. Ends the conference when it was its host (API) or the last one, a
 * call with either party.
 * Harmless when it has left. */
void pl_part_leave(pl_pool *pool, pl_part *part, const char *reason);
/* Remove what is remembered of one that left. */
void pl_part_forget(pl_pool *pool, pl_part *part);
void pl_part_plan_forget(pl_pool *pool, pl_part *part);
/* Media began or ended to flow. */
void pl_part_set_media(pl_pool *pool, pl_part *part, bool has_media);
/* Muted or not for all the others, by the server. */
void pl_part_set_muted(pl_pool *pool, pl_part *part, bool is_muted);
/* It holds, or resumes: neither heard nor hearing meanwhile. */
void pl_part_set_hold(pl_pool *pool, pl_part *part, bool is_held);
PL_MUST_USE pl_err pl_part_load(pl_pool *pool, const pl_part_row *row);

#endif
