/* world.h - roompool with its real store and bus glue, on an in-memory bus and
 * a fake clock, among scripted workers (fake_media.h, fake_signaling.h),
 * clients (fake_client.h) and servers of others (fake_web.h). */
#ifndef PL_TEST_WORLD_H
#define PL_TEST_WORLD_H

#include "bus_glue.h"
#include "core/device/registration.h"
#include "core/model.h"
#include "fake_client.h"
#include "fake_media.h"
#include "fake_signaling.h"
#include "fake_web.h"
#include "io/store_sqlite.h"
#include "pl/loop.h"
#include "pl/str.h"

/* Numbers of ours: without a network, by a trunk, by an account. */
#define WORLD_LINES                                                            \
    "+4930555* trunk domain=localhost\n"                                       \
    "+4930666* trunk domain=ims.test next_hop=sip:192.0.2.1\n"                 \
    "+4930777* account domain=reg.test password=secret\n"

/* Where a room was opened, by its conference; the latest. */
enum { WORLD_PLACES = 512 };
typedef struct world_place {
    uint64_t epoch;
    char room[65], node[65];
} world_place;

struct world {
    pl_loop *loop;
    pl_bus_hub *hub;
    pl_bus *bus; /* roompool's */
    pl_store *store;
    pl_metrics *metrics;
    pl_glue *glue;
    pl_roompool_config config;
    const char *lines_text; /* numbers of ours, read when roompool starts */
    pl_lines *lines;
    char folder[64];
    char path[96];
    pl_bus *api;
    char api_node[65];
    fake_media media[3];
    fake_signaling sig, sig2;
    fake_web web; /* servers of others, behind the front end */
    unsigned n_media;
    const char *nets[3]; /* network stacks of its media workers; NULL none */
    world_place places[WORLD_PLACES];
    size_t n_places;
    bool is_fatal;
    unsigned n_boot;
    /* Put between the store and its user; NULL none. */
    pl_store *(*wrap)(void *ctx, pl_store *real);
    void *wrap_ctx;
};

/* A world with n media workers, one signaling worker and a front end, rooms
 * lobby, echo, locked (PIN 1234, host PIN 9999), hosted (host PIN 9999) and
 * small (2 participants). */
void world_create(world *w, unsigned n_media);
/* The same with media workers of one network stack. */
void world_create_siblings(world *w, unsigned n_media);
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
/* Every worker lists what it holds. */
void world_send_inventory(world *w);
/* Let time pass. */
void world_run(world *w, int64_t us);

/* ---- looking ---- */
/* Log lines of one event since world_listens(): how many, the last. */
typedef struct world_notes {
    const char *event;
    unsigned n;
    pl_log_level level;
    char conf[PL_ID_MAX + 1];
    char text[512];
    pl_port port;
} world_notes;
/* One at a time; until roompool is killed. notes outlives it. */
void world_listens(world *w, world_notes *notes, const char *event);
pl_pool *world_pool(world *w);
int64_t world_metric(world *w, size_t metric);
/* Assert that no invariant is broken. */
void world_check(world *w);
/* A single integer from the database, by a second connection. */
int64_t world_sql(world *w, const char *sql);
/* Change the database; roompool must not run. */
void world_write(world *w, const char *sql);

#endif
