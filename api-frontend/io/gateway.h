/* gateway.h - from HTTP requests to bus messages and back: routing, tokens,
 * pending calls, event polls and streams, pages. */
#ifndef PL_API_GATEWAY_H
#define PL_API_GATEWAY_H

#include "api_config.h"
#include "http_server.h"
#include "pl/bus.h"
#include "pl/metrics.h"

typedef struct pl_gateway pl_gateway;

typedef struct pl_gateway_options {
    pl_loop *loop;
    pl_bus *bus;
    const pl_api_config *config; /* borrowed for the gateway's life */
    pl_metrics *metrics;
    const char *node; /* this process on the bus; borrowed */
    /* Whether roompool is linked and takes requests; also while we drain. */
    bool (*is_ready)(void *ctx);
    void *ctx;
} pl_gateway_options;

/* Open keys, certificate and listeners.
 * Errors: PL_ECONFIG, PL_EIO (both logged), PL_ENOMEM. */
PL_MUST_USE pl_err pl_gateway_open(const pl_gateway_options *options,
                                   pl_gateway **ret_gateway);
void pl_gateway_close(pl_gateway **gateway);
/* The link to roompool is new: ask again what was asked for and not
 * answered. */
void pl_gateway_linked(pl_gateway *gateway);
/* /readyz says no at once. After drain_listen_ms, in which all goes on: accept
 * no more, finish polls with 204, end streams; on_done once, when the last
 * connection has gone and the last request to another server is over. */
void pl_gateway_drain(pl_gateway *gateway, pl_loop_cb on_done, void *ctx);
/* One line about open connections, polls and streams to the log. */
void pl_gateway_dump(const pl_gateway *gateway);
/* Whether it listens; one that drains needs not. */
bool pl_gateway_is_open(const pl_gateway *gateway);
unsigned pl_gateway_port(const pl_gateway *gateway);

#endif
