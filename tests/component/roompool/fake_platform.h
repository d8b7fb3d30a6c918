/* fake_platform.h - another conferencing platform with a management API, as the
 * front end of a world reaches it; it keeps rooms, and fails when told to. A
 * plain value, so that it may live in memory that outlives a killed roompool.
 */
#ifndef PL_TEST_FAKE_PLATFORM_H
#define PL_TEST_FAKE_PLATFORM_H

#include "world.h"

enum { PLATFORM_ROOMS = 512, PLATFORM_HELD = 64 };
#define PLATFORM_BASE "https://platform.example/here"

typedef struct platform_room {
    uint64_t id;
    char name[251], tag[251], description[251], pin[21], guest_pin[21];
    bool is_live;
} platform_room;

/* What becomes of a request. */
typedef enum platform_fault {
    FAULT_NONE,
    FAULT_STATUS,  /* answered with a status, not done */
    FAULT_TAKEN,   /* a new room's name is another's, it says */
    FAULT_UNHEARD, /* no connection, not done */
    FAULT_MUTE,    /* done, and no answer */
    FAULT_LOST     /* neither */
} platform_fault;

typedef struct fake_platform {
    world *world;
    platform_room rooms[PLATFORM_ROOMS];
    size_t n_rooms;
    uint64_t last_id;
    /* The next n_faults requests of that method (0: any) fail. */
    platform_fault fault;
    uint32_t fault_method, fault_status, fault_retry_s;
    unsigned n_faults;
    /* Requests wait to be answered until platform_release(). */
    bool is_holding;
    pl_bus_ticket held[PLATFORM_HELD];
    uint32_t held_status[PLATFORM_HELD];
    char held_location[PLATFORM_HELD][256];
    size_t n_held;
    bool ignores_filters;
    unsigned n_requests, n_of[6]; /* by fetch_method */
    char last_url[2049];
} fake_platform;

/* It answers what the world's front end is asked to fetch. */
void platform_serve(fake_platform *p, world *w);
/* Settings of a world that has it. */
void platform_configure(world *w);
void platform_fail(fake_platform *p, uint32_t method, platform_fault fault,
                   uint32_t status, unsigned n);
void platform_release(fake_platform *p);
platform_room *platform_find(fake_platform *p, const char *name);
/* Somebody else makes one. */
platform_room *platform_add(fake_platform *p, const char *name,
                            const char *description);
void platform_drop(fake_platform *p, const char *name);

#endif
