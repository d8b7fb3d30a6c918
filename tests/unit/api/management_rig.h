/* management_rig.h - requests of the management API without any gateway. */
#ifndef PL_TESTS_API_MANAGEMENT_RIG_H
#define PL_TESTS_API_MANAGEMENT_RIG_H

#include "call_rig.h"

#include "management_api.h"

#define CONFIGURATION "/api/admin/configuration/v1/"
#define STATUS        "/api/admin/status/v1/"
#define HISTORY       "/api/admin/history/v1/"
#define COMMAND       "/api/admin/command/v1/"

/* line: "GET /path"; body NULL: none. */
static inline void begin(call_rig *rig, const char *line, const char *body)
{
    char request[PL_HTTP_HEAD_MAX];
    (void)snprintf(request, sizeof request,
                   "%s HTTP/1.1\r\nHost: m.example\r\n\r\n", line);
    rig_begin_with(rig, request, body, PL_SCOPE_MANAGEMENT, false, NULL);
    if (rig->e) {
        pl_api_fail(rig->match.route->op, &rig->call, rig->e, NULL,
                    &rig->answer);
        rig->call.desc = NULL;
    }
}

static inline void begin_asking(call_rig *rig, const char *line,
                                const char *body, const pl_msg_desc *desc)
{
    begin(rig, line, body);
    if (rig->call.desc != desc)
        print_error("%s: %d %s\n", line, rig->answer.status,
                    pl_buf_text(&rig->answer.body));
    assert_int_equal(rig->answer.status, 0);
    assert_ptr_equal(rig->call.desc, desc);
}

/* The answer, which is complete: its status and a part of its body. */
static inline void expect(call_rig *rig, int status, const char *part)
{
    const char *text = pl_buf_text(&rig->answer.body);
    if (rig->answer.status != status || !strstr(text, part))
        print_error("%d %s\n", rig->answer.status, text);
    assert_int_equal(rig->answer.status, status);
    assert_non_null(strstr(text, part));
    rig_end(rig);
}

/* Refused before anything is asked of roompool. */
static inline void refused(const char *line, const char *body, int status,
                           const char *part)
{
    call_rig rig;
    begin(&rig, line, body);
    if (rig.call.desc || rig.answer.status != status)
        print_error("%s\n", line);
    assert_null(rig.call.desc);
    expect(&rig, status, part);
}

#endif
