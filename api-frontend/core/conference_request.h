/* conference_request.h - what the operations of the conference API share: who
 * acts on what, bodies, headers, and the answers that look alike. */
#ifndef PL_API_CONFERENCE_REQUEST_H
#define PL_API_CONFERENCE_REQUEST_H

#include "conference_errors.h"
#include "pl/str.h"

/* ---- paths ---- */

/* The dialect of a path template. */
pl_dialect pl_conference_dialect(const char *path);
/* Whether the path names the session; /mediaConferences does not. */
bool pl_conference_has_session(const pl_api_call *call);
/* A parameter counted behind the session id, if there is one. */
pl_slice pl_conference_param(const pl_api_call *call, unsigned index);
/* What the path acts on; UNKNOWN: either. */
pl_resource pl_conference_resource(const pl_api_call *call);

/* client_id, token_hash and session_id, which every later request has. A
 * session id that is too long is unknown. */
#define PL_CONFERENCE_ACTOR(UPPER, sym, m)                                     \
    do {                                                                       \
        pl_fmt_cut((m)->client_id, sizeof(m)->client_id, "%s",                 \
                   call->caller->client_id);                                   \
        pl_fmt_cut((m)->token_hash, sizeof(m)->token_hash, "%s",               \
                   call->caller->token_hash);                                  \
        if (pl_conference_has_session(call)) {                                 \
            if (PL_PUT((m)->session_id, pl_slice_str(pl_call_param(call, 0)))) \
                return PL_ENOENT;                                              \
            PL_MSG_SET(UPPER, sym, (m), session_id);                           \
        }                                                                      \
    } while (0)
/* resource of the path, where the path says it. */
#define PL_CONFERENCE_RESOURCE(UPPER, sym, m)                                  \
    do {                                                                       \
        (m)->resource = pl_conference_resource(call);                          \
        if ((m)->resource != PL_RESOURCE_UNKNOWN)                              \
            PL_MSG_SET(UPPER, sym, (m), resource);                             \
    } while (0)

/* ---- headers and bodies ---- */

/* The first of these headers (list ends with NULL) that says something. */
pl_slice pl_conference_header(const pl_api_call *call,
                              const char *const *names);
/* Parse the body, which must be an object or nothing.
 * Errors: PL_EPROTO, PL_ENOMEM. */
PL_MUST_USE pl_err pl_conference_read_body(pl_api_call *call);
/* A text member in any of the places where clients put one: the objects
 * conference, call, conferenceModifications, callsMediaModifications, or the
 * top of the body.
 * Errors: PL_ENOENT none; PL_EPROTO not a string. */
PL_MUST_USE pl_err pl_conference_find_text(const pl_json *doc, const char *key,
                                           pl_slice *ret_text);
/* Parse the body and find its SDP; an absent one is an empty slice.
 * Errors: PL_EPROTO, PL_ETOOBIG, PL_ENOMEM. */
PL_MUST_USE pl_err pl_conference_read_sdp(pl_api_call *call, pl_slice *ret_sdp);

/* ---- answers ---- */

/* Make the answer of an error; false when e is PL_OK. */
bool pl_conference_failed(pl_api_call *call, pl_err e, const void *body,
                          pl_answer *answer);
/* A new resource. kind: "conferences", "calls" or NULL (a session, which has
 * no id beside session_id). dialect: pl_dialect of the session; unknown: that
 * of the request's path. */
typedef struct pl_conference_new {
    const char *session_id, *kind, *id;
    uint32_t dialect;
} pl_conference_new;
/* Status, Location and the open object of an answer to a creation; the caller
 * adds members and closes. */
pl_jw pl_conference_answer_created(const pl_api_call *call, pl_answer *answer,
                                   const pl_conference_new *made);
void pl_conference_put_expires(pl_answer *answer, uint32_t expires_s);
/* Whole answers: 204; 200 with {}. */
void pl_conference_finish_empty(pl_api_call *call, pl_err e,
                                const pl_msg_desc *desc, const void *body,
                                pl_answer *answer);
void pl_conference_finish_delete(pl_api_call *call, pl_err e,
                                 const pl_msg_desc *desc, const void *body,
                                 pl_answer *answer);

#define PL_CONFERENCE_OP(NAME, prepare_, finish_)                              \
    const pl_api_op PL_OP_##NAME = {.kind = PL_KIND_CALL,                      \
                                    .family = PL_FAMILY_CONFERENCE,            \
                                    .auth = PL_AUTH_BEARER,                    \
                                    .prepare = (prepare_),                     \
                                    .finish = (finish_)};

#endif
