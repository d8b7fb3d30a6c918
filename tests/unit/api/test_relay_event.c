/* test_relay_event.c - CloudEvents that are passed on; who reads a channel. */
#include "cm.h"

#include <stdio.h>
#include <string.h>

#include "apis.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "relay_api.h"

#define REST "\"source\":\"s\",\"type\":\"t\",\"specversion\":\"1.0\""

static void looks_at_what_an_event_must_have(void **state)
{
    static const struct {
        const char *text;
        pl_err e;
        const char *wrong;
    } ROWS[] = {
        {"{\"id\":\"1\"," REST "}", PL_OK, NULL},
        {"{\"id\":\"1\"," REST ",\"data\":{\"id\":7},\"more\":[]}", PL_OK,
         NULL},
        {"{\"id\":\"\\u00e4 b\"," REST "}", PL_OK, NULL},
        {"{" REST "}", PL_EINVAL, "id"},
        {"{\"id\":\"\"," REST "}", PL_EINVAL, "id"},
        {"{\"id\":7," REST "}", PL_EINVAL, "id"},
        {"{\"id\":null," REST "}", PL_EINVAL, "id"},
        {"{\"id\":\"a\\nb\"," REST "}", PL_EINVAL, "id"},
        {"{\"id\":\"1\",\"type\":\"t\",\"specversion\":\"1.0\"}", PL_EINVAL,
         "source"},
        {"{\"id\":\"1\",\"source\":\"s\",\"specversion\":\"1.0\"}", PL_EINVAL,
         "type"},
        {"{\"id\":\"1\",\"source\":\"s\",\"type\":\"t\"}", PL_EINVAL,
         "specversion"},
        {"{\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"specversion\":\"0.3\""
         "}",
         PL_EINVAL, "specversion"},
        {"[{\"id\":\"1\"," REST "}]", PL_EPROTO, NULL},
        {"{\"id\":\"1\"," REST "}}", PL_EPROTO, NULL},
        {"{\"id\":\"1\",\"id\":\"1\"," REST "}", PL_EPROTO, NULL},
        {"{\"id\":\"\xff\"," REST "}", PL_EPROTO, NULL},
        {"", PL_EPROTO, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        const char *wrong = NULL;
        pl_relay_put put = {.sink_id = "k"};
        pl_slice text = pl_slice_str(ROWS[i].text);
        pl_err e = pl_relay_event_check(text, &put, &wrong);
        if (e != ROWS[i].e)
            print_error("row %zu\n", i);
        assert_int_equal(e, ROWS[i].e);
        if (ROWS[i].wrong)
            assert_string_equal(wrong, ROWS[i].wrong);
        assert_string_equal(put.sink_id, "k");
        assert_true(e ? put.event.len == 0 : pl_slice_eq(put.event, text));
        assert_true(e || strcmp(put.source, "s") == 0);
    }
}

static void ids_have_a_length(void **state)
{
    static char text[2048];
    char id[300];
    (void)state;
    for (size_t n = 255; n < 258; n++) {
        const char *wrong = NULL;
        pl_relay_put put = {.present = 0};
        memset(id, 'a', n);
        id[n] = '\0';
        (void)snprintf(text, sizeof text, "{\"id\":\"%s\"," REST "}", id);
        assert_int_equal(pl_relay_event_check(pl_slice_str(text), &put, &wrong),
                         n <= 256 ? PL_OK : PL_EINVAL);
    }
}

static void an_event_is_one_line(void **state)
{
    pl_relay_event event = {.event_id = "7",
                            .event = pl_slice_str("{\r\n \"a\":\n\"\\n\"}\r")};
    pl_buf out;
    (void)state;
    pl_buf_init(&out, 1024);
    pl_relay_event_put(&event, &out);
    assert_string_equal(pl_buf_text(&out),
                        "id: 7\ndata: {   \"a\": \"\\n\"} \n\n");
    pl_buf_fini(&out);
}

static pl_err ask(const char *target, const char *headers, bool is_socket,
                  pl_relay_ask *ret)
{
    static char text[1024];
    pl_http_head head;
    pl_http_fault fault;
    (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n",
                   target, headers);
    assert_int_equal(
        pl_http_head_parse((const uint8_t *)text, strlen(text), &head, &fault),
        PL_OK);
    return pl_relay_ask_read(&head, is_socket, ret);
}

#define BEARER "Authorization: Bearer T\r\n"
#define OFFER  "Sec-WebSocket-Protocol: "

static void finds_the_token_in_one_place(void **state)
{
    static const struct {
        const char *headers;
        bool is_socket;
        pl_err e;
    } ROWS[] = {
        {BEARER, false, PL_OK},
        {"", false, PL_EAUTH},
        {"Authorization: Basic T\r\n", false, PL_EAUTH},
        {OFFER "cloudevents.json, bearer.T\r\n", false, PL_EAUTH},
        {OFFER "cloudevents.json, bearer.T\r\n", true, PL_OK},
        {OFFER "BEARER.T,cloudevents.json\r\n", true, PL_OK},
        {OFFER "cloudevents.json\r\n" OFFER "bearer.T\r\n", true, PL_OK},
        {OFFER "x, ,cloudevents.json ,\t bearer.T\r\n", true, PL_OK},
        {OFFER "cloudevents.json\r\n" BEARER, true, PL_OK},
        {OFFER "cloudevents.json, bearer.T\r\n" BEARER, true, PL_EAUTH},
        {OFFER "cloudevents.json, bearer.\r\n", true, PL_EAUTH},
        {OFFER "cloudevents.json, bearer.T, bearer.T\r\n", true, PL_EAUTH},
        {OFFER "cloudevents.jso, bearer.T\r\n", true, PL_EPROTO},
        {BEARER, true, PL_EPROTO},
    };
    char hash[PL_SHA256_TEXT];
    (void)state;
    pl_sha256_hex("T", 1, hash);
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_relay_ask a = {.wait_ms = 1};
        pl_err e = ask("/x", ROWS[i].headers, ROWS[i].is_socket, &a);
        if (e != ROWS[i].e)
            print_error("row %zu\n", i);
        assert_int_equal(e, ROWS[i].e);
        if (!e)
            assert_string_equal(a.token_hash, hash);
    }
}

static void reads_where_to_go_on_and_how_long_to_wait(void **state)
{
    static const struct {
        const char *target, *headers;
        pl_err e;
        pl_relay_way way;
        const char *after;
        uint32_t wait_ms;
    } ROWS[] = {
        {"/x", BEARER, PL_OK, PL_RELAY_BY_POLL, "", 25000},
        {"/x?wait=0", BEARER, PL_OK, PL_RELAY_BY_POLL, "", 0},
        {"/x?wait=30&after=a%20b", BEARER, PL_OK, PL_RELAY_BY_POLL, "a b",
         30000},
        {"/x", BEARER "Last-Event-ID: z\r\nAccept: text/event-stream\r\n",
         PL_OK, PL_RELAY_BY_EVENTS, "z", 25000},
        {"/x?after=a", BEARER "Last-Event-ID: z\r\n", PL_OK, PL_RELAY_BY_POLL,
         "a", 25000},
        {"/x?after=", BEARER, PL_OK, PL_RELAY_BY_POLL, "", 25000},
        {"/x?wait=31", BEARER, PL_EINVAL, PL_RELAY_BY_POLL, "", 0},
        {"/x?wait=-1", BEARER, PL_EINVAL, PL_RELAY_BY_POLL, "", 0},
        {"/x?wait=", BEARER, PL_EINVAL, PL_RELAY_BY_POLL, "", 0},
        {"/x?wait=123456789", BEARER, PL_EINVAL, PL_RELAY_BY_POLL, "", 0},
        {"/x?after=%00", BEARER, PL_EINVAL, PL_RELAY_BY_POLL, "", 0},
        {"/x?after=a&after=b", BEARER, PL_EINVAL, PL_RELAY_BY_POLL, "", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_relay_ask a;
        pl_err e = ask(ROWS[i].target, ROWS[i].headers, false, &a);
        if (e != ROWS[i].e)
            print_error("row %zu\n", i);
        assert_int_equal(e, ROWS[i].e);
        if (e)
            continue;
        assert_int_equal(a.way, ROWS[i].way);
        assert_string_equal(a.after_id, ROWS[i].after);
        assert_int_equal(a.wait_ms, ROWS[i].wait_ms);
    }
}

static void knows_which_apis_are_served(void **state)
{
    static const char *const BAD[] = {"", " ", "relais", "relay,device", "All"};
    static const pl_api_op page = {.kind = PL_KIND_ASSET,
                                   .family = PL_FAMILY_SITE};
    static const pl_api_op health = {.kind = PL_KIND_HEALTH,
                                     .family = PL_FAMILY_SITE};
    static const pl_api_op consent = {.kind = PL_KIND_AUTHORIZE,
                                      .family = PL_FAMILY_SITE};
    pl_slice none = {NULL, 0};
    unsigned apis;
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        assert_int_equal(pl_apis_read(BAD[i], &apis), PL_ECONFIG);
    assert_int_equal(pl_apis_read(" relay  token ", &apis), PL_OK);
    assert_true(pl_apis_serve(apis, none, &PL_OP_RELAY_PUT));
    assert_true(pl_apis_serve(apis, none, &health));
    assert_true(pl_apis_serve(apis, none, &consent));
    assert_false(pl_apis_serve(apis, none, &page));
    assert_true(
        pl_apis_serve(apis, pl_slice_str("/notification-relay/v9"), NULL));
    assert_true(pl_apis_serve(apis, pl_slice_str("/nowhere"), NULL));
    assert_false(pl_apis_serve(apis, pl_slice_str("/RTC/v1/x"), NULL));
    assert_false(pl_apis_serve(apis, pl_slice_str("/webrtc-events/x"), NULL));
    assert_int_equal(pl_apis_read("all", &apis), PL_OK);
    assert_true(pl_apis_serve(apis, none, &page));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_at_what_an_event_must_have),
        cmocka_unit_test(ids_have_a_length),
        cmocka_unit_test(an_event_is_one_line),
        cmocka_unit_test(finds_the_token_in_one_place),
        cmocka_unit_test(reads_where_to_go_on_and_how_long_to_wait),
        cmocka_unit_test(knows_which_apis_are_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
