/* test_notify.c - events of devices on the way to their sinks: what is sent,
 * to whom, in which order, again until when, and what ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/device/notify.h"
#include "core/device/subscription.h"
#include "fake_notify.h"
#include "relay_client.h"

enum { MS = 1000, S = 1000000 };

/* A world with one subscription, ready. */
static void begin(world *w, char *id)
{
    pl_subscription_create m;
    world_create(w, 1);
    notify_fill(&m);
    notify_makes(w, &m, id);
}

static void invites(world *w, const char *call)
{
    char json[256];
    pl_reg reg = notify_reg();
    pl_fmt_cut(json, sizeof json,
               "{'mediaSessionId':'%s','status':'Initial',"
               "'sequenceNumber':1,'offer':{'sdp':'v=0\\r\\n'}}",
               call);
    notify_happens(w, &reg, PL_NOTIFY_TYPE_SESSION_INVITATION, call, json);
}

/* Takes a status with this number. */
static void takes_status(world *w, int seq)
{
    notified n;
    char member[64];
    pl_fmt_cut(member, sizeof member, "'sequenceNumber':%d", seq);
    notify_takes(w, ".v0.session-status", &n);
    notify_has(&n, member);
}

static void answers(world *w, notified *n, uint32_t status)
{
    assert_true(notify_hears(w, 2 * S, NULL, n));
    web_answer(w, n->request, status, NULL);
    world_check(w);
}

static uint32_t status_of(world *w, const char *id)
{
    answer a;
    uint32_t fault = notify_looks(w, id, &a);
    return fault ? 0 : a.body.subscription.status;
}

/* ---- what is sent ---- */

static void an_event_is_sent(void **state)
{
    (void)state;
    world w;
    notified n;
    char id[PL_ID_MAX + 1], time[32];
    begin(&w, id);
    pl_time_text(pl_glue_now(w.glue).wall_ms, time);
    invites(&w, "m1");
    assert_true(notify_hears(&w, S, "session-invitation", &n));
    const web_request *r = n.request;
    assert_string_equal(
        n.type, "org.camaraproject.webrtc-events.v0.session-invitation");
    assert_int_equal(strncmp(n.time, time, 19), 0);
    notify_has(&n, id);
    notify_has(&n, "'mediaSessionId':'m1'");
    notify_has(&n, "'sdp':'v=0\\r\\n'");
    assert_string_equal(r->url, NOTIFY_SINK);
    assert_int_equal(r->method, PL_FETCH_METHOD_POST);
    assert_int_equal(r->auth, PL_FETCH_AUTH_BEARER);
    assert_string_equal(r->secret, "t0");
    assert_int_equal(strlen(r->correlator), 36);
    assert_int_equal(r->timeout_ms, 10000);
    assert_int_equal(r->connect_ms, 3000);
    assert_false(r->any_certificate || r->configured);
    web_answer(&w, n.request, 204, NULL);
    assert_int_equal(world_sql(&w, "SELECT delivered FROM v_subscriptions"), 1);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM notifications"), 0);
    assert_int_equal(world_metric(&w, PL_RM_notify_delivered), 1);
    assert_int_equal(world_metric(&w, PL_RM_notify_waiting), 0);
    notify_is_quiet(&w, S);
    world_destroy(&w);
}

static void the_other_api_and_no_token(void **state)
{
    (void)state;
    world w;
    notified n;
    pl_subscription_create m;
    char id[PL_ID_MAX + 1];
    world_create(&w, 1);
    notify_fill(&m);
    m.api = PL_NOTIFY_API_SUBSCRIPTIONS;
    m.access_token[0] = '\0';
    notify_makes(&w, &m, id);
    pl_reg reg = notify_reg();
    notify_happens(&w, &reg, PL_NOTIFY_TYPE_REGISTRATION_ENDS, "",
                   "{'registrationId':'r','terminationReason':"
                   "'REGISTRATION_EXPIRED'}");
    notify_takes(&w, "registration-ends", &n);
    assert_string_equal(n.type, "org.camaraproject.webrtc-events-subscriptions."
                                "v0.registration-ends");
    assert_int_equal(n.request->auth, 0);
    assert_string_equal(n.request->secret, "");
    /* No object: nothing can be made of it. */
    notify_happens(&w, &reg, PL_NOTIFY_TYPE_REGISTRATION_ENDS, "", "[]");
    notify_happens(&w, &reg, PL_NOTIFY_TYPE_REGISTRATION_ENDS, "", "{}");
    notify_takes(&w, "registration-ends", &n);
    assert_int_equal(world_metric(&w, PL_RM_notify_dropped), 1);
    notify_is_quiet(&w, S);
    world_destroy(&w);
}

static void told_to_whom(void **state)
{
    (void)state;
    world w;
    pl_subscription_create m;
    pl_reg reg = notify_reg();
    char id[PL_ID_MAX + 1];
    world_create(&w, 1);
    notify_fill(&m);
    m.types = NOTIFY_STATUS;
    notify_makes(&w, &m, id);
    const pl_pool *pool = world_pool(&w);
    assert_true(pl_notify_has(pool, &reg, PL_NOTIFY_TYPE_SESSION_STATUS));
    assert_false(pl_notify_has(pool, &reg, PL_NOTIFY_TYPE_SESSION_INVITATION));
    invites(&w, "m1");
    PUT(reg.row.subject, "bob");
    assert_false(pl_notify_has(pool, &reg, PL_NOTIFY_TYPE_SESSION_STATUS));
    PUT(reg.row.subject, ""); /* of the client itself */
    assert_true(pl_notify_has(pool, &reg, PL_NOTIFY_TYPE_SESSION_STATUS));
    PUT(reg.row.client_id, "pad");
    assert_false(pl_notify_has(pool, &reg, PL_NOTIFY_TYPE_SESSION_STATUS));
    reg = notify_reg();
    PUT(reg.row.device_id, "1f9a3d64-6f0b-4a55-9f0c-2f0d5c1b7e10");
    assert_false(pl_notify_has(pool, &reg, PL_NOTIFY_TYPE_SESSION_STATUS));
    notify_happens(&w, &reg, PL_NOTIFY_TYPE_SESSION_STATUS, "m1",
                   "{'status':'Ringing'}");
    notify_is_quiet(&w, S);
    notify_status(&w, "Ringing", 1);
    takes_status(&w, 1);
    assert_int_equal(world_metric(&w, PL_RM_notify_events), 1);
    world_destroy(&w);
}

/* ---- when ---- */

static void answers_go_first(void **state)
{
    (void)state;
    world w;
    pl_subscription_create m;
    answer a;
    notified n;
    world_create(&w, 1);
    notify_fill(&m);
    assert_int_equal(notify_subscribes(&w, &m, &a), 0);
    notify_status(&w, "Ringing", 1);
    notify_is_quiet(&w, S / 2);
    notify_told(&w, a.body.subscription.subscription_id);
    takes_status(&w, 1);
    /* The answer about a call, which holds up what comes behind it. */
    pl_notify_hold(world_pool(&w), "m1");
    pl_glue_wake(w.glue);
    notify_status(&w, "Ringing", 2);
    invites(&w, "m2");
    notify_is_quiet(&w, S / 2);
    notify_told(&w, "m2"); /* not held */
    notify_is_quiet(&w, S / 4);
    notify_told(&w, "m1");
    takes_status(&w, 2);
    notify_takes(&w, "session-invitation", &n);
    assert_int_equal(world_metric(&w, PL_RM_notify_untold), 0);
    /* Never told: a second. */
    world_pool(&w)->now = pl_glue_now(w.glue);
    pl_notify_hold(world_pool(&w), "m1");
    pl_glue_wake(w.glue);
    notify_status(&w, "Ringing", 3);
    notify_is_quiet(&w, S * 9 / 10);
    takes_status(&w, 3);
    assert_int_equal(world_metric(&w, PL_RM_notify_untold), 1);
    world_destroy(&w);
}

static void in_order_and_again(void **state)
{
    (void)state;
    world w;
    notified first, n;
    char id[PL_ID_MAX + 1];
    begin(&w, id);
    w.config.notify_session_s = 600;
    notify_status(&w, "Ringing", 1);
    notify_status(&w, "Connected", 2);
    answers(&w, &first, 500);
    int64_t wait_us[] = {1 * S, 2 * S, 4 * S, 8 * S, 16 * S};
    for (size_t i = 0; i < sizeof wait_us / sizeof wait_us[0]; i++) {
        notify_is_quiet(&w, wait_us[i] - S / 10);
        assert_true(notify_hears(&w, S / 2, "session-status", &n));
        assert_string_equal(n.id, first.id);
        assert_string_equal(n.time, first.time);
        assert_string_not_equal(n.request->correlator,
                                first.request->correlator);
        web_refuse(&w, n.request, i % 2 ? PL_ETIMEOUT : PL_EUNAVAILABLE);
        if (i == 0)
            assert_int_equal(
                world_sql(&w, "SELECT count(*) FROM v_subscriptions WHERE "
                              "failing_since IS NOT NULL AND last_error <> '' "
                              "AND waiting = 2"),
                1);
    }
    notify_is_quiet(&w, 15 * S);
    world_run(&w, 14 * S); /* 30 s at most */
    notify_takes(&w, "session-status", &n);
    assert_string_equal(n.id, first.id);
    takes_status(&w, 2);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM v_subscriptions WHERE "
                                   "failing_since IS NULL AND last_error = ''"),
                     1);
    world_destroy(&w);
}

static void as_the_sink_asks(void **state)
{
    (void)state;
    static const uint32_t statuses[] = {429, 503};
    world w;
    notified n;
    char id[PL_ID_MAX + 1];
    begin(&w, id);
    for (size_t i = 0; i < 2; i++) {
        pl_fetched m = {.status = statuses[i], .retry_after_s = 7};
        PL_MSG_SET(FETCHED, fetched, &m, retry_after_s);
        notify_status(&w, "Ringing", 1);
        assert_true(notify_hears(&w, S, NULL, &n));
        web_answer_all(&w, n.request, &m);
        notify_is_quiet(&w, 6 * S);
        takes_status(&w, 1);
    }
    world_destroy(&w);
}

static void refused_ones_are_left_out(void **state)
{
    static const uint32_t statuses[] = {400, 403, 404, 302};
    (void)state;
    world w;
    notified n;
    char id[PL_ID_MAX + 1];
    begin(&w, id);
    for (int i = 0; i < 5; i++)
        notify_status(&w, "Ringing", i + 1);
    for (size_t i = 0; i < 4; i++)
        answers(&w, &n, statuses[i]);
    takes_status(&w, 5);
    notify_status(&w, "Ringing", 6);
    assert_true(notify_hears(&w, S, NULL, &n));
    web_refuse(&w, n.request, PL_EFORBIDDEN); /* a private address */
    notify_is_quiet(&w, 5 * S);
    assert_int_equal(world_metric(&w, PL_RM_notify_refused), 5);
    assert_int_equal(status_of(&w, id), PL_SUBSCRIPTION_STATUS_ACTIVE);
    world_destroy(&w);
}

/* Too many requests of ours at once, or no front end: nobody's fault. */
static void what_could_not_be_asked(void **state)
{
    (void)state;
    world w;
    notified n;
    char id[PL_ID_MAX + 1];
    begin(&w, id);
    notify_status(&w, "Ringing", 1);
    for (int i = 0; i < 5; i++) {
        assert_true(notify_hears(&w, S / 2, NULL, &n));
        web_refuse(&w, n.request, PL_EFULL);
    }
    assert_int_equal(world_metric(&w, PL_RM_notify_failed), 0);
    takes_status(&w, 1);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM v_subscriptions WHERE "
                                   "failing_since IS NULL"),
                     1);
    world_destroy(&w);
}

/* ---- what ends it ---- */

static void a_token_that_is_refused(void **state)
{
    (void)state;
    world w;
    notified n;
    answer a;
    char id[PL_ID_MAX + 1];
    begin(&w, id);
    notify_status(&w, "Ringing", 1);
    notify_status(&w, "Ringing", 2);
    /* An old one says nothing about the new one. */
    assert_true(notify_hears(&w, S, NULL, &n));
    pl_subscription_change m = {.present = 0};
    PUT(m.client_id, "app");
    PUT(m.subject, "ann");
    PL_MSG_SET(SUBSCRIPTION_CHANGE, subscription_change, &m, subject);
    PUT(m.subscription_id, id);
    PUT(m.access_token, "t1");
    PL_MSG_SET(SUBSCRIPTION_CHANGE, subscription_change, &m, access_token);
    world_ask(&w, &PL_MSG_SUBSCRIPTION_CHANGE, &m, &a);
    web_answer(&w, n.request, 401, NULL);
    assert_true(notify_hears(&w, S, NULL, &n));
    assert_string_equal(n.request->secret, "t1");
    notify_has(&n, "'sequenceNumber':1");
    web_answer(&w, n.request, 401, NULL);
    notify_is_quiet(&w, 5 * S);
    assert_int_equal(status_of(&w, id), PL_SUBSCRIPTION_STATUS_EXPIRED);
    notify_status(&w, "Ringing", 3);
    notify_is_quiet(&w, 5 * S);
    world_destroy(&w);
}

static void a_sink_that_is_gone(void **state)
{
    (void)state;
    world w;
    notified n;
    char id[PL_ID_MAX + 1];
    begin(&w, id);
    notify_status(&w, "Ringing", 1);
    notify_status(&w, "Ringing", 2);
    answers(&w, &n, 410);
    notify_is_quiet(&w, 5 * S);
    assert_int_equal(status_of(&w, id), 0);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM subscriptions"), 0);
    world_destroy(&w);
}

static void enough_events(void **state)
{
    (void)state;
    world w;
    notified n;
    pl_subscription_create m;
    char id[PL_ID_MAX + 1];
    world_create(&w, 1);
    notify_fill(&m);
    m.max_events = 2;
    PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, &m, max_events);
    notify_makes(&w, &m, id);
    for (int i = 1; i <= 4; i++)
        notify_status(&w, "Ringing", i);
    answers(&w, &n, 400); /* counts not */
    takes_status(&w, 2);
    assert_int_equal(status_of(&w, id), PL_SUBSCRIPTION_STATUS_ACTIVE);
    takes_status(&w, 3);
    notify_ended(&w, "MAX_EVENTS_REACHED");
    assert_int_equal(status_of(&w, id), PL_SUBSCRIPTION_STATUS_EXPIRED);
    assert_int_equal(world_sql(&w, "SELECT delivered FROM v_subscriptions"), 2);
    notify_is_quiet(&w, 5 * S);
    world_destroy(&w);
}

/* ---- what is too late ---- */

static void old_ones_are_dropped(void **state)
{
    (void)state;
    world w;
    notified n;
    char id[PL_ID_MAX + 1];
    begin(&w, id);
    notify_status(&w, "Ringing", 1);
    for (int i = 0; i < 10 && notify_hears(&w, 61 * (int64_t)S, NULL, &n); i++)
        web_answer(&w, n.request, 500, NULL);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM notifications"), 0);
    assert_int_equal(world_metric(&w, PL_RM_notify_old), 1);
    notify_status(&w, "Connected", 2);
    takes_status(&w, 2);
    /* The end of a registration is worth more. */
    pl_reg reg = notify_reg();
    notify_happens(&w, &reg, PL_NOTIFY_TYPE_REGISTRATION_ENDS, "", "{}");
    for (int i = 0; i < 6; i++) {
        assert_true(notify_hears(&w, 31 * (int64_t)S, NULL, &n));
        web_answer(&w, n.request, 500, NULL);
    }
    world_run(&w, 60 * (int64_t)S);
    assert_true(notify_hears(&w, 31 * (int64_t)S, NULL, &n));
    web_answer(&w, n.request, 204, NULL);
    world_destroy(&w);
}

static void an_invitation_to_a_call_that_is_over(void **state)
{
    (void)state;
    world w;
    notified n;
    char id[PL_ID_MAX + 1];
    begin(&w, id);
    notify_status(&w, "Ringing", 1);
    answers(&w, &n, 500);
    invites(&w, "m2");
    pl_reg reg = notify_reg();
    notify_happens(&w, &reg, PL_NOTIFY_TYPE_SESSION_STATUS, "m2",
                   "{'mediaSessionId':'m2','status':'SessionCancelled',"
                   "'sequenceNumber':2}");
    takes_status(&w, 1);
    notify_takes(&w, "session-status", &n);
    notify_has(&n, "'SessionCancelled'");
    notify_is_quiet(&w, S);
    /* One that is being tried is not tried again. */
    invites(&w, "m3");
    assert_true(notify_hears(&w, S, "session-invitation", &n));
    notify_happens(&w, &reg, PL_NOTIFY_TYPE_SESSION_STATUS, "m3",
                   "{'mediaSessionId':'m3','status':'NoAnswer',"
                   "'sequenceNumber':2}");
    web_answer(&w, n.request, 503, NULL);
    notify_takes(&w, "session-status", &n);
    notify_has(&n, "'NoAnswer'");
    world_destroy(&w);
}

static void a_sink_that_takes_nothing(void **state)
{
    (void)state;
    world w;
    notified n;
    pl_subscription_create m;
    answer a;
    char id[PL_ID_MAX + 1];
    world_create(&w, 1);
    w.config.subscription_give_up_s = 120;
    notify_fill(&m);
    notify_makes(&w, &m, id);
    do {
        notify_status(&w, "Ringing", 1);
        assert_true(notify_hears(&w, 40 * (int64_t)S, NULL, &n));
        web_answer(&w, n.request, 500, NULL);
        world_check(&w);
        assert_int_equal(notify_looks(&w, id, &a), 0);
    } while (a.body.subscription.status == PL_SUBSCRIPTION_STATUS_ACTIVE);
    world_run(&w, 30 * (int64_t)S);
    notify_ended(&w, "NETWORK_TERMINATED");
    notify_is_quiet(&w, 40 * (int64_t)S);
    world_destroy(&w);
}

static void too_many_events(void **state)
{
    (void)state;
    world w;
    notified n;
    char id[PL_ID_MAX + 1];
    begin(&w, id);
    w.config.notify_queue = 4;
    notify_status(&w, "Ringing", 1);
    assert_true(notify_hears(&w, S, NULL, &n));
    notify_status(&w, "Terminated", 2);
    for (int i = 3; i <= 7; i++)
        notify_status(&w, "Ringing", i);
    assert_int_equal(world_metric(&w, PL_RM_notify_dropped), 3);
    web_answer(&w, n.request, 200, NULL);
    takes_status(&w, 2);
    takes_status(&w, 6);
    takes_status(&w, 7);
    /* Nothing but ends: the oldest. */
    notify_status(&w, "Busy", 10);
    assert_true(notify_hears(&w, S, NULL, &n));
    for (int i = 11; i <= 14; i++)
        notify_status(&w, "Busy", i);
    web_answer(&w, n.request, 200, NULL);
    takes_status(&w, 12);
    takes_status(&w, 13);
    takes_status(&w, 14);
    notify_is_quiet(&w, S);
    world_destroy(&w);
}

static void too_many_bytes(void **state)
{
    (void)state;
    world w;
    char id[PL_ID_MAX + 1];
    begin(&w, id);
    w.config.notify_kib = 0;
    notify_status(&w, "Ringing", 1);
    notify_status(&w, "Terminated", 2);
    takes_status(&w, 2);
    assert_int_equal(world_metric(&w, PL_RM_notify_dropped), 1);
    assert_int_equal(world_pool(&w)->subscrs->n_bytes, 0);
    world_destroy(&w);
}

static web_request *to(world *w, const char *sink)
{
    for (size_t i = 0; i < w->web.n; i++) {
        web_request *r = w->web.requests[i];
        if (!r->is_answered && strcmp(r->url, sink) == 0)
            return r;
    }
    return NULL;
}

/* Two requests at one time, one of them to sinks that fail. */
static void sinks_that_fail_are_not_in_the_way(void **state)
{
    const char *sinks[] = {"https://a/", "https://b/", "https://c/"};
    (void)state;
    world w;
    pl_subscription_create m;
    char id[PL_ID_MAX + 1];
    world_create(&w, 1);
    w.config.notify_parallel = 2;
    notify_fill(&m);
    for (size_t i = 0; i < 3; i++) {
        PUT(m.sink, sinks[i]);
        notify_makes(&w, &m, id);
    }
    notify_status(&w, "Ringing", 1);
    world_run(&w, 100 * MS);
    assert_int_equal(web_waiting(&w), 2);
    for (size_t i = 0; i < 2; i++) { /* the last one has to wait */
        const char *sink = sinks[i];
        if (!to(&w, sink)) {
            sinks[i] = sinks[2];
            sinks[2] = sink;
        }
    }
    web_answer(&w, to(&w, sinks[0]), 500, NULL);
    world_run(&w, 100 * MS);
    web_answer(&w, to(&w, sinks[2]), 204, NULL);
    web_answer(&w, to(&w, sinks[1]), 500, NULL);
    world_run(&w, 3 * S);
    assert_int_equal(web_waiting(&w), 1); /* one of them, again */
    size_t again = to(&w, sinks[0]) ? 0 : 1;
    notify_status(&w, "Connected", 2);
    world_run(&w, 100 * MS);
    web_answer(&w, to(&w, sinks[2]), 204, NULL);
    assert_null(to(&w, sinks[1 - again]));
    web_answer(&w, to(&w, sinks[again]), 204, NULL);
    world_run(&w, 100 * MS);
    world_check(&w);
    for (int i = 0; i < 3; i++) {
        web_request *r = web_next(&w, S);
        assert_non_null(r);
        web_answer(&w, r, 204, NULL);
    }
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM notifications"), 0);
    world_check(&w);
    world_destroy(&w);
}

/* ---- a channel of our own relay ---- */

/* Wherever the channel seems to be; without a request. */
static void our_own_relay_is_near(void **state)
{
    (void)state;
    world w;
    channel c;
    answer a;
    pl_subscription_create m;
    char id[PL_ID_MAX + 1];
    world_create(&w, 1);
    assert_int_equal(channel_open(&w, "pad", NULL, 0, &c), PL_OK);
    notify_fill(&m);
    pl_fmt_cut(m.sink, sizeof m.sink, "https://gw/notification-relay/v1/s/%s",
               c.sink_id);
    PUT(m.access_token, c.sink_token);
    notify_makes(&w, &m, id);
    notify_status(&w, "Ringing", 1);
    assert_int_equal(web_waiting(&w), 0);
    assert_int_equal(event_read(&w, &c, &(reading){.begins = true}, &a), PL_OK);
    assert_non_null(strstr(a.sdp, "\"sequenceNumber\":1"));
    assert_non_null(strstr(a.sdp, "\"specversion\":\"1.0\""));
    assert_int_equal(world_sql(&w, "SELECT delivered FROM v_subscriptions"), 1);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM relay_events WHERE "
                                   "type LIKE '%.v0.session-status' AND "
                                   "source LIKE 'https://parley/%'"),
                     1);
    /* Closed: gone. */
    assert_int_equal(channel_close(&w, "pad", NULL, &c), PL_OK);
    notify_status(&w, "Ringing", 2);
    world_check(&w);
    assert_int_equal(status_of(&w, id), 0);
    /* Another token than its own. */
    assert_int_equal(channel_open(&w, "pad", NULL, 0, &c), PL_OK);
    pl_fmt_cut(m.sink, sizeof m.sink, "https://gw/notification-relay/v1/s/%s",
               c.sink_id);
    notify_makes(&w, &m, id);
    notify_status(&w, "Ringing", 3);
    assert_int_equal(status_of(&w, id), PL_SUBSCRIPTION_STATUS_EXPIRED);
    assert_int_equal(web_waiting(&w), 0);
    /* Another relay's. */
    PUT(m.sink, "https://gw/notification-relay/v1/s/x");
    notify_makes(&w, &m, id);
    notify_status(&w, "Ringing", 4);
    takes_status(&w, 4);
    world_destroy(&w);
}

/* ---- over a restart ---- */

static void goes_on_after_a_restart(void **state)
{
    (void)state;
    world w;
    notified first, n;
    char id[PL_ID_MAX + 1];
    begin(&w, id);
    notify_status(&w, "Ringing", 1);
    notify_status(&w, "Connected", 2);
    invites(&w, "m2");
    assert_true(notify_hears(&w, S, NULL, &first));
    web_ignore(first.request);
    world_kill_roompool(&w);
    world_run(&w, 70 * (int64_t)S); /* too old, but nobody tried */
    world_start_roompool(&w);
    world_send_inventory(&w);
    world_check(&w);
    notify_takes(&w, "session-status", &n);
    assert_string_equal(n.id, first.id);
    takes_status(&w, 2);
    notify_is_quiet(&w, 5 * S); /* the call has surely gone */
    notify_status(&w, "Hold", 3);
    takes_status(&w, 3);
    world_destroy(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_sent),
        cmocka_unit_test(the_other_api_and_no_token),
        cmocka_unit_test(told_to_whom),
        cmocka_unit_test(answers_go_first),
        cmocka_unit_test(in_order_and_again),
        cmocka_unit_test(as_the_sink_asks),
        cmocka_unit_test(refused_ones_are_left_out),
        cmocka_unit_test(what_could_not_be_asked),
        cmocka_unit_test(a_token_that_is_refused),
        cmocka_unit_test(a_sink_that_is_gone),
        cmocka_unit_test(enough_events),
        cmocka_unit_test(old_ones_are_dropped),
        cmocka_unit_test(an_invitation_to_a_call_that_is_over),
        cmocka_unit_test(a_sink_that_takes_nothing),
        cmocka_unit_test(too_many_events),
        cmocka_unit_test(too_many_bytes),
        cmocka_unit_test(sinks_that_fail_are_not_in_the_way),
        cmocka_unit_test(our_own_relay_is_near),
        cmocka_unit_test(goes_on_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
