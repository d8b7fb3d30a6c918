/* media_client.c - see media_client.h. */
#include "media_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

enum { MS = 1000 };

void caller_begins(world *w, caller *c, const char *device_id,
                   const char *number, const char *sink)
{
    pl_subscription_create m;
    answer a;
    c->who = (device){.client = "app", .subject = "ann", .id = device_id};
    assert_int_equal(device_registers(w, &c->who, number, 0, &a), 0);
    PUT(c->registration, a.body.registration.registration_id);
    notify_fill(&m);
    PUT(m.device_id, device_id);
    PUT(m.sink, sink);
    PUT(c->sink, sink);
    notify_makes(w, &m, c->subscription);
}

void caller_in_world(world *w, unsigned n_media, caller *c)
{
    world_create(w, n_media);
    caller_begins(w, c, NOTIFY_DEVICE, CALL_NUMBER, NOTIFY_SINK);
}

void caller_fill(const caller *c, pl_media_session_create *m)
{
    *m = (pl_media_session_create){.present = 0};
    AS_DEVICE(MEDIA_SESSION_CREATE, media_session_create, *m, &c->who);
    PUT(m->registration_id, c->registration);
    PUT(m->originator, "tel:" CALL_NUMBER);
    PUT(m->receiver, "tel:+4940123456");
    m->offer = pl_slice_str("o1");
}

void caller_sends(world *w, const pl_media_session_create *m, answer *a)
{
    world_send(w, w->api, &PL_MSG_MEDIA_SESSION_CREATE, m, a);
    world_run(w, 50 * MS);
}

fake_call *caller_calls(world *w, const caller *c, char *id)
{
    pl_media_session_create m;
    answer a;
    caller_fill(c, &m);
    caller_sends(w, &m, &a);
    assert_false(a.is_done);
    fake_call *call = sig_started(w);
    assert_non_null(call);
    assert_int_equal(phone_report(w, call->id, PL_CALL_STATE_TRYING, 100, NULL),
                     PL_OK);
    assert_int_equal(device_fault(&a), 0);
    assert_ptr_equal(a.desc, &PL_MSG_MEDIA_SESSION);
    assert_int_equal(a.body.media_session.status, PL_MEDIA_STATUS_INITIAL);
    pl_fmt_cut(id, 65, "%s", a.body.media_session.media_session_id);
    notify_told(w, id);
    world_check(w);
    return call;
}

uint32_t caller_puts(world *w, const caller *c, const char *id, uint32_t status,
                     const char *offer, const char *answer_sdp)
{
    pl_media_session_put m = {.status = status};
    answer a;
    AS_DEVICE(MEDIA_SESSION_PUT, media_session_put, m, &c->who);
    PUT(m.media_session_id, id);
    if (offer) {
        m.offer = pl_slice_str(offer);
        PL_MSG_SET(MEDIA_SESSION_PUT, media_session_put, &m, offer);
    }
    if (answer_sdp) {
        m.answer = pl_slice_str(answer_sdp);
        PL_MSG_SET(MEDIA_SESSION_PUT, media_session_put, &m, answer);
    }
    world_ask(w, &PL_MSG_MEDIA_SESSION_PUT, &m, &a);
    world_run(w, 20 * MS);
    world_check(w);
    uint32_t fault = device_fault(&a);
    if (!fault) {
        assert_ptr_equal(a.desc, &PL_MSG_MEDIA_SESSION);
        assert_int_equal(a.body.media_session.status, status);
    }
    return fault;
}

uint32_t caller_gets(world *w, const caller *c, const char *id, answer *a)
{
    pl_media_session_get m = {.present = 0};
    AS_DEVICE(MEDIA_SESSION_GET, media_session_get, m, &c->who);
    PUT(m.media_session_id, id);
    world_ask(w, &PL_MSG_MEDIA_SESSION_GET, &m, a);
    return device_fault(a);
}

uint32_t caller_deletes(world *w, const caller *c, const char *id)
{
    pl_media_session_delete m = {.present = 0};
    answer a;
    AS_DEVICE(MEDIA_SESSION_DELETE, media_session_delete, m, &c->who);
    PUT(m.media_session_id, id);
    world_ask(w, &PL_MSG_MEDIA_SESSION_DELETE, &m, &a);
    world_run(w, 20 * MS);
    world_check(w);
    return device_fault(&a);
}

/* ---- looking ---- */

const pl_devcall *media_of(world *w, const char *id)
{
    return pl_map_find(world_pool(w)->devcalls, id);
}

void media_is(world *w, const caller *c, const char *id, uint32_t status)
{
    answer a;
    assert_int_equal(caller_gets(w, c, id, &a), 0);
    assert_string_equal(pl_media_status_text(a.body.media_session.status),
                        pl_media_status_text(status));
}

void media_has(world *w, const char *id, const char *offer,
               const char *answer_sdp)
{
    const pl_devcall *dc = media_of(w, id);
    assert_non_null(dc);
    assert_true(pl_slice_eq_str(dc->row.offer, offer));
    assert_true(pl_slice_eq_str(dc->row.answer, answer_sdp));
}

fake_leg *media_leg_of(world *w, const char *id)
{
    size_t cursor = 0;
    const pl_leg *leg;
    while ((leg = pl_map_next(world_pool(w)->legs, &cursor, NULL)) != NULL) {
        if (strcmp(leg->row.session_id, id) == 0)
            return media_leg(w, leg->row.leg_id);
    }
    return NULL;
}

/* ---- hearing ---- */

/* ' is ". */
static void is_in(const web_request *r, const char *member)
{
    char text[256];
    PUT(text, member);
    for (char *c = text; *c; c++) {
        if (*c == '\'')
            *c = '"';
    }
    if (!strstr(r->body, text))
        fail_msg("%s is not in %s", text, r->body);
}

static web_request *next_of(world *w, const char *sink)
{
    for (unsigned i = 0; i < 100; i++) {
        for (size_t k = 0; k < w->web.n; k++) {
            web_request *r = w->web.requests[k];
            if (!r->is_answered && strcmp(r->url, sink) == 0)
                return r;
        }
        world_run(w, 20 * MS);
    }
    return NULL;
}

static web_request *takes(world *w, const caller *c, const char *type)
{
    web_request *r = next_of(w, c->sink);
    if (!r)
        fail_msg("no %s", type);
    is_in(r, type);
    return r;
}

void caller_hears(world *w, const caller *c, uint32_t status, unsigned seq,
                  const char *member, const char *member2)
{
    char text[96];
    web_request *r = takes(w, c, "session-status");
    pl_fmt_cut(text, sizeof text, "'status':'%s'",
               pl_media_status_text(status));
    is_in(r, text);
    pl_fmt_cut(text, sizeof text, "'sequenceNumber':%u", seq);
    is_in(r, text);
    if (member)
        is_in(r, member);
    if ((!member || !strstr(member, "sdp")) && strstr(r->body, "\"sdp\""))
        fail_msg("descriptions nobody expects: %s", r->body);
    if (member2)
        is_in(r, member2);
    web_answer(w, r, 204, NULL);
    world_check(w);
}

void caller_is_invited(world *w, const caller *c, const char *member, char *id)
{
    static const char key[] = "\"mediaSessionId\":\"";
    web_request *r = takes(w, c, "session-invitation");
    is_in(r, "'status':'Initial'");
    is_in(r, "'sequenceNumber':1");
    is_in(r, "'offer':{'sdp':'offer:");
    if (member)
        is_in(r, member);
    const char *at = strstr(r->body, key);
    assert_non_null(at);
    pl_fmt_cut(id, 65, "%.*s", (int)strcspn(at + sizeof key - 1, "\""),
               at + sizeof key - 1);
    assert_int_equal(strlen(id), 32);
    web_answer(w, r, 204, NULL);
    world_check(w);
}
