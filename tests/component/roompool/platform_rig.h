/* platform_rig.h - a roompool whose pool lives on another platform, which is
 * the fake one here: for the tests of that. */
#ifndef PL_TESTS_PLATFORM_RIG_H
#define PL_TESTS_PLATFORM_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/vmr.h"
#include "fake_page.h"
#include "fake_platform.h"
#include "pool_client.h"

enum { MS = 1000, S = 1000000, TARGET = 4, MAX = 8 };
enum {
    GET = PL_FETCH_METHOD_GET,
    POST = PL_FETCH_METHOD_POST,
    PATCH = PL_FETCH_METHOD_PATCH,
    DELETE = PL_FETCH_METHOD_DELETE
};

extern fake_platform platform;

/* Start both; set may change the configuration first, or is NULL. */
void platform_world(world *w, void (*set)(world *w));
/* As fixtures of cmocka; *state is the world. */
int platform_setup(void **state);
int platform_teardown(void **state);

/* Rooms of the pool in that state; rows that still have something to do. */
int64_t pool_count(world *w, const char *pool_state);
int64_t n_todo(world *w);
/* The room of that name, which must be there, and its state. */
pl_vmr *vmr_of(world *w, const char *name);
uint32_t state_of(world *w, const char *name);
/* kill -9, and three seconds after it. */
void restart_roompool(world *w);
/* Both sides have the same rooms; no two there have one name. */
void check_same(world *w);
void no_name_twice(void);
/* Check a room out; it must succeed. */
pl_err take(world *w, const char *payload, answer *a);
void takes(world *w, const char *payload, answer *a);

#endif
