/* test_device_call_media.c - inside a call of a device: hold, resume, new
 * media of either side, and a media worker that is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "media_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

#define STATUS(s) PL_MEDIA_STATUS_##s
#define BAD       PL_DEVICE_FAULT_INVALID_ARGUMENT

typedef struct talk {
    world w;
    caller c;
    char id[65], call[65];
} talk;

/* A device called, and was answered. */
static void talks(talk *t, unsigned n_media)
{
    caller_in_world(&t->w, n_media, &t->c);
    PUT(t->call, caller_calls(&t->w, &t->c, t->id)->id);
    phone_report(&t->w, t->call, PL_CALL_STATE_ANSWERED, 200, "p1");
    phone_report(&t->w, t->call, PL_CALL_STATE_CONFIRMED, 0, NULL);
    caller_hears(&t->w, &t->c, STATUS(CONNECTED), 1, "'sdp':'o1'",
                 "'sdp':'answer:o1'");
}

static uint32_t puts_to(talk *t, uint32_t status, const char *offer,
                        const char *answer_sdp)
{
    return caller_puts(&t->w, &t->c, t->id, status, offer, answer_sdp);
}

static void is(talk *t, uint32_t status)
{
    media_is(&t->w, &t->c, t->id, status);
}

static fake_leg *phone_leg(talk *t)
{
    const pl_call *call = pl_map_find(world_pool(&t->w)->calls, t->call);
    const pl_leg *leg = PL_CONTAINER(call->part->legs.next, pl_leg, link);
    return media_leg(&t->w, leg->row.leg_id);
}

/* The direction that the telephone was offered last. */
static uint32_t phone_direction(talk *t)
{
    return phone_leg(t)->direction;
}

/* ---- hold ---- */

static void holds_and_resumes(void **state)
{
    (void)state;
    talk t;
    talks(&t, 1);
    assert_int_equal(puts_to(&t, STATUS(RESUME), NULL, NULL), BAD);
    assert_int_equal(puts_to(&t, STATUS(HOLD), NULL, NULL), 0);
    is(&t, STATUS(HOLD));
    assert_int_equal(t.w.sig.n_offers, 1);
    assert_int_equal(phone_direction(&t), PL_DIRECTION_SENDONLY);
    assert_false(media_leg_of(&t.w, t.id)->mixed);
    assert_int_equal(puts_to(&t, STATUS(HOLD), NULL, NULL), 0); /* again */
    assert_int_equal(t.w.sig.n_offers, 1);
    assert_int_equal(puts_to(&t, STATUS(RESUME), NULL, NULL), 0);
    is(&t, STATUS(CONNECTED));
    assert_int_equal(t.w.sig.n_offers, 2);
    assert_int_equal(phone_direction(&t), PL_DIRECTION_SENDRECV);
    assert_true(media_leg_of(&t.w, t.id)->mixed);
    assert_int_equal(puts_to(&t, STATUS(RESUME), NULL, NULL), 0); /* again */
    assert_int_equal(t.w.sig.n_offers, 2);
    notify_is_quiet(&t.w, S); /* its own doing */
    world_destroy(&t.w);
}

static void holds_with_an_offer(void **state)
{
    (void)state;
    talk t;
    talks(&t, 1);
    assert_int_equal(puts_to(&t, STATUS(HOLD), "o-sendonly", NULL), 0);
    media_has(&t.w, t.id, "o-sendonly", "answer:o-sendonly");
    caller_hears(&t.w, &t.c, STATUS(HOLD), 2, "'sdp':'o-sendonly'",
                 "'sdp':'answer:o-sendonly'");
    assert_int_equal(t.w.sig.n_offers, 1);
    /* The same again, as its answer was lost. */
    assert_int_equal(puts_to(&t, STATUS(HOLD), "o-sendonly", NULL), 0);
    assert_int_equal(puts_to(&t, STATUS(RESUME), "o-both", NULL), 0);
    caller_hears(&t.w, &t.c, STATUS(RESUME), 3, "'sdp':'o-both'",
                 "'sdp':'answer:o-both'");
    is(&t, STATUS(CONNECTED));
    assert_int_equal(t.w.sig.n_offers, 2);
    assert_int_equal(puts_to(&t, STATUS(HOLD), NULL, "x"), BAD);
    world_destroy(&t.w);
}

/* Clients send back the call as they got it, with another status. */
static void holds_what_it_was_told(void **state)
{
    (void)state;
    talk t;
    talks(&t, 1);
    assert_int_equal(puts_to(&t, STATUS(HOLD), "o1", "answer:o1"), 0);
    is(&t, STATUS(HOLD));
    assert_int_equal(puts_to(&t, STATUS(RESUME), "o1", "answer:o1"), 0);
    is(&t, STATUS(CONNECTED));
    assert_int_equal(puts_to(&t, STATUS(RESUME), "o1", "answer:o1"), 0);
    assert_int_equal(puts_to(&t, STATUS(RESUME), "o1", "x"), BAD);
    assert_int_equal(t.w.sig.n_offers, 2);
    notify_is_quiet(&t.w, S);
    world_destroy(&t.w);
}

static uint32_t moves_to(talk *t, uint32_t status, const char *place, answer *a)
{
    pl_media_session_put m = {.status = status};
    AS_DEVICE(MEDIA_SESSION_PUT, media_session_put, m, &t->c.who);
    PUT(m.media_session_id, t->id);
    PUT(m.location, place);
    PL_MSG_SET(MEDIA_SESSION_PUT, media_session_put, &m, location);
    world_ask(&t->w, &PL_MSG_MEDIA_SESSION_PUT, &m, a);
    world_run(&t->w, 20 * MS);
    world_check(&t->w);
    return device_fault(a);
}

/* It says where it is, which is shown until it says another place; not with
 * what it is refused. */
static void says_where_it_is(void **state)
{
    (void)state;
    talk t;
    answer a;
    talks(&t, 1);
    assert_int_equal(moves_to(&t, STATUS(CONNECTED), "{'a':1}", &a), 0);
    assert_string_equal(a.body.media_session.location, "{'a':1}");
    assert_int_equal(moves_to(&t, STATUS(RESUME), "{'a':2}", &a), BAD);
    assert_int_equal(moves_to(&t, STATUS(BUSY), "{'a':3}", &a), BAD);
    pl_media_session_get get = {.present = 0};
    AS_DEVICE(MEDIA_SESSION_GET, media_session_get, get, &t.c.who);
    PUT(get.media_session_id, t.id);
    world_ask(&t.w, &PL_MSG_MEDIA_SESSION_GET, &get, &a);
    world_run(&t.w, 20 * MS);
    assert_int_equal(device_fault(&a), 0);
    assert_string_equal(a.body.media_session.location, "{'a':1}");
    assert_int_equal(moves_to(&t, STATUS(HOLD), "{'a':4}", &a), 0);
    assert_string_equal(a.body.media_session.location, "{'a':4}");
    world_destroy(&t.w);
}

static void the_other_side_holds(void **state)
{
    (void)state;
    talk t;
    talks(&t, 1);
    t.w.media[0].direction = PL_DIRECTION_RECVONLY;
    assert_int_equal(phone_offers(&t.w, t.call, "p-hold"), PL_OK);
    caller_hears(&t.w, &t.c, STATUS(HOLD), 2,
                 "'reason':'held by the other side'", NULL);
    is(&t, STATUS(HOLD));
    /* Both hold: inactive; ours ends, theirs does not. */
    assert_int_equal(puts_to(&t, STATUS(HOLD), NULL, NULL), 0);
    assert_int_equal(phone_direction(&t), PL_DIRECTION_INACTIVE);
    assert_int_equal(puts_to(&t, STATUS(RESUME), NULL, NULL), 0);
    is(&t, STATUS(HOLD));
    t.w.media[0].direction = PL_DIRECTION_SENDRECV;
    assert_int_equal(phone_offers(&t.w, t.call, "p-on"), PL_OK);
    caller_hears(&t.w, &t.c, STATUS(RESUME), 3, NULL, NULL);
    is(&t, STATUS(CONNECTED));
    world_destroy(&t.w);
}

static void a_hold_is_not_taken(void **state)
{
    (void)state;
    talk t;
    talks(&t, 1);
    t.w.sig.refuse_offer = PL_EMEDIA;
    assert_int_equal(puts_to(&t, STATUS(HOLD), NULL, NULL), 0);
    caller_hears(&t.w, &t.c, STATUS(HOLD), 2,
                 "'reason':'the other side did not take the new media'", NULL);
    is(&t, STATUS(HOLD)); /* it is not heard all the same */
    t.w.sig.refuse_offer = PL_OK;
    assert_int_equal(puts_to(&t, STATUS(RESUME), NULL, NULL), 0);
    is(&t, STATUS(CONNECTED));
    /* The telephone is just offering itself: once more, later. */
    t.w.sig.refuse_offer = PL_EBUSY;
    assert_int_equal(puts_to(&t, STATUS(HOLD), NULL, NULL), 0);
    unsigned n = t.w.sig.n_offers;
    t.w.sig.refuse_offer = PL_OK;
    world_run(&t.w, 2 * S);
    assert_int_equal(t.w.sig.n_offers, n + 1);
    assert_int_equal(phone_direction(&t), PL_DIRECTION_SENDONLY);
    notify_is_quiet(&t.w, S);
    world_destroy(&t.w);
}

/* Resumed before the telephone answered that it is held. */
static void resumes_meanwhile(void **state)
{
    (void)state;
    talk t;
    talks(&t, 1);
    t.w.sig.waits = true;
    assert_int_equal(puts_to(&t, STATUS(HOLD), NULL, NULL), 0);
    assert_int_equal(puts_to(&t, STATUS(RESUME), NULL, NULL), 0);
    assert_int_equal(t.w.sig.n_offers, 1);
    t.w.sig.waits = false;
    phone_answers_offer(&t.w);
    world_run(&t.w, 100 * MS);
    assert_int_equal(t.w.sig.n_offers, 2);
    assert_int_equal(phone_direction(&t), PL_DIRECTION_SENDRECV);
    world_check(&t.w);
    world_destroy(&t.w);
}

/* ---- new media of the device ---- */

#define V0                                                                     \
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"                        \
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n"                  \
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=mid:0\r\n"
#define V1                                                                     \
    "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"                        \
    "m=audio 54321 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 192.0.2.3\r\n"            \
    "a=candidate:1 1 udp 1 192.0.2.3 54321 typ host\r\n"                       \
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=mid:0\r\n"      \
    "a=end-of-candidates\r\n"
#define V2                                                                     \
    "v=0\r\no=- 1 3 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"                        \
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n"                  \
    "a=ice-ufrag:efgh\r\na=ice-pwd:0123456789012345678901\r\na=mid:0\r\n"

static void what_trickles(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
        bool is_trickle;
    } cases[] = {
        {V0, V0, true},
        {V0, V1, true},
        {V1, V0, true},
        {V0, V2, false},
        {V0, V0 "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n", false},
        {V0, V0 "a=sendonly\r\n", false},
        {V0, "", false},
        {"", "", true},
        {"m=audio 9 X 0", "m=audio 10 X 0\n", true},
        {"m=audio 9 X 0", "m=audio 9 X 1", false},
        {"m=audio", "m=video", false},
        {"m=", "m=audio 1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(pl_device_is_trickle(pl_slice_str(cases[i].before),
                                              pl_slice_str(cases[i].after)),
                         cases[i].is_trickle);
}

static void candidates_trickle(void **state)
{
    (void)state;
    talk t;
    pl_media_session_create m;
    answer a;
    caller_in_world(&t.w, 1, &t.c);
    caller_fill(&t.c, &m);
    m.offer = pl_slice_str(V0);
    caller_sends(&t.w, &m, &a);
    world_run(&t.w, 3 * S);
    PUT(t.id, a.body.media_session.media_session_id);
    notify_told(&t.w, t.id);
    assert_int_equal(puts_to(&t, STATUS(IN_PROGRESS), V1, NULL), 0);
    assert_int_equal(media_leg_of(&t.w, t.id)->n_remote, 0);
    phone_report(&t.w, sig_started(&t.w)->id, PL_CALL_STATE_ANSWERED, 200, "p");
    assert_int_equal(puts_to(&t, STATUS(IN_PROGRESS), V0, NULL), 0);
    assert_int_equal(media_leg_of(&t.w, t.id)->n_remote, 0);
    is(&t, STATUS(CONNECTED));
    /* An ICE restart is answered. */
    assert_int_equal(puts_to(&t, STATUS(CONNECTED), V2, NULL), 0);
    assert_int_equal(media_leg_of(&t.w, t.id)->n_remote, 1);
    assert_int_equal(t.w.sig.n_offers, 0); /* the telephone need not know */
    world_destroy(&t.w);
}

static void renegotiates(void **state)
{
    (void)state;
    talk t;
    talks(&t, 1);
    assert_int_equal(puts_to(&t, STATUS(CONNECTED), NULL, NULL), 0);
    assert_int_equal(puts_to(&t, STATUS(CONNECTED), "o1", NULL), 0);
    notify_is_quiet(&t.w, S);
    assert_int_equal(puts_to(&t, STATUS(CONNECTED), "o2", NULL), 0);
    caller_hears(&t.w, &t.c, STATUS(CONNECTED), 2, "'sdp':'o2'",
                 "'sdp':'answer:o2'");
    assert_int_equal(puts_to(&t, STATUS(IN_PROGRESS), "o3", NULL), 0);
    is(&t, STATUS(CONNECTED));
    caller_hears(&t.w, &t.c, STATUS(CONNECTED), 3, "'sdp':'o3'",
                 "'sdp':'answer:o3'");
    assert_int_equal(puts_to(&t, STATUS(CONNECTED), NULL, "a"), BAD);
    t.w.media[0].refuse = PL_EMEDIA;
    assert_int_equal(puts_to(&t, STATUS(CONNECTED), "o4", NULL), BAD);
    t.w.media[0].refuse = PL_OK;
    media_has(&t.w, t.id, "o3", "answer:o3");
    assert_int_equal(t.w.sig.n_offers, 0);
    world_destroy(&t.w);
}

static void renegotiates_before_the_answer(void **state)
{
    (void)state;
    talk t;
    caller_in_world(&t.w, 1, &t.c);
    PUT(t.call, caller_calls(&t.w, &t.c, t.id)->id);
    phone_report(&t.w, t.call, PL_CALL_STATE_EARLY, 183, "p1");
    caller_hears(&t.w, &t.c, STATUS(IN_PROGRESS), 1, "'sdp':'o1'", NULL);
    assert_int_equal(puts_to(&t, STATUS(IN_PROGRESS), "o2", NULL), 0);
    caller_hears(&t.w, &t.c, STATUS(IN_PROGRESS), 2, "'sdp':'o2'",
                 "'sdp':'answer:o2'");
    phone_report(&t.w, t.call, PL_CALL_STATE_ANSWERED, 200, "p1");
    caller_hears(&t.w, &t.c, STATUS(CONNECTED), 3, "'sdp':'answer:o2'", NULL);
    world_destroy(&t.w);
}

/* Another branch answers than the one that sent early media. */
static void early_media_of_another(void **state)
{
    (void)state;
    talk t;
    caller_in_world(&t.w, 1, &t.c);
    PUT(t.call, caller_calls(&t.w, &t.c, t.id)->id);
    phone_report(&t.w, t.call, PL_CALL_STATE_EARLY, 183, "p1");
    caller_hears(&t.w, &t.c, STATUS(IN_PROGRESS), 1, "'sdp':'o1'", NULL);
    phone_report(&t.w, t.call, PL_CALL_STATE_EARLY, 183, "p2");
    caller_hears(&t.w, &t.c, STATUS(IN_PROGRESS), 2, "'sdp':'answer:o1'", NULL);
    phone_report(&t.w, t.call, PL_CALL_STATE_ANSWERED, 200, "p3");
    caller_hears(&t.w, &t.c, STATUS(CONNECTED), 3, "'sdp':'answer:o1'", NULL);
    world_check(&t.w);
    world_destroy(&t.w);
}

/* ---- a media worker is lost ---- */

/* Its place is taken by the other; until the device is told. */
static void loses_media(talk *t)
{
    world_kill_media(&t->w, t->w.media[0].n_legs > 0 ? 0 : 1);
    for (unsigned i = 0; i < 1000 && web_waiting(&t->w) == 0; i++)
        world_run(&t->w, 20 * MS);
    world_check(&t->w);
}

static void media_moves(void **state)
{
    (void)state;
    talk t;
    char offer[80];
    char member[96];
    talks(&t, 2);
    loses_media(&t);
    pl_fmt_cut(offer, sizeof offer, "offer:%s", media_leg_of(&t.w, t.id)->id);
    pl_fmt_cut(member, sizeof member, "'offer':{'sdp':'%s'}", offer);
    caller_hears(&t.w, &t.c, STATUS(CONNECTED), 2, member, NULL);
    media_has(&t.w, t.id, offer, "");
    assert_int_equal(t.w.sig.n_offers, 1); /* the telephone is offered too */
    assert_int_equal(puts_to(&t, STATUS(CONNECTED), NULL, "a-new"), 0);
    media_has(&t.w, t.id, offer, "a-new");
    assert_int_equal(puts_to(&t, STATUS(CONNECTED), NULL, "a-new"), 0);
    is(&t, STATUS(CONNECTED));
    world_run(&t.w, 60 * (int64_t)S);
    is(&t, STATUS(CONNECTED));
    world_check(&t.w);
    world_destroy(&t.w);
}

static void new_media_is_not_answered(void **state)
{
    (void)state;
    talk t;
    talks(&t, 2);
    loses_media(&t);
    caller_hears(&t.w, &t.c, STATUS(CONNECTED), 2, "'sdp':'offer:", NULL);
    world_run(&t.w, t.w.config.reoffer_ms * (int64_t)MS);
    caller_hears(&t.w, &t.c, STATUS(TERMINATED), 3, NULL, NULL);
    assert_true(sig_call(&t.w, t.call)->is_ended);
    world_destroy(&t.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_and_resumes),
        cmocka_unit_test(holds_with_an_offer),
        cmocka_unit_test(holds_what_it_was_told),
        cmocka_unit_test(says_where_it_is),
        cmocka_unit_test(the_other_side_holds),
        cmocka_unit_test(a_hold_is_not_taken),
        cmocka_unit_test(resumes_meanwhile),
        cmocka_unit_test(what_trickles),
        cmocka_unit_test(candidates_trickle),
        cmocka_unit_test(renegotiates),
        cmocka_unit_test(renegotiates_before_the_answer),
        cmocka_unit_test(early_media_of_another),
        cmocka_unit_test(media_moves),
        cmocka_unit_test(new_media_is_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
