/* relay_api.c - channels of the relay, and what is sent to them. */
#include "relay_api.h"

#include "basic_auth.h"
#include "caller.h"
#include "device_api.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "scope.h"

#define SCOPE "notification-relay:channels:"

static const struct {
    pl_err e;
    int status;
    const char *code, *text;
} ERRORS[] = {
    {PL_EAUTH, 401, "UNAUTHENTICATED",
     "The access token is missing, expired or not valid."},
    {PL_EFORBIDDEN, 403, "PERMISSION_DENIED",
     "The access token lacks the scope of this operation."},
    {PL_ENOENT, 404, "NOT_FOUND", "There is no such channel."},
    {PL_EGONE, 410, "GONE", "The channel is closed."},
    {PL_ESTALE, 409, "CONFLICT", "Another reader has come."},
    {PL_EUNSUPPORTED, 415, "UNSUPPORTED_MEDIA_TYPE",
     "The body is to be application/cloudevents+json or application/json."},
    {PL_ETOOBIG, 413, "PAYLOAD_TOO_LARGE", "The body is too large."},
    {PL_EPROTO, 400, "INVALID_ARGUMENT", "The body is no JSON object."},
    {PL_EINVAL, 400, "INVALID_ARGUMENT", "The request is not valid."},
    {PL_EFULL, 429, "TOO_MANY_REQUESTS", "Too many; try again later."},
    {PL_ETIMEOUT, 504, "TIMEOUT", "No answer in time; try again."},
    {PL_EDRAIN, 503, "UNAVAILABLE", "Not available now; try again."},
    {PL_EUNAVAILABLE, 503, "UNAVAILABLE", "Not available now; try again."},
    {PL_EAGAIN, 503, "UNAVAILABLE", "Not available now; try again."},
    {PL_ENOMEM, 503, "UNAVAILABLE", "Not available now; try again."},
};

static void refuse(pl_answer *answer, int status, const char *code,
                   const char *text)
{
    pl_answer_json(answer, status);
    if (status == 429 || status == 503)
        pl_answer_header(answer, "Retry-After", "2");
    pl_device_error(answer, status, code, text);
}

void pl_relay_fail(const pl_api_call *call, pl_err e, const char *text,
                   pl_answer *answer)
{
    if (e == PL_EAUTH)
        pl_answer_bearer(answer, "", pl_call_is_signed(call));
    for (size_t i = 0; i < sizeof ERRORS / sizeof ERRORS[0]; i++) {
        if (ERRORS[i].e == e) {
            refuse(answer, ERRORS[i].status, ERRORS[i].code,
                   text ? text : ERRORS[i].text);
            return;
        }
    }
    refuse(answer, 500, "INTERNAL", "Something went wrong here.");
}

/* PL_OK: the answer is made. */
static pl_err blame(pl_answer *answer, const char *member, const char *why)
{
    char text[160];
    pl_fmt_cut(text, sizeof text, "%s %s", member, why);
    refuse(answer, 400, "INVALID_ARGUMENT", text);
    return PL_OK;
}

/* Whether the body is of that type, whatever parameters it has. */
static bool is_type(pl_slice type, const char *wanted)
{
    size_t n = 0;
    while (n < type.len && type.ptr[n] != ';' && type.ptr[n] != ' ')
        n++;
    return pl_slice_eq_nocase((pl_slice){type.ptr, n}, wanted);
}

static bool is_json(const pl_api_call *call)
{
    pl_slice type = pl_http_head_get(call->head, "content-type");
    return type.len == 0 || is_type(type, "application/json");
}

/* ---- channels ---- */

static pl_err check_scope(const pl_api_call *call, const char *scope)
{
    return pl_scope_text_has(call->caller->scope_text, scope) ? PL_OK
                                                              : PL_EFORBIDDEN;
}

/* The seconds asked for; 0 none. false: refused. */
static bool read_life(const pl_json *doc, uint32_t *ret_life_s,
                      pl_answer *answer)
{
    enum { LIFE_MIN = 60, LIFE_MAX = 31536000 };
    int64_t life_s;
    pl_err e = pl_json_get_i64(doc, "channelLifetime", &life_s);
    *ret_life_s = 0;
    if (e == PL_ENOENT)
        return true;
    if (e) {
        (void)blame(answer, "channelLifetime", "is to be seconds");
    } else if (life_s < LIFE_MIN || life_s > LIFE_MAX) {
        refuse(answer, 400, "OUT_OF_RANGE",
               "channelLifetime is to be 60 to 31536000 seconds");
    } else {
        *ret_life_s = (uint32_t)life_s;
    }
    return answer->status == 0;
}

/* PL_OK with an answer: the body is refused. */
static pl_err read_body(pl_api_call *call, const char *const *known,
                        pl_answer *answer)
{
    if (!is_json(call))
        return PL_EUNSUPPORTED;
    pl_err e = pl_call_parse_body(call);
    if (e || !call->doc)
        return e;
    if (!pl_json_is_object(call->doc))
        return PL_EPROTO;
    const char *stranger = pl_json_stranger(call->doc, known);
    return stranger ? blame(answer, stranger, "is not known here") : PL_OK;
}

static pl_err read_open(const pl_api_call *call, pl_relay_open *m,
                        pl_answer *answer)
{
    pl_slice text;
    pl_err e = pl_json_get_str(call->doc, "deviceId", &text);
    if (e || !pl_relay_is_text(text, sizeof m->device_id - 1) ||
        PL_PUT(m->device_id, text))
        return blame(answer, "deviceId", "is missing or not valid");
    e = pl_json_get_str(call->doc, "channelType", &text);
    if (e != PL_ENOENT && (e || !pl_slice_eq_str(text, "WebSockets")))
        return blame(answer, "channelType", "can be WebSockets only");
    if (!read_life(call->doc, &m->life_s, answer))
        return PL_OK;
    if (m->life_s)
        PL_MSG_SET(RELAY_OPEN, relay_open, m, life_s);
    return PL_OK;
}

static pl_err prepare_open(pl_api_call *call, pl_answer *answer)
{
    static const char *const known[] = {
        "deviceId", "channelType", "channelLifetime", "clientCorrelator", NULL};
    pl_relay_open *m = &call->message.relay_open;
    pl_err e = check_scope(call, SCOPE "create");
    if (!e)
        e = read_body(call, known, answer);
    if (e || answer->status)
        return e;
    if (!call->doc)
        return PL_EPROTO;
    *m = (pl_relay_open){.present = 0};
    PL_CALLER_PUT(RELAY_OPEN, relay_open, call->caller, m);
    call->desc = &PL_MSG_RELAY_OPEN;
    return read_open(call, m, answer);
}

static pl_err prepare_get(pl_api_call *call, pl_answer *answer)
{
    pl_relay_get *m = &call->message.relay_get;
    pl_err e = check_scope(call, SCOPE "read");
    (void)answer;
    if (e)
        return e;
    *m = (pl_relay_get){.present = 0};
    PL_CALLER_PUT(RELAY_GET, relay_get, call->caller, m);
    call->desc = &PL_MSG_RELAY_GET;
    return PL_PUT(m->channel_id, pl_slice_str(pl_call_param(call, 0)));
}

static pl_err prepare_extend(pl_api_call *call, pl_answer *answer)
{
    static const char *const known[] = {
        "channelLifetime", "deviceId", "channelType", "clientCorrelator", NULL};
    pl_relay_extend *m = &call->message.relay_extend;
    pl_err e = check_scope(call, SCOPE "update");
    if (!e)
        e = read_body(call, known, answer);
    if (e || answer->status)
        return e;
    *m = (pl_relay_extend){.present = 0};
    PL_CALLER_PUT(RELAY_EXTEND, relay_extend, call->caller, m);
    if (call->doc && !read_life(call->doc, &m->life_s, answer))
        return PL_OK;
    if (m->life_s)
        PL_MSG_SET(RELAY_EXTEND, relay_extend, m, life_s);
    call->desc = &PL_MSG_RELAY_EXTEND;
    return PL_PUT(m->channel_id, pl_slice_str(pl_call_param(call, 0)));
}

static pl_err prepare_close(pl_api_call *call, pl_answer *answer)
{
    pl_relay_close *m = &call->message.relay_close;
    pl_err e = check_scope(call, SCOPE "delete");
    (void)answer;
    if (e)
        return e;
    *m = (pl_relay_close){.present = 0};
    PL_CALLER_PUT(RELAY_CLOSE, relay_close, call->caller, m);
    call->desc = &PL_MSG_RELAY_CLOSE;
    return PL_PUT(m->channel_id, pl_slice_str(pl_call_param(call, 0)));
}

/* ---- a channel as JSON ---- */

/* Where a channel is: relay_url, else the host that was asked. */
static void put_base(const pl_api_call *call, char *buf, size_t cap)
{
    pl_slice host = pl_http_head_get(call->head, "host");
    if (call->relay_url && call->relay_url[0]) {
        pl_fmt_cut(buf, cap, "%s", call->relay_url);
    } else {
        pl_fmt_cut(buf, cap, "https://%.*s", (int)host.len,
                   (const char *)host.ptr);
    }
}

static void put_data(pl_jw *w, const char *base, const pl_relay_channel *c)
{
    char text[512];
    /* http.. becomes ws.. */
    pl_fmt_cut(text, sizeof text, "ws%s" PL_RELAY_BASE "/channels/%s/ws",
               base + 4, c->channel_id);
    pl_jw_open(w, "channelData", '{');
    pl_jw_str(w, "channelURL", text);
    pl_fmt_cut(text, sizeof text, "%s" PL_RELAY_BASE "/channels/%s/events",
               base, c->channel_id);
    pl_jw_str(w, "eventsURL", text);
    if (c->read_token[0])
        pl_jw_str(w, "channelToken", c->read_token);
    pl_jw_close(w, '}');
}

static void put_channel(const pl_api_call *call, const pl_relay_channel *c,
                        pl_answer *answer)
{
    enum { BASE_MAX = 300 };
    char base[BASE_MAX];
    char text[512];
    char time[PL_TIME_TEXT];
    put_base(call, base, sizeof base);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "channelId", c->channel_id);
    pl_jw_str(&w, "deviceId", c->device_id);
    pl_jw_str(&w, "channelType", "WebSockets");
    put_data(&w, base, c);
    pl_fmt_cut(text, sizeof text, "%s" PL_RELAY_BASE "/s/%s", base, c->sink_id);
    pl_jw_str(&w, "callbackURL", text);
    if (c->sink_token[0])
        pl_jw_str(&w, "notificationAuthToken", c->sink_token);
    pl_fmt_cut(text, sizeof text, "%s" PL_RELAY_BASE "/channels/%s", base,
               c->channel_id);
    pl_jw_str(&w, "resourceURL", text);
    pl_time_text(c->expires_ms, time);
    pl_jw_str(&w, "expiresAt", time);
    pl_jw_close(&w, '}');
    if (answer->status == 201)
        pl_answer_header(answer, "Location", text);
}

static void finish_channel(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                           const void *body, pl_answer *answer)
{
    if (!e && desc != &PL_MSG_RELAY_CHANNEL)
        e = PL_EINTERNAL;
    if (e) {
        pl_relay_fail(call, e, NULL, answer);
        return;
    }
    pl_answer_json(answer, call->desc == &PL_MSG_RELAY_OPEN ? 201 : 200);
    put_channel(call, body, answer);
}

static void finish_empty(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                         const void *body, pl_answer *answer)
{
    (void)body;
    if (!e && desc != &PL_MSG_OK_REPLY)
        e = PL_EINTERNAL;
    if (e) {
        pl_relay_fail(call, e, NULL, answer);
    } else {
        pl_answer_empty(answer, 204);
    }
}

/* ---- what is sent ---- */

static bool is_event(const pl_api_call *call)
{
    pl_slice type = pl_http_head_get(call->head, "content-type");
    return is_json(call) || is_type(type, "application/cloudevents+json");
}

static pl_err prepare_put(pl_api_call *call, pl_answer *answer)
{
    pl_relay_put *m = &call->message.relay_put;
    pl_slice header = pl_http_head_get(call->head, "authorization");
    pl_slice token;
    const char *wrong = NULL;
    if (!is_event(call))
        return PL_EUNSUPPORTED;
    if (pl_bearer_read(header, &token))
        return PL_EAUTH;
    *m = (pl_relay_put){.event = {NULL, 0}};
    pl_sha256_hex(token.ptr, token.len, m->token_hash);
    if (PL_PUT(m->sink_id, pl_slice_str(pl_call_param(call, 0))))
        return PL_ENOENT;
    pl_err e = pl_relay_event_check(call->body, m, &wrong);
    if (e == PL_EINVAL)
        return blame(answer, wrong, "of the event is missing or not valid");
    call->desc = &PL_MSG_RELAY_PUT;
    return e;
}

/* ---- the table ---- */

#define RELAY_OP(NAME, kind_, auth_, prepare_, finish_)                        \
    const pl_api_op PL_OP_RELAY_##NAME = {.kind = PL_KIND_##kind_,             \
                                          .family = PL_FAMILY_RELAY,           \
                                          .auth = PL_AUTH_##auth_,             \
                                          .prepare = (prepare_),               \
                                          .finish = (finish_)};
RELAY_OP(OPEN, CALL, DEVICE, prepare_open, finish_channel)
RELAY_OP(GET, CALL, DEVICE, prepare_get, finish_channel)
RELAY_OP(EXTEND, CALL, DEVICE, prepare_extend, finish_channel)
RELAY_OP(CLOSE, CALL, DEVICE, prepare_close, finish_empty)
RELAY_OP(PUT, CALL, NONE, prepare_put, finish_empty)
RELAY_OP(SOCKET, RELAY_SOCKET, NONE, NULL, NULL)
RELAY_OP(EVENTS, RELAY_EVENTS, NONE, NULL, NULL)
