/* test_head.c - lines of raw messages. */
#include "sip_head.h"

#include "unit.h"

static void a_message_is_split(void **state)
{
    (void)state;
    pl_sip_head h;
    pl_slice raw = pl_slice_str("BYE sip:x SIP/2.0\r\nv: one\r\n two\r\n"
                                "To : <sip:y>\r\nt:z\r\n\r\nbody\r\n\r\nmore");
    assert_int_equal(pl_sip_head_split(raw, &h), PL_OK);
    assert_true(pl_slice_eq_str(h.start, "BYE sip:x SIP/2.0"));
    assert_true(pl_slice_eq_str(h.body, "body\r\n\r\nmore"));
    size_t cursor = 0;
    pl_sip_line line;
    assert_true(pl_sip_head_find(&h, "Via", &cursor, &line));
    assert_true(pl_slice_eq_str(line.value, "one\r\n two"));
    assert_false(pl_sip_head_find(&h, "Via", &cursor, &line));
    cursor = 0;
    assert_true(pl_sip_head_find(&h, "To", &cursor, &line));
    assert_true(pl_slice_eq_str(line.value, "<sip:y>"));
    assert_true(pl_sip_head_find(&h, "To", &cursor, &line));
    assert_true(pl_slice_eq_str(line.value, "z"));
}

static void other_line_ends_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "X",
        "X\r\n",
        "X\r\nA: b\r\n",
        "X\nA: b\r\n\r\n",
        "X\r\nA: b\rc\r\n\r\n",
        "\r\nX\r\n\r\n",
        "X\r\nA: b\n\n",
        "X\r",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pl_sip_head h;
        assert_int_equal(pl_sip_head_split(pl_slice_str(rows[i]), &h),
                         PL_EPROTO);
    }
    pl_sip_head h;
    pl_slice with_nul = {(const uint8_t *)"X\r\nA: \0\r\n\r\n", 11};
    assert_int_equal(pl_sip_head_split(with_nul, &h), PL_EPROTO);
}

static void a_line_without_a_name_has_none(void **state)
{
    (void)state;
    pl_sip_head h;
    assert_int_equal(
        pl_sip_head_split(pl_slice_str("X\r\nno colon\r\n: v\r\n\r\n"), &h),
        PL_OK);
    size_t cursor = 0;
    pl_sip_line line;
    assert_true(pl_sip_head_next(&h, &cursor, &line));
    assert_int_equal(line.name.len, 0);
    assert_true(pl_sip_head_next(&h, &cursor, &line));
    assert_int_equal(line.name.len, 0);
    assert_false(pl_sip_head_next(&h, &cursor, &line));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_split),
        cmocka_unit_test(other_line_ends_are_refused),
        cmocka_unit_test(a_line_without_a_name_has_none),
    };
    return RUN(tests);
}
