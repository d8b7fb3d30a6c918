/* parrot.h - an HTTP server without TLS that says one thing to every request,
 * one connection after the other, on a thread of its own. */
#ifndef PL_TESTS_API_PARROT_H
#define PL_TESTS_API_PARROT_H

#include <pthread.h>
#include <stdatomic.h>

typedef struct parrot {
    int fd, stop[2];
    unsigned port;
    atomic_uint n; /* requests so far */
    char *says;    /* allocated; NULL: nothing, until it is stopped */
    /* Called before each answer, by the parrot's thread: may look at what was
     * heard and replace what is said; may be NULL. */
    void (*reply)(struct parrot *p);
    char heard[300000];
    pthread_t thread;
} parrot;

/* says: copied. reply: see above. */
void parrot_start(parrot *p, const char *says, void (*reply)(struct parrot *p));
void parrot_stop(parrot *p);

#endif
