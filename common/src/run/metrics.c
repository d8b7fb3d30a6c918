/* metrics.c - one array of atomics; text exposition format 0.0.4. */
#include "pl/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pl/str.h"

/* Upper bounds in microseconds; one more bucket takes the rest. */
static const uint64_t BOUNDS[] = {
    1,      2,      5,       10,      20,      50,      100,   200,
    500,    1000,   2000,    5000,    10000,   20000,   50000, 100000,
    200000, 500000, 1000000, 2000000, 5000000, 10000000};
enum {
    N_BOUNDS = sizeof BOUNDS / sizeof BOUNDS[0],
    NODE_NAME_MAX = 64,
    US_PER_S = 1000000
};

typedef struct histogram {
    _Atomic uint64_t buckets[N_BOUNDS + 1];
    _Atomic uint64_t sum_us;
} histogram;

typedef struct metric {
    _Atomic uint64_t value; /* gauges: two's complement */
    histogram *histogram;   /* NULL for the other kinds */
} metric;

struct pl_metrics {
    const pl_metric_desc *desc; /* borrowed, as static as the table */
    size_t n;
    metric *metrics;
};

pl_err pl_metrics_create(const pl_metric_desc *desc, size_t n,
                         pl_metrics **ret_metrics)
{
    pl_metrics *m = calloc(1, sizeof *m);
    if (!m)
        return PL_ENOMEM;
    m->desc = desc;
    m->n = n;
    m->metrics = calloc(n ? n : 1, sizeof *m->metrics);
    bool ok = m->metrics != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        if (desc[i].kind != PL_METRIC_HISTOGRAM)
            continue;
        m->metrics[i].histogram = calloc(1, sizeof(histogram));
        ok = m->metrics[i].histogram != NULL;
    }
    if (!ok) {
        pl_metrics_destroy(&m);
        return PL_ENOMEM;
    }
    *ret_metrics = m;
    return PL_OK;
}

void pl_metrics_destroy(pl_metrics **metrics)
{
    if (!metrics || !*metrics)
        return;
    for (size_t i = 0; (*metrics)->metrics && i < (*metrics)->n; i++)
        free((*metrics)->metrics[i].histogram);
    free((*metrics)->metrics);
    free(*metrics);
    *metrics = NULL;
}

static uint64_t read_count(const _Atomic uint64_t *at)
{
    return atomic_load_explicit(at, memory_order_relaxed);
}

static void add_count(_Atomic uint64_t *at, uint64_t n)
{
    (void)atomic_fetch_add_explicit(at, n, memory_order_relaxed);
}

void pl_metrics_add(pl_metrics *metrics, size_t index, uint64_t n)
{
    if (metrics && index < metrics->n)
        add_count(&metrics->metrics[index].value, n);
}

void pl_metrics_set(pl_metrics *metrics, size_t index, int64_t value)
{
    if (metrics && index < metrics->n) {
        atomic_store_explicit(&metrics->metrics[index].value, (uint64_t)value,
                              memory_order_relaxed);
    }
}

static histogram *histogram_of(const pl_metrics *metrics, size_t index)
{
    return metrics && index < metrics->n ? metrics->metrics[index].histogram
                                         : NULL;
}

static size_t bucket_of(uint64_t us)
{
    size_t b = 0;
    while (b < N_BOUNDS && us > BOUNDS[b])
        b++;
    return b;
}

void pl_metrics_observe_us(pl_metrics *metrics, size_t index, uint64_t us)
{
    histogram *h = histogram_of(metrics, index);
    if (!h)
        return;
    add_count(&h->buckets[bucket_of(us)], 1);
    add_count(&h->sum_us, us);
    add_count(&metrics->metrics[index].value, 1);
}

_Static_assert(PL_METRICS_BUCKETS == N_BOUNDS + 1, "as many as of a histogram");

void pl_metrics_tally_us(pl_metrics_tally *tally, uint64_t us)
{
    tally->n++;
    tally->sum_us += us;
    tally->buckets[bucket_of(us)]++;
}

void pl_metrics_add_tally(pl_metrics *metrics, size_t index,
                          pl_metrics_tally *tally)
{
    histogram *h = histogram_of(metrics, index);
    if (h && tally->n > 0) {
        for (size_t b = 0; b < PL_METRICS_BUCKETS; b++) {
            if (tally->buckets[b] > 0)
                add_count(&h->buckets[b], tally->buckets[b]);
        }
        add_count(&h->sum_us, tally->sum_us);
        add_count(&metrics->metrics[index].value, tally->n);
    }
    if (tally->n > 0)
        *tally = (pl_metrics_tally){.n = 0};
}

int64_t pl_metrics_value(const pl_metrics *metrics, size_t index)
{
    if (!metrics || index >= metrics->n)
        return 0;
    return (int64_t)read_count(&metrics->metrics[index].value);
}

uint64_t pl_metrics_quantile_us(const pl_metrics *metrics, size_t index,
                                unsigned permille)
{
    const histogram *h = histogram_of(metrics, index);
    if (!h)
        return 0;
    uint64_t counts[N_BOUNDS + 1];
    uint64_t total = 0;
    for (size_t b = 0; b <= N_BOUNDS; b++) {
        counts[b] = read_count(&h->buckets[b]);
        total += counts[b];
    }
    if (total == 0)
        return 0;
    uint64_t rank = (total * (permille > 1000 ? 1000 : permille) + 999) / 1000;
    uint64_t seen = 0;
    for (size_t b = 0; b < N_BOUNDS; b++) {
        seen += counts[b];
        if (seen >= rank && seen > 0)
            return BOUNDS[b];
    }
    return UINT64_MAX; /* in the open bucket */
}

typedef struct text {
    char *buf;
    size_t len, cap;
    bool is_full;
} text;

#define PUT(t, ...)                                                            \
    do {                                                                       \
        if (!(t)->is_full) {                                                   \
            (t)->is_full = pl_fmt((t)->buf + (t)->len, (t)->cap - (t)->len,    \
                                  __VA_ARGS__) != PL_OK;                       \
            advance(t);                                                        \
        }                                                                      \
    } while (0)

static void advance(text *t)
{
    while (!t->is_full && t->buf[t->len] != '\0')
        t->len++;
}

static void put_histogram(text *t, const char *name, const char *node,
                          const histogram *h)
{
    uint64_t total = 0;
    for (size_t b = 0; b < N_BOUNDS; b++) {
        total += read_count(&h->buckets[b]);
        PUT(t, "%s_bucket{node=\"%s\",le=\"%" PRIu64 "\"} %" PRIu64 "\n", name,
            node, BOUNDS[b], total);
    }
    total += read_count(&h->buckets[N_BOUNDS]);
    PUT(t,
        "%s_bucket{node=\"%s\",le=\"+Inf\"} %" PRIu64
        "\n%s_sum{node=\"%s\"} %" PRIu64 "\n%s_count{node=\"%s\"} %" PRIu64
        "\n",
        name, node, total, name, node, read_count(&h->sum_us), name, node,
        total);
}

/* Length of the name without its labels. */
static size_t family_len(const pl_metric_desc *d)
{
    return strcspn(d->name, "{");
}

static bool is_same_family(const pl_metric_desc *a, const pl_metric_desc *b)
{
    size_t n = family_len(a);
    return n == family_len(b) && memcmp(a->name, b->name, n) == 0;
}

/* is_first: of its family, which has one comment. */
static void put_metric(text *t, const pl_metric_desc *d, bool is_first,
                       const char *node, const metric *m)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram",
                                        "counter"};
    uint64_t v = read_count(&m->value);
    int n = (int)family_len(d);
    /* of {a="b"} what follows the bracket */
    const char *labels = d->name[n] ? d->name + n + 1 : "}";
    const char *comma = d->name[n] ? "," : "";
    if (is_first) {
        PUT(t, "# HELP %.*s %s\n# TYPE %.*s %s\n", n, d->name, d->doc, n,
            d->name, kinds[d->kind]);
    }
    if (d->kind == PL_METRIC_HISTOGRAM) {
        put_histogram(t, d->name, node, m->histogram);
    } else if (d->kind == PL_METRIC_SECONDS) {
        PUT(t, "%.*s{node=\"%s\"%s%s %" PRIu64 ".%06" PRIu64 "\n", n, d->name,
            node, comma, labels, v / US_PER_S, v % US_PER_S);
    } else if (d->kind == PL_METRIC_GAUGE) {
        PUT(t, "%.*s{node=\"%s\"%s%s %" PRId64 "\n", n, d->name, node, comma,
            labels, (int64_t)v);
    } else {
        PUT(t, "%.*s{node=\"%s\"%s%s %" PRIu64 "\n", n, d->name, node, comma,
            labels, v);
    }
}

pl_err pl_metrics_expose(const pl_metrics *metrics, const char *node, char *buf,
                         size_t cap, size_t *ret_len)
{
    if (cap == 0)
        return PL_EFULL;
    /* Without the boot nonce: a series goes on when the process restarts. */
    char name[NODE_NAME_MAX + 1];
    pl_fmt_cut(name, sizeof name, "%.*s", (int)strcspn(node, "."), node);
    text t = {.buf = buf, .cap = cap};
    buf[0] = '\0';
    for (size_t i = 0; metrics && i < metrics->n; i++) {
        const pl_metric_desc *d = &metrics->desc[i];
        bool is_first = i == 0 || !is_same_family(d, d - 1);
        put_metric(&t, d, is_first, name, &metrics->metrics[i]);
    }
    if (t.is_full)
        return PL_EFULL;
    *ret_len = t.len;
    return PL_OK;
}
