/* pool_client.c - see pool_client.h. */
#include "pool_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world.h"

#define CLIENT(m) PUT((m).client_id, "client")

void checkout_begin(world *w, const taking *t, answer *a)
{
    pl_pool_checkout m = {.present = 0};
    PUT(m.client_id, t->client ? t->client : "client");
    if (t->payload) {
        PUT(m.payload, t->payload);
        pl_fmt_cut(m.tag, sizeof m.tag, "tag:%s", t->payload);
        PL_MSG_SET(POOL_CHECKOUT, pool_checkout, &m, payload);
        PL_MSG_SET(POOL_CHECKOUT, pool_checkout, &m, tag);
    }
    if (t->key) {
        PUT(m.idempotency_key, t->key);
        PL_MSG_SET(POOL_CHECKOUT, pool_checkout, &m, idempotency_key);
    }
    if (t->name) {
        PUT(m.name, t->name);
        PL_MSG_SET(POOL_CHECKOUT, pool_checkout, &m, name);
    }
    world_send(w, w->api, &PL_MSG_POOL_CHECKOUT, &m, a);
}

pl_err checkout(world *w, const taking *t, answer *a)
{
    checkout_begin(w, t, a);
    world_wait(w, a);
    return a->error;
}

void checkout_any(world *w, answer *a)
{
    assert_int_equal(checkout(w, &(taking){.payload = NULL}, a), PL_OK);
}

pl_err pool_get(world *w, const char *name, answer *a)
{
    pl_pool_room_get m = {.present = 0};
    CLIENT(m);
    PUT(m.name, name);
    world_ask(w, &PL_MSG_POOL_ROOM_GET, &m, a);
    return a->error;
}

pl_err pool_remove(world *w, const char *name)
{
    pl_pool_room_delete m = {.present = 0};
    answer a;
    CLIENT(m);
    PUT(m.name, name);
    world_ask(w, &PL_MSG_POOL_ROOM_DELETE, &m, &a);
    return a.error;
}

pl_err pool_change(world *w, const char *name, const char *pin,
                   const char *guest_pin, const char *tag, answer *a)
{
    pl_pool_room_change m = {.present = 0};
    CLIENT(m);
    PUT(m.name, name);
    if (pin) {
        PUT(m.pin, pin);
        PL_MSG_SET(POOL_ROOM_CHANGE, pool_room_change, &m, pin);
    }
    if (guest_pin) {
        PUT(m.guest_pin, guest_pin);
        PL_MSG_SET(POOL_ROOM_CHANGE, pool_room_change, &m, guest_pin);
    }
    if (tag) {
        PUT(m.tag, tag);
        PL_MSG_SET(POOL_ROOM_CHANGE, pool_room_change, &m, tag);
    }
    world_ask(w, &PL_MSG_POOL_ROOM_CHANGE, &m, a);
    return a->error;
}

pl_err pool_next(world *w, uint64_t after, answer *a)
{
    pl_pool_room_next m = {.after_no = after};
    CLIENT(m);
    world_ask(w, &PL_MSG_POOL_ROOM_NEXT, &m, a);
    return a->error;
}

pl_err pool_add(world *w, uint32_t count)
{
    pl_pool_fill m = {.count = count};
    answer a;
    CLIENT(m);
    world_ask(w, &PL_MSG_POOL_FILL, &m, &a);
    return a.error;
}

pl_err pool_empty(world *w, answer *a)
{
    pl_pool_rooms_delete m = {.present = 0};
    CLIENT(m);
    world_ask(w, &PL_MSG_POOL_ROOMS_DELETE, &m, a);
    return a->error;
}
