/* peer_state.h - inside of a peer, shared by peer.c, peer_webrtc.c and
 * peer_sip.c only. */
#ifndef PL_PEER_STATE_H
#define PL_PEER_STATE_H

#include "core/media_metrics.h"
#include "io/peer.h"

/* What is still to be told, lowest bit first; kept while a queue is full. */
enum {
    PL_TODO_MIXER_UP = 1,
    PL_TODO_MIXER_ADDRESS = 2,
    PL_TODO_UP = 4,
    PL_TODO_STATE = 8,
    PL_TODO_ENDED = 16,
    PL_TODO_FAILED = 32,
    PL_TODO_CLOSED = 64 /* then the place is free */
};

struct pl_peer {
    pl_peers *peers;
    pl_mix_id id; /* generation 0: free */
    uint32_t thread;
    pl_leg_kind kind;
    unsigned todo;
    const char *reason;
    bool is_up, is_over;   /* over: failed or ended, waits for CLOSE */
    bool has_moved;        /* since STATE was told last */
    int64_t state_told_us; /* 0: never */
    union {
        struct {
            const pl_udp *port; /* that the leg lives on */
            pl_ice ice;
            pl_net_webrtc told;
            pl_dtls *dtls;
            pl_addr dtls_from;  /* the path its last datagram came by */
            int64_t release_us; /* when its handshake's state goes; 0: never */
            pl_rate begins, checks;
            int64_t first_check_us; /* 0: none yet */
            pl_srtp_keys keys;
            bool is_client; /* our role when keys were agreed on */
        } webrtc;
        struct {
            pl_net_sip told;
            pl_latch latch;
            uint32_t path;  /* number of the latch's source */
            pl_addr remote; /* where we send */
            pl_addr rtcp;   /* where RTCP goes without mux */
            bool has_rtcp_source;
            int64_t heard_us; /* last packet of the peer; 0: none since its
                                 description */
            bool has_paused;  /* since then: a second without a packet */
            bool is_left;     /* nothing is sent, see pl_peers_alone() */
        } sip;
    } u;
};

/* Add a count. */
void pl_peers_count(const pl_peers *peers, pl_media_metric what);
/* The peer with this id; NULL when it is gone. */
pl_peer *pl_peers_find(const pl_peers *peers, pl_mix_id id);
/* Note something to be told, and try it at once. */
void pl_peer_todo(pl_peer *peer, unsigned bits);
/* Keys or addresses have changed: tell it now, or when it may be told again. */
void pl_peer_moved(pl_peer *peer);
/* The leg is over: tell why (static text). ENDED when reason is NULL. */
void pl_peer_over(pl_peer *peer, const char *reason);
/* Hand a datagram to the mixer. */
void pl_peer_forward(pl_peer *peer, const pl_datagram *datagram, uint32_t path,
                     bool is_rtcp_port);

/* peer_webrtc.c */
/* resumed: NULL for a new leg. Errors: PL_ENOMEM; PL_ENOENT no such port;
 * PL_EINVAL */
PL_MUST_USE pl_err pl_peer_webrtc_open(pl_peer *peer, const pl_net_webrtc *told,
                                       const pl_net_state *resumed);
void pl_peer_webrtc_remote(pl_peer *peer, const pl_net_webrtc *told);
void pl_peer_webrtc_close(pl_peer *peer, bool is_silent);
void pl_peer_webrtc_state(const pl_peer *peer, pl_net_state *ret_state);
void pl_peer_webrtc_note(pl_peer *peer, uint32_t path);
void pl_peer_webrtc_maintain(pl_peer *peer);
pl_mix_route pl_peer_webrtc_route(const pl_peer *peer);

/* peer_sip.c */
void pl_peer_sip_open(pl_peer *peer, const pl_net_sip *told,
                      const pl_net_state *resumed);
void pl_peer_sip_state(const pl_peer *peer, pl_net_state *ret_state);
void pl_peer_sip_remote(pl_peer *peer, const pl_net_sip *told);
void pl_peer_sip_note(pl_peer *peer, uint32_t path);
void pl_peer_sip_maintain(pl_peer *peer);
pl_mix_route pl_peer_sip_route(const pl_peer *peer);

#endif
