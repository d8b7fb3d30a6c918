/* dialog.h - a dialog's identifiers, sequence numbers and route set.
 * RFC 3261 section 12. */
#ifndef PL_SIP_DIALOG_H
#define PL_SIP_DIALOG_H

#include "sip_msg.h"

typedef struct pl_sip_dialog {
    bool is_uas;
    char call_id[PL_SIP_CALL_ID_MAX + 1];
    char local_tag[PL_SIP_TAG_MAX + 1], remote_tag[PL_SIP_TAG_MAX + 1];
    char local_uri[PL_SIP_URI_MAX + 1], remote_uri[PL_SIP_URI_MAX + 1];
    char local_name[129];
    char target[PL_SIP_URI_MAX + 1];    /* remote target */
    char routes[PL_SIP_ROUTES_MAX + 1]; /* in the order of use */
    uint32_t local_cseq, remote_cseq;
    bool has_remote_cseq;
} pl_sip_dialog;

/* Begin as server with the dialog-forming request.
 * Errors: PL_EPROTO its Contact or Record-Route cannot be used.
 * Source: RFC 3261 section 12.1.1. */
PL_MUST_USE pl_err pl_sip_dialog_accept(const pl_sip_msg *request,
                                        const char *local_tag,
                                        pl_sip_dialog *ret_dialog);
/* Complete a client's dialog from a response with a To tag: remote tag, remote
 * target, route set in reverse order.
 * Errors: PL_EPROTO no tag, or unusable Contact or Record-Route in a 2xx.
 * Source: RFC 3261 section 12.1.2 and 13.2.2.4. */
PL_MUST_USE pl_err pl_sip_dialog_establish(pl_sip_dialog *dialog,
                                           const pl_sip_msg *response);
/* Judge a request inside the dialog and take its sequence number.
 * Errors: PL_ESTATE the number is not above the last one (answer 500, section
 *         12.2.2); ACK and CANCEL are not counted and always pass. */
PL_MUST_USE pl_err pl_sip_dialog_receive(pl_sip_dialog *dialog,
                                         const pl_sip_msg *request);
/* Take a new remote target from a target refresh (re-INVITE, its 2xx).
 * Source: RFC 3261 section 12.2. */
void pl_sip_dialog_refresh(pl_sip_dialog *dialog, const pl_sip_msg *m);
/* Whether its remote target and route set can be used, as those of a record.
 * Errors: PL_EPROTO */
PL_MUST_USE pl_err pl_sip_dialog_check(const pl_sip_dialog *dialog);
/* Whether all three identifiers agree with a request from the peer. */
bool pl_sip_dialog_matches(const pl_sip_dialog *dialog, const pl_sip_msg *m);

/* Where and how the next request goes. RFC 3261 section 12.2.1.1. */
typedef struct pl_sip_hop {
    char request_uri[PL_SIP_URI_MAX + 1];
    char route[PL_SIP_ROUTES_MAX + PL_SIP_URI_MAX + 3]; /* header value or "" */
    pl_sip_uri next;                                    /* address to send to */
} pl_sip_hop;
/* Errors: PL_EPROTO an address in the set cannot be parsed. */
PL_MUST_USE pl_err pl_sip_dialog_hop(const pl_sip_dialog *dialog,
                                     pl_sip_hop *ret_hop);

#endif
