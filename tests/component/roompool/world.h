/* world.h - roompool with its real store and bus glue, on an in-memory bus and
 * a fake clock, among scripted workers. */
#ifndef PL_TEST_WORLD_H
#define PL_TEST_WORLD_H

#include "bus_glue.h"
#include "core/model.h"
#include "io/store_sqlite.h"
#include "pl/loop.h"
#include "pl/str.h"

enum { WORLD_LEGS = 64, WORLD_ROOMS = 32, WORLD_CALLS = 32, WORLD_SENT = 256 };

typedef struct fake_leg {
    char id[65], room[65], prompt[65];
    bool mixed, muted, had_offer;
    unsigned n_remote;
} fake_leg;

typedef struct fake_media {
    pl_bus *bus; /* NULL: dead */
    struct world *world;
    char node[65];
    struct {
        char id[65];
        uint64_t epoch;
    } rooms[WORLD_ROOMS];
    size_t n_rooms;
    fake_leg legs[WORLD_LEGS];
    size_t n_legs;
    pl_err refuse;  /* answer leg_create and leg_remote with this */
    bool is_silent; /* takes requests, never answers */
    uint32_t direction;
    unsigned n_closed, n_destroyed;
} fake_media;

typedef struct fake_call {
    char id[65];
    uint32_t status; /* last call_respond */
    bool is_started, is_ended;
    char sdp[256]; /* last we were given */
    char end_reason[129];
} fake_call;

typedef struct fake_signaling {
    pl_bus *bus;
    struct world *world;
    char node[65];
    fake_call calls[WORLD_CALLS];
    size_t n_calls;
    unsigned n_offers;
    pl_err refuse_offer;
} fake_signaling;

typedef struct world {
    pl_loop *loop;
    pl_bus_hub *hub;
    pl_bus *bus; /* roompool's */
    pl_store *store;
    pl_metrics *metrics;
    pl_glue *glue;
    pl_roompool_config config;
    char folder[64];
    char path[96];
    pl_bus *api;
    char api_node[65];
    fake_media media[3];
    fake_signaling sig;
    unsigned n_media;
    bool is_fatal;
    unsigned n_boot;
    /* Put between the store and its user; NULL none. */
    pl_store *(*wrap)(void *ctx, pl_store *real);
    void *wrap_ctx;
} world;

/* The reply of a request: its struct with strings copied and sdp kept. */
typedef struct answer {
    bool is_done;
    pl_err error;
    const pl_msg_desc *desc;
    uint64_t corr;
    union {
        pl_room_joined joined;
        pl_participant_media_done media;
        pl_participant_refreshed refreshed;
        pl_session_created session;
        pl_conference_created conference;
        pl_conference_action_done action;
        pl_participant_invited invited;
        pl_event_item event;
        pl_event_none none;
        pl_call_answer call;
        pl_metrics_text metrics;
        pl_ok ok;
    } body;
    char sdp[512];
} answer;

/* A world with n media workers, one signaling worker and a front end, rooms
 * lobby, echo, locked (PIN 1234, host PIN 9999) and small (2 participants). */
void world_create(world *w, unsigned n_media);
void world_destroy(world *w);
/* The same in steps: a folder and settings; loop and bus; the whole in a
 * prepared folder with a wrapped store. */
void world_prepare(world *w);
void world_create_parts(world *w);
void world_create_at(world *w, unsigned n_media,
                     pl_store *(*wrap)(void *ctx, pl_store *real),
                     void *wrap_ctx);
void world_start_roompool(world *w);
/* As a kill: nothing is written, the bus goes. */
void world_kill_roompool(world *w);
void world_start_media(world *w, unsigned i);
void world_kill_media(world *w, unsigned i);
void world_start_signaling(world *w);
void world_kill_signaling(world *w);
/* Send an inventory of what the workers hold. */
void world_send_inventory(world *w);
/* Let time pass. */
void world_run(world *w, int64_t us);

/* Send a request; `a` is filled when the reply comes (world_run). */
void world_send(world *w, pl_bus *from, const pl_msg_desc *desc,
                const void *body, answer *a);
/* Send and wait for the reply. */
void world_ask(world *w, const pl_msg_desc *desc, const void *body, answer *a);
void world_ask_from(world *w, pl_bus *from, const pl_msg_desc *desc,
                    const void *body, answer *a);

/* ---- short forms; NULL pin is none ---- */
/* Hash of a made-up token. */
const char *hash_of(const char *token);
pl_err join_room(world *w, const char *alias, const char *pin,
                 const char *token, answer *a);
pl_err join_media(world *w, const answer *joined, const char *token, answer *a);
/* One poll of a participant, advancing *cursor. PL_EAGAIN: nothing came. */
pl_err poll_part(world *w, const char *id, const char *token, bool fresh,
                 uint64_t *cursor, answer *a);
/* Next event of a session, acknowledged; PL_EAGAIN none within a second. */
pl_err poll_session(world *w, const char *id, const char *token, answer *a);
/* A telephone calls; replies to call_incoming. */
pl_err phone_call(world *w, const char *call_id, const char *to,
                  const char *offer);
pl_err phone_report(world *w, const char *call_id, uint32_t state,
                    uint32_t status, const char *sdp);
void phone_key(world *w, const char *call_id, const char *digits, bool by_info);
pl_err open_session(world *w, const char *user, const char *token, answer *a);
pl_err create_conference(world *w, const answer *session, const char *token,
                         answer *a);
pl_err conference_do(world *w, const char *token, const char *conf,
                     pl_action action, const char *sdp, answer *a);
pl_err conference_leave(world *w, const char *token, const char *conf);
pl_err invite(world *w, const char *token, const char *conf,
              const char *address, answer *a);
pl_err remove_part(world *w, const char *token, const char *conf,
                   const char *address);

fake_leg *media_leg(world *w, const char *leg_id);
fake_call *sig_call(world *w, const char *call_id);
/* The one call that roompool started last. */
fake_call *sig_started(world *w);
void media_report(world *w, const char *leg_id, uint32_t state);
pl_pool *world_pool(world *w);
int64_t world_metric(world *w, size_t metric);
/* Assert that no invariant is broken. */
void world_check(world *w);
/* A single integer from the database, by a second connection. */
int64_t world_sql(world *w, const char *sql);

#endif
