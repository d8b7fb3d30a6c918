/* test_uri.c - sip: and tel: addresses. */
#include "sip_uri.h"

#include "unit.h"

static void addresses_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *in, *user, *host;
        pl_uri_scheme scheme;
        uint16_t port;
        pl_uri_transport transport;
        bool is_loose;
    } rows[] = {
        {"sip:alice@example.com", "alice", "example.com", PL_URI_SIP, 0,
         PL_URI_ANY, false},
        {"<sip:a%20b@[2001:db8::1]:5070;transport=TCP;lr>;tag=1", "a b",
         "2001:db8::1", PL_URI_SIP, 5070, PL_URI_TCP, true},
        {"\"A, <B>\" <sip:c:secret@h;x=1?Subject=y>", "c", "h", PL_URI_SIP, 0,
         PL_URI_ANY, false},
        {"sip:10.0.0.1", "", "10.0.0.1", PL_URI_SIP, 0, PL_URI_ANY, false},
        {"sip:h;transport=tls", "", "h", PL_URI_SIP, 0, PL_URI_TLS, false},
        {"sips:h;transport=tcp", "", "h", PL_URI_SIPS, 0, PL_URI_TLS, false},
        {"sip:h;transport=ws", "", "h", PL_URI_SIP, 0, PL_URI_OTHER, false},
        {"SIPS:x@y:5061", "x", "y", PL_URI_SIPS, 5061, PL_URI_TLS, false},
        {"tel:+49(30)123-456;phone-context=x", "+4930123456", "", PL_URI_TEL, 0,
         PL_URI_ANY, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pl_sip_uri uri;
        assert_int_equal(pl_sip_uri_parse(pl_slice_str(rows[i].in), &uri),
                         PL_OK);
        assert_string_equal(uri.user, rows[i].user);
        assert_string_equal(uri.host, rows[i].host);
        assert_int_equal(uri.scheme, rows[i].scheme);
        assert_int_equal(uri.port, rows[i].port);
        assert_int_equal(uri.transport, rows[i].transport);
        assert_int_equal(uri.is_loose, rows[i].is_loose);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "sip:",
        "sip:@host",
        "sip:a@",
        "sip:a@b:0",
        "sip:a@b:70000",
        "sip:a@b:x",
        "sip:a@[::1",
        "http://x",
        "sip:a b@c",
        "sip:a@b\r\nX: y",
        "sip:%0d%0a@c",
        "sip:%zz@c",
        "sip:%4",
        "tel:",
        "tel:abc",
        "tel:1+2",
        "<sip:a@b",
        "\"x <sip:a@b>",
        "sip:a@b,c",
        "sip:a@h\"",
        "sip:a@b_c<d",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pl_sip_uri uri;
        if (pl_sip_uri_parse(pl_slice_str(rows[i]), &uri) != PL_EINVAL)
            fail_msg("'%s' was accepted", rows[i]);
    }
    pl_sip_uri uri;
    assert_int_equal(pl_sip_uri_parse((pl_slice){0}, &uri), PL_EINVAL);
}

static void lists_are_cut_outside_quotes_and_brackets(void **state)
{
    (void)state;
    pl_slice rest = pl_slice_str("<sip:a,b@c>, \"x,\\\"y\" <sip:d>;p=1 ,sip:e");
    static const char *const want[] = {"<sip:a,b@c>", "\"x,\\\"y\" <sip:d>;p=1",
                                       "sip:e"};
    pl_slice item;
    for (size_t i = 0; i < COUNT(want); i++) {
        assert_true(pl_sip_list_next(&rest, &item));
        assert_true(pl_slice_eq_str(item, want[i]));
    }
    assert_false(pl_sip_list_next(&rest, &item));
    rest = pl_slice_str("\"\\");
    assert_true(pl_sip_list_next(&rest, &item)); /* ends, reads nothing past */
    assert_false(pl_sip_list_next(&rest, &item));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_taken_apart),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(lists_are_cut_outside_quotes_and_brackets),
    };
    return RUN(tests);
}
