/* audio_plot.h - a plot of cost over the size of a room, as SVG: both axes
 * logarithmic, readable on light and dark pages. */
#ifndef PL_BENCH_AUDIO_PLOT_H
#define PL_BENCH_AUDIO_PLOT_H

#include <stdbool.h>
#include <stddef.h>

enum { AUDIO_SERIES_MAX = 4, AUDIO_POINTS_MAX = 16 };

typedef struct audio_series {
    const char *name;
    size_t n;
    struct {
        double x;            /* participants of the room */
        double y, low, high; /* CPU milliseconds a participant-second; the
                                spread of the repetitions */
    } at[AUDIO_POINTS_MAX];
} audio_series;

/* Write the picture; values must be above 0. False: the file could not be
 * written (cause printed). */
bool audio_plot_write(const char *path, const audio_series *series, size_t n);

#endif
