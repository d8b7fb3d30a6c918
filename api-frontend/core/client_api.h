/* client_api.h - the client API: guests and hosts in a room (join page,
 * widgets). The table tables/client_api.def lists its requests. */
#ifndef PL_API_CLIENT_API_H
#define PL_API_CLIENT_API_H

#include "api.h"
#include "tables/client_api.def"

#define PL_CLIENT_DECLARE(method, path, NAME, kind, who, prepare, finish, arg) \
    extern const pl_api_op PL_OP_##NAME;
PL_CLIENT_ENDPOINTS(PL_CLIENT_DECLARE)
#undef PL_CLIENT_DECLARE

/* GET /api/client/v2/status, beside the conferences. */
extern const pl_api_op PL_OP_NODE_STATUS;

#endif
