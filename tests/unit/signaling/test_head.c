/* test_head.c - lines of raw messages. */
#include "sip_head.h"

#include "pl/str.h"
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

static void a_response_says_what_it_answers(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *method, *branch; /* NULL: it does not */
    } rows[] = {
        {"v: SIP/2.0/UDP h;rport=1;branch=z9b ;x\r\nCSeq: 7 \t BYE\r\n", "BYE",
         "z9b"},
        {"Via: SIP/2.0/UDP h;branch=a\r\nVia: SIP/2.0/UDP i;branch=b\r\n"
         "CSeq: 1\r\n INVITE\r\n",
         "INVITE", "a"},
        {"Via: SIP/2.0/UDP h;branch=a\r\nCSeq: 1\r\n", "", "a"},
        {"Via: SIP/2.0/UDP h\r\nCSeq: 1 BYE\r\n", NULL, NULL},
        {"CSeq: 1 BYE\r\n", NULL, NULL},
        {"Via: SIP/2.0/UDP h;branch=a\r\n", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[256];
        pl_sip_head h;
        pl_slice method;
        pl_slice branch;
        pl_fmt_cut(text, sizeof text, "SIP/2.0 200 OK\r\n%s\r\n",
                   rows[i].lines);
        assert_int_equal(pl_sip_head_split(pl_slice_str(text), &h), PL_OK);
        bool says = pl_sip_head_answers(&h, &method, &branch);
        assert_int_equal(says, rows[i].method != NULL);
        if (says) {
            assert_true(pl_slice_eq_str(method, rows[i].method));
            assert_true(pl_slice_eq_str(branch, rows[i].branch));
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_split),
        cmocka_unit_test(other_line_ends_are_refused),
        cmocka_unit_test(a_line_without_a_name_has_none),
        cmocka_unit_test(a_response_says_what_it_answers),
    };
    return RUN(tests);
}
