/* registration.h - one registration of a number with a registrar: what is
 * asked, and what its answers mean. RFC 3261 section 10, RFC 3327, RFC 3608,
 * RFC 7315. No traffic of its own. */
#ifndef PL_SIP_REGISTRATION_H
#define PL_SIP_REGISTRATION_H

#include "digest_client.h"
#include "sip_msg.h"

enum {
    PL_SIP_REGISTRATION_MAX_S = 86400, /* of what we ask for and take */
    PL_SIP_REGISTRATION_ROUTES = 1025, /* text of Service-Route and the like */
};

typedef struct pl_sip_registration {
    char old_contact[PL_SIP_URI_MAX + 1]; /* to be removed too, unless it is
                                             ours; may be "" */
    uint32_t expires_s;                   /* asked for; 0: remove */
    bool was_brief;                       /* 423 came once */
    pl_digest_client auth;
} pl_sip_registration;

/* What a registrar granted. */
typedef struct pl_sip_registration_grant {
    uint32_t expires_s;
    char service_route[PL_SIP_REGISTRATION_ROUTES]; /* "<a>,<b>" in order */
    char associated_uri[PL_SIP_REGISTRATION_ROUTES];
    bool is_cut; /* one of the two was malformed or too long: left out */
} pl_sip_registration_grant;

/* Contact, Expires and Supported of a REGISTER; contact: ours. */
void pl_sip_registration_lines(const pl_sip_registration *r,
                               const char *contact, char *buf, size_t cap);

typedef enum pl_sip_registration_next {
    PL_SIP_REGISTRATION_WAIT,      /* provisional */
    PL_SIP_REGISTRATION_AGAIN,     /* with a longer time */
    PL_SIP_REGISTRATION_CHALLENGE, /* with credentials, if there are any */
    PL_SIP_REGISTRATION_ELSEWHERE, /* another target may know better */
    PL_SIP_REGISTRATION_DONE,
    PL_SIP_REGISTRATION_FAILED,
} pl_sip_registration_next;
/* Judge an answer. contact: as it was sent. ret_grant: written with
 * PL_SIP_REGISTRATION_DONE. Source: RFC 3261 sections 10.2.4 and 10.2.8. */
pl_sip_registration_next
pl_sip_registration_take(pl_sip_registration *r, const pl_sip_msg *m,
                         const char *contact,
                         pl_sip_registration_grant *ret_grant);

#endif
