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
