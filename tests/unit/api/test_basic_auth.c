/* test_basic_auth.c - reading Authorization: Basic. */
#include "cm.h"

#include <string.h>

#include "basic_auth.h"

static pl_err read_pair(const char *header, char *user, char *password)
{
    pl_buf pair;
    pl_slice u;
    pl_slice p;
    pl_buf_init(&pair, PL_BASIC_PAIR_MAX);
    pl_err e = pl_basic_read(pl_slice_str(header), &pair, &u, &p);
    if (!e) {
        memcpy(user, u.ptr, u.len);
        user[u.len] = '\0';
        memcpy(password, p.ptr, p.len);
        password[p.len] = '\0';
    }
    pl_buf_wipe(&pair);
    return e;
}

static void cuts_at_the_first_colon(void **state)
{
    static const struct {
        const char *header, *user, *password;
    } rows[] = {
        {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"},
        {"basic YTpiOmM=", "a", "b:c"},
        {"BASIC Og==", "", ""},
        {"Basic YTo=", "a", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char user[64];
        char password[64];
        assert_true(pl_basic_is(pl_slice_str(rows[i].header)));
        assert_int_equal(read_pair(rows[i].header, user, password), PL_OK);
        assert_string_equal(user, rows[i].user);
        assert_string_equal(password, rows[i].password);
    }
}

static void refuses_what_is_no_pair(void **state)
{
    static const char *const rows[] = {
        "",          "Basic",          "Basic ",         "Bearer YTpi",
        "Basic YWI", "Basic YWI=",     "Basic  YTpi",    "Basic YTpi ",
        "Basic a:b", "Basic YTpi\tX=", "Basic YQA6Yg==",
    };
    char user[64];
    char password[64];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(read_pair(rows[i], user, password), PL_EAUTH);
}

static void refuses_a_pair_that_is_too_long(void **state)
{
    char header[2 * PL_BASIC_PAIR_MAX + 8] = "Basic OmFh"; /* :aa */
    char user[8];
    char password[2 * PL_BASIC_PAIR_MAX];
    (void)state;
    while (strlen(header) < sizeof header - 5)
        memcpy(header + strlen(header), "YWFh", 5);
    assert_int_equal(read_pair(header, user, password), PL_EAUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_at_the_first_colon),
        cmocka_unit_test(refuses_what_is_no_pair),
        cmocka_unit_test(refuses_a_pair_that_is_too_long),
    };
    return cmocka_run_group_tests_name("basic auth", tests, NULL, NULL);
}
