/* test_management_write.c - objects of the management API are made and changed:
 * what reaches roompool, what is refused. */
#include "management_rig.h"

#define CONFERENCES CONFIGURATION "conference/"

/* What is put is this JSON. */
static void put(const char *line, const char *body, uint64_t id,
                bool is_replaced, const char *object)
{
    call_rig rig;
    begin_asking(&rig, line, body, &PL_MSG_MANAGEMENT_PUT);
    const pl_management_put *m = &rig.call.message.management_put;
    char text[4096];
    assert_true(m->object.len < sizeof text);
    memcpy(text, m->object.ptr, m->object.len);
    text[m->object.len] = '\0';
    assert_string_equal(text, object);
    assert_int_equal(m->id, id);
    assert_int_equal(m->replace, is_replaced);
    assert_string_equal(m->client_id, "dev");
    rig_end(&rig);
}

static void a_room_is_made_with_its_alias(void **state)
{
    call_rig rig;
    pl_management_done done = {.id = 57};
    (void)state;
    put("POST " CONFERENCES,
        "{\"name\":\"q8\",\"service_type\":\"conference\","
        "\"allow_guests\":true,\"pin\":\"4471\",\"guest_pin\":\"9036#\","
        "\"aliases\":[{\"alias\":\"q8\"}],\"participant_limit\":4,"
        "\"description\":\"pool\"}",
        0, true,
        "{\"name\":\"q8\",\"aliases\":[{\"alias\":\"q8\"}],"
        "\"service_type\":\"conference\",\"allow_guests\":true,"
        "\"pin\":\"4471\",\"guest_pin\":\"9036#\",\"description\":\"pool\","
        "\"participant_limit\":4}");
    begin_asking(&rig, "POST " CONFERENCES, "{\"name\":\"q8\"}",
                 &PL_MSG_MANAGEMENT_PUT);
    rig_finish(&rig, PL_OK, &PL_MSG_MANAGEMENT_DONE, &done);
    assert_true(rig_has_header(&rig, "Location: https://m.example" CONFERENCES
                                     "57/\r\n"));
    assert_int_equal(rig.answer.body.len, 0);
    expect(&rig, 201, "");
}

static void references_are_numbers_for_roompool(void **state)
{
    (void)state;
    put("POST " CONFIGURATION "conference_alias/",
        "{\"alias\":\"a\",\"conference\":\"" CONFERENCES "43/\"}", 0, true,
        "{\"alias\":\"a\",\"conference\":43}");
    put("PATCH " CONFIGURATION "conference_alias/5/",
        "{\"conference\":\"https://h.example:8443" CONFERENCES "43\"}", 5,
        false, "{\"conference\":43}");
    put("POST " CONFIGURATION "automatic_participant/",
        "{\"alias\":\"sip:a@b\",\"conference\":[\"" CONFERENCES
        "4/\",\"" CONFERENCES "5/\"],\"role\":\"chair\",\"streaming\":false}",
        0, true,
        "{\"alias\":\"sip:a@b\",\"conference\":[4,5],\"role\":\"host\","
        "\"streaming\":false}");
    put("PUT " CONFERENCES "7/",
        "{\"name\":\"n\",\"automatic_participants\":[\"" CONFIGURATION
        "automatic_participant/9/\"],\"aliases\":[\"" CONFIGURATION
        "conference_alias/3/\",{\"id\":4,\"alias\":\"x\",\"conference\":\"y\","
        "\"description\":\"d\",\"creation_time\":\"z\"},{\"alias\":\"new\"}]}",
        7, true,
        "{\"name\":\"n\",\"aliases\":[{\"id\":3},{\"id\":4,\"alias\":\"x\","
        "\"description\":\"d\"},{\"alias\":\"new\"}],"
        "\"automatic_participants\":[9]}");
}

/* As they come out of an answer. */
static void lists_may_be_of_objects(void **state)
{
    (void)state;
    put("PATCH " CONFERENCES "7/",
        "{\"automatic_participants\":[{\"id\":9,\"resource_uri\":"
        "\"" CONFIGURATION "automatic_participant/9/\"}]}",
        7, false, "{\"automatic_participants\":[9]}");
    put("PATCH " CONFIGURATION "event_sink/7/",
        "{\"events\":[{\"name\":\"conference_ended\"},\"participant_updated\"]"
        "}",
        7, false,
        "{\"events\":[\"conference_ended\",\"participant_updated\"]}");
    refused("PATCH " CONFIGURATION "event_sink/7/", "{\"events\":[{\"id\":1}]}",
            400, "{\"event_sink\":{\"events\":[\"An element is not a text");
}

static void lists_that_are_null_stay(void **state)
{
    (void)state;
    put("PUT " CONFERENCES "7/",
        "{\"name\":\"n\",\"aliases\":null,\"automatic_participants\":null,"
        "\"guest_view\":null,\"participant_limit\":null}",
        7, true,
        "{\"name\":\"n\",\"participant_limit\":null,\"guest_view\":null}");
    put("PATCH " CONFERENCES "7/", "{\"aliases\":[]}", 7, false,
        "{\"aliases\":[]}");
    put("PATCH " CONFERENCES "7/", "{}", 7, false, "{}");
}

/* Newer clients send more than we know; what we make is not theirs to set. */
static void what_cannot_be_set_is_passed_over(void **state)
{
    (void)state;
    put("PUT " CONFERENCES "7/",
        "{\"id\":9,\"resource_uri\":\"\",\"name\":\"n\","
        "\"creation_time\":\"never\",\"scheduled_conferences\":null,"
        "\"scheduled_conferences_count\":3,\"some_day\":{\"x\":[1]},"
        "\"aliases__alias\":\"q\",\"crypto_mode\":\"\"}",
        7, true, "{\"name\":\"n\",\"crypto_mode\":\"\"}");
}

/* A value of a field that is refused, and why. */
static void faulty(const char *field, const char *value, const char *why)
{
    char body[900];
    char part[400];
    (void)snprintf(body, sizeof body, "{\"name\":\"n\",\"%s\":%s}", field,
                   value);
    (void)snprintf(part, sizeof part, "{\"conference\":{\"%s\":[\"%s", field,
                   why);
    refused("PUT " CONFERENCES "7/", body, 400, part);
}

static void each_value_is_checked(void **state)
{
    static const struct {
        const char *field, *value, *why;
    } rows[] = {
        {"allow_guests", "1", "This is neither true nor false."},
        {"allow_guests", "null", "This may not be null."},
        {"description", "null", "This may not be null."},
        {"description", "\"a\\nb\"", "This has control characters."},
        {"tag", "5", "This is not a text."},
        {"pin", "\"12a4\"", "This is not 4 to 20 digits"},
        {"pin", "\"123\"", "This is not 4 to 20 digits"},
        {"pin", "1234", "This is not a text."},
        {"guest_pin", "\"#####\"", "This is not 4 to 20 digits"},
        {"participant_limit", "\"4\"", "This is not a whole number."},
        {"participant_limit", "1000001", "This is not from 0 to 1000000."},
        {"participant_limit", "-1", "This is not from 0 to 1000000."},
        {"participant_limit", "4.5", "This is not a whole number."},
        {"max_callrate_in", "64", "This is not from 128 to 8192."},
        {"service_type", "\"party\"", "This is none of conference|lecture"},
        {"service_type", "\"\"", "This may not be empty."},
        {"max_pixels_per_second", "\"uhd\"", "This is none of sd|hd|fullhd."},
        {"aliases", "\"x\"", "This is not a list."},
        {"aliases", "[\"x\"]", "An element is neither an alias nor"},
        {"aliases", "[{}]", "An element has no alias."},
        {"aliases", "[{\"alias\":\"\"}]", "alias: This may not be empty."},
        {"aliases", "[{\"alias\":5}]", "alias: This is not a text."},
        {"aliases", "[{\"id\":-1}]", "id: This is not a number"},
        {"aliases", "[{\"id\":\"1\"}]", "id: This is not a number"},
        {"automatic_participants", "[5]", "This is no resource_uri of auto"},
        {"automatic_participants", "[\"" CONFIGURATION "conference/5/\"]",
         "This is no resource_uri of automatic_participant."},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        faulty(rows[i].field, rows[i].value, rows[i].why);
}

/* Each field of the table that can be set takes its preset, and refuses what
 * is of no type that it has. */
static void every_field_takes_its_preset(void **state)
{
    (void)state;
    for (size_t i = 0; pl_mgmt_desc_at(i); i++) {
        const pl_mgmt_desc *desc = pl_mgmt_desc_at(i);
        for (size_t k = 0; desc->is_writable && k < desc->n_fields; k++) {
            const pl_mgmt_field *f = &desc->fields[k];
            bool can_be_set = f->access == PL_MGMT_ACCESS_RW ||
                              f->access == PL_MGMT_ACCESS_WO;
            char line[128];
            char body[256];
            char part[256];
            (void)snprintf(line, sizeof line, "PATCH " CONFIGURATION "%s/7/",
                           desc->name);
            (void)snprintf(body, sizeof body, "{\"%s\":%s}", f->name,
                           f->preset[0] ? f->preset : "null");
            (void)snprintf(part, sizeof part,
                           "{\"%s\":{\"%s\":[\"This may not be null.\"]}}",
                           desc->name, f->name);
            if (!can_be_set)
                put(line, body, 7, false, "{}");
            else if (f->preset[0])
                put(line, body, 7, false, body);
            else
                refused(line, body, 400, part);
            (void)snprintf(body, sizeof body, "{\"%s\":{\"x\":[1.5]}}",
                           f->name);
            (void)snprintf(part, sizeof part, "{\"%s\":{\"%s\":[\"", desc->name,
                           f->name);
            if (can_be_set)
                refused(line, body, 400, part);
        }
    }
}

static void lengths_are_bounded(void **state)
{
    char body[600];
    char name[252];
    (void)state;
    memset(name, 'n', sizeof name);
    name[250] = '\0';
    (void)snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
    put("POST " CONFERENCES, body, 0, true, body);
    name[250] = 'n';
    name[251] = '\0';
    (void)snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
    refused("POST " CONFERENCES, body, 400,
            "{\"conference\":{\"name\":[\"This is longer than 250 bytes.\"]}}");
}

static void all_faults_are_told_at_once(void **state)
{
    (void)state;
    refused(
        "POST " CONFERENCES, "{\"pin\":\"x\",\"aliases\":[1]}", 400,
        "{\"conference\":{\"name\":[\"This is required.\"],\"aliases\":"
        "[\"An element is neither an alias nor the path of one.\"],"
        "\"pin\":[\"This is not 4 to 20 digits, the last perhaps a #.\"]}}");
    refused("POST " CONFIGURATION "event_sink/", "{\"version\":3}", 400,
            "{\"event_sink\":{\"name\":[\"This is required.\"],"
            "\"url\":[\"This is required.\"],"
            "\"version\":[\"This is not from 1 to 2.\"]}}");
    refused("POST " CONFIGURATION "conference_alias/",
            "{\"alias\":\"a\",\"conference\":\"43\"}", 400,
            "{\"conference_alias\":{\"conference\":"
            "[\"This is no resource_uri of conference.\"]}}");
}

static void bodies_are_objects_of_json(void **state)
{
    /* The last: a page elsewhere, in a browser that keeps the password. */
    static const char *const NO_JSON[] = {
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Type: application/jsonl",
        "Content-Type: text/plain\r\nOrigin: https://other.example",
        "Origin: https://other.example"};
    call_rig rig;
    (void)state;
    refused("POST " CONFERENCES, NULL, 400, "{\"error\":\"The body is not");
    refused("POST " CONFERENCES, "[]", 400, "{\"error\":\"The body is not an");
    refused("POST " CONFERENCES, "{\"name\"", 400, "not valid JSON");
    refused("POST " CONFERENCES, "{\"name\":\"a\",\"name\":\"b\"}", 400,
            "not valid JSON");
    for (size_t i = 0; i < sizeof NO_JSON / sizeof NO_JSON[0]; i++) {
        char request[256];
        (void)snprintf(request, sizeof request,
                       "POST " CONFERENCES " HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n",
                       NO_JSON[i]);
        rig_begin_with(&rig, request, "{\"name\":\"x\"}", PL_SCOPE_MANAGEMENT,
                       false, NULL);
        expect(&rig, 415, "{\"error\":");
    }
    rig_begin_with(&rig,
                   "POST " CONFERENCES " HTTP/1.1\r\nHost: a\r\n"
                   "Content-Type: Application/JSON; charset=utf-8\r\n\r\n",
                   "{\"name\":\"x\"}", PL_SCOPE_MANAGEMENT, false, NULL);
    assert_ptr_equal(rig.call.desc, &PL_MSG_MANAGEMENT_PUT);
    rig_end(&rig);
}

static void what_roompool_says_is_told(void **state)
{
    static const char FAULTS[] =
        "{\"name\":[\"A conference with this name already exists.\"]}";
    pl_management_refused refusal = {.faults = pl_slice_str(FAULTS)};
    pl_management_done done = {.id = 7};
    call_rig rig;
    (void)state;
    begin_asking(&rig, "POST " CONFERENCES, "{\"name\":\"x\"}",
                 &PL_MSG_MANAGEMENT_PUT);
    rig_finish(&rig, PL_OK, &PL_MSG_MANAGEMENT_REFUSED, &refusal);
    expect(&rig, 400,
           "{\"conference\":{\"name\":[\"A conference with this "
           "name already exists.\"]}}");
    begin_asking(&rig, "PATCH " CONFERENCES "7/", "{}", &PL_MSG_MANAGEMENT_PUT);
    rig_finish(&rig, PL_OK, &PL_MSG_MANAGEMENT_DONE, &done);
    expect(&rig, 202, "");
    begin_asking(&rig, "PUT " CONFERENCES "7/", "{\"name\":\"x\"}",
                 &PL_MSG_MANAGEMENT_PUT);
    rig_finish(&rig, PL_ENOENT, &PL_MSG_ERROR, NULL);
    expect(&rig, 404, "{\"error\":\"Not found\"}");
    refused("PUT " CONFERENCES "x/", "{\"name\":\"x\"}", 404, "Not found");
}

static void objects_are_removed_once(void **state)
{
    call_rig rig;
    (void)state;
    begin_asking(&rig, "DELETE " CONFERENCES "7/", NULL,
                 &PL_MSG_MANAGEMENT_DELETE);
    const pl_management_delete *m = &rig.call.message.management_delete;
    assert_int_equal(m->id, 7);
    assert_int_equal(m->resource, PL_MGMT_RESOURCE_CONFERENCE);
    rig_finish(&rig, PL_OK, &PL_MSG_OK_REPLY, NULL);
    expect(&rig, 204, "");
    begin_asking(&rig, "DELETE " CONFERENCES "7/", NULL,
                 &PL_MSG_MANAGEMENT_DELETE);
    rig_finish(&rig, PL_ENOENT, &PL_MSG_ERROR, NULL);
    expect(&rig, 404, "{\"error\":\"Not found\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_is_made_with_its_alias),
        cmocka_unit_test(references_are_numbers_for_roompool),
        cmocka_unit_test(lists_may_be_of_objects),
        cmocka_unit_test(lists_that_are_null_stay),
        cmocka_unit_test(what_cannot_be_set_is_passed_over),
        cmocka_unit_test(each_value_is_checked),
        cmocka_unit_test(every_field_takes_its_preset),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(all_faults_are_told_at_once),
        cmocka_unit_test(bodies_are_objects_of_json),
        cmocka_unit_test(what_roompool_says_is_told),
        cmocka_unit_test(objects_are_removed_once),
    };
    return cmocka_run_group_tests_name("management_write", tests, NULL, NULL);
}
