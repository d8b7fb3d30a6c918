/* answer.c - HTTP answers and the error bodies of the API families. */
#include "answer.h"

#include <string.h>

#include "device_api.h"
#include "pl/json.h"
#include "pl/str.h"

static const char TYPE_JSON[] = "application/json";
static const char TYPE_TEXT[] = "text/plain; charset=utf-8";

static const struct {
    int status;
    const char *reason;
} REASONS[] = {
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

const char *pl_http_reason(int status)
{
    for (size_t i = 0; i < sizeof REASONS / sizeof REASONS[0]; i++) {
        if (REASONS[i].status == status)
            return REASONS[i].reason;
    }
    return "Status";
}

void pl_answer_init(pl_answer *answer)
{
    enum { HEADERS_MAX = 8192 };
    *answer = (pl_answer){0};
    pl_buf_init(&answer->headers, HEADERS_MAX);
    pl_buf_init(&answer->body, PL_ANSWER_BODY_MAX);
}

void pl_answer_fini(pl_answer *answer)
{
    pl_buf_fini(&answer->headers);
    pl_buf_fini(&answer->body);
}

void pl_answer_reset(pl_answer *answer)
{
    answer->status = 0;
    answer->content_type = NULL;
    pl_buf_clear(&answer->headers);
    pl_buf_clear(&answer->body);
}

void pl_answer_header(pl_answer *answer, const char *name, const char *value)
{
    for (const char *c = value; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return;
    }
    pl_buf_add_fmt(&answer->headers, "%s: %s\r\n", name, value);
}

void pl_answer_bearer(pl_answer *answer, const char *realm, bool was_given)
{
    char text[96];
    bool has_realm = realm[0] != '\0';
    pl_fmt_cut(text, sizeof text, "Bearer%s%s%s%s%s",
               has_realm ? " realm=\"" : "", realm, has_realm ? "\"" : "",
               has_realm && was_given ? "," : "",
               was_given ? " error=\"invalid_token\"" : "");
    pl_answer_header(answer, "WWW-Authenticate", text);
}

void pl_answer_json(pl_answer *answer, int status)
{
    answer->status = status;
    answer->content_type = TYPE_JSON;
    pl_buf_clear(&answer->body);
}

void pl_answer_text(pl_answer *answer, int status, const char *text)
{
    answer->status = status;
    answer->content_type = TYPE_TEXT;
    pl_buf_clear(&answer->body);
    pl_buf_add_fmt(&answer->body, "%s\n", text);
}

void pl_answer_empty(pl_answer *answer, int status)
{
    answer->status = status;
    answer->content_type = NULL;
    pl_buf_clear(&answer->body);
}

static const char *exception_of(const char *code)
{
    if (!code)
        return "Exception";
    return strncmp(code, "POL", 3) == 0 ? "PolicyException"
                                        : "ServiceException";
}

void pl_answer_request_error(pl_answer *answer, int status, const char *code,
                             const char *text)
{
    pl_answer_json(answer, status);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_open(&w, "RequestError", '{');
    pl_jw_open(&w, exception_of(code), '{');
    if (code)
        pl_jw_str(&w, "MessageId", code);
    pl_jw_str(&w, "Text", text);
    pl_jw_str(&w, "Variables", "");
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
}

static void plain_error(pl_answer *answer, int status, const char *text)
{
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_open(&w, "error", '{');
    pl_jw_int(&w, "status", status);
    pl_jw_str(&w, "text", text);
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
}

static void token_error(pl_answer *answer, int status, const char *text)
{
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "error",
              status >= 500 ? "temporarily_unavailable" : "invalid_request");
    pl_jw_str(&w, "error_description", text);
    pl_jw_close(&w, '}');
}

static void client_error(pl_answer *answer, const char *text)
{
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "status", "failed");
    pl_jw_str(&w, "result", text);
    pl_jw_close(&w, '}');
}

/* Old clients know 500, 502, 503 and 504 in any form, 404 as the end of their
 * session, and 400 with a code; the rest they digest without one. */
static void conference_error(pl_answer *answer, int status, const char *text)
{
    bool is_fault =
        status == 500 || status == 502 || status == 503 || status == 504;
    if (is_fault) {
        pl_answer_text(answer, status, text);
    } else if (status == 400 || status == 404) {
        pl_answer_request_error(answer, 400, "SVC0003", text);
    } else {
        pl_answer_request_error(answer, status, NULL, text);
    }
}

static void room_error(pl_answer *answer, int status, const char *text)
{
    pl_jw w = {.out = &answer->body};
    if (status == 401)
        pl_answer_header(answer, "WWW-Authenticate", "Bearer");
    if (status == 503)
        pl_answer_header(answer, "Retry-After", "5");
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "detail", text);
    pl_jw_close(&w, '}');
}

static void management_error(pl_answer *answer, int status, const char *text)
{
    pl_jw w = {.out = &answer->body};
    if (status == 401)
        pl_answer_header(answer, "WWW-Authenticate", "Basic realm=\"api\"");
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "error", text);
    pl_jw_close(&w, '}');
}

static void video_error(pl_answer *answer, int status, const char *text)
{
    pl_jw w = {.out = &answer->body};
    if (status == 401)
        pl_answer_header(answer, "WWW-Authenticate", "Bearer");
    if (status == 429 || status == 503)
        pl_answer_header(answer, "Retry-After", status == 429 ? "60" : "5");
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "error", text);
    pl_jw_close(&w, '}');
}

static void device_error(pl_answer *answer, int status, const char *text)
{
    if (status == 503)
        pl_answer_header(answer, "Retry-After", "5");
    if (status == 401)
        pl_answer_header(answer, "WWW-Authenticate", "Bearer");
    pl_device_error(answer, status, pl_device_code_of(status), text);
}

void pl_answer_refuse(pl_answer *answer, pl_api_family family, int status,
                      const char *text)
{
    pl_answer_json(answer, status);
    switch (family) {
    case PL_FAMILY_CONFERENCE: conference_error(answer, status, text); break;
    case PL_FAMILY_CLIENT: client_error(answer, text); break;
    case PL_FAMILY_TOKEN: token_error(answer, status, text); break;
    case PL_FAMILY_ROOM: room_error(answer, status, text); break;
    case PL_FAMILY_MANAGEMENT: management_error(answer, status, text); break;
    case PL_FAMILY_VIDEO: video_error(answer, status, text); break;
    case PL_FAMILY_RELAY: device_error(answer, status, text); break;
    case PL_FAMILY_DEVICE: device_error(answer, status, text); break;
    case PL_FAMILY_SITE:
    case PL_FAMILIES:
    default: plain_error(answer, status, text); break;
    }
}

static bool starts(pl_slice path, const char *prefix)
{
    size_t n = strlen(prefix);
    return path.len >= n && memcmp(path.ptr, prefix, n) == 0;
}

/* /{tenant}/oauth2/v2.0/token and what goes with it. */
static bool is_of_tenant(pl_slice path)
{
    const uint8_t *slash =
        path.len > 1 ? memchr(path.ptr + 1, '/', path.len - 1) : NULL;
    pl_slice rest = {slash, slash ? path.len - (size_t)(slash - path.ptr) : 0};
    return starts(rest, "/oauth2/v2.0/") || starts(rest, "/discovery/v2.0/") ||
           starts(rest, "/v2.0/");
}

pl_api_family pl_family_of_path(pl_slice path)
{
    static const struct {
        const char *prefix;
        pl_api_family family;
    } rows[] = {
        {"/RTC/", PL_FAMILY_CONFERENCE},
        {"/sessions", PL_FAMILY_CONFERENCE},
        {"/mediaConferences", PL_FAMILY_CONFERENCE},
        {"/userIds", PL_FAMILY_CONFERENCE},
        {"/emergencyServices/", PL_FAMILY_CONFERENCE},
        {"/api/client/", PL_FAMILY_CLIENT},
        {"/oauth", PL_FAMILY_TOKEN},
        {"/room", PL_FAMILY_ROOM},
        {"/public/", PL_FAMILY_ROOM},
        {"/video/", PL_FAMILY_VIDEO},
        {"/device/", PL_FAMILY_VIDEO},
        {"/notification-relay/", PL_FAMILY_RELAY},
        {"/webrtc-", PL_FAMILY_DEVICE},
        {"/.well-known/", PL_FAMILY_TOKEN},
        {"/api/admin/", PL_FAMILY_MANAGEMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (starts(path, rows[i].prefix))
            return rows[i].family;
    }
    return is_of_tenant(path) ? PL_FAMILY_TOKEN : PL_FAMILY_SITE;
}

bool pl_origin_is_listed(const char *list, pl_slice origin)
{
    while (*list && origin.len > 0) {
        size_t n = strcspn(list, " ");
        if (pl_slice_eq((pl_slice){(const uint8_t *)list, n}, origin))
            return true;
        list += n;
        list += strspn(list, " ");
    }
    return false;
}

void pl_answer_cors(pl_answer *answer, const char *allowed, pl_slice origin)
{
    enum { ORIGIN_MAX = 255 };
    char text[ORIGIN_MAX + 1];
    if (strcmp(allowed, "*") == 0) {
        pl_answer_header(answer, "Access-Control-Allow-Origin", "*");
    } else {
        pl_answer_header(answer, "Vary", "Origin");
        if (!pl_origin_is_listed(allowed, origin) ||
            pl_copy(text, sizeof text, origin))
            return;
        pl_answer_header(answer, "Access-Control-Allow-Origin", text);
    }
    pl_answer_header(answer, "Access-Control-Expose-Headers",
                     "Location, x-expires, x-state, x-modId, x-correlator");
}

void pl_answer_preflight(pl_answer *answer, const char *methods)
{
    pl_answer_empty(answer, 204);
    pl_answer_header(answer, "Allow", methods);
    pl_answer_header(answer, "Access-Control-Allow-Methods",
                     "GET, POST, PUT, PATCH, DELETE, OPTIONS");
    pl_answer_header(answer, "Access-Control-Allow-Headers",
                     "Authorization, Content-Type, Accept, x-Arg, x-e911Id, "
                     "x-calls-action, x-conference-action, action, x-modId, "
                     "x-mod-Id, modID, x-delete-reason, "
                     "x-transferTargetCallId, Last-Event-ID, token, pin, "
                     "Idempotency-Key, x-auth-token, x-correlator, "
                     "registrationId");
    pl_answer_header(answer, "Access-Control-Max-Age", "7200");
}

static void put_date(int64_t wall_ms, pl_buf *out)
{
    /* days since 1970-01-01, a Thursday */
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun",
                                       "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr",
                                         "May", "Jun", "Jul", "Aug",
                                         "Sep", "Oct", "Nov", "Dec"};
    char iso[PL_TIME_TEXT];
    pl_time_text(wall_ms, iso); /* 2026-11-21T04:35:13.123Z */
    size_t day = (size_t)((wall_ms / 86400000) % 7);
    size_t month = (size_t)((iso[5] - '0') * 10 + (iso[6] - '0') - 1) % 12;
    pl_buf_add_fmt(out, "Date: %s, %.2s %s %.4s %.8s GMT\r\n", days[day],
                   iso + 8, months[month], iso, iso + 11);
}

bool pl_http_has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

void pl_answer_head_text(const pl_answer *answer, int64_t wall_ms,
                         const char *connection, const char *framing,
                         pl_buf *out)
{
    pl_buf_add_fmt(out, "HTTP/1.1 %d %s\r\n", answer->status,
                   pl_http_reason(answer->status));
    put_date(wall_ms, out);
    if (answer->content_type)
        pl_buf_add_fmt(out, "Content-Type: %s\r\n", answer->content_type);
    pl_buf_add_str(out, "X-Content-Type-Options: nosniff\r\n");
    pl_buf_add_slice(out, pl_buf_slice(&answer->headers));
    if (connection[0])
        pl_buf_add_fmt(out, "Connection: %s\r\n", connection);
    if (framing)
        pl_buf_add_str(out, framing);
    else if (pl_http_has_body(answer->status))
        pl_buf_add_fmt(out, "Content-Length: %zu\r\n", answer->body.len);
    pl_buf_add_str(out, "\r\n");
}
