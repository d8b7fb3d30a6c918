/* client_api.c - requests of the client API to messages and back. Every answer
 * is {"status":"success"|"failed","result":..} with exact types. */
#include "client_api.h"

#include <string.h>

#include "pl/str.h"

/* Texts are the ones that clients match. JOIN rows are for request_token. */
static const struct {
    bool is_join;
    pl_err e;
    int status;
    const char *text;
} ERRORS[] = {
    {true, PL_ENOENT, 404, "Neither conference nor gateway found"},
    {true, PL_EGONE, 404, "Neither conference nor gateway found"},
    {true, PL_EPIN_INVALID, 403, "Invalid PIN"},
    {true, PL_EFULL, 403, "Participant limit reached"},
    {true, PL_EUNAVAILABLE, 503, "Out of resource"},
    {true, PL_EAGAIN, 503, "Out of resource"}, /* many strangers of a source */
    {true, PL_EFORBIDDEN, 403, "Participant exceeded PIN entry retries"},
    {true, PL_EBUSY, 403, "Participant exceeded PIN entry retries"},
    {false, PL_EPROTO, 400, "Malformed request"},
    {false, PL_EINVAL, 400, "Invalid parameter"},
    {false, PL_ETOOBIG, 400, "Description too large"},
    {false, PL_EAUTH, 403, "Invalid token"},
    {false, PL_ENOENT, 403, "Invalid token"},
    {false, PL_EGONE, 403, "Invalid token"},
    {false, PL_EFORBIDDEN, 403, "Invalid role"},
    {false, PL_EMEDIA, 403, "No acceptable media"},
    {false, PL_EFULL, 403, "Out of resource"},
    {false, PL_ESTATE, 403, "Not possible now"},
    {false, PL_EBUSY, 403, "Not possible now"},
    {false, PL_EUNAVAILABLE, 503, "Out of resource"},
    {false, PL_ETIMEOUT, 503, "System in maintenance mode"},
    {false, PL_EDRAIN, 503, "System in maintenance mode"},
    {false, PL_EAGAIN, 503, "System in maintenance mode"},
    {false, PL_ENOMEM, 503, "Out of resource"},
};

static void open_envelope(pl_jw *w, pl_answer *answer, int status,
                          const char *word)
{
    pl_answer_json(answer, status);
    *w = (pl_jw){.out = &answer->body};
    pl_jw_open(w, NULL, '{');
    pl_jw_str(w, "status", word);
}

static void put_version(pl_jw *w)
{
    pl_jw_open(w, "version", '{');
    pl_jw_str(w, "version_id", "36");
    pl_jw_str(w, "pseudo_version", "79000.0.0");
    pl_jw_close(w, '}');
}

/* An object in `result` goes with "success" although the status is 403: old
 * clients look into it only then. guest: "required", or "none" where who has
 * no PIN may come in as guest. */
static void put_pin_prompt(pl_answer *answer, const char *guest)
{
    pl_jw w;
    open_envelope(&w, answer, 403, "success");
    pl_jw_open(&w, "result", '{');
    pl_jw_str(&w, "pin", "required");
    pl_jw_str(&w, "guest_pin", guest);
    put_version(&w);
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
}

void pl_client_fail(const pl_api_call *call, pl_err e, const char *text,
                    pl_answer *answer)
{
    bool is_join =
        call && call->match && call->match->route->op == &PL_OP_REQUEST_TOKEN;
    if (is_join && e == PL_EPIN_REQUIRED) {
        bool may_guest = text && strcmp(text, "guest_pin=none") == 0;
        put_pin_prompt(answer, may_guest ? "none" : "required");
        return;
    }
    for (size_t i = 0; i < sizeof ERRORS / sizeof ERRORS[0]; i++) {
        if (ERRORS[i].e == e && (is_join || !ERRORS[i].is_join)) {
            pl_answer_refuse(answer, PL_FAMILY_CLIENT, ERRORS[i].status,
                             ERRORS[i].text);
            return;
        }
    }
    pl_answer_refuse(answer, PL_FAMILY_CLIENT, 500, "Internal error");
}

static bool failed(const pl_api_call *call, pl_err e, const void *body,
                   pl_answer *answer)
{
    if (!e)
        return false;
    const pl_error *error = body;
    pl_client_fail(call, e, error ? error->text : NULL, answer);
    return true;
}

static void put_result_true(pl_answer *answer)
{
    pl_jw w;
    open_envelope(&w, answer, 200, "success");
    pl_jw_bool(&w, "result", true);
    pl_jw_close(&w, '}');
}

static void put_result_null(pl_answer *answer)
{
    pl_jw w;
    open_envelope(&w, answer, 200, "success");
    pl_jw_null(&w, "result");
    pl_jw_close(&w, '}');
}

/* The body as an object; an empty one is allowed where lenient. */
static pl_err parse_object(pl_api_call *call)
{
    pl_err e = pl_call_parse_body(call);
    if (!e && call->doc && !pl_json_is_object(call->doc))
        return PL_EPROTO;
    return e;
}

/* ---- token ---- */

static pl_err put_pin(const pl_api_call *call, pl_room_join *m)
{
    pl_slice pin = pl_http_head_get(call->head, "pin");
    if (pin.len == 0 && pl_json_get_str(call->doc, "pin", &pin) == PL_EPROTO)
        return PL_EPROTO;
    if (pin.len > 0 && pin.ptr[pin.len - 1] == '#')
        pin.len--; /* as keyed on a telephone */
    if (pin.len == 0)
        return PL_OK;
    if (!pl_is_utf8(pin) || pl_copy(m->pin, sizeof m->pin, pin))
        return PL_EPIN_INVALID;
    PL_MSG_SET(ROOM_JOIN, room_join, m, pin);
    return PL_OK;
}

/* Cut a name at max bytes without splitting a character. */
static pl_slice cut_name(pl_slice name, size_t max)
{
    if (name.len <= max)
        return name;
    size_t n = max;
    while (n > 0 && (name.ptr[n] & 0xc0) == 0x80)
        n--;
    return (pl_slice){name.ptr, n};
}

static pl_err request_token(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_room_join *m = &call->message.room_join;
    *m = (pl_room_join){0};
    pl_err e = parse_object(call);
    if (e)
        return e;
    pl_slice name;
    e = pl_json_get_str(call->doc, "display_name", &name);
    if (e)
        return PL_EINVAL;
    name = cut_name(name, sizeof m->display_name - 1);
    if (PL_PUT(m->display_name, name))
        return PL_EINVAL;
    if (PL_PUT(m->alias, pl_slice_str(pl_call_param(call, 0))))
        return PL_ENOENT;
    pl_fmt_cut(m->token_hash, sizeof m->token_hash, "%s", call->new_hash);
    pl_fmt_cut(m->source, sizeof m->source, "%s", call->source);
    call->desc = &PL_MSG_ROOM_JOIN;
    return put_pin(call, m);
}

static void put_token(pl_jw *w, const char *secret, const char *participant_id)
{
    char token[PL_SEAT_TOKEN_MAX + 1];
    pl_fmt_cut(token, sizeof token, "%s%s", secret, participant_id);
    pl_jw_str(w, "token", token);
}

static void put_expires(pl_jw *w, uint32_t expires_s)
{
    char text[16];
    pl_fmt_cut(text, sizeof text, "%u", (unsigned)expires_s);
    pl_jw_str(w, "expires", text);
}

static const char *role_word(uint32_t role)
{
    return role == PL_PART_ROLE_HOST ? "HOST" : "GUEST";
}

static void finish_request_token(pl_api_call *call, pl_err e,
                                 const pl_msg_desc *desc, const void *body,
                                 pl_answer *answer)
{
    if (failed(call, e, body, answer))
        return;
    if (desc != &PL_MSG_ROOM_JOINED) {
        pl_client_fail(call, PL_EINTERNAL, NULL, answer);
        return;
    }
    static const char *const off[] = {
        "chat_enabled",   "guests_can_present",
        "fecc_enabled",   "rtmp_enabled",
        "rtsp_enabled",   "analytics_enabled",
        "vp9_enabled",    "allow_1080p",
        "direct_media",   "use_relay_candidates_only",
        "breakout_rooms", "route_via_registrar"};
    const pl_room_joined *m = body;
    pl_jw w;
    open_envelope(&w, answer, 200, "success");
    pl_jw_open(&w, "result", '{');
    put_token(&w, call->new_secret, m->participant_id);
    put_expires(&w, m->expires_s);
    pl_jw_str(&w, "participant_uuid", m->participant_id);
    pl_jw_str(&w, "role", role_word(m->role));
    pl_jw_str(&w, "display_name", m->display_name);
    pl_jw_str(&w, "current_service_type",
              m->waiting ? "waiting_room" : "conference");
    pl_jw_str(&w, "service_type", "conference");
    put_version(&w);
    pl_jw_str(&w, "conference_name", m->room_name);
    pl_jw_str(&w, "service_name", m->room_name);
    pl_jw_str(&w, "call_type", "audio");
    pl_jw_str(&w, "call_tag", "");
    pl_jw_str(&w, "idp_uuid", "");
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++)
        pl_jw_bool(&w, off[i], false);
    pl_jw_bool(&w, "trickle_ice_enabled", true);
    pl_jw_open(&w, "turn", '[');
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
}

#define PUT_SEAT(m)                                                            \
    do {                                                                       \
        pl_fmt_cut((m)->participant_id, sizeof(m)->participant_id, "%s",       \
                   call->seat->participant_id);                                \
        pl_fmt_cut((m)->token_hash, sizeof(m)->token_hash, "%s",               \
                   call->seat->token_hash);                                    \
    } while (0)

static pl_err refresh_token(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_refresh *m = &call->message.participant_refresh;
    *m = (pl_participant_refresh){0};
    PUT_SEAT(m);
    pl_fmt_cut(m->new_token_hash, sizeof m->new_token_hash, "%s",
               call->new_hash);
    call->desc = &PL_MSG_PARTICIPANT_REFRESH;
    return PL_OK;
}

static void finish_refresh_token(pl_api_call *call, pl_err e,
                                 const pl_msg_desc *desc, const void *body,
                                 pl_answer *answer)
{
    /* To a client that renews, a lost seat is a lost token. */
    if (failed(call, e == PL_EGONE ? PL_EAUTH : e, body, answer))
        return;
    if (desc != &PL_MSG_PARTICIPANT_REFRESHED) {
        pl_client_fail(call, PL_EINTERNAL, NULL, answer);
        return;
    }
    const pl_participant_refreshed *m = body;
    pl_jw w;
    open_envelope(&w, answer, 200, "success");
    pl_jw_open(&w, "result", '{');
    put_token(&w, call->new_secret, call->seat->participant_id);
    put_expires(&w, m->expires_s);
    pl_jw_str(&w, "role", role_word(m->role));
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
}

static pl_err release_token(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_leave *m = &call->message.participant_leave;
    *m = (pl_participant_leave){0};
    PUT_SEAT(m);
    call->desc = &PL_MSG_PARTICIPANT_LEAVE;
    /* A beacon brings no body, or one that is not JSON: the reason is only
     * text for the log. */
    pl_slice reason;
    if (parse_object(call) || pl_json_get_str(call->doc, "reason", &reason))
        return PL_OK;
    reason = cut_name(reason, sizeof m->reason - 1);
    if (pl_copy(m->reason, sizeof m->reason, reason) == PL_OK)
        PL_MSG_SET(PARTICIPANT_LEAVE, participant_leave, m, reason);
    return PL_OK;
}

static void finish_release_token(pl_api_call *call, pl_err e,
                                 const pl_msg_desc *desc, const void *body,
                                 pl_answer *answer)
{
    (void)desc;
    /* Releasing twice is harmless. */
    if (e == PL_EGONE)
        e = PL_OK;
    if (!failed(call, e, body, answer))
        put_result_true(answer);
}

/* ---- media calls ---- */

/* A guest acts for itself here: the path must name its own seat. */
static bool is_own_path(const pl_api_call *call)
{
    return strcmp(pl_call_param(call, 1), call->seat->participant_id) == 0;
}

static pl_err put_media(pl_api_call *call, pl_participant_media *m)
{
    if (!is_own_path(call))
        return PL_EFORBIDDEN;
    PUT_SEAT(m);
    pl_err e = parse_object(call);
    if (e)
        return e;
    if (pl_json_get_str(call->doc, "sdp", &m->sdp) || m->sdp.len == 0)
        return PL_EINVAL;
    call->desc = &PL_MSG_PARTICIPANT_MEDIA;
    return m->sdp.len > PL_SDP_MAX ? PL_ETOOBIG : PL_OK;
}

static pl_err call_start(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    call->message.participant_media = (pl_participant_media){0};
    pl_err e = put_media(call, &call->message.participant_media);
    pl_slice type;
    if (!e && pl_json_get_str(call->doc, "call_type", &type) == PL_OK &&
        !pl_slice_eq_str(type, "WEBRTC"))
        return PL_EINVAL;
    return e;
}

static pl_err call_update(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_media *m = &call->message.participant_media;
    *m = (pl_participant_media){0};
    if (PL_PUT(m->call_id, pl_slice_str(pl_call_param(call, 2))))
        return PL_EGONE;
    PL_MSG_SET(PARTICIPANT_MEDIA, participant_media, m, call_id);
    return put_media(call, m);
}

static void finish_media(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                         const void *body, pl_answer *answer)
{
    if (failed(call, e, body, answer))
        return;
    if (desc != &PL_MSG_PARTICIPANT_MEDIA_DONE) {
        pl_client_fail(call, PL_EINTERNAL, NULL, answer);
        return;
    }
    const pl_participant_media_done *m = body;
    pl_jw w;
    open_envelope(&w, answer, 200, "success");
    pl_jw_open(&w, "result", '{');
    pl_jw_str(&w, "call_uuid", m->call_id);
    pl_jw_slice(&w, "sdp", m->sdp);
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
}

static pl_err call_end(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_media_end *m = &call->message.participant_media_end;
    *m = (pl_participant_media_end){0};
    if (!is_own_path(call))
        return PL_EFORBIDDEN;
    PUT_SEAT(m);
    call->desc = &PL_MSG_PARTICIPANT_MEDIA_END;
    return PL_PUT(m->call_id, pl_slice_str(pl_call_param(call, 2))) ? PL_EGONE
                                                                    : PL_OK;
}

static void finish_null(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                        const void *body, pl_answer *answer)
{
    (void)desc;
    if (!failed(call, e, body, answer))
        put_result_null(answer);
}

static pl_err put_control(pl_api_call *call, pl_participant_control *m)
{
    PUT_SEAT(m);
    call->desc = &PL_MSG_PARTICIPANT_CONTROL;
    return PL_PUT(m->target_id, pl_slice_str(pl_call_param(call, 1))) ? PL_EGONE
                                                                      : PL_OK;
}

/* A control that changes nothing: roompool only checks the token. */
static pl_err check_seat(pl_api_call *call)
{
    if (!is_own_path(call))
        return PL_EFORBIDDEN;
    call->message.participant_control = (pl_participant_control){0};
    pl_err e = parse_object(call);
    return e ? e : put_control(call, &call->message.participant_control);
}

/* Media starts when ICE and DTLS are up, not on the client's ack; all server
 * candidates are in the answer and the client's own are learned from its
 * checks. Both requests therefore only need the right shape and token. */
static pl_err call_ack(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    return check_seat(call);
}

static pl_err call_candidate(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_err e = check_seat(call);
    pl_slice candidate;
    if (!e && pl_json_get_str(call->doc, "candidate", &candidate))
        e = PL_EINVAL;
    return e;
}

/* ---- participants ---- */

static pl_err set_muted(pl_api_call *call, bool is_muted)
{
    pl_participant_control *m = &call->message.participant_control;
    *m = (pl_participant_control){.muted = is_muted};
    PL_MSG_SET(PARTICIPANT_CONTROL, participant_control, m, muted);
    return put_control(call, m);
}

static pl_err mute(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    return set_muted(call, true);
}

static pl_err unmute(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    return set_muted(call, false);
}

static pl_err remove_other(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_control *m = &call->message.participant_control;
    *m = (pl_participant_control){.disconnect = true};
    PL_MSG_SET(PARTICIPANT_CONTROL, participant_control, m, disconnect);
    return put_control(call, m);
}

/* The target is named in the path: unknown is not the same as no token. */
static void finish_control(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                           const void *body, pl_answer *answer)
{
    (void)desc;
    if (e == PL_ENOENT && !is_own_path(call)) {
        pl_answer_refuse(answer, PL_FAMILY_CLIENT, 404,
                         "Participant not found");
    } else if (!failed(call, e, body, answer)) {
        put_result_true(answer);
    }
}

static void finish_true(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                        const void *body, pl_answer *answer)
{
    (void)desc;
    if (!failed(call, e, body, answer))
        put_result_true(answer);
}

/* The client mutes its own track; the flag is not shared with others. */
static pl_err client_mute(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    return check_seat(call);
}

static pl_err theme(pl_api_call *call, pl_answer *answer)
{
    (void)call;
    pl_answer_empty(answer, 204); /* no theme of its own */
    return PL_OK;
}

static pl_err node_status(pl_api_call *call, pl_answer *answer)
{
    (void)call;
    pl_jw w;
    open_envelope(&w, answer, 200, "success");
    pl_jw_str(&w, "result", "OK");
    pl_jw_close(&w, '}');
    return PL_OK;
}

/* ---- the operations ---- */

#define OP(NAME, kind_, auth_, prepare_, finish_)                              \
    const pl_api_op PL_OP_##NAME = {.kind = PL_KIND_##kind_,                   \
                                    .family = PL_FAMILY_CLIENT,                \
                                    .auth = PL_AUTH_##auth_,                   \
                                    .prepare = (prepare_),                     \
                                    .finish = (finish_)};
OP(REQUEST_TOKEN, CALL, NONE, request_token, finish_request_token)
OP(REFRESH_TOKEN, CALL, SEAT, refresh_token, finish_refresh_token)
OP(RELEASE_TOKEN, CALL, SEAT, release_token, finish_release_token)
OP(THEME, LOCAL, NONE, theme, NULL)
OP(SEAT_EVENTS, SEAT_EVENTS, SEAT, NULL, NULL)
OP(CALL_START, CALL, SEAT, call_start, finish_media)
OP(CALL_ACK, CALL, SEAT, call_ack, finish_true)
OP(CALL_UPDATE, CALL, SEAT, call_update, finish_media)
OP(CALL_END, CALL, SEAT, call_end, finish_null)
OP(CALL_CANDIDATE, CALL, SEAT, call_candidate, finish_null)
OP(MUTE, CALL, SEAT, mute, finish_control)
OP(UNMUTE, CALL, SEAT, unmute, finish_control)
OP(REMOVE, CALL, SEAT, remove_other, finish_control)
OP(CLIENT_MUTE, CALL, SEAT, client_mute, finish_true)
OP(NODE_STATUS, LOCAL, NONE, node_status, NULL)
