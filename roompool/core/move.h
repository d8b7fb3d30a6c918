/* move.h - a seat goes from one session of a user to another.
 *
 * In a conference a hold arms it, and a DELETE soon after starts it: the seat
 * waits without media (state moving) for whichever of the user's other
 * sessions answers first. In a call the mover keeps seat and media until
 * another session has taken them. The others in the conference or call notice
 * nothing; the seat keeps its participant id. */
#ifndef PL_ROOMPOOL_MOVE_H
#define PL_ROOMPOOL_MOVE_H

#include "model.h"

/* A hold that may begin a move; any other change of the media ends that. */
void pl_move_arm(pl_pool *pool, pl_part *part);
void pl_move_disarm(pl_pool *pool, pl_part *part);
/* Whether a DELETE by the seat's session now moves it. */
bool pl_move_is_armed(const pl_pool *pool, const pl_part *part);
/* A conference: free the mover's leg and ring. */
void pl_move_start(pl_pool *pool, pl_part *part);

/* A call: ring, while the mover stays. Errors: PL_ESTATE not answered;
 * PL_EBUSY something else is pending. */
PL_MUST_USE pl_err pl_move_check(const pl_leg *leg);
void pl_move_call(pl_pool *pool, pl_leg *leg);
/* Whether the seat of a call rings elsewhere. */
bool pl_move_is_open(const pl_part *part);
/* A session that rang has gone: the move of a call may have failed. */
void pl_move_settle(pl_pool *pool, pl_part *part, const char *reason);

/* The session of this leg answered: the seat is its own. */
void pl_move_taken(pl_pool *pool, pl_leg *winner);
/* After a restart. */
void pl_move_resume(pl_pool *pool, pl_part *part);

#endif
