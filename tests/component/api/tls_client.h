/* tls_client.h - a blocking TLS client that sends raw bytes and reads answers,
 * each step with a deadline. */
#ifndef PL_TESTS_API_TLS_CLIENT_H
#define PL_TESTS_API_TLS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct tls_client tls_client;

typedef struct tls_reply {
    int status; /* 0: closed without an answer */
    char head[16384];
    char body[65536];
    size_t body_len;
} tls_reply;

/* NULL when the connection or the handshake fails. alpn: NULL http/1.1;
 * max_version: 0 or an OpenSSL TLSx_VERSION. */
tls_client *tls_connect(unsigned port, const char *alpn, int max_version);
/* The same with room for hardly anything unread. */
tls_client *tls_connect_narrow(unsigned port);
/* The same after n bytes that are not TLS's. */
tls_client *tls_connect_behind(unsigned port, const void *before, size_t n);
void tls_close(tls_client **client);
/* Say that nothing more will be sent; what comes can still be read. */
void tls_finish(tls_client *client);
bool tls_send(tls_client *client, const char *text, size_t len);
bool tls_send_text(tls_client *client, const char *text);
/* Read one answer with its whole body (by Content-Length, chunked, or none). */
bool tls_read(tls_client *client, bool is_head, tls_reply *ret_reply);
/* Read the next piece of a stream until `wanted` was seen in what has come
 * since the last call. */
bool tls_read_until(tls_client *client, const char *wanted);
/* Read exactly n bytes. */
bool tls_read_bytes(tls_client *client, void *buf, size_t n);
/* What has been read and not yet consumed. */
const char *tls_pending(tls_client *client);
void tls_forget(tls_client *client);
/* Whether the server closes the connection (within the deadline). */
bool tls_is_closed(tls_client *client);
/* Bytes that have come and that nothing has read yet. */
size_t tls_unread(const tls_client *client);
/* Header's value in a reply, "" when absent. */
const char *tls_header(const tls_reply *reply, const char *name);

#endif
