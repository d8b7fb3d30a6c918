/* conference_api.h - the conference API: users, sessions, calls, conferences,
 * seats. One core, two spellings: /RTC/v1/sessions.. (rtc1) and /sessions..
 * (bare). */
#ifndef PL_API_CONFERENCE_API_H
#define PL_API_CONFERENCE_API_H

#include "api.h"

/* conference_session.c */
extern const pl_api_op PL_OP_USER_BIND;
extern const pl_api_op PL_OP_SESSION_CREATE;
extern const pl_api_op PL_OP_SESSION_REFRESH;
extern const pl_api_op PL_OP_SESSION_DELETE;
extern const pl_api_op PL_OP_SESSION_EVENTS;
/* conference_api.c */
extern const pl_api_op PL_OP_CONFERENCE_CREATE;
extern const pl_api_op PL_OP_CONFERENCE_DELETE;
extern const pl_api_op PL_OP_CALLS_CREATE;
extern const pl_api_op PL_OP_CALLS_DELETE;
extern const pl_api_op PL_OP_PARTICIPANT_INVITE;
extern const pl_api_op PL_OP_PARTICIPANT_REMOVE;
/* The same acting on /mediaConferences/{confId}: the session is the token's. */
extern const pl_api_op PL_OP_MEDIA_DELETE;
extern const pl_api_op PL_OP_MEDIA_INVITE;
extern const pl_api_op PL_OP_MEDIA_REMOVE;
/* conference_action.c */
extern const pl_api_op PL_OP_CONFERENCE_ACTION;
extern const pl_api_op PL_OP_CALLS_ACTION;
extern const pl_api_op PL_OP_MEDIA_ACTION;
/* emergency.c */
extern const pl_api_op PL_OP_E911_LOCATIONS;

/* Canonical action of a header value sent to a resource (UNKNOWN: either).
 * Errors: PL_EINVAL not in the table; PL_EUNSUPPORTED not for that resource. */
PL_MUST_USE pl_err pl_conference_find_action(pl_slice word,
                                             pl_resource resource,
                                             pl_action *ret_action);

#endif
