/* client_sound.c - requests of hosts: recording, prompts for all or for one. */
#include "client_impl.h"

static void begin_room(pl_api_call *call)
{
    pl_conference_control *m = &call->message.conference_control;
    *m = (pl_conference_control){0};
    PL_CLIENT_PUT_SEAT(call, m);
    call->desc = &PL_MSG_CONFERENCE_CONTROL;
}

/* A flag that may be absent. */
static pl_err read_flag(const pl_api_call *call, const char *name,
                        bool *ret_flag)
{
    return pl_json_get_bool(call->doc, name, ret_flag) == PL_EPROTO ? PL_EINVAL
                                                                    : PL_OK;
}

pl_err pl_client_record(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_conference_control *m = &call->message.conference_control;
    begin_room(call);
    pl_err e = pl_client_parse(call);
    if (!e)
        e = read_flag(call, "stems", &m->record_stems);
    if (e)
        return e;
    PL_MSG_SET(CONFERENCE_CONTROL, conference_control, m, record_stems);
    pl_client_set_flag(call);
    return PL_OK;
}

/* What is to be played; the empty name would stop it. */
static pl_err read_prompt(pl_api_call *call, pl_slice *ret_prompt,
                          bool *ret_loop)
{
    pl_err e = pl_client_parse(call);
    if (!e)
        e = pl_client_str(call, "prompt", ret_prompt);
    if (!e && (ret_prompt->len == 0 || !pl_is_printable(*ret_prompt)))
        e = PL_EINVAL;
    return e ? e : read_flag(call, "loop", ret_loop);
}

pl_err pl_client_play(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_conference_control *m = &call->message.conference_control;
    pl_slice prompt;
    begin_room(call);
    pl_err e = read_prompt(call, &prompt, &m->play_loop);
    PL_MSG_SET(CONFERENCE_CONTROL, conference_control, m, play);
    PL_MSG_SET(CONFERENCE_CONTROL, conference_control, m, play_loop);
    return e ? e : PL_PUT(m->play, prompt);
}

pl_err pl_client_stop_playing(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    begin_room(call);
    PL_MSG_SET(CONFERENCE_CONTROL, conference_control,
               &call->message.conference_control, play);
    return pl_client_parse(call);
}

pl_err pl_client_seat_play(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_control *m = &call->message.participant_control;
    pl_slice prompt;
    bool is_loop = false;
    pl_err e = read_prompt(call, &prompt, &is_loop);
    if (!e)
        e = pl_client_control(call, pl_call_param(call, 1));
    if (e)
        return e;
    m->play_loop = is_loop;
    PL_MSG_SET(PARTICIPANT_CONTROL, participant_control, m, play);
    PL_MSG_SET(PARTICIPANT_CONTROL, participant_control, m, play_loop);
    return PL_PUT(m->play, prompt);
}

pl_err pl_client_seat_stop_playing(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_err e = pl_client_parse(call);
    if (!e)
        e = pl_client_control(call, pl_call_param(call, 1));
    if (!e)
        PL_MSG_SET(PARTICIPANT_CONTROL, participant_control,
                   &call->message.participant_control, play);
    return e;
}
