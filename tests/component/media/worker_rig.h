/* worker_rig.h - the whole media worker with all its threads; the rig plays
 * roompool on an in-memory bus. */
#ifndef WORKER_RIG_H
#define WORKER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app.h"
#include "core/leg_sdp.h"
#include "core/media_metrics.h"
#include "pl/str.h"

enum { EPOCH = 7, REPORTS = 64 };

/* The one room that there is. */
extern const char room[37];

/* What roompool keeps of a leg for the worker that may have to go on. */
typedef struct kept_leg {
    char leg[65];
    uint8_t state[16384], position[512];
    size_t state_len, position_len;
    uint8_t first_position[512]; /* that came with the latest state */
    size_t first_position_len;
    uint32_t n_states, n_positions; /* that came */
    bool is_final;                  /* says the latest position */
} kept_leg;
enum { KEPT = 40 };

/* Another worker beside the first one, on the same bus. */
typedef struct second_worker {
    pl_bus *bus;
    pl_metrics *metrics;
    pl_media_config config;
    pl_media *media;
} second_worker;

typedef struct world {
    pl_loop *loop;
    pl_bus_hub *hub;
    pl_bus *pool, *bus;
    pl_metrics *metrics;
    pl_media_config config;
    pl_media *media;
    pl_timer *deadline;
    bool is_late, has_reply, is_drained;
    pl_err error;
    char text[PL_SDP_MAX];
    uint32_t sdp_type, direction;
    char lines[PL_LEG_SDP_LINES];
    struct {
        char leg[65];
        uint32_t state;
        char codec[33];
    } report[REPORTS];
    size_t n_reports, n_seen;
    uint32_t n_items, n_ends, n_played;
    char played[65]; /* name of the latest prompt that ended */
    uint32_t n_room_played;
    const char *to; /* who is asked */
    uint64_t epoch; /* of what is asked, the latest one */
    kept_leg kept[KEPT];
    second_worker second;
} world;

/* cmocka fixtures; *state is a world. */
int worker_begin(void **state);
typedef struct worker_options {
    uint32_t max_legs;
    uint32_t budget_permille;   /* 0: none */
    const char *recordings_dir; /* NULL: none */
    uint32_t min_free_mib;      /* there, or nothing is recorded */
} worker_options;
int worker_begin_with(void **state, const worker_options *options);
int worker_end(void **state);
/* Start another worker with the same configuration, but for the port: it takes
 * one that is free. Commands go to the first one all the same. */
void second_begin(world *w);
void second_end(world *w);
/* The first one ends as by kill -9: nobody is told. */
void first_dies(world *w);
/* And comes back, as a new one. */
void first_begin(world *w);
/* Commands go to the first or the second one from now on, in another epoch. */
void turn_to(world *w, bool is_second, uint64_t epoch);
/* What is known of the leg, waited for; at least so many of each. */
kept_leg *kept(world *w, const char *leg, uint32_t n_states,
               uint32_t n_positions);
/* media_leg_import of what is known. */
pl_err import(world *w, const kept_leg *k, pl_leg_kind kind, uint32_t age_ms);

/* Run the loop until something came; false after the deadline. */
bool turn(world *w);
/* Send a request and wait for its reply. */
pl_err ask(world *w, uint64_t epoch, const pl_msg_desc *d, const void *body);
/* State of the next leg_report, waited for. */
uint32_t next_state(world *w);

#define SET_TEXT(field, value)                                                 \
    assert_int_equal(pl_copy((field), sizeof(field), pl_slice_str(value)),     \
                     PL_OK)

uint16_t webrtc_port(const world *w);
/* Requests; what they answer lies in the world. */
pl_err open_room(world *w, uint64_t epoch);
/* The same where voices stay as loud as they are: on a slow machine a tone has
 * gaps, is taken for speech, and would be made as loud as that. */
pl_err open_raw_room(world *w, uint64_t epoch);
/* sdp NULL: ask for an offer. */
pl_err create(world *w, const char *leg, pl_leg_kind kind, const char *sdp);
/* Ask for a browser's first offer that keeps these m= lines. */
pl_err create_keeping(world *w, const char *leg, const char *lines);
/* sdp NULL: ask for an offer as before, or roll back. */
pl_err remote(world *w, const char *leg, const char *sdp, pl_sdp_type type);
/* Ask for an offer with this direction. */
pl_err offer(world *w, const char *leg, pl_direction direction);
/* prompt "": stop. */
pl_err play(world *w, const char *leg, const char *prompt, bool loop);
pl_err play_to_room(world *w, uint64_t epoch, const char *prompt, bool loop);
pl_err destroy(world *w, const char *leg);

#endif
