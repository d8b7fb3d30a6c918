/* test_line.c - numbers of ours are read, refused with a reason, found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/device/line.h"
#include "core/rows.h"
#include "pl/str.h"

enum { REASON_MAX = 256 };

static pl_lines *read_good(const char *text)
{
    char reason[REASON_MAX] = "";
    pl_lines *lines = NULL;
    pl_err e = pl_lines_parse(pl_slice_str(text), &lines, reason, REASON_MAX);
    if (e)
        fail_msg("%s: %s", text, reason);
    return lines;
}

static void a_line_says_how_a_number_is_reached(void **state)
{
    pl_lines *lines = read_good(
        "# the company\n"
        "\n"
        "+49305550* trunk domain=ims.test next_hop=sip:10.0.0.5;transport=tcp "
        "identity=none\r\n"
        "\t+4930555100  account domain=reg.test registrar=sip:r.test:5070 "
        "user=me@reg.test password=a=b# clients=app1,app2 "
        "emergency_address=no");
    (void)state;
    assert_int_equal(pl_lines_count(lines), 2);
    const pl_line *trunk = pl_lines_find(lines, "+4930555099");
    assert_non_null(trunk);
    assert_int_equal(trunk->mode, PL_LINE_MODE_TRUNK);
    assert_int_equal(trunk->identity, PL_IDENTITY_UNKNOWN);
    assert_string_equal(trunk->domain, "ims.test");
    assert_string_equal(trunk->next_hop, "sip:10.0.0.5;transport=tcp");
    assert_true(trunk->has_emergency_address);
    assert_false(pl_line_is_local(trunk));
    assert_true(pl_line_is_for(trunk, "anybody"));
    const pl_line *account = pl_lines_find(lines, "+4930555100");
    assert_non_null(account);
    assert_int_equal(account->mode, PL_LINE_MODE_ACCOUNT);
    assert_int_equal(account->identity, PL_IDENTITY_PREFERRED);
    assert_string_equal(account->registrar, "sip:r.test:5070");
    assert_string_equal(account->auth_user, "me@reg.test");
    assert_string_equal(account->auth_secret, "a=b#");
    assert_false(account->has_emergency_address);
    assert_true(pl_line_is_for(account, "app1"));
    assert_true(pl_line_is_for(account, "app2"));
    assert_false(pl_line_is_for(account, "app"));
    assert_false(pl_line_is_for(account, "app1,app2"));
    pl_lines_destroy(&lines);
}

static void what_is_not_said_has_a_default(void **state)
{
    pl_lines *lines = read_good("+4930* trunk domain=localhost\n"
                                "+4931* account domain=reg.test");
    (void)state;
    const pl_line *local = pl_lines_find(lines, "+49301");
    assert_true(pl_line_is_local(local));
    assert_int_equal(local->identity, PL_IDENTITY_ASSERTED);
    assert_string_equal(pl_lines_find(lines, "+49311")->registrar,
                        "sip:reg.test");
    pl_lines_destroy(&lines);
}

static void the_longest_match_wins(void **state)
{
    pl_lines *lines = read_good("+4930* trunk domain=a.test\n"
                                "+493055* trunk domain=b.test\n"
                                "+49305512 trunk domain=c.test\n"
                                "+* trunk domain=d.test\n");
    static const struct {
        const char *number, *domain;
    } ROWS[] = {
        {"+49305512", "c.test"}, {"+493055123", "b.test"},
        {"+493055", "b.test"},   {"+493054", "a.test"},
        {"+4930", "a.test"},     {"+493", "d.test"},
        {"+4930551", "b.test"},  {"+123456789012345", "d.test"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        assert_string_equal(pl_lines_find(lines, ROWS[i].number)->domain,
                            ROWS[i].domain);
    assert_null(pl_lines_find(lines, "4930551"));
    assert_null(pl_lines_find(lines, ""));
    assert_null(pl_lines_find(lines, "+"));
    assert_null(pl_lines_find(lines, "+493055a"));
    assert_null(pl_lines_find(lines, "+493055@x>"));
    assert_null(pl_lines_find(lines, "+1234567890123456789"));
    assert_null(pl_lines_find(NULL, "+49301"));
    pl_lines_destroy(&lines);
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
    static const struct {
        const char *text, *reason;
    } ROWS[] = {
        {"\n4930555 trunk domain=a", "line 2: want a number"},
        {"+0930555 trunk domain=a", "line 1: want a number"},
        {"+4930 trunk domain=a", "line 1: want a number"},
        {"+4930x55 trunk domain=a", "line 1: want a number"},
        {"+4930*5 trunk domain=a", "line 1: want a number"},
        {"+4930555123456789 trunk domain=a", "line 1: want a number"},
        {"+4930555", "line 1: want trunk or account"},
        {"+4930555 trunc domain=a", "line 1: want trunk or account"},
        {"+4930555 trunk", "line 1: domain: is missing"},
        {"+4930555 trunk domain=", "line 1: domain: is empty"},
        {"+4930555 trunk domain=a domain=b", "line 1: domain: given twice"},
        {"+4930555 trunk domain=a@b", "line 1: domain: want a host"},
        {"+4930555 trunk domain=a next_hop=10.0.0.5", "line 1: next_hop: want"},
        {"+4930555 trunk domain=a next_hop=sip:<b>", "line 1: next_hop: want"},
        {"+4930555 trunk domain=a\n+4930556 trunk domain=a "
         "next_hop=sip:b;transport=sctp",
         "line 2: next_hop: want"},
        {"+4930555 trunk domain=a next_hop=sip:b:99999",
         "line 1: next_hop: want"},
        {"+4930555 trunk domain=a next_hop=sip:b:0", "line 1: next_hop: want"},
        {"+4930555 account domain=a registrar=sip:b;transport=ws",
         "line 1: registrar: want"},
        {"+4930555 account domain=a registrar=sip:b:99999",
         "line 1: registrar: want"},
        {"+4930555 trunk domain=a identity=yes", "line 1: identity: want"},
        {"+4930555 trunk domain=a emergency_address=1",
         "line 1: emergency_address: want"},
        {"+4930555 trunk domain=a password=x", "line 1: registrar, user"},
        {"+4930555* account domain=a user=x", "line 1: user: one account"},
        {"+4930555 trunk domain=a colour=red", "line 1: want NAME=VALUE"},
        {"+4930555 trunk domain=a\n+4930555 account domain=b",
         "line 2: +4930555: is there twice"},
        {"+49305* trunk domain=a\n+49305* trunk domain=b",
         "line 2: +49305*: is there twice"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char reason[REASON_MAX] = "";
        pl_lines *lines = NULL;
        assert_int_equal(pl_lines_parse(pl_slice_str(ROWS[i].text), &lines,
                                        reason, REASON_MAX),
                         PL_ECONFIG);
        assert_null(lines);
        if (strncmp(reason, ROWS[i].reason, strlen(ROWS[i].reason)) != 0)
            fail_msg("%s: %s", ROWS[i].text, reason);
    }
}

/* A password with a blank in it is not shown. */
static void reasons_show_no_secrets(void **state)
{
    static const char *const TEXTS[] = {
        "+4930555 account domain=a password=hush hush",
        "+4930555 account domain=a password=hush password=hush",
        "+4930555 account domain=a pasword=hush",
        "+4930555 account domain=a user=x password=hush\x01",
    };
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        char reason[REASON_MAX] = "";
        pl_lines *lines = NULL;
        assert_int_equal(
            pl_lines_parse(pl_slice_str(TEXTS[i]), &lines, reason, REASON_MAX),
            PL_ECONFIG);
        assert_null(strstr(reason, "hush"));
    }
}

static void values_are_bounded(void **state)
{
    char text[2048];
    char value[1100];
    char reason[REASON_MAX];
    static const char *const NAMES[] = {"domain", "next_hop", "registrar",
                                        "user",   "password", "clients"};
    (void)state;
    memset(value, 'a', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        pl_lines *lines = NULL;
        pl_fmt_cut(text, sizeof text, "+4930555 account %s=sip:%s", NAMES[i],
                   value);
        assert_int_equal(
            pl_lines_parse(pl_slice_str(text), &lines, reason, REASON_MAX),
            PL_ECONFIG);
    }
}

static void any_text_is_read_or_refused(void **state)
{
    static const char ALPHABET[] =
        "+49305*trunkaccoundmi=sip: \t\r\n#,.;@\x01\xff";
    char text[200];
    (void)state;
    srand(7);
    for (int i = 0; i < 20000; i++) {
        char reason[REASON_MAX] = "";
        pl_lines *lines = NULL;
        int n = snprintf(text, sizeof text, "%s",
                         i % 2 ? "+4930* trunk domain=a " : "");
        size_t len = (size_t)n + (size_t)rand() % 60;
        for (size_t k = (size_t)n; k < len; k++)
            text[k] = ALPHABET[(size_t)rand() % sizeof ALPHABET];
        pl_err e = pl_lines_parse((pl_slice){(const uint8_t *)text, len},
                                  &lines, reason, REASON_MAX);
        assert_true(e == PL_OK || (e == PL_ECONFIG && reason[0]));
        pl_lines_destroy(&lines);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_how_a_number_is_reached),
        cmocka_unit_test(what_is_not_said_has_a_default),
        cmocka_unit_test(the_longest_match_wins),
        cmocka_unit_test(what_is_wrong_is_said_with_its_line),
        cmocka_unit_test(reasons_show_no_secrets),
        cmocka_unit_test(values_are_bounded),
        cmocka_unit_test(any_text_is_read_or_refused),
    };
    return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
