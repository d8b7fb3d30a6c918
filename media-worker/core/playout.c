/* playout.c - the time line of one received stream: what each tick consists
 * of, and its sound. */
#include "core/playout.h"

#include <stdlib.h>
#include <string.h>

#include "core/level.h"
#include "core/playout_state.h"
#include "core/splice.h"

enum {
    FRAME = PL_CODEC_FRAME,
    EXPAND_MAX = 5 * FRAME, /* made up while the queue is empty */
    GAP_MAX = 24000,        /* 500 ms: longer is a new start */
    OPUS_DTX_MAX = 2,       /* bytes, RFC 6716 section 3.1 */
    BLANK_SPLICE = 480,
    COOL_TICKS = 5,
    PATIENCE_TICKS = 50,
    LOW_PATIENCE_TICKS = 25, /* too late is worse than too early */
    SLACK_SMOOTH = 8,
    SKIP_MAX = 100
};
static const int64_t HIGH_US = 25000; /* above target: shrink */
static const int64_t LOW_US = 5000;   /* below target: grow */
static const int64_t FAR_US = 60000;  /* do not wait for a quiet moment */
static const int64_t STALE_US = 40000;
static const int64_t JUMP_US = 200000; /* above target: do not shrink, jump */
static const float QUIET_DB = -50.0F;

pl_err pl_playout_create(pl_packet_pool *pool, const pl_codec_table *codecs,
                         pl_delay_limits limits, pl_playout **ret_playout)
{
    pl_playout *p = calloc(1, sizeof *p);
    if (!p)
        return PL_ENOMEM;
    p->pool = pool;
    p->codecs = codecs;
    pl_delay_init(&p->delay, limits);
    *ret_playout = p;
    return PL_OK;
}

pl_packet *pl_playout_unlink_head(pl_playout *p)
{
    pl_packet *k = p->head;
    p->head = k->next;
    if (!p->head)
        p->tail = NULL;
    p->n_queued--;
    p->n_blocks -= k->n_blocks;
    return k;
}

void pl_playout_drop_head(pl_playout *p)
{
    pl_packet_pool_give(p->pool, pl_playout_unlink_head(p));
}

void pl_playout_go_to_head(pl_playout *p)
{
    p->next_ts = p->head->ts48;
    p->next_xseq = p->head->xseq;
    p->expanded = 0;
    p->has_slack = false;
}

static void remember(pl_playout *p, pl_packet *k)
{
    if (p->n_history == PL_PLAYOUT_HISTORY) {
        pl_packet_pool_give(p->pool, p->history[0]);
        memmove(p->history, p->history + 1,
                (PL_PLAYOUT_HISTORY - 1) * sizeof(pl_packet *));
        p->n_history--;
    }
    p->history[p->n_history++] = k;
}

static void forget_history(pl_playout *p)
{
    for (size_t i = 0; i < p->n_history; i++)
        pl_packet_pool_give(p->pool, p->history[i]);
    p->n_history = 0;
}

static void drop_steps(pl_playout *p)
{
    for (size_t i = 0; i < p->n_steps; i++) {
        if (p->step[i].kind == STEP_PACKET)
            pl_packet_pool_give(p->pool, p->step[i].packet);
    }
    p->n_steps = 0;
    p->incoming = 0;
    p->is_pending = false;
}

void pl_playout_reset(pl_playout *p)
{
    while (p->head)
        pl_playout_drop_head(p);
    drop_steps(p);
    forget_history(p);
    pl_delay_init(&p->delay, p->delay.limits);
    p->has_ts = p->is_playing = p->is_paused = p->has_pause = false;
    p->has_slack = p->has_codec = p->has_level = false;
    p->is_blank = p->is_shown = false;
    p->n = p->expanded = 0;
    p->n_seen = 0;
    p->off_ticks = p->cool_ticks = 0;
    p->splice = SPLICE_NONE;
}

void pl_playout_destroy(pl_playout **playout)
{
    if (!playout || !*playout)
        return;
    pl_playout *p = *playout;
    pl_playout_reset(p);
    free(p);
    *playout = NULL;
}

void pl_playout_accept(pl_playout *p, unsigned codecs)
{
    p->accepts = codecs;
}

pl_ear *pl_playout_set_ear(pl_playout *p, pl_ear *ear)
{
    pl_ear *before = p->ear;
    p->ear = ear;
    p->is_blank = true;
    p->is_shown = false;
    if (ear)
        ear->has_codec = false;
    return before;
}

pl_ear *pl_playout_ear(const pl_playout *p)
{
    return p->ear;
}

/* Whether the packet expected next, or one after it, was such a packet. */
static bool is_pause_next(const pl_playout *p)
{
    return p->is_paused ||
           (p->has_pause && (int32_t)(p->pause_xseq - p->next_xseq) >= 0);
}

/* ---- fetching ----------------------------------------------------------- */

static int64_t slack_of(const pl_playout *p, int64_t now_us, int64_t ts48)
{
    return now_us - p->delay.base_us - pl_playout_us(ts48);
}

static void add_step(pl_playout *p, step s)
{
    p->step[p->n_steps++] = s;
    p->incoming += s.samples;
}

static void make_up(pl_playout *p, size_t samples, bool is_last)
{
    add_step(p, (step){.kind = STEP_CONCEAL,
                       .samples = samples,
                       .is_last_made_up = is_last});
    p->count.concealed += (samples + FRAME - 1) / FRAME;
}

static void fetch_head(pl_playout *p, int64_t now_us)
{
    pl_packet *k = pl_playout_unlink_head(p);
    int64_t slack = slack_of(p, now_us, k->ts48);
    p->count.used++;
    p->count.wait_us = (uint32_t)now_us - k->arrival_us;
    if (!p->has_slack) {
        p->slack_us = slack;
    } else {
        p->slack_us += (slack - p->slack_us) / SLACK_SMOOTH;
    }
    p->has_slack = true;
    add_step(p,
             (step){.kind = STEP_PACKET, .packet = k, .samples = k->duration});
    p->count.recovered += k->is_copy;
    p->next_ts = k->ts48 + k->duration;
    p->next_xseq = k->xseq + 1;
    p->last_duration = k->duration;
    p->expanded = 0;
    p->is_paused = k->codec == PL_AUDIO_OPUS && k->len <= OPUS_DTX_MAX;
    if (k->has_level) {
        float db = -(float)k->level;
        p->level_db = p->has_level && p->level_db > db ? p->level_db : db;
        p->has_level = true;
    }
}

/* After a stall the oldest packets are beyond use. */
static void drop_stale(pl_playout *p, int64_t now_us)
{
    while (p->head && p->head->next &&
           slack_of(p, now_us, p->head->next->ts48) >=
               p->delay.target_us + STALE_US) {
        pl_playout_drop_head(p);
        p->count.late++;
    }
}

/* Begin to play when the first packet's time has come. */
static bool try_start(pl_playout *p, int64_t now_us)
{
    drop_stale(p, now_us);
    if (!p->head || slack_of(p, now_us, p->head->ts48) < p->delay.target_us)
        return false;
    p->is_playing = true;
    pl_playout_go_to_head(p);
    return true;
}

/* The queue's head lies ahead of next_ts: is that loss or a pause? */
static void bridge_gap(pl_playout *p)
{
    int64_t gap = p->head->ts48 - p->next_ts;
    if (gap <= (int64_t)p->expanded) { /* already made up */
        p->next_ts = p->head->ts48;
        return;
    }
    if (gap > GAP_MAX || p->head->xseq == p->next_xseq || is_pause_next(p)) {
        p->is_playing = false;
        return;
    }
    p->next_ts += (int64_t)p->expanded;
    gap -= (int64_t)p->expanded;
    bool has_begun = p->expanded > 0;
    p->expanded = 0;
    size_t n = (size_t)gap < p->last_duration ? (size_t)gap : p->last_duration;
    n = (n + 479) / 480 * 480; /* concealment works on 10 ms */
    const pl_codec *codec = p->codecs->codec[p->head->codec];
    if (!has_begun && (size_t)gap <= p->last_duration && codec->decode_fec &&
        p->head->codec == p->codec && n == (size_t)gap) {
        add_step(p, (step){.kind = STEP_FEC, .packet = p->head, .samples = n});
    } else {
        make_up(p, n, false);
    }
    p->next_ts += (int64_t)n;
}

/* Nothing is queued: late, lost or over. The time line waits, so that what
 * comes a little late is still played. */
static void bridge_empty(pl_playout *p)
{
    if (is_pause_next(p) || !p->has_codec || p->expanded >= EXPAND_MAX) {
        p->is_playing = false;
        return;
    }
    p->expanded += FRAME;
    make_up(p, FRAME, p->expanded >= EXPAND_MAX);
}

/* So far behind that shrinking would take seconds: go to the present. */
static void jump_ahead(pl_playout *p, int64_t now_us)
{
    if (!p->is_playing || !p->head ||
        slack_of(p, now_us, p->head->ts48) < p->delay.target_us + JUMP_US)
        return;
    drop_stale(p, now_us);
    pl_playout_go_to_head(p);
}

static void fill(pl_playout *p, int64_t now_us)
{
    jump_ahead(p, now_us);
    while (p->n + p->incoming < FRAME) {
        if (p->n_steps == PL_PLAYOUT_STEPS ||
            (!p->is_playing && !try_start(p, now_us))) {
            add_step(p, (step){.kind = STEP_SILENCE,
                               .samples = FRAME - p->n - p->incoming});
            return;
        }
        while (p->head && p->head->ts48 + p->head->duration <= p->next_ts) {
            pl_playout_drop_head(p); /* timestamps ran backwards */
            p->count.late++;
        }
        if (p->head && p->head->ts48 <= p->next_ts) {
            p->codec = p->head->codec;
            p->has_codec = true;
            fetch_head(p, now_us);
        } else if (p->head) {
            bridge_gap(p);
        } else {
            bridge_empty(p);
        }
        if (p->n_steps > PL_PLAYOUT_STEPS - 2)
            p->is_playing = false; /* absurdly small packets */
    }
}

/* ---- steering ----------------------------------------------------------- */

static splice wanted_splice(pl_playout *p)
{
    int64_t off = p->slack_us - p->delay.target_us;
    bool is_off = p->is_playing && p->has_slack && p->expanded == 0 &&
                  (off > HIGH_US || off < -LOW_US);
    if (p->cool_ticks > 0)
        p->cool_ticks--;
    if (!is_off) {
        p->off_ticks = 0;
        return SPLICE_NONE;
    }
    p->off_ticks++;
    bool is_quiet = p->is_blank || p->last_db < QUIET_DB;
    unsigned patience = off > 0 ? PATIENCE_TICKS : LOW_PATIENCE_TICKS;
    bool is_far = off > FAR_US || p->off_ticks > patience;
    if (p->cool_ticks > 0 || (!is_quiet && !is_far))
        return SPLICE_NONE;
    return off > 0 ? SPLICE_REMOVE : SPLICE_REPEAT;
}

/* Fetch what a removal needs on top, if it is here. */
static bool fill_more(pl_playout *p, int64_t now_us)
{
    while (p->n + p->incoming < FRAME + PL_SPLICE_MAX && p->is_playing &&
           p->head && p->head->ts48 == p->next_ts &&
           p->head->codec == p->codec && p->n_steps < PL_PLAYOUT_STEPS - 2)
        fetch_head(p, now_us);
    return p->n + p->incoming >= FRAME + PL_SPLICE_MIN + PL_SPLICE_FADE;
}

static void spliced(pl_playout *p, splice kind, size_t samples)
{
    int64_t us = pl_playout_us((int64_t)samples);
    p->slack_us += kind == SPLICE_REMOVE ? -us : us;
    p->cool_ticks = COOL_TICKS;
    if (kind == SPLICE_REMOVE) {
        p->count.removed++;
    } else {
        p->count.inserted++;
    }
}

/* The last step was not rendered: account for it without decoding. */
static void pass_over(pl_playout *p)
{
    for (size_t i = 0; i < p->n_steps; i++) {
        if (p->step[i].kind == STEP_PACKET)
            remember(p, p->step[i].packet);
    }
    size_t all = p->n + p->incoming;
    size_t used = FRAME;
    if (p->splice != SPLICE_NONE) {
        used = p->splice == SPLICE_REMOVE ? FRAME + BLANK_SPLICE
                                          : FRAME - BLANK_SPLICE;
        spliced(p, p->splice, BLANK_SPLICE);
    }
    p->n = all > used ? all - used : 0;
    p->n_steps = 0;
    p->incoming = 0;
    p->is_blank = true;
    p->is_pending = false;
    p->splice = SPLICE_NONE;
}

/* The frame that was rendered is over. */
static void let_go(pl_playout *p)
{
    size_t channels = p->ear->channels;
    memmove(p->ear->fifo, p->ear->fifo + FRAME * channels,
            p->n * channels * sizeof(float));
    p->is_shown = false;
}

void pl_playout_advance(pl_playout *p, int64_t now_us,
                        pl_playout_frame *ret_frame)
{
    if (p->is_pending)
        pass_over(p);
    if (p->is_shown)
        let_go(p);
    p->has_level = false;
    p->splice = wanted_splice(p);
    size_t before = p->n;
    fill(p, now_us);
    if (p->splice == SPLICE_REMOVE && !fill_more(p, now_us))
        p->splice = SPLICE_NONE;
    p->is_pending = true;
    bool is_silent = before == 0;
    for (size_t i = 0; i < p->n_steps; i++)
        is_silent = is_silent && p->step[i].kind == STEP_SILENCE;
    *ret_frame = (pl_playout_frame){.is_silent = is_silent,
                                    .has_level = p->has_level,
                                    .level_db = p->level_db};
}

void pl_playout_skip(pl_playout *p, int64_t now_us, uint32_t n_ticks)
{
    pl_playout_frame unused;
    uint32_t n = n_ticks < SKIP_MAX ? n_ticks : SKIP_MAX;
    for (; n > 0; n--)
        pl_playout_advance(p, now_us - (int64_t)n * 20000, &unused);
}

/* ---- rendering ---------------------------------------------------------- */

/* What came in mono is as loud on both sides. */
static void widen(const pl_ear *ear, const pl_codec *codec, float *pcm,
                  size_t n)
{
    if (ear->channels == 1 || codec->has_stereo)
        return;
    for (size_t i = n; i > 0; i--)
        pcm[2 * i - 1] = pcm[2 * i - 2] = pcm[i - 1];
}

static void made_up(pl_playout *p, const step *s, float *pcm)
{
    const pl_codec *c = p->codecs->codec[p->codec];
    pl_decoder *d = pl_ear_use(p->codecs, p->ear, p->codec);
    size_t channels = p->ear->channels;
    if (!d) {
        memset(pcm, 0, s->samples * channels * sizeof *pcm);
        return;
    }
    c->conceal(d, pcm, s->samples);
    widen(p->ear, c, pcm, s->samples);
    if (!s->is_last_made_up)
        return;
    for (size_t i = 0; i < s->samples * channels; i++)
        pcm[i] *= 1.0F - (float)(i / channels) / (float)s->samples;
}

/* Decode one packet to pcm; what cannot be decoded is made up. */
static size_t decode_packet(pl_playout *p, const pl_packet *k, float *pcm)
{
    const pl_codec *c = p->codecs->codec[k->codec];
    pl_decoder *d = pl_ear_use(p->codecs, p->ear, (pl_codec_kind)k->codec);
    size_t n = 0;
    p->count.decodes++;
    if (d &&
        c->decode(d, pl_packet_payload(p->pool, k), k->len, pcm, &n) == PL_OK) {
        widen(p->ear, c, pcm, n);
        return n;
    }
    p->count.bad_payload++;
    memset(pcm, 0, k->duration * (size_t)p->ear->channels * sizeof *pcm);
    return k->duration;
}

static void recover(pl_playout *p, const step *s, float *pcm)
{
    const pl_codec *c = p->codecs->codec[p->codec];
    pl_decoder *d = pl_ear_use(p->codecs, p->ear, p->codec);
    p->count.decodes++;
    if (d && c->decode_fec(d, pl_packet_payload(p->pool, s->packet),
                           s->packet->len, pcm, s->samples) == PL_OK) {
        p->count.recovered++;
    } else {
        p->count.concealed += (s->samples + FRAME - 1) / FRAME;
        made_up(p, s, pcm);
    }
}

static void run_step(pl_playout *p, const step *s)
{
    size_t channels = p->ear->channels;
    float *pcm = p->ear->fifo + p->n * channels;
    size_t n = s->samples;
    switch (s->kind) {
    case STEP_PACKET: n = decode_packet(p, s->packet, pcm); break;
    case STEP_FEC: recover(p, s, pcm); break;
    case STEP_CONCEAL: made_up(p, s, pcm); break;
    case STEP_SILENCE: memset(pcm, 0, n * channels * sizeof *pcm); break;
    }
    p->n += n;
}

/* Decode what was passed over last, to have a decoder in the right state and
 * the samples that the fifo should hold. */
static void warm_up(pl_playout *p)
{
    pl_ear *ear = p->ear;
    size_t wanted = p->n < ear->longest ? p->n : ear->longest;
    size_t got = 0;
    p->n = wanted;
    p->is_blank = false;
    ear->has_codec = false; /* is reset by its first use */
    if (p->n_history > 0) {
        uint8_t codec = p->history[p->n_history - 1]->codec;
        for (size_t i = 0; i < p->n_history; i++) {
            const pl_packet *k = p->history[i];
            /* Before a renegotiation packets may have been longer. */
            if (k->codec == codec && k->duration <= ear->longest)
                got = decode_packet(p, k, ear->fifo);
        }
    }
    size_t kept = got < wanted ? got : wanted;
    size_t size = ear->channels * sizeof *ear->fifo;
    memmove(ear->fifo + (wanted - kept) * ear->channels,
            ear->fifo + (got - kept) * ear->channels, kept * size);
    memset(ear->fifo, 0, (wanted - kept) * size);
}

/* Shorten or lengthen what is there so that the delay comes right. */
static void splice_in(pl_playout *p)
{
    splice kind = p->splice;
    pl_ear *ear = p->ear;
    p->splice = SPLICE_NONE;
    if (kind == SPLICE_REMOVE &&
        p->n >= FRAME + PL_SPLICE_MIN + PL_SPLICE_FADE) {
        size_t max = p->n - FRAME;
        max = max > PL_SPLICE_MAX ? PL_SPLICE_MAX : max;
        size_t d = pl_splice_find(ear->fifo, max, ear->channels);
        pl_splice_remove(ear->fifo, p->n, d, ear->channels);
        spliced(p, kind, d);
        p->n -= d;
    } else if (kind == SPLICE_REPEAT && p->n + PL_SPLICE_MAX <= ear->cap) {
        size_t d =
            pl_splice_find(ear->fifo, FRAME - PL_SPLICE_FADE, ear->channels);
        pl_splice_repeat(ear->fifo, p->n, d, ear->channels);
        spliced(p, kind, d);
        p->n += d;
    }
}

float *pl_playout_render(pl_playout *p)
{
    pl_ear *ear = p->ear;
    if (p->is_blank)
        warm_up(p);
    for (size_t i = 0; i < p->n_steps; i++) {
        if (p->n + p->step[i].samples <= ear->cap)
            run_step(p, &p->step[i]);
    }
    for (size_t i = 0; i < p->n_steps; i++) {
        if (p->step[i].kind == STEP_PACKET)
            remember(p, p->step[i].packet);
    }
    p->n_steps = 0;
    p->incoming = 0;
    p->is_pending = false;
    if (p->n < FRAME) {
        memset(ear->fifo + p->n * ear->channels, 0,
               (FRAME - p->n) * ear->channels * sizeof *ear->fifo);
        p->n = FRAME;
    }
    splice_in(p);
    p->n -= FRAME;
    p->is_shown = true;
    p->last_db = pl_level_db(ear->fifo, (size_t)FRAME * ear->channels);
    return ear->fifo;
}

const pl_playout_counters *pl_playout_count(const pl_playout *p)
{
    return &p->count;
}

int64_t pl_playout_delay_us(const pl_playout *p)
{
    return p->has_slack && p->is_playing ? p->slack_us : 0;
}

int64_t pl_playout_target_us(const pl_playout *p)
{
    return p->delay.target_us;
}
