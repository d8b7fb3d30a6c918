/* ws_client.h - a WebSocket's frames on a TLS connection, client's side. */
#ifndef PL_TESTS_API_WS_CLIENT_H
#define PL_TESTS_API_WS_CLIENT_H

#include "tls_client.h"

/* RFC 6455 section 1.3 */
#define WS_KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define WS_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define WS_UPGRADE                                                             \
    "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"                \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " WS_KEY "\r\n"

enum {
    WS_TEXT = 1,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10,
    WS_FIN = 0x80,
    WS_MASKED = 0x80
};

typedef struct ws_frame {
    unsigned opcode;
    size_t len;
    char data[270000];
} ws_frame;

void ws_read_frame(tls_client *client, ws_frame *f);
/* The code of a close frame; skips pings and pongs. */
unsigned ws_reads_close(tls_client *client);
void ws_send_frame(tls_client *client, unsigned first, const char *data,
                   size_t len);

#endif
