/* call_line.h - what roompool says of a call that we make beyond whom to call:
 * how a network wants it. Shared by the files of the call module. */
#ifndef PL_SIG_CALL_LINE_H
#define PL_SIG_CALL_LINE_H

#include "identity.h"
#include "pl/bus.h"
#include "sip_uri.h"

typedef struct pl_call_line {
    char from_host[256]; /* "": ours, as the peer sees us */
    char to_name[257];
    pl_sip_identity_kind identity_kind;
    char identity[PL_SIP_URI_MAX + 1];
    bool is_hidden; /* the caller must not be shown */
    bool is_local;  /* to ourselves: it comes in again */
    bool has_hop;
    pl_sip_uri hop;                        /* in place of the outbound proxy */
    char route[1025];                      /* to begin with; may be "" */
    char auth_user[129], auth_secret[129]; /* "": none */
    bool tells_all;
} pl_call_line;

/* Read it. self: our own address. Errors: PL_EINVAL an address; PL_ENOMEM. */
PL_MUST_USE pl_err pl_call_line_take(const pl_call_start *m, const char *self,
                                     pl_call_line **ret_line);
/* Wipes the password. */
void pl_call_line_destroy(pl_call_line **line);

#endif
