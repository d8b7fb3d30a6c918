/* api.c - what the API families share. */
#include "api.h"

const pl_api_op *pl_call_op(const pl_api_call *call)
{
    return call && call->match && call->match->route ? call->match->route->op
                                                     : NULL;
}

bool pl_call_is_signed(const pl_api_call *call)
{
    return call && call->head &&
           pl_http_head_get(call->head, "authorization").len > 0;
}

const char *pl_call_param(const pl_api_call *call, unsigned index)
{
    return index < call->match->n_params ? call->match->params[index] : "";
}

pl_err pl_call_parse_body(pl_api_call *call)
{
    if (call->body.len == 0)
        return PL_OK;
    return pl_json_parse(call->body, &call->doc);
}

bool pl_is_printable(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return false;
    }
    return true;
}

static bool is_token_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

pl_err pl_seat_split(pl_slice token, pl_slice *ret_secret,
                     pl_slice *ret_participant_id)
{
    if (token.len <= PL_SEAT_SECRET_TEXT || token.len > PL_SEAT_TOKEN_MAX)
        return PL_EAUTH;
    for (size_t i = 0; i < token.len; i++) {
        if (!is_token_char(token.ptr[i]))
            return PL_EAUTH;
    }
    *ret_secret = (pl_slice){token.ptr, PL_SEAT_SECRET_TEXT};
    *ret_participant_id = (pl_slice){token.ptr + PL_SEAT_SECRET_TEXT,
                                     token.len - PL_SEAT_SECRET_TEXT};
    return PL_OK;
}

void pl_api_fail(const pl_api_op *op, const pl_api_call *call, pl_err e,
                 const char *text, pl_answer *answer)
{
    switch (op->family) {
    case PL_FAMILY_CONFERENCE: pl_conference_fail(call, e, text, answer); break;
    case PL_FAMILY_CLIENT: pl_client_fail(call, e, text, answer); break;
    case PL_FAMILY_ROOM: pl_room_fail(call, e, text, answer); break;
    case PL_FAMILY_VIDEO: pl_video_fail(call, e, text, answer); break;
    case PL_FAMILY_RELAY: pl_relay_fail(call, e, text, answer); break;
    case PL_FAMILY_DEVICE: pl_device_fail(call, e, text, answer); break;
    case PL_FAMILY_MANAGEMENT: pl_management_fail(call, e, text, answer); break;
    case PL_FAMILY_SITE:
    case PL_FAMILY_TOKEN:
    case PL_FAMILIES:
    default:
        pl_answer_refuse(answer, op->family, pl_err_http(e),
                         text ? text : pl_err_text(e));
        break;
    }
}
