/* ws_client.c - see ws_client.h. */
#include "ws_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static size_t read_number(tls_client *client, size_t n)
{
    unsigned char bytes[8];
    size_t number = 0;
    assert_true(tls_read_bytes(client, bytes, n));
    for (size_t i = 0; i < n; i++)
        number = number << 8 | bytes[i];
    return number;
}

void ws_read_frame(tls_client *client, ws_frame *f)
{
    unsigned char head[2];
    assert_true(tls_read_bytes(client, head, 2));
    assert_int_equal(head[0] & 0x70, 0);
    assert_int_equal(head[0] & WS_FIN, WS_FIN);
    assert_int_equal(head[1] & WS_MASKED, 0); /* a server does not mask */
    f->opcode = head[0] & 15;
    f->len = head[1];
    if (f->len >= 126)
        f->len = read_number(client, f->len == 126 ? 2 : 8);
    assert_true(f->len < sizeof f->data);
    assert_true(tls_read_bytes(client, f->data, f->len));
    f->data[f->len] = '\0';
}

unsigned ws_reads_close(tls_client *client)
{
    static ws_frame f;
    do
        ws_read_frame(client, &f);
    while (f.opcode == WS_PING || f.opcode == WS_PONG);
    assert_int_equal(f.opcode, WS_CLOSE);
    if (f.len < 2)
        return 1005; /* RFC 6455 section 7.1.5: none */
    return (unsigned)(unsigned char)f.data[0] << 8 | (unsigned char)f.data[1];
}

void ws_send_frame(tls_client *client, unsigned first, const char *data,
                   size_t len)
{
    static char out[70000];
    static const char mask[4] = {1, 2, 3, 4};
    size_t at = 2;
    out[0] = (char)first;
    out[1] = (char)(WS_MASKED | (len < 126 ? len : 126));
    if (len >= 126) {
        out[at++] = (char)(len >> 8);
        out[at++] = (char)(len & 255);
    }
    memcpy(out + at, mask, sizeof mask);
    at += sizeof mask;
    for (size_t i = 0; i < len; i++)
        out[at + i] = (char)(data[i] ^ mask[i % 4]);
    assert_true(tls_send(client, out, at + len));
}
