/* certificate.h - what operators must know of a certificate in a file. */
#ifndef PL_CERTIFICATE_H
#define PL_CERTIFICATE_H

#include <stdint.h>

/* When the first certificate of a file (PEM) expires, in seconds since 1970;
 * 0: there is none that can be read, or the file's name is "". */
int64_t pl_certificate_ends_s(const char *file);

#endif
