/* fake_management.h - the management API's side of the scripted roompool. There
 * are the aliases 1 to 5, in parts of two; every other resource is empty. An
 * object whose JSON has "taken" in it is refused, one that is made gets number
 * 57, number 9 is nowhere. Participant p-1 takes commands, and is muted. */
#ifndef PL_TESTS_API_FAKE_MANAGEMENT_H
#define PL_TESTS_API_FAKE_MANAGEMENT_H

#include "pl/bus.h"

typedef struct fake_management {
    pl_bus *bus;
} fake_management;

PL_MUST_USE pl_err fake_management_open(fake_management *fake, pl_bus *bus);

#endif
