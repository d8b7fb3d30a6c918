/* fake_media.h - a scripted media worker: it keeps its rooms and legs, and
 * answers "answer:<offer>" to an offer (but nothing to "..no-media") and
 * "offer:<leg id>" to none. Every
 * description has the lines "audio/a0". */
#ifndef PL_TEST_FAKE_MEDIA_H
#define PL_TEST_FAKE_MEDIA_H

#include "core/model.h"
#include "talk.h"

enum { WORLD_LEGS = 64, WORLD_ROOMS = 32 };

typedef struct fake_leg {
    char id[65], room[65], prompt[65];
    char state[96]; /* of its snapshot: as imported, or its own */
    unsigned n_imports;
    uint32_t age_ms; /* of the position that it was imported with */
    bool mixed, muted, had_offer;
    unsigned n_remote, n_rollbacks;
    uint32_t direction; /* last one asked for */
    char lines[64];     /* that it was created with */
    char keys[256];     /* keyed to it, all of them */
} fake_leg;

typedef struct fake_media {
    pl_bus *bus; /* NULL: dead */
    world *world;
    char node[65];
    struct {
        char id[65];
        uint64_t epoch;
    } rooms[WORLD_ROOMS];
    size_t n_rooms;
    fake_leg legs[WORLD_LEGS];
    size_t n_legs;
    pl_err refuse; /* answer leg_create and leg_remote with this */
    pl_err refuse_open;
    uint32_t owed; /* said of the room opened last */
    pl_err refuse_keys;
    bool is_silent; /* takes requests, never answers */
    uint32_t direction;
    unsigned n_closed, n_destroyed;
    /* What was last asked of it for all, and for recording. */
    char room_prompt[65];
    bool is_room_loop;
    unsigned n_room_plays;
    struct {
        char id[65];
        uint32_t part;
        bool stems;
        unsigned n_starts;
    } recording; /* id "" none runs */
    unsigned n_record_stops;
    pl_err refuse_record;
    const char *refuse_record_text; /* NULL: none */
    const char *no_prompt; /* it does not have this one; NULL: has all */
    /* Network stack, "" it says none. With one it tells what its legs are, and
     * goes on with those of others as long as their ports are free. */
    char net[16];
    pl_err refuse_import, refuse_release;
    unsigned n_import_tries, n_releases;
    uint32_t life, load_permille; /* its beats say */
    bool is_hung;                 /* no link, but it holds what it held */
    bool tells_nothing;           /* of its legs, by itself */
    bool loses_final; /* its first leg's, of a release: an earlier one comes */
} fake_media;

/* A new incarnation, empty; greets roompool when that runs. */
void world_start_media(world *w, unsigned i);
void world_kill_media(world *w, unsigned i);
/* It stops as by SIGSTOP; goes on, and finds that its link is gone. */
void world_hang_media(world *w, unsigned i);
void world_wake_media(world *w, unsigned i);
/* A new one in this network stack, in its place. */
void world_start_media_in(world *w, unsigned i, const char *net);
/* It says how it is (pl_life). */
void media_beats(fake_media *m, uint32_t life);
/* It refuses nothing and answers. */
void media_is_well(fake_media *m);
/* It ended by itself. */
void media_says_goodbye(fake_media *m);
/* It says what its leg is, or only where. */
void media_tells_snapshot(fake_media *m, const fake_leg *leg);
void media_tells_position(fake_media *m, const fake_leg *leg, bool is_final);
/* List what it holds. */
void media_inventory(fake_media *m);

/* Its word of the recording that it was told to make; epoch 0 as it is. */
void media_reports_recording(fake_media *m, uint32_t state, const char *reason);
void media_tells_file(fake_media *m, const pl_recording_file *file);

/* A leg on whichever worker has it; NULL none. */
fake_leg *media_leg(world *w, const char *leg_id);
/* An event about a leg from the worker that holds it. */
void media_tells(world *w, const pl_leg *leg, const pl_msg_desc *desc,
                 const void *body);
/* leg_report. */
void media_report(world *w, const char *leg_id, uint32_t state);

#endif
