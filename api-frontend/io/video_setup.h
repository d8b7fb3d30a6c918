/* video_setup.h - what the video API is given: rules from the configuration
 * and its files, and who may ask. */
#ifndef PL_API_VIDEO_SETUP_H
#define PL_API_VIDEO_SETUP_H

#include "video_api.h"
#include "video_auth.h"

typedef struct pl_video_setup pl_video_setup;

/* Errors: PL_ECONFIG (logged), PL_EIO (logged), PL_ENOMEM. */
PL_MUST_USE pl_err pl_video_setup_open(const pl_api_config *config,
                                       pl_metrics *metrics,
                                       pl_video_setup **ret_setup);
void pl_video_setup_close(pl_video_setup **setup);
const pl_video_rules *pl_video_setup_rules(const pl_video_setup *setup);
pl_video_auth *pl_video_setup_auth(const pl_video_setup *setup);

#endif
