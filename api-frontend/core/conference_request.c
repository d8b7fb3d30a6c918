/* conference_request.c - what the operations of the conference API share. */
#include "conference_request.h"

#include <string.h>

static const char RTC1_BASE[] = "/RTC/v1";

/* ---- paths ---- */

pl_dialect pl_conference_dialect(const char *path)
{
    return strncmp(path, RTC1_BASE, sizeof RTC1_BASE - 1) == 0
               ? PL_DIALECT_RTC1
               : PL_DIALECT_BARE;
}

static bool is_rtc1(const pl_api_call *call)
{
    return pl_conference_dialect(call->match->route->path) == PL_DIALECT_RTC1;
}

bool pl_conference_has_session(const pl_api_call *call)
{
    return strstr(call->match->route->path, "/sessions/") != NULL;
}

pl_slice pl_conference_param(const pl_api_call *call, unsigned index)
{
    return pl_slice_str(pl_call_param(
        call, pl_conference_has_session(call) ? index + 1 : index));
}

pl_resource pl_conference_resource(const pl_api_call *call)
{
    const char *path = call->match->route->path;
    if (strstr(path, "/calls"))
        return PL_RESOURCE_CALLS;
    return strstr(path, "/conferences") ? PL_RESOURCE_CONFERENCES
                                        : PL_RESOURCE_UNKNOWN;
}

/* ---- headers and bodies ---- */

pl_slice pl_conference_header(const pl_api_call *call, const char *const *names)
{
    for (; *names; names++) {
        pl_slice value = pl_http_head_get(call->head, *names);
        if (value.len > 0)
            return value;
    }
    return (pl_slice){NULL, 0};
}

pl_err pl_conference_read_body(pl_api_call *call)
{
    pl_err e = pl_call_parse_body(call);
    if (e)
        return e;
    return call->doc && !pl_json_is_object(call->doc) ? PL_EPROTO : PL_OK;
}

pl_err pl_conference_find_text(const pl_json *doc, const char *key,
                               pl_slice *ret_text)
{
    static const char *const places[] = {"conference", "call",
                                         "conferenceModifications",
                                         "callsMediaModifications"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        pl_err e = pl_json_get_str(pl_json_get(doc, places[i]), key, ret_text);
        if (e != PL_ENOENT)
            return e;
    }
    return pl_json_get_str(doc, key, ret_text);
}

pl_err pl_conference_read_sdp(pl_api_call *call, pl_slice *ret_sdp)
{
    *ret_sdp = (pl_slice){NULL, 0};
    pl_err e = pl_conference_read_body(call);
    if (e || !call->doc)
        return e;
    e = pl_conference_find_text(call->doc, "sdp", ret_sdp);
    if (e == PL_ENOENT)
        return PL_OK;
    if (!e && ret_sdp->len > PL_SDP_MAX)
        return PL_ETOOBIG;
    return e;
}

/* ---- answers ---- */

bool pl_conference_failed(pl_api_call *call, pl_err e, const void *body,
                          pl_answer *answer)
{
    if (!e)
        return false;
    const pl_error *error = body;
    pl_conference_fail(call, e, error && error->text[0] ? error->text : NULL,
                       answer);
    if (error && PL_MSG_HAS(ERROR, error, error, retry_after_s)) {
        char text[16];
        pl_fmt_cut(text, sizeof text, "%u", (unsigned)error->retry_after_s);
        pl_answer_header(answer, "Retry-After", text);
    }
    return true;
}

/* Clients split Location at its slashes and count: it must be a path, in the
 * session's own base as its events are, whatever base the request came by. */
pl_jw pl_conference_answer_created(const pl_api_call *call, pl_answer *answer,
                                   const pl_conference_new *made)
{
    char text[256];
    const char *kind = made->kind;
    bool has_base = made->dialect == PL_DIALECT_UNKNOWN
                        ? is_rtc1(call)
                        : made->dialect == PL_DIALECT_RTC1;
    pl_fmt_cut(text, sizeof text, "%s/sessions/%s%s%s%s%s",
               has_base ? RTC1_BASE : "", made->session_id, kind ? "/" : "",
               kind ? kind : "", kind ? "/" : "", kind ? made->id : "");
    pl_answer_json(answer, is_rtc1(call) ? 201 : 202);
    pl_answer_header(answer, "Location", text);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    return w;
}

void pl_conference_put_expires(pl_answer *answer, uint32_t expires_s)
{
    char text[16];
    pl_fmt_cut(text, sizeof text, "%u", (unsigned)expires_s);
    pl_answer_header(answer, "x-expires", text);
}

void pl_conference_finish_empty(pl_api_call *call, pl_err e,
                                const pl_msg_desc *desc, const void *body,
                                pl_answer *answer)
{
    (void)desc;
    if (!pl_conference_failed(call, e, body, answer))
        pl_answer_empty(answer, 204);
}

void pl_conference_finish_delete(pl_api_call *call, pl_err e,
                                 const pl_msg_desc *desc, const void *body,
                                 pl_answer *answer)
{
    (void)desc;
    if (pl_conference_failed(call, e, body, answer))
        return;
    pl_answer_json(answer, 200);
    pl_buf_add_str(&answer->body, "{}");
}
