/* test_placement.c - who gets new work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/placement.h"

enum { MAX = 4 };

typedef struct row {
    const char *what;
    pl_candidate list[MAX];
    size_t n;
    const char *avoid;
    size_t want;
} row;

static void the_least_loaded_that_has_room(void **state)
{
    static const row rows[] = {
        {"nobody", {{.node = ""}}, 0, NULL, 0},
        {"least load",
         {{"a", true, 500, 10, 0}, {"b", true, 200, 10, 0}},
         2,
         NULL,
         1},
        {"fill counts like load",
         {{"a", true, 100, 10, 9}, {"b", true, 200, 10, 0}},
         2,
         NULL,
         1},
        {"not ready",
         {{"a", false, 0, 10, 0}, {"b", true, 900, 10, 0}},
         2,
         NULL,
         1},
        {"full", {{"a", true, 0, 10, 10}, {"b", true, 999, 10, 0}}, 2, NULL, 1},
        {"over its budget", {{"a", true, 1000, 10, 0}}, 1, NULL, 1},
        {"all full", {{"a", true, 0, 1, 1}, {"b", true, 0, 1, 1}}, 2, NULL, 2},
        {"no capacity said", {{"a", true, 0, 0, 5000}}, 1, NULL, 0},
        {"fewer held",
         {{"a", true, 0, 0, 2}, {"b", true, 0, 0, 1}},
         2,
         NULL,
         1},
        {"name breaks a tie",
         {{"b", true, 0, 9, 0}, {"a", true, 0, 9, 0}},
         2,
         NULL,
         1},
        {"avoided", {{"a", true, 0, 9, 0}, {"b", true, 900, 9, 0}}, 2, "a", 1},
        {"avoided but alone", {{"a", true, 0, 9, 0}}, 1, "a", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t got =
            pl_placement_choose(rows[i].list, rows[i].n, 1, rows[i].avoid);
        if (got != rows[i].want)
            fail_msg("%s: %zu, not %zu", rows[i].what, got, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_loaded_that_has_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
