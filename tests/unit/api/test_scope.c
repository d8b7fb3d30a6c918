/* test_scope.c - lists of scopes. */
#include "cm.h"

#include <string.h>

#include "scope.h"

static const pl_scope_right LIMITED = {.all = "rooms rooms.admin",
                                       .standard = "rooms rooms.admin"};
static const pl_scope_right FREE = {
    .all = "WEBRTC rooms", .standard = "WEBRTC", .is_free = true};

static void lists_have_blanks_or_commas(void **state)
{
    (void)state;
    assert_true(pl_scope_has(pl_slice_str("a b,c"), "a"));
    assert_true(pl_scope_has(pl_slice_str(" ,a b,c"), "c"));
    assert_false(pl_scope_has(pl_slice_str("ab"), "a"));
    assert_false(pl_scope_has(pl_slice_str("a"), "ab"));
    assert_false(pl_scope_has(pl_slice_str(""), ""));
    assert_false(pl_scope_has(pl_slice_str("A"), "a"));
}

static void a_client_gets_what_it_may_have(void **state)
{
    static const struct {
        const pl_scope_right *right;
        const char *asked;
        pl_err e;
        const char *scope;
    } rows[] = {
        {&LIMITED, "", PL_OK, "rooms rooms.admin"},
        {&LIMITED, "rooms", PL_OK, "rooms"},
        {&LIMITED, "rooms.admin,rooms", PL_OK, "rooms.admin rooms"},
        {&LIMITED, "rooms rooms", PL_OK, "rooms"},
        {&LIMITED, "api://x/.default", PL_OK, "rooms rooms.admin"},
        {&LIMITED, "management", PL_EFORBIDDEN, NULL},
        {&LIMITED, "rooms management", PL_EFORBIDDEN, NULL},
        {&LIMITED, "room", PL_EFORBIDDEN, NULL},
        {&LIMITED, "api://x/rooms", PL_EFORBIDDEN, NULL},
        {&LIMITED, "api://x/.default rooms", PL_EINVAL, NULL},
        {&LIMITED, "a\"b", PL_EINVAL, NULL},
        {&LIMITED, "a\nb", PL_EINVAL, NULL},
        {&FREE, "", PL_OK, "WEBRTC"},
        {&FREE, "anything else", PL_OK, "anything else"},
        {&FREE, "api://x/.default", PL_OK, "WEBRTC rooms"},
        {&FREE, "/.default", PL_OK, "/.default"}, /* of no resource */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char scope[PL_SCOPES_MAX + 1];
        assert_int_equal(pl_scope_choose(rows[i].asked, rows[i].right, scope),
                         rows[i].e);
        if (!rows[i].e)
            assert_string_equal(scope, rows[i].scope);
    }
}

static void a_list_that_is_too_long_is_refused(void **state)
{
    char asked[2 * PL_SCOPES_MAX] = "";
    char scope[PL_SCOPES_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof asked - 5; i += 4) {
        asked[i] = (char)('a' + i / 4 % 26);
        asked[i + 1] = (char)('a' + i / 104 % 26);
        asked[i + 2] = (char)('a' + i / 2704 % 26);
        asked[i + 3] = ' ';
    }
    assert_int_equal(pl_scope_choose(asked, &FREE, scope), PL_EINVAL);
    assert_int_equal(pl_scope_choose(asked, &LIMITED, scope), PL_EFORBIDDEN);
    memset(asked, 'a', sizeof asked - 1);
    asked[sizeof asked - 1] = '\0';
    assert_int_equal(pl_scope_choose(asked, &FREE, scope), PL_EINVAL);
}

static void scopes_of_devices_are_exact_words(void **state)
{
    static const char *const bad[] = {
        "",
        "webrtc-registration:sessions",
        "webrtc-registration:sessions:",
        "webrtc-registration:sessions:reader",
        "webrtc-registration:sessions:READ",
        ("webrtc-events:org.camaraproject.webrtc-events-subscriptions.v0."
         "session-status:create"), /* one text */
        "webrtc-events:create",
        "WEBRTC",
    };
    (void)state;
    assert_true(pl_scope_is_device(
        pl_slice_str("webrtc-call-handling:sessions:write")));
    assert_true(pl_scope_is_device(
        pl_slice_str("webrtc-events-subscriptions:org.camaraproject."
                     "webrtc-events-subscriptions.v0.registration-ends:"
                     "create")));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(pl_scope_is_device(pl_slice_str(bad[i])));
    assert_true(pl_scope_text_has("a:b:c a:b", "a:b"));
    assert_false(pl_scope_text_has("a:b:c xa:b", "a:b"));
    assert_false(pl_scope_text_has("a:b:c", "A:b:c"));
    assert_false(pl_scope_text_has("a:b:c", ""));
    assert_false(pl_scope_text_has("", "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_have_blanks_or_commas),
        cmocka_unit_test(a_client_gets_what_it_may_have),
        cmocka_unit_test(a_list_that_is_too_long_is_refused),
        cmocka_unit_test(scopes_of_devices_are_exact_words),
    };
    return cmocka_run_group_tests_name("scope", tests, NULL, NULL);
}
