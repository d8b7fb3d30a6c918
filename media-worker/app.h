/* app.h - the media worker as the process skeleton and the tests start it. */
#ifndef PL_MEDIA_APP_H
#define PL_MEDIA_APP_H

#include "pl/config.h"
#include "pl/metrics.h"
#include "pl/process.h"
#include "tables/config.def"

typedef struct pl_media_config {
    PL_MEDIA_CONFIG(PL_CONFIG_MEMBER)
} pl_media_config;

extern const pl_app pl_media_app;
/* Rows of tables/metrics.def, PL_MEDIA_M_COUNT of them. */
extern const pl_metric_desc pl_media_metric_rows[];

typedef struct pl_media pl_media;

typedef struct pl_media_options {
    pl_loop *loop;
    pl_bus *bus;
    pl_metrics *metrics;
    const pl_media_config *config;
    void (*drained)(void *ctx);
    void *ctx;
} pl_media_options;

/* Start everything; what failed is in the log.
 * Errors: PL_ECONFIG; PL_EIO a port is busy; PL_ENOMEM; PL_EINTERNAL. */
PL_MUST_USE pl_err pl_media_start(const pl_media_options *options,
                                  pl_media **ret_media);
void pl_media_stop(pl_media **media);
/* After each (re)connect to roompool. */
void pl_media_linked(pl_media *media);
/* roompool is away: telephones that leave us then are sent nothing more. */
void pl_media_unlinked(pl_media *media);
void pl_media_drain(pl_media *media);
void pl_media_load(const pl_media *media, pl_process_load *ret_load);
/* Address in SDP and port, as text for hello; borrowed. */
const char *pl_media_address(const pl_media *media);

/* Who binds another address is no sibling: on that one the same ports are free
 * while their owner lives, and no peer sends there. Adds the address to what
 * hello says of the network stack. */
void pl_media_net(const char *bind_address, pl_hello *hello);

#endif
