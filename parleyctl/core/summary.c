/* summary.c - see summary.h. */
#include "summary.h"

#include <inttypes.h>
#include <string.h>

#include "pl/str.h"
#include "table.h"

enum { BUSY_PERMILLE = 900 };

/* ---- counting ---- */

static bool is_text(const pl_json *row, const char *member, const char *text)
{
    pl_slice value = {NULL, 0};
    return pl_json_get_str(row, member, &value) == PL_OK &&
           pl_slice_eq_str(value, text);
}

static uint64_t number_of(const pl_json *row, const char *member)
{
    int64_t n = 0;
    return pl_json_get_i64(row, member, &n) == PL_OK && n > 0 ? (uint64_t)n : 0;
}

static void take_worker(pl_ctl_summary *s, const pl_json *row)
{
    pl_ctl_kind *k = is_text(row, "role", "media-worker")       ? &s->media
                     : is_text(row, "role", "signaling-worker") ? &s->signaling
                                                                : &s->api;
    if (!is_text(row, "state", "up")) {
        k->n_down++;
    } else if (is_text(row, "life", "ready")) {
        uint64_t load = number_of(row, "load_permille");
        k->n_ready++;
        k->held += number_of(row, "held");
        k->capacity += number_of(row, "capacity");
        if (load > k->load_permille)
            k->load_permille = load > UINT32_MAX ? UINT32_MAX : (uint32_t)load;
    } else if (is_text(row, "life", "draining")) {
        k->n_draining++;
    } else {
        k->n_other++;
    }
}

static void take_conference(pl_ctl_summary *s, const pl_json *row)
{
    s->n_conferences++;
    s->n_people += number_of(row, "participants");
    s->n_waiting += number_of(row, "waiting");
    s->n_ringing += number_of(row, "ringing");
}

static void take_call(pl_ctl_summary *s, const pl_json *row)
{
    (void)row;
    s->n_calls++;
}

static void take_pool(pl_ctl_summary *s, const pl_json *row)
{
    s->n_pool_free += is_text(row, "state", "free");
    s->n_pool_used +=
        is_text(row, "state", "in-use") || is_text(row, "state", "reserved");
}

static void take_registration(pl_ctl_summary *s, const pl_json *row)
{
    s->n_devices += is_text(row, "state", "registered");
}

static void take_recording(pl_ctl_summary *s, const pl_json *row)
{
    s->n_recording +=
        is_text(row, "state", "recording") || is_text(row, "state", "starting");
}

static const struct taker {
    pl_ctl_verb verb;
    void (*take)(pl_ctl_summary *summary, const pl_json *row);
} TAKERS[] = {{PL_CTL_WORKERS, take_worker},
              {PL_CTL_CONFERENCES, take_conference},
              {PL_CTL_CALLS, take_call},
              {PL_CTL_POOL, take_pool},
              {PL_CTL_REGISTRATIONS, take_registration},
              {PL_CTL_RECORDINGS, take_recording}};

void pl_ctl_summary_take(pl_ctl_summary *summary, pl_ctl_verb verb,
                         const pl_ctl_rows *rows)
{
    for (size_t i = 0; i < sizeof TAKERS / sizeof TAKERS[0]; i++) {
        for (size_t k = 0;
             TAKERS[i].verb == verb && k < pl_ctl_rows_count(rows); k++)
            TAKERS[i].take(summary, pl_ctl_rows_at(rows, k));
    }
}

/* ---- judging ---- */

/* Where the next one is written; the last place when there are too many. */
static char *next_fault(pl_ctl_summary *s)
{
    if (s->n_faults < PL_CTL_FAULTS_MAX)
        s->n_faults++;
    return s->faults[s->n_faults - 1];
}

#define FAULT(s, ...) pl_fmt_cut(next_fault(s), PL_CTL_FAULT_TEXT, __VA_ARGS__)

static void judge_kind(pl_ctl_summary *s, const pl_ctl_kind *k,
                       const char *name, const char *program)
{
    if (k->n_ready == 0) {
        FAULT(s, "no %s is ready: start %s, or see what its log says", name,
              program);
        return;
    }
    if (k->load_permille >= BUSY_PERMILLE) {
        FAULT(s, "a %s has %u %% to do of what it may: add one", name,
              (unsigned)(k->load_permille / 10));
    }
    if (k->capacity > 0 && k->held >= k->capacity)
        FAULT(s, "every %s is full: add one, or raise its limit", name);
}

void pl_ctl_summary_judge(pl_ctl_summary *summary)
{
    if (!summary->is_reachable) {
        FAULT(summary,
              "roompool does not answer at %s: start it, or name its endpoint "
              "by --bus",
              summary->endpoint);
        return;
    }
    judge_kind(summary, &summary->media, "media worker", "parley-media");
    judge_kind(summary, &summary->signaling, "signaling worker",
               "parley-signaling");
    judge_kind(summary, &summary->api, "front end", "parley-api");
}

/* ---- telling ---- */

static pl_err add_kind(pl_ctl_table *t, const char *name, const pl_ctl_kind *k)
{
    char texts[5][24];
    pl_fmt_cut(texts[0], sizeof texts[0], "%u", k->n_ready);
    pl_fmt_cut(texts[1], sizeof texts[1], "%u", k->n_draining);
    pl_fmt_cut(texts[2], sizeof texts[2], "%u", k->n_down + k->n_other);
    pl_fmt_cut(texts[3], sizeof texts[3], "%u%%",
               (unsigned)((k->load_permille + 5) / 10));
    pl_fmt_cut(texts[4], sizeof texts[4], "%" PRIu64, k->held);
    pl_err e = pl_ctl_table_add(t, pl_slice_str(name));
    for (size_t i = 0; !e && i < sizeof texts / sizeof texts[0]; i++)
        e = pl_ctl_table_add(t, pl_slice_str(texts[i]));
    return e;
}

static pl_err write_kinds(const pl_ctl_summary *s, pl_buf *out)
{
    static const pl_ctl_column columns[] = {
        {"WORKERS", false}, {"READY", true}, {"DRAINING", true},
        {"AWAY", true},     {"LOAD", true},  {"HOLDS", true}};
    pl_ctl_table *t = NULL;
    pl_err e =
        pl_ctl_table_create(columns, sizeof columns / sizeof columns[0], &t);
    if (!e)
        e = add_kind(t, "media workers", &s->media);
    if (!e)
        e = add_kind(t, "signaling workers", &s->signaling);
    if (!e)
        e = add_kind(t, "front ends", &s->api);
    if (!e)
        pl_ctl_table_write(t, 0, out);
    pl_ctl_table_destroy(&t);
    return e;
}

pl_err pl_ctl_summary_text(const pl_ctl_summary *summary, pl_buf *out)
{
    const pl_ctl_summary *s = summary;
    pl_err e = PL_OK;
    pl_buf_add_fmt(out, "roompool at %s %s\n", s->endpoint,
                   s->is_reachable ? "answers" : "does not answer");
    if (s->is_reachable) {
        pl_buf_add_str(out, "\n");
        e = write_kinds(s, out);
        pl_buf_add_fmt(out,
                       "\nconferences %" PRIu64 ", people %" PRIu64
                       " (waiting %" PRIu64 ", ringing %" PRIu64
                       "), calls of telephones %" PRIu64 "\nrecordings that "
                       "run %" PRIu64 ", devices %" PRIu64 ", managed rooms "
                       "free %" PRIu64 ", in use %" PRIu64 "%s\n",
                       s->n_conferences, s->n_people, s->n_waiting,
                       s->n_ringing, s->n_calls, s->n_recording, s->n_devices,
                       s->n_pool_free, s->n_pool_used,
                       s->has_more ? "\n(of the first rows; there are more)"
                                   : "");
    }
    pl_buf_add_str(out, s->n_faults == 0 ? "\nall is well\n" : "\n");
    for (size_t i = 0; i < s->n_faults; i++)
        pl_buf_add_fmt(out, "not well: %s\n", s->faults[i]);
    return !e && out->has_failed ? PL_ENOMEM : e;
}

static void json_kind(pl_jw *w, const char *name, const pl_ctl_kind *k)
{
    pl_jw_open(w, name, '{');
    pl_jw_int(w, "ready", k->n_ready);
    pl_jw_int(w, "draining", k->n_draining);
    pl_jw_int(w, "away", (int64_t)k->n_down + k->n_other);
    pl_jw_int(w, "load_permille", k->load_permille);
    pl_jw_int(w, "held", (int64_t)k->held);
    pl_jw_int(w, "capacity", (int64_t)k->capacity);
    pl_jw_close(w, '}');
}

void pl_ctl_summary_json(const pl_ctl_summary *summary, pl_buf *out)
{
    const pl_ctl_summary *s = summary;
    const struct {
        const char *name;
        uint64_t n;
    } counts[] = {{"conferences", s->n_conferences},
                  {"people", s->n_people},
                  {"waiting", s->n_waiting},
                  {"ringing", s->n_ringing},
                  {"calls", s->n_calls},
                  {"recordings", s->n_recording},
                  {"devices", s->n_devices},
                  {"pool_free", s->n_pool_free},
                  {"pool_used", s->n_pool_used}};
    pl_jw w = {.out = out};
    pl_jw_open(&w, NULL, '{');
    pl_jw_bool(&w, "is_well", s->n_faults == 0);
    pl_jw_bool(&w, "is_reachable", s->is_reachable);
    pl_jw_str(&w, "endpoint", s->endpoint);
    json_kind(&w, "media_workers", &s->media);
    json_kind(&w, "signaling_workers", &s->signaling);
    json_kind(&w, "front_ends", &s->api);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        pl_jw_int(&w, counts[i].name, (int64_t)counts[i].n);
    pl_jw_bool(&w, "more", s->has_more);
    pl_jw_open(&w, "faults", '[');
    for (size_t i = 0; i < s->n_faults; i++)
        pl_jw_str(&w, NULL, s->faults[i]);
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
    pl_buf_add_str(out, "\n");
}
