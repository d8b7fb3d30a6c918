/* peer.h - transport of one leg inside the I/O thread: ICE and DTLS of a WebRTC
 * peer, or the latch of a telephone. */
#ifndef PL_PEER_H
#define PL_PEER_H

#include "core/addr_map.h"
#include "core/ice.h"
#include "core/latch.h"
#include "core/rate.h"
#include "io/mixer_thread.h"
#include "io/net_msg.h"
#include "pl/map.h"

enum {
    PL_PEER_HALF_OPEN = 500,        /* DTLS handshakes at once, worker */
    PL_PEER_HANDSHAKES_PER_S = 100, /* begun, worker */
    PL_PEER_BEGINS_PER_S = 4,       /* begun, one peer */
    PL_PEER_CHECKS_PER_S = 5000,    /* STUN requests to peers, worker */
    PL_PEER_LEG_CHECKS_PER_S = 50,  /* STUN requests, one peer */
    PL_PEER_REFUSALS_PER_S = 100,   /* STUN errors sent to strangers */
    /* An address is one leg's for so long after its last check; browsers send
     * one every 6 s or sooner (RFC 7675 section 5.1). */
    PL_PEER_ADDRESS_US = 15000000,
    PL_PEER_HANDSHAKE_US = 30000000, /* from the first check to keys */
    /* OpenSSL's state of a finished handshake goes so long after the peer's
     * last message of it. Who hears no answer to his last flight repeats it
     * after 1, 2, 4, 8 s (RFC 6347 section 4.2.4.1), browsers much sooner. */
    PL_PEER_DTLS_GRACE_US = 15000000,
    PL_PEER_FREED_US = 10000000, /* FREED is told so often at most */
    PL_PEER_STATE_US = 1000000,  /* STATE of a leg, so often at most */
    /* While roompool is away: a telephone that sent without such pauses and is
     * silent for so long was given another worker. */
    PL_PEER_LEFT_US = 1000000
};

typedef struct pl_peer pl_peer;

/* What all peers of the thread share. */
typedef struct pl_peers {
    pl_peer *list; /* by leg index */
    uint32_t max_legs;
    pl_map *by_ufrag;     /* of ours */
    pl_addr_map *by_addr; /* validated addresses to leg index */
    /* Sockets of WebRTC legs; [0] is the worker's own, fd -1: free. */
    pl_udp ports[PL_NET_PORTS];
    pl_mixer *mixer;
    const pl_dtls_identity *identity;
    pl_metrics *metrics;
    pl_rate checks, handshakes, refusals;
    uint32_t n_open, n_half, n_todo;
    int64_t dtls_grace_us; /* 0: PL_PEER_DTLS_GRACE_US */
    uint32_t n_released;   /* handshakes freed since freed_us */
    int64_t freed_us;      /* when FREED was told last */
    int64_t alone_us;      /* since when roompool is away; 0: it is not */
    int64_t now_us;        /* of this turn */
    int64_t arrival_us;    /* of the datagram that is read */
    /* Deliver an event to the main thread; false: its queue is full. */
    bool (*emit)(void *ctx, const pl_net_event *event);
    void *ctx;
} pl_peers;

PL_MUST_USE pl_err pl_peers_init(pl_peers *peers, uint32_t max_legs);
/* Free everything; what peers there are is forgotten without events. */
void pl_peers_fini(pl_peers *peers);

/* Commands of the main thread. */
void pl_peers_open(pl_peers *peers, const pl_net_command *command);
void pl_peers_remote(pl_peers *peers, const pl_net_command *command);
void pl_peers_close(pl_peers *peers, const pl_net_command *command);

/* roompool is away, or there again. Who has no link to it cannot know whether
 * another worker was given his legs: a telephone that went there would hear
 * two streams on its one port. Browsers say goodbye (DTLS, consent). */
void pl_peers_alone(pl_peers *peers, bool is_alone);

/* Have another WebRTC port, or one less. Errors: PL_EFULL. */
PL_MUST_USE pl_err pl_peers_add_port(pl_peers *peers, const pl_udp *udp,
                                     size_t *ret_index);
void pl_peers_drop_port(pl_peers *peers, size_t index);

/* A datagram on the WebRTC port with that index. */
void pl_peers_webrtc(pl_peers *peers, size_t port, const pl_datagram *datagram);
/* A datagram on a SIP leg's socket. */
void pl_peers_sip(pl_peers *peers, pl_mix_id leg, bool is_rtcp_port,
                  const pl_datagram *datagram);
/* The mixer authenticated a packet of a new path. */
void pl_peers_note(pl_peers *peers, const pl_mix_note *note);
/* Timers of all peers: DTLS, consent, events that did not fit. */
void pl_peers_maintain(pl_peers *peers);

/* Sockets of a SIP leg, to be watched; NULL for others or a stale id. */
const pl_net_sip *pl_peers_sockets(const pl_peers *peers, pl_mix_id leg);

#endif
