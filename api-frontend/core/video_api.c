/* video_api.c - the video API's operations. */
#include "video_api.h"

#include <inttypes.h>
#include <string.h>

#include "form_data.h"
#include "pl/str.h"
#include "room_api.h"
#include "url.h"
#include "uui_data.h"
#include "video_hours.h"

enum { TAG_MAX = 250, REFERENCE_MAX = 250, PERSON_MAX = 128, STATUS_MAX = 32 };

/* ---- values: of a JSON object, a form, or the query ---- */

typedef struct values {
    const pl_api_call *call;
    pl_form form;
    bool has_form;
} values;

static bool is_json(pl_slice type, pl_slice body)
{
    static const char json[] = "application/json";
    size_t n = strlen(json);
    if (type.len >= n)
        return pl_slice_eq_nocase((pl_slice){type.ptr, n}, json);
    return type.len == 0 && body.ptr[0] == '{';
}

static pl_err open_values(pl_api_call *call, values *v)
{
    pl_slice type = pl_http_head_get(call->head, "content-type");
    *v = (values){.call = call};
    if (call->body.len == 0)
        return PL_OK;
    if (pl_form_open(type, call->body, &v->form) == PL_OK) {
        v->has_form = true;
        return PL_OK;
    }
    if (!is_json(type, call->body))
        return PL_EUNSUPPORTED;
    pl_err e = pl_call_parse_body(call);
    if (!e && !pl_json_is_object(call->doc))
        e = PL_EPROTO;
    return e;
}

/* A JSON member: a text, or a number, which some apps write. */
static pl_err json_value(const pl_json *doc, const char *name, char *buf,
                         size_t cap)
{
    pl_slice text;
    int64_t n;
    pl_err e = pl_json_get_str(doc, name, &text);
    if (!e)
        return pl_copy(buf, cap, text);
    if (e == PL_EPROTO && pl_json_get_i64(doc, name, &n) == PL_OK)
        return pl_fmt(buf, cap, "%" PRId64, n);
    return e;
}

/* Errors: PL_ENOENT absent or empty; PL_EINVAL no good. */
static pl_err get_value(const values *v, const char *name, char *buf,
                        size_t cap)
{
    pl_err e = PL_ENOENT;
    if (v->call->doc) {
        e = json_value(v->call->doc, name, buf, cap);
    } else if (v->has_form) {
        e = pl_form_get(&v->form, name, buf, cap);
    }
    if (e == PL_ENOENT)
        e = pl_url_param(v->call->head->query, name, buf, cap);
    if (!e && !buf[0])
        e = PL_ENOENT;
    if (!e &&
        (!pl_is_utf8(pl_slice_str(buf)) || !pl_is_printable(pl_slice_str(buf))))
        e = PL_EINVAL;
    return e == PL_OK || e == PL_ENOENT ? e : PL_EINVAL;
}

/* Answered already when there is none that is good. */
static bool need_value(const values *v, const char *name, char *buf, size_t cap,
                       pl_answer *answer)
{
    pl_err e = get_value(v, name, buf, cap);
    if (e) {
        (void)!pl_video_refuse(answer, name,
                               e == PL_ENOENT ? "is missing"
                                              : "is no text, or too long");
    }
    return e == PL_OK;
}

/* ---- making a session ---- */

/* FNV-1a; the id is random, and so are six digits made of it. */
static unsigned six_digits(const char *id, unsigned n)
{
    uint64_t h = UINT64_C(14695981039346656037) + n;
    for (; *id; id++)
        h = (h ^ (uint8_t)*id) * UINT64_C(1099511628211);
    return 100000 + (unsigned)((h >> 16) % 900000);
}

typedef struct names {
    const char *id, *client_id, *device_code;
} names;

/* Put what a word of the template stands for; how long the word is, 0 none. */
static size_t put_word(const char *at, const names *n, pl_buf *out)
{
    static const char *const words[] = {"{ref1}", "{ref2}", "{client_id}",
                                        "{device_code}"};
    for (unsigned i = 0; i < 4; i++) {
        if (strncmp(at, words[i], strlen(words[i])) != 0)
            continue;
        if (out && i < 2) {
            pl_buf_add_fmt(out, "%06u", six_digits(n->id, i));
        } else if (out) {
            pl_buf_add_str(out, i == 2 ? n->client_id : n->device_code);
        }
        return strlen(words[i]);
    }
    return 0;
}

static pl_err make_reference(const char *template, const names *n,
                             char text[REFERENCE_MAX + 1])
{
    pl_buf out;
    pl_buf_init(&out, REFERENCE_MAX);
    while (*template) {
        size_t len = put_word(template, n, &out);
        if (len == 0)
            pl_buf_add_fmt(&out, "%c", *template);
        template += len > 0 ? len : 1;
    }
    pl_err e = out.has_failed ? PL_EINVAL : PL_OK;
    if (!e)
        e = pl_copy(text, REFERENCE_MAX + 1, pl_buf_slice(&out));
    pl_buf_fini(&out);
    return e;
}

bool pl_reference_is_good(const char *text)
{
    const names none = {"", "", ""};
    while (*text) {
        size_t len = put_word(text, &none, NULL);
        if (len == 0 && (*text <= 0x20 || *text >= 0x7f || *text == '{'))
            return false;
        text += len > 0 ? len : 1;
    }
    return true;
}

/* What the room is for, and the tag that says so. */
static pl_err put_reference(const pl_api_call *call, pl_video_create *m)
{
    const pl_video_rules *rules = call->video;
    const names n = {call->new_id, m->client_id, m->device_code};
    char suffix[PL_UUI_SUFFIX_MAX + 1];
    size_t max = TAG_MAX - strlen(rules->tag_prefix);
    pl_err e = make_reference(rules->reference, &n, m->reference);
    if (e || !m->reference[0])
        return e;
    e = pl_uui_suffix(pl_slice_str(m->reference), false, max, suffix);
    if (e)
        return PL_EINVAL;
    pl_fmt_cut(m->tag, sizeof m->tag, "%s%s", rules->tag_prefix, suffix);
    PL_MSG_SET(VIDEO_CREATE, video_create, m, reference);
    PL_MSG_SET(VIDEO_CREATE, video_create, m, tag);
    return PL_OK;
}

static bool is_open(const pl_api_call *call)
{
    const pl_video_rules *rules = call->video;
    int64_t offset_ms = 0;
    return !rules->hours ||
           (pl_zone_offset(rules->zone, call->wall_ms, &offset_ms) == PL_OK &&
            pl_hours_are_open(rules->hours, call->wall_ms + offset_ms));
}

/* A device speaks for itself only. */
static bool is_own(const pl_caller *caller, const char *client_id,
                   const char *device_code)
{
    return !caller->device_code[0] ||
           (strcmp(caller->client_id, client_id) == 0 &&
            strcmp(caller->device_code, device_code) == 0);
}

static pl_err prepare_create(pl_api_call *call, pl_answer *answer)
{
    pl_video_create *m = &call->message.video_create;
    values v;
    *m = (pl_video_create){0};
    pl_err e = open_values(call, &v);
    if (e)
        return e;
    if (!need_value(&v, "client_id", m->client_id, PERSON_MAX + 1, answer) ||
        !need_value(&v, "device_code", m->device_code, PERSON_MAX + 1, answer))
        return PL_OK;
    if (!is_own(call->caller, m->client_id, m->device_code))
        return PL_EFORBIDDEN;
    if (!is_open(call)) {
        pl_video_not_granted(answer, "outside_service_hours");
        return PL_OK;
    }
    pl_slice host = call->video->host[0] ? pl_slice_str(call->video->host)
                                         : pl_http_head_get(call->head, "host");
    if (PL_PUT(m->destination_host, host) == PL_OK)
        PL_MSG_SET(VIDEO_CREATE, video_create, m, destination_host);
    e = put_reference(call, m);
    if (!e)
        call->desc = &PL_MSG_VIDEO_CREATE;
    return e;
}

static void finish_create(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer)
{
    if (pl_video_failed(call, e, &PL_MSG_VIDEO_SESSION, desc, body, answer))
        return;
    pl_answer_json(answer, 201);
    pl_video_put_session(answer, body, NULL);
}

/* ---- one that is named ---- */

/* The id of the path; a device's own sessions are all that it sees. */
#define PUT_NAMED(UPPER, sym, m)                                               \
    do {                                                                       \
        *(m) = (pl_##sym){0};                                                  \
        if (PL_PUT((m)->id, pl_slice_str(pl_call_param(call, 0))))             \
            return PL_ENOENT;                                                  \
        if (call->caller->device_code[0]) {                                    \
            pl_fmt_cut((m)->client_id, sizeof(m)->client_id, "%s",             \
                       call->caller->client_id);                               \
            pl_fmt_cut((m)->device_code, sizeof(m)->device_code, "%s",         \
                       call->caller->device_code);                             \
            PL_MSG_SET(UPPER, sym, (m), client_id);                            \
            PL_MSG_SET(UPPER, sym, (m), device_code);                          \
        }                                                                      \
        call->desc = &PL_MSG_##UPPER;                                          \
    } while (0)

static pl_err prepare_get(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    PUT_NAMED(VIDEO_GET, video_get, &call->message.video_get);
    return PL_OK;
}

static void finish_get(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                       const void *body, pl_answer *answer)
{
    if (pl_video_failed(call, e, &PL_MSG_VIDEO_SESSION, desc, body, answer))
        return;
    pl_answer_json(answer, 200);
    pl_video_put_session(answer, body, NULL);
}

static pl_err prepare_delete(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    PUT_NAMED(VIDEO_DELETE, video_delete, &call->message.video_delete);
    return PL_OK;
}

static void finish_delete(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer)
{
    if (!pl_video_failed(call, e, &PL_MSG_OK_REPLY, desc, body, answer))
        pl_answer_empty(answer, 204);
}

/* What the app writes: in full, or the short form that older ones know. */
static pl_video_state find_state(const char *text)
{
    char full[STATUS_MAX + 16];
    static const char *const shorts[] = {"started", "failed", "ended"};
    for (size_t i = 0; i < sizeof shorts / sizeof shorts[0]; i++) {
        if (strcmp(text, shorts[i]) == 0) {
            pl_fmt_cut(full, sizeof full, "session_%s", text);
            return pl_video_state_find(full);
        }
    }
    return pl_video_state_find(text);
}

/* The values, and the status among them; answered already when it is not. */
static pl_err open_status(pl_api_call *call, values *v,
                          char status[STATUS_MAX + 1], pl_answer *answer)
{
    pl_err e = open_values(call, v);
    if (!e)
        (void)need_value(v, "status", status, STATUS_MAX + 1, answer);
    return e;
}

static pl_err prepare_status(pl_api_call *call, pl_answer *answer)
{
    pl_video_status *m = &call->message.video_status;
    char status[STATUS_MAX + 1];
    values v;
    pl_err e = open_status(call, &v, status, answer);
    if (e || answer->status != 0)
        return e;
    pl_video_state state = find_state(status);
    if (state == PL_VIDEO_STATE_UNKNOWN)
        return pl_video_refuse(answer, "status",
                               "is none of session_started, session_failed, "
                               "session_ended");
    PUT_NAMED(VIDEO_STATUS, video_status, m);
    m->state = state;
    pl_buf_init(&call->list, STATUS_MAX); /* as it was written */
    pl_buf_add_str(&call->list, status);
    return PL_OK;
}

static void finish_status(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer)
{
    if (pl_video_failed(call, e, &PL_MSG_VIDEO_SESSION, desc, body, answer))
        return;
    pl_answer_json(answer, 200);
    pl_video_put_session(answer, body, pl_buf_text(&call->list));
}

/* ---- calls ---- */

/* The call's name in the body; that of the path must be the same. */
static pl_err put_call_id(const pl_api_call *call, const values *v,
                          pl_video_call_put *m, pl_answer *answer)
{
    static const char name[] = "client_call_id";
    const char *in_path = pl_call_param(call, 1);
    pl_err e = get_value(v, name, m->client_call_id, sizeof m->client_call_id);
    if (e == PL_EINVAL)
        return pl_video_refuse(answer, name, "is no text, or too long");
    if (e == PL_ENOENT)
        m->client_call_id[0] = '\0';
    if (in_path[0]) {
        if (!e && strcmp(in_path, m->client_call_id) != 0)
            return pl_video_refuse(answer, name, "is not that of the path");
        if (PL_PUT(m->client_call_id, pl_slice_str(in_path)) ||
            !pl_is_printable(pl_slice_str(in_path)))
            return PL_ENOENT;
    }
    if (m->client_call_id[0])
        PL_MSG_SET(VIDEO_CALL_PUT, video_call_put, m, client_call_id);
    return PL_OK;
}

static pl_err prepare_call(pl_api_call *call, pl_answer *answer)
{
    pl_video_call_put *m = &call->message.video_call_put;
    char status[STATUS_MAX + 1];
    values v;
    pl_err e = open_status(call, &v, status, answer);
    if (e || answer->status != 0)
        return e;
    pl_video_call_state state = pl_video_call_state_find(status);
    if (state == PL_VIDEO_CALL_STATE_UNKNOWN)
        return pl_video_refuse(answer, "status",
                               "is none of call_ringing, call_media_pending, "
                               "call_in_call, call_reconnected, call_dropped, "
                               "call_error, call_ended");
    PUT_NAMED(VIDEO_CALL_PUT, video_call_put, m);
    m->state = state;
    e = put_call_id(call, &v, m, answer);
    if (e || answer->status != 0)
        call->desc = NULL;
    return e;
}

static void finish_call(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                        const void *body, pl_answer *answer)
{
    if (pl_video_failed(call, e, &PL_MSG_VIDEO_CALL, desc, body, answer))
        return;
    pl_answer_json(
        answer, call->match->route->op == &PL_OP_VIDEO_CALL_CREATE ? 201 : 200);
    pl_video_put_call(answer, body);
}

/* ---- where and when ---- */

const char *pl_destinations_fault(const pl_json *destinations)
{
    pl_slice name;
    int64_t priority;
    if (pl_json_is_object(destinations))
        return "want an array";
    for (size_t i = 0; i < pl_json_count(destinations); i++) {
        const pl_json *one = pl_json_at(destinations, i);
        if (pl_json_get_str(one, "destination_name", &name) ||
            pl_json_get_i64(one, "destination_priority", &priority))
            return "want a destination_name and a destination_priority in each";
    }
    return NULL;
}

static pl_err prepare_destinations(pl_api_call *call, pl_answer *answer)
{
    pl_ip ip;
    bool is_staff = call->source && call->video->staff &&
                    pl_ip_parse(pl_slice_str(call->source), &ip) == PL_OK &&
                    pl_cidr_has(call->video->staff, &ip);
    pl_answer_json(answer, 200);
    pl_video_put_destinations(answer, call->video->destinations, is_staff);
    return PL_OK;
}

static const char ALWAYS[] =
    "{\"time_zone\":\"UTC\",\"regular_service_periods\":[{\"start_day\":"
    "\"MON\",\"end_day\":\"SUN\",\"start_time\":\"00:00\",\"end_time\":"
    "\"24:00\"}],\"service_unavailable_periods\":[]}";

static pl_err prepare_hours(pl_api_call *call, pl_answer *answer)
{
    pl_answer_json(answer, 200);
    if (call->video->hours)
        return pl_json_dump(call->video->hours, &answer->body);
    pl_buf_add_str(&answer->body, ALWAYS);
    return PL_OK;
}

static pl_err prepare_discovery(pl_api_call *call, pl_answer *answer)
{
    const char *base = call->video->base;
    char url[300];
    int n = (int)strlen(base);
    n -= n > 0 && base[n - 1] == '/';
    pl_answer_json(answer, 200);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "issuer", base);
    pl_fmt_cut(url, sizeof url, "%.*s/video", n, base);
    pl_jw_str(&w, "video_call_endpoint", url);
    pl_fmt_cut(url, sizeof url, "%.*s/oauth2/token", n, base);
    pl_jw_str(&w, "token_endpoint", url);
    pl_fmt_cut(url, sizeof url, "%.*s/.well-known/jwks.json", n, base);
    pl_jw_str(&w, "jwks_uri", url);
    pl_jw_close(&w, '}');
    return PL_OK;
}

#define VIDEO_CALL(NAME, asked, answered)                                      \
    const pl_api_op PL_OP_VIDEO_##NAME = {.kind = PL_KIND_CALL,                \
                                          .family = PL_FAMILY_VIDEO,           \
                                          .auth = PL_AUTH_VIDEO,               \
                                          .prepare = prepare_##asked,          \
                                          .finish = finish_##answered};
#define VIDEO_LOCAL(NAME, auth_, asked)                                        \
    const pl_api_op PL_OP_VIDEO_##NAME = {.kind = PL_KIND_LOCAL,               \
                                          .family = PL_FAMILY_VIDEO,           \
                                          .auth = (auth_),                     \
                                          .prepare = prepare_##asked};
VIDEO_CALL(CREATE, create, create)
VIDEO_CALL(GET, get, get)
VIDEO_CALL(STATUS, status, status)
VIDEO_CALL(DELETE, delete, delete)
VIDEO_CALL(CALL_CREATE, call, call)
VIDEO_CALL(CALL_PUT, call, call)
VIDEO_CALL(CALL_UPSERT, call, call)
VIDEO_LOCAL(DESTINATIONS, PL_AUTH_VIDEO, destinations)
VIDEO_LOCAL(HOURS, PL_AUTH_VIDEO, hours)
VIDEO_LOCAL(DISCOVERY, PL_AUTH_NONE, discovery)
