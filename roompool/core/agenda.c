/* agenda.c - a binary heap ordered by due time. */
#include "agenda.h"

#include <stdlib.h>

struct pl_agenda {
    void *ctx;
    pl_task **heap;
    size_t n, cap;
};

static void put_at(pl_agenda *a, size_t i, pl_task *task)
{
    a->heap[i] = task;
    task->at = i + 1;
}

static void sift_up(pl_agenda *a, size_t i)
{
    pl_task *task = a->heap[i];
    while (i > 0 && a->heap[(i - 1) / 2]->due_us > task->due_us) {
        put_at(a, i, a->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put_at(a, i, task);
}

static void sift_down(pl_agenda *a, size_t i)
{
    pl_task *task = a->heap[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= a->n)
            break;
        if (child + 1 < a->n &&
            a->heap[child + 1]->due_us < a->heap[child]->due_us)
            child++;
        if (a->heap[child]->due_us >= task->due_us)
            break;
        put_at(a, i, a->heap[child]);
        i = child;
    }
    put_at(a, i, task);
}

pl_err pl_agenda_create(void *ctx, pl_agenda **ret_agenda)
{
    pl_agenda *a = calloc(1, sizeof *a);
    if (!a)
        return PL_ENOMEM;
    a->ctx = ctx;
    *ret_agenda = a;
    return PL_OK;
}

void pl_agenda_destroy(pl_agenda **agenda)
{
    if (!agenda || !*agenda)
        return;
    free((*agenda)->heap);
    free(*agenda);
    *agenda = NULL;
}

static pl_err reserve(pl_agenda *a)
{
    if (a->n < a->cap)
        return PL_OK;
    size_t cap = a->cap ? 2 * a->cap : 64;
    pl_task **heap = realloc(a->heap, cap * sizeof(pl_task *));
    if (!heap)
        return PL_ENOMEM;
    a->heap = heap;
    a->cap = cap;
    return PL_OK;
}

pl_err pl_agenda_plan(pl_agenda *agenda, pl_task *task, int64_t due_us)
{
    pl_agenda_cancel(agenda, task);
    pl_err e = reserve(agenda);
    if (e)
        return e;
    task->due_us = due_us;
    agenda->heap[agenda->n] = task;
    agenda->n++;
    sift_up(agenda, agenda->n - 1);
    return PL_OK;
}

void pl_agenda_cancel(pl_agenda *agenda, pl_task *task)
{
    if (task->at == 0)
        return;
    size_t i = task->at - 1;
    pl_task *last = agenda->heap[--agenda->n];
    task->at = 0;
    if (last == task)
        return;
    put_at(agenda, i, last);
    sift_down(agenda, i);
    sift_up(agenda, last->at - 1);
}

int64_t pl_agenda_next(const pl_agenda *agenda)
{
    return agenda->n > 0 ? agenda->heap[0]->due_us : INT64_MAX;
}

void pl_agenda_run(pl_agenda *agenda, int64_t now_us)
{
    while (agenda->n > 0 && agenda->heap[0]->due_us <= now_us) {
        pl_task *task = agenda->heap[0];
        pl_agenda_cancel(agenda, task);
        task->run(agenda->ctx, task->object);
    }
}
