/* media_stream.c - see media_stream.h. */
#include "media_stream.h"

#include <string.h>

#include "model.h"
#include "participant.h"
#include "pl/json.h"
#include "pl/str.h"

enum { OBJECTS_MAX = 32768, NUMBER_TEXT = 24, CODEC_TEXT = 33 };

static void give(pl_pool *pool, const pl_bus_in *in, pl_buf *objects,
                 uint32_t n)
{
    if (objects->has_failed) {
        pl_pool_refuse(pool, &in->ticket, PL_ENOMEM, NULL);
        return;
    }
    const pl_management_page m = {
        .total = n, .count = n, .objects = pl_buf_slice(objects)};
    pl_pool_reply(pool, &in->ticket, &PL_MSG_MANAGEMENT_PAGE, &m);
}

/* ---- of who is there ---- */

/* One digit behind the point, as the records' view has it. */
static void put_tenths(pl_jw *w, const char *key, uint64_t tenths)
{
    char text[NUMBER_TEXT];
    pl_fmt_cut(text, sizeof text, "%llu.%llu",
               (unsigned long long)(tenths / 10),
               (unsigned long long)(tenths % 10));
    pl_jw_raw(w, key, pl_slice_str(text));
}

static uint64_t lost_permille(uint64_t received, uint64_t lost)
{
    uint64_t all = received + lost;
    if (all == 0)
        return 0;
    /* more than 2^53 packets nobody has received */
    return lost > UINT64_MAX / 1000 ? 1000 : lost * 1000 / all;
}

/* "opus" of "opus/48000". */
static void put_codec(pl_jw *w, const char *key, const char *codec)
{
    char text[CODEC_TEXT];
    pl_fmt_cut(text, sizeof text, "%.*s", (int)strcspn(codec, "/"), codec);
    pl_jw_str(w, key, text);
}

static void put_time(pl_jw *w, const char *key, int64_t wall_ms)
{
    enum { TO_MS = 23 }; /* "2026-02-11T18:04:05.121", then microseconds */
    char iso[PL_TIME_TEXT];
    char text[PL_TIME_TEXT + 8];
    pl_time_text(wall_ms, iso);
    pl_fmt_cut(text, sizeof text, "%.*s000", TO_MS, iso);
    pl_jw_str(w, key, text);
}

static void put_leg(pl_jw *w, const pl_leg *leg)
{
    const pl_leg_stats *m = &leg->quality.last;
    pl_jw_open(w, NULL, '{');
    pl_jw_str(w, "id", leg->row.leg_id);
    pl_jw_str(w, "type", "audio");
    pl_jw_str(w, "node", leg->part->conf->row.media_node);
    put_time(w, "start_time", leg->row.created_at);
    pl_jw_null(w, "end_time");
    put_codec(w, "rx_codec", m->codec);
    pl_jw_int(w, "rx_packets_received", (int64_t)m->packets_received);
    pl_jw_int(w, "rx_packets_lost", (int64_t)m->packets_lost);
    put_tenths(w, "rx_packet_loss",
               lost_permille(m->packets_received, m->packets_lost));
    put_tenths(w, "rx_jitter", m->jitter_us / 100);
    pl_jw_int(w, "rx_concealed_ms", (int64_t)m->concealed_frames * 20);
    pl_jw_int(w, "rx_recovered_ms", (int64_t)m->recovered_frames * 20);
    pl_jw_int(w, "rx_delay_ms", m->delay_ms);
    pl_jw_int(w, "rx_level_dbov", -(int64_t)m->level);
    put_codec(w, "tx_codec", leg->row.codec);
    pl_jw_int(w, "tx_packets_sent", (int64_t)m->packets_sent);
    put_tenths(w, "tx_packet_loss", m->far_loss_permille);
    put_tenths(w, "tx_jitter", m->far_jitter_us / 100);
    put_tenths(w, "round_trip_ms", m->rtt_us / 100);
    pl_jw_close(w, '}');
}

static void show_live(pl_pool *pool, const pl_bus_in *in, const pl_part *part)
{
    pl_buf objects;
    uint32_t n = 0;
    pl_buf_init(&objects, OBJECTS_MAX);
    pl_jw w = {.out = &objects};
    pl_jw_open(&w, NULL, '[');
    PL_LIST_EACH(node, &part->legs)
    {
        const pl_leg *leg = PL_CONTAINER(node, pl_leg, link);
        if (!leg->quality.is_known)
            continue; /* nothing has been said of it yet */
        put_leg(&w, leg);
        n++;
    }
    pl_jw_close(&w, ']');
    give(pool, in, &objects, n);
    pl_buf_fini(&objects);
}

/* ---- of who was ---- */

static const char PAST_COUNT[] =
    "SELECT count(*) FROM call_records WHERE participant_id = ?1 AND "
    "conf_kind = 'room'";
static const char PAST_KEYS[] =
    "SELECT participant_id FROM call_records WHERE participant_id = ?1 AND "
    "conf_kind = 'room' AND packets_received > 0";
static const char PAST_OBJECT[] =
    "SELECT json_object('id', participant_id, 'type', 'audio', 'node', '', "
    "'start_time', substr(started_at, 1, 23) || '000', "
    "'end_time', substr(left_at, 1, 23) || '000', "
    "'rx_codec', CASE instr(codec, '/') WHEN 0 THEN codec "
    "ELSE substr(codec, 1, instr(codec, '/') - 1) END, "
    "'rx_packets_received', packets_received, "
    "'rx_packets_lost', packets_lost, "
    "'rx_packet_loss', round(100.0 * packets_lost / "
    "(packets_received + packets_lost), 1), "
    "'rx_jitter', round(worst_jitter_us / 1000.0, 1), "
    "'rx_concealed_ms', concealed_ms, 'rx_recovered_ms', recovered_ms, "
    "'tx_packet_loss', round(worst_far_loss_permille / 10.0, 1), "
    "'round_trip_ms', round(worst_rtt_us / 1000.0, 1)) "
    "FROM call_records WHERE participant_id = ?1";

typedef struct past {
    pl_buf objects;
    uint32_t n;
} past;

static pl_err add_past(void *ctx, pl_slice object)
{
    past *p = ctx;
    pl_buf_add_str(&p->objects, p->n++ == 0 ? "[" : ",");
    pl_buf_add_slice(&p->objects, object);
    return p->objects.has_failed ? PL_ENOMEM : PL_OK;
}

static void show_past(pl_pool *pool, const pl_bus_in *in, const char *id)
{
    const pl_sql_value value = {.kind = PL_SQL_TEXT, .text = pl_slice_str(id)};
    const pl_store_list list = {.count = PAST_COUNT,
                                .keys = PAST_KEYS,
                                .object = PAST_OBJECT,
                                .values = &value,
                                .n_values = 1,
                                .max_us = PL_MS(pool->config->query_ms)};
    past p = {.n = 0};
    uint64_t total = 0;
    pl_buf_init(&p.objects, OBJECTS_MAX);
    pl_err e = pool->store->ops->list(pool->store, &list, add_past, &p, &total);
    if (!e && total == 0)
        e = PL_ENOENT;
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
    } else {
        pl_buf_add_str(&p.objects, p.n == 0 ? "[]" : "]");
        give(pool, in, &p.objects, p.n);
    }
    pl_buf_fini(&p.objects);
}

void pl_on_management_streams(pl_pool *pool, const pl_bus_in *in)
{
    const pl_management_streams *m = in->body;
    pl_pool_count(pool, PL_RM_queries);
    if (m->past) {
        show_past(pool, in, m->id);
        return;
    }
    const pl_part *part = pl_part_find(pool, m->id);
    /* As status/participant: who is in a room. */
    if (!part || part->row.state == PL_PART_STATE_LEFT ||
        part->conf->row.kind != PL_CONF_KIND_ROOM) {
        pl_pool_refuse(pool, &in->ticket, PL_ENOENT, NULL);
        return;
    }
    show_live(pool, in, part);
}
