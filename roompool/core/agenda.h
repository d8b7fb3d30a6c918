/* agenda.h - what is to be done when: a heap of intrusive tasks. Pure: time
 * comes in from outside. */
#ifndef PL_ROOMPOOL_AGENDA_H
#define PL_ROOMPOOL_AGENDA_H

#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"

typedef struct pl_agenda pl_agenda;

/* Embedded in its object; zeroed before first use. */
typedef struct pl_task {
    int64_t due_us;
    size_t at; /* position in the heap plus one; 0: not planned */
    void (*run)(void *ctx, void *object);
    void *object;
} pl_task;

/* ctx: first argument of every task. */
PL_MUST_USE pl_err pl_agenda_create(void *ctx, pl_agenda **ret_agenda);
void pl_agenda_destroy(pl_agenda **agenda);
/* Run task->run(ctx, task->object) at due_us, once; replans a planned task.
 * Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_agenda_plan(pl_agenda *agenda, pl_task *task,
                                  int64_t due_us);
void pl_agenda_cancel(pl_agenda *agenda, pl_task *task);
/* When the first task is due; INT64_MAX when there is none. */
int64_t pl_agenda_next(const pl_agenda *agenda);
/* Run what is due at now_us, in order. Tasks may plan and cancel others. */
void pl_agenda_run(pl_agenda *agenda, int64_t now_us);

#endif
