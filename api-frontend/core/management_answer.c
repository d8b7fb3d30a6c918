/* management_answer.c - errors of the management API, and what its requests
 * have in common. */
#include "management_impl.h"

static const struct {
    pl_err e;
    int status;
    const char *text;
} ERRORS[] = {
    {PL_EPROTO, 400, "The request is malformed"},
    {PL_EINVAL, 400, "A value is not good here"},
    {PL_ENOENT, 404, "Not found"},
    {PL_EGONE, 404, "Not found"},
    {PL_ENOUSER, 404, "Nobody has this address"},
    {PL_ETOOBIG, 413, "The object is too large"},
    {PL_EFORBIDDEN, 403, "The token lacks the scope management"},
    {PL_EFULL, 503, "There can be no more of these"},
    {PL_EUNSUPPORTED, 400, "This is not supported"},
};

pl_err pl_management_refuse(pl_answer *answer, int status, const char *text)
{
    pl_answer_refuse(answer, PL_FAMILY_MANAGEMENT, status, text);
    return PL_OK;
}

pl_err pl_management_refuse_name(pl_answer *answer, const char *name,
                                 const char *text)
{
    char whole[512];
    pl_fmt_cut(whole, sizeof whole, "'%.200s' %s", name, text);
    return pl_management_refuse(answer, 400, whole);
}

void pl_management_blame(pl_answer *answer, const pl_mgmt_desc *desc,
                         pl_slice faults)
{
    pl_answer_json(answer, 400);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_raw(&w, desc->name, faults);
    pl_jw_close(&w, '}');
}

/* The other side cannot now; clients try again. */
static bool is_later(int status)
{
    return status == 503 || status == 504;
}

static void refuse_command(pl_answer *answer, int status, const char *text)
{
    pl_answer_json(answer, status);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "status", "error");
    pl_jw_str(&w, "error", text);
    pl_jw_close(&w, '}');
}

/* In the operation's own form; who is not let in yet gets the same of all. */
static void refuse(const pl_api_call *call, int status, const char *text,
                   pl_answer *answer)
{
    bool is_command = call->match->route &&
                      call->match->route->op == &PL_OP_MANAGEMENT_COMMAND;
    if (is_command && status != 401) {
        refuse_command(answer, status, text);
    } else {
        pl_answer_refuse(answer, PL_FAMILY_MANAGEMENT, status, text);
    }
}

pl_err pl_management_refuse_member(const pl_api_call *call, const char *name,
                                   const char *text, pl_answer *answer)
{
    char whole[256];
    pl_fmt_cut(whole, sizeof whole, "%s: %s", name, text);
    refuse(call, 400, whole, answer);
    return PL_EINVAL;
}

void pl_management_fail(const pl_api_call *call, pl_err e, const char *text,
                        pl_answer *answer)
{
    int status = pl_err_http(e);
    const char *words = pl_err_text(e);
    for (size_t i = 0; i < sizeof ERRORS / sizeof ERRORS[0]; i++) {
        if (ERRORS[i].e == e) {
            status = ERRORS[i].status;
            words = ERRORS[i].text;
        }
    }
    refuse(call, status, text ? text : words, answer);
    if (is_later(status))
        pl_answer_header(answer, "Retry-After", "5");
}

bool pl_management_failed(const pl_api_call *call, pl_err e,
                          const pl_msg_desc *want, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer)
{
    const pl_error *error = e ? body : NULL;
    if (!e && desc != want)
        e = PL_EINTERNAL;
    if (!e)
        return false;
    pl_management_fail(
        call, e, e == PL_EINVAL && error && error->text[0] ? error->text : NULL,
        answer);
    return true;
}

bool pl_management_lacks_slash(const pl_api_call *call, pl_answer *answer)
{
    pl_slice path = call->head->path;
    pl_slice query = call->head->query;
    if (path.len > 0 && path.ptr[path.len - 1] == '/')
        return false;
    if (call->head->method == PL_HTTP_GET ||
        call->head->method == PL_HTTP_HEAD) {
        char location[PL_HTTP_TARGET_MAX + 2];
        pl_fmt_cut(location, sizeof location, "%.*s/%s%.*s", (int)path.len,
                   (const char *)path.ptr, query.len > 0 ? "?" : "",
                   (int)query.len, (const char *)query.ptr);
        pl_answer_empty(answer, 301);
        pl_answer_header(answer, "Location", location);
        return true;
    }
    refuse(call, 404, "Paths end with a slash", answer);
    return true;
}

const pl_mgmt_desc *pl_management_desc(const pl_api_call *call)
{
    return pl_mgmt_desc_of(call->match->route->op->arg);
}

/* application/json, whatever parameters it has; or not said, but not by a web
 * page: without the type browsers would let any page post with the password
 * that they keep. */
static bool is_json(const pl_http_head *head)
{
    static const char type_json[] = "application/json";
    enum { N = sizeof type_json - 1 };
    pl_slice type = pl_http_head_get(head, "content-type");
    if (type.len == 0)
        return !pl_http_head_has(head, "origin");
    bool has_end = type.len == N ||
                   (type.len > N && (type.ptr[N] == ';' || type.ptr[N] == ' '));
    return has_end && pl_slice_eq_nocase((pl_slice){type.ptr, N}, type_json);
}

pl_err pl_management_read_body(pl_api_call *call, pl_answer *answer)
{
    if (!is_json(call->head)) {
        refuse(call, 415, "The body is to be application/json", answer);
        return PL_OK;
    }
    pl_err e = pl_call_parse_body(call);
    if (e == PL_EPROTO)
        refuse(call, 400, "The body is not valid JSON", answer);
    else if (!e && !pl_json_is_object(call->doc))
        refuse(call, 400, "The body is not an object", answer);
    return e == PL_EPROTO ? PL_OK : e;
}
