#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/list.h"

typedef struct item {
    int n;
    pl_list link;
} item;

static void items_keep_their_order(void **state)
{
    (void)state;
    pl_list head;
    item items[3] = {{.n = 0}, {.n = 1}, {.n = 2}};
    pl_list_init(&head);
    assert_true(pl_list_is_empty(&head));
    for (int i = 0; i < 3; i++)
        pl_list_append(&head, &items[i].link);
    int expected = 0;
    PL_LIST_EACH(it, &head)
    {
        assert_int_equal(PL_CONTAINER(it, item, link)->n, expected++);
    }
    assert_int_equal(expected, 3);
}

static void removal_during_the_walk_is_safe_and_repeatable(void **state)
{
    (void)state;
    pl_list head;
    item items[3] = {{.n = 0}, {.n = 1}, {.n = 2}};
    pl_list_init(&head);
    for (int i = 0; i < 3; i++)
        pl_list_append(&head, &items[i].link);
    PL_LIST_EACH_SAFE(it, &head)
    {
        pl_list_remove(it);
    }
    assert_true(pl_list_is_empty(&head));
    pl_list_remove(&items[1].link);
    assert_true(pl_list_is_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_keep_their_order),
        cmocka_unit_test(removal_during_the_walk_is_safe_and_repeatable),
    };
    return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
