/* record_set.h - the recordings that run, their files, and where each frame
 * goes. Used by the thread that writes (recorder.c), and has no thread or
 * clock of its own. */
#ifndef PL_RECORD_SET_H
#define PL_RECORD_SET_H

#include "core/codec.h"
#include "core/record_tap.h"
#include "io/record_file.h"
#include "pl/metrics.h"
#include "pl/words.h"

enum { PL_RECORD_ID = 65, PL_RECORD_PATH = 251, PL_RECORD_REASON = 129 };

/* What to record; plain values. */
typedef struct pl_record_task {
    pl_mix_id id; /* index below the maximum, generation never 0 */
    char room_id[PL_RECORD_ID], recording_id[PL_RECORD_ID];
    uint32_t part;
    uint8_t channels; /* of the mix */
} pl_record_task;

typedef enum pl_record_event_kind {
    PL_RECORD_OPENED = 1, /* frames may come */
    PL_RECORD_FAILED,     /* for good: reason; no file grows any more */
    PL_RECORD_CLOSED,     /* forgotten: the id may be used again */
    PL_RECORD_FILE        /* one began, grew, or is closed */
} pl_record_event_kind;

typedef struct pl_record_event {
    pl_record_event_kind kind;
    pl_mix_id id;
    union {
        char reason[PL_RECORD_REASON]; /* FAILED */
        struct {
            pl_recording_kind kind;
            pl_codec_kind codec;
            char path[PL_RECORD_PATH], leg_id[PL_RECORD_ID];
            int64_t started_ms;
            uint64_t duration_ms, bytes, lost_ms;
            bool is_closed;
        } file;
    } u;
} pl_record_event;

typedef struct pl_record_set_options {
    int dir_fd; /* borrowed */
    uint32_t max_recordings, max_legs;
    uint32_t min_free_mib;
    const pl_codec_table *codecs;
    pl_metrics *metrics;
    /* The text id of a leg; false: it is gone. */
    bool (*leg_name)(void *ctx, pl_mix_id leg, char ret_name[PL_RECORD_ID]);
    void (*emit)(void *ctx, const pl_record_event *event);
    void *ctx;
} pl_record_set_options;

typedef struct pl_record_set pl_record_set;

/* Errors: PL_EINVAL; PL_ENOMEM */
PL_MUST_USE pl_err pl_record_set_create(const pl_record_set_options *options,
                                        pl_record_set **ret_set);
/* Ends what runs, and frees all. */
void pl_record_set_destroy(pl_record_set **set);

/* Begin: gives OPENED, or FAILED with what to do about it.
 * now_us: on the clock of at_us; wall_offset_us: UTC minus that clock */
void pl_record_set_begin(pl_record_set *set, const pl_record_task *task,
                         int64_t now_us, int64_t wall_offset_us);
/* End: gives FILE for each, and CLOSED. */
void pl_record_set_end(pl_record_set *set, pl_mix_id id, int64_t now_us);
/* No more comes from that leg: its file is closed. */
void pl_record_set_leg_gone(pl_record_set *set, pl_mix_id leg, int64_t now_us);
/* Take a frame; one of a recording that is not there is ignored. */
void pl_record_set_take(pl_record_set *set, const pl_record_head *head,
                        const uint8_t *data, int64_t now_us);
/* What time brings: pages, growth told, the disk's free space. */
void pl_record_set_due(pl_record_set *set, int64_t now_us);
/* Have the disk keep one file whose turn it is; false: none is due. */
bool pl_record_set_sync_one(pl_record_set *set, int64_t now_us);
uint32_t pl_record_set_count(const pl_record_set *set);

#endif
