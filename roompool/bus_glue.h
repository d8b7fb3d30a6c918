/* bus_glue.h - the brain on a bus and a loop: messages in, commands out, one
 * commit a turn. */
#ifndef PL_ROOMPOOL_BUS_GLUE_H
#define PL_ROOMPOOL_BUS_GLUE_H

#include "core/pool.h"
#include "pl/loop.h"

typedef struct pl_glue pl_glue;

typedef struct pl_glue_options {
    pl_loop *loop;
    pl_bus *bus;
    pl_store *store;
    const pl_roompool_config *config;
    pl_metrics *metrics; /* may be NULL */
    const char *node;
    uint32_t beat_ms;
    const char *platform_login; /* as in pl_pool_options; may be NULL */
    const struct pl_lines *lines;
    /* State can no longer be kept. */
    void (*fatal)(void *ctx, pl_err e, const char *why);
    void *fatal_ctx;
} pl_glue_options;

/* Create the brain, load its state and take the bus's messages. Everything in
 * options is borrowed. Rooms of the configuration are defined with
 * pl_pool_define_room() after that; then call pl_glue_wake().
 * Errors: PL_EIO, PL_EPROTO the stored state; PL_ENOMEM. */
PL_MUST_USE pl_err pl_glue_create(const pl_glue_options *options,
                                  pl_glue **ret_glue);
/* After it the bus must not run any more: replies may still be under way. */
void pl_glue_destroy(pl_glue **glue);
pl_pool *pl_glue_pool(pl_glue *glue);
pl_now pl_glue_now(const pl_glue *glue);
/* Something was done to the pool directly: commit at the end of this turn. */
void pl_glue_wake(pl_glue *glue);

#endif
