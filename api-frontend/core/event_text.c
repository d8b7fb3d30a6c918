/* event_text.c - events of roompool in each API's spelling. */
#include "event_text.h"

#include <string.h>

#include "pl/json.h"
#include "pl/str.h"

/* ---- a session's events ---- */

static void put_if(pl_jw *w, const char *key, const char *text)
{
    if (text[0])
        pl_jw_str(w, key, text);
}

static const char *resource_of(const pl_event_item *item)
{
    return item->resource[0] ? item->resource : "conferences";
}

static void put_url(pl_jw *w, const pl_event_item *item)
{
    char url[256];
    pl_fmt_cut(url, sizeof url, "%s/sessions/%s/%s/%s",
               item->dialect == PL_DIALECT_RTC1 ? "/RTC/v1" : "",
               item->session_id, resource_of(item), item->conf_id);
    pl_jw_str(w, "resourceURL", url);
}

static pl_slice next_line(pl_slice *rest)
{
    const uint8_t *lf = memchr(rest->ptr, '\n', rest->len);
    size_t n = lf ? (size_t)(lf - rest->ptr) : rest->len;
    size_t used = lf ? n + 1 : n;
    pl_slice line = {rest->ptr, n};
    if (n > 0 && line.ptr[n - 1] == '\r')
        line.len--;
    *rest = (pl_slice){rest->ptr + used, rest->len - used};
    return line;
}

static pl_slice word_at(pl_slice line, unsigned index)
{
    size_t at = 0;
    for (unsigned i = 0; at <= line.len; i++) {
        size_t end = at;
        while (end < line.len && line.ptr[end] != ' ')
            end++;
        if (i == index)
            return (pl_slice){line.ptr + at, end - at};
        at = end + 1;
    }
    return (pl_slice){NULL, 0};
}

static bool starts(pl_slice line, const char *prefix)
{
    size_t n = strlen(prefix);
    return line.len >= n && memcmp(line.ptr, prefix, n) == 0;
}

bool pl_event_connection_address(pl_slice sdp, char *buf, size_t cap)
{
    enum { CANDIDATE_ADDRESS = 4, CONNECTION_ADDRESS = 2 };
    pl_slice connection = {NULL, 0};
    while (sdp.len > 0) {
        pl_slice line = next_line(&sdp);
        /* a=candidate:foundation component transport priority address .. */
        if (starts(line, "a=candidate:"))
            return pl_copy(buf, cap, word_at(line, CANDIDATE_ADDRESS)) == PL_OK;
        if (starts(line, "c=IN "))
            connection = word_at(line, CONNECTION_ADDRESS);
    }
    return connection.len > 0 && pl_copy(buf, cap, connection) == PL_OK;
}

/* What the outcome of an invitation looks like: who joined is a session-open
 * with the participant for bare sessions; the other spelling knows only the
 * end of a modification. */
static const char *state_of(const pl_event_item *item)
{
    if (item->kind != PL_EVENT_KIND_INVITE_RESULT)
        return pl_event_kind_text(item->kind);
    bool has_joined = strcmp(item->reason, "success") == 0;
    return item->dialect == PL_DIALECT_BARE && has_joined ? "session-open"
                                                          : "mod-terminated";
}

static size_t count_bare_lf(pl_slice text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.ptr[i] == '\n' && (i == 0 || text.ptr[i - 1] != '\r');
    return n;
}

/* Browsers want CRLF; what a telephone or an application wrote may have LF. */
static void put_sdp(pl_jw *w, pl_slice sdp)
{
    size_t n_bare = count_bare_lf(sdp);
    if (n_bare == 0) {
        pl_jw_slice(w, "sdp", sdp);
        return;
    }
    pl_buf text;
    pl_buf_init(&text, sdp.len + n_bare);
    while (sdp.len > 0) {
        bool has_end = memchr(sdp.ptr, '\n', sdp.len) != NULL;
        pl_buf_add_slice(&text, next_line(&sdp));
        if (has_end)
            pl_buf_add_str(&text, "\r\n");
    }
    pl_jw_slice(w, "sdp", pl_buf_slice(&text));
    w->out->has_failed |= text.has_failed;
    pl_buf_fini(&text);
}

static void put_event(pl_jw *w, const pl_event_item *item)
{
    char address[PL_ADDRESS_MAX + 1];
    bool is_bare = item->dialect == PL_DIALECT_BARE;
    pl_jw_open(w, "eventObject", '{');
    pl_jw_str(w, "type", resource_of(item));
    put_url(w, item);
    pl_jw_str(w, "state", state_of(item));
    put_if(w, "from", item->from);
    put_if(w, "modId", item->mod_id);
    put_if(w, "reason", item->reason);
    put_if(w, "transferToCallId", item->transfer_to);
    if (item->sdp.len > 0)
        put_sdp(w, item->sdp);
    if (item->provisional)
        pl_jw_bool(w, "provisionalSDP", true);
    if (is_bare && item->kind == PL_EVENT_KIND_INVITE_RESULT)
        put_if(w, "participant", item->address);
    if (is_bare && item->kind == PL_EVENT_KIND_SESSION_OPEN &&
        pl_event_connection_address(item->sdp, address, sizeof address))
        pl_jw_str(w, "connectionAddress", address);
    pl_jw_close(w, '}');
}

pl_err pl_event_session_text(const pl_event_item *item, pl_buf *out)
{
    if (item->kind < PL_EVENT_KIND_INVITATION_RECEIVED ||
        item->kind > PL_EVENT_KIND_MOVE_TERMINATED)
        return PL_EUNSUPPORTED;
    pl_jw w = {.out = out};
    pl_jw_open(&w, NULL, '{');
    pl_jw_open(&w, "events", '{');
    pl_jw_open(&w, "eventList", '[');
    pl_jw_open(&w, NULL, '{');
    put_event(&w, item);
    pl_jw_close(&w, '}');
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
    return out->has_failed ? PL_ENOMEM : PL_OK;
}

/* ---- a participant's events ---- */

static void begin_sse(pl_buf *out, const char *name)
{
    pl_buf_add_fmt(out, "event: %s\ndata: ", name);
}

static void end_sse(pl_buf *out)
{
    pl_buf_add_str(out, "\n\n");
}

static const char *yes_no(bool is_true)
{
    return is_true ? "YES" : "NO";
}

static const char *service_type_of(const pl_event_item *item)
{
    if (item->waiting)
        return "waiting_room";
    return item->leg_kind == PL_LEG_KIND_SIP && !item->has_media ? "connecting"
                                                                 : "conference";
}

static void put_person_texts(pl_jw *w, const pl_event_item *item)
{
    char url[PL_ID_MAX + 16];
    bool may_see_slides =
        item->rx_presentation ||
        !PL_MSG_HAS(EVENT_ITEM, event_item, item, rx_presentation);
    pl_fmt_cut(url, sizeof url, "/participants/%s", item->participant_id);
    pl_jw_str(w, "uuid", item->participant_id);
    pl_jw_str(w, "display_name", item->display_name);
    pl_jw_str(w, "overlay_text",
              item->overlay_text[0] ? item->overlay_text : item->display_name);
    pl_jw_str(w, "uri", item->address);
    pl_jw_str(w, "vendor", "");
    pl_jw_str(w, "call_tag", "");
    pl_jw_str(w, "local_alias", "");
    pl_jw_str(w, "external_node_uuid", "");
    pl_jw_str(w, "api_url", url);
    pl_jw_str(w, "role", item->role == PL_PART_ROLE_HOST ? "chair" : "guest");
    pl_jw_str(w, "service_type", service_type_of(item));
    pl_jw_str(w, "protocol", item->leg_kind == PL_LEG_KIND_SIP ? "sip" : "api");
    pl_jw_str(w, "call_direction", item->dialled ? "out" : "in");
    pl_jw_str(w, "encryption",
              item->leg_kind == PL_LEG_KIND_WEBRTC ? "On" : "Off");
    pl_jw_str(w, "rx_presentation_policy", may_see_slides ? "ALLOW" : "DENY");
}

/* Answers to questions that are asked with YES and NO. */
static void put_person_words(pl_jw *w, const pl_event_item *item)
{
    static const char *const no[] = {"is_presenting", "is_video_call",
                                     "fecc_supported",
                                     "presentation_supported"};
    pl_jw_str(w, "is_muted", yes_no(item->muted));
    pl_jw_str(w, "is_audio_only_call", yes_no(item->has_media));
    pl_jw_str(w, "mute_supported", "YES");
    pl_jw_str(w, "disconnect_supported", "YES");
    pl_jw_str(w, "transfer_supported",
              yes_no(item->leg_kind != PL_LEG_KIND_SIP));
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        pl_jw_str(w, no[i], "NO");
}

static void put_person_flags(pl_jw *w, const pl_event_item *item)
{
    static const char *const off[] = {
        "is_video_silent",      "is_main_video_dropped_out",
        "is_external",          "is_streaming_conference",
        "is_conjoined",         "is_transferring",
        "is_idp_authenticated", "needs_presentation_in_mix",
        "show_live_captions",   "can_receive_personal_mix"};
    pl_jw_bool(w, "has_media", item->has_media);
    pl_jw_bool(w, "is_client_muted", item->client_muted);
    pl_jw_bool(w, "is_video_muted", item->video_muted);
    pl_jw_bool(w, "on_hold", item->on_hold);
    pl_jw_bool(w, "supports_direct_chat", item->leg_kind != PL_LEG_KIND_SIP);
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++)
        pl_jw_bool(w, off[i], false);
}

void pl_event_put_person(pl_jw *w, const char *key, const pl_event_item *item)
{
    pl_jw_open(w, key, '{');
    put_person_texts(w, item);
    put_person_words(w, item);
    put_person_flags(w, item);
    pl_jw_seconds(w, "start_time", item->at_ms);
    pl_jw_seconds(w, "buzz_time", item->buzz_ms);
    pl_jw_seconds(w, "spotlight", item->spotlight_ms);
    pl_jw_open(w, "receive_from_video_mix", '{');
    pl_jw_str(w, "mix_name", "main");
    pl_jw_int(w, "timestamp", 0);
    pl_jw_close(w, '}');
    pl_jw_close(w, '}');
}

void pl_event_put_conference(pl_jw *w, const char *key,
                             const pl_event_item *item)
{
    static const char *const off[] = {
        "all_muted",    "presentation_allowed",    "guests_can_present",
        "direct_media", "live_captions_available", "breakout_rooms"};
    bool can_unmute =
        item->guests_can_unmute ||
        !PL_MSG_HAS(EVENT_ITEM, event_item, item, guests_can_unmute);
    pl_jw_open(w, key, '{');
    pl_jw_bool(w, "locked", item->locked);
    pl_jw_bool(w, "guests_muted", item->guests_muted);
    pl_jw_bool(w, "started", item->started);
    pl_jw_bool(w, "guests_can_unmute", can_unmute);
    pl_jw_bool(w, "chat_enabled", !item->no_chat);
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++)
        pl_jw_bool(w, off[i], false);
    pl_jw_bool(w, "recording", item->recording);
    pl_jw_bool(w, "streaming", false);
    pl_jw_bool(w, "transcribing", false);
    pl_jw_null(w, "message_text");
    pl_jw_open(w, "classification", '{');
    pl_jw_open(w, "levels", '{');
    pl_jw_close(w, '}');
    pl_jw_null(w, "current");
    pl_jw_close(w, '}');
    pl_jw_close(w, '}');
}

static void put_person(pl_jw *w, const pl_event_item *item)
{
    pl_event_put_person(w, NULL, item);
}

static void put_conference(pl_jw *w, const pl_event_item *item)
{
    pl_event_put_conference(w, NULL, item);
}

/* There is no picture: nobody is in it, whatever was asked for. */
static void put_layout(pl_jw *w, const pl_event_item *item)
{
    const char *host = item->host_layout[0] ? item->host_layout : "ac";
    const char *guest = item->guest_layout[0] ? item->guest_layout : "ac";
    pl_jw_open(w, NULL, '{');
    pl_jw_str(w, "view", host);
    pl_jw_open(w, "participants", '[');
    pl_jw_close(w, ']');
    pl_jw_open(w, "requested_layout", '{');
    pl_jw_open(w, "primary_screen", '{');
    pl_jw_str(w, "chair_layout", host);
    pl_jw_str(w, "guest_layout", guest);
    pl_jw_close(w, '}');
    pl_jw_close(w, '}');
    pl_jw_bool(w, "overlay_text_enabled", item->overlay_shown);
    pl_jw_null(w, "pres_slot_coords");
    pl_jw_close(w, '}');
}

static void put_message(pl_jw *w, const pl_event_item *item)
{
    pl_jw_open(w, NULL, '{');
    pl_jw_str(w, "origin", item->display_name);
    pl_jw_str(w, "uuid", item->participant_id);
    pl_jw_str(w, "type", item->type[0] ? item->type : "text/plain");
    pl_jw_slice(w, "payload", item->payload);
    pl_jw_bool(w, "direct", item->direct);
    pl_jw_close(w, '}');
}

/* The token is for one request_token of that alias. */
static void put_refer(pl_jw *w, const pl_event_item *item)
{
    char token[sizeof item->secret + sizeof item->transfer_id];
    pl_fmt_cut(token, sizeof token, "%s%s", item->secret, item->transfer_id);
    pl_jw_open(w, NULL, '{');
    pl_jw_str(w, "alias", item->alias);
    pl_jw_str(w, "token", token);
    pl_jw_close(w, '}');
}

static void put_null(pl_jw *w, const pl_event_item *item)
{
    (void)item;
    pl_jw_null(w, NULL);
}

static void put_gone(pl_jw *w, const pl_event_item *item)
{
    pl_jw_open(w, NULL, '{');
    pl_jw_str(w, "uuid", item->participant_id);
    pl_jw_close(w, '}');
}

/* Clients know a loss of media by these texts only. */
static const char *known_reason(const char *reason)
{
    static const char ice[] = "Ice failure";
    static const struct {
        const char *ours, *known;
    } rows[] = {
        {"no ICE check came", ice},
        {"consent expired", ice},
        {"ICE restart failed", ice},
        {"the DTLS handshake did not finish", ice},
        {"media lost", "Media process disconnected"},
        {"media worker lost", "Media node disconnected"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(reason, rows[i].ours) == 0)
            return rows[i].known;
    }
    return reason;
}

static void put_reason(pl_jw *w, const pl_event_item *item)
{
    pl_jw_open(w, NULL, '{');
    put_if(w, "call_uuid", item->call_id);
    pl_jw_str(w, "reason", known_reason(item->reason));
    pl_jw_close(w, '}');
}

pl_err pl_event_seat_text(const pl_event_item *item, pl_buf *out)
{
    static const struct {
        pl_event_kind kind;
        const char *name;
        void (*put)(pl_jw *w, const pl_event_item *item);
    } rows[] = {
        {PL_EVENT_KIND_SYNC_BEGIN, "participant_sync_begin", put_null},
        {PL_EVENT_KIND_SYNC_END, "participant_sync_end", put_null},
        {PL_EVENT_KIND_PARTICIPANT_CREATE, "participant_create", put_person},
        {PL_EVENT_KIND_PARTICIPANT_UPDATE, "participant_update", put_person},
        {PL_EVENT_KIND_PARTICIPANT_DELETE, "participant_delete", put_gone},
        {PL_EVENT_KIND_CONFERENCE_UPDATE, "conference_update", put_conference},
        {PL_EVENT_KIND_LAYOUT, "layout", put_layout},
        {PL_EVENT_KIND_MESSAGE, "message_received", put_message},
        {PL_EVENT_KIND_REFER, "refer", put_refer},
        {PL_EVENT_KIND_REFRESH_TOKEN, "refresh_token", put_null},
        {PL_EVENT_KIND_DISCONNECT, "disconnect", put_reason},
        {PL_EVENT_KIND_CALL_DISCONNECTED, "call_disconnected", put_reason},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if ((uint32_t)rows[i].kind != item->kind)
            continue;
        pl_jw w = {.out = out};
        begin_sse(out, rows[i].name);
        rows[i].put(&w, item);
        end_sse(out);
        return PL_OK;
    }
    return PL_EUNSUPPORTED;
}

/* ---- who speaks ---- */

void pl_stage_forget(pl_stage *stage, const char *participant_id)
{
    for (size_t i = 0; i < stage->n; i++) {
        if (strcmp(stage->rows[i].participant_id, participant_id) != 0)
            continue;
        stage->n--;
        memmove(&stage->rows[i], &stage->rows[i + 1],
                (stage->n - i) * sizeof stage->rows[0]);
        return;
    }
}

/* RFC 6464: 0 is the loudest, 127 silence. */
static unsigned vad_of(const pl_event_item *item)
{
    enum { SILENCE = 127 };
    unsigned level = item->level < SILENCE ? item->level : SILENCE;
    unsigned vad = (SILENCE - level) * 100 / SILENCE;
    return vad > 0 ? vad : 1;
}

void pl_stage_update(pl_stage *stage, const pl_event_item *item)
{
    pl_stage_forget(stage, item->participant_id);
    if (!item->talking || stage->n == PL_STAGE_MAX)
        return;
    struct pl_stage_row *row = &stage->rows[stage->n++];
    pl_fmt_cut(row->participant_id, sizeof row->participant_id, "%s",
               item->participant_id);
    row->vad = vad_of(item);
}

void pl_stage_text(const pl_stage *stage, pl_buf *out)
{
    pl_jw w = {.out = out};
    begin_sse(out, "stage");
    pl_jw_open(&w, NULL, '[');
    for (size_t i = 0; i < stage->n; i++) {
        pl_jw_open(&w, NULL, '{');
        pl_jw_str(&w, "participant_uuid", stage->rows[i].participant_id);
        pl_jw_int(&w, "stage_index", (int64_t)i);
        pl_jw_int(&w, "vad", stage->rows[i].vad);
        pl_jw_close(&w, '}');
    }
    pl_jw_close(&w, ']');
    end_sse(out);
}
