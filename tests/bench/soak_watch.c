/* soak_watch.c - what a process uses over time. */
#include "soak_watch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/server.h"
#include "pl/str.h"

/* What the line through all samples may rise from its first to its last:
 * a share of the median, and so much more. Descriptors move with who is just
 * coming or going. */
static const struct {
    const char *name;
    double share, more;
} KINDS[WATCH_KINDS] = {
    [WATCH_RSS_KIB] = {"RSS, KiB", 0.06, 3072.0},
    [WATCH_FDS] = {"descriptors", 0.05, 6.0},
    [WATCH_THREADS] = {"threads", 0.0, 0.5},
};

void watch_add(watch *w, const char *name, long pid)
{
    if (w->n_nodes == WATCH_NODES_MAX)
        return;
    pl_fmt_cut(w->name[w->n_nodes], sizeof w->name[0], "%s", name);
    w->pid[w->n_nodes++] = pid;
}

bool watch_sample(watch *w, double at_s)
{
    static pl_load_server server; /* large */
    if (w->n == WATCH_SAMPLES_MAX)
        return true;
    w->at_s[w->n] = at_s;
    for (size_t i = 0; i < w->n_nodes; i++) {
        pl_load_server_read(&w->pid[i], 1, &server);
        if (server.n_pids == 0 || server.rss_kib == 0) {
            (void)printf("%s is gone\n", w->name[i]);
            return false;
        }
        w->value[i][WATCH_RSS_KIB][w->n] = (double)server.rss_kib;
        w->value[i][WATCH_FDS][w->n] = (double)server.n_fds;
        w->value[i][WATCH_THREADS][w->n] = (double)server.n_threads;
    }
    w->n++;
    return true;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(const double *values, size_t n)
{
    static double sorted[WATCH_SAMPLES_MAX];
    memcpy(sorted, values, n * sizeof *values);
    qsort(sorted, n, sizeof *sorted, by_value);
    return sorted[n / 2];
}

/* Of a line through the values by least squares: how much it rises from the
 * first to the last. */
static double rise(const double *at, const double *values, size_t n)
{
    double sum_x = 0.0;
    double sum_y = 0.0;
    double sum_xx = 0.0;
    double sum_xy = 0.0;
    for (size_t i = 0; i < n; i++) {
        double x = at[i] - at[0];
        sum_x += x;
        sum_y += values[i];
        sum_xx += x * x;
        sum_xy += x * values[i];
    }
    double below = (double)n * sum_xx - sum_x * sum_x;
    if (below <= 0.0)
        return 0.0;
    double slope = ((double)n * sum_xy - sum_x * sum_y) / below;
    return slope * (at[n - 1] - at[0]);
}

bool watch_is_flat(const watch *w, size_t first)
{
    bool is_flat = w->n >= first + 3;
    if (!is_flat) {
        (void)printf("too few samples: %zu\n", w->n);
        return false;
    }
    size_t n = w->n - first;
    size_t half = n / 2;
    (void)printf("| process | what | first | median | rise over %.0f s | "
                 "tolerated | |\n|---|---|---|---|---|---|---|\n",
                 w->at_s[w->n - 1] - w->at_s[first]);
    for (size_t i = 0; i < w->n_nodes; i++) {
        for (size_t k = 0; k < WATCH_KINDS; k++) {
            const double *v = w->value[i][k] + first;
            double middle = median(v, n);
            double up = rise(w->at_s + first, v, n);
            /* One odd sample at an end bends the line, not the medians. */
            double later = median(v + half, n - half) - median(v, half);
            double most = KINDS[k].share * middle + KINDS[k].more;
            bool is_good = up <= most || later <= most / 2.0;
            (void)printf("| %s | %s | %.0f | %.0f | %+.1f | %.1f | %s |\n",
                         w->name[i], KINDS[k].name, v[0], middle, up, most,
                         is_good ? "flat" : "**grows**");
            is_flat = is_flat && is_good;
        }
    }
    return is_flat;
}

bool watch_is_back(const watch *w, size_t sample)
{
    bool is_good = w->n > 0 && sample < w->n;
    for (size_t i = 0; is_good && i < w->n_nodes; i++) {
        for (size_t k = WATCH_FDS; k < WATCH_KINDS; k++) {
            double now = w->value[i][k][w->n - 1];
            double then = w->value[i][k][sample];
            if (now <= then + (k == WATCH_FDS ? 2.0 : 0.0))
                continue;
            (void)printf("%s: %.0f %s at the end, %.0f before\n", w->name[i],
                         now, KINDS[k].name, then);
            is_good = false;
        }
    }
    return is_good;
}
