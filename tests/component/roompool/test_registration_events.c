/* test_registration_events.c - what applications are told when registrations
 * end, and how long their calls go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_registrar.h"
#include "media_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

#define STATUS(s) PL_MEDIA_STATUS_##s
#define ACCOUNT   "+4930777100"

/* ---- events ---- */

static void expiry_is_told(void **state)
{
    world w;
    caller c;
    notified n;
    char member[128];
    (void)state;
    caller_in_world(&w, 1, &c);
    assert_int_equal(device_extends(&w, &c.who, c.registration, 60, NULL), 0);
    notify_is_quiet(&w, 59 * S);
    assert_true(notify_hears(&w, 2 * S, "registration-ends", &n));
    pl_fmt_cut(member, sizeof member, "'registrationId':'%s'", c.registration);
    notify_has(&n, member);
    notify_has(&n, "'terminationReason':'REGISTRATION_EXPIRED'");
    notify_has(&n, "'terminationDescription':'The registration ended: it "
                   "reached expiresAt.'");
    web_answer(&w, n.request, 204, NULL);
    notify_is_quiet(&w, 100 * S);
    world_check(&w);
    world_destroy(&w);
}

static void deleting_is_not(void **state)
{
    world w;
    caller c;
    (void)state;
    caller_in_world(&w, 1, &c);
    assert_int_equal(device_deletes(&w, &c.who, c.registration), 0);
    notify_is_quiet(&w, 300 * S);
    world_destroy(&w);
}

static void loss_is_told(void **state)
{
    static fake_registrar r;
    world w;
    caller c;
    notified n;
    (void)state;
    r = (fake_registrar){.n = 0};
    world_create(&w, 1);
    registrar_start(&w, &r);
    caller_begins(&w, &c, NOTIFY_DEVICE, ACCOUNT, NOTIFY_SINK);
    assert_int_equal(device_extends(&w, &c.who, c.registration, 4000, NULL), 0);
    r.status = 403;
    notify_is_quiet(&w, 2990 * (int64_t)S);
    assert_true(notify_hears(&w, 15 * S, "registration-ends", &n));
    notify_has(&n, "'terminationReason':'NETWORK_TERMINATED'");
    web_answer(&w, n.request, 204, NULL);
    world_check(&w);
    world_destroy(&w);
}

/* An event that could not be sent before roompool was killed. */
static void what_ended_while_roompool_was_away_is_told(void **state)
{
    world w;
    caller c;
    notified n;
    (void)state;
    caller_in_world(&w, 1, &c);
    assert_int_equal(device_extends(&w, &c.who, c.registration, 60, NULL), 0);
    world_kill_roompool(&w);
    world_run(&w, 100 * S);
    world_start_roompool(&w);
    world_send_inventory(&w);
    assert_true(notify_hears(&w, 5 * S, "registration-ends", &n));
    notify_has(&n, "'terminationReason':'REGISTRATION_EXPIRED'");
    web_answer(&w, n.request, 204, NULL);
    world_destroy(&w);
}

/* ---- calls ---- */

/* A connected call of a registration that has 60 s yet. */
static fake_call *talk(world *w, caller *c, char *id)
{
    caller_in_world(w, 1, c);
    assert_int_equal(device_extends(w, &c->who, c->registration, 60, NULL), 0);
    fake_call *call = caller_calls(w, c, id);
    char call_id[65];
    PUT(call_id, call->id);
    assert_int_equal(
        phone_report(w, call_id, PL_CALL_STATE_ANSWERED, 200, "phone"), PL_OK);
    assert_int_equal(phone_report(w, call_id, PL_CALL_STATE_CONFIRMED, 0, NULL),
                     PL_OK);
    media_is(w, c, id, STATUS(CONNECTED));
    return sig_call(w, call_id);
}

static void take_all(world *w)
{
    web_request *r;
    while ((r = web_next(w, 100 * MS)) != NULL)
        web_answer(w, r, 204, NULL);
}

static void calls_go_on_for_a_while_after_expiry(void **state)
{
    world w;
    caller c;
    char id[65];
    (void)state;
    const fake_call *call = talk(&w, &c, id);
    take_all(&w);
    world_run(&w, 61 * S);
    assert_null(pl_reg_of_number(world_pool(&w), CALL_NUMBER));
    take_all(&w);
    world_run(&w, 25 * S);
    assert_false(call->is_ended);
    media_is(&w, &c, id, STATUS(CONNECTED));
    world_run(&w, 10 * S);
    assert_true(call->is_ended);
    caller_hears(&w, &c, STATUS(TERMINATED), 2, NULL, NULL);
    world_check(&w);
    world_run(&w, 300 * S);
    world_check(&w);
    assert_int_equal(pl_map_count(world_pool(&w)->regs->by_id), 0);
    world_destroy(&w);
}

static void calls_end_with_a_deleted_registration(void **state)
{
    world w;
    caller c;
    char id[65];
    (void)state;
    const fake_call *call = talk(&w, &c, id);
    take_all(&w);
    assert_int_equal(device_deletes(&w, &c.who, c.registration), 0);
    world_run(&w, 10 * MS);
    assert_true(call->is_ended);
    caller_hears(&w, &c, STATUS(TERMINATED), 2, NULL, NULL);
    world_check(&w);
    world_destroy(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expiry_is_told),
        cmocka_unit_test(deleting_is_not),
        cmocka_unit_test(loss_is_told),
        cmocka_unit_test(what_ended_while_roompool_was_away_is_told),
        cmocka_unit_test(calls_go_on_for_a_while_after_expiry),
        cmocka_unit_test(calls_end_with_a_deleted_registration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
