/* test_dtmf_info.c - keys in INFO bodies. */
#include "dtmf_info.h"

#include "unit.h"

static void bodies_and_their_keys(void **state)
{
    (void)state;
    static const char relay[] = "application/dtmf-relay";
    static const char plain[] = "application/dtmf";
    static const struct {
        const char *type, *body;
        pl_err e;
        char digit;
    } rows[] = {
        {relay, "Signal=5\r\nDuration=160\r\n", PL_OK, '5'},
        {relay, "Duration= 250\r\nsignal = * \r\n", PL_OK, '*'},
        {relay, "Signal=11", PL_OK, '#'},
        {relay, "Signal=d\n", PL_OK, 'D'},
        {relay, "Signal=\r\n", PL_EPROTO, 0},
        {relay, "Signal=16\r\n", PL_EPROTO, 0},
        {relay, "Signal=55\r\n", PL_EPROTO, 0},
        {relay, "Signal=!\r\n", PL_EPROTO, 0},
        {relay, "nothing", PL_EPROTO, 0},
        {relay, "", PL_EPROTO, 0},
        {plain, "7", PL_OK, '7'},
        {plain, "\r\n#\r\n", PL_OK, '#'},
        {plain, "10", PL_OK, '*'},
        {plain, "77", PL_EPROTO, 0},
        {plain, "", PL_EPROTO, 0},
        {"application/sdp", "5", PL_EUNSUPPORTED, 0},
        {"", "5", PL_EUNSUPPORTED, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char digit = 0;
        pl_err e = pl_dtmf_info_parse(rows[i].type, pl_slice_str(rows[i].body),
                                      &digit);
        if (e != rows[i].e || digit != rows[i].digit)
            fail_msg("row %zu: %d '%c'", i, (int)e, digit);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_and_their_keys),
    };
    return RUN(tests);
}
