/* ws_upgrade.c - the opening handshake of a WebSocket. */
#include "ws_upgrade.h"

#include <string.h>

#include "base64.h"
#include "pl/rng.h"
#include "pl/str.h"

enum { KEY_TEXT = 24, KEY_BYTES = 16 };
/* RFC 6455 section 1.3 */
static const char GUID[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
static const char VERSION[] = "13";

/* The only header of that name; {NULL, 0} when absent or repeated. */
static pl_slice only(const pl_http_head *head, const char *name)
{
    pl_slice value = {NULL, 0};
    unsigned n = 0;
    for (size_t i = 0; i < head->n_headers; i++) {
        if (!pl_slice_eq_nocase(head->headers[i].name, name))
            continue;
        value = head->headers[i].value;
        n++;
    }
    return n == 1 ? value : (pl_slice){NULL, 0};
}

static bool is_key(pl_slice key)
{
    pl_buf bytes;
    pl_buf_init(&bytes, KEY_BYTES);
    bool is_good = key.len == KEY_TEXT &&
                   pl_base64_decode(key, &bytes) == PL_OK &&
                   bytes.len == KEY_BYTES;
    pl_buf_fini(&bytes);
    return is_good;
}

static pl_err make_accept(pl_slice key, char ret_accept[PL_WS_ACCEPT_TEXT])
{
    char text[KEY_TEXT + sizeof GUID];
    uint8_t digest[PL_SHA1_BYTES];
    pl_buf out;
    pl_fmt_cut(text, sizeof text, "%.*s%s", (int)key.len, (const char *)key.ptr,
               GUID);
    pl_sha1(text, strlen(text), digest);
    pl_buf_init(&out, PL_WS_ACCEPT_TEXT);
    pl_base64_encode((pl_slice){digest, sizeof digest}, &out);
    pl_err e = out.has_failed ? PL_ENOMEM : PL_OK;
    if (!e)
        pl_fmt_cut(ret_accept, PL_WS_ACCEPT_TEXT, "%s", pl_buf_text(&out));
    pl_buf_fini(&out);
    return e;
}

pl_err pl_ws_check(const pl_http_head *head, char ret_accept[PL_WS_ACCEPT_TEXT])
{
    pl_slice key = only(head, "sec-websocket-key");
    if (head->method != PL_HTTP_GET || head->minor != 1 ||
        !pl_http_has_word(pl_http_head_get(head, "upgrade"), "websocket") ||
        !pl_http_has_word(pl_http_head_get(head, "connection"), "upgrade") ||
        !pl_slice_eq_str(only(head, "sec-websocket-version"), VERSION))
        return PL_EUNSUPPORTED;
    /* A body would be read as frames. */
    if (!is_key(key) || head->is_chunked || head->content_length > 0)
        return PL_EPROTO;
    return make_accept(key, ret_accept);
}

bool pl_ws_is_origin_allowed(const pl_http_head *head, const char *allowed)
{
    pl_slice origin = pl_http_head_get(head, "origin");
    return !pl_http_head_has(head, "origin") || strcmp(allowed, "*") == 0 ||
           pl_origin_is_listed(allowed, origin);
}

void pl_ws_accept(const char *accept, const char *protocol, pl_answer *answer)
{
    pl_answer_empty(answer, 101);
    pl_answer_header(answer, "Upgrade", "websocket");
    pl_answer_header(answer, "Connection", "Upgrade");
    pl_answer_header(answer, "Sec-WebSocket-Accept", accept);
    if (protocol)
        pl_answer_header(answer, "Sec-WebSocket-Protocol", protocol);
}

void pl_ws_refuse(pl_api_family family, pl_err e, pl_answer *answer)
{
    if (e == PL_EUNSUPPORTED) {
        pl_answer_refuse(answer, family, 426,
                         "Open this as a WebSocket of version 13");
        pl_answer_header(answer, "Upgrade", "websocket");
        pl_answer_header(answer, "Sec-WebSocket-Version", VERSION);
    } else {
        pl_answer_refuse(answer, family, 400, "Malformed WebSocket handshake");
    }
}
