/* refer.h - what transfers say: Refer-To (RFC 3515), Replaces (RFC 3891), and
 * the status line in a NOTIFY (RFC 3420). */
#ifndef PL_SIP_REFER_H
#define PL_SIP_REFER_H

#include "sip_msg.h"

/* A dialog as its Replaces header names it: the tags as whoever gets that
 * INVITE sees them. */
typedef struct pl_sip_replaces {
    char call_id[PL_SIP_CALL_ID_MAX + 1];
    char to_tag[PL_SIP_TAG_MAX + 1], from_tag[PL_SIP_TAG_MAX + 1];
    bool is_early_only;
} pl_sip_replaces;

/* Errors: PL_EPROTO no Call-ID, or not exactly one of each tag.
 * Source: RFC 3891 section 6.1 */
PL_MUST_USE pl_err pl_sip_replaces_parse(pl_slice value,
                                         pl_sip_replaces *ret_replaces);

enum { PL_REFER_REPLACES_MAX = 512 };
typedef struct pl_sip_refer_to {
    pl_sip_uri uri;                           /* without headers and method */
    char replaces[PL_REFER_REPLACES_MAX + 1]; /* value of its Replaces, or "" */
} pl_sip_refer_to;

/* Errors: PL_EPROTO; PL_EUNSUPPORTED another method than INVITE, or another
 * scheme. Source: RFC 3515 section 2.1; RFC 3261 section 19.1.1 */
PL_MUST_USE pl_err pl_sip_refer_to_parse(pl_slice value,
                                         pl_sip_refer_to *ret_to);
/* Status of a message/sipfrag body. Errors: PL_EPROTO */
PL_MUST_USE pl_err pl_sip_frag_status(pl_slice body, unsigned *ret_status);

#endif
