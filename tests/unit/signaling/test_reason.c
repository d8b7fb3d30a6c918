/* test_reason.c - Reason headers, read and written. */
#include "reason.h"

#include "pl/str.h"
#include "unit.h"

static void first_values_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *header, *value, *text;
    } rows[] = {
        {"Q.850;cause=17", "Q.850;cause=17", ""},
        {" SIP ; cause=200 ;text=\"Call completed; elsewhere, yes\" , "
         "Q.850;cause=16",
         "SIP;cause=200", "Call completed; elsewhere, yes"},
        {"Q.850;text=\"a \\\" b\";cause=1", "Q.850;cause=1", "a  b"},
        {"Q.850;CAUSE=31", "Q.850;cause=31", ""},
        {"Q.850", "", ""},
        {"Q.850;cause=", "", ""},
        {"Q.850;cause=9999", "", ""},
        {"Q.850;cause=-1", "", ""},
        {"a b;cause=1;text=x", "", "x"},
        {"x\";cause=1", "", ""},
        {"", "", ""},
        {",,;", "", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pl_sip_reason r;
        pl_sip_reason_parse(pl_slice_str(rows[i].header), &r);
        assert_string_equal(r.value, rows[i].value);
        assert_string_equal(r.text, rows[i].text);
    }
}

static void lines_are_written_of_values_and_of_texts(void **state)
{
    (void)state;
    static const struct {
        const char *reason, *request, *response;
    } rows[] = {
        {"", "", ""},
        {"gone", "Reason: SIP;cause=200;text=\"gone\"\r\n", ""},
        {"a\"\r\nX: y", "Reason: SIP;cause=200;text=\"aX: y\"\r\n", ""},
        {"Q.850;cause=16", "Reason: Q.850;cause=16\r\n",
         "Reason: Q.850;cause=16\r\n"},
        {"SIP;cause=200;text=\"elsewhere\"",
         "Reason: SIP;cause=200;text=\"elsewhere\"\r\n",
         "Reason: SIP;cause=200;text=\"elsewhere\"\r\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char line[256];
        pl_sip_reason_line(rows[i].reason, line, sizeof line);
        assert_string_equal(line, rows[i].request);
        pl_sip_reason_response_line(rows[i].reason, line, sizeof line);
        assert_string_equal(line, rows[i].response);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_values_are_read),
        cmocka_unit_test(lines_are_written_of_values_and_of_texts),
    };
    return RUN(tests);
}
