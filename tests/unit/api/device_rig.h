/* device_rig.h - requests of device applications: what they ask of roompool,
 * how they are refused. */
#ifndef PL_TESTS_API_DEVICE_RIG_H
#define PL_TESTS_API_DEVICE_RIG_H

#include "call_rig.h"

#include "device_api.h"
#include "pl/str.h"

#define DEVICE    "0f9a3d64-6f0b-4a55-9f0c-2f0d5c1b7e10"
#define NUMBER    "+493055501001"
#define NOW_MS    INT64_C(1764000000000) /* 2025-11-24T16:00:00Z */
#define R31_REG   "/webrtc-registration/v0.4rc1/sessions"
#define VWIP_REG  "/webrtc-registration/vwip/sessions"
#define R22_REG   "/webrtc-registration/v0.3/sessions"
#define R31_CALL  "/webrtc-call-handling/v0.4rc1/sessions"
#define VWIP_CALL "/webrtc-call-handling/vwip/sessions"
#define R22_CALL  "/webrtc-call-handling/v0.3/sessions"
#define R31_SUB   "/webrtc-events-subscriptions/v0.3rc1/subscriptions"
#define VWIP_SUB  "/webrtc-events/vwip/subscriptions"
#define R22_SUB   "/webrtc-events/v0.2/subscriptions"

#define SUB_SCOPES(api)                                                        \
    api ":read " api ":update " api ":delete " api ":org.camaraproject." api   \
        ".v0.session-status:create " api ":org.camaraproject." api             \
        ".v0.session-invitation:create " api ":org.camaraproject." api         \
        ".v0.registration-ends:create "
#define SESSION_SCOPES(api)                                                    \
    api ":sessions:create " api ":sessions:read " api ":sessions:write " api   \
        ":sessions:delete "
#define ALL_SCOPES                                                             \
    SESSION_SCOPES("webrtc-registration")                                      \
    SESSION_SCOPES("webrtc-call-handling")                                     \
    SUB_SCOPES("webrtc-events") SUB_SCOPES("webrtc-events-subscriptions")

static call_rig rig;
static char request[1024];

/* 2-legged, with every scope. */
static inline int be_a_client(void **state)
{
    (void)state;
    rig_scope_text = ALL_SCOPES;
    rig_number = "";
    rig_subject = NULL;
    rig_wall_ms = NOW_MS;
    return 0;
}

static inline void be_a_user(void)
{
    rig_number = NUMBER;
    rig_subject = "user-1";
}

/* line: "POST /path"; headers: lines with CRLF, or "". */
static inline void ask(const char *line, const char *headers, const char *body)
{
    (void)snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: a\r\n%s\r\n",
                   line, headers);
    rig_begin(&rig, request, body);
    if (rig.e) {
        pl_answer_reset(&rig.answer);
        pl_device_fail(&rig.call, rig.e, NULL, &rig.answer);
    }
}

/* The answer is an ErrorInfo with that code, whose message has `part`. */
static inline void expect_error(int status, const char *code, const char *part)
{
    char want[200];
    const char *body = pl_buf_text(&rig.answer.body);
    (void)snprintf(want, sizeof want, "{\"status\":%d,\"code\":\"%s\",", status,
                   code);
    if (rig.answer.status != status || strncmp(body, want, strlen(want)) != 0 ||
        !strstr(body, part))
        print_error("%s: want %d %s %s, got %d %s\n", request, status, code,
                    part, rig.answer.status, body);
    assert_int_equal(rig.answer.status, status);
    assert_memory_equal(body, want, strlen(want));
    assert_non_null(strstr(body, part));
    assert_string_equal(rig.answer.content_type, "application/json");
}

/* Nothing is asked of roompool. */
static inline void refused_with(const char *line, const char *headers,
                                const char *body, int status, const char *code,
                                const char *part)
{
    ask(line, headers, body);
    expect_error(status, code, part);
    assert_null(rig.call.desc);
    rig_end(&rig);
}

static inline void refused(const char *line, const char *body, int status,
                           const char *code, const char *part)
{
    refused_with(line, "", body, status, code, part);
}

static inline void reply(pl_err e, const pl_msg_desc *desc, const void *body)
{
    assert_non_null(rig.call.desc);
    rig_finish(&rig, e, desc, body);
}

/* The whole answer. body: "" none */
static inline void expect(int status, const char *body)
{
    assert_int_equal(rig.answer.status, status);
    assert_string_equal(pl_buf_text(&rig.answer.body), body);
}

/* Roompool refuses with that. */
static inline void reply_refusal(uint32_t fault, uint32_t again_s)
{
    pl_device_refused m = {.fault = fault, .retry_after_s = again_s};
    (void)snprintf(m.text, sizeof m.text, "why");
    reply(PL_OK, &PL_MSG_DEVICE_REFUSED, &m);
}

#endif
