/* device_api.h - the APIs of device applications: registration, call handling
 * and event subscriptions of CAMARA WebRTC, in three generations. Every row of
 * tables/device_api.def is an operation.
 *
 * Errors are ErrorInfo: {"status":404,"code":"NOT_FOUND","message":".."}. */
#ifndef PL_API_DEVICE_API_H
#define PL_API_DEVICE_API_H

#include "api.h"
#include "tables/device_api.def"

typedef enum pl_device_op {
#define PL_DEVICE_OP_ENUM(gen, base, NAME, name, done, api, method, path,      \
                          scope, message, who)                                 \
    PL_DEVICE_##NAME,
    PL_DEVICE_OPERATIONS(PL_DEVICE_OP_ENUM)
#undef PL_DEVICE_OP_ENUM
        PL_DEVICE_OPS
} pl_device_op;

typedef enum pl_device_gen {
#define PL_DEVICE_GEN_ENUM(NAME) PL_DEVICE_GEN_##NAME,
    PL_DEVICE_GENERATIONS(PL_DEVICE_GEN_ENUM)
#undef PL_DEVICE_GEN_ENUM
        PL_DEVICE_GENS
} pl_device_gen;

typedef enum pl_device_family {
    PL_DEVICE_API_REGISTRATION,
    PL_DEVICE_API_CALLS,
    PL_DEVICE_API_EVENTS,
} pl_device_family;

extern const pl_api_op PL_OP_DEVICE[PL_DEVICE_OPS][PL_DEVICE_GENS];

/* Which operation it is; PL_DEVICE_OPS: none of these. */
pl_device_op pl_device_op_of(const pl_api_op *op);
pl_device_gen pl_device_gen_of(const pl_api_op *op);
/* Whether that generation has it. */
bool pl_device_has_op(pl_device_op op, pl_device_gen gen);
/* Codes that the definition lists for a status, separated by blanks; NULL: it
 * does not list the status. */
const char *pl_device_listed(pl_device_op op, pl_device_gen gen, int status);
/* Status of a refusal; 0 for PL_DEVICE_FAULT_UNKNOWN. */
int pl_device_fault_status(uint32_t fault);

/* ---- for the gateway ---- */

/* What a request's head says that its token does not change: 415 for a body
 * that is no JSON, 406 when JSON is not wanted, 0 nothing. */
int pl_device_check_head(const pl_http_head *head, pl_slice body);
/* Why nothing is at that path, of which pl_route_find() said e: 400 when the
 * id in it is missing or the path broken, 405, 404. */
int pl_device_no_route(pl_http_method method, pl_slice path, pl_err e);
/* The error body of this family. */
void pl_device_error(pl_answer *answer, int status, const char *code,
                     const char *text);
/* The code of a status where nothing more is known. */
const char *pl_device_code_of(int status);
/* Answer with the correlator of the request, if that has a good one. */
void pl_device_correlate(const pl_http_head *head, pl_answer *answer);

#endif
