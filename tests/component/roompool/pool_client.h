/* pool_client.h - the room API behind the front end: managed rooms are taken,
 * read, changed, removed. */
#ifndef PL_TEST_POOL_CLIENT_H
#define PL_TEST_POOL_CLIENT_H

#include "talk.h"

/* A check-out; NULL: not given. */
typedef struct taking {
    const char *payload, *key, *name, *client;
} taking;

/* Sent and not waited for; the room's tag will be "tag:<payload>". */
void checkout_begin(world *w, const taking *t, answer *a);
pl_err checkout(world *w, const taking *t, answer *a);
/* Without anything; it must succeed. */
void checkout_any(world *w, answer *a);
pl_err pool_get(world *w, const char *name, answer *a);
pl_err pool_remove(world *w, const char *name);
/* NULL: stays. */
pl_err pool_change(world *w, const char *name, const char *pin,
                   const char *guest_pin, const char *tag, answer *a);
pl_err pool_next(world *w, uint64_t after, answer *a);
pl_err pool_add(world *w, uint32_t count);
pl_err pool_empty(world *w, answer *a);

#endif
