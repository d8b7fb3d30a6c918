/* control_move.c - legs between workers: what is told of them while all is
 * well, going on with those of a worker that is lost or drains, and giving
 * one's own away. */
#include "io/control_state.h"

#include <string.h>
#include <time.h>

#include "core/position.h"
#include "pl/buf.h"
#include "pl/log.h"

enum {
    TELL_AT_ONCE = 256, /* snapshots, about 1 KB each: the bus holds 4096 */
    TELL_PAUSE_US = 5000,
};

/* ---- telling ------------------------------------------------------------ */

static bool is_to_be_told(const pl_control *c, const pl_leg *leg)
{
    return c->o.bus && leg->own && pl_own(leg)->is_portable;
}

static pl_err write_place(const pl_leg *leg, uint8_t buf[PL_LEG_POSITION_MAX],
                          size_t *ret_len)
{
    const pl_leg_own *own = pl_own(leg);
    return pl_leg_place_write(leg->kind, &own->at, &own->net, buf,
                              PL_LEG_POSITION_MAX, ret_len);
}

void pl_control_tell_place(pl_control *c, const pl_leg *leg, bool is_final)
{
    uint8_t place[PL_LEG_POSITION_MAX];
    pl_leg_position m = {.is_final = is_final};
    if (!is_to_be_told(c, leg) ||
        write_place(leg, place, &m.position.len) != PL_OK)
        return;
    m.position.ptr = place;
    PL_CONTROL_NAME(&m, leg);
    if (is_final)
        PL_MSG_SET(LEG_POSITION, leg_position, &m, is_final);
    pl_control_report(c, leg, &PL_MSG_LEG_POSITION, &m);
}

static pl_err write_image(const pl_leg *leg, uint8_t buf[PL_LEG_STATE_MAX],
                          size_t *ret_len)
{
    uint8_t sdp[PL_LEG_SDP_STATE];
    const pl_leg_own *own = pl_own(leg);
    pl_leg_image image = {.kind = leg->kind,
                          .sdp.ptr = sdp,
                          .signaling = own->signaling,
                          .is_deaf = leg->flags.deaf,
                          .net = own->net};
    memcpy(image.remote, own->last_remote, sizeof image.remote);
    pl_err e = pl_leg_sdp_export(own->sdp, sdp, sizeof sdp, &image.sdp.len);
    if (e == PL_OK)
        e = pl_leg_image_write(&image, buf, PL_LEG_STATE_MAX, ret_len);
    pl_wipe(sdp, sizeof sdp);
    pl_wipe(&image, sizeof image);
    return e;
}

void pl_control_tell_image(pl_control *c, const pl_leg *leg)
{
    uint8_t image[PL_LEG_STATE_MAX];
    uint8_t place[PL_LEG_POSITION_MAX];
    pl_leg_snapshot m = {.present = 0};
    if (!is_to_be_told(c, leg))
        return;
    pl_err e = write_image(leg, image, &m.state.len);
    if (e == PL_OK)
        e = write_place(leg, place, &m.position.len);
    if (e == PL_OK) {
        m.state.ptr = image;
        m.position.ptr = place;
        PL_CONTROL_NAME(&m, leg);
        pl_control_report(c, leg, &PL_MSG_LEG_SNAPSHOT, &m);
    } else {
        PL_LOG(WARN, "leg", "snapshot_failed",
               PL_KV("room", leg->room_id, "leg", leg->id), "%s",
               pl_err_text(e));
    }
    pl_wipe(image, m.state.len);
}

void pl_control_on_telling(void *ctx)
{
    pl_control *c = ctx;
    for (unsigned i = 0; i < TELL_AT_ONCE; i++) {
        const pl_leg *leg = pl_leg_table_next_leg(c->table, &c->telling.cursor);
        if (!leg) {
            pl_control_told_all(c, &c->telling.end);
            return;
        }
        if (leg->room)
            pl_control_tell_image(c, leg);
    }
    pl_timer_start(c->telling.timer, TELL_PAUSE_US);
}

void pl_control_tell_all(pl_control *c, const pl_inventory_end *end)
{
    pl_timer_stop(c->telling.timer); /* of an inventory that was cut off */
    c->telling.cursor = 0;
    c->telling.end = *end;
    pl_control_on_telling(c);
}

void pl_control_on_state(pl_control *c, pl_leg *leg, const pl_net_state *net)
{
    pl_leg_own *own = pl_own(leg);
    if (leg->kind == PL_LEG_KIND_WEBRTC && net->keys.profile == PL_SRTP_NONE)
        return;
    if (own->is_rekeying &&
        memcmp(&own->net.keys, &net->keys, sizeof net->keys) == 0)
        return;
    own->is_rekeying = false;
    bool has_new_keys =
        memcmp(&own->net.keys, &net->keys, sizeof net->keys) != 0;
    bool is_news = !own->is_portable || has_new_keys ||
                   own->net.has_alerts != net->has_alerts ||
                   own->net.is_server != net->is_server;
    /* Numbers of the old keys mean nothing to the new ones, which begin anew:
     * until theirs are told nobody can go on with the leg. */
    if (has_new_keys && own->net.keys.profile != PL_SRTP_NONE)
        own->at = (pl_mix_position){.at_us = 0};
    own->net = *net;
    own->is_portable = true;
    if (is_news) {
        pl_control_tell_image(c, leg);
    } else {
        pl_control_tell_place(c, leg, false);
    }
}

/* ---- going on with a leg ------------------------------------------------ */

/* What came, understood as far as bytes go. */
typedef struct incoming {
    pl_leg_image image;
    pl_mix_position at;
    uint32_t age_ms;
} incoming;

static int64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static pl_err read_incoming(const pl_media_leg_import *m, incoming *ret)
{
    ret->age_ms = m->age_ms;
    pl_err e = pl_leg_image_read(m->state, &ret->image);
    if (e == PL_OK && ret->image.kind != pl_leg_kind_of(m->kind))
        e = PL_EPROTO;
    return e == PL_OK ? pl_leg_place_read(m->position, ret->image.kind,
                                          &ret->at, &ret->image.net)
                      : e;
}

/* From now on nobody else sends for the leg. */
static pl_err take_port(pl_control *c, pl_leg *leg, uint16_t port)
{
    pl_leg_own *own = pl_own(leg);
    if (leg->kind == PL_LEG_KIND_SIP) {
        return pl_rtp_port_open_at(c->ports, c->o.bind_address, port,
                                   &own->port);
    }
    pl_err e = pl_web_ports_hold(c->o.web_ports, port);
    if (e == PL_OK)
        own->web_port = port;
    return e;
}

static pl_err take_image(pl_control *c, pl_leg *leg, const pl_leg_image *image,
                         char *ret_reason)
{
    pl_leg_own *own = pl_own(leg);
    uint8_t print[PL_DTLS_SHA256];
    pl_leg_sdp_ours ours;
    pl_dtls_identity_fingerprint(c->o.identity, print);
    pl_err e = pl_leg_sdp_import(image->sdp,
                                 leg->kind == PL_LEG_KIND_WEBRTC ? print : NULL,
                                 &own->sdp, &ours, &leg->agreed);
    if (e == PL_OK && ours.kind != leg->kind)
        e = PL_EPROTO;
    if (e == PL_OK)
        e = take_port(c, leg, ours.port);
    if (e == PL_OK)
        e = pl_control_check_remote(c, leg, &leg->agreed, ret_reason);
    if (e != PL_OK)
        return e;
    own->ssrc = ours.ssrc;
    memcpy(own->cname, ours.cname, sizeof own->cname);
    memcpy(own->ufrag, ours.ufrag, sizeof own->ufrag);
    memcpy(own->pwd, ours.pwd, sizeof own->pwd);
    memcpy(own->last_remote, image->remote, sizeof own->last_remote);
    own->signaling = image->signaling;
    own->net = image->net;
    pl_wipe(&ours, sizeof ours);
    return PL_OK;
}

static pl_err resume(pl_control *c, pl_leg *leg, const pl_media_leg_import *m,
                     const incoming *in, char *ret_reason)
{
    const pl_mix_flags flags = {
        .mixed = m->mixed, .muted = m->muted, .deaf = in->image.is_deaf};
    pl_mix_position at;
    pl_err e = pl_control_begin(leg, in->image.kind, flags);
    if (e != PL_OK)
        return e;
    pl_own(leg)->is_silent = true; /* until it is ours */
    e = take_image(c, leg, &in->image, ret_reason);
    if (e == PL_OK && in->at.ssrc != pl_own(leg)->ssrc)
        e = PL_EPROTO;
    if (e == PL_OK)
        e = pl_position_resume(&in->at, in->age_ms, now_us(), &at);
    if (e == PL_OK)
        e = pl_control_tell_open(c, leg, &at);
    if (e != PL_OK)
        return e == PL_EINVAL ? PL_EPROTO : e;
    pl_own(leg)->is_silent = false;
    pl_own(leg)->is_portable = true;
    leg->state = PL_LEG_STATE_CONNECTING;
    return PL_OK;
}

static pl_err add(pl_control *c, pl_room *room, const pl_media_leg_import *m,
                  const incoming *in)
{
    char reason[PL_REASON_MAX + 1] = "";
    pl_leg *leg = NULL;
    /* Not asked whether there is time for it: it is heard worse at most, and
     * a new offer would ask for the same. */
    pl_err e = pl_leg_table_add_leg(c->table, room, m->leg_id, &leg);
    if (e != PL_OK)
        return e;
    pl_control_leg_came(c, leg);
    e = resume(c, leg, m, in, reason);
    if (e != PL_OK) {
        PL_LOG(INFO, "leg", "import_failed",
               PL_KV("room", m->room_id, "leg", m->leg_id), "%s%s%s",
               pl_err_text(e), reason[0] ? ": " : "", reason);
        pl_control_drop(c, leg);
        return e;
    }
    PL_LOG(INFO, "leg", "leg_imported",
           PL_KV("room", m->room_id, "leg", m->leg_id), "position of %u ms ago",
           m->age_ms);
    pl_control_gauges(c);
    pl_control_tell_image(c, leg);
    return PL_OK;
}

pl_err pl_control_leg_import(pl_control *c, uint64_t epoch,
                             const pl_media_leg_import *m)
{
    pl_room *room = NULL;
    pl_err e = pl_control_find_room(c, m->room_id, epoch, &room);
    if (e != PL_OK)
        return e;
    const pl_leg *known = pl_leg_table_find_leg(c->table, m->leg_id);
    if (known)
        return known->room == room ? PL_OK : PL_EEXIST;
    if (c->is_draining)
        return PL_EDRAIN;
    incoming in = {.age_ms = 0};
    e = read_incoming(m, &in);
    if (e == PL_OK)
        e = add(c, room, m, &in);
    pl_wipe(&in, sizeof in);
    pl_metrics_add(
        c->o.metrics,
        e == PL_OK ? PL_MEDIA_M_legs_imported : PL_MEDIA_M_imports_refused, 1);
    return e;
}

/* ---- giving all away ---------------------------------------------------- */

static void on_ports_shut(void *ctx)
{
    pl_control *c = ctx;
    static const pl_ok ok = {.present = 0};
    c->release.is_done = true;
    PL_LOG(INFO, "media", "released", NULL, "all legs are told and gone");
    if (c->o.bus)
        pl_bus_reply(c->o.bus, &c->release.ticket, &PL_MSG_OK_REPLY, &ok);
    pl_control_check_drained(c);
}

/* Rooms whose end did not fit into a queue are tried again by the timer. */
void pl_control_release_on(pl_control *c)
{
    size_t cursor = 0;
    pl_room *room;
    if (c->release.is_walking)
        return; /* the last leg has gone at once */
    c->release.is_walking = true;
    while ((room = pl_leg_table_next_room(c->table, &cursor)) != NULL) {
        if (pl_control_shut_room(c, room, true) != PL_OK)
            pl_control_retry(c);
    }
    c->release.is_walking = false;
    if (c->release.is_shutting || pl_leg_table_held(c->table) > 0 ||
        pl_leg_table_rooms(c->table) > 0 || pl_records_active(c->records) > 0)
        return;
    c->release.is_shutting = true;
    pl_web_ports_shut(c->o.web_ports, on_ports_shut, c);
}

pl_err pl_control_release(pl_control *c, const pl_bus_ticket *ticket)
{
    if (c->release.is_on)
        return PL_EBUSY;
    c->release.is_on = true;
    c->release.ticket = *ticket;
    c->is_draining = true;
    pl_control_release_on(c);
    return PL_OK;
}
