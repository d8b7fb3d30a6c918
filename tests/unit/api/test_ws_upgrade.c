/* test_ws_upgrade.c - the opening handshake of a WebSocket. */
#include "cm.h"

#include <stdio.h>
#include <string.h>

#include "ws_upgrade.h"

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static pl_err check(const char *method, const char *headers,
                    char accept[PL_WS_ACCEPT_TEXT])
{
    static char text[2048];
    pl_http_head head;
    pl_http_fault fault;
    (void)snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: a\r\n%s\r\n",
                   method, headers);
    assert_int_equal(
        pl_http_head_parse((const uint8_t *)text, strlen(text), &head, &fault),
        PL_OK);
    return pl_ws_check(&head, accept);
}

static void answers_the_key_of_rfc_6455(void **state)
{
    char accept[PL_WS_ACCEPT_TEXT];
    (void)state;
    assert_int_equal(check("GET /s",
                           "Upgrade: WebSocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Version: 13\r\n" KEY,
                           accept),
                     PL_OK);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void refuses_what_is_no_handshake(void **state)
{
    static const struct {
        const char *method, *headers;
        pl_err e;
    } ROWS[] = {
        {"GET /s", "", PL_EUNSUPPORTED},
        {"POST /s",
         "Upgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\n" KEY,
         PL_EUNSUPPORTED},
        {"GET /s",
         "Upgrade: websocket\r\nConnection: keep-alive\r\n"
         "Sec-WebSocket-Version: 13\r\n" KEY,
         PL_EUNSUPPORTED},
        {"GET /s",
         "Upgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13, 8\r\n" KEY,
         PL_EUNSUPPORTED},
        {"GET /s",
         "Upgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\n",
         PL_EPROTO},
        {"GET /s",
         "Upgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\n" KEY KEY,
         PL_EPROTO},
        {"GET /s", /* 15 bytes */
         "Upgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n",
         PL_EPROTO},
        {"GET /s", /* a body would be taken for frames */
         "Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 3\r\n"
         "Sec-WebSocket-Version: 13\r\n" KEY,
         PL_EPROTO},
    };
    char accept[PL_WS_ACCEPT_TEXT];
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_err e = check(ROWS[i].method, ROWS[i].headers, accept);
        if (e != ROWS[i].e)
            print_error("row %zu\n", i);
        assert_int_equal(e, ROWS[i].e);
    }
}

static void knows_whose_pages_may_open_one(void **state)
{
    static const struct {
        const char *origin, *allowed;
        bool is_allowed;
    } ROWS[] = {
        {"", "https://a.example", true}, /* no browser */
        {"Origin: https://evil.example\r\n", "*", true},
        {"Origin: https://a.example\r\n", "https://b.example https://a.example",
         true},
        {"Origin: https://a.example.evil\r\n", "https://a.example", false},
        {"Origin: null\r\n", "https://a.example", false},
        {"Origin:\r\n", "https://a.example", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char text[256];
        pl_http_head head;
        pl_http_fault fault;
        (void)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n",
                       ROWS[i].origin);
        assert_int_equal(pl_http_head_parse((const uint8_t *)text, strlen(text),
                                            &head, &fault),
                         PL_OK);
        assert_int_equal(pl_ws_is_origin_allowed(&head, ROWS[i].allowed),
                         ROWS[i].is_allowed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_the_key_of_rfc_6455),
        cmocka_unit_test(refuses_what_is_no_handshake),
        cmocka_unit_test(knows_whose_pages_may_open_one),
    };
    return cmocka_run_group_tests_name("ws_upgrade", tests, NULL, NULL);
}
