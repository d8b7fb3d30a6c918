/* management_impl.h - what the files of the management API share. */
#ifndef PL_API_MANAGEMENT_IMPL_H
#define PL_API_MANAGEMENT_IMPL_H

#include "management_api.h"
#include "pl/str.h"

typedef pl_err pl_management_prepare(pl_api_call *call, pl_answer *answer);
typedef void pl_management_finish(pl_api_call *call, pl_err e,
                                  const pl_msg_desc *desc, const void *body,
                                  pl_answer *answer);

enum {
    PL_MANAGEMENT_URI_MAX = 160,
    PL_MANAGEMENT_OBJECT_MAX = 65536,
    PL_MANAGEMENT_FAULT_MAX = 200
};

/* ---- management_answer.c ---- */

/* {"error":text}. Returns: PL_OK, for `return` in prepare. */
PL_MUST_USE pl_err pl_management_refuse(pl_answer *answer, int status,
                                        const char *text);
/* The same with a text of the request in it: "'x' is not ..". */
PL_MUST_USE pl_err pl_management_refuse_name(pl_answer *answer,
                                             const char *name,
                                             const char *text);
/* The same with the member of the body that is no good: "role: This is ..".
 * Returns: PL_EINVAL; it is answered. */
PL_MUST_USE pl_err pl_management_refuse_member(const pl_api_call *call,
                                               const char *name,
                                               const char *text,
                                               pl_answer *answer);
/* Values that are no good: {resource:faults}. faults: JSON object. */
void pl_management_blame(pl_answer *answer, const pl_mgmt_desc *desc,
                         pl_slice faults);
/* Make the answer of an error; false when there is none and the reply is want.
 */
bool pl_management_failed(const pl_api_call *call, pl_err e,
                          const pl_msg_desc *want, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer);
/* Paths end with a slash: who reads is sent there, others find nothing. true:
 * it is answered. */
bool pl_management_lacks_slash(const pl_api_call *call, pl_answer *answer);
/* The resource of the route. */
const pl_mgmt_desc *pl_management_desc(const pl_api_call *call);
/* Parse the body into call->doc, which is an object then, or make the answer.
 * Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_management_read_body(pl_api_call *call,
                                           pl_answer *answer);

/* ---- management_uri.c ---- */

/* Path of an object, or of the list without id. */
void pl_management_uri(const pl_mgmt_desc *desc, const char *id,
                       char buf[PL_MANAGEMENT_URI_MAX]);
/* The id in such a path; a scheme and host before it are passed over, its last
 * slash may be missing. Errors: PL_EINVAL anything else. */
PL_MUST_USE pl_err pl_management_uri_id(const pl_mgmt_desc *desc, pl_slice uri,
                                        char *buf, size_t cap);
/* Whether an id of the path can be one of this resource. */
bool pl_management_is_id(const pl_mgmt_desc *desc, const char *id);

/* ---- management_value.c ---- */

/* Text of a value in a filter, as roompool wants it, appended to out.
 * Errors: PL_EINVAL it cannot be one of this field. */
PL_MUST_USE pl_err pl_management_filter_value(const pl_mgmt_field *field,
                                              pl_mgmt_operator op,
                                              pl_slice text, pl_buf *out);
/* What such a value may be, for people. */
const char *pl_management_filter_form(const pl_mgmt_field *field,
                                      pl_mgmt_operator op);
/* A value of a body as roompool wants it, put under the field's name; a list
 * that is null is left out.
 * fault: "" it is good; else text for people, and what was put is no good */
void pl_management_take_value(const pl_mgmt_field *field, const pl_json *value,
                              pl_jw *w, char fault[PL_MANAGEMENT_FAULT_MAX]);

/* ---- management_show.c ---- */

/* An object of roompool as the API shows it. is_nested: some lists are of
 * objects, see management_nested of the configuration. */
void pl_management_show(pl_jw *w, const pl_mgmt_desc *desc,
                        const pl_json *object, bool is_nested);

/* ---- the operations ---- */

pl_management_prepare pl_management_ask_streams;
pl_management_finish pl_management_streamed;

pl_management_prepare pl_management_ask_list, pl_management_ask_schema,
    pl_management_ask_get, pl_management_ask_create, pl_management_ask_replace,
    pl_management_ask_change, pl_management_ask_delete,
    pl_management_ask_command, pl_management_ask_file;
pl_management_finish pl_management_listed, pl_management_got,
    pl_management_created, pl_management_changed, pl_management_deleted,
    pl_management_commanded, pl_management_file;

#endif
