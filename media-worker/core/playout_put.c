/* playout_put.c - packets into the queue of a jitter buffer. */
#include <string.h>

#include "core/playout_state.h"

/* Extended timestamp in 48 kHz samples. */
static int64_t extend_ts(pl_playout *p, uint32_t ts, uint32_t clock_hz)
{
    int64_t by = 48000 / (int64_t)clock_hz;
    if (!p->has_ts) {
        p->has_ts = true;
        p->last_ts48 = (int64_t)ts * by;
    } else {
        p->last_ts48 += (int64_t)(int32_t)(ts - p->last_ts) * by;
    }
    p->last_ts = ts;
    return p->last_ts48;
}

/* Link by sequence number; usually at the end. */
static pl_err link_packet(pl_playout *p, pl_packet *k)
{
    pl_packet **at = &p->head;
    if (p->tail && (int32_t)(k->xseq - p->tail->xseq) > 0)
        at = &p->tail->next;
    while (*at && (int32_t)(k->xseq - (*at)->xseq) > 0)
        at = &(*at)->next;
    if (*at && (*at)->xseq == k->xseq)
        return PL_EEXIST;
    k->next = *at;
    *at = k;
    if (!k->next)
        p->tail = k;
    p->n_queued++;
    return PL_OK;
}

static bool was_fetched(const pl_playout *p, uint32_t xseq)
{
    for (size_t i = 0; i < p->n_history; i++) {
        if (p->history[i]->xseq == xseq)
            return true;
    }
    return false;
}

/* A packet to fill. When there are too many the oldest makes room, and the time
 * line goes on behind it: in a conversation what is new is worth more. */
static pl_packet *take_packet(pl_playout *p, size_t len)
{
    pl_packet *k = NULL;
    if (p->n_queued < PL_PLAYOUT_QUEUE)
        k = pl_packet_pool_take(p->pool, len, p->n_queued);
    if (!k && p->head) {
        pl_playout_drop_head(p);
        p->count.full++;
        if (p->head && p->is_playing)
            pl_playout_go_to_head(p);
        k = pl_packet_pool_take(p->pool, len, 0);
    }
    return k;
}

static pl_err put_packet(pl_playout *p, const pl_playout_info *info,
                         int64_t ts48, size_t duration, const uint8_t *payload,
                         size_t len)
{
    if (p->is_playing && ts48 < p->next_ts) {
        if (was_fetched(p, info->xseq)) {
            p->count.duplicate++;
            return PL_EEXIST;
        }
        p->count.late++;
        return PL_ETIMEOUT;
    }
    pl_packet *k = take_packet(p, len);
    if (!k) {
        p->count.full++;
        return PL_EFULL;
    }
    k->ts48 = ts48;
    k->xseq = info->xseq;
    k->duration = (uint16_t)duration;
    k->len = (uint16_t)len;
    k->codec = info->codec;
    k->has_level = info->has_level;
    k->level = info->level;
    memcpy(k->data, payload, len);
    pl_err e = link_packet(p, k);
    if (e != PL_OK) {
        p->count.duplicate++;
        pl_packet_pool_give(p->pool, k);
    }
    return e;
}

pl_err pl_playout_put(pl_playout *p, const pl_playout_info *info,
                      const uint8_t *payload, size_t len)
{
    const pl_codec *codec = p->codecs->codec[info->codec];
    size_t duration = p->decoder[info->codec] && len <= PL_PAYLOAD_MAX
                          ? codec->duration(payload, len)
                          : 0;
    if (duration == 0 || duration > PL_CODEC_MAX_DECODED) {
        p->count.bad_payload++;
        return PL_EPROTO;
    }
    /* Another clock makes another time line. */
    if (p->has_ts &&
        p->codecs->codec[p->last_codec]->clock_hz != codec->clock_hz)
        pl_playout_reset(p);
    p->last_codec = info->codec;
    int64_t ts48 = extend_ts(p, info->ts, codec->clock_hz);
    if (!pl_delay_packet(&p->delay, info->arrival_us - pl_playout_us(ts48),
                         info->arrival_us)) {
        while (p->head)
            pl_playout_drop_head(p);
        p->is_playing = false;
        p->has_slack = false;
    }
    return put_packet(p, info, ts48, duration, payload, len);
}

void pl_playout_pause(pl_playout *p, uint32_t xseq)
{
    p->has_pause = true;
    p->pause_xseq = xseq;
}
