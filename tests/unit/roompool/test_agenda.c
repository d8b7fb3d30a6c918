/* test_agenda.c - tasks run when due, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/agenda.h"

enum { N = 200 };

typedef struct item {
    pl_task task;
    int64_t want_us, ran_us;
    int n_runs;
} item;

static int64_t now_us;

static void run(void *ctx, void *object)
{
    item *it = object;
    assert_ptr_equal(ctx, &now_us);
    it->ran_us = it->want_us;
    it->n_runs++;
}

static void plan(pl_agenda *a, item *it, int64_t due_us)
{
    it->want_us = due_us;
    it->task.run = run;
    it->task.object = it;
    assert_int_equal(pl_agenda_plan(a, &it->task, due_us), PL_OK);
}

static void tasks_run_in_order_of_their_time(void **state)
{
    pl_agenda *a;
    static item items[N];
    (void)state;
    assert_int_equal(pl_agenda_create(&now_us, &a), PL_OK);
    for (int i = 0; i < N; i++)
        plan(a, &items[i], (i * 7919) % 1000);
    for (int i = 0; i < N; i += 3)
        pl_agenda_cancel(a, &items[i].task);
    for (int i = 1; i < N; i += 3)
        plan(a, &items[i], 2000 + i);
    for (now_us = 0; now_us < 1000; now_us += 10) {
        pl_agenda_run(a, now_us);
        for (int i = 2; i < N; i += 3)
            assert_int_equal(items[i].n_runs, items[i].want_us <= now_us);
        assert_true(pl_agenda_next(a) > now_us);
    }
    pl_agenda_run(a, 3000);
    for (int i = 0; i < N; i++)
        assert_int_equal(items[i].n_runs, i % 3 != 0);
    assert_int_equal(pl_agenda_next(a), INT64_MAX);
    pl_agenda_destroy(&a);
    pl_agenda_destroy(&a);
}

static pl_agenda *shared;
static item victim;

static void cancel_victim(void *ctx, void *object)
{
    (void)ctx;
    (void)object;
    pl_agenda_cancel(shared, &victim.task);
}

static void a_task_may_cancel_another_that_is_due(void **state)
{
    pl_task first = {.run = cancel_victim};
    (void)state;
    assert_int_equal(pl_agenda_create(&now_us, &shared), PL_OK);
    assert_int_equal(pl_agenda_plan(shared, &first, 1), PL_OK);
    plan(shared, &victim, 2);
    pl_agenda_run(shared, 5);
    assert_int_equal(victim.n_runs, 0);
    pl_agenda_destroy(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_run_in_order_of_their_time),
        cmocka_unit_test(a_task_may_cancel_another_that_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
