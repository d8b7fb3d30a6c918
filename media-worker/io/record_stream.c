/* record_stream.c - names, files, and where in them a piece belongs. */
#include "io/record_stream.h"

#include <stdlib.h>
#include <string.h>

#include "core/media_metrics.h"
#include "core/record_line.h"
#include "io/au_file.h"
#include "io/ogg_file.h"
#include "pl/str.h"

enum {
    FILES_PER_STREAM = 100, /* then a stream that stutters is given up */
    SILENCE_FRAMES = 10     /* until G.722's steps are small */
};
static const int64_t FLUSH_US = 500000;
static const int64_t SYNC_US = 4000000;
static const int64_t GROWN_US = 5000000;
static const uint64_t GAP_S = 600; /* a longer one begins another file */

struct pl_record_stream {
    pl_record_desk *desk;
    const pl_record_about *about;
    bool is_stem;
    char leg_id[PL_RECORD_ID];
    /* the file that grows */
    pl_record_writer *writer;
    pl_codec_kind codec;
    pl_record_line line;
    char path[PL_RECORD_PATH];
    uint32_t n_files;
    uint32_t lost_ms, lost_before; /* until now; in earlier files */
    int64_t flushed_us, synced_us, told_us;
};

/* ---- life --------------------------------------------------------------- */

/* What an encoder says when there is nothing to hear. */
static pl_err make_silence(pl_record_desk *d, pl_codec_kind kind)
{
    static const float pcm[PL_CODEC_FRAME];
    const pl_codec *codec = d->codecs->codec[kind];
    pl_encoder *encoder = NULL;
    if (!codec || kind == PL_AUDIO_OPUS)
        return PL_OK;
    pl_err e = codec->encoder_create(&(pl_encoder_options){0}, &encoder);
    if (e != PL_OK)
        return e;
    for (size_t i = 0; i < SILENCE_FRAMES; i++)
        d->silence_len[kind] = codec->encode(encoder, pcm, d->silence[kind]);
    codec->encoder_destroy(&encoder);
    return d->silence_len[kind] > 0 ? PL_OK : PL_EINTERNAL;
}

pl_err pl_record_desk_init(pl_record_desk *desk,
                           const pl_record_set_options *options)
{
    *desk = (pl_record_desk){.codecs = options->codecs,
                             .metrics = options->metrics,
                             .emit = options->emit,
                             .ctx = options->ctx};
    pl_err e = PL_OK;
    for (unsigned c = 0; e == PL_OK && c < PL_AUDIO_COUNT; c++)
        e = make_silence(desk, (pl_codec_kind)c);
    return e;
}

pl_record_stream *pl_record_stream_create(pl_record_desk *desk,
                                          const pl_record_about *about,
                                          const char *leg_id)
{
    pl_record_stream *st = calloc(1, sizeof *st);
    if (!st)
        return NULL;
    st->desk = desk;
    st->about = about;
    st->is_stem = leg_id != NULL;
    if (leg_id)
        pl_fmt_cut(st->leg_id, sizeof st->leg_id, "%s", leg_id);
    return st;
}

void pl_record_stream_destroy(pl_record_stream **stream)
{
    if (!stream)
        return;
    free(*stream);
    *stream = NULL;
}

/* ---- what is told ------------------------------------------------------- */

static uint64_t duration_ms(const pl_record_stream *st)
{
    int64_t units = st->line.end;
    if (st->codec == PL_AUDIO_OPUS) {
        units = units > PL_OGG_PRE_SKIP ? units - PL_OGG_PRE_SKIP : 0;
    }
    return (uint64_t)(units * 1000 / st->line.clock_hz);
}

/* Wall time of what a player plays first. */
static int64_t started_ms(const pl_record_stream *st)
{
    int64_t us = st->line.origin_us + st->about->wall_offset_us;
    if (st->codec == PL_AUDIO_OPUS)
        us += (PL_OGG_PRE_SKIP - PL_OGG_LOOKAHEAD) * 1000000LL / 48000;
    return us / 1000;
}

static void tell_file(pl_record_stream *st, uint64_t bytes, bool is_closed,
                      int64_t now_us)
{
    pl_record_event e = {.kind = PL_RECORD_FILE,
                         .id = st->about->task.id,
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
    st->desk->emit(st->desk->ctx, &e);
}

/* ---- a file ends -------------------------------------------------------- */

static void count_files(pl_record_desk *d, int n)
{
    d->n_files += n;
    pl_metrics_set(d->metrics, PL_MEDIA_M_recording_files, d->n_files);
}

pl_err pl_record_stream_close(pl_record_stream *st, int64_t now_us)
{
    if (!st->writer)
        return PL_OK;
    uint64_t before = st->writer->file.bytes;
    uint64_t bytes = before;
    pl_err e = st->writer->ops->close(&st->writer, &bytes);
    pl_metrics_add(st->desk->metrics, PL_MEDIA_M_recording_bytes,
                   bytes - before);
    tell_file(st, bytes, true, now_us);
    count_files(st->desk, -1);
    st->lost_before = st->lost_ms;
    return e;
}

/* ---- a file begins ------------------------------------------------------ */

static const char *const EXTENSION[PL_AUDIO_COUNT] = {[PL_AUDIO_OPUS] = "opus",
                                                      [PL_AUDIO_PCMU] = "au",
                                                      [PL_AUDIO_PCMA] = "au",
                                                      [PL_AUDIO_G722] = "au"};

/* "3-mix.opus", "3-<leg>.au"; later ones of the same stream "3-mix-2.opus". */
static void name_file(const pl_record_stream *st, pl_codec_kind codec,
                      uint32_t number, char name[PL_RECORD_NAME])
{
    char count[16] = "";
    if (number > 1)
        pl_fmt_cut(count, sizeof count, "-%u", number);
    pl_fmt_cut(name, PL_RECORD_NAME, "%u-%s%s.%s", st->about->task.part,
               st->is_stem ? st->leg_id : "mix", count, EXTENSION[codec]);
}

static void make_tags(const pl_record_stream *st, int64_t at_us,
                      pl_record_tags *tags)
{
    const pl_record_about *r = st->about;
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

static pl_err open_format(pl_record_stream *st, uint8_t toc,
                          const pl_record_file *file)
{
    enum { TOC_STEREO = 4 }; /* RFC 6716 section 3.1 */
    pl_record_tags tags;
    make_tags(st, st->line.origin_us, &tags);
    if (st->codec != PL_AUDIO_OPUS) {
        return pl_au_file_open(file, st->codec, st->desk->silence[st->codec],
                               st->desk->silence_len[st->codec], &tags,
                               &st->writer);
    }
    uint8_t channels = (toc & TOC_STEREO) ? 2 : 1;
    if (!st->is_stem && st->about->task.channels == 2)
        channels = 2;
    return pl_ogg_file_open(file, channels, st->desk->serial++, &tags,
                            &st->writer);
}

/* The stream's next name that is free. A leg may come again under its id; that
 * the mix is there means that this part was written before. */
static pl_err create_file(pl_record_stream *st, pl_codec_kind codec,
                          char name[PL_RECORD_NAME], pl_record_file *ret_file)
{
    pl_err e = PL_EEXIST;
    while (e == PL_EEXIST && st->n_files < FILES_PER_STREAM) {
        st->n_files++;
        name_file(st, codec, st->n_files, name);
        e = pl_record_file_create(st->about->dir_fd, name, ret_file);
        if (!st->is_stem)
            break;
    }
    return e;
}

/* Begin the stream's next file with a piece that came at at_us. */
static pl_err begin_file(pl_record_stream *st, pl_codec_kind codec,
                         int64_t at_us, uint8_t toc, int64_t now_us)
{
    char name[PL_RECORD_NAME];
    pl_record_file file;
    pl_err e = create_file(st, codec, name, &file);
    if (e != PL_OK)
        return e;
    st->codec = codec;
    pl_record_line_start(&st->line,
                         codec == PL_AUDIO_OPUS
                             ? 48000
                             : st->desk->codecs->codec[codec]->clock_hz,
                         at_us);
    e = open_format(st, toc, &file);
    if (e != PL_OK)
        return e;
    pl_fmt_cut(st->path, sizeof st->path, "%s/%s", st->about->task.recording_id,
               name);
    st->flushed_us = st->synced_us = now_us;
    pl_metrics_add(st->desk->metrics, PL_MEDIA_M_recording_bytes,
                   st->writer->file.bytes);
    count_files(st->desk, 1);
    tell_file(st, st->writer->file.bytes, false, now_us);
    return PL_OK;
}

/* ---- pieces ------------------------------------------------------------- */

/* Length of a payload in the units of its file; 0: it is none. */
static uint32_t units_of(const pl_record_desk *d, const pl_record_head *h,
                         const uint8_t *data)
{
    const pl_codec *codec = d->codecs->codec[h->codec];
    if (!codec || (codec->is_whole && !codec->is_whole(data, h->len)))
        return 0;
    size_t samples = codec->duration(data, h->len);
    if (h->codec == PL_AUDIO_OPUS)
        return (uint32_t)samples;
    return samples > 0 ? h->len : 0;
}

static pl_err append(pl_record_stream *st, const pl_record_place *place,
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
    pl_metrics_add(st->desk->metrics, PL_MEDIA_M_recording_bytes,
                   st->writer->file.bytes - before);
    return e;
}

pl_err pl_record_stream_put(pl_record_stream *st, const pl_record_head *h,
                            const uint8_t *data, int64_t now_us)
{
    uint32_t units = units_of(st->desk, h, data);
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
    pl_err e = is_other ? pl_record_stream_close(st, now_us) : PL_OK;
    if (e != PL_OK)
        return e;
    st->lost_ms = h->lost_ms;
    if (!st->writer) {
        if (st->n_files >= FILES_PER_STREAM)
            return PL_OK;
        e = begin_file(st, codec, h->at_us, data[0], now_us);
        if (e != PL_OK)
            return e;
        place = pl_record_line_put(&st->line, h->ts, h->at_us, units);
    }
    return append(st, &place, data, h, units);
}

void pl_record_stream_rebase(pl_record_stream *st)
{
    pl_record_line_rebase(&st->line);
}

/* ---- what time brings --------------------------------------------------- */

pl_err pl_record_stream_grow(pl_record_stream *st, int64_t now_us)
{
    if (!st->writer)
        return PL_OK;
    pl_err e = PL_OK;
    if (now_us - st->flushed_us >= FLUSH_US) {
        uint64_t before = st->writer->file.bytes;
        st->flushed_us = now_us;
        e = st->writer->ops->flush(st->writer);
        pl_metrics_add(st->desk->metrics, PL_MEDIA_M_recording_bytes,
                       st->writer->file.bytes - before);
    }
    if (e == PL_OK && now_us - st->told_us >= GROWN_US)
        tell_file(st, st->writer->file.bytes, false, now_us);
    return e;
}

int64_t pl_record_stream_unsynced_us(const pl_record_stream *st, int64_t now_us)
{
    bool is_due = st->writer && now_us - st->synced_us >= SYNC_US;
    return is_due ? st->synced_us : now_us;
}

pl_err pl_record_stream_sync(pl_record_stream *st, int64_t now_us)
{
    st->synced_us = now_us;
    return st->writer ? pl_record_file_sync(&st->writer->file) : PL_OK;
}
