/* fake_client.c - see fake_client.h. */
#include "fake_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/rng.h"
#include "world.h"

enum { MS = 1000 };

const char *hash_of(const char *token)
{
    static char text[4][PL_SHA256_TEXT];
    static unsigned at;
    char *buf = text[at++ % 4];
    pl_sha256_hex(token, strlen(token), buf);
    return buf;
}

pl_err join_room_from(world *w, const char *alias, const char *pin,
                      const char *token, const char *source, answer *a)
{
    pl_room_join m = {.present = 0};
    PUT(m.alias, alias);
    PUT(m.display_name, token);
    PUT(m.token_hash, hash_of(token));
    PUT(m.source, source);
    if (pin) {
        PUT(m.pin, pin);
        PL_MSG_SET(ROOM_JOIN, room_join, &m, pin);
    }
    world_ask(w, &PL_MSG_ROOM_JOIN, &m, a);
    return a->error;
}

pl_err join_room(world *w, const char *alias, const char *pin,
                 const char *token, answer *a)
{
    return join_room_from(w, alias, pin, token, "192.0.2.1", a);
}

pl_err join_media(world *w, const answer *joined, const char *token, answer *a)
{
    pl_participant_media m = {.sdp = pl_slice_str("page-offer")};
    PUT(m.participant_id, joined->body.joined.participant_id);
    PUT(m.token_hash, hash_of(token));
    world_ask(w, &PL_MSG_PARTICIPANT_MEDIA, &m, a);
    return a->error;
}

void page_joins(world *w, const char *alias, const char *token, answer *joined,
                answer *media)
{
    assert_int_equal(join_room(w, alias, NULL, token, joined), PL_OK);
    assert_int_equal(join_media(w, joined, token, media), PL_OK);
}

void page_comes(world *w, const char *alias, const char *pin, const char *token,
                answer *joined, answer *media)
{
    assert_int_equal(join_room(w, alias, pin, token, joined), PL_OK);
    assert_int_equal(join_media(w, joined, token, media), PL_OK);
    media_report(w, media->body.media.call_id, PL_LEG_STATE_CONNECTED);
    world_run(w, 10 * MS);
}

pl_err page_leaves(world *w, const answer *joined, const char *token)
{
    pl_participant_leave m = {.present = 0};
    answer a;
    PUT(m.participant_id, joined->body.joined.participant_id);
    PUT(m.token_hash, hash_of(token));
    world_ask(w, &PL_MSG_PARTICIPANT_LEAVE, &m, &a);
    return a.error;
}

pl_err poll_part(world *w, const char *id, const char *token, bool fresh,
                 uint64_t *cursor, answer *a)
{
    pl_event_poll m = {.stream = PL_STREAM_PARTICIPANT,
                       .after_seq = *cursor,
                       .wait_ms = 300,
                       .fresh = fresh};
    PUT(m.id, id);
    PUT(m.token_hash, hash_of(token));
    PL_MSG_SET(EVENT_POLL, event_poll, &m, fresh);
    world_ask(w, &PL_MSG_EVENT_POLL, &m, a);
    if (a->error)
        return a->error;
    if (a->desc == &PL_MSG_EVENT_NONE)
        return PL_EAGAIN;
    if (a->body.event.seq)
        *cursor = a->body.event.seq;
    return PL_OK;
}

void poll_begin(world *w, const char *id, const char *token, uint32_t wait_ms,
                answer *a)
{
    pl_event_poll m = {.stream = PL_STREAM_SESSION, .wait_ms = wait_ms};
    PUT(m.id, id);
    AS_CLIENT(m, token);
    PL_MSG_SET(EVENT_POLL, event_poll, &m, client_id);
    world_send(w, w->api, &PL_MSG_EVENT_POLL, &m, a);
}

void poll_cancel(world *w, const char *id, const answer *a)
{
    pl_event_poll_cancel m = {.corr = a->corr};
    PUT(m.id, id);
    PL_MSG_SET(EVENT_POLL_CANCEL, event_poll_cancel, &m, id);
    assert_int_equal(pl_bus_event(w->api, &(pl_bus_send){.to = NULL},
                                  &PL_MSG_EVENT_POLL_CANCEL, &m),
                     PL_OK);
}

pl_err poll_session(world *w, const char *id, const char *token, answer *a)
{
    pl_event_ack ack = {.seq = 0};
    poll_begin(w, id, token, 1000, a);
    world_wait(w, a);
    if (a->error)
        return a->error;
    if (a->desc == &PL_MSG_EVENT_NONE)
        return PL_EAGAIN;
    PUT(ack.session_id, id);
    PUT(ack.token_hash, hash_of(token));
    ack.seq = a->body.event.seq;
    assert_int_equal(pl_bus_event(w->api, &(pl_bus_send){.to = NULL},
                                  &PL_MSG_EVENT_ACK, &ack),
                     PL_OK);
    world_run(w, MS);
    return PL_OK;
}

/* ---- the conference API ---- */

pl_err open_session(world *w, const char *name, const char *token, answer *a)
{
    pl_session_create m = {.dialect = PL_DIALECT_RTC1};
    AS_CLIENT(m, token);
    PUT(m.subject, name);
    PUT(m.user_id, name);
    PL_MSG_SET(SESSION_CREATE, session_create, &m, user_id);
    world_ask(w, &PL_MSG_SESSION_CREATE, &m, a);
    return a->error;
}

pl_err create_conference(world *w, const user *u, answer *a)
{
    pl_conference_create m = {.sdp = pl_slice_str("host-offer")};
    AS_CLIENT(m, u->token);
    PUT(m.session_id, u->session);
    PL_MSG_SET(CONFERENCE_CREATE, conference_create, &m, session_id);
    PL_MSG_SET(CONFERENCE_CREATE, conference_create, &m, sdp);
    world_ask(w, &PL_MSG_CONFERENCE_CREATE, &m, a);
    return a->error;
}

static void act_send(world *w, const char *token, const act *what, answer *a)
{
    pl_conference_action m = {.action = (uint32_t)what->action,
                              .resource = what->resource};
    AS_CLIENT(m, token);
    PUT(m.conf_id, what->conf);
    PL_MSG_SET(CONFERENCE_ACTION, conference_action, &m, resource);
    if (what->sdp) {
        m.sdp = pl_slice_str(what->sdp);
        PL_MSG_SET(CONFERENCE_ACTION, conference_action, &m, sdp);
    }
    if (what->mod) {
        PUT(m.mod_id, what->mod);
        PL_MSG_SET(CONFERENCE_ACTION, conference_action, &m, mod_id);
    }
    if (what->target) {
        PUT(m.target_id, what->target);
        PL_MSG_SET(CONFERENCE_ACTION, conference_action, &m, target_id);
    }
    world_send(w, w->api, &PL_MSG_CONFERENCE_ACTION, &m, a);
}

static void act_begin(world *w, const char *token, const act *what, answer *a)
{
    act_send(w, token, what, a);
    world_run(w, 5 * MS);
}

void user_begins(world *w, const user *u, const act *what, answer *a)
{
    act_send(w, u->token, what, a);
}

pl_err user_acts(world *w, const user *u, const act *what, answer *a)
{
    act_begin(w, u->token, what, a);
    world_wait(w, a);
    return a->error;
}

void conference_begin(world *w, const char *token, const char *conf,
                      pl_action action, const char *sdp, answer *a)
{
    const act what = {.action = action, .conf = conf, .sdp = sdp};
    act_begin(w, token, &what, a);
}

pl_err conference_do(world *w, const char *token, const char *conf,
                     pl_action action, const char *sdp, answer *a)
{
    conference_begin(w, token, conf, action, sdp, a);
    world_wait(w, a);
    return a->error;
}

pl_err conference_leave(world *w, const char *token, const char *conf)
{
    pl_conference_delete m = {.reason = PL_DELETE_REASON_TERMINATE};
    answer a;
    AS_CLIENT(m, token);
    PUT(m.conf_id, conf);
    world_ask(w, &PL_MSG_CONFERENCE_DELETE, &m, &a);
    return a.error;
}

pl_err invite(world *w, const char *token, const char *conf,
              const char *address, answer *a)
{
    pl_participant_invite m = {.present = 0};
    AS_CLIENT(m, token);
    PUT(m.conf_id, conf);
    PUT(m.address, address);
    world_ask(w, &PL_MSG_PARTICIPANT_INVITE, &m, a);
    world_run(w, 20 * MS);
    return a->error;
}

pl_err remove_part(world *w, const char *token, const char *conf,
                   const char *address)
{
    pl_participant_remove m = {.present = 0};
    answer a;
    AS_CLIENT(m, token);
    PUT(m.conf_id, conf);
    PUT(m.address, address);
    world_ask(w, &PL_MSG_PARTICIPANT_REMOVE, &m, &a);
    return a.error;
}

pl_err call_create(world *w, const user *u, const char *address, answer *a)
{
    pl_direct_call_create m = {.sdp = pl_slice_str("call-offer")};
    AS_CLIENT(m, u->token);
    PUT(m.session_id, u->session);
    PL_MSG_SET(DIRECT_CALL_CREATE, direct_call_create, &m, session_id);
    PUT(m.address, address);
    world_ask(w, &PL_MSG_DIRECT_CALL_CREATE, &m, a);
    world_run(w, 20 * MS);
    return a->error;
}

pl_err call_delete(world *w, const user *u, const char *call,
                   pl_delete_reason reason)
{
    pl_conference_delete m = {.reason = (uint32_t)reason,
                              .resource = PL_RESOURCE_CALLS};
    answer a;
    AS_CLIENT(m, u->token);
    PUT(m.conf_id, call);
    PL_MSG_SET(CONFERENCE_DELETE, conference_delete, &m, resource);
    world_ask(w, &PL_MSG_CONFERENCE_DELETE, &m, &a);
    world_run(w, 20 * MS);
    return a.error;
}

/* ---- openings ---- */

void user_opens(world *w, user *u, const char *name, const char *token)
{
    answer a;
    assert_int_equal(open_session(w, name, token, &a), PL_OK);
    PUT(u->token, token);
    PUT(u->session, a.body.session.session_id);
}

void user_reads(world *w, const user *u, uint32_t kind, answer *ev)
{
    assert_int_equal(poll_session(w, u->session, u->token, ev), PL_OK);
    assert_string_equal(pl_event_kind_text(ev->body.event.kind),
                        pl_event_kind_text(kind));
}

void user_reads_nothing(world *w, const user *u)
{
    answer ev;
    assert_int_equal(poll_session(w, u->session, u->token, &ev), PL_EAGAIN);
}

void user_hosts(world *w, const user *u, char conf[CONF_ID_SIZE])
{
    answer a;
    answer ev;
    assert_int_equal(create_conference(w, u, &a), PL_OK);
    pl_fmt_cut(conf, CONF_ID_SIZE, "%s", a.body.conference.conf_id);
    user_reads(w, u, PL_EVENT_KIND_SESSION_OPEN, &ev);
    assert_string_equal(ev.sdp, "answer:host-offer");
    assert_string_equal(ev.body.event.conf_id, conf);
    assert_int_equal(ev.body.event.dialect, PL_DIALECT_RTC1);
}

void user_is_invited(world *w, const user *host, const char *conf,
                     const char *name, const user *guest)
{
    answer inv;
    answer ev;
    assert_int_equal(invite(w, host->token, conf, name, &inv), PL_OK);
    user_reads(w, guest, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    assert_string_equal(ev.body.event.conf_id, conf);
    assert_memory_equal(ev.sdp, "offer:", 6);
}

void user_joins(world *w, const user *host, const char *conf, const char *name,
                const user *guest)
{
    answer a;
    answer ev;
    user_is_invited(w, host, conf, name, guest);
    assert_int_equal(conference_do(w, guest->token, conf, PL_ACTION_ANSWER,
                                   "guest-answer", &a),
                     PL_OK);
    user_reads(w, guest, PL_EVENT_KIND_SESSION_OPEN, &ev);
    user_reads(w, host, PL_EVENT_KIND_INVITE_RESULT, &ev);
    assert_string_equal(ev.body.event.reason, "success");
}

void user_calls(world *w, const user *u, const char *address,
                char call[CONF_ID_SIZE])
{
    answer a;
    answer ev;
    assert_int_equal(call_create(w, u, address, &a), PL_OK);
    pl_fmt_cut(call, CONF_ID_SIZE, "%s", a.body.call_made.conf_id);
    assert_string_equal(a.body.call_made.session_id, u->session);
    user_reads(w, u, PL_EVENT_KIND_SESSION_OPEN, &ev);
    assert_string_equal(ev.sdp, "answer:call-offer");
    assert_string_equal(ev.body.event.conf_id, call);
    assert_string_equal(ev.body.event.resource, "calls");
    assert_true(ev.body.event.provisional);
}

void user_is_called(world *w, const user *u, const char *call)
{
    answer ev;
    user_reads(w, u, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    assert_string_equal(ev.body.event.conf_id, call);
    assert_string_equal(ev.body.event.resource, "calls");
    assert_memory_equal(ev.sdp, "offer:", 6);
}

void user_answers(world *w, const user *u, const char *call)
{
    answer a;
    answer ev;
    assert_int_equal(
        conference_do(w, u->token, call, PL_ACTION_ANSWER, "callee-answer", &a),
        PL_OK);
    assert_string_equal(a.body.action.state, "accepted");
    user_reads(w, u, PL_EVENT_KIND_SESSION_OPEN, &ev);
    assert_string_equal(ev.sdp, "");
    assert_false(ev.body.event.provisional);
}

void user_is_out(world *w, const user *u, const char *reason)
{
    answer ev;
    user_reads(w, u, PL_EVENT_KIND_SESSION_TERMINATED, &ev);
    assert_string_equal(ev.body.event.reason, reason);
}

void user_is_offered(world *w, const user *u, const char *conf,
                     char mod[CONF_ID_SIZE])
{
    answer ev;
    user_reads(w, u, PL_EVENT_KIND_MOD_RECEIVED, &ev);
    assert_string_equal(ev.body.event.conf_id, conf);
    assert_memory_equal(ev.sdp, "offer:", 6);
    pl_fmt_cut(mod, CONF_ID_SIZE, "%s", ev.body.event.mod_id);
}

void user_accepts(world *w, const user *u, const char *conf, const char *mod)
{
    const act accept = {.action = PL_ACTION_ACCEPT,
                        .conf = conf,
                        .sdp = "accepted",
                        .mod = mod};
    answer a;
    answer ev;
    assert_int_equal(user_acts(w, u, &accept, &a), PL_OK);
    assert_string_equal(a.body.action.state, "mod-accepted");
    user_reads(w, u, PL_EVENT_KIND_MOD_TERMINATED, &ev);
    assert_string_equal(ev.body.event.mod_id, mod);
    assert_string_equal(ev.body.event.reason, "success");
    assert_string_equal(ev.sdp, "");
    assert_string_equal(ev.body.event.conf_id, conf);
}
