/* test_room_config.c - names that two rooms claim are refused before the
 * start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app.h"
#include "pl/str.h"

static void no_name_means_two_rooms(void **state)
{
    static const struct {
        const char *text;
        pl_err e;
    } ROWS[] = {
        {"[room a]\naliases = x, y\n[room b]\naliases = z", PL_OK},
        {"[room a]\naliases = a, x, x", PL_OK},
        {"[room a]\naliases = x\n[room b]\naliases = x", PL_ECONFIG},
        {"[room a]\naliases = x\n[room b]\naliases = y X", PL_ECONFIG},
        {"[room a]\naliases = x, b\n[room b]", PL_ECONFIG},
        {"[room a]\n[room b]\naliases = a", PL_ECONFIG},
        {"[room a]\naliases = x\n[room b]\n[room c]\naliases = x", PL_ECONFIG},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_config *config = NULL;
        pl_config_error error = {.text = ""};
        assert_int_equal(pl_config_load_text(PL_ROOMPOOL_APP.sections,
                                             PL_ROOMPOOL_APP.n_sections, "test",
                                             pl_slice_str(ROWS[i].text),
                                             &config, &error),
                         PL_OK);
        pl_err e = pl_config_pairs(config, &error);
        if (e != ROWS[i].e)
            print_error("%s: %s\n", ROWS[i].text, error.text);
        assert_int_equal(e, ROWS[i].e);
        assert_int_equal(error.text[0] != '\0', e != PL_OK);
        pl_config_destroy(&config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_name_means_two_rooms)};
    return cmocka_run_group_tests_name("room config", tests, NULL, NULL);
}
