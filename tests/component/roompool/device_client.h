/* device_client.h - the application of a device, behind the front end of a
 * world. */
#ifndef PL_TEST_DEVICE_CLIENT_H
#define PL_TEST_DEVICE_CLIENT_H

#include "talk.h"

/* Whom its token speaks for, and which device it is; NULL: not said. */
typedef struct device {
    const char *client, *subject, *token_number;
    const char *id; /* UUID */
} device;

#define DEVICE_1 "0f9a3d64-6f0b-4a55-9f0c-2f0d5c1b7e01"
#define DEVICE_2 "0f9a3d64-6f0b-4a55-9f0c-2f0d5c1b7e02"
#define DEVICE_3 "0f9a3d64-6f0b-4a55-9f0c-2f0d5c1b7e03"

/* Put its owner fields into a message. */
#define AS_DEVICE(UPPER, sym, m, d)                                            \
    do {                                                                       \
        PUT((m).client_id, (d)->client ? (d)->client : "app");                 \
        if ((d)->subject) {                                                    \
            PUT((m).subject, (d)->subject);                                    \
            PL_MSG_SET(UPPER, sym, &(m), subject);                             \
        }                                                                      \
        if ((d)->token_number) {                                               \
            PUT((m).token_number, (d)->token_number);                          \
            PL_MSG_SET(UPPER, sym, &(m), token_number);                        \
        }                                                                      \
    } while (0)

/* What an answer refuses: pl_device_fault; 0 it does not. */
uint32_t device_fault(const answer *a);

/* Each: the fault, 0 it was done. life_s 0: not said; the answer may be NULL.
 */
uint32_t device_registers(world *w, const device *d, const char *number,
                          int64_t life_s, answer *a);
uint32_t device_gets(world *w, const device *d, const char *id, answer *a);
uint32_t device_extends(world *w, const device *d, const char *id,
                        int64_t life_s, answer *a);
uint32_t device_deletes(world *w, const device *d, const char *id);
/* How many registrations its device has; the ids in order. */
unsigned device_lists(world *w, const device *d, char ids[16][65]);
/* The same request, only sent. */
void device_begins(world *w, const device *d, const char *number, answer *a);

#endif
