/* fake_roompool.h - a scripted roompool on the in-memory bus. What it does is
 * decided by the ids in the requests, so that no test shares state with it:
 *   call    to sip:nobody@example.com: no such user
 *   alias   "pin": wants PIN 1234; "gone": unknown; "full"; "busy": no worker
 *   session "S-event": an event at once; "S-long": a long one; "S-none":
 *           nothing, at once; "S-park": waits; "S-late": waits until
 *           fake_release(); "S-403"; "S-feed":
 *           events 1 to 3 by cursor, then one at each fake_release();
 *           "S-taken": waits, then another reader takes over; others 404
 *   ticket  the last one of any session, good once
 *   stream  of participant "p-...": sync marks with one person, conference
 *           update, layout, a speaker; then waits, until fake_release() ends
 * the seat. Of "p-chat": before that a message of its own, one of p-2, a refer,
 * a refresh of the token, the end of its call roster  p-1 to p-3; "p-guest" may
 * change nothing dial    of sip:nobody@example.com: no such user join    by the
 * transfer that was last made: once, as host
 */
#ifndef PL_TESTS_API_FAKE_ROOMPOOL_H
#define PL_TESTS_API_FAKE_ROOMPOOL_H

#include <stdatomic.h>

#include "api.h"
#include "pl/bus.h"

typedef struct fake_counts {
    atomic_uint polls, cancels, acks, last_ack, joins, media, controls,
        sessions, creates, actions, invites, rooms, messages;
    atomic_uint last_cancels; /* of the poll that came last, by its id */
    atomic_uint transfers;
    char transfer[PL_SEAT_TOKEN_MAX + 1]; /* token of its refer event; read
                                             after transfers has risen */
    atomic_bool is_deaf;                  /* answers no poll */
    atomic_bool is_mute;                  /* answers nothing */
} fake_counts;

typedef struct fake_roompool fake_roompool;

fake_roompool *fake_create(pl_bus *bus, fake_counts *counts);
void fake_destroy(fake_roompool **fake);
/* Let go what waits (loop thread). */
void fake_release(fake_roompool *fake);

#endif
