/* pin_guard.h - how often PINs may be guessed.
 *
 * Per (room, source): a number of wrong PINs a minute, then a delay that
 * doubles with each further one. Per room: a number in ten minutes, then
 * the room is hidden from sources that never gave the right PIN; those that did
 * are not locked out, so that nobody can close a room to its users. Pure;
 * bounded memory. */
#ifndef PL_ROOMPOOL_PIN_GUARD_H
#define PL_ROOMPOOL_PIN_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"

typedef struct pl_pin_guard pl_pin_guard;

PL_MUST_USE pl_err pl_pin_guard_create(uint32_t source_per_min,
                                       uint32_t room_per_10min,
                                       pl_pin_guard **ret_guard);
void pl_pin_guard_destroy(pl_pin_guard **guard);
/* May try; has to wait for what it tried itself; sees no room, for what others
 * tried. */
typedef enum pl_pin_door {
    PL_PIN_DOOR_OPEN,
    PL_PIN_DOOR_SHUT,
    PL_PIN_DOOR_HIDDEN
} pl_pin_door;
pl_pin_door pl_pin_guard_look(pl_pin_guard *guard, const char *room,
                              const char *source, int64_t now_us);
void pl_pin_guard_wrong(pl_pin_guard *guard, const char *room,
                        const char *source, int64_t now_us);
void pl_pin_guard_right(pl_pin_guard *guard, const char *room,
                        const char *source, int64_t now_us);

#endif
