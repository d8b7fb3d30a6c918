/* test_registration.c - what a registrar's answers mean. */
#include "registration.h"

#include "pl/str.h"
#include "unit.h"

static const char OURS[] = "sip:c-1@192.0.2.1:5060;transport=tcp";

static pl_sip_registration_next take(pl_sip_registration *r, unsigned status,
                                     const char *lines,
                                     pl_sip_registration_grant *grant)
{
    static char text[4096];
    static pl_sip_msg m;
    pl_fmt_cut(text, sizeof text, "SIP/2.0 %u X\r\n%s\r\n", status, lines);
    m = (pl_sip_msg){.status = status, .raw = pl_slice_str(text)};
    return pl_sip_registration_take(r, &m, OURS, grant);
}

static void our_contact_says_for_how_long(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        uint32_t want_s;
    } rows[] = {
        {"", 600},
        {"Expires: 100\r\n", 100},
        {"Expires: 100\r\nContact: <sip:c-1@192.0.2.1>;expires=50\r\n", 50},
        {"Contact: <sip:c-2@192.0.2.1>;expires=9, \"x, y\" "
         "<sip:c-1@192.0.2.1:5060;transport=tcp;a=b>;q=1;Expires=70\r\n",
         70},
        {"m: sip:c-1@192.0.2.1:5060;expires=40\r\n", 40},
        {"Contact: <sip:c-1@192.0.2.1:5070>;expires=9\r\n", 600},
        {"Contact: <sip:c-1@192.0.2.9>;expires=9\r\n", 600},
        {"Contact: <sip:c-1@192.0.2.1>;expires=999999999999999999999\r\n",
         3600},
        {"Contact: <sip:c-1@192.0.2.1>;expires=4294967295\r\n", 86400},
        {"Contact: <sip:c-1@192.0.2.1>;expires=\"30\"\r\n", 30},
        {"Contact: <sip:c-1@192.0.2.1\r\nExpires: 5\r\n", 5},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pl_sip_registration r = {.expires_s = 600};
        pl_sip_registration_grant g;
        assert_int_equal(take(&r, 200, rows[i].lines, &g),
                         PL_SIP_REGISTRATION_DONE);
        assert_int_equal(g.expires_s, rows[i].want_s);
    }
}

static void routes_are_kept_in_order_or_not_at_all(void **state)
{
    (void)state;
    pl_sip_registration r = {.expires_s = 600};
    pl_sip_registration_grant g;
    assert_int_equal(take(&r, 200,
                          "Service-Route: <sip:a;lr>,<sip:b;lr>\r\n"
                          "Service-Route: <sip:c;lr>\r\n"
                          "P-Associated-URI: <sip:1@x>\r\n",
                          &g),
                     PL_SIP_REGISTRATION_DONE);
    assert_string_equal(g.service_route, "<sip:a;lr>,<sip:b;lr>,<sip:c;lr>");
    assert_string_equal(g.associated_uri, "<sip:1@x>");
    assert_false(g.is_cut);
    char many[3000] = "";
    for (unsigned i = 0; i < 60; i++) {
        size_t n = strlen(many);
        pl_fmt_cut(many + n, sizeof many - n,
                   "Service-Route: <sip:route-%u.example>\r\n", i);
    }
    assert_int_equal(take(&r, 200, many, &g), PL_SIP_REGISTRATION_DONE);
    assert_string_equal(g.service_route, "");
    assert_true(g.is_cut);
    assert_int_equal(take(&r, 200, "Service-Route: <sip:a>, x\r\n", &g),
                     PL_SIP_REGISTRATION_DONE);
    assert_string_equal(g.service_route, "");
}

static void answers_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *lines;
        pl_sip_registration_next want;
    } rows[] = {
        {100, "", PL_SIP_REGISTRATION_WAIT},
        {401, "", PL_SIP_REGISTRATION_CHALLENGE},
        {407, "", PL_SIP_REGISTRATION_CHALLENGE},
        {503, "", PL_SIP_REGISTRATION_ELSEWHERE},
        {403, "", PL_SIP_REGISTRATION_FAILED},
        {600, "", PL_SIP_REGISTRATION_FAILED},
        {423, "Min-Expires: 600\r\n", PL_SIP_REGISTRATION_FAILED},
        {423, "Min-Expires: 86401\r\n", PL_SIP_REGISTRATION_FAILED},
        {423, "Min-Expires: 601\r\n", PL_SIP_REGISTRATION_AGAIN},
        {200, "Contact: <sip:c-1@192.0.2.1>;expires=0\r\n",
         PL_SIP_REGISTRATION_FAILED},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pl_sip_registration r = {.expires_s = 600};
        pl_sip_registration_grant g;
        assert_int_equal(take(&r, rows[i].status, rows[i].lines, &g),
                         rows[i].want);
        if (rows[i].want != PL_SIP_REGISTRATION_AGAIN)
            continue;
        assert_int_equal(r.expires_s, 601);
        assert_int_equal(take(&r, 423, "Min-Expires: 700\r\n", &g),
                         PL_SIP_REGISTRATION_FAILED); /* once is enough */
    }
}

static void what_is_asked(void **state)
{
    (void)state;
    char text[512];
    pl_sip_registration r = {.expires_s = 600, .old_contact = "sip:c-1@old"};
    pl_sip_registration_lines(&r, OURS, text, sizeof text);
    assert_string_equal(text,
                        "Contact: <sip:c-1@192.0.2.1:5060;transport=tcp>\r\n"
                        "Contact: <sip:c-1@old>;expires=0\r\n"
                        "Expires: 600\r\nSupported: path\r\n");
    /* of a worker that was started again at the same place */
    pl_fmt_cut(r.old_contact, sizeof r.old_contact, "%s",
               "sip:c-1@192.0.2.1;transport=tcp");
    pl_sip_registration_lines(&r, OURS, text, sizeof text);
    assert_null(strstr(text, "expires=0"));
    r = (pl_sip_registration){.expires_s = 0};
    pl_sip_registration_lines(&r, OURS, text, sizeof text);
    assert_non_null(strstr(text, "transport=tcp>;expires=0\r\nExpires: 0\r\n"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_contact_says_for_how_long),
        cmocka_unit_test(routes_are_kept_in_order_or_not_at_all),
        cmocka_unit_test(answers_are_told_apart),
        cmocka_unit_test(what_is_asked),
    };
    return RUN(tests);
}
