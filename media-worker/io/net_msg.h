/* net_msg.h - what main thread and I/O thread tell each other: plain values in
 * rings. Every OPEN is ended by CLOSE; only after PL_NET_CLOSED may the main
 * thread close a leg's sockets or reuse its index. */
#ifndef PL_NET_MSG_H
#define PL_NET_MSG_H

#include "core/engine_msg.h"
#include "core/ice.h"
#include "io/dtls.h"
#include "io/udp.h"

typedef enum pl_net_command_kind {
    PL_NET_OPEN = 1, /* a leg begins */
    PL_NET_REMOTE,   /* the peer's side is known, or changed */
    PL_NET_CLOSE,    /* answered by PL_NET_CLOSED */
    PL_NET_STOP      /* the thread ends */
} pl_net_command_kind;

/* What an ICE and DTLS-SRTP leg needs to know. */
typedef struct pl_net_webrtc {
    char ufrag[PL_ICE_UFRAG + 1], pwd[PL_ICE_PWD + 1]; /* ours */
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
    union {
        pl_net_webrtc webrtc;
        pl_net_sip sip;
    } u;
} pl_net_command;

typedef enum pl_net_event_kind {
    PL_NET_UP,     /* media can flow: DTLS is done, or the RTP route is set */
    PL_NET_ENDED,  /* the peer closed; the leg waits for CLOSE */
    PL_NET_FAILED, /* reason says why; the leg waits for CLOSE */
    PL_NET_CLOSED, /* answer to CLOSE: nothing of the leg is left here */
    PL_NET_FREED,  /* of no leg: much memory was freed, which the allocator
                      may give back */
    PL_NET_EVENT_KINDS
} pl_net_event_kind;

typedef struct pl_net_event {
    pl_net_event_kind kind;
    pl_mix_id leg;
    const char *reason; /* static text; NULL unless FAILED */
} pl_net_event;

#endif
