/* fake_registrar.h - the registrar of account lines, behind the signaling
 * worker of a world. */
#ifndef PL_TEST_FAKE_REGISTRAR_H
#define PL_TEST_FAKE_REGISTRAR_H

#include "talk.h"

enum { REGISTRAR_BINDINGS = 32 };

/* A Contact that stands for a number. */
typedef struct fake_binding {
    char aor[257], contact[257], sip_call_id[256];
    uint32_t cseq;
} fake_binding;

typedef struct fake_registrar {
    world *world;
    uint32_t status;    /* refuse with it; 0: accept */
    uint32_t granted_s; /* 0: what is asked for */
    bool is_silent;     /* nobody answers */
    uint32_t retry_after_s;
    unsigned n_asked;     /* to bind or refresh */
    unsigned n_removed;   /* to remove */
    pl_sip_register last; /* as it came */
    fake_binding bindings[REGISTRAR_BINDINGS];
    size_t n;
} fake_registrar;

/* It takes what the signaling worker of the world is told from now on: call it
 * again when that one was started anew. */
void registrar_start(world *w, fake_registrar *r);
/* The binding of a number, if there is exactly one; NULL none. */
fake_binding *registrar_find(fake_registrar *r, const char *number);

#endif
