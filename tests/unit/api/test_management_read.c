/* test_management_read.c - lists and objects of the management API: what is
 * asked of roompool, and how its answers are shown. */
#include "management_rig.h"

#define CONFERENCES "GET " CONFIGURATION "conference/"

static void asks_with(const char *query, uint32_t limit, uint32_t offset)
{
    call_rig rig;
    char line[256];
    (void)snprintf(line, sizeof line, CONFERENCES "%s", query);
    begin_asking(&rig, line, NULL, &PL_MSG_MANAGEMENT_QUERY);
    const pl_management_query *m = &rig.call.message.management_query;
    assert_int_equal(m->resource, PL_MGMT_RESOURCE_CONFERENCE);
    assert_int_equal(m->limit, limit);
    assert_int_equal(m->offset, offset);
    rig_end(&rig);
}

static void a_page_has_twenty_unless_it_is_told(void **state)
{
    (void)state;
    asks_with("", 20, 0);
    asks_with("?limit=2&offset=4", 2, 4);
    asks_with("?limit=0", 10000, 0);
    asks_with("?limit=99999", 10000, 0);
    asks_with("?format=json", 20, 0);
    refused(CONFERENCES "?limit=-1", NULL, 400,
            "{\"error\":\"Invalid limit '-1'");
    refused(CONFERENCES "?limit=", NULL, 400, "Invalid limit");
    refused(CONFERENCES "?limit=ten", NULL, 400, "Invalid limit");
    refused(CONFERENCES "?limit=1&limit=2", NULL, 400, "Invalid limit");
    refused(CONFERENCES "?offset=-1", NULL, 400, "Invalid offset");
    refused(CONFERENCES "?format=xml", NULL, 400, "format=json");
}

/* want: the filters with '|' for NUL. */
static void filters(const char *path, const char *want)
{
    call_rig rig;
    char text[512] = "";
    char line[512];
    (void)snprintf(line, sizeof line, "GET %s", path);
    begin_asking(&rig, line, NULL, &PL_MSG_MANAGEMENT_QUERY);
    pl_slice got = rig.call.message.management_query.filters;
    assert_true(got.len < sizeof text);
    for (size_t i = 0; i < got.len; i++)
        text[i] = (char)(got.ptr[i] ? got.ptr[i] : '|');
    assert_string_equal(text, want);
    rig_end(&rig);
}

static void filters_reach_roompool_in_its_own_words(void **state)
{
    (void)state;
    filters(CONFIGURATION "conference/?name=a%20b%26c", "name|exact|a b&c|");
    filters(CONFIGURATION "conference/?name__startswith=pool-&limit=3",
            "name|startswith|pool-|");
    filters(CONFIGURATION "conference/?aliases__alias=x",
            "aliases__alias|exact|x|");
    filters(CONFIGURATION "conference/?aliases__alias__iexact=x",
            "aliases__alias|iexact|x|");
    filters(CONFIGURATION "conference/?allow_guests=True&tag=t",
            "allow_guests|exact|1|tag|exact|t|");
    filters(CONFIGURATION "conference/?id__in=3,4", "id|in|3,4|");
    filters(CONFIGURATION "conference/?id__range=3,9", "id|range|3,9|");
    filters(CONFIGURATION "conference/?participant_limit__isnull=true",
            "participant_limit|isnull|1|");
    filters(CONFIGURATION "conference/?creation_time__gte=2026-02-11T18:04:05"
                          ".120934",
            "creation_time|gte|2026-02-11T18:04:05.120Z|");
    filters(CONFIGURATION "conference_alias/?conference=" CONFIGURATION
                          "conference/43/",
            "conference|exact|43|");
    filters(CONFIGURATION "conference_alias/?conference=43&conference__name=x",
            "conference|exact|43|conference__name|exact|x|");
    filters(STATUS "participant/?conference=room&role=chair",
            "conference|exact|room|role|exact|host|");
    filters(HISTORY "conference/?end_time__lt=2026-02-11T20:04:05%2B02:00",
            "end_time|lt|2026-02-11T18:04:05.000Z|");
    filters(CONFIGURATION "conference/?&", "");
}

/* A filter that is not understood must not become "all of them". */
static void what_does_not_filter_is_an_error(void **state)
{
    static const char *const QUERIES[] = {
        "nmae=x",
        "name__like=x",
        "name__regex=x",
        "pin=1234",
        "guest_pin=1",
        "aliases=x",
        "resource_uri=x",
        "name__name=x",
        "__exact=x",
        "name__=x",
        "id__contains=3",
        "allow_guests__gt=1",
        "api_key=x",
        "NAME=x",
        "service_type__x__exact=1",
        "scheduled_conferences_count=0",
        "=x",
    };
    (void)state;
    for (size_t i = 0; i < sizeof QUERIES / sizeof QUERIES[0]; i++) {
        char line[256];
        (void)snprintf(line, sizeof line, CONFERENCES "?%s", QUERIES[i]);
        refused(line, NULL, 400, "not an allowed filter");
    }
    refused(CONFERENCES "?id=x", NULL, 400, "'id' is to be a whole number");
    refused(CONFERENCES "?allow_guests=maybe", NULL, 400,
            "is to be true or false");
    refused(CONFERENCES "?id__in=1,,2", NULL, 400, "with commas between");
    refused(CONFERENCES "?id__range=1", NULL, 400, "two values");
    refused(CONFERENCES "?creation_time__gt=today", NULL, 400,
            "'creation_time__gt' is to be a time as 2026-");
    refused("GET " STATUS "participant/?role=host", NULL, 400,
            "is to be chair or guest");
    refused(CONFERENCES "?%zz=1", NULL, 400, "not percent-encoded UTF-8");
    refused(CONFERENCES "?name=%ff", NULL, 400, "not percent-encoded UTF-8");
}

static void lists_are_ordered_by_fields_that_filter(void **state)
{
    call_rig rig;
    (void)state;
    begin_asking(&rig, CONFERENCES "?order_by=-creation_time", NULL,
                 &PL_MSG_MANAGEMENT_QUERY);
    assert_string_equal(rig.call.message.management_query.order,
                        "-creation_time");
    rig_end(&rig);
    refused(CONFERENCES "?order_by=pin", NULL, 400, "not an allowed order_by");
    refused(CONFERENCES "?order_by=--name", NULL, 400, "not an allowed");
    refused(CONFERENCES "?order_by=aliases__alias", NULL, 400, "not an allow");
    refused(CONFERENCES "?order_by=", NULL, 400, "not an allowed order_by");
}

/* ---- answers ---- */

static void reply(call_rig *rig, uint32_t total, const char *objects)
{
    pl_json *json = NULL;
    assert_int_equal(pl_json_parse(pl_slice_str(objects), &json), PL_OK);
    pl_management_page page = {.total = total,
                               .count = (uint32_t)pl_json_count(json),
                               .objects = pl_slice_str(objects)};
    pl_json_free(&json);
    rig_finish(rig, PL_OK, &PL_MSG_MANAGEMENT_PAGE, &page);
}

#define ALIAS(n)                                                               \
    "{\"id\":" #n ",\"alias\":\"a" #n "\",\"conference\":5,"                   \
    "\"description\":\"\",\"creation_time\":\"2026-02-11T18:04:05.121Z\"}"
#define SHOWN(n)                                                               \
    "{\"id\":" #n ",\"resource_uri\":\"" CONFIGURATION "conference_alias/" #n  \
    "/\",\"alias\":\"a" #n "\",\"conference\":\"" CONFIGURATION                \
    "conference/5/\",\"description\":\"\","                                    \
    "\"creation_time\":\"2026-02-11T18:04:05.121000\"}"
#define ALIASES CONFIGURATION "conference_alias/"

static void a_list_is_asked_for_until_it_is_there(void **state)
{
    call_rig rig;
    const pl_management_query *m = &rig.call.message.management_query;
    (void)state;
    begin_asking(&rig,
                 "GET " ALIASES "?offset=2&limit=3&alias__startswith=a%2Bb+c&"
                 "format=json",
                 NULL, &PL_MSG_MANAGEMENT_QUERY);
    reply(&rig, 9, "[" ALIAS(3) "," ALIAS(4) "]");
    assert_true(rig.call.is_partial);
    assert_int_equal(rig.answer.status, 0);
    assert_int_equal(m->offset, 4);
    assert_int_equal(m->limit, 1);
    reply(&rig, 9, "[" ALIAS(5) "," ALIAS(6) "]");
    assert_false(rig.call.is_partial);
    expect(&rig, 200,
           "{\"meta\":{\"limit\":3,\"offset\":2,\"total_count\":9,"
           "\"next\":\"" ALIASES "?limit=3&offset=5&alias__startswith=a%2Bb%20c"
           "&format=json\",\"previous\":\"" ALIASES
           "?limit=3&offset=0&alias__startswith=a%2Bb%20c&format=json\"},"
           "\"objects\":[" SHOWN(3) "," SHOWN(4) "," SHOWN(5) "]}");
}

static void a_list_ends_where_there_is_no_more(void **state)
{
    call_rig rig;
    (void)state;
    begin_asking(&rig, "GET " ALIASES, NULL, &PL_MSG_MANAGEMENT_QUERY);
    reply(&rig, 0, "[]");
    expect(&rig, 200,
           "{\"meta\":{\"limit\":20,\"offset\":0,\"total_count\":0,"
           "\"next\":null,\"previous\":null},\"objects\":[]}");
    begin_asking(&rig, "GET " ALIASES "?limit=5&offset=7", NULL,
                 &PL_MSG_MANAGEMENT_QUERY);
    reply(&rig, 8, "[" ALIAS(8) "]");
    expect(&rig, 200,
           "\"next\":null,\"previous\":\"" ALIASES "?limit=5&offset=2\"}");
    /* One was removed while we read. */
    begin_asking(&rig, "GET " ALIASES "?limit=5", NULL,
                 &PL_MSG_MANAGEMENT_QUERY);
    reply(&rig, 2, "[" ALIAS(8) "]");
    assert_true(rig.call.is_partial);
    reply(&rig, 2, "[]");
    expect(&rig, 200, "\"objects\":[" SHOWN(8) "]}");
}

/* However large objects are, the answer is bounded; the next page goes on. */
static void a_page_ends_when_it_is_long(void **state)
{
    enum { LONG = 60000, PAGES_MAX = 1000 };
    static char objects[LONG + 64];
    char want[64];
    call_rig rig;
    uint32_t n = 0;
    (void)state;
    memset(objects, 'x', sizeof objects);
    (void)memcpy(objects, "[{\"id\":1,\"alias\":\"", 18);
    (void)memcpy(objects + LONG, "\"}]", 4);
    begin_asking(&rig, "GET " ALIASES "?limit=0", NULL,
                 &PL_MSG_MANAGEMENT_QUERY);
    do {
        reply(&rig, 5000, objects);
        n++;
    } while (rig.call.is_partial && n < PAGES_MAX);
    assert_in_range(n, 400, 450);
    assert_in_range(rig.answer.body.len, 24 << 20, 26 << 20);
    (void)snprintf(want, sizeof want, "?limit=10000&offset=%u\"", n);
    expect(&rig, 200, want);
}

static void a_room_is_shown_with_all_that_it_has(void **state)
{
    call_rig rig;
    (void)state;
    begin_asking(&rig, CONFERENCES "57/", NULL, &PL_MSG_MANAGEMENT_QUERY);
    assert_string_equal(rig.call.message.management_query.id, "57");
    reply(&rig, 1,
          "[{\"id\":57,\"name\":\"q\\\"8\",\"allow_guests\":1,\"pin\":\"4471\","
          "\"guest_pin\":\"9036\",\"tag\":\"\",\"description\":\"pool\","
          "\"creation_time\":\"2026-02-11T18:04:05.120Z\","
          "\"participant_limit\":null,\"automatic_participants\":[7],"
          "\"guest_view\":\"4:0\",\"guests_can_present\":false,"
          "\"aliases\":[{\"id\":112,\"alias\":\"x\",\"description\":\"d\","
          "\"creation_time\":\"2026-02-11T18:04:05.121Z\"}]}]");
    const char *text = pl_buf_text(&rig.answer.body);
    static const char *const PARTS[] = {
        "{\"id\":57,\"resource_uri\":\"" CONFIGURATION
        "conference/57/\",\"name\":\"q\\\"8\",\"aliases\":[{\"id\":112,"
        "\"resource_uri\":\"" CONFIGURATION "conference_alias/112/"
        "\",\"alias\":\"x\",\"conference\":\"" CONFIGURATION
        "conference/57/\",\"description\":\"d\","
        "\"creation_time\":\"2026-02-11T18:04:05.121000\"}],"
        "\"service_type\":\"conference\",\"allow_guests\":true,"
        "\"pin\":\"4471\",",
        "\"creation_time\":\"2026-02-11T18:04:05.120000\"",
        "\"participant_limit\":null",
        "\"automatic_participants\":[\"" CONFIGURATION
        "automatic_participant/7/\"]",
        "\"host_view\":\"one_main_seven_pips\"",
        "\"guest_view\":\"4:0\"",
        "\"ivr_theme\":null",
        "\"guests_can_present\":false",
        "\"scheduled_conferences\":[],\"scheduled_conferences_count\":0}",
    };
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++) {
        if (!strstr(text, PARTS[i]))
            print_error("%s\nis not in %s\n", PARTS[i], text);
        assert_non_null(strstr(text, PARTS[i]));
    }
    assert_null(strstr(text, "aliases__alias"));
    expect(&rig, 200, "");
}

static void secrets_of_sinks_are_not_shown(void **state)
{
    call_rig rig;
    (void)state;
    begin_asking(&rig, "GET " CONFIGURATION "event_sink/3/", NULL,
                 &PL_MSG_MANAGEMENT_QUERY);
    reply(&rig, 1,
          "[{\"id\":3,\"name\":\"s\",\"url\":\"https://a/\",\"password\":\"p\","
          "\"bulk_support\":0,\"verify_tls_certificate\":true,\"version\":2,"
          "\"events\":null,\"restart_date\":null}]");
    assert_null(strstr(pl_buf_text(&rig.answer.body), "password"));
    expect(&rig, 200,
           "\"bulk_support\":false,\"verify_tls_certificate\":true,"
           "\"version\":2,\"filter_events\":false,\"events\":[],"
           "\"restart_date\":null}");
}

static void lists_are_nested_for_newer_clients(void **state)
{
    call_rig rig;
    (void)state;
    begin_asking(&rig, CONFERENCES "57/", NULL, &PL_MSG_MANAGEMENT_QUERY);
    rig.call.is_nested = true;
    reply(&rig, 1, "[{\"id\":57,\"automatic_participants\":[7]}]");
    expect(&rig, 200,
           "\"automatic_participants\":[{\"id\":7,\"resource_uri\":"
           "\"" CONFIGURATION "automatic_participant/7/\"}]");
    begin_asking(&rig, "GET " CONFIGURATION "event_sink/3/", NULL,
                 &PL_MSG_MANAGEMENT_QUERY);
    rig.call.is_nested = true;
    reply(&rig, 1, "[{\"id\":3,\"events\":[\"conference_ended\"]}]");
    expect(&rig, 200, "\"events\":[{\"name\":\"conference_ended\"}]");
    begin_asking(&rig, "GET " CONFIGURATION "automatic_participant/3/", NULL,
                 &PL_MSG_MANAGEMENT_QUERY);
    rig.call.is_nested = true;
    reply(&rig, 1, "[{\"id\":3,\"conference\":[5]}]");
    expect(&rig, 200, "\"conference\":[\"" CONFIGURATION "conference/5/\"]");
}

static void live_ones_have_roles_and_paths(void **state)
{
    call_rig rig;
    (void)state;
    begin_asking(&rig, "GET " STATUS "participant/p-1/", NULL,
                 &PL_MSG_MANAGEMENT_QUERY);
    reply(&rig, 1,
          "[{\"id\":\"p-1\",\"conference\":\"r\",\"role\":\"host\","
          "\"is_muted\":1,\"connect_time\":null}]");
    expect(&rig, 200,
           "{\"id\":\"p-1\",\"resource_uri\":\"" STATUS
           "participant/p-1/\",\"conference\":\"r\",\"display_name\":\"\","
           "\"role\":\"chair\"");
    begin_asking(&rig, "GET " HISTORY "participant/p-1/", NULL,
                 &PL_MSG_MANAGEMENT_QUERY);
    reply(&rig, 1, "[{\"id\":\"p-1\",\"conference\":\"c-1\"}]");
    expect(&rig, 200, "\"conference\":\"" HISTORY "conference/c-1/\"");
}

static void streams_belong_to_a_participant(void **state)
{
    call_rig rig;
    (void)state;
    begin_asking(&rig, "GET " STATUS "participant/p-1/media_stream/", NULL,
                 &PL_MSG_MANAGEMENT_STREAMS);
    assert_string_equal(rig.call.message.management_streams.id, "p-1");
    assert_false(rig.call.message.management_streams.past);
    reply(&rig, 1, "[{\"rx_codec\":\"opus\"}]");
    expect(&rig, 200,
           "{\"meta\":{\"limit\":1,\"offset\":0,\"total_count\":1,"
           "\"next\":null,\"previous\":null},"
           "\"objects\":[{\"rx_codec\":\"opus\"}]}");
    begin_asking(&rig, "GET " HISTORY "participant/p-1/media_stream/", NULL,
                 &PL_MSG_MANAGEMENT_STREAMS);
    assert_true(rig.call.message.management_streams.past);
    rig_finish(&rig, PL_ENOENT, &PL_MSG_ERROR, NULL);
    expect(&rig, 404, "{\"error\":\"Not found\"}");
    begin_asking(&rig, "GET " STATUS "participant/p-1/media_stream/", NULL,
                 &PL_MSG_MANAGEMENT_STREAMS);
    rig_finish(&rig, PL_OK, &PL_MSG_OK_REPLY, NULL);
    expect(&rig, 500, "{\"error\":");
}

static void what_is_not_there_is_not_found(void **state)
{
    static const char *const IDS[] = {"0",  "-1",  "x",
                                      "1x", "007", "99999999999999999999"};
    call_rig rig;
    (void)state;
    for (size_t i = 0; i < sizeof IDS / sizeof IDS[0]; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, CONFERENCES "%s/", IDS[i]);
        refused(line, NULL, 404, "{\"error\":\"Not found\"}");
    }
    begin_asking(&rig, CONFERENCES "9/", NULL, &PL_MSG_MANAGEMENT_QUERY);
    reply(&rig, 0, "[]");
    expect(&rig, 404, "{\"error\":\"Not found\"}");
    begin_asking(&rig, CONFERENCES "9/", NULL, &PL_MSG_MANAGEMENT_QUERY);
    rig_finish(&rig, PL_ENOENT, &PL_MSG_ERROR, NULL);
    expect(&rig, 404, "{\"error\":\"Not found\"}");
    begin_asking(&rig, CONFERENCES "9/", NULL, &PL_MSG_MANAGEMENT_QUERY);
    rig_finish(&rig, PL_ETIMEOUT, NULL, NULL);
    assert_true(rig_has_header(&rig, "Retry-After: 5\r\n"));
    expect(&rig, 504, "{\"error\":");
    begin_asking(&rig, CONFERENCES, NULL, &PL_MSG_MANAGEMENT_QUERY);
    rig_finish(&rig, PL_OK, &PL_MSG_OK_REPLY, NULL);
    expect(&rig, 500, "{\"error\":");
}

static void readers_are_sent_to_the_slash(void **state)
{
    call_rig rig;
    (void)state;
    begin(&rig, "GET " CONFIGURATION "conference?name=x", NULL);
    assert_true(rig_has_header(&rig, "Location: " CONFIGURATION
                                     "conference/?name=x\r\n"));
    expect(&rig, 301, "");
    begin(&rig, "GET " CONFIGURATION "conference/5", NULL);
    assert_true(
        rig_has_header(&rig, "Location: " CONFIGURATION "conference/5/\r\n"));
    expect(&rig, 301, "");
    refused("POST " CONFIGURATION "conference", "{\"name\":\"x\"}", 404,
            "{\"error\":\"Paths end with a slash\"}");
    refused("DELETE " CONFIGURATION "conference/5", NULL, 404, "slash");
}

static void the_schema_tells_the_table(void **state)
{
    call_rig rig;
    (void)state;
    begin(&rig, CONFERENCES "schema/?format=json", NULL);
    const char *text = pl_buf_text(&rig.answer.body);
    pl_json *doc = NULL;
    assert_int_equal(
        pl_json_parse_long(pl_buf_slice(&rig.answer.body), 10000, &doc), PL_OK);
    const pl_json *fields = pl_json_get(doc, "fields");
    pl_slice type;
    assert_int_equal(
        pl_json_get_str(pl_json_get(fields, "allow_guests"), "type", &type),
        PL_OK);
    assert_true(pl_slice_eq_str(type, "boolean"));
    assert_null(pl_json_get(fields, "aliases__alias"));
    assert_non_null(
        pl_json_get(pl_json_get(doc, "filtering"), "aliases__alias"));
    pl_json_free(&doc);
    assert_non_null(strstr(text, "\"default_limit\":20"));
    expect(&rig, 200, "\"unique\":true");
    begin(&rig, "GET " STATUS "conference/schema/", NULL);
    expect(&rig, 200, "\"allowed_list_http_methods\":[\"get\"]");
}

static bool routed(pl_http_method method, const char *path)
{
    pl_route_match match;
    return pl_route_find(method, pl_slice_str(path), &match) == PL_OK;
}

/* Everything at once is neither removed nor changed, status is not written. */
static void lists_are_neither_removed_nor_changed(void **state)
{
    (void)state;
    assert_true(routed(PL_HTTP_GET, CONFIGURATION "conference/"));
    assert_true(routed(PL_HTTP_HEAD, CONFIGURATION "conference/"));
    assert_true(routed(PL_HTTP_POST, CONFIGURATION "event_sink/"));
    assert_false(routed(PL_HTTP_DELETE, CONFIGURATION "conference/"));
    assert_false(routed(PL_HTTP_PATCH, CONFIGURATION "conference/"));
    assert_false(routed(PL_HTTP_PUT, CONFIGURATION "conference/"));
    assert_false(routed(PL_HTTP_POST, STATUS "conference/"));
    assert_false(routed(PL_HTTP_DELETE, STATUS "participant/p-1/"));
    assert_false(routed(PL_HTTP_GET, COMMAND "participant/mute/"));
    assert_false(routed(PL_HTTP_GET, CONFIGURATION "worker_vm/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_has_twenty_unless_it_is_told),
        cmocka_unit_test(filters_reach_roompool_in_its_own_words),
        cmocka_unit_test(what_does_not_filter_is_an_error),
        cmocka_unit_test(lists_are_ordered_by_fields_that_filter),
        cmocka_unit_test(a_list_is_asked_for_until_it_is_there),
        cmocka_unit_test(a_list_ends_where_there_is_no_more),
        cmocka_unit_test(a_page_ends_when_it_is_long),
        cmocka_unit_test(a_room_is_shown_with_all_that_it_has),
        cmocka_unit_test(secrets_of_sinks_are_not_shown),
        cmocka_unit_test(lists_are_nested_for_newer_clients),
        cmocka_unit_test(live_ones_have_roles_and_paths),
        cmocka_unit_test(streams_belong_to_a_participant),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(readers_are_sent_to_the_slash),
        cmocka_unit_test(the_schema_tells_the_table),
        cmocka_unit_test(lists_are_neither_removed_nor_changed),
    };
    return cmocka_run_group_tests_name("management_read", tests, NULL, NULL);
}
