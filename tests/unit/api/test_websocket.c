/* test_websocket.c - frames without a connection. The whole over TLS is in
 * tests/component/api/test_channel.c. */
#include "cm.h"

#include <string.h>

#include "websocket.h"

typedef struct peer {
    uint8_t got[8192];
    size_t n, room;
} peer;

static pl_err take(void *ctx, pl_slice bytes)
{
    peer *p = ctx;
    if (p->n + bytes.len > p->room)
        return PL_EFULL;
    memcpy(p->got + p->n, bytes.ptr, bytes.len);
    p->n += bytes.len;
    return PL_OK;
}

static pl_websocket *open_for(peer *p, size_t room)
{
    pl_websocket *socket = NULL;
    *p = (peer){.room = room};
    assert_int_equal(pl_websocket_create(take, p, &socket), PL_OK);
    return socket;
}

static void writes_text_without_a_mask(void **state)
{
    peer p;
    pl_websocket *socket = open_for(&p, sizeof p.got);
    (void)state;
    assert_int_equal(pl_websocket_send(socket, pl_slice_str("hi")), PL_OK);
    assert_int_equal(p.n, 4);
    assert_memory_equal(p.got, "\x81\x02hi", 4);
    pl_websocket_destroy(&socket);
    assert_null(socket);
}

static void a_ping_in_single_bytes_is_answered(void **state)
{
    static const uint8_t ping[] = {0x89, 0x82, 1, 2, 3, 4, 'a' ^ 1, 'b' ^ 2};
    peer p;
    pl_websocket *socket = open_for(&p, sizeof p.got);
    (void)state;
    for (size_t i = 0; i < sizeof ping; i++)
        assert_int_equal(pl_websocket_feed(socket, (pl_slice){ping + i, 1}),
                         PL_OK);
    assert_int_equal(p.n, 4);
    assert_memory_equal(p.got,
                        "\x8a\x02"
                        "ab",
                        4);
    pl_websocket_destroy(&socket);
}

static void says_when_the_peer_takes_no_more(void **state)
{
    static const uint8_t ping[] = {0x89, 0x80, 0, 0, 0, 0};
    peer p;
    pl_websocket *socket = open_for(&p, 3);
    (void)state;
    assert_int_equal(pl_websocket_send(socket, pl_slice_str("long")), PL_EFULL);
    pl_websocket_destroy(&socket);
    socket = open_for(&p, 0);
    assert_int_equal(pl_websocket_feed(socket, (pl_slice){ping, sizeof ping}),
                     PL_EFULL);
    pl_websocket_destroy(&socket);
}

static void two_pings_without_a_sign_are_enough(void **state)
{
    static const uint8_t pong[] = {0x8a, 0x80, 0, 0, 0, 0};
    peer p;
    pl_websocket *socket = open_for(&p, sizeof p.got);
    (void)state;
    assert_int_equal(pl_websocket_ping(socket), PL_OK);
    assert_int_equal(pl_websocket_ping(socket), PL_OK);
    assert_int_equal(pl_websocket_feed(socket, (pl_slice){pong, sizeof pong}),
                     PL_OK);
    assert_int_equal(pl_websocket_ping(socket), PL_OK);
    assert_int_equal(pl_websocket_ping(socket), PL_OK);
    assert_int_equal(pl_websocket_ping(socket), PL_ETIMEOUT);
    pl_websocket_destroy(&socket);
}

static void a_close_is_echoed_and_ends_it(void **state)
{
    static const uint8_t bye[] = {0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8};
    peer p;
    pl_websocket *socket = open_for(&p, sizeof p.got);
    (void)state;
    assert_int_equal(pl_websocket_feed(socket, (pl_slice){bye, sizeof bye}),
                     PL_EGONE);
    assert_memory_equal(p.got, "\x88\x02\x03\xe8", 4);
    pl_websocket_destroy(&socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_text_without_a_mask),
        cmocka_unit_test(a_ping_in_single_bytes_is_answered),
        cmocka_unit_test(says_when_the_peer_takes_no_more),
        cmocka_unit_test(two_pings_without_a_sign_are_enough),
        cmocka_unit_test(a_close_is_echoed_and_ends_it),
    };
    return cmocka_run_group_tests_name("websocket", tests, NULL, NULL);
}
