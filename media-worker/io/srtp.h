/* srtp.h - SRTP and SRTCP of one leg: RFC 3711 and RFC 7714 over OpenSSL's
 * ciphers. One context holds both directions. */
#ifndef PL_SRTP_H
#define PL_SRTP_H

#include "core/srtp_ops.h"

/* Prepare the library; once in the process, before any thread makes a
 * context. Errors: PL_EINTERNAL. */
PL_MUST_USE pl_err pl_srtp_library_open(void);
void pl_srtp_library_close(void);

/* Create a context.
 *
 * is_server: our DTLS role; we send with that side's key and receive with the
 *            other's (RFC 5764 section 4.2)
 * Errors:    PL_EINVAL profile; PL_EINTERNAL the library refused
 * Context:   allocates */
PL_MUST_USE pl_err pl_srtp_create(const pl_srtp_keys *keys, bool is_server,
                                  pl_srtp **ret_srtp);
/* Wipe the keys and free; NULL is fine. */
void pl_srtp_destroy(pl_srtp **srtp);

/* Protect a packet in place. Numbers of a source must rise: none is ever used
 * twice with the same keys. No allocation.
 *
 * packet[cap]: *len bytes used, grows by at most PL_SRTP_MAX_TRAILER
 * Errors: PL_EFULL cap too small; PL_EINVAL no RTP, a number that was used, or
 *         a ninth source; PL_EINTERNAL the library refused */
PL_MUST_USE pl_err pl_srtp_protect(pl_srtp *srtp, bool is_rtcp, uint8_t *packet,
                                   size_t cap, size_t *len);
/* Authenticate and decrypt a packet in place; *len shrinks.
 * Replay window: 1024 packets. Of at most PL_SRTP_MAX_SSRC_IN sources a
 * context; others are refused before any cryptography.
 * Errors: PL_EPROTO too short; PL_EFULL one source too many; PL_EEXIST
 *         replayed or too old; PL_EAUTH does not authenticate */
PL_MUST_USE pl_err pl_srtp_unprotect(pl_srtp *srtp, bool is_rtcp,
                                     uint8_t *packet, size_t *len);

/* What another worker needs to go on with the leg. */
typedef struct pl_srtp_state {
    pl_srtp_keys keys;
    bool is_server;
    struct {
        uint32_t ssrc, roc;
        uint32_t rtcp_index; /* sent last */
        bool is_out;
    } source[PL_SRTP_MAX_SSRC_IN + 1];
    uint8_t n_sources;
} pl_srtp_state;

/* Read the state out. What was received is in it but for the windows. */
void pl_srtp_export(const pl_srtp *srtp, pl_srtp_state *ret_state);
/* Create a context that continues an exported one. Errors: as create. */
PL_MUST_USE pl_err pl_srtp_import(const pl_srtp_state *state,
                                  pl_srtp **ret_srtp);

/* The functions above as the engine takes them. */
extern const pl_srtp_ops pl_srtp_library;

#endif
