/* session.h - API sessions, and which user a token speaks for. */
#ifndef PL_ROOMPOOL_SESSION_H
#define PL_ROOMPOOL_SESSION_H

#include "address.h"
#include "model.h"

pl_sess *pl_session_find(const pl_pool *pool, const char *session_id);
/* The sessions of the users whom an address means, one after the other; NULL
 * starts, and ends. */
pl_sess *pl_session_next_of(const pl_pool *pool, const pl_address *address,
                            const pl_sess *after);
/* The first session of the user of this one; next_same has the others. */
const pl_sess *pl_session_first_same(const pl_pool *pool, const pl_sess *sess);
/* Find for an actor. session_id "": the one of the token. client_id "": is not
 * compared.
 * Errors: PL_ENOENT no such session, or another client's; PL_EOTHERTOKEN the
 * client's, but not this token's. */
PL_MUST_USE pl_err pl_session_find_own(pl_pool *pool, const char *client_id,
                                       const char *token_hash,
                                       const char *session_id,
                                       pl_sess **ret_sess);
/* As above for a request with PL_ACTOR_FIELDS; any request keeps the session
 * alive, and its events wait until the answer has had time to arrive. */
PL_MUST_USE pl_err pl_session_actor(pl_pool *pool, const char *client_id,
                                    const char *token_hash,
                                    const char *session_id, pl_sess **ret_sess);
/* Put an event about a participant's seat into a session, under the id and
 * kind of resource by which the session knows it. */
void pl_session_tell(pl_pool *pool, pl_sess *sess, const pl_part *part,
                     pl_event_row *row);
/* Tell a session, if it is there still, that its seat is gone. */
void pl_session_terminated(pl_pool *pool, const char *session_id,
                           const pl_part *part, const char *reason);
/* Whether it was told so about this id, lately. */
bool pl_session_was_told(const pl_sess *sess, const char *resource_id);
void pl_session_note_told(pl_sess *sess, const char *resource_id);
/* The address of a seat that others see, a telephone's too; as it was invited
 * when no session sits in it. */
void pl_session_address_of(const pl_pool *pool, const pl_part *part, char *buf,
                           size_t cap);
/* Start its clock, after loading or a refresh. */
void pl_session_plan_expiry(pl_pool *pool, pl_sess *sess);
PL_MUST_USE pl_err pl_session_load(pl_pool *pool, const pl_sess_row *row);
PL_MUST_USE pl_err pl_user_load(pl_pool *pool, const pl_user_row *row);

void pl_on_session_create(pl_pool *pool, const pl_bus_in *in);
void pl_on_session_refresh(pl_pool *pool, const pl_bus_in *in);
void pl_on_session_delete(pl_pool *pool, const pl_bus_in *in);
void pl_on_user_bind(pl_pool *pool, const pl_bus_in *in);

#endif
