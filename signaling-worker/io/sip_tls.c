/* sip_tls.c - see sip_tls.h. */
#include "sip_tls.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "pl/ip.h"
#include "pl/log.h"
#include "pl/str.h"
#include "sip_uri.h"

struct pl_sip_tls {
    SSL_CTX *server, *client; /* server NULL: nobody can connect to us */
    bool checks_servers;
};

struct pl_sip_tls_conn {
    SSL *ssl;
    char domain[PL_URI_HOST_TEXT]; /* "": it came to us */
    bool must_match, wants_write;
};

/* ---- contexts ---- */

static pl_err fail(const char *event, const char *file)
{
    char why[128];
    ERR_error_string_n(ERR_get_error(), why, sizeof why);
    ERR_clear_error();
    PL_LOG(ERROR, "sip", event, PL_KV("file", file), "%s", why);
    return PL_ECONFIG;
}

static pl_err use_certificate(SSL_CTX *ctx, const pl_sip_tls_options *o)
{
    if (!o->certificate[0])
        return PL_OK;
    if (SSL_CTX_use_certificate_chain_file(ctx, o->certificate) != 1)
        return fail("tls_certificate_unusable", o->certificate);
    if (SSL_CTX_use_PrivateKey_file(ctx, o->key, SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_check_private_key(ctx) == 1)
        return PL_OK;
    ERR_clear_error();
    PL_LOG(ERROR, "sip", "tls_key_unusable", PL_KV("file", o->key),
           "want the private key (PEM, without a passphrase) that belongs to "
           "tls_certificate");
    return PL_ECONFIG;
}

static pl_err use_ca(SSL_CTX *ctx, const char *file)
{
    int is_good = file[0] ? SSL_CTX_load_verify_locations(ctx, file, NULL)
                          : SSL_CTX_set_default_verify_paths(ctx);
    return is_good == 1 ? PL_OK : fail("tls_ca_unusable", file);
}

/* RFC 9325: TLS 1.2 or later; nothing that is resumed, renegotiated, or read
 * ahead has to be thought of. */
static SSL_CTX *new_context(const SSL_METHOD *method)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    if (!ctx)
        return NULL;
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                       SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                    SSL_MODE_RELEASE_BUFFERS);
    return ctx;
}

static pl_err open_server(pl_sip_tls *tls, const pl_sip_tls_options *o)
{
    if (!o->certificate[0])
        return PL_OK;
    tls->server = new_context(TLS_server_method());
    if (!tls->server)
        return PL_ENOMEM;
    pl_err e = use_certificate(tls->server, o);
    if (e || !o->checks_clients)
        return e;
    SSL_CTX_set_verify(tls->server,
                       SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return use_ca(tls->server, o->ca);
}

static pl_err open_client(pl_sip_tls *tls, const pl_sip_tls_options *o)
{
    tls->checks_servers = o->checks_servers;
    tls->client = new_context(TLS_client_method());
    if (!tls->client)
        return PL_ENOMEM;
    pl_err e = use_certificate(tls->client, o);
    if (e || !o->checks_servers)
        return e;
    SSL_CTX_set_verify(tls->client, SSL_VERIFY_PEER, NULL);
    return use_ca(tls->client, o->ca);
}

pl_err pl_sip_tls_open(const pl_sip_tls_options *o, pl_sip_tls **ret_tls)
{
    pl_sip_tls *tls = calloc(1, sizeof *tls);
    pl_err e = tls ? open_server(tls, o) : PL_ENOMEM;
    if (!e)
        e = open_client(tls, o);
    if (e) {
        pl_sip_tls_close(&tls);
    } else {
        *ret_tls = tls;
    }
    return e;
}

void pl_sip_tls_close(pl_sip_tls **tls)
{
    if (!tls || !*tls)
        return;
    SSL_CTX_free((*tls)->server);
    SSL_CTX_free((*tls)->client);
    free(*tls);
    *tls = NULL;
}

/* ---- who the peer is ---- */

static bool is_address(const char *host)
{
    pl_ip ip;
    return pl_ip_parse(pl_slice_str(host), &ip) == PL_OK;
}

/* RFC 5922 section 7.1: a certificate that names SIP domains is good for these
 * only. *ret_named: it does. */
static bool names_sip_domain(X509 *certificate, const char *domain,
                             bool *ret_named)
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool is_same = false;
    *ret_named = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        pl_sip_uri uri;
        if (name->type != GEN_URI)
            continue;
        const ASN1_IA5STRING *text = name->d.uniformResourceIdentifier;
        pl_slice bytes = {ASN1_STRING_get0_data(text),
                          (size_t)ASN1_STRING_length(text)};
        if (pl_sip_uri_parse(bytes, &uri) || uri.user[0])
            continue;
        *ret_named = true;
        is_same = is_same || strcmp(uri.host, domain) == 0;
    }
    GENERAL_NAMES_free(names);
    return is_same;
}

static bool is_for(X509 *certificate, const char *domain)
{
    bool is_named;
    bool is_same = names_sip_domain(certificate, domain, &is_named);
    if (is_named)
        return is_same;
    if (is_address(domain))
        return X509_check_ip_asc(certificate, domain, 0) == 1;
    return X509_check_host(certificate, domain, 0, X509_CHECK_FLAG_NO_WILDCARDS,
                           NULL) == 1;
}

static pl_err check_peer(const pl_sip_tls_conn *conn)
{
    X509 *certificate = SSL_get0_peer_certificate(conn->ssl);
    if (!conn->must_match || (certificate && is_for(certificate, conn->domain)))
        return PL_OK;
    PL_LOG(WARN, "sip", "tls_other_domain", PL_KV("host", conn->domain),
           "its certificate is for another name");
    return PL_EAUTH;
}

/* ---- connections ---- */

pl_err pl_sip_tls_begin(pl_sip_tls *tls, int fd, const char *domain,
                        pl_sip_tls_conn **ret_conn)
{
    pl_sip_tls_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return PL_ENOMEM;
    conn->ssl = SSL_new(domain ? tls->client : tls->server);
    if (!conn->ssl || SSL_set_fd(conn->ssl, fd) != 1) {
        pl_sip_tls_end(&conn);
        return PL_ENOMEM;
    }
    if (!domain) {
        SSL_set_accept_state(conn->ssl);
    } else {
        pl_fmt_cut(conn->domain, sizeof conn->domain, "%s", domain);
        conn->must_match = tls->checks_servers;
        SSL_set_connect_state(conn->ssl);
        if (!is_address(domain))
            (void)SSL_set_tlsext_host_name(conn->ssl, conn->domain);
    }
    *ret_conn = conn;
    return PL_OK;
}

void pl_sip_tls_end(pl_sip_tls_conn **conn)
{
    if (!conn || !*conn)
        return;
    if ((*conn)->ssl && SSL_is_init_finished((*conn)->ssl))
        (void)SSL_shutdown((*conn)->ssl);
    ERR_clear_error();
    SSL_free((*conn)->ssl);
    free(*conn);
    *conn = NULL;
}

/* What SSL_x() said; nothing stays in the thread's queue of errors. */
static pl_err result(pl_sip_tls_conn *conn, int ret)
{
    int why = SSL_get_error(conn->ssl, ret);
    ERR_clear_error();
    conn->wants_write = why == SSL_ERROR_WANT_WRITE;
    switch (why) {
    case SSL_ERROR_NONE: return PL_OK;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return PL_EAGAIN;
    case SSL_ERROR_ZERO_RETURN: return PL_EGONE;
    default: return PL_EIO;
    }
}

pl_err pl_sip_tls_handshake(pl_sip_tls_conn *conn)
{
    ERR_clear_error();
    pl_err e = result(conn, SSL_do_handshake(conn->ssl));
    if (!e)
        return check_peer(conn);
    long verdict = SSL_get_verify_result(conn->ssl);
    if (e == PL_EAGAIN || verdict == X509_V_OK)
        return e;
    PL_LOG(WARN, "sip", "tls_certificate_refused",
           PL_KV("host", conn->domain[0] ? conn->domain : NULL), "%s",
           X509_verify_cert_error_string(verdict));
    return PL_EAUTH;
}

pl_err pl_sip_tls_read(pl_sip_tls_conn *conn, void *buf, size_t cap,
                       size_t *ret_n)
{
    ERR_clear_error();
    return result(conn, SSL_read_ex(conn->ssl, buf, cap, ret_n));
}

pl_err pl_sip_tls_write(pl_sip_tls_conn *conn, const void *data, size_t len,
                        size_t *ret_n)
{
    ERR_clear_error();
    return result(conn, SSL_write_ex(conn->ssl, data, len, ret_n));
}

bool pl_sip_tls_wants_write(const pl_sip_tls_conn *conn)
{
    return conn->wants_write;
}
