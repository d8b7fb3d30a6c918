/* test_policy.c - who may call in and whom we may call. */
#include "policy.h"

#include "unit.h"

static void inbound_modes(void **state)
{
    (void)state;
    pl_cidr_list list;
    pl_ip in;
    pl_ip out;
    assert_int_equal(pl_cidr_parse(pl_slice_str("10.0.0.0/8"), &list), PL_OK);
    assert_int_equal(pl_ip_parse(pl_slice_str("10.1.1.1"), &in), PL_OK);
    assert_int_equal(pl_ip_parse(pl_slice_str("11.1.1.1"), &out), PL_OK);
    assert_int_equal(pl_inbound_judge(PL_INBOUND_ANYONE, &list, &out),
                     PL_INBOUND_ACCEPT);
    assert_int_equal(pl_inbound_judge(PL_INBOUND_LISTED, &list, &in),
                     PL_INBOUND_ACCEPT);
    assert_int_equal(pl_inbound_judge(PL_INBOUND_LISTED, &list, &out),
                     PL_INBOUND_REFUSE);
    assert_int_equal(pl_inbound_judge(PL_INBOUND_DIGEST, &list, &in),
                     PL_INBOUND_ACCEPT);
    assert_int_equal(pl_inbound_judge(PL_INBOUND_DIGEST, &list, &out),
                     PL_INBOUND_CHALLENGE);
}

static void destinations_must_be_named(void **state)
{
    (void)state;
    static const struct {
        const char *patterns, *uri;
        bool has_proxy;
        pl_err want;
    } rows[] = {
        {"", "sip:a@10.0.0.1", false, PL_EFORBIDDEN},
        {"10.0.0.0/8", "sip:a@10.0.0.1", false, PL_OK},
        {"10.0.0.0/8", "sip:a@11.0.0.1", false, PL_EFORBIDDEN},
        {"10.0.0.0/8", "sip:a@10.0.0.1.example.com", false, PL_EFORBIDDEN},
        {"2001:db8::/32", "sip:a@[2001:db8::5]", false, PL_OK},
        {"example.com", "sip:a@EXAMPLE.com", false, PL_OK},
        {"example.com", "sip:a@x.example.com", false, PL_EFORBIDDEN},
        {"*.example.com", "sip:a@x.example.com", false, PL_OK},
        {"*.example.com", "sip:a@example.com", false, PL_EFORBIDDEN},
        {"*.example.com", "sip:a@badexample.com", false, PL_EFORBIDDEN},
        {"+49*", "tel:+493012345", true, PL_OK},
        {"+49*", "tel:+493012345", false, PL_EUNSUPPORTED},
        {"+49*", "tel:+333012345", true, PL_EFORBIDDEN},
        {"+49*", "sip:+493012345@anywhere", true, PL_OK},
        {"+49*", "sip:+493012345@anywhere", false, PL_EFORBIDDEN},
        {"+49*", "sip:+49x@anywhere", true, PL_EFORBIDDEN},
        {"110", "tel:110", true, PL_OK},
        {"110", "tel:1105", true, PL_EFORBIDDEN},
        {"a, *", "sip:x@anywhere", false, PL_OK},
        {"*", "sips:x@anywhere", false, PL_OK},
        {"192.0.2.0/24", "sips:x@224.0.0.1", false, PL_EFORBIDDEN},
        {"*", "sip:x@224.0.0.1", false, PL_EFORBIDDEN},
        {"*", "sip:x@0.0.0.0", false, PL_EFORBIDDEN},
        {"*", "sip:x@[ff02::1]", false, PL_EFORBIDDEN},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pl_sip_uri uri;
        assert_int_equal(pl_sip_uri_parse(pl_slice_str(rows[i].uri), &uri),
                         PL_OK);
        pl_err e = pl_outbound_judge(rows[i].patterns, &uri, rows[i].has_proxy);
        if (e != rows[i].want)
            fail_msg("'%s' for %s", rows[i].patterns, rows[i].uri);
    }
}

static void patterns_without_sense_are_found(void **state)
{
    (void)state;
    pl_slice word = {0};
    assert_int_equal(
        pl_outbound_check("10.0.0.0/8 *.x.org,+49* * ::1 localhost", &word),
        PL_OK);
    assert_int_equal(pl_outbound_check("ok.org sip:x@y", &word), PL_EINVAL);
    assert_true(pl_slice_eq_str(word, "sip:x@y"));
    assert_int_equal(pl_outbound_check("10.0.0.0/99", &word), PL_EINVAL);
    assert_int_equal(pl_outbound_check("a*.org", &word), PL_EINVAL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(inbound_modes),
        cmocka_unit_test(destinations_must_be_named),
        cmocka_unit_test(patterns_without_sense_are_found),
    };
    return RUN(tests);
}
