/* playout_state.h - the inside of a jitter buffer, for core/playout*.c alone.
 *
 *   next_ts    media time (48 kHz) of the packet to fetch next
 *   n          samples fetched but not played; in the ear's fifo unless
 *              is_blank, behind the frame that was rendered while is_shown
 *   slack      how long before it was needed a fetched packet was due: the
 *              figure that is steered towards the delay's target */
#ifndef PL_PLAYOUT_STATE_H
#define PL_PLAYOUT_STATE_H

#include "core/playout.h"
#include "core/splice.h"

enum { PL_PLAYOUT_STEPS = 24, PL_PLAYOUT_SEEN = 16 };

typedef enum step_kind {
    STEP_PACKET,
    STEP_FEC,
    STEP_CONCEAL,
    STEP_SILENCE
} step_kind;

/* One piece of what this tick adds to the fifo. */
typedef struct step {
    step_kind kind;
    bool is_last_made_up; /* fade to silence */
    pl_packet *packet; /* PACKET: ours; FEC: still queued or a later step's */
    size_t samples;
} step;

typedef enum splice { SPLICE_NONE, SPLICE_REMOVE, SPLICE_REPEAT } splice;

struct pl_playout {
    pl_packet_pool *pool;
    const pl_codec_table *codecs;
    unsigned accepts; /* bit n: pl_codec_kind n */
    pl_ear *ear;      /* NULL: not heard */
    pl_delay delay;
    pl_playout_counters count;

    pl_packet *head, *tail;                 /* by xseq */
    size_t n_queued, n_blocks;              /* of the pool, in the queue */
    pl_packet *history[PL_PLAYOUT_HISTORY]; /* fetched, oldest first */
    size_t n_history;
    bool has_ts;
    uint32_t last_ts; /* RTP, to extend the next */
    int64_t last_ts48;
    pl_codec_kind last_codec; /* put last, and its number and time */
    uint32_t last_xseq;
    int64_t seen_ts48;
    int64_t seen[PL_PLAYOUT_SEEN]; /* ts48 of what came last, a ring */
    unsigned n_seen;

    bool is_playing;
    bool is_paused; /* the last packet announced silence */
    bool has_pause;
    uint32_t pause_xseq; /* number of an event or comfort noise packet */
    int64_t next_ts;
    uint32_t next_xseq;
    size_t last_duration;
    size_t expanded;     /* made up without moving next_ts */
    pl_codec_kind codec; /* fetched last */
    bool has_codec;

    int64_t slack_us; /* smoothed */
    bool has_slack;
    unsigned off_ticks, cool_ticks;
    splice splice;
    float last_db; /* of what was rendered last */
    bool has_level;
    float level_db;

    step step[PL_PLAYOUT_STEPS];
    size_t n_steps, incoming;
    bool is_pending; /* steps not rendered yet */
    bool is_blank;   /* the fifo's contents were never decoded */
    bool is_shown;   /* the frame that was played last lies before them */
    size_t n;
};

static inline int64_t pl_playout_us(int64_t ts48)
{
    return ts48 * 125 / 6; /* 48 samples a millisecond */
}

/* Take the first packet out of the queue. */
pl_packet *pl_playout_unlink_head(pl_playout *p);
/* Give it back to the pool. */
void pl_playout_drop_head(pl_playout *p);
/* Play on from the first packet that is queued. */
void pl_playout_go_to_head(pl_playout *p);

#endif
