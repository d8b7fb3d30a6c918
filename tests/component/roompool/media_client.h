/* media_client.h - calls of a device application: what it asks for, and what
 * its sink hears. */
#ifndef PL_TEST_MEDIA_CLIENT_H
#define PL_TEST_MEDIA_CLIENT_H

#include "core/device/device_call_impl.h"
#include "device_client.h"
#include "fake_notify.h"

#define CALL_NUMBER "+4930666100"

/* A device that is registered and subscribed to everything. */
typedef struct caller {
    device who;
    char registration[65];
    char subscription[65];
    char sink[64];
} caller;

/* Registered for a number, subscribed with this sink of https. */
void caller_begins(world *w, caller *c, const char *device_id,
                   const char *number, const char *sink);
/* The same with the default device, CALL_NUMBER and NOTIFY_SINK, in a new world
 * of n media workers. */
void caller_in_world(world *w, unsigned n_media, caller *c);

/* A request to call tel:+4940123456 with offer "o1", for the caller to change;
 * and asking for it: the answer comes once the network said something. */
void caller_fill(const caller *c, pl_media_session_create *m);
void caller_sends(world *w, const pl_media_session_create *m, answer *a);
/* Both; the INVITE got 100. The call and its media session, of 65 bytes. */
fake_call *caller_calls(world *w, const caller *c, char *id);
/* The faults; 0 it was done. NULL sdp: none. */
uint32_t caller_puts(world *w, const caller *c, const char *id, uint32_t status,
                     const char *offer, const char *answer_sdp);
uint32_t caller_gets(world *w, const caller *c, const char *id, answer *a);
uint32_t caller_deletes(world *w, const caller *c, const char *id);

/* The media session; NULL it is not known. */
const pl_devcall *media_of(world *w, const char *id);
/* It is in this status, as its application sees it. */
void media_is(world *w, const caller *c, const char *id, uint32_t status);
/* Its texts, as strings. */
void media_has(world *w, const char *id, const char *offer,
               const char *answer_sdp);
/* Its leg, as the media worker has it. */
fake_leg *media_leg_of(world *w, const char *id);

/* Its sink hears a status with this number; members: others that the event has,
 * with ' for "; NULL none. Without one about an SDP it has none. */
void caller_hears(world *w, const caller *c, uint32_t status, unsigned seq,
                  const char *member, const char *member2);
/* .. an invitation to a call, number 1. id: of 65 bytes. */
void caller_is_invited(world *w, const caller *c, const char *member, char *id);

#endif
