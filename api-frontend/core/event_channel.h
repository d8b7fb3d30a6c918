/* event_channel.h - a session's event stream for clients that push can reach:
 * tickets, cursors, and the text of what is pushed. docs/adr/0010 */
#ifndef PL_API_EVENT_CHANNEL_H
#define PL_API_EVENT_CHANNEL_H

#include "api.h"

/* POST {base}/sessions/{sid}/websockets: a ticket. Its secret and hash are
 * call->new_secret and new_hash. */
extern const pl_api_op PL_OP_SESSION_TICKET;
/* GET of the same path: the WebSocket. */
extern const pl_api_op PL_OP_SESSION_SOCKET;

/* A ticket: secret, then session id. Errors: PL_EAUTH malformed. */
PL_MUST_USE pl_err pl_ticket_read(pl_slice text,
                                  char ret_session_id[PL_ID_MAX + 1],
                                  char ret_hash[65]);
/* Whether a request of the events path asks for server-sent events. */
bool pl_channel_wants_stream(const pl_http_head *head);
/* After which event to go on: `cursor` of the query, else Last-Event-ID; 0
 * none. Errors: PL_EINVAL not a number.
 * Source: HTML standard, section 9.2.4 */
PL_MUST_USE pl_err pl_channel_cursor(const pl_http_head *head,
                                     uint64_t *ret_cursor);
/* What a push carries: the body of a poll's 200 and "cursor".
 * Errors: PL_EUNSUPPORTED a kind that sessions are not told; PL_ENOMEM. */
PL_MUST_USE pl_err pl_channel_text(const pl_event_item *item, pl_buf *out);

#endif
