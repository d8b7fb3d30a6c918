/* test_reliable.c - RFC 3262, section by section. */
#include "reliable.h"

#include "unit.h"

static void numbers_are_read(void **state)
{
    (void)state; /* sections 7.1 and 7.2 */
    static const struct {
        const char *text;
        uint32_t rseq; /* 0: refused */
    } rseqs[] = {{"1", 1},  {"2147483647", 2147483647},
                 {"0", 0},  {"2147483648", 0},
                 {"-1", 0}, {"", 0},
                 {"1 2", 0}};
    for (size_t i = 0; i < COUNT(rseqs); i++) {
        uint32_t n = 0;
        pl_err e = pl_sip_rseq_parse(pl_slice_str(rseqs[i].text), &n);
        assert_int_equal(e, rseqs[i].rseq ? PL_OK : PL_EPROTO);
        assert_int_equal(n, rseqs[i].rseq);
    }
    static const char *const bad[] = {"",           "1",
                                      "1 2",        "0 2 I",
                                      "1 x INVITE", "1 2 INVITE x",
                                      "x",          "1 2147483648 INVITE"};
    pl_sip_rack r = {.rseq = 0};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(pl_sip_rack_parse(pl_slice_str(bad[i]), &r),
                         PL_EPROTO);
    assert_int_equal(pl_sip_rack_parse(pl_slice_str(" 776656\t1  INVITE "), &r),
                     PL_OK);
    assert_int_equal(r.rseq, 776656);
    assert_int_equal(r.cseq, 1);
    assert_true(r.is_invite);
    assert_int_equal(pl_sip_rack_parse(pl_slice_str("1 2 invite"), &r), PL_OK);
    assert_false(r.is_invite);
}

static void the_first_number_leaves_room(void **state)
{
    (void)state; /* section 3: 1 to 2^31 - 1 */
    static const uint32_t draws[] = {0, 1, 0x3fffffff, UINT32_MAX};
    for (size_t i = 0; i < COUNT(draws); i++) {
        uint32_t n = pl_sip_rseq_first(draws[i]);
        assert_true(n >= 1 && n <= 0x40000000);
    }
}

static void only_the_next_is_taken(void **state)
{
    (void)state; /* section 4 */
    uint32_t last = 0;
    assert_int_equal(pl_sip_rseq_take(&last, 100), PL_RSEQ_NEXT);
    assert_int_equal(pl_sip_rseq_take(&last, 100), PL_RSEQ_REPEATED);
    assert_int_equal(pl_sip_rseq_take(&last, 99), PL_RSEQ_REPEATED);
    assert_int_equal(pl_sip_rseq_take(&last, 102), PL_RSEQ_EARLY);
    assert_int_equal(pl_sip_rseq_take(&last, 101), PL_RSEQ_NEXT);
    assert_int_equal(pl_sip_rseq_take(&last, 102), PL_RSEQ_NEXT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read),
        cmocka_unit_test(the_first_number_leaves_room),
        cmocka_unit_test(only_the_next_is_taken),
    };
    return RUN(tests);
}
