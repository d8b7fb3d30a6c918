/* client_control.c - requests about one participant. Who may do what, roompool
 * decides. */
#include "client_impl.h"

#include "pl/keys.h"

/* A control of the path's target; the body is parsed. */
static pl_err begin(pl_api_call *call)
{
    pl_err e = pl_client_parse(call);
    return e ? e : pl_client_control(call, pl_call_param(call, 1));
}

pl_err pl_client_seat_flag(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_err e = begin(call);
    if (!e)
        pl_client_set_flag(call);
    return e;
}

pl_err pl_client_role(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_control *m = &call->message.participant_control;
    pl_slice role;
    pl_err e = begin(call);
    if (!e)
        e = pl_client_str(call, "role", &role);
    if (!e)
        e = pl_client_find_role(role, &m->role);
    if (!e)
        PL_MSG_SET(PARTICIPANT_CONTROL, participant_control, m, role);
    return e;
}

pl_err pl_client_overlay_text(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_control *m = &call->message.participant_control;
    pl_slice text;
    pl_err e = begin(call);
    if (!e)
        e = pl_client_opt_str(call, "text", &text);
    if (e)
        return e;
    text = pl_client_cut(text, sizeof m->overlay_text - 1);
    if (PL_PUT(m->overlay_text, text))
        return PL_EINVAL;
    PL_MSG_SET(PARTICIPANT_CONTROL, participant_control, m, overlay_text);
    return PL_OK;
}

pl_err pl_client_seat_dtmf(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_control *m = &call->message.participant_control;
    pl_slice digits;
    pl_err e = begin(call);
    if (!e)
        e = pl_client_str(call, "digits", &digits);
    if (e)
        return e;
    if (!pl_is_keys(digits) || PL_PUT(m->digits, digits))
        return PL_EINVAL;
    PL_MSG_SET(PARTICIPANT_CONTROL, participant_control, m, digits);
    return PL_OK;
}

static pl_err put_new_place(pl_api_call *call, pl_participant_transfer *m)
{
    pl_slice alias;
    pl_slice role;
    pl_slice pin;
    pl_err e = pl_client_str(call, "conference_alias", &alias);
    if (!e)
        e = pl_client_opt_str(call, "role", &role);
    if (!e)
        e = pl_client_opt_str(call, "pin", &pin);
    m->role = PL_PART_ROLE_GUEST;
    if (!e && role.len > 0)
        e = pl_client_find_role(role, &m->role);
    if (e)
        return e;
    if (alias.len == 0 || PL_PUT(m->alias, alias))
        return PL_EINVAL;
    if (pin.len == 0)
        return PL_OK;
    PL_MSG_SET(PARTICIPANT_TRANSFER, participant_transfer, m, pin);
    return PL_PUT(m->pin, pin) ? PL_EPIN_INVALID : PL_OK;
}

pl_err pl_client_transfer(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_transfer *m = &call->message.participant_transfer;
    *m = (pl_participant_transfer){0};
    PL_CLIENT_PUT_SEAT(call, m);
    pl_err e = pl_client_parse(call);
    if (!e)
        e = put_new_place(call, m);
    if (e)
        return e;
    if (PL_PUT(m->target_id, pl_slice_str(pl_call_param(call, 1))))
        return PL_ENOENT;
    pl_fmt_cut(m->transfer_id, sizeof m->transfer_id, "%s", call->new_id);
    pl_fmt_cut(m->secret, sizeof m->secret, "%s", call->new_secret);
    pl_fmt_cut(m->transfer_hash, sizeof m->transfer_hash, "%s", call->new_hash);
    call->desc = &PL_MSG_PARTICIPANT_TRANSFER;
    return PL_OK;
}
