/* device_answer.c - registrations, calls, subscriptions and errors of the
 * device APIs as JSON. */
#include <string.h>

#include "device_impl.h"
#include "scope.h"

enum { AGAIN_503_S = 5, AGAIN_429_S = 60 };

/* ---- codes ---- */

/* What stands for several operations in the table. */
enum { PL_DEVICE_ANY = PL_DEVICE_OPS, PL_DEVICE_ANY_EVENTS };
enum {
    GENS_R31 = 1 << PL_DEVICE_GEN_R31,
    GENS_NEW = GENS_R31 | 1 << PL_DEVICE_GEN_VWIP,
    GENS_ALL = GENS_NEW | 1 << PL_DEVICE_GEN_R22
};

static const struct {
    unsigned op, gens;
    int status;
    const char *codes;
} LISTED[] = {
#define LISTED_ROW(OP, GENS, status, codes)                                    \
    {PL_DEVICE_##OP, GENS_##GENS, status, codes},
    PL_DEVICE_LISTED(LISTED_ROW)
#undef LISTED_ROW
};

static const struct {
    uint32_t fault;
    int status;
} FAULTS[] = {
#define FAULT_ROW(NAME, status) {PL_DEVICE_FAULT_##NAME, status},
    PL_DEVICE_FAULTS(FAULT_ROW)
#undef FAULT_ROW
};
enum { N_FAULTS = sizeof FAULTS / sizeof FAULTS[0] };

static bool is_events(unsigned op)
{
    return op == PL_DEVICE_SUB_CREATE || op == PL_DEVICE_SUB_LIST ||
           op == PL_DEVICE_SUB_GET || op == PL_DEVICE_SUB_PUT ||
           op == PL_DEVICE_SUB_DELETE;
}

const char *pl_device_listed(pl_device_op op, pl_device_gen gen, int status)
{
    for (size_t i = 0; i < sizeof LISTED / sizeof LISTED[0]; i++) {
        bool fits = LISTED[i].op == op || LISTED[i].op == PL_DEVICE_ANY ||
                    (LISTED[i].op == PL_DEVICE_ANY_EVENTS && is_events(op));
        if (fits && LISTED[i].status == status &&
            (LISTED[i].gens & (1U << gen)))
            return LISTED[i].codes;
    }
    return NULL;
}

int pl_device_fault_status(uint32_t fault)
{
    for (size_t i = 0; i < N_FAULTS; i++) {
        if (FAULTS[i].fault == fault)
            return FAULTS[i].status;
    }
    return 0;
}

const char *pl_device_code_of(int status)
{
    for (size_t i = 0; i < N_FAULTS; i++) {
        if (FAULTS[i].status == status && status != 501)
            return pl_device_fault_text(FAULTS[i].fault);
    }
    if (status == 501)
        return "NOT_IMPLEMENTED";
    return status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
}

void pl_device_error(pl_answer *answer, int status, const char *code,
                     const char *text)
{
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_int(&w, "status", status);
    pl_jw_str(&w, "code", code);
    pl_jw_str(&w, "message", text);
    pl_jw_close(&w, '}');
}

/* The fault as this operation may say it. */
static uint32_t as_listed(const pl_api_call *call, uint32_t fault)
{
    const pl_api_op *op = pl_call_op(call);
    pl_device_op name = pl_device_op_of(op);
    int status = pl_device_fault_status(fault);
    if (status == 0)
        return PL_DEVICE_FAULT_INTERNAL;
    if (name == PL_DEVICE_OPS)
        return fault;
    /* the header's registration is not what the path names */
    if (name == PL_DEVICE_CALL_CREATE && status == 404)
        return PL_DEVICE_FAULT_PERMISSION_DENIED;
    const char *codes = pl_device_listed(name, pl_device_gen_of(op), status);
    if (!codes || pl_scope_text_has(codes, pl_device_fault_text(fault)))
        return fault;
    for (size_t i = 0; i < N_FAULTS; i++) {
        const char *text = pl_device_fault_text(FAULTS[i].fault);
        if (FAULTS[i].status == status && pl_scope_text_has(codes, text))
            return FAULTS[i].fault;
    }
    return fault;
}

static void refuse(const pl_api_call *call, uint32_t fault, const char *text,
                   uint32_t again_s, pl_answer *answer)
{
    char seconds[16];
    uint32_t listed = as_listed(call, fault);
    int status = pl_device_fault_status(listed);
    pl_answer_reset(answer);
    pl_answer_json(answer, status);
    if (status == 429 || status == 503) {
        unsigned s = status == 429 ? AGAIN_429_S : AGAIN_503_S;
        pl_fmt_cut(seconds, sizeof seconds, "%u", again_s ? again_s : s);
        pl_answer_header(answer, "Retry-After", seconds);
    }
    if (status == 401)
        pl_answer_bearer(answer, "", pl_call_is_signed(call));
    pl_device_error(answer, status, pl_device_fault_text(listed), text);
}

void pl_device_refuse(const pl_api_call *call, uint32_t fault, const char *text,
                      pl_answer *answer)
{
    refuse(call, fault, text, 0, answer);
}

bool pl_device_blame(const pl_api_call *call, uint32_t fault, const char *name,
                     const char *text, pl_answer *answer)
{
    char whole[400];
    pl_fmt_cut(whole, sizeof whole, "%s %s", name, text);
    pl_device_refuse(call, fault, whole, answer);
    return false;
}

void pl_device_fail(const pl_api_call *call, pl_err e, const char *text,
                    pl_answer *answer)
{
    static const struct {
        pl_err e;
        uint32_t fault;
        const char *text;
    } rows[] = {
        {PL_EAUTH, PL_DEVICE_FAULT_UNAUTHENTICATED,
         "The access token is missing, expired or not good"},
        {PL_EFORBIDDEN, PL_DEVICE_FAULT_PERMISSION_DENIED,
         "The access token does not permit this"},
        {PL_ENOENT, PL_DEVICE_FAULT_NOT_FOUND, "There is no such resource"},
        {PL_EGONE, PL_DEVICE_FAULT_NOT_FOUND, "There is no such resource"},
        {PL_EEXIST, PL_DEVICE_FAULT_ALREADY_EXISTS, "It exists already"},
        {PL_ERATE, PL_DEVICE_FAULT_TOO_MANY_REQUESTS, "Too many requests"},
        {PL_ETIMEOUT, PL_DEVICE_FAULT_TIMEOUT, "It took too long"},
        {PL_EINVAL, PL_DEVICE_FAULT_INVALID_ARGUMENT, "A value is not good"},
        {PL_EPROTO, PL_DEVICE_FAULT_INVALID_ARGUMENT, "A value is not good"},
        {PL_ETOOBIG, PL_DEVICE_FAULT_INVALID_ARGUMENT, "A value is too long"},
        {PL_ESTATE, PL_DEVICE_FAULT_INVALID_ARGUMENT,
         "Not possible in this state"},
        {PL_EMEDIA, PL_DEVICE_FAULT_INVALID_ARGUMENT,
         "The session description is not good"},
        {PL_EFULL, PL_DEVICE_FAULT_UNAVAILABLE, "Not available now"},
        {PL_EBUSY, PL_DEVICE_FAULT_UNAVAILABLE, "Not available now"},
        {PL_EAGAIN, PL_DEVICE_FAULT_UNAVAILABLE, "Not available now"},
        {PL_EDRAIN, PL_DEVICE_FAULT_UNAVAILABLE, "Not available now"},
        {PL_ENOMEM, PL_DEVICE_FAULT_UNAVAILABLE, "Not available now"},
        {PL_EUNAVAILABLE, PL_DEVICE_FAULT_UNAVAILABLE, "Not available now"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].e == e) {
            pl_device_refuse(call, rows[i].fault, text ? text : rows[i].text,
                             answer);
            return;
        }
    }
    pl_device_refuse(call, PL_DEVICE_FAULT_INTERNAL, "Internal error", answer);
}

bool pl_device_failed(const pl_api_call *call, pl_err e,
                      const pl_msg_desc *want, const pl_msg_desc *desc,
                      const void *body, pl_answer *answer)
{
    const pl_error *error = e ? body : NULL;
    if (!e && desc == &PL_MSG_DEVICE_REFUSED) {
        const pl_device_refused *m = body;
        refuse(call, pl_device_fault_of(m->fault), m->text, m->retry_after_s,
               answer);
        return true;
    }
    if (!e && desc != want)
        e = PL_EINTERNAL;
    if (e) {
        pl_device_fail(call, e, error && error->text[0] ? error->text : NULL,
                       answer);
    }
    return e != PL_OK;
}

void pl_device_deleted_done(pl_api_call *call, pl_err e,
                            const pl_msg_desc *desc, const void *body,
                            pl_answer *answer)
{
    if (!pl_device_failed(call, e, &PL_MSG_OK_REPLY, desc, body, answer))
        pl_answer_empty(answer, 204);
}

/* ---- objects ---- */

static void put_time(pl_jw *w, const char *name, int64_t wall_ms)
{
    char text[PL_TIME_TEXT];
    pl_time_text(wall_ms, text);
    pl_jw_str(w, name, text);
}

void pl_device_put_registration(pl_jw *w, const pl_registration *m)
{
    pl_jw_open(w, NULL, '{');
    pl_jw_str(w, "registrationId", m->registration_id);
    pl_jw_open(w, "regInfo", '{');
    pl_jw_str(w, "phoneNumber", m->number);
    pl_jw_str(w, "regStatus", "Registered");
    pl_jw_close(w, '}');
    put_time(w, "expiresAt", m->expires_ms);
    pl_jw_close(w, '}');
}

static void put_sdp(pl_jw *w, const char *name, pl_slice sdp)
{
    pl_jw_open(w, name, '{');
    pl_jw_slice(w, "sdp", sdp);
    pl_jw_close(w, '}');
}

void pl_device_put_session(const pl_api_call *call, pl_jw *w,
                           const pl_media_session *m)
{
    bool is_old = pl_device_gen_of_call(call) == PL_DEVICE_GEN_R22;
    pl_jw_open(w, NULL, '{');
    pl_jw_str(w, "mediaSessionId", m->media_session_id);
    pl_jw_str(w, "originatorAddress", m->originator);
    if (m->originator_name[0])
        pl_jw_str(w, "originatorName", m->originator_name);
    pl_jw_str(w, "receiverAddress", m->receiver);
    if (m->receiver_name[0])
        pl_jw_str(w, "receiverName", m->receiver_name);
    pl_jw_str(w, "status", pl_media_status_text(m->status));
    put_sdp(w, "offer", m->offer);
    if (m->answer.len > 0)
        put_sdp(w, "answer", m->answer);
    if (m->has_call_type && !is_old)
        pl_jw_str(w, "callType", "REGULAR");
    if (m->location[0] && !is_old)
        pl_jw_raw(w, "locationDetails", pl_slice_str(m->location));
    pl_jw_close(w, '}');
}

static void put_types(pl_jw *w, pl_notify_api api, uint32_t types)
{
    pl_jw_open(w, "types", '[');
    for (uint32_t type = PL_NOTIFY_TYPE_SESSION_STATUS;
         type <= PL_NOTIFY_TYPE_REGISTRATION_ENDS; type++) {
        char text[PL_DEVICE_TYPE_TEXT];
        if (!(types & (1U << (type - 1))))
            continue;
        pl_device_type_text(api, pl_notify_type_text(type), text);
        pl_jw_str(w, NULL, text);
    }
    pl_jw_close(w, ']');
}

static void put_config(pl_jw *w, const pl_subscription *m, bool is_old)
{
    pl_jw_open(w, "config", '{');
    pl_jw_open(w, "subscriptionDetail", '{');
    pl_jw_str(w, "deviceId", m->device_id);
    if (is_old) /* which requires it; "" when only the device was named */
        pl_jw_str(w, "registrationId", m->registration_id);
    pl_jw_close(w, '}');
    if (PL_MSG_HAS(SUBSCRIPTION, subscription, m, asked_expires_ms))
        put_time(w, "subscriptionExpireTime", m->asked_expires_ms);
    if (m->max_events > 0)
        pl_jw_int(w, "subscriptionMaxEvents", m->max_events);
    if (PL_MSG_HAS(SUBSCRIPTION, subscription, m, initial_event))
        pl_jw_bool(w, "initialEvent", m->initial_event);
    pl_jw_close(w, '}');
}

void pl_device_put_subscription(const pl_api_call *call, pl_jw *w,
                                const pl_subscription *m)
{
    pl_jw_open(w, NULL, '{');
    pl_jw_str(w, "id", m->subscription_id);
    pl_jw_str(w, "protocol", "HTTP");
    pl_jw_str(w, "sink", m->sink);
    put_types(w, pl_device_events_api(call), m->types);
    put_config(w, m, pl_device_gen_of_call(call) == PL_DEVICE_GEN_R22);
    put_time(w, "startsAt", m->starts_ms);
    if (PL_MSG_HAS(SUBSCRIPTION, subscription, m, expires_ms))
        put_time(w, "expiresAt", m->expires_ms);
    if (pl_subscription_status_of(m->status))
        pl_jw_str(w, "status", pl_subscription_status_text(m->status));
    pl_jw_close(w, '}');
}

/* ---- lists ---- */

static void put_list(pl_api_call *call, pl_answer *answer)
{
    pl_answer_json(answer, 200);
    pl_buf_add_str(&answer->body, "[");
    pl_buf_add_slice(&answer->body, pl_buf_slice(&call->list));
    pl_buf_add_str(&answer->body, "]");
}

void pl_device_listed_one(const pl_device_list *list, pl_api_call *call,
                          pl_err e, const pl_msg_desc *desc, const void *body,
                          pl_answer *answer)
{
    call->is_partial = false;
    if (e == PL_ENOENT) {
        put_list(call, answer);
        return;
    }
    if (pl_device_failed(call, e, list->want, desc, body, answer))
        return;
    pl_jw w = {.out = &call->list, .has_items = call->list.len == 0 ? 0 : 1};
    list->put(call, &w, body);
    if (call->list.has_failed) {
        pl_device_fail(call, PL_EINTERNAL, NULL, answer);
    } else if (++call->n_rounds < list->max) {
        call->is_partial = true;
    } else {
        put_list(call, answer);
    }
}
