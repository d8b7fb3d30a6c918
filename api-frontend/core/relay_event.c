/* relay_event.c - CloudEvents that are passed on: what is looked at, and how
 * they are asked for. */
#include <string.h>

#include "basic_auth.h"
#include "event_channel.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "relay_api.h"
#include "url.h"

enum { TOKEN_MAX = 512, WAIT_S = 25 };

/* ---- events ---- */

bool pl_relay_is_text(pl_slice text, size_t max)
{
    return text.len > 0 && text.len <= max && pl_is_printable(text) &&
           pl_is_utf8(text);
}

static bool take(const pl_json *json, const char *name, char *buf, size_t cap)
{
    pl_slice text;
    return pl_json_get_str(json, name, &text) == PL_OK &&
           pl_relay_is_text(text, cap - 1) && pl_copy(buf, cap, text) == PL_OK;
}

static const char *wrong_member(const pl_json *json, pl_relay_put *put)
{
    pl_slice version;
    if (!take(json, "id", put->event_id, sizeof put->event_id))
        return "id";
    if (!take(json, "source", put->source, sizeof put->source))
        return "source";
    if (!take(json, "type", put->type, sizeof put->type))
        return "type";
    return pl_json_get_str(json, "specversion", &version) == PL_OK &&
                   pl_slice_eq_str(version, "1.0")
               ? NULL
               : "specversion";
}

pl_err pl_relay_event_check(pl_slice text, pl_relay_put *ret_put,
                            const char **ret_wrong)
{
    pl_json *json;
    pl_relay_put put = *ret_put;
    pl_err e = pl_json_parse(text, &json);
    if (e)
        return e;
    if (!pl_json_is_object(json)) {
        pl_json_free(&json);
        return PL_EPROTO;
    }
    const char *wrong = wrong_member(json, &put);
    pl_json_free(&json);
    if (wrong) {
        *ret_wrong = wrong;
        return PL_EINVAL;
    }
    put.event = text;
    *ret_put = put;
    return PL_OK;
}

/* Strings hold no bare CR or LF: whoever took it has checked the JSON. */
void pl_relay_event_put(const pl_relay_event *event, pl_buf *out)
{
    pl_slice rest = event->event;
    pl_buf_add_fmt(out, "id: %s\ndata: ", event->event_id);
    while (rest.len > 0) {
        size_t n = 0;
        while (n < rest.len && rest.ptr[n] != '\r' && rest.ptr[n] != '\n')
            n++;
        pl_buf_add(out, rest.ptr, n);
        if (n < rest.len) {
            pl_buf_add_str(out, " ");
            n++;
        }
        rest = (pl_slice){rest.ptr + n, rest.len - n};
    }
    pl_buf_add_str(out, "\n\n");
}

/* ---- asking for them ---- */

static void hash_token(pl_slice token, pl_relay_ask *ask)
{
    pl_sha256_hex(token.ptr, token.len, ask->token_hash);
}

/* Of all the lines of Sec-WebSocket-Protocol, one word after the other. */
typedef struct offer {
    pl_slice token;
    unsigned n_tokens;
    bool has_protocol;
} offer;

static void read_word(pl_slice word, offer *o)
{
    static const char prefix[] = "bearer.";
    enum { N = sizeof prefix - 1 };
    if (pl_slice_eq_str(word, "cloudevents.json")) {
        o->has_protocol = true;
    } else if (word.len > N &&
               pl_slice_eq_nocase((pl_slice){word.ptr, N}, prefix)) {
        o->token = (pl_slice){word.ptr + N, word.len - N};
        o->n_tokens++;
    }
}

static void read_line(pl_slice line, offer *o)
{
    while (line.len > 0) {
        const uint8_t *comma = memchr(line.ptr, ',', line.len);
        size_t n = comma ? (size_t)(comma - line.ptr) : line.len;
        pl_slice word = {line.ptr, n};
        while (word.len > 0 && (word.ptr[0] == ' ' || word.ptr[0] == '\t'))
            word = (pl_slice){word.ptr + 1, word.len - 1};
        while (word.len > 0 && (word.ptr[word.len - 1] == ' ' ||
                                word.ptr[word.len - 1] == '\t'))
            word.len--;
        read_word(word, o);
        n += comma != NULL;
        line = (pl_slice){line.ptr + n, line.len - n};
    }
}

static pl_err read_offer(const pl_http_head *head, offer *ret_offer)
{
    *ret_offer = (offer){.n_tokens = 0};
    for (size_t i = 0; i < head->n_headers; i++) {
        if (pl_slice_eq_nocase(head->headers[i].name, "sec-websocket-protocol"))
            read_line(head->headers[i].value, ret_offer);
    }
    return ret_offer->has_protocol ? PL_OK : PL_EPROTO;
}

static pl_err read_token(const pl_http_head *head, bool is_socket,
                         pl_relay_ask *ask)
{
    offer o = {.n_tokens = 0};
    pl_slice header = pl_http_head_get(head, "authorization");
    pl_slice token;
    pl_err e = is_socket ? read_offer(head, &o) : PL_OK;
    if (e)
        return e;
    bool has_header = pl_bearer_read(header, &token) == PL_OK;
    if (o.n_tokens + (has_header ? 1U : 0U) != 1)
        return PL_EAUTH;
    if (!has_header)
        token = o.token;
    if (token.len > TOKEN_MAX)
        return PL_EAUTH;
    hash_token(token, ask);
    return PL_OK;
}

static pl_err read_after(const pl_http_head *head, pl_relay_ask *ask)
{
    pl_slice last = pl_http_head_get(head, "last-event-id");
    pl_err e =
        pl_url_param(head->query, "after", ask->after_id, sizeof ask->after_id);
    if (e != PL_ENOENT)
        return e ? PL_EINVAL : PL_OK;
    ask->after_id[0] = '\0';
    if (last.len == 0)
        return PL_OK;
    return pl_relay_is_text(last, PL_RELAY_AFTER_MAX) &&
                   pl_copy(ask->after_id, sizeof ask->after_id, last) == PL_OK
               ? PL_OK
               : PL_EINVAL;
}

static pl_err read_wait(const pl_http_head *head, pl_relay_ask *ask)
{
    char text[8];
    uint64_t wait_s = WAIT_S;
    pl_err e = pl_url_param(head->query, "wait", text, sizeof text);
    if (!e) {
        e = pl_parse_u64(pl_slice_str(text), PL_RELAY_WAIT_MAX_S, &wait_s);
    } else if (e == PL_ENOENT) {
        e = PL_OK;
    }
    ask->wait_ms = (uint32_t)wait_s * 1000;
    return e ? PL_EINVAL : PL_OK;
}

pl_err pl_relay_ask_read(const pl_http_head *head, bool is_socket,
                         pl_relay_ask *ret_ask)
{
    pl_relay_ask ask = {.way = PL_RELAY_BY_POLL};
    if (is_socket) {
        ask.way = PL_RELAY_BY_SOCKET;
    } else if (pl_channel_wants_stream(head)) {
        ask.way = PL_RELAY_BY_EVENTS;
    }
    pl_err e = read_token(head, is_socket, &ask);
    if (!e)
        e = read_after(head, &ask);
    if (!e)
        e = read_wait(head, &ask);
    if (!e)
        *ret_ask = ask;
    return e;
}
