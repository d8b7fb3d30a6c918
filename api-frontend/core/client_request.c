/* client_request.c - what the requests of the client API have in common. */
#include "client_impl.h"

#include <string.h>
#include <strings.h>

pl_err pl_client_parse(pl_api_call *call)
{
    pl_err e = pl_call_parse_body(call);
    if (!e && call->doc && !pl_json_is_object(call->doc))
        return PL_EPROTO;
    return e;
}

pl_err pl_client_str(const pl_api_call *call, const char *key,
                     pl_slice *ret_text)
{
    return pl_json_get_str(call->doc, key, ret_text) ? PL_EINVAL : PL_OK;
}

pl_err pl_client_opt_str(const pl_api_call *call, const char *key,
                         pl_slice *ret_text)
{
    pl_slice text = {NULL, 0};
    if (pl_json_get_str(call->doc, key, &text) == PL_EPROTO)
        return PL_EINVAL;
    *ret_text = text;
    return PL_OK;
}

pl_slice pl_client_cut(pl_slice text, size_t max)
{
    if (text.len <= max)
        return text;
    size_t n = max;
    while (n > 0 && (text.ptr[n] & 0xc0) == 0x80)
        n--;
    return (pl_slice){text.ptr, n};
}

pl_err pl_client_find_role(pl_slice word, uint32_t *ret_role)
{
    static const struct {
        const char *word;
        uint32_t role;
    } rows[] = {{"host", PL_PART_ROLE_HOST},
                {"chair", PL_PART_ROLE_HOST},
                {"guest", PL_PART_ROLE_GUEST}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (word.len == strlen(rows[i].word) &&
            strncasecmp((const char *)word.ptr, rows[i].word, word.len) == 0) {
            *ret_role = rows[i].role;
            return PL_OK;
        }
    }
    return PL_EINVAL;
}

bool pl_client_is_own(const pl_api_call *call)
{
    return strcmp(pl_call_param(call, 1), call->seat->participant_id) == 0;
}

pl_err pl_client_control(pl_api_call *call, const char *target_id)
{
    pl_participant_control *m = &call->message.participant_control;
    *m = (pl_participant_control){0};
    PL_CLIENT_PUT_SEAT(call, m);
    call->desc = &PL_MSG_PARTICIPANT_CONTROL;
    return PL_PUT(m->target_id, pl_slice_str(target_id)) ? PL_ENOENT : PL_OK;
}

/* arg: the flag's offset in the message, doubled; plus one to set it. */
void pl_client_set_flag(pl_api_call *call)
{
    unsigned arg = call->match->route->op->arg;
    uint8_t *m = (uint8_t *)&call->message;
    *(bool *)(m + (arg >> 1)) = arg & 1;
    pl_msg_mark(call->desc, m, arg >> 1);
}

pl_err pl_client_ask(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    return pl_client_control(call, call->seat->participant_id);
}

pl_err pl_client_own(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    if (!pl_client_is_own(call))
        return PL_EFORBIDDEN;
    pl_err e = pl_client_parse(call);
    return e ? e : pl_client_control(call, call->seat->participant_id);
}
