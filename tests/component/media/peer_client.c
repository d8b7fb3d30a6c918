/* peer_client.c - a small WebRTC peer over OpenSSL. */
#include "peer_client.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "core/stun.h"
#include "pl/rng.h"

enum {
    ANSWER_MS = 300,
    HANDSHAKE_TRIES = 60,
    LAST_STUN_BYTE = 3,
    FIRST_MEDIA_BYTE = 128, /* RFC 7983 section 7 */
    DTLS_ALERT = 21
};

struct peer_client {
    int fd;
    bool is_v6;
    uint16_t port, server_port;
    EVP_PKEY *key;
    X509 *cert;
    SSL_CTX *ctx;
    SSL *ssl;
    uint8_t last[512];
    size_t last_len;
    peer_client_dtls how;
    unsigned n_alerts;
};

static bool connect_loopback(peer_client *c, const char *ip)
{
    struct sockaddr_storage ss = {.ss_family = AF_INET};
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_port = htons(c->server_port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_port = htons(c->server_port)};
    socklen_t len = sizeof v4;
    c->is_v6 = inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1;
    if (c->is_v6) {
        memcpy(&ss, &v6, sizeof v6);
        len = sizeof v6;
    } else if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1) {
        memcpy(&ss, &v4, sizeof v4);
    }
    c->fd = socket(ss.ss_family, SOCK_DGRAM, 0);
    struct timeval patience = {.tv_usec = ANSWER_MS * 1000};
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&ss, len) != 0 ||
        setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
                   sizeof patience) != 0)
        return false;
    struct sockaddr_in6 own;
    len = sizeof own;
    if (getsockname(c->fd, (struct sockaddr *)&own, &len) != 0)
        return false;
    c->port = ntohs(own.sin6_port); /* at the same place in both families */
    return true;
}

static bool make_cert(peer_client *c)
{
    c->key = EVP_EC_gen("P-256");
    c->cert = X509_new();
    return c->key && c->cert && X509_set_version(c->cert, 2) &&
           ASN1_INTEGER_set(X509_get_serialNumber(c->cert), 7) &&
           X509_gmtime_adj(X509_getm_notBefore(c->cert), -60) &&
           X509_gmtime_adj(X509_getm_notAfter(c->cert), 3600) &&
           X509_set_pubkey(c->cert, c->key) &&
           X509_sign(c->cert, c->key, EVP_sha256());
}

peer_client *peer_client_create(const char *ip, uint16_t port)
{
    peer_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->fd = -1;
    c->server_port = port;
    if (!connect_loopback(c, ip) || !make_cert(c))
        peer_client_destroy(&c);
    return c;
}

void peer_client_destroy(peer_client **client)
{
    peer_client *c = *client;
    if (!c)
        return;
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    X509_free(c->cert);
    EVP_PKEY_free(c->key);
    if (c->fd >= 0)
        (void)close(c->fd);
    free(c);
    *client = NULL;
}

uint16_t peer_client_port(const peer_client *c)
{
    return c->port;
}

bool peer_client_check(peer_client *c, const char *username,
                       const char *password, bool use_candidate,
                       unsigned *ret_error)
{
    uint8_t txid[PL_STUN_TXID];
    uint8_t buf[PL_STUN_MAX];
    pl_stun_writer w;
    pl_stun_msg answer;
    pl_random(txid, sizeof txid);
    if (ret_error)
        *ret_error = 0;
    pl_stun_begin(&w, c->last, sizeof c->last, PL_STUN_BINDING_REQUEST, txid);
    pl_stun_put(&w, PL_STUN_AT_USERNAME, username, strlen(username));
    pl_stun_put_u32(&w, PL_STUN_AT_PRIORITY, 1862270975);
    pl_stun_put_u64(&w, PL_STUN_AT_CONTROLLING, 1);
    if (use_candidate)
        pl_stun_put(&w, PL_STUN_AT_USE_CANDIDATE, "", 0);
    if (pl_stun_end(&w, pl_slice_str(password), &c->last_len) != PL_OK)
        return false;
    peer_client_send(c, c->last, c->last_len);
    ssize_t n;
    bool is_answer = false;
    do { /* another leg's media or last words may be before it (RFC 7983), or
            the answer to an earlier request, on a busy machine */
        n = recv(c->fd, buf, sizeof buf, 0);
        is_answer = n > 0 && buf[0] <= LAST_STUN_BYTE &&
                    pl_stun_parse(buf, (size_t)n, &answer) == PL_OK &&
                    memcmp(answer.txid, txid, sizeof txid) == 0;
    } while (n > 0 && !is_answer);
    if (!is_answer)
        return false;
    if (ret_error)
        *ret_error = answer.error;
    return answer.type == PL_STUN_BINDING_SUCCESS &&
           answer.mapped.port == c->port &&
           pl_stun_is_authentic(&answer, pl_slice_str(password));
}

void peer_client_replay(const peer_client *c, const peer_client *as)
{
    peer_client_send(as, c->last, c->last_len);
}

void peer_client_send(const peer_client *c, const void *data, size_t len)
{
    if (send(c->fd, data, len, 0) < 0)
        return; /* as lost on the way: the test sees that nothing comes */
}

size_t peer_client_receive(peer_client *c, uint8_t *buf, size_t cap)
{
    ssize_t n;
    do {
        n = recv(c->fd, buf, cap, MSG_DONTWAIT);
        c->n_alerts += n > 0 && buf[0] == DTLS_ALERT;
    } while (n > 0 && buf[0] < FIRST_MEDIA_BYTE);
    return n > 0 ? (size_t)n : 0;
}

unsigned peer_client_alerts(const peer_client *c)
{
    return c->n_alerts;
}

void peer_client_flush(const peer_client *c)
{
    uint8_t buf[2048];
    while (recv(c->fd, buf, sizeof buf, MSG_DONTWAIT) > 0) {
    }
}

/* ---- DTLS --------------------------------------------------------------- */

void peer_client_fingerprint(const peer_client *c, uint8_t print[32])
{
    unsigned len = 0;
    (void)X509_digest(c->cert, EVP_sha256(), print, &len);
}

void peer_client_server_fingerprint(const peer_client *c, uint8_t print[32])
{
    unsigned len = 0;
    X509 *cert = SSL_get1_peer_certificate(c->ssl);
    (void)X509_digest(cert, EVP_sha256(), print, &len);
    X509_free(cert);
}

/* OpenSSL names the parameters. NOLINTNEXTLINE(readability-function-size) */
static void on_message(int is_sent, int version, int type, const void *buf,
                       size_t len, SSL *ssl, void *arg)
{
    enum { SERVER_HELLO = 2 };
    peer_client *c = arg;
    (void)version;
    (void)ssl;
    if (!is_sent && type == SSL3_RT_HANDSHAKE && len > 0 &&
        *(const uint8_t *)buf == SERVER_HELLO)
        peer_client_send(c, c->how.forged, c->how.forged_len);
}

/* Lose datagrams that begin with ChangeCipherSpec: our last flight's answer.
 * OpenSSL names the parameters. NOLINTNEXTLINE(readability-function-size) */
static long lose(BIO *bio, int what, const char *buf, size_t len, int argi,
                 long argl, int ret, size_t *done)
{
    enum { CHANGE_CIPHER_SPEC = 20 };
    peer_client *c = (peer_client *)(void *)BIO_get_callback_arg(bio);
    (void)len;
    (void)argi;
    (void)argl;
    if (what != (BIO_CB_READ | BIO_CB_RETURN) || ret <= 0 || !done ||
        *done == 0 || buf[0] != CHANGE_CIPHER_SPEC || c->how.n_lost == 0)
        return ret;
    c->how.n_lost--;
    peer_client_flush(c); /* and the rest of it */
    *done = 0;
    BIO_set_retry_read(bio);
    return -1;
}

static bool prepare(peer_client *c, const peer_client_dtls *how)
{
    static const char both[] = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    c->ssl = NULL;
    c->ctx = SSL_CTX_new(DTLS_client_method());
    if (!c->ctx)
        return false;
    SSL_CTX_set_options(c->ctx, SSL_OP_NO_QUERY_MTU);
    if (!how->no_cert && (!SSL_CTX_use_certificate(c->ctx, c->cert) ||
                          !SSL_CTX_use_PrivateKey(c->ctx, c->key)))
        return false;
    if ((how->ciphers && !SSL_CTX_set_cipher_list(c->ctx, how->ciphers)) ||
        SSL_CTX_set_tlsext_use_srtp(c->ctx,
                                    how->profiles ? how->profiles : both) != 0)
        return false;
    c->ssl = SSL_new(c->ctx);
    BIO *bio = BIO_new_dgram(c->fd, BIO_NOCLOSE);
    if (!c->ssl || !bio)
        return false;
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    if (getpeername(c->fd, (struct sockaddr *)&ss, &len) != 0)
        return false;
    (void)BIO_ctrl_set_connected(bio, &ss);
    SSL_set_bio(c->ssl, bio, bio);
    SSL_set_mtu(c->ssl, how->mtu ? how->mtu : 1200);
    c->how = *how;
    if (how->n_lost) {
        BIO_set_callback_ex(bio, lose);
        BIO_set_callback_arg(bio, (char *)c);
    }
    if (how->forged) {
        SSL_set_msg_callback(c->ssl, on_message);
        SSL_set_msg_callback_arg(c->ssl, c);
    }
    return true;
}

bool peer_client_handshake(peer_client *c, const peer_client_dtls *how)
{
    ERR_clear_error();
    if (!prepare(c, how))
        return false;
    for (int i = 0; i < HANDSHAKE_TRIES; i++) {
        int n = SSL_connect(c->ssl);
        if (n == 1)
            return true;
        int why = SSL_get_error(c->ssl, n);
        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
            return false;
        (void)DTLSv1_handle_timeout(c->ssl);
    }
    return false;
}

void peer_client_keys(const peer_client *c, pl_srtp_keys *ret_keys)
{
    const SRTP_PROTECTION_PROFILE *p = SSL_get_selected_srtp_profile(c->ssl);
    uint8_t out[2 * (PL_SRTP_KEY + PL_SRTP_SALT_MAX)];
    static const char label[] = "EXTRACTOR-dtls_srtp";
    memset(ret_keys, 0, sizeof *ret_keys);
    if (!p)
        return;
    bool is_gcm = p->id == SRTP_AEAD_AES_128_GCM;
    size_t salt = is_gcm ? 12 : 14;
    if (SSL_export_keying_material(c->ssl, out, 2 * (PL_SRTP_KEY + salt), label,
                                   strlen(label), NULL, 0, 0) != 1)
        return;
    ret_keys->profile =
        is_gcm ? PL_SRTP_AEAD_AES_128_GCM : PL_SRTP_AES128_CM_SHA1_80;
    memcpy(ret_keys->client_key, out, PL_SRTP_KEY);
    memcpy(ret_keys->server_key, out + PL_SRTP_KEY, PL_SRTP_KEY);
    memcpy(ret_keys->client_salt, out + 2 * PL_SRTP_KEY, salt);
    memcpy(ret_keys->server_salt, out + 2 * PL_SRTP_KEY + salt, salt);
}

void peer_client_close(peer_client *c)
{
    (void)SSL_shutdown(c->ssl);
}

size_t peer_client_take_close(peer_client *c, uint8_t *buf, size_t cap)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0)
        return 0;
    BIO *bio = SSL_get_wbio(c->ssl);
    (void)BIO_set_fd(bio, pair[0], BIO_NOCLOSE);
    (void)SSL_shutdown(c->ssl);
    (void)BIO_set_fd(bio, c->fd, BIO_NOCLOSE);
    ssize_t n = recv(pair[1], buf, cap, MSG_DONTWAIT);
    (void)close(pair[0]);
    (void)close(pair[1]);
    return n > 0 ? (size_t)n : 0;
}

bool peer_client_is_closed(peer_client *c)
{
    for (int i = 0; i < HANDSHAKE_TRIES; i++) {
        uint8_t scrap[64];
        ERR_clear_error();
        int n = SSL_read(c->ssl, scrap, sizeof scrap);
        int why = SSL_get_error(c->ssl, n);
        if (why == SSL_ERROR_ZERO_RETURN)
            return true;
        if (n <= 0 && why != SSL_ERROR_WANT_READ)
            return false;
    }
    return false;
}
