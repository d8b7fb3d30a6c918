/* test_device_call_out.c - a device calls: what it is answered and told as the
 * network goes on, and every way that ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "media_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

#define STATUS(s) PL_MEDIA_STATUS_##s
#define OFFER     "'offer':{'sdp':'o1'}"
#define ANSWER    "'answer':{'sdp':'answer:o1'}"

/* An offer that the fake media worker cannot use. */
static const char NO_MEDIA[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\n"
                               "c=IN IP4 192.0.2.9\r\nt=0 0\r\n"
                               "m=audio 9 RTP/SAVP 0\r\na=x:no-media";

/* ---- the request ---- */

static void is_dialled(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    caller_in_world(&w, 1, &c);
    const fake_call *call = caller_calls(&w, &c, id);
    const pl_call_start *m = &w.sig.start;
    assert_int_equal(strlen(id), 32);
    assert_string_equal(call->to, "sip:+4940123456@ims.test;user=phone");
    assert_string_equal(m->from_user, CALL_NUMBER);
    assert_string_equal(m->from_host, "ims.test");
    assert_string_equal(m->next_hop, "sip:192.0.2.1");
    assert_int_equal(m->ring_timeout_ms, 180000);
    assert_true(m->tells_all);
    assert_false(m->anonymous);
    assert_int_equal(strncmp(call->sdp, "offer:", 6), 0);
    media_is(&w, &c, id, STATUS(INITIAL));
    media_has(&w, id, "o1", ""); /* nobody has answered */
    notify_is_quiet(&w, S);      /* 100 is told by the answer alone */
    world_destroy(&w);
}

/* A number that no network knows: the worker calls itself. */
static void is_dialled_here(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    pl_media_session_create m;
    answer a;
    world_create(&w, 1);
    caller_begins(&w, &c, NOTIFY_DEVICE, "+4930555100", NOTIFY_SINK);
    caller_fill(&c, &m);
    PUT(m.originator, "tel:+4930555100");
    PUT(m.receiver, "tel:+4930555100"); /* itself, as another would */
    caller_sends(&w, &m, &a);
    assert_true(w.sig.start.is_local);
    assert_string_equal(w.sig.start.next_hop, "");
    assert_string_equal(sig_started(&w)->to,
                        "sip:+4930555100@localhost;user=phone");
    assert_int_equal(phone_call(&w, "loop", "+4930555100", "po"), PL_OK);
    caller_is_invited(&w, &c, NULL, id);
    world_destroy(&w);
}

static void names_and_anonymity(void **state)
{
    (void)state;
    world w;
    caller c;
    pl_media_session_create m;
    answer a;
    caller_in_world(&w, 1, &c);
    caller_fill(&c, &m);
    PUT(m.originator, "sip:anonymous@anonymous.invalid");
    PUT(m.originator_name, "Ann\r\nX: y");
    PL_MSG_SET(MEDIA_SESSION_CREATE, media_session_create, &m, originator_name);
    PUT(m.receiver_name, "Bob");
    PL_MSG_SET(MEDIA_SESSION_CREATE, media_session_create, &m, receiver_name);
    PUT(m.location, "{}");
    PL_MSG_SET(MEDIA_SESSION_CREATE, media_session_create, &m, location);
    caller_sends(&w, &m, &a);
    assert_string_equal(w.sig.start.from_name, "AnnX: y");
    assert_string_equal(w.sig.start.to_name, "Bob");
    assert_true(w.sig.start.anonymous);
    assert_string_equal(w.sig.start.from_user, CALL_NUMBER);
    world_run(&w, 3 * S); /* nothing comes from the network: answered still */
    assert_int_equal(device_fault(&a), 0);
    assert_string_equal(a.body.media_session.originator_name, "Ann\r\nX: y");
    assert_string_equal(a.body.media_session.location, "{}");
    world_destroy(&w);
}

static void is_busy(world *w, const fake_call *call)
{
    assert_int_equal(phone_report(w, call->id, PL_CALL_STATE_ENDED, 486, NULL),
                     PL_OK);
}

/* Whoever calls again and again: what is over takes no more room. */
static void few_that_are_over_are_kept(void **state)
{
    (void)state;
    world w;
    caller c;
    answer a;
    char first[65];
    char id[65];
    caller_in_world(&w, 1, &c);
    is_busy(&w, caller_calls(&w, &c, first));
    for (unsigned i = 0; i < w.config.device_max_calls; i++) {
        assert_int_equal(caller_gets(&w, &c, first, &a), 0);
        is_busy(&w, caller_calls(&w, &c, id));
    }
    caller_calls(&w, &c, id);
    assert_int_equal(caller_gets(&w, &c, first, &a), PL_DEVICE_FAULT_NOT_FOUND);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM device_calls "
                                   "WHERE ended_at > 0"),
                     w.config.device_max_calls);
    media_is(&w, &c, id, STATUS(INITIAL));
    world_destroy(&w);
}

static uint32_t fault_for(world *w, const caller *c, const char *originator,
                          const char *receiver, const char *registration)
{
    pl_media_session_create m;
    answer a;
    caller_fill(c, &m);
    if (originator)
        PUT(m.originator, originator);
    if (receiver)
        PUT(m.receiver, receiver);
    if (registration)
        PUT(m.registration_id, registration);
    caller_sends(w, &m, &a);
    if (!a.is_done) {
        world_run(w, 3 * S);
        world_check(w);
    }
    return device_fault(&a);
}

static void who_may_not(void **state)
{
    (void)state;
    world w;
    caller c;
    caller_in_world(&w, 1, &c);
    caller foreign = c;
    foreign.who.subject = "eve";
    assert_int_equal(fault_for(&w, &c, NULL, NULL, "nobody"),
                     PL_DEVICE_FAULT_PERMISSION_DENIED);
    assert_int_equal(fault_for(&w, &foreign, NULL, NULL, NULL),
                     PL_DEVICE_FAULT_PERMISSION_DENIED);
    static const struct {
        const char *originator, *receiver;
        uint32_t fault;
    } cases[] = {
        {"tel:+4930666101", NULL, PL_DEVICE_FAULT_INVALID_TOKEN_CONTEXT},
        {"sip:ann@ims.test", NULL, PL_DEVICE_FAULT_INVALID_TOKEN_CONTEXT},
        {"tel:100;phone-context=+4930666", NULL, 0},
        {"sip:+4930666100@ims.test", NULL, 0},
        {"sip:4930666100@ims.test", NULL, 0},
        {"sip:anonymous@anonymous.invalid", NULL, 0},
        {NULL, "sip:anonymous@anonymous.invalid",
         PL_DEVICE_FAULT_INVALID_ARGUMENT},
        {NULL, "urn:service:sos", PL_DEVICE_FAULT_INVALID_ARGUMENT},
        {NULL, "sip:%zz@example.org", PL_DEVICE_FAULT_INVALID_ARGUMENT},
        {NULL, "sip:lobby@example.org", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(
            fault_for(&w, &c, cases[i].originator, cases[i].receiver, NULL),
            cases[i].fault);
    assert_string_equal(sig_started(&w)->to, "sip:lobby@example.org");
    assert_int_equal(
        fault_for(&w, &c, NULL, "tel:1*#;phone-context=x.org", NULL), 0);
    assert_string_equal(sig_started(&w)->to,
                        "sip:1*%23;phone-context=x.org@ims.test;user=phone");
    assert_int_equal(device_deletes(&w, &c.who, c.registration), 0);
    assert_int_equal(fault_for(&w, &c, NULL, NULL, NULL),
                     PL_DEVICE_FAULT_PERMISSION_DENIED);
    world_destroy(&w);
}

static void too_often(void **state)
{
    (void)state;
    world w;
    caller c;
    pl_media_session_create m;
    answer a;
    char id[65];
    caller_in_world(&w, 1, &c);
    world_kill_roompool(&w);
    w.config.device_calls_per_min = 2;
    world_start_roompool(&w);
    world_send_inventory(&w);
    for (unsigned i = 0; i < 2; i++) {
        (void)caller_calls(&w, &c, id);
        assert_int_equal(caller_deletes(&w, &c, id), 0);
    }
    caller_fill(&c, &m);
    caller_sends(&w, &m, &a);
    world_wait(&w, &a);
    assert_int_equal(device_fault(&a), PL_DEVICE_FAULT_TOO_MANY_REQUESTS);
    assert_in_range(a.body.device_refused.retry_after_s, 1, 31);
    assert_int_equal(w.sig.n_calls, 2);
    world_run(&w, a.body.device_refused.retry_after_s * (int64_t)S);
    (void)caller_calls(&w, &c, id);
    world_check(&w);
    world_destroy(&w);
}

static void no_network(void **state)
{
    (void)state;
    world w;
    caller c;
    caller_in_world(&w, 1, &c);
    w.sig.refuse_start = PL_EFORBIDDEN; /* not to be tried again */
    assert_int_equal(fault_for(&w, &c, NULL, NULL, NULL),
                     PL_DEVICE_FAULT_PERMISSION_DENIED);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM conferences WHERE "
                                   "state = 'live'"),
                     0);
    w.sig.refuse_start = PL_EUNAVAILABLE;
    assert_int_equal(fault_for(&w, &c, NULL, NULL, NULL),
                     PL_DEVICE_FAULT_UNAVAILABLE);
    world_kill_signaling(&w);
    world_run(&w, 20 * S);
    assert_int_equal(fault_for(&w, &c, NULL, NULL, NULL),
                     PL_DEVICE_FAULT_UNAVAILABLE);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM device_calls"), 0);
    notify_is_quiet(&w, S);
    world_destroy(&w);
}

static void once_for_a_correlator(void **state)
{
    (void)state;
    world w;
    caller c;
    pl_media_session_create m;
    answer a, b;
    caller_in_world(&w, 1, &c);
    caller_fill(&c, &m);
    PUT(m.correlator, "again");
    PL_MSG_SET(MEDIA_SESSION_CREATE, media_session_create, &m, correlator);
    caller_sends(&w, &m, &a);
    caller_sends(&w, &m, &b);
    assert_true(b.is_done);
    world_run(&w, 3 * S);
    assert_string_equal(a.body.media_session.media_session_id,
                        b.body.media_session.media_session_id);
    assert_int_equal(w.sig.n_calls, 1);
    world_destroy(&w);
}

static void too_many(void **state)
{
    (void)state;
    world w;
    caller c;
    caller_in_world(&w, 1, &c);
    w.config.device_max_calls = 1;
    assert_int_equal(fault_for(&w, &c, NULL, NULL, NULL), 0);
    assert_int_equal(fault_for(&w, &c, NULL, NULL, NULL),
                     PL_DEVICE_FAULT_TOO_MANY_REQUESTS);
    world_destroy(&w);
}

/* ---- progress ---- */

static void progress_is_told(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    caller_in_world(&w, 1, &c);
    fake_call *call = caller_calls(&w, &c, id);
    phone_says(&w, call->id, PL_CALL_STATE_FORWARDED, 181,
               "Call Is Being Forwarded", NULL, NULL);
    caller_hears(&w, &c, STATUS(PROCEEDING), 1,
                 "'reason':'181 Call Is Being Forwarded'", NULL);
    phone_says(&w, call->id, PL_CALL_STATE_QUEUED, 182, "Queued", NULL, NULL);
    caller_hears(&w, &c, STATUS(WAITING), 2, NULL, NULL);
    phone_says(&w, call->id, PL_CALL_STATE_RINGING, 183, "Progress", NULL,
               NULL);
    caller_hears(&w, &c, STATUS(IN_PROGRESS), 3, NULL, NULL);
    phone_report(&w, call->id, PL_CALL_STATE_RINGING, 180, NULL);
    phone_report(&w, call->id, PL_CALL_STATE_RINGING, 180, NULL);
    phone_report(&w, call->id, PL_CALL_STATE_RINGING, 199, NULL);
    caller_hears(&w, &c, STATUS(RINGING), 4, NULL, NULL); /* once */
    phone_says(&w, call->id, PL_CALL_STATE_EARLY, 183, "Session Progress", NULL,
               "p1");
    caller_hears(&w, &c, STATUS(IN_PROGRESS), 5, OFFER, ANSWER);
    media_is(&w, &c, id, STATUS(IN_PROGRESS));
    media_has(&w, id, "o1", "answer:o1");
    assert_true(media_leg_of(&w, id)->mixed); /* early media is heard */
    phone_report(&w, call->id, PL_CALL_STATE_RINGING, 180, NULL);
    caller_hears(&w, &c, STATUS(RINGING), 6, NULL, NULL);
    phone_report(&w, call->id, PL_CALL_STATE_ANSWERED, 200, "p1");
    caller_hears(&w, &c, STATUS(CONNECTED), 7, OFFER, ANSWER);
    media_is(&w, &c, id, STATUS(CONNECTED));
    phone_report(&w, call->id, PL_CALL_STATE_CONFIRMED, 0, NULL);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM v_device_calls WHERE "
                                   "status = 'Connected' AND connected_at IS "
                                   "NOT NULL AND role = 'originator'"),
                     1);
    phone_says(&w, call->id, PL_CALL_STATE_ENDED, 0, "", "Q.850;cause=16",
               NULL);
    caller_hears(&w, &c, STATUS(TERMINATED), 8,
                 "'reason':'BYE received; Q.850;cause=16'", NULL);
    media_is(&w, &c, id, STATUS(TERMINATED));
    world_run(&w, 31 * (int64_t)S);
    answer a;
    assert_int_equal(caller_gets(&w, &c, id, &a), PL_DEVICE_FAULT_NOT_FOUND);
    world_destroy(&w);
}

static void answered_at_once(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    caller_in_world(&w, 1, &c);
    const fake_call *call = caller_calls(&w, &c, id);
    phone_report(&w, call->id, PL_CALL_STATE_ANSWERED, 200, "p1");
    caller_hears(&w, &c, STATUS(CONNECTED), 1, OFFER, ANSWER);
    world_destroy(&w);
}

/* Characters that become longer in JSON, as many as there may be: such an event
 * cannot be sent, but the call goes on. */
static void an_event_that_is_too_long_is_lost_alone(void **state)
{
    (void)state;
    static uint8_t text[65536];
    world w;
    caller c;
    pl_media_session_create m;
    answer a;
    memset(text, 0x7f, sizeof text);
    caller_in_world(&w, 1, &c);
    caller_fill(&c, &m);
    m.offer = (pl_slice){text, sizeof text};
    caller_sends(&w, &m, &a);
    const char *call_id = sig_started(&w)->id;
    phone_report(&w, call_id, PL_CALL_STATE_ANSWERED, 200, "p1");
    notify_is_quiet(&w, S);
    media_is(&w, &c, a.body.media_session.media_session_id, STATUS(CONNECTED));
    phone_report(&w, call_id, PL_CALL_STATE_ENDED, 0, NULL);
    caller_hears(&w, &c, STATUS(TERMINATED), 2, NULL, NULL);
    world_destroy(&w);
}

/* The first description may come with a 180. */
static void rings_with_media(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    caller_in_world(&w, 1, &c);
    const fake_call *call = caller_calls(&w, &c, id);
    phone_report(&w, call->id, PL_CALL_STATE_EARLY, 180, "p1");
    caller_hears(&w, &c, STATUS(RINGING), 1, ANSWER, NULL);
    /* Another branch sends other media: told again, same answer. */
    phone_report(&w, call->id, PL_CALL_STATE_EARLY, 183, "p2");
    caller_hears(&w, &c, STATUS(IN_PROGRESS), 2, OFFER, ANSWER);
    world_destroy(&w);
}

/* An answer that no network has seen is no secret, but not due either. */
static void an_answer_waits(void **state)
{
    (void)state;
    world w;
    caller c;
    pl_media_session_create m;
    answer a;
    caller_in_world(&w, 1, &c);
    caller_fill(&c, &m);
    caller_sends(&w, &m, &a);
    /* Everything at once, before the application was answered. */
    phone_report(&w, sig_started(&w)->id, PL_CALL_STATE_ANSWERED, 200, "p1");
    assert_true(a.is_done);
    assert_int_equal(a.body.media_session.status, STATUS(INITIAL));
    assert_int_equal(web_waiting(&w), 0); /* until device_told */
    notify_told(&w, a.body.media_session.media_session_id);
    caller_hears(&w, &c, STATUS(CONNECTED), 1, OFFER, ANSWER);
    world_destroy(&w);
}

static void ringback_if_so_configured(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    caller_in_world(&w, 1, &c);
    const fake_call *call = caller_calls(&w, &c, id);
    phone_report(&w, call->id, PL_CALL_STATE_RINGING, 180, NULL);
    assert_string_equal(media_leg_of(&w, id)->prompt, "");
    assert_int_equal(caller_deletes(&w, &c, id), 0);
    w.config.device_ringback = true;
    call = caller_calls(&w, &c, id);
    phone_report(&w, call->id, PL_CALL_STATE_RINGING, 180, NULL);
    assert_string_equal(media_leg_of(&w, id)->prompt, "ringback");
    phone_report(&w, call->id, PL_CALL_STATE_ANSWERED, 200, "p1");
    assert_string_equal(media_leg_of(&w, id)->prompt, "");
    world_destroy(&w);
}

/* ---- the end ---- */

static const struct end_case {
    uint32_t sip_status, status;
    const char *phrase, *header, *reason;
    bool rings;
} ENDS[] = {
    {404, STATUS(NOT_REACHABLE), "Not Found", NULL, "404 Not Found", false},
    {410, STATUS(NOT_REACHABLE), "Gone", NULL, NULL, false},
    {484, STATUS(NOT_REACHABLE), "Address Incomplete", NULL, NULL, false},
    {604, STATUS(NOT_REACHABLE), "Nowhere", NULL, NULL, false},
    {485, STATUS(NOT_REACHABLE), "Ambiguous", NULL, NULL, false},
    {480, STATUS(NOT_REACHABLE), "Unavailable", NULL, NULL, false},
    {480, STATUS(NO_ANSWER), "Unavailable", NULL, NULL, true},
    {408, STATUS(NO_ANSWER), "Request Timeout", NULL, NULL, true},
    {408, STATUS(FAILED), "", NULL, "no response", false}, /* timer B */
    {486, STATUS(BUSY), "Busy Here", "Q.850;cause=17",
     "486 Busy Here; Q.850;cause=17", true},
    {600, STATUS(BUSY), "Busy Everywhere", NULL, NULL, false},
    {603, STATUS(DECLINED), "Decline", NULL, "603 Decline", true},
    {607, STATUS(DECLINED), "Unwanted", NULL, NULL, false},
    {608, STATUS(DECLINED), "Rejected", NULL, NULL, false},
    {487, STATUS(SESSION_CANCELLED), "Request Terminated", NULL, NULL, true},
    {412, STATUS(FAILED), "x", NULL, NULL, false},
    {430, STATUS(FAILED), "x", NULL, NULL, false},
    {302, STATUS(FAILED), "x", NULL, NULL, false},
    {403, STATUS(FAILED), "x", NULL, NULL, false},
    {407, STATUS(FAILED), "x", NULL, NULL, false},
    {488, STATUS(FAILED), "x", NULL, NULL, false},
    {491, STATUS(FAILED), "x", NULL, NULL, false},
    {503, STATUS(FAILED), "x", NULL, "503 x", false},
    {606, STATUS(FAILED), "x", NULL, NULL, false},
};

static void every_end_has_its_status(void **state)
{
    (void)state;
    world w;
    caller c;
    caller_in_world(&w, 1, &c);
    for (size_t i = 0; i < sizeof ENDS / sizeof ENDS[0]; i++) {
        const struct end_case *e = &ENDS[i];
        char id[65];
        char reason[128];
        unsigned seq = 1;
        const fake_call *call = caller_calls(&w, &c, id);
        if (e->rings) {
            phone_report(&w, call->id, PL_CALL_STATE_RINGING, 180, NULL);
            caller_hears(&w, &c, STATUS(RINGING), seq++, NULL, NULL);
        }
        phone_says(&w, call->id, PL_CALL_STATE_ENDED, e->sip_status, e->phrase,
                   e->header, NULL);
        pl_fmt_cut(reason, sizeof reason, "'reason':'%s'",
                   e->reason ? e->reason : "");
        caller_hears(&w, &c, e->status, seq, e->reason ? reason : NULL, NULL);
        media_is(&w, &c, id, e->status);
        assert_int_equal(
            caller_puts(&w, &c, id, STATUS(TERMINATED), NULL, NULL),
            PL_DEVICE_FAULT_INVALID_ARGUMENT);
        assert_int_equal(caller_deletes(&w, &c, id), 0); /* while it lingers */
        answer a;
        assert_int_equal(caller_gets(&w, &c, id, &a),
                         PL_DEVICE_FAULT_NOT_FOUND);
    }
    notify_is_quiet(&w, S);
    world_destroy(&w);
}

/* Before the application was answered: it is answered, and told the end. */
static void fails_at_once(void **state)
{
    (void)state;
    world w;
    caller c;
    pl_media_session_create m;
    answer a;
    caller_in_world(&w, 1, &c);
    caller_fill(&c, &m);
    caller_sends(&w, &m, &a);
    phone_says(&w, sig_started(&w)->id, PL_CALL_STATE_ENDED, 404, "Not Found",
               NULL, NULL);
    assert_int_equal(device_fault(&a), 0);
    assert_int_equal(a.body.media_session.status, STATUS(INITIAL));
    caller_hears(&w, &c, STATUS(NOT_REACHABLE), 1, NULL, NULL);
    /* No INVITE was sent at all. */
    caller_sends(&w, &m, &a);
    phone_report(&w, sig_started(&w)->id, PL_CALL_STATE_ENDED, 0, NULL);
    assert_int_equal(device_fault(&a), PL_DEVICE_FAULT_UNAVAILABLE);
    notify_is_quiet(&w, S);
    world_destroy(&w);
}

static void rings_too_long(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    caller_in_world(&w, 1, &c);
    const fake_call *call = caller_calls(&w, &c, id);
    phone_report(&w, call->id, PL_CALL_STATE_RINGING, 180, NULL);
    caller_hears(&w, &c, STATUS(RINGING), 1, NULL, NULL);
    world_run(&w, 180 * (int64_t)S);
    phone_says(&w, call->id, PL_CALL_STATE_ENDED, 480, "Request Terminated",
               NULL, NULL);
    caller_hears(&w, &c, STATUS(NO_ANSWER), 2, "'reason':'No answer'", NULL);
    call = caller_calls(&w, &c, id);
    phone_report(&w, call->id, PL_CALL_STATE_RINGING, 180, NULL);
    caller_hears(&w, &c, STATUS(RINGING), 1, NULL, NULL);
    world_run(&w, 186 * (int64_t)S); /* the signaling worker forgot it */
    caller_hears(&w, &c, STATUS(NO_ANSWER), 2, "'reason':'No answer'", NULL);
    assert_true(call->is_ended);
    world_destroy(&w);
}

static void hangs_up(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    answer a;
    caller_in_world(&w, 1, &c);
    /* Before and after something came; by DELETE and by PUT. */
    for (unsigned i = 0; i < 4; i++) {
        fake_call *call = caller_calls(&w, &c, id);
        unsigned seq = 1;
        if (i % 2 == 1) {
            phone_report(&w, call->id, PL_CALL_STATE_RINGING, 180, NULL);
            caller_hears(&w, &c, STATUS(RINGING), seq++, NULL, NULL);
        }
        if (i < 2) {
            assert_int_equal(caller_deletes(&w, &c, id), 0);
            assert_int_equal(caller_gets(&w, &c, id, &a),
                             PL_DEVICE_FAULT_NOT_FOUND);
            assert_int_equal(caller_deletes(&w, &c, id),
                             PL_DEVICE_FAULT_NOT_FOUND);
        } else {
            assert_int_equal(caller_puts(&w, &c, id,
                                         i == 2 ? STATUS(SESSION_CANCELLED)
                                                : STATUS(TERMINATED),
                                         NULL, NULL),
                             0);
            media_is(&w, &c, id, STATUS(SESSION_CANCELLED));
        }
        caller_hears(&w, &c, STATUS(SESSION_CANCELLED), seq, NULL, NULL);
        assert_true(call->is_ended);
    }
    /* And once it is connected. */
    for (unsigned i = 0; i < 2; i++) {
        fake_call *call = caller_calls(&w, &c, id);
        phone_report(&w, call->id, PL_CALL_STATE_ANSWERED, 200, "p1");
        caller_hears(&w, &c, STATUS(CONNECTED), 1, OFFER, ANSWER);
        if (i == 0)
            assert_int_equal(caller_deletes(&w, &c, id), 0);
        else
            assert_int_equal(
                caller_puts(&w, &c, id, STATUS(TERMINATED), NULL, NULL), 0);
        caller_hears(&w, &c, STATUS(TERMINATED), 2, NULL, NULL);
        assert_true(call->is_ended);
    }
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM calls"), 0);
    world_destroy(&w);
}

/* Not its own role's statuses, and none that goes back. */
static void what_it_may_not_ask_for(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    caller_in_world(&w, 1, &c);
    (void)caller_calls(&w, &c, id);
    static const uint32_t never[] = {
        STATUS(INITIAL),   STATUS(RINGING), STATUS(PROCEEDING),
        STATUS(CONNECTED), STATUS(HOLD),    STATUS(RESUME),
        STATUS(DECLINED),  STATUS(FAILED),  STATUS(WAITING),
        STATUS(NO_ANSWER), STATUS(BUSY),    STATUS(NOT_REACHABLE),
    };
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        assert_int_equal(caller_puts(&w, &c, id, never[i], NULL, NULL),
                         PL_DEVICE_FAULT_INVALID_ARGUMENT);
    assert_int_equal(caller_puts(&w, &c, "nothing", STATUS(HOLD), NULL, NULL),
                     PL_DEVICE_FAULT_NOT_FOUND);
    caller eve = c;
    eve.who.subject = "eve";
    assert_int_equal(caller_deletes(&w, &eve, id), PL_DEVICE_FAULT_NOT_FOUND);
    /* The same offer again is no news; another is one. */
    assert_int_equal(caller_puts(&w, &c, id, STATUS(IN_PROGRESS), "o1", NULL),
                     0);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(IN_PROGRESS), "o2", NULL),
                     0);
    media_has(&w, id, "o2", "");
    phone_report(&w, sig_started(&w)->id, PL_CALL_STATE_EARLY, 183, "p1");
    caller_hears(&w, &c, STATUS(IN_PROGRESS), 1, "'answer':{'sdp':'answer:o2'}",
                 NULL);
    world_destroy(&w);
}

static void media_that_cannot_be(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    caller_in_world(&w, 1, &c);
    w.media[0].refuse = PL_EMEDIA;
    pl_media_session_create m;
    answer a;
    caller_fill(&c, &m);
    m.offer = pl_slice_str(NO_MEDIA);
    caller_sends(&w, &m, &a);
    w.media[0].refuse = PL_OK;
    world_run(&w, 3 * S);
    /* The telephone's leg was refused too: nothing could be sent. */
    assert_int_equal(device_fault(&a), PL_DEVICE_FAULT_UNAVAILABLE);
    world_check(&w);
    /* The device's leg fails while the network rings. */
    const fake_call *call = caller_calls(&w, &c, id);
    media_report(&w, media_leg_of(&w, id)->id, PL_LEG_STATE_FAILED);
    caller_hears(&w, &c, STATUS(FAILED), 1, NULL, NULL);
    assert_true(call->is_ended);
    world_destroy(&w);
}

static void an_offer_that_is_none(void **state)
{
    (void)state;
    world w;
    caller c;
    pl_media_session_create m;
    answer a;
    caller_in_world(&w, 1, &c);
    caller_fill(&c, &m);
    m.offer = pl_slice_str("no-media");
    caller_sends(&w, &m, &a);
    world_wait(&w, &a);
    assert_int_equal(device_fault(&a), PL_DEVICE_FAULT_INVALID_ARGUMENT);
    assert_int_equal(w.sig.n_calls, 0); /* nobody was called */
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM conferences WHERE "
                                   "state = 'live'"),
                     0);
    world_check(&w);
    world_destroy(&w);
}

/* It is dialled, and told; once somebody answers, that is all. */
static void an_offer_without_media(void **state)
{
    (void)state;
    world w;
    caller c;
    pl_media_session_create m;
    answer a;
    char id[65];
    caller_in_world(&w, 1, &c);
    caller_fill(&c, &m);
    m.offer = pl_slice_str(NO_MEDIA);
    caller_sends(&w, &m, &a);
    const fake_call *call = sig_started(&w);
    assert_non_null(call);
    phone_report(&w, call->id, PL_CALL_STATE_RINGING, 180, NULL);
    assert_int_equal(device_fault(&a), 0);
    PUT(id, a.body.media_session.media_session_id);
    notify_told(&w, id);
    caller_hears(&w, &c, STATUS(RINGING), 1, NULL, NULL);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(IN_PROGRESS), "x", NULL),
                     0);
    phone_report(&w, call->id, PL_CALL_STATE_ANSWERED, 200, "p1");
    caller_hears(&w, &c, STATUS(FAILED), 2, NULL, NULL);
    assert_true(call->is_ended);
    world_destroy(&w);
}

static void registration_ends(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    caller_in_world(&w, 1, &c);
    const fake_call *call = caller_calls(&w, &c, id);
    phone_report(&w, call->id, PL_CALL_STATE_RINGING, 180, NULL);
    caller_hears(&w, &c, STATUS(RINGING), 1, NULL, NULL);
    assert_int_equal(device_deletes(&w, &c.who, c.registration), 0);
    caller_hears(&w, &c, STATUS(TERMINATED), 2, NULL, NULL);
    assert_true(call->is_ended);
    world_check(&w);
    world_destroy(&w);
}

/* ---- roompool ends and starts again ---- */

static void goes_on_after_a_restart(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    char call[65];
    caller_in_world(&w, 1, &c);
    PUT(call, caller_calls(&w, &c, id)->id);
    phone_report(&w, call, PL_CALL_STATE_RINGING, 180, NULL);
    caller_hears(&w, &c, STATUS(RINGING), 1, NULL, NULL);
    world_kill_roompool(&w);
    world_start_roompool(&w);
    world_send_inventory(&w);
    world_check(&w);
    media_is(&w, &c, id, STATUS(RINGING));
    phone_report(&w, call, PL_CALL_STATE_ANSWERED, 200, "p1");
    caller_hears(&w, &c, STATUS(CONNECTED), 2, OFFER, ANSWER);
    world_kill_roompool(&w);
    world_start_roompool(&w);
    world_send_inventory(&w);
    media_is(&w, &c, id, STATUS(CONNECTED));
    assert_int_equal(caller_deletes(&w, &c, id), 0);
    caller_hears(&w, &c, STATUS(TERMINATED), 3, NULL, NULL);
    assert_true(sig_call(&w, call)->is_ended);
    world_kill_roompool(&w);
    world_start_roompool(&w);
    world_check(&w);
    world_run(&w, 31 * (int64_t)S);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM device_calls"), 0);
    world_destroy(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_dialled),
        cmocka_unit_test(is_dialled_here),
        cmocka_unit_test(names_and_anonymity),
        cmocka_unit_test(few_that_are_over_are_kept),
        cmocka_unit_test(who_may_not),
        cmocka_unit_test(too_often),
        cmocka_unit_test(no_network),
        cmocka_unit_test(once_for_a_correlator),
        cmocka_unit_test(too_many),
        cmocka_unit_test(progress_is_told),
        cmocka_unit_test(answered_at_once),
        cmocka_unit_test(an_event_that_is_too_long_is_lost_alone),
        cmocka_unit_test(rings_with_media),
        cmocka_unit_test(an_answer_waits),
        cmocka_unit_test(ringback_if_so_configured),
        cmocka_unit_test(every_end_has_its_status),
        cmocka_unit_test(fails_at_once),
        cmocka_unit_test(rings_too_long),
        cmocka_unit_test(hangs_up),
        cmocka_unit_test(what_it_may_not_ask_for),
        cmocka_unit_test(media_that_cannot_be),
        cmocka_unit_test(an_offer_that_is_none),
        cmocka_unit_test(an_offer_without_media),
        cmocka_unit_test(registration_ends),
        cmocka_unit_test(goes_on_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
