/* fuzz_device_api.c - bodies, queries and heads of the device APIs: whatever
 * passes must be sendable to roompool, whatever does not is an ErrorInfo with a
 * code that the definition lists for its status. What is an address holds
 * nothing that could break out of a SIP header.
 * Input: which route, the query up to a newline, the body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "device_api.h"
#include "device_value.h"
#include "pl/str.h"
#include "route.h"
#include "scope.h"

enum { WALL_MS = 1000, CODE_MAX = 97 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define SESSIONS(api)                                                          \
    api ":sessions:create " api ":sessions:read " api ":sessions:write " api   \
        ":sessions:delete "
#define EVENTS(api)                                                            \
    api ":read " api ":update " api ":delete " api ":org.camaraproject." api   \
        ".v0.session-status:create " api ":org.camaraproject." api             \
        ".v0.registration-ends:create "
static const char SCOPES[] =
    SESSIONS("webrtc-registration") SESSIONS("webrtc-call-handling")
        EVENTS("webrtc-events") EVENTS("webrtc-events-subscriptions");

static bool is_ours(size_t i)
{
    return pl_device_op_of(pl_route_at(i)->op) != PL_DEVICE_OPS;
}

/* The n-th route of these, counted round and round. */
static const pl_route *pick(unsigned n)
{
    unsigned n_routes = 0;
    for (size_t i = 0; pl_route_at(i); i++)
        n_routes += is_ours(i) ? 1 : 0;
    unsigned left = n % n_routes;
    for (size_t i = 0;; i++) {
        if (is_ours(i) && left-- == 0)
            return pl_route_at(i);
    }
}

static void check_sendable(const pl_api_call *call)
{
    static uint8_t bytes[393216];
    size_t n;
    if (call->desc &&
        pl_msg_encode(call->desc, &call->message, bytes, sizeof bytes, &n))
        abort();
}

static void check_refusal(const pl_api_op *op, const pl_answer *answer)
{
    pl_json *doc = NULL;
    pl_slice code;
    pl_slice text;
    char word[CODE_MAX];
    int64_t status = 0;
    if (pl_json_parse(pl_buf_slice(&answer->body), &doc) ||
        pl_json_get_i64(doc, "status", &status) ||
        pl_json_get_str(doc, "code", &code) ||
        pl_json_get_str(doc, "message", &text) || status != answer->status ||
        text.len == 0 || text.len > 512 || pl_copy(word, sizeof word, code))
        abort();
    const char *codes = pl_device_listed(pl_device_op_of(op),
                                         pl_device_gen_of(op), answer->status);
    if (codes && !pl_scope_text_has(codes, word))
        abort();
    pl_json_free(&doc);
}

static void run(const pl_route *route, pl_slice query, pl_slice body)
{
    static const char path[] = "/x";
    pl_http_head head = {
        .method = route->method,
        .path = {(const uint8_t *)path, sizeof path - 1},
        .query = query,
        .n_headers = 2,
        .headers = {{pl_slice_str("registrationId"), pl_slice_str("r1")},
                    {pl_slice_str("Accept"), query}}};
    pl_route_match match = {.route = route, .params = {"p1"}, .n_params = 1};
    pl_caller caller = {.client_id = "c"};
    pl_answer made;
    pl_fmt_cut(caller.scope_text, sizeof caller.scope_text, "%s", SCOPES);
    /* with a number or without, as the query says */
    if (query.len % 2 == 1) {
        caller.has_subject = true;
        memcpy(caller.number, "+4930555", sizeof "+4930555");
    }
    pl_api_call call = {.head = &head,
                        .match = &match,
                        .body = body,
                        .caller = &caller,
                        .wall_ms = WALL_MS};
    (void)pl_device_check_head(&head, body);
    pl_answer_init(&made);
    pl_err e = route->op->prepare(&call, &made);
    if (e)
        pl_api_fail(route->op, &call, e, NULL, &made);
    if (made.status)
        check_refusal(route->op, &made);
    else
        check_sendable(&call);
    pl_answer_fini(&made);
    pl_json_free(&call.doc);
    pl_buf_fini(&call.list);
}

static void check_address(pl_slice text)
{
    if (pl_device_address_of(text) == PL_ADDRESS_BAD)
        return;
    if (text.len > PL_DEVICE_ADDRESS_MAX)
        abort();
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f ||
            strchr("<>\"\\,?&/[]'()", text.ptr[i]))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    const uint8_t *line = memchr(data + 1, '\n', len - 1);
    size_t n = line ? (size_t)(line - data) - 1 : len - 1;
    size_t used = 1 + n + (line ? 1 : 0);
    check_address((pl_slice){data + 1, n});
    run(pick(data[0]), (pl_slice){data + 1, n},
        (pl_slice){data + used, len - used});
    return 0;
}
