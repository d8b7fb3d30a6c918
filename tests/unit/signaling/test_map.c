/* test_map.c - errors and statuses. */
#include "sip_map.h"

#include "unit.h"

static void refusals_of_roompool_become_statuses(void **state)
{
    (void)state;
    static const struct {
        pl_err e;
        unsigned status;
        bool has_retry;
    } rows[] = {
        {PL_ENOENT, 404, false},      {PL_EFULL, 486, false},
        {PL_EUNAVAILABLE, 503, true}, {PL_EDRAIN, 503, true},
        {PL_ETIMEOUT, 503, true},     {PL_EFORBIDDEN, 403, false},
        {PL_EMEDIA, 488, false},      {PL_EPIN_INVALID, 403, false},
        {PL_EAUTH, 403, false},       {PL_EBUSY, 480, false},
        {PL_EGONE, 480, false},       {PL_EINVAL, 500, false},
        {PL_EINTERNAL, 500, false},   {PL_ENOMEM, 503, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned retry = 99;
        assert_int_equal(pl_sip_status_of(rows[i].e, &retry), rows[i].status);
        assert_int_equal(retry > 0, rows[i].has_retry);
    }
}

static void every_error_is_a_final_failure(void **state)
{
    (void)state;
    for (int e = 1; e < PL_ERR_COUNT; e++) {
        unsigned retry = 0;
        unsigned status = pl_sip_status_of((pl_err)e, &retry);
        assert_in_range(status, 400, 699);
    }
}

static void statuses_become_errors(void **state)
{
    (void)state;
    assert_int_equal(pl_sip_err_of(486), PL_EFULL);
    assert_int_equal(pl_sip_err_of(488), PL_EMEDIA);
    assert_int_equal(pl_sip_err_of(491), PL_EBUSY);
    assert_int_equal(pl_sip_err_of(499), PL_EFORBIDDEN);
    assert_int_equal(pl_sip_err_of(599), PL_EUNAVAILABLE);
    assert_int_equal(pl_sip_err_of(200), PL_OK);
    assert_int_equal(pl_sip_err_of(9999), PL_EINTERNAL);
    for (unsigned s = 300; s < 700; s++)
        assert_int_not_equal(pl_sip_err_of(s), PL_OK);
}

static void phrases_exist_for_every_status(void **state)
{
    (void)state;
    assert_string_equal(pl_sip_phrase(486), "Busy Here");
    assert_string_equal(pl_sip_phrase(499), "Request Failed");
    assert_string_equal(pl_sip_phrase(70000), "Unknown");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_of_roompool_become_statuses),
        cmocka_unit_test(every_error_is_a_final_failure),
        cmocka_unit_test(statuses_become_errors),
        cmocka_unit_test(phrases_exist_for_every_status),
    };
    return RUN(tests);
}
