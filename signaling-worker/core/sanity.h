/* sanity.h - the gate after the parser: which parsed messages may go on. */
#ifndef PL_SIP_SANITY_H
#define PL_SIP_SANITY_H

#include "sip_msg.h"

/* Judge a parsed message; nothing else may look at it first.
 *
 * Returns: 0 good; PL_SIP_SANITY_DROP not worth an answer (a response, an ACK,
 *          no Via); else the status of a stateless answer: 400, 416, 483.
 * Source: RFC 3261 sections 8.1.1, 8.2.2.1, 16.3; RFC 4475 section 3.1.2. */
enum { PL_SIP_SANITY_DROP = 1 };
unsigned pl_sip_sanity(const pl_sip_msg *m);

#endif
