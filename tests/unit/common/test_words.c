#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/words.h"

static void text_and_value_lead_to_each_other(void **state)
{
    (void)state;
    assert_string_equal(pl_role_text(PL_ROLE_MEDIA), "media-worker");
    assert_int_equal(pl_role_find("media-worker"), PL_ROLE_MEDIA);
    assert_string_equal(pl_event_kind_text(PL_EVENT_KIND_STAGE), "stage");
    assert_int_equal(pl_action_find("hold-move"), PL_ACTION_HOLD_MOVE);
}

static void what_is_not_listed_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(pl_role_text(99), "unknown");
    assert_int_equal(pl_role_find("Media-Worker"), PL_ROLE_UNKNOWN);
    assert_int_equal(pl_role_find(NULL), PL_ROLE_UNKNOWN);
    assert_int_equal(pl_event_kind_of(15), PL_EVENT_KIND_UNKNOWN); /* a gap */
    assert_int_equal(pl_event_kind_of(UINT32_MAX), PL_EVENT_KIND_UNKNOWN);
    assert_int_equal(pl_life_of(PL_LIFE_READY), PL_LIFE_READY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_value_lead_to_each_other),
        cmocka_unit_test(what_is_not_listed_is_unknown),
    };
    return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
