/* relay.h - the notification relay: channels that take events (CloudEvents)
 * for devices that cannot be reached, and keep them for a reader that comes to
 * fetch them.
 *
 * What was taken is stored before that is answered. Events are kept until they
 * are too old, or until newer ones need the room of those that were read: a
 * reader that comes back reads again what it may have lost. A channel has one
 * reader, the one that came last. It is closed by its owner, once nobody has
 * read for relay_grace_s, or relay_grace_s after its end; it is remembered as
 * closed for a while, so that who sends is told so.
 * Wire reference: CAMARA WebRTC, Notification Relay (transport is our own). */
#ifndef PL_ROOMPOOL_RELAY_H
#define PL_ROOMPOOL_RELAY_H

#include "model.h"

typedef struct pl_relay_item {
    pl_list link;
    pl_relayev_row row;
    uint8_t *bytes; /* owned, of row.event */
} pl_relay_item;

typedef struct pl_relay {
    pl_relay_row row;
    pl_list link;   /* open ones: in relays->open; closed: in ->closed */
    pl_list events; /* pl_relay_item.link, oldest first */
    unsigned n_events;
    size_t n_bytes;             /* of events */
    char reader[PL_ID_MAX + 1]; /* who reads, "" nobody since our start */
    bool is_parked;             /* the reader waits */
    pl_bus_ticket ticket;       /* of that */
    uint64_t after_seq;
    pl_task timeout;
    int64_t quiet_ms;  /* since then nobody waits; wall time */
    int64_t stored_ms; /* the row was */
    pl_task due;
} pl_relay;

typedef struct pl_relays {
    pl_map *by_id, *by_sink;
    pl_list open, closed; /* pl_relay.link; closed: the oldest first */
    unsigned n_open, n_closed, n_events;
    size_t n_bytes;
} pl_relays;

/* ---- messages ---- */
void pl_on_relay_open(pl_pool *pool, const pl_bus_in *in);
void pl_on_relay_get(pl_pool *pool, const pl_bus_in *in);
void pl_on_relay_extend(pl_pool *pool, const pl_bus_in *in);
void pl_on_relay_close(pl_pool *pool, const pl_bus_in *in);
void pl_on_relay_put(pl_pool *pool, const pl_bus_in *in);
void pl_on_relay_read(pl_pool *pool, const pl_bus_in *in);

/* ---- relay.c ---- */
pl_relay *pl_relay_find(const pl_pool *pool, const char *channel_id);
/* Whether a hash is that of the token, or of the one before for a minute. */
bool pl_relay_is_token(const pl_pool *pool, const pl_relay *relay,
                       const char *now_hash, const char *old_hash,
                       const char *shown_hash);
void pl_relay_save(pl_pool *pool, pl_relay *relay);
/* An event came for a channel. Errors: PL_ENOENT there never was such a sink;
 * PL_EAUTH; PL_EGONE; PL_EFULL; PL_ENOMEM. */
PL_MUST_USE pl_err pl_relay_take(pl_pool *pool, const pl_relay_put *m);
/* What is to be done next with a channel, and when. */
void pl_relay_plan(pl_pool *pool, pl_relay *relay);

/* ---- relay_ring.c: what is kept ---- */
/* Append a copy. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_relay_append(pl_pool *pool, pl_relay *relay,
                                   const pl_relayev_row *row);
void pl_relay_drop_all(pl_pool *pool, pl_relay *relay);
/* Drop what is too old. */
void pl_relay_drop_old(pl_pool *pool, pl_relay *relay);
/* When the next one will be; INT64_MAX none. Wall time. */
int64_t pl_relay_next_old_ms(const pl_pool *pool, const pl_relay *relay);
/* Make room for one of len bytes. Errors: PL_EFULL too many are unread. */
PL_MUST_USE pl_err pl_relay_make_room(pl_pool *pool, pl_relay *relay,
                                      size_t len);
/* The one with that id and, unless it is NULL, source; NULL none. The latest.
 */
const pl_relay_item *pl_relay_item_of(const pl_relay *relay, const char *id,
                                      const char *source);
/* Free without a trace in the store. */
void pl_relay_events_free(pl_relay *relay);

/* ---- relay_read.c ---- */
/* Give the reader what it waits for, if that is there. */
void pl_relay_serve(pl_pool *pool, pl_relay *relay);
/* Refuse the reader that waits, if one does. */
void pl_relay_reader_ends(pl_pool *pool, pl_relay *relay, pl_err e);
/* A front end went, or one of its readers (corr; 0: all of that node). */
void pl_relay_forget(pl_pool *pool, const char *node, uint64_t corr);

/* ---- life ---- */
PL_MUST_USE pl_err pl_relays_create(pl_relays **ret_relays);
void pl_relays_destroy(pl_relays **relays);
PL_MUST_USE pl_err pl_relay_load(pl_pool *pool, const pl_relay_row *row);
PL_MUST_USE pl_err pl_relayev_load(pl_pool *pool, const pl_relayev_row *row);
/* After loading. */
void pl_relays_resume(pl_pool *pool);
/* What must always hold; NULL when it does. For tests. */
const char *pl_relays_breach(const pl_pool *pool);

#endif
