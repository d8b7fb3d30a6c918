/* fuzz_json_api.c - a request (head and body) to the operation's message, and
 * whatever the message holds must be sendable. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "event_text.h"
#include "oauth.h"
#include "room_api.h"
#include "route.h"
#include "video_api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A list of events becomes one message after the other. */
static void finish_events(pl_api_call *call, pl_answer *answer)
{
    static uint8_t bytes[4096];
    size_t n;
    do {
        PL_OP_ROOM_EVENT.finish(call, PL_OK, &PL_MSG_OK_REPLY, NULL, answer);
        if (call->is_partial && pl_msg_encode(call->desc, &call->message, bytes,
                                              sizeof bytes, &n) != PL_OK)
            abort();
    } while (call->is_partial);
    if (answer->status != 200)
        abort();
}

static void run(const pl_http_head *head, const pl_route_match *match,
                pl_slice body)
{
    static uint8_t bytes[98304];
    pl_caller caller = {
        .client_id = "c", .subject = "s", .scopes = PL_SCOPE_EMERGENCYSERVICES};
    pl_seat seat = {.participant_id = "p1"};
    char hash[65];
    char secret[PL_SEAT_SECRET_TEXT + 1];
    memset(hash, 'a', 64);
    hash[64] = '\0';
    memset(secret, 's', PL_SEAT_SECRET_TEXT);
    secret[PL_SEAT_SECRET_TEXT] = '\0';
    memcpy(caller.token_hash, hash, sizeof hash);
    memcpy(seat.token_hash, hash, sizeof hash);
    static const pl_video_rules video = {.host = "",
                                         .reference = "{ref1},{device_code}",
                                         .tag_prefix = "https://a.example/",
                                         .base = "https://a.example"};
    static const char secret_of_rooms[] = "sink:0123456789ab";
    const pl_room_rules rooms = {.tag_prefix = "https://a.example/",
                                 .public_secret = pl_slice_str(secret_of_rooms),
                                 .sink_login = pl_slice_str(secret_of_rooms)};
    pl_api_call call = {.head = head,
                        .match = match,
                        .body = body,
                        .source = "::1",
                        .caller = &caller,
                        .seat = &seat,
                        .new_secret = secret,
                        .new_hash = hash,
                        .new_id = "id",
                        .rooms = &rooms,
                        .video = &video};
    const pl_api_op *op = match->route->op;
    pl_answer answer;
    size_t n;
    pl_answer_init(&answer);
    pl_err e = op->prepare(&call, &answer);
    if (e)
        pl_api_fail(op, &call, e, NULL, &answer);
    else if (call.desc &&
             (op->family == PL_FAMILY_CLIENT || op->family == PL_FAMILY_VIDEO ||
              op->family == PL_FAMILY_ROOM) &&
             pl_msg_encode(call.desc, &call.message, bytes, sizeof bytes, &n) ==
                 PL_EINVAL)
        abort(); /* what passed our checks must fit the schema */
    if (!e && op == &PL_OP_ROOM_EVENT && call.desc && answer.status == 0)
        finish_events(&call, &answer);
    pl_answer_fini(&answer);
    pl_json_free(&call.doc);
    pl_buf_fini(&call.list);
    pl_buf_fini(&call.made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t cursor = 0;
    size_t head_len = 0;
    pl_http_fault fault;
    pl_http_head head;
    pl_route_match match;
    if (pl_http_head_find_end(data, len, &cursor, &head_len, &fault) ||
        pl_http_head_parse(data, head_len, &head, &fault) ||
        pl_route_find(head.method, head.path, &match))
        return 0;
    pl_slice body = {data + head_len, len - head_len};
    if (match.route->op->kind == PL_KIND_CALL ||
        match.route->op->kind == PL_KIND_LOCAL)
        run(&head, &match, body);
    if (match.route->op->kind == PL_KIND_TOKEN) {
        pl_oauth_request request;
        pl_oauth_fault oauth_fault;
        (void)!pl_oauth_read(&head, body, &request, &oauth_fault);
    }
    char address[64];
    (void)pl_event_connection_address(body, address, sizeof address);
    return 0;
}
