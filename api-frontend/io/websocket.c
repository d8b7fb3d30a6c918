/* websocket.c - frames by libwslay; the only file that uses it. */
#include "websocket.h"

#include <stdlib.h>
#include <string.h>

#include <wslay/wslay.h>

enum {
    FRAME_MAX = 4096,   /* bytes of one frame from a client */
    BUDGET_MAX = 65536, /* bytes from a client between two pings of ours */
    SILENT_MAX = 2,     /* pings without any byte in return */
};

struct pl_websocket {
    wslay_event_context_ptr wslay;
    pl_ws_write write;
    void *ctx;
    pl_slice input; /* being fed */
    size_t heard;   /* bytes since our last ping */
    unsigned silent;
};

/* ---- what wslay calls ---- */

static ssize_t on_recv(wslay_event_context_ptr wslay, uint8_t *buf, size_t len,
                       int flags, void *ctx)
{
    pl_websocket *s = ctx;
    size_t n = s->input.len < len ? s->input.len : len;
    (void)flags;
    if (n == 0) {
        wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(buf, s->input.ptr, n);
    s->input = (pl_slice){s->input.ptr + n, s->input.len - n};
    return (ssize_t)n;
}

static ssize_t on_send(wslay_event_context_ptr wslay, const uint8_t *data,
                       size_t len, int flags, void *ctx)
{
    const pl_websocket *s = ctx;
    (void)flags;
    if (s->write(s->ctx, (pl_slice){data, len})) {
        wslay_event_set_error(wslay, WSLAY_ERR_CALLBACK_FAILURE);
        return -1;
    }
    return (ssize_t)len;
}

static const struct wslay_event_callbacks CALLBACKS = {
    .recv_callback = on_recv,
    .send_callback = on_send,
};

/* ---- life ---- */

pl_err pl_websocket_create(pl_ws_write write, void *ctx,
                           pl_websocket **ret_socket)
{
    pl_websocket *s = calloc(1, sizeof *s);
    if (!s || wslay_event_context_server_init(&s->wslay, &CALLBACKS, s) != 0) {
        free(s);
        return PL_ENOMEM;
    }
    s->write = write;
    s->ctx = ctx;
    /* Nothing is kept of what a client says; each frame has a bound. */
    wslay_event_config_set_no_buffering(s->wslay, 1);
    wslay_event_config_set_max_recv_msg_length(s->wslay, FRAME_MAX);
    *ret_socket = s;
    return PL_OK;
}

void pl_websocket_destroy(pl_websocket **socket)
{
    if (!socket || !*socket)
        return;
    wslay_event_context_free((*socket)->wslay);
    free(*socket);
    *socket = NULL;
}

static pl_err flush(pl_websocket *s)
{
    return wslay_event_send(s->wslay) == 0 ? PL_OK : PL_EFULL;
}

void pl_websocket_close(pl_websocket *s, pl_ws_code code, const char *reason)
{
    /* A connection that cannot be told is closed without. */
    (void)wslay_event_queue_close(s->wslay, (uint16_t)code,
                                  (const uint8_t *)reason, strlen(reason));
    (void)!flush(s);
}

pl_err pl_websocket_feed(pl_websocket *s, pl_slice bytes)
{
    s->input = bytes;
    s->heard += bytes.len;
    s->silent = 0;
    if (s->heard > BUDGET_MAX) {
        pl_websocket_close(s, PL_WS_POLICY, "nothing is expected from you");
        return PL_EPROTO;
    }
    int failed = wslay_event_recv(s->wslay);
    if (flush(s))
        return PL_EFULL;
    if (failed)
        return PL_EPROTO;
    if (wslay_event_get_close_received(s->wslay))
        return PL_EGONE;
    return wslay_event_get_read_enabled(s->wslay) ? PL_OK : PL_EPROTO;
}

static pl_err send_message(pl_websocket *s, uint8_t opcode, pl_slice data)
{
    const struct wslay_event_msg message = {
        .opcode = opcode, .msg = data.ptr, .msg_length = data.len};
    if (wslay_event_queue_msg(s->wslay, &message) != 0)
        return PL_EFULL;
    return flush(s);
}

pl_err pl_websocket_send(pl_websocket *s, pl_slice text)
{
    return send_message(s, WSLAY_TEXT_FRAME, text);
}

pl_err pl_websocket_ping(pl_websocket *s)
{
    s->heard = 0;
    if (s->silent++ >= SILENT_MAX)
        return PL_ETIMEOUT;
    return send_message(s, WSLAY_PING, (pl_slice){NULL, 0});
}
