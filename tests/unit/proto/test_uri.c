/* test_uri.c - SIP and tel URIs. */
#include "oa_support.h"

#include "pl/uri.h"

static void good_uris_parse_and_are_written(void **state)
{
    (void)state;
    static const struct {
        const char *text, *user, *host;
        unsigned port;
        pl_uri_transport transport;
        const char *written;
    } rows[] = {
        {"sip:lobby@Example.COM", "lobby", "example.com", 0, PL_URI_ANY,
         "sip:lobby@example.com"},
        {"SIPS:alice:secret@[2001:DB8::1]:5061;transport=TLS;lr", "alice",
         "2001:db8::1", 5061, PL_URI_TLS,
         "sips:alice@[2001:db8::1]:5061;transport=TLS;lr"},
        {"sip:192.0.2.1", "", "192.0.2.1", 0, PL_URI_ANY, "sip:192.0.2.1"},
        {"sip:%61lice%20b@h;transport=tcp?subject=x", "alice b", "h", 0,
         PL_URI_TCP, "sip:alice%20b@h;transport=tcp"},
        {"sip:+1425;ext=1@h;user=phone", "+1425;ext=1", "h", 0, PL_URI_ANY,
         "sip:+1425;ext=1@h;user=phone"},
        {"sip:%2a123%23@h;transport=ws", "*123#", "h", 0, PL_URI_OTHER,
         "sip:*123%23@h;transport=ws"},
        {"sip:#31#42@h", "#31#42", "h", 0, PL_URI_ANY, "sip:%2331%2342@h"},
        {"tel:+1-425-555-0100", "+14255550100", "", 0, PL_URI_ANY,
         "tel:+14255550100"},
        {"tel:7042;phone-context=example.com", "7042", "", 0, PL_URI_ANY,
         "tel:7042;phone-context=example.com"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_uri u;
        char text[PL_URI_TEXT];
        assert_int_equal(pl_uri_parse(pl_slice_str(rows[i].text), &u), PL_OK);
        assert_string_equal(u.user, rows[i].user);
        assert_string_equal(u.host, rows[i].host);
        assert_int_equal(u.port, rows[i].port);
        assert_int_equal(u.transport, rows[i].transport);
        assert_int_equal(pl_uri_write(&u, text, sizeof text), PL_OK);
        assert_string_equal(text, rows[i].written);
        assert_int_equal(pl_uri_write(&u, text, 5), PL_EFULL);
    }
}

static void bad_uris_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        pl_err want;
    } rows[] = {
        {"", PL_EPROTO},
        {"alice", PL_EPROTO},
        {":a@b", PL_EPROTO},
        {"http://example.com/", PL_EUNSUPPORTED},
        {"sip:", PL_EPROTO},
        {"sip:@h", PL_EPROTO},
        {"sip:a@", PL_EPROTO},
        {"sip:a@h:0", PL_EPROTO},
        {"sip:a@h:65536", PL_EPROTO},
        {"sip:a@h:5060x", PL_EPROTO},
        {"sip:a@[::1", PL_EPROTO},
        {"sip:a@[1.2.3.4]", PL_EPROTO},
        {"sip:a b@h", PL_EPROTO},
        {"sip:a%0d%0aVia@h", PL_EPROTO},
        {"sip:a%00@h", PL_EPROTO},
        {"sip:a%4@h", PL_EPROTO},
        {"sip:a@b@h", PL_EPROTO},
        {"sip:a:b@c@h", PL_EPROTO}, /* no '@' in a password */
        {"sip:a:b c@h", PL_EPROTO},
        {"sip:a@h;x=\"", PL_EPROTO},
        {"sip:a@h\r\nVia: x", PL_EPROTO},
        {"sip:a@h?x=<y>", PL_EPROTO},
        {"tel:", PL_EPROTO},
        {"tel:+", PL_EPROTO},
        {"tel:12a4", PL_EPROTO},
        {"tel:1+2", PL_EPROTO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_uri u;
        assert_int_equal(pl_uri_parse(pl_slice_str(rows[i].text), &u),
                         rows[i].want);
    }
}

static void long_parts_are_refused(void **state)
{
    (void)state;
    char text[2100] = "sip:";
    pl_uri u;
    memset(text + 4, 'a', 129);
    memcpy(text + 133, "@h", 3);
    assert_int_equal(pl_uri_parse(pl_slice_str(text), &u), PL_ETOOBIG);
    assert_int_equal(
        pl_uri_parse(pl_slice_str(replaced(text, "sip:a", "sip:")), &u), PL_OK);
    memset(text + 4, 'a', 2090);
    text[2094] = '\0';
    assert_int_equal(pl_uri_parse(pl_slice_str(text), &u), PL_ETOOBIG);
}

static void name_addr_gives_display_name_and_uri(void **state)
{
    (void)state;
    static const struct {
        const char *text, *display, *user;
    } rows[] = {
        {"\"Bob \\\"B\\\" Smith\" <sip:bob@h;lr>;tag=1", "Bob \"B\" Smith",
         "bob"},
        {"Alice Miller <sip:alice@h>", "Alice Miller", "alice"},
        {"<sip:x@h>", "", "x"},
        {" sip:y@h;tag=2", "", "y"},
        {"\"a;<b>\" <sip:z@h>", "a;<b>", "z"},
    };
    char display[64];
    pl_uri u;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(pl_uri_parse_name_addr(pl_slice_str(rows[i].text), &u,
                                                display, sizeof display),
                         PL_OK);
        assert_string_equal(display, rows[i].display);
        assert_string_equal(u.user, rows[i].user);
    }
    /* without brackets the parameter is the header's */
    assert_int_equal(pl_uri_parse_name_addr(pl_slice_str("sip:y@h;lr"), &u,
                                            display, sizeof display),
                     PL_OK);
    assert_false(u.is_lr);
    static const char *const bad[] = {"", "\"a", "\"a\" sip:b@h", "a <sip:b@h",
                                      "<>"};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(pl_uri_parse_name_addr(pl_slice_str(bad[i]), &u,
                                                display, sizeof display),
                         PL_EPROTO);
    }
}

static void same_target_leaves_parameters_aside(void **state)
{
    (void)state;
    pl_uri a;
    pl_uri b;
    assert_int_equal(pl_uri_parse(pl_slice_str("sip:a@H;lr"), &a), PL_OK);
    assert_int_equal(pl_uri_parse(pl_slice_str("sip:a@h"), &b), PL_OK);
    assert_true(pl_uri_same(&a, &b));
    assert_true(a.is_lr);
    assert_int_equal(pl_uri_parse(pl_slice_str("sip:A@h"), &b), PL_OK);
    assert_false(pl_uri_same(&a, &b)); /* RFC 3261 section 19.1.4 */
    assert_int_equal(pl_uri_parse(pl_slice_str("sip:a@h:5060"), &b), PL_OK);
    assert_false(pl_uri_same(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_uris_parse_and_are_written),
        cmocka_unit_test(bad_uris_are_refused),
        cmocka_unit_test(long_parts_are_refused),
        cmocka_unit_test(name_addr_gives_display_name_and_uri),
        cmocka_unit_test(same_target_leaves_parameters_aside),
    };
    return cmocka_run_group_tests_name("uri", tests, NULL, NULL);
}
