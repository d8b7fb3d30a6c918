/* client_api.c - the operations of the client API, from their table. */
#include "client_api.h"

#include "client_impl.h"

#define DEFINE(method, path, NAME, kind_, who, prepare_, finish_, arg_)        \
    const pl_api_op PL_OP_##NAME = {.kind = PL_KIND_##kind_,                   \
                                    .family = PL_FAMILY_CLIENT,                \
                                    .auth = PL_AUTH_##who,                     \
                                    .prepare = (prepare_),                     \
                                    .finish = (finish_),                       \
                                    .arg = (arg_)};
PL_CLIENT_ENDPOINTS(DEFINE)

static pl_err node_status(pl_api_call *call, pl_answer *answer)
{
    pl_jw w;
    pl_client_open(&w, answer, call->is_ready ? 200 : 503,
                   call->is_ready ? "success" : "failed");
    pl_jw_str(&w, "result", call->is_ready ? "OK" : "Maintenance mode");
    pl_jw_close(&w, '}');
    return PL_OK;
}

const pl_api_op PL_OP_NODE_STATUS = {.kind = PL_KIND_LOCAL,
                                     .family = PL_FAMILY_CLIENT,
                                     .auth = PL_AUTH_NONE,
                                     .prepare = node_status};
