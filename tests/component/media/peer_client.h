/* peer_client.h - a WebRTC peer of tests: STUN checks and DTLS as the client,
 * over one UDP socket. */
#ifndef PEER_CLIENT_H
#define PEER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/srtp_ops.h"

typedef struct peer_client peer_client;

/* A socket on a loopback address ("127.0.0.1", "::1") connected to port. */
peer_client *peer_client_create(const char *ip, uint16_t port);
void peer_client_destroy(peer_client **client);
uint16_t peer_client_port(const peer_client *client);

/* Send a Binding request; true when a success came back and is authentic.
 * ret_error: ERROR-CODE of the answer, 0 none; may be NULL. */
bool peer_client_check(peer_client *client, const char *username,
                       const char *password, bool use_candidate,
                       unsigned *ret_error);
/* Keep the last request and send it again, from any client; no answer read. */
void peer_client_replay(const peer_client *client, const peer_client *as);
void peer_client_send(const peer_client *client, const void *data, size_t len);
/* The next media datagram that waits, as it came, into buf[cap]; 0: none. */
size_t peer_client_receive(peer_client *client, uint8_t *buf, size_t cap);
/* How many DTLS alerts came between them, close_notify above all. */
unsigned peer_client_alerts(const peer_client *client);
/* Drop what waits to be read. */
void peer_client_flush(const peer_client *client);

/* SHA-256 of this client's certificate. */
void peer_client_fingerprint(const peer_client *client, uint8_t print[32]);
/* SHA-256 of what the other side showed in the latest handshake. */
void peer_client_server_fingerprint(const peer_client *client,
                                    uint8_t print[32]);
typedef struct peer_client_dtls {
    const char *ciphers;  /* NULL: OpenSSL's */
    const char *profiles; /* NULL: both that the server knows */
    long mtu;             /* 0: 1200 */
    bool no_cert;
    /* A datagram sent when the ServerHello has come; NULL: none. */
    const uint8_t *forged;
    size_t forged_len;
    unsigned n_lost; /* so many of the server's last flights do not arrive */
} peer_client_dtls;
/* Handshake; false when it failed or did not finish in time. */
bool peer_client_handshake(peer_client *client, const peer_client_dtls *how);
void peer_client_keys(const peer_client *client, pl_srtp_keys *ret_keys);
/* Send close_notify. */
void peer_client_close(peer_client *client);
/* What _close() would send, instead of sending it; its bytes. */
size_t peer_client_take_close(peer_client *client, uint8_t *buf, size_t cap);
/* Whether the other side's close_notify comes, as OpenSSL understands it. */
bool peer_client_is_closed(peer_client *client);

#endif
