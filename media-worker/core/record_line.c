/* record_line.c - timestamps made into positions. */
#include "core/record_line.h"

/* Timestamps that leave the arrival by more are not believed. */
static const int64_t BELIEVED_US = 1000000;
static const int64_t WINDOW_US = 5000000;
static const int64_t DRIFT_US = 60000; /* clocks apart so far are put right */
static const int64_t GAP_US = 10000;   /* less is no gap: pieces touch */

static int64_t units(const pl_record_line *line, int64_t us)
{
    return us * (int64_t)line->clock_hz / 1000000;
}

void pl_record_line_start(pl_record_line *line, uint32_t clock_hz,
                          int64_t origin_us)
{
    *line = (pl_record_line){.clock_hz = clock_hz, .origin_us = origin_us};
}

void pl_record_line_rebase(pl_record_line *line)
{
    line->has_ts = line->has_least = false;
}

/* By arrival; never before what is written. */
static void begin_at(pl_record_line *line, int64_t arrival, int64_t at_us)
{
    line->next = arrival > line->end ? arrival : line->end;
    line->has_ts = true;
    line->has_least = false;
    line->window_us = at_us;
}

/* Jitter only ever makes a piece late: the earliest of some seconds shows how
 * far the clocks have gone apart. */
static void follow_clock(pl_record_line *line, int64_t late, int64_t at_us)
{
    if (!line->has_least || late < line->least)
        line->least = late;
    line->has_least = true;
    if (at_us - line->window_us < WINDOW_US)
        return;
    if (line->least > units(line, DRIFT_US) ||
        line->least < -units(line, DRIFT_US))
        line->next += line->least;
    line->has_least = false;
    line->window_us = at_us;
}

pl_record_place pl_record_line_put(pl_record_line *line, uint32_t ts,
                                   int64_t at_us, uint32_t n)
{
    int64_t arrival = units(line, at_us - line->origin_us);
    if (line->has_ts) {
        line->next += (int32_t)(ts - line->last_ts);
        int64_t off = arrival - line->next;
        if (off > units(line, BELIEVED_US) || off < -units(line, BELIEVED_US))
            line->has_ts = false;
    }
    if (line->has_ts) {
        follow_clock(line, arrival - line->next, at_us);
    } else {
        begin_at(line, arrival, at_us);
    }
    line->last_ts = ts;
    if (line->next + (int64_t)n / 2 < line->end)
        return (pl_record_place){.is_late = true};
    int64_t gap = line->next - line->end;
    if (gap < units(line, GAP_US))
        gap = 0;
    return (pl_record_place){.gap = (uint64_t)gap};
}

void pl_record_line_wrote(pl_record_line *line, uint64_t n)
{
    line->end += (int64_t)n;
}
