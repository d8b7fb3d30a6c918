/* reference_dump - prints docs/config.md (configuration keys) or
 * docs/metrics.md (metrics) of all processes from their tables. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "pl/config.h"
#include "pl/metrics.h"
#include "pl/process.h"

#include "api-frontend/tables/config.def"
#include "api-frontend/tables/metrics.def"
#include "common/tables/bus_metrics.def"
#include "media-worker/tables/config.def"
#include "media-worker/tables/metrics.def"
#include "roompool/tables/config.def"
#include "roompool/tables/metrics.def"
#include "signaling-worker/tables/config.def"
#include "signaling-worker/tables/metrics.def"

#define KEY(kind_, name_, preset_, min_, max_, unit_, doc_)                    \
    {.kind = PL_CFG_##kind_,                                                   \
     .name = #name_,                                                           \
     .preset = (preset_),                                                      \
     .min = (min_),                                                            \
     .max = (max_),                                                            \
     .unit = (unit_),                                                          \
     .doc = (doc_)},
#define N(rows) (sizeof(rows) / sizeof(rows)[0])

static const pl_config_key common_keys[] = {PL_COMMON_CONFIG(KEY)};
static const pl_config_key roompool_keys[] = {PL_ROOMPOOL_CONFIG(KEY)};
static const pl_config_key room_keys[] = {PL_ROOM_CONFIG(KEY)};
static const pl_config_key api_keys[] = {PL_API_CONFIG(KEY)};
static const pl_config_key signaling_keys[] = {PL_SIGNALING_CONFIG(KEY)};
static const pl_config_key media_keys[] = {PL_MEDIA_CONFIG(KEY)};

static const struct {
    const char *head, *text;
    const pl_config_key *keys;
    size_t n;
} sections[] = {
    {"common", "Read by every process.", common_keys, N(common_keys)},
    {"roompool", "Read by `parley-roompool`.", roompool_keys, N(roompool_keys)},
    {"room NAME", "Any number of them; read by `parley-roompool`.", room_keys,
     N(room_keys)},
    {"api", "Read by `parley-api`.", api_keys, N(api_keys)},
    {"signaling", "Read by `parley-signaling`.", signaling_keys,
     N(signaling_keys)},
    {"media", "Read by `parley-media`.", media_keys, N(media_keys)},
};

static const pl_metric_desc bus_rows[] = {PL_COMMON_METRICS(PL_METRIC_ROW)};
static const pl_metric_desc roompool_rows[] = {
    PL_ROOMPOOL_METRICS(PL_METRIC_ROW)};
static const pl_metric_desc api_rows[] = {PL_API_METRICS(PL_METRIC_ROW)};
static const pl_metric_desc signaling_rows[] = {PL_SIG_METRICS(PL_METRIC_ROW)};
static const pl_metric_desc media_rows[] = {PL_MEDIA_METRICS(PL_METRIC_ROW)};

static const struct {
    const char *head;
    const pl_metric_desc *rows;
    size_t n;
} tables[] = {
    {"Every process", bus_rows, N(bus_rows)},
    {"roompool", roompool_rows, N(roompool_rows)},
    {"api-frontend", api_rows, N(api_rows)},
    {"signaling-worker", signaling_rows, N(signaling_rows)},
    {"media-worker", media_rows, N(media_rows)},
};

/* A | would end the cell. */
static void print_cell(const char *text)
{
    for (; *text; text++)
        (void)fprintf(stdout, *text == '|' ? "\\%c" : "%c", *text);
}

static void print_bounds(const pl_config_key *k)
{
    if (k->kind == PL_CFG_U32) {
        (void)printf("%" PRIu64 "..%" PRIu64 " ", k->min, k->max);
        print_cell(k->unit);
    } else if (k->kind == PL_CFG_BOOL) {
        (void)printf("true, false");
    } else {
        print_cell(k->unit);
    }
}

static void print_config(void)
{
    (void)printf(
        "# Configuration\n\nWritten by `reference_dump config` from the "
        "tables; not edited by hand.\n\nA key may stand in its section of the "
        "file (`--config=FILE`, by default `etc/parley.conf`), in the\n"
        "environment as `PARLEY_<SECTION>_<KEY>`, or, for a process's own "
        "section and [common], as a flag `--key=value`;\nthe later of these "
        "wins. An unknown key or a value outside its bounds stops the start "
        "with the line and the bound.\n`--check-config` only checks, "
        "`--print-config` shows what holds and where it came from.\n");
    for (size_t i = 0; i < N(sections); i++) {
        (void)printf("\n## [%s]\n\n%s\n\n| key | default | values | meaning "
                     "|\n|---|---|---|---|\n",
                     sections[i].head, sections[i].text);
        for (size_t k = 0; k < sections[i].n; k++) {
            const pl_config_key *key = &sections[i].keys[k];
            (void)printf("| `%s` | ", key->name);
            if (key->preset[0] != '\0')
                (void)printf("`%s`", key->preset);
            (void)printf(" | ");
            print_bounds(key);
            (void)printf(" | ");
            print_cell(key->doc);
            (void)printf(" |\n");
        }
    }
}

static void print_metrics(void)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram",
                                        "counter"};
    (void)printf("# Metrics\n\nWritten by `reference_dump metrics` from the "
                 "tables; not edited by hand.\n\n`GET /metrics` at any "
                 "front end gives those of all processes, with the label "
                 "`node`. Histograms are in microseconds "
                 "where the text does not say otherwise.\n");
    for (size_t i = 0; i < N(tables); i++) {
        (void)printf("\n## %s\n\n| name | kind | meaning |\n|---|---|---|\n",
                     tables[i].head);
        for (size_t k = 0; k < tables[i].n; k++) {
            const pl_metric_desc *row = &tables[i].rows[k];
            (void)printf("| `%s` | %s | ", row->name, kinds[row->kind]);
            print_cell(row->doc);
            (void)printf(" |\n");
        }
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "config") == 0) {
        print_config();
    } else if (argc == 2 && strcmp(argv[1], "metrics") == 0) {
        print_metrics();
    } else {
        (void)fprintf(stderr, "usage: reference_dump config|metrics\n");
        return 64;
    }
    return 0;
}
