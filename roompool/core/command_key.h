/* command_key.h - what hosts key on a telephone while they are in a room: the
 * digits of record_key start and stop recording. */
#ifndef PL_ROOMPOOL_COMMAND_KEY_H
#define PL_ROOMPOOL_COMMAND_KEY_H

#include "model.h"

/* record_key: only what a telephone can key. Errors: PL_ECONFIG with a
 * reason. */
PL_MUST_USE pl_err pl_command_check_config(const pl_roompool_config *config,
                                           char *reason, size_t cap);
/* Whether its digits are commands now. */
bool pl_command_is_open(const pl_pool *pool, const pl_part *part);
void pl_command_digit(pl_pool *pool, pl_part *part, char digit);

#endif
