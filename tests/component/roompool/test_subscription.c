/* test_subscription.c - subscriptions as objects: who may make, see, change
 * and end them, and how they end by themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_notify.h"

enum { MS = 1000, S = 1000000 };

static int64_t now_ms(world *w)
{
    return pl_glue_now(w->glue).wall_ms;
}

static void is_made_and_shown(void **state)
{
    (void)state;
    world w;
    pl_subscription_create m;
    answer a;
    char id[PL_ID_MAX + 1];
    world_create(&w, 1);
    int64_t at = now_ms(&w);
    notify_fill(&m);
    m.expires_ms = at + 3600000;
    m.max_events = 5;
    PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, &m, expires_ms);
    PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, &m, max_events);
    m.initial_event = false;
    PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, &m, initial_event);
    PUT(m.registration_id, "r1");
    PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, &m, registration_id);
    notify_makes(&w, &m, id);
    assert_int_equal(strlen(id), 36);
    assert_int_equal(notify_looks(&w, id, &a), 0);
    const pl_subscription *s = &a.body.subscription;
    assert_string_equal(s->subscription_id, id);
    assert_int_equal(s->api, PL_NOTIFY_API_EVENTS);
    assert_int_equal(s->types, 7);
    assert_string_equal(s->sink, NOTIFY_SINK);
    assert_string_equal(s->device_id, NOTIFY_DEVICE);
    assert_string_equal(s->registration_id, "r1");
    assert_int_equal(s->status, PL_SUBSCRIPTION_STATUS_ACTIVE);
    assert_true(s->starts_ms >= at && s->starts_ms <= at + 1000);
    assert_int_equal(s->expires_ms, m.expires_ms);
    assert_int_equal(s->asked_expires_ms, m.expires_ms);
    assert_int_equal(s->max_events, 5);
    assert_true(PL_MSG_HAS(SUBSCRIPTION, subscription, s, initial_event));
    assert_false(s->initial_event);
    assert_int_equal(world_metric(&w, PL_RM_subscriptions), 1);
    /* It is there after a restart, and the view shows no token. */
    world_kill_roompool(&w);
    world_start_roompool(&w);
    world_send_inventory(&w);
    assert_int_equal(notify_looks(&w, id, &a), 0);
    assert_int_equal(a.body.subscription.expires_ms, m.expires_ms);
    assert_int_equal(world_sql(&w,
                               "SELECT count(*) FROM pragma_table_info("
                               "'v_subscriptions') WHERE name LIKE '%token%'"),
                     0);
    world_check(&w);
    world_destroy(&w);
}

static uint32_t looks_as(world *w, const char *client, const char *subject,
                         const char *id)
{
    pl_subscription_get m = {.present = 0};
    answer a;
    PUT(m.client_id, client);
    PUT(m.subject, subject);
    if (subject[0])
        PL_MSG_SET(SUBSCRIPTION_GET, subscription_get, &m, subject);
    PUT(m.subscription_id, id);
    world_ask(w, &PL_MSG_SUBSCRIPTION_GET, &m, &a);
    return a.desc == &PL_MSG_DEVICE_REFUSED ? a.body.device_refused.fault : 0;
}

/* How many of theirs are listed, in the order of their ids. */
static unsigned count_of(world *w, const char *client, const char *subject)
{
    pl_subscription_next m = {.present = 0};
    answer a;
    unsigned n = 0;
    PUT(m.client_id, client);
    PUT(m.subject, subject);
    if (subject[0])
        PL_MSG_SET(SUBSCRIPTION_NEXT, subscription_next, &m, subject);
    for (;; n++) {
        world_ask(w, &PL_MSG_SUBSCRIPTION_NEXT, &m, &a);
        if (a.error)
            break;
        assert_true(strcmp(a.body.subscription.subscription_id, m.after_id) >
                    0);
        PUT(m.after_id, a.body.subscription.subscription_id);
        PL_MSG_SET(SUBSCRIPTION_NEXT, subscription_next, &m, after_id);
    }
    assert_int_equal(a.error, PL_ENOENT);
    return n;
}

static void belongs_to_its_owner(void **state)
{
    (void)state;
    world w;
    pl_subscription_create m;
    answer a;
    char id[PL_ID_MAX + 1];
    world_create(&w, 1);
    notify_fill(&m);
    notify_makes(&w, &m, id);
    assert_int_equal(looks_as(&w, "app", "ann", id), 0);
    assert_int_equal(looks_as(&w, "app", "bob", id), PL_DEVICE_FAULT_NOT_FOUND);
    assert_int_equal(looks_as(&w, "app", "", id), PL_DEVICE_FAULT_NOT_FOUND);
    assert_int_equal(looks_as(&w, "pad", "ann", id), PL_DEVICE_FAULT_NOT_FOUND);
    assert_int_equal(looks_as(&w, "app", "ann", "x"),
                     PL_DEVICE_FAULT_NOT_FOUND);
    PUT(m.sink, "https://sink.example/2");
    notify_makes(&w, &m, id);
    PUT(m.subject, "bob");
    notify_makes(&w, &m, id);
    assert_int_equal(count_of(&w, "app", "ann"), 2);
    assert_int_equal(count_of(&w, "app", "bob"), 1);
    assert_int_equal(count_of(&w, "app", ""), 0);
    assert_int_equal(notify_deletes(&w, id), PL_DEVICE_FAULT_NOT_FOUND);
    /* A number stands for a user, too. */
    notify_fill(&m);
    m.present &= ~m.present;
    m.subject[0] = '\0';
    PUT(m.token_number, "+4930555100");
    PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, &m, token_number);
    assert_int_equal(notify_subscribes(&w, &m, &a), 0);
    assert_int_equal(count_of(&w, "app", "+4930555100"), 1);
    world_destroy(&w);
}

static void is_refused(void **state)
{
    (void)state;
    world w;
    pl_subscription_create m;
    answer a;
    char id[PL_ID_MAX + 1];
    world_create(&w, 1);
    w.config.subscription_max_per_owner = 3;
    w.config.subscription_max = 4;
    notify_fill(&m);
    m.types = NOTIFY_STATUS | NOTIFY_ENDS;
    notify_makes(&w, &m, id);
    assert_int_equal(notify_subscribes(&w, &m, &a),
                     PL_DEVICE_FAULT_ALREADY_EXISTS);
    m.types = NOTIFY_ENDS | NOTIFY_INVITATION;
    assert_int_equal(notify_subscribes(&w, &m, &a),
                     PL_DEVICE_FAULT_ALREADY_EXISTS);
    m.types = NOTIFY_INVITATION; /* no type in common */
    notify_makes(&w, &m, id);
    w.config.subscription_unique = false;
    notify_makes(&w, &m, id);
    assert_int_equal(notify_subscribes(&w, &m, &a),
                     PL_DEVICE_FAULT_QUOTA_EXCEEDED);
    PUT(m.subject, "bob");
    m.expires_ms = now_ms(&w);
    PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, &m, expires_ms);
    assert_int_equal(notify_subscribes(&w, &m, &a),
                     PL_DEVICE_FAULT_INVALID_ARGUMENT);
    m.expires_ms = now_ms(&w) + INT64_C(400) * 86400000; /* is capped */
    PUT(m.sink, "http://sink.example/");
    assert_int_equal(notify_subscribes(&w, &m, &a),
                     PL_DEVICE_FAULT_INVALID_SINK);
    PUT(m.sink, "https://me@sink.example/");
    assert_int_equal(notify_subscribes(&w, &m, &a),
                     PL_DEVICE_FAULT_INVALID_SINK);
    PUT(m.sink, NOTIFY_SINK);
    assert_int_equal(notify_subscribes(&w, &m, &a), 0);
    assert_true(a.body.subscription.expires_ms <=
                now_ms(&w) + INT64_C(1000) * w.config.subscription_max_s);
    assert_int_equal(a.body.subscription.asked_expires_ms, m.expires_ms);
    assert_int_equal(notify_subscribes(&w, &m, &a),
                     PL_DEVICE_FAULT_TOO_MANY_REQUESTS);
    assert_true(a.body.device_refused.retry_after_s > 0);
    world_destroy(&w);
}

static uint32_t changes(world *w, const char *id, const char *token,
                        int64_t token_ms, int64_t expires_ms, answer *a)
{
    pl_subscription_change m = {.present = 0};
    PUT(m.client_id, "app");
    PUT(m.subject, "ann");
    PL_MSG_SET(SUBSCRIPTION_CHANGE, subscription_change, &m, subject);
    PUT(m.subscription_id, id);
    if (token) {
        PUT(m.access_token, token);
        m.token_expires_ms = token_ms;
        PL_MSG_SET(SUBSCRIPTION_CHANGE, subscription_change, &m, access_token);
        PL_MSG_SET(SUBSCRIPTION_CHANGE, subscription_change, &m,
                   token_expires_ms);
    }
    if (expires_ms) {
        m.expires_ms = expires_ms;
        PL_MSG_SET(SUBSCRIPTION_CHANGE, subscription_change, &m, expires_ms);
    }
    world_ask(w, &PL_MSG_SUBSCRIPTION_CHANGE, &m, a);
    world_check(w);
    return a->desc == &PL_MSG_DEVICE_REFUSED ? a->body.device_refused.fault : 0;
}

static void is_changed_and_expires(void **state)
{
    (void)state;
    world w;
    pl_subscription_create m;
    answer a;
    char id[PL_ID_MAX + 1];
    world_create(&w, 1);
    int64_t at = now_ms(&w);
    notify_fill(&m);
    m.expires_ms = at + 20000;
    PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, &m, expires_ms);
    notify_makes(&w, &m, id);
    assert_int_equal(changes(&w, id, NULL, 0, 0, &a),
                     PL_DEVICE_FAULT_INVALID_ARGUMENT);
    assert_int_equal(changes(&w, id, NULL, 0, at - 1, &a),
                     PL_DEVICE_FAULT_INVALID_ARGUMENT);
    assert_int_equal(changes(&w, id, NULL, 0, at + 40000, &a), 0);
    assert_int_equal(a.body.subscription.expires_ms, at + 40000);
    notify_is_quiet(&w, 35 * (int64_t)S);
    world_run(&w, 5 * S);
    notify_ended(&w, "SUBSCRIPTION_EXPIRED");
    assert_int_equal(notify_looks(&w, id, &a), 0);
    assert_int_equal(a.body.subscription.status,
                     PL_SUBSCRIPTION_STATUS_EXPIRED);
    assert_int_equal(changes(&w, id, NULL, 0, at + 90000, &a),
                     PL_DEVICE_FAULT_SERVICE_NOT_APPLICABLE);
    /* Its token is not kept. */
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM subscriptions "
                                   "WHERE access_token <> ''"),
                     0);
    assert_int_equal(world_metric(&w, PL_RM_subscriptions), 0);
    world_run(&w, 290 * (int64_t)S);
    assert_int_equal(notify_looks(&w, id, &a), 0);
    world_run(&w, 10 * S);
    assert_int_equal(notify_looks(&w, id, &a), PL_DEVICE_FAULT_NOT_FOUND);
    world_check(&w);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM subscriptions"), 0);
    world_destroy(&w);
}

static void ends_with_its_token(void **state)
{
    (void)state;
    world w;
    pl_subscription_create m;
    answer a;
    char id[PL_ID_MAX + 1];
    world_create(&w, 1);
    int64_t at = now_ms(&w);
    notify_fill(&m);
    m.token_expires_ms = at + 30000;
    PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, &m, token_expires_ms);
    notify_makes(&w, &m, id);
    notify_is_quiet(&w, 15 * S);
    /* A new one in time. */
    assert_int_equal(changes(&w, id, "t1", at + 60000, 0, &a), 0);
    notify_is_quiet(&w, 30 * S);
    world_run(&w, 6 * S);
    notified n;
    notify_takes(&w, "subscription-ended", &n);
    notify_has(&n, "'ACCESS_TOKEN_EXPIRED'");
    notify_has(&n, id);
    assert_string_equal(n.request->secret, "t1");
    assert_true(now_ms(&w) < at + 60000); /* while it still works */
    assert_int_equal(notify_looks(&w, id, &a), 0);
    assert_int_equal(a.body.subscription.status,
                     PL_SUBSCRIPTION_STATUS_EXPIRED);
    /* Its owner need not see it any longer. */
    assert_int_equal(notify_deletes(&w, id), 0);
    assert_int_equal(notify_looks(&w, id, &a), PL_DEVICE_FAULT_NOT_FOUND);
    notify_is_quiet(&w, 5 * S);
    /* One whose token is over from the start. */
    m.token_expires_ms = at;
    notify_makes(&w, &m, id);
    notify_ended(&w, "ACCESS_TOKEN_EXPIRED");
    world_destroy(&w);
}

static void is_deleted(void **state)
{
    (void)state;
    world w;
    pl_subscription_create m;
    notified n;
    answer a;
    char id[PL_ID_MAX + 1];
    world_create(&w, 1);
    notify_fill(&m);
    notify_makes(&w, &m, id);
    notify_status(&w, "Ringing", 1);
    notify_status(&w, "Connected", 2);
    assert_true(notify_hears(&w, S, "session-status", &n));
    assert_int_equal(notify_deletes(&w, id), 0);
    assert_int_equal(notify_looks(&w, id, &a), PL_DEVICE_FAULT_NOT_FOUND);
    assert_int_equal(notify_deletes(&w, id), PL_DEVICE_FAULT_NOT_FOUND);
    web_answer(&w, n.request, 204, NULL);
    /* What waited is not told any more. */
    notify_ended(&w, "SUBSCRIPTION_DELETED");
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM subscriptions"), 0);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM notifications"), 0);
    notify_is_quiet(&w, 5 * S);
    world_destroy(&w);
}

static void those_that_are_over_make_room(void **state)
{
    (void)state;
    world w;
    pl_subscription_create m;
    answer a;
    char id[PL_ID_MAX + 1];
    world_create(&w, 1);
    w.config.subscription_max_per_owner = 1;
    notify_fill(&m);
    for (int i = 0; i < 3; i++) {
        notified n;
        notify_makes(&w, &m, id);
        assert_int_equal(notify_subscribes(&w, &m, &a),
                         PL_DEVICE_FAULT_ALREADY_EXISTS);
        notify_status(&w, "Ringing", 1);
        assert_true(notify_hears(&w, S, "session-status", &n));
        web_answer(&w, n.request, 401, NULL);
        assert_int_equal(notify_looks(&w, id, &a), 0);
    }
    world_check(&w);
    world_destroy(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_made_and_shown),
        cmocka_unit_test(belongs_to_its_owner),
        cmocka_unit_test(is_refused),
        cmocka_unit_test(is_changed_and_expires),
        cmocka_unit_test(ends_with_its_token),
        cmocka_unit_test(is_deleted),
        cmocka_unit_test(those_that_are_over_make_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
