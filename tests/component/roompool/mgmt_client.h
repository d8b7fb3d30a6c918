/* mgmt_client.h - the management API behind the front end: objects are made,
 * changed, removed; commands. */
#ifndef PL_TEST_MGMT_CLIENT_H
#define PL_TEST_MGMT_CLIENT_H

#include "talk.h"

/* Make (id 0) or change an object, given as JSON with ' for ". A refused one
 * gives PL_EINVAL and its faults, also with ' for ", in faults. */
typedef struct mgmt_put {
    uint32_t resource;
    uint64_t id;
    bool replace;
    const char *json;
} mgmt_put;
enum { MGMT_FAULTS = 1024 };
pl_err mgmt_puts(world *w, const mgmt_put *put, uint64_t *ret_id,
                 char faults[MGMT_FAULTS]);
/* It must succeed; its number. */
uint64_t mgmt_makes(world *w, uint32_t resource, const char *json);
void mgmt_changes(world *w, uint32_t resource, uint64_t id, const char *json);
/* It must be refused with exactly these faults. */
void mgmt_is_refused(world *w, uint32_t resource, uint64_t id, const char *json,
                     const char *faults);
pl_err mgmt_removes(world *w, uint32_t resource, uint64_t id);
/* Sent and not waited for. */
void mgmt_begins(world *w, const mgmt_put *put, answer *a);

/* A command with its fields set by the caller; id of a participant or
 * conference. */
pl_err mgmt_does(world *w, pl_management_command *m, uint32_t command,
                 const char *id);
pl_err mgmt_dials(world *w, const char *alias, const char *address,
                  uint32_t role, answer *a);

#endif
