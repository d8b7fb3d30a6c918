/* zap.h - the CURVE keys that may connect: one file each in a folder. */
#ifndef PL_ZAP_H
#define PL_ZAP_H

#include <stdbool.h>

#include "pl/err.h"

enum { PL_ZAP_KEY_TEXT = 41 };

/* Read a z85 key, 40 characters and perhaps a line end, from a file.
 * Errors: PL_EIO not readable; PL_EINVAL something else in it. */
PL_MUST_USE pl_err pl_zap_read_key(const char *path, char key[PL_ZAP_KEY_TEXT]);
/* Whether a file of the folder holds this key. Read anew at each question, so
 * that keys come and go without a restart; at most 1000 files. */
bool pl_zap_is_allowed(const char *dir, const char *key);

#endif
