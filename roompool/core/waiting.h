/* waiting.h - the waiting room, the start of a conference, and its lock.
 *
 * A guest waits until the conference has started; while it is locked everybody
 * waits but who has keyed the host PIN. Who waits has a token and media like
 * the others, hears music and is heard by nobody. Only rooms have this:
 * conferences and calls of the API are started and never locked. */
#ifndef PL_ROOMPOOL_WAITING_H
#define PL_ROOMPOOL_WAITING_H

#include "model.h"

/* Whether it sits in the waiting room now. */
bool pl_waits(const pl_part *part);
/* Whether it would have to, were it to come in now. */
bool pl_waiting_must(const pl_part *part);
/* It comes in: decide, and start its clock. The caller saves its row. */
void pl_waiting_enter(pl_pool *pool, pl_part *part);
/* Let it in; harmless when it does not wait. */
void pl_waiting_admit(pl_pool *pool, pl_part *part);
/* Start the conference and let in whom only that kept out. */
void pl_waiting_start(pl_pool *pool, pl_conf *conf);
/* Starts it when this is a host with media. */
void pl_waiting_check_start(pl_pool *pool, pl_part *part);
/* Lock it, or open it again and let in whom the lock kept out. */
void pl_waiting_lock(pl_pool *pool, pl_conf *conf, bool is_locked);
/* Its media flows, or its worker says that it does: there is music. */
void pl_waiting_music(pl_pool *pool, pl_leg *leg);
/* A prompt ended by itself. */
void pl_waiting_played(pl_pool *pool, pl_part *part, const char *prompt);
/* After loading: go on counting. */
void pl_waiting_resume(pl_pool *pool, pl_part *part);

#endif
