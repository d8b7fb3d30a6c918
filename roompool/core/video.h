/* video.h - video sessions: an app asks for a talk, gets a room that nobody had
 * before, and tells how its calls go.
 *
 * A session outlives its room: what it was told last stays readable for a day
 * after its end, and in the database for longer. Its room is one of our own
 * pool, taken in the same transaction, or one that a room API elsewhere gave
 * (video_room.c). */
#ifndef PL_ROOMPOOL_VIDEO_H
#define PL_ROOMPOOL_VIDEO_H

#include "model.h"
#include "token_cache.h"

extern const pl_sm PL_VIDEO_SM;

typedef struct pl_vcall {
    pl_list link; /* pl_video.calls, the oldest first */
    pl_vcall_row row;
} pl_vcall;

typedef struct pl_video {
    pl_video_row row;
    pl_list link;  /* pl_videos.all, the oldest first */
    pl_list calls; /* pl_vcall.link */
    unsigned n_calls;
    unsigned n_tries;  /* to give its room back, in vain */
    bool is_returning; /* such a try is under way */
    pl_task due;       /* silence and the end of its life, or of its memory */
    pl_task give_back; /* the next try */
} pl_video;

/* The client of the token server elsewhere; secrets. */
typedef struct pl_video_client {
    char id[129];
    char secret[257];
} pl_video_client;

struct pl_videos {
    pl_map *by_id;   /* session_id */
    pl_map *by_room; /* the newest of a room's name */
    pl_list all;
    unsigned n_live;
    pl_token_cache *token;
    pl_video_client client;
    pl_list errands; /* to the room API elsewhere; video_room.c */
    uint64_t errand_no;
    unsigned n_making; /* of them, sessions to be */
    pl_task renew;
};

PL_MUST_USE pl_err pl_videos_create(pl_videos **ret_videos);
void pl_videos_destroy(pl_videos **videos);

/* Why the keys video_.. do not go together; NULL when they do. */
const char *pl_video_config_fault(const pl_roompool_config *config);

/* ---- after a start ---- */
PL_MUST_USE pl_err pl_video_load(pl_pool *pool, const pl_video_row *row);
PL_MUST_USE pl_err pl_vcall_load(pl_pool *pool, const pl_vcall_row *row);
/* Everything is loaded: go on with every deadline. */
void pl_video_resume(pl_pool *pool);
/* Those that ended before wall_ms go from the database: nothing may refer to
 * them any more, whatever the wall clock did. */
void pl_video_prune(pl_pool *pool, int64_t wall_ms);

/* ---- sessions ---- */
/* By id, else the newest of a room's name; NULL none. */
pl_video *pl_video_find(const pl_pool *pool, const char *id);
/* A new one, granted. row: its people, room and host; times, state and id are
 * added. id: its id, unless those are names of rooms.
 * Errors: PL_EEXIST the id; PL_ENOMEM. */
PL_MUST_USE pl_err pl_video_add(pl_pool *pool, const pl_video_row *row,
                                const char *id, pl_video **ret_video);
/* One that is over: its state, and its room given back. Harmless when it is
 * over. */
void pl_video_end(pl_pool *pool, pl_video *video, uint32_t state,
                  const char *cause);
void pl_video_save(pl_pool *pool, const pl_video *video);
/* A status for its history; call "": of the session. */
void pl_video_note(pl_pool *pool, pl_video *video, const char *call,
                   const char *status);
void pl_video_reply(pl_pool *pool, const pl_bus_ticket *ticket,
                    const pl_video *video);

/* ---- its room (video_room.c) ---- */
/* Make a session for who asks, with a room of ours, or one of elsewhere. */
void pl_video_make(pl_pool *pool, const pl_bus_ticket *ticket,
                   const pl_video_create *m);
/* Give the room back: at once, or until the room API took it. */
void pl_video_give_back(pl_pool *pool, pl_video *video);
/* Whether somebody is, or may come, in a room of ours. */
typedef struct pl_video_room_state {
    bool is_known; /* false: elsewhere */
    bool is_there, was_joined, is_occupied;
} pl_video_room_state;
pl_video_room_state pl_video_room_look(const pl_pool *pool,
                                       const pl_video *video);
void pl_video_errands_free(pl_videos *videos);

/* ---- messages ---- */
void pl_on_video_create(pl_pool *pool, const pl_bus_in *in);
void pl_on_video_get(pl_pool *pool, const pl_bus_in *in);
void pl_on_video_status(pl_pool *pool, const pl_bus_in *in);
void pl_on_video_delete(pl_pool *pool, const pl_bus_in *in);
void pl_on_video_call_put(pl_pool *pool, const pl_bus_in *in);

/* What must always hold; NULL when it does. For tests. */
const char *pl_video_breach(const pl_pool *pool);

#endif
