/* client_file.h - the client that we are at a token server elsewhere. */
#ifndef PL_ROOMPOOL_CLIENT_FILE_H
#define PL_ROOMPOOL_CLIENT_FILE_H

#include <stddef.h>

#include "core/video.h"

/* Read lines CLIENT_ID=.. and CLIENT_SECRET=.. of a file that nobody but its
 * owner may read. reason[cap]: why not, for people.
 * Errors: PL_ECONFIG. */
PL_MUST_USE pl_err pl_client_file_read(const char *path,
                                       pl_video_client *ret_client,
                                       char *reason, size_t cap);

#endif
