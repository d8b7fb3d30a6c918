/* bus.h - requests, replies and events between processes.
 *
 * Topology: every worker (DEALER) talks to roompool (ROUTER) and to nobody
 * else. Wire: one frame, two bytes with the length of the envelope, the
 * envelope, the body; the envelope is the msgpack array
 * [major, msg_id, corr_id, kind, deadline_ms, trace, epoch].
 * One thread: that of the loop. Sends never block. */
#ifndef PL_BUS_H
#define PL_BUS_H

#include "pl/loop.h"
#include "pl/msg.h"

enum {
    PL_NODE_MAX = 64,  /* "media-1.5f3a9c01": name, dot, boot nonce */
    PL_TRACE_MAX = 32, /* 16 random bytes in hex, W3C trace-id form */
};

typedef struct pl_bus pl_bus;

/* What a reply needs; a plain value that may outlive the request. */
typedef struct pl_bus_ticket {
    char node[PL_NODE_MAX + 1];
    char trace[PL_TRACE_MAX + 1];
    uint64_t corr;
    int64_t expires_us; /* loop time after which nobody waits */
} pl_bus_ticket;

typedef struct pl_bus_in {
    const pl_msg_desc *desc;
    const void *body;     /* struct of desc; borrowed during the call */
    const char *node;     /* sender; "roompool" seen from a worker */
    const char *trace;    /* "" when none */
    uint64_t epoch;       /* room epoch, 0 when none */
    pl_bus_ticket ticket; /* requests only */
} pl_bus_in;

typedef void (*pl_bus_handler)(void *ctx, const pl_bus_in *in);
/* e: PL_OK with `in` the typed reply (check in->desc when several are
 * possible); else in is NULL, or the peer's pl_error message. */
typedef void (*pl_bus_on_reply)(void *ctx, pl_err e, const pl_bus_in *in);
/* A peer came (hello seen) or went: goodbye, beats missed, or its connection
 * was closed and, over tcp, did not come back within a beat. Router only. */
typedef void (*pl_bus_on_peer)(void *ctx, const char *node, bool is_up);
/* The link to roompool is up (it accepted a hello and answers beats) or down
 * (beats unanswered or connection closed: it is gone, was restarted, or took us
 * for gone; say hello again). Dealer only. */
typedef void (*pl_bus_on_link)(void *ctx, bool is_up);

typedef struct pl_bus_options {
    pl_loop *loop;
    const char *node;     /* this process, at most PL_NODE_MAX */
    pl_role role;         /* PL_ROLE_ROOMPOOL binds a ROUTER, others connect */
    const char *endpoint; /* ipc:///run/x/bus or tcp://host:port */
    /* CURVE for tcp: files with z85 keys; NULL on ipc. Binding a TCP address
     * that is not loopback without them is PL_ECONFIG. */
    const char *public_key_file, *secret_key_file, *server_key_file;
    /* Router: one file per worker key. Its name begins with the worker's role
     * ("media-1.pub"), and that role's messages are all it may send. */
    const char *allowed_keys_dir;
    unsigned beat_ms;      /* sent and expected; 0: 250 */
    unsigned beats_missed; /* peer is gone after that many; 0: 4 */
} pl_bus_options;

/* Open over ZeroMQ. Errors: PL_ECONFIG, PL_EIO (text is logged). */
PL_MUST_USE pl_err pl_bus_open_zmq(const pl_bus_options *options,
                                   pl_bus **ret_bus);

/* In-memory exchange for tests: every bus opened on one hub sees the others.
 * Faults are drawn from `seed`. */
typedef struct pl_bus_hub pl_bus_hub;
typedef struct pl_bus_faults {
    unsigned drop_permille, duplicate_permille;
    int64_t delay_us, jitter_us; /* jitter reorders */
} pl_bus_faults;
PL_MUST_USE pl_err pl_bus_hub_create(pl_loop *loop, uint64_t seed,
                                     pl_bus_hub **ret_hub);
void pl_bus_hub_destroy(pl_bus_hub **hub);
void pl_bus_hub_set_faults(pl_bus_hub *hub, const pl_bus_faults *faults);
/* From now on a bus that closes without goodbye is noticed by roompool as a
 * killed process is: by its connection, after grace_us (0: ipc). Off at first:
 * only missed beats tell. */
void pl_bus_hub_tell_closed(pl_bus_hub *hub, int64_t grace_us);
/* Break the connection of a worker for so many microseconds; both ends
 * notice. */
void pl_bus_hub_cut(pl_bus_hub *hub, const char *node, int64_t for_us);
PL_MUST_USE pl_err pl_bus_open_mem(pl_bus_hub *hub,
                                   const pl_bus_options *options,
                                   pl_bus **ret_bus);

/* Close; not from inside a callback of this bus. Pending requests are
 * forgotten without a call. */
void pl_bus_close(pl_bus **bus);

/* Handle requests or events of one kind; one handler each, ctx borrowed.
 * Messages without a handler are counted, and answered with PL_EUNSUPPORTED
 * when they are requests. Errors: PL_EEXIST, PL_ENOMEM. */
PL_MUST_USE pl_err pl_bus_handle(pl_bus *bus, const pl_msg_desc *desc,
                                 pl_bus_handler handler, void *ctx);
void pl_bus_watch_peers(pl_bus *bus, pl_bus_on_peer cb, void *ctx);
void pl_bus_watch_link(pl_bus *bus, pl_bus_on_link cb, void *ctx);

/* Fill what the next heartbeat says. The bus of a worker sends one at each
 * period; that of roompool answers each, once the worker has said hello. */
typedef void (*pl_bus_fill_beat)(void *ctx, pl_beat *beat);
void pl_bus_on_beat(pl_bus *bus, pl_bus_fill_beat fill, void *ctx);
/* Worker: send one between the periods, because what it says has changed. */
void pl_bus_beat_now(pl_bus *bus);

typedef struct pl_bus_send {
    const char *to;       /* node; NULL: roompool */
    const char *trace;    /* NULL: a new one */
    uint64_t epoch;       /* room epoch, 0 none */
    unsigned deadline_ms; /* 0: the descriptor's */
    bool retry;           /* resend each second until the deadline: for what
                             must survive a restart of the peer; the receiver
                             drops repeats by (sender, corr) */
} pl_bus_send;

/* Send a request. on_reply is called exactly once, later, never from inside
 * this call, unless pl_bus_cancel() came first or the bus is closed.
 * ret_corr: may be NULL.
 * Errors: PL_EINVAL a field breaks its bound; PL_EFULL too many pending;
 *         PL_ENOMEM. A peer that is not there shows as PL_ETIMEOUT. */
PL_MUST_USE pl_err pl_bus_request(pl_bus *bus, const pl_bus_send *how,
                                  const pl_msg_desc *desc, const void *body,
                                  pl_bus_on_reply on_reply, void *ctx,
                                  uint64_t *ret_corr);
void pl_bus_cancel(pl_bus *bus, uint64_t corr);
/* Answer a request, once. Errors are logged and counted inside: the asker then
 * runs into its deadline. */
void pl_bus_reply(pl_bus *bus, const pl_bus_ticket *ticket,
                  const pl_msg_desc *desc, const void *body);
/* Answer with an error; text may be NULL. */
void pl_bus_reply_error(pl_bus *bus, const pl_bus_ticket *ticket, pl_err e,
                        const char *text);
/* Send an event. Errors: PL_EINVAL; PL_EFULL the link's queue is full (counted;
 * the event is dropped). */
PL_MUST_USE pl_err pl_bus_event(pl_bus *bus, const pl_bus_send *how,
                                const pl_msg_desc *desc, const void *body);

typedef struct pl_bus_stats {
    uint64_t sent, received, malformed, unhandled, dropped, timeouts, repeats;
    uint64_t refused; /* keys, names and messages that were not the sender's */
    uint64_t closed;  /* peers gone because their connection was closed */
} pl_bus_stats;
void pl_bus_get_stats(const pl_bus *bus, pl_bus_stats *ret_stats);

#endif
