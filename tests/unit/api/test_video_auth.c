/* test_video_auth.c - devices that sign their own tokens. */
#include "cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "jose.h"
#include "pl/str.h"
#include "video_auth.h"

static const int64_t NOW_MS = INT64_C(1771012000000);
static char path[32];
static pl_api_config config;
static pl_keys *keys[2];
static char kids[2][PL_JWT_KID_MAX + 1];
static pl_buf jwks[2];

static void make_key(int i)
{
    pl_buf set;
    pl_buf_init(&jwks[i], 16384);
    assert_int_equal(pl_key_make(PL_JWT_RS256, kids[i], &jwks[i]), PL_OK);
    pl_buf_init(&set, 16384);
    pl_buf_add_fmt(&set, "{\"keys\":[%s]}", pl_buf_text(&jwks[i]));
    assert_int_equal(pl_keys_load(pl_buf_slice(&set), &keys[i]), PL_OK);
    pl_buf_fini(&set);
}

static int set_up(void **state)
{
    (void)state;
    make_key(0);
    make_key(1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        pl_keys_free(&keys[i]);
        pl_buf_fini(&jwks[i]);
    }
    return 0;
}

static void write_file(const char *text)
{
    pl_fmt_cut(path, sizeof path, "/tmp/parley-devices-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
    config = (pl_api_config){.port = 0};
    pl_fmt_cut(config.video_auth, sizeof config.video_auth, "device");
    pl_fmt_cut(config.video_devices_file, sizeof config.video_devices_file,
               "%s", path);
}

static void write_over(const char *text)
{
    assert_int_equal(pl_file_replace_secret(path, pl_slice_str(text)), PL_OK);
}

static pl_video_auth *open_devices(void)
{
    pl_video_auth *auth = NULL;
    pl_buf text;
    pl_buf_init(&text, 65536);
    for (int i = 0; i < 2; i++) {
        pl_buf_add_fmt(&text,
                       "{\"client_id\":\"app\",\"device_code\":\"d%d\","
                       "\"key\":%s}\n",
                       i, pl_buf_text(&jwks[i]));
    }
    write_file(pl_buf_text(&text));
    pl_buf_fini(&text);
    assert_int_equal(pl_video_auth_open(&config, NULL, &auth), PL_OK);
    (void)unlink(path);
    return auth;
}

static pl_err check(pl_video_auth *auth, int key, const char *typ,
                    const char *claims, pl_caller *caller)
{
    pl_buf token;
    pl_buf header;
    pl_buf_init(&token, PL_JWT_MAX);
    pl_buf_init(&header, PL_JWT_MAX + 8);
    assert_int_equal(
        pl_keys_sign(keys[key], kids[key], typ, pl_slice_str(claims), &token),
        PL_OK);
    pl_buf_add_fmt(&header, "Bearer %s", pl_buf_text(&token));
    pl_err e =
        pl_video_auth_check(auth, NULL, pl_buf_slice(&header), NOW_MS, caller);
    pl_buf_fini(&header);
    pl_buf_fini(&token);
    return e;
}

#define CLAIMS(more) "{\"client_id\":\"app\",\"device_code\":\"d0\"" more "}"

static void a_registered_device_speaks_for_itself(void **state)
{
    pl_video_auth *auth = open_devices();
    pl_caller caller;
    (void)state;
    assert_int_equal(check(auth, 0, "JWT", CLAIMS(""), &caller), PL_OK);
    assert_string_equal(caller.client_id, "app");
    assert_string_equal(caller.device_code, "d0");
    assert_int_equal(caller.scopes, PL_SCOPE_VIDEO);
    assert_int_equal(
        check(auth, 0, "JWT", CLAIMS(",\"exp\":1771012001"), &caller), PL_OK);
    pl_video_auth_close(&auth);
}

static void others_are_refused(void **state)
{
    static const struct {
        int key;
        const char *typ, *claims;
    } rows[] = {
        {1, "JWT", CLAIMS("")}, /* another device's key */
        {0, "at+jwt", CLAIMS("")},
        {0, "JWT", "{\"client_id\":\"app\",\"device_code\":\"d9\"}"},
        {0, "JWT", "{\"client_id\":\"other\",\"device_code\":\"d0\"}"},
        {0, "JWT", "{\"client_id\":\"app\"}"},
        {0, "JWT", "{\"device_code\":\"d0\"}"},
        {0, "JWT", "{\"client_id\":5,\"device_code\":\"d0\"}"},
        {0, "JWT", CLAIMS(",\"exp\":1771011000")},
        {0, "JWT", CLAIMS(",\"exp\":9223372036854775807")},
        {0, "JWT", CLAIMS(",\"exp\":-9223372036854775807")},
        {0, "JWT", CLAIMS(",\"exp\":\"x\"")},
        {0, "JWT", CLAIMS(",\"nbf\":1771013000")},
    };
    static const char *const headers[] = {"", "Bearer ", "Bearer a.b.c",
                                          "Basic eA==", "Bearer"};
    pl_video_auth *auth = open_devices();
    pl_caller caller;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(
            check(auth, rows[i].key, rows[i].typ, rows[i].claims, &caller),
            PL_EAUTH);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        assert_int_equal(pl_video_auth_check(auth, NULL,
                                             pl_slice_str(headers[i]), NOW_MS,
                                             &caller),
                         PL_EAUTH);
    pl_video_auth_close(&auth);
}

static void a_bad_file_stops_the_start(void **state)
{
    static const char symmetric[] =
        "{\"client_id\":\"a\",\"device_code\":\"b\",\"key\":{\"kty\":\"oct\","
        "\"k\":\"AAAA\"}}\n";
    static const char *const bad[] = {
        "{", "[]\n", "{\"client_id\":\"a\",\"device_code\":\"b\"}\n",
        symmetric};
    pl_video_auth *auth = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_file(bad[i]);
        assert_int_equal(pl_video_auth_open(&config, NULL, &auth), PL_ECONFIG);
        assert_null(auth);
        (void)unlink(path);
    }
    assert_int_equal(pl_video_auth_open(&config, NULL, &auth), PL_ECONFIG);
}

static void devices_come_and_go(void **state)
{
    char text[8192];
    pl_video_auth *auth = NULL;
    pl_caller caller;
    (void)state;
    write_file("");
    assert_int_equal(pl_video_auth_open(&config, NULL, &auth), PL_OK);
    assert_int_equal(check(auth, 0, "JWT", CLAIMS(""), &caller), PL_EAUTH);
    pl_fmt_cut(text, sizeof text,
               "{\"client_id\":\"app\",\"device_code\":\"d0\",\"key\":%s}\n",
               pl_buf_text(&jwks[0]));
    write_over(text);
    assert_int_equal(check(auth, 0, "JWT", CLAIMS(""), &caller), PL_OK);
    write_over("{"); /* the old ones stay */
    assert_int_equal(check(auth, 0, "JWT", CLAIMS(""), &caller), PL_OK);
    write_over("\n");
    assert_int_equal(check(auth, 0, "JWT", CLAIMS(""), &caller), PL_EAUTH);
    (void)unlink(path);
    assert_int_equal(check(auth, 0, "JWT", CLAIMS(""), &caller), PL_EAUTH);
    pl_video_auth_close(&auth);
}

static void open_takes_any_bearer_but_wants_one(void **state)
{
    pl_video_auth *auth = NULL;
    pl_caller caller;
    (void)state;
    config = (pl_api_config){.port = 0};
    pl_fmt_cut(config.video_auth, sizeof config.video_auth, "open");
    assert_int_equal(pl_video_auth_open(&config, NULL, &auth), PL_OK);
    assert_int_equal(pl_video_auth_check(auth, NULL, pl_slice_str("Bearer x"),
                                         NOW_MS, &caller),
                     PL_OK);
    assert_string_equal(caller.device_code, "");
    assert_int_equal(
        pl_video_auth_check(auth, NULL, pl_slice_str(""), NOW_MS, &caller),
        PL_EAUTH);
    pl_video_auth_close(&auth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registered_device_speaks_for_itself),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(a_bad_file_stops_the_start),
        cmocka_unit_test(devices_come_and_go),
        cmocka_unit_test(open_takes_any_bearer_but_wants_one),
    };
    return cmocka_run_group_tests_name("video auth", tests, set_up, tear_down);
}
