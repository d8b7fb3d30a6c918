/* tls.h - the server's TLS: certificate, key, protocol versions.
 * Source: RFC 8446, RFC 7301 (ALPN http/1.1), RFC 9325 */
#ifndef PL_API_TLS_H
#define PL_API_TLS_H

#include <stdbool.h>

#include "pl/err.h"

struct ssl_st;
typedef struct pl_tls pl_tls;

/* Read certificate and key. When the certificate is missing, a self-signed one
 * for localhost and `names` is made, with an ECDSA P-256 key unless there is a
 * key already; both files with mode 0600.
 * names:  host names and IP addresses separated by blanks or commas
 * Errors: PL_ECONFIG unusable files (logged); PL_EIO cannot write (logged) */
PL_MUST_USE pl_err pl_tls_open(const char *certificate_file,
                               const char *key_file, const char *names,
                               pl_tls **ret_tls);
void pl_tls_close(pl_tls **tls);
/* Whether a file has a certificate (PEM) that can be read. */
bool pl_tls_has_certificate(const char *file);
/* A new server connection; NULL without memory. Owned by the caller (the
 * bufferevent frees it). */
struct ssl_st *pl_tls_accept(pl_tls *tls);
/* Say goodbye (close_notify) before the socket is closed. */
void pl_tls_bye(struct ssl_st *ssl);

#endif
