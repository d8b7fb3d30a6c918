/* video_client.h - an app of video sessions behind the front end: sessions are
 * made, told about, ended; calls. */
#ifndef PL_TEST_VIDEO_CLIENT_H
#define PL_TEST_VIDEO_CLIENT_H

#include "talk.h"

#define STATE(s) PL_VIDEO_STATE_##s
#define CALL(s)  PL_VIDEO_CALL_STATE_##s

/* Sent and not waited for. */
void video_begins(world *w, const char *device, answer *a);
pl_err video_makes(world *w, const char *device, answer *a);
pl_err video_gets(world *w, const char *id, answer *a);
/* PL_VIDEO_STATE_UNKNOWN: there is none. */
uint32_t video_state(world *w, const char *id);
pl_err video_tells(world *w, const char *id, uint32_t state);
pl_err video_ends(world *w, const char *id);
/* How its call goes; name NULL: none is given. */
pl_err video_calls(world *w, const char *id, const char *name, uint32_t state,
                   answer *a);
/* It must succeed. */
void video_call(world *w, const char *id, const char *name, uint32_t state);
/* Roompool is killed and started again. */
void video_restart(world *w);

#endif
