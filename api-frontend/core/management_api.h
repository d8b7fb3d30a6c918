/* management_api.h - the management API: conferences, aliases, automatic
 * participants and event sinks are made and changed; what is live and what was
 * is read; commands are given. What objects look like is
 * common/tables/management.def. Errors are {"error":".."}, of values
 * {"conference":{"name":[".."]}}, of commands {"status":"error",..}. */
#ifndef PL_API_MANAGEMENT_API_H
#define PL_API_MANAGEMENT_API_H

#include "api.h"
#include "pl/management.h"

#define PL_MANAGEMENT_BASE "/api/admin/"

/* Operations of the resources by pl_mgmt_resource. */
enum { PL_MANAGEMENT_RESOURCES = PL_MGMT_RESOURCE_TALK_INTERVAL + 1 };
extern const pl_api_op PL_OP_MANAGEMENT_LIST[PL_MANAGEMENT_RESOURCES];
extern const pl_api_op PL_OP_MANAGEMENT_SCHEMA[PL_MANAGEMENT_RESOURCES];
extern const pl_api_op PL_OP_MANAGEMENT_GET[PL_MANAGEMENT_RESOURCES];
extern const pl_api_op PL_OP_MANAGEMENT_CREATE[PL_MANAGEMENT_RESOURCES];
extern const pl_api_op PL_OP_MANAGEMENT_REPLACE[PL_MANAGEMENT_RESOURCES];
extern const pl_api_op PL_OP_MANAGEMENT_CHANGE[PL_MANAGEMENT_RESOURCES];
extern const pl_api_op PL_OP_MANAGEMENT_DELETE[PL_MANAGEMENT_RESOURCES];
extern const pl_api_op PL_OP_MANAGEMENT_COMMAND;
/* media_stream/ of a participant who is there, or was. */
extern const pl_api_op PL_OP_LIVE_STREAMS, PL_OP_PAST_STREAMS;
/* The sound in a file of a recording. */
extern const pl_api_op PL_OP_RECORDING_FILE;

#endif
