/* bus_impl.h - the parts of the bus: requests and replies (bus.c) over a
 * transport (bus_zmq.c, bus_mem.c), with the envelope (envelope.c), the table
 * of repeats (bus_repeat.c), the peers (bus_peer.c) and the end of their
 * connections (bus_closed.c). */
#ifndef PL_BUS_IMPL_H
#define PL_BUS_IMPL_H

#include "pl/bus.h"
#include "pl/list.h"
#include "pl/log.h"
#include "pl/map.h"

#include "envelope.h"

enum {
    PL_BUS_ENVELOPE_MAX = 128,  /* bytes */
    PL_BUS_BODY_MAX = 393216,   /* bytes, PL_WIRE_MAX_BYTES */
    PL_BUS_PENDING_MAX = 65536, /* requests that wait for their reply */
    PL_BUS_PEERS_MAX = 1024,
    PL_BUS_REPEATS_MAX = 16384,     /* requests remembered */
    PL_BUS_REPEAT_BYTES = 33554432, /* of stored replies */
    PL_BUS_RESEND_US = 1000000,     /* requests with retry */
    PL_BUS_UNSENT_US = 50000,       /* requests the link did not take yet */
    PL_BUS_BEAT_MS = 250,
    PL_BUS_BEATS_MISSED = 4,
    PL_BUS_ROUTE_MAX = PL_NODE_MAX + 33,
};

/* What a transport does. It calls pl_bus_receive() from the loop, never from
 * inside send(). */
typedef struct pl_bus_transport {
    /* to: the peer's route for a router, ignored by a dealer. Errors: PL_EFULL
     * the queue is full; PL_ENOENT the router has no connection with it now.
     * Never blocks. */
    pl_err (*send)(void *link, const char *to, pl_slice envelope,
                   pl_slice body);
    /* Hand over what has come so far; false: there is more. */
    bool (*catch_up)(void *link);
    void (*destroy)(void *link);
} pl_bus_transport;

/* Requests seen, by (sender, correlation id), with the replies given. */
typedef struct pl_repeats pl_repeats;
typedef enum pl_repeat {
    PL_REPEAT_NEW,
    PL_REPEAT_IN_WORK, /* the answer will come */
    PL_REPEAT_ANSWERED /* *ret_reply is what was answered */
} pl_repeat;
pl_err pl_repeats_create(pl_repeats **ret_repeats);
void pl_repeats_destroy(pl_repeats **repeats);
/* Note a request until expires_us. The reply is borrowed until the next call.
 * Without memory the request is treated as new and not remembered. */
pl_repeat pl_repeats_see(pl_repeats *repeats, const char *node, uint64_t corr,
                         int64_t expires_us, unsigned *ret_msg_id,
                         pl_slice *ret_reply);
void pl_repeats_answer(pl_repeats *repeats, const char *node, uint64_t corr,
                       unsigned msg_id, pl_slice reply);
void pl_repeats_expire(pl_repeats *repeats, int64_t now_us);
size_t pl_repeats_count(const pl_repeats *repeats);

/* Who sent a message, as the transport knows it. */
typedef struct pl_bus_sender {
    const char *node;
    const char *route; /* where answers go; the node's own, and where the
                          transport can be overheard by others a secret */
    pl_role role;      /* proved by its key; UNKNOWN: not proved */
} pl_bus_sender;

/* A worker as roompool sees it, or roompool as a worker sees it. */
typedef struct pl_bus_peer {
    char node[PL_NODE_MAX + 1];
    char route[PL_BUS_ROUTE_MAX + 1];
    int64_t seen_us;
    int64_t seen_late_us; /* how long the loop had stood still until then */
    int64_t cut_us;       /* since then it has no connection; 0: it has one */
    bool is_up;
    pl_log_limit complaints;
} pl_bus_peer;

typedef struct pl_bus_route { /* handler of one message */
    const pl_msg_desc *desc;
    pl_bus_handler handler;
    void *ctx;
} pl_bus_route;

enum { PL_BUS_ROUTES_MAX = 192, PL_BUS_BUCKETS = 1024 };

struct pl_bus {
    pl_loop *loop;
    const pl_bus_transport *transport;
    void *link;
    char node[PL_NODE_MAX + 1];
    bool is_router;
    pl_role from_role;            /* of the sender of the message in hand */
    int64_t beat_us, patience_us; /* period; silence after which one is gone */

    pl_bus_route routes[PL_BUS_ROUTES_MAX];
    size_t n_routes;

    uint64_t next_corr;
    pl_list pending[PL_BUS_BUCKETS]; /* by correlation id */
    size_t n_pending;
    pl_repeats *repeats;

    pl_map *peers; /* node -> pl_bus_peer */
    pl_timer *beat_timer;
    unsigned beats;  /* counts periods */
    int64_t due_us;  /* the next one begins */
    int64_t late_us; /* sum of what they began later: the loop stood still */
    pl_timer *closed_timer;
    unsigned probes;      /* done since a connection closed */
    bool is_closed_again; /* another one, meanwhile */
    int64_t closed_us;    /* when; dealer only */
    int64_t grace_us;     /* for a new connection to come */
    pl_bus_on_peer on_peer;
    void *on_peer_ctx;
    pl_bus_on_link on_link;
    void *on_link_ctx;
    pl_bus_fill_beat fill_beat;
    void *fill_beat_ctx;

    uint8_t *out;  /* [PL_BUS_BODY_MAX] body being encoded */
    void *scratch; /* decoded body, pl_msg_max_size() */
    pl_bus_stats stats;
};

/* Build the bus around a transport that the caller attaches next by setting
 * link and transport. */
pl_err pl_bus_create(const pl_bus_options *options, pl_bus **ret_bus);
/* A message came. */
void pl_bus_receive(pl_bus *bus, const pl_bus_sender *from, pl_slice envelope,
                    pl_slice body);
/* A connection was closed: at a router any one, at a dealer its own. A new one
 * of the same process may come within grace_us. */
void pl_bus_connection_closed(pl_bus *bus, int64_t grace_us);
/* Dealer: a connection was made. */
void pl_bus_connection_made(pl_bus *bus);
/* Encode the envelope and send once; counted. */
pl_err pl_bus_send_now(pl_bus *bus, const char *to, const pl_bus_head *envelope,
                       pl_slice body);
/* Fail what waits for this node, except requests with retry. */
void pl_bus_fail_pending(pl_bus *bus, const char *node);

/* bus_peer.c. NULL when there are too many, or without memory. */
pl_bus_peer *pl_bus_peer_seen(pl_bus *bus, const pl_bus_sender *from);
/* Router: whether somebody else is up under this name, whatever its nonce. */
bool pl_bus_peer_is_taken(pl_bus *bus, const pl_bus_peer *peer);
/* Router: hello and goodbye of a worker. */
void pl_bus_peer_hello(pl_bus *bus, pl_bus_peer *peer);
void pl_bus_peer_goodbye(pl_bus *bus, pl_bus_peer *peer);
/* Something was heard of the peer. */
void pl_bus_peer_lives(pl_bus *bus, pl_bus_peer *peer);

/* Router: answers the beat of a worker that said hello. Dealer: a beat or
 * hello_ok of roompool, the proof that it knows us. */
void pl_bus_peer_beat(pl_bus *bus, pl_bus_peer *peer);
/* Errors: those of the transport's send(). */
pl_err pl_bus_send_beat(pl_bus *bus, const char *to);
/* Router: it is gone, `why` for the log. Dealer: the link is up or down. */
void pl_bus_peer_take_down(pl_bus *bus, pl_bus_peer *peer, const char *why);
void pl_bus_set_link(pl_bus *bus, pl_bus_peer *peer, bool is_up,
                     const char *why);
/* bus_closed.c: its timer. */
void pl_bus_on_closed_due(void *ctx);
pl_err pl_bus_peers_start(pl_bus *bus);
void pl_bus_peers_stop(pl_bus *bus);

#define PL_BUS_ROOMPOOL "roompool"

#endif
