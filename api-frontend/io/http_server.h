/* http_server.h - HTTP/1.1 over TLS on the loop: connections, deadlines,
 * limits. Requests reach the handler only after the gate (core/http_head.h)
 * and with their whole body.
 * Context: the loop's thread. */
#ifndef PL_API_HTTP_SERVER_H
#define PL_API_HTTP_SERVER_H

#include "answer.h"
#include "http_head.h"
#include "pl/ip.h"
#include "pl/loop.h"
#include "pl/metrics.h"
#include "tls.h"

typedef struct pl_http_server pl_http_server;
/* One request and its answer. Valid from the handler's call until it was
 * responded to, its stream ended, or on_gone was called. */
typedef struct pl_http_exchange pl_http_exchange;

typedef void (*pl_http_on_request)(void *ctx, pl_http_exchange *exchange);
/* A request head or body was refused before the handler: fill the answer.
 * head: NULL when its first line could not be read; of a head that was refused
 * itself, what came before the fault, at least the path. */
typedef void (*pl_http_on_fault)(void *ctx, pl_http_fault fault,
                                 const pl_http_head *head, pl_answer *answer);
/* The client went away before the answer was complete; the exchange is invalid
 * after the call. */
typedef void (*pl_http_on_gone)(void *ctx, pl_http_exchange *exchange);
/* Whether the answer arrived, as far as a server can know. is_sent: the whole
 * answer was handed to the system, and then the client sent more, or a short
 * time passed without a reset. Else it was lost: the client closed before it
 * read, or did not read for write_ms. */
typedef void (*pl_http_on_sent)(void *ctx, bool is_sent);

typedef struct pl_http_server_options {
    pl_loop *loop;
    pl_tls *tls;        /* NULL: plain HTTP, for tests */
    const char *listen; /* addresses separated by blanks or commas */
    unsigned port;      /* 0: any, see pl_http_server_port() */
    /* Balancers: each connection of theirs begins with a PROXY header. */
    pl_cidr_list proxies;
    unsigned max_connections, max_per_address;
    unsigned head_ms, body_ms, idle_ms, write_ms; /* deadlines */
    pl_metrics *metrics;
    pl_http_on_request on_request;
    pl_http_on_fault on_fault;
    void *ctx;
} pl_http_server_options;

/* Listen. Errors: PL_EIO address in use or not ours (logged); PL_ECONFIG not
 * an address (logged); PL_ENOMEM. */
PL_MUST_USE pl_err pl_http_server_open(const pl_http_server_options *options,
                                       pl_http_server **ret_server);
/* Close everything at once; on_gone is called for open exchanges. */
void pl_http_server_close(pl_http_server **server);
unsigned pl_http_server_port(const pl_http_server *server);
/* Close each connection after its next answer: clients go elsewhere. */
void pl_http_server_leave(pl_http_server *server);
/* Whether it accepts connections. */
bool pl_http_server_is_open(const pl_http_server *server);
/* Accept no more; close each connection after its answer. on_empty is called
 * once, later or now, when none is left. */
void pl_http_server_drain(pl_http_server *server, pl_loop_cb on_empty,
                          void *ctx);
unsigned pl_http_server_connections(const pl_http_server *server);

const pl_http_head *pl_http_request_head(const pl_http_exchange *exchange);
pl_slice pl_http_request_body(const pl_http_exchange *exchange);
/* Client's IP address as text: what a balancer says, else the socket's. */
const char *pl_http_request_source(const pl_http_exchange *exchange);
/* On our own host and not through a balancer, whatever that says. */
bool pl_http_request_is_loopback(const pl_http_exchange *exchange);
/* Who is told when the client goes; NULL: nobody. */
void pl_http_watch(pl_http_exchange *exchange, pl_http_on_gone on_gone,
                   void *ctx);

/* Send an answer; the exchange is over. A HEAD request gets no body.
 * on_sent: may be NULL */
void pl_http_respond(pl_http_exchange *exchange, const pl_answer *answer,
                     pl_http_on_sent on_sent, void *ctx);
/* Begin an answer without an end: status, type and headers of *answer. */
void pl_http_stream_begin(pl_http_exchange *exchange, const pl_answer *answer);
/* The same where it is known how many bytes will be written. Who ends the
 * stream sooner tells the client so by that. */
void pl_http_stream_begin_sized(pl_http_exchange *exchange,
                                const pl_answer *answer, uint64_t bytes);
/* Send a piece at once.
 * Errors: PL_EFULL the client reads too slowly: end the stream. */
PL_MUST_USE pl_err pl_http_stream_write(pl_http_exchange *exchange,
                                        pl_slice data);
void pl_http_stream_end(pl_http_exchange *exchange);
/* Call back whenever all of the stream was handed to the system. */
void pl_http_stream_watch(pl_http_exchange *exchange,
                          void (*on_flushed)(void *ctx), void *ctx);
/* Begin another protocol: *answer is its 101. What comes from now on goes to
 * on_data, which may end the stream; pl_http_stream_write() sends raw bytes.
 * Source: RFC 9110 section 7.8 */
void pl_http_upgrade(pl_http_exchange *exchange, const pl_answer *answer,
                     void (*on_data)(void *ctx, pl_slice bytes), void *ctx);

#endif
