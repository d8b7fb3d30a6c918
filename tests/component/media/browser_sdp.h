/* browser_sdp.h - descriptions that a browser would give, of a peer_client. */
#ifndef BROWSER_SDP_H
#define BROWSER_SDP_H

#include "peer_client.h"

enum { SDP_HEX = 3 * 32 + 1 }; /* a fingerprint as SDP has it */

/* The rest of the line behind `prefix`; the caller's until the next call. */
const char *sdp_line(const char *sdp, const char *prefix);
void sdp_hex(const uint8_t print[32], char hex[SDP_HEX]);
/* One section with Opus and PCMU; its user fragment is "them". */
void browser_sdp(const peer_client *c, const char *setup, char *buf,
                 size_t cap);

#endif
