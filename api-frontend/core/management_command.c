/* management_command.c - POST /api/admin/command/v1/..: something is done with
 * a live participant or conference. */
#include "client_impl.h"
#include "management_impl.h"
#include "pl/keys.h"

/* ---- whom it is about ---- */

static bool is_of_participant(uint32_t command)
{
    return command >= PL_MGMT_COMMAND_PARTICIPANT_DISCONNECT &&
           command <= PL_MGMT_COMMAND_PARTICIPANT_TRANSFER;
}

/* The id under either of its names; conferences may also be named by the number
 * of their configuration. */
static pl_err read_id(const pl_api_call *call, uint32_t command, char *buf,
                      size_t cap)
{
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
    return !e && id.len > 0 && pl_is_printable(id) ? pl_copy(buf, cap, id)
                                                   : PL_EINVAL;
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
                           uint32_t *ret_command)
{
    pl_slice setting;
    if (pl_client_opt_str(call, "setting", &setting))
        return PL_EINVAL;
    *ret_command = path;
    if (setting.len == 0)
        return PL_OK;
    for (size_t i = 0; i < sizeof SETTINGS / sizeof SETTINGS[0]; i++) {
        if (SETTINGS[i].path == path &&
            pl_slice_eq_str(setting, SETTINGS[i].setting)) {
            *ret_command = SETTINGS[i].command;
            return PL_OK;
        }
    }
    return PL_EINVAL;
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

static pl_err put_role(const pl_api_call *call, pl_management_command *m)
{
    pl_slice role;
    pl_err e = pl_client_opt_str(call, "role", &role);
    if (e || role.len == 0) {
        return e || m->command == PL_MGMT_COMMAND_PARTICIPANT_ROLE ? PL_EINVAL
                                                                   : PL_OK;
    }
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, role);
    return pl_client_find_role(role, &m->role);
}

static pl_err put_new_place(const pl_api_call *call, pl_management_command *m)
{
    pl_slice alias;
    if (pl_client_str(call, "conference_alias", &alias) || alias.len == 0 ||
        PL_PUT(m->alias, alias))
        return PL_EINVAL;
    pl_fmt_cut(m->transfer_id, sizeof m->transfer_id, "%s", call->new_id);
    pl_fmt_cut(m->secret, sizeof m->secret, "%s", call->new_secret);
    pl_fmt_cut(m->transfer_hash, sizeof m->transfer_hash, "%s", call->new_hash);
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, alias);
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, transfer_id);
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, secret);
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, transfer_hash);
    return put_role(call, m);
}

static pl_err put_layout(const pl_api_call *call, pl_management_command *m)
{
    pl_slice host;
    pl_slice guest;
    if (pl_client_find_layouts(call->doc, &host, &guest) ||
        PL_PUT(m->host_layout, host) || PL_PUT(m->guest_layout, guest))
        return PL_EINVAL;
    if (host.len > 0)
        PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, host_layout);
    if (guest.len > 0)
        PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, guest_layout);
    pl_err e =
        pl_json_get_bool(call->doc, "enable_overlay_text", &m->overlay_shown);
    if (!e)
        PL_MSG_SET(MANAGEMENT_COMMAND, management_command, m, overlay_shown);
    return e == PL_EPROTO ? PL_EINVAL : PL_OK;
}

static pl_err put_command(pl_api_call *call, uint32_t command)
{
    pl_management_command *m = &call->message.management_command;
    *m = (pl_management_command){.command = command};
    PUT_CLIENT(m);
    call->desc = &PL_MSG_MANAGEMENT_COMMAND;
    pl_err e = read_id(call, command, m->id, sizeof m->id);
    if (e)
        return PL_EINVAL;
    switch (command) {
    case PL_MGMT_COMMAND_PARTICIPANT_ROLE: return put_role(call, m);
    case PL_MGMT_COMMAND_PARTICIPANT_TRANSFER: return put_new_place(call, m);
    case PL_MGMT_COMMAND_CONFERENCE_LAYOUT: return put_layout(call, m);
    default: return PL_OK;
    }
}

/* Ask how it is now; the command follows in the other direction. */
static pl_err put_look(pl_api_call *call, uint32_t path)
{
    pl_management_query *m = &call->message.management_query;
    *m = (pl_management_query){.resource =
                                   path == PL_MGMT_COMMAND_PARTICIPANT_MUTE
                                       ? PL_MGMT_RESOURCE_LIVE_PARTICIPANT
                                       : PL_MGMT_RESOURCE_LIVE_CONFERENCE,
                               .limit = 1};
    PL_MSG_SET(MANAGEMENT_QUERY, management_query, m, id);
    call->desc = &PL_MSG_MANAGEMENT_QUERY;
    return read_id(call, path, m->id, sizeof m->id) ? PL_EINVAL : PL_OK;
}

/* ---- dial ---- */

static pl_err put_words(const pl_api_call *call, pl_management_dial *m)
{
    char word[64];
    pl_slice role;
    pl_slice keep;
    if (pl_client_opt_str(call, "role", &role) ||
        pl_client_opt_str(call, "keep_conference_alive", &keep))
        return PL_EINVAL;
    m->role = PL_PART_ROLE_GUEST;
    if (role.len > 0 && pl_client_find_role(role, &m->role))
        return PL_EINVAL;
    if (keep.len == 0)
        return PL_OK;
    if (pl_copy(word, sizeof word, keep))
        return PL_EINVAL;
    m->keep_alive = pl_keep_alive_find(word);
    PL_MSG_SET(MANAGEMENT_DIAL, management_dial, m, keep_alive);
    return m->keep_alive ? PL_OK : PL_EINVAL;
}

/* Only telephones by SIP, only sound. */
static pl_err check_protocol(const pl_api_call *call)
{
    pl_slice protocol;
    bool is_streaming = false;
    if (pl_client_opt_str(call, "protocol", &protocol) ||
        pl_json_get_bool(call->doc, "streaming", &is_streaming) == PL_EPROTO)
        return PL_EINVAL;
    bool is_sip = protocol.len == 0 || pl_slice_eq_str(protocol, "sip") ||
                  pl_slice_eq_str(protocol, "auto");
    return is_sip && !is_streaming ? PL_OK : PL_EUNSUPPORTED;
}

static pl_err put_dial(pl_api_call *call)
{
    pl_management_dial *m = &call->message.management_dial;
    pl_slice alias;
    pl_slice to;
    pl_slice name;
    pl_slice digits;
    *m = (pl_management_dial){0};
    PUT_CLIENT(m);
    call->desc = &PL_MSG_MANAGEMENT_DIAL;
    if (pl_client_str(call, "conference_alias", &alias) || alias.len == 0 ||
        PL_PUT(m->alias, alias) || pl_client_str(call, "destination", &to) ||
        pl_client_address(to, m->address, sizeof m->address) ||
        pl_client_opt_str(call, "remote_display_name", &name) ||
        PL_PUT(m->display_name, pl_client_cut(name, PL_NAME_MAX)) ||
        pl_client_opt_str(call, "dtmf_sequence", &digits) ||
        (digits.len > 0 && !pl_is_keys(digits)) || PL_PUT(m->digits, digits))
        return PL_EINVAL;
    if (name.len > 0)
        PL_MSG_SET(MANAGEMENT_DIAL, management_dial, m, display_name);
    if (digits.len > 0)
        PL_MSG_SET(MANAGEMENT_DIAL, management_dial, m, digits);
    pl_err e = put_words(call, m);
    return e ? e : check_protocol(call);
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
    if (!path)
        return put_dial(call);
    e = read_setting(call, path, &command);
    if (e)
        return e;
    return command ? put_command(call, command) : put_look(call, path);
}

/* It was looked at: now the command. */
static pl_err turn_over(pl_api_call *call, const pl_management_page *page)
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
    return put_command(call, flag ? back : path);
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
    if (!is_there && is_of_participant(path_of(call))) {
        text = "Participant not found";
    } else if (!is_there) {
        text = "Conference not found";
    } else if (e == PL_EINVAL && error && error->text[0]) {
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
        e = turn_over(call, body);
        body = NULL;
        call->is_partial = !e;
        if (!e)
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
