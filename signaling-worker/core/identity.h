/* identity.h - who calls, as a network that is trusted says it, and whether
 * that may be shown: RFC 3325, RFC 3323. */
#ifndef PL_SIP_IDENTITY_H
#define PL_SIP_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "sip_head.h"

/* The first address of P-Asserted-Identity, without parameters and brackets.
 * To be believed only of whom we trust (RFC 3325 section 5).
 * Returns: whether there is a good one. */
bool pl_sip_identity_asserted(const pl_sip_head *head, char *buf, size_t cap);
/* Whether the caller must not be shown: Privacy says so (RFC 3323 section 4.2),
 * or From is that of nobody. */
bool pl_sip_identity_is_hidden(const pl_sip_head *head, const char *from_uri);

typedef enum pl_sip_identity_kind {
    PL_SIP_IDENTITY_NONE,
    PL_SIP_IDENTITY_ASSERTED,  /* towards a network that trusts us */
    PL_SIP_IDENTITY_PREFERRED, /* towards one that asserts by itself */
} pl_sip_identity_kind;

/* The lines of a request of ours. uri: ours; a bad one is left out. */
void pl_sip_identity_lines(pl_sip_identity_kind kind, const char *uri,
                           bool is_hidden, char *buf, size_t cap);

/* From of a caller who must not be shown. RFC 3323 section 4.1.1.3 */
#define PL_SIP_NOBODY_NAME "Anonymous"
#define PL_SIP_NOBODY_URI  "sip:anonymous@anonymous.invalid"

#endif
