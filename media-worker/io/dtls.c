/* dtls.c - handshakes; the only file here that uses OpenSSL's TLS. */
#include "io/dtls.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "core/be.h"
#include "core/dtls_record.h"
#include "io/dtls_alert.h"
#include "pl/buf.h"
#include "pl/slice.h"

enum {
    CERT_DAYS = 365,
    GCM_SALT = 12, /* RFC 7714 section 12 */
    CM_SALT = 14,  /* RFC 3711 section 8.2 */
};

struct pl_dtls_identity {
    EVP_PKEY *key;
    X509 *cert;
    SSL_CTX *ctx;
    BIO_METHOD *pipe;
    bool is_variant; /* ctx and pipe are another's */
    uint8_t fingerprint[PL_DTLS_SHA256];
};

struct pl_dtls {
    const pl_dtls_identity *identity;
    pl_dtls_send send;
    void *ctx;
    SSL *ssl; /* NULL: no handshake has begun, or is_released */
    pl_dtls_status status;
    bool is_released; /* alerts has the keys; else only what out has used */
    bool is_mute;     /* is_released, and alerts has none */
    pl_dtls_alerts alerts;
    const uint8_t *in; /* datagram being read; NULL: none */
    size_t in_len;
};

/* ---- a BIO that is one datagram in, one datagram out ----------------------
 */

static int pipe_read(BIO *bio, char *buf, int cap)
{
    pl_dtls *d = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!d->in || cap <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = d->in_len < (size_t)cap ? d->in_len : (size_t)cap;
    memcpy(buf, d->in, n);
    d->in = NULL; /* the rest of a datagram that did not fit is lost, as in
                     recv() */
    return (int)n;
}

/* Numbers and nonces that were used with the keys of epoch 1 must never be
 * used again. Explicit nonces begin anywhere and are counted up. */
static void note_used(pl_dtls *d, const uint8_t *data, size_t len)
{
    pl_dtls_record r;
    size_t at = 0;
    while (pl_dtls_next_record(data, len, &at, &r)) {
        if (r.epoch == 0)
            continue;
        d->alerts.out.seq = r.seq + 1;
        if (r.len >= 8) {
            d->alerts.nonce =
                (uint64_t)pl_be_get32(r.body) << 32 | pl_be_get32(r.body + 4);
            d->alerts.nonce++;
        }
    }
}

static int pipe_write(BIO *bio, const char *buf, int len)
{
    pl_dtls *d = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (len > 0) {
        note_used(d, (const uint8_t *)buf, (size_t)len);
        d->send(d->ctx, (const uint8_t *)buf, (size_t)len);
    }
    return len;
}

static long pipe_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void)bio;
    (void)num;
    (void)ptr;
    switch (cmd) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU: return PL_DTLS_MTU;
    default: return 0;
    }
}

static int pipe_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static BIO_METHOD *pipe_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
                                 "datagram pipe");
    if (!m)
        return NULL;
    if (!BIO_meth_set_read(m, pipe_read) ||
        !BIO_meth_set_write(m, pipe_write) ||
        !BIO_meth_set_ctrl(m, pipe_ctrl) ||
        !BIO_meth_set_create(m, pipe_create)) {
        BIO_meth_free(m);
        return NULL;
    }
    return m;
}

/* ---- identity ----------------------------------------------------------- */

/* Any certificate passes here: it is self-signed, and what counts is its
 * fingerprint, which pl_dtls_keys() compares before keys leave. */
static int accept_any_cert(int ok, X509_STORE_CTX *store)
{
    (void)ok;
    (void)store;
    return 1;
}

static bool make_cert(pl_dtls_identity *id)
{
    id->key = EVP_EC_gen("P-256");
    id->cert = X509_new();
    if (!id->key || !id->cert)
        return false;
    X509 *c = id->cert;
    X509_NAME *name = X509_get_subject_name(c);
    uint64_t serial = 0;
    unsigned len = 0;
    return RAND_bytes((unsigned char *)&serial, sizeof serial) == 1 &&
           X509_set_version(c, 2) && /* X.509 v3 */
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(c), serial >> 1) &&
           X509_gmtime_adj(X509_getm_notBefore(c), -24L * 3600) &&
           X509_gmtime_adj(X509_getm_notAfter(c), 24L * 3600 * CERT_DAYS) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      (const unsigned char *)"media", -1, -1,
                                      0) &&
           X509_set_issuer_name(c, name) && X509_set_pubkey(c, id->key) &&
           X509_sign(c, id->key, EVP_sha256()) &&
           X509_digest(c, EVP_sha256(), id->fingerprint, &len) &&
           len == PL_DTLS_SHA256;
}

static bool make_ctx(pl_dtls_identity *id)
{
    id->ctx = SSL_CTX_new(DTLS_method());
    if (!id->ctx)
        return false;
    SSL_CTX_set_options(id->ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET |
                                     SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(id->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(id->ctx,
                       SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       accept_any_cert);
    SSL_CTX_set_max_cert_list(id->ctx, PL_DTLS_MESSAGE_MAX);
    SSL_CTX_set_read_ahead(id->ctx, 1);
    /* No record is longer than a datagram: 15 KB less for each session. */
    (void)SSL_CTX_set_max_send_fragment(id->ctx, PL_DTLS_MTU);
    /* set_tlsext_use_srtp returns 0 on success */
    return SSL_CTX_set_min_proto_version(id->ctx, DTLS1_2_VERSION) &&
           SSL_CTX_set_cipher_list(id->ctx, "ECDHE-ECDSA-AES128-GCM-SHA256:"
                                            "ECDHE-ECDSA-CHACHA20-POLY1305:"
                                            "ECDHE-ECDSA-AES256-GCM-SHA384:"
                                            "ECDHE-ECDSA-AES128-SHA") &&
           SSL_CTX_set1_groups_list(id->ctx, "X25519:P-256") &&
           SSL_CTX_use_certificate(id->ctx, id->cert) &&
           SSL_CTX_use_PrivateKey(id->ctx, id->key) &&
           SSL_CTX_set_tlsext_use_srtp(id->ctx, "SRTP_AEAD_AES_128_GCM:"
                                                "SRTP_AES128_CM_SHA1_80") == 0;
}

pl_err pl_dtls_identity_create(pl_dtls_identity **ret_identity)
{
    pl_dtls_identity *id = calloc(1, sizeof *id);
    if (!id)
        return PL_ENOMEM;
    id->pipe = pipe_method();
    if (!id->pipe || !make_cert(id) || !make_ctx(id)) {
        pl_dtls_identity_destroy(&id);
        ERR_clear_error();
        return PL_EINTERNAL;
    }
    *ret_identity = id;
    return PL_OK;
}

pl_err pl_dtls_identity_vary(const pl_dtls_identity *of,
                             pl_dtls_identity **ret_identity)
{
    pl_dtls_identity *id = calloc(1, sizeof *id);
    if (!id)
        return PL_ENOMEM;
    *id = (pl_dtls_identity){
        .ctx = of->ctx, .pipe = of->pipe, .is_variant = true};
    if (!make_cert(id)) {
        pl_dtls_identity_destroy(&id);
        ERR_clear_error();
        return PL_EINTERNAL;
    }
    *ret_identity = id;
    return PL_OK;
}

void pl_dtls_identity_destroy(pl_dtls_identity **identity)
{
    if (!identity || !*identity)
        return;
    pl_dtls_identity *id = *identity;
    X509_free(id->cert);
    EVP_PKEY_free(id->key);
    if (!id->is_variant) {
        SSL_CTX_free(id->ctx);
        BIO_meth_free(id->pipe);
    }
    free(id);
    *identity = NULL;
}

void pl_dtls_identity_fingerprint(const pl_dtls_identity *identity,
                                  uint8_t ret[PL_DTLS_SHA256])
{
    memcpy(ret, identity->fingerprint, PL_DTLS_SHA256);
}

/* ---- session ------------------------------------------------------------ */

pl_err pl_dtls_create(const pl_dtls_identity *identity, pl_dtls_send send,
                      void *ctx, pl_dtls **ret_dtls)
{
    pl_dtls *d = calloc(1, sizeof *d);
    if (!d)
        return PL_ENOMEM;
    *d = (pl_dtls){.identity = identity, .send = send, .ctx = ctx};
    *ret_dtls = d;
    return PL_OK;
}

void pl_dtls_destroy(pl_dtls **dtls)
{
    if (!dtls || !*dtls)
        return;
    SSL_free((*dtls)->ssl);
    pl_wipe(&(*dtls)->alerts, sizeof(*dtls)->alerts);
    free(*dtls);
    *dtls = NULL;
}

/* The context shows its owner's certificate. */
static bool show_own_cert(const pl_dtls_identity *id, SSL *ssl)
{
    return !id->is_variant || (SSL_use_certificate(ssl, id->cert) == 1 &&
                               SSL_use_PrivateKey(ssl, id->key) == 1);
}

static bool begin(pl_dtls *d, bool is_client)
{
    SSL *ssl = SSL_new(d->identity->ctx);
    BIO *bio = BIO_new(d->identity->pipe);
    if (!ssl || !bio || !show_own_cert(d->identity, ssl)) {
        SSL_free(ssl);
        BIO_free(bio);
        return false;
    }
    BIO_set_data(bio, d);
    SSL_set_bio(ssl, bio, bio); /* owns it now, once for both */
    if (is_client) {
        SSL_set_connect_state(ssl);
    } else {
        SSL_set_accept_state(ssl);
    }
    DTLS_set_link_mtu(ssl, PL_DTLS_MTU);
    SSL_set_mtu(ssl, PL_DTLS_MTU);
    d->ssl = ssl;
    d->status = PL_DTLS_HALF;
    return true;
}

static void rebuild(pl_dtls *d, bool *ret_rebuilt)
{
    SSL_free(d->ssl);
    d->ssl = NULL;
    d->status = PL_DTLS_WAITING;
    *ret_rebuilt = true;
}

/* After the handshake only alerts are of interest; data has no meaning here. */
static void read_alerts(pl_dtls *d)
{
    uint8_t scrap[256];
    for (;;) {
        int n = SSL_read(d->ssl, scrap, sizeof scrap);
        if (n > 0)
            continue;
        int why = SSL_get_error(d->ssl, n);
        if (why == SSL_ERROR_ZERO_RETURN || why == SSL_ERROR_SSL)
            d->status = PL_DTLS_CLOSED;
        return;
    }
}

static pl_dtls_status go_on(pl_dtls *d, bool *ret_rebuilt)
{
    ERR_clear_error();
    if (d->status == PL_DTLS_HALF) {
        int n = SSL_do_handshake(d->ssl);
        if (n == 1) {
            d->status = PL_DTLS_UP;
        } else {
            int why = SSL_get_error(d->ssl, n);
            if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
                rebuild(d, ret_rebuilt);
        }
    }
    if (d->status == PL_DTLS_UP)
        read_alerts(d);
    ERR_clear_error();
    return d->status;
}

pl_dtls_status pl_dtls_input(pl_dtls *d, const uint8_t *data, size_t len,
                             bool *ret_rebuilt)
{
    if (d->status == PL_DTLS_CLOSED)
        return d->status;
    if (d->is_released) {
        if (!d->is_mute &&
            pl_dtls_alerts_read(&d->alerts, data, len) == PL_DTLS_SAID_CLOSE)
            d->status = PL_DTLS_CLOSED;
        ERR_clear_error();
        return d->status;
    }
    if (!d->ssl && !begin(d, false))
        return d->status;
    d->in = data;
    d->in_len = len;
    pl_dtls_status status = go_on(d, ret_rebuilt);
    d->in = NULL;
    return status;
}

pl_dtls_status pl_dtls_connect(pl_dtls *d)
{
    bool is_rebuilt = false;
    if (d->status != PL_DTLS_WAITING || d->ssl || !begin(d, true))
        return d->status;
    return go_on(d, &is_rebuilt);
}

pl_dtls_status pl_dtls_timeout(pl_dtls *d, bool *ret_rebuilt)
{
    if (d->status != PL_DTLS_HALF || !d->ssl)
        return d->status;
    ERR_clear_error();
    /* < 0: too many time-outs; 0: nothing was due; 1: sent again */
    if (DTLSv1_handle_timeout(d->ssl) < 0)
        rebuild(d, ret_rebuilt);
    ERR_clear_error();
    return d->status;
}

pl_dtls_status pl_dtls_state(const pl_dtls *d)
{
    return d->status;
}

static bool is_known_peer(const pl_dtls *d,
                          const uint8_t (*prints)[PL_DTLS_SHA256], size_t n)
{
    X509 *cert = SSL_get1_peer_certificate(d->ssl);
    uint8_t got[PL_DTLS_SHA256];
    unsigned len = 0;
    bool is_hashed =
        cert && X509_digest(cert, EVP_sha256(), got, &len) && len == sizeof got;
    X509_free(cert);
    bool is_known = false;
    for (size_t i = 0; is_hashed && i < n; i++) {
        is_known |= pl_slice_eq_secret((pl_slice){got, sizeof got},
                                       (pl_slice){prints[i], sizeof got});
    }
    return is_known;
}

pl_err pl_dtls_keys(pl_dtls *d, const uint8_t (*prints)[PL_DTLS_SHA256],
                    size_t n, pl_srtp_keys *ret_keys)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    if (d->status != PL_DTLS_UP || d->is_released)
        return PL_ESTATE;
    if (!is_known_peer(d, prints, n))
        return PL_EAUTH;
    const SRTP_PROTECTION_PROFILE *p = SSL_get_selected_srtp_profile(d->ssl);
    if (!p)
        return PL_EUNSUPPORTED;
    bool is_gcm = p->id == SRTP_AEAD_AES_128_GCM;
    size_t salt = is_gcm ? GCM_SALT : CM_SALT;
    uint8_t out[2 * (PL_SRTP_KEY + PL_SRTP_SALT_MAX)];
    if (SSL_export_keying_material(d->ssl, out, 2 * (PL_SRTP_KEY + salt), label,
                                   sizeof label - 1, NULL, 0, 0) != 1)
        return PL_EUNSUPPORTED;
    pl_srtp_keys keys = {.profile = is_gcm ? PL_SRTP_AEAD_AES_128_GCM
                                           : PL_SRTP_AES128_CM_SHA1_80};
    const size_t salts = sizeof keys.client_key + sizeof keys.server_key;
    memcpy(keys.client_key, out, PL_SRTP_KEY);
    memcpy(keys.server_key, out + PL_SRTP_KEY, PL_SRTP_KEY);
    memcpy(keys.client_salt, out + salts, salt);
    memcpy(keys.server_salt, out + salts + salt, salt);
    OPENSSL_cleanse(out, sizeof out);
    *ret_keys = keys;
    return PL_OK;
}

static void say_closed(pl_dtls *d)
{
    uint8_t alert[PL_DTLS_ALERT_MAX];
    size_t len = 0;
    if (pl_dtls_alerts_write(&d->alerts, PL_DTLS_CLOSE_NOTIFY, alert, &len) ==
        PL_OK)
        d->send(d->ctx, alert, len);
}

void pl_dtls_close(pl_dtls *d)
{
    if (d->status != PL_DTLS_UP)
        return;
    ERR_clear_error();
    if (d->is_released && !d->is_mute) {
        say_closed(d);
    } else if (!d->is_released) {
        (void)SSL_shutdown(d->ssl);
    }
    ERR_clear_error();
    d->status = PL_DTLS_CLOSED;
}

/* ---- without the library's session ---------------------------------------
 */

static bool find_aead(const SSL_CIPHER *cipher, pl_dtls_aead *ret_aead)
{
    static const int nids[PL_DTLS_AEADS] = {
        [PL_DTLS_AES_128_GCM] = NID_aes_128_gcm,
        [PL_DTLS_AES_256_GCM] = NID_aes_256_gcm,
        [PL_DTLS_CHACHA20_POLY1305] = NID_chacha20_poly1305};
    for (size_t i = 0; cipher && i < PL_DTLS_AEADS; i++) {
        if (SSL_CIPHER_get_cipher_nid(cipher) == nids[i]) {
            *ret_aead = (pl_dtls_aead)i;
            return true;
        }
    }
    return false;
}

/* False: not DTLS 1.2 with a cipher and a PRF that are known here. */
static bool read_secret(const pl_dtls *d, pl_dtls_secret *ret)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(d->ssl);
    const SSL_SESSION *session = SSL_get0_session(d->ssl);
    if (SSL_version(d->ssl) != DTLS1_2_VERSION || !session ||
        !find_aead(cipher, &ret->aead))
        return false;
    const EVP_MD *prf = SSL_CIPHER_get_handshake_digest(cipher);
    ret->is_server = SSL_is_server(d->ssl);
    ret->has_sha384 = prf && EVP_MD_is_a(prf, "SHA384");
    return (ret->has_sha384 || (prf && EVP_MD_is_a(prf, "SHA256"))) &&
           SSL_SESSION_get_master_key(session, ret->master,
                                      sizeof ret->master) ==
               sizeof ret->master &&
           SSL_get_client_random(d->ssl, ret->client_random,
                                 sizeof ret->client_random) ==
               sizeof ret->client_random &&
           SSL_get_server_random(d->ssl, ret->server_random,
                                 sizeof ret->server_random) ==
               sizeof ret->server_random;
}

/* Keys for alerts out of a living session, with numbers that are not used. */
static pl_err derive_alerts(const pl_dtls *d, pl_dtls_alerts *ret)
{
    pl_dtls_secret secret = {.is_server = false};
    ERR_clear_error();
    pl_err e = read_secret(d, &secret) ? pl_dtls_alerts_derive(&secret, ret)
                                       : PL_EUNSUPPORTED;
    pl_wipe(&secret, sizeof secret);
    ERR_clear_error();
    if (e != PL_OK)
        return e;
    ret->out.seq = d->alerts.out.seq;
    ret->nonce = d->alerts.nonce;
    return PL_OK;
}

pl_err pl_dtls_export(const pl_dtls *d, pl_dtls_alerts *ret_alerts)
{
    if (d->status != PL_DTLS_UP || d->is_mute)
        return PL_ESTATE;
    if (!d->is_released)
        return derive_alerts(d, ret_alerts);
    *ret_alerts = d->alerts;
    return PL_OK;
}

pl_err pl_dtls_resume(const pl_dtls_identity *identity, pl_dtls_send send,
                      void *ctx, const pl_dtls_alerts *alerts,
                      pl_dtls **ret_dtls)
{
    pl_dtls *d = NULL;
    pl_err e = pl_dtls_create(identity, send, ctx, &d);
    if (e != PL_OK)
        return e;
    if (alerts)
        d->alerts = *alerts;
    d->is_mute = !alerts;
    d->is_released = true;
    d->status = PL_DTLS_UP;
    *ret_dtls = d;
    return PL_OK;
}

pl_err pl_dtls_release(pl_dtls *d)
{
    if (d->status != PL_DTLS_UP || d->is_released)
        return PL_ESTATE;
    pl_dtls_alerts alerts;
    pl_err e = derive_alerts(d, &alerts);
    if (e != PL_OK)
        return e;
    d->alerts = alerts;
    pl_wipe(&alerts, sizeof alerts);
    d->is_released = true;
    SSL_free(d->ssl);
    d->ssl = NULL;
    return PL_OK;
}

bool pl_dtls_is_released(const pl_dtls *d)
{
    return d->is_released;
}
