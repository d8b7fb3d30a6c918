/* fuzz_management.c - queries and bodies of the management API: whatever passes
 * must be sendable to roompool; what roompool answers must be showable.
 * Input: which operation, the query up to a newline, the body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "management_api.h"
#include "route.h"

enum { SECRET = 43, HASH = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The n-th route of this API, counted round and round. */
static const pl_route *pick(unsigned n)
{
    unsigned n_routes = 0;
    for (size_t i = 0; pl_route_at(i); i++)
        n_routes += pl_route_at(i)->op->family == PL_FAMILY_MANAGEMENT;
    unsigned left = n % n_routes;
    for (size_t i = 0;; i++) {
        if (pl_route_at(i)->op->family == PL_FAMILY_MANAGEMENT && left-- == 0)
            return pl_route_at(i);
    }
}

static void check_sendable(const pl_api_call *call)
{
    static uint8_t bytes[98304];
    size_t n;
    if (call->desc &&
        pl_msg_encode(call->desc, &call->message, bytes, sizeof bytes, &n))
        abort();
}

/* As a page of roompool's: the body. */
static void answer(pl_api_call *call, const pl_api_op *op, pl_slice objects)
{
    pl_answer made;
    pl_management_page page = {.total = 3, .count = 1, .objects = objects};
    pl_answer_init(&made);
    op->finish(call, PL_OK, &PL_MSG_MANAGEMENT_PAGE, &page, &made);
    if (call->is_partial)
        check_sendable(call);
    else if (made.status == 0)
        abort();
    pl_answer_fini(&made);
}

static void run(const pl_route *route, pl_slice query, pl_slice body)
{
    char secret[SECRET + 1] = "";
    char hash[HASH + 1] = "";
    memset(secret, 's', SECRET);
    memset(hash, 'a', HASH);
    static const char path[] = "/x/";
    pl_http_head head = {.method = route->method,
                         .path = {(const uint8_t *)path, sizeof path - 1},
                         .query = query};
    pl_route_match match = {.route = route, .n_params = 2};
    bool is_command = route->op == &PL_OP_MANAGEMENT_COMMAND;
    (void)memcpy(match.params[0], is_command ? "participant" : "7",
                 is_command ? 12 : 2);
    size_t n = query.len < 40 ? query.len : 40;
    if (is_command && n > 0) /* the command's name */
        (void)memcpy(match.params[1], query.ptr, n);
    pl_caller caller = {.client_id = "c"};
    pl_api_call call = {.head = &head,
                        .match = &match,
                        .body = body,
                        .caller = &caller,
                        .new_secret = secret,
                        .new_hash = hash,
                        .new_id = "id"};
    pl_answer made;
    pl_answer_init(&made);
    pl_err e = route->op->prepare(&call, &made);
    if (e) {
        pl_api_fail(route->op, &call, e, NULL, &made);
    } else if (made.status == 0) {
        check_sendable(&call);
        answer(&call, route->op, body);
    }
    if (e && made.status < 400)
        abort();
    pl_answer_fini(&made);
    pl_json_free(&call.doc);
    pl_buf_fini(&call.list);
    pl_buf_fini(&call.made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    const uint8_t *line = memchr(data + 1, '\n', len - 1);
    size_t n = line ? (size_t)(line - data) - 1 : len - 1;
    size_t used = 1 + n + (line ? 1 : 0);
    run(pick(data[0]), (pl_slice){data + 1, n},
        (pl_slice){data + used, len - used});
    return 0;
}
