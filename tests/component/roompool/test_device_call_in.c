/* test_device_call_in.c - a call comes in for a number of devices: who rings,
 * what the caller hears of what they say, and every way that ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "media_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

#define STATUS(s) PL_MEDIA_STATUS_##s
#define SINK_2    "https://sink.example/s/2"

/* A device of the number, and a call for it: c1. */
static void rings(world *w, caller *c, char *id)
{
    caller_in_world(w, 1, c);
    assert_int_equal(phone_call(w, "c1", CALL_NUMBER, "po"), PL_OK);
    caller_is_invited(w, c, NULL, id);
}

/* Two devices of the number. */
static void both_ring(world *w, caller *a, caller *b, char *id_a, char *id_b)
{
    caller_in_world(w, 1, a);
    caller_begins(w, b, DEVICE_2, CALL_NUMBER, SINK_2);
    assert_int_equal(phone_call(w, "c1", CALL_NUMBER, "po"), PL_OK);
    caller_is_invited(w, a, NULL, id_a);
    caller_is_invited(w, b, NULL, id_b);
    assert_string_not_equal(id_a, id_b);
}

/* ---- who rings ---- */

static void is_invited(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    caller_in_world(&w, 1, &c);
    assert_int_equal(phone_call(&w, "c1", CALL_NUMBER, "po"), PL_OK);
    caller_is_invited(&w, &c, "'originatorAddress':'tel:+15551234'", id);
    assert_int_equal(sig_call(&w, "c1")->status, 0); /* 100 alone */
    media_is(&w, &c, id, STATUS(INITIAL));
    const pl_devcall *dc = media_of(&w, id);
    assert_string_equal(dc->row.receiver, "tel:" CALL_NUMBER);
    assert_string_equal(dc->row.originator_name, "c1");
    assert_int_equal(strncmp((const char *)dc->row.offer.ptr, "offer:", 6), 0);
    assert_false(media_leg_of(&w, id)->mixed); /* nobody listens in */
    world_destroy(&w);
}

static void the_caller_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *from, *identity;
        bool anonymous;
        const char *member;
    } cases[] = {
        {"sip:bob@example.org", "", false, "'sip:bob@example.org'"},
        {"sip:bob@192.0.2.7:5070", "", false, "'sip:bob@ims.test'"},
        {"sip:x@example.org", "sip:+4940999999@tn.test", false,
         "'tel:+4940999999'"},
        {"tel:+4940888888", "", false, "'tel:+4940888888'"},
        {"sip:x@example.org", "sip:+4940999999@tn.test", true,
         "'sip:anonymous@anonymous.invalid'"},
        {"sip:anonymous@anonymous.invalid", "", false,
         "'sip:anonymous@anonymous.invalid'"},
        {"sip:b%20o@x", "", false, "'sip:b%20o@ims.test'"},
    };
    world w;
    caller c;
    caller_in_world(&w, 1, &c);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pl_call_incoming m = {.anonymous = cases[i].anonymous};
        char id[65];
        char call[8];
        char member[128];
        pl_fmt_cut(call, sizeof call, "n%zu", i);
        PUT(m.to_user, &CALL_NUMBER[1]); /* without + */
        PUT(m.to_host, "192.0.2.1");
        PUT(m.from_uri, cases[i].from);
        PUT(m.identity, cases[i].identity);
        PL_MSG_SET(CALL_INCOMING, call_incoming, &m, identity);
        PL_MSG_SET(CALL_INCOMING, call_incoming, &m, anonymous);
        assert_int_equal(phone_calls_as(&w, call, &m), PL_OK);
        pl_fmt_cut(member, sizeof member, "'originatorAddress':%s",
                   cases[i].member);
        caller_is_invited(&w, &c, member, id);
        assert_int_equal(phone_report(&w, call, PL_CALL_STATE_ENDED, 487, NULL),
                         PL_OK);
        caller_hears(&w, &c, STATUS(SESSION_CANCELLED), 2, NULL, NULL);
    }
    world_destroy(&w);
}

static void nobody_to_ring(void **state)
{
    (void)state;
    world w;
    caller c;
    caller_in_world(&w, 1, &c);
    /* Nobody stands for the number; then somebody who wants no invitations. */
    assert_int_equal(phone_call(&w, "c1", "+4930666999", "po"), PL_OK);
    assert_int_equal(sig_call(&w, "c1")->status, 480);
    assert_int_equal(notify_deletes(&w, c.subscription), 0);
    notify_ended(&w, "SUBSCRIPTION_DELETED");
    assert_int_equal(phone_call(&w, "c2", CALL_NUMBER, "po"), PL_OK);
    assert_int_equal(sig_call(&w, "c2")->status, 480);
    assert_int_equal(world_metric(&w, PL_RM_device_unreachable), 2);
    /* Not a number of ours at all. */
    assert_int_equal(phone_call(&w, "c3", "+4989123", "po"), PL_ENOENT);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM conferences"), 0);
    world_destroy(&w);
}

static void media_that_cannot_be(void **state)
{
    (void)state;
    world w;
    caller c;
    caller_in_world(&w, 1, &c);
    w.media[0].refuse = PL_EMEDIA;
    assert_int_equal(phone_call(&w, "c1", CALL_NUMBER, "po"), PL_OK);
    assert_int_equal(sig_call(&w, "c1")->status, 488);
    world_check(&w);
    world_destroy(&w);
}

/* ---- what it says before it answers ---- */

static void the_whole_way(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    rings(&w, &c, id);
    const fake_call *call = sig_call(&w, "c1");
    assert_int_equal(caller_puts(&w, &c, id, STATUS(IN_PROGRESS), NULL, NULL),
                     PL_DEVICE_FAULT_INVALID_ARGUMENT); /* no answer */
    assert_int_equal(caller_puts(&w, &c, id, STATUS(IN_PROGRESS), NULL, "a1"),
                     0);
    assert_int_equal(call->status, 183);
    assert_string_equal(call->sdp, "answer:po");
    media_is(&w, &c, id, STATUS(IN_PROGRESS));
    assert_int_equal(media_leg_of(&w, id)->n_remote, 1);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(WAITING), NULL, NULL), 0);
    assert_int_equal(call->status, 182);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(PROCEEDING), NULL, NULL),
                     0);
    assert_int_equal(call->status, 181);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(RINGING), NULL, NULL), 0);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(RINGING), NULL, NULL), 0);
    assert_int_equal(call->status, 180);
    assert_string_equal(call->sdp, "");
    assert_false(media_leg_of(&w, id)->mixed);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(CONNECTED), NULL, "a2"),
                     PL_DEVICE_FAULT_INVALID_ARGUMENT); /* another answer */
    assert_int_equal(caller_puts(&w, &c, id, STATUS(CONNECTED), NULL, NULL), 0);
    assert_int_equal(call->status, 200);
    assert_string_equal(call->sdp, "answer:po");
    assert_int_equal(media_leg_of(&w, id)->n_remote, 1);
    assert_true(media_leg_of(&w, id)->mixed);
    phone_report(&w, "c1", PL_CALL_STATE_CONFIRMED, 0, NULL);
    media_is(&w, &c, id, STATUS(CONNECTED));
    /* A repeat whose answer was lost. */
    assert_int_equal(caller_puts(&w, &c, id, STATUS(CONNECTED), NULL, NULL), 0);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(CONNECTED), NULL, "a1"), 0);
    notify_is_quiet(&w, S); /* no word of what it did itself */
    assert_int_equal(caller_deletes(&w, &c, id), 0);
    caller_hears(&w, &c, STATUS(TERMINATED), 2, NULL, NULL);
    assert_true(call->is_ended);
    world_destroy(&w);
}

static void answers_at_once(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    rings(&w, &c, id);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(CONNECTED), NULL, NULL),
                     PL_DEVICE_FAULT_INVALID_ARGUMENT);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(CONNECTED), NULL, "a1"), 0);
    assert_int_equal(sig_call(&w, "c1")->status, 200);
    assert_string_equal(sig_call(&w, "c1")->sdp, "answer:po");
    phone_says(&w, "c1", PL_CALL_STATE_ENDED, 0, "", NULL, NULL);
    caller_hears(&w, &c, STATUS(TERMINATED), 2, "'reason':'BYE received'",
                 NULL);
    world_destroy(&w);
}

/* The answer in a 180, and where one diagram has it. */
static void rings_with_its_answer(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    rings(&w, &c, id);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(RINGING), "o2", NULL),
                     PL_DEVICE_FAULT_INVALID_ARGUMENT);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(RINGING),
                                 "v=0\r\na=setup:active\r\n", NULL),
                     0);
    assert_int_equal(sig_call(&w, "c1")->status, 180);
    assert_string_equal(sig_call(&w, "c1")->sdp, "answer:po");
    assert_int_equal(caller_puts(&w, &c, id, STATUS(IN_PROGRESS), NULL, NULL),
                     PL_DEVICE_FAULT_INVALID_ARGUMENT); /* not back */
    assert_int_equal(caller_puts(&w, &c, id, STATUS(CONNECTED), NULL, NULL), 0);
    world_destroy(&w);
}

static void no_offer_from_the_caller(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    caller_in_world(&w, 1, &c);
    assert_int_equal(phone_call(&w, "c1", CALL_NUMBER, NULL), PL_OK);
    caller_is_invited(&w, &c, NULL, id);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(CONNECTED), NULL, "a1"), 0);
    assert_int_equal(strncmp(sig_call(&w, "c1")->sdp, "offer:", 6), 0);
    phone_report(&w, "c1", PL_CALL_STATE_CONFIRMED, 0, "pa");
    world_check(&w);
    media_is(&w, &c, id, STATUS(CONNECTED));
    world_destroy(&w);
}

static void bad_answer(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    rings(&w, &c, id);
    w.media[0].refuse = PL_EMEDIA;
    assert_int_equal(caller_puts(&w, &c, id, STATUS(CONNECTED), NULL, "bad"),
                     PL_DEVICE_FAULT_INVALID_ARGUMENT);
    w.media[0].refuse = PL_OK;
    assert_int_equal(caller_puts(&w, &c, id, STATUS(CONNECTED), NULL, "a1"), 0);
    assert_int_equal(sig_call(&w, "c1")->status, 200);
    world_destroy(&w);
}

static void what_it_may_not_ask_for(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    static const uint32_t never[] = {STATUS(INITIAL), STATUS(HOLD),
                                     STATUS(RESUME), STATUS(SESSION_CANCELLED)};
    rings(&w, &c, id);
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        assert_int_equal(caller_puts(&w, &c, id, never[i], NULL, NULL),
                         PL_DEVICE_FAULT_INVALID_ARGUMENT);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(CONNECTED), NULL, "a1"), 0);
    static const uint32_t late[] = {STATUS(INITIAL),  STATUS(RINGING),
                                    STATUS(DECLINED), STATUS(WAITING),
                                    STATUS(BUSY),     STATUS(RESUME)};
    for (size_t i = 0; i < sizeof late / sizeof late[0]; i++)
        assert_int_equal(caller_puts(&w, &c, id, late[i], NULL, NULL),
                         PL_DEVICE_FAULT_INVALID_ARGUMENT);
    world_destroy(&w);
}

static void own_word_if_so_configured(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    caller_in_world(&w, 1, &c);
    w.config.device_echo = true;
    w.config.device_auto_ringing = true;
    assert_int_equal(phone_call(&w, "c1", CALL_NUMBER, "po"), PL_OK);
    assert_int_equal(sig_call(&w, "c1")->status, 180);
    caller_is_invited(&w, &c, NULL, id);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(RINGING), NULL, NULL), 0);
    caller_hears(&w, &c, STATUS(RINGING), 2, "'sdp':'offer:", NULL);
    world_destroy(&w);
}

/* ---- declining ---- */

static void every_end_has_its_code(void **state)
{
    (void)state;
    static const struct {
        uint32_t asked, told, code;
    } cases[] = {
        {STATUS(DECLINED), STATUS(DECLINED), 603},
        {STATUS(TERMINATED), STATUS(DECLINED), 603},
        {0, STATUS(DECLINED), 603}, /* DELETE */
        {STATUS(BUSY), STATUS(BUSY), 486},
        {STATUS(NOT_REACHABLE), STATUS(NOT_REACHABLE), 480},
        {STATUS(NO_ANSWER), STATUS(NO_ANSWER), 480},
        {STATUS(FAILED), STATUS(FAILED), 500},
    };
    world w;
    caller c;
    caller_in_world(&w, 1, &c);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char id[65];
        char call[8];
        pl_fmt_cut(call, sizeof call, "n%zu", i);
        assert_int_equal(phone_call(&w, call, CALL_NUMBER, "po"), PL_OK);
        caller_is_invited(&w, &c, NULL, id);
        if (cases[i].asked)
            assert_int_equal(
                caller_puts(&w, &c, id, cases[i].asked, NULL, NULL), 0);
        else
            assert_int_equal(caller_deletes(&w, &c, id), 0);
        caller_hears(&w, &c, cases[i].told, 2, NULL, NULL);
        assert_int_equal(sig_call(&w, call)->status, cases[i].code);
    }
    w.config.device_decline_status = 486;
    char id[65];
    assert_int_equal(phone_call(&w, "last", CALL_NUMBER, "po"), PL_OK);
    caller_is_invited(&w, &c, NULL, id);
    assert_int_equal(caller_deletes(&w, &c, id), 0);
    assert_int_equal(sig_call(&w, "last")->status, 486);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM calls"), 0);
    world_destroy(&w);
}

/* ---- several devices ---- */

static void the_first_wins(void **state)
{
    (void)state;
    world w;
    caller a, b;
    char id_a[65], id_b[65];
    both_ring(&w, &a, &b, id_a, id_b);
    assert_int_equal(caller_puts(&w, &a, id_a, STATUS(IN_PROGRESS), NULL, "aa"),
                     0);
    assert_int_equal(caller_puts(&w, &b, id_b, STATUS(IN_PROGRESS), NULL, "ab"),
                     0);
    assert_int_equal(caller_puts(&w, &a, id_a, STATUS(RINGING), NULL, NULL), 0);
    assert_int_equal(caller_puts(&w, &b, id_b, STATUS(CONNECTED), NULL, NULL),
                     0);
    assert_int_equal(sig_call(&w, "c1")->status, 200);
    assert_string_equal(sig_call(&w, "c1")->sdp, "answer:po");
    caller_hears(&w, &a, STATUS(SESSION_CANCELLED), 2,
                 "'reason':'answered elsewhere'", NULL);
    media_is(&w, &a, id_a, STATUS(SESSION_CANCELLED));
    media_is(&w, &b, id_b, STATUS(CONNECTED));
    assert_int_equal(caller_puts(&w, &a, id_a, STATUS(CONNECTED), NULL, NULL),
                     PL_DEVICE_FAULT_INVALID_ARGUMENT);
    assert_null(media_leg_of(&w, id_a));
    assert_true(media_leg_of(&w, id_b)->mixed);
    world_run(&w, 31 * (int64_t)S);
    assert_int_equal(caller_puts(&w, &a, id_a, STATUS(CONNECTED), NULL, NULL),
                     PL_DEVICE_FAULT_NOT_FOUND);
    assert_int_equal(caller_deletes(&w, &b, id_b), 0);
    caller_hears(&w, &b, STATUS(TERMINATED), 2, NULL, NULL);
    world_destroy(&w);
}

static void all_decline(void **state)
{
    (void)state;
    static const struct {
        uint32_t a, b, code;
    } cases[] = {
        {STATUS(BUSY), STATUS(DECLINED), 603},
        {STATUS(BUSY), STATUS(NOT_REACHABLE), 486},
        {STATUS(FAILED), STATUS(NO_ANSWER), 480},
    };
    world w;
    caller a, b;
    char id_a[65], id_b[65];
    both_ring(&w, &a, &b, id_a, id_b);
    phone_report(&w, "c1", PL_CALL_STATE_ENDED, 487, NULL);
    caller_hears(&w, &a, STATUS(SESSION_CANCELLED), 2, NULL, NULL);
    caller_hears(&w, &b, STATUS(SESSION_CANCELLED), 2, NULL, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char call[8];
        pl_fmt_cut(call, sizeof call, "n%zu", i);
        assert_int_equal(phone_call(&w, call, CALL_NUMBER, "po"), PL_OK);
        caller_is_invited(&w, &a, NULL, id_a);
        caller_is_invited(&w, &b, NULL, id_b);
        assert_int_equal(caller_puts(&w, &a, id_a, cases[i].a, NULL, NULL), 0);
        assert_int_equal(sig_call(&w, call)->status, 0); /* b rings on */
        assert_int_equal(caller_puts(&w, &b, id_b, cases[i].b, NULL, NULL), 0);
        assert_int_equal(sig_call(&w, call)->status, cases[i].code);
        caller_hears(&w, &a, cases[i].a, 2, NULL, NULL);
        caller_hears(&w, &b, cases[i].b, 2, NULL, NULL);
    }
    world_destroy(&w);
}

/* One of them goes: by its media, by its registration. */
static void one_goes(void **state)
{
    (void)state;
    world w;
    caller a, b;
    char id_a[65], id_b[65];
    both_ring(&w, &a, &b, id_a, id_b);
    media_report(&w, media_leg_of(&w, id_a)->id, PL_LEG_STATE_FAILED);
    caller_hears(&w, &a, STATUS(FAILED), 2, NULL, NULL);
    media_is(&w, &b, id_b, STATUS(INITIAL));
    assert_int_equal(device_deletes(&w, &b.who, b.registration), 0);
    caller_hears(&w, &b, STATUS(TERMINATED), 2, NULL, NULL);
    assert_int_equal(sig_call(&w, "c1")->status, 480);
    world_check(&w);
    world_destroy(&w);
}

/* ---- time, and the caller ---- */

static void nobody_says_anything(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    rings(&w, &c, id);
    world_run(&w, 14 * S);
    assert_int_equal(sig_call(&w, "c1")->status, 0);
    world_run(&w, 2 * S);
    assert_int_equal(sig_call(&w, "c1")->status, 480);
    caller_hears(&w, &c, STATUS(NO_ANSWER), 2, NULL, NULL);
    /* It says that it rings, and no more. */
    assert_int_equal(phone_call(&w, "c2", CALL_NUMBER, "po"), PL_OK);
    caller_is_invited(&w, &c, NULL, id);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(RINGING), NULL, NULL), 0);
    world_run(&w, 55 * (int64_t)S);
    assert_int_equal(sig_call(&w, "c2")->status, 180);
    world_run(&w, 6 * S);
    assert_int_equal(sig_call(&w, "c2")->status, 480);
    caller_hears(&w, &c, STATUS(NO_ANSWER), 2, NULL, NULL);
    world_destroy(&w);
}

static void the_caller_hangs_up(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    rings(&w, &c, id);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(RINGING), NULL, NULL), 0);
    phone_says(&w, "c1", PL_CALL_STATE_ENDED, 487, "", "SIP;cause=200", NULL);
    caller_hears(&w, &c, STATUS(SESSION_CANCELLED), 2,
                 "'reason':'CANCEL received; SIP;cause=200'", NULL);
    media_is(&w, &c, id, STATUS(SESSION_CANCELLED));
    assert_int_equal(caller_puts(&w, &c, id, STATUS(CONNECTED), NULL, "a1"),
                     PL_DEVICE_FAULT_INVALID_ARGUMENT);
    world_destroy(&w);
}

static void no_ack(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    rings(&w, &c, id);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(CONNECTED), NULL, "a1"), 0);
    phone_report(&w, "c1", PL_CALL_STATE_ENDED, 408, NULL);
    caller_hears(&w, &c, STATUS(FAILED), 2, "'reason':'no ACK'", NULL);
    world_destroy(&w);
}

/* ---- roompool ends and starts again ---- */

static void goes_on_after_a_restart(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    rings(&w, &c, id);
    world_kill_roompool(&w);
    world_start_roompool(&w);
    world_send_inventory(&w);
    world_check(&w);
    media_is(&w, &c, id, STATUS(INITIAL));
    assert_int_equal(caller_puts(&w, &c, id, STATUS(RINGING), NULL, NULL), 0);
    assert_int_equal(sig_call(&w, "c1")->status, 180);
    world_kill_roompool(&w);
    world_start_roompool(&w);
    world_send_inventory(&w);
    assert_int_equal(caller_puts(&w, &c, id, STATUS(CONNECTED), NULL, "a1"), 0);
    assert_int_equal(sig_call(&w, "c1")->status, 200);
    assert_string_equal(sig_call(&w, "c1")->sdp, "answer:po");
    phone_report(&w, "c1", PL_CALL_STATE_CONFIRMED, 0, NULL);
    world_kill_roompool(&w);
    world_start_roompool(&w);
    world_send_inventory(&w);
    world_check(&w);
    media_is(&w, &c, id, STATUS(CONNECTED));
    phone_report(&w, "c1", PL_CALL_STATE_ENDED, 0, NULL);
    caller_hears(&w, &c, STATUS(TERMINATED), 2, NULL, NULL);
    world_destroy(&w);
}

/* The call ended while roompool was away. */
static void gone_after_a_restart(void **state)
{
    (void)state;
    world w;
    caller c;
    char id[65];
    rings(&w, &c, id);
    world_kill_roompool(&w);
    sig_call(&w, "c1")->is_ended = true;
    world_start_roompool(&w);
    world_send_inventory(&w);
    world_check(&w);
    caller_hears(&w, &c, STATUS(FAILED), 2, NULL, NULL);
    world_destroy(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_invited),
        cmocka_unit_test(the_caller_is_named),
        cmocka_unit_test(nobody_to_ring),
        cmocka_unit_test(media_that_cannot_be),
        cmocka_unit_test(the_whole_way),
        cmocka_unit_test(answers_at_once),
        cmocka_unit_test(rings_with_its_answer),
        cmocka_unit_test(no_offer_from_the_caller),
        cmocka_unit_test(bad_answer),
        cmocka_unit_test(what_it_may_not_ask_for),
        cmocka_unit_test(own_word_if_so_configured),
        cmocka_unit_test(every_end_has_its_code),
        cmocka_unit_test(the_first_wins),
        cmocka_unit_test(all_decline),
        cmocka_unit_test(one_goes),
        cmocka_unit_test(nobody_says_anything),
        cmocka_unit_test(the_caller_hangs_up),
        cmocka_unit_test(no_ack),
        cmocka_unit_test(goes_on_after_a_restart),
        cmocka_unit_test(gone_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
