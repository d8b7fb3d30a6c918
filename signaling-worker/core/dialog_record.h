/* dialog_record.h - what another worker needs to go on with a call when its
 * own is gone: the dialog (RFC 3261 section 12), where its peer was reached and
 * what was agreed, as bounded JSON. Passwords are not in it. */
#ifndef PL_SIP_DIALOG_RECORD_H
#define PL_SIP_DIALOG_RECORD_H

#include "dialog.h"
#include "pl/buf.h"
#include "pl/ip.h"

enum {
    PL_DIALOG_RECORD_MAX = 8192,
    PL_DIALOG_SDP_MAX = 4096,
    PL_DIALOG_CONTACT_MAX = 64
};

typedef struct pl_dialog_record {
    pl_sip_dialog dialog; /* local_cseq: none above it has been used */
    pl_uri_transport transport;
    pl_ip peer;    /* where it was reached last */
    uint16_t port; /* of it, over UDP; else 0 */
    pl_ip source;  /* of its INVITE, or where ours went */
    bool is_sips, allows_update;
    uint32_t session_s; /* agreed interval, 0 none (RFC 4028) */
    bool is_refresher;  /* we are */
    uint32_t session_min_s;
    char contact_user[PL_DIALOG_CONTACT_MAX + 1]; /* of our Contact, or "" */
    char sdp[PL_DIALOG_SDP_MAX + 1]; /* our description in force; "" unknown */
} pl_dialog_record;

/* Write it. A description that makes it too long is left out: sdp of a
 * re-INVITE is then unknown. Errors: PL_EFULL; PL_EINVAL a text in it is not
 * UTF-8; PL_ENOMEM. */
PL_MUST_USE pl_err pl_dialog_record_write(const pl_dialog_record *r,
                                          pl_buf *out);
/* Read what pl_dialog_record_write() wrote; whatever else comes is refused.
 * Errors: PL_EPROTO; PL_ENOMEM. */
PL_MUST_USE pl_err pl_dialog_record_read(pl_slice text,
                                         pl_dialog_record *ret_record);

#endif
