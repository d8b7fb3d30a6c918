/* oa_internal.h - what the files of the offer/answer module share. */
#ifndef PL_OA_INTERNAL_H
#define PL_OA_INTERNAL_H

#include "pl/offer_answer.h"

enum {
    OA_KIND_TEXT = 32,
    OA_PROTO_TEXT = 48,
    OA_FORMAT_TEXT = 32,
    OA_CONTENT_TEXT = 16,
    OA_MAX_ONE_BYTE_ID = 14, /* RFC 8285 section 4.2 */
};

/* Directions as bits, so that cutting down is an AND. */
enum { OA_SEND = 1, OA_RECV = 2 };

/* One m= line in its place; never removed, RFC 3264 section 8. */
typedef struct oa_line {
    char kind[OA_KIND_TEXT];
    char proto[OA_PROTO_TEXT];
    char format[OA_FORMAT_TEXT]; /* first one, to echo in a refusal */
    char mid[PL_OA_TOKEN_TEXT];  /* empty: none */
    /* What a browser's client calls it, RFC 4796; empty: nothing. Neither in
     * the state nor among the lines that are kept: its next offer says it. */
    char content[OA_CONTENT_TEXT];
} oa_line;

/* Everything that a text of ours is written from. */
typedef struct oa_plan {
    bool is_offer;
    uint64_t version;
    oa_line lines[PL_SDP_MAX_MEDIA];
    size_t n_lines;
    size_t audio;   /* index of the audio line */
    bool has_audio; /* false: every line is refused */
    bool bundle;
    bool rtcp_mux;
    pl_direction direction;
    pl_oa_codec codecs[PL_OA_MAX_CODECS];
    size_t n_codecs;
    pl_oa_event events[PL_OA_MAX_EVENTS];
    size_t n_events;
    uint8_t red_pt; /* redundant Opus, in what we receive; 0: none */
    uint8_t cn_pt;  /* comfort noise, RFC 3389; 0: none */
    uint8_t audio_level_id;
    pl_oa_ice ice;
} oa_plan;

struct pl_oa {
    pl_oa_local local;
    pl_direction wanted;
    pl_direction wanted_before; /* at the last complete exchange */
    uint64_t version;           /* of our last text; every text has its own */
    oa_plan agreed; /* lines and numbers of the last complete exchange */
    pl_oa_result result;
    bool has_agreed;
    oa_plan offered; /* while sdp_offered waits for its answer */
    pl_sdp *sdp_offered;
    const char *reason;                /* static text */
    uint8_t spare_print[PL_OA_SHA256]; /* of a certificate that we do have */
    bool has_spare_print; /* local.fingerprint is that of another process */
};

unsigned oa_bits(pl_direction d);
pl_direction oa_direction(unsigned bits);
/* The same seen from the other end. */
unsigned oa_reverse(unsigned bits);

/* What a section is read with. */
typedef struct oa_reader {
    const pl_oa_local *local;
    const pl_sdp *sdp;
    const pl_sdp_media *media;
    const oa_plan *offered; /* reading an answer: our offer; else NULL */
    const pl_oa_result *established; /* the exchange before; NULL: none */
} oa_reader;

/* Whether a section's port says that it is wanted (RFC 8843 section 6: a
 * bundle-only section has port 0 and is wanted). */
bool oa_is_wanted(const pl_sdp *sdp, const pl_sdp_media *media);
/* Read all that the peer says of its audio section, direction and the local
 * credentials excepted. Errors: PL_EMEDIA with *ret_why. */
PL_MUST_USE pl_err oa_read_audio(const oa_reader *in, pl_oa_result *ret_result,
                                 const char **ret_why);

/* The peer's certificate is the same in both. */
bool oa_same_fingerprints(const pl_oa_result *a, const pl_oa_result *b);

/* Lines of a plan from and to the text of pl_oa_lines(). Errors: PL_EINVAL
 * malformed, or a word that cannot be passed on; PL_EFULL buf. */
PL_MUST_USE pl_err oa_lines_parse(pl_slice text, pl_leg_kind leg,
                                  oa_plan *plan);
PL_MUST_USE pl_err oa_lines_write(const oa_plan *plan, char *buf, size_t cap);
/* Give audio its place in an offer: the one that it has, else a line of its
 * kind (when the peer put audio off and used its place for another), else a
 * new line at the end. Errors: PL_EFULL no place. */
PL_MUST_USE pl_err oa_place_audio(pl_leg_kind leg, oa_plan *plan);

/* Write a description of ours. Errors: PL_EFULL. */
PL_MUST_USE pl_err oa_write(const pl_oa_local *local, const oa_plan *plan,
                            pl_oa_sdp *ret_sdp);

/* Lines, mids and groups only: what a peer's answer must get right for us to
 * understand it at all. What it says of lines that we refused is overlooked:
 * clients that edit an old text of theirs leave them as they once offered them.
 * Errors: PL_EMEDIA with *ret_why. */
PL_MUST_USE pl_err oa_check_lines(const pl_sdp *offer, const pl_sdp *answer,
                                  const char **ret_why);
/* Errors: PL_EINVAL an incomplete pl_oa_local, see pl_oa_create(). */
PL_MUST_USE pl_err oa_check_local(const pl_oa_local *local);
/* Errors: PL_EINVAL numbers, words or credentials that no exchange gives. */
PL_MUST_USE pl_err oa_check_plan(const oa_plan *plan, pl_leg_kind leg);
/* One or more characters of a token (RFC 8866 section 9). */
bool oa_is_token(const char *text);
/* ufrag and password of allowed length and characters, RFC 8839 5.4. */
bool oa_is_ice(const char *ufrag, const char *pwd);

#endif
