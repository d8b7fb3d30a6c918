/* sip_msg.h - one SIP message as plain bounded values: what the adapter around
 * the parser hands to everything else. Strings are C strings without control
 * characters; absent ones are empty. */
#ifndef PL_SIP_MSG_H
#define PL_SIP_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/slice.h"
#include "reason.h"
#include "reliable.h"
#include "session_timer.h"
#include "sip_options.h"
#include "sip_uri.h"

/* X(name, text, handled by us): methods of the IANA registry. */
#define PL_SIP_METHODS(X)                                                      \
    X(INVITE, "INVITE", 1)                                                     \
    X(ACK, "ACK", 1)                                                           \
    X(CANCEL, "CANCEL", 1)                                                     \
    X(BYE, "BYE", 1)                                                           \
    X(OPTIONS, "OPTIONS", 1)                                                   \
    X(INFO, "INFO", 1)                                                         \
    X(UPDATE, "UPDATE", 1)                                                     \
    X(PRACK, "PRACK", 1)                                                       \
    X(REGISTER, "REGISTER", 0)                                                 \
    X(SUBSCRIBE, "SUBSCRIBE", 0)                                               \
    X(NOTIFY, "NOTIFY", 1)                                                     \
    X(PUBLISH, "PUBLISH", 0)                                                   \
    X(MESSAGE, "MESSAGE", 0)                                                   \
    X(REFER, "REFER", 1)

typedef enum pl_sip_method {
    PL_SIP_UNKNOWN,
#define PL_SIP_METHOD_ENUM(name, text, handled) PL_SIP_##name,
    PL_SIP_METHODS(PL_SIP_METHOD_ENUM)
#undef PL_SIP_METHOD_ENUM
} pl_sip_method;

/* Method of a text (case matters, RFC 3261 section 7.1). */
pl_sip_method pl_sip_method_find(const char *text);
/* Text of a method; "UNKNOWN" for one outside the list. */
const char *pl_sip_method_text(pl_sip_method method);
/* Whether we serve it: an Allow header names exactly these. */
bool pl_sip_method_is_handled(pl_sip_method method);
#define PL_SIP_ALLOW                                                           \
    "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, NOTIFY, REFER"

enum {
    PL_SIP_TAG_MAX = 128,
    PL_SIP_CALL_ID_MAX = 255,
    PL_SIP_BRANCH_MAX = 255,
    PL_SIP_ROUTES_MAX = 2048,
    PL_SIP_AUTH_MAX = 1024,
    PL_SIP_N_AUTH = 8,
};

typedef struct pl_sip_msg {
    bool is_request;
    pl_sip_method method; /* request */
    unsigned status;      /* response */
    char reason[129];     /* response */
    pl_sip_uri uri;       /* request: Request-URI */

    char from_uri[PL_SIP_URI_MAX + 1]; /* without parameters of the header */
    char from_name[129];
    char from_tag[PL_SIP_TAG_MAX + 1];
    char to_uri[PL_SIP_URI_MAX + 1];
    char to_tag[PL_SIP_TAG_MAX + 1];
    char call_id[PL_SIP_CALL_ID_MAX + 1];
    bool has_cseq;
    uint32_t cseq;
    pl_sip_method cseq_method;
    char cseq_method_text[65];
    char method_text[65];

    unsigned n_vias;
    char branch[PL_SIP_BRANCH_MAX + 1]; /* of the top Via */
    char sent_by[PL_URI_HOST_TEXT];
    uint16_t sent_by_port; /* 0: default */
    bool has_rport;

    bool has_max_forwards;
    unsigned max_forwards;
    bool has_contact;
    char contact[PL_SIP_URI_MAX + 1];
    char record_routes[PL_SIP_ROUTES_MAX + 1]; /* "<a>,<b>", as received */
    char content_type[65];                     /* lower case, no parameters */
    char require[257];                         /* option tags as sent */
    unsigned required, supported; /* pl_sip_option: those we know */
    unsigned unsupported;         /* the same of Unsupported */
    bool has_allow, allows_update, allows_refer; /* Allow; what it names */
    pl_session_words session;                    /* Session-Expires, Min-SE */
    uint32_t rseq;                               /* response; 0 none */
    pl_sip_rack rack;                            /* PRACK; rseq 0: none */
    unsigned retry_after_s;                      /* response; 0 none */
    pl_sip_reason why;            /* first value of Reason (RFC 3326) */
    pl_slice auth[PL_SIP_N_AUTH]; /* credentials of a request, challenges of a
                                     response; borrowed from the bytes */
    unsigned n_auth, n_auth_own;  /* the first are not of or for a proxy */
    pl_slice body;                /* borrowed */
    pl_slice raw;                 /* the bytes it came from; borrowed */
} pl_sip_msg;

#endif
