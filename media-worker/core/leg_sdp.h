/* leg_sdp.h - one leg's session descriptions: what we offer and answer, and
 * what the mixer and the I/O thread need to know of the result. A thin layer
 * over pl/offer_answer.h in this worker's own terms. */
#ifndef PL_LEG_SDP_H
#define PL_LEG_SDP_H

#include "core/addr.h"
#include "core/engine_msg.h"
#include "core/ice.h"
#include "pl/slice.h"

enum {
    PL_LEG_SDP_LOCALS = 8, /* addresses announced at most */
    PL_LEG_SDP_PRINTS = 4, /* fingerprints of the peer */
    PL_LEG_SDP_SHA256 = 32,
    PL_LEG_SDP_UFRAG = 256,
    PL_LEG_SDP_LINES = 513, /* text of m= lines, end mark included */
    PL_LEG_SDP_MAX = 16384, /* bytes of a text of ours */
    PL_LEG_SDP_STATE = 8192 /* bytes of pl_leg_sdp_export() at most */
};

typedef struct pl_leg_sdp pl_leg_sdp;

typedef struct pl_leg_sdp_options {
    pl_leg_kind kind;
    uint64_t session_id;               /* random, below 2^62 */
    pl_addr locals[PL_LEG_SDP_LOCALS]; /* best first, with the RTP port; SIP
                                          legs use the first one only */
    size_t n_locals;                   /* at least 1 */
    uint32_t ssrc;
    const char *cname, *stream_id;
    pl_slice lines; /* m= lines that the peer has already, "audio/0/1 video/1":
                       our first offer keeps them; empty: none */
    /* WebRTC only */
    bool is_stereo;   /* the room is: two channels for who plays them */
    bool has_red;     /* take and offer redundant Opus */
    bool has_comfort; /* take and offer comfort noise, of telephones */
    const char *ufrag, *pwd;
    const uint8_t *fingerprint; /* [PL_LEG_SDP_SHA256] */
} pl_leg_sdp_options;

/* What both sides agreed on. */
typedef struct pl_leg_agreed {
    pl_mix_media media;
    bool is_rtcp_mux;
    pl_addr remote, rtcp_remote; /* SIP; none: a name, or port 0 */
    char remote_ufrag[PL_LEG_SDP_UFRAG + 1];
    bool is_ice_restart; /* the credentials handed in as fresh are in use */
    uint8_t prints[PL_LEG_SDP_PRINTS][PL_LEG_SDP_SHA256];
    size_t n_prints;
} pl_leg_agreed;

/* A description of ours. */
typedef struct pl_leg_text {
    size_t len;
    char text[PL_LEG_SDP_MAX];
} pl_leg_text;

/* Create the negotiation of one leg.
 * Errors: PL_EINVAL, also malformed lines; PL_ENOMEM */
PL_MUST_USE pl_err pl_leg_sdp_create(const pl_leg_sdp_options *options,
                                     pl_leg_sdp **ret_sdp);
void pl_leg_sdp_destroy(pl_leg_sdp **sdp);

/* Answer the peer's offer. fresh_ufrag, fresh_pwd: used when it restarts ICE.
 * Errors: PL_EPROTO, PL_ETOOBIG malformed; PL_EMEDIA nothing acceptable;
 *         PL_ESTATE our own offer waits; PL_EFULL; PL_ENOMEM. Nothing changed
 *         then; pl_leg_sdp_reason() says why */
PL_MUST_USE pl_err pl_leg_sdp_answer(pl_leg_sdp *sdp, pl_slice offer,
                                     const char *fresh_ufrag,
                                     const char *fresh_pwd,
                                     pl_leg_text *ret_text,
                                     pl_leg_agreed *ret_agreed);
/* Make an offer. wanted: its direction, kept for later exchanges; UNKNOWN: the
 * one wanted so far (sendrecv at first). An offer that waits already with
 * another direction is given up for the new one.
 * Errors: PL_EEXIST the offer that waits is the same: nothing was written;
 *         PL_EFULL; PL_ENOMEM */
PL_MUST_USE pl_err pl_leg_sdp_offer(pl_leg_sdp *sdp, pl_direction wanted,
                                    pl_leg_text *ret_text);
/* Take the answer to it. Errors: PL_ESTATE no offer waits; PL_EPROTO,
 * PL_ETOOBIG malformed; PL_EMEDIA it does not fit; PL_ENOMEM */
PL_MUST_USE pl_err pl_leg_sdp_accept(pl_leg_sdp *sdp, pl_slice answer,
                                     pl_leg_agreed *ret_agreed);
/* Give up an offer of ours that waits, and the direction wanted for it. */
void pl_leg_sdp_rollback(pl_leg_sdp *sdp);
bool pl_leg_sdp_is_offered(const pl_leg_sdp *sdp);
/* The m= lines agreed on so far as "kind/mid .." (pl_oa_lines()) into
 * buf[PL_LEG_SDP_LINES]; empty: none, or they cannot be told. */
void pl_leg_sdp_lines(const pl_leg_sdp *sdp, char *buf);
/* Why the last call failed; for people. */
const char *pl_leg_sdp_reason(const pl_leg_sdp *sdp);

/* What our descriptions say of us. */
typedef struct pl_leg_sdp_ours {
    pl_leg_kind kind;
    uint16_t port; /* of RTP, or of WebRTC */
    uint32_t ssrc;
    char cname[PL_MIX_CNAME_MAX];
    char ufrag[PL_ICE_UFRAG + 1], pwd[PL_ICE_PWD + 1]; /* WebRTC */
} pl_leg_sdp_ours;

/* The negotiation as bytes, for the worker that goes on with the leg; an offer
 * that waits is left out (pl_oa_export()). Errors: PL_EFULL; PL_ENOMEM */
PL_MUST_USE pl_err pl_leg_sdp_export(const pl_leg_sdp *sdp, uint8_t *buf,
                                     size_t cap, size_t *ret_len);
/* Go on with it.
 *
 * print:  [PL_LEG_SDP_SHA256] of our certificate, told to a peer that begins
 *         a new association (pl_oa_spare_fingerprint()); NULL: SIP
 * Errors: PL_EUNSUPPORTED of another version; PL_EPROTO malformed, or nothing
 *         was agreed on; PL_EMEDIA no codec of ours; PL_ENOMEM */
PL_MUST_USE pl_err pl_leg_sdp_import(pl_slice state, const uint8_t *print,
                                     pl_leg_sdp **ret_sdp,
                                     pl_leg_sdp_ours *ret_ours,
                                     pl_leg_agreed *ret_agreed);

/* The address that an offer wants its audio sent to (first audio section with
 * a port); none when there is none or it is a name.
 * Errors: PL_EPROTO, PL_ETOOBIG, PL_ENOMEM as pl_sdp_parse(). */
PL_MUST_USE pl_err pl_leg_sdp_peek(pl_slice text, pl_addr *ret_remote);
/* Text of a codec for reports ("opus/48000"). */
const char *pl_leg_sdp_codec_text(const pl_mix_media *media);
const char *pl_leg_sdp_codec_name(pl_codec_kind codec);

#endif
