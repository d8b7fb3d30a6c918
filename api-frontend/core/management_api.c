/* management_api.c - the operations of each resource. */
#include "management_impl.h"

#define OP(NAME, op_kind, op_prepare, op_finish)                               \
    [PL_MGMT_RESOURCE_##NAME] = {.kind = (op_kind),                            \
                                 .family = PL_FAMILY_MANAGEMENT,               \
                                 .auth = PL_AUTH_MANAGEMENT,                   \
                                 .prepare = (op_prepare),                      \
                                 .finish = (op_finish),                        \
                                 .arg = PL_MGMT_RESOURCE_##NAME},

#define LIST(NAME, api, name, view, access)                                    \
    OP(NAME, PL_KIND_CALL, pl_management_ask_list, pl_management_listed)
#define SCHEMA(NAME, api, name, view, access)                                  \
    OP(NAME, PL_KIND_LOCAL, pl_management_ask_schema, NULL)
#define GET(NAME, api, name, view, access)                                     \
    OP(NAME, PL_KIND_CALL, pl_management_ask_get, pl_management_got)
#define CREATE(NAME, api, name, view, access)                                  \
    OP(NAME, PL_KIND_CALL, pl_management_ask_create, pl_management_created)
#define REPLACE(NAME, api, name, view, access)                                 \
    OP(NAME, PL_KIND_CALL, pl_management_ask_replace, pl_management_changed)
#define CHANGE(NAME, api, name, view, access)                                  \
    OP(NAME, PL_KIND_CALL, pl_management_ask_change, pl_management_changed)
#define REMOVE(NAME, api, name, view, access)                                  \
    OP(NAME, PL_KIND_CALL, pl_management_ask_delete, pl_management_deleted)

const pl_api_op PL_OP_MANAGEMENT_LIST[] = {PL_MGMT_RESOURCES(LIST)};
const pl_api_op PL_OP_MANAGEMENT_SCHEMA[] = {PL_MGMT_RESOURCES(SCHEMA)};
const pl_api_op PL_OP_MANAGEMENT_GET[] = {PL_MGMT_RESOURCES(GET)};
const pl_api_op PL_OP_MANAGEMENT_CREATE[] = {PL_MGMT_RESOURCES(CREATE)};
const pl_api_op PL_OP_MANAGEMENT_REPLACE[] = {PL_MGMT_RESOURCES(REPLACE)};
const pl_api_op PL_OP_MANAGEMENT_CHANGE[] = {PL_MGMT_RESOURCES(CHANGE)};
const pl_api_op PL_OP_MANAGEMENT_DELETE[] = {PL_MGMT_RESOURCES(REMOVE)};

#define STREAMS(NAME)                                                          \
    {                                                                          \
        .kind = PL_KIND_CALL, .family = PL_FAMILY_MANAGEMENT,                  \
        .auth = PL_AUTH_MANAGEMENT, .prepare = pl_management_ask_streams,      \
        .finish = pl_management_streamed, .arg = PL_MGMT_RESOURCE_##NAME       \
    }
const pl_api_op PL_OP_LIVE_STREAMS = STREAMS(LIVE_PARTICIPANT);
const pl_api_op PL_OP_PAST_STREAMS = STREAMS(PAST_PARTICIPANT);

const pl_api_op PL_OP_MANAGEMENT_COMMAND = {
    .kind = PL_KIND_CALL,
    .family = PL_FAMILY_MANAGEMENT,
    .auth = PL_AUTH_MANAGEMENT,
    .prepare = pl_management_ask_command,
    .finish = pl_management_commanded,
};

const pl_api_op PL_OP_RECORDING_FILE = {
    .kind = PL_KIND_CALL,
    .family = PL_FAMILY_MANAGEMENT,
    .auth = PL_AUTH_MANAGEMENT,
    .prepare = pl_management_ask_file,
    .finish = pl_management_file,
};
