/* test_identity.c - who calls, and whether that may be shown. */
#include "identity.h"

#include "pl/str.h"
#include "unit.h"

static pl_sip_head head_of(const char *lines)
{
    static char text[2048];
    pl_sip_head head;
    pl_fmt_cut(text, sizeof text, "INVITE sip:a SIP/2.0\r\n%s\r\n", lines);
    assert_int_equal(pl_sip_head_split(pl_slice_str(text), &head), PL_OK);
    return head;
}

static void the_first_good_identity_counts(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *want;
    } rows[] = {
        {"", NULL},
        {"P-Asserted-Identity: \"A, B\" <sip:+49301@ims.example;user=phone>,"
         " <tel:+49301>\r\n",
         "sip:+49301@ims.example"},
        {"p-asserted-identity: tel:+49-302;x=1\r\n", "tel:+49-302"},
        {"P-Asserted-Identity: <http://x>\r\n"
         "P-Asserted-Identity: <sips:a@b?h=1>\r\n",
         "sips:a@b"},
        {"P-Asserted-Identity: <sip:302;phone-context=+49@a;user=phone>\r\n",
         "sip:302;phone-context=+49@a"},
        {"P-Asserted-Identity: \r\n", NULL},
        {"P-Asserted-Identity: \"<sip:a@b>\r\n", NULL},
        {"P-Preferred-Identity: <sip:a@b>\r\n", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char uri[64] = "";
        pl_sip_head head = head_of(rows[i].lines);
        assert_int_equal(pl_sip_identity_asserted(&head, uri, sizeof uri),
                         rows[i].want != NULL);
        assert_string_equal(uri, rows[i].want ? rows[i].want : "");
    }
    char tiny[4] = "";
    pl_sip_head head = head_of(rows[1].lines);
    assert_false(pl_sip_identity_asserted(&head, tiny, sizeof tiny));
}

static void who_wants_privacy_gets_it(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *from;
        bool is_hidden;
    } rows[] = {
        {"", "sip:a@b", false},
        {"Privacy: none\r\n", "sip:a@b", false},
        {"Privacy: critical;ID\r\n", "sip:a@b", true},
        {"Privacy: user, session\r\n", "sip:a@b", true},
        {"Privacy: session\r\nPrivacy: header\r\n", "sip:a@b", true},
        {"Privacy: identity\r\n", "sip:a@b", false},
        {"Privacy: ;;,\r\n", "sip:a@b", false},
        {"", "sip:anonymous@anonymous.invalid", true},
        {"", "sip:Anonymous@x.example", true},
        {"", "sip:x@Anonymous.Invalid", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pl_sip_head head = head_of(rows[i].lines);
        assert_int_equal(pl_sip_identity_is_hidden(&head, rows[i].from),
                         rows[i].is_hidden);
    }
}

static void our_lines(void **state)
{
    (void)state;
    char text[256];
    pl_sip_identity_lines(PL_SIP_IDENTITY_NONE, "sip:a@b", false, text,
                          sizeof text);
    assert_string_equal(text, "");
    pl_sip_identity_lines(PL_SIP_IDENTITY_ASSERTED, "sip:a@b", true, text,
                          sizeof text);
    assert_string_equal(text, "P-Asserted-Identity: <sip:a@b>\r\n"
                              "Privacy: id\r\n");
    pl_sip_identity_lines(PL_SIP_IDENTITY_PREFERRED, "tel:+1", false, text,
                          sizeof text);
    assert_string_equal(text, "P-Preferred-Identity: <tel:+1>\r\n");
    pl_sip_identity_lines(PL_SIP_IDENTITY_ASSERTED, "sip:a\r\nX: y@b", false,
                          text, sizeof text);
    assert_string_equal(text, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_good_identity_counts),
        cmocka_unit_test(who_wants_privacy_gets_it),
        cmocka_unit_test(our_lines),
    };
    return RUN(tests);
}
