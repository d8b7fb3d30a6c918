/* record_set.c - recordings, streams, and the order of files. */
#include "io/record_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/media_metrics.h"
#include "core/record_line.h"
#include "core/record_order.h"
#include "io/au_file.h"
#include "io/ogg_file.h"
#include "pl/log.h"
#include "pl/str.h"

enum {
    FILES_PER_STREAM = 100, /* then a stream that stutters is given up */
    SEQ_JUMP = 3000,        /* another numbering, as RFC 3550 section A.1 */
    SILENCE_FRAMES = 10     /* until G.722's steps are small */
};
static const int64_t FLUSH_US = 500000;
static const int64_t SYNC_US = 4000000;
static const int64_t GROWN_US = 5000000;
static const int64_t SPACE_US = 1000000;
static const uint64_t MIB = 1U << 20;
static const uint64_t GAP_S = 600; /* a longer one begins another file */

/* What the room hears, or what one leg says: a row of files. */
typedef struct stream {
    struct recording *recording;
    bool is_stem, is_over;
    pl_mix_id leg;
    char leg_id[PL_RECORD_ID];
    pl_record_order *order; /* stems */
    bool has_source;
    uint32_t ssrc, last_xseq;
    /* the file that grows */
    pl_record_writer *writer;
    pl_codec_kind codec;
    pl_record_line line;
    char path[PL_RECORD_PATH];
    uint32_t n_files;
    uint32_t lost_ms, lost_before; /* until now; in earlier files */
    int64_t flushed_us, synced_us, told_us;
} stream;

typedef struct recording {
    pl_record_task task;
    bool is_failed;
    int dir_fd;
    int64_t begun_us, wall_offset_us;
    stream *mix;
    stream **stems;
    size_t n_stems, cap_stems;
} recording;

struct pl_record_set {
    pl_record_set_options o;
    recording **recordings; /* by id index */
    stream **by_leg;        /* by leg index */
    uint32_t n;
    int64_t n_files; /* open */
    uint32_t serial;
    int64_t space_us; /* when free space was looked at */
    uint8_t silence[PL_AUDIO_COUNT][PL_CODEC_MAX_ENCODED];
    size_t silence_len[PL_AUDIO_COUNT];
};

/* ---- life --------------------------------------------------------------- */

/* What an encoder says when there is nothing to hear. */
static pl_err make_silence(pl_record_set *s, pl_codec_kind kind)
{
    static const float pcm[PL_CODEC_FRAME];
    const pl_codec *codec = s->o.codecs->codec[kind];
    pl_encoder *encoder = NULL;
    if (!codec || kind == PL_AUDIO_OPUS)
        return PL_OK;
    pl_err e = codec->encoder_create(&(pl_encoder_options){0}, &encoder);
    if (e != PL_OK)
        return e;
    for (size_t i = 0; i < SILENCE_FRAMES; i++)
        s->silence_len[kind] = codec->encode(encoder, pcm, s->silence[kind]);
    codec->encoder_destroy(&encoder);
    return s->silence_len[kind] > 0 ? PL_OK : PL_EINTERNAL;
}

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
    s->by_leg = calloc(options->max_legs, sizeof(stream *));
    pl_err e = s->recordings && s->by_leg ? PL_OK : PL_ENOMEM;
    for (unsigned c = 0; e == PL_OK && c < PL_AUDIO_COUNT; c++)
        e = make_silence(s, (pl_codec_kind)c);
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
    return r && r->task.id.generation == id.generation ? r : NULL;
}

uint32_t pl_record_set_count(const pl_record_set *set)
{
    return set->n;
}

/* ---- what is told ------------------------------------------------------- */

static void tell(pl_record_set *s, const recording *r,
                 pl_record_event_kind kind)
{
    pl_record_event e = {.kind = kind, .id = r->task.id};
    s->o.emit(s->o.ctx, &e);
}

static uint64_t duration_ms(const stream *st)
{
    int64_t units = st->line.end;
    if (st->codec == PL_AUDIO_OPUS) {
        units = units > PL_OGG_PRE_SKIP ? units - PL_OGG_PRE_SKIP : 0;
    }
    return (uint64_t)(units * 1000 / st->line.clock_hz);
}

/* Wall time of what a player plays first. */
static int64_t started_ms(const stream *st)
{
    int64_t us = st->line.origin_us + st->recording->wall_offset_us;
    if (st->codec == PL_AUDIO_OPUS)
        us += (PL_OGG_PRE_SKIP - PL_OGG_LOOKAHEAD) * 1000000LL / 48000;
    return us / 1000;
}

static void tell_file(pl_record_set *s, stream *st, uint64_t bytes,
                      bool is_closed, int64_t now_us)
{
    pl_record_event e = {.kind = PL_RECORD_FILE,
                         .id = st->recording->task.id,
                         .u.file = {.kind = st->is_stem ? PL_RECORDING_KIND_STEM
                                                        : PL_RECORDING_KIND_MIX,
                                    .codec = st->codec,
                                    .started_ms = started_ms(st),
                                    .duration_ms = duration_ms(st),
                                    .bytes = bytes,
                                    .lost_ms = st->lost_ms - st->lost_before,
                                    .is_closed = is_closed}};
    memcpy(e.u.file.path, st->path, sizeof st->path);
    memcpy(e.u.file.leg_id, st->leg_id, sizeof st->leg_id);
    st->told_us = now_us;
    s->o.emit(s->o.ctx, &e);
}

/* ---- files end, recordings fail ----------------------------------------- */

static void count_files(pl_record_set *s, int n)
{
    s->n_files += n;
    pl_metrics_set(s->o.metrics, PL_MEDIA_M_recording_files, s->n_files);
}

static pl_err close_file(pl_record_set *s, stream *st, int64_t now_us)
{
    if (!st->writer)
        return PL_OK;
    uint64_t before = st->writer->file.bytes;
    uint64_t bytes = before;
    pl_err e = st->writer->ops->close(&st->writer, &bytes);
    pl_metrics_add(s->o.metrics, PL_MEDIA_M_recording_bytes, bytes - before);
    tell_file(s, st, bytes, true, now_us);
    count_files(s, -1);
    st->lost_before = st->lost_ms;
    return e;
}

static void close_files(pl_record_set *s, recording *r, int64_t now_us)
{
    pl_err e = r->mix ? close_file(s, r->mix, now_us) : PL_OK;
    for (size_t i = 0; i < r->n_stems; i++) {
        pl_err one = close_file(s, r->stems[i], now_us);
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
    pl_record_event e = {.kind = PL_RECORD_FAILED, .id = r->task.id};
    pl_fmt_cut(e.u.reason, sizeof e.u.reason, "%s", reason);
    PL_LOG(ERROR, "record", "failed",
           PL_KV("room", r->task.room_id, "recording", r->task.recording_id),
           "%s", reason);
    s->o.emit(s->o.ctx, &e);
}

/* As errno says. */
static void fail_io(pl_record_set *s, recording *r, int64_t now_us)
{
    int why = errno;
    char text[PL_ERRNO_TEXT];
    char reason[PL_RECORD_REASON];
    const char *advice = "make room there, start again";
    if (why == EACCES || why == EPERM || why == EROFS) {
        advice = "let parley write there, start again";
    } else if (why == EEXIST) {
        advice = "this recording or part was written before, start another";
    }
    pl_fmt_cut(reason, sizeof reason, "recordings_dir: %s; %s",
               pl_errno_text(why, text), advice);
    fail(s, r, reason, now_us);
}

static void free_stream(pl_record_set *s, stream *st)
{
    if (st->is_stem && s->by_leg[st->leg.index] == st)
        s->by_leg[st->leg.index] = NULL;
    pl_record_order_destroy(&st->order);
    free(st);
}

static void free_recording(pl_record_set *s, recording *r)
{
    if (r->mix)
        free_stream(s, r->mix);
    for (size_t i = 0; i < r->n_stems; i++)
        free_stream(s, r->stems[i]);
    free(r->stems);
    if (r->dir_fd >= 0)
        (void)close(r->dir_fd);
    s->recordings[r->task.id.index] = NULL;
    s->n--;
    free(r);
}

/* ---- a file begins ------------------------------------------------------ */

static const char *const EXTENSION[PL_AUDIO_COUNT] = {[PL_AUDIO_OPUS] = "opus",
                                                      [PL_AUDIO_PCMU] = "au",
                                                      [PL_AUDIO_PCMA] = "au",
                                                      [PL_AUDIO_G722] = "au"};

/* "3-mix.opus", "3-<leg>.au"; later ones of the same stream "3-mix-2.opus". */
static void name_file(const stream *st, pl_codec_kind codec, uint32_t number,
                      char name[PL_RECORD_NAME])
{
    char count[16] = "";
    if (number > 1)
        pl_fmt_cut(count, sizeof count, "-%u", number);
    pl_fmt_cut(name, PL_RECORD_NAME, "%u-%s%s.%s", st->recording->task.part,
               st->is_stem ? st->leg_id : "mix", count, EXTENSION[codec]);
}

static void make_tags(const stream *st, int64_t at_us, pl_record_tags *tags)
{
    const recording *r = st->recording;
    char date[PL_TIME_TEXT];
    pl_time_text(started_ms(st), date);
    tags->n = 7;
    pl_fmt_cut(tags->tag[0], PL_RECORD_TAG, "TITLE=%s %s",
               st->is_stem ? "One voice of recording" : "Recording",
               r->task.recording_id);
    pl_fmt_cut(tags->tag[1], PL_RECORD_TAG, "DATE=%s", date);
    pl_fmt_cut(tags->tag[2], PL_RECORD_TAG, "CONFERENCE=%s", r->task.room_id);
    pl_fmt_cut(tags->tag[3], PL_RECORD_TAG, "RECORDING=%s",
               r->task.recording_id);
    pl_fmt_cut(tags->tag[4], PL_RECORD_TAG, "PART=%u", r->task.part);
    pl_fmt_cut(tags->tag[5], PL_RECORD_TAG, "OFFSET_MS=%lld",
               (long long)((at_us - r->begun_us) / 1000));
    pl_fmt_cut(tags->tag[6], PL_RECORD_TAG, "LEG=%s", st->leg_id);
    if (!st->is_stem)
        tags->n = 6;
}

static pl_err open_format(pl_record_set *s, stream *st, uint8_t toc,
                          const pl_record_file *file)
{
    enum { TOC_STEREO = 4 }; /* RFC 6716 section 3.1 */
    pl_record_tags tags;
    make_tags(st, st->line.origin_us, &tags);
    if (st->codec != PL_AUDIO_OPUS) {
        return pl_au_file_open(file, st->codec, s->silence[st->codec],
                               s->silence_len[st->codec], &tags, &st->writer);
    }
    uint8_t channels = (toc & TOC_STEREO) ? 2 : 1;
    if (!st->is_stem && st->recording->task.channels == 2)
        channels = 2;
    return pl_ogg_file_open(file, channels, s->serial++, &tags, &st->writer);
}

/* The stream's next name that is free. A leg may come again under its id; that
 * the mix is there means that this part was written before. */
static pl_err create_file(stream *st, pl_codec_kind codec,
                          char name[PL_RECORD_NAME], pl_record_file *ret_file)
{
    pl_err e = PL_EEXIST;
    while (e == PL_EEXIST && st->n_files < FILES_PER_STREAM) {
        st->n_files++;
        name_file(st, codec, st->n_files, name);
        e = pl_record_file_create(st->recording->dir_fd, name, ret_file);
        if (!st->is_stem)
            break;
    }
    return e;
}

/* Begin the stream's next file with a piece that came at at_us. */
static pl_err begin_file(pl_record_set *s, stream *st, pl_codec_kind codec,
                         int64_t at_us, uint8_t toc, int64_t now_us)
{
    char name[PL_RECORD_NAME];
    pl_record_file file;
    pl_err e = create_file(st, codec, name, &file);
    if (e != PL_OK)
        return e;
    st->codec = codec;
    pl_record_line_start(
        &st->line,
        codec == PL_AUDIO_OPUS ? 48000 : s->o.codecs->codec[codec]->clock_hz,
        at_us);
    e = open_format(s, st, toc, &file);
    if (e != PL_OK)
        return e;
    pl_fmt_cut(st->path, sizeof st->path, "%s/%s",
               st->recording->task.recording_id, name);
    st->flushed_us = st->synced_us = now_us;
    pl_metrics_add(s->o.metrics, PL_MEDIA_M_recording_bytes,
                   st->writer->file.bytes);
    count_files(s, 1);
    tell_file(s, st, st->writer->file.bytes, false, now_us);
    return PL_OK;
}

/* ---- pieces ------------------------------------------------------------- */

/* Length of a payload in the units of its file; 0: it is none. */
static uint32_t units_of(const pl_record_set *s, const pl_record_head *h,
                         const uint8_t *data)
{
    const pl_codec *codec = s->o.codecs->codec[h->codec];
    if (!codec || (codec->is_whole && !codec->is_whole(data, h->len)))
        return 0;
    size_t samples = codec->duration(data, h->len);
    if (h->codec == PL_AUDIO_OPUS)
        return (uint32_t)samples;
    return samples > 0 ? h->len : 0;
}

static pl_err append(pl_record_set *s, stream *st, const pl_record_place *place,
                     const uint8_t *data, const pl_record_head *h,
                     uint32_t units)
{
    uint64_t before = st->writer->file.bytes;
    uint64_t filled = 0;
    pl_err e = PL_OK;
    if (place->gap > 0)
        e = st->writer->ops->gap(st->writer, place->gap, &filled);
    if (e == PL_OK)
        e = st->writer->ops->put(st->writer, data, h->len, units);
    if (e == PL_OK)
        pl_record_line_wrote(&st->line, filled + units);
    pl_metrics_add(s->o.metrics, PL_MEDIA_M_recording_bytes,
                   st->writer->file.bytes - before);
    return e;
}

/* Write a piece where it belongs. */
static pl_err place_piece(pl_record_set *s, stream *st, const pl_record_head *h,
                          const uint8_t *data, int64_t now_us)
{
    uint32_t units = units_of(s, h, data);
    if (units == 0)
        return PL_OK;
    pl_codec_kind codec = (pl_codec_kind)h->codec;
    pl_record_place place = {.gap = 0};
    bool is_other = st->writer && st->codec != codec;
    if (st->writer && !is_other) {
        place = pl_record_line_put(&st->line, h->ts, h->at_us, units);
        is_other = place.gap / st->line.clock_hz >= GAP_S;
    }
    if (place.is_late)
        return PL_OK;
    pl_err e = is_other ? close_file(s, st, now_us) : PL_OK;
    if (e != PL_OK)
        return e;
    st->lost_ms = h->lost_ms;
    if (!st->writer) {
        if (st->n_files >= FILES_PER_STREAM)
            return PL_OK;
        e = begin_file(s, st, codec, h->at_us, data[0], now_us);
        if (e != PL_OK)
            return e;
        place = pl_record_line_put(&st->line, h->ts, h->at_us, units);
    }
    return append(s, st, &place, data, h, units);
}

/* ---- streams ------------------------------------------------------------ */

/* heard_us: the time up to which packets have come; what they waited for in the
 * ring does not count. */
static void take_ready(pl_record_set *s, stream *st, int64_t heard_us,
                       int64_t now_us)
{
    pl_record_head h;
    const uint8_t *data = NULL;
    while (pl_record_order_take(st->order, heard_us, &h, &data)) {
        if (st->recording->is_failed || st->is_over)
            continue;
        if (place_piece(s, st, &h, data, now_us) != PL_OK)
            fail_io(s, st->recording, now_us);
    }
}

static stream *add_stream(recording *r, bool is_stem)
{
    stream *st = calloc(1, sizeof *st);
    if (!st)
        return NULL;
    st->recording = r;
    st->is_stem = is_stem;
    if (is_stem && pl_record_order_create(&st->order) != PL_OK) {
        free(st);
        return NULL;
    }
    return st;
}

static bool reserve_stem(recording *r)
{
    if (r->n_stems < r->cap_stems)
        return true;
    size_t cap = r->cap_stems ? r->cap_stems * 2 : 8;
    stream **stems = realloc(r->stems, cap * sizeof(stream *));
    if (!stems)
        return false;
    r->stems = stems;
    r->cap_stems = cap;
    return true;
}

/* The leg's stream, made at its first packet; NULL: none can be had. */
static stream *stem_of(pl_record_set *s, recording *r, pl_mix_id leg,
                       int64_t now_us)
{
    if (leg.index >= s->o.max_legs)
        return NULL;
    stream *st = s->by_leg[leg.index];
    if (st && st->leg.generation == leg.generation && st->recording == r)
        return st;
    if (st) /* its end was not told */
        pl_record_set_leg_gone(s, st->leg, now_us);
    char name[PL_RECORD_ID];
    if (!s->o.leg_name(s->o.ctx, leg, name) || !pl_record_is_id(name) ||
        !reserve_stem(r) || !(st = add_stream(r, true))) {
        pl_metrics_add(s->o.metrics, PL_MEDIA_M_recording_errors, 1);
        return NULL;
    }
    st->leg = leg;
    memcpy(st->leg_id, name, sizeof name);
    r->stems[r->n_stems++] = st;
    s->by_leg[leg.index] = st;
    return st;
}

static void take_stem(pl_record_set *s, recording *r, const pl_record_head *h,
                      const uint8_t *data, int64_t now_us)
{
    stream *st = stem_of(s, r, h->leg, now_us);
    if (!st)
        return;
    int32_t jump = (int32_t)(h->xseq - st->last_xseq);
    if (st->has_source &&
        (h->ssrc != st->ssrc || jump > SEQ_JUMP || jump < -SEQ_JUMP)) {
        pl_record_order_flush(st->order);
        take_ready(s, st, h->at_us, now_us);
        pl_record_line_rebase(&st->line);
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
        r->mix = add_stream(r, false);
    if (!r->mix) {
        errno = ENOMEM;
        fail_io(s, r, now_us);
    } else if (place_piece(s, r->mix, &own, data, now_us) != PL_OK) {
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

static void finish_stem(pl_record_set *s, stream *st, int64_t now_us)
{
    pl_record_order_flush(st->order);
    take_ready(s, st, now_us, now_us);
    st->is_over = true;
}

void pl_record_set_leg_gone(pl_record_set *set, pl_mix_id leg, int64_t now_us)
{
    if (leg.index >= set->o.max_legs)
        return;
    stream *st = set->by_leg[leg.index];
    if (!st || st->leg.generation != leg.generation)
        return;
    recording *r = st->recording;
    set->by_leg[leg.index] = NULL;
    finish_stem(set, st, now_us);
    if (!r->is_failed && close_file(set, st, now_us) != PL_OK)
        fail_io(set, r, now_us);
    size_t i = 0;
    while (r->stems[i] != st)
        i++;
    r->stems[i] = r->stems[--r->n_stems];
    free_stream(set, st);
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
    r->task = *task;
    r->dir_fd = -1;
    r->begun_us = now_us;
    r->wall_offset_us = wall_offset_us;
    if (set->serial == 0) /* other workers' parts may be joined to ours */
        set->serial = (uint32_t)((now_us + wall_offset_us) / 1000) | 1U;
    set->recordings[task->id.index] = r;
    set->n++;
    if (!has_space(set)) {
        fail_space(set, r, now_us);
    } else if (pl_record_folder(set->o.dir_fd, task->recording_id,
                                &r->dir_fd) != PL_OK) {
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
            pl_record_set_end(s, s->recordings[i]->task.id, 0);
    }
    free(s->recordings);
    free(s->by_leg);
    free(s);
    *set = NULL;
}

/* ---- what time brings --------------------------------------------------- */

static pl_err look_after(pl_record_set *s, stream *st, int64_t now_us)
{
    if (st->order)
        take_ready(s, st, now_us, now_us);
    if (!st->writer)
        return PL_OK;
    pl_err e = PL_OK;
    if (now_us - st->flushed_us >= FLUSH_US) {
        uint64_t before = st->writer->file.bytes;
        st->flushed_us = now_us;
        e = st->writer->ops->flush(st->writer);
        pl_metrics_add(s->o.metrics, PL_MEDIA_M_recording_bytes,
                       st->writer->file.bytes - before);
    }
    if (e == PL_OK && now_us - st->told_us >= GROWN_US)
        tell_file(s, st, st->writer->file.bytes, false, now_us);
    return e;
}

static pl_err look_after_all(pl_record_set *s, const recording *r,
                             int64_t now_us)
{
    pl_err e = r->mix ? look_after(s, r->mix, now_us) : PL_OK;
    for (size_t i = 0; e == PL_OK && i < r->n_stems; i++)
        e = look_after(s, r->stems[i], now_us);
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
        } else if (look_after_all(set, r, now_us) != PL_OK) {
            fail_io(set, r, now_us);
        }
    }
}

/* The one that has waited longest of those whose turn it is: a slow disk serves
 * all alike. */
static void choose(stream *st, int64_t now_us, stream **chosen)
{
    if (st && st->writer && now_us - st->synced_us >= SYNC_US &&
        (!*chosen || st->synced_us < (*chosen)->synced_us))
        *chosen = st;
}

bool pl_record_set_sync_one(pl_record_set *set, int64_t now_us)
{
    stream *st = NULL;
    for (uint32_t i = 0; set->n > 0 && i < set->o.max_recordings; i++) {
        const recording *r = set->recordings[i];
        if (!r || r->is_failed)
            continue;
        choose(r->mix, now_us, &st);
        for (size_t k = 0; k < r->n_stems; k++)
            choose(r->stems[k], now_us, &st);
    }
    if (!st)
        return false;
    st->synced_us = now_us;
    if (pl_record_file_sync(&st->writer->file) != PL_OK)
        fail_io(set, st->recording, now_us);
    return true;
}
