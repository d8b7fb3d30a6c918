/* control_event.c - what the mixing and I/O threads say, as reports. */
#include "io/control_state.h"

#include <malloc.h>
#include <string.h>

#include "pl/log.h"
#include "pl/str.h"

enum { LATE_LOG_US = 10000000 };

void pl_control_report(pl_control *c, const pl_leg *leg, const pl_msg_desc *d,
                       const void *body)
{
    pl_bus_send how = {.epoch = leg->epoch};
    if (!c->o.bus)
        return;
    /* a full queue is counted by the bus; state comes again by inventory */
    if (pl_bus_event(c->o.bus, &how, d, body) != PL_OK) {
        PL_LOG(DEBUG, "leg", "report_lost", PL_KV("leg", leg->id), "%s",
               d->name);
    }
}

static void report(pl_control *c, pl_leg *leg, pl_leg_state state,
                   const char *reason)
{
    leg->state = state;
    pl_leg_report m = {.state = (uint32_t)state};
    PL_CONTROL_NAME(&m, leg);
    if (reason) {
        pl_fmt_cut(m.reason, sizeof m.reason, "%s", reason);
        PL_MSG_SET(LEG_REPORT, leg_report, &m, reason);
    }
    if (state == PL_LEG_STATE_CONNECTED) {
        pl_fmt_cut(m.codec, sizeof m.codec, "%s",
                   pl_leg_sdp_codec_text(&leg->agreed.media));
        PL_MSG_SET(LEG_REPORT, leg_report, &m, codec);
    }
    PL_LOG(INFO, "leg", "leg_state",
           PL_KV("room", leg->room_id, "leg", leg->id, "state",
                 pl_leg_state_text((uint32_t)state), "reason", reason),
           NULL);
    pl_control_report(c, leg, &PL_MSG_LEG_REPORT, &m);
}

/* ---- from the I/O thread ------------------------------------------------ */

static void on_net_event(pl_control *c, const pl_net_event *event)
{
    if (event->kind == PL_NET_FREED) {
        (void)malloc_trim(0); /* free() keeps what lies between living blocks */
        return;
    }
    if (event->kind == PL_NET_PORT_CLOSED) {
        pl_web_ports_closed(c->o.web_ports, event->u.port);
        return;
    }
    pl_leg *leg = pl_leg_table_at(c->table, event->leg);
    if (!leg)
        return;
    if (event->kind == PL_NET_CLOSED) {
        if (pl_own(leg)->is_portable)
            pl_own(leg)->net = event->u.state;
        pl_own(leg)->is_in_net = pl_own(leg)->is_closing = false;
        if (!leg->room)
            pl_control_settle(c, leg);
        return;
    }
    if (!leg->room)
        return; /* being dropped: nobody asks any more */
    if (event->kind == PL_NET_UP && leg->state != PL_LEG_STATE_CONNECTED) {
        report(c, leg, PL_LEG_STATE_CONNECTED, NULL);
    } else if (event->kind == PL_NET_ENDED) {
        report(c, leg, PL_LEG_STATE_CLOSED, "the peer closed");
    } else if (event->kind == PL_NET_FAILED) {
        report(c, leg, PL_LEG_STATE_FAILED, event->reason);
    } else if (event->kind == PL_NET_STATE) {
        pl_control_on_state(c, leg, &event->u.state);
    }
}

void pl_control_on_net(void *ctx, unsigned events)
{
    pl_control *c = ctx;
    pl_net_event event;
    (void)events;
    while (pl_io_thread_next_event(c->o.io_thread, &event))
        on_net_event(c, &event);
}

/* ---- from the mixing threads -------------------------------------------- */

static void on_dtmf(pl_control *c, pl_leg *leg, const pl_mix_event *event)
{
    pl_leg_dtmf m = {.digit = {event->u.dtmf.digit}};
    PL_CONTROL_NAME(&m, leg);
    pl_control_report(c, leg, &PL_MSG_LEG_DTMF, &m);
}

static void on_talking(pl_control *c, pl_leg *leg, const pl_mix_event *event)
{
    pl_leg_talking m = {.talking = event->u.talking.is_talking,
                        .level = event->u.talking.level};
    PL_CONTROL_NAME(&m, leg);
    PL_MSG_SET(LEG_TALKING, leg_talking, &m, level);
    pl_control_report(c, leg, &PL_MSG_LEG_TALKING, &m);
}

static void on_played(pl_control *c, pl_leg *leg, const pl_mix_event *event)
{
    if (event->u.played.tag != pl_own(leg)->play_tag)
        return; /* another prompt has taken its place meanwhile */
    pl_leg_played m = {.prompt = ""};
    PL_CONTROL_NAME(&m, leg);
    pl_fmt_cut(m.prompt, sizeof m.prompt, "%s", event->u.played.prompt->name);
    pl_control_report(c, leg, &PL_MSG_LEG_PLAYED, &m);
}

static void on_room_played(pl_control *c, const pl_mix_event *event)
{
    const pl_room *room = pl_leg_table_room_at(c->table, event->room);
    if (!room || event->u.played.tag != room->play_tag)
        return;
    pl_room_played m = {.prompt = ""};
    memcpy(m.room_id, room->id, sizeof m.room_id);
    pl_fmt_cut(m.prompt, sizeof m.prompt, "%s", event->u.played.prompt->name);
    pl_bus_send how = {.epoch = room->epoch};
    if (c->o.bus &&
        pl_bus_event(c->o.bus, &how, &PL_MSG_ROOM_PLAYED, &m) != PL_OK) {
        PL_LOG(DEBUG, "leg", "report_lost", PL_KV("room", room->id),
               "room_played");
    }
}

static void on_keyed(pl_control *c, pl_leg *leg, const pl_mix_event *event)
{
    (void)c;
    pl_own(leg)->n_keys -= event->u.n_keys;
}

static void take_position(pl_leg *leg, const pl_mix_event *event)
{
    if (event->position.at_us != 0)
        pl_own(leg)->at = event->position;
}

static void on_stats(pl_control *c, pl_leg *leg, const pl_mix_event *event)
{
    const pl_mix_stats *s = &event->u.stats;
    pl_leg_stats m = {.packets_received = s->packets_received,
                      .packets_sent = s->packets_sent,
                      .packets_lost = s->packets_lost,
                      .jitter_us = s->jitter_us,
                      .concealed_frames = s->concealed_frames,
                      .delay_ms = s->delay_ms < 60000 ? s->delay_ms : 60000,
                      .rtt_us = s->rtt_us,
                      .far_loss_permille = s->far_loss_permille,
                      .far_jitter_us = s->far_jitter_us,
                      .level = s->level,
                      .recovered_frames = s->recovered_frames};
    PL_CONTROL_NAME(&m, leg);
    PL_MSG_SET(LEG_STATS, leg_stats, &m, level);
    PL_MSG_SET(LEG_STATS, leg_stats, &m, recovered_frames);
    if (s->packets_received > 0) {
        pl_fmt_cut(m.codec, sizeof m.codec, "%s",
                   pl_leg_sdp_codec_name(s->codec));
        PL_MSG_SET(LEG_STATS, leg_stats, &m, codec);
    }
    if (s->rtt_us || s->far_loss_permille || s->far_jitter_us) {
        PL_MSG_SET(LEG_STATS, leg_stats, &m, rtt_us);
        PL_MSG_SET(LEG_STATS, leg_stats, &m, far_loss_permille);
        PL_MSG_SET(LEG_STATS, leg_stats, &m, far_jitter_us);
    }
    pl_control_report(c, leg, &PL_MSG_LEG_STATS, &m);
    take_position(leg, event);
    pl_control_tell_place(c, leg, false);
}

static void on_failed(pl_control *c, pl_leg *leg, const pl_mix_event *event)
{
    report(c, leg, PL_LEG_STATE_FAILED, pl_err_text(event->u.error));
}

static void on_mix_event(pl_control *c, const pl_mix_event *event)
{
    static void (*const handlers[])(pl_control *, pl_leg *,
                                    const pl_mix_event *) = {
        [PL_MIX_DTMF] = on_dtmf,     [PL_MIX_TALKING] = on_talking,
        [PL_MIX_PLAYED] = on_played, [PL_MIX_STATS] = on_stats,
        [PL_MIX_KEYED] = on_keyed,   [PL_MIX_LEG_FAILED] = on_failed,
    };
    if (event->kind == PL_MIX_RECORD_OVER) {
        pl_records_over(c->records, event->u.recording);
        return;
    }
    if (event->kind == PL_MIX_ROOM_PLAYED) {
        on_room_played(c, event);
        return;
    }
    pl_leg *leg = pl_leg_table_at(c->table, event->leg);
    if (!leg)
        return;
    if (event->kind == PL_MIX_LEG_REMOVED) {
        pl_records_leg_gone(c->records, leg->mix);
        take_position(leg, event);
        pl_own(leg)->is_in_mixer = pl_own(leg)->is_removing = false;
        if (!leg->room)
            pl_control_settle(c, leg);
        return;
    }
    size_t i = (size_t)event->kind;
    if (leg->room && i < sizeof handlers / sizeof handlers[0] && handlers[i])
        handlers[i](c, leg, event);
}

/* One line for many: a machine that is too busy writes no log instead. */
static void on_late(pl_control *c, const pl_late_known *late)
{
    int64_t now_us = pl_loop_now_us(c->o.loop);
    if (c->late.n++ == 0 || late->late_us > c->late.worst.late_us)
        c->late.worst = *late;
    if (c->late.told_us && now_us - c->late.told_us < LATE_LOG_US)
        return;
    PL_LOG(WARN, "media", "ticks_late",
           PL_KV("cause", pl_late_cause_text(c->late.worst.cause)),
           "%u since the last such line; the worst was %lld ms late", c->late.n,
           (long long)(c->late.worst.late_us / 1000));
    c->late.n = 0;
    c->late.told_us = now_us;
}

void pl_control_on_mixer(void *ctx, unsigned events)
{
    pl_control *c = ctx;
    pl_mix_event event;
    pl_late_known late;
    (void)events;
    while (pl_mixer_next_event(c->o.mixer, &event))
        on_mix_event(c, &event);
    while (pl_mixer_next_late(c->o.mixer, &late))
        on_late(c, &late);
}
