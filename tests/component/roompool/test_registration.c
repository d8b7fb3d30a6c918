/* test_registration.c - devices stand for numbers of a trunk: who may, for how
 * long, how many, and how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "device_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

#define NUMBER  "+4930555100"
#define NUMBER2 "+4930555200"

static const device DEVICE = {.id = DEVICE_1};

static void fresh(world *w)
{
    world_create(w, 1);
}

static void finish(world *w)
{
    world_check(w);
    world_destroy(w);
}

static int64_t in_s(world *w, const answer *a)
{
    return (a->body.registration.expires_ms - pl_loop_wall_ms(w->loop)) / 1000;
}

static void a_device_registers_is_shown_extended_and_ends(void **state)
{
    world w;
    answer a;
    char id[65];
    (void)state;
    fresh(&w);
    assert_int_equal(device_registers(&w, &DEVICE, NUMBER, 0, &a), 0);
    assert_string_equal(a.body.registration.number, NUMBER);
    assert_string_equal(a.body.registration.device_id, DEVICE_1);
    assert_in_range(in_s(&w, &a), 3599, 3600);
    PUT(id, a.body.registration.registration_id);
    assert_int_equal(world_sql(&w,
                               "SELECT count(*) FROM v_registrations WHERE "
                               "state = 'registered' AND mode = 'trunk' AND "
                               "number = '" NUMBER "'"),
                     1);
    assert_int_equal(device_gets(&w, &DEVICE, id, &a), 0);
    assert_string_equal(a.body.registration.registration_id, id);
    world_run(&w, 600 * (int64_t)S);
    assert_int_equal(device_extends(&w, &DEVICE, id, 0, &a), 0);
    assert_in_range(in_s(&w, &a), 3599, 3600);
    assert_int_equal(device_extends(&w, &DEVICE, id, 100, &a), 0);
    assert_in_range(in_s(&w, &a), 99, 100);
    assert_non_null(pl_reg_of_number(world_pool(&w), NUMBER));
    world_check(&w);
    assert_int_equal(device_deletes(&w, &DEVICE, id), 0);
    assert_null(pl_reg_of_number(world_pool(&w), NUMBER));
    assert_int_equal(device_deletes(&w, &DEVICE, id),
                     PL_DEVICE_FAULT_NOT_FOUND);
    assert_int_equal(device_gets(&w, &DEVICE, id, NULL),
                     PL_DEVICE_FAULT_NOT_FOUND);
    assert_int_equal(device_extends(&w, &DEVICE, id, 0, NULL),
                     PL_DEVICE_FAULT_NOT_FOUND);
    assert_int_equal(world_metric(&w, PL_RM_registrations), 0);
    assert_int_equal(world_metric(&w, PL_RM_registrations_made), 1);
    assert_int_equal(world_metric(&w, PL_RM_registrations_over), 0);
    /* It is a row for administrators still, and then forgotten in memory. */
    world_run(&w, 200 * (int64_t)S);
    assert_int_equal(pl_map_count(world_pool(&w)->regs->by_id), 0);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM v_registrations WHERE "
                                   "end_reason = 'deleted'"),
                     1);
    finish(&w);
}

static void its_time_is_bounded(void **state)
{
    world w;
    answer a;
    (void)state;
    fresh(&w);
    assert_int_equal(device_registers(&w, &DEVICE, NUMBER, 59, NULL),
                     PL_DEVICE_FAULT_OUT_OF_RANGE);
    assert_int_equal(device_registers(&w, &DEVICE, NUMBER, -5, NULL),
                     PL_DEVICE_FAULT_OUT_OF_RANGE);
    assert_int_equal(device_registers(&w, &DEVICE, NUMBER, 100000, &a), 0);
    assert_in_range(in_s(&w, &a), 86399, 86400);
    const char *id = a.body.registration.registration_id;
    assert_int_equal(device_extends(&w, &DEVICE, id, 59, NULL),
                     PL_DEVICE_FAULT_OUT_OF_RANGE);
    finish(&w);
}

static void it_ends_when_it_expires(void **state)
{
    world w;
    answer a;
    (void)state;
    fresh(&w);
    assert_int_equal(device_registers(&w, &DEVICE, NUMBER, 60, &a), 0);
    world_run(&w, 59 * (int64_t)S);
    assert_non_null(pl_reg_of_number(world_pool(&w), NUMBER));
    world_run(&w, 1 * S);
    assert_null(pl_reg_of_number(world_pool(&w), NUMBER));
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM v_registrations WHERE "
                                   "end_reason = 'REGISTRATION_EXPIRED' AND "
                                   "ended_at = expires_at"),
                     1);
    assert_int_equal(world_metric(&w, PL_RM_registrations_over), 1);
    assert_int_equal(device_registers(&w, &DEVICE, NUMBER, 60, &a), 0);
    finish(&w);
}

static void only_numbers_of_ours_and_for_this_client(void **state)
{
    world w;
    answer a;
    answer b;
    const device other = {.id = DEVICE_1, .client = "other"};
    (void)state;
    world_prepare(&w);
    w.lines_text = "+4930555100 trunk domain=localhost clients=app,third\n"
                   "+4930555200 trunk domain=localhost emergency_address=no";
    world_create_at(&w, 1, NULL, NULL);
    /* the same words: whether it exists is not said */
    assert_int_equal(device_registers(&w, &DEVICE, "+4930555999", 0, &a),
                     PL_DEVICE_FAULT_PERMISSION_DENIED);
    assert_non_null(strstr(a.body.device_refused.text, "may register"));
    assert_int_equal(device_registers(&w, &other, NUMBER, 0, &b),
                     PL_DEVICE_FAULT_PERMISSION_DENIED);
    assert_string_equal(b.body.device_refused.text, a.body.device_refused.text);
    assert_int_equal(device_registers(&w, &other, NUMBER2, 0, NULL),
                     PL_DEVICE_FAULT_EMERGENCY_ADDRESS_MISSING);
    assert_int_equal(device_registers(&w, &DEVICE, NUMBER, 0, NULL), 0);
    assert_int_equal(world_metric(&w, PL_RM_devices_refused), 3);
    finish(&w);
}

/* Who sees what whom made, and that a device is registered for a number once.
 */
static void tokens_see_what_is_theirs(void **state)
{
    static const device two_legged = {.id = DEVICE_1};
    static const device alice = {.id = DEVICE_1, .subject = "alice"};
    static const device alice2 = {.id = DEVICE_2, .subject = "alice"};
    static const device bob = {.id = DEVICE_1, .subject = "bob"};
    static const device number = {.id = DEVICE_1, .token_number = NUMBER};
    static const device other = {.id = DEVICE_1, .client = "other"};
    world w;
    answer a;
    char id[65];
    char ids[16][65];
    (void)state;
    fresh(&w);
    assert_int_equal(device_registers(&w, &alice, NUMBER, 0, &a), 0);
    PUT(id, a.body.registration.registration_id);
    assert_int_equal(device_gets(&w, &alice, id, NULL), 0);
    assert_int_equal(device_gets(&w, &alice2, id, NULL), 0);
    assert_int_equal(device_gets(&w, &number, id, NULL), 0);
    const device *const strangers[] = {&two_legged, &bob, &other};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(device_gets(&w, strangers[i], id, NULL),
                         PL_DEVICE_FAULT_NOT_FOUND);
        assert_int_equal(device_deletes(&w, strangers[i], id),
                         PL_DEVICE_FAULT_NOT_FOUND);
        assert_int_equal(device_lists(&w, strangers[i], ids), 0);
    }
    assert_int_equal(device_registers(&w, &alice, NUMBER, 0, NULL),
                     PL_DEVICE_FAULT_ALREADY_EXISTS);
    assert_int_equal(device_registers(&w, &number, NUMBER, 0, NULL),
                     PL_DEVICE_FAULT_ALREADY_EXISTS);
    assert_int_equal(device_registers(&w, &alice, NUMBER2, 0, NULL), 0);
    assert_int_equal(device_registers(&w, &alice2, NUMBER, 0, NULL), 0);
    assert_int_equal(device_registers(&w, &other, NUMBER, 0, NULL), 0);
    assert_int_equal(device_lists(&w, &alice, ids), 2);
    assert_true(strcmp(ids[0], ids[1]) < 0);
    assert_int_equal(device_lists(&w, &alice2, ids), 1);
    assert_int_equal(device_lists(&w, &number, ids), 1);
    assert_int_equal(device_lists(&w, &other, ids), 1);
    /* One call rings them all, in the order in which they came. */
    unsigned n = 0;
    for (const pl_reg *reg = pl_reg_of_number(world_pool(&w), NUMBER); reg;
         reg = reg->next_same)
        n++;
    assert_int_equal(n, 3);
    world_check(&w);
    assert_int_equal(device_deletes(&w, &alice, id), 0);
    finish(&w);
}

static void users_numbers_and_devices_have_limits(void **state)
{
    static const device alice1 = {.id = DEVICE_1, .subject = "alice"};
    static const device alice2 = {.id = DEVICE_2, .subject = "alice"};
    static const device alice3 = {.id = DEVICE_3, .subject = "alice"};
    static const device bob = {.id = DEVICE_1, .subject = "bob"};
    static const device app = {.id = DEVICE_1};
    world w;
    (void)state;
    fresh(&w);
    w.config.registrations_per_user = 3;
    w.config.devices_per_user = 2;
    w.config.registrations_per_number = 3;
    assert_int_equal(device_registers(&w, &alice1, NUMBER, 0, NULL), 0);
    assert_int_equal(device_registers(&w, &alice2, NUMBER, 0, NULL), 0);
    assert_int_equal(device_registers(&w, &alice3, NUMBER2, 0, NULL),
                     PL_DEVICE_FAULT_MAX_DEVICES_PER_USER);
    assert_int_equal(device_registers(&w, &alice1, NUMBER2, 0, NULL), 0);
    assert_int_equal(device_registers(&w, &alice2, NUMBER2, 0, NULL),
                     PL_DEVICE_FAULT_MAX_REGISTRATION_PER_USER);
    assert_int_equal(device_registers(&w, &bob, NUMBER, 0, NULL), 0);
    assert_int_equal(device_registers(&w, &app, NUMBER, 0, NULL),
                     PL_DEVICE_FAULT_MAX_REGISTRATION_PER_MSISDN);
    /* Without a user the device is what is limited. */
    assert_int_equal(device_registers(&w, &app, "+4930555001", 0, NULL), 0);
    assert_int_equal(device_registers(&w, &app, "+4930555002", 0, NULL), 0);
    assert_int_equal(device_registers(&w, &app, "+4930555003", 0, NULL), 0);
    assert_int_equal(device_registers(&w, &app, "+4930555004", 0, NULL),
                     PL_DEVICE_FAULT_MAX_REGISTRATION_PER_USER);
    w.config.max_registrations = 1;
    assert_int_equal(
        device_registers(&w, &(device){.id = DEVICE_2, .client = "third"},
                         "+4930555005", 0, NULL),
        PL_DEVICE_FAULT_UNAVAILABLE);
    finish(&w);
}

static void a_restart_keeps_them(void **state)
{
    world w;
    answer a;
    char id[65];
    (void)state;
    fresh(&w);
    assert_int_equal(device_registers(&w, &DEVICE, NUMBER, 100, &a), 0);
    PUT(id, a.body.registration.registration_id);
    assert_int_equal(device_registers(&w, &DEVICE, NUMBER2, 60, &a), 0);
    world_kill_roompool(&w);
    world_run(&w, 70 * (int64_t)S);
    world_start_roompool(&w);
    world_send_inventory(&w);
    world_check(&w);
    assert_int_equal(device_gets(&w, &DEVICE, id, NULL), 0);
    assert_non_null(pl_reg_of_number(world_pool(&w), NUMBER));
    /* The other expired meanwhile. */
    assert_null(pl_reg_of_number(world_pool(&w), NUMBER2));
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM v_registrations WHERE "
                                   "end_reason = 'REGISTRATION_EXPIRED'"),
                     1);
    /* Its calls have their time from then on. */
    world_run(&w, 200 * (int64_t)S);
    world_check(&w);
    assert_int_equal(pl_map_count(world_pool(&w)->regs->by_id), 0);
    finish(&w);
}

static void a_number_that_is_ours_no_more_ends_it(void **state)
{
    world w;
    (void)state;
    fresh(&w);
    assert_int_equal(device_registers(&w, &DEVICE, NUMBER, 0, NULL), 0);
    assert_int_equal(device_registers(&w, &DEVICE, "+4930666100", 0, NULL), 0);
    world_kill_roompool(&w);
    w.lines_text = "+4930666* trunk domain=localhost";
    world_start_roompool(&w);
    world_send_inventory(&w);
    world_run(&w, 10 * MS);
    assert_null(pl_reg_of_number(world_pool(&w), NUMBER));
    assert_non_null(pl_reg_of_number(world_pool(&w), "+4930666100"));
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM v_registrations WHERE "
                                   "end_reason = 'NETWORK_TERMINATED'"),
                     1);
    finish(&w);
}

static void rows_of_the_past_are_pruned(void **state)
{
    world w;
    (void)state;
    fresh(&w);
    assert_int_equal(device_registers(&w, &DEVICE, NUMBER, 60, NULL), 0);
    assert_int_equal(device_registers(&w, &DEVICE, NUMBER2, 0, NULL), 0);
    world_run(&w, 61 * (int64_t)S);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM registrations"), 2);
    world_kill_roompool(&w);
    world_write(&w, "UPDATE registrations SET ended_at = "
                    "'2020-01-01T00:00:00.000Z' WHERE ended_at IS NOT NULL");
    world_start_roompool(&w);
    world_send_inventory(&w);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM registrations"), 1);
    assert_non_null(pl_reg_of_number(world_pool(&w), NUMBER2));
    finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_registers_is_shown_extended_and_ends),
        cmocka_unit_test(its_time_is_bounded),
        cmocka_unit_test(it_ends_when_it_expires),
        cmocka_unit_test(only_numbers_of_ours_and_for_this_client),
        cmocka_unit_test(tokens_see_what_is_theirs),
        cmocka_unit_test(users_numbers_and_devices_have_limits),
        cmocka_unit_test(a_restart_keeps_them),
        cmocka_unit_test(a_number_that_is_ours_no_more_ends_it),
        cmocka_unit_test(rows_of_the_past_are_pruned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
