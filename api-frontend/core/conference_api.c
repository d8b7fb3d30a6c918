/* conference_api.c - requests of the conference API to messages and back. */
#include "conference_api.h"

#include <string.h>

#include "pl/str.h"

static const char RTC1_BASE[] = "/RTC/v1";

/* Errors: only the pairs of status and code that old clients digest; a 404
 * says "session gone" to them and is used for nothing else.
 * Without a code the body is the generic one of that status. */
static const struct {
    pl_err e;
    int status;
    const char *code, *text;
} ERRORS[] = {
    {PL_EINVAL, 400, "SVC0003", "A parameter has an invalid value"},
    {PL_EPROTO, 400, "SVC0001", "The request body is malformed"},
    {PL_ENOENT, 404, NULL, "The session does not exist"},
    {PL_EGONE, 400, "SVC0003", "No such conference or participant"},
    {PL_ESTATE, 400, "SVC0001", "Not possible in this state"},
    {PL_EBUSY, 409, "SVC8501", "Another change is in progress"},
    {PL_EEXIST, 400, "SVC0001", "Already there"},
    {PL_EAUTH, 401, "POL0001", "The token is not valid here"},
    {PL_EFORBIDDEN, 403, "POL0001", "Not allowed"},
    {PL_EFULL, 403, "POL0002", "A limit is reached"},
    {PL_EMEDIA, 400, "SVC0003", "No acceptable media in the sdp"},
    {PL_ETOOBIG, 400, "SVC0003", "The sdp is too large"},
    {PL_EUNSUPPORTED, 400, "SVC0003", "Not supported"},
    {PL_EPIN_REQUIRED, 403, "POL0001", "A PIN is required"},
    {PL_EPIN_INVALID, 403, "POL0001", "The PIN is wrong"},
    {PL_ETIMEOUT, 504, NULL, "No answer in time"},
    {PL_EUNAVAILABLE, 503, NULL, "The service is not available now"},
    {PL_EDRAIN, 503, NULL, "The service is restarting"},
    {PL_EAGAIN, 503, NULL, "The service is not available now"},
    {PL_ENOMEM, 503, NULL, "The service is not available now"},
};

static void put_error(pl_answer *answer, int status, const char *code,
                      const char *text)
{
    pl_answer_json(answer, status);
    bool is_policy = strncmp(code, "POL", 3) == 0;
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_open(&w, "RequestError", '{');
    pl_jw_open(&w, is_policy ? "PolicyException" : "ServiceException", '{');
    pl_jw_str(&w, "MessageId", code);
    pl_jw_str(&w, "Text", text);
    pl_jw_str(&w, "Variables", "");
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
}

void pl_conference_fail(const pl_api_call *call, pl_err e, const char *text,
                        pl_answer *answer)
{
    bool is_create =
        call && call->match && call->match->route->op == &PL_OP_SESSION_CREATE;
    bool is_bind =
        call && call->match && call->match->route->op == &PL_OP_USER_BIND;
    if (is_create && e == PL_EFULL) {
        put_error(answer, 403, "POL1100", "Too many sessions of this user");
        return;
    }
    if (is_create && e == PL_EEXIST) {
        put_error(answer, 400, "SVC8514",
                  "The token is used by another session");
        return;
    }
    if (is_bind && e == PL_ENOENT) {
        put_error(answer, 404, "SVC8514", "The user id is not known");
        return;
    }
    if (e == PL_EAUTH) {
        pl_answer_header(answer, "WWW-Authenticate",
                         "Bearer realm=\"parley\", error=\"invalid_token\"");
    }
    for (size_t i = 0; i < sizeof ERRORS / sizeof ERRORS[0]; i++) {
        if (ERRORS[i].e != e)
            continue;
        if (!ERRORS[i].code) {
            pl_answer_refuse(answer, PL_FAMILY_CONFERENCE, ERRORS[i].status,
                             ERRORS[i].text);
        } else {
            put_error(answer, ERRORS[i].status, ERRORS[i].code,
                      text ? text : ERRORS[i].text);
        }
        return;
    }
    pl_answer_refuse(answer, PL_FAMILY_CONFERENCE, 500, "Internal fault");
}

pl_dialect pl_conference_dialect(const char *path)
{
    return strncmp(path, RTC1_BASE, sizeof RTC1_BASE - 1) == 0
               ? PL_DIALECT_RTC1
               : PL_DIALECT_BARE;
}

static const char *base_of(const pl_api_call *call)
{
    return pl_conference_dialect(call->match->route->path) == PL_DIALECT_RTC1
               ? RTC1_BASE
               : "";
}

static int created_status(const pl_api_call *call)
{
    return pl_conference_dialect(call->match->route->path) == PL_DIALECT_RTC1
               ? 201
               : 202;
}

pl_err pl_conference_find_action(pl_slice value, pl_action *ret_action)
{
    static const struct {
        const char *value;
        pl_action action;
    } rows[] = {
        {"call-answer", PL_ACTION_ANSWER},
        {"conference-answer", PL_ACTION_ANSWER},
        {"initiate-hold", PL_ACTION_HOLD},
        {"initiate-conference-hold", PL_ACTION_HOLD},
        {"initiate-call-hold", PL_ACTION_HOLD_MOVE},
        {"initiate-resume", PL_ACTION_RESUME},
        {"initiate-conference-resume", PL_ACTION_RESUME},
        {"initiate-call-resume", PL_ACTION_RESUME},
        {"initiate-conference-mod", PL_ACTION_MODIFY},
        {"initiate-call-mod", PL_ACTION_MODIFY},
        {"accept-media-mod", PL_ACTION_ACCEPT},
        {"accept-conference-mod", PL_ACTION_ACCEPT},
        {"accept-call-mod", PL_ACTION_ACCEPT},
        {"rejectCancel-conference-mod", PL_ACTION_REJECT},
        {"rejectCancel-call-mod", PL_ACTION_REJECT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (pl_slice_eq_nocase(value, rows[i].value)) {
            *ret_action = rows[i].action;
            return PL_OK;
        }
    }
    return PL_EINVAL;
}

pl_err pl_conference_find_sdp(const pl_json *doc, pl_slice *ret_sdp)
{
    static const char *const places[] = {"conference", "call",
                                         "conferenceModifications",
                                         "callsMediaModifications"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        pl_err e = pl_json_get_str(pl_json_get(doc, places[i]), "sdp", ret_sdp);
        if (e != PL_ENOENT)
            return e;
    }
    return pl_json_get_str(doc, "sdp", ret_sdp);
}

/* The body's SDP; an absent one is an empty slice. */
static pl_err read_sdp(pl_api_call *call, pl_slice *ret_sdp)
{
    *ret_sdp = (pl_slice){NULL, 0};
    pl_err e = pl_call_parse_body(call);
    if (e || !call->doc)
        return e;
    if (!pl_json_is_object(call->doc))
        return PL_EPROTO;
    e = pl_conference_find_sdp(call->doc, ret_sdp);
    if (e == PL_ENOENT)
        return PL_OK;
    if (!e && ret_sdp->len > PL_SDP_MAX)
        return PL_ETOOBIG;
    return e;
}

/* ---- users and sessions ---- */

static pl_err put_e911(const pl_api_call *call, char *buf, size_t cap,
                       bool *ret_has)
{
    pl_slice id = pl_http_head_get(call->head, "x-e911Id");
    *ret_has = false;
    if (pl_json_get_str(pl_json_get(call->doc, "e911Association"), "e911Id",
                        &id) == PL_EPROTO)
        return PL_EINVAL;
    /* "undefined" is what a client sends that has none. */
    if (id.len == 0 || pl_slice_eq_str(id, "undefined"))
        return PL_OK;
    *ret_has = true;
    return !pl_is_utf8(id) || pl_copy(buf, cap, id) ? PL_EINVAL : PL_OK;
}

static pl_err user_bind(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_user_bind *m = &call->message.user_bind;
    *m = (pl_user_bind){0};
    pl_fmt_cut(m->client_id, sizeof m->client_id, "%s",
               call->caller->client_id);
    pl_fmt_cut(m->token_hash, sizeof m->token_hash, "%s",
               call->caller->token_hash);
    call->desc = &PL_MSG_USER_BIND;
    return PL_PUT(m->user_id, pl_slice_str(pl_call_param(call, 0)));
}

static pl_err session_create(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_session_create *m = &call->message.session_create;
    *m = (pl_session_create){
        .dialect = pl_conference_dialect(call->match->route->path)};
    pl_err e = pl_call_parse_body(call);
    if (e || (call->doc && !pl_json_is_object(call->doc)))
        return e ? e : PL_EPROTO;
    const pl_caller *caller = call->caller;
    pl_fmt_cut(m->client_id, sizeof m->client_id, "%s", caller->client_id);
    pl_fmt_cut(m->token_hash, sizeof m->token_hash, "%s", caller->token_hash);
    pl_fmt_cut(m->subject, sizeof m->subject, "%s", caller->subject);
    if (caller->user_id[0]) {
        pl_fmt_cut(m->user_id, sizeof m->user_id, "%s", caller->user_id);
        PL_MSG_SET(SESSION_CREATE, session_create, m, user_id);
    }
    if (caller->expires_ms > 0) {
        m->token_expires_ms = caller->expires_ms;
        PL_MSG_SET(SESSION_CREATE, session_create, m, token_expires_ms);
    }
    bool has_e911;
    e = put_e911(call, m->e911_id, sizeof m->e911_id, &has_e911);
    if (!e && has_e911)
        PL_MSG_SET(SESSION_CREATE, session_create, m, e911_id);
    call->desc = &PL_MSG_SESSION_CREATE;
    return e;
}

/* client_id, token_hash and session_id, which every later request has. */
#define PUT_ACTOR(UPPER, sym, m)                                               \
    do {                                                                       \
        pl_fmt_cut((m)->client_id, sizeof(m)->client_id, "%s",                 \
                   call->caller->client_id);                                   \
        pl_fmt_cut((m)->token_hash, sizeof(m)->token_hash, "%s",               \
                   call->caller->token_hash);                                  \
        if (has_session(call)) {                                               \
            if (PL_PUT((m)->session_id, pl_slice_str(pl_call_param(call, 0)))) \
                return PL_ENOENT;                                              \
            PL_MSG_SET(UPPER, sym, (m), session_id);                           \
        }                                                                      \
    } while (0)

/* Whether the path names the session; /mediaConferences does not. */
static bool has_session(const pl_api_call *call)
{
    return strstr(call->match->route->path, "/sessions/") != NULL;
}

/* A parameter counted behind the session id, if there is one. */
static pl_slice param_after_session(const pl_api_call *call, unsigned index)
{
    return pl_slice_str(
        pl_call_param(call, has_session(call) ? index + 1 : index));
}

static pl_err session_refresh(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_session_refresh *m = &call->message.session_refresh;
    *m = (pl_session_refresh){0};
    pl_err e = pl_call_parse_body(call);
    if (e)
        return e;
    PUT_ACTOR(SESSION_REFRESH, session_refresh, m);
    bool has_e911;
    e = put_e911(call, m->e911_id, sizeof m->e911_id, &has_e911);
    if (!e && has_e911)
        PL_MSG_SET(SESSION_REFRESH, session_refresh, m, e911_id);
    call->desc = &PL_MSG_SESSION_REFRESH;
    return e;
}

static pl_err session_delete(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_session_delete *m = &call->message.session_delete;
    *m = (pl_session_delete){0};
    PUT_ACTOR(SESSION_DELETE, session_delete, m);
    call->desc = &PL_MSG_SESSION_DELETE;
    return PL_OK;
}

/* ---- conferences ---- */

static pl_err conference_create(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_conference_create *m = &call->message.conference_create;
    *m = (pl_conference_create){0};
    PUT_ACTOR(CONFERENCE_CREATE, conference_create, m);
    pl_err e = read_sdp(call, &m->sdp);
    if (m->sdp.len > 0)
        PL_MSG_SET(CONFERENCE_CREATE, conference_create, m, sdp);
    call->desc = &PL_MSG_CONFERENCE_CREATE;
    return e;
}

/* The first of these headers that is there. */
static pl_slice any_header(const pl_api_call *call, const char *const *names)
{
    for (; *names; names++) {
        if (pl_http_head_has(call->head, *names))
            return pl_http_head_get(call->head, *names);
    }
    return (pl_slice){NULL, 0};
}

static pl_err put_mod_id(const pl_api_call *call, pl_conference_action *m)
{
    static const char *const names[] = {"x-modId", "x-mod-Id", "modID", NULL};
    pl_slice id = any_header(call, names);
    if (id.len == 0 && pl_json_get_str(call->doc, "modID", &id) == PL_EPROTO)
        return PL_EINVAL;
    if (id.len == 0) {
        return m->action == PL_ACTION_ACCEPT || m->action == PL_ACTION_REJECT
                   ? PL_EINVAL
                   : PL_OK;
    }
    PL_MSG_SET(CONFERENCE_ACTION, conference_action, m, mod_id);
    return pl_is_utf8(id) ? PL_PUT(m->mod_id, id) : PL_EINVAL;
}

static pl_err conference_action(pl_api_call *call, pl_answer *answer)
{
    static const char *const names[] = {"x-conference-action", "x-calls-action",
                                        "action", NULL};
    pl_conference_action *m = &call->message.conference_action;
    *m = (pl_conference_action){0};
    PUT_ACTOR(CONFERENCE_ACTION, conference_action, m);
    if (PL_PUT(m->conf_id, param_after_session(call, 0)))
        return PL_EGONE;
    pl_slice word = any_header(call, names);
    if (word.len == 0) {
        put_error(answer, 400, "SVC0002", "x-conference-action is missing");
        return PL_OK;
    }
    pl_action action;
    pl_err e = pl_conference_find_action(word, &action);
    if (e)
        return e;
    m->action = action;
    e = read_sdp(call, &m->sdp);
    if (m->sdp.len > 0)
        PL_MSG_SET(CONFERENCE_ACTION, conference_action, m, sdp);
    call->desc = &PL_MSG_CONFERENCE_ACTION;
    return e ? e : put_mod_id(call, m);
}

static pl_err conference_delete(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_conference_delete *m = &call->message.conference_delete;
    *m = (pl_conference_delete){.reason = PL_DELETE_REASON_TERMINATE};
    PUT_ACTOR(CONFERENCE_DELETE, conference_delete, m);
    if (PL_PUT(m->conf_id, param_after_session(call, 0)))
        return PL_EGONE;
    pl_slice word = pl_http_head_get(call->head, "x-delete-reason");
    if (word.len > 0) {
        char text[16];
        if (pl_copy(text, sizeof text, word))
            return PL_EINVAL;
        m->reason = pl_delete_reason_find(text);
        if (m->reason == PL_DELETE_REASON_UNKNOWN)
            return PL_EINVAL;
    }
    call->desc = &PL_MSG_CONFERENCE_DELETE;
    return PL_OK;
}

static pl_err participant_invite(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_invite *m = &call->message.participant_invite;
    *m = (pl_participant_invite){0};
    PUT_ACTOR(PARTICIPANT_INVITE, participant_invite, m);
    if (PL_PUT(m->conf_id, param_after_session(call, 0)))
        return PL_EGONE;
    call->desc = &PL_MSG_PARTICIPANT_INVITE;
    return PL_PUT(m->address, param_after_session(call, 1));
}

static pl_err participant_remove(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_remove *m = &call->message.participant_remove;
    *m = (pl_participant_remove){0};
    PUT_ACTOR(PARTICIPANT_REMOVE, participant_remove, m);
    if (PL_PUT(m->conf_id, param_after_session(call, 0)))
        return PL_EGONE;
    call->desc = &PL_MSG_PARTICIPANT_REMOVE;
    return PL_PUT(m->address, param_after_session(call, 1));
}

/* ---- answers ---- */

static void put_expires(pl_answer *answer, uint32_t expires_s)
{
    char text[16];
    pl_fmt_cut(text, sizeof text, "%u", (unsigned)expires_s);
    pl_answer_header(answer, "x-expires", text);
}

static void put_location(pl_answer *answer, const pl_api_call *call,
                         const char *session_id, const char *conf_id)
{
    char text[256];
    pl_fmt_cut(text, sizeof text, "%s/sessions/%s%s%s", base_of(call),
               session_id, conf_id ? "/conferences/" : "",
               conf_id ? conf_id : "");
    pl_answer_header(answer, "Location", text);
}

/* A pl_error as the answer; true when e was one. */
static bool failed(const pl_api_call *call, pl_err e, const void *body,
                   pl_answer *answer)
{
    if (!e)
        return false;
    const pl_error *error = body;
    pl_conference_fail(call, e, error && error->text[0] ? error->text : NULL,
                       answer);
    if (error && PL_MSG_HAS(ERROR, error, error, retry_after_s)) {
        char text[16];
        pl_fmt_cut(text, sizeof text, "%u", (unsigned)error->retry_after_s);
        pl_answer_header(answer, "Retry-After", text);
    }
    return true;
}

static void finish_empty(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                         const void *body, pl_answer *answer)
{
    (void)desc;
    if (!failed(call, e, body, answer))
        pl_answer_empty(answer, 204);
}

static void finish_session_create(pl_api_call *call, pl_err e,
                                  const pl_msg_desc *desc, const void *body,
                                  pl_answer *answer)
{
    if (failed(call, e, body, answer))
        return;
    if (desc != &PL_MSG_SESSION_CREATED) {
        pl_conference_fail(call, PL_EINTERNAL, NULL, answer);
        return;
    }
    const pl_session_created *m = body;
    pl_answer_json(answer, created_status(call));
    put_location(answer, call, m->session_id, NULL);
    put_expires(answer, m->expires_s);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "sessionId", m->session_id);
    pl_jw_int(&w, "expires", m->expires_s);
    pl_jw_str(&w, "userId", m->user_id);
    pl_jw_close(&w, '}');
}

static void finish_refresh(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                           const void *body, pl_answer *answer)
{
    if (failed(call, e, body, answer))
        return;
    pl_answer_empty(answer, 204);
    if (desc == &PL_MSG_SESSION_REFRESHED)
        put_expires(answer, ((const pl_session_refreshed *)body)->expires_s);
}

static void finish_delete(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer)
{
    (void)desc;
    if (failed(call, e, body, answer))
        return;
    pl_answer_json(answer, 200);
    pl_buf_add_str(&answer->body, "{}");
}

static void finish_conference_create(pl_api_call *call, pl_err e,
                                     const pl_msg_desc *desc, const void *body,
                                     pl_answer *answer)
{
    if (e == PL_EINVAL && call->message.conference_create.sdp.len == 0) {
        put_error(answer, 400, "SVC0002", "conference.sdp is missing");
        return;
    }
    if (failed(call, e, body, answer))
        return;
    if (desc != &PL_MSG_CONFERENCE_CREATED) {
        pl_conference_fail(call, PL_EINTERNAL, NULL, answer);
        return;
    }
    const pl_conference_created *m = body;
    pl_answer_json(answer, created_status(call));
    put_location(answer, call, m->session_id, m->conf_id);
    pl_answer_header(answer, "x-state", "invitation-sent");
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "confId", m->conf_id);
    pl_jw_close(&w, '}');
}

static void finish_action(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer)
{
    if (failed(call, e, body, answer))
        return;
    pl_answer_empty(answer, 204);
    if (desc != &PL_MSG_CONFERENCE_ACTION_DONE)
        return;
    const pl_conference_action_done *m = body;
    pl_answer_header(answer, "x-state", m->state);
    if (m->mod_id[0])
        pl_answer_header(answer, "x-modId", m->mod_id);
}

static void finish_invite(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer)
{
    if (failed(call, e, body, answer))
        return;
    if (desc != &PL_MSG_PARTICIPANT_INVITED) {
        pl_conference_fail(call, PL_EINTERNAL, NULL, answer);
        return;
    }
    const pl_participant_invited *m = body;
    pl_answer_empty(answer, 204);
    pl_answer_header(answer, "x-state", "add-pending");
    pl_answer_header(answer, "x-modId", m->mod_id);
}

static void finish_remove(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer)
{
    finish_delete(call, e, desc, body, answer);
    if (!e)
        pl_answer_header(answer, "x-state", "remove-pending");
}

/* ---- the operations ---- */

#define OP(NAME, prepare_, finish_)                                            \
    const pl_api_op PL_OP_##NAME = {.kind = PL_KIND_CALL,                      \
                                    .family = PL_FAMILY_CONFERENCE,            \
                                    .auth = PL_AUTH_BEARER,                    \
                                    .prepare = (prepare_),                     \
                                    .finish = (finish_)};
OP(USER_BIND, user_bind, finish_empty)
OP(SESSION_CREATE, session_create, finish_session_create)
OP(SESSION_REFRESH, session_refresh, finish_refresh)
OP(SESSION_DELETE, session_delete, finish_delete)
OP(CONFERENCE_CREATE, conference_create, finish_conference_create)
OP(CONFERENCE_ACTION, conference_action, finish_action)
OP(CONFERENCE_DELETE, conference_delete, finish_delete)
OP(PARTICIPANT_INVITE, participant_invite, finish_invite)
OP(PARTICIPANT_REMOVE, participant_remove, finish_remove)
OP(MEDIA_ACTION, conference_action, finish_action)
OP(MEDIA_DELETE, conference_delete, finish_delete)
OP(MEDIA_INVITE, participant_invite, finish_invite)
OP(MEDIA_REMOVE, participant_remove, finish_remove)
const pl_api_op PL_OP_SESSION_EVENTS = {.kind = PL_KIND_SESSION_EVENTS,
                                        .family = PL_FAMILY_CONFERENCE,
                                        .auth = PL_AUTH_BEARER};
