/* test_rooms.c - the room API through the whole front end. */
#include "api_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char headers[9000];

/* A token with these scopes, and further lines. */
static void use(api_rig *rig, const char *scope, const char *more)
{
    char form[128];
    (void)snprintf(form, sizeof form, "scope=%s", scope);
    (void)snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n%s",
                   rig_token_with(rig, form), more);
}

static tls_reply reply;

static void ask(api_rig *rig, const char *line, const char *body, int status,
                const char *part)
{
    rig_request(rig, line, headers, body, &reply);
    if (reply.status != status || !strstr(reply.body, part))
        print_error("%s: %d %s\n", line, reply.status, reply.body);
    assert_int_equal(reply.status, status);
    assert_non_null(strstr(reply.body, part));
}

static void derive_tags(pl_api_config *config)
{
    (void)snprintf(config->room_tag_prefix, sizeof config->room_tag_prefix,
                   "https://id.gov.bc.ca/idcheck/");
}

static void a_room_from_the_pool(void **state)
{
    api_rig *rig = rig_start(derive_tags);
    (void)state;
    use(rig, "rooms", "");
    ask(rig, "POST /room/create?uuiData=123456,765432", NULL, 200,
        "{\"id\":1,\"name\":\"r1\",\"service_type\":\"conference\","
        "\"allow_guests\":true,\"pin\":\"4471\",\"guest_pin\":\"9036\","
        "\"tag\":\"https://id.gov.bc.ca/idcheck/MTIzNDU2LDc2NTQzMg\","
        "\"aliases\":[{\"alias\":\"r1\","
        "\"creation_time\":\"2026-02-11T18:04:05.121000\","
        "\"description\":\"\",\"id\":1}]}");
    assert_string_equal(tls_header(&reply, "Content-Type"), "application/json");
    assert_string_equal(tls_header(&reply, "Cache-Control"), "no-store");
    ask(rig, "POST /room/create?uuiData=full", NULL, 503,
        "{\"detail\":\"No conference room is available\"}");
    assert_string_equal(tls_header(&reply, "Retry-After"), "5");
    ask(rig, "POST /room/create?uuiData=a%0A", NULL, 422,
        "{\"detail\":[{\"loc\":[\"query\",\"uuiData\"],\"msg\":");
    ask(rig, "GET /room/r1", NULL, 200, "\"name\":\"r1\"");
    ask(rig, "GET /room/r9", NULL, 404, "{\"detail\":\"Room not found\"}");
    ask(rig, "PATCH /room/r1", "{\"tag\":\"t\"}", 202, "");
    assert_string_equal(reply.body, "");
    ask(rig, "PATCH /room/r1", "{\"pin\":\"0000\"}", 422,
        "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"the PINs are the same\","
        "\"type\":\"value_error\"}]}");
    ask(rig, "PATCH /room/r1", "{\"pin\"", 422, "\"type\":\"json_invalid\"");
    ask(rig, "PUT /room/r9", "{}", 404, "{\"detail\":\"Room not found\"}");
    ask(rig, "DELETE /room/r1", NULL, 204, "");
    ask(rig, "DELETE /room/r9", NULL, 404, "{\"detail\":\"Room not found\"}");
    ask(rig, "GET /rooms", NULL, 200, ",{\"id\":3,");
    ask(rig, "GET /room/all", NULL, 200, "[{\"id\":1,");
    ask(rig, "POST /room/all", NULL, 405, "{\"detail\":\"Method not allowed");
    ask(rig, "GET /room/a/b", NULL, 404, "{\"detail\":\"No such path");
    rig_stop(&rig);
}

static void scopes_decide(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    headers[0] = '\0';
    ask(rig, "POST /room/create", NULL, 401,
        "{\"detail\":\"Not authenticated\"}");
    assert_string_equal(tls_header(&reply, "WWW-Authenticate"), "Bearer");
    use(rig, "WEBRTC", "");
    ask(rig, "POST /room/create", NULL, 403, "{\"detail\":");
    use(rig, "rooms", "");
    ask(rig, "POST /rooms/create?count=2", NULL, 403, "{\"detail\":");
    ask(rig, "DELETE /rooms", NULL, 403, "{\"detail\":");
    use(rig, "rooms.admin", "");
    ask(rig, "POST /rooms/create?count=2", NULL, 202, "");
    ask(rig, "POST /rooms/create", NULL, 422, "\"type\":\"missing\"");
    ask(rig, "DELETE /rooms", NULL, 200, "{\"deleted\":3}");
    ask(rig, "GET /rooms", NULL, 200, "[{");
    rig_set_ready(rig, false);
    ask(rig, "GET /rooms", NULL, 503, "{\"detail\":\"Not available now\"}");
    assert_string_equal(tls_header(&reply, "Retry-After"), "5");
    rig_stop(&rig);
}

static char secret_path[64] = "/tmp/parley-room-secret-XXXXXX";

static void set_secret(pl_api_config *config)
{
    (void)snprintf(config->room_public_secret_file,
                   sizeof config->room_public_secret_file, "%s", secret_path);
}

static void agents_look_up_by_secret(void **state)
{
    int fd = mkstemp(secret_path);
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "0123456789abcdef\n", 17), 17);
    (void)close(fd);
    api_rig *rig = rig_start(set_secret);
    headers[0] = '\0';
    ask(rig, "GET /public/room/r1", NULL, 401, "{\"detail\":");
    (void)snprintf(headers, sizeof headers, "x-auth-token: 0123\r\n");
    ask(rig, "GET /public/room/r1", NULL, 403, "{\"detail\":");
    (void)snprintf(headers, sizeof headers,
                   "x-auth-token: 0123456789abcdef\r\n");
    ask(rig, "GET /public/room/r1", NULL, 200, "\"pin\":\"4471\"");
    ask(rig, "GET /public/room/r9", NULL, 404, "{\"detail\":");
    rig_stop(&rig);
    (void)unlink(secret_path);
    rig = rig_start(NULL);
    ask(rig, "GET /public/room/r1", NULL, 404, "{\"detail\":\"Not Found\"}");
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_from_the_pool),
        cmocka_unit_test(scopes_decide),
        cmocka_unit_test(agents_look_up_by_secret),
    };
    return cmocka_run_group_tests_name("rooms", tests, NULL, NULL);
}
