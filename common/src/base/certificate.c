/* certificate.c - see certificate.h. */
#include "pl/certificate.h"

#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

enum { DAY_S = 86400 };

int64_t pl_certificate_ends_s(const char *file)
{
    int days = 0;
    int seconds = 0;
    BIO *in = file[0] ? BIO_new_file(file, "r") : NULL;
    X509 *cert = in ? PEM_read_bio_X509_AUX(in, NULL, NULL, NULL) : NULL;
    int64_t ends_s = 0;
    if (cert &&
        ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)) == 1)
        ends_s = (int64_t)time(NULL) + (int64_t)days * DAY_S + seconds;
    X509_free(cert);
    BIO_free(in);
    ERR_clear_error();
    return ends_s;
}
