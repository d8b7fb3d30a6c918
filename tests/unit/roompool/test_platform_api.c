/* test_platform_api.c - URLs, bodies and answers of another platform. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/platform_api.h"
#include "core/room_pin.h"
#include "core/vmr_remote.h"
#include "pl/str.h"

static void a_base_is_a_plain_https_url(void **state)
{
    static const char *const good[] = {"https://host", "https://host:8443",
                                       "https://host/path/", "https://[::1]:1",
                                       "https://192.0.2.1/a-b_c~d"};
    static const char *const bad[] = {"",
                                      "host",
                                      "http://host",
                                      "https://",
                                      "https:///path",
                                      "https://user@host",
                                      "https://host/?a=b",
                                      "https://host/#f",
                                      "https://ho st",
                                      "https://host/%2f",
                                      "https://host\n"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(pl_platform_is_base(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(pl_platform_is_base(bad[i]));
}

static void what_stands_in_a_query_is_escaped(void **state)
{
    char url[PL_PLATFORM_URL_MAX + 1];
    (void)state;
    pl_platform_url_page("https://h", "a b&c=d#e\xc3\xa9", 10, 20, url);
    assert_string_equal(url, "https://h/api/admin/configuration/v1/conference/"
                             "?description=a%20b%26c%3Dd%23e%C3%A9&limit=10"
                             "&offset=20");
    pl_platform_url_named("https://h", true, "x-Y_1", url);
    assert_string_equal(url,
                        "https://h/api/admin/status/v1/conference/?name=x-Y_1");
    pl_platform_url_room("https://h", 57, url);
    assert_string_equal(url,
                        "https://h/api/admin/configuration/v1/conference/57/");
}

static void a_room_is_written_whole_a_change_in_part(void **state)
{
    pl_buf out;
    pl_room_row row = {.allow_guests = true, .max_participants = 4};
    (void)state;
    pl_fmt_cut(row.room_id, sizeof row.room_id, "q8");
    pl_fmt_cut(row.tag, sizeof row.tag, "t\"1");
    pl_fmt_cut(row.description, sizeof row.description, "mark");
    pl_pin_keep("4471", row.host_pin_hash);
    pl_pin_keep("9036", row.pin_hash);
    pl_buf_init(&out, PL_PLATFORM_BODY_MAX);
    pl_platform_put_room(&out, &row);
    assert_string_equal(
        pl_buf_text(&out),
        "{\"name\":\"q8\",\"service_type\":\"conference\",\"allow_guests\":"
        "true,"
        "\"pin\":\"4471\",\"guest_pin\":\"9036\",\"description\":\"mark\","
        "\"tag\":\"t\\\"1\",\"participant_limit\":4,"
        "\"aliases\":[{\"alias\":\"q8\"}]}");
    pl_buf_clear(&out);
    pl_platform_put_change(&out, &row, false);
    assert_string_equal(pl_buf_text(&out), "{\"tag\":\"t\\\"1\"}");
    pl_buf_fini(&out);
}

static void the_number_is_at_the_end_of_location(void **state)
{
    static const struct {
        const char *location;
        uint64_t id; /* 0: none */
    } rows[] = {
        {"https://host/api/admin/configuration/v1/conference/43/", 43},
        {"/api/admin/configuration/v1/conference/43", 43},
        {"/43/", 43},
        {"", 0},
        {"43", 0},
        {"/conference/", 0},
        {"/conference/x43/", 0},
        {"/conference/0/", 0},
        {"/conference/43/?x=1", 0},
        {"/conference/99999999999999999999/", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t id = 0;
        pl_err e = pl_platform_read_location(rows[i].location, &id);
        assert_int_equal(e, rows[i].id ? PL_OK : PL_EPROTO);
        assert_int_equal(id, rows[i].id);
    }
}

static void keep_last(void *ctx, const pl_platform_room *room)
{
    *(pl_platform_room *)ctx = *room;
}

static void a_page_is_a_list_with_a_total(void **state)
{
    static const char *const none[] = {
        "",
        "[]",
        "{}",
        "{\"objects\":[]}",
        "{\"meta\":{},\"objects\":[]}",
        "{\"meta\":{\"total_count\":-1},\"objects\":[]}",
        "{\"meta\":{\"total_count\":0}}",
        "{\"meta\":{\"total_count\":0},\"objects\":null}",
        "{\"meta\":{\"total_count\":0},\"objects\":\"\"}",
        "{\"meta\":{\"total_count\":0},\"objects\":{}}",
    };
    static const char page[] =
        "{\"meta\":{\"total_count\":7},\"objects\":[{\"id\":5,\"name\":\"a\","
        "\"tag\":\"t\",\"description\":\"d\"},{\"id\":6}]}";
    pl_platform_room last;
    uint64_t total = 0;
    size_t n = 0;
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_not_equal(pl_platform_read_page(pl_slice_str(none[i]),
                                                   keep_last, &last, &total,
                                                   &n),
                             PL_OK);
    assert_int_equal(
        pl_platform_read_page(pl_slice_str(page), keep_last, &last, &total, &n),
        PL_OK);
    assert_int_equal(total, 7);
    assert_int_equal(n, 2); /* one of them has no name */
    assert_int_equal(last.id, 5);
    assert_string_equal(last.name, "a");
    assert_string_equal(last.tag, "t");
    assert_string_equal(last.description, "d");
}

static void a_clash_is_a_fault_of_name_or_alias(void **state)
{
    static const struct {
        const char *body;
        bool is_taken;
    } rows[] = {
        {"{\"conference\":{\"name\":[\"exists\"]}}", true},
        {"{\"conference\":{\"aliases\":[\"exists\"]}}", true},
        {"{\"name\":[\"exists\"]}", true},
        {"{\"conference\":{\"pin\":[\"short\"]}}", false},
        {"{\"error\":\"no\"}", false},
        {"no JSON", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(pl_platform_says_taken(pl_slice_str(rows[i].body)),
                         rows[i].is_taken);
}

static void settings_must_fit_together(void **state)
{
    pl_roompool_config c = {.platform_url = ""};
    char reason[160] = "";
    (void)state;
    assert_int_equal(pl_remote_check_config(&c, reason, sizeof reason), PL_OK);
    pl_fmt_cut(c.platform_url, sizeof c.platform_url, "https://host");
    assert_int_equal(pl_remote_check_config(&c, reason, sizeof reason),
                     PL_ECONFIG);
    assert_non_null(strstr(reason, "platform_credentials_file"));
    pl_fmt_cut(c.platform_credentials_file, sizeof c.platform_credentials_file,
               "file");
    assert_int_equal(pl_remote_check_config(&c, reason, sizeof reason), PL_OK);
    pl_fmt_cut(c.platform_url, sizeof c.platform_url, "http://host");
    assert_int_equal(pl_remote_check_config(&c, reason, sizeof reason),
                     PL_ECONFIG);
    assert_non_null(strstr(reason, "platform_url"));
}

static void a_login_is_a_pair_or_a_token(void **state)
{
    (void)state;
    assert_true(pl_remote_is_login("user:password"));
    assert_true(pl_remote_is_login("bearer abc"));
    assert_true(pl_remote_is_login("Bearer abc"));
    assert_false(pl_remote_is_login(""));
    assert_false(pl_remote_is_login("nonsense"));
    assert_false(pl_remote_is_login("bearer "));
    assert_false(pl_remote_is_login("user:pass\nword"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_base_is_a_plain_https_url),
        cmocka_unit_test(what_stands_in_a_query_is_escaped),
        cmocka_unit_test(a_room_is_written_whole_a_change_in_part),
        cmocka_unit_test(the_number_is_at_the_end_of_location),
        cmocka_unit_test(a_page_is_a_list_with_a_total),
        cmocka_unit_test(a_clash_is_a_fault_of_name_or_alias),
        cmocka_unit_test(settings_must_fit_together),
        cmocka_unit_test(a_login_is_a_pair_or_a_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
