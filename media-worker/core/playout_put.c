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

/* Parts of one packet have its number, and follow each other in time. */
static bool is_behind(const pl_packet *a, const pl_packet *b)
{
    return a->xseq == b->xseq ? a->ts48 > b->ts48
                              : (int32_t)(a->xseq - b->xseq) > 0;
}

/* Link by sequence number; usually at the end. */
static pl_err link_packet(pl_playout *p, pl_packet *k)
{
    pl_packet **at = &p->head;
    if (p->tail && is_behind(k, p->tail))
        at = &p->tail->next;
    while (*at && is_behind(k, *at))
        at = &(*at)->next;
    if (*at && (*at)->xseq == k->xseq && (*at)->ts48 == k->ts48)
        return PL_EEXIST;
    k->next = *at;
    *at = k;
    if (!k->next)
        p->tail = k;
    p->n_queued++;
    p->n_blocks += k->n_blocks;
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

/* ---- what was seen ------------------------------------------------------- */

static bool is_seen(const pl_playout *p, int64_t ts48)
{
    unsigned n = p->n_seen < PL_PLAYOUT_SEEN ? p->n_seen : PL_PLAYOUT_SEEN;
    for (unsigned i = 0; i < n; i++) {
        if (p->seen[i] == ts48)
            return true;
    }
    return false;
}

static void see(pl_playout *p, int64_t ts48)
{
    p->seen[p->n_seen % PL_PLAYOUT_SEEN] = ts48;
    p->n_seen++;
    if (p->n_seen == 2 * PL_PLAYOUT_SEEN) /* still full, and never wraps */
        p->n_seen = PL_PLAYOUT_SEEN;
}

/* The packet before this one is missing, and this one tells its sound
 * roughly: worth waiting for. */
static void learn_from_fec(pl_playout *p, const pl_playout_info *info,
                           int64_t ts48, int64_t duration,
                           const uint8_t *payload, size_t len)
{
    const pl_codec *codec = p->codecs->codec[info->codec];
    bool is_one_lost = p->n_seen > 0 && info->xseq - p->last_xseq == 2 &&
                       ts48 - p->seen_ts48 == 2 * duration;
    if (is_one_lost && codec->has_fec && codec->has_fec(payload, len)) {
        pl_delay_late(&p->delay,
                      info->arrival_us - pl_playout_us(ts48 - duration));
    }
}

/* A packet to fill. When there are too many the oldest makes room, and the time
 * line goes on behind it: in a conversation what is new is worth more. */
static pl_packet *take_packet(pl_playout *p, const uint8_t *payload, size_t len)
{
    pl_packet *k = NULL;
    if (p->n_queued < PL_PLAYOUT_QUEUE)
        k = pl_packet_pool_take(p->pool, payload, len, p->n_blocks);
    if (!k && p->head) {
        pl_playout_drop_head(p);
        p->count.full++;
        if (p->head && p->is_playing)
            pl_playout_go_to_head(p);
        k = pl_packet_pool_take(p->pool, payload, len, 0);
    }
    return k;
}

static void describe(pl_packet *k, const pl_playout_info *info, int64_t ts48,
                     size_t duration)
{
    k->ts48 = ts48;
    k->xseq = info->xseq;
    k->arrival_us = (uint32_t)info->arrival_us;
    k->duration = (uint16_t)duration;
    k->codec = (uint8_t)info->codec;
    k->has_level = info->has_level;
    k->level = info->level;
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
    pl_packet *k = take_packet(p, payload, len);
    if (!k) {
        p->count.full++;
        return PL_EFULL;
    }
    describe(k, info, ts48, duration);
    pl_err e = link_packet(p, k);
    if (e != PL_OK) {
        p->count.duplicate++;
        pl_packet_pool_give(p->pool, k);
    }
    return e;
}

/* A long payload is queued in pieces, so that what is decoded at once stays
 * small. */
static pl_err put_parts(pl_playout *p, const pl_playout_info *info,
                        int64_t ts48, const uint8_t *payload, size_t len)
{
    const pl_codec *codec = p->codecs->codec[info->codec];
    uint8_t part[PL_PAYLOAD_MAX];
    pl_err e = PL_EPROTO;
    size_t i = 0;
    size_t n = 0;
    for (; (n = codec->part(payload, len, i, part)) > 0; i++) {
        size_t duration = codec->duration(part, n);
        e = put_packet(p, info, ts48, duration, part, n);
        ts48 += (int64_t)duration;
    }
    if (i == 0)
        p->count.bad_payload++;
    return e;
}

pl_err pl_playout_put(pl_playout *p, const pl_playout_info *info,
                      const uint8_t *payload, size_t len)
{
    const pl_codec *codec = p->codecs->codec[info->codec];
    size_t duration = (p->accepts >> info->codec & 1U) && len <= PL_PAYLOAD_MAX
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
    learn_from_fec(p, info, ts48, (int64_t)duration, payload, len);
    see(p, ts48);
    p->last_xseq = info->xseq;
    p->seen_ts48 = ts48;
    return duration <= codec->longest
               ? put_packet(p, info, ts48, duration, payload, len)
               : put_parts(p, info, ts48, payload, len);
}

/* Whether a payload fits between its neighbours in time and in number; what
 * came before has been played or is queued. */
static pl_err check_gap(const pl_playout *p, const pl_playout_info *info,
                        int64_t ts48, size_t duration)
{
    const pl_packet *before = NULL;
    const pl_packet *after = p->head;
    for (; after && after->ts48 < ts48; after = after->next)
        before = after;
    int64_t end = ts48 + (int64_t)duration;
    if ((before && before->ts48 + before->duration > ts48) ||
        (after && after->ts48 < end) ||
        (before && (int32_t)(info->xseq - before->xseq) <= 0) ||
        (after && (int32_t)(after->xseq - info->xseq) <= 0))
        return PL_EEXIST;
    bool is_over = p->has_codec ? ts48 < p->next_ts : !before;
    return is_over ? PL_ETIMEOUT : PL_OK;
}

pl_err pl_playout_fill(pl_playout *p, const pl_playout_info *info,
                       const uint8_t *payload, size_t len)
{
    const pl_codec *codec = p->codecs->codec[info->codec];
    bool is_older = p->has_ts && (int32_t)(info->ts - p->last_ts) <= 0;
    size_t duration =
        is_older && p->last_codec == info->codec && len <= PL_PAYLOAD_MAX
            ? codec->duration(payload, len)
            : 0;
    if (duration == 0 || duration > codec->longest) {
        p->count.bad_payload++;
        return PL_EPROTO;
    }
    int64_t by = 48000 / (int64_t)codec->clock_hz;
    int64_t ts48 =
        p->last_ts48 + (int64_t)(int32_t)(info->ts - p->last_ts) * by;
    if (is_seen(p, ts48))
        return PL_EEXIST;
    pl_err e = check_gap(p, info, ts48, duration);
    if (e == PL_EEXIST)
        return e;
    see(p, ts48);
    if (p->has_codec)
        pl_delay_late(&p->delay, info->arrival_us - pl_playout_us(ts48));
    if (e != PL_OK)
        return e;
    pl_packet *k = p->n_queued < PL_PLAYOUT_QUEUE
                       ? pl_packet_pool_take(p->pool, payload, len, p->n_blocks)
                       : NULL;
    if (!k)
        return PL_EFULL;
    describe(k, info, ts48, duration);
    k->is_copy = true;
    return link_packet(p, k); /* its number is free: check_gap() */
}

void pl_playout_pause(pl_playout *p, uint32_t xseq)
{
    p->has_pause = true;
    p->pause_xseq = xseq;
}
