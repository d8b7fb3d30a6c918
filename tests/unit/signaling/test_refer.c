/* test_refer.c - Refer-To, Replaces and message/sipfrag. */
#include "refer.h"

#include <stdio.h>

#include "unit.h"

static pl_err to(const char *text, pl_sip_refer_to *ret)
{
    return pl_sip_refer_to_parse(pl_slice_str(text), ret);
}

static void a_refer_to_names_whom_to_call(void **state)
{
    (void)state;
    static pl_sip_refer_to t;
    assert_int_equal(to("<sip:bob@example.net:5070;transport=tcp>", &t), PL_OK);
    assert_string_equal(t.uri.text, "sip:bob@example.net:5070;transport=tcp");
    assert_string_equal(t.replaces, "");
    assert_int_equal(to("sip:bob@example.net", &t), PL_OK);
    assert_int_equal(to("\"B\" <sip:bob@x;method=INVITE;user=phone>;a=b", &t),
                     PL_OK);
    assert_string_equal(t.uri.text, "sip:bob@x;user=phone");
    assert_int_equal(to("<tel:+4930123456>", &t), PL_OK);
    assert_string_equal(t.uri.user, "+4930123456");
}

static void its_replaces_is_unescaped(void **state)
{
    (void)state;
    static pl_sip_refer_to t;
    pl_sip_replaces r;
    assert_int_equal(to("<sip:bob@x?Accept-Contact=a&Replaces=12%40h%3Bto-tag"
                        "%3DB%3Bfrom-tag%3dA>",
                        &t),
                     PL_OK);
    assert_string_equal(t.uri.text, "sip:bob@x");
    assert_string_equal(t.replaces, "12@h;to-tag=B;from-tag=A");
    assert_int_equal(pl_sip_replaces_parse(pl_slice_str(t.replaces), &r),
                     PL_OK);
    assert_string_equal(r.call_id, "12@h");
    assert_string_equal(r.to_tag, "B");
    assert_string_equal(r.from_tag, "A");
    assert_false(r.is_early_only);
}

static void other_targets_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        pl_err e;
    } rows[] = {
        {"", PL_EPROTO},
        {"<sip:bob@x", PL_EPROTO},
        {"<sip:>", PL_EPROTO},
        {"<http://x>", PL_EUNSUPPORTED},
        {"<sip:bob@x;method=BYE>", PL_EUNSUPPORTED},
        {"<sip:bob@x?Replaces=a&Replaces=b>", PL_EPROTO},
        {"<sip:bob@x?Replaces=>", PL_EPROTO},
        {"<sip:bob@x?Replaces=a%0d%0aX>", PL_EPROTO},
        {"<sip:bob@x?Replaces=a%4>", PL_EPROTO},
        {"<sip:bob@x?Replaces=a%zz>", PL_EPROTO},
    };
    static pl_sip_refer_to t;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(to(rows[i].text, &t), rows[i].e);
}

static void a_replaces_needs_each_tag_once(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "a",
        "a;to-tag=b",
        "a;from-tag=b",
        ";to-tag=b;from-tag=c",
        "a;to-tag=;from-tag=c",
        "a;to-tag=b;to-tag=b;from-tag=c",
        "a b;to-tag=b;from-tag=c",
    };
    pl_sip_replaces r;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(pl_sip_replaces_parse(pl_slice_str(bad[i]), &r),
                         PL_EPROTO);
    assert_int_equal(
        pl_sip_replaces_parse(
            pl_slice_str(" a ; From-Tag = c ; x ;to-tag=b; early-only"), &r),
        PL_OK);
    assert_string_equal(r.to_tag, "b");
    assert_true(r.is_early_only);
}

static void a_fragment_says_a_status(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "SIP/2.0",
                                      "SIP/2.0 20",
                                      "SIP/2.0 x00",
                                      "SIP/2.0 099",
                                      "HTTP/1.1 200",
                                      "SIP/2.0 700"};
    unsigned status = 0;
    assert_int_equal(
        pl_sip_frag_status(pl_slice_str("SIP/2.0 486 Busy\r\n"), &status),
        PL_OK);
    assert_int_equal(status, 486);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(pl_sip_frag_status(pl_slice_str(bad[i]), &status),
                         PL_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refer_to_names_whom_to_call),
        cmocka_unit_test(its_replaces_is_unescaped),
        cmocka_unit_test(other_targets_are_refused),
        cmocka_unit_test(a_replaces_needs_each_tag_once),
        cmocka_unit_test(a_fragment_says_a_status),
    };
    return RUN(tests);
}
