/* load_samples.c - see load_samples.h. */
#include "load_samples.h"

#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES_MAX = 200000 };

void load_samples_keep(load_samples *s, int64_t us)
{
    if (!s->us)
        s->us = calloc(SAMPLES_MAX, sizeof *s->us);
    if (s->us && s->n < SAMPLES_MAX)
        s->us[s->n++] = us;
}

void load_samples_free(load_samples *s)
{
    free(s->us);
    *s = (load_samples){.us = NULL};
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

double load_percentile_ms(load_samples *s, double share)
{
    if (s->n == 0)
        return 0;
    qsort(s->us, s->n, sizeof *s->us, by_value);
    return (double)s->us[(size_t)((double)(s->n - 1) * share)] / 1000;
}

void load_print_head(void)
{
    (void)printf("| what | requests | a second | p50 | p99 |\n"
                 "|---|---|---|---|---|\n");
}

double load_print_row(const char *what, load_samples *s, double seconds)
{
    double rate = (double)s->n / seconds;
    (void)printf("| %s | %zu | %.0f | %.1f ms | %.1f ms |\n", what, s->n, rate,
                 load_percentile_ms(s, 0.5), load_percentile_ms(s, 0.99));
    (void)fflush(stdout);
    return rate;
}
