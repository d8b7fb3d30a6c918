/* net_msg.h - what main thread and I/O thread tell each other: plain values in
 * rings. Every OPEN is ended by CLOSE; only after PL_NET_CLOSED may the main
 * thread close a leg's sockets or reuse its index. */
#ifndef PL_NET_MSG_H
#define PL_NET_MSG_H

#include "core/engine_msg.h"
#include "core/ice.h"
#include "io/dtls.h"
#include "io/dtls_alert.h"
#include "io/udp.h"

typedef enum pl_net_command_kind {
    PL_NET_OPEN = 1,   /* a leg begins */
    PL_NET_REMOTE,     /* the peer's side is known, or changed */
    PL_NET_CLOSE,      /* answered by PL_NET_CLOSED */
    PL_NET_PORT_OPEN,  /* read this WebRTC port too (io/web_ports.h) */
    PL_NET_PORT_CLOSE, /* answered by PL_NET_PORT_CLOSED; no leg lives there */
    PL_NET_ALONE,      /* roompool is away, of no leg */
    PL_NET_LINKED,     /* and there again */
    PL_NET_STOP        /* the thread ends */
} pl_net_command_kind;

/* WebRTC ports of a worker at a time: its own, and those of others whose legs
 * it continues. */
enum { PL_NET_PORTS = 16 };

/* How a leg's transport stands: what another worker needs to go on with it
 * without a word to the peer. Holds keys: never logged. */
typedef struct pl_net_state {
    /* WebRTC */
    pl_srtp_keys keys; /* profile PL_SRTP_NONE: no handshake has finished */
    bool is_server;    /* our DTLS role: picks our key */
    uint8_t n_paths;
    struct {
        pl_addr addr; /* passed an authenticated check */
        bool is_nominated;
        bool is_selected; /* we send there; one of them at most */
    } paths[PL_ICE_PATHS];
    bool has_alerts; /* close_notify can be understood and said */
    pl_dtls_alerts alerts;
    /* SIP */
    pl_addr source;       /* latched: where media comes from; none: not yet */
    pl_addr remote;       /* where we send */
    pl_addr rtcp;         /* where RTCP goes without mux */
    bool has_rtcp_source; /* rtcp is where RTCP came from */
} pl_net_state;

/* What an ICE and DTLS-SRTP leg needs to know. */
typedef struct pl_net_webrtc {
    char ufrag[PL_ICE_UFRAG + 1], pwd[PL_ICE_PWD + 1]; /* ours */
    uint16_t port; /* OPEN: local one that the leg lives on; 0: our own */
    /* The leg's own, borrowed until PL_NET_CLOSED; NULL: the worker's. */
    const pl_dtls_identity *identity;
    bool is_ice_restart; /* REMOTE: take these credentials */
    bool has_remote;     /* the following is known */
    char remote_ufrag[PL_ICE_REMOTE + 1];
    uint8_t prints[PL_DTLS_FINGERPRINTS][PL_DTLS_SHA256];
    size_t n_prints;
} pl_net_webrtc;

/* What a plain RTP leg needs to know. */
typedef struct pl_net_sip {
    pl_udp rtp, rtcp; /* OPEN: borrowed until PL_NET_CLOSED */
    bool is_rtcp_mux;
    bool has_remote;             /* the peer's description is known */
    pl_addr remote, rtcp_remote; /* from SDP, checked by policy; none:
                                    not known, or a name */
    pl_addr signaling; /* IP that the SIP came from; none: not known */
} pl_net_sip;

typedef struct pl_net_command {
    pl_net_command_kind kind;
    pl_mix_id leg;
    uint32_t thread; /* OPEN: the mixing thread of the leg's room */
    pl_leg_kind leg_kind;
    bool is_silent; /* CLOSE: the peer is not told (DTLS close_notify) */
    /* OPEN: another worker had the leg, and it stands like this. The peer's
     * side is known (has_remote); WebRTC with keys, or SIP, is up at once. */
    bool is_resumed;
    pl_net_state resumed;
    union {
        pl_net_webrtc webrtc;
        pl_net_sip sip;
        pl_udp port; /* PORT_OPEN, PORT_CLOSE: open until PORT_CLOSED */
    } u;
} pl_net_command;

typedef enum pl_net_event_kind {
    PL_NET_UP,     /* media can flow: DTLS is done, or the RTP route is set */
    PL_NET_ENDED,  /* the peer closed; the leg waits for CLOSE */
    PL_NET_FAILED, /* reason says why; the leg waits for CLOSE */
    PL_NET_STATE,  /* after UP, and when keys or addresses have changed; at
                      most once a second of a leg */
    PL_NET_CLOSED, /* answer to CLOSE: nothing of the leg is left here */
    PL_NET_PORT_CLOSED, /* of no leg: answer to PORT_CLOSE */
    PL_NET_FREED,       /* of no leg: much memory was freed, which the allocator
                           may give back */
    PL_NET_EVENT_KINDS
} pl_net_event_kind;

typedef struct pl_net_event {
    pl_net_event_kind kind;
    pl_mix_id leg;
    const char *reason; /* static text; NULL unless FAILED */
    union {
        pl_net_state state; /* STATE; CLOSED: the last one, without alerts */
        uint16_t port;      /* PORT_CLOSED */
    } u;
} pl_net_event;

#endif
