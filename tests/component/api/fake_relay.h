/* fake_relay.h - the relay of the scripted roompool. By the id of the channel:
 *   "feed"  has three events, then waits, until fake_relay_release() gives one
 *   "long"  has an event of 256 KiB, then waits
 *   "taken" waits, until another reader takes its place
 *   "over"  waits, until it is closed
 *   others  are not there. The token to read any of them is "reader"
 * and of the sink: "open", "closed", "full"; the token is "sender". A device
 * "many" has too many channels. */
#ifndef PL_TESTS_API_FAKE_RELAY_H
#define PL_TESTS_API_FAKE_RELAY_H

#include <stdatomic.h>

#include "pl/bus.h"

enum { FAKE_RELAY_PARKED = 8 };

typedef struct fake_relay_parked {
    bool is_used;
    pl_bus_ticket ticket;
    uint64_t after_seq;
    char id[PL_ID_MAX + 1];
} fake_relay_parked;

typedef struct fake_relay {
    pl_bus *bus;
    fake_relay_parked parked[FAKE_RELAY_PARKED];
} fake_relay;

PL_MUST_USE pl_err fake_relay_open(fake_relay *relay, pl_bus *bus);
void fake_relay_release(fake_relay *relay);
/* How many wait, by any of them; what the last sender and owner said. */
unsigned fake_relay_waiting(void);
const pl_relay_put *fake_relay_last_put(void);
const char *fake_relay_last_event(void);
const pl_relay_open *fake_relay_last_open(void);

#endif
