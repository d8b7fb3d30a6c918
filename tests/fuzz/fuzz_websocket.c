/* fuzz_websocket.c - first a request head through the gate and the handshake's
 * rules; what follows it as frames, in two pieces. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "event_channel.h"
#include "websocket.h"
#include "ws_upgrade.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { ROOM = 65536 };

static pl_err count_bytes(void *ctx, pl_slice bytes)
{
    size_t *n = ctx;
    if (bytes.len > ROOM - *n)
        return PL_EFULL;
    *n += bytes.len;
    return PL_OK;
}

static void feed(const uint8_t *data, size_t len)
{
    pl_websocket *socket = NULL;
    size_t n = 0;
    size_t half = len / 2;
    if (pl_websocket_create(count_bytes, &n, &socket))
        return;
    pl_err e = pl_websocket_feed(socket, (pl_slice){data, half});
    if (!e)
        e = pl_websocket_send(socket, pl_slice_str("between"));
    if (!e)
        e = pl_websocket_feed(socket, (pl_slice){data + half, len - half});
    /* Who broke the rules, or said goodbye, was told. */
    if ((e == PL_EPROTO || e == PL_EGONE) && n < 2)
        abort();
    if (!e)
        pl_websocket_close(socket, PL_WS_GOING_AWAY, "bye");
    pl_websocket_destroy(&socket);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t cursor = 0;
    size_t head_len = 0;
    pl_http_fault fault;
    pl_http_head head;
    char accept[PL_WS_ACCEPT_TEXT];
    char text[65];
    char id[PL_ID_MAX + 1];
    uint64_t after;
    if (len == 0)
        return 0;
    if (pl_http_head_find_end(data, len, &cursor, &head_len, &fault)) {
        feed(data, len); /* no head: frames alone */
        return 0;
    }
    if (pl_http_head_parse(data, head_len, &head, &fault))
        return 0;
    (void)pl_ws_is_origin_allowed(&head, "https://a.example");
    (void)!pl_channel_cursor(&head, &after);
    (void)pl_channel_wants_stream(&head);
    (void)!pl_ticket_read(head.query, id, text);
    pl_err e = pl_ws_check(&head, accept);
    if (!e && strlen(accept) != PL_WS_ACCEPT_TEXT - 1)
        abort();
    if (!e)
        feed(data + head_len, len - head_len);
    return 0;
}
