/* test_session_timer.c - RFC 4028, section by section. */
#include "session_timer.h"

#include "unit.h"

static const pl_session_policy OWN = {.interval_s = 1800, .min_s = 90};

static void values_are_read(void **state)
{
    (void)state; /* sections 4 and 5 */
    static const struct {
        const char *value;
        uint32_t interval_s; /* 0: refused */
        pl_sip_refresher refresher;
    } rows[] = {
        {"1800", 1800, PL_REFRESHER_OPEN},
        {" 90 ; refresher = UAC", 90, PL_REFRESHER_UAC},
        {"90;x=y;refresher=uas;z", 90, PL_REFRESHER_UAS},
        {"4294967295", 10000000, PL_REFRESHER_OPEN},
        {"4294967296", 0, PL_REFRESHER_OPEN},
        {"0", 0, PL_REFRESHER_OPEN},
        {"", 0, PL_REFRESHER_OPEN},
        {"-1", 0, PL_REFRESHER_OPEN},
        {"90 s", 0, PL_REFRESHER_OPEN},
        {";refresher=uac", 0, PL_REFRESHER_OPEN},
        {"90;refresher=", 0, PL_REFRESHER_OPEN},
        {"90;refresher=uac;refresher=uas", 0, PL_REFRESHER_OPEN},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pl_session_words w = {.interval_s = 7};
        pl_err e = pl_session_expires_parse(pl_slice_str(rows[i].value), &w);
        assert_int_equal(e, rows[i].interval_s ? PL_OK : PL_EPROTO);
        assert_int_equal(w.interval_s,
                         rows[i].interval_s ? rows[i].interval_s : 7);
        assert_int_equal(w.refresher, rows[i].refresher);
    }
    pl_session_words w = {.min_s = 0};
    assert_int_equal(pl_session_min_parse(pl_slice_str("120;a=b"), &w), PL_OK);
    assert_int_equal(w.min_s, 120);
    assert_int_equal(pl_session_min_parse(pl_slice_str("x"), &w), PL_EPROTO);
}

static void a_server_answers_by_table_2(void **state)
{
    (void)state; /* section 9 */
    static const struct {
        uint32_t asked, min;
        pl_sip_refresher refresher;
        bool is_supported;
        uint32_t interval; /* 1: refused with 422 */
        bool is_ours;
    } rows[] = {
        {0, 0, PL_REFRESHER_OPEN, false, 0, false},
        {600, 0, PL_REFRESHER_OPEN, false, 600, true},
        {60, 0, PL_REFRESHER_OPEN, false, 0, false},
        {0, 0, PL_REFRESHER_OPEN, true, 1800, false},
        {600, 0, PL_REFRESHER_OPEN, true, 600, false},
        {600, 0, PL_REFRESHER_UAC, true, 600, false},
        {600, 0, PL_REFRESHER_UAS, true, 600, true},
        {89, 0, PL_REFRESHER_UAS, true, 1, true},
        {90, 0, PL_REFRESHER_UAS, true, 90, true},
        {7200, 0, PL_REFRESHER_OPEN, true, 1800, false},
        {7200, 3600, PL_REFRESHER_OPEN, true, 3600, false},
        {600, 900, PL_REFRESHER_OPEN, true, 600, false},
        {0, 3600, PL_REFRESHER_OPEN, true, 3600, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pl_session_words w = {rows[i].asked, rows[i].min, rows[i].refresher};
        pl_session_terms t = {.interval_s = 1};
        pl_err e = pl_session_accept(&OWN, &w, rows[i].is_supported, &t);
        assert_int_equal(e, rows[i].interval == 1 ? PL_EINVAL : PL_OK);
        assert_int_equal(t.interval_s, rows[i].interval);
        if (rows[i].interval <= 1)
            continue;
        assert_int_equal(t.is_ours, rows[i].is_ours);
        assert_int_equal(t.must_be_required, !rows[i].is_ours);
    }
    pl_session_policy off = {.interval_s = 0, .min_s = 90};
    pl_session_words w = {.interval_s = 60};
    pl_session_terms t = {.interval_s = 1};
    assert_int_equal(pl_session_accept(&off, &w, true, &t), PL_OK);
    assert_int_equal(t.interval_s, 0);
}

static void a_client_takes_what_the_2xx_says(void **state)
{
    (void)state; /* section 7.2 */
    pl_session_terms t;
    pl_session_words w = {.interval_s = 0};
    pl_session_agree(&OWN, &w, &t);
    assert_int_equal(t.interval_s, 0);
    w = (pl_session_words){1000, 0, PL_REFRESHER_UAC};
    pl_session_agree(&OWN, &w, &t);
    assert_int_equal(t.interval_s, 1000);
    assert_true(t.is_ours);
    w.refresher = PL_REFRESHER_UAS;
    pl_session_agree(&OWN, &w, &t);
    assert_false(t.is_ours);
    w.interval_s = 1; /* section 5: never below the minimum */
    pl_session_agree(&OWN, &w, &t);
    assert_int_equal(t.interval_s, 90);
}

static void a_422_raises_the_minimum_only(void **state)
{
    (void)state; /* section 7.3 */
    uint32_t min = 90;
    pl_session_words w = {.min_s = 0};
    assert_int_equal(pl_session_raise(&w, &min), PL_EPROTO);
    w.min_s = 90;
    assert_int_equal(pl_session_raise(&w, &min), PL_EPROTO);
    w.min_s = 91;
    assert_int_equal(pl_session_raise(&w, &min), PL_OK);
    assert_int_equal(min, 91);
}

static void refresh_at_half_and_bye_before_the_end(void **state)
{
    (void)state; /* section 10 */
    static const int64_t s = 1000000;
    pl_session_timer t = {.end_us = 0};
    pl_session_terms terms = {.interval_s = 0};
    pl_session_start(&t, &terms, 5);
    assert_int_equal(pl_session_due(&t, INT64_MAX), PL_SESSION_WAIT);
    terms = (pl_session_terms){.interval_s = 1800, .is_ours = true};
    pl_session_start(&t, &terms, 0);
    assert_int_equal(pl_session_due(&t, 900 * s - 1), PL_SESSION_WAIT);
    assert_int_equal(pl_session_due(&t, 900 * s), PL_SESSION_REFRESH);
    assert_int_equal(pl_session_due(&t, 901 * s), PL_SESSION_WAIT);
    pl_session_retry(&t, 910 * s);
    assert_int_equal(pl_session_due(&t, 910 * s), PL_SESSION_REFRESH);
    assert_int_equal(pl_session_due(&t, 1768 * s - 1), PL_SESSION_WAIT);
    assert_int_equal(pl_session_due(&t, 1768 * s), PL_SESSION_END);
    assert_int_equal(pl_session_due(&t, 1769 * s), PL_SESSION_WAIT);
    pl_session_retry(&t, 1770 * s);
    assert_int_equal(pl_session_due(&t, 1771 * s), PL_SESSION_WAIT);
    terms = (pl_session_terms){.interval_s = 90}; /* theirs; a third */
    pl_session_start(&t, &terms, 0);
    assert_int_equal(pl_session_due(&t, 60 * s - 1), PL_SESSION_WAIT);
    assert_int_equal(pl_session_due(&t, 60 * s), PL_SESSION_END);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(a_server_answers_by_table_2),
        cmocka_unit_test(a_client_takes_what_the_2xx_says),
        cmocka_unit_test(a_422_raises_the_minimum_only),
        cmocka_unit_test(refresh_at_half_and_bye_before_the_end),
    };
    return RUN(tests);
}
