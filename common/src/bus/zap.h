/* zap.h - the CURVE keys that may connect: one file each in a folder. */
#ifndef PL_ZAP_H
#define PL_ZAP_H

#include <stdbool.h>

#include "pl/err.h"
#include "pl/words.h"

enum { PL_ZAP_KEY_TEXT = 41, PL_ZAP_NAME_TEXT = 65 };

/* Read a z85 key, 40 characters and perhaps a line end, from a file.
 * Errors: PL_EIO not readable; PL_EINVAL something else in it. */
PL_MUST_USE pl_err pl_zap_read_key(const char *path, char key[PL_ZAP_KEY_TEXT]);
/* The file of the folder that holds this key; false: none does. Read anew at
 * each question, so that keys come and go without a restart; at most 1000
 * files. Only files count whose name begins with a worker's role: "media",
 * "media-2.pub", "api". */
bool pl_zap_find(const char *dir, const char *key,
                 char ret_name[PL_ZAP_NAME_TEXT]);
/* The role that a file's name begins with; PL_ROLE_UNKNOWN: none. */
pl_role pl_zap_role_of(const char *name);

#endif
