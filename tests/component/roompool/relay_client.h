/* relay_client.h - the notification relay behind the front end: channels are
 * opened, events sent and read. */
#ifndef PL_TEST_RELAY_CLIENT_H
#define PL_TEST_RELAY_CLIENT_H

#include "talk.h"

/* As its owner knows it. */
typedef struct channel {
    char channel_id[65], sink_id[65], read_token[129], sink_token[129];
    int64_t expires_ms;
} channel;

typedef struct reading {
    const char *reader; /* NULL: "R" */
    bool begins;
    const char *after_id; /* NULL: by number */
    uint64_t after_seq;
    uint32_t wait_ms;
} reading;

/* subject: NULL none. life_s: 0 not asked for. */
pl_err channel_open(world *w, const char *client, const char *subject,
                    uint32_t life_s, channel *ret);
pl_err channel_get(world *w, const char *client, const char *subject,
                   const channel *c, channel *ret);
pl_err channel_extend(world *w, const char *client, const char *subject,
                      uint32_t life_s, const channel *c, channel *ret);
pl_err channel_close(world *w, const char *client, const char *subject,
                     const channel *c);
/* An event {"id":<id>}. */
pl_err event_put(world *w, const channel *c, const char *id, const char *type);
/* Sent and not waited for. */
void event_read_begin(world *w, const channel *c, const reading *r, answer *a);
pl_err event_read(world *w, const channel *c, const reading *r, answer *a);

#endif
