/* test_redirect.c - addresses to send a browser back to. */
#include "cm.h"

#include <string.h>

#include "redirect.h"

static void takes_https_and_this_host_only(void **state)
{
    static const struct {
        const char *list;
        bool is_good;
    } ROWS[] = {
        {"", true},
        {"   ", true},
        {"https://app.example/cb", true},
        {"https://app.example:8443/cb?a=b%20c&d", true},
        {"https://app.example", true},
        {"http://localhost/cb", true},
        {"http://localhost:3000/cb", true},
        {" https://a.example/cb  http://127.0.0.1:3000/ ", true},
        {"http://app.example/cb", false},
        {"http://localhost.evil.example/cb", false},
        {"http://localhost:3000.evil.example/", false},
        {"https://a.example/cb http://b.example/", false},
        {"https://user@app.example/", false},
        {"https://app.example/#x", false},
        {"https://app.example:/", false},
        {"https://app.example:0/", false},
        {"https://app.example:65536/", false},
        {"https://app.example:80:80/", false},
        {"https://:80/", false},
        {"https:///cb", false},
        {"https://", false},
        {"https:/app.example/", false},
        {"https://app%2eexample/", false},
        {"https://app.example/;x", false},
        {"https://app.example/\"", false},
        {"https://app.example/\r\nX: y", false},
        {"https://[::1]/", false},
        {"HTTPS://app.example/", false},
        {"javascript:alert(1)//https://", false},
        {"/cb", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        if (pl_redirects_are_good(ROWS[i].list) != ROWS[i].is_good)
            print_error("%s\n", ROWS[i].list);
        assert_int_equal(pl_redirects_are_good(ROWS[i].list), ROWS[i].is_good);
    }
    char longest[300] = "https://a/";
    memset(longest + 10, 'x', PL_REDIRECT_MAX - 10);
    assert_true(pl_redirects_are_good(longest));
    longest[PL_REDIRECT_MAX] = 'x';
    assert_false(pl_redirects_are_good(longest));
}

static void compares_addresses_exactly(void **state)
{
    static const char TWO[] = "https://a.example/cb  https://b.example/cb";
    char found[PL_REDIRECT_MAX + 1];
    (void)state;
    assert_int_equal(
        pl_redirect_find(TWO, "https://b.example/cb", found, sizeof found),
        PL_OK);
    assert_string_equal(found, "https://b.example/cb");
    static const char *const OTHERS[] = {"https://b.example/cb/",
                                         "https://b.example/c",
                                         "https://b.example/cb?",
                                         "https://B.example/cb",
                                         "https://b.example/cb ",
                                         TWO,
                                         " ",
                                         ""};
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++)
        assert_int_equal(pl_redirect_find(TWO, OTHERS[i], found, sizeof found),
                         PL_ENOENT);
    assert_int_equal(pl_redirect_find("", "", found, sizeof found), PL_ENOENT);
    assert_int_equal(
        pl_redirect_find(" https://a.example/cb", "", found, sizeof found),
        PL_OK);
    assert_string_equal(found, "https://a.example/cb");
    assert_int_equal(pl_redirect_find("https://a.example/cb", "", found, 5),
                     PL_EFULL);
}

static void finds_the_origin(void **state)
{
    (void)state;
    assert_int_equal(pl_redirect_origin_len("https://a.example:1/b"), 19);
    assert_int_equal(pl_redirect_origin_len("https://a.example?b=/"), 17);
    assert_int_equal(pl_redirect_origin_len("https://a.example"), 17);
    assert_int_equal(pl_redirect_origin_len(""), 0);
}

static void escapes_what_it_appends(void **state)
{
    pl_buf uri;
    (void)state;
    pl_buf_init(&uri, 256);
    pl_buf_add_str(&uri, "https://a/?x=y");
    pl_redirect_add(&uri, "code", "a-._~Z9");
    pl_redirect_add(&uri, "state", "&=#% +/\xc3\xa9");
    assert_string_equal(pl_buf_text(&uri),
                        "https://a/?x=y&code=a-._~Z9"
                        "&state=%26%3D%23%25%20%2B%2F%C3%A9");
    pl_buf_clear(&uri);
    pl_buf_add_str(&uri, "https://a/");
    pl_redirect_add(&uri, "code", "");
    assert_string_equal(pl_buf_text(&uri), "https://a/?code=");
    pl_buf_fini(&uri);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_https_and_this_host_only),
        cmocka_unit_test(compares_addresses_exactly),
        cmocka_unit_test(finds_the_origin),
        cmocka_unit_test(escapes_what_it_appends),
    };
    return cmocka_run_group_tests_name("redirect", tests, NULL, NULL);
}
