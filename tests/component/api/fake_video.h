/* fake_video.h - the video sessions of the scripted roompool: s1 is there, and
 * over once it was told so; device "full" gets none, device "often" too many.
 * Its room has a host PIN that nobody may be told. */
#ifndef PL_TESTS_API_FAKE_VIDEO_H
#define PL_TESTS_API_FAKE_VIDEO_H

#include "pl/bus.h"

typedef struct fake_video {
    pl_bus *bus;
    unsigned state; /* of s1 */
} fake_video;

PL_MUST_USE pl_err fake_video_open(fake_video *video, pl_bus *bus);

#endif
