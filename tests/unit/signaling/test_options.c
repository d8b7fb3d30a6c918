/* test_options.c - lists of option tags. */
#include "sip_options.h"

#include "unit.h"

static void tags_are_found_in_any_case_and_spacing(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        unsigned options;
    } rows[] = {
        {"", 0},
        {" , ,", 0},
        {"100rel", PL_SIP_OPTION_100REL},
        {"TIMER", PL_SIP_OPTION_TIMER},
        {"path , 100Rel,\ttimer", PL_SIP_OPTION_100REL | PL_SIP_OPTION_TIMER},
        {"100relx, timer2, xtimer", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(pl_sip_options_of(pl_slice_str(rows[i].list)),
                         rows[i].options);
}

static void what_is_not_served_is_named(void **state)
{
    (void)state;
    char buf[32];
    pl_slice list = pl_slice_str("timer, precondition,100rel , x");
    assert_true(
        pl_sip_options_unknown(list, PL_SIP_OPTION_TIMER, buf, sizeof buf));
    assert_string_equal(buf, "precondition, 100rel, x");
    char small[8];
    assert_true(pl_sip_options_unknown(list, 0, small, sizeof small));
    assert_true(strlen(small) < sizeof small);
    assert_false(pl_sip_options_unknown(pl_slice_str("timer,"),
                                        PL_SIP_OPTION_TIMER, buf, sizeof buf));
    pl_sip_options_text(3, buf, sizeof buf);
    assert_string_equal(buf, "100rel, timer");
    pl_sip_options_text(0, buf, sizeof buf);
    assert_string_equal(buf, "");
}

static void tokens_are_whole(void **state)
{
    (void)state;
    pl_slice list = pl_slice_str("INVITE, UPDATE ,ACK");
    assert_true(pl_sip_tokens_have(list, "UPDATE"));
    assert_false(pl_sip_tokens_have(list, "PRACK"));
    assert_false(pl_sip_tokens_have(pl_slice_str("UPDATES"), "UPDATE"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_are_found_in_any_case_and_spacing),
        cmocka_unit_test(what_is_not_served_is_named),
        cmocka_unit_test(tokens_are_whole),
    };
    return RUN(tests);
}
