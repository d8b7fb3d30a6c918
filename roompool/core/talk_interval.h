/* talk_interval.h - who spoke from when to when, in what is recorded. */
#ifndef PL_ROOMPOOL_TALK_INTERVAL_H
#define PL_ROOMPOOL_TALK_INTERVAL_H

#include "model.h"

/* It begins to speak, or stops; harmless where nothing is recorded. */
void pl_talk_set(pl_pool *pool, pl_part *part, bool is_talking);
/* Recording begins, or ends: of all who speak now. */
void pl_talks_begin(pl_pool *pool, pl_conf *conf);
void pl_talks_end(pl_pool *pool, pl_conf *conf);

#endif
