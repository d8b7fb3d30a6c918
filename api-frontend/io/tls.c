/* tls.c - the server's TLS context and its self-signed certificate. */
#include "tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "files.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"

struct pl_tls {
    SSL_CTX *ctx;
};

static void log_failure(const char *event, const char *file)
{
    char text[PL_ERRNO_TEXT] = "";
    unsigned long code = ERR_get_error();
    if (code) {
        ERR_error_string_n(code, text, sizeof text);
    } else {
        (void)pl_errno_text(errno, text);
    }
    ERR_clear_error();
    PL_LOG(ERROR, "tls", event, PL_KV("file", file), "%s", text);
}

/* ---- a certificate of our own ---- */

static bool add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool is_added = ext && X509_add_ext(cert, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    return is_added;
}

static bool is_ip(const char *name, size_t n)
{
    bool has_colon = memchr(name, ':', n) != NULL;
    return has_colon || strspn(name, "0123456789.") >= n;
}

/* subjectAltName: localhost, loopback addresses and the configured names. */
static void alt_names(const char *names, char *buf, size_t cap)
{
    pl_fmt_cut(buf, cap, "DNS:localhost,IP:127.0.0.1,IP:::1");
    while (*names) {
        size_t n = strcspn(names, " ,");
        size_t len = strlen(buf);
        bool is_known = n == 0 || strncmp(names, "localhost", n) == 0 ||
                        strncmp(names, "127.0.0.1", n) == 0 ||
                        strncmp(names, "::1", n) == 0;
        if (!is_known) {
            pl_fmt_cut(buf + len, cap - len, ",%s:%.*s",
                       is_ip(names, n) ? "IP" : "DNS", (int)n, names);
        }
        names += n;
        names += strspn(names, " ,");
    }
}

static X509 *make_certificate(EVP_PKEY *key, const char *names)
{
    static const long life_s = 825L * 24 * 3600;
    char san[1024];
    uint32_t serial;
    pl_random(&serial, sizeof serial);
    alt_names(names, san, sizeof san);
    X509 *cert = X509_new();
    if (!cert)
        return NULL;
    X509_NAME *name = X509_get_subject_name(cert);
    bool is_made =
        X509_set_version(cert, X509_VERSION_3) == 1 &&
        ASN1_INTEGER_set(X509_get_serialNumber(cert),
                         (long)(serial & INT32_MAX) + 1) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
        X509_gmtime_adj(X509_getm_notAfter(cert), life_s) &&
        X509_set_pubkey(cert, key) == 1 &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   (const unsigned char *)"parley", -1, -1,
                                   0) == 1 &&
        X509_set_issuer_name(cert, name) == 1 &&
        add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(cert, NID_key_usage, "critical,digitalSignature") &&
        add_extension(cert, NID_ext_key_usage, "serverAuth") &&
        add_extension(cert, NID_subject_alt_name, san) &&
        X509_sign(cert, key, EVP_sha256()) > 0;
    if (is_made)
        return cert;
    X509_free(cert);
    return NULL;
}

/* A file that a front end beside us made in the meantime serves as well. */
static pl_err save(const char *path, BIO *pem)
{
    char *text = NULL;
    long len = pem ? BIO_get_mem_data(pem, &text) : 0;
    if (len <= 0)
        return PL_EIO;
    pl_err e = pl_file_make_secret(
        path, (pl_slice){(const uint8_t *)text, (size_t)len});
    return e == PL_EEXIST ? PL_OK : e;
}

static pl_err make_key_file(const char *key_file)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *pem = BIO_new(BIO_s_secmem());
    pl_err e = PL_EIO;
    if (key && pem &&
        PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL) == 1) {
        e = save(key_file, pem);
    }
    BIO_free(pem);
    EVP_PKEY_free(key);
    return e;
}

static EVP_PKEY *read_key(const char *key_file)
{
    BIO *file = BIO_new_file(key_file, "r");
    EVP_PKEY *key =
        file ? PEM_read_bio_PrivateKey(file, NULL, NULL, NULL) : NULL;
    BIO_free(file);
    return key;
}

static pl_err make_certificate_file(const char *certificate_file,
                                    const char *key_file, const char *names)
{
    EVP_PKEY *key = read_key(key_file);
    X509 *cert = key ? make_certificate(key, names) : NULL;
    BIO *pem = BIO_new(BIO_s_mem());
    pl_err e = PL_EIO;
    if (cert && pem && PEM_write_bio_X509(pem, cert) == 1)
        e = save(certificate_file, pem);
    BIO_free(pem);
    X509_free(cert);
    EVP_PKEY_free(key);
    return e;
}

/* Each file appears whole, and the key first: a start that was cut short
 * leaves a key, for which the next one makes the certificate. */
static pl_err make_files(const char *certificate_file, const char *key_file,
                         const char *names)
{
    pl_err e = access(key_file, F_OK) == 0 ? PL_OK : make_key_file(key_file);
    if (!e)
        e = make_certificate_file(certificate_file, key_file, names);
    if (e) {
        log_failure("certificate_not_made", certificate_file);
        return e;
    }
    PL_LOG(INFO, "tls", "certificate_made", PL_KV("file", certificate_file),
           NULL);
    return PL_OK;
}

/* ---- the context ---- */

static int choose_alpn(SSL *ssl, const unsigned char **ret_name,
                       unsigned char *ret_len, const unsigned char *offered,
                       unsigned n_offered, void *ctx)
{
    static const unsigned char ours[] = "\x08http/1.1";
    (void)ssl;
    (void)ctx;
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, ret_len, ours, sizeof ours - 1, offered,
                              n_offered) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 section 3.2 */
    *ret_name = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool configure(SSL_CTX *ctx, const char *certificate_file,
                      const char *key_file)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
           SSL_CTX_use_certificate_chain_file(ctx, certificate_file) == 1 &&
           SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) == 1 &&
           SSL_CTX_check_private_key(ctx) == 1;
}

pl_err pl_tls_open(const char *certificate_file, const char *key_file,
                   const char *names, pl_tls **ret_tls)
{
    if (access(certificate_file, F_OK) != 0) {
        pl_err e = make_files(certificate_file, key_file, names);
        if (e)
            return e;
    }
    pl_tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return PL_ENOMEM;
    tls->ctx = SSL_CTX_new(TLS_server_method());
    if (!tls->ctx || !configure(tls->ctx, certificate_file, key_file)) {
        log_failure("certificate_unusable", certificate_file);
        pl_tls_close(&tls);
        return PL_ECONFIG;
    }
    *ret_tls = tls;
    return PL_OK;
}

void pl_tls_close(pl_tls **tls)
{
    if (!tls || !*tls)
        return;
    SSL_CTX_free((*tls)->ctx);
    free(*tls);
    *tls = NULL;
}

struct ssl_st *pl_tls_accept(pl_tls *tls)
{
    return SSL_new(tls->ctx);
}

void pl_tls_bye(struct ssl_st *ssl)
{
    if (!ssl || !SSL_is_init_finished(ssl))
        return;
    (void)SSL_shutdown(ssl);
    ERR_clear_error();
}

bool pl_tls_has_certificate(const char *file)
{
    FILE *in = fopen(file, "re");
    X509 *cert = in ? PEM_read_X509_AUX(in, NULL, NULL, NULL) : NULL;
    bool has_one = cert != NULL;
    X509_free(cert);
    ERR_clear_error();
    if (in)
        fclose(in);
    return has_one;
}
