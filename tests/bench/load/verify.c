/* verify.c - see verify.h. */
#include "verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot.h"
#include "pl/str.h"

enum {
    WINDOWS_MAX = 30,  /* seconds that are looked at */
    SETTLE = 9600,     /* samples for a decoder that comes in the middle */
    DUE_WINDOWS = 3,   /* in a third of the seconds: heard */
    WRONG_WINDOWS = 2, /* in half of them: clear, and should not be */
    MARK_SPAN = 43200, /* samples in which a mark is looked for: 0.9 s */
    BLOCK = 480,       /* samples that are heard or not: 10 ms */
    US_A_SECOND = 1000000
};
static const double QUIET_DB = -50; /* a pilot has -32, a quiet room -65 */

/* A receiver's audio on one time line. */
typedef struct line {
    float *pcm;
    size_t n;
    const pl_load_track *track;
    size_t *begin; /* of each packet, in pcm */
} line;

typedef struct judge {
    const pl_load_options *options;
    const pl_load_flow *flow;
    const pl_load_voices *voices;
    const pl_load_party *parties;
    const pl_codec *codec;
    pl_load_result *result;
} judge;

/* ---- decoding ----------------------------------------------------------- */

static int by_xseq(const void *a, const void *b)
{
    uint32_t x = ((const pl_load_kept *)a)->xseq;
    uint32_t y = ((const pl_load_kept *)b)->xseq;
    return (x > y) - (x < y);
}

/* Where a packet belongs; false: outside of what there can be. */
static bool place_of(const judge *j, const pl_load_track *t, size_t i, size_t n,
                     size_t *ret_at)
{
    uint32_t ahead = t->packet[i].ts - t->packet[0].ts;
    uint64_t at =
        (uint64_t)ahead * PL_PILOT_RATE / (uint64_t)j->codec->clock_hz;
    *ret_at = (size_t)at;
    return ahead < INT32_MAX && at + PL_CODEC_MAX_DECODED <= n;
}

static pl_err decode_line(const judge *j, const pl_load_track *t, line *l)
{
    pl_decoder *decoder = NULL;
    l->track = t;
    qsort(t->packet, t->n, sizeof *t->packet, by_xseq);
    l->n = (t->n + t->n / 8 + 50) * PL_LOAD_FRAME + PL_CODEC_MAX_DECODED;
    l->pcm = calloc(l->n, sizeof *l->pcm);
    l->begin = calloc(t->n + 1, sizeof *l->begin);
    pl_err e = l->pcm && l->begin ? PL_OK : PL_ENOMEM;
    if (e == PL_OK)
        e = j->codec->decoder_create(1, &decoder);
    size_t end = 0;
    for (size_t i = 0; e == PL_OK && i < t->n; i++) {
        const pl_load_kept *k = &t->packet[i];
        size_t at = 0;
        size_t made = 0;
        l->begin[i] = end;
        if (!place_of(j, t, i, l->n, &at) ||
            j->codec->decode(decoder, t->bytes + k->offset, k->len, l->pcm + at,
                             &made) != PL_OK)
            continue;
        l->begin[i] = at;
        end = at + made;
    }
    l->n = end < l->n ? end : l->n;
    if (decoder)
        j->codec->decoder_destroy(&decoder);
    return e;
}

static void free_line(line *l)
{
    free(l->pcm);
    free(l->begin);
}

/* ---- voices ------------------------------------------------------------- */

/* In how many seconds a voice is heard; clearly: pilot.h. */
typedef struct presence {
    unsigned windows;
    unsigned heard[PL_LOAD_VOICES_MAX], clear[PL_LOAD_VOICES_MAX];
} presence;

static void look_at_second(const float *pcm, size_t n_voices, presence *p)
{
    bool heard[PL_LOAD_VOICES_MAX];
    bool clear[PL_LOAD_VOICES_MAX];
    pl_pilot_look(pcm, n_voices, heard, clear);
    for (size_t v = 0; v < n_voices; v++) {
        p->heard[v] += heard[v];
        p->clear[v] += clear[v];
    }
    p->windows++;
}

static bool is_due_heard(const presence *p, size_t voice)
{
    return p->windows > 0 && p->heard[voice] * DUE_WINDOWS >= p->windows;
}

static bool is_wrongly_heard(const presence *p, size_t voice)
{
    return p->windows > 0 && p->clear[voice] * WRONG_WINDOWS >= p->windows;
}

static unsigned wanted(const judge *j, unsigned others)
{
    enum { USUAL = 3 };
    unsigned most = j->options->heard ? j->options->heard : USUAL;
    return others < most ? others : most;
}

static void judge_voices(const judge *j, const line *l)
{
    pl_load_hearing *h = &j->result->hearing;
    const pl_load_party *me = &j->parties[l->track->party];
    unsigned talkers = j->options->talkers;
    size_t n = j->voices->n;
    presence p = {.windows = 0};
    h->receivers++;
    for (size_t at = SETTLE;
         at + PL_PILOT_WINDOW <= l->n && p.windows < WINDOWS_MAX;
         at += PL_PILOT_WINDOW)
        look_at_second(l->pcm + at, n, &p);
    if (l->track->n == 0)
        h->silent++;
    bool is_room[PL_LOAD_VOICES_MAX] = {false};
    unsigned others = 0;
    unsigned heard = 0;
    for (unsigned seat = 0; seat < talkers; seat++) {
        size_t v = pl_load_voice_of(me->room, seat, talkers, n);
        is_room[v] = true;
        if (me->is_talker && seat == me->seat) {
            h->own_heard += is_wrongly_heard(&p, v);
            continue;
        }
        others++;
        heard += is_due_heard(&p, v);
    }
    unsigned due = wanted(j, others);
    h->voices_due += due;
    h->voices_heard += heard < due ? heard : due;
    for (size_t v = 0; v < n; v++)
        h->strangers += !is_room[v] && is_wrongly_heard(&p, v);
}

/* ---- delay -------------------------------------------------------------- */

/* When the sample at a place of the line came. */
static double arrival_us(const line *l, double at)
{
    size_t low = 0;
    size_t high = l->track->n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if ((double)l->begin[middle] <= at) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (double)l->track->packet[low].at_us +
           (at - (double)l->begin[low]) * US_A_SECOND / PL_PILOT_RATE;
}

/* First place of the line that came at that time or later. */
static size_t place_at(const line *l, double us)
{
    for (size_t i = 0; i < l->track->n; i++) {
        if ((double)l->track->packet[i].at_us >= us)
            return l->begin[i];
    }
    return l->n;
}

static void measure_delays(const judge *j, const line *l)
{
    const pl_load_party *me = &j->parties[l->track->party];
    unsigned marker = me->number - me->seat; /* seat 0 of the room */
    unsigned talkers = j->options->talkers;
    /* he must be in the mix all the time */
    if (me->seat == 0 || talkers == 0 || wanted(j, talkers) < talkers ||
        l->track->n == 0)
        return;
    /* of a direct call: its packet would come with the talker's own clock */
    double first =
        (double)pl_load_flow_origin_us(j->flow, marker) +
        (PL_MARK_FIRST + j->voices->mark_offset) * US_A_SECOND / PL_PILOT_RATE;
    double begun = (double)l->track->packet[0].at_us;
    uint64_t k =
        begun > first ? (uint64_t)((begun - first) / US_A_SECOND) + 1 : 0;
    for (;; k++) {
        double said = first + (double)k * US_A_SECOND;
        double at = 0;
        size_t from = place_at(l, said - PL_CODEC_FRAME);
        if (from + MARK_SPAN > l->n)
            break;
        /* a loop begins anew: there its mark is one like the others */
        if (pl_mark_find(l->pcm + from, MARK_SPAN, &at)) {
            double came = arrival_us(l, (double)from + at);
            pl_stats_add(&j->result->delay_us, (int64_t)(came - said));
        }
    }
}

/* ---- gaps --------------------------------------------------------------- */

static double level_db(const float *pcm, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)pcm[i] * (double)pcm[i];
    return 10 * log10(sum / (double)n + 1e-13);
}

/* A talker's pilot goes on while he pauses: without it nobody is heard. */
static void measure_gaps(const judge *j, const line *l)
{
    const pl_load_party *me = &j->parties[l->track->party];
    const pl_load_track *t = l->track;
    size_t run = 0;
    size_t most = 0;
    int64_t pause_us = 0;
    if (t->n == 0 || j->options->talkers <= (me->is_talker ? 1U : 0U))
        return;
    for (size_t at = SETTLE; at + BLOCK <= l->n; at += BLOCK) {
        run = level_db(l->pcm + at, BLOCK) < QUIET_DB ? run + BLOCK : 0;
        most = run > most ? run : most;
    }
    for (size_t i = 1; i < t->n; i++) {
        int64_t us = t->packet[i].at_us - t->packet[i - 1].at_us;
        pause_us = us > pause_us ? us : pause_us;
    }
    pl_stats_add(&j->result->silence_us,
                 (int64_t)most * US_A_SECOND / PL_PILOT_RATE);
    pl_stats_add(&j->result->pause_us, pause_us);
}

/* ---- all ---------------------------------------------------------------- */

static void say(pl_load_result *r, const char *what)
{
    if (!r->reason[0])
        pl_fmt_cut(r->reason, sizeof r->reason, "%s", what);
}

static void conclude(const judge *j)
{
    pl_load_result *r = j->result;
    const pl_load_hearing *h = &r->hearing;
    char text[PL_LOAD_REASON];
    uint64_t missing = r->due > r->received ? r->due - r->received : 0;
    missing = missing > r->lost ? missing : r->lost;
    double loss = r->due ? 100 * (double)missing / (double)r->due : 0;
    if (h->silent > 0) {
        pl_fmt_cut(text, sizeof text, "nothing came to %u of %u receiver%s",
                   h->silent, h->receivers, h->receivers == 1 ? "" : "s");
        say(r, text);
    }
    if (h->voices_heard < h->voices_due) {
        pl_fmt_cut(text, sizeof text, "%u of %u %s not heard",
                   h->voices_due - h->voices_heard, h->voices_due,
                   h->voices_due == 1 ? "voice is" : "voices are");
        say(r, text);
    }
    if (h->own_heard > 0) {
        pl_fmt_cut(text, sizeof text, "%u %s", h->own_heard,
                   h->own_heard == 1 ? "talker hears himself"
                                     : "talkers hear themselves");
        say(r, text);
    }
    if (h->strangers > 0) {
        pl_fmt_cut(text, sizeof text, "%u %s of other rooms %s heard",
                   h->strangers, h->strangers == 1 ? "voice" : "voices",
                   h->strangers == 1 ? "is" : "are");
        say(r, text);
    }
    if (loss > j->options->max_loss_percent) {
        pl_fmt_cut(text, sizeof text, "%.2f %% of the packets are missing",
                   loss);
        say(r, text);
    }
    r->is_good = r->reason[0] == '\0';
}

pl_err pl_load_verify(const pl_load_options *options, const pl_load_flow *flow,
                      const pl_load_voices *voices,
                      const pl_load_party *parties, const pl_codec *codec,
                      pl_load_result *ret_result)
{
    judge j = {options, flow, voices, parties, codec, ret_result};
    const pl_load_track *tracks = NULL;
    size_t n = pl_load_flow_tracks(flow, &tracks);
    pl_err e = PL_OK;
    for (size_t i = 0; e == PL_OK && i < n; i++) {
        line l = {.n = 0};
        e = decode_line(&j, &tracks[i], &l);
        if (e == PL_OK) {
            judge_voices(&j, &l);
            measure_delays(&j, &l);
            measure_gaps(&j, &l);
        }
        free_line(&l);
    }
    conclude(&j);
    return e;
}
