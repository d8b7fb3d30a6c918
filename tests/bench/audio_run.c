/* audio_run.c - measuring one system under one shape of load. */
#include "audio_run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "pl/str.h"

enum {
    BEGIN_PERCENT = 80, /* of what is expected */
    STEP_PERCENT = 7,
    TRIES = 3, /* to begin, each time with.. */
    LESS_PERCENT = 75,
    SAME_STEPS = 4, /* then they become twice as large */
    VERIFIED = 4    /* receivers whose audio is decoded */
};

/* What is good enough: the limits of the comparison. Janus's mixer sleeps for
 * 5 ms at a time, so that its packets are late by that always: for packets
 * the limit is a whole tick, for both; Parley's own ticks have the narrower
 * one. */
static const double LOSS_PERMILLE = 1.0;
static const double TICK_MS = 5.0;
static const double PACKET_MS = 20.0;
/* Above these the generator is what is measured. */
static const double OWN_SHARE = 0.9;
static const double PACE_MS = 5.0;

static pl_load_options options_of(const audio_place *place,
                                  const audio_system *system,
                                  const audio_shape *shape, unsigned capacity)
{
    pl_load_options o = PL_LOAD_DEFAULT;
    o.participants = shape->participants;
    o.talkers = shape->talkers;
    o.capacity = capacity;
    o.codec = PL_AUDIO_OPUS;
    o.transport = shape->transport;
    o.quiet = PL_LOAD_QUIET_NOISE;
    o.verify = VERIFIED;
    o.speech = PL_BENCH_ROOT "/media-worker/prompts";
    o.server = "";
    o.spawn = system->program;
    o.spawn_config = system->config;
    if (shape->transport == PL_LOAD_WEBRTC && system->local[0]) {
        o.local = system->local;
        o.is_remote = true;
    }
    o.spawn_core = place->server_core;
    o.own_core = place->own_core;
    o.spawn_threads = 1;
    o.is_quiet = true;
    return o;
}

static double metric(const pl_load_server *server, const char *name)
{
    for (size_t i = 0; i < server->n_metrics; i++) {
        if (strcmp(server->metric[i].name, name) == 0)
            return server->metric[i].value;
    }
    return NAN;
}

static double ms_at(const pl_stats *s, double share)
{
    return s->n ? (double)pl_stats_at(s, share) / 1000.0 : NAN;
}

static double switches(const pl_load_server *server)
{
    uint64_t n = 0;
    for (size_t i = 0; i < server->n_threads; i++)
        n += server->thread[i].voluntary + server->thread[i].involuntary;
    return (double)n;
}

static audio_point point_of(const pl_load_result *r)
{
    audio_point p = {.rooms = r->rooms, .parties = r->connected};
    double due = (double)r->due;
    double missing = r->due > r->received ? due - (double)r->received : 0.0;
    p.cpu_ms = r->connected ? r->server.cpu_s * 1000.0 /
                                  (r->seconds * (double)r->connected)
                            : NAN;
    p.loss_permille = due > 0.0 ? missing * 1000.0 / due : 0.0;
    p.late_ms = ms_at(&r->late_us, 0.99);
    p.tick_ms = metric(&r->server, "tick_late_p99_us") / 1000.0;
    p.delay_ms = ms_at(&r->delay_us, 0.5);
    p.pss_kib = (double)r->server.pss_kib;
    p.idle_kib = (double)r->server.idle_kib;
    p.wakeups = switches(&r->server) / r->seconds;
    p.own_share =
        (r->main_cpu_s + r->send_cpu_s + r->receive_cpu_s) / r->seconds;
    p.pace_ms = ms_at(&r->pace_us, 0.99);
    p.is_own_limit = p.own_share > OWN_SHARE || p.pace_ms > PACE_MS;
    bool is_late = p.late_ms > PACKET_MS || p.tick_ms > TICK_MS;
    p.is_clean = r->is_good && p.loss_permille < LOSS_PERMILLE && !is_late;
    if (!r->is_good)
        pl_fmt_cut(p.reason, sizeof p.reason, "%s", r->reason);
    else if (p.loss_permille >= LOSS_PERMILLE)
        pl_fmt_cut(p.reason, sizeof p.reason, "%.2g %% lost",
                   p.loss_permille / 10.0);
    else if (is_late)
        pl_fmt_cut(p.reason, sizeof p.reason, "late: p99 of packets %.1f ms%s",
                   p.late_ms, p.tick_ms > TICK_MS ? ", of ticks > 5 ms" : "");
    return p;
}

/* A window after things have settled. */
static bool look(pl_load *load, const audio_place *place,
                 audio_point *ret_point)
{
    static pl_load_result result; /* large */
    if (pl_load_wait(load, place->settle_ms) != PL_OK ||
        pl_load_window(load, place->seconds, &result) != PL_OK) {
        *ret_point = (audio_point){0};
        pl_fmt_cut(ret_point->reason, sizeof ret_point->reason, "%s",
                   pl_load_reason(load));
        return false;
    }
    *ret_point = point_of(&result);
    return true;
}

static pl_load *open_session(const pl_load_options *o,
                             const audio_system *system, unsigned n_rooms,
                             audio_point *ret_point)
{
    char reason[PL_LOAD_REASON] = "";
    pl_load *load = NULL;
    pl_err e = pl_load_create(o, system->adapter, reason, &load);
    if (e == PL_OK && n_rooms > 0)
        e = pl_load_add_rooms(load, n_rooms);
    if (e == PL_OK)
        return load;
    *ret_point = (audio_point){0};
    const char *why = load ? pl_load_reason(load) : reason;
    pl_fmt_cut(ret_point->reason, sizeof ret_point->reason, "%s",
               why[0] ? why : pl_err_text(e));
    pl_load_destroy(&load);
    return NULL;
}

bool audio_measure(const audio_place *place, const audio_system *system,
                   const audio_shape *shape, unsigned n_rooms,
                   audio_point *ret_point)
{
    pl_load_options o =
        options_of(place, system, shape, n_rooms * shape->participants);
    pl_load *load = open_session(&o, system, n_rooms, ret_point);
    bool is_done = load && look(load, place, ret_point);
    pl_load_destroy(&load);
    return is_done;
}

bool audio_measure_empty(const audio_place *place, const audio_system *system,
                         const audio_shape *shape, unsigned n_rooms,
                         audio_point *ret_before, audio_point *ret_point)
{
    pl_load_options o =
        options_of(place, system, shape, n_rooms * shape->participants);
    o.verify = 0;
    pl_load *load = open_session(&o, system, 0, ret_point);
    bool is_done = load && look(load, place, ret_before) &&
                   pl_load_add_rooms(load, n_rooms) == PL_OK;
    for (unsigned i = 0; is_done && i < n_rooms * shape->participants; i++)
        is_done = pl_load_leave(load, i) == PL_OK;
    is_done = is_done && look(load, place, ret_point);
    ret_point->rooms = n_rooms;
    pl_load_destroy(&load);
    return is_done;
}

/* ---- growing ------------------------------------------------------------ */

/* Take a point into the limit. False: it was not clean. */
static bool count_point(audio_limit *limit, const audio_point *point)
{
    if (point->is_clean)
        limit->best = *point;
    else
        limit->first_bad = *point;
    if (point->is_own_limit)
        limit->is_own_limit = true;
    return point->is_clean;
}

static unsigned at_least_1(unsigned n)
{
    return n > 0 ? n : 1;
}

static unsigned step_at(unsigned step, unsigned i)
{
    return step << i / SAME_STEPS;
}

static unsigned all_steps(unsigned step, unsigned n)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < n; i++)
        sum += step_at(step, i);
    return sum;
}

/* A window that is not clean may have been a neighbour on the machine: it is
 * looked at once more. */
static bool look_twice(pl_load *load, const audio_place *place,
                       audio_point *ret_point)
{
    if (!look(load, place, ret_point))
        return false;
    return ret_point->is_clean || look(load, place, ret_point);
}

/* Begin with so many rooms and go on from there. False: not even these. */
static bool grow_from(const audio_place *place, const audio_system *system,
                      const audio_shape *shape, unsigned begin, unsigned step,
                      unsigned steps_max, audio_limit *limit)
{
    unsigned size = shape->participants;
    pl_load_options o = options_of(place, system, shape,
                                   (begin + all_steps(step, steps_max)) * size);
    audio_point point;
    double first_kib = 0.0;
    unsigned first = 0;
    pl_load *load = open_session(&o, system, begin, &point);
    bool is_clean = load && look_twice(load, place, &point);
    if (is_clean)
        is_clean = count_point(limit, &point);
    else
        limit->first_bad = point;
    first_kib = point.pss_kib;
    first = point.parties;
    for (unsigned i = 0; is_clean && i < steps_max; i++) {
        if (pl_load_add_rooms(load, step_at(step, i)) != PL_OK ||
            !look_twice(load, place, &point)) {
            pl_fmt_cut(limit->first_bad.reason, PL_LOAD_REASON, "%s",
                       pl_load_reason(load));
            break;
        }
        is_clean = count_point(limit, &point);
        if (point.parties > first)
            limit->kib =
                (point.pss_kib - first_kib) / (double)(point.parties - first);
    }
    pl_load_destroy(&load);
    return limit->best.parties > 0;
}

void audio_grow(const audio_place *place, const audio_system *system,
                const audio_shape *shape, unsigned expected, unsigned steps_max,
                audio_limit *ret_limit)
{
    *ret_limit = (audio_limit){.kib = NAN};
    unsigned size = shape->participants;
    unsigned begin = at_least_1(expected * BEGIN_PERCENT / 100 / size);
    unsigned step = at_least_1(expected * STEP_PERCENT / 100 / size);
    for (unsigned i = 0; i < TRIES; i++) {
        if (grow_from(place, system, shape, begin, step, steps_max,
                      ret_limit) ||
            begin == 1)
            return;
        begin = at_least_1(begin * LESS_PERCENT / 100);
    }
}

void audio_grow_room(const audio_place *place, const audio_system *system,
                     const audio_shape *shape, unsigned expected,
                     unsigned steps_max, audio_limit *ret_limit)
{
    *ret_limit = (audio_limit){.kib = NAN};
    audio_shape grown = *shape;
    unsigned step = at_least_1(expected * STEP_PERCENT / 100);
    grown.participants = at_least_1(expected * BEGIN_PERCENT / 100);
    for (unsigned i = 0, down = 0; i < steps_max + down; i++) {
        audio_point point;
        bool is_clean = audio_measure(place, system, &grown, 1, &point) &&
                        count_point(ret_limit, &point);
        if (!is_clean && ret_limit->best.parties == 0 && down < TRIES) {
            ret_limit->first_bad = point;
            down++;
            grown.participants =
                at_least_1(grown.participants * LESS_PERCENT / 100);
            continue;
        }
        if (!is_clean) {
            ret_limit->first_bad = point;
            return;
        }
        ret_limit->kib = (point.pss_kib - point.idle_kib) /
                         (double)at_least_1(point.parties);
        if (down > 0)
            return; /* what lies above was tried */
        grown.participants += step_at(step, i);
    }
}
