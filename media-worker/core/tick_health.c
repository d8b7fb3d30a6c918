/* tick_health.c - see tick_health.h. */
#include "core/tick_health.h"

#include <string.h>

const char *pl_late_cause_text(pl_late_cause cause)
{
    static const char *const texts[PL_LATE_CAUSES] = {
        [PL_LATE_WORK] = "work",
        [PL_LATE_PREEMPTED] = "preempted",
        [PL_LATE_WOKEN] = "woken_late",
        [PL_LATE_STOPPED] = "stopped",
    };
    return (unsigned)cause < PL_LATE_CAUSES ? texts[cause] : "";
}

/* What a stretch adds to the lateness: its part behind the deadline, divided
 * as all of it was. */
static void add_span(const pl_busy_span *span, int64_t deadline_us,
                     int64_t *work_us, int64_t *off_us)
{
    int64_t wall = span->to_us - span->from_us;
    int64_t from = span->from_us > deadline_us ? span->from_us : deadline_us;
    int64_t part = span->to_us - from;
    if (wall <= 0 || part <= 0)
        return;
    int64_t cpu = span->cpu_us < wall ? span->cpu_us : wall;
    cpu = cpu > 0 ? cpu : 0;
    *work_us += part * cpu / wall;
    *off_us += part - part * cpu / wall;
}

pl_late_cause pl_late_cause_of(const pl_late_tick *t)
{
    int64_t work_us = 0;
    int64_t off_us = 0;
    add_span(&t->before, t->deadline_us, &work_us, &off_us);
    add_span(&t->now, t->deadline_us, &work_us, &off_us);
    int64_t slept_us = t->begin_us - t->deadline_us - work_us - off_us;
    if (slept_us >= work_us && slept_us >= off_us)
        return PL_LATE_WOKEN;
    return work_us >= off_us ? PL_LATE_WORK : PL_LATE_PREEMPTED;
}

bool pl_late_put(pl_late_list *list, const pl_late_tick *tick)
{
    if (list->n == PL_TICK_LATE_PENDING)
        return false;
    list->tick[list->n].begin_us = tick->begin_us;
    list->tick[list->n].known = (pl_late_known){
        .cause = pl_late_cause_of(tick),
        .deadline_us = tick->deadline_us,
        .late_us = tick->begin_us - tick->deadline_us,
    };
    list->n++;
    return true;
}

bool pl_late_take(pl_late_list *list, int64_t now_us, bool is_forced,
                  int64_t resumed_us, pl_late_known *ret_known)
{
    if (list->n == 0)
        return false;
    int64_t begin_us = list->tick[0].begin_us;
    if (!is_forced && now_us - begin_us < PL_TICK_SETTLE_US)
        return false;
    *ret_known = list->tick[0].known;
    if (resumed_us > ret_known->deadline_us &&
        resumed_us <= begin_us + PL_TICK_SETTLE_US)
        ret_known->cause = PL_LATE_STOPPED;
    list->n--;
    memmove(&list->tick[0], &list->tick[1], list->n * sizeof list->tick[0]);
    return true;
}
