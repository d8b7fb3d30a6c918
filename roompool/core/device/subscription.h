/* subscription.h - who wants to be told what happens to a device, where, and
 * until when.
 *
 * A subscription is active until its end comes: expiry, the end of the token
 * for its sink, its last event, a sink that wants no more (401, 410) or takes
 * nothing for long, or its owner deletes it. Its sink is then told by one last
 * event, subscription-ended, where it can be. One that ended by itself can be
 * looked at a while yet. */
#ifndef PL_ROOMPOOL_SUBSCRIPTION_H
#define PL_ROOMPOOL_SUBSCRIPTION_H

#include "device/owner.h"
#include "model.h"

/* One event that waits. */
typedef struct pl_notif {
    pl_list link;
    pl_notif_row row; /* with owned data */
} pl_notif;

/* Events of a call, or of a subscription, that wait for an answer to be
 * written out. */
typedef struct pl_hold {
    char id[PL_ID_MAX + 1];
    pl_list waiting; /* pl_subscr.hold_link */
    pl_task end;
} pl_hold;

typedef struct pl_subscr {
    pl_subscr_row row; /* with owned access_token */
    pl_list device_link, owner_link;
    pl_list events; /* pl_notif.link: still to be sent, in order */
    unsigned n_events;
    bool is_flying; /* a request is under way */
    uint64_t flying_seq;
    unsigned n_tokens;  /* another one with each new token */
    int64_t delay_ms;   /* before the last try */
    pl_list hold_link;  /* in what its first event waits for */
    pl_list turn_link;  /* it waits for its turn to send */
    pl_task due, clock; /* the next try; its end, or being forgotten */
} pl_subscr;

/* Those of one device, or of one owner. */
typedef struct pl_subscr_group {
    pl_list list;
    unsigned n;
} pl_subscr_group;

typedef struct pl_subscrs {
    pl_map *ids;     /* pl_subscr */
    pl_map *devices; /* pl_subscr_group by device_id */
    pl_map *owners;  /* pl_subscr_group by client and subject */
    pl_map *holds;   /* pl_hold by id */
    unsigned n_active, n_events;
    size_t n_bytes; /* of events that wait */
    /* Requests under way, and who waits for one to end: [0] of sinks that take
     * their events, [1] of those that fail, so that these are not in the way
     * of the others. */
    unsigned n_flying[2];
    pl_list turns[2]; /* pl_subscr.turn_link */
} pl_subscrs;

/* ---- requests (subscription_api.c) ---- */
void pl_on_subscription_create(pl_pool *pool, const pl_bus_in *in);
void pl_on_subscription_get(pl_pool *pool, const pl_bus_in *in);
void pl_on_subscription_next(pl_pool *pool, const pl_bus_in *in);
void pl_on_subscription_change(pl_pool *pool, const pl_bus_in *in);
void pl_on_subscription_delete(pl_pool *pool, const pl_bus_in *in);

/* ---- life (subscription.c) ---- */
PL_MUST_USE pl_err pl_subscrs_create(pl_subscrs **ret_subscrs);
void pl_subscrs_destroy(pl_subscrs **subscrs);
pl_subscr *pl_subscr_find(const pl_pool *pool, const char *id);
/* Of one device, or of one owner (subject as stored); NULL: none. */
const pl_subscr_group *pl_subscrs_of_device(const pl_pool *pool,
                                            const char *device_id);
const pl_subscr_group *pl_subscrs_of_owner(const pl_pool *pool,
                                           const char *client_id,
                                           const char *subject);
/* A new one, or one that was stored; row and its token are copied.
 * Errors: PL_ENOMEM; PL_EEXIST. */
PL_MUST_USE pl_err pl_subscr_add(pl_pool *pool, const pl_subscr_row *row,
                                 pl_subscr **ret_subscr);
void pl_subscr_save(pl_pool *pool, const pl_subscr *s);
/* Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_subscr_set_token(pl_subscr *s, pl_slice token);
bool pl_subscr_is_active(const pl_subscr *s);
/* Whether its owner is still shown it. */
bool pl_subscr_is_shown(const pl_pool *pool, const pl_subscr *s);
/* Plan its end. */
void pl_subscr_plan_clock(pl_pool *pool, pl_subscr *s);
/* It ended; may be freed after this. What waits and may still be sent is left;
 * reason: terminationReason of the last event; NULL: none is sent. */
typedef struct pl_subscr_end {
    uint32_t status; /* EXPIRED or DELETED */
    const char *reason, *text;
    bool drops; /* what waits is not sent any more */
} pl_subscr_end;
void pl_subscr_finish(pl_pool *pool, pl_subscr *s, const pl_subscr_end *end);
/* Nothing waits any more: forget it when it is deleted. True: it is freed. */
bool pl_subscr_rest(pl_pool *pool, pl_subscr *s);
/* Forget it with all that waits. */
void pl_subscr_forget(pl_pool *pool, pl_subscr *s);

/* ---- its queue (notify.c) ---- */
/* Write an event for it. is_final: never dropped for a newer one. Data that
 * cannot be sent is dropped. */
typedef struct pl_notif_new {
    uint32_t type;
    bool is_final;
    const char *media_session_id;
    pl_slice data; /* with subscriptionId */
} pl_notif_new;
void pl_notif_add(pl_pool *pool, pl_subscr *s, const pl_notif_new *n);
pl_notif *pl_notif_first(const pl_subscr *s);
void pl_notif_remove(pl_pool *pool, pl_subscr *s, pl_notif *n);
/* All but what is under way. */
void pl_notif_drop_all(pl_pool *pool, pl_subscr *s);
void pl_notifs_free(pl_subscr *s); /* when the pool goes */
/* Whether its first event has to wait; then it is planned again by itself. */
bool pl_notify_waits(pl_pool *pool, pl_subscr *s);
void pl_holds_free(pl_subscrs *subscrs);

/* ---- sending (notify_send.c) ---- */
/* Send what waits, as soon as that may be. */
void pl_notify_plan(pl_pool *pool, pl_subscr *s);

/* ---- after a start ---- */
PL_MUST_USE pl_err pl_subscr_load(pl_pool *pool, const pl_subscr_row *row);
PL_MUST_USE pl_err pl_notif_load(pl_pool *pool, const pl_notif_row *row);
void pl_subscrs_resume(pl_pool *pool);
/* What must always hold; NULL when it does. For tests. */
const char *pl_subscrs_breach(const pl_pool *pool);

#endif
