/* sink_event.c - what event sinks are told of conferences and participants. */
#include <string.h>

#include "conference.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "sink.h"
#include "waiting.h"

enum { DATA_MAX = 16384 };

static bool is_told(const pl_conf *conf)
{
    return conf->row.kind == PL_CONF_KIND_ROOM && conf->row.opened_at != 0;
}

/* To everybody who wants it; data is used up. */
static void tell(pl_pool *pool, const char *event, pl_buf *data)
{
    if (data->has_failed)
        pl_pool_fail(pool, PL_ENOMEM);
    PL_LIST_EACH_SAFE(node, &pool->sinks)
    {
        pl_sink *sink = PL_CONTAINER(node, pl_sink, link);
        if (!data->has_failed && pl_sink_wants(sink, event))
            pl_sink_add(pool, sink, event, pl_buf_slice(data));
    }
    pl_buf_fini(data);
}

/* ---- conferences ---- */

static void tell_conf(pl_pool *pool, const char *event, const pl_conf *conf)
{
    const pl_conf_row *c = &conf->row;
    pl_buf data;
    if (pool->n_sinks == 0)
        return;
    pl_buf_init(&data, DATA_MAX);
    pl_jw w = {.out = &data};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "name", c->room_id);
    pl_jw_str(&w, "service_type", "conference");
    pl_jw_str(&w, "tag", conf->room ? conf->room->row.tag : "");
    pl_jw_seconds(&w, "start_time", c->started_at);
    if (c->ended_at != 0)
        pl_jw_seconds(&w, "end_time", c->ended_at);
    pl_jw_bool(&w, "is_locked", c->is_locked);
    pl_jw_bool(&w, "is_started", c->is_started);
    pl_jw_bool(&w, "guests_muted", c->guests_muted);
    pl_jw_close(&w, '}');
    tell(pool, event, &data);
}

void pl_sinks_conf(pl_pool *pool, const pl_conf *conf)
{
    if (is_told(conf))
        tell_conf(pool, "conference_updated", conf);
}

void pl_sinks_conf_ended(pl_pool *pool, const pl_conf *conf)
{
    if (is_told(conf))
        tell_conf(pool, "conference_ended", conf);
}

/* ---- participants ---- */

static void write_ids(pl_jw *w, const pl_part *part)
{
    const pl_leg *leg = pl_leg_of(part);
    const char *call = leg ? leg->row.leg_id : "";
    const pl_call *phone = part->call;
    pl_jw_str(w, "uuid", part->row.participant_id);
    pl_jw_str(w, "call_id", call);
    pl_jw_str(w, "conversation_id", phone ? phone->row.sip_call_id : call);
    pl_jw_str(w, "call_tag", "");
    pl_jw_open(w, "related_uuids", '[');
    pl_jw_close(w, ']');
}

static void write_peer(pl_jw *w, const pl_part *part)
{
    const pl_part_row *p = &part->row;
    const char *room = part->conf->row.room_id;
    bool is_phone = p->kind == PL_PART_KIND_TELEPHONE;
    pl_jw_str(w, "protocol", is_phone ? "SIP" : "WebRTC");
    pl_jw_str(w, "vendor", "");
    pl_jw_str(w, "call_direction", p->is_dialled ? "out" : "in");
    pl_jw_str(w, "source_alias", p->is_dialled ? "" : p->address);
    pl_jw_str(w, "destination_alias", p->is_dialled ? p->address : room);
    pl_jw_str(w, "remote_address", p->source);
    pl_jw_str(w, "encryption", is_phone ? "Off" : "On");
    pl_jw_str(w, "media_node", part->conf->row.media_node);
    pl_jw_str(w, "signalling_node", part->call ? part->call->row.node : "");
}

/* What is the same for all: presentations, streams, single sign-on, proxies
 * and places there are not; levels of the network are known to the workers
 * only. */
static void write_constants(pl_jw *w)
{
    pl_jw_bool(w, "is_presenting", false);
    pl_jw_bool(w, "is_streaming", false);
    pl_jw_bool(w, "is_idp_authenticated", false);
    pl_jw_int(w, "rx_bandwidth", 0);
    pl_jw_int(w, "tx_bandwidth", 0);
    pl_jw_str(w, "call_quality", "0_unknown");
    pl_jw_null(w, "proxy_node");
    pl_jw_str(w, "system_location", "");
    pl_jw_int(w, "license_count", 0);
}

static void write_part(pl_jw *w, const pl_part *part)
{
    const pl_part_row *p = &part->row;
    const pl_conf *conf = part->conf;
    write_ids(w, part);
    pl_jw_str(w, "conference", conf->row.room_id);
    pl_jw_str(w, "display_name", p->display_name);
    pl_jw_str(w, "role", p->role == PL_PART_ROLE_HOST ? "chair" : "guest");
    pl_jw_str(w, "service_type",
              pl_waits(part) ? "waiting_room" : "conference");
    pl_jw_str(w, "service_tag", conf->room ? conf->room->row.tag : "");
    write_peer(w, part);
    pl_jw_bool(w, "has_media", p->has_media);
    pl_jw_bool(w, "is_muted", p->muted);
    pl_jw_bool(w, "is_client_muted", p->client_muted);
    write_constants(w);
    pl_jw_seconds(w, "connect_time", p->joined_at);
    if (p->left_at == 0)
        return;
    pl_jw_int(w, "duration", (p->left_at - p->joined_at) / 1000);
    pl_jw_seconds(w, "end_time", p->left_at);
    pl_jw_str(w, "disconnect_reason", p->leave_reason);
}

static void tell_part(pl_pool *pool, const char *event, const pl_part *part)
{
    pl_buf data;
    if (pool->n_sinks == 0)
        return;
    pl_buf_init(&data, DATA_MAX);
    pl_jw w = {.out = &data};
    pl_jw_open(&w, NULL, '{');
    write_part(&w, part);
    pl_jw_close(&w, '}');
    tell(pool, event, &data);
}

void pl_sinks_part(pl_pool *pool, pl_part *part)
{
    pl_conf *conf = part->conf;
    bool is_new = part->row.connected_at == 0;
    if (conf->row.kind != PL_CONF_KIND_ROOM ||
        part->row.state != PL_PART_STATE_ACTIVE)
        return;
    if (conf->row.opened_at == 0) {
        conf->row.opened_at = pool->now.wall_ms;
        pl_conf_save(pool, conf);
        tell_conf(pool, "conference_started", conf);
    }
    if (is_new && part->row.has_media) {
        part->row.connected_at = pool->now.wall_ms;
        pl_part_save(pool, part);
        tell_part(pool, "participant_connected", part);
    } else if (!is_new) {
        tell_part(pool, "participant_updated", part);
    }
}

void pl_sinks_part_left(pl_pool *pool, const pl_part *part)
{
    if (part->row.connected_at != 0 && is_told(part->conf))
        tell_part(pool, "participant_disconnected", part);
}
