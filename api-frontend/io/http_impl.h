/* http_impl.h - the HTTP server's inside, shared by http_server.c, which moves
 * the bytes, and http_conn.c, which keeps the state of a connection.
 * Context: the loop's thread. */
#ifndef PL_API_HTTP_IMPL_H
#define PL_API_HTTP_IMPL_H

#include <netinet/in.h>

#include "http_chunk.h"
#include "http_server.h"
#include "pl/list.h"
#include "source_count.h"

struct bufferevent;
struct sockaddr;
struct evconnlistener;

enum { PL_HTTP_LISTENERS_MAX = 8 };

/* Who is at the other end. */
typedef struct pl_http_source {
    char text[INET6_ADDRSTRLEN];
    bool is_loopback; /* on our own host, not through a balancer */
} pl_http_source;

typedef enum conn_state {
    CONN_IDLE, /* between requests */
    CONN_HEAD, /* some of a head came */
    CONN_BODY,
    CONN_BUSY, /* the handler has it */
    CONN_STREAM,
    CONN_FLUSH,  /* answer on its way */
    CONN_SENT,   /* handed to the system; did it arrive? */
    CONN_LINGER, /* closing; input is thrown away */
} conn_state;

struct pl_http_exchange {
    pl_list link;      /* in server->conns */
    pl_list idle_link; /* in server->idle, oldest first */
    pl_http_server *server;
    struct bufferevent *bev;
    struct ssl_st *ssl; /* borrowed from bev */
    int fd;             /* borrowed from bev */
    pl_timer *timer;
    conn_state state;
    pl_http_source source;
    bool is_first, is_chunked_out, closes_after, has_peer_closed;
    size_t head_cursor, lingered;
    size_t n_early; /* bytes that had come before the answer was made */
    uint8_t *head_bytes;
    pl_http_head *kept_head;
    const pl_http_head *head; /* kept_head, or NO_HEAD between requests */
    pl_http_chunk chunk;
    pl_buf body;
    pl_http_on_gone on_gone;
    void *gone_ctx;
    pl_http_on_sent on_sent;
    void *sent_ctx;
    void (*on_flushed)(void *ctx); /* streams */
    void *flushed_ctx;
    void (*on_data)(void *ctx, pl_slice bytes); /* upgraded streams */
    void *data_ctx;
};
typedef pl_http_exchange conn;

struct pl_http_server {
    pl_http_server_options options;
    struct evconnlistener *listeners[PL_HTTP_LISTENERS_MAX];
    size_t n_listeners;
    unsigned port;
    pl_list conns, idle;
    pl_list arrivals; /* behind a balancer that has not said for whom */
    pl_source_count *sources;
    unsigned n_conns, n_arriving;
    bool is_leaving, is_draining; /* as those of the gateway */
    pl_loop_cb on_empty;
    void *empty_ctx;
};

/* What answers without a request go by. */
extern const pl_http_head PL_CONN_NO_HEAD;

/* ---- http_conn.c ---- */

void pl_conn_count(const pl_http_server *server, size_t metric);
void pl_conn_note_number(pl_http_server *server);
void pl_conn_note_answer(const conn *c, int status);
void pl_conn_tell_empty(pl_http_server *server);
void pl_conn_end_request(conn *c);
void pl_conn_arm(conn *c, unsigned ms);
void pl_conn_become_idle(conn *c);
/* The answer is over: on to the next request. False: the connection ends
 * instead, and may be gone. */
bool pl_conn_go_on(conn *c);
/* Tell who waits for it whether the answer arrived. */
void pl_conn_settle(conn *c, bool has_arrived);
/* The answer is with the system: wait for a sign that it arrived, which is the
 * client's next request, or else that a short time passes without a reset. */
void pl_conn_await(conn *c);
/* n bytes lie in the input while we wait for that sign. False as for
 * pl_conn_go_on(), or there is no sign yet. */
bool pl_conn_hear(conn *c, size_t n);
/* The waiting is over. False as for pl_conn_go_on(). */
bool pl_conn_confirm(conn *c, bool has_arrived);

/* ---- http_door.c ---- */

/* Whether connections from there begin with a PROXY header. */
bool pl_door_is_proxy(const pl_http_server *server,
                      const struct sockaddr *from);
/* Wait for it, then let the connection in. fd: consumed unless it fails.
 * Errors: PL_ENOMEM, PL_EIO. */
PL_MUST_USE pl_err pl_door_open(pl_http_server *server, int fd,
                                const pl_http_source *from);
/* Close all that wait. */
void pl_door_close(pl_http_server *server);

/* ---- http_server.c ---- */

/* Begin a connection, or close it when there are too many. fd: consumed */
void pl_conn_admit(pl_http_server *server, int fd,
                   const pl_http_source *source);

/* Free the connection; who waits for its exchange is told. */
void pl_conn_close(conn *c);
/* Stop sending, and throw away what still comes, so that the answer is not
 * destroyed by a reset. The connection may be gone afterwards. */
void pl_conn_linger(conn *c);

#endif
