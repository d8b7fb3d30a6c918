/* device_subscription.c - subscriptions of device applications to events. */
#include "device_impl.h"

#include "scope.h"

enum {
    LIST_MAX = 100,
    LIST_BYTES = 512 * 1024,
    TYPES_MAX = 3,
    SINK_MAX = 1024,
    TOKEN_MAX = 8192,
    WORD_MAX = 256,
    EVENTS_MAX = 1000000
};

/* ---- scopes: one for each type ---- */

static bool may_subscribe(const pl_api_call *call, uint32_t type)
{
    char name[PL_DEVICE_TYPE_TEXT];
    char scope[200];
    pl_notify_api api = pl_device_events_api(call);
    pl_device_type_text(api, pl_notify_type_text(type), name);
    pl_fmt_cut(scope, sizeof scope, "%s:%s:create", pl_notify_api_text(api),
               name);
    return pl_scope_text_has(call->caller->scope_text, scope);
}

/* Types that the token may subscribe to, as a set. */
static uint32_t permitted(const pl_api_call *call)
{
    uint32_t types = 0;
    for (uint32_t type = PL_NOTIFY_TYPE_SESSION_STATUS;
         type <= PL_NOTIFY_TYPE_REGISTRATION_ENDS; type++) {
        if (may_subscribe(call, type))
            types |= 1U << (type - 1);
    }
    return types;
}

/* ---- members ---- */

static bool blame(const pl_device_body *body, uint32_t fault, const char *name,
                  const char *text)
{
    return pl_device_blame_member(body, fault, name, text);
}

/* A member that has but one value; another one is a fault of its own. */
static bool read_word(const pl_device_body *body, const char *name,
                      const char *want, uint32_t fault, const char *text)
{
    pl_slice value = {NULL, 0};
    return pl_device_text(body, name, PL_REQUIRED, WORD_MAX, &value) &&
           (pl_slice_eq_str(value, want) || blame(body, fault, name, text));
}

static bool read_sink(const pl_device_body *body, pl_subscription_create *m)
{
    static const char text[] = "is not an https URL of at most 1024 characters";
    pl_slice sink = {NULL, 0};
    if (!pl_device_text(body, "sink", PL_REQUIRED, SIZE_MAX, &sink))
        return false;
    return (sink.len <= SINK_MAX && PL_PUT(m->sink, sink) == PL_OK &&
            pl_device_is_sink(m->sink)) ||
           blame(body, PL_DEVICE_FAULT_INVALID_SINK, "sink", text);
}

/* One type, as a bit; 0: it is none of ours. */
static uint32_t type_of(const pl_api_call *call, const pl_json *json)
{
    char name[PL_DEVICE_TYPE_TEXT];
    pl_slice text;
    if (pl_json_as_str(json, &text))
        return 0;
    for (uint32_t type = PL_NOTIFY_TYPE_SESSION_STATUS;
         type <= PL_NOTIFY_TYPE_REGISTRATION_ENDS; type++) {
        pl_device_type_text(pl_device_events_api(call),
                            pl_notify_type_text(type), name);
        if (pl_slice_eq_str(text, name))
            return 1U << (type - 1);
    }
    return 0;
}

static bool read_types(const pl_device_body *body, uint32_t *ret_types)
{
    const pl_json *types = pl_json_get(body->json, "types");
    size_t n = pl_json_count(types);
    bool is_single = pl_device_gen_of_call(body->call) == PL_DEVICE_GEN_R22;
    uint32_t fault = PL_DEVICE_FAULT_INVALID_ARGUMENT;
    if (!types)
        return blame(body, fault, "types", "is missing");
    if (!pl_json_is_array(types) || n == 0 || n > TYPES_MAX)
        return blame(body, fault, "types", "is not a list of 1 to 3 types");
    *ret_types = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t type = type_of(body->call, pl_json_at(types, i));
        if (type == 0)
            return blame(body, fault, "types",
                         "has one that cannot be subscribed to here");
        *ret_types |= type;
    }
    if (is_single && n > 1)
        return blame(body,
                     PL_DEVICE_FAULT_MULTIEVENT_SUBSCRIPTION_NOT_SUPPORTED,
                     "types", "has more than one");
    return true;
}

/* A token for the sink. *ret_token: borrowed from the body */
static bool read_credential(const pl_device_body *body, pl_slice *ret_token,
                            int64_t *ret_expires)
{
    static const char *const known[] = {"credentialType", "accessToken",
                                        "accessTokenExpiresUtc",
                                        "accessTokenType", NULL};
    pl_device_body inner;
    if (!pl_device_object(body, "sinkCredential", PL_OPTIONAL,
                          "sinkCredential.", &inner))
        return false;
    if (!inner.json)
        return true;
    if (!pl_device_known(&inner, known) ||
        !read_word(&inner, "credentialType", "ACCESSTOKEN",
                   PL_DEVICE_FAULT_INVALID_CREDENTIAL, "is not ACCESSTOKEN") ||
        !pl_device_text(&inner, "accessToken", PL_REQUIRED, TOKEN_MAX,
                        ret_token) ||
        !pl_device_moment(&inner, "accessTokenExpiresUtc", PL_REQUIRED,
                          ret_expires))
        return false;
    if (!pl_device_is_token(*ret_token))
        return blame(&inner, PL_DEVICE_FAULT_INVALID_TOKEN, "accessToken",
                     "has characters that a bearer token cannot have");
    return read_word(&inner, "accessTokenType", "bearer",
                     PL_DEVICE_FAULT_INVALID_TOKEN, "is not bearer");
}

/* An end that is not past. */
static bool read_expiry(const pl_device_body *config, int64_t *ret_expires)
{
    static const char name[] = "subscriptionExpireTime";
    if (!pl_device_moment(config, name, PL_OPTIONAL, ret_expires))
        return false;
    return *ret_expires < 0 || *ret_expires > config->call->wall_ms ||
           blame(config, PL_DEVICE_FAULT_INVALID_ARGUMENT, name, "is past");
}

static bool read_limits(const pl_device_body *config, pl_subscription_create *m)
{
    const pl_json *max = pl_json_get(config->json, "subscriptionMaxEvents");
    const pl_json *initial = pl_json_get(config->json, "initialEvent");
    double count = 0;
    if (max && pl_json_as_num(max, &count))
        return blame(config, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                     "subscriptionMaxEvents", "is not a number");
    if (max && (count < 1 || count > EVENTS_MAX))
        return blame(config, PL_DEVICE_FAULT_OUT_OF_RANGE,
                     "subscriptionMaxEvents", "is not from 1 to 1000000");
    if (max && count - (double)(uint32_t)count > 0)
        return blame(config, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                     "subscriptionMaxEvents", "is not a whole number");
    if (initial && pl_json_as_bool(initial, &m->initial_event))
        return blame(config, PL_DEVICE_FAULT_INVALID_ARGUMENT, "initialEvent",
                     "is neither true nor false");
    if (max) {
        m->max_events = (uint32_t)count;
        PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, m, max_events);
    }
    if (initial)
        PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, m, initial_event);
    return true;
}

/* r2.2 names a registration, later ones a device. */
static bool read_detail(const pl_device_body *config, pl_subscription_create *m)
{
    static const char *const known[] = {"deviceId", "registrationId",
                                        "sessionId", NULL};
    bool is_old = pl_device_gen_of_call(config->call) == PL_DEVICE_GEN_R22;
    pl_device_body detail;
    pl_slice device = {NULL, 0};
    pl_slice registration = {NULL, 0};
    if (!pl_device_object(config, "subscriptionDetail", PL_REQUIRED,
                          "config.subscriptionDetail.", &detail) ||
        !pl_device_known(&detail, known) ||
        !pl_device_uuid(&detail, "deviceId", is_old ? PL_OPTIONAL : PL_REQUIRED,
                        &device) ||
        (is_old && !pl_device_text(&detail, "registrationId", PL_REQUIRED,
                                   WORD_MAX, &registration)))
        return false;
    if (is_old && registration.len == 0)
        return blame(&detail, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                     "registrationId", "is empty");
    if ((device.len > 0 && PL_PUT(m->device_id, device)) ||
        (is_old && PL_PUT(m->registration_id, registration)))
        return blame(&detail, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                     "registrationId", "is too long");
    if (is_old)
        PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, m,
                   registration_id);
    return true;
}

static bool read_config(const pl_device_body *body, pl_subscription_create *m)
{
    static const char *const known[] = {
        "subscriptionDetail", "subscriptionExpireTime", "subscriptionMaxEvents",
        "initialEvent", NULL};
    pl_device_body config;
    int64_t expires = -1;
    if (!pl_device_object(body, "config", PL_REQUIRED, "config.", &config) ||
        !pl_device_known(&config, known) || !read_detail(&config, m) ||
        !read_expiry(&config, &expires) || !read_limits(&config, m))
        return false;
    if (expires >= 0) {
        m->expires_ms = expires;
        PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, m, expires_ms);
    }
    return true;
}

/* ---- POST /subscriptions ---- */

static bool read_create(const pl_device_body *body, pl_subscription_create *m)
{
    static const char *const known[] = {"protocol", "sink",   "sinkCredential",
                                        "types",    "config", NULL};
    pl_slice token = {NULL, 0};
    int64_t token_expires = -1;
    if (!pl_device_known(body, known) ||
        !read_word(body, "protocol", "HTTP", PL_DEVICE_FAULT_INVALID_PROTOCOL,
                   "is not HTTP") ||
        !read_sink(body, m) || !read_types(body, &m->types) ||
        !read_config(body, m) || !read_credential(body, &token, &token_expires))
        return false;
    if (token.ptr && PL_PUT(m->access_token, token) == PL_OK) {
        m->token_expires_ms = token_expires;
        PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, m, access_token);
        PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, m,
                   token_expires_ms);
    }
    return true;
}

/* All types of the body, or the right refusal. */
static bool check_types(const pl_api_call *call, uint32_t types,
                        pl_answer *answer)
{
    uint32_t good = permitted(call) & types;
    if (good == types)
        return true;
    if (good == 0) {
        pl_device_fail(call, PL_EFORBIDDEN, NULL, answer);
    } else {
        pl_device_refuse(call, PL_DEVICE_FAULT_SUBSCRIPTION_MISMATCH,
                         "The access token does not permit each of the types",
                         answer);
    }
    return false;
}

/* Whoever names a registration alone: ask for its device first. */
static void ask_device(pl_api_call *call)
{
    const char *id = call->message.subscription_create.registration_id;
    pl_registration_get m = {0};
    pl_fmt_cut(m.registration_id, sizeof m.registration_id, "%s", id);
    PL_CALLER_PUT(REGISTRATION_GET, registration_get, call->caller, &m);
    call->message.registration_get = m;
    call->desc = &PL_MSG_REGISTRATION_GET;
}

/* The body into a message. false: it is answered. */
static bool make_create(pl_api_call *call, const pl_device_body *body,
                        pl_answer *answer)
{
    pl_subscription_create *m = &call->message.subscription_create;
    *m = (pl_subscription_create){.api = pl_device_events_api(call)};
    if (!read_create(body, m) || !check_types(call, m->types, answer))
        return false;
    PL_CALLER_PUT(SUBSCRIPTION_CREATE, subscription_create, call->caller, m);
    call->desc = &PL_MSG_SUBSCRIPTION_CREATE;
    return true;
}

pl_err pl_device_sub_create(pl_api_call *call, pl_answer *answer)
{
    pl_device_body body;
    if (permitted(call) == 0)
        return PL_EFORBIDDEN;
    if (!pl_device_begin(call, answer))
        return PL_OK;
    pl_err e = pl_device_open(call, PL_REQUIRED, answer, &body);
    if (!e && answer->status == 0 && make_create(call, &body, answer) &&
        !call->message.subscription_create.device_id[0])
        ask_device(call);
    return e;
}

/* The device of the registration that r2.2 names is known: subscribe. */
static void take_device(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                        const void *body, pl_answer *answer)
{
    char device[sizeof((pl_registration *)NULL)->device_id];
    bool is_none =
        !e && desc == &PL_MSG_DEVICE_REFUSED &&
        ((const pl_device_refused *)body)->fault == PL_DEVICE_FAULT_NOT_FOUND;
    const pl_device_body whole = {
        .call = call, .answer = answer, .json = call->doc, .path = ""};
    if (is_none) {
        pl_device_refuse(call, PL_DEVICE_FAULT_SERVICE_NOT_APPLICABLE,
                         "There is no such registration", answer);
        return;
    }
    if (pl_device_failed(call, e, &PL_MSG_REGISTRATION, desc, body, answer))
        return;
    pl_fmt_cut(device, sizeof device, "%s",
               ((const pl_registration *)body)->device_id);
    if (!make_create(call, &whole, answer))
        return;
    pl_fmt_cut(call->message.subscription_create.device_id,
               sizeof call->message.subscription_create.device_id, "%s",
               device);
    call->is_partial = true;
}

static void put_subscription(pl_api_call *call, pl_answer *answer, int status,
                             const void *body)
{
    pl_answer_json(answer, status);
    pl_jw w = {.out = &answer->body};
    pl_device_put_subscription(call, &w, body);
}

void pl_device_sub_create_done(pl_api_call *call, pl_err e,
                               const pl_msg_desc *desc, const void *body,
                               pl_answer *answer)
{
    const pl_subscription *m = body;
    call->is_partial = false;
    if (call->desc == &PL_MSG_REGISTRATION_GET) {
        take_device(call, e, desc, body, answer);
        return;
    }
    if (pl_device_failed(call, e, &PL_MSG_SUBSCRIPTION, desc, body, answer))
        return;
    put_subscription(call, answer, 201, m);
    pl_fmt_cut(call->told, sizeof call->told, "%s", m->subscription_id);
}

/* ---- GET /subscriptions ---- */

pl_err pl_device_sub_list(pl_api_call *call, pl_answer *answer)
{
    pl_subscription_next *m = &call->message.subscription_next;
    if (!pl_device_begin(call, answer))
        return PL_OK;
    *m = (pl_subscription_next){0};
    PL_CALLER_PUT(SUBSCRIPTION_NEXT, subscription_next, call->caller, m);
    pl_buf_init(&call->list, LIST_BYTES);
    call->desc = &PL_MSG_SUBSCRIPTION_NEXT;
    return PL_OK;
}

static void put_listed(pl_api_call *call, pl_jw *w, const void *body)
{
    const pl_subscription *one = body;
    pl_subscription_next *m = &call->message.subscription_next;
    pl_device_put_subscription(call, w, one);
    pl_fmt_cut(m->after_id, sizeof m->after_id, "%s", one->subscription_id);
    PL_MSG_SET(SUBSCRIPTION_NEXT, subscription_next, m, after_id);
}

void pl_device_sub_list_done(pl_api_call *call, pl_err e,
                             const pl_msg_desc *desc, const void *body,
                             pl_answer *answer)
{
    static const pl_device_list list = {
        .max = LIST_MAX, .want = &PL_MSG_SUBSCRIPTION, .put = put_listed};
    pl_device_listed_one(&list, call, e, desc, body, answer);
}

/* ---- one of them ---- */

pl_err pl_device_sub_get(pl_api_call *call, pl_answer *answer)
{
    pl_subscription_get *m = &call->message.subscription_get;
    *m = (pl_subscription_get){0};
    if (pl_device_begin(call, answer))
        PL_DEVICE_PUT_NAMED(SUBSCRIPTION_GET, subscription_get, subscription_id,
                            call, m);
    return PL_OK;
}

void pl_device_sub_get_done(pl_api_call *call, pl_err e,
                            const pl_msg_desc *desc, const void *body,
                            pl_answer *answer)
{
    if (!pl_device_failed(call, e, &PL_MSG_SUBSCRIPTION, desc, body, answer))
        put_subscription(call, answer, 200, body);
}

/* Another end, another token; at least one of them, and nothing else. */
static bool read_change(const pl_device_body *body, pl_subscription_change *m)
{
    static const char *const known[] = {"sinkCredential", "config", NULL};
    static const char *const known_config[] = {"subscriptionExpireTime", NULL};
    const char *stranger = pl_json_stranger(body->json, known);
    pl_device_body config;
    pl_slice token = {NULL, 0};
    int64_t expires = -1;
    int64_t token_expires = -1;
    if (stranger)
        return blame(body, PL_DEVICE_FAULT_INVALID_ARGUMENT, "The body",
                     "has a member other than sinkCredential and config");
    if (!pl_device_object(body, "config", PL_OPTIONAL, "config.", &config))
        return false;
    if (config.json && pl_json_stranger(config.json, known_config))
        return blame(body, PL_DEVICE_FAULT_INVALID_ARGUMENT, "config",
                     "has a member other than subscriptionExpireTime");
    if ((config.json && !read_expiry(&config, &expires)) ||
        !read_credential(body, &token, &token_expires))
        return false;
    if (expires < 0 && !token.ptr)
        return blame(body, PL_DEVICE_FAULT_INVALID_ARGUMENT, "The body",
                     "changes nothing");
    if (expires >= 0) {
        m->expires_ms = expires;
        PL_MSG_SET(SUBSCRIPTION_CHANGE, subscription_change, m, expires_ms);
    }
    if (token.ptr && PL_PUT(m->access_token, token) == PL_OK) {
        m->token_expires_ms = token_expires;
        PL_MSG_SET(SUBSCRIPTION_CHANGE, subscription_change, m, access_token);
        PL_MSG_SET(SUBSCRIPTION_CHANGE, subscription_change, m,
                   token_expires_ms);
    }
    return true;
}

pl_err pl_device_sub_put(pl_api_call *call, pl_answer *answer)
{
    pl_subscription_change *m = &call->message.subscription_change;
    pl_device_body body;
    if (!pl_device_begin(call, answer))
        return PL_OK;
    pl_err e = pl_device_open(call, PL_REQUIRED, answer, &body);
    if (e || answer->status)
        return e;
    *m = (pl_subscription_change){0};
    if (read_change(&body, m))
        PL_DEVICE_PUT_NAMED(SUBSCRIPTION_CHANGE, subscription_change,
                            subscription_id, call, m);
    return PL_OK;
}

pl_err pl_device_sub_delete(pl_api_call *call, pl_answer *answer)
{
    pl_subscription_delete *m = &call->message.subscription_delete;
    *m = (pl_subscription_delete){0};
    if (pl_device_begin(call, answer))
        PL_DEVICE_PUT_NAMED(SUBSCRIPTION_DELETE, subscription_delete,
                            subscription_id, call, m);
    return PL_OK;
}
