/* sdp.h - session descriptions (RFC 8866): a bounded parser and a writer.
 *
 * The parser is strict where a mistake could be exploited (bounds, numbers,
 * addresses, NUL) and tolerant where deployed clients are sloppy: LF instead of
 * CRLF, any text in s=, absent s= and t=, lines in an unusual order within a
 * section, unknown attributes and unknown line types. */
#ifndef PL_SDP_H
#define PL_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"
#include "pl/words.h"

enum {
    PL_SDP_MAX_BYTES = 65536,    /* one description */
    PL_SDP_MAX_LINE = 4096,      /* one line without its end */
    PL_SDP_MAX_MEDIA = 8,        /* m= lines */
    PL_SDP_MAX_ATTRS = 256,      /* a= lines of a section, candidates not
                                    counted: a browser's video section has
                                    about 170 */
    PL_SDP_MAX_CANDIDATES = 50,  /* a=candidate lines of a section */
    PL_SDP_MAX_FORMATS = 64,     /* formats of an m= line */
    PL_SDP_MAX_GROUPS = 4,       /* a=group lines */
    PL_SDP_MAX_FINGERPRINT = 64, /* bytes: SHA-512 */
    PL_SDP_ADDRESS_TEXT = 46,    /* longest IPv6 text with its end mark */
};

/* c= or the address of a=rtcp; family 0: absent, or a host name, which is
 * not resolved. */
typedef struct pl_sdp_conn {
    unsigned family; /* 4, 6 or 0 */
    char address[PL_SDP_ADDRESS_TEXT];
} pl_sdp_conn;

/* One a= line: name up to the first colon, value after it (may be empty). */
typedef struct pl_sdp_attr {
    pl_slice name, value;
} pl_sdp_attr;

/* One m= section. Slices are borrowed from the pl_sdp. */
typedef struct pl_sdp_media {
    pl_slice kind; /* "audio", "video", "application", .. */
    uint16_t port; /* 0: refused, unless bundle-only */
    pl_slice proto;
    pl_slice formats[PL_SDP_MAX_FORMATS];
    size_t n_formats;
    pl_sdp_conn conn; /* its own c=, else the session's */
    const pl_sdp_attr *attrs;
    size_t n_attrs; /* candidates included */
} pl_sdp_media;

typedef struct pl_sdp {
    uint64_t session_id, session_version; /* o=; 0 when not a number */
    pl_slice name;                        /* s=; meaning nothing */
    pl_sdp_conn conn;
    const pl_sdp_attr *attrs; /* session level */
    size_t n_attrs;
    pl_sdp_media media[PL_SDP_MAX_MEDIA];
    size_t n_media;
} pl_sdp;

/* Where and why a text was refused. what: static text. */
typedef struct pl_sdp_fault {
    unsigned line; /* from 1; 0: the text as a whole */
    const char *what;
} pl_sdp_fault;

/* Parse a description.
 *
 * text:      copied; may be released afterwards
 * ret_sdp:   owned by the caller, pl_sdp_destroy(); one block of memory
 * ret_fault: set when not PL_OK; may be NULL
 * Errors:    PL_EPROTO malformed; PL_ETOOBIG above a bound; PL_ENOMEM
 * Context:   any thread; one allocation; O(length)
 * Source:    RFC 8866 sections 5 and 9 */
PL_MUST_USE pl_err pl_sdp_parse(pl_slice text, pl_sdp **ret_sdp,
                                pl_sdp_fault *ret_fault);
/* Free and set *sdp to NULL; NULL and *NULL do nothing. */
void pl_sdp_destroy(pl_sdp **sdp);

/* First attribute of that name (exact case); NULL when absent. media NULL: of
 * the session. Borrowed until the description is destroyed. */
const pl_sdp_attr *pl_sdp_find(const pl_sdp *sdp, const pl_sdp_media *media,
                               const char *name);
/* As pl_sdp_find(), of the section first, then of the session. */
const pl_sdp_attr *pl_sdp_find_either(const pl_sdp *sdp,
                                      const pl_sdp_media *media,
                                      const char *name);
/* Next attribute of that name behind prev (NULL: the first) in a section. */
const pl_sdp_attr *pl_sdp_next(const pl_sdp_media *media, const char *name,
                               const pl_sdp_attr *prev);

/* Direction of a section as its author sends; the session's when the section
 * has none; sendrecv when there is neither (RFC 8866 section 6.7). */
pl_direction pl_sdp_direction(const pl_sdp *sdp, const pl_sdp_media *media);

/* a=rtpmap of one payload type. */
typedef struct pl_sdp_rtpmap {
    uint8_t pt;
    pl_slice encoding;
    uint32_t clock_hz;
    uint32_t channels; /* 1 when not said */
} pl_sdp_rtpmap;

/* Mapping of a format of an RTP section: its a=rtpmap, or the static
 * assignment of RFC 3551 section 6 for PCMU, PCMA, G722 and CN.
 * Errors: PL_ENOENT neither; PL_EPROTO the format is no payload type, or its
 *         rtpmap is malformed */
PL_MUST_USE pl_err pl_sdp_find_rtpmap(const pl_sdp_media *media,
                                      pl_slice format, pl_sdp_rtpmap *ret_map);
/* Parameters of a=fmtp of a payload type; {NULL, 0} when absent. */
pl_slice pl_sdp_find_fmtp(const pl_sdp_media *media, uint8_t pt);
/* Value of one parameter in "a=1; b=2" (name without case).
 * Errors: PL_ENOENT absent */
PL_MUST_USE pl_err pl_sdp_fmtp_param(pl_slice params, const char *name,
                                     pl_slice *ret_value);
/* A whole-number attribute such as ptime; fallback when absent or malformed
 * or above max. */
uint32_t pl_sdp_number(const pl_sdp_media *media, const char *name,
                       uint32_t max, uint32_t fallback);

/* a=mid of a section; empty when absent. */
pl_slice pl_sdp_mid(const pl_sdp_media *media);
/* Section with that mid; NULL when none. */
const pl_sdp_media *pl_sdp_find_mid(const pl_sdp *sdp, pl_slice mid);
/* The a=group:BUNDLE that names mid (RFC 8843 section 7): its tokens after
 * "BUNDLE"; {NULL, 0} when none does. */
pl_slice pl_sdp_bundle_of(const pl_sdp *sdp, pl_slice mid);
/* Cut the next token off a text of tokens and blanks; empty at the end. */
pl_slice pl_sdp_token(pl_slice *rest);

typedef enum pl_sdp_setup {
    PL_SDP_SETUP_NONE, /* absent */
    PL_SDP_SETUP_ACTIVE,
    PL_SDP_SETUP_PASSIVE,
    PL_SDP_SETUP_ACTPASS,
    PL_SDP_SETUP_HOLDCONN,
    PL_SDP_SETUP_BAD, /* present with another text */
} pl_sdp_setup;

/* a=setup of the section or the session (RFC 8842 section 5). */
pl_sdp_setup pl_sdp_find_setup(const pl_sdp *sdp, const pl_sdp_media *media);

/* One a=fingerprint (RFC 8122 section 5). */
typedef struct pl_sdp_fingerprint {
    pl_slice hash; /* "sha-256" in any case */
    uint8_t bytes[PL_SDP_MAX_FINGERPRINT];
    size_t len;
} pl_sdp_fingerprint;

/* Parse the value of a=fingerprint. Errors: PL_EPROTO. */
PL_MUST_USE pl_err pl_sdp_parse_fingerprint(pl_slice value,
                                            pl_sdp_fingerprint *ret_print);

/* One a=extmap (RFC 8285 section 8). */
typedef struct pl_sdp_extmap {
    uint32_t id; /* 1..255, or 4096..4351 in offers to be renumbered */
    pl_direction direction;
    pl_slice uri;
} pl_sdp_extmap;

/* Parse the value of a=extmap. Errors: PL_EPROTO. */
PL_MUST_USE pl_err pl_sdp_parse_extmap(pl_slice value, pl_sdp_extmap *ret_ext);
/* The extension with that URI; the session's too.
 * Errors: PL_ENOENT not there */
PL_MUST_USE pl_err pl_sdp_find_extmap(const pl_sdp *sdp,
                                      const pl_sdp_media *media,
                                      const char *uri, pl_sdp_extmap *ret_ext);

/* Where RTCP goes: a=rtcp (RFC 3605), else the section's address and port + 1.
 * With rtcp-mux in use this does not matter. */
void pl_sdp_find_rtcp(const pl_sdp_media *media, pl_sdp_conn *ret_conn,
                      uint16_t *ret_port);

/* One a=ssrc line (RFC 5576 section 4.1): "<ssrc> <attribute>[:<value>]". */
typedef struct pl_sdp_ssrc {
    uint32_t ssrc;
    pl_slice attribute, value;
} pl_sdp_ssrc;

/* Parse the value of a=ssrc. Errors: PL_EPROTO. */
PL_MUST_USE pl_err pl_sdp_parse_ssrc(pl_slice value, pl_sdp_ssrc *ret_ssrc);

/* Writer: lines with CRLF into a caller's buffer. After the first line that
 * does not fit everything is dropped and pl_sdp_writer_end() says so. */
typedef struct pl_sdp_writer {
    char *buf;
    size_t cap, len;
    bool full;
} pl_sdp_writer;

/* Write into buf[cap]; the text always ends with NUL. cap > 0. */
void pl_sdp_writer_init(pl_sdp_writer *w, char *buf, size_t cap);
/* One line; CR and LF within the formatted text make it refused as if full. */
void pl_sdp_line(pl_sdp_writer *w, const char *format, ...) PL_PRINTF(2, 3);
/* Errors: PL_EFULL something did not fit. */
PL_MUST_USE pl_err pl_sdp_writer_end(const pl_sdp_writer *w, size_t *ret_len);

#endif
