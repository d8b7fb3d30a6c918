/* fake_roompool.c - a scripted roompool. */
#include "fake_roompool.h"

#include <stdlib.h>
#include <string.h>

#include "fake_devices.h"
#include "fake_management.h"
#include "fake_relay.h"
#include "fake_rooms.h"
#include "fake_video.h"
#include "pl/rng.h"
#include "pl/str.h"

enum { PARKED_MAX = 64, FED_MAX = 3 };

typedef struct parked {
    pl_bus_ticket ticket;
    bool is_used, is_seat;
    uint64_t after_seq;
    char id[PL_ID_MAX + 1];
} parked;

struct fake_roompool {
    pl_bus *bus;
    fake_counts *counts;
    parked parked[PARKED_MAX];
    uint64_t last_corr; /* of the last poll, with its stream */
    char last_id[PL_ID_MAX + 1];
    unsigned step; /* of the stream's script */
    pl_session_ticket ticket;
    pl_participant_transfer transfer;
    fake_rooms rooms;
    fake_video video;
    fake_relay relay;
    fake_devices devices;
    fake_management management;
    bool is_over;
};

static void reply_ok(const fake_roompool *f, const pl_bus_in *in)
{
    pl_ok ok = {.status = 0};
    pl_bus_reply(f->bus, &in->ticket, &PL_MSG_OK_REPLY, &ok);
}

static void on_session_create(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    const pl_session_create *m = in->body;
    pl_session_created r = {.session_id = "S-event", .expires_s = 3600};
    atomic_fetch_add(&f->counts->sessions, 1);
    pl_fmt_cut(r.user_id, sizeof r.user_id, "%s", m->user_id);
    pl_bus_reply(f->bus, &in->ticket, &PL_MSG_SESSION_CREATED, &r);
}

static void on_session_refresh(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    pl_session_refreshed r = {.expires_s = 600};
    pl_bus_reply(f->bus, &in->ticket, &PL_MSG_SESSION_REFRESHED, &r);
}

static void on_ticket(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    f->ticket = *(const pl_session_ticket *)in->body;
    reply_ok(f, in);
}

static void on_ticket_use(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    const pl_session_ticket_use *m = in->body;
    pl_session_ticket_owner r = {.token_expires_ms =
                                     f->ticket.token_expires_ms};
    if (strcmp(m->session_id, f->ticket.session_id) != 0 ||
        strcmp(m->ticket_hash, f->ticket.ticket_hash) != 0) {
        pl_bus_reply_error(f->bus, &in->ticket, PL_EAUTH, NULL);
        return;
    }
    pl_fmt_cut(r.client_id, sizeof r.client_id, "%s", f->ticket.client_id);
    pl_fmt_cut(r.token_hash, sizeof r.token_hash, "%s", f->ticket.token_hash);
    f->ticket.ticket_hash[0] = '\0';
    pl_bus_reply(f->bus, &in->ticket, &PL_MSG_SESSION_TICKET_OWNER, &r);
}

static void on_simple(void *ctx, const pl_bus_in *in)
{
    reply_ok(ctx, in);
}

static void on_conference_create(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    pl_conference_created r = {.conf_id = "C1", .session_id = "S-event"};
    atomic_fetch_add(&f->counts->creates, 1);
    pl_bus_reply(f->bus, &in->ticket, &PL_MSG_CONFERENCE_CREATED, &r);
}

static void on_call_create(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    const pl_direct_call_create *m = in->body;
    pl_direct_call_created r = {.conf_id = "L1", .session_id = "S-event"};
    if (strcmp(m->address, "sip:nobody@example.com") == 0)
        pl_bus_reply_error(f->bus, &in->ticket, PL_ENOUSER, NULL);
    else
        pl_bus_reply(f->bus, &in->ticket, &PL_MSG_DIRECT_CALL_CREATED, &r);
}

static void on_conference_action(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    const pl_conference_action *m = in->body;
    pl_conference_action_done r = {
        .state = "mod-sent", .mod_id = "M1", .session_id = "S-event"};
    PL_MSG_SET(CONFERENCE_ACTION_DONE, conference_action_done, &r, mod_id);
    atomic_fetch_add(&f->counts->actions, 1);
    if (m->action == PL_ACTION_MODIFY)
        pl_bus_reply_error(f->bus, &in->ticket, PL_EBUSY, NULL);
    else
        pl_bus_reply(f->bus, &in->ticket, &PL_MSG_CONFERENCE_ACTION_DONE, &r);
}

static void on_invite(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    pl_participant_invited r = {.mod_id = "P1", .participant_id = "x"};
    atomic_fetch_add(&f->counts->invites, 1);
    pl_bus_reply(f->bus, &in->ticket, &PL_MSG_PARTICIPANT_INVITED, &r);
}

/* Once, with the secret that the target's refer event held. */
static pl_err use_transfer(fake_roompool *f, const pl_room_join *m)
{
    char hash[PL_SHA256_TEXT];
    pl_sha256_hex(f->transfer.secret, strlen(f->transfer.secret), hash);
    bool is_good = strcmp(m->transfer_id, f->transfer.transfer_id) == 0 &&
                   strcmp(m->transfer_hash, f->transfer.transfer_hash) == 0 &&
                   strcmp(m->transfer_hash, hash) == 0 &&
                   strcmp(m->alias, f->transfer.alias) == 0;
    f->transfer.transfer_id[0] = '\0';
    return is_good ? PL_OK : PL_EAUTH;
}

static void on_join(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    const pl_room_join *m = in->body;
    pl_room_joined r = {.participant_id = "p-1",
                        .conf_id = "C1",
                        .room_name = "lobby",
                        .role = PL_PART_ROLE_HOST,
                        .expires_s = 120};
    atomic_fetch_add(&f->counts->joins, 1);
    pl_fmt_cut(r.display_name, sizeof r.display_name, "%s", m->display_name);
    pl_err e = PL_OK;
    if (m->transfer_id[0])
        e = use_transfer(f, m);
    else if (strcmp(m->alias, "gone") == 0)
        e = PL_ENOENT;
    else if (strcmp(m->alias, "full") == 0)
        e = PL_EFULL;
    else if (strcmp(m->alias, "busy") == 0)
        e = PL_EUNAVAILABLE;
    else if (strcmp(m->alias, "pin") == 0 && !m->pin[0])
        e = PL_EPIN_REQUIRED;
    else if (strcmp(m->alias, "pin") == 0 && strcmp(m->pin, "1234") != 0)
        e = PL_EPIN_INVALID;
    if (e)
        pl_bus_reply_error(f->bus, &in->ticket, e, NULL);
    else
        pl_bus_reply(f->bus, &in->ticket, &PL_MSG_ROOM_JOINED, &r);
}

static void on_refresh(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    pl_participant_refreshed r = {.expires_s = 120, .role = PL_PART_ROLE_HOST};
    pl_bus_reply(f->bus, &in->ticket, &PL_MSG_PARTICIPANT_REFRESHED, &r);
}

static void on_media(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    const pl_participant_media *m = in->body;
    pl_participant_media_done r = {.call_id = "call-1", .sdp = m->sdp};
    atomic_fetch_add(&f->counts->media, 1);
    pl_bus_reply(f->bus, &in->ticket, &PL_MSG_PARTICIPANT_MEDIA_DONE, &r);
}

static void on_control(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    const pl_participant_control *m = in->body;
    atomic_fetch_add(&f->counts->controls, 1);
    if (strcmp(m->target_id, "p-none") == 0)
        pl_bus_reply_error(f->bus, &in->ticket, PL_ENOENT, NULL);
    else
        reply_ok(f, in);
}

static bool is_guest(const char *participant_id)
{
    return strcmp(participant_id, "p-guest") == 0;
}

static void on_room(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    const pl_conference_control *m = in->body;
    atomic_fetch_add(&f->counts->rooms, 1);
    if (is_guest(m->participant_id))
        pl_bus_reply_error(f->bus, &in->ticket, PL_EFORBIDDEN, NULL);
    else
        reply_ok(f, in);
}

static void on_message(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    atomic_fetch_add(&f->counts->messages, 1);
    reply_ok(f, in);
}

static void on_dial(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    const pl_room_dial *m = in->body;
    pl_room_dialled r = {.participant_id = "p-9"};
    if (strcmp(m->address, "sip:nobody@example.com") == 0)
        pl_bus_reply_error(f->bus, &in->ticket, PL_ENOUSER, NULL);
    else
        pl_bus_reply(f->bus, &in->ticket, &PL_MSG_ROOM_DIALLED, &r);
}

static void on_transfer(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    f->transfer = *(const pl_participant_transfer *)in->body;
    pl_fmt_cut(f->counts->transfer, sizeof f->counts->transfer, "%s%s",
               f->transfer.secret, f->transfer.transfer_id);
    atomic_fetch_add(&f->counts->transfers, 1);
    reply_ok(f, in);
}

static void on_status(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    pl_room_status_is r = {.conf_id = "C1",
                           .room_name = "lobby",
                           .locked = true,
                           .guests_can_unmute = true,
                           .started = true};
    pl_bus_reply(f->bus, &in->ticket, &PL_MSG_ROOM_STATUS_IS, &r);
}

static void on_roster(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    const pl_roster_get *m = in->body;
    char last = '0';
    if (m->after_id[0])
        last = m->after_id[strlen(m->after_id) - 1];
    pl_event_none none = {.cursor = 0};
    pl_event_item item = {.kind = PL_EVENT_KIND_PARTICIPANT_CREATE,
                          .display_name = "Ann"};
    if (last == '3') {
        pl_bus_reply(f->bus, &in->ticket, &PL_MSG_EVENT_NONE, &none);
        return;
    }
    pl_fmt_cut(item.participant_id, sizeof item.participant_id, "p-%c",
               last + 1);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, participant_id);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, display_name);
    pl_bus_reply(f->bus, &in->ticket, &PL_MSG_EVENT_ITEM, &item);
}

static void park(fake_roompool *f, const pl_bus_in *in, bool is_seat)
{
    const pl_event_poll *m = in->body;
    for (size_t i = 0; i < PARKED_MAX; i++) {
        parked *p = &f->parked[i];
        if (p->is_used)
            continue;
        *p = (parked){.ticket = in->ticket,
                      .is_used = true,
                      .is_seat = is_seat,
                      .after_seq = m->after_seq};
        pl_fmt_cut(p->id, sizeof p->id, "%s", m->id);
        return;
    }
}

static void give_event(const fake_roompool *f, const pl_bus_ticket *ticket,
                       uint64_t seq, pl_slice sdp)
{
    pl_event_item item = {.seq = seq,
                          .kind = PL_EVENT_KIND_SESSION_OPEN,
                          .dialect = PL_DIALECT_BARE,
                          .conf_id = "C1",
                          .session_id = "S-event",
                          .sdp = sdp};
    PL_MSG_SET(EVENT_ITEM, event_item, &item, dialect);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, conf_id);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, session_id);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, sdp);
    pl_bus_reply(f->bus, ticket, &PL_MSG_EVENT_ITEM, &item);
}

static void give_short(const fake_roompool *f, const pl_bus_ticket *ticket,
                       uint64_t seq)
{
    give_event(f, ticket, seq, pl_slice_str("v=0\r\nc=IN IP4 192.0.2.9\r\n"));
}

static void give_long(const fake_roompool *f, const pl_bus_ticket *ticket)
{
    static uint8_t sdp[60000];
    memset(sdp, 'a', sizeof sdp);
    give_event(f, ticket, 7, (pl_slice){sdp, sizeof sdp});
}

static void give_none(const fake_roompool *f, const pl_bus_ticket *ticket)
{
    pl_event_none none = {.cursor = 0};
    pl_bus_reply(f->bus, ticket, &PL_MSG_EVENT_NONE, &none);
}

/* A session read by cursor, with FED_MAX events to begin with. */
static void poll_feed(fake_roompool *f, const pl_bus_in *in)
{
    const pl_event_poll *m = in->body;
    bool has_more = m->after_seq < FED_MAX && strcmp(m->id, "S-feed") == 0;
    if (has_more)
        give_short(f, &in->ticket, m->after_seq + 1);
    else if (m->wait_ms == 0)
        give_none(f, &in->ticket);
    else
        park(f, in, false);
}

static void poll_session(fake_roompool *f, const pl_bus_in *in)
{
    const pl_event_poll *m = in->body;
    if (strcmp(m->id, "S-event") == 0)
        give_short(f, &in->ticket, 7);
    else if (strcmp(m->id, "S-long") == 0)
        give_long(f, &in->ticket);
    else if (strcmp(m->id, "S-feed") == 0 || strcmp(m->id, "S-taken") == 0 ||
             strcmp(m->id, "S-over") == 0)
        poll_feed(f, in);
    else if (strcmp(m->id, "S-none") == 0)
        give_none(f, &in->ticket);
    else if (strcmp(m->id, "S-park") == 0 || strcmp(m->id, "S-late") == 0)
        park(f, in, false);
    else if (strcmp(m->id, "S-403") == 0)
        pl_bus_reply_error(f->bus, &in->ticket, PL_EFORBIDDEN, NULL);
    else
        pl_bus_reply_error(f->bus, &in->ticket, PL_ENOENT, NULL);
}

static void give_step(fake_roompool *f, const pl_bus_ticket *ticket,
                      pl_event_kind kind)
{
    pl_event_item item = {.seq = kind == PL_EVENT_KIND_STAGE ? 0 : f->step + 1,
                          .kind = (uint32_t)kind,
                          .participant_id = "p-1",
                          .display_name = "Ann",
                          .reason = "the end",
                          .talking = true,
                          .level = 20,
                          .started = true};
    PL_MSG_SET(EVENT_ITEM, event_item, &item, participant_id);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, display_name);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, reason);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, talking);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, level);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, started);
    pl_bus_reply(f->bus, ticket, &PL_MSG_EVENT_ITEM, &item);
}

enum { CHAT_STEPS = 5 };

static void give_chat(fake_roompool *f, const pl_bus_ticket *ticket,
                      unsigned step)
{
    static const pl_event_kind kinds[CHAT_STEPS] = {
        PL_EVENT_KIND_MESSAGE, PL_EVENT_KIND_MESSAGE, PL_EVENT_KIND_REFER,
        PL_EVENT_KIND_REFRESH_TOKEN, PL_EVENT_KIND_CALL_DISCONNECTED};
    pl_event_item item = {.seq = f->step + 1,
                          .kind = (uint32_t)kinds[step],
                          .display_name = "Bob",
                          .type = "text/plain",
                          .payload = pl_slice_str("hi"),
                          .alias = "annex",
                          .transfer_id = "t-1",
                          .call_id = "call-1",
                          .reason = "Ice failure"};
    pl_fmt_cut(item.participant_id, sizeof item.participant_id, "%s",
               step == 0 ? "p-chat" : "p-2");
    memset(item.secret, 'T', sizeof item.secret - 1);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, participant_id);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, display_name);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, type);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, payload);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, alias);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, transfer_id);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, secret);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, call_id);
    PL_MSG_SET(EVENT_ITEM, event_item, &item, reason);
    pl_bus_reply(f->bus, ticket, &PL_MSG_EVENT_ITEM, &item);
}

static void poll_seat(fake_roompool *f, const pl_bus_in *in)
{
    static const pl_event_kind STEPS[] = {
        PL_EVENT_KIND_SYNC_BEGIN, PL_EVENT_KIND_PARTICIPANT_CREATE,
        PL_EVENT_KIND_SYNC_END,   PL_EVENT_KIND_CONFERENCE_UPDATE,
        PL_EVENT_KIND_LAYOUT,     PL_EVENT_KIND_STAGE};
    const pl_event_poll *m = in->body;
    if (strncmp(m->id, "p-", 2) != 0) {
        pl_bus_reply_error(f->bus, &in->ticket, PL_EAUTH, NULL);
        return;
    }
    if (m->fresh)
        f->step = 0;
    unsigned n_steps = sizeof STEPS / sizeof STEPS[0];
    if (strcmp(m->id, "p-chat") == 0 && f->step >= n_steps &&
        f->step < n_steps + CHAT_STEPS) {
        give_chat(f, &in->ticket, f->step - n_steps);
        f->step++;
        return;
    }
    if (f->step < sizeof STEPS / sizeof STEPS[0]) {
        pl_event_kind kind = STEPS[f->step];
        give_step(f, &in->ticket, kind);
        f->step++;
    } else {
        park(f, in, true);
    }
}

static void on_poll(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    const pl_event_poll *m = in->body;
    f->last_corr = in->ticket.corr;
    pl_fmt_cut(f->last_id, sizeof f->last_id, "%s", m->id);
    atomic_fetch_add(&f->counts->polls, 1);
    if (atomic_load(&f->counts->is_deaf))
        return;
    if (m->stream == PL_STREAM_SESSION)
        poll_session(f, in);
    else
        poll_seat(f, in);
}

static void on_cancel(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    const pl_event_poll_cancel *m = in->body;
    atomic_fetch_add(&f->counts->cancels, 1);
    if (m->corr == f->last_corr && strcmp(m->id, f->last_id) == 0)
        atomic_fetch_add(&f->counts->last_cancels, 1);
    for (size_t i = 0; i < PARKED_MAX; i++)
        if (f->parked[i].is_used && f->parked[i].ticket.corr == m->corr)
            f->parked[i].is_used = false;
}

static void on_ack(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    const pl_event_ack *m = in->body;
    atomic_store(&f->counts->last_ack, (unsigned)m->seq);
    atomic_fetch_add(&f->counts->acks, 1);
}

static void on_metrics(void *ctx, const pl_bus_in *in)
{
    static const char *const TEXTS[] = {
        "# HELP a A.\n# TYPE a counter\na{node=\"roompool\"} 1\n",
        "# HELP a A.\n# TYPE a counter\na{node=\"media\"} 2\n"};
    fake_roompool *f = ctx;
    const pl_metrics_get *m = in->body;
    pl_metrics_text r = {.total = 2,
                         .text = pl_slice_str(TEXTS[m->index ? 1 : 0])};
    pl_fmt_cut(r.node, sizeof r.node, "%s", m->index ? "media" : "roompool");
    pl_bus_reply(f->bus, &in->ticket, &PL_MSG_METRICS_TEXT, &r);
}

static const struct {
    const pl_msg_desc *desc;
    pl_bus_handler handler;
} HANDLERS[] = {
    {&PL_MSG_SESSION_CREATE, on_session_create},
    {&PL_MSG_SESSION_REFRESH, on_session_refresh},
    {&PL_MSG_SESSION_DELETE, on_simple},
    {&PL_MSG_SESSION_TICKET, on_ticket},
    {&PL_MSG_SESSION_TICKET_USE, on_ticket_use},
    {&PL_MSG_USER_BIND, on_simple},
    {&PL_MSG_CONFERENCE_CREATE, on_conference_create},
    {&PL_MSG_DIRECT_CALL_CREATE, on_call_create},
    {&PL_MSG_CONFERENCE_ACTION, on_conference_action},
    {&PL_MSG_CONFERENCE_DELETE, on_simple},
    {&PL_MSG_PARTICIPANT_INVITE, on_invite},
    {&PL_MSG_PARTICIPANT_REMOVE, on_simple},
    {&PL_MSG_ROOM_JOIN, on_join},
    {&PL_MSG_PARTICIPANT_REFRESH, on_refresh},
    {&PL_MSG_PARTICIPANT_LEAVE, on_simple},
    {&PL_MSG_PARTICIPANT_MEDIA, on_media},
    {&PL_MSG_PARTICIPANT_MEDIA_END, on_simple},
    {&PL_MSG_PARTICIPANT_CONTROL, on_control},
    {&PL_MSG_CONFERENCE_CONTROL, on_room},
    {&PL_MSG_ROOM_MESSAGE, on_message},
    {&PL_MSG_ROOM_DIAL, on_dial},
    {&PL_MSG_PARTICIPANT_TRANSFER, on_transfer},
    {&PL_MSG_ROOM_STATUS, on_status},
    {&PL_MSG_ROSTER_GET, on_roster},
    {&PL_MSG_EVENT_POLL, on_poll},
    {&PL_MSG_EVENT_POLL_CANCEL, on_cancel},
    {&PL_MSG_EVENT_ACK, on_ack},
    {&PL_MSG_METRICS_GET, on_metrics},
};

static void on_any(void *ctx, const pl_bus_in *in)
{
    fake_roompool *f = ctx;
    if (atomic_load(&f->counts->is_mute))
        return;
    for (size_t i = 0; i < sizeof HANDLERS / sizeof HANDLERS[0]; i++) {
        if (HANDLERS[i].desc == in->desc)
            HANDLERS[i].handler(ctx, in);
    }
}

fake_roompool *fake_create(pl_bus *bus, fake_counts *counts)
{
    fake_roompool *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->bus = bus;
    f->counts = counts;
    if (fake_rooms_open(&f->rooms, bus) ||
        fake_management_open(&f->management, bus) ||
        fake_relay_open(&f->relay, bus) || fake_video_open(&f->video, bus) ||
        fake_devices_open(&f->devices, bus)) {
        free(f);
        return NULL;
    }
    for (size_t i = 0; i < sizeof HANDLERS / sizeof HANDLERS[0]; i++) {
        if (pl_bus_handle(bus, HANDLERS[i].desc, on_any, f)) {
            free(f);
            return NULL;
        }
    }
    return f;
}

void fake_destroy(fake_roompool **fake)
{
    free(*fake);
    *fake = NULL;
}

void fake_release(fake_roompool *f)
{
    fake_relay_release(&f->relay);
    for (size_t i = 0; i < PARKED_MAX; i++) {
        parked *p = &f->parked[i];
        if (!p->is_used || strcmp(p->id, "S-park") == 0)
            continue;
        p->is_used = false;
        if (p->is_seat)
            give_step(f, &p->ticket, PL_EVENT_KIND_DISCONNECT);
        else if (strcmp(p->id, "S-taken") == 0)
            give_none(f, &p->ticket);
        else if (strcmp(p->id, "S-over") == 0)
            pl_bus_reply_error(f->bus, &p->ticket, PL_EGONE, NULL);
        else
            give_short(f, &p->ticket, p->after_seq ? p->after_seq + 1 : 7);
    }
}
