/* access.h - may this session do that with this conference or call? The one
 * place where it is decided, by tables/access.def. */
#ifndef PL_ROOMPOOL_ACCESS_H
#define PL_ROOMPOOL_ACCESS_H

#include "../tables/access.def"
#include "model.h"

/* Operations: the actions, and what has a request of its own. */
enum {
    PL_ACCESS_ANSWER = PL_ACTION_ANSWER,
    PL_ACCESS_HOLD = PL_ACTION_HOLD,
    PL_ACCESS_HOLD_MOVE = PL_ACTION_HOLD_MOVE,
    PL_ACCESS_RESUME = PL_ACTION_RESUME,
    PL_ACCESS_MODIFY = PL_ACTION_MODIFY,
    PL_ACCESS_ACCEPT = PL_ACTION_ACCEPT,
    PL_ACCESS_REJECT = PL_ACTION_REJECT,
    PL_ACCESS_MOVE = PL_ACTION_MOVE,
    PL_ACCESS_TRANSFER = PL_ACTION_TRANSFER,
    PL_ACCESS_DELETE = 100,
    PL_ACCESS_INVITE,
    PL_ACCESS_REMOVE
};

#define PL_ACCESS_WHO_ENUM(upper, lower) PL_WHO_##upper,
typedef enum pl_who { PL_ACCESS_WHO(PL_ACCESS_WHO_ENUM) PL_N_WHO } pl_who;

/* A session's seat. part may have left; leg is then NULL. All but sess NULL:
 * the session was told that it is over (PL_ACCESS_DELETE only). */
typedef struct pl_seat {
    pl_sess *sess;
    pl_conf *conf;
    pl_part *part;
    pl_leg *leg;
} pl_seat;

/* Who asks for what: fields of the request. resource: pl_resource of its path,
 * or 0, either. op: PL_ACCESS_x. */
typedef struct pl_access_ask {
    const char *client_id, *token_hash, *session_id, *conf_id;
    uint32_t resource, op;
} pl_access_ask;

/* The cell of the table as an error. kind: pl_conf_kind; what is not listed is
 * PL_EGONE. */
pl_err pl_access_of(uint32_t kind, uint32_t op, pl_who who);
/* Find the session and its seat, and look up whether it may.
 * Errors: PL_ENOENT no such session; PL_EOTHERTOKEN; PL_EGONE; PL_EFORBIDDEN;
 * PL_EUNSUPPORTED. */
PL_MUST_USE pl_err pl_access_check(pl_pool *pool, const pl_access_ask *ask,
                                   pl_seat *ret_seat);
bool pl_seat_is_host(const pl_seat *seat);

#endif
