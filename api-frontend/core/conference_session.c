/* conference_session.c - users and sessions of the conference API. */
#include <string.h>

#include "conference_api.h"
#include "conference_request.h"
#include "scope.h"

/* Whether the token is for this API. One that names none of our APIs is of an
 * issuer that knows nothing of them: what such a token needs, the setting
 * `scope` says. Later requests come with the token that opened the session. */
static bool may_open(const pl_caller *caller)
{
    pl_slice rest = pl_slice_str(caller->scope_text);
    pl_slice word;
    bool is_device = false;
    while (!is_device && pl_scope_next(&rest, &word))
        is_device = pl_scope_is_device(word);
    return (caller->scopes & (PL_SCOPE_WEBRTC | PL_SCOPE_WEBRTCMOBILE)) != 0 ||
           (caller->scopes == 0 && !is_device);
}

static pl_err refuse_scope(pl_answer *answer)
{
    pl_answer_request_error(answer, 403, "POL0001",
                            "The token is for other APIs; ask for one with "
                            "the scope WEBRTC or WEBRTCMOBILE");
    return PL_OK;
}

static bool is_printable(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < ' ' || text.ptr[i] > '~')
            return false;
    }
    return true;
}

/* Emergency address id into buf; one that means "none" leaves it empty: clients
 * without one send an empty header or the word undefined. */
static pl_err put_e911(pl_slice id, char *buf, size_t cap)
{
    if (pl_slice_eq_str(id, "undefined"))
        id.len = 0;
    return !is_printable(id) || pl_copy(buf, cap, id) ? PL_EINVAL : PL_OK;
}

static pl_err user_bind(pl_api_call *call, pl_answer *answer)
{
    pl_user_bind *m = &call->message.user_bind;
    *m = (pl_user_bind){0};
    if (!may_open(call->caller))
        return refuse_scope(answer);
    pl_fmt_cut(m->client_id, sizeof m->client_id, "%s",
               call->caller->client_id);
    pl_fmt_cut(m->token_hash, sizeof m->token_hash, "%s",
               call->caller->token_hash);
    call->desc = &PL_MSG_USER_BIND;
    return PL_PUT(m->user_id, pl_slice_str(pl_call_param(call, 0)));
}

/* Whom the token speaks for, as far as the token says. */
static void put_caller(const pl_caller *caller, pl_session_create *m)
{
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
    if (caller->scopes & PL_SCOPE_WEBRTCMOBILE) {
        m->user_type = PL_USER_TYPE_MOBILE;
        PL_MSG_SET(SESSION_CREATE, session_create, m, user_type);
    }
    if (caller->names_user) {
        m->names_user = true;
        PL_MSG_SET(SESSION_CREATE, session_create, m, names_user);
    }
}

static pl_err session_create(pl_api_call *call, pl_answer *answer)
{
    if (!may_open(call->caller))
        return refuse_scope(answer);
    pl_session_create *m = &call->message.session_create;
    *m = (pl_session_create){
        .dialect = pl_conference_dialect(call->match->route->path)};
    pl_err e = pl_conference_read_body(call);
    if (e)
        return e;
    put_caller(call->caller, m);
    e = put_e911(pl_http_head_get(call->head, "x-e911Id"), m->e911_id,
                 sizeof m->e911_id);
    if (!e && m->e911_id[0])
        PL_MSG_SET(SESSION_CREATE, session_create, m, e911_id);
    call->desc = &PL_MSG_SESSION_CREATE;
    return e;
}

/* Without a body: keep alive. With one: the session's new emergency address. */
static pl_err session_refresh(pl_api_call *call, pl_answer *answer)
{
    pl_session_refresh *m = &call->message.session_refresh;
    *m = (pl_session_refresh){0};
    pl_err e = pl_conference_read_body(call);
    if (e)
        return e;
    PL_CONFERENCE_ACTOR(SESSION_REFRESH, session_refresh, m);
    const pl_json *association = pl_json_get(call->doc, "e911Association");
    pl_slice id = {NULL, 0};
    if (association) {
        if (pl_json_get_str(association, "e911Id", &id) == PL_EPROTO ||
            put_e911(id, m->e911_id, sizeof m->e911_id))
            return PL_EINVAL;
        if (!m->e911_id[0]) {
            return pl_conference_refuse(answer, "SVC0002",
                                        "e911Association.e911Id is missing");
        }
        PL_MSG_SET(SESSION_REFRESH, session_refresh, m, e911_id);
    }
    call->desc = &PL_MSG_SESSION_REFRESH;
    return PL_OK;
}

static pl_err session_delete(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_session_delete *m = &call->message.session_delete;
    *m = (pl_session_delete){0};
    PL_CONFERENCE_ACTOR(SESSION_DELETE, session_delete, m);
    call->desc = &PL_MSG_SESSION_DELETE;
    return PL_OK;
}

/* ---- answers ---- */

static void finish_create(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer)
{
    if (pl_conference_failed(call, e, body, answer))
        return;
    if (desc != &PL_MSG_SESSION_CREATED) {
        pl_conference_fail(call, PL_EINTERNAL, NULL, answer);
        return;
    }
    const pl_session_created *m = body;
    const pl_conference_new made = {.session_id = m->session_id};
    pl_jw w = pl_conference_answer_created(call, answer, &made);
    pl_conference_put_expires(answer, m->expires_s);
    pl_jw_str(&w, "sessionId", m->session_id);
    pl_jw_int(&w, "expires", m->expires_s);
    pl_jw_str(&w, "userId", m->user_id);
    pl_jw_close(&w, '}');
}

static void finish_refresh(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                           const void *body, pl_answer *answer)
{
    if (pl_conference_failed(call, e, body, answer))
        return;
    if (desc != &PL_MSG_SESSION_REFRESHED) {
        pl_conference_fail(call, PL_EINTERNAL, NULL, answer);
        return;
    }
    pl_answer_empty(answer, 204);
    pl_conference_put_expires(answer,
                              ((const pl_session_refreshed *)body)->expires_s);
}

PL_CONFERENCE_OP(USER_BIND, user_bind, pl_conference_finish_empty)
PL_CONFERENCE_OP(SESSION_CREATE, session_create, finish_create)
PL_CONFERENCE_OP(SESSION_REFRESH, session_refresh, finish_refresh)
PL_CONFERENCE_OP(SESSION_DELETE, session_delete, pl_conference_finish_delete)
const pl_api_op PL_OP_SESSION_EVENTS = {.kind = PL_KIND_SESSION_EVENTS,
                                        .family = PL_FAMILY_CONFERENCE,
                                        .auth = PL_AUTH_BEARER_OR_TICKET};
