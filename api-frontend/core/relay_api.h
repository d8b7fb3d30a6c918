/* relay_api.h - the notification relay: channels for applications that cannot
 * be reached from outside. What is sent to a channel's sink is read through a
 * WebSocket, server-sent events or long polls.
 *
 * Errors are ErrorInfo, as those of the device APIs. */
#ifndef PL_API_RELAY_API_H
#define PL_API_RELAY_API_H

#include "api.h"

#define PL_RELAY_BASE "/notification-relay/v1"

extern const pl_api_op PL_OP_RELAY_OPEN;
extern const pl_api_op PL_OP_RELAY_GET;
extern const pl_api_op PL_OP_RELAY_EXTEND;
extern const pl_api_op PL_OP_RELAY_CLOSE;
extern const pl_api_op PL_OP_RELAY_PUT;    /* an event comes */
extern const pl_api_op PL_OP_RELAY_SOCKET; /* they are read */
extern const pl_api_op PL_OP_RELAY_EVENTS;

/* How a channel is read. */
typedef enum pl_relay_way {
    PL_RELAY_BY_POLL,
    PL_RELAY_BY_EVENTS, /* server-sent events */
    PL_RELAY_BY_SOCKET,
} pl_relay_way;

enum { PL_RELAY_AFTER_MAX = 256, PL_RELAY_WAIT_MAX_S = 30 };

/* What somebody asks who reads a channel. */
typedef struct pl_relay_ask {
    pl_relay_way way;
    char token_hash[65];
    char after_id[PL_RELAY_AFTER_MAX + 1]; /* "" from the first that is kept */
    uint32_t wait_ms;                      /* polls */
} pl_relay_ask;

/* Read the head of such a request. The token is in Authorization, or, of a
 * WebSocket, in Sec-WebSocket-Protocol beside the protocol: "cloudevents.json,
 * bearer.TOKEN", for pages cannot set the other. `after`, else Last-Event-ID,
 * names the event to go on behind.
 * Errors: PL_EAUTH no token, or more than one; PL_EINVAL after or wait;
 *         PL_EPROTO a WebSocket without the protocol.
 * Source: CloudEvents WebSockets Protocol Binding 1.0 section 3; HTML standard
 *         section 9.2.4 */
PL_MUST_USE pl_err pl_relay_ask_read(const pl_http_head *head, bool is_socket,
                                     pl_relay_ask *ret_ask);

/* Whether text can be an id, source or type of an event that is passed on. */
bool pl_relay_is_text(pl_slice text, size_t max);
/* Check a CloudEvent in structured mode, and take what a relay_put says of it.
 * ret_put: its event is the borrowed text
 * Errors:  PL_EPROTO no JSON object; PL_EINVAL a member is missing or wrong,
 *          *ret_wrong names it; PL_ENOMEM.
 * Source:  CloudEvents 1.0.2 section 3.1; CloudEvents JSON Event Format */
PL_MUST_USE pl_err pl_relay_event_check(pl_slice text, pl_relay_put *ret_put,
                                        const char **ret_wrong);
/* An event as server-sent event. What breaks lines between its tokens becomes
 * blanks. */
void pl_relay_event_put(const pl_relay_event *event, pl_buf *out);

#endif
