/* fake_notify.h - a device application that subscribes to its events, and what
 * its sink is sent. */
#ifndef PL_TEST_FAKE_NOTIFY_H
#define PL_TEST_FAKE_NOTIFY_H

#include "core/device/registration.h"
#include "world.h"

#define NOTIFY_DEVICE "0f9a3d64-6f0b-4a55-9f0c-2f0d5c1b7e10"
#define NOTIFY_SINK   "https://sink.example/s/1"

/* Types of events as a set. */
enum { NOTIFY_STATUS = 1, NOTIFY_INVITATION = 2, NOTIFY_ENDS = 4 };

/* A subscription of client "app" and subject "ann" for all types of
 * NOTIFY_DEVICE at NOTIFY_SINK, with token "t0", for the caller to change. */
void notify_fill(pl_subscription_create *m);
/* Ask for it; the fault, 0 when it was made. Its answer in *a. */
uint32_t notify_subscribes(world *w, const pl_subscription_create *m,
                           answer *a);
/* It must be made, and its answer is told to be out. id: of 65 bytes. */
void notify_makes(world *w, const pl_subscription_create *m, char *id);
/* The fault of looking at it, and of deleting it, as app and ann. */
uint32_t notify_looks(world *w, const char *id, answer *a);
uint32_t notify_deletes(world *w, const char *id);
/* device_told. */
void notify_told(world *w, const char *id);

/* A registration of app and ann for NOTIFY_DEVICE. */
pl_reg notify_reg(void);
/* Something happened to it. json: with ' for ". */
void notify_happens(world *w, const pl_reg *reg, uint32_t type,
                    const char *media_session_id, const char *json);
/* A status of call m1. */
void notify_status(world *w, const char *status, int seq);

/* An event as its sink got it. */
typedef struct notified {
    char id[65], type[128], time[32], data[2048];
    web_request *request;
} notified;
/* The next one, which must have this last part of its type, and be the only
 * one under way; false: none came. */
bool notify_hears(world *w, int64_t wait_us, const char *type, notified *n);
/* The same, and it is taken. */
void notify_takes(world *w, const char *type, notified *n);
/* Nothing comes for so long. */
void notify_is_quiet(world *w, int64_t us);
/* Its data has this member, with ' for ". */
void notify_has(const notified *n, const char *member);
void notify_ended(world *w, const char *reason);

#endif
