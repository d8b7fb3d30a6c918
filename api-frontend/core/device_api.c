/* device_api.c - the operations of the device APIs from their table, and what
 * they check alike. */
#include "device_api.h"

#include <string.h>

#include "device_impl.h"
#include "scope.h"
#include "url.h"

typedef struct op_row {
    pl_device_family api;
    pl_http_method method;
    const char *scope;
    bool is_new; /* not in r2.2 */
    bool has_id; /* in its path */
} op_row;

enum { WHO_ALL = 0, WHO_NEW = 1 };

#define OP_ROW(gen, base, NAME, name, done, api_, method_, path, scope_,       \
               message, who)                                                   \
    [PL_DEVICE_##NAME] = {.api = PL_DEVICE_API_##api_,                         \
                          .method = PL_HTTP_##method_,                         \
                          .scope = (scope_),                                   \
                          .is_new = WHO_##who != 0,                            \
                          .has_id = sizeof(path) > sizeof "/subscriptions"},
static const op_row ROWS[PL_DEVICE_OPS] = {PL_DEVICE_OPERATIONS(OP_ROW)};

#define OP_OF(name, done, NAME, GEN)                                           \
    {                                                                          \
        .kind = PL_KIND_CALL, .family = PL_FAMILY_DEVICE,                      \
        .auth = PL_AUTH_DEVICE, .check_head = pl_device_check_head,            \
        .prepare = pl_device_##name, .finish = pl_device_##done##_done,        \
        .arg = PL_DEVICE_##NAME * PL_DEVICE_GENS + PL_DEVICE_GEN_##GEN         \
    }
#define OPS_OF(gen, base, NAME, name, done, api, method, path, scope, message, \
               who)                                                            \
    [PL_DEVICE_##NAME] = {                                                     \
        [PL_DEVICE_GEN_R31] = OP_OF(name, done, NAME, R31),                    \
        [PL_DEVICE_GEN_VWIP] = OP_OF(name, done, NAME, VWIP),                  \
        [PL_DEVICE_GEN_R22] = OP_OF(name, done, NAME, R22),                    \
    },
const pl_api_op PL_OP_DEVICE[PL_DEVICE_OPS][PL_DEVICE_GENS] = {
    PL_DEVICE_OPERATIONS(OPS_OF)};

static const struct {
    pl_device_family api;
    pl_device_gen gen;
    const char *path;
} BASES[] = {
#define BASE_ROW(api, gen, path)                                               \
    {PL_DEVICE_API_##api, PL_DEVICE_GEN_##gen, path},
    PL_DEVICE_BASES(BASE_ROW)
#undef BASE_ROW
};

static bool is_ours(const pl_api_op *op)
{
    return op && op->arg < PL_DEVICE_OPS * PL_DEVICE_GENS &&
           op == &PL_OP_DEVICE[op->arg / PL_DEVICE_GENS]
                              [op->arg % PL_DEVICE_GENS];
}

pl_device_op pl_device_op_of(const pl_api_op *op)
{
    return is_ours(op) ? (pl_device_op)(op->arg / PL_DEVICE_GENS)
                       : PL_DEVICE_OPS;
}

pl_device_gen pl_device_gen_of(const pl_api_op *op)
{
    return is_ours(op) ? (pl_device_gen)(op->arg % PL_DEVICE_GENS)
                       : PL_DEVICE_GEN_R31;
}

pl_device_gen pl_device_gen_of_call(const pl_api_call *call)
{
    return pl_device_gen_of(pl_call_op(call));
}

bool pl_device_has_op(pl_device_op op, pl_device_gen gen)
{
    return op < PL_DEVICE_OPS && (gen != PL_DEVICE_GEN_R22 || !ROWS[op].is_new);
}

pl_notify_api pl_device_events_api(const pl_api_call *call)
{
    return pl_device_gen_of_call(call) == PL_DEVICE_GEN_R31
               ? PL_NOTIFY_API_SUBSCRIPTIONS
               : PL_NOTIFY_API_EVENTS;
}

void pl_device_type_text(pl_notify_api api, const char *event,
                         char buf[PL_DEVICE_TYPE_TEXT])
{
    pl_fmt_cut(buf, PL_DEVICE_TYPE_TEXT, "org.camaraproject.%s.v0.%s",
               pl_notify_api_text(api), event);
}

/* ---- the head ---- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* Without blanks around it. */
static pl_slice trim(pl_slice text)
{
    while (text.len > 0 && is_blank(text.ptr[0]))
        text = (pl_slice){text.ptr + 1, text.len - 1};
    while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

/* Cut off what is before a separator, trimmed. */
static pl_slice cut_at(pl_slice *rest, char separator)
{
    const uint8_t *at =
        rest->len > 0 ? memchr(rest->ptr, separator, rest->len) : NULL;
    size_t n = at ? (size_t)(at - rest->ptr) : rest->len;
    size_t used = at ? n + 1 : n;
    pl_slice part = {rest->ptr, n};
    *rest = (pl_slice){rest->ptr + used, rest->len - used};
    return trim(part);
}

/* "q=0", "q=0.000": not at all. */
static bool is_zero_weight(pl_slice parameter)
{
    if (parameter.len < 3 || (parameter.ptr[0] | 0x20) != 'q' ||
        parameter.ptr[1] != '=')
        return false;
    for (size_t i = 2; i < parameter.len; i++) {
        if (parameter.ptr[i] != '0' && parameter.ptr[i] != '.')
            return false;
    }
    return true;
}

/* Source: RFC 9110 section 12.5.1; the most specific range decides. */
static bool is_json_wanted(pl_slice accept)
{
    static const char *const ranges[] = {"*/*", "application/*",
                                         "application/json"};
    bool is_wanted = false;
    size_t best = 0; /* 1 + index of the range that decided */
    while (accept.len > 0) {
        pl_slice range = cut_at(&accept, ',');
        pl_slice type = cut_at(&range, ';');
        bool is_zero = false;
        while (range.len > 0)
            is_zero = is_zero_weight(cut_at(&range, ';')) || is_zero;
        for (size_t i = best; i < sizeof ranges / sizeof ranges[0]; i++) {
            if (pl_slice_eq_nocase(type, ranges[i])) {
                best = i + 1;
                is_wanted = !is_zero;
            }
        }
    }
    return is_wanted;
}

int pl_device_check_head(const pl_http_head *head, pl_slice body)
{
    pl_slice type = pl_http_head_get(head, "content-type");
    pl_slice accept = trim(pl_http_head_get(head, "accept"));
    bool reads_body =
        head->method == PL_HTTP_POST || head->method == PL_HTTP_PUT;
    if (reads_body && body.len > 0 && type.len > 0 &&
        !pl_slice_eq_nocase(cut_at(&type, ';'), "application/json"))
        return 415;
    return accept.len == 0 || is_json_wanted(accept) ? 0 : 406;
}

void pl_device_correlate(const pl_http_head *head, pl_answer *answer)
{
    char text[257];
    pl_slice value = pl_http_head_get(head, "x-correlator");
    if (value.len > 0 && pl_device_is_correlator(value) &&
        pl_copy(text, sizeof text, value) == PL_OK)
        pl_answer_header(answer, "x-correlator", text);
}

/* ---- paths that nothing is at ---- */

/* What a path has behind its base; false: it has none of ours. */
static bool find_base(pl_slice path, size_t *ret_base, pl_slice *ret_rest)
{
    for (size_t i = 0; i < sizeof BASES / sizeof BASES[0]; i++) {
        size_t n = strlen(BASES[i].path);
        if (path.len > n && memcmp(path.ptr, BASES[i].path, n) == 0 &&
            path.ptr[n] == '/') {
            *ret_base = i;
            *ret_rest = (pl_slice){path.ptr + n, path.len - n};
            return true;
        }
    }
    return false;
}

/* Whether the path is that of an operation whose id was left out. */
static bool lacks_id(pl_http_method method, size_t base, pl_slice rest)
{
    bool is_events = BASES[base].api == PL_DEVICE_API_EVENTS;
    bool is_status = pl_slice_eq_str(rest, "/sessions//status") ||
                     pl_slice_eq_str(rest, "/sessions/status");
    bool is_all = is_events ? pl_slice_eq_str(rest, "/subscriptions") ||
                                  pl_slice_eq_str(rest, "/subscriptions/")
                            : pl_slice_eq_str(rest, "/sessions") ||
                                  pl_slice_eq_str(rest, "/sessions/");
    if (is_status)
        return BASES[base].api == PL_DEVICE_API_CALLS && method == PL_HTTP_PUT;
    for (unsigned op = 0; is_all && op < PL_DEVICE_OPS; op++) {
        if (ROWS[op].api == BASES[base].api && ROWS[op].method == method &&
            ROWS[op].has_id && pl_device_has_op(op, BASES[base].gen))
            return true;
    }
    return false;
}

int pl_device_no_route(pl_http_method method, pl_slice path, pl_err e)
{
    size_t base = 0;
    pl_slice rest = {NULL, 0};
    if (find_base(path, &base, &rest) && lacks_id(method, base, rest))
        return 400;
    if (e == PL_EUNSUPPORTED)
        return 405;
    return e == PL_ENOENT ? 404 : 400;
}

/* ---- what every operation checks first ---- */

static bool has_scope(const pl_api_call *call, const op_row *row)
{
    static const char *const names[] = {"webrtc-registration",
                                        "webrtc-call-handling"};
    char scope[160];
    const char *api = row->api == PL_DEVICE_API_EVENTS
                          ? pl_notify_api_text(pl_device_events_api(call))
                          : names[row->api];
    pl_fmt_cut(scope, sizeof scope, "%s:%s", api, row->scope);
    return pl_scope_text_has(call->caller->scope_text, scope);
}

bool pl_device_begin(pl_api_call *call, pl_answer *answer)
{
    pl_device_op op = pl_device_op_of(pl_call_op(call));
    pl_slice path = call->head->path;
    /* whoever subscribes needs one for each type, which the body names */
    if (op != PL_DEVICE_SUB_CREATE && !has_scope(call, &ROWS[op])) {
        pl_device_fail(call, PL_EFORBIDDEN, NULL, answer);
        return false;
    }
    if (!pl_device_is_correlator(pl_http_head_get(call->head, "x-correlator")))
        return pl_device_blame(call, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                               "x-correlator",
                               "has other characters than "
                               "letters, digits and - _ : ; . / < > { }, or "
                               "more than 256",
                               answer);
    if (!ROWS[op].has_id && call->head->method != PL_HTTP_POST &&
        path.ptr[path.len - 1] == '/')
        return pl_device_blame(call, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                               "The id in the path", "is missing", answer);
    return true;
}
