/* video_auth.h - who speaks to the video API: the holder of an access token
 * with the scope, or a device by a token that it signed itself. */
#ifndef PL_API_VIDEO_AUTH_H
#define PL_API_VIDEO_AUTH_H

#include "auth.h"

typedef struct pl_video_auth pl_video_auth;

/* Read the registered devices where their tokens count.
 * Errors: PL_ECONFIG (logged), PL_EIO (logged), PL_ENOMEM. */
PL_MUST_USE pl_err pl_video_auth_open(const pl_api_config *config,
                                      pl_metrics *metrics,
                                      pl_video_auth **ret_auth);
void pl_video_auth_close(pl_video_auth **auth);

/* Check the value of an Authorization header. A device's caller has its
 * device_code.
 * Errors: PL_EAUTH; PL_EFORBIDDEN the scope is missing; those of
 *         pl_auth_check(). */
PL_MUST_USE pl_err pl_video_auth_check(pl_video_auth *video, pl_auth *tokens,
                                       pl_slice header, int64_t wall_ms,
                                       pl_caller *ret_caller);

#endif
