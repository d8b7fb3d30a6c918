/* test_http_head.c - the gate: what is let through, what is refused and how. */
#include "cm.h"

#include <stdlib.h>
#include <string.h>

#include "http_head.h"

/* Scan and parse; PL_EAGAIN when no end was found. */
static pl_err run(const char *text, size_t len, pl_http_head *head,
                  pl_http_fault *fault)
{
    size_t cursor = 0;
    size_t n = 0;
    *fault = PL_HTTP_FAULT_NONE;
    pl_err e =
        pl_http_head_find_end((const uint8_t *)text, len, &cursor, &n, fault);
    return e ? e : pl_http_head_parse((const uint8_t *)text, n, head, fault);
}

static const struct vector {
    const char *name, *text;
    size_t len; /* 0: strlen */
    pl_http_fault fault;
} BAD[] = {
    {"two lengths",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
     "Content-Length: 2\r\n\r\n",
     0, PL_HTTP_FAULT_LENGTH},
    {"two equal lengths",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
     "content-length: 1\r\n\r\n",
     0, PL_HTTP_FAULT_LENGTH},
    {"length list",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 0,
     PL_HTTP_FAULT_LENGTH},
    {"length plus", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n",
     0, PL_HTTP_FAULT_LENGTH},
    {"length minus", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
     0, PL_HTTP_FAULT_LENGTH},
    {"length hex", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n",
     0, PL_HTTP_FAULT_LENGTH},
    {"length empty", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 0,
     PL_HTTP_FAULT_LENGTH},
    {"length 20 digits",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
     "99999999999999999999\r\n\r\n",
     0, PL_HTTP_FAULT_LENGTH},
    {"length 11 digits",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 00000000001\r\n\r\n", 0,
     PL_HTTP_FAULT_LENGTH},
    {"length and coding",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
     "Transfer-Encoding: chunked\r\n\r\n",
     0, PL_HTTP_FAULT_LENGTH_AND_CODING},
    {"coding gzip",
     "POST / HTTP/1.1\r\nHost: a\r\n"
     "Transfer-Encoding: gzip, chunked\r\n\r\n",
     0, PL_HTTP_FAULT_CODING},
    {"coding identity",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 0,
     PL_HTTP_FAULT_CODING},
    {"coding twice",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
     "Transfer-Encoding: chunked\r\n\r\n",
     0, PL_HTTP_FAULT_CODING},
    {"coding in 1.0",
     "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 0,
     PL_HTTP_FAULT_CODING},
    {"blank before colon",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n", 0,
     PL_HTTP_FAULT_HEADER},
    {"tab before colon", "GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", 0,
     PL_HTTP_FAULT_HEADER},
    {"no colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 0,
     PL_HTTP_FAULT_HEADER},
    {"empty name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 0,
     PL_HTTP_FAULT_HEADER},
    {"name in brackets", "GET / HTTP/1.1\r\nHost: a\r\nx(y): z\r\n\r\n", 0,
     PL_HTTP_FAULT_HEADER},
    {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 0, PL_HTTP_FAULT_BARE_CR_LF},
    {"bare LF in a header", "GET / HTTP/1.1\r\nHost: a\r\nx: y\nz: 1\r\n\r\n",
     0, PL_HTTP_FAULT_BARE_CR_LF},
    {"bare CR", "GET / HTTP/1.1\r\nHost: a\r\nx: y\rz\r\n\r\n", 0,
     PL_HTTP_FAULT_BARE_CR_LF},
    {"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nx: y\0z\r\n\r\n", 37,
     PL_HTTP_FAULT_CONTROL},
    {"escape in a value", "GET / HTTP/1.1\r\nHost: a\r\nx: \033[0m\r\n\r\n", 0,
     PL_HTTP_FAULT_CONTROL},
    {"folded", "GET / HTTP/1.1\r\nHost: a\r\nx: y\r\n z\r\n\r\n", 0,
     PL_HTTP_FAULT_FOLDED},
    {"folded by tab", "GET / HTTP/1.1\r\nHost: a\r\nx: y\r\n\tz\r\n\r\n", 0,
     PL_HTTP_FAULT_FOLDED},
    {"folded first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 0,
     PL_HTTP_FAULT_FOLDED},
    {"no host", "GET / HTTP/1.1\r\n\r\n", 0, PL_HTTP_FAULT_HOST},
    {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 0,
     PL_HTTP_FAULT_HOST},
    {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 0, PL_HTTP_FAULT_HOST},
    {"host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 0,
     PL_HTTP_FAULT_HOST},
    {"host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 0,
     PL_HTTP_FAULT_HOST},
    {"other host in target", "GET https://b/x HTTP/1.1\r\nHost: a\r\n\r\n", 0,
     PL_HTTP_FAULT_HOST},
    {"blank in target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 0,
     PL_HTTP_FAULT_TARGET},
    {"two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 0,
     PL_HTTP_FAULT_TARGET},
    {"blank behind version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 0,
     PL_HTTP_FAULT_TARGET},
    {"tab as blank", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 0,
     PL_HTTP_FAULT_REQUEST_LINE},
    {"relative target", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 0,
     PL_HTTP_FAULT_TARGET},
    {"fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 0,
     PL_HTTP_FAULT_TARGET},
    {"star for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 0,
     PL_HTTP_FAULT_TARGET},
    {"high byte in target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 0,
     PL_HTTP_FAULT_TARGET},
    {"no version", "GET /\r\nHost: a\r\n\r\n", 0, PL_HTTP_FAULT_REQUEST_LINE},
    {"1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 0, PL_HTTP_FAULT_VERSION},
    {"2.0", "PRI * HTTP/2.0\r\n\r\n", 0, PL_HTTP_FAULT_VERSION},
    {"0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 0, PL_HTTP_FAULT_VERSION},
    {"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 0,
     PL_HTTP_FAULT_VERSION},
    {"empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0,
     PL_HTTP_FAULT_REQUEST_LINE},
    {"only empty lines", "\r\n\r\n", 0, PL_HTTP_FAULT_REQUEST_LINE},
    {"two tokens",
     "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\n"
     "Authorization: Bearer y\r\n\r\n",
     0, PL_HTTP_FAULT_AUTHORIZATION_TWICE},
    {"two types",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\ncontent-type: "
     "a/b\r\n\r\n",
     0, PL_HTTP_FAULT_CONTENT_TYPE_TWICE},
    {"two tokens of rooms",
     "POST / HTTP/1.1\r\nHost: a\r\ntoken: x\r\nToken: y\r\n\r\n", 0,
     PL_HTTP_FAULT_TOKEN_TWICE},
    {"two PINs", "POST / HTTP/1.1\r\nHost: a\r\npin: 1\r\npin: 2\r\n\r\n", 0,
     PL_HTTP_FAULT_PIN_TWICE},
    {"two expectations",
     "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nExpect: "
     "100-continue\r\n\r\n",
     0, PL_HTTP_FAULT_EXPECT_TWICE},
    {"two origins",
     "POST / HTTP/1.1\r\nHost: a\r\nOrigin: https://a\r\nOrigin: "
     "https://b\r\n\r\n",
     0, PL_HTTP_FAULT_ORIGIN_TWICE},
    {"two connections",
     "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: "
     "close\r\n\r\n",
     0, PL_HTTP_FAULT_CONNECTION_TWICE},
    {"expect nonsense", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n",
     0, PL_HTTP_FAULT_EXPECT},
    {"unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 0,
     PL_HTTP_FAULT_METHOD},
    {"lower-case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 0,
     PL_HTTP_FAULT_METHOD},
    {"TLS on plain", "\x16\x03\x01\x02", 4, PL_HTTP_FAULT_CONTROL},
};

static void refuses_what_parsers_could_read_differently(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        const struct vector *v = &BAD[i];
        pl_http_head head;
        pl_http_fault fault;
        size_t len = v->len ? v->len : strlen(v->text);
        pl_err e = run(v->text, len, &head, &fault);
        if (e != PL_EPROTO || fault != v->fault)
            print_error("%s: error %d fault %d\n", v->name, (int)e, (int)fault);
        assert_int_equal(e, PL_EPROTO);
        assert_int_equal(fault, v->fault);
    }
}

static void parses_a_good_request(void **state)
{
    static const char TEXT[] =
        "PUT /a/%20b?x=1&y HTTP/1.1\r\nHost: example.org:8443\r\n"
        "Content-Length: 5\r\nX-Empty:\r\nToken: \t abc \t\r\n\r\nhello";
    pl_http_head head;
    pl_http_fault fault;
    (void)state;
    assert_int_equal(run(TEXT, sizeof TEXT - 1, &head, &fault), PL_OK);
    assert_int_equal(head.method, PL_HTTP_PUT);
    assert_true(pl_slice_eq_str(head.path, "/a/%20b"));
    assert_true(pl_slice_eq_str(head.query, "x=1&y"));
    assert_int_equal(head.content_length, 5);
    assert_true(head.keep_alive);
    assert_true(pl_slice_eq_str(pl_http_head_get(&head, "TOKEN"), "abc"));
    assert_true(pl_http_head_has(&head, "x-empty"));
    assert_int_equal(pl_http_head_get(&head, "x-empty").len, 0);
    assert_false(pl_http_head_has(&head, "nothing"));
}

static void keeps_connections_as_the_version_says(void **state)
{
    static const struct {
        const char *text;
        bool keeps;
    } ROWS[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_http_head head;
        pl_http_fault fault;
        assert_int_equal(run(ROWS[i].text, strlen(ROWS[i].text), &head, &fault),
                         PL_OK);
        assert_int_equal(head.keep_alive, ROWS[i].keeps);
    }
}

static void accepts_absolute_and_star_targets(void **state)
{
    static const char *const TEXTS[] = {
        "GET HTTPS://A.example HTTP/1.1\r\nHost: a.EXAMPLE\r\n\r\n",
        "GET http://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        pl_http_head head;
        pl_http_fault fault;
        assert_int_equal(run(TEXTS[i], strlen(TEXTS[i]), &head, &fault), PL_OK);
    }
}

static void finds_the_end_in_any_pieces(void **state)
{
    static const char TEXT[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET";
    size_t cursor = 0;
    size_t n = 0;
    pl_http_fault fault;
    (void)state;
    for (size_t len = 0; len < 27; len++)
        assert_int_equal(pl_http_head_find_end((const uint8_t *)TEXT, len,
                                               &cursor, &n, &fault),
                         PL_EAGAIN);
    assert_int_equal(pl_http_head_find_end((const uint8_t *)TEXT,
                                           sizeof TEXT - 1, &cursor, &n,
                                           &fault),
                     PL_OK);
    assert_int_equal(n, 27);
}

static void bounds_head_target_and_headers(void **state)
{
    pl_http_head head;
    pl_http_fault fault;
    char *text = malloc(PL_HTTP_HEAD_MAX + 64);
    (void)state;
    assert_non_null(text);
    memset(text, 'a', PL_HTTP_HEAD_MAX + 64);
    assert_int_equal(run(text, PL_HTTP_HEAD_MAX + 64, &head, &fault),
                     PL_EPROTO);
    assert_int_equal(fault, PL_HTTP_FAULT_HEAD_LONG);

    static const char END[] = " HTTP/1.1\r\nHost: a\r\n\r\n";
    memcpy(text, "GET /", 5);
    memcpy(text + 5 + PL_HTTP_TARGET_MAX, END, sizeof END);
    assert_int_equal(run(text, strlen(text), &head, &fault), PL_EPROTO);
    assert_int_equal(fault, PL_HTTP_FAULT_TARGET_LONG);
    memcpy(text + 4 + PL_HTTP_TARGET_MAX, END, sizeof END);
    assert_int_equal(run(text, strlen(text), &head, &fault), PL_OK);

    static const char BEGIN[] = "GET / HTTP/1.1\r\nHost: a\r\n";
    memcpy(text, BEGIN, sizeof BEGIN);
    for (size_t i = 1; i < PL_HTTP_HEADERS_MAX; i++)
        memcpy(text + strlen(text), "x: y\r\n", 7);
    size_t n = strlen(text);
    memcpy(text + n, "\r\n", 3);
    assert_int_equal(run(text, n + 2, &head, &fault), PL_OK);
    memcpy(text + n, "x: y\r\n\r\n", 9);
    assert_int_equal(run(text, n + 8, &head, &fault), PL_EPROTO);
    assert_int_equal(fault, PL_HTTP_FAULT_MANY_HEADERS);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_parsers_could_read_differently),
        cmocka_unit_test(parses_a_good_request),
        cmocka_unit_test(keeps_connections_as_the_version_says),
        cmocka_unit_test(accepts_absolute_and_star_targets),
        cmocka_unit_test(finds_the_end_in_any_pieces),
        cmocka_unit_test(bounds_head_target_and_headers),
    };
    return cmocka_run_group_tests_name("http_head", tests, NULL, NULL);
}
