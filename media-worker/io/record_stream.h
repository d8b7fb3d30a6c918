/* record_stream.h - what the room hears, or what one leg says: a row of files,
 * each begun where the one before cannot go on. Used by record_set.c alone; has
 * no thread or clock of its own. */
#ifndef PL_RECORD_STREAM_H
#define PL_RECORD_STREAM_H

#include "io/record_set.h"

/* What all streams share; filled in by pl_record_desk_init(). */
typedef struct pl_record_desk {
    const pl_codec_table *codecs;
    pl_metrics *metrics;
    void (*emit)(void *ctx, const pl_record_event *event);
    void *ctx;
    int64_t n_files; /* open */
    uint32_t serial; /* of the next Ogg stream */
    uint8_t silence[PL_AUDIO_COUNT][PL_CODEC_MAX_ENCODED];
    size_t silence_len[PL_AUDIO_COUNT];
} pl_record_desk;

/* What the streams of a recording share. */
typedef struct pl_record_about {
    pl_record_task task;
    int dir_fd; /* its folder; -1: none yet */
    int64_t begun_us, wall_offset_us;
} pl_record_about;

typedef struct pl_record_stream pl_record_stream;

/* Take codecs, metrics and call-back from the options, and make the rest.
 * Errors: PL_ENOMEM; PL_EINTERNAL a codec */
PL_MUST_USE pl_err pl_record_desk_init(pl_record_desk *desk,
                                       const pl_record_set_options *options);

/* A stream without a file. leg_id: NULL: the mix; desk and about: borrowed, and
 * outlive it. Returns: NULL: out of memory */
pl_record_stream *pl_record_stream_create(pl_record_desk *desk,
                                          const pl_record_about *about,
                                          const char *leg_id);
/* Its file must be closed. */
void pl_record_stream_destroy(pl_record_stream **stream);

/* Write a piece where it belongs, in another file where it must; what is no
 * packet of its codec, or comes too late, is left out.
 * Errors: PL_EIO and others, errno says why */
PL_MUST_USE pl_err pl_record_stream_put(pl_record_stream *stream,
                                        const pl_record_head *head,
                                        const uint8_t *data, int64_t now_us);
/* Its timestamps begin anew: another source. */
void pl_record_stream_rebase(pl_record_stream *stream);
/* Close its file, if there is one: gives FILE. Errors: as put */
PL_MUST_USE pl_err pl_record_stream_close(pl_record_stream *stream,
                                          int64_t now_us);
/* What time brings: pages, growth told. Errors: as put */
PL_MUST_USE pl_err pl_record_stream_grow(pl_record_stream *stream,
                                         int64_t now_us);
/* Since when the disk was not asked to keep its file; now_us: not due. */
int64_t pl_record_stream_unsynced_us(const pl_record_stream *stream,
                                     int64_t now_us);
/* Have the disk keep it. Errors: PL_EIO, errno says why */
PL_MUST_USE pl_err pl_record_stream_sync(pl_record_stream *stream,
                                         int64_t now_us);

#endif
