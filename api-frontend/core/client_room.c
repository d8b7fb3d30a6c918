/* client_room.c - requests about the whole conference: lock, mute all, chat,
 * dialling. */
#include "client_impl.h"

#include <string.h>

#include "pl/keys.h"

static pl_err begin(pl_api_call *call)
{
    pl_conference_control *m = &call->message.conference_control;
    *m = (pl_conference_control){0};
    PL_CLIENT_PUT_SEAT(call, m);
    call->desc = &PL_MSG_CONFERENCE_CONTROL;
    return pl_client_parse(call);
}

pl_err pl_client_room_flag(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_err e = begin(call);
    if (!e)
        pl_client_set_flag(call);
    return e;
}

pl_err pl_client_guests_can_unmute(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_conference_control *m = &call->message.conference_control;
    pl_err e = begin(call);
    if (e)
        return e;
    if (pl_json_get_bool(call->doc, "setting", &m->guests_can_unmute))
        return PL_EINVAL;
    PL_MSG_SET(CONFERENCE_CONTROL, conference_control, m, guests_can_unmute);
    return PL_OK;
}

/* ---- chat ---- */

/* To everybody, or to the participant in the path. */
pl_err pl_client_message(pl_api_call *call, pl_answer *answer)
{
    enum { PAYLOAD_MAX = 4096 };
    (void)answer;
    pl_room_message *m = &call->message.room_message;
    *m = (pl_room_message){0};
    PL_CLIENT_PUT_SEAT(call, m);
    call->desc = &PL_MSG_ROOM_MESSAGE;
    pl_slice type;
    pl_err e = pl_client_parse(call);
    if (!e)
        e = pl_client_opt_str(call, "type", &type);
    if (!e)
        e = pl_client_str(call, "payload", &m->payload);
    if (e)
        return e;
    if (m->payload.len > PAYLOAD_MAX)
        return PL_ETOOBIG;
    if (type.len == 0)
        type = pl_slice_str("text/plain");
    if (!pl_slice_eq_str(type, "text/plain") &&
        !pl_slice_eq_str(type, "application/json"))
        return PL_EINVAL;
    if (call->match->n_params > 1) {
        if (PL_PUT(m->target_id, pl_slice_str(pl_call_param(call, 1))))
            return PL_ENOENT;
        PL_MSG_SET(ROOM_MESSAGE, room_message, m, target_id);
    }
    return PL_PUT(m->type, type);
}

/* ---- dialling ---- */

pl_err pl_client_address(pl_slice to, char *buf, size_t cap)
{
    char text[PL_ADDRESS_MAX + 1];
    if (to.len == 0 || pl_copy(text, sizeof text, to))
        return PL_EINVAL;
    bool is_number = text[0] == '+' || strspn(text, "0123456789") == to.len;
    const char *scheme = "";
    if (!strchr(text, ':'))
        scheme = strchr(text, '@') ? "sip:" : is_number ? "tel:" : "";
    pl_fmt_cut(buf, cap, "%s%s", scheme, text);
    return strlen(scheme) + to.len >= cap ? PL_EINVAL : PL_OK;
}

static pl_err put_destination(const pl_api_call *call, pl_room_dial *m)
{
    pl_slice to;
    pl_err e = pl_client_str(call, "destination", &to);
    return e ? e : pl_client_address(to, m->address, sizeof m->address);
}

/* Only telephones by SIP, only sound. */
static pl_err check_protocol(const pl_api_call *call)
{
    pl_slice protocol;
    pl_slice streaming;
    pl_slice url;
    pl_err e = pl_client_opt_str(call, "protocol", &protocol);
    if (!e)
        e = pl_client_opt_str(call, "streaming", &streaming);
    if (!e)
        e = pl_client_opt_str(call, "presentation_url", &url);
    if (e)
        return e;
    bool is_sip = protocol.len == 0 || pl_slice_eq_str(protocol, "sip") ||
                  pl_slice_eq_str(protocol, "auto");
    bool is_plain =
        url.len == 0 && !pl_slice_eq_str(streaming, "yes") && is_sip;
    return is_plain ? PL_OK : PL_EUNSUPPORTED;
}

static pl_err put_texts(const pl_api_call *call, pl_room_dial *m)
{
    pl_slice name;
    pl_slice text;
    pl_slice digits;
    if (pl_client_opt_str(call, "remote_display_name", &name) ||
        pl_client_opt_str(call, "text", &text) ||
        pl_client_opt_str(call, "dtmf_sequence", &digits))
        return PL_EINVAL;
    if (PL_PUT(m->display_name, pl_client_cut(name, PL_NAME_MAX)) ||
        PL_PUT(m->overlay_text, pl_client_cut(text, PL_NAME_MAX)))
        return PL_EINVAL;
    if (name.len > 0)
        PL_MSG_SET(ROOM_DIAL, room_dial, m, display_name);
    if (text.len > 0)
        PL_MSG_SET(ROOM_DIAL, room_dial, m, overlay_text);
    if (digits.len == 0)
        return PL_OK;
    PL_MSG_SET(ROOM_DIAL, room_dial, m, digits);
    return pl_is_keys(digits) ? PL_PUT(m->digits, digits) : PL_EINVAL;
}

static pl_err put_keep_alive(const pl_api_call *call, pl_room_dial *m)
{
    char word[64];
    pl_slice text;
    if (pl_client_opt_str(call, "keep_conference_alive", &text))
        return PL_EINVAL;
    if (text.len == 0)
        return PL_OK;
    if (pl_copy(word, sizeof word, text))
        return PL_EINVAL;
    m->keep_alive = pl_keep_alive_find(word);
    PL_MSG_SET(ROOM_DIAL, room_dial, m, keep_alive);
    return m->keep_alive ? PL_OK : PL_EINVAL;
}

pl_err pl_client_dial(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_room_dial *m = &call->message.room_dial;
    *m = (pl_room_dial){.role = PL_PART_ROLE_GUEST};
    PL_CLIENT_PUT_SEAT(call, m);
    call->desc = &PL_MSG_ROOM_DIAL;
    pl_slice role;
    pl_err e = pl_client_parse(call);
    if (!e)
        e = pl_client_opt_str(call, "role", &role);
    if (!e && role.len > 0)
        e = pl_client_find_role(role, &m->role);
    if (!e)
        e = put_destination(call, m);
    if (!e)
        e = put_texts(call, m);
    if (!e)
        e = put_keep_alive(call, m);
    return e ? e : check_protocol(call);
}

void pl_client_dialled(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                       const void *body, pl_answer *answer)
{
    const pl_room_dialled *m = body;
    pl_jw w;
    if (pl_client_failed(call, e, &PL_MSG_ROOM_DIALLED, desc, body, answer))
        return;
    pl_client_open(&w, answer, 200, "success");
    pl_jw_open(&w, "result", '[');
    pl_jw_str(&w, NULL, m->participant_id);
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
}
