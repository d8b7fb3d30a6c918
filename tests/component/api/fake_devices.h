/* fake_devices.h - registrations, calls and subscriptions of the scripted
 * roompool. There are the registrations "r1" and "r2" of any device, the call
 * "M1", the subscriptions "s1" and "s2"; what is made gets the first of these
 * ids. The receiver "tel:+500000000" is busy elsewhere: too many requests. */
#ifndef PL_TESTS_API_FAKE_DEVICES_H
#define PL_TESTS_API_FAKE_DEVICES_H

#include "pl/bus.h"

typedef struct fake_devices {
    pl_bus *bus;
} fake_devices;

PL_MUST_USE pl_err fake_devices_open(fake_devices *devices, pl_bus *bus);
/* How often was told that an answer arrived, and of what at last. */
unsigned fake_devices_told(void);
const char *fake_devices_last_told(void);

#endif
