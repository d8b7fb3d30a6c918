/* sip_map.h - errors and statuses: one place where they meet. */
#ifndef PL_SIP_MAP_H
#define PL_SIP_MAP_H

#include "pl/err.h"

/* Phrase of a status (RFC 3261 section 21); that of its class otherwise. */
const char *pl_sip_phrase(unsigned status);
/* Final status of an INVITE that roompool refused with e (or did not answer:
 * PL_ETIMEOUT). ret_retry_after_s: seconds for Retry-After, 0 none. */
unsigned pl_sip_status_of(pl_err e, unsigned *ret_retry_after_s);
/* Lines that must go with a refusal, NULL none. RFC 3261 sections 21.4.13,
 * 21.5.4. */
const char *pl_sip_refusal_lines(unsigned status);
/* What a final failure of our own request means inside the platform. */
pl_err pl_sip_err_of(unsigned status);

#endif
