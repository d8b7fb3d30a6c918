/* fake_pool.h - a roompool for tests of the signaling worker: it answers by
 * what the caller dials, and says on a stream what it was told. A test fake,
 * nothing more.
 *
 * Dialled user: busy, nobody, media, forbidden, full: refused at once with the
 * error of that name; silent: no reply at all; ring: rings for ever; slow:
 * answered after 3 s; early: 183 with SDP, then 200; decline: 603 after
 * ringing; hangup: answered, ended 1 s later; quiet: no 180 either; queue: 182;
 * late: accepted only at the command "catch-up"; anything else: answered. */
#ifndef PL_FAKE_POOL_H
#define PL_FAKE_POOL_H

#include <stdio.h>

#include "pl/bus.h"

typedef struct pl_fake_pool pl_fake_pool;

/* bus: a router; borrowed. out: one line an event, flushed; may be NULL. */
PL_MUST_USE pl_err pl_fake_pool_create(pl_loop *loop, pl_bus *bus, FILE *out,
                                       pl_fake_pool **ret_pool);
void pl_fake_pool_destroy(pl_fake_pool **pool);
/* "start URI [ring-ms]", with from=, from_host=, to_name=, identity=, kind=,
 * wants= (1 anonymous, 2 all states, 4 comes in again), next_hop=, route=,
 * contact=, user=, password= after it; "end [reason]", "respond STATUS",
 * "offer": of the last call; "away", "back": reports are refused meanwhile;
 * "referred STATUS" and "transfer URI" of the last call; "forget", "adopt": of
 * the record saved last; "spoil" it; "catch-up": the late calls. */
void pl_fake_pool_command(pl_fake_pool *pool, const char *line);
/* What it saw, for assertions: counts by name of the line's first word, such as
 * "incoming", "confirmed", "ended", "dtmf", "offer-answered". */
unsigned pl_fake_pool_count(const pl_fake_pool *pool, const char *what);
/* Text of the last line of that kind; "" when there was none. */
const char *pl_fake_pool_last(const pl_fake_pool *pool, const char *what);

#endif
