/* auto_dial.h - whom a room has dialled when a conference of it starts: once
 * for each conference, whoever comes first, let in or waiting. A restart in
 * between goes on with those whose telephone has not been told yet; one that
 * failed is not dialled again. */
#ifndef PL_ROOMPOOL_AUTO_DIAL_H
#define PL_ROOMPOOL_AUTO_DIAL_H

#include "model.h"

/* Whether pool_automatic_participant can be dialled, as far as text tells.
 * reason: what it should be, when not
 * Errors: PL_ECONFIG. */
PL_MUST_USE pl_err pl_auto_check_config(const pl_roompool_config *config,
                                        char *reason, size_t cap);
/* Somebody came into a conference. */
void pl_auto_dial(pl_pool *pool, pl_conf *conf);
/* One that was being dialled, of whom the telephone network has not heard,
 * after a restart: dial it as soon as there are workers, until its time is
 * over. False when it is none, and nothing was done. */
bool pl_auto_again(pl_pool *pool, pl_part *part);
/* One that was dialled leaves from that state: it is counted. */
void pl_auto_ended(pl_pool *pool, const pl_part *part, uint32_t was);

#endif
