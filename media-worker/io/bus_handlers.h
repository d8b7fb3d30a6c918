/* bus_handlers.h - roompool's commands, one small function each. */
#ifndef PL_BUS_HANDLERS_H
#define PL_BUS_HANDLERS_H

#include "io/control.h"

typedef struct pl_bus_handlers pl_bus_handlers;

/* Connect every command of media.def to the control, which is borrowed.
 * ret_handlers: free it after the bus got its last message
 * Errors: PL_EEXIST; PL_ENOMEM. */
PL_MUST_USE pl_err pl_bus_handlers_open(pl_bus *bus, pl_control *control,
                                        pl_bus_handlers **ret_handlers);
void pl_bus_handlers_close(pl_bus_handlers **handlers);

#endif
