/* room_dial.h - a telephone is dialled into a room. */
#ifndef PL_ROOMPOOL_ROOM_DIAL_H
#define PL_ROOMPOOL_ROOM_DIAL_H

#include "model.h"

enum { PL_ADDRESS_TEXT = 257 };

/* Whom to dial, and as what; texts may be "". */
typedef struct pl_dial {
    const char *address; /* sip: or tel: */
    const char *by;      /* id of the participant who asks */
    uint32_t role, keep_alive;
    const char *display_name, *overlay_text;
    const char *digits; /* pl_is_keys(), keyed once it answered */
    bool is_automatic;
} pl_dial;

/* Dial it: it is shown as connecting at once.
 * Errors: PL_EINVAL role, digits; PL_ENOUSER nobody at that address; PL_EFULL;
 * PL_EDRAIN; PL_EUNAVAILABLE no worker; PL_ESTATE the conference has ended. */
PL_MUST_USE pl_err pl_room_dial_out(pl_pool *pool, pl_conf *conf,
                                    const pl_dial *d, pl_part **ret_part);

/* Whether one who is in a room may have it dial.
 * Errors: PL_EFORBIDDEN, and those of pl_room_may(). */
PL_MUST_USE pl_err pl_room_dial_may(const pl_pool *pool, const pl_part *self);

void pl_on_room_dial(pl_pool *pool, const pl_bus_in *in);

#endif
