/* room_event.c - POST /public/event_sink: another platform tells what happens
 * in our rooms there; and GET /health. Whoever may send gets 200 for whatever
 * it is: what means nothing to us would only come again. */
#include <string.h>

#include "basic_auth.h"
#include "pl/str.h"
#include "room_api.h"

enum { DECIMALS = 6 };

/* ---- who sends ---- */

static bool is_sender(const pl_api_call *call)
{
    pl_slice header = pl_http_head_get(call->head, "authorization");
    pl_slice user;
    pl_slice password;
    pl_buf pair;
    pl_buf_init(&pair, PL_BASIC_PAIR_MAX);
    bool is_good =
        pl_basic_read(header, &pair, &user, &password) == PL_OK &&
        pl_slice_eq_secret(pl_buf_slice(&pair), call->rooms->sink_login);
    pl_buf_wipe(&pair);
    return is_good;
}

static void ask_who(pl_answer *answer)
{
    pl_jw w = {.out = &answer->body};
    pl_answer_json(answer, 401);
    pl_answer_header(answer, "WWW-Authenticate", "Basic realm=\"events\"");
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "detail", "Not authenticated");
    pl_jw_close(&w, '}');
}

/* ---- what is said ---- */

/* Seconds with decimals as milliseconds; 0 when it is none. */
static int64_t read_time(const pl_json *json)
{
    char text[40] = "";
    uint64_t whole = 0;
    uint64_t us = 0;
    pl_buf out;
    pl_buf_init(&out, sizeof text - 1);
    if (json && pl_json_dump(json, &out) == PL_OK)
        pl_fmt_cut(text, sizeof text, "%s", pl_buf_text(&out));
    pl_buf_fini(&out);
    size_t n = strcspn(text, ".");
    if (pl_parse_u64((pl_slice){(const uint8_t *)text, n}, INT64_MAX / 1000 - 1,
                     &whole))
        return 0;
    for (unsigned i = 0; i < DECIMALS; i++) {
        bool is_digit = text[n] && text[n + 1] >= '0' && text[n + 1] <= '9';
        us = 10 * us + (is_digit ? (uint64_t)(text[n + 1] - '0') : 0);
        n += is_digit;
    }
    return (int64_t)(1000 * whole + (us + 500) / 1000);
}

/* Whether it says something that roompool is to know; then it is the call's
 * message. */
static bool read_event(pl_api_call *call, const pl_json *event)
{
    pl_platform_event *m = &call->message.platform_event;
    const pl_json *data = pl_json_get(event, "data");
    char word[64];
    pl_slice text;
    int64_t seq = 0;
    *m = (pl_platform_event){.node = "?"};
    if (pl_json_get_str(event, "event", &text) ||
        pl_copy(word, sizeof word, text))
        return false;
    m->event = pl_platform_news_find(word);
    if (m->event == PL_PLATFORM_NEWS_UNKNOWN)
        return false;
    if (pl_json_get_str(event, "node", &text) == PL_OK && text.len > 0 &&
        pl_copy(m->node, sizeof m->node, text))
        return false;
    if (pl_json_get_i64(event, "seq", &seq) == PL_OK && seq > 0)
        m->seq = (uint64_t)seq;
    m->at_ms = read_time(pl_json_get(event, "time"));
    if (m->event == PL_PLATFORM_NEWS_SINK_STARTED)
        return true;
    if (pl_json_get_str(data, "name", &text) &&
        pl_json_get_str(data, "conference", &text))
        return false;
    if (text.len == 0 || pl_copy(m->room_name, sizeof m->room_name, text))
        return false;
    PL_MSG_SET(PLATFORM_EVENT, platform_event, m, room_name);
    return true;
}

/* The i-th event of the body, NULL past the last: one, or a list of them. */
static const pl_json *event_at(const pl_json *doc, size_t i)
{
    pl_slice word;
    const pl_json *data = pl_json_get(doc, "data");
    if (pl_json_is_array(doc))
        return pl_json_at(doc, i);
    if (pl_json_get_str(doc, "event", &word) == PL_OK &&
        pl_slice_eq_str(word, "eventsink_bulk"))
        return pl_json_at(data, i);
    return i == 0 ? doc : NULL;
}

/* Go on to the next that is to be told; false: there is none. n_rounds counts
 * the events that were looked at. */
static bool next_event(pl_api_call *call)
{
    const pl_json *event;
    while ((event = event_at(call->doc, call->n_rounds)) != NULL) {
        call->n_rounds++;
        if (!read_event(call, event))
            continue;
        call->desc = &PL_MSG_PLATFORM_EVENT;
        return true;
    }
    return false;
}

static void answer_taken(pl_answer *answer)
{
    pl_jw w = {.out = &answer->body};
    pl_answer_json(answer, 200);
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "status", "success");
    pl_jw_close(&w, '}');
}

static pl_err prepare_event(pl_api_call *call, pl_answer *answer)
{
    if (call->rooms->sink_login.len == 0) {
        pl_answer_refuse(answer, PL_FAMILY_ROOM, 404, "Not Found");
        return PL_OK;
    }
    if (!is_sender(call)) {
        ask_who(answer);
        return PL_OK;
    }
    pl_err e = pl_call_parse_body(call);
    if (e == PL_ENOMEM)
        return e;
    if (e || !call->doc || !next_event(call))
        answer_taken(answer);
    return PL_OK;
}

static void finish_event(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                         const void *body, pl_answer *answer)
{
    call->is_partial = false;
    if (pl_room_failed(call, e, &PL_MSG_OK_REPLY, desc, body, answer))
        return;
    call->is_partial = next_event(call);
    if (!call->is_partial)
        answer_taken(answer);
}

const pl_api_op PL_OP_ROOM_EVENT = {.kind = PL_KIND_CALL,
                                    .family = PL_FAMILY_ROOM,
                                    .auth = PL_AUTH_NONE,
                                    .prepare = prepare_event,
                                    .finish = finish_event};

/* ---- GET /health ---- */

static pl_err prepare_health(pl_api_call *call, pl_answer *answer)
{
    char now[PL_TIME_TEXT];
    pl_jw w = {.out = &answer->body};
    pl_time_text(call->wall_ms, now);
    pl_answer_json(answer, 200);
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "status", "alive");
    pl_jw_str(&w, "timestamp", now);
    pl_jw_close(&w, '}');
    return PL_OK;
}

const pl_api_op PL_OP_ROOM_HEALTH = {.kind = PL_KIND_LOCAL,
                                     .family = PL_FAMILY_ROOM,
                                     .auth = PL_AUTH_NONE,
                                     .prepare = prepare_health};
