/* client_api.h - the client API of guests in a room (join page, widgets):
 * token, media calls, mute and remove. */
#ifndef PL_API_CLIENT_API_H
#define PL_API_CLIENT_API_H

#include "api.h"

extern const pl_api_op PL_OP_REQUEST_TOKEN;
extern const pl_api_op PL_OP_REFRESH_TOKEN;
extern const pl_api_op PL_OP_RELEASE_TOKEN;
extern const pl_api_op PL_OP_THEME;
extern const pl_api_op PL_OP_SEAT_EVENTS;
extern const pl_api_op PL_OP_CALL_START;
extern const pl_api_op PL_OP_CALL_ACK;
extern const pl_api_op PL_OP_CALL_UPDATE;
extern const pl_api_op PL_OP_CALL_END;
extern const pl_api_op PL_OP_CALL_CANDIDATE;
extern const pl_api_op PL_OP_MUTE;
extern const pl_api_op PL_OP_UNMUTE;
extern const pl_api_op PL_OP_REMOVE;
extern const pl_api_op PL_OP_CLIENT_MUTE;
extern const pl_api_op PL_OP_NODE_STATUS;

#endif
