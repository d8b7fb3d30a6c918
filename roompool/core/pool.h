/* pool.h - the brain of the platform: rooms, conferences, participants,
 * sessions and calls, and what follows from each message.
 *
 * Pure: state comes from a store, time and messages come in, commands and
 * replies go out through a port, never before the changes that caused them are
 * committed. Single-threaded. Every entry point takes the time; call
 * pl_pool_flush() after the turn in which any of them ran. */
#ifndef PL_ROOMPOOL_POOL_H
#define PL_ROOMPOOL_POOL_H

#include "pl/bus.h"
#include "port.h"
#include "settings.h"
#include "store.h"

typedef struct pl_pool pl_pool;

/* now_us: monotonic; wall_ms: for people and the database. */
typedef struct pl_now {
    int64_t us, wall_ms;
} pl_now;

/* config, store, port and metrics are borrowed; metrics may be NULL. */
typedef struct pl_pool_options {
    const pl_roompool_config *config;
    pl_store *store;
    const pl_port *port;
    pl_metrics *metrics;
    /* For platform_url: "user:password" or "bearer TOKEN"; copied. */
    const char *platform_login;
    const struct pl_lines *lines; /* device/line.h; NULL: none */
} pl_pool_options;

/* Errors: PL_ECONFIG platform_login; PL_ENOMEM. */
PL_MUST_USE pl_err pl_pool_create(const pl_pool_options *options,
                                  pl_pool **ret_pool);
void pl_pool_destroy(pl_pool **pool);

/* Read the stored state; workers then have rejoin_ms to come back.
 * Errors: PL_EIO, PL_EPROTO, PL_ENOMEM. */
PL_MUST_USE pl_err pl_pool_load(pl_pool *pool, pl_now now);
/* Define a room of the configuration, after loading.
 * Errors: PL_ECONFIG with a reason: PINs that are not 4 to 20 digits or are
 * equal, an alias that another room has; PL_EFULL. */
PL_MUST_USE pl_err pl_pool_define_room(pl_pool *pool, pl_now now,
                                       const char *name,
                                       const pl_room_config *values,
                                       char *reason, size_t cap);
/* All rooms of the configuration are defined: retire the others. */
void pl_pool_rooms_defined(pl_pool *pool, pl_now now);

/* The i-th message that pl_pool_handle() knows; NULL past the end. */
const pl_msg_desc *pl_pool_handled(size_t i);
void pl_pool_handle(pl_pool *pool, pl_now now, const pl_bus_in *in);
/* The reply of a request given to the port; consumes op. */
void pl_pool_on_reply(pl_pool *pool, pl_now now, pl_op *op, pl_err e,
                      const pl_bus_in *in);
/* A peer's link came or went. */
void pl_pool_on_peer(pl_pool *pool, pl_now now, const char *node, bool is_up);
/* Run what is due; when to call it again (INT64_MAX: nothing planned). */
void pl_pool_tick(pl_pool *pool, pl_now now);
int64_t pl_pool_next_us(const pl_pool *pool);

/* Commit this turn's changes as one transaction, then send what they caused.
 * When the commit fails nothing is sent and port->fatal is called. */
void pl_pool_flush(pl_pool *pool);

/* Refuse new joins, calls, sessions from now on. */
void pl_pool_drain(pl_pool *pool);
/* Write the state through port->note. */
void pl_pool_dump(pl_pool *pool);
/* Check what must always hold; the text of the first breach, NULL if none. */
const char *pl_pool_breach(const pl_pool *pool);
/* Boot id for hello_ok, and own metrics text for metrics_get. */
void pl_pool_set_boot(pl_pool *pool, uint64_t boot, const char *node,
                      uint32_t beat_ms);

#endif
