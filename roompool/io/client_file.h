/* client_file.h - who we are at servers elsewhere: files that nobody but their
 * owner may read. */
#ifndef PL_ROOMPOOL_CLIENT_FILE_H
#define PL_ROOMPOOL_CLIENT_FILE_H

#include <stddef.h>

#include "core/video.h"

enum { PL_LOGIN_MAX = 1024 };

/* Read lines CLIENT_ID=.. and CLIENT_SECRET=.. . reason[cap]: why not, for
 * people.
 * Errors: PL_ECONFIG. */
PL_MUST_USE pl_err pl_client_file_read(const char *path,
                                       pl_video_client *ret_client,
                                       char *reason, size_t cap);
/* Read the first line into buf[cap].
 * Errors: PL_ECONFIG. */
PL_MUST_USE pl_err pl_login_file_read(const char *path, char *buf, size_t cap,
                                      char *reason, size_t reason_cap);

#endif
