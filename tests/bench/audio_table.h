/* audio_table.h - what bench_audio found, as Markdown. */
#ifndef PL_BENCH_AUDIO_TABLE_H
#define PL_BENCH_AUDIO_TABLE_H

#include "audio_run.h"
#include "pl/buf.h"

enum { AUDIO_REPEATS_MAX = 5, AUDIO_SHAPES_MAX = 6, AUDIO_SYSTEMS = 2 };

/* One system under one shape. */
typedef struct audio_cell {
    size_t n; /* repetitions at equal load, by cost when sorted */
    audio_point point[AUDIO_REPEATS_MAX];
    audio_limit limit;
} audio_cell;

/* The one in the middle; NULL: nothing was measured. */
const audio_point *audio_median(audio_cell *cell);
double audio_cost_low(const audio_cell *cell);
double audio_cost_high(const audio_cell *cell);

typedef struct audio_findings {
    const audio_system *system[AUDIO_SYSTEMS]; /* ours first */
    size_t n_shapes;
    const audio_shape *shape[AUDIO_SHAPES_MAX];
    audio_cell cell[AUDIO_SHAPES_MAX][AUDIO_SYSTEMS];
    const audio_shape *webinar;
    audio_point webinar_point, middle_point; /* ours alone */
    audio_point no_room[AUDIO_SYSTEMS], empty[AUDIO_SYSTEMS];
    unsigned middle; /* participants of middle_point's room */
} audio_findings;

/* The table: cost, capacity, quality, ratio. */
void audio_table_write(pl_buf *out, audio_findings *found);
/* Each target, what was measured, met or missed. Returns how many were
 * missed. */
unsigned audio_targets_write(pl_buf *out, audio_findings *found);

/* Replace what is between "<!-- MARK -->" and "<!-- /MARK -->" in a file.
 * False (cause printed): no such file or marks. */
bool audio_replace(const char *path, const char *mark, pl_slice text);

#endif
