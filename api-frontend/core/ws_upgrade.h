/* ws_upgrade.h - the opening handshake of a WebSocket: request to answer.
 * Source: RFC 6455 section 4.2 */
#ifndef PL_API_WS_UPGRADE_H
#define PL_API_WS_UPGRADE_H

#include "answer.h"
#include "http_head.h"

enum { PL_WS_ACCEPT_TEXT = 29 };

/* Check a request's head, and make Sec-WebSocket-Accept of its key.
 * Errors: PL_EUNSUPPORTED no upgrade to a WebSocket of version 13 (426);
 *         PL_EPROTO malformed (400).
 * Source: RFC 6455 sections 4.2.1, 4.2.2 */
PL_MUST_USE pl_err pl_ws_check(const pl_http_head *head,
                               char ret_accept[PL_WS_ACCEPT_TEXT]);
/* Whether a page of that origin may open one. allowed: "*", or origins
 * separated by blanks; programs that are no browsers send no Origin.
 * Source: RFC 6455 section 10.2 */
bool pl_ws_is_origin_allowed(const pl_http_head *head, const char *allowed);
/* The answers: 101, and what pl_ws_check() refused. protocol: the one of
 * Sec-WebSocket-Protocol that was chosen, or NULL. */
void pl_ws_accept(const char *accept, const char *protocol, pl_answer *answer);
void pl_ws_refuse(pl_api_family family, pl_err e, pl_answer *answer);

#endif
