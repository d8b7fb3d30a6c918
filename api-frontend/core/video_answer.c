/* video_answer.c - sessions, calls and errors of the video API as JSON. */
#include "pl/str.h"
#include "video_api.h"

/* The first row that fits counts; a row with an operation is for that alone. */
static const struct {
    const pl_api_op *op;
    pl_err e;
    int status;
    const char *text;
} ERRORS[] = {
    {NULL, PL_EAUTH, 401, "unauthorized"},
    {NULL, PL_EFORBIDDEN, 403, "forbidden"},
    {NULL, PL_ENOENT, 404, "not_found"},
    {NULL, PL_EGONE, 404, "not_found"},
    {NULL, PL_ESTATE, 409, "invalid_state"},
    {NULL, PL_EPROTO, 400, "invalid_json"},
    {NULL, PL_EUNSUPPORTED, 415, "unsupported_media_type"},
    {NULL, PL_EINVAL, 422, "invalid_request"},
    {NULL, PL_ETOOBIG, 422, "invalid_request"},
    {NULL, PL_ERATE, 429, "too_many_sessions"},
    {&PL_OP_VIDEO_CALL_CREATE, PL_EFULL, 409, "too_many_calls"},
    {&PL_OP_VIDEO_CALL_PUT, PL_EFULL, 409, "too_many_calls"},
    {&PL_OP_VIDEO_CALL_UPSERT, PL_EFULL, 409, "too_many_calls"},
    {NULL, PL_EFULL, 503, "no_room"},
    {NULL, PL_EAGAIN, 503, "unavailable"},
    {NULL, PL_EDRAIN, 503, "unavailable"},
    {NULL, PL_ETIMEOUT, 503, "unavailable"},
    {NULL, PL_EUNAVAILABLE, 503, "unavailable"},
    {NULL, PL_ENOMEM, 503, "unavailable"},
};

pl_err pl_video_refuse(pl_answer *answer, const char *field, const char *reason)
{
    pl_answer_json(answer, 422);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "error", "invalid_request");
    pl_jw_str(&w, "field", field);
    pl_jw_str(&w, "reason", reason);
    pl_jw_close(&w, '}');
    return PL_OK;
}

void pl_video_not_granted(pl_answer *answer, const char *error)
{
    pl_answer_json(answer, 503);
    pl_answer_header(answer, "Retry-After", "5");
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "error", error);
    pl_jw_str(&w, "status", pl_video_state_text(PL_VIDEO_STATE_NOT_GRANTED));
    pl_jw_close(&w, '}');
}

void pl_video_fail(const pl_api_call *call, pl_err e, const char *text,
                   pl_answer *answer)
{
    const pl_api_op *op = pl_call_op(call);
    (void)text;
    for (size_t i = 0; i < sizeof ERRORS / sizeof ERRORS[0]; i++) {
        if (ERRORS[i].e != e || (ERRORS[i].op && ERRORS[i].op != op))
            continue;
        if (ERRORS[i].status == 503 && op == &PL_OP_VIDEO_CREATE) {
            pl_video_not_granted(answer, ERRORS[i].text);
        } else {
            pl_answer_refuse(answer, PL_FAMILY_VIDEO, ERRORS[i].status,
                             ERRORS[i].text);
        }
        return;
    }
    pl_answer_refuse(answer, PL_FAMILY_VIDEO, 500, "internal_error");
}

bool pl_video_failed(const pl_api_call *call, pl_err e, const pl_msg_desc *want,
                     const pl_msg_desc *desc, const void *body,
                     pl_answer *answer)
{
    (void)body;
    if (!e && desc != want)
        e = PL_EINTERNAL;
    if (e)
        pl_video_fail(call, e, NULL, answer);
    return e != PL_OK;
}

void pl_video_put_session(pl_answer *answer, const pl_video_session *m,
                          const char *status)
{
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "client_id", m->client_id);
    pl_jw_str(&w, "device_code", m->device_code);
    pl_jw_str(&w, "session_id", m->session_id);
    pl_jw_str(&w, "destination_host", m->destination_host);
    pl_jw_str(&w, "room_name", m->room_name);
    pl_jw_str(&w, "room_alias", m->room_alias);
    pl_jw_str(&w, "guest_pin", m->guest_pin);
    pl_jw_int(&w, "queue_position", m->queue_position);
    pl_jw_str(&w, "status", status ? status : pl_video_state_text(m->state));
    pl_jw_int(&w, "status_date", m->status_ms / 1000);
    pl_jw_int(&w, "created_date", m->created_ms / 1000);
    pl_jw_close(&w, '}');
}

void pl_video_put_call(pl_answer *answer, const pl_video_call *m)
{
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "session_id", m->session_id);
    pl_jw_str(&w, "call_id", m->call_id);
    pl_jw_str(&w, "client_call_id", m->client_call_id);
    pl_jw_str(&w, "status", pl_video_call_state_text(m->state));
    pl_jw_int(&w, "status_date", m->status_ms / 1000);
    pl_jw_close(&w, '}');
}

static void put_destination(pl_jw *w, const pl_json *from, bool all)
{
    static const struct {
        const char *name;
        bool is_text, is_public;
    } members[] = {
        {"destination_name", true, true},
        {"destination_priority", false, true},
        {"destination_host", true, false},
        {"max_active_sessions", false, false},
        {"max_inactive_seconds", false, false},
        {"number_of_agents", false, false},
    };
    pl_jw_open(w, NULL, '{');
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        pl_slice text;
        int64_t n;
        if (!members[i].is_public && !all)
            continue;
        if (members[i].is_text &&
            pl_json_get_str(from, members[i].name, &text) == PL_OK)
            pl_jw_slice(w, members[i].name, text);
        if (!members[i].is_text &&
            pl_json_get_i64(from, members[i].name, &n) == PL_OK)
            pl_jw_int(w, members[i].name, n);
    }
    pl_jw_close(w, '}');
}

void pl_video_put_destinations(pl_answer *answer, const pl_json *list, bool all)
{
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '[');
    if (!list) {
        pl_jw_open(&w, NULL, '{');
        pl_jw_str(&w, "destination_name", "Agents");
        pl_jw_int(&w, "destination_priority", 1);
        pl_jw_close(&w, '}');
    }
    for (size_t i = 0; i < pl_json_count(list); i++)
        put_destination(&w, pl_json_at(list, i), all);
    pl_jw_close(&w, ']');
}
