/* room_pin.h - which PINs a room may have, and PINs that are kept readable.
 *
 * A room of the configuration keeps salted hashes. A managed room keeps its
 * PINs as they are, since the room API hands them out again; in the database
 * they stand where the hashes stand, behind a word that says so. */
#ifndef PL_ROOMPOOL_ROOM_PIN_H
#define PL_ROOMPOOL_ROOM_PIN_H

#include <stdbool.h>

#include "port.h"

enum { PL_PIN_MAX = 20 };

/* PINs of one room; "" is none. */
typedef struct pl_room_pins {
    const char *host, *guest;
    bool allow_guests; /* false: everybody is a host */
    /* Host and guest PIN may differ in length without a final '#'. */
    bool any_length;
} pl_room_pins;

/* NULL when they go together; else why not, for people, and which of the two
 * does not do. */
typedef enum pl_pin_field {
    PL_PIN_FIELD_HOST,
    PL_PIN_FIELD_GUEST
} pl_pin_field;
const char *pl_room_pins_fault(const pl_room_pins *pins);
const char *pl_room_pins_fault_in(const pl_room_pins *pins,
                                  pl_pin_field *ret_field);

/* Without its one final '#', which only says that it ends. */
void pl_pin_strip(const char *pin, char ret_pin[PL_PIN_HASH_TEXT]);
/* Text for a hash column that keeps the PIN readable; "" stays "". */
void pl_pin_keep(const char *pin, char hash[PL_PIN_HASH_TEXT]);
/* The PIN of such a text, "" for ""; NULL when it is a real hash. */
const char *pl_pin_kept(const char *hash);
/* Compare, ignoring a final '#', in a time that does not tell where they
 * differ; false for a real hash or none. */
bool pl_pin_kept_matches(const char *pin, const char *hash);

#endif
