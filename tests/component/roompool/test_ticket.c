/* test_ticket.c - tickets for a session's event stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world.h"

static pl_err ask(world *w, const user *u, const char *token,
                  const char *secret, answer *a)
{
    pl_session_ticket m = {.valid_s = 30, .token_expires_ms = 4711};
    AS_CLIENT(m, token);
    PUT(m.session_id, u->session);
    PUT(m.ticket_hash, hash_of(secret));
    PL_MSG_SET(SESSION_TICKET, session_ticket, &m, session_id);
    world_ask(w, &PL_MSG_SESSION_TICKET, &m, a);
    return a->error;
}

static pl_err use(world *w, const char *session, const char *secret, answer *a)
{
    pl_session_ticket_use m = {.session_id = ""};
    PUT(m.session_id, session);
    PUT(m.ticket_hash, hash_of(secret));
    world_ask(w, &PL_MSG_SESSION_TICKET_USE, &m, a);
    return a->error;
}

static void a_ticket_says_once_whose_it_is(void **state)
{
    world w;
    user anna;
    answer a;
    (void)state;
    world_create(&w, 1);
    user_opens(&w, &anna, "anna", "t-anna");
    assert_int_equal(ask(&w, &anna, "t-anna", "one", &a), PL_OK);
    assert_int_equal(use(&w, anna.session, "other", &a), PL_EAUTH);
    assert_int_equal(use(&w, "no-session", "one", &a), PL_EAUTH);
    assert_int_equal(use(&w, anna.session, "one", &a), PL_OK);
    const pl_session_ticket_owner *owner = &a.body.owner;
    assert_string_equal(owner->client_id, "client");
    assert_string_equal(owner->token_hash, hash_of("t-anna"));
    assert_int_equal(owner->token_expires_ms, 4711);
    assert_int_equal(use(&w, anna.session, "one", &a), PL_EAUTH);
    world_destroy(&w);
}

static void a_ticket_grows_old_and_is_replaced(void **state)
{
    world w;
    user anna;
    answer a;
    (void)state;
    world_create(&w, 1);
    user_opens(&w, &anna, "anna", "t-anna");
    assert_int_equal(ask(&w, &anna, "t-anna", "one", &a), PL_OK);
    assert_int_equal(ask(&w, &anna, "t-anna", "two", &a), PL_OK);
    assert_int_equal(use(&w, anna.session, "one", &a), PL_EAUTH);
    world_run(&w, PL_MS(31000));
    assert_int_equal(use(&w, anna.session, "two", &a), PL_EAUTH);
    world_destroy(&w);
}

static void only_the_owner_gets_a_ticket(void **state)
{
    world w;
    user anna;
    answer a;
    (void)state;
    world_create(&w, 1);
    user_opens(&w, &anna, "anna", "t-anna");
    assert_int_not_equal(ask(&w, &anna, "t-eve", "one", &a), PL_OK);
    assert_int_equal(use(&w, anna.session, "one", &a), PL_EAUTH);
    world_destroy(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_says_once_whose_it_is),
        cmocka_unit_test(a_ticket_grows_old_and_is_replaced),
        cmocka_unit_test(only_the_owner_gets_a_ticket),
    };
    return cmocka_run_group_tests_name("tickets", tests, NULL, NULL);
}
