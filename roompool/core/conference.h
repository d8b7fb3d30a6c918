/* conference.h - one live or past meeting and its place on a media worker. */
#ifndef PL_ROOMPOOL_CONFERENCE_H
#define PL_ROOMPOOL_CONFERENCE_H

#include "model.h"

extern const pl_sm PL_CONF_SM;

pl_conf *pl_conf_find(const pl_pool *pool, const char *conf_id);
/* The live conference of a room, made when there is none.
 * Errors: PL_EFULL, PL_ENOMEM. */
PL_MUST_USE pl_err pl_conf_of_room(pl_pool *pool, pl_room *room,
                                   pl_conf **ret_conf);
/* A conference of the API, or a call (two seats), by pl_conf_kind; nobody in it
 * yet. Errors: as above. */
PL_MUST_USE pl_err pl_conf_create(pl_pool *pool, uint32_t kind,
                                  pl_conf **ret_conf);
/* A call, of users or of a device: it ends when one party has none. */
bool pl_conf_is_for_two(const pl_conf *conf);
/* Whether one more participant fits. */
bool pl_conf_has_room(const pl_conf *conf);
/* The leg after this one of all that its seats have, or the first after NULL;
 * NULL: no more. */
pl_leg *pl_conf_next_leg(const pl_conf *conf, const pl_leg *leg);
/* NOLINTBEGIN(bugprone-macro-parentheses): `it` is declared here */
/* Each of them; none may be removed meanwhile. */
#define PL_CONF_EACH_LEG(it, conf)                                             \
    for (pl_leg *it = pl_conf_next_leg((conf), NULL); it;                      \
         it = pl_conf_next_leg((conf), it))
/* NOLINTEND(bugprone-macro-parentheses) */
/* Whether somebody has a seat, waiting ones included. False for NULL. */
bool pl_conf_is_occupied(const pl_conf *conf);
/* So many more participants are in it, or fewer. */
void pl_conf_count_live(pl_pool *pool, pl_conf *conf, int more);
/* See that a media worker holds the conference: choose one, give the next
 * epoch, open the room there; nothing to do when it has one.
 * Errors: PL_EUNAVAILABLE. */
PL_MUST_USE pl_err pl_conf_place(pl_pool *pool, pl_conf *conf);
/* Open it at this worker, under the next epoch, whatever place it had: what was
 * recorded and played is the caller's affair. */
void pl_conf_place_at(pl_pool *pool, pl_conf *conf, const char *node);
/* Send the room to its worker again (it said that it does not know it). */
void pl_conf_reopen(pl_pool *pool, pl_conf *conf);
/* It was opened empty, or anew: what was recorded and played goes on there. */
void pl_conf_resound(pl_pool *pool, pl_conf *conf);
/* The worker is gone: forget the place, avoid that worker. */
void pl_conf_unplace(pl_pool *pool, pl_conf *conf);
/* The same of a worker that is there but of no use: its room is closed. */
void pl_conf_withdraw(pl_pool *pool, pl_conf *conf);
/* What its participants are told when the API ends it. */
#define PL_END_BY_API "API initiated conference termination"
/* End for everyone; harmless when it has ended. */
void pl_conf_end(pl_pool *pool, pl_conf *conf, const char *reason);
/* The last participant may have left. */
void pl_conf_check_empty(pl_pool *pool, pl_conf *conf);
/* After loading an ended one: forget it later. */
void pl_conf_plan_purge(pl_pool *pool, pl_conf *conf);
/* Its room has another name now; all of a room's are told, past ones too. */
void pl_confs_rekey(pl_pool *pool, const pl_room *room);
void pl_conf_save(pl_pool *pool, pl_conf *conf);
PL_MUST_USE pl_err pl_conf_load(pl_pool *pool, const pl_conf_row *row);

#endif
