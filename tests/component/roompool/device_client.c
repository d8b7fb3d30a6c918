/* device_client.c - see device_client.h. */
#include "device_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

uint32_t device_fault(const answer *a)
{
    assert_true(a->is_done);
    assert_int_equal(a->error, PL_OK);
    if (a->desc != &PL_MSG_DEVICE_REFUSED)
        return PL_DEVICE_FAULT_UNKNOWN;
    assert_true(a->body.device_refused.text[0] != '\0');
    return a->body.device_refused.fault;
}

static uint32_t ask(world *w, const pl_msg_desc *desc, const void *m, answer *a)
{
    answer mine;
    answer *to = a ? a : &mine;
    world_ask(w, desc, m, to);
    uint32_t fault = device_fault(to);
    if (!fault && desc != &PL_MSG_REGISTRATION_DELETE)
        assert_ptr_equal(to->desc, &PL_MSG_REGISTRATION);
    return fault;
}

static pl_registration_create creation(const device *d, const char *number)
{
    pl_registration_create m = {.present = 0};
    AS_DEVICE(REGISTRATION_CREATE, registration_create, m, d);
    PUT(m.device_id, d->id ? d->id : DEVICE_1);
    PUT(m.number, number);
    return m;
}

uint32_t device_registers(world *w, const device *d, const char *number,
                          int64_t life_s, answer *a)
{
    pl_registration_create m = creation(d, number);
    if (life_s) {
        m.expires_ms = pl_loop_wall_ms(w->loop) + life_s * 1000;
        PL_MSG_SET(REGISTRATION_CREATE, registration_create, &m, expires_ms);
    }
    return ask(w, &PL_MSG_REGISTRATION_CREATE, &m, a);
}

void device_begins(world *w, const device *d, const char *number, answer *a)
{
    pl_registration_create m = creation(d, number);
    world_send(w, w->api, &PL_MSG_REGISTRATION_CREATE, &m, a);
}

uint32_t device_gets(world *w, const device *d, const char *id, answer *a)
{
    pl_registration_get m = {.present = 0};
    AS_DEVICE(REGISTRATION_GET, registration_get, m, d);
    PUT(m.registration_id, id);
    return ask(w, &PL_MSG_REGISTRATION_GET, &m, a);
}

uint32_t device_extends(world *w, const device *d, const char *id,
                        int64_t life_s, answer *a)
{
    pl_registration_refresh m = {.present = 0};
    AS_DEVICE(REGISTRATION_REFRESH, registration_refresh, m, d);
    PUT(m.registration_id, id);
    if (life_s) {
        m.expires_ms = pl_loop_wall_ms(w->loop) + life_s * 1000;
        PL_MSG_SET(REGISTRATION_REFRESH, registration_refresh, &m, expires_ms);
    }
    return ask(w, &PL_MSG_REGISTRATION_REFRESH, &m, a);
}

uint32_t device_deletes(world *w, const device *d, const char *id)
{
    pl_registration_delete m = {.present = 0};
    AS_DEVICE(REGISTRATION_DELETE, registration_delete, m, d);
    PUT(m.registration_id, id);
    return ask(w, &PL_MSG_REGISTRATION_DELETE, &m, NULL);
}

unsigned device_lists(world *w, const device *d, char ids[16][65])
{
    pl_registration_next m = {.present = 0};
    AS_DEVICE(REGISTRATION_NEXT, registration_next, m, d);
    PUT(m.device_id, d->id ? d->id : DEVICE_1);
    for (unsigned n = 0; n < 16; n++) {
        answer a;
        world_ask(w, &PL_MSG_REGISTRATION_NEXT, &m, &a);
        if (a.error) {
            assert_int_equal(a.error, PL_ENOENT);
            return n;
        }
        pl_fmt_cut(ids[n], 65, "%s", a.body.registration.registration_id);
        PUT(m.after_id, ids[n]);
        PL_MSG_SET(REGISTRATION_NEXT, registration_next, &m, after_id);
    }
    fail_msg("no end");
    return 0;
}
