/* conference_api.c - calls and conferences: making and ending them, and who
 * takes part. Sessions are in conference_session.c, everything that PUT asks of
 * a call or conference in conference_action.c, errors in conference_errors.c.
 */
#include "conference_api.h"

#include <string.h>

#include "conference_request.h"

static pl_err conference_create(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_conference_create *m = &call->message.conference_create;
    *m = (pl_conference_create){0};
    PL_CONFERENCE_ACTOR(CONFERENCE_CREATE, conference_create, m);
    pl_err e = pl_conference_read_sdp(call, &m->sdp);
    if (m->sdp.len > 0)
        PL_MSG_SET(CONFERENCE_CREATE, conference_create, m, sdp);
    call->desc = &PL_MSG_CONFERENCE_CREATE;
    return e;
}

/* Whom to call. Clients send null for what they could not make a URI of. */
static pl_err read_called_party(const pl_json *doc, pl_slice *ret_party,
                                pl_answer *answer)
{
    static const char key[] = "calledParty";
    const pl_json *inner = pl_json_get(doc, "call");
    bool is_there = pl_json_get(inner, key) || pl_json_get(doc, key);
    pl_err e = pl_json_get_str(inner, key, ret_party);
    if (e == PL_ENOENT)
        e = pl_json_get_str(doc, key, ret_party);
    if (!e && ret_party->len > 0)
        return PL_OK;
    return is_there
               ? pl_conference_refuse(answer, "SVC0003",
                                      "calledParty must be sip:user@domain, "
                                      "tel:+number or a user id")
               : pl_conference_refuse(answer, "SVC0002",
                                      "call.calledParty is missing");
}

static pl_err call_create(pl_api_call *call, pl_answer *answer)
{
    pl_direct_call_create *m = &call->message.direct_call_create;
    *m = (pl_direct_call_create){0};
    PL_CONFERENCE_ACTOR(DIRECT_CALL_CREATE, direct_call_create, m);
    pl_err e = pl_conference_read_sdp(call, &m->sdp);
    if (e)
        return e;
    pl_slice party = {NULL, 0};
    e = read_called_party(call->doc, &party, answer);
    if (e || answer->status != 0)
        return e;
    if (m->sdp.len == 0)
        return pl_conference_refuse(answer, "SVC0002", "call.sdp is missing");
    call->desc = &PL_MSG_DIRECT_CALL_CREATE;
    return PL_PUT(m->address, party);
}

static pl_err conference_delete(pl_api_call *call, pl_answer *answer)
{
    pl_conference_delete *m = &call->message.conference_delete;
    *m = (pl_conference_delete){.reason = PL_DELETE_REASON_TERMINATE};
    PL_CONFERENCE_ACTOR(CONFERENCE_DELETE, conference_delete, m);
    PL_CONFERENCE_RESOURCE(CONFERENCE_DELETE, conference_delete, m);
    if (PL_PUT(m->conf_id, pl_conference_param(call, 0)))
        return PL_EGONE;
    pl_slice word = pl_http_head_get(call->head, "x-delete-reason");
    if (word.len > 0) {
        char text[16];
        m->reason = pl_copy(text, sizeof text, word)
                        ? PL_DELETE_REASON_UNKNOWN
                        : pl_delete_reason_find(text);
        if (m->reason == PL_DELETE_REASON_UNKNOWN) {
            return pl_conference_refuse(answer, "SVC0003",
                                        "x-delete-reason is cancel, reject or "
                                        "terminate");
        }
    }
    call->desc = &PL_MSG_CONFERENCE_DELETE;
    return PL_OK;
}

static pl_err participant_invite(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_invite *m = &call->message.participant_invite;
    *m = (pl_participant_invite){0};
    PL_CONFERENCE_ACTOR(PARTICIPANT_INVITE, participant_invite, m);
    if (PL_PUT(m->conf_id, pl_conference_param(call, 0)))
        return PL_EGONE;
    call->desc = &PL_MSG_PARTICIPANT_INVITE;
    return PL_PUT(m->address, pl_conference_param(call, 1));
}

static pl_err participant_remove(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_remove *m = &call->message.participant_remove;
    *m = (pl_participant_remove){0};
    PL_CONFERENCE_ACTOR(PARTICIPANT_REMOVE, participant_remove, m);
    if (PL_PUT(m->conf_id, pl_conference_param(call, 0)))
        return PL_EGONE;
    call->desc = &PL_MSG_PARTICIPANT_REMOVE;
    return PL_PUT(m->address, pl_conference_param(call, 1));
}

/* ---- answers ---- */

static void answer_created(const pl_api_call *call, pl_answer *answer,
                           const pl_conference_new *made, const char *key)
{
    pl_jw w = pl_conference_answer_created(call, answer, made);
    pl_answer_header(answer, "x-state", "invitation-sent");
    pl_jw_str(&w, key, made->id);
    pl_jw_close(&w, '}');
}

static void finish_conference_create(pl_api_call *call, pl_err e,
                                     const pl_msg_desc *desc, const void *body,
                                     pl_answer *answer)
{
    if (e == PL_EINVAL && call->message.conference_create.sdp.len == 0) {
        pl_answer_request_error(answer, 400, "SVC0002",
                                "conference.sdp is missing");
    } else if (pl_conference_failed(call, e, body, answer)) {
        return;
    } else if (desc != &PL_MSG_CONFERENCE_CREATED) {
        pl_conference_fail(call, PL_EINTERNAL, NULL, answer);
    } else {
        const pl_conference_created *m = body;
        const pl_conference_new made = {m->session_id, "conferences",
                                        m->conf_id, m->dialect};
        answer_created(call, answer, &made, "confId");
    }
}

static void finish_call_create(pl_api_call *call, pl_err e,
                               const pl_msg_desc *desc, const void *body,
                               pl_answer *answer)
{
    if (pl_conference_failed(call, e, body, answer))
        return;
    if (desc != &PL_MSG_DIRECT_CALL_CREATED) {
        pl_conference_fail(call, PL_EINTERNAL, NULL, answer);
        return;
    }
    const pl_direct_call_created *m = body;
    const pl_conference_new made = {m->session_id, "calls", m->conf_id,
                                    m->dialect};
    answer_created(call, answer, &made, "callId");
}

static void finish_invite(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer)
{
    if (pl_conference_failed(call, e, body, answer))
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
    pl_conference_finish_delete(call, e, desc, body, answer);
    if (!e)
        pl_answer_header(answer, "x-state", "remove-pending");
}

PL_CONFERENCE_OP(CONFERENCE_CREATE, conference_create, finish_conference_create)
PL_CONFERENCE_OP(CONFERENCE_DELETE, conference_delete,
                 pl_conference_finish_delete)
PL_CONFERENCE_OP(CALLS_CREATE, call_create, finish_call_create)
PL_CONFERENCE_OP(CALLS_DELETE, conference_delete, pl_conference_finish_delete)
PL_CONFERENCE_OP(PARTICIPANT_INVITE, participant_invite, finish_invite)
PL_CONFERENCE_OP(PARTICIPANT_REMOVE, participant_remove, finish_remove)
PL_CONFERENCE_OP(MEDIA_DELETE, conference_delete, pl_conference_finish_delete)
PL_CONFERENCE_OP(MEDIA_INVITE, participant_invite, finish_invite)
PL_CONFERENCE_OP(MEDIA_REMOVE, participant_remove, finish_remove)
