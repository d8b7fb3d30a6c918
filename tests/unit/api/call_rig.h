/* call_rig.h - runs prepare and finish of an operation without any gateway. */
#ifndef PL_TESTS_API_CALL_RIG_H
#define PL_TESTS_API_CALL_RIG_H

#include "cm.h"

#include <stdio.h>
#include <string.h>

#include "api.h"
#include "route.h"

typedef struct call_rig {
    char text[PL_HTTP_HEAD_MAX];
    pl_http_head head;
    pl_route_match match;
    pl_caller caller;
    pl_seat seat;
    pl_api_call call;
    pl_answer answer;
    pl_err e;
} call_rig;

#define RIG_HASH                                                               \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define RIG_SECRET "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS"

struct pl_room_rules;
struct pl_video_rules;

/* What the next requests are given, beside the rest. */
static const struct pl_video_rules *rig_video;
static int64_t rig_wall_ms;
static const char *rig_device = ""; /* that signed the token */
static const char *rig_scope_text = "";
static const char *rig_number = "";    /* of the token */
static const char *rig_subject = NULL; /* of a token with a user behind it */

/* request: "PUT /path HTTP/1.1\r\nHost: a\r\n..\r\n\r\n" up to the empty
 * line; body: NULL none. Runs prepare, for a token with these scopes. */
static inline void rig_begin_with(call_rig *rig, const char *request,
                                  const char *body, unsigned scopes,
                                  bool names_user,
                                  const struct pl_room_rules *rooms)
{
    size_t cursor = 0;
    size_t len = 0;
    pl_http_fault fault;
    *rig = (call_rig){.e = PL_OK};
    (void)snprintf(rig->text, sizeof rig->text, "%s", request);
    assert_int_equal(pl_http_head_find_end((const uint8_t *)rig->text,
                                           strlen(rig->text), &cursor, &len,
                                           &fault),
                     PL_OK);
    assert_int_equal(
        pl_http_head_parse((const uint8_t *)rig->text, len, &rig->head, &fault),
        PL_OK);
    assert_int_equal(
        pl_route_find(rig->head.method, rig->head.path, &rig->match), PL_OK);
    (void)snprintf(rig->caller.client_id, sizeof rig->caller.client_id, "dev");
    (void)snprintf(rig->caller.subject, sizeof rig->caller.subject, "dev");
    (void)snprintf(rig->caller.token_hash, sizeof rig->caller.token_hash,
                   RIG_HASH);
    (void)snprintf(rig->seat.participant_id, sizeof rig->seat.participant_id,
                   "p1");
    (void)snprintf(rig->seat.token_hash, sizeof rig->seat.token_hash, RIG_HASH);
    rig->caller.scopes = scopes;
    rig->caller.names_user = names_user;
    (void)snprintf(rig->caller.device_code, sizeof rig->caller.device_code,
                   "%s", rig_device);
    (void)snprintf(rig->caller.scope_text, sizeof rig->caller.scope_text, "%s",
                   rig_scope_text);
    (void)snprintf(rig->caller.number, sizeof rig->caller.number, "%s",
                   rig_number);
    if (rig_subject) {
        rig->caller.has_subject = true;
        (void)snprintf(rig->caller.subject, sizeof rig->caller.subject, "%s",
                       rig_subject);
    }
    rig->call = (pl_api_call){.head = &rig->head,
                              .match = &rig->match,
                              .body = pl_slice_str(body),
                              .source = "192.0.2.1",
                              .caller = &rig->caller,
                              .seat = &rig->seat,
                              .new_secret = RIG_SECRET,
                              .new_hash = RIG_HASH,
                              .new_id = "id-1",
                              .rooms = rooms,
                              .video = rig_video,
                              .wall_ms = rig_wall_ms};
    pl_answer_init(&rig->answer);
    rig->e = rig->match.route->op->prepare(&rig->call, &rig->answer);
    if (!rig->e && rig->call.desc) { /* what is sent must be sendable */
        static uint8_t bytes[393216];
        size_t n;
        assert_int_equal(pl_msg_encode(rig->call.desc, &rig->call.message,
                                       bytes, sizeof bytes, &n),
                         PL_OK);
    }
}

static inline void rig_begin_as(call_rig *rig, const char *request,
                                const char *body, unsigned scopes,
                                bool names_user)
{
    rig_begin_with(rig, request, body, scopes, names_user, NULL);
}

static inline void rig_begin(call_rig *rig, const char *request,
                             const char *body)
{
    rig_begin_as(rig, request, body, PL_SCOPE_WEBRTC, false);
}

static inline void rig_finish(call_rig *rig, pl_err e, const pl_msg_desc *desc,
                              const void *body)
{
    rig->match.route->op->finish(&rig->call, e, desc, body, &rig->answer);
}

static inline bool rig_has_header(const call_rig *rig, const char *line)
{
    return strstr(pl_buf_text(&rig->answer.headers), line) != NULL;
}

static inline void rig_end(call_rig *rig)
{
    pl_answer_fini(&rig->answer);
    pl_json_free(&rig->call.doc);
    pl_buf_fini(&rig->call.list);
    pl_buf_fini(&rig->call.made);
}

#endif
