/* pin_hash.h - stored PINs: PBKDF2-HMAC-SHA-256 with a salt of its own each. */
#ifndef PL_ROOMPOOL_PIN_HASH_H
#define PL_ROOMPOOL_PIN_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/port.h"

/* "pbkdf2-sha256$ROUNDS$SALT$HASH", salt and hash in hex.
 * Errors: PL_EINTERNAL. Context: milliseconds of work.
 * Source: RFC 8018 section 5.2. */
PL_MUST_USE pl_err pl_pin_hash(const char *pin, uint32_t rounds,
                               char hash[PL_PIN_HASH_TEXT]);
/* Compare in constant time; false for a hash of another form. */
bool pl_pin_matches(const char *pin, const char *hash);

#endif
