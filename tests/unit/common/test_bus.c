#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "bus_impl.h"

enum { MS = 1000, SECOND = 1000000 };

static const pl_bus_sender STRANGER = {.node = "x.1", .route = "x.1"};
static const pl_bus_sender ROOMPOOL = {.node = PL_BUS_ROOMPOOL,
                                       .route = PL_BUS_ROOMPOOL};

typedef struct rig {
    pl_loop *loop;
    pl_bus_hub *hub;
    pl_bus *router, *dealer;
    int requests, events, links_up, links_down, peers_up, peers_down;
    pl_bus_ticket ticket; /* of the last request */
    char trace[PL_TRACE_MAX + 1];
    uint64_t epoch;
    int replies;
    pl_err e; /* of the last reply */
    const pl_msg_desc *desc;
    uint32_t total;
    char text[256];
    bool answer; /* at once */
} rig;

static pl_bus *open_bus(rig *r, const char *node, pl_role role)
{
    pl_bus *bus = NULL;
    const pl_bus_options o = {.loop = r->loop, .node = node, .role = role};
    assert_int_equal(pl_bus_open_mem(r->hub, &o, &bus), PL_OK);
    return bus;
}

static void on_get(void *ctx, const pl_bus_in *in)
{
    rig *r = ctx;
    r->requests++;
    r->ticket = in->ticket;
    r->epoch = in->epoch;
    memcpy(r->trace, in->trace, strlen(in->trace) + 1);
    if (!r->answer)
        return;
    const pl_metrics_get *m = in->body;
    pl_metrics_text t = {.total = m->index + 1};
    pl_bus_reply(r->router, &in->ticket, &PL_MSG_METRICS_TEXT, &t);
}

static void on_hello(void *ctx, const pl_bus_in *in)
{
    rig *r = ctx;
    pl_hello_ok ok = {.roompool_boot = 1, .beat_ms = 250};
    pl_bus_reply(r->router, &in->ticket, &PL_MSG_HELLO_OK, &ok);
}

static void on_event(void *ctx, const pl_bus_in *in)
{
    rig *r = ctx;
    assert_string_equal(in->node, "media-1.aa");
    r->events++;
}

static void on_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    rig *r = ctx;
    r->replies++;
    r->e = e;
    r->desc = in ? in->desc : NULL;
    if (r->desc == &PL_MSG_METRICS_TEXT)
        r->total = ((const pl_metrics_text *)in->body)->total;
    if (r->desc == &PL_MSG_ERROR)
        memcpy(r->text, ((const pl_error *)in->body)->text, sizeof r->text);
}

static void on_link(void *ctx, bool is_up)
{
    rig *r = ctx;
    r->links_up += is_up;
    r->links_down += !is_up;
}

static void on_peer(void *ctx, const char *node, bool is_up)
{
    rig *r = ctx;
    assert_string_equal(node, "media-1.aa");
    r->peers_up += is_up;
    r->peers_down += !is_up;
}

static void open_router(rig *r)
{
    r->router = open_bus(r, "roompool.1", PL_ROLE_ROOMPOOL);
    pl_bus_watch_peers(r->router, on_peer, r);
    assert_int_equal(pl_bus_handle(r->router, &PL_MSG_METRICS_GET, on_get, r),
                     PL_OK);
    assert_int_equal(pl_bus_handle(r->router, &PL_MSG_HELLO, on_hello, r),
                     PL_OK);
    assert_int_equal(
        pl_bus_handle(r->router, &PL_MSG_INVENTORY_END, on_event, r), PL_OK);
}

static int setup(void **state)
{
    rig *r = calloc(1, sizeof *r);
    assert_int_equal(pl_loop_create_fake(0, &r->loop), PL_OK);
    assert_int_equal(pl_bus_hub_create(r->loop, 1, &r->hub), PL_OK);
    open_router(r);
    r->dealer = open_bus(r, "media-1.aa", PL_ROLE_MEDIA);
    pl_bus_watch_link(r->dealer, on_link, r);
    r->answer = true;
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    rig *r = *state;
    pl_bus_close(&r->dealer);
    pl_bus_close(&r->router);
    pl_bus_hub_destroy(&r->hub);
    pl_loop_destroy(&r->loop);
    free(r);
    return 0;
}

static uint64_t ask(rig *r, const pl_bus_send *how, uint32_t index)
{
    uint64_t corr = 0;
    pl_metrics_get m = {.index = index};
    assert_int_equal(pl_bus_request(r->dealer, how, &PL_MSG_METRICS_GET, &m,
                                    on_reply, r, &corr),
                     PL_OK);
    return corr;
}

static void say_hello(rig *r, const char *node)
{
    pl_hello m = {
        .role = PL_ROLE_MEDIA, .build = "0", .schema_major = 1, .pid = 1};
    memcpy(m.node, node, strlen(node) + 1);
    assert_int_equal(
        pl_bus_request(r->dealer, NULL, &PL_MSG_HELLO, &m, on_reply, r, NULL),
        PL_OK);
}

static void a_request_gets_its_typed_reply(void **state)
{
    rig *r = *state;
    const pl_bus_send how = {.trace = "abc123", .epoch = 42};
    ask(r, &how, 7);
    assert_int_equal(r->replies, 0); /* never from inside the call */
    pl_loop_advance(r->loop, 0);
    assert_int_equal(r->replies, 1);
    assert_int_equal(r->e, PL_OK);
    assert_ptr_equal(r->desc, &PL_MSG_METRICS_TEXT);
    assert_int_equal(r->total, 8);
    assert_string_equal(r->trace, "abc123");
    assert_int_equal(r->epoch, 42);
}

static void an_event_arrives_once(void **state)
{
    rig *r = *state;
    const pl_inventory_end m = {.count = 3};
    assert_int_equal(pl_bus_event(r->dealer, NULL, &PL_MSG_INVENTORY_END, &m),
                     PL_OK);
    pl_loop_advance(r->loop, SECOND);
    assert_int_equal(r->events, 1);
}

static void an_unanswered_request_times_out_once(void **state)
{
    rig *r = *state;
    r->answer = false;
    const pl_bus_send how = {.deadline_ms = 300};
    ask(r, &how, 1);
    pl_loop_advance(r->loop, 299 * MS);
    assert_int_equal(r->replies, 0);
    pl_loop_advance(r->loop, MS);
    assert_int_equal(r->replies, 1);
    assert_int_equal(r->e, PL_ETIMEOUT);
    assert_null(r->desc);
    /* An answer after that goes nowhere. */
    const pl_metrics_text t = {.total = 1};
    pl_bus_reply(r->router, &r->ticket, &PL_MSG_METRICS_TEXT, &t);
    pl_loop_advance(r->loop, SECOND);
    assert_int_equal(r->replies, 1);
    pl_bus_stats s;
    pl_bus_get_stats(r->router, &s);
    assert_int_equal(s.dropped, 1);
    pl_bus_get_stats(r->dealer, &s);
    assert_int_equal(s.timeouts, 1);
}

static void a_cancelled_request_is_silent(void **state)
{
    rig *r = *state;
    pl_bus_cancel(r->dealer, ask(r, NULL, 1));
    pl_bus_cancel(r->dealer, 12345);
    pl_loop_advance(r->loop, 10 * SECOND);
    assert_int_equal(r->requests, 1);
    assert_int_equal(r->replies, 0);
}

static void a_late_reply_may_be_given_by_ticket(void **state)
{
    rig *r = *state;
    r->answer = false;
    ask(r, NULL, 1);
    pl_loop_advance(r->loop, 500 * MS);
    const pl_metrics_text t = {.total = 9};
    pl_bus_reply(r->router, &r->ticket, &PL_MSG_METRICS_TEXT, &t);
    pl_loop_advance(r->loop, 0);
    assert_int_equal(r->total, 9);
}

static void an_error_reply_gives_its_code_and_text(void **state)
{
    rig *r = *state;
    r->answer = false;
    ask(r, NULL, 1);
    pl_loop_advance(r->loop, 0);
    char text[600];
    memset(text, 'x', sizeof text);
    memcpy(text + 254, "\xc3\xa4", 2); /* cut in the middle of a character */
    text[sizeof text - 1] = '\0';
    pl_bus_reply_error(r->router, &r->ticket, PL_EFULL, text);
    pl_loop_advance(r->loop, 0);
    assert_int_equal(r->e, PL_EFULL);
    assert_ptr_equal(r->desc, &PL_MSG_ERROR);
    assert_int_equal(strlen(r->text), 254);
}

static void what_nobody_handles_is_unsupported(void **state)
{
    rig *r = *state;
    pl_session_delete m = {.client_id = "c"};
    memset(m.token_hash, 'a', 64);
    assert_int_equal(pl_bus_request(r->dealer, NULL, &PL_MSG_SESSION_DELETE, &m,
                                    on_reply, r, NULL),
                     PL_OK);
    pl_loop_advance(r->loop, 0);
    assert_int_equal(r->e, PL_EUNSUPPORTED);
    pl_bus_stats s;
    pl_bus_get_stats(r->router, &s);
    assert_int_equal(s.unhandled, 1);
}

static void invalid_use_is_refused(void **state)
{
    rig *r = *state;
    pl_metrics_get m = {.index = 200000}; /* above its bound */
    assert_int_equal(pl_bus_request(r->dealer, NULL, &PL_MSG_METRICS_GET, &m,
                                    on_reply, r, NULL),
                     PL_EINVAL);
    pl_beat beat = {0};
    assert_int_equal(
        pl_bus_request(r->dealer, NULL, &PL_MSG_BEAT, &beat, on_reply, r, NULL),
        PL_EINVAL);
    assert_int_equal(pl_bus_event(r->dealer, NULL, &PL_MSG_METRICS_GET, &m),
                     PL_EINVAL);
    assert_int_equal(pl_bus_handle(r->router, &PL_MSG_METRICS_GET, on_get, r),
                     PL_EEXIST);
}

static void an_event_without_peer_is_dropped_and_counted(void **state)
{
    rig *r = *state;
    const pl_beat beat = {0};
    const pl_bus_send how = {.to = "media-9.zz"};
    assert_int_equal(pl_bus_event(r->router, &how, &PL_MSG_BEAT, &beat),
                     PL_EFULL);
    pl_bus_stats s;
    pl_bus_get_stats(r->router, &s);
    assert_int_equal(s.dropped, 1);
}

static void a_request_waits_for_a_peer_that_comes_in_time(void **state)
{
    rig *r = *state;
    pl_bus_close(&r->router);
    ask(r, NULL, 4); /* 1000 ms */
    pl_loop_advance(r->loop, 500 * MS);
    open_router(r);
    pl_loop_advance(r->loop, 100 * MS);
    assert_int_equal(r->replies, 1);
    assert_int_equal(r->total, 5);
}

static void a_repeat_is_answered_without_being_carried_out(void **state)
{
    rig *r = *state;
    const pl_bus_faults twice = {.duplicate_permille = 1000};
    pl_bus_hub_set_faults(r->hub, &twice);
    ask(r, NULL, 1);
    pl_loop_advance(r->loop, 100 * MS);
    assert_int_equal(r->requests, 1);
    assert_int_equal(r->replies, 1);
    pl_bus_stats s;
    pl_bus_get_stats(r->router, &s);
    assert_int_equal(s.repeats, 1);
}

static void retry_survives_a_restart_of_roompool(void **state)
{
    rig *r = *state;
    r->answer = false;
    const pl_bus_send how = {.deadline_ms = 30000, .retry = true};
    ask(r, &how, 6);
    pl_loop_advance(r->loop, 10 * MS);
    assert_int_equal(r->requests, 1);
    pl_bus_close(&r->router); /* killed before it answered */
    pl_loop_advance(r->loop, 5 * SECOND);
    r->answer = true;
    open_router(r);
    pl_loop_advance(r->loop, 2 * SECOND);
    assert_int_equal(r->requests, 2);
    assert_int_equal(r->replies, 1);
    assert_int_equal(r->total, 7);
}

static void the_link_follows_hello_and_beats(void **state)
{
    rig *r = *state;
    pl_loop_advance(r->loop, SECOND);
    assert_int_equal(r->links_up, 0); /* not known there yet */
    say_hello(r, "media-1.aa");
    pl_loop_advance(r->loop, 10 * SECOND);
    assert_int_equal(r->links_up, 1);
    assert_int_equal(r->peers_up, 1);
    assert_int_equal(r->links_down, 0);
    assert_int_equal(r->peers_down, 0);
    pl_bus_close(&r->router);
    pl_loop_advance(r->loop, 1300 * MS);
    assert_int_equal(r->links_down, 1);
}

static void a_quickly_restarted_roompool_is_noticed(void **state)
{
    rig *r = *state;
    say_hello(r, "media-1.aa");
    pl_loop_advance(r->loop, SECOND);
    pl_bus_close(&r->router);
    open_router(r);
    pl_loop_advance(r->loop, 1500 * MS);
    assert_int_equal(r->links_down, 1); /* it does not answer strangers */
    say_hello(r, "media-1.aa");
    pl_loop_advance(r->loop, 100 * MS);
    assert_int_equal(r->links_up, 2);
}

static void a_silent_peer_goes_and_must_say_hello_again(void **state)
{
    rig *r = *state;
    say_hello(r, "media-1.aa");
    pl_loop_advance(r->loop, SECOND);
    const pl_bus_faults cut = {.drop_permille = 1000};
    const pl_bus_faults none = {0};
    pl_bus_hub_set_faults(r->hub, &cut);
    pl_loop_advance(r->loop, 1300 * MS);
    assert_int_equal(r->peers_down, 1);
    assert_int_equal(r->links_down, 1);
    pl_bus_hub_set_faults(r->hub, &none);
    pl_loop_advance(r->loop, 3 * SECOND);
    assert_int_equal(r->links_up, 1);
    say_hello(r, "media-1.aa");
    pl_loop_advance(r->loop, SECOND);
    assert_int_equal(r->peers_up, 2);
    assert_int_equal(r->links_up, 2);
}

static void goodbye_takes_the_peer_down_at_once(void **state)
{
    rig *r = *state;
    say_hello(r, "media-1.aa");
    pl_loop_advance(r->loop, 100 * MS);
    const pl_goodbye m = {0};
    assert_int_equal(pl_bus_event(r->dealer, NULL, &PL_MSG_GOODBYE, &m), PL_OK);
    pl_loop_advance(r->loop, 0);
    assert_int_equal(r->peers_down, 1);
}

static void requests_to_a_lost_peer_fail_with_it(void **state)
{
    rig *r = *state;
    say_hello(r, "media-1.aa");
    pl_loop_advance(r->loop, SECOND);
    r->replies = 0;
    pl_bus_close(&r->dealer);
    pl_media_room_close m = {.room_id = "c"};
    const pl_bus_send plain = {.to = "media-1.aa", .deadline_ms = 60000};
    const pl_bus_send retry = {
        .to = "media-1.aa", .deadline_ms = 60000, .retry = true};
    assert_int_equal(pl_bus_request(r->router, &plain, &PL_MSG_MEDIA_ROOM_CLOSE,
                                    &m, on_reply, r, NULL),
                     PL_OK);
    assert_int_equal(pl_bus_request(r->router, &retry, &PL_MSG_MEDIA_ROOM_CLOSE,
                                    &m, on_reply, r, NULL),
                     PL_OK);
    pl_loop_advance(r->loop, 2 * SECOND);
    assert_int_equal(r->peers_down, 1);
    assert_int_equal(r->replies, 1);
    assert_int_equal(r->e, PL_ETIMEOUT);
}

static void a_hello_under_another_name_is_refused(void **state)
{
    rig *r = *state;
    say_hello(r, "media-2.bb");
    pl_loop_advance(r->loop, 100 * MS);
    assert_int_equal(r->e, PL_EINVAL);
    assert_int_equal(r->peers_up, 0);
}

static void fill_beat(void *ctx, pl_beat *beat)
{
    (*(int *)ctx)++;
    beat->legs = 5;
}

static uint32_t legs_seen;

static void on_beat(void *ctx, const pl_bus_in *in)
{
    (void)ctx;
    legs_seen = ((const pl_beat *)in->body)->legs;
}

static void beats_carry_what_the_process_says(void **state)
{
    rig *r = *state;
    int asked = 0;
    pl_bus_on_beat(r->dealer, fill_beat, &asked);
    assert_int_equal(pl_bus_handle(r->router, &PL_MSG_BEAT, on_beat, r), PL_OK);
    pl_loop_advance(r->loop, SECOND);
    assert_in_range(asked, 4, 5);
    assert_int_equal(legs_seen, 5);
}

static void malformed_messages_are_counted_and_refused(void **state)
{
    rig *r = *state;
    pl_bus_stats s;
    pl_bus_head head = {.major = 1,
                        .msg_id = PL_MSG_METRICS_GET.id,
                        .corr = 5,
                        .kind = PL_REQUEST,
                        .deadline_ms = 1000};
    uint8_t env[128];
    size_t n = 0;
    assert_int_equal(pl_envelope_encode(&head, env, sizeof env, &n), PL_OK);
    pl_bus_receive(r->router, &STRANGER, pl_slice_str("junk"),
                   pl_slice_str(""));
    pl_bus_receive(r->router, &STRANGER, (pl_slice){env, n},
                   pl_slice_str("junk"));
    pl_bus_receive(r->router, &STRANGER, (pl_slice){env, n}, (pl_slice){0});
    head.kind = PL_EVENT; /* a request's id under another kind */
    head.corr = 0;
    assert_int_equal(pl_envelope_encode(&head, env, sizeof env, &n), PL_OK);
    pl_bus_receive(r->router, &STRANGER, (pl_slice){env, n},
                   pl_slice_str("\x80"));
    pl_bus_get_stats(r->router, &s);
    assert_int_equal(s.malformed, 4);
    assert_int_equal(r->requests, 0);
    head.msg_id = 0xffff;
    assert_int_equal(pl_envelope_encode(&head, env, sizeof env, &n), PL_OK);
    pl_bus_receive(r->router, &STRANGER, (pl_slice){env, n},
                   pl_slice_str("\x80"));
    pl_bus_get_stats(r->router, &s);
    assert_int_equal(s.malformed, 4);
    assert_int_equal(s.unhandled, 1);
}

static void another_schema_major_is_a_version_error(void **state)
{
    rig *r = *state;
    uint64_t corr = ask(r, NULL, 1);
    pl_bus_head head = {
        .major = 2, .msg_id = 9999, .corr = corr, .kind = PL_REPLY};
    uint8_t env[128];
    size_t n = 0;
    assert_int_equal(pl_envelope_encode(&head, env, sizeof env, &n), PL_OK);
    pl_bus_receive(r->dealer, &ROOMPOOL, (pl_slice){env, n},
                   pl_slice_str("\x80"));
    assert_int_equal(r->replies, 1);
    assert_int_equal(r->e, PL_EVERSION);
}

static void a_stranger_cannot_answer_for_another(void **state)
{
    rig *r = *state;
    r->answer = false;
    uint64_t corr = ask(r, NULL, 1);
    const pl_bus_head head = {.major = 1,
                              .msg_id = PL_MSG_OK_REPLY.id,
                              .corr = corr,
                              .kind = PL_REPLY};
    uint8_t env[128];
    size_t n = 0;
    assert_int_equal(pl_envelope_encode(&head, env, sizeof env, &n), PL_OK);
    pl_bus_receive(r->dealer, &STRANGER, (pl_slice){env, n},
                   pl_slice_str("\x80"));
    assert_int_equal(r->replies, 0);
}

static void names_on_a_hub_are_unique(void **state)
{
    rig *r = *state;
    pl_bus *bus = NULL;
    pl_bus_options o = {
        .loop = r->loop, .node = "media-1.aa", .role = PL_ROLE_MEDIA};
    assert_int_equal(pl_bus_open_mem(r->hub, &o, &bus), PL_EEXIST);
    o.node = "";
    assert_int_equal(pl_bus_open_mem(r->hub, &o, &bus), PL_ECONFIG);
    assert_null(bus);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_request_gets_its_typed_reply),
        T(an_event_arrives_once),
        T(an_unanswered_request_times_out_once),
        T(a_cancelled_request_is_silent),
        T(a_late_reply_may_be_given_by_ticket),
        T(an_error_reply_gives_its_code_and_text),
        T(what_nobody_handles_is_unsupported),
        T(invalid_use_is_refused),
        T(an_event_without_peer_is_dropped_and_counted),
        T(a_request_waits_for_a_peer_that_comes_in_time),
        T(a_repeat_is_answered_without_being_carried_out),
        T(retry_survives_a_restart_of_roompool),
        T(the_link_follows_hello_and_beats),
        T(a_quickly_restarted_roompool_is_noticed),
        T(a_silent_peer_goes_and_must_say_hello_again),
        T(goodbye_takes_the_peer_down_at_once),
        T(requests_to_a_lost_peer_fail_with_it),
        T(a_hello_under_another_name_is_refused),
        T(beats_carry_what_the_process_says),
        T(malformed_messages_are_counted_and_refused),
        T(another_schema_major_is_a_version_error),
        T(a_stranger_cannot_answer_for_another),
        T(names_on_a_hub_are_unique),
    };
    return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
