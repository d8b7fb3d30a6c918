/* test_key_ring.c - whose turn it is to sign. */
#include "cm.h"

#include <string.h>

#include "key_ring.h"

enum { DAY = 86400 };
static const int64_t T = 1700000000;
static const pl_ring_policy POLICY = {
    .lead_s = 7200, .period_s = 30 * DAY, .keep_s = 2 * DAY};

static const char *signer(const pl_key_ring *ring, int64_t now_s)
{
    return pl_ring_signer(ring, now_s)->kid;
}

static pl_key_ring two(void)
{
    pl_key_ring ring = {.n = 0};
    assert_int_equal(pl_ring_add(&ring, &POLICY, "a", T), PL_OK);
    assert_int_equal(pl_ring_add(&ring, &POLICY, "b", T), PL_OK);
    return ring;
}

static void the_first_signs_and_the_second_waits(void **state)
{
    const pl_key_ring ring = two();
    (void)state;
    assert_string_equal(signer(&ring, T), "a");
    assert_string_equal(pl_ring_next(&ring, T)->kid, "b");
    assert_string_equal(signer(&ring, T + 30 * DAY - 1), "a");
    assert_string_equal(signer(&ring, T + 30 * DAY), "b");
    assert_null(pl_ring_next(&ring, T + 30 * DAY));
    assert_false(pl_ring_is_due(&ring, &POLICY, T + 30 * DAY - 1));
    assert_true(pl_ring_is_due(&ring, &POLICY, T + 30 * DAY));
}

static void a_clock_that_went_back_leaves_one_that_signs(void **state)
{
    const pl_key_ring ring = two();
    (void)state;
    assert_string_equal(signer(&ring, T - 10 * DAY), "a");
    assert_string_equal(pl_ring_next(&ring, T - 10 * DAY)->kid, "b");
}

/* A key signs only after the others had time to see it, however late it is
 * made. */
static void a_new_key_is_published_before_it_signs(void **state)
{
    pl_key_ring ring = two();
    int64_t late = T + 300 * DAY; /* nobody ran for months */
    (void)state;
    assert_int_equal(pl_ring_add(&ring, &POLICY, "c", late), PL_OK);
    assert_string_equal(signer(&ring, late), "b");
    assert_string_equal(signer(&ring, late + POLICY.lead_s - 1), "b");
    assert_string_equal(signer(&ring, late + POLICY.lead_s), "c");
}

static void an_old_key_stays_until_its_tokens_are_over(void **state)
{
    pl_key_ring ring = two();
    int64_t turn = T + 30 * DAY;
    (void)state;
    pl_ring_prune(&ring, &POLICY, turn + POLICY.keep_s);
    assert_int_equal(ring.n, 2);
    assert_true(pl_ring_is_due(&ring, &POLICY, turn + POLICY.keep_s + 1));
    pl_ring_prune(&ring, &POLICY, turn + POLICY.keep_s + 1);
    assert_int_equal(ring.n, 1);
    assert_string_equal(ring.keys[0].kid, "b");
    /* The one that signs is never dropped, however old. */
    pl_ring_prune(&ring, &POLICY, turn + 3000 * (int64_t)DAY);
    assert_int_equal(ring.n, 1);
}

static void the_operator_can_have_the_next_one_sign(void **state)
{
    pl_key_ring ring = two();
    (void)state;
    assert_int_equal(pl_ring_roll(&ring, &POLICY, T + 3 * DAY), PL_OK);
    assert_string_equal(signer(&ring, T + 3 * DAY), "b");
    /* None waits now; the one that comes waits its lead. */
    assert_int_equal(pl_ring_roll(&ring, &POLICY, T + 3 * DAY), PL_ENOENT);
    assert_int_equal(pl_ring_add(&ring, &POLICY, "c", T + 3 * DAY), PL_OK);
    assert_int_equal(pl_ring_roll(&ring, &POLICY, T + 3 * DAY + 60), PL_OK);
    assert_string_equal(signer(&ring, T + 3 * DAY + 60), "b");
    assert_string_equal(signer(&ring, T + 3 * DAY + POLICY.lead_s), "c");
    /* Asking later puts nothing off. */
    assert_int_equal(pl_ring_roll(&ring, &POLICY, T + 3 * DAY + 120), PL_OK);
    assert_string_equal(signer(&ring, T + 3 * DAY + POLICY.lead_s), "c");
}

static void without_a_period_a_key_signs_until_the_operator_says(void **state)
{
    static const pl_ring_policy policy = {.lead_s = 7200, .keep_s = 2 * DAY};
    pl_key_ring ring = {.n = 0};
    (void)state;
    assert_int_equal(pl_ring_add(&ring, &policy, "a", T), PL_OK);
    assert_int_equal(pl_ring_add(&ring, &policy, "b", T), PL_OK);
    assert_string_equal(signer(&ring, T + 36500 * (int64_t)DAY), "a");
    assert_int_equal(pl_ring_roll(&ring, &policy, T + 7300), PL_OK);
    assert_string_equal(signer(&ring, T + 7300), "b");
}

static void a_ring_is_bounded(void **state)
{
    pl_key_ring ring = {.n = 0};
    (void)state;
    for (unsigned i = 0; i < PL_RING_MAX; i++) {
        char kid[] = {(char)('a' + i), '\0'};
        assert_int_equal(pl_ring_add(&ring, &POLICY, kid, T), PL_OK);
    }
    assert_int_equal(pl_ring_add(&ring, &POLICY, "z", T), PL_EFULL);
    assert_int_equal(pl_ring_roll(&ring, &POLICY, T), PL_EFULL);
}

static pl_err read_text(const char *text, pl_key_ring *ret_ring)
{
    pl_json *json = NULL;
    assert_int_equal(pl_json_parse(pl_slice_str(text), &json), PL_OK);
    pl_err e = pl_ring_read(json, ret_ring);
    pl_json_free(&json);
    return e;
}

static void reads_what_it_wrote(void **state)
{
    const pl_key_ring ring = two();
    pl_key_ring again;
    pl_buf text;
    (void)state;
    pl_buf_init(&text, 4096);
    pl_jw w = {.out = &text};
    pl_jw_open(&w, NULL, '{');
    pl_jw_raw(&w, "keys", pl_slice_str("[{\"kid\":\"a\"},{\"kid\":\"b\"}]"));
    pl_ring_put(&ring, &w);
    pl_jw_close(&w, '}');
    assert_int_equal(read_text(pl_buf_text(&text), &again), PL_OK);
    assert_int_equal(again.n, 2);
    assert_memory_equal(&again.keys, &ring.keys, 2 * sizeof ring.keys[0]);
    pl_buf_fini(&text);
}

static void a_file_without_schedule_has_one_that_signs(void **state)
{
    pl_key_ring ring;
    (void)state;
    assert_int_equal(
        read_text("{\"keys\":[{\"kid\":\"a\"},{\"kid\":\"b\"}]}", &ring),
        PL_OK);
    assert_string_equal(signer(&ring, T), "a");
    assert_true(pl_ring_is_due(&ring, &POLICY, T));
}

static void refuses_a_file_that_is_no_good(void **state)
{
    static const char *const rows[] = {
        "{}",
        "{\"keys\":[]}",
        "{\"keys\":[{}]}",
        "{\"keys\":[{\"kid\":\"\"}]}",
        "{\"keys\":[{\"kid\":\"a\"},{\"kid\":\"a\"}]}",
        "{\"keys\":[{\"kid\":\"a\"}],\"schedule\":[{}]}",
        "{\"keys\":[{\"kid\":\"a\"}],\"schedule\":[{\"kid\":\"a\",\"made\":1}]"
        "}",
        "{\"keys\":[{\"kid\":\"a\"}],\"schedule\":[{\"kid\":\"a\",\"made\":1,"
        "\"from\":-1}]}",
        "{\"keys\":[{\"kid\":\"a\"}],\"schedule\":[{\"kid\":\"a\",\"made\":1,"
        "\"from\":253402300800}]}",
    };
    pl_key_ring ring;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(read_text(rows[i], &ring), PL_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_signs_and_the_second_waits),
        cmocka_unit_test(a_clock_that_went_back_leaves_one_that_signs),
        cmocka_unit_test(a_new_key_is_published_before_it_signs),
        cmocka_unit_test(an_old_key_stays_until_its_tokens_are_over),
        cmocka_unit_test(the_operator_can_have_the_next_one_sign),
        cmocka_unit_test(without_a_period_a_key_signs_until_the_operator_says),
        cmocka_unit_test(a_ring_is_bounded),
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(a_file_without_schedule_has_one_that_signs),
        cmocka_unit_test(refuses_a_file_that_is_no_good),
    };
    return cmocka_run_group_tests_name("key ring", tests, NULL, NULL);
}
