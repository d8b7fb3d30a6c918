/* command_key.h - what hosts key on a telephone while they are in a room: the
 * digits of record_key start and stop recording. */
#ifndef PL_ROOMPOOL_COMMAND_KEY_H
#define PL_ROOMPOOL_COMMAND_KEY_H

#include "model.h"

/* Whether its digits are commands now. */
bool pl_command_is_open(const pl_pool *pool, const pl_part *part);
void pl_command_digit(pl_pool *pool, pl_part *part, char digit);

#endif
