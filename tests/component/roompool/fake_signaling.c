/* fake_signaling.c - see fake_signaling.h. */
#include "fake_signaling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

enum { MS = 1000 };

static fake_call *call_of(fake_signaling *s, const char *id)
{
    for (size_t i = 0; i < s->n_calls; i++)
        if (strcmp(s->calls[i].id, id) == 0)
            return &s->calls[i];
    assert_true(s->n_calls < WORLD_CALLS);
    fake_call *c = &s->calls[s->n_calls++];
    *c = (fake_call){.status = 0};
    pl_fmt_cut(c->id, sizeof c->id, "%s", id);
    return c;
}

static void keep(char to[256], pl_slice sdp)
{
    pl_fmt_cut(to, 256, "%.*s", (int)sdp.len,
               sdp.ptr ? (const char *)sdp.ptr : "");
}

static void on_call_respond(void *ctx, const pl_bus_in *in)
{
    fake_signaling *s = ctx;
    const pl_call_respond *b = in->body;
    fake_call *c = call_of(s, b->call_id);
    c->status = b->sip_status;
    keep(c->sdp, b->sdp);
    reply_ok(s->bus, in);
}

static void on_call_start(void *ctx, const pl_bus_in *in)
{
    fake_signaling *s = ctx;
    const pl_call_start *b = in->body;
    fake_call *c = call_of(s, b->call_id);
    c->is_started = true;
    PUT(c->to, b->to_uri);
    PUT(c->from, b->from_user);
    PUT(c->from_name, b->from_name);
    PUT(c->referred_by, b->referred_by);
    PUT(c->replaces, b->replaces);
    keep(c->sdp, b->sdp);
    s->start = *b;
    s->start.sdp = (pl_slice){NULL, 0};
    if (s->refuse_start)
        pl_bus_reply_error(s->bus, &in->ticket, s->refuse_start, NULL);
    else
        reply_ok(s->bus, in);
}

static void on_call_end(void *ctx, const pl_bus_in *in)
{
    fake_signaling *s = ctx;
    const pl_call_end *b = in->body;
    fake_call *c = call_of(s, b->call_id);
    c->is_ended = true;
    c->is_forgotten = b->is_elsewhere;
    c->end_status =
        PL_MSG_HAS(CALL_END, call_end, b, sip_status) ? b->sip_status : 0;
    pl_fmt_cut(c->end_reason, sizeof c->end_reason, "%s", b->reason);
    reply_ok(s->bus, in);
}

static void answers_offer(fake_signaling *s)
{
    pl_call_answer r = {.sdp = pl_slice_str("phone-answer")};
    pl_bus_reply(s->bus, &s->offer, &PL_MSG_CALL_ANSWER, &r);
}

static void on_call_offer(void *ctx, const pl_bus_in *in)
{
    fake_signaling *s = ctx;
    const pl_call_offer *b = in->body;
    s->n_offers++;
    keep(call_of(s, b->call_id)->sdp, b->sdp);
    s->offer = in->ticket;
    if (s->refuse_offer)
        pl_bus_reply_error(s->bus, &in->ticket, s->refuse_offer, NULL);
    else if (!s->waits)
        answers_offer(s);
}

static void on_call_referred(void *ctx, const pl_bus_in *in)
{
    fake_signaling *s = ctx;
    const pl_call_referred *b = in->body;
    call_of(s, b->call_id)->referred = b->sip_status;
    reply_ok(s->bus, in);
}

static void on_call_transfer(void *ctx, const pl_bus_in *in)
{
    fake_signaling *s = ctx;
    const pl_call_transfer *b = in->body;
    PUT(call_of(s, b->call_id)->sent_to, b->target);
    if (s->refuse_transfer)
        pl_bus_reply_error(s->bus, &in->ticket, s->refuse_transfer, NULL);
    else
        reply_ok(s->bus, in);
}

static void on_call_adopt(void *ctx, const pl_bus_in *in)
{
    fake_signaling *s = ctx;
    const pl_call_adopt *b = in->body;
    fake_call *c = call_of(s, b->call_id);
    c->is_adopted = true;
    c->version = b->version;
    PUT(c->dialog, b->dialog);
    if (s->refuse_adopt)
        pl_bus_reply_error(s->bus, &in->ticket, s->refuse_adopt, NULL);
    else if (!s->waits_adopt)
        reply_ok(s->bus, in);
}

void phone_answers_offer(world *w)
{
    answers_offer(&w->sig);
}

static void start(world *w, fake_signaling *s, const char *name)
{
    *s = (fake_signaling){.world = w};
    pl_fmt_cut(s->node, sizeof s->node, "%s.%u", name, ++w->n_boot);
    s->bus = world_open_bus(w, s->node, PL_ROLE_SIGNALING);
    assert_int_equal(
        pl_bus_handle(s->bus, &PL_MSG_CALL_RESPOND, on_call_respond, s), 0);
    assert_int_equal(
        pl_bus_handle(s->bus, &PL_MSG_CALL_START, on_call_start, s), 0);
    assert_int_equal(pl_bus_handle(s->bus, &PL_MSG_CALL_END, on_call_end, s),
                     0);
    assert_int_equal(
        pl_bus_handle(s->bus, &PL_MSG_CALL_OFFER, on_call_offer, s), 0);
    assert_int_equal(
        pl_bus_handle(s->bus, &PL_MSG_CALL_TRANSFER, on_call_transfer, s), 0);
    assert_int_equal(
        pl_bus_handle(s->bus, &PL_MSG_CALL_REFERRED, on_call_referred, s), 0);
    assert_int_equal(
        pl_bus_handle(s->bus, &PL_MSG_CALL_ADOPT, on_call_adopt, s), 0);
    if (w->glue)
        world_say_hello(w, s->bus, s->node, PL_ROLE_SIGNALING);
}

void world_start_signaling(world *w)
{
    start(w, &w->sig, "sig-1");
}

void world_start_second_signaling(world *w)
{
    start(w, &w->sig2, "sig-2");
}

void world_kill_signaling(world *w)
{
    pl_bus_close(&w->sig.bus);
}

void signaling_inventory(fake_signaling *s)
{
    for (size_t i = 0; i < s->n_calls; i++)
        if (!s->calls[i].is_ended)
            world_send_item(s->bus, PL_INVENTORY_CALL, s->calls[i].id, "", 0,
                            s->calls[i].status == 200 ||
                                    s->calls[i].is_adopted ||
                                    s->calls[i].is_started
                                ? PL_CALL_STATE_CONFIRMED
                                : PL_CALL_STATE_CALLING);
    world_send_end(s->bus);
}

fake_call *sig_call(world *w, const char *call_id)
{
    return call_of(&w->sig, call_id);
}

fake_call *sig_call_at(fake_signaling *s, const char *call_id)
{
    return call_of(s, call_id);
}

void signaling_saves(fake_signaling *s, const char *call_id, uint64_t version,
                     const char *dialog)
{
    pl_dialog_save m = {.version = version};
    PUT(m.call_id, call_id);
    PUT(m.dialog, dialog);
    assert_int_equal(pl_bus_event(s->bus, &(pl_bus_send){.to = NULL},
                                  &PL_MSG_DIALOG_SAVE, &m),
                     PL_OK);
    world_run(s->world, 20 * MS);
}

fake_call *sig_started(world *w)
{
    for (size_t i = w->sig.n_calls; i-- > 0;)
        if (w->sig.calls[i].is_started)
            return &w->sig.calls[i];
    return NULL;
}

/* ---- what telephones do ---- */

pl_err phone_calls_as(world *w, const char *call_id, pl_call_incoming *m)
{
    answer a;
    (void)call_of(&w->sig, call_id);
    PUT(m->call_id, call_id);
    PUT(m->source, "192.0.2.9");
    PUT(m->sip_call_id, "cid");
    world_ask_from(w, w->sig.bus, &PL_MSG_CALL_INCOMING, m, &a);
    world_run(w, 20 * MS);
    return a.error;
}

pl_err phone_call(world *w, const char *call_id, const char *to,
                  const char *offer)
{
    pl_call_incoming m = {.authenticated = false};
    PUT(m.to_user, to);
    PUT(m.to_host, "localhost");
    PUT(m.from_uri, "sip:+15551234@example.net");
    PUT(m.from_name, call_id);
    if (offer) {
        m.sdp = pl_slice_str(offer);
        PL_MSG_SET(CALL_INCOMING, call_incoming, &m, sdp);
    }
    return phone_calls_as(w, call_id, &m);
}

pl_err phone_replaces(world *w, const char *call_id, const char *old,
                      bool is_early_only)
{
    pl_call_incoming m = {.sdp = pl_slice_str("o")};
    PUT(m.to_user, "anybody");
    PUT(m.to_host, "localhost");
    PUT(m.from_uri, "sip:+15555678@example.net");
    PUT(m.from_name, call_id);
    PUT(m.replaces, old);
    m.replaces_early_only = is_early_only;
    PL_MSG_SET(CALL_INCOMING, call_incoming, &m, sdp);
    PL_MSG_SET(CALL_INCOMING, call_incoming, &m, replaces);
    PL_MSG_SET(CALL_INCOMING, call_incoming, &m, replaces_early_only);
    return phone_calls_as(w, call_id, &m);
}

pl_err phone_says(world *w, const char *call_id, uint32_t state,
                  uint32_t status, const char *phrase, const char *header,
                  const char *sdp)
{
    pl_call_report m = {.state = state, .sip_status = status};
    answer a;
    PUT(m.call_id, call_id);
    if (status)
        PL_MSG_SET(CALL_REPORT, call_report, &m, sip_status);
    if (phrase) {
        PUT(m.reason, phrase);
        PL_MSG_SET(CALL_REPORT, call_report, &m, reason);
    }
    if (header) {
        PUT(m.reason_header, header);
        PL_MSG_SET(CALL_REPORT, call_report, &m, reason_header);
    }
    if (sdp) {
        m.sdp = pl_slice_str(sdp);
        PL_MSG_SET(CALL_REPORT, call_report, &m, sdp);
    }
    if (state == PL_CALL_STATE_ENDED)
        call_of(&w->sig, call_id)->is_ended = true;
    world_ask_from(w, w->sig.bus, &PL_MSG_CALL_REPORT, &m, &a);
    world_run(w, 20 * MS);
    return a.error;
}

pl_err phone_refers(world *w, const char *call_id, const char *refer_to,
                    const char *replaces, const char *foreign)
{
    pl_call_refer m = {.present = 0};
    answer a;
    PUT(m.call_id, call_id);
    PUT(m.refer_to, refer_to);
    PUT(m.referred_by, "<sip:referrer@example.net>");
    PL_MSG_SET(CALL_REFER, call_refer, &m, referred_by);
    if (replaces) {
        PUT(m.replaces, replaces);
        PL_MSG_SET(CALL_REFER, call_refer, &m, replaces);
    }
    if (foreign) {
        PUT(m.foreign_replaces, foreign);
        PL_MSG_SET(CALL_REFER, call_refer, &m, foreign_replaces);
    }
    if (w->sig.is_strange) {
        m.is_stranger = true;
        PL_MSG_SET(CALL_REFER, call_refer, &m, is_stranger);
    }
    world_ask_from(w, w->sig.bus, &PL_MSG_CALL_REFER, &m, &a);
    world_run(w, 20 * MS);
    return a.error;
}

pl_err phone_report(world *w, const char *call_id, uint32_t state,
                    uint32_t status, const char *sdp)
{
    return phone_says(w, call_id, state, status, NULL, NULL, sdp);
}

pl_err phone_offers(world *w, const char *call_id, const char *sdp)
{
    pl_call_offer m = {.sdp = pl_slice_str(sdp)};
    answer a;
    PUT(m.call_id, call_id);
    PL_MSG_SET(CALL_OFFER, call_offer, &m, sdp);
    world_ask_from(w, w->sig.bus, &PL_MSG_CALL_OFFER, &m, &a);
    world_run(w, 20 * MS);
    return a.error;
}

void phone_joins(world *w, const char *call_id, const char *to)
{
    assert_int_equal(phone_call(w, call_id, to, "o"), PL_OK);
    assert_int_equal(phone_report(w, call_id, PL_CALL_STATE_CONFIRMED, 0, NULL),
                     PL_OK);
}

static void key_info(world *w, const char *call_id, char digit)
{
    pl_call_dtmf m = {.present = 0};
    PUT(m.call_id, call_id);
    m.digit[0] = digit;
    assert_int_equal(pl_bus_event(w->sig.bus, &(pl_bus_send){.to = NULL},
                                  &PL_MSG_CALL_DTMF, &m),
                     PL_OK);
}

static void key_rtp(world *w, const char *call_id, char digit)
{
    const pl_call *call = pl_map_find(world_pool(w)->calls, call_id);
    if (!call || pl_list_is_empty(&call->part->legs))
        return;
    const pl_leg *leg = PL_CONTAINER(call->part->legs.next, pl_leg, link);
    pl_leg_dtmf m = {.present = 0};
    PUT(m.room_id, call->part->conf->row.conf_id);
    PUT(m.leg_id, leg->row.leg_id);
    m.digit[0] = digit;
    media_tells(w, leg, &PL_MSG_LEG_DTMF, &m);
}

void phone_key(world *w, const char *call_id, const char *digits, bool by_info)
{
    for (; *digits; digits++) {
        if (by_info)
            key_info(w, call_id, *digits);
        else
            key_rtp(w, call_id, *digits);
        world_run(w, 10 * MS);
    }
}
