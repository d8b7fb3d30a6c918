/* websocket.h - frames of RFC 6455 on an upgraded connection, server's side.
 * What the client says besides control frames is read, checked and dropped:
 * the events go one way.
 * Context: the loop's thread. */
#ifndef PL_API_WEBSOCKET_H
#define PL_API_WEBSOCKET_H

#include "http_server.h"

/* Close codes that we send: RFC 6455 section 7.4.1, and of our own range. */
typedef enum pl_ws_code {
    PL_WS_GOING_AWAY = 1001,
    PL_WS_POLICY = 1008, /* says too much */
    PL_WS_TOKEN_OVER = 4001,
    PL_WS_RELAY_REPLACED =
        4001, /* another reader of a relay channel has come */
    PL_WS_SESSION_OVER = 4004,
    PL_WS_REPLACED = 4009, /* another reader has come */
} pl_ws_code;

typedef struct pl_websocket pl_websocket;
/* Sends bytes towards the client. Errors: PL_EFULL it does not read. */
typedef pl_err (*pl_ws_write)(void *ctx, pl_slice bytes);

/* Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_websocket_create(pl_ws_write write, void *ctx,
                                       pl_websocket **ret_socket);
void pl_websocket_destroy(pl_websocket **socket);
/* Bytes came. Pings are answered; a close frame, and every violation, is
 * answered by a close frame.
 * Errors: PL_EGONE the client closed, PL_EPROTO it broke the protocol (the
 *         close frame is written), PL_EFULL it does not read: end the
 *         connection.
 * Source: RFC 6455 sections 5, 7 */
PL_MUST_USE pl_err pl_websocket_feed(pl_websocket *socket, pl_slice bytes);
/* Errors: PL_EFULL end the connection. */
PL_MUST_USE pl_err pl_websocket_send(pl_websocket *socket, pl_slice text);
/* Ask for a sign of life.
 * Errors: PL_EFULL; PL_ETIMEOUT there was none since the last two. */
PL_MUST_USE pl_err pl_websocket_ping(pl_websocket *socket);
/* Write a close frame; end the connection then. */
void pl_websocket_close(pl_websocket *socket, pl_ws_code code,
                        const char *reason);

#endif
