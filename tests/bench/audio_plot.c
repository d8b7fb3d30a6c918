/* audio_plot.c - a plot as SVG. */
#include "audio_plot.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    WIDTH = 760,
    HEIGHT = 440,
    LEFT = 78,
    RIGHT = 92,
    TOP = 44,
    BOTTOM = 62
};

typedef struct axis {
    double low, high; /* values at the ends */
    double from, to;  /* where they are in the picture */
} axis;

static double place(const axis *a, double value)
{
    double share = log(value / a->low) / log(a->high / a->low);
    return a->from + share * (a->to - a->from);
}

/* Around all values, to whole steps of 1, 2, 5. */
static double step_below(double value)
{
    double ten = pow(10.0, floor(log10(value)));
    double rest = value / ten;
    return ten * (rest >= 5.0 ? 5.0 : rest >= 2.0 ? 2.0 : 1.0);
}

static double next_step(double step)
{
    double ten = pow(10.0, floor(log10(step * 1.001)));
    double rest = step / ten;
    return ten * (rest < 1.5 ? 2.0 : rest < 3.5 ? 5.0 : 10.0);
}

static void axes_of(const audio_series *series, size_t n, axis *ret_x,
                    axis *ret_y)
{
    double x_low = HUGE_VAL;
    double x_high = 0.0;
    double y_low = HUGE_VAL;
    double y_high = 0.0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < series[i].n; k++) {
            x_low = fmin(x_low, series[i].at[k].x);
            x_high = fmax(x_high, series[i].at[k].x);
            y_low = fmin(y_low, series[i].at[k].low);
            y_high = fmax(y_high, series[i].at[k].high);
        }
    }
    *ret_x = (axis){step_below(x_low) * 0.85, next_step(step_below(x_high)),
                    LEFT, WIDTH - RIGHT};
    *ret_y = (axis){step_below(y_low), next_step(step_below(y_high)),
                    HEIGHT - BOTTOM, TOP};
    if (x_high <= step_below(x_high) * 1.001)
        ret_x->high = x_high * 1.15;
}

static void put_head(FILE *f)
{
    (void)fprintf(
        f,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
        "font-family=\"sans-serif\" font-size=\"13\">\n"
        "<title>CPU time of one participant over the size of the room"
        "</title>\n"
        "<style>\n"
        "text{fill:#57606a}.grid{stroke:#8b949e;stroke-opacity:.3}"
        ".axis{stroke:#8b949e}\n"
        ".s0{stroke:#1a7f37;fill:#1a7f37}.s1{stroke:#bc4c00;fill:#bc4c00}"
        ".s2{stroke:#0969da;fill:#0969da}.s3{stroke:#8250df;fill:#8250df}\n"
        ".line{fill:none;stroke-width:2.5}.name{stroke:none;"
        "font-weight:bold}.bar{stroke-width:1.5}\n"
        "@media(prefers-color-scheme:dark){text{fill:#adbac7}"
        ".s0{stroke:#3fb950;fill:#3fb950}.s1{stroke:#f0883e;fill:#f0883e}"
        ".s2{stroke:#58a6ff;fill:#58a6ff}.s3{stroke:#bc8cff;fill:#bc8cff}"
        ".line{fill:none}.name{stroke:none}}\n"
        "</style>\n",
        WIDTH, HEIGHT);
    (void)fprintf(
        f,
        "<text x=\"%d\" y=\"20\" font-weight=\"bold\">CPU milliseconds of one "
        "participant a second</text>\n"
        "<text x=\"%d\" y=\"20\" text-anchor=\"end\">as participants a core"
        "</text>\n"
        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">participants of the "
        "room (at most three talk at once)</text>\n",
        8, WIDTH - 8, LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 14);
}

static void put_axes(FILE *f, const axis *x, const axis *y)
{
    for (double v = step_below(x->low * 1.2); v <= x->high * 1.001;
         v = next_step(v)) {
        if (v < x->low)
            continue;
        (void)fprintf(f,
                      "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" "
                      "y2=\"%d\"/><text x=\"%.1f\" y=\"%d\" "
                      "text-anchor=\"middle\">%g</text>\n",
                      place(x, v), place(x, v), TOP, HEIGHT - BOTTOM,
                      place(x, v), HEIGHT - BOTTOM + 20, v);
    }
    for (double v = y->low; v <= y->high * 1.001; v = next_step(v)) {
        double at = place(y, v);
        (void)fprintf(f,
                      "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" "
                      "y2=\"%.1f\"/><text x=\"%d\" y=\"%.1f\" "
                      "text-anchor=\"end\">%g</text>"
                      "<text x=\"%d\" y=\"%.1f\">%.0f</text>\n",
                      LEFT, WIDTH - RIGHT, at, at, LEFT - 8, at + 4.5, v,
                      WIDTH - RIGHT + 8, at + 4.5, 1000.0 / v);
    }
    (void)fprintf(f,
                  "<path class=\"axis\" fill=\"none\" d=\"M%d %dV%dH%d\"/>\n",
                  LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT);
}

static void put_series(FILE *f, const axis *x, const axis *y,
                       const audio_series *s, size_t number)
{
    (void)fprintf(f, "<g class=\"s%zu\"><polyline class=\"line\" points=\"",
                  number);
    for (size_t i = 0; i < s->n; i++)
        (void)fprintf(f, "%.1f,%.1f ", place(x, s->at[i].x),
                      place(y, s->at[i].y));
    (void)fprintf(f, "\"/>\n");
    for (size_t i = 0; i < s->n; i++) {
        double at = place(x, s->at[i].x);
        (void)fprintf(f,
                      "<line class=\"bar\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
                      "y2=\"%.1f\"/><circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\">"
                      "<title>%s, %g in the room: %.3g ms</title></circle>\n",
                      at, at, place(y, s->at[i].low), place(y, s->at[i].high),
                      at, place(y, s->at[i].y), s->name, s->at[i].x,
                      s->at[i].y);
    }
    if (s->n)
        (void)fprintf(f,
                      "<text class=\"s%zu name\" x=\"%.1f\" y=\"%.1f\">%s"
                      "</text></g>\n",
                      number, place(x, s->at[s->n - 1].x) - 30.0,
                      place(y, s->at[s->n - 1].y) - 14.0, s->name);
    else
        (void)fprintf(f, "</g>\n");
}

bool audio_plot_write(const char *path, const audio_series *series, size_t n)
{
    FILE *f = fopen(path, "w");
    if (!f) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    axis x;
    axis y;
    axes_of(series, n, &x, &y);
    put_head(f);
    put_axes(f, &x, &y);
    for (size_t i = 0; i < n; i++)
        put_series(f, &x, &y, &series[i], i);
    (void)fprintf(f, "</svg>\n");
    bool is_good = !ferror(f);
    return fclose(f) == 0 && is_good;
}
