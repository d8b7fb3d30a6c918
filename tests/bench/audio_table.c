/* audio_table.c - what bench_audio found, as Markdown. */
#include "audio_table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pl/str.h"

enum { OURS, PEER, CELL_MAX = 64, FILE_MAX = 1 << 20 };

/* ---- numbers ------------------------------------------------------------ */

static int by_cost(const void *a, const void *b)
{
    double x = ((const audio_point *)a)->cpu_ms;
    double y = ((const audio_point *)b)->cpu_ms;
    return x < y ? -1 : x > y;
}

const audio_point *audio_median(audio_cell *cell)
{
    if (cell->n == 0)
        return NULL;
    qsort(cell->point, cell->n, sizeof cell->point[0], by_cost);
    return &cell->point[cell->n / 2];
}

double audio_cost_low(const audio_cell *cell)
{
    double low = HUGE_VAL;
    for (size_t i = 0; i < cell->n; i++)
        low = fmin(low, cell->point[i].cpu_ms);
    return low;
}

double audio_cost_high(const audio_cell *cell)
{
    double high = 0.0;
    for (size_t i = 0; i < cell->n; i++)
        high = fmax(high, cell->point[i].cpu_ms);
    return high;
}

/* "-" for what was not measured. */
static const char *number(char buf[CELL_MAX], double value, int decimals,
                          const char *unit)
{
    if (isnan(value) || isinf(value))
        pl_fmt_cut(buf, CELL_MAX, "-");
    else
        pl_fmt_cut(buf, CELL_MAX, "%.*f%s", decimals, value, unit);
    return buf;
}

static double ratio(const audio_cell *cells)
{
    unsigned peer = cells[PEER].limit.best.parties;
    return peer ? (double)cells[OURS].limit.best.parties / (double)peer : NAN;
}

/* ---- the table ---------------------------------------------------------- */

/* It may take more: the generator did not, or the search ended before. */
static bool is_open(const audio_limit *limit)
{
    return limit->is_own_limit ||
           (limit->first_bad.parties == 0 && !limit->first_bad.reason[0]);
}

static const char *capacity_of(char buf[CELL_MAX], const audio_limit *limit)
{
    if (limit->best.parties == 0)
        pl_fmt_cut(buf, CELL_MAX, "-");
    else
        pl_fmt_cut(buf, CELL_MAX, "%s%u", is_open(limit) ? "&ge; " : "",
                   limit->best.parties);
    return buf;
}

static void put_row(pl_buf *out, audio_findings *found, size_t shape,
                    size_t system)
{
    audio_cell *cell = &found->cell[shape][system];
    const audio_point *p = audio_median(cell);
    char text[7][CELL_MAX];
    const audio_point *at =
        cell->limit.best.parties ? &cell->limit.best : p; /* of quality */
    if (!p) {
        pl_buf_add_fmt(out, "| %s | %s | - | - | - | - | - | - | - | - |\n",
                       found->shape[shape]->name, found->system[system]->name);
        return;
    }
    pl_buf_add_fmt(
        out,
        "| %s | %s | %.2f (%.2f..%.2f) | %s | %s | %s | %s | %s | %s | "
        "%s |\n",
        found->shape[shape]->name, found->system[system]->name, p->cpu_ms,
        audio_cost_low(cell), audio_cost_high(cell),
        capacity_of(text[0], &cell->limit),
        number(text[1], at->loss_permille / 10.0, 3, " %"),
        number(text[2], at->late_ms, 1, " ms"),
        number(text[3], at->tick_ms, 1, " ms"),
        number(text[4], p->delay_ms, 0, " ms"),
        number(text[5], cell->limit.kib, 0, ""),
        system == OURS ? number(text[6], ratio(found->cell[shape]), 1, "")
                       : "");
}

static void put_single(pl_buf *out, const char *name, const char *system,
                       const audio_point *p)
{
    char text[6][CELL_MAX];
    if (p->parties == 0)
        return;
    pl_buf_add_fmt(
        out,
        "| %s | %s | %.2f | %u of %u | %s | %s | %s | %s | %s | "
        "|\n",
        name, system, p->cpu_ms, p->parties, (unsigned)(1000.0 / p->cpu_ms),
        number(text[1], p->loss_permille / 10.0, 3, " %"),
        number(text[2], p->late_ms, 1, " ms"),
        number(text[3], p->tick_ms, 1, " ms"),
        number(text[4], p->delay_ms, 0, " ms"),
        number(text[5], (p->pss_kib - p->idle_kib) / (double)p->parties, 0,
               ""));
}

void audio_table_write(pl_buf *out, audio_findings *found)
{
    char text[CELL_MAX];
    char more[CELL_MAX];
    pl_buf_add_str(
        out,
        "| rooms | system | CPU-ms of a participant-second | participants a "
        "core | loss there | packets late, p99 | ticks late, p99 | delay added "
        "| KiB a participant | times the peer's |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < found->n_shapes; i++) {
        put_row(out, found, i, OURS);
        put_row(out, found, i, PEER);
    }
    pl_fmt_cut(text, sizeof text, "one of %u, 3 talk", found->middle);
    put_single(out, text, found->system[OURS]->name, &found->middle_point);
    put_single(out, found->webinar->name, found->system[OURS]->name,
               &found->webinar_point);
    for (size_t i = 0; i < AUDIO_SYSTEMS; i++)
        pl_buf_add_fmt(out,
                       "\n%s wakes up %s times a second with %u rooms that "
                       "nobody is in, %s times without.",
                       found->system[i]->name,
                       number(text, found->empty[i].wakeups, 1, ""),
                       found->empty[i].rooms,
                       number(more, found->no_room[i].wakeups, 1, ""));
    pl_buf_add_str(out, "\n");
}

/* ---- targets ------------------------------------------------------------ */

static unsigned put_target(pl_buf *out, const char *what, double value,
                           int decimals, const char *unit, bool is_met)
{
    char text[CELL_MAX];
    bool is_known = !isnan(value) && !isinf(value);
    pl_buf_add_fmt(out, "| %s | %s | %s |\n", what,
                   number(text, value, decimals, unit),
                   !is_known ? "not measured"
                   : is_met  ? "met"
                             : "**missed**");
    return is_known && !is_met;
}

/* Cell of a shape, by participants and transport; NULL: not measured. */
static audio_cell *cells_of(audio_findings *found, unsigned participants,
                            pl_load_transport transport)
{
    for (size_t i = 0; i < found->n_shapes; i++) {
        if (found->shape[i]->participants == participants &&
            found->shape[i]->transport == transport)
            return found->cell[i];
    }
    return NULL;
}

static unsigned put_ratio(pl_buf *out, audio_findings *found,
                          unsigned participants, double least)
{
    char what[CELL_MAX * 2];
    audio_cell *cells = cells_of(found, participants, PL_LOAD_WEBRTC);
    double value = cells ? ratio(cells) : NAN;
    pl_fmt_cut(what, sizeof what,
               "rooms of %u: participants a core, at least %g times Janus's",
               participants, least);
    return put_target(out, what, value, 1, " times", value >= least);
}

unsigned audio_targets_write(pl_buf *out, audio_findings *found)
{
    unsigned n = 0;
    audio_cell *fifty = cells_of(found, 50, PL_LOAD_WEBRTC);
    audio_cell *two = cells_of(found, 2, PL_LOAD_WEBRTC);
    const audio_point *p = fifty ? audio_median(&fifty[OURS]) : NULL;
    const audio_point *w = &found->webinar_point;
    double a_core = fifty && fifty[OURS].limit.best.parties
                        ? (double)fifty[OURS].limit.best.parties
                        : NAN;
    double share = w->parties ? w->cpu_ms * (double)w->parties / 10.0 : NAN;
    double listener =
        w->parties ? (w->pss_kib - w->idle_kib) / (double)w->parties : NAN;
    double talker = two && two[OURS].n ? two[OURS].limit.kib : NAN;
    double wakeups = found->empty[OURS].rooms ? found->empty[OURS].wakeups -
                                                    found->no_room[OURS].wakeups
                                              : NAN;
    double delay = p ? p->delay_ms : NAN;
    pl_buf_add_str(out, "| target | measured | |\n|---|---|---|\n");
    n += put_ratio(out, found, 50, 10.0);
    n += put_target(out, "rooms of 50: 1000 participants a core (the aim)",
                    a_core, 0, "", a_core >= 1000.0);
    n += put_ratio(out, found, 10, 3.0);
    n += put_ratio(out, found, 2, 1.2);
    n += put_target(out, "2000 listeners: under one core", share, 0,
                    " % of a core", share < 100.0 && w->is_clean);
    n += put_target(out, "empty rooms: no wake-ups", wakeups, 1,
                    " a second more than without rooms", wakeups < 1.0);
    n += put_target(out, "memory of a listener: under 30 KiB", listener, 1,
                    " KiB", listener < 30.0);
    n += put_target(out, "memory of a talker: under 100 KiB", talker, 1, " KiB",
                    talker < 100.0);
    n += put_target(out,
                    "delay added: at most 40 ms beyond the jitter buffer's 15",
                    delay, 0, " ms", delay <= 55.0);
    return n;
}

/* ---- into a file -------------------------------------------------------- */

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = calloc(1, FILE_MAX);
    if (!f || !text || fread(text, 1, FILE_MAX - 1, f) == 0) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        free(text);
        text = NULL;
    }
    if (f)
        (void)fclose(f);
    return text;
}

bool audio_replace(const char *path, const char *mark, pl_slice text)
{
    char begin[CELL_MAX];
    char end[CELL_MAX];
    pl_fmt_cut(begin, sizeof begin, "<!-- %s -->\n", mark);
    pl_fmt_cut(end, sizeof end, "<!-- /%s -->", mark);
    char *old = read_file(path);
    char *from = old ? strstr(old, begin) : NULL;
    char *to = from ? strstr(from, end) : NULL;
    FILE *f = to ? fopen(path, "w") : NULL;
    if (old && !f)
        (void)fprintf(stderr, "%s: no part \"%s\"\n", path, mark);
    if (!f) {
        free(old);
        return false;
    }
    from += strlen(begin);
    bool is_good =
        fwrite(old, 1, (size_t)(from - old), f) == (size_t)(from - old) &&
        fwrite(text.ptr, 1, text.len, f) == text.len && fputs(to, f) >= 0;
    is_good = fclose(f) == 0 && is_good;
    free(old);
    return is_good;
}
