/* bench_audio.c - Parley's media worker and Janus's AudioBridge under the same
 * load, one after the other in the same run: what a participant costs, how many
 * one core takes, with what loss, lateness, delay and memory.
 *
 * Each server runs as a process of its own on one core (Parley with one mixing
 * thread), the generator on the other; neither has real-time priority. Cost is
 * CPU time of the server's threads, not time on the wall, so that other work on
 * the machine blurs it little.
 *
 * usage: bench_audio [--quick] [--write]    --write: into docs/performance.md
 *        and docs/pictures/audio-cpu.svg */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audio_plot.h"
#include "audio_table.h"
#include "load/adapter_janus.h"
#include "load/janus_process.h"
#include "pl/log.h"
#include "pl/str.h"

enum {
    OURS,
    PEER,
    WEBINAR = 2000,
    MIDDLE = 250,
    EMPTY_ROOMS = 20,
    TEXT_MAX = 1 << 16
};

/* At equal load Janus is at about half a core. */
static const audio_shape SHAPES[] = {
    {"of 2, both talk", 2, 2, PL_LOAD_WEBRTC, 20},
    {"of 10, 3 talk", 10, 3, PL_LOAD_WEBRTC, 4},
    {"of 50, 3 talk", 50, 3, PL_LOAD_WEBRTC, 1},
    {"of 50, 3 talk, plain RTP", 50, 3, PL_LOAD_RTP, 1},
};
static const audio_shape MIDDLE_SHAPE = {"one of 250, 3 talk", MIDDLE, 3,
                                         PL_LOAD_WEBRTC, 1};
static const audio_shape WEBINAR_SHAPE = {"one of 2000, 3 talk", WEBINAR, 3,
                                          PL_LOAD_WEBRTC, 1};
static const audio_shape EMPTY_SHAPE = {"empty", 2, 2, PL_LOAD_WEBRTC,
                                        EMPTY_ROOMS};

typedef struct audio_plan {
    audio_place place;
    size_t repeats;
    unsigned steps;  /* of a search */
    unsigned shapes; /* bits */
} audio_plan;

static const audio_plan FULL = {{0, 1, 4, 1000}, 3, 12, 0xf};
static const audio_plan QUICK = {{0, 1, 3, 1000}, 1, 8, 0x5};

static audio_system systems[AUDIO_SYSTEMS] = {
    [OURS] = {"Parley", &pl_load_parley_bus, PL_BENCH_BIN "/parley-media",
              "realtime_priority = 0\n", ""},
    [PEER] = {"Janus", &pl_load_janus, "", "", ""},
};

static audio_findings found;

static void say_point(const char *what, const audio_system *system,
                      const audio_point *p)
{
    (void)printf("  %-26s %-11s %5u in: %6.2f CPU-ms, late %5.1f ms, delay "
                 "%4.0f ms, generator %3.0f %%%s%s%s\n",
                 what, system->name, p->parties, p->cpu_ms, p->late_ms,
                 p->delay_ms, p->own_share * 100.0,
                 p->is_own_limit ? " (its limit)" : "",
                 p->reason[0] ? ": " : "", p->reason);
    (void)fflush(stdout);
}

/* ---- measuring ---------------------------------------------------------- */

static void measure_equal(const audio_plan *plan, size_t at)
{
    const audio_shape *shape = found.shape[at];
    for (size_t i = 0; i < plan->repeats; i++) {
        for (size_t s = 0; s < AUDIO_SYSTEMS; s++) {
            audio_cell *cell = &found.cell[at][s];
            audio_point *p = &cell->point[cell->n];
            bool is_done = audio_measure(&plan->place, &systems[s], shape,
                                         shape->n_rooms, p);
            say_point(shape->name, &systems[s], p);
            if (is_done)
                cell->n++;
        }
    }
}

static void measure_limits(const audio_plan *plan, size_t at)
{
    const audio_shape *shape = found.shape[at];
    for (size_t s = 0; s < AUDIO_SYSTEMS; s++) {
        audio_cell *cell = &found.cell[at][s];
        const audio_point *p = audio_median(cell);
        if (!p)
            continue;
        unsigned expected = (unsigned)(1000.0 / p->cpu_ms);
        /* Whole rooms would be too coarse. */
        bool is_coarse = expected < 6 * shape->participants;
        (is_coarse && shape->participants > 2 ? audio_grow_room : audio_grow)(
            &plan->place, &systems[s], shape, expected, plan->steps,
            &cell->limit);
        say_point("  most, clean", &systems[s], &cell->limit.best);
        if (cell->limit.first_bad.parties || cell->limit.first_bad.reason[0])
            say_point("  first that is not", &systems[s],
                      &cell->limit.first_bad);
    }
}

static void measure_all(const audio_plan *plan)
{
    for (size_t i = 0; i < sizeof SHAPES / sizeof SHAPES[0]; i++) {
        if (plan->shapes & 1U << i)
            found.shape[found.n_shapes++] = &SHAPES[i];
    }
    for (size_t i = 0; i < found.n_shapes; i++) {
        (void)printf("rooms %s\n", found.shape[i]->name);
        measure_equal(plan, i);
        measure_limits(plan, i);
    }
    (void)printf("one large room\n");
    (void)audio_measure(&plan->place, &systems[OURS], &MIDDLE_SHAPE, 1,
                        &found.middle_point);
    say_point(MIDDLE_SHAPE.name, &systems[OURS], &found.middle_point);
    (void)audio_measure(&plan->place, &systems[OURS], &WEBINAR_SHAPE, 1,
                        &found.webinar_point);
    say_point(WEBINAR_SHAPE.name, &systems[OURS], &found.webinar_point);
    (void)printf("empty rooms\n");
    for (size_t s = 0; s < AUDIO_SYSTEMS; s++) {
        if (!audio_measure_empty(&plan->place, &systems[s], &EMPTY_SHAPE,
                                 EMPTY_ROOMS, &found.no_room[s],
                                 &found.empty[s]))
            found.empty[s].wakeups = NAN;
        (void)printf("  %-11s %.1f wake-ups a second, %.1f without rooms %s\n",
                     systems[s].name, found.empty[s].wakeups,
                     found.no_room[s].wakeups, found.empty[s].reason);
    }
}

/* ---- the picture -------------------------------------------------------- */

static void add_to(audio_series *series, double x, double y, double low,
                   double high)
{
    size_t i = series->n;
    if (i == AUDIO_POINTS_MAX || !(low > 0.0))
        return;
    series->at[i].x = x;
    series->at[i].y = y;
    series->at[i].low = low;
    series->at[i].high = high;
    series->n++;
}

static bool draw(void)
{
    audio_series series[AUDIO_SYSTEMS] = {{.name = systems[OURS].name},
                                          {.name = systems[PEER].name}};
    for (size_t i = 0; i < found.n_shapes; i++) {
        for (size_t s = 0; s < AUDIO_SYSTEMS; s++) {
            audio_cell *cell = &found.cell[i][s];
            const audio_point *p = audio_median(cell);
            if (p && found.shape[i]->transport == PL_LOAD_WEBRTC)
                add_to(&series[s], found.shape[i]->participants, p->cpu_ms,
                       audio_cost_low(cell), audio_cost_high(cell));
        }
    }
    const audio_point *large[] = {&found.middle_point, &found.webinar_point};
    for (size_t i = 0; i < 2; i++) {
        double y = large[i]->cpu_ms;
        if (large[i]->parties)
            add_to(&series[OURS], large[i]->parties, y, y, y);
    }
    return audio_plot_write(PL_BENCH_ROOT "/docs/pictures/audio-cpu.svg",
                            series, AUDIO_SYSTEMS);
}

/* ---- the report --------------------------------------------------------- */

static void read_line(const char *path, const char *key, char *buf, size_t cap)
{
    char line[256];
    FILE *f = fopen(path, "r");
    buf[0] = '\0';
    while (f && !buf[0] && fgets(line, sizeof line, f)) {
        const char *at = strchr(line, ':');
        if (strncmp(line, key, strlen(key)) == 0 && at)
            pl_fmt_cut(buf, cap, "%.*s", (int)strcspn(at + 2, "\n"), at + 2);
    }
    if (f)
        (void)fclose(f);
}

/* "Janus 1.1.2", when the package manager knows; and where it is. */
static void know_peer(void)
{
    static char local[64];
    if (janus_process_address(local, sizeof local))
        systems[PEER].local = local;

    static char name[48];
    char version[32] = "";
    FILE *f = popen("dpkg-query -W -f='${Version}' janus 2>/dev/null", "r");
    if (f && fgets(version, sizeof version, f) && version[0])
        pl_fmt_cut(name, sizeof name, "Janus %.*s",
                   (int)strcspn(version, "-\n"), version);
    if (f)
        (void)pclose(f);
    if (name[0])
        systems[PEER].name = name;
}

static void put_place(pl_buf *out, bool is_quick, double minutes)
{
    char model[128];
    char date[32] = "";
    time_t now = time(NULL);
    struct tm parts;
    read_line("/proc/cpuinfo", "model name", model, sizeof model);
    if (gmtime_r(&now, &parts))
        (void)strftime(date, sizeof date, "%Y-%m-%d", &parts);
    pl_buf_add_fmt(
        out, "%s, %s, %ld cores, `./bench audio%s`, %.0f minutes.\n\n", date,
        model[0] ? model : "a machine that has no name",
        sysconf(_SC_NPROCESSORS_ONLN), is_quick ? " --quick" : "", minutes);
}

static void warn_of_limits(pl_buf *out)
{
    for (size_t i = 0; i < found.n_shapes; i++) {
        for (size_t s = 0; s < AUDIO_SYSTEMS; s++) {
            if (found.cell[i][s].limit.is_own_limit)
                pl_buf_add_fmt(out,
                               "\nRooms %s, %s: the load generator was at its "
                               "own limit; the server may take more.\n",
                               found.shape[i]->name, systems[s].name);
        }
    }
    if (found.webinar_point.is_own_limit)
        pl_buf_add_str(out, "\nThe room of 2000: the load generator was at its "
                            "own limit.\n");
}

static bool write_docs(pl_slice table, pl_slice targets)
{
    const char *path = PL_BENCH_ROOT "/docs/performance.md";
    return audio_replace(path, "audio-table", table) &&
           audio_replace(path, "audio-targets", targets) && draw();
}

int main(int argc, char **argv)
{
    bool is_quick = false;
    bool is_written = false;
    for (int i = 1; i < argc; i++) {
        is_quick = is_quick || strcmp(argv[i], "--quick") == 0;
        is_written = is_written || strcmp(argv[i], "--write") == 0;
        if (strcmp(argv[i], "--quick") != 0 &&
            strcmp(argv[i], "--write") != 0) {
            bool is_help = strcmp(argv[i], "--help") == 0;
            if (!is_help)
                (void)fprintf(stderr, "unknown option '%s'\n", argv[i]);
            (void)fprintf(is_help ? stdout : stderr,
                          "usage: bench_audio [--quick] [--write]\n");
            return is_help ? 0 : 64;
        }
    }
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || !janus_process_is_there()) {
        (void)fprintf(stderr, "needs two cores and Debian's package janus\n");
        return 69;
    }
    pl_log_set_level(PL_LOG_WARN);
    const audio_plan *plan = is_quick ? &QUICK : &FULL;
    time_t begun = time(NULL);
    found = (audio_findings){.system = {&systems[OURS], &systems[PEER]},
                             .webinar = &WEBINAR_SHAPE,
                             .middle = MIDDLE};
    know_peer();
    measure_all(plan);
    pl_buf table;
    pl_buf targets;
    pl_buf_init(&table, TEXT_MAX);
    pl_buf_init(&targets, TEXT_MAX);
    put_place(&table, is_quick, difftime(time(NULL), begun) / 60.0);
    audio_table_write(&table, &found);
    warn_of_limits(&table);
    (void)audio_targets_write(&targets, &found);
    (void)printf("\n%s\n%s", pl_buf_text(&table), pl_buf_text(&targets));
    bool is_good =
        !is_written || write_docs(pl_buf_slice(&table), pl_buf_slice(&targets));
    pl_buf_fini(&table);
    pl_buf_fini(&targets);
    return is_good ? 0 : 70;
}
