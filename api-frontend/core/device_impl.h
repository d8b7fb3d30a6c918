/* device_impl.h - what the files of the device APIs share. */
#ifndef PL_API_DEVICE_IMPL_H
#define PL_API_DEVICE_IMPL_H

#include "caller.h"
#include "device_api.h"
#include "device_value.h"
#include "pl/str.h"

/* prepare and finish of every operation; some share a finish. */
#define PL_DEVICE_DECLARE(gen, base, NAME, name, done, api, method, path,      \
                          scope, message, who)                                 \
    pl_err pl_device_##name(pl_api_call *call, pl_answer *answer);             \
    void pl_device_##done##_done(pl_api_call *call, pl_err e,                  \
                                 const pl_msg_desc *desc, const void *body,    \
                                 pl_answer *answer);
PL_DEVICE_OPERATIONS(PL_DEVICE_DECLARE)
#undef PL_DEVICE_DECLARE

/* Owner and id of the path into a message that is otherwise made. */
#define PL_DEVICE_PUT_NAMED(UPPER, lower, id, call, m)                         \
    do {                                                                       \
        PL_CALLER_PUT(UPPER, lower, (call)->caller, m);                        \
        if (PL_PUT((m)->id, pl_slice_str(pl_call_param(call, 0))))             \
            return PL_EINVAL;                                                  \
        (call)->desc = &PL_MSG_##UPPER;                                        \
    } while (0)

/* ---- device_api.c ---- */

pl_device_gen pl_device_gen_of_call(const pl_api_call *call);
/* Name of the events API in the path, event types and scopes. */
pl_notify_api pl_device_events_api(const pl_api_call *call);
/* "org.camaraproject.<api>.v0.<event>". */
enum { PL_DEVICE_TYPE_TEXT = 96 };
void pl_device_type_text(pl_notify_api api, const char *event,
                         char buf[PL_DEVICE_TYPE_TEXT]);
/* Scope, correlator and id of the path: false when it is answered. */
bool pl_device_begin(pl_api_call *call, pl_answer *answer);

/* ---- device_answer.c ---- */

/* Refuse with one of the codes of the operation. */
void pl_device_refuse(const pl_api_call *call, uint32_t fault, const char *text,
                      pl_answer *answer);
/* 400 INVALID_ARGUMENT, or another fault: "'name' text". Returns false. */
bool pl_device_blame(const pl_api_call *call, uint32_t fault, const char *name,
                     const char *text, pl_answer *answer);
/* Make the answer of an error or of device_refused; false when there is none
 * and the reply is want. */
bool pl_device_failed(const pl_api_call *call, pl_err e,
                      const pl_msg_desc *want, const pl_msg_desc *desc,
                      const void *body, pl_answer *answer);
void pl_device_put_registration(pl_jw *w, const pl_registration *m);
void pl_device_put_session(const pl_api_call *call, pl_jw *w,
                           const pl_media_session *m);
void pl_device_put_subscription(const pl_api_call *call, pl_jw *w,
                                const pl_subscription *m);
/* A list that comes one by one: keep what put() wrote last, and ask for the
 * next unless `max` are there. */
typedef struct pl_device_list {
    unsigned max;
    const pl_msg_desc *want;
    void (*put)(pl_api_call *call, pl_jw *w, const void *body);
} pl_device_list;
void pl_device_listed_one(const pl_device_list *list, pl_api_call *call,
                          pl_err e, const pl_msg_desc *desc, const void *body,
                          pl_answer *answer);

/* ---- device_body.c: members; each reader answers what is no good ---- */

typedef struct pl_device_body {
    const pl_api_call *call;
    pl_answer *answer;
    const pl_json *json;
    const char *path; /* before its members' names: "" or "config." */
} pl_device_body;

typedef enum pl_device_need { PL_OPTIONAL, PL_REQUIRED } pl_device_need;

/* Parse the body, which must be an object; is_needed: and be there, else
 * ret->json is NULL. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_device_open(pl_api_call *call, pl_device_need need,
                                  pl_answer *answer, pl_device_body *ret_body);
/* All false when it is answered. What is absent leaves *ret as it is; known
 * members end with NULL and matter to strict generations. */
bool pl_device_known(const pl_device_body *body, const char *const *known);
bool pl_device_blame_member(const pl_device_body *body, uint32_t fault,
                            const char *name, const char *text);
bool pl_device_text(const pl_device_body *body, const char *name,
                    pl_device_need need, size_t max, pl_slice *ret_text);
bool pl_device_uuid(const pl_device_body *body, const char *name,
                    pl_device_need need, pl_slice *ret_text);
bool pl_device_moment(const pl_device_body *body, const char *name,
                      pl_device_need need, int64_t *ret_wall_ms);
bool pl_device_object(const pl_device_body *body, const char *name,
                      pl_device_need need, const char *path,
                      pl_device_body *ret_body);
/* SDP of an offer or answer; absent: an empty slice. */
bool pl_device_sdp(const pl_device_body *body, const char *name,
                   pl_device_need need, pl_slice *ret_sdp);
/* locationDetails as JSON, with a timestamp; absent, or in r2.2, which does not
 * know it: "". */
bool pl_device_location(const pl_device_body *body, char *buf, size_t cap);

#endif
