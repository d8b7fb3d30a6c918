/* audio_run.h - measuring one system under one shape of load: what bench_audio
 * is made of. */
#ifndef PL_BENCH_AUDIO_RUN_H
#define PL_BENCH_AUDIO_RUN_H

#include "load/adapter.h"

enum { AUDIO_STEPS_MAX = 24 };

/* A server that is measured. */
typedef struct audio_system {
    const char *name;
    const pl_load_adapter *adapter;
    const char *program; /* the adapter starts it; "": it knows which */
    const char *config;  /* lines for it; "" none */
    const char *local;   /* address of peers by WebRTC; "" loopback */
} audio_system;

/* Rooms that are alike. */
typedef struct audio_shape {
    const char *name;
    unsigned participants, talkers; /* of a room */
    pl_load_transport transport;
    unsigned n_rooms; /* so many of them for the comparison at equal load */
} audio_shape;

typedef struct audio_place {
    int server_core, own_core;
    unsigned seconds;   /* of a window */
    unsigned settle_ms; /* after a change, before one */
} audio_place;

/* What one window showed. */
typedef struct audio_point {
    unsigned rooms, parties;
    double cpu_ms; /* of the server, a participant-second */
    double loss_permille;
    double late_ms;  /* p99 of packets behind their receiver's 20 ms grid */
    double tick_ms;  /* p99 of the server's ticks; NAN: it does not say */
    double delay_ms; /* median, mouth to ear; NAN none measured */
    double pss_kib, idle_kib;
    double wakeups;    /* of the server's threads, a second */
    double own_share;  /* CPU of the generator, of its core */
    double pace_ms;    /* p99 of how late it sent */
    bool is_clean;     /* everybody served in time */
    bool is_own_limit; /* the generator was at its own limit */
    char reason[PL_LOAD_REASON];
} audio_point;

/* One session of n rooms, one window. False: it could not be done, with the
 * reason in the point. */
bool audio_measure(const audio_place *place, const audio_system *system,
                   const audio_shape *shape, unsigned n_rooms,
                   audio_point *ret_point);

/* The same before there are rooms, and after everybody has left them. */
bool audio_measure_empty(const audio_place *place, const audio_system *system,
                         const audio_shape *shape, unsigned n_rooms,
                         audio_point *ret_before, audio_point *ret_point);

/* How far a system gets. */
typedef struct audio_limit {
    audio_point best;      /* the largest that was clean; parties 0: none */
    audio_point first_bad; /* parties 0: none */
    bool is_own_limit;     /* it may get further: the generator did not */
    double kib;            /* of a participant, PSS; NAN not known */
} audio_limit;

/* Add rooms to one session until it is not clean any more. expected: parties
 * that it will probably hold; the search begins below. */
void audio_grow(const audio_place *place, const audio_system *system,
                const audio_shape *shape, unsigned expected, unsigned steps_max,
                audio_limit *ret_limit);
/* The same with one room that gets larger, in a session each. */
void audio_grow_room(const audio_place *place, const audio_system *system,
                     const audio_shape *shape, unsigned expected,
                     unsigned steps_max, audio_limit *ret_limit);

#endif
