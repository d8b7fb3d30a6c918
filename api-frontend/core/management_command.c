/* management_command.c - POST /api/admin/command/v1/..: something is done with
 * a live participant or conference. */
#include <string.h>

#include "client_impl.h"
#include "management_impl.h"
#include "pl/keys.h"

/* ---- whom it is about ---- */

static bool is_of_participant(uint32_t command)
{
    return strncmp(pl_mgmt_command_text(command), "participant/",
                   strlen("participant/")) == 0;
}

/* The id under either of its names; conferences may also be named by the number
 * of their configuration. */
static pl_err read_id(const pl_api_call *call, uint32_t command, char *buf,
                      size_t cap, pl_answer *answer)
{
    static const char ONE[] = "This is to be the id of a participant.";
    static const char ALL[] = "This is to be the id or number of a conference.";
    bool is_participant = is_of_participant(command);
    int64_t number = 0;
    pl_slice id = {NULL, 0};
    pl_err e = pl_client_opt_str(
        call, is_participant ? "participant_id" : "conference_id", &id);
    if (!e && id.len == 0 && is_participant)
        e = pl_client_opt_str(call, "participant_uuid", &id);
    if (e && !is_participant &&
        !pl_json_get_i64(call->doc, "conference_id", &number) && number > 0) {
        pl_fmt_cut(buf, cap, "%lld", (long long)number);
        return PL_OK;
    }
    if (!e && id.len > 0 && pl_is_printable(id) && !pl_copy(buf, cap, id))
        return PL_OK;
    return is_participant ? pl_management_refuse_member(call, "participant_id",
                                                        ONE, answer)
                          : pl_management_refuse_member(call, "conference_id",
                                                        ALL, answer);
}

/* ---- older requests: one path, and "setting" says which way ---- */

static const struct {
    uint32_t path, command;
    const char *setting;
} SETTINGS[] = {
    {PL_MGMT_COMMAND_PARTICIPANT_MUTE, PL_MGMT_COMMAND_PARTICIPANT_MUTE,
     "mute"},
    {PL_MGMT_COMMAND_PARTICIPANT_MUTE, PL_MGMT_COMMAND_PARTICIPANT_UNMUTE,
     "unmute"},
    {PL_MGMT_COMMAND_CONFERENCE_LOCK, PL_MGMT_COMMAND_CONFERENCE_LOCK, "lock"},
    {PL_MGMT_COMMAND_CONFERENCE_LOCK, PL_MGMT_COMMAND_CONFERENCE_UNLOCK,
     "unlock"},
    {PL_MGMT_COMMAND_PARTICIPANT_MUTE, 0, "toggle"},
    {PL_MGMT_COMMAND_CONFERENCE_LOCK, 0, "toggle"},
};

/* 0: the other way than it is now, which is to be found out. */
static pl_err read_setting(const pl_api_call *call, uint32_t path,
                           uint32_t *ret_command, pl_answer *answer)
{
    pl_slice setting = {NULL, 0};
    bool is_text = !pl_client_opt_str(call, "setting", &setting);
    *ret_command = path;
    if (is_text && setting.len == 0)
        return PL_OK;
    for (size_t i = 0; i < sizeof SETTINGS / sizeof SETTINGS[0]; i++) {
        if (SETTINGS[i].path == path &&
            pl_slice_eq_str(setting, SETTINGS[i].setting)) {
            *ret_command = SETTINGS[i].command;
            return PL_OK;
        }
    }
    return pl_management_refuse_member(
        call, "setting",
        path == PL_MGMT_COMMAND_CONFERENCE_LOCK
            ? "This is none of lock|unlock|toggle."
            : "This is none of mute|unmute|toggle, or not known here.",
        answer);
}

static uint32_t path_of(const pl_api_call *call)
{
    char text[2 * PL_ROUTE_PARAM_MAX + 2];
    pl_fmt_cut(text, sizeof text, "%s/%s", pl_call_param(call, 0),
               pl_call_param(call, 1));
    return pl_mgmt_command_find(text);
}

static bool is_dial(const pl_api_call *call)
{
    return pl_slice_eq_str(pl_slice_str(pl_call_param(call, 0)),
                           "participant") &&
           pl_slice_eq_str(pl_slice_str(pl_call_param(call, 1)), "dial");
}

/* ---- the messages ---- */

#define PUT_CLIENT(m)                                                          \
    pl_fmt_cut((m)->client_id, sizeof(m)->client_id, "%s",                     \
               call->caller->client_id)

static const char NO_ROLE[] = "This is none of chair|guest.";

static pl_err put_role(const pl_api_call *call, pl_management_command *m,
                       pl_answer *answer)
{
    pl_slice role = {NULL, 0};
    pl_err e = pl_client_opt_str(call, "role", &role);
    if (!e && role.len == 0 && m->command != PL_MGMT_COMMAND_PARTICIPANT_ROLE)
        return PL_OK;
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, role);
    if (!e && !pl_client_find_role(role, &m->role))
        return PL_OK;
    return pl_management_refuse_member(call, "role", NO_ROLE, answer);
}

static const char NO_ALIAS[] = "This is to be an alias of a conference.";

static pl_err put_new_place(const pl_api_call *call, pl_management_command *m,
                            pl_answer *answer)
{
    pl_slice alias;
    if (pl_client_str(call, "conference_alias", &alias) || alias.len == 0 ||
        PL_PUT(m->alias, alias)) {
        return pl_management_refuse_member(call, "conference_alias", NO_ALIAS,
                                           answer);
    }
    pl_fmt_cut(m->transfer_id, sizeof m->transfer_id, "%s", call->new_id);
    pl_fmt_cut(m->secret, sizeof m->secret, "%s", call->new_secret);
    pl_fmt_cut(m->transfer_hash, sizeof m->transfer_hash, "%s", call->new_hash);
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, alias);
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, transfer_id);
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, secret);
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, transfer_hash);
    return put_role(call, m, answer);
}

static pl_err put_layout(const pl_api_call *call, pl_management_command *m,
                         pl_answer *answer)
{
    pl_slice host;
    pl_slice guest;
    if (pl_client_find_layouts(call->doc, &host, &guest) ||
        PL_PUT(m->host_layout, host) || PL_PUT(m->guest_layout, guest)) {
        return pl_management_refuse_member(
            call, "layout", "This, or another member, has no known layout.",
            answer);
    }
    if (host.len > 0)
        PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, host_layout);
    if (guest.len > 0)
        PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, guest_layout);
    pl_err e =
        pl_json_get_bool(call->doc, "enable_overlay_text", &m->overlay_shown);
    if (!e)
        PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, overlay_shown);
    return e == PL_EPROTO
               ? pl_management_refuse_member(call, "enable_overlay_text",
                                             "This is neither true nor false.",
                                             answer)
               : PL_OK;
}

static pl_err put_prompt(const pl_api_call *call, pl_management_command *m,
                         pl_answer *answer)
{
    pl_slice prompt;
    if (pl_client_str(call, "prompt", &prompt) || prompt.len == 0 ||
        !pl_is_printable(prompt) || PL_PUT(m->prompt, prompt)) {
        return pl_management_refuse_member(
            call, "prompt", "This is to be the name of a prompt.", answer);
    }
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, prompt);
    if (pl_json_get_bool(call->doc, "loop", &m->loop) == PL_EPROTO) {
        return pl_management_refuse_member(
            call, "loop", "This is neither true nor false.", answer);
    }
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, loop);
    return PL_OK;
}

static pl_err put_stems(const pl_api_call *call, pl_management_command *m,
                        pl_answer *answer)
{
    if (pl_json_get_bool(call->doc, "stems", &m->stems) == PL_EPROTO) {
        return pl_management_refuse_member(
            call, "stems", "This is neither true nor false.", answer);
    }
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, stems);
    return PL_OK;
}

static pl_err put_command(pl_api_call *call, uint32_t command,
                          pl_answer *answer)
{
    pl_management_command *m = &call->message.management_command;
    *m = (pl_management_command){.command = command};
    PUT_CLIENT(m);
    call->desc = &PL_MSG_MANAGEMENT_COMMAND;
    pl_err e = read_id(call, command, m->id, sizeof m->id, answer);
    if (e)
        return e;
    switch (command) {
    case PL_MGMT_COMMAND_PARTICIPANT_ROLE: return put_role(call, m, answer);
    case PL_MGMT_COMMAND_PARTICIPANT_TRANSFER:
        return put_new_place(call, m, answer);
    case PL_MGMT_COMMAND_CONFERENCE_LAYOUT: return put_layout(call, m, answer);
    case PL_MGMT_COMMAND_CONFERENCE_PLAY:
    case PL_MGMT_COMMAND_PARTICIPANT_PLAY: return put_prompt(call, m, answer);
    case PL_MGMT_COMMAND_CONFERENCE_START_RECORDING:
        return put_stems(call, m, answer);
    default: return PL_OK;
    }
}

/* Ask how it is now; the command follows in the other direction. */
static pl_err put_look(pl_api_call *call, uint32_t path, pl_answer *answer)
{
    pl_management_query *m = &call->message.management_query;
    *m = (pl_management_query){.resource =
                                   path == PL_MGMT_COMMAND_PARTICIPANT_MUTE
                                       ? PL_MGMT_RESOURCE_LIVE_PARTICIPANT
                                       : PL_MGMT_RESOURCE_LIVE_CONFERENCE,
                               .limit = 1};
    PL_MSG_SET(MANAGEMENT_QUERY, management_query, m, id);
    call->desc = &PL_MSG_MANAGEMENT_QUERY;
    return read_id(call, path, m->id, sizeof m->id, answer);
}

/* ---- dial ---- */

static pl_err put_words(const pl_api_call *call, pl_management_dial *m,
                        pl_answer *answer)
{
    char word[64] = "";
    pl_slice role = {NULL, 0};
    pl_slice keep = {NULL, 0};
    m->role = PL_PART_ROLE_GUEST;
    if (pl_client_opt_str(call, "role", &role) ||
        (role.len > 0 && pl_client_find_role(role, &m->role)))
        return pl_management_refuse_member(call, "role", NO_ROLE, answer);
    bool is_text = !pl_client_opt_str(call, "keep_conference_alive", &keep);
    if (is_text && keep.len == 0)
        return PL_OK;
    if (is_text && !pl_copy(word, sizeof word, keep))
        m->keep_alive = pl_keep_alive_find(word);
    PL_MSG_SET(MANAGEMENT_DIAL, management_dial, m, keep_alive);
    if (m->keep_alive)
        return PL_OK;
    return pl_management_refuse_member(
        call, "keep_conference_alive",
        "This is none of keep_conference_alive|"
        "keep_conference_alive_if_multiple|keep_conference_alive_never.",
        answer);
}

/* Only telephones by SIP, only sound. */
static pl_err check_protocol(const pl_api_call *call, pl_answer *answer)
{
    pl_slice protocol = {NULL, 0};
    bool is_streaming = false;
    bool is_text = !pl_client_opt_str(call, "protocol", &protocol);
    bool is_sip = protocol.len == 0 || pl_slice_eq_str(protocol, "sip") ||
                  pl_slice_eq_str(protocol, "auto");
    if (!is_text || !is_sip) {
        return pl_management_refuse_member(call, "protocol",
                                           "This is none of sip|auto.", answer);
    }
    if (pl_json_get_bool(call->doc, "streaming", &is_streaming) == PL_EPROTO ||
        is_streaming) {
        return pl_management_refuse_member(call, "streaming",
                                           "This can be false only.", answer);
    }
    return PL_OK;
}

static pl_err put_dial(pl_api_call *call, pl_answer *answer)
{
    pl_management_dial *m = &call->message.management_dial;
    pl_slice alias;
    pl_slice to;
    pl_slice name;
    pl_slice digits;
    *m = (pl_management_dial){0};
    PUT_CLIENT(m);
    call->desc = &PL_MSG_MANAGEMENT_DIAL;
    const char *bad = NULL;
    const char *why = NULL;
    if (pl_client_str(call, "conference_alias", &alias) || alias.len == 0 ||
        PL_PUT(m->alias, alias)) {
        bad = "conference_alias";
        why = NO_ALIAS;
    } else if (pl_client_str(call, "destination", &to) ||
               pl_client_address(to, m->address, sizeof m->address)) {
        bad = "destination";
        why = "This is to be an address as sip:NAME@HOST, or a number.";
    } else if (pl_client_opt_str(call, "remote_display_name", &name) ||
               PL_PUT(m->display_name, pl_client_cut(name, PL_NAME_MAX))) {
        bad = "remote_display_name";
        why = "This is not a text.";
    } else if (pl_client_opt_str(call, "dtmf_sequence", &digits) ||
               (digits.len > 0 && !pl_is_keys(digits)) ||
               PL_PUT(m->digits, digits)) {
        bad = "dtmf_sequence";
        why = "This is not keys of a telephone.";
    }
    if (bad)
        return pl_management_refuse_member(call, bad, why, answer);
    if (name.len > 0)
        PL_MSG_SET(MANAGEMENT_DIAL, management_dial, m, display_name);
    if (digits.len > 0)
        PL_MSG_SET(MANAGEMENT_DIAL, management_dial, m, digits);
    pl_err e = put_words(call, m, answer);
    return e ? e : check_protocol(call, answer);
}

/* ---- the operation ---- */

pl_err pl_management_ask_command(pl_api_call *call, pl_answer *answer)
{
    uint32_t command = 0;
    uint32_t path = path_of(call);
    if (pl_management_lacks_slash(call, answer))
        return PL_OK;
    if (!path && !is_dial(call)) {
        pl_management_fail(call, PL_ENOENT, "No such command", answer);
        return PL_OK;
    }
    pl_err e = pl_management_read_body(call, answer);
    if (e || answer->status != 0)
        return e;
    e = path ? read_setting(call, path, &command, answer)
             : put_dial(call, answer);
    if (!e && path) {
        e = command ? put_command(call, command, answer)
                    : put_look(call, path, answer);
    }
    if (answer->status == 0)
        return e;
    call->desc = NULL; /* a member was refused */
    return PL_OK;
}

/* It was looked at: now the command. */
static pl_err turn_over(pl_api_call *call, const pl_management_page *page,
                        pl_answer *answer)
{
    uint32_t path = path_of(call);
    bool is_mute = path == PL_MGMT_COMMAND_PARTICIPANT_MUTE;
    uint32_t back = is_mute ? PL_MGMT_COMMAND_PARTICIPANT_UNMUTE
                            : PL_MGMT_COMMAND_CONFERENCE_UNLOCK;
    const char *name = is_mute ? "is_muted" : "is_locked";
    pl_json *objects = NULL;
    int64_t number = 0;
    bool flag = false;
    if (pl_json_parse(page->objects, &objects))
        return PL_EINTERNAL;
    const pl_json *value = pl_json_get(pl_json_at(objects, 0), name);
    bool is_there = pl_json_count(objects) > 0;
    if (pl_json_as_bool(value, &flag))
        flag = !pl_json_as_i64(value, &number) && number != 0;
    pl_json_free(&objects);
    if (!is_there)
        return PL_ENOENT;
    return put_command(call, flag ? back : path, answer);
}

static void put_dialled(pl_jw *w, const pl_room_dialled *dialled)
{
    pl_jw_open(w, "data", '{');
    pl_jw_str(w, "participant_id", dialled->participant_id);
    pl_jw_open(w, "participant_ids", '[');
    pl_jw_str(w, NULL, dialled->participant_id);
    pl_jw_close(w, ']');
    pl_jw_close(w, '}');
    pl_jw_str(w, "result", dialled->participant_id);
}

static void fail(const pl_api_call *call, pl_err e, const void *body,
                 pl_answer *answer)
{
    const pl_error *error = body;
    const char *text = NULL;
    bool is_there = e != PL_ENOENT && e != PL_EGONE;
    bool is_told = error && error->text[0];
    if (is_told && strcmp(error->text, PL_NO_PROMPT) == 0) {
        text = "prompt: There is none of this name.";
    } else if (!is_there && is_of_participant(path_of(call))) {
        text = "Participant not found";
    } else if (!is_there) {
        text = "Conference not found";
    } else if (is_told && (e == PL_EINVAL || e == PL_EUNSUPPORTED ||
                           e == PL_EIO || e == PL_EFULL)) {
        text = error->text;
    }
    pl_management_fail(call, e, text, answer);
}

void pl_management_commanded(pl_api_call *call, pl_err e,
                             const pl_msg_desc *desc, const void *body,
                             pl_answer *answer)
{
    const pl_msg_desc *asked = call->desc;
    call->is_partial = false;
    if (!e && asked == &PL_MSG_MANAGEMENT_QUERY &&
        desc == &PL_MSG_MANAGEMENT_PAGE) {
        e = turn_over(call, body, answer);
        body = NULL;
        call->is_partial = !e;
        if (!e || answer->status != 0)
            return;
    }
    bool is_dialled = asked == &PL_MSG_MANAGEMENT_DIAL;
    if (!e && desc != (is_dialled ? &PL_MSG_ROOM_DIALLED : &PL_MSG_OK_REPLY))
        e = PL_EINTERNAL;
    if (e) {
        fail(call, e, body, answer);
        return;
    }
    pl_answer_json(answer, 202);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "status", "success");
    pl_jw_str(&w, "message", "");
    if (is_dialled)
        put_dialled(&w, body);
    pl_jw_close(&w, '}');
}
