/* client_call.c - the media of a seat: offer and answer, and the small requests
 * that clients send along with it. A participant acts for itself here: the
 * path must name its own seat. */
#include "client_impl.h"

#include "pl/keys.h"

static pl_err put_media(pl_api_call *call, pl_participant_media *m)
{
    if (!pl_client_is_own(call))
        return PL_EFORBIDDEN;
    PL_CLIENT_PUT_SEAT(call, m);
    pl_err e = pl_client_parse(call);
    if (!e)
        e = pl_client_str(call, "sdp", &m->sdp);
    if (e)
        return e;
    if (m->sdp.len == 0)
        return PL_EINVAL;
    call->desc = &PL_MSG_PARTICIPANT_MEDIA;
    return m->sdp.len > PL_SDP_MAX ? PL_ETOOBIG : PL_OK;
}

/* Only WebRTC, and no call that is for slides alone. */
pl_err pl_client_call_start(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    call->message.participant_media = (pl_participant_media){0};
    pl_err e = put_media(call, &call->message.participant_media);
    pl_slice type;
    pl_slice present;
    if (!e)
        e = pl_client_opt_str(call, "call_type", &type);
    if (!e)
        e = pl_client_opt_str(call, "present", &present);
    if (e)
        return e;
    if (type.len > 0 && !pl_slice_eq_str(type, "WEBRTC"))
        return PL_EINVAL;
    return present.len > 0 ? PL_EUNSUPPORTED : PL_OK;
}

pl_err pl_client_call_update(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_media *m = &call->message.participant_media;
    *m = (pl_participant_media){0};
    if (PL_PUT(m->call_id, pl_slice_str(pl_call_param(call, 2))))
        return PL_ESTATE;
    PL_MSG_SET(PARTICIPANT_MEDIA, participant_media, m, call_id);
    return put_media(call, m);
}

void pl_client_call_done(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                         const void *body, pl_answer *answer)
{
    const pl_participant_media_done *m = body;
    pl_jw w;
    if (pl_client_failed(call, e, &PL_MSG_PARTICIPANT_MEDIA_DONE, desc, body,
                         answer))
        return;
    pl_client_open(&w, answer, 200, "success");
    pl_jw_open(&w, "result", '{');
    pl_jw_str(&w, "call_uuid", m->call_id);
    pl_jw_slice(&w, "sdp", m->sdp);
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
}

pl_err pl_client_call_end(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_media_end *m = &call->message.participant_media_end;
    *m = (pl_participant_media_end){0};
    if (!pl_client_is_own(call))
        return PL_EFORBIDDEN;
    PL_CLIENT_PUT_SEAT(call, m);
    call->desc = &PL_MSG_PARTICIPANT_MEDIA_END;
    return PL_PUT(m->call_id, pl_slice_str(pl_call_param(call, 2))) ? PL_ESTATE
                                                                    : PL_OK;
}

/* Media starts when ICE and DTLS are up; all server candidates are in the
 * answer and the client's own are learned from its checks. A candidate
 * therefore needs only the right shape and token; `ack` not even a body. */
pl_err pl_client_call_candidate(pl_api_call *call, pl_answer *answer)
{
    pl_err e = pl_client_own(call, answer);
    pl_slice candidate;
    return e ? e : pl_client_str(call, "candidate", &candidate);
}

/* Keys to the conference, which has no menu: nothing listens to them. */
pl_err pl_client_call_dtmf(pl_api_call *call, pl_answer *answer)
{
    pl_err e = pl_client_own(call, answer);
    pl_slice digits;
    if (!e)
        e = pl_client_str(call, "digits", &digits);
    if (e)
        return e;
    return pl_is_keys(digits) ? PL_OK : PL_EINVAL;
}
