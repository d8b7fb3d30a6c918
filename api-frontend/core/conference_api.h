/* conference_api.h - the conference API: users, sessions, conferences, seats.
 * One core, two spellings: /RTC/v1/sessions.. (rtc1) and /sessions.. (bare). */
#ifndef PL_API_CONFERENCE_API_H
#define PL_API_CONFERENCE_API_H

#include "api.h"

extern const pl_api_op PL_OP_USER_BIND;
extern const pl_api_op PL_OP_SESSION_CREATE;
extern const pl_api_op PL_OP_SESSION_REFRESH;
extern const pl_api_op PL_OP_SESSION_DELETE;
extern const pl_api_op PL_OP_SESSION_EVENTS;
extern const pl_api_op PL_OP_CONFERENCE_CREATE;
extern const pl_api_op PL_OP_CONFERENCE_ACTION;
extern const pl_api_op PL_OP_CONFERENCE_DELETE;
extern const pl_api_op PL_OP_PARTICIPANT_INVITE;
extern const pl_api_op PL_OP_PARTICIPANT_REMOVE;
/* The same acting on /mediaConferences/{confId}: the session is the token's. */
extern const pl_api_op PL_OP_MEDIA_ACTION;
extern const pl_api_op PL_OP_MEDIA_DELETE;
extern const pl_api_op PL_OP_MEDIA_INVITE;
extern const pl_api_op PL_OP_MEDIA_REMOVE;

/* The dialect of a path template. */
pl_dialect pl_conference_dialect(const char *path);
/* Canonical action of a header value sent to a conference.
 * Errors: PL_EINVAL not in the table. */
PL_MUST_USE pl_err pl_conference_find_action(pl_slice value,
                                             pl_action *ret_action);
/* The SDP of a body in any of its five places.
 * Errors: PL_ENOENT none; PL_EPROTO not a string. */
PL_MUST_USE pl_err pl_conference_find_sdp(const pl_json *doc,
                                          pl_slice *ret_sdp);

#endif
