/* parley_metrics.c - see parley_metrics.h. */
#include "parley_metrics.h"

#include "pl/str.h"

static const struct {
    const char *series, *name;
} ROWS[PL_PARLEY_HISTOGRAMS] = {
    {"pl_media_tick_late_us", "tick_late"},
    {"pl_media_tick_work_us", "tick_work"},
    {"pl_media_tick_encodes", "tick_encodes"},
};

static void add(pl_load_server *s, const char *name, const char *what,
                double value)
{
    char text[64];
    pl_fmt_cut(text, sizeof text, "%s_%s", name, what);
    pl_load_server_metric(s, text, value);
}

void pl_parley_metrics_add(pl_parley_metrics *m, const char *page,
                           pl_load_server *server)
{
    for (size_t i = 0; i < PL_PARLEY_HISTOGRAMS; i++) {
        pl_prom_histogram now;
        pl_prom_read(page, ROWS[i].series, &now);
        pl_prom_histogram since = now;
        pl_prom_since(&since, &m->before[i]);
        m->before[i] = now;
        if (since.n == 0 || since.total <= 0)
            continue;
        /* encodes are a number, the others microseconds */
        bool is_time = i < PL_PARLEY_HISTOGRAMS - 1;
        add(server, ROWS[i].name, is_time ? "p50_us" : "p50",
            pl_prom_at(&since, 0.5));
        add(server, ROWS[i].name, is_time ? "p99_us" : "p99",
            pl_prom_at(&since, 0.99));
        add(server, ROWS[i].name, is_time ? "mean_us" : "mean",
            since.sum / since.total);
    }
}
