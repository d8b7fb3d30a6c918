/* test_device_call_refer.c - the telephone in a device's call puts the device
 * through to another, or another calls in its place: to the device it is one
 * call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "media_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

typedef struct stage {
    world w;
    caller c;
    char id[65];    /* media session */
    char first[65]; /* the telephone's call */
} stage;

static int setup(void **state)
{
    static stage s;
    caller_in_world(&s.w, 1, &s.c);
    PUT(s.first, caller_calls(&s.w, &s.c, s.id)->id);
    assert_int_equal(
        phone_report(&s.w, s.first, PL_CALL_STATE_ANSWERED, 200, "a"), PL_OK);
    media_is(&s.w, &s.c, s.id, PL_MEDIA_STATUS_CONNECTED);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    stage *s = *state;
    world_check(&s->w);
    world_destroy(&s->w);
    return 0;
}

static void it_goes_on(stage *s, const char *second)
{
    world_run(&s->w, S);
    assert_true(sig_call(&s->w, s->first)->is_ended);
    assert_false(sig_call(&s->w, second)->is_ended);
    media_is(&s->w, &s->c, s->id, PL_MEDIA_STATUS_CONNECTED);
    world_check(&s->w);
    assert_int_equal(caller_deletes(&s->w, &s->c, s->id), 0);
    world_run(&s->w, S);
    assert_true(sig_call(&s->w, second)->is_ended);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM calls"), 0);
}

static void a_device_is_put_through(void **state)
{
    stage *s = *state;
    assert_int_equal(
        phone_refers(&s->w, s->first, "sip:dan@192.0.2.9", NULL, NULL), PL_OK);
    const fake_call *second = sig_started(&s->w);
    assert_string_equal(second->from, CALL_NUMBER); /* by the device's line */
    assert_string_equal(s->w.sig.start.next_hop, "sip:192.0.2.1");
    (void)phone_report(&s->w, second->id, PL_CALL_STATE_RINGING, 180, NULL);
    media_is(&s->w, &s->c, s->id, PL_MEDIA_STATUS_CONNECTED);
    (void)phone_report(&s->w, second->id, PL_CALL_STATE_ANSWERED, 200, "b");
    assert_int_equal(sig_call(&s->w, s->first)->referred, 200);
    it_goes_on(s, second->id);
}

static void nobody_takes_it(void **state)
{
    stage *s = *state;
    assert_int_equal(
        phone_refers(&s->w, s->first, "sip:dan@192.0.2.9", NULL, NULL), PL_OK);
    (void)phone_report(&s->w, sig_started(&s->w)->id, PL_CALL_STATE_ENDED, 486,
                       NULL);
    assert_int_equal(sig_call(&s->w, s->first)->referred, 486);
    media_is(&s->w, &s->c, s->id, PL_MEDIA_STATUS_CONNECTED);
    assert_false(sig_call(&s->w, s->first)->is_ended);
    (void)phone_report(&s->w, s->first, PL_CALL_STATE_ENDED, 0, NULL);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM calls"), 0);
}

static void who_referred_hangs_up_at_once(void **state)
{
    stage *s = *state;
    assert_int_equal(
        phone_refers(&s->w, s->first, "sip:dan@192.0.2.9", NULL, NULL), PL_OK);
    const fake_call *second = sig_started(&s->w);
    (void)phone_report(&s->w, s->first, PL_CALL_STATE_ENDED, 0, NULL);
    media_is(&s->w, &s->c, s->id, PL_MEDIA_STATUS_CONNECTED);
    (void)phone_report(&s->w, second->id, PL_CALL_STATE_ANSWERED, 200, "b");
    it_goes_on(s, second->id);
}

static void another_calls_in_its_place(void **state)
{
    stage *s = *state;
    assert_int_equal(phone_replaces(&s->w, "c2", s->first, false), PL_OK);
    assert_int_equal(sig_call(&s->w, "c2")->status, 200);
    (void)phone_report(&s->w, "c2", PL_CALL_STATE_CONFIRMED, 0, NULL);
    it_goes_on(s, "c2");
}

static void one_that_gives_up_changes_nothing(void **state)
{
    stage *s = *state;
    s->w.media[0].is_silent = true;
    assert_int_equal(phone_replaces(&s->w, "c2", s->first, false), PL_OK);
    (void)phone_report(&s->w, "c2", PL_CALL_STATE_ENDED, 487, NULL);
    s->w.media[0].is_silent = false;
    media_is(&s->w, &s->c, s->id, PL_MEDIA_STATUS_CONNECTED);
    assert_false(sig_call(&s->w, s->first)->is_ended);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_device_is_put_through),
        TEST(nobody_takes_it),
        TEST(who_referred_hangs_up_at_once),
        TEST(another_calls_in_its_place),
        TEST(one_that_gives_up_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
