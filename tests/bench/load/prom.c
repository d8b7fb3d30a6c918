/* prom.c - see prom.h. */
#include "prom.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Number at the end of a line: behind the last blank. */
static double number_of(const char *line, size_t len)
{
    char text[64];
    size_t at = len;
    while (at > 0 && line[at - 1] != ' ')
        at--;
    if (len - at >= sizeof text)
        return 0;
    memcpy(text, line + at, len - at);
    text[len - at] = '\0';
    return strtod(text, NULL);
}

/* The next line of a series of that name, behind *text; NULL: no more. */
static const char *next_line(const char **text, const char *name,
                             size_t *ret_len)
{
    size_t n = strlen(name);
    while (**text) {
        const char *line = *text;
        size_t len = strcspn(line, "\n");
        *text = line + len + (line[len] == '\n');
        if (len > n && strncmp(line, name, n) == 0 &&
            (line[n] == ' ' || line[n] == '{')) {
            *ret_len = len;
            return line;
        }
    }
    return NULL;
}

bool pl_prom_value(const char *text, const char *name, double *ret_value)
{
    double sum = 0;
    size_t len = 0;
    unsigned n = 0;
    const char *line;
    while ((line = next_line(&text, name, &len)) != NULL) {
        sum += number_of(line, len);
        n++;
    }
    if (n > 0)
        *ret_value = sum;
    return n > 0;
}

/* le="..": infinity is beyond all bounds. */
static double bound_of(const char *line, size_t len)
{
    static const char mark[] = "le=\"";
    for (size_t i = 0; i + sizeof mark < len; i++) {
        if (memcmp(line + i, mark, sizeof mark - 1) != 0)
            continue;
        const char *value = line + i + sizeof mark - 1;
        return *value == '+' ? HUGE_VAL : strtod(value, NULL);
    }
    return HUGE_VAL;
}

static void add_bucket(pl_prom_histogram *h, double bound, double count)
{
    for (size_t i = 0; i < h->n; i++) {
        if (h->bound[i] >= bound) { /* another node's series, or infinity */
            h->count[i] += count;
            return;
        }
    }
    if (h->n == PL_PROM_BUCKETS)
        return;
    h->bound[h->n] = bound;
    h->count[h->n++] = count;
}

void pl_prom_read(const char *text, const char *name, pl_prom_histogram *h)
{
    char series[96];
    size_t n = strlen(name);
    size_t len = 0;
    const char *rest = text;
    const char *line;
    *h = (pl_prom_histogram){.n = 0};
    if (n + sizeof "_bucket" > sizeof series)
        return;
    memcpy(series, name, n);
    memcpy(series + n, "_bucket", sizeof "_bucket");
    while ((line = next_line(&rest, series, &len)) != NULL)
        add_bucket(h, bound_of(line, len), number_of(line, len));
    memcpy(series + n, "_sum", sizeof "_sum");
    (void)pl_prom_value(text, series, &h->sum);
    memcpy(series + n, "_count", sizeof "_count");
    (void)pl_prom_value(text, series, &h->total);
}

void pl_prom_since(pl_prom_histogram *now, const pl_prom_histogram *before)
{
    for (size_t i = 0; i < now->n && i < before->n; i++)
        now->count[i] -= before->count[i];
    now->sum -= before->sum;
    now->total -= before->total;
}

double pl_prom_at(const pl_prom_histogram *h, double share)
{
    if (h->n == 0 || h->total <= 0)
        return 0;
    double wanted = share * h->total;
    double last = 0;
    for (size_t i = 0; i < h->n; i++) {
        if (h->bound[i] == HUGE_VAL)
            break;
        last = h->bound[i];
        if (h->count[i] >= wanted)
            break;
    }
    return last;
}
