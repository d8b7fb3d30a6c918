/* fake_rooms.h - the pool of the scripted roompool. Rooms are numbered from 1
 * and are named r1, r2, ..; there are three. Check-out of the payload ZnVsbA
 * (full): none is left. GET, PATCH and DELETE know r1 to r3; a PIN 0000 does
 * not go together with the other. */
#ifndef PL_TESTS_API_FAKE_ROOMS_H
#define PL_TESTS_API_FAKE_ROOMS_H

#include "pl/bus.h"

typedef struct fake_rooms {
    pl_bus *bus;
    unsigned n_out; /* rooms checked out so far */
} fake_rooms;

PL_MUST_USE pl_err fake_rooms_open(fake_rooms *rooms, pl_bus *bus);

#endif
