/* offer_answer.h - negotiation of one leg's media by offer and answer.
 *
 * One pl_oa holds what two parties agreed on for one leg over its life: session
 * id and version, the order of m= lines, payload numbers, ICE credentials. It
 * is pure: no socket, clock or randomness; what it needs comes in pl_oa_local.
 *
 * One audio line is negotiated: the first usable one. Every other line is
 * refused in its place, so that video can be added later without a change of
 * order. A call that fails changes nothing and leaves a reason.
 *
 *     STABLE --pl_oa_answer--> STABLE
 *     STABLE --pl_oa_offer--> OFFERED --pl_oa_accept | pl_oa_rollback--> STABLE
 *
 * We are the passive side of DTLS in every exchange (actpass in offers, passive
 * in answers); a peer that insists on being passive itself is refused when no
 * association stands, and overlooked while one does.
 *
 * Source: RFC 3264, RFC 8829 section 5, RFC 8843 section 7, RFC 8839,
 *         RFC 8842, RFC 5763 section 5 */
#ifndef PL_OFFER_ANSWER_H
#define PL_OFFER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/ice_cand.h"
#include "pl/sdp.h"
#include "pl/slice.h"
#include "pl/words.h"

enum {
    PL_OA_MAX_CODECS = 4,
    PL_OA_MAX_EVENTS = 2,       /* telephone-event at 48000 and 8000 Hz */
    PL_OA_MAX_CANDIDATES = 8,   /* of ours */
    PL_OA_MAX_FINGERPRINTS = 4, /* of the peer */
    PL_OA_MAX_SSRCS = 4,        /* announced by the peer */
    PL_OA_SHA256 = 32,          /* bytes */
    PL_OA_TOKEN_TEXT = 65,      /* mid, cname, stream and track ids */
    PL_OA_MAX_SDP = 16384,      /* bytes of a text of ours, end mark included */
    PL_OA_LINES_TEXT = 513,     /* of pl_oa_lines(), end mark included */
    PL_OA_STATE = 8192,         /* bytes of pl_oa_export() at most */
};

typedef enum pl_codec {
    PL_CODEC_NONE,
    PL_CODEC_OPUS, /* RFC 7587; RTP clock 48000 */
    PL_CODEC_G722, /* 16 kHz audio; RTP clock 8000 (RFC 3551 section 4.5.2) */
    PL_CODEC_PCMU,
    PL_CODEC_PCMA,
} pl_codec;

/* Encoding name as in rtpmap: "opus", "G722", ..; "none" otherwise. */
const char *pl_codec_name(pl_codec codec);
/* RTP clock in Hz; 0 for none. */
uint32_t pl_codec_clock_hz(pl_codec codec);
/* Sampling rate of its audio in Hz; 0 for none. */
uint32_t pl_codec_sample_hz(pl_codec codec);

/* What we are and want; copied by pl_oa_create(). */
typedef struct pl_oa_local {
    pl_leg_kind kind;    /* WEBRTC: ICE, DTLS-SRTP, rtcp-mux; SIP: plain RTP */
    uint64_t session_id; /* of o=; unique enough, below 2^62 */
    char address[PL_SDP_ADDRESS_TEXT]; /* of o= and c=: IPv4 or IPv6 */
    uint16_t port;                     /* RTP */
    uint16_t rtcp_port; /* SIP: of RTCP when not multiplexed; 0: port + 1 */

    pl_codec codecs[PL_OA_MAX_CODECS]; /* best first */
    size_t n_codecs;
    bool one_codec;   /* answer with the best common codec only */
    bool dtmf;        /* telephone-event, RFC 4733 */
    bool audio_level; /* RFC 6464, client to mixer */
    bool opus_stereo; /* we play two channels, and send them */
    bool opus_fec;    /* we use in-band FEC: asks the peer to send it */
    bool opus_dtx;    /* the peer may be silent between talk spurts */
    bool comfort;     /* the same beside codecs of 8000 Hz: RFC 3389 */
    bool opus_red;    /* Opus in redundant packets too (RFC 2198) */
    uint32_t ptime_ms, maxptime_ms; /* 0: not said */

    uint32_t ssrc; /* what we send with; 0: not said */
    char cname[PL_OA_TOKEN_TEXT];
    char stream_id[PL_OA_TOKEN_TEXT]; /* msid; [A-Za-z0-9_-] only */
    char track_id[PL_OA_TOKEN_TEXT];

    /* WEBRTC only */
    bool ice_lite;
    char ice_ufrag[PL_ICE_CRED_TEXT], ice_pwd[PL_ICE_CRED_TEXT];
    pl_ice_cand candidates[PL_OA_MAX_CANDIDATES];
    size_t n_candidates;               /* at least 1 */
    uint8_t fingerprint[PL_OA_SHA256]; /* of our certificate */
} pl_oa_local;

/* ICE credentials made by the caller from fresh randomness. */
typedef struct pl_oa_ice {
    char ufrag[PL_ICE_CRED_TEXT], pwd[PL_ICE_CRED_TEXT];
} pl_oa_ice;

/* A description of ours: CRLF lines, len bytes, NUL behind them. */
typedef struct pl_oa_sdp {
    size_t len;
    char text[PL_OA_MAX_SDP];
} pl_oa_sdp;

typedef struct pl_oa_codec {
    pl_codec codec;
    uint8_t tx_pt; /* number in what we send: from the peer's text */
    uint8_t rx_pt; /* number in what we receive: from our text */
} pl_oa_codec;

typedef struct pl_oa_event {
    uint8_t tx_pt, rx_pt;
    uint32_t clock_hz; /* 48000 or 8000 */
} pl_oa_event;

/* How the peer wants Opus sent to it (RFC 7587 section 6.1). */
typedef struct pl_oa_opus {
    bool stereo;              /* it plays two channels */
    bool sends_stereo;        /* it is likely to send two */
    bool fec;                 /* it uses in-band FEC */
    bool dtx;                 /* it takes discontinuous transmission */
    bool cbr;                 /* it wants a constant rate */
    uint32_t max_bitrate_bps; /* 0: no wish */
    uint32_t max_playback_hz; /* 48000 when not said */
} pl_oa_opus;

/* What both sides agreed on, as of the last complete exchange. */
typedef struct pl_oa_result {
    bool audio;             /* false: the audio line is off (port 0) */
    pl_direction direction; /* as WE send: sendrecv, sendonly, recvonly, .. */
    bool peer_holds;        /* the peer does not want to hear us now */
    size_t line;            /* index of the audio m= line */
    char mid[PL_OA_TOKEN_TEXT]; /* empty: none */

    pl_oa_codec codecs[PL_OA_MAX_CODECS]; /* [0]: send with this one; any may
                                             be received at any time */
    size_t n_codecs;
    pl_oa_event events[PL_OA_MAX_EVENTS]; /* prefer the clock of codecs[0] */
    size_t n_events;
    uint8_t cn_rx_pt; /* comfort noise may come with this; 0: none */
    uint8_t cn_tx_pt; /* both named it: may be sent; 0: no */
    uint8_t red_tx_pt, red_rx_pt; /* redundant Opus (RFC 2198); 0: none */
    uint8_t audio_level_id;       /* header extension, 1..14; 0: none */
    pl_oa_opus opus;
    uint32_t ptime_ms;    /* what the peer wants to receive; 20 when not said */
    uint32_t maxptime_ms; /* 0: not said */

    bool rtcp_mux;
    pl_sdp_conn remote_rtp, remote_rtcp; /* family 0: a name, or webrtc */
    uint16_t remote_rtp_port, remote_rtcp_port;
    uint32_t remote_ssrcs[PL_OA_MAX_SSRCS];
    size_t n_remote_ssrcs;

    /* WEBRTC only */
    char remote_ufrag[PL_ICE_CRED_TEXT], remote_pwd[PL_ICE_CRED_TEXT];
    char local_ufrag[PL_ICE_CRED_TEXT], local_pwd[PL_ICE_CRED_TEXT];
    bool ice_restart;  /* the credentials differ from the exchange before */
    bool dtls_restart; /* the fingerprints differ from the exchange before */
    uint8_t fingerprints[PL_OA_MAX_FINGERPRINTS][PL_OA_SHA256]; /* the peer's
                                  certificate must match one of them */
    size_t n_fingerprints;
} pl_oa_result;

typedef struct pl_oa pl_oa;

/* Create the negotiation of one leg.
 *
 * ret_oa: owned by the caller; pl_oa_destroy()
 * Errors: PL_EINVAL local is incomplete or holds characters that an SDP line
 *         cannot carry; PL_ENOMEM
 * Context: any one thread; allocates */
PL_MUST_USE pl_err pl_oa_create(const pl_oa_local *local, pl_oa **ret_oa);
/* Free and set *oa to NULL; NULL and *NULL do nothing. */
void pl_oa_destroy(pl_oa **oa);

/* Keep the m= lines that the peer has from an earlier negotiation with somebody
 * else (a worker that is lost, another call): our first offer has as many, in
 * this order and with these mids. Audio takes the line that had it, else the
 * first audio line; the others are refused; without an audio line one is added
 * at the end.
 *
 * lines:  as of pl_oa_lines(); empty: none
 * Errors: PL_EINVAL malformed or too many; PL_ESTATE not before the first
 *         exchange
 * Source: RFC 3264 section 8, RFC 8829 section 5.2.2 */
PL_MUST_USE pl_err pl_oa_keep_lines(pl_oa *oa, pl_slice lines);
/* The m= lines agreed on (or kept) so far, in order, as words "kind/mid" with a
 * blank between them; the mid may be empty. The line that carries audio with
 * levels (RFC 6464) has the number of that header extension as a third part:
 * "video/0 audio/1/14". "" when there are none yet.
 *
 * Errors: PL_EINVAL a mid of the peer's has characters that no mid may have;
 *         PL_EFULL it does not fit into buf[cap] */
PL_MUST_USE pl_err pl_oa_lines(const pl_oa *oa, char *buf, size_t cap);

/* Direction that we want from the next exchange on; sendrecv at first. What is
 * agreed is this, cut down to what the peer allows. */
void pl_oa_set_direction(pl_oa *oa, pl_direction wanted);
pl_direction pl_oa_wanted(const pl_oa *oa);

/* Take the peer's offer (first or later) and make the answer to it.
 *
 * fresh:   taken into use when this is an ICE restart by the peer (RFC 8839
 *          section 4.4.1.1.1 wants ours changed too); NULL keeps ours, and for
 *          SIP legs
 * ret_sdp: the answer
 * Errors:  PL_EPROTO malformed; PL_ETOOBIG above a bound; PL_EMEDIA nothing
 *          acceptable (488): see pl_oa_reason(); PL_ESTATE our own offer
 *          waits for its answer (491); PL_EFULL our text does not fit;
 *          PL_ENOMEM
 * Context: allocates while it runs
 * Source:  RFC 3264 section 6 */
PL_MUST_USE pl_err pl_oa_answer(pl_oa *oa, pl_slice offer,
                                const pl_oa_ice *fresh, pl_oa_sdp *ret_sdp,
                                pl_oa_result *ret_result);

/* Make an offer: the first, or a new one for the same lines and payload
 * numbers (hold, resume).
 *
 * fresh:   not NULL: restart ICE with these
 * Errors:  PL_ESTATE an offer of ours waits already; PL_EFULL; PL_ENOMEM
 * Source:  RFC 3264 sections 5 and 8 */
PL_MUST_USE pl_err pl_oa_offer(pl_oa *oa, const pl_oa_ice *fresh,
                               pl_oa_sdp *ret_sdp);

/* Take the peer's answer to our offer.
 *
 * Errors:  PL_ESTATE no offer waits; PL_EPROTO, PL_ETOOBIG malformed;
 *          PL_EMEDIA the answer does not fit the offer, or it leaves nothing:
 *          see pl_oa_reason(). The offer goes on waiting, so that a provisional
 *          answer that was bad may be followed by a good one. PL_ENOMEM
 * Source:  RFC 3264 section 7 */
PL_MUST_USE pl_err pl_oa_accept(pl_oa *oa, pl_slice answer,
                                pl_oa_result *ret_result);

/* Forget an offer that was refused or ran into glare, and the direction that
 * was wanted for it; nothing waiting: no-op.
 * Source: RFC 8829 section 4.1.10.2 */
void pl_oa_rollback(pl_oa *oa);

/* What is agreed on, and all that later exchanges depend on, as bytes for
 * another process. An offer that waits is left out, as if rolled back; but its
 * version is not used again. The bytes hold our ICE password.
 *
 * ret_len: at most PL_OA_STATE
 * Errors:  PL_EFULL it does not fit into buf[cap]; PL_ENOMEM */
PL_MUST_USE pl_err pl_oa_export(const pl_oa *oa, uint8_t *buf, size_t cap,
                                size_t *ret_len);
/* Go on where the exporter was: every later text is the one it would have
 * written.
 *
 * ret_oa: owned by the caller; pl_oa_destroy()
 * Errors: PL_EUNSUPPORTED written by another version; PL_EPROTO malformed, or
 *         a state that no exchange leads to; PL_ENOMEM
 * Context: any one thread; allocates. The bytes may be hostile */
PL_MUST_USE pl_err pl_oa_import(pl_slice state, pl_oa **ret_oa);
/* The agreement has the fingerprint of a certificate whose key is with the
 * process that it comes from: good as long as the peer keeps its association.
 * Name ours for the answer to an offer that begins a new one (RFC 8842 section
 * 5.5). A peer that begins one in an answer is refused (PL_EMEDIA), as our
 * offer named what we cannot show; its own next offer works. */
void pl_oa_spare_fingerprint(pl_oa *oa, const uint8_t print[PL_OA_SHA256]);
/* What we are; borrowed until the next call. */
const pl_oa_local *pl_oa_ours(const pl_oa *oa);
/* The last complete exchange; false: there was none. */
bool pl_oa_agreed(const pl_oa *oa, pl_oa_result *ret_result);

/* True while an offer of ours waits for its answer. */
bool pl_oa_is_offered(const pl_oa *oa);
/* Why the last call failed, for logs, Warning and error bodies; "" after
 * success. Static or owned by oa; valid until the next call. */
const char *pl_oa_reason(const pl_oa *oa);

/* Check that an answer fits an offer: same lines in the same order, formats
 * out of the offer, direction allowed by it, mids kept, BUNDLE group within the
 * offered one and without refused lines.
 *
 * pl_oa_accept() is more forgiving: of a peer's answer it wants the lines, mids
 * and groups right, and overlooks formats and directions that go too far.
 *
 * ret_why: static text, set when not PL_OK; may be NULL
 * Errors:  PL_EMEDIA it does not
 * Source:  RFC 3264 section 6, RFC 8829 section 5.11, RFC 8843 section 7.3 */
PL_MUST_USE pl_err pl_oa_check(const pl_sdp *offer, const pl_sdp *answer,
                               const char **ret_why);

#endif
