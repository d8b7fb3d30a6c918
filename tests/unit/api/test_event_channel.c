/* test_event_channel.c - tickets, cursors, what is pushed. */
#include "cm.h"

#include <stdio.h>
#include <string.h>

#include "event_channel.h"

static pl_http_head parsed(const char *target, const char *headers)
{
    static char text[1024];
    pl_http_head head;
    pl_http_fault fault;
    (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n",
                   target, headers);
    assert_int_equal(
        pl_http_head_parse((const uint8_t *)text, strlen(text), &head, &fault),
        PL_OK);
    return head;
}

static void reads_cursors(void **state)
{
    static const struct {
        const char *target, *headers;
        pl_err e;
        uint64_t cursor;
    } ROWS[] = {
        {"/e", "", PL_OK, 0},
        {"/e?cursor=7", "", PL_OK, 7},
        {"/e", "Last-Event-ID: 8\r\n", PL_OK, 8},
        {"/e?cursor=7", "Last-Event-ID: 8\r\n", PL_OK, 7},
        {"/e", "Last-Event-ID:\r\n", PL_OK, 0},
        {"/e", "Last-Event-ID: x\r\n", PL_EINVAL, 0},
        {"/e?cursor=-1", "", PL_EINVAL, 0},
        {"/e?cursor=1&cursor=2", "", PL_EINVAL, 0},
        {"/e?cursor=99999999999999999999", "", PL_EINVAL, 0},
        {"/e?cursor=999999999999999999999999", "", PL_EINVAL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_http_head head = parsed(ROWS[i].target, ROWS[i].headers);
        uint64_t cursor = 0;
        assert_int_equal(pl_channel_cursor(&head, &cursor), ROWS[i].e);
        assert_int_equal(cursor, ROWS[i].cursor);
    }
}

static void knows_who_wants_a_stream(void **state)
{
    static const struct {
        const char *headers;
        bool is_wanted;
    } ROWS[] = {
        {"", false},
        {"Accept: application/json\r\n", false},
        {"Accept: */*\r\n", false},
        {"Accept: text/event-stream\r\n", true},
        {"Accept: text/html, Text/Event-Stream\r\n", true},
        {"Accept: text/event-stream; charset=utf-8\r\n", true},
        {"Accept: text/event-streams\r\n", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_http_head head = parsed("/e", ROWS[i].headers);
        assert_int_equal(pl_channel_wants_stream(&head), ROWS[i].is_wanted);
    }
}

static void reads_tickets(void **state)
{
    static const char good[] = "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS"
                               "9e6f-session";
    char id[PL_ID_MAX + 1];
    char hash[65];
    (void)state;
    assert_int_equal(pl_ticket_read(pl_slice_str(good), id, hash), PL_OK);
    assert_string_equal(id, "9e6f-session");
    assert_int_equal(strlen(hash), 64);
    assert_int_equal(pl_ticket_read(pl_slice_str("short"), id, hash), PL_EAUTH);
    assert_int_equal(pl_ticket_read(pl_slice_str(""), id, hash), PL_EAUTH);
}

static void puts_the_cursor_before_the_events(void **state)
{
    pl_event_item item = {.seq = 12,
                          .kind = PL_EVENT_KIND_SESSION_TERMINATED,
                          .dialect = PL_DIALECT_RTC1,
                          .conf_id = "C1",
                          .session_id = "S1"};
    pl_buf out;
    (void)state;
    pl_buf_init(&out, 4096);
    assert_int_equal(pl_channel_text(&item, &out), PL_OK);
    assert_memory_equal(pl_buf_text(&out),
                        "{\"cursor\":12,\"events\":{\"eventList\":[{", 37);
    pl_buf_fini(&out);
    pl_buf_init(&out, 16);
    assert_int_equal(pl_channel_text(&item, &out), PL_ENOMEM);
    pl_buf_fini(&out);
    item.kind = PL_EVENT_KIND_STAGE;
    pl_buf_init(&out, 4096);
    assert_int_equal(pl_channel_text(&item, &out), PL_EUNSUPPORTED);
    pl_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_cursors),
        cmocka_unit_test(knows_who_wants_a_stream),
        cmocka_unit_test(reads_tickets),
        cmocka_unit_test(puts_the_cursor_before_the_events),
    };
    return cmocka_run_group_tests_name("event_channel", tests, NULL, NULL);
}
