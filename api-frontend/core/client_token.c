/* client_token.c - taking a seat in a room, renewing its token, giving it up.
 */
#include "client_impl.h"

#include <string.h>

#include "pl/rng.h"
#include "turn.h"

enum { BANDWIDTH_KBPS = 1264 };

/* ---- request_token ---- */

static pl_err put_pin(const pl_api_call *call, pl_room_join *m)
{
    pl_slice pin = pl_http_head_get(call->head, "pin");
    if (pin.len == 0 && pl_client_opt_str(call, "pin", &pin))
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

/* Who was transferred brings the token of its refer event. Clients send one
 * that they have from elsewhere too: that counts as none. */
static pl_err put_transfer(const pl_api_call *call, pl_room_join *m)
{
    pl_slice token;
    pl_slice secret;
    pl_slice id;
    if (pl_client_opt_str(call, "token", &token))
        return PL_EINVAL;
    if (pl_seat_split(token, &secret, &id) || PL_PUT(m->transfer_id, id))
        return PL_OK;
    pl_sha256_hex(secret.ptr, secret.len, m->transfer_hash);
    PL_MSG_SET(ROOM_JOIN, room_join, m, transfer_id);
    PL_MSG_SET(ROOM_JOIN, room_join, m, transfer_hash);
    return PL_OK;
}

pl_err pl_client_request_token(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_room_join *m = &call->message.room_join;
    *m = (pl_room_join){0};
    pl_slice name;
    pl_err e = pl_client_parse(call);
    if (!e)
        e = pl_client_str(call, "display_name", &name);
    if (e)
        return e;
    name = pl_client_cut(name, sizeof m->display_name - 1);
    if (PL_PUT(m->display_name, name))
        return PL_EINVAL;
    if (PL_PUT(m->alias, pl_slice_str(pl_call_param(call, 0))))
        return PL_ENOENT;
    pl_fmt_cut(m->token_hash, sizeof m->token_hash, "%s", call->new_hash);
    pl_fmt_cut(m->source, sizeof m->source, "%s", call->source);
    call->desc = &PL_MSG_ROOM_JOIN;
    e = put_transfer(call, m);
    return e ? e : put_pin(call, m);
}

/* Ask again without the transfer that roompool does not know: by PIN. */
static bool joins_without_transfer(pl_api_call *call, pl_err e)
{
    pl_room_join *m = &call->message.room_join;
    call->is_partial =
        e == PL_EAUTH && PL_MSG_HAS(ROOM_JOIN, room_join, m, transfer_id);
    if (call->is_partial) {
        m->transfer_id[0] = m->transfer_hash[0] = '\0';
        m->present = 0;
        if (m->pin[0])
            PL_MSG_SET(ROOM_JOIN, room_join, m, pin);
    }
    return call->is_partial;
}

static void put_token(pl_jw *w, const char *secret, const char *participant_id,
                      uint32_t expires_s)
{
    char token[PL_SEAT_TOKEN_MAX + 1];
    char expires[16];
    pl_fmt_cut(token, sizeof token, "%s%s", secret, participant_id);
    pl_jw_str(w, "token", token);
    pl_fmt_cut(expires, sizeof expires, "%u", (unsigned)expires_s);
    pl_jw_str(w, "expires", expires); /* a string: clients insist */
}

/* What this platform can do, and what it cannot. kbit/s for pictures: older
 * clients reckon with these numbers whether they send any or not. */
static void put_abilities(pl_jw *w, bool has_chat)
{
    static const char *const off[] = {
        "guests_can_present", "fecc_enabled",       "rtmp_enabled",
        "rtsp_enabled",       "analytics_enabled",  "vp9_enabled",
        "allow_1080p",        "direct_media",       "use_relay_candidates_only",
        "breakout_rooms",     "route_via_registrar"};
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++)
        pl_jw_bool(w, off[i], false);
    pl_jw_bool(w, "chat_enabled", has_chat);
    pl_jw_bool(w, "trickle_ice_enabled", true);
    pl_jw_int(w, "bandwidth_in", BANDWIDTH_KBPS);
    pl_jw_int(w, "bandwidth_out", BANDWIDTH_KBPS);
}

void pl_client_joined(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                      const void *body, pl_answer *answer)
{
    const pl_room_joined *m = body;
    pl_slice tag;
    pl_jw w;
    if (joins_without_transfer(call, e))
        return;
    if (pl_client_failed(call, e, &PL_MSG_ROOM_JOINED, desc, body, answer))
        return;
    if (pl_client_opt_str(call, "call_tag", &tag))
        tag = (pl_slice){NULL, 0};
    pl_client_open(&w, answer, 200, "success");
    pl_jw_open(&w, "result", '{');
    put_token(&w, call->new_secret, m->participant_id, m->expires_s);
    pl_jw_str(&w, "participant_uuid", m->participant_id);
    pl_jw_str(&w, "role", pl_client_role_word(m->role));
    pl_jw_str(&w, "display_name", m->display_name);
    pl_jw_str(&w, "current_service_type",
              m->waiting ? "waiting_room" : "conference");
    pl_jw_str(&w, "service_type", "conference");
    pl_client_put_version(&w);
    pl_jw_str(&w, "conference_name", m->room_name);
    pl_jw_str(&w, "service_name", m->room_name);
    pl_jw_str(&w, "call_type", "audio");
    pl_jw_slice(&w, "call_tag", pl_client_cut(tag, PL_NAME_MAX));
    pl_jw_str(&w, "idp_uuid", "");
    put_abilities(&w, !m->no_chat);
    pl_turn_put(&w, call->turn, m->participant_id, call->wall_ms);
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
}

/* ---- refresh_token ---- */

pl_err pl_client_refresh_token(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_refresh *m = &call->message.participant_refresh;
    *m = (pl_participant_refresh){0};
    PL_CLIENT_PUT_SEAT(call, m);
    pl_fmt_cut(m->new_token_hash, sizeof m->new_token_hash, "%s",
               call->new_hash);
    call->desc = &PL_MSG_PARTICIPANT_REFRESH;
    return PL_OK;
}

void pl_client_refreshed(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                         const void *body, pl_answer *answer)
{
    const pl_participant_refreshed *m = body;
    pl_jw w;
    if (pl_client_failed(call, e, &PL_MSG_PARTICIPANT_REFRESHED, desc, body,
                         answer))
        return;
    pl_client_open(&w, answer, 200, "success");
    pl_jw_open(&w, "result", '{');
    put_token(&w, call->new_secret, call->seat->participant_id, m->expires_s);
    pl_jw_str(&w, "role", pl_client_role_word(m->role));
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
}

/* ---- release_token ---- */

pl_err pl_client_release_token(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_participant_leave *m = &call->message.participant_leave;
    *m = (pl_participant_leave){0};
    PL_CLIENT_PUT_SEAT(call, m);
    call->desc = &PL_MSG_PARTICIPANT_LEAVE;
    /* A beacon brings no body, or one that is not JSON: the reason is only
     * text for the log. */
    pl_slice reason;
    if (pl_client_parse(call) || pl_client_str(call, "reason", &reason))
        return PL_OK;
    reason = pl_client_cut(reason, sizeof m->reason - 1);
    if (pl_copy(m->reason, sizeof m->reason, reason) == PL_OK)
        PL_MSG_SET(PARTICIPANT_LEAVE, participant_leave, m, reason);
    return PL_OK;
}

void pl_client_released(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                        const void *body, pl_answer *answer)
{
    /* Releasing twice is harmless. */
    pl_client_true(call, e == PL_EGONE ? PL_OK : e, desc, body, answer);
}
