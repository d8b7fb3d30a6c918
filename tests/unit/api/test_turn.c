/* test_turn.c - servers and credentials in the answer to request_token. */
#include "cm.h"

#include "turn.h"

static void check(const pl_turn *turn, const char *want)
{
    pl_buf out;
    pl_jw w = {.out = &out};
    pl_buf_init(&out, 4096);
    pl_jw_open(&w, NULL, '{');
    pl_turn_put(&w, turn, "p1", INT64_C(1771016000123));
    pl_jw_close(&w, '}');
    assert_false(out.has_failed);
    assert_string_equal(pl_buf_text(&out), want);
    pl_buf_fini(&out);
}

/* The credential was computed by: printf '1771059200:p1' |
 * openssl dgst -sha1 -hmac north -binary | base64 */
static void makes_what_the_server_checks(void **state)
{
    pl_turn turn = {.stun_urls = "stun:turn.example.org:3478",
                    .turn_urls = "turn:turn.example.org:3478?transport=udp  "
                                 "turns:turn.example.org:443?transport=tcp",
                    .secret = pl_slice_str("north"),
                    .ttl_s = 43200};
    (void)state;
    check(&turn,
          "{\"stun\":[{\"url\":\"stun:turn.example.org:3478\"}],\"turn\":["
          "{\"urls\":[\"turn:turn.example.org:3478?transport=udp\","
          "\"turns:turn.example.org:443?transport=tcp\"],"
          "\"username\":\"1771059200:p1\",\"credential\":"
          "\"F9qFcfT2kEtw3EU2EObE/VX1mY8=\"}]}");
}

static void leaves_out_stun_but_not_turn(void **state)
{
    pl_turn none = {.stun_urls = "", .turn_urls = ""};
    pl_turn blank = {.stun_urls = "  ", .turn_urls = " "};
    (void)state;
    check(NULL, "{\"turn\":[]}");
    check(&none, "{\"turn\":[]}");
    check(&blank, "{\"turn\":[]}");
}

static void knows_good_urls(void **state)
{
    static const struct {
        const char *urls, *scheme;
        bool is_good;
    } ROWS[] = {
        {"", "turn", true},
        {"turn:a", "turn", true},
        {"turns:a:443 turn:b?transport=tcp", "turn", true},
        {"stun:a", "turn", false},
        {"turn:", "turn", false},
        {"turn", "turn", false},
        {"turns", "turn", false},
        {"turnx:a", "turn", false},
        {"turn:a https://b", "turn", false},
        {"stuns:a stun:b", "stun", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        assert_int_equal(pl_turn_urls_are_good(ROWS[i].urls, ROWS[i].scheme),
                         ROWS[i].is_good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_what_the_server_checks),
        cmocka_unit_test(leaves_out_stun_but_not_turn),
        cmocka_unit_test(knows_good_urls),
    };
    return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}
