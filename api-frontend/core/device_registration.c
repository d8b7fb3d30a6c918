/* device_registration.c - registrations of device applications. */
#include "device_impl.h"
#include "url.h"

enum { LIST_MAX = 10, LIST_BYTES = 16384 };

/* ---- POST /sessions ---- */

static pl_err read_create(const pl_device_body *body, pl_slice *ret_device,
                          pl_slice *ret_number, int64_t *ret_expires)
{
    static const char *const known[] = {"deviceId", "registrationExpireTime",
                                        "phoneNumber", NULL};
    bool is_newest = pl_device_gen_of_call(body->call) == PL_DEVICE_GEN_R31;
    if (!pl_device_known(body, known) ||
        !pl_device_uuid(body, "deviceId", PL_REQUIRED, ret_device) ||
        !pl_device_moment(body, "registrationExpireTime", PL_OPTIONAL,
                          ret_expires))
        return PL_EINVAL;
    if (!is_newest)
        return PL_OK;
    if (!pl_device_text(body, "phoneNumber", PL_OPTIONAL, 128, ret_number))
        return PL_EINVAL;
    if (ret_number->ptr && !pl_device_is_number(*ret_number)) {
        (void)pl_device_blame_member(body, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                                     "phoneNumber",
                                     "is not + and 5 to 15 digits");
        return PL_EINVAL;
    }
    return PL_OK;
}

/* The number to register: the token's, else the body's. false: answered. */
static bool choose_number(const pl_api_call *call, pl_slice *number,
                          pl_answer *answer)
{
    const pl_caller *who = call->caller;
    bool is_newest = pl_device_gen_of_call(call) == PL_DEVICE_GEN_R31;
    bool is_bound = who->has_subject || who->number[0];
    if (is_bound && number->ptr) {
        pl_device_refuse(call, PL_DEVICE_FAULT_UNNECESSARY_IDENTIFIER,
                         "phoneNumber must be absent: the access token says "
                         "whose number it is",
                         answer);
    } else if (who->number[0]) {
        *number = pl_slice_str(who->number);
    } else if (!number->ptr && is_newest && !is_bound) {
        pl_device_refuse(call, PL_DEVICE_FAULT_MISSING_IDENTIFIER,
                         "phoneNumber is missing, and the access token names "
                         "nobody whose number it could be",
                         answer);
    } else if (!number->ptr) {
        pl_device_refuse(call, PL_DEVICE_FAULT_INVALID_TOKEN_CONTEXT,
                         "The access token names no number", answer);
    }
    return answer->status == 0;
}

pl_err pl_device_reg_create(pl_api_call *call, pl_answer *answer)
{
    pl_registration_create *m = &call->message.registration_create;
    pl_device_body body;
    pl_slice device = {NULL, 0};
    pl_slice number = {NULL, 0};
    int64_t expires = -1;
    if (!pl_device_begin(call, answer))
        return PL_OK;
    pl_err e = pl_device_open(call, PL_REQUIRED, answer, &body);
    if (e || answer->status || read_create(&body, &device, &number, &expires) ||
        !choose_number(call, &number, answer))
        return e;
    *m = (pl_registration_create){0};
    PL_CALLER_PUT(REGISTRATION_CREATE, registration_create, call->caller, m);
    if (PL_PUT(m->device_id, device) || PL_PUT(m->number, number))
        return PL_EINVAL;
    if (expires >= 0) {
        m->expires_ms = expires;
        PL_MSG_SET(REGISTRATION_CREATE, registration_create, m, expires_ms);
    }
    call->desc = &PL_MSG_REGISTRATION_CREATE;
    return PL_OK;
}

static void put_registration(pl_answer *answer, int status, const void *body)
{
    pl_answer_json(answer, status);
    pl_jw w = {.out = &answer->body};
    pl_device_put_registration(&w, body);
}

void pl_device_reg_create_done(pl_api_call *call, pl_err e,
                               const pl_msg_desc *desc, const void *body,
                               pl_answer *answer)
{
    int status = pl_device_gen_of_call(call) == PL_DEVICE_GEN_R22 ? 200 : 201;
    if (!pl_device_failed(call, e, &PL_MSG_REGISTRATION, desc, body, answer))
        put_registration(answer, status, body);
}

/* ---- GET /sessions?deviceId= ---- */

pl_err pl_device_reg_list(pl_api_call *call, pl_answer *answer)
{
    pl_registration_next *m = &call->message.registration_next;
    char device[64];
    if (!pl_device_begin(call, answer))
        return PL_OK;
    pl_err e =
        pl_url_param(call->head->query, "deviceId", device, sizeof device);
    if (e || !pl_device_is_uuid(pl_slice_str(device))) {
        (void)pl_device_blame(
            call, PL_DEVICE_FAULT_INVALID_ARGUMENT, "deviceId",
            e == PL_ENOENT ? "is missing" : "is not a UUID", answer);
        return PL_OK;
    }
    *m = (pl_registration_next){0};
    PL_CALLER_PUT(REGISTRATION_NEXT, registration_next, call->caller, m);
    if (PL_PUT(m->device_id, pl_slice_str(device)))
        return PL_EINVAL;
    pl_buf_init(&call->list, LIST_BYTES);
    call->desc = &PL_MSG_REGISTRATION_NEXT;
    return PL_OK;
}

static void put_listed(pl_api_call *call, pl_jw *w, const void *body)
{
    const pl_registration *one = body;
    pl_registration_next *m = &call->message.registration_next;
    pl_device_put_registration(w, one);
    pl_fmt_cut(m->after_id, sizeof m->after_id, "%s", one->registration_id);
    PL_MSG_SET(REGISTRATION_NEXT, registration_next, m, after_id);
}

void pl_device_reg_list_done(pl_api_call *call, pl_err e,
                             const pl_msg_desc *desc, const void *body,
                             pl_answer *answer)
{
    static const pl_device_list list = {
        .max = LIST_MAX, .want = &PL_MSG_REGISTRATION, .put = put_listed};
    pl_device_listed_one(&list, call, e, desc, body, answer);
}

/* ---- one of them ---- */

pl_err pl_device_reg_get(pl_api_call *call, pl_answer *answer)
{
    pl_registration_get *m = &call->message.registration_get;
    *m = (pl_registration_get){0};
    if (pl_device_begin(call, answer))
        PL_DEVICE_PUT_NAMED(REGISTRATION_GET, registration_get, registration_id,
                            call, m);
    return PL_OK;
}

void pl_device_reg_get_done(pl_api_call *call, pl_err e,
                            const pl_msg_desc *desc, const void *body,
                            pl_answer *answer)
{
    if (!pl_device_failed(call, e, &PL_MSG_REGISTRATION, desc, body, answer))
        put_registration(answer, 200, body);
}

pl_err pl_device_reg_put(pl_api_call *call, pl_answer *answer)
{
    static const char *const known[] = {"registrationExpireTime", NULL};
    pl_registration_refresh *m = &call->message.registration_refresh;
    pl_device_body body;
    int64_t expires = -1;
    if (!pl_device_begin(call, answer))
        return PL_OK;
    pl_err e = pl_device_open(call, PL_OPTIONAL, answer, &body);
    if (e || answer->status)
        return e;
    if (body.json && (!pl_device_known(&body, known) ||
                      !pl_device_moment(&body, "registrationExpireTime",
                                        PL_OPTIONAL, &expires)))
        return PL_OK;
    *m = (pl_registration_refresh){0};
    PL_DEVICE_PUT_NAMED(REGISTRATION_REFRESH, registration_refresh,
                        registration_id, call, m);
    if (expires >= 0) {
        m->expires_ms = expires;
        PL_MSG_SET(REGISTRATION_REFRESH, registration_refresh, m, expires_ms);
    }
    return PL_OK;
}

/* Who sent no body gets none. */
void pl_device_reg_put_done(pl_api_call *call, pl_err e,
                            const pl_msg_desc *desc, const void *body,
                            pl_answer *answer)
{
    if (pl_device_failed(call, e, &PL_MSG_REGISTRATION, desc, body, answer))
        return;
    if (call->doc) {
        put_registration(answer, 200, body);
    } else {
        pl_answer_empty(answer, 204);
    }
}

pl_err pl_device_reg_delete(pl_api_call *call, pl_answer *answer)
{
    pl_registration_delete *m = &call->message.registration_delete;
    *m = (pl_registration_delete){0};
    if (pl_device_begin(call, answer))
        PL_DEVICE_PUT_NAMED(REGISTRATION_DELETE, registration_delete,
                            registration_id, call, m);
    return PL_OK;
}
