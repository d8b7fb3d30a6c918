/* test_management.c - the management API through the whole front end. */
#include "api_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIGURATION "/api/admin/configuration/v1/"
#define COMMAND       "/api/admin/command/v1/"

static char headers[9000];
static tls_reply reply;

static void use(api_rig *rig, const char *scope)
{
    char form[64];
    (void)snprintf(form, sizeof form, "scope=%s", scope);
    (void)snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n",
                   rig_token_with(rig, form));
}

static void ask(api_rig *rig, const char *line, const char *body, int status,
                const char *part)
{
    rig_request(rig, line, headers, body, &reply);
    if (reply.status != status || !strstr(reply.body, part))
        print_error("%s: %d %s\n", line, reply.status, reply.body);
    assert_int_equal(reply.status, status);
    assert_non_null(strstr(reply.body, part));
}

static void objects_are_listed_made_and_removed(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    use(rig, "management");
    ask(rig, "GET " CONFIGURATION "conference_alias/?alias__startswith=a", NULL,
        200,
        "{\"meta\":{\"limit\":20,\"offset\":0,\"total_count\":5,\"next\":null,"
        "\"previous\":null},\"objects\":[{\"id\":1,");
    assert_string_equal(tls_header(&reply, "Content-Type"), "application/json");
    assert_non_null(strstr(reply.body, "{\"id\":5,"));
    ask(rig, "GET " CONFIGURATION "conference_alias/?limit=3", NULL, 200,
        "?limit=3&offset=3\"");
    assert_null(strstr(reply.body, "{\"id\":4,"));
    ask(rig, "GET " CONFIGURATION "conference/", NULL, 200, "\"objects\":[]}");
    ask(rig, "GET " CONFIGURATION "conference/?nmae=x", NULL, 400,
        "{\"error\":\"'nmae' is not an allowed filter\"}");
    ask(rig, "GET " CONFIGURATION "conference_alias/1/", NULL, 200,
        "{\"id\":1,\"resource_uri\":");
    ask(rig, "GET " CONFIGURATION "conference_alias/9/", NULL, 404,
        "{\"error\":\"Not found\"}");
    ask(rig, "GET " CONFIGURATION "conference/schema/", NULL, 200,
        "\"fields\":{\"id\":{");
    ask(rig, "GET " CONFIGURATION "conference", NULL, 301, "");
    assert_string_equal(tls_header(&reply, "Location"),
                        CONFIGURATION "conference/");
    ask(rig, "POST " CONFIGURATION "conference/", "{\"name\":\"n\"}", 201, "");
    assert_string_equal(reply.body, "");
    assert_non_null(
        strstr(tls_header(&reply, "Location"), CONFIGURATION "conference/57/"));
    assert_int_equal(strncmp(tls_header(&reply, "Location"), "https://", 8), 0);
    ask(rig, "POST " CONFIGURATION "conference/", "{\"name\":\"taken\"}", 400,
        "{\"conference\":{\"__all__\":[\"It is taken.\"]}}");
    ask(rig, "POST " CONFIGURATION "conference/", "{}", 400,
        "{\"conference\":{\"name\":[\"This is required.\"]}}");
    ask(rig, "PUT " CONFIGURATION "conference/7/", "{\"name\":\"n\"}", 202, "");
    ask(rig, "PATCH " CONFIGURATION "conference/9/", "{}", 404, "Not found");
    ask(rig, "DELETE " CONFIGURATION "conference/7/", NULL, 204, "");
    ask(rig, "DELETE " CONFIGURATION "conference/9/", NULL, 404, "Not found");
    ask(rig, "DELETE " CONFIGURATION "conference/", NULL, 405,
        "{\"error\":\"Method not allowed\"}");
    ask(rig, "PATCH " CONFIGURATION "conference/", "{}", 405, "{\"error\":");
    ask(rig, "GET /api/admin/", NULL, 404, "{\"error\":");
    rig_stop(&rig);
}

static void commands_reach_the_live(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    use(rig, "management");
    ask(rig, "POST " COMMAND "participant/mute/",
        "{\"participant_uuid\":\"p-1\",\"setting\":\"toggle\"}", 202,
        "{\"status\":\"success\",\"message\":\"\"}");
    ask(rig, "POST " COMMAND "participant/mute/",
        "{\"participant_uuid\":\"p-9\",\"setting\":\"toggle\"}", 404,
        "{\"status\":\"error\",\"error\":\"Participant not found\"}");
    ask(rig, "POST " COMMAND "participant/transfer/",
        "{\"participant_id\":\"p-1\",\"conference_alias\":\"x\"}", 202, "suc");
    ask(rig, "POST " COMMAND "participant/dial/",
        "{\"conference_alias\":\"x\",\"destination\":\"sip:a@b\"}", 202,
        "\"participant_ids\":[\"p-2\"]");
    ask(rig, "POST " COMMAND "participant/fly/", "{}", 404,
        "{\"status\":\"error\",\"error\":\"No such command\"}");
    ask(rig, "GET " COMMAND "participant/mute/", NULL, 405, "{\"error\":");
    rig_stop(&rig);
}

static void nobody_else_may(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    headers[0] = '\0';
    ask(rig, "GET " CONFIGURATION "conference/", NULL, 401, "{\"error\":");
    assert_non_null(strstr(tls_header(&reply, "WWW-Authenticate"), "Basic"));
    ask(rig, "GET " CONFIGURATION "conference/schema/", NULL, 401, "{\"err");
    ask(rig, "POST " COMMAND "participant/mute/", "{}", 401, "{\"error\":");
    use(rig, "rooms.admin");
    ask(rig, "GET " CONFIGURATION "conference/", NULL, 403,
        "the scope management");
    use(rig, "management");
    rig_set_ready(rig, false);
    ask(rig, "GET " CONFIGURATION "conference/", NULL, 503, "{\"error\":");
    assert_string_equal(tls_header(&reply, "Retry-After"), "5");
    rig_stop(&rig);
}

static void allow_two(pl_api_config *config)
{
    config->management_requests = 2;
    config->management_window_s = 3600;
}

/* Each credential has its share; who is over it is told when to come again. */
static void too_many_requests_are_told_when_to_come_again(void **state)
{
    api_rig *rig = rig_start(allow_two);
    (void)state;
    use(rig, "management");
    for (unsigned i = 0; i < 2; i++)
        ask(rig, "GET " CONFIGURATION "conference/", NULL, 200, "objects");
    ask(rig, "GET " CONFIGURATION "conference/", NULL, 429, "{\"error\":");
    const char *wait = tls_header(&reply, "Retry-After");
    assert_true(atoi(wait) > 1700 && atoi(wait) <= 1800);
    assert_int_equal(rig_metric(rig, PL_AM_management_limited), 1);
    rig_stop(&rig);
}

/* Wrong passwords stop this address, for passwords alone. */
static void guessing_passwords_is_stopped(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    (void)snprintf(headers, sizeof headers,
                   "Authorization: Basic YWRtaW46cGFzc3dvcmQ=\r\n");
    for (unsigned i = 0; i < 10; i++)
        ask(rig, "GET " CONFIGURATION "conference/", NULL, 401, "{\"error\":");
    ask(rig, "GET " CONFIGURATION "conference/", NULL, 429, "{\"error\":");
    assert_true(atoi(tls_header(&reply, "Retry-After")) >= 1);
    use(rig, "management");
    ask(rig, "GET " CONFIGURATION "conference/", NULL, 200, "objects");
    rig_stop(&rig);
}

/* ---- files of recordings ---- */

#define RECORDING "/api/admin/history/v1/recording/r/file/"
enum { SOUND_BYTES = 60000 };

static char folder[64];

static void put_file(const char *name, size_t bytes)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (size_t i = 0; i < bytes; i++)
        (void)fputc('a' + (int)(i % 26), f);
    (void)fclose(f);
}

static void make_folder(void)
{
    char path[128];
    char link[128];
    (void)snprintf(folder, sizeof folder, "/tmp/parley-rec-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/rec", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/rec/r", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    put_file("secret.opus", 6);
    put_file("rec/r/1-mix.opus", SOUND_BYTES);
    put_file("rec/r/2.au", 0);
    (void)snprintf(path, sizeof path, "%s/secret.opus", folder);
    (void)snprintf(link, sizeof link, "%s/rec/r/link.opus", folder);
    assert_int_equal(symlink(path, link), 0);
}

static void remove_folder(void)
{
    static const char *const names[] = {"rec/r/link.opus",
                                        "rec/r/2.au",
                                        "rec/r/1-mix.opus",
                                        "secret.opus",
                                        "rec/r",
                                        "rec",
                                        ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(remove(path), 0);
    }
}

static void set_folder(pl_api_config *config)
{
    (void)snprintf(config->recordings_dir, sizeof config->recordings_dir,
                   "%s/rec", folder);
}

static void files_of_recordings_are_given_out(void **state)
{
    (void)state;
    make_folder();
    api_rig *rig = rig_start(set_folder);
    use(rig, "management");
    ask(rig, "GET " RECORDING "1/", NULL, 200, "abcdef");
    assert_int_equal(reply.body_len, SOUND_BYTES);
    for (size_t i = 0; i < SOUND_BYTES; i++)
        assert_int_equal(reply.body[i], 'a' + (int)(i % 26));
    assert_string_equal(tls_header(&reply, "Content-Type"), "audio/ogg");
    assert_string_equal(tls_header(&reply, "Content-Disposition"),
                        "attachment; filename=\"r-1-mix.opus\"");
    assert_string_equal(tls_header(&reply, "Content-Length"), "60000");
    assert_string_equal(tls_header(&reply, "Transfer-Encoding"), "");
    assert_string_equal(tls_header(&reply, "Cache-Control"), "no-store");
    ask(rig, "GET " RECORDING "2/", NULL, 200, "");
    assert_int_equal(reply.body_len, 0);
    assert_string_equal(tls_header(&reply, "Content-Type"), "audio/basic");
    rig_stop(&rig);
    remove_folder();
}

/* Missing, a link, outside, no such file, no number; for others; by HEAD; where
 * no folder is set. */
static void no_other_file_is(void **state)
{
    static const char *const bad[] = {"3/", "4/",  "5/",     "6/",
                                      "x/", "-1/", "..%2f1/"};
    char line[128];
    (void)state;
    make_folder();
    api_rig *rig = rig_start(set_folder);
    use(rig, "management");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(line, sizeof line, "GET " RECORDING "%s", bad[i]);
        ask(rig, line, NULL, 404, "{\"error\":\"Not found\"}");
    }
    rig_request(rig, "HEAD " RECORDING "1/", headers, NULL, &reply);
    assert_int_equal(reply.status, 405);
    ask(rig, "GET " RECORDING "1", NULL, 301, "");
    use(rig, "rooms.admin");
    ask(rig, "GET " RECORDING "1/", NULL, 403, "{\"error\":");
    rig_stop(&rig);
    rig = rig_start(NULL);
    use(rig, "management");
    ask(rig, "GET " RECORDING "1/", NULL, 404, "recordings_dir is not set");
    rig_stop(&rig);
    remove_folder();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_listed_made_and_removed),
        cmocka_unit_test(commands_reach_the_live),
        cmocka_unit_test(nobody_else_may),
        cmocka_unit_test(too_many_requests_are_told_when_to_come_again),
        cmocka_unit_test(guessing_passwords_is_stopped),
        cmocka_unit_test(files_of_recordings_are_given_out),
        cmocka_unit_test(no_other_file_is),
    };
    return cmocka_run_group_tests_name("management", tests, NULL, NULL);
}
