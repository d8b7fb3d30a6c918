/* conference_action.c - PUT on a call or a conference: what its header asks. */
#include <string.h>

#include "conference_api.h"
#include "conference_request.h"

pl_err pl_conference_find_action(pl_slice word, pl_resource resource,
                                 pl_action *ret_action)
{
    /* UNKNOWN: not for that resource. A conference that its member holds with
     * the word for calls can be moved by leaving it soon after. */
    static const struct {
        const char *word;
        pl_action on_call, on_conference;
    } rows[] = {
        {"call-answer", PL_ACTION_ANSWER, PL_ACTION_ANSWER},
        {"conference-answer", PL_ACTION_ANSWER, PL_ACTION_ANSWER},
        {"initiate-hold", PL_ACTION_HOLD, PL_ACTION_HOLD},
        {"initiate-conference-hold", PL_ACTION_HOLD, PL_ACTION_HOLD},
        {"initiate-call-hold", PL_ACTION_HOLD, PL_ACTION_HOLD_MOVE},
        {"initiate-resume", PL_ACTION_RESUME, PL_ACTION_RESUME},
        {"initiate-conference-resume", PL_ACTION_RESUME, PL_ACTION_RESUME},
        {"initiate-call-resume", PL_ACTION_RESUME, PL_ACTION_RESUME},
        {"initiate-conference-mod", PL_ACTION_MODIFY, PL_ACTION_MODIFY},
        {"initiate-call-mod", PL_ACTION_MODIFY, PL_ACTION_MODIFY},
        {"accept-media-mod", PL_ACTION_ACCEPT, PL_ACTION_ACCEPT},
        {"accept-conference-mod", PL_ACTION_ACCEPT, PL_ACTION_ACCEPT},
        {"accept-call-mod", PL_ACTION_ACCEPT, PL_ACTION_ACCEPT},
        {"rejectCancel-conference-mod", PL_ACTION_REJECT, PL_ACTION_REJECT},
        {"rejectCancel-call-mod", PL_ACTION_REJECT, PL_ACTION_REJECT},
        {"initiate-call-move", PL_ACTION_MOVE, PL_ACTION_UNKNOWN},
        {"initiate-call-transfer", PL_ACTION_TRANSFER, PL_ACTION_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!pl_slice_eq_nocase(word, rows[i].word))
            continue;
        pl_action action = resource == PL_RESOURCE_CALLS
                               ? rows[i].on_call
                               : rows[i].on_conference;
        /* On /mediaConferences the id may be a call's after all. */
        if (action == PL_ACTION_UNKNOWN && resource == PL_RESOURCE_UNKNOWN)
            action = rows[i].on_call;
        if (action == PL_ACTION_UNKNOWN)
            return PL_EUNSUPPORTED;
        *ret_action = action;
        return PL_OK;
    }
    return PL_EINVAL;
}

/* The id in a header or, as some clients do, in the body. */
static pl_err find_mod_id(const pl_api_call *call, pl_slice *ret_id)
{
    static const char *const headers[] = {"x-modId", "x-mod-Id", "modID", NULL};
    static const char *const members[] = {"modId", "modID"};
    *ret_id = pl_conference_header(call, headers);
    for (size_t i = 0; i < 2 && ret_id->len == 0; i++) {
        if (pl_conference_find_text(call->doc, members[i], ret_id) == PL_EPROTO)
            return PL_EINVAL;
    }
    return pl_is_utf8(*ret_id) ? PL_OK : PL_EINVAL;
}

static pl_err put_mod_id(const pl_api_call *call, pl_conference_action *m,
                         pl_answer *answer)
{
    pl_slice id;
    pl_err e = find_mod_id(call, &id);
    if (e)
        return e;
    if (id.len == 0) {
        bool is_needed =
            m->action == PL_ACTION_ACCEPT || m->action == PL_ACTION_REJECT;
        return is_needed ? pl_conference_refuse(
                               answer, "SVC0002",
                               "x-modId is missing: the id of the modification")
                         : PL_OK;
    }
    PL_MSG_SET(CONFERENCE_ACTION, conference_action, m, mod_id);
    return PL_PUT(m->mod_id, id);
}

static pl_err put_target(const pl_api_call *call, pl_conference_action *m,
                         pl_answer *answer)
{
    pl_slice id = pl_http_head_get(call->head, "x-transferTargetCallId");
    if (m->action != PL_ACTION_TRANSFER)
        return PL_OK;
    if (id.len == 0) {
        return pl_conference_refuse(answer, "SVC0002",
                                    "x-transferTargetCallId is missing: the "
                                    "id of the call that is joined");
    }
    PL_MSG_SET(CONFERENCE_ACTION, conference_action, m, target_id);
    return pl_is_utf8(id) ? PL_PUT(m->target_id, id) : PL_EINVAL;
}

/* The canonical action of the header; PL_ACTION_UNKNOWN: answered. */
static pl_err read_action(const pl_api_call *call, pl_action *ret_action,
                          pl_answer *answer)
{
    static const char *const names[] = {"x-conference-action", "x-calls-action",
                                        "action", NULL};
    pl_slice word = pl_conference_header(call, names);
    if (word.len == 0) {
        return pl_conference_refuse(answer, "SVC0002",
                                    "x-conference-action or x-calls-action is "
                                    "missing");
    }
    pl_err e = pl_conference_find_action(word, pl_conference_resource(call),
                                         ret_action);
    if (e == PL_EINVAL) {
        return pl_conference_refuse(answer, "SVC0003",
                                    "The action is not known; /openapi.json "
                                    "has the list");
    }
    return e;
}

static pl_err prepare(pl_api_call *call, pl_answer *answer)
{
    pl_conference_action *m = &call->message.conference_action;
    *m = (pl_conference_action){0};
    PL_CONFERENCE_ACTOR(CONFERENCE_ACTION, conference_action, m);
    PL_CONFERENCE_RESOURCE(CONFERENCE_ACTION, conference_action, m);
    if (PL_PUT(m->conf_id, pl_conference_param(call, 0)))
        return PL_EGONE;
    pl_action action = PL_ACTION_UNKNOWN;
    pl_err e = read_action(call, &action, answer);
    if (e || action == PL_ACTION_UNKNOWN)
        return e;
    m->action = action;
    e = pl_conference_read_sdp(call, &m->sdp);
    if (m->sdp.len > 0)
        PL_MSG_SET(CONFERENCE_ACTION, conference_action, m, sdp);
    if (!e)
        e = put_mod_id(call, m, answer);
    if (!e && answer->status == 0)
        e = put_target(call, m, answer);
    call->desc = &PL_MSG_CONFERENCE_ACTION;
    return e;
}

/* 204 and nothing else: clients take any other success for a failure. */
static void finish(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                   const void *body, pl_answer *answer)
{
    if (e == PL_EINVAL && call->message.conference_action.sdp.len == 0) {
        pl_answer_request_error(answer, 400, "SVC0002",
                                "The sdp is missing in the body");
        return;
    }
    if (pl_conference_failed(call, e, body, answer))
        return;
    if (desc != &PL_MSG_CONFERENCE_ACTION_DONE) {
        pl_conference_fail(call, PL_EINTERNAL, NULL, answer);
        return;
    }
    const pl_conference_action_done *m = body;
    pl_answer_empty(answer, 204);
    pl_answer_header(answer, "x-state", m->state);
    if (m->mod_id[0])
        pl_answer_header(answer, "x-modId", m->mod_id);
}

PL_CONFERENCE_OP(CONFERENCE_ACTION, prepare, finish)
PL_CONFERENCE_OP(CALLS_ACTION, prepare, finish)
PL_CONFERENCE_OP(MEDIA_ACTION, prepare, finish)
