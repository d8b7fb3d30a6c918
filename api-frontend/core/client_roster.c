/* client_roster.c - reading: the conference's state, who is there. */
#include "client_impl.h"

#include "event_text.h"

enum { ROSTER_MAX = 10000 };

pl_err pl_client_status(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_room_status *m = &call->message.room_status;
    *m = (pl_room_status){0};
    PL_CLIENT_PUT_SEAT(call, m);
    call->desc = &PL_MSG_ROOM_STATUS;
    return PL_OK;
}

void pl_client_status_is(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                         const void *body, pl_answer *answer)
{
    const pl_room_status_is *m = body;
    pl_jw w;
    if (pl_client_failed(call, e, &PL_MSG_ROOM_STATUS_IS, desc, body, answer))
        return;
    pl_event_item item = {.kind = PL_EVENT_KIND_CONFERENCE_UPDATE,
                          .locked = m->locked,
                          .guests_muted = m->guests_muted,
                          .guests_can_unmute = m->guests_can_unmute,
                          .started = m->started,
                          .recording = m->recording};
    PL_MSG_SET(EVENT_ITEM, event_item, &item, guests_can_unmute);
    pl_client_open(&w, answer, 200, "success");
    pl_event_put_conference(&w, "result", &item);
    pl_jw_close(&w, '}');
}

/* The roster is read one participant at a time, until there is none. */
pl_err pl_client_roster(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_roster_get *m = &call->message.roster_get;
    *m = (pl_roster_get){0};
    PL_CLIENT_PUT_SEAT(call, m);
    call->desc = &PL_MSG_ROSTER_GET;
    pl_buf_init(&call->list, PL_ANSWER_BODY_MAX);
    return PL_OK;
}

/* Keep one and ask for the next. */
static pl_err take_person(pl_api_call *call, const pl_event_item *item)
{
    pl_roster_get *m = &call->message.roster_get;
    bool is_first = call->list.len == 0;
    pl_jw w = {.out = &call->list, .has_items = is_first ? 0 : 1};
    if (call->n_rounds++ == ROSTER_MAX)
        return PL_EFULL;
    pl_event_put_person(&w, NULL, item);
    pl_fmt_cut(m->after_id, sizeof m->after_id, "%s", item->participant_id);
    PL_MSG_SET(ROSTER_GET, roster_get, m, after_id);
    call->is_partial = true;
    return call->list.has_failed ? PL_EFULL : PL_OK;
}

void pl_client_roster_is(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                         const void *body, pl_answer *answer)
{
    call->is_partial = false;
    if (!e && desc == &PL_MSG_EVENT_ITEM) {
        e = take_person(call, body);
        body = NULL;
        if (!e)
            return;
        call->is_partial = false;
    }
    if (pl_client_failed(call, e, &PL_MSG_EVENT_NONE, desc, body, answer))
        return;
    pl_answer_json(answer, 200);
    pl_buf_add_str(&answer->body, "{\"status\":\"success\",\"result\":[");
    pl_buf_add_slice(&answer->body, pl_buf_slice(&call->list));
    pl_buf_add_str(&answer->body, "]}");
}

pl_err pl_client_theme(pl_api_call *call, pl_answer *answer)
{
    (void)call;
    pl_answer_empty(answer, 204); /* no theme of its own */
    return PL_OK;
}

pl_err pl_client_no_image(pl_api_call *call, pl_answer *answer)
{
    (void)call;
    pl_answer_refuse(answer, PL_FAMILY_CLIENT, 404, "No image available");
    return PL_OK;
}
