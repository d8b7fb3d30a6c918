/* device_session.c - calls of device applications. */
#include "device_impl.h"

enum { NAME_CHARACTERS = 256, CORRELATOR_MAX = 256, REGISTRATION_MAX = 256 };

/* ---- POST /sessions ---- */

typedef struct create {
    pl_slice originator, receiver, originator_name, receiver_name, correlator;
    pl_slice call_type, offer;
} create;

/* An address that this generation knows. */
static bool read_address(const pl_device_body *body, const char *name,
                         pl_slice *ret_text, pl_device_address *ret_form)
{
    bool is_old = pl_device_gen_of_call(body->call) == PL_DEVICE_GEN_R22;
    if (!pl_device_text(body, name, PL_REQUIRED, PL_DEVICE_ADDRESS_MAX,
                        ret_text))
        return false;
    *ret_form = pl_device_address_of(*ret_text);
    bool is_good = is_old ? *ret_form == PL_ADDRESS_GLOBAL ||
                                *ret_form == PL_ADDRESS_SIP ||
                                *ret_form == PL_ADDRESS_ANONYMOUS
                          : *ret_form != PL_ADDRESS_BAD;
    return is_good || pl_device_blame_member(
                          body, PL_DEVICE_FAULT_INVALID_ARGUMENT, name,
                          is_old ? "is no address: want tel:+493055502 or "
                                   "sip:bob@example.com"
                                 : "is no address: want "
                                   "tel:+493055502, "
                                   "tel:110;phone-context=+49 or "
                                   "sip:bob@example.com");
}

static bool read_addresses(const pl_device_body *body, create *c,
                           pl_device_address *ret_receiver)
{
    pl_device_address originator;
    if (!read_address(body, "originatorAddress", &c->originator, &originator))
        return false;
    if (originator == PL_ADDRESS_EMERGENCY)
        return pl_device_blame_member(body, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                                      "originatorAddress",
                                      "cannot be an emergency service");
    if (!read_address(body, "receiverAddress", &c->receiver, ret_receiver))
        return false;
    return *ret_receiver != PL_ADDRESS_ANONYMOUS ||
           pl_device_blame_member(body, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                                  "receiverAddress", "cannot be anonymous");
}

/* REGULAR, EMERGENCY or absent; unknown to r2.2. */
static bool read_call_type(const pl_device_body *body, create *c)
{
    if (pl_device_gen_of_call(body->call) == PL_DEVICE_GEN_R22)
        return true;
    if (!pl_device_text(body, "callType", PL_OPTIONAL, NAME_CHARACTERS,
                        &c->call_type))
        return false;
    return !c->call_type.ptr || pl_slice_eq_str(c->call_type, "REGULAR") ||
           pl_slice_eq_str(c->call_type, "EMERGENCY") ||
           pl_device_blame_member(body, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                                  "callType",
                                  "is neither REGULAR nor EMERGENCY");
}

/* What only answers have. */
static bool has_no_outcome(const pl_device_body *body)
{
    static const char *const names[] = {"status", "answer"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (pl_json_get(body->json, names[i]))
            return pl_device_blame_member(body,
                                          PL_DEVICE_FAULT_INVALID_ARGUMENT,
                                          names[i], "cannot be in a request");
    }
    return true;
}

static bool read_create(const pl_device_body *body, create *c,
                        pl_device_address *ret_receiver)
{
    static const char *const known[] = {"originatorAddress",
                                        "receiverAddress",
                                        "offer",
                                        "originatorName",
                                        "receiverName",
                                        "callType",
                                        "locationDetails",
                                        "status",
                                        "answer",
                                        "clientCorrelator",
                                        NULL};
    return pl_device_known(body, known) &&
           read_addresses(body, c, ret_receiver) && has_no_outcome(body) &&
           pl_device_text(body, "originatorName", PL_OPTIONAL, NAME_CHARACTERS,
                          &c->originator_name) &&
           pl_device_text(body, "receiverName", PL_OPTIONAL, NAME_CHARACTERS,
                          &c->receiver_name) &&
           pl_device_text(body, "clientCorrelator", PL_OPTIONAL, CORRELATOR_MAX,
                          &c->correlator) &&
           read_call_type(body, c) &&
           pl_device_sdp(body, "offer", PL_REQUIRED, &c->offer);
}

/* A member of the message that may be absent. */
#define PUT_OPTIONAL(m, member, text)                                          \
    do {                                                                       \
        if ((text).len > 0) {                                                  \
            if (PL_PUT((m)->member, text))                                     \
                return PL_EINVAL;                                              \
            PL_MSG_SET(MEDIA_SESSION_CREATE, media_session_create, m, member); \
        }                                                                      \
    } while (0)

static pl_err put_create(pl_api_call *call, const create *c)
{
    pl_media_session_create *m = &call->message.media_session_create;
    if (PL_PUT(m->originator, c->originator) ||
        PL_PUT(m->receiver, c->receiver))
        return PL_EINVAL;
    PUT_OPTIONAL(m, originator_name, c->originator_name);
    PUT_OPTIONAL(m, receiver_name, c->receiver_name);
    PUT_OPTIONAL(m, correlator, c->correlator);
    m->offer = c->offer;
    if (m->location[0])
        PL_MSG_SET(MEDIA_SESSION_CREATE, media_session_create, m, location);
    if (c->call_type.ptr) {
        m->has_call_type = true;
        PL_MSG_SET(MEDIA_SESSION_CREATE, media_session_create, m,
                   has_call_type);
    }
    call->desc = &PL_MSG_MEDIA_SESSION_CREATE;
    return PL_OK;
}

static bool read_registration(const pl_api_call *call, pl_answer *answer,
                              pl_slice *ret_id)
{
    static const char name[] = "The header registrationId";
    *ret_id = pl_http_head_get(call->head, "registrationid");
    if (ret_id->len == 0)
        return pl_device_blame(call, PL_DEVICE_FAULT_INVALID_ARGUMENT, name,
                               "is missing", answer);
    return (ret_id->len <= REGISTRATION_MAX && pl_is_utf8(*ret_id)) ||
           pl_device_blame(call, PL_DEVICE_FAULT_INVALID_ARGUMENT, name,
                           "is not a text of at most 256 characters", answer);
}

pl_err pl_device_call_create(pl_api_call *call, pl_answer *answer)
{
    pl_media_session_create *m = &call->message.media_session_create;
    pl_device_body body;
    pl_device_address receiver = PL_ADDRESS_BAD;
    pl_slice registration;
    create c = {.offer = {NULL, 0}};
    if (!pl_device_begin(call, answer) ||
        !read_registration(call, answer, &registration))
        return PL_OK;
    pl_err e = pl_device_open(call, PL_REQUIRED, answer, &body);
    if (e || answer->status || !read_create(&body, &c, &receiver))
        return e;
    *m = (pl_media_session_create){0};
    if (!pl_device_location(&body, m->location, sizeof m->location))
        return PL_OK;
    if (receiver == PL_ADDRESS_EMERGENCY ||
        pl_slice_eq_str(c.call_type, "EMERGENCY")) {
        pl_device_refuse(call, PL_DEVICE_FAULT_CALLTYPE_EMERGENCY_NOT_SUPPORTED,
                         "No emergency calls here: use another telephone",
                         answer);
        return PL_OK;
    }
    PL_CALLER_PUT(MEDIA_SESSION_CREATE, media_session_create, call->caller, m);
    if (PL_PUT(m->registration_id, registration))
        return PL_EINVAL;
    return put_create(call, &c);
}

static void put_session(pl_api_call *call, pl_answer *answer, int status,
                        const void *body)
{
    pl_answer_json(answer, status);
    pl_jw w = {.out = &answer->body};
    pl_device_put_session(call, &w, body);
}

void pl_device_call_create_done(pl_api_call *call, pl_err e,
                                const pl_msg_desc *desc, const void *body,
                                pl_answer *answer)
{
    const pl_media_session *m = body;
    if (pl_device_failed(call, e, &PL_MSG_MEDIA_SESSION, desc, body, answer))
        return;
    put_session(call, answer, 201, m);
    pl_fmt_cut(call->told, sizeof call->told, "%s", m->media_session_id);
}

/* ---- one of them ---- */

pl_err pl_device_call_get(pl_api_call *call, pl_answer *answer)
{
    pl_media_session_get *m = &call->message.media_session_get;
    *m = (pl_media_session_get){0};
    if (pl_device_begin(call, answer))
        PL_DEVICE_PUT_NAMED(MEDIA_SESSION_GET, media_session_get,
                            media_session_id, call, m);
    return PL_OK;
}

void pl_device_call_get_done(pl_api_call *call, pl_err e,
                             const pl_msg_desc *desc, const void *body,
                             pl_answer *answer)
{
    if (!pl_device_failed(call, e, &PL_MSG_MEDIA_SESSION, desc, body, answer))
        put_session(call, answer, 200, body);
}

/* The status asked for, which is not Initial. */
static bool read_status(const pl_device_body *body, uint32_t *ret_status)
{
    pl_slice text = {NULL, 0};
    char name[32];
    if (!pl_device_text(body, "status", PL_REQUIRED, NAME_CHARACTERS, &text))
        return false;
    *ret_status = pl_copy(name, sizeof name, text) == PL_OK
                      ? pl_media_status_find(name)
                      : PL_MEDIA_STATUS_UNKNOWN;
    if (*ret_status == PL_MEDIA_STATUS_UNKNOWN)
        return pl_device_blame_member(body, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                                      "status", "is not a status of calls");
    return *ret_status != PL_MEDIA_STATUS_INITIAL ||
           pl_device_blame_member(body, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                                  "status", "cannot become Initial");
}

/* Clients send back what they got: what cannot be changed is passed over. */
static bool read_put(const pl_device_body *body, pl_media_session_put *m)
{
    static const char *const known[] = {"status",          "offer",
                                        "answer",          "mediaSessionId",
                                        "locationDetails", "originatorAddress",
                                        "originatorName",  "receiverAddress",
                                        "receiverName",    NULL};
    return pl_device_known(body, known) && read_status(body, &m->status) &&
           pl_device_sdp(body, "offer", PL_OPTIONAL, &m->offer) &&
           pl_device_sdp(body, "answer", PL_OPTIONAL, &m->answer) &&
           pl_device_location(body, m->location, sizeof m->location);
}

pl_err pl_device_call_put(pl_api_call *call, pl_answer *answer)
{
    pl_media_session_put *m = &call->message.media_session_put;
    pl_device_body body;
    if (!pl_device_begin(call, answer))
        return PL_OK;
    pl_err e = pl_device_open(call, PL_REQUIRED, answer, &body);
    if (e || answer->status)
        return e;
    *m = (pl_media_session_put){0};
    if (!read_put(&body, m))
        return PL_OK;
    if (m->offer.len > 0)
        PL_MSG_SET(MEDIA_SESSION_PUT, media_session_put, m, offer);
    if (m->answer.len > 0)
        PL_MSG_SET(MEDIA_SESSION_PUT, media_session_put, m, answer);
    if (m->location[0])
        PL_MSG_SET(MEDIA_SESSION_PUT, media_session_put, m, location);
    PL_DEVICE_PUT_NAMED(MEDIA_SESSION_PUT, media_session_put, media_session_id,
                        call, m);
    return PL_OK;
}

pl_err pl_device_call_delete(pl_api_call *call, pl_answer *answer)
{
    pl_media_session_delete *m = &call->message.media_session_delete;
    *m = (pl_media_session_delete){0};
    if (pl_device_begin(call, answer))
        PL_DEVICE_PUT_NAMED(MEDIA_SESSION_DELETE, media_session_delete,
                            media_session_id, call, m);
    return PL_OK;
}
