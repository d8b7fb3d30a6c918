/* event_channel.c - tickets, cursors, and the text of what is pushed. */
#include "event_channel.h"

#include <inttypes.h>
#include <string.h>

#include "conference_request.h"
#include "event_text.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "url.h"

enum { TICKET_S = 30, EVENT_TEXT_MAX = 1 << 20 };

/* ---- tickets ---- */

static pl_err ticket(pl_api_call *call, pl_answer *answer)
{
    pl_session_ticket *m = &call->message.session_ticket;
    (void)answer;
    *m = (pl_session_ticket){.valid_s = TICKET_S,
                             .token_expires_ms = call->caller->expires_ms};
    PL_CONFERENCE_ACTOR(SESSION_TICKET, session_ticket, m);
    pl_fmt_cut(m->ticket_hash, sizeof m->ticket_hash, "%s", call->new_hash);
    call->desc = &PL_MSG_SESSION_TICKET;
    return PL_OK;
}

static void ticket_done(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                        const void *body, pl_answer *answer)
{
    enum { HOST_MAX = 256, URL_MAX = HOST_MAX + 4 * PL_ID_MAX };
    char path[URL_MAX];
    char text[URL_MAX];
    char secret[PL_SEAT_TOKEN_MAX + 1];
    pl_slice host = pl_http_head_get(call->head, "host");
    if (!e && desc != &PL_MSG_OK_REPLY)
        e = PL_EINTERNAL;
    if (!e && (host.len == 0 || host.len > HOST_MAX))
        e = PL_EINVAL;
    if (pl_conference_failed(call, e, body, answer))
        return;
    const char *id = call->message.session_ticket.session_id;
    bool is_rtc1 =
        pl_conference_dialect(call->match->route->path) == PL_DIALECT_RTC1;
    pl_fmt_cut(secret, sizeof secret, "%s%s", call->new_secret, id);
    pl_fmt_cut(path, sizeof path, "%s/sessions/%s", is_rtc1 ? "/RTC/v1" : "",
               id);
    pl_answer_json(answer, 201);
    pl_fmt_cut(text, sizeof text, "wss://%.*s%s/websockets?ticket=%s",
               (int)host.len, (const char *)host.ptr, path, secret);
    pl_answer_header(answer, "Location", text);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "location", text);
    pl_fmt_cut(text, sizeof text, "%s/events?ticket=%s", path, secret);
    pl_jw_str(&w, "events", text);
    pl_jw_int(&w, "expiresIn", TICKET_S);
    pl_jw_close(&w, '}');
}

PL_CONFERENCE_OP(SESSION_TICKET, ticket, ticket_done)
const pl_api_op PL_OP_SESSION_SOCKET = {.kind = PL_KIND_SESSION_SOCKET,
                                        .family = PL_FAMILY_CONFERENCE,
                                        .auth = PL_AUTH_BEARER_OR_TICKET};

pl_err pl_ticket_read(pl_slice text, char ret_session_id[PL_ID_MAX + 1],
                      char ret_hash[65])
{
    pl_slice secret;
    pl_slice id;
    if (pl_seat_split(text, &secret, &id) ||
        pl_copy(ret_session_id, PL_ID_MAX + 1, id))
        return PL_EAUTH;
    pl_sha256_hex(secret.ptr, secret.len, ret_hash);
    return PL_OK;
}

/* ---- streams ---- */

bool pl_channel_wants_stream(const pl_http_head *head)
{
    static const char type[] = "text/event-stream";
    pl_slice accept = pl_http_head_get(head, "accept");
    /* Its parameters, if any, say nothing here. */
    const uint8_t *end =
        memchr(accept.ptr ? accept.ptr : (const uint8_t *)"", ';', accept.len);
    if (end)
        accept.len = (size_t)(end - accept.ptr);
    return pl_http_has_word(accept, type);
}

pl_err pl_channel_cursor(const pl_http_head *head, uint64_t *ret_cursor)
{
    enum { DIGITS = 20 };
    char text[DIGITS + 1];
    uint64_t cursor = 0;
    pl_slice value = pl_http_head_get(head, "last-event-id");
    pl_err e = pl_url_param(head->query, "cursor", text, sizeof text);
    if (!e) {
        value = pl_slice_str(text);
    } else if (e != PL_ENOENT) {
        return PL_EINVAL;
    }
    if (value.len > 0 && pl_parse_u64(value, INT64_MAX, &cursor))
        return PL_EINVAL;
    *ret_cursor = cursor;
    return PL_OK;
}

pl_err pl_channel_text(const pl_event_item *item, pl_buf *out)
{
    pl_buf body;
    pl_buf_init(&body, EVENT_TEXT_MAX);
    pl_err e = pl_event_session_text(item, &body);
    if (!e) { /* one more member in front; clients ignore what they know not */
        pl_buf_add_fmt(out, "{\"cursor\":%" PRIu64 ",", item->seq);
        pl_buf_add(out, pl_buf_text(&body) + 1, body.len - 1);
        e = out->has_failed ? PL_ENOMEM : PL_OK;
    }
    pl_buf_fini(&body);
    return e;
}
