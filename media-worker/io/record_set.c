/* record_set.c - recordings, who is in them, and the order of packets. */
#include "io/record_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/media_metrics.h"
#include "core/record_order.h"
#include "io/record_stream.h"
#include "pl/log.h"
#include "pl/str.h"

enum { SEQ_JUMP = 3000 }; /* another numbering, as RFC 3550 section A.1 */
static const int64_t SPACE_US = 1000000;
static const uint64_t MIB = 1U << 20;

/* What one leg says. */
typedef struct stem {
    struct recording *recording;
    pl_mix_id leg;
    pl_record_stream *stream;
    pl_record_order *order;
    bool has_source, is_over;
    uint32_t ssrc, last_xseq;
} stem;

typedef struct recording {
    pl_record_about about;
    bool is_failed;
    pl_record_stream *mix; /* NULL: no packet yet */
    stem **stems;
    size_t n_stems, cap_stems;
} recording;

struct pl_record_set {
    pl_record_set_options o;
    pl_record_desk desk;
    recording **recordings; /* by id index */
    stem **by_leg;          /* by leg index */
    uint32_t n;
    int64_t space_us; /* when free space was looked at */
};

/* ---- life --------------------------------------------------------------- */

static bool has_space(const pl_record_set *s)
{
    struct statvfs v;
    if (fstatvfs(s->o.dir_fd, &v) != 0)
        return false;
    uint64_t mib = (uint64_t)v.f_bavail * v.f_frsize / MIB;
    pl_metrics_set(s->o.metrics, PL_MEDIA_M_recordings_free,
                   (int64_t)(mib * MIB));
    return mib >= s->o.min_free_mib;
}

pl_err pl_record_set_create(const pl_record_set_options *options,
                            pl_record_set **ret_set)
{
    if (options->max_recordings == 0 || options->max_legs == 0)
        return PL_EINVAL;
    pl_record_set *s = calloc(1, sizeof *s);
    if (!s)
        return PL_ENOMEM;
    s->o = *options;
    s->recordings = calloc(options->max_recordings, sizeof(recording *));
    s->by_leg = calloc(options->max_legs, sizeof(stem *));
    pl_err e = s->recordings && s->by_leg ? PL_OK : PL_ENOMEM;
    if (e == PL_OK)
        e = pl_record_desk_init(&s->desk, options);
    if (e != PL_OK) {
        pl_record_set_destroy(&s);
        return e;
    }
    (void)has_space(s); /* to tell how much there is */
    *ret_set = s;
    return PL_OK;
}

static recording *find(const pl_record_set *s, pl_mix_id id)
{
    recording *r =
        id.index < s->o.max_recordings ? s->recordings[id.index] : NULL;
    return r && r->about.task.id.generation == id.generation ? r : NULL;
}

uint32_t pl_record_set_count(const pl_record_set *set)
{
    return set->n;
}

/* ---- what is told ------------------------------------------------------- */

static void tell(pl_record_set *s, const recording *r,
                 pl_record_event_kind kind)
{
    pl_record_event e = {.kind = kind, .id = r->about.task.id};
    s->o.emit(s->o.ctx, &e);
}

/* ---- files end, recordings fail ----------------------------------------- */

static void close_files(pl_record_set *s, recording *r, int64_t now_us)
{
    pl_err e = r->mix ? pl_record_stream_close(r->mix, now_us) : PL_OK;
    for (size_t i = 0; i < r->n_stems; i++) {
        pl_err one = pl_record_stream_close(r->stems[i]->stream, now_us);
        e = e == PL_OK ? one : e;
    }
    if (e != PL_OK && !r->is_failed)
        pl_metrics_add(s->o.metrics, PL_MEDIA_M_recording_errors, 1);
}

static void fail(pl_record_set *s, recording *r, const char *reason,
                 int64_t now_us)
{
    if (r->is_failed)
        return;
    r->is_failed = true;
    pl_metrics_add(s->o.metrics, PL_MEDIA_M_recording_errors, 1);
    close_files(s, r, now_us);
    pl_record_event e = {.kind = PL_RECORD_FAILED, .id = r->about.task.id};
    pl_fmt_cut(e.u.reason, sizeof e.u.reason, "%s", reason);
    PL_LOG(ERROR, "record", "failed",
           PL_KV("room", r->about.task.room_id, "recording",
                 r->about.task.recording_id),
           "%s", reason);
    s->o.emit(s->o.ctx, &e);
}

static const char *advice_for(int why)
{
    static const struct {
        int why;
        const char *advice;
    } table[] = {
        {ENOSPC, "make room there, start again"},
        {EDQUOT, "make room there, start again"},
        {EFBIG, "make room there, start again"},
        {EACCES, "let parley write there, start again"},
        {EPERM, "let parley write there, start again"},
        {EROFS, "let parley write there, start again"},
        {EEXIST, "this recording or part was written before, start another"},
        {EMFILE, "allow the media worker more open files, start again"},
        {ENFILE, "allow this machine more open files, start again"},
        {ENOMEM, "give the media worker more memory, start again"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].why == why)
            return table[i].advice;
    }
    return "look at the disk and at the system's log, start again";
}

/* As errno says. */
static void fail_io(pl_record_set *s, recording *r, int64_t now_us)
{
    int why = errno;
    char text[PL_ERRNO_TEXT];
    char reason[PL_RECORD_REASON];
    pl_fmt_cut(reason, sizeof reason, "recordings_dir: %s; %s",
               pl_errno_text(why, text), advice_for(why));
    fail(s, r, reason, now_us);
}

static void free_stem(pl_record_set *s, stem *st)
{
    if (s->by_leg[st->leg.index] == st)
        s->by_leg[st->leg.index] = NULL;
    pl_record_stream_destroy(&st->stream);
    pl_record_order_destroy(&st->order);
    free(st);
}

static void free_recording(pl_record_set *s, recording *r)
{
    pl_record_stream_destroy(&r->mix);
    for (size_t i = 0; i < r->n_stems; i++)
        free_stem(s, r->stems[i]);
    free(r->stems);
    if (r->about.dir_fd >= 0)
        (void)close(r->about.dir_fd);
    s->recordings[r->about.task.id.index] = NULL;
    s->n--;
    free(r);
}

/* ---- packets ------------------------------------------------------------ */

/* heard_us: the time up to which packets have come; what they waited for in the
 * ring does not count. */
static void take_ready(pl_record_set *s, stem *st, int64_t heard_us,
                       int64_t now_us)
{
    pl_record_head h;
    const uint8_t *data = NULL;
    while (pl_record_order_take(st->order, heard_us, &h, &data)) {
        if (st->recording->is_failed || st->is_over)
            continue;
        if (pl_record_stream_put(st->stream, &h, data, now_us) != PL_OK)
            fail_io(s, st->recording, now_us);
    }
}

static bool reserve_stem(recording *r)
{
    if (r->n_stems < r->cap_stems)
        return true;
    size_t cap = r->cap_stems ? r->cap_stems * 2 : 8;
    stem **stems = realloc(r->stems, cap * sizeof(stem *));
    if (!stems)
        return false;
    r->stems = stems;
    r->cap_stems = cap;
    return true;
}

static stem *add_stem(pl_record_set *s, recording *r, pl_mix_id leg,
                      const char *name)
{
    stem *st = reserve_stem(r) ? calloc(1, sizeof *st) : NULL;
    if (!st)
        return NULL;
    st->recording = r;
    st->leg = leg;
    st->stream = pl_record_stream_create(&s->desk, &r->about, name);
    if (!st->stream || pl_record_order_create(&st->order) != PL_OK) {
        free_stem(s, st);
        return NULL;
    }
    r->stems[r->n_stems++] = st;
    s->by_leg[leg.index] = st;
    return st;
}

/* The leg's stem, made at its first packet; NULL: none can be had. */
static stem *stem_of(pl_record_set *s, recording *r, pl_mix_id leg,
                     int64_t now_us)
{
    if (leg.index >= s->o.max_legs)
        return NULL;
    stem *st = s->by_leg[leg.index];
    if (st && st->leg.generation == leg.generation && st->recording == r)
        return st;
    if (st) /* its end was not told */
        pl_record_set_leg_gone(s, st->leg, now_us);
    char name[PL_RECORD_ID];
    st = s->o.leg_name(s->o.ctx, leg, name) && pl_record_is_id(name)
             ? add_stem(s, r, leg, name)
             : NULL;
    if (!st)
        pl_metrics_add(s->o.metrics, PL_MEDIA_M_recording_errors, 1);
    return st;
}

static void take_stem(pl_record_set *s, recording *r, const pl_record_head *h,
                      const uint8_t *data, int64_t now_us)
{
    stem *st = stem_of(s, r, h->leg, now_us);
    if (!st)
        return;
    int32_t jump = (int32_t)(h->xseq - st->last_xseq);
    if (st->has_source &&
        (h->ssrc != st->ssrc || jump > SEQ_JUMP || jump < -SEQ_JUMP)) {
        pl_record_order_flush(st->order);
        take_ready(s, st, h->at_us, now_us);
        pl_record_stream_rebase(st->stream);
    }
    st->has_source = true;
    st->ssrc = h->ssrc;
    st->last_xseq = h->xseq;
    (void)pl_record_order_put(st->order, h, data);
    take_ready(s, st, h->at_us, now_us);
}

static void take_mix(pl_record_set *s, recording *r, const pl_record_head *h,
                     const uint8_t *data, int64_t now_us)
{
    pl_record_head own = *h;
    /* The tick's deadlines are as good as timestamps. */
    own.ts = (uint32_t)(uint64_t)(h->at_us * 48 / 1000);
    if (!r->mix)
        r->mix = pl_record_stream_create(&s->desk, &r->about, NULL);
    if (!r->mix) {
        errno = ENOMEM;
        fail_io(s, r, now_us);
    } else if (pl_record_stream_put(r->mix, &own, data, now_us) != PL_OK) {
        fail_io(s, r, now_us);
    }
}

void pl_record_set_take(pl_record_set *set, const pl_record_head *head,
                        const uint8_t *data, int64_t now_us)
{
    recording *r = find(set, head->recording);
    if (!r || r->is_failed || head->codec >= PL_AUDIO_COUNT || head->len == 0)
        return;
    if (head->kind == PL_RECORD_STEM) {
        take_stem(set, r, head, data, now_us);
    } else if (head->kind == PL_RECORD_MIX) {
        take_mix(set, r, head, data, now_us);
    }
}

static void finish_stem(pl_record_set *s, stem *st, int64_t now_us)
{
    pl_record_order_flush(st->order);
    take_ready(s, st, now_us, now_us);
    st->is_over = true;
}

void pl_record_set_leg_gone(pl_record_set *set, pl_mix_id leg, int64_t now_us)
{
    if (leg.index >= set->o.max_legs)
        return;
    stem *st = set->by_leg[leg.index];
    if (!st || st->leg.generation != leg.generation)
        return;
    recording *r = st->recording;
    set->by_leg[leg.index] = NULL;
    finish_stem(set, st, now_us);
    if (!r->is_failed && pl_record_stream_close(st->stream, now_us) != PL_OK)
        fail_io(set, r, now_us);
    size_t i = 0;
    while (r->stems[i] != st)
        i++;
    r->stems[i] = r->stems[--r->n_stems];
    free_stem(set, st);
}

/* ---- recordings --------------------------------------------------------- */

static void fail_space(pl_record_set *s, recording *r, int64_t now_us)
{
    char reason[PL_RECORD_REASON];
    pl_fmt_cut(reason, sizeof reason,
               "recordings_dir has less than %u MiB free "
               "(recordings_min_free_mib); make room there, start again",
               s->o.min_free_mib);
    fail(s, r, reason, now_us);
}

void pl_record_set_begin(pl_record_set *set, const pl_record_task *task,
                         int64_t now_us, int64_t wall_offset_us)
{
    recording *r = task->id.index < set->o.max_recordings &&
                           !set->recordings[task->id.index]
                       ? calloc(1, sizeof *r)
                       : NULL;
    if (!r) {
        pl_record_event e = {.kind = PL_RECORD_FAILED, .id = task->id};
        pl_fmt_cut(e.u.reason, sizeof e.u.reason, "out of memory");
        set->o.emit(set->o.ctx, &e);
        return;
    }
    r->about.task = *task;
    r->about.dir_fd = -1;
    r->about.begun_us = now_us;
    r->about.wall_offset_us = wall_offset_us;
    if (set->desk.serial == 0) /* other workers' parts may be joined to ours */
        set->desk.serial = (uint32_t)((now_us + wall_offset_us) / 1000) | 1U;
    set->recordings[task->id.index] = r;
    set->n++;
    if (!has_space(set)) {
        fail_space(set, r, now_us);
    } else if (pl_record_folder(set->o.dir_fd, task->recording_id,
                                &r->about.dir_fd) != PL_OK) {
        fail_io(set, r, now_us);
    } else {
        tell(set, r, PL_RECORD_OPENED);
    }
}

void pl_record_set_end(pl_record_set *set, pl_mix_id id, int64_t now_us)
{
    recording *r = find(set, id);
    if (!r)
        return;
    for (size_t i = 0; i < r->n_stems; i++)
        finish_stem(set, r->stems[i], now_us);
    close_files(set, r, now_us);
    tell(set, r, PL_RECORD_CLOSED);
    free_recording(set, r);
}

void pl_record_set_destroy(pl_record_set **set)
{
    if (!set || !*set)
        return;
    pl_record_set *s = *set;
    for (uint32_t i = 0; s->recordings && i < s->o.max_recordings; i++) {
        if (s->recordings[i])
            pl_record_set_end(s, s->recordings[i]->about.task.id, 0);
    }
    free(s->recordings);
    free(s->by_leg);
    free(s);
    *set = NULL;
}

/* ---- what time brings --------------------------------------------------- */

static pl_err look_after(pl_record_set *s, const recording *r, int64_t now_us)
{
    pl_err e = r->mix ? pl_record_stream_grow(r->mix, now_us) : PL_OK;
    for (size_t i = 0; e == PL_OK && i < r->n_stems; i++) {
        take_ready(s, r->stems[i], now_us, now_us);
        e = pl_record_stream_grow(r->stems[i]->stream, now_us);
    }
    return e;
}

void pl_record_set_due(pl_record_set *set, int64_t now_us)
{
    bool is_full = false;
    if (now_us - set->space_us >= SPACE_US) {
        set->space_us = now_us;
        is_full = !has_space(set);
    }
    for (uint32_t i = 0; set->n > 0 && i < set->o.max_recordings; i++) {
        recording *r = set->recordings[i];
        if (!r || r->is_failed)
            continue;
        if (is_full) {
            fail_space(set, r, now_us);
        } else if (look_after(set, r, now_us) != PL_OK) {
            fail_io(set, r, now_us);
        }
    }
}

/* The one that has waited longest of those whose turn it is: a slow disk serves
 * all alike. */
typedef struct chosen {
    recording *recording;
    pl_record_stream *stream;
    int64_t since_us;
} chosen;

static void consider(recording *r, pl_record_stream *st, int64_t now_us,
                     chosen *c)
{
    int64_t since_us = pl_record_stream_unsynced_us(st, now_us);
    if (since_us < c->since_us)
        *c = (chosen){r, st, since_us};
}

bool pl_record_set_sync_one(pl_record_set *set, int64_t now_us)
{
    chosen c = {.since_us = now_us};
    for (uint32_t i = 0; set->n > 0 && i < set->o.max_recordings; i++) {
        recording *r = set->recordings[i];
        if (!r || r->is_failed)
            continue;
        if (r->mix)
            consider(r, r->mix, now_us, &c);
        for (size_t k = 0; k < r->n_stems; k++)
            consider(r, r->stems[k]->stream, now_us, &c);
    }
    if (!c.stream)
        return false;
    if (pl_record_stream_sync(c.stream, now_us) != PL_OK)
        fail_io(set, c.recording, now_us);
    return true;
}
