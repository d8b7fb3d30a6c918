/* srtp.h - SRTP and SRTCP of one leg: RFC 3711 and RFC 7714 over OpenSSL's
 * ciphers. One context holds both directions. */
#ifndef PL_SRTP_H
#define PL_SRTP_H

#include "core/srtp_ops.h"

/* Prepare the library, before any thread makes a context; each success wants
 * one close. Main thread. Errors: PL_EINTERNAL. */
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

/* How far the context is. next_index is 0 before the first packet of ssrc. */
void pl_srtp_where(const pl_srtp *srtp, uint32_t ssrc,
                   pl_srtp_place *ret_place);
/* Create a context that goes on where another one with the same keys is, or
 * ahead of it: what is below next_index is refused by pl_srtp_protect(), as if
 * it had been sent, and what is not above the received numbers by
 * pl_srtp_unprotect().
 * Errors: as create; PL_EINVAL numbers that cannot be */
PL_MUST_USE pl_err pl_srtp_resume(const pl_srtp_keys *keys, bool is_server,
                                  uint32_t ssrc, const pl_srtp_place *place,
                                  pl_srtp **ret_srtp);
/* Whether the context has these keys in this role: a second one would use its
 * numbers again. In constant time. */
bool pl_srtp_has_keys(const pl_srtp *srtp, const pl_srtp_keys *keys,
                      bool is_server);

/* The functions above as the engine takes them. */
extern const pl_srtp_ops pl_srtp_library;

#endif
