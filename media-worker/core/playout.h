/* playout.h - from packets as they come to 20 ms of audio a tick: adaptive
 * jitter buffer, decoding, concealment, and the clock difference between the
 * sender and us.
 *
 * Every tick: pl_playout_advance() decides what this 20 ms consists of and
 * tells its level if the sender gave one; then pl_playout_render() decodes it,
 * or is left out when nobody wants to hear it. The first render after such a
 * pause warms the decoder up with the packets before. Only who renders needs
 * decoders (ear.h), which may be another's afterwards. */
#ifndef PL_PLAYOUT_H
#define PL_PLAYOUT_H

#include "core/codec.h"
#include "core/delay.h"
#include "core/ear.h"
#include "core/packet_pool.h"
#include "tables/engine_stats.def"

enum {
    PL_PLAYOUT_QUEUE = 100, /* packets a leg may hold */
    PL_PLAYOUT_HISTORY = 3
};

typedef struct pl_playout pl_playout;

/* What counts as it goes; borrowed. */
typedef struct pl_playout_counters {
    uint64_t decodes, concealed, recovered, inserted, removed;
    uint64_t late, duplicate, full, bad_payload;
    uint64_t used;    /* packets played, decoded or not */
    uint32_t wait_us; /* of the latest of them, since its arrival */
} pl_playout_counters;

/* Errors: PL_ENOMEM. Context: allocates; the pool is borrowed. */
PL_MUST_USE pl_err pl_playout_create(pl_packet_pool *pool,
                                     const pl_codec_table *codecs,
                                     pl_delay_limits limits,
                                     pl_playout **ret_playout);
void pl_playout_destroy(pl_playout **playout);
/* Take packets of these codecs (bit n: pl_codec_kind n) from now on. */
void pl_playout_accept(pl_playout *playout, unsigned codecs);
/* Lend it an ear, of the kind of those codecs, or take it away with NULL.
 * Returns: the one it had. */
pl_ear *pl_playout_set_ear(pl_playout *playout, pl_ear *ear);
pl_ear *pl_playout_ear(const pl_playout *playout);
/* Forget packets and timing: another source, or after a hold. */
void pl_playout_reset(pl_playout *playout);

/* What a packet's header says; ts is the RTP timestamp. */
typedef struct pl_playout_info {
    pl_codec_kind codec;
    uint32_t ts, xseq;
    int64_t arrival_us;
    bool has_level;
    uint8_t level;
} pl_playout_info;

/* Queue a payload (copied).
 * Errors: PL_EPROTO the codec cannot have such a payload; PL_EEXIST already
 *         here; PL_ETIMEOUT too late; PL_EFULL the pool is empty. Each is
 *         counted. With its queue full the leg loses its oldest packet.
 * Context: no allocation */
pl_err pl_playout_put(pl_playout *playout, const pl_playout_info *info,
                      const uint8_t *payload, size_t len);
/* Queue an older payload that came along with the packet put last (RFC 2198),
 * if nothing of its time is or was here: it fills gaps only. Where something
 * was missing the delay learns to wait for such help.
 *
 * info:   ts as the older packet had it; xseq: that of the packet put last
 *         less the older one's distance
 * Errors: PL_EPROTO it cannot be such a payload (counted); PL_EEXIST it is not
 *         needed; PL_ETIMEOUT its time is over; PL_EFULL
 * Context: no allocation */
pl_err pl_playout_fill(pl_playout *playout, const pl_playout_info *info,
                       const uint8_t *payload, size_t len);
/* The sender is silent on purpose from packet xseq on (comfort noise,
 * telephone-event): what is missing there is not lost. */
void pl_playout_pause(pl_playout *playout, uint32_t xseq);

typedef struct pl_playout_frame {
    bool is_silent; /* nothing to hear: not started, pause, ended */
    bool has_level; /* the packets carried levels: */
    float level_db;
} pl_playout_frame;

/* Step by 20 ms; now_us as in pl_engine_tick(). No allocation. */
void pl_playout_advance(pl_playout *playout, int64_t now_us,
                        pl_playout_frame *ret_frame);
/* Step over ticks that nobody ran, the last of them 20 ms before now_us: their
 * sound is gone, as it is for the listeners. Before an advance. */
void pl_playout_skip(pl_playout *playout, int64_t now_us, uint32_t n_ticks);
/* Decode the step; needs an ear. Once after each advance, or not at all.
 * Returns: pcm[960][channels of the ear], which the caller may change; valid
 *          until the next advance */
float *pl_playout_render(pl_playout *playout);

const pl_playout_counters *pl_playout_count(const pl_playout *playout);
/* Time packets wait now, and how long they should. */
int64_t pl_playout_delay_us(const pl_playout *playout);
int64_t pl_playout_target_us(const pl_playout *playout);

#endif
