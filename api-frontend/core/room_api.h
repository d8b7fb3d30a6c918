/* room_api.h - the room API: take a managed room out of the pool, look it up,
 * change it, remove it. Errors are {"detail":..}: a text, or for a value that
 * is no good (422) a list of {"loc","msg","type"}. */
#ifndef PL_API_ROOM_API_H
#define PL_API_ROOM_API_H

#include "api.h"

/* How this front end gives rooms out; from the configuration. */
typedef struct pl_room_rules {
    const char *tag_prefix; /* put before what uuiData says; borrowed */
    pl_slice public_secret; /* of /public/..; empty: there is none of that */
    pl_slice sink_login;    /* user:password of who sends events; or empty */
    bool is_derived;        /* the room's name is what uuiData says */
    bool is_pin_hidden;     /* the hosts' PIN is not in the answer to create */
    bool takes_header;      /* uuiData may be a whole User-to-User header */
} pl_room_rules;

/* Characters that a public_secret has at least. */
enum { PL_ROOM_SECRET_MIN = 16 };

/* Whether a text can be a prefix of tags: printable ASCII that leaves room for
 * more. */
bool pl_room_prefix_is_good(const char *prefix);

/* Nothing, or 4 to 20 digits; a last # counts as one. */
bool pl_room_is_pin(pl_slice text);

extern const pl_api_op PL_OP_ROOM_CREATE;
extern const pl_api_op PL_OP_ROOM_GET;
extern const pl_api_op PL_OP_ROOM_CHANGE;
extern const pl_api_op PL_OP_ROOM_DELETE;
extern const pl_api_op PL_OP_ROOM_LIST;
extern const pl_api_op PL_OP_ROOM_FILL;
extern const pl_api_op PL_OP_ROOM_DELETE_ALL;
extern const pl_api_op PL_OP_ROOM_PUBLIC;
extern const pl_api_op PL_OP_ROOM_EVENT;
extern const pl_api_op PL_OP_ROOM_HEALTH;

/* room_answer.c - what the operations share. */

/* The answer 422 for one value. where: "query", "header", "path" or "body";
 * name NULL: all of it. Returns: PL_OK, for `return` in prepare. */
PL_MUST_USE pl_err pl_room_refuse(pl_answer *answer, const char *where,
                                  const char *name, const char *text,
                                  const char *type);
/* Make the answer of an error; false when there is none and the reply is want.
 */
bool pl_room_failed(const pl_api_call *call, pl_err e, const pl_msg_desc *want,
                    const pl_msg_desc *desc, const void *body,
                    pl_answer *answer);
/* The room as its API shows it. */
void pl_room_put(pl_jw *w, const pl_pool_room *room, bool has_pin);
/* The same with what the conference behind it has besides. */
void pl_room_put_whole(pl_jw *w, const pl_pool_room *room);

#endif
