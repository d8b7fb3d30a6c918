/* management_command.h - the management API acts on who is in a room: as a host
 * of it would, but with nobody's token. */
#ifndef PL_ROOMPOOL_MANAGEMENT_COMMAND_H
#define PL_ROOMPOOL_MANAGEMENT_COMMAND_H

#include "model.h"

void pl_on_management_command(pl_pool *pool, const pl_bus_in *in);
void pl_on_management_dial(pl_pool *pool, const pl_bus_in *in);

#endif
