/* flow.h - the parties' packets: two threads, one that sends on absolute
 * deadlines, one that receives in batches.
 *
 * A party has its own local address and port; on loopback up to 64 parties
 * share a socket (each with an address 127.0.0.x), so that one system call
 * moves the packets of many. */
#ifndef PL_LOAD_FLOW_H
#define PL_LOAD_FLOW_H

#include "adapter.h"
#include "talker.h"

typedef struct pl_load_flow pl_load_flow;

/* A packet that came for a receiver whose audio is kept. */
typedef struct pl_load_kept {
    int64_t at_us; /* kernel's time of arrival, CLOCK_REALTIME */
    uint32_t xseq, ts;
    uint16_t len;
    uint32_t offset; /* into pl_load_track.bytes */
} pl_load_kept;

typedef struct pl_load_track {
    unsigned party;
    pl_load_kept *packet;
    size_t n, cap;
    uint8_t *bytes;
    size_t n_bytes, cap_bytes;
} pl_load_track;

typedef struct pl_load_counts {
    uint64_t sent, bytes_sent, not_sent;
    uint64_t received, bytes_received, foreign, not_authentic;
    uint64_t lost, duplicate, reordered, due;
    pl_stats late_us, gap_us, pace_us;
    double send_cpu_s, receive_cpu_s;
} pl_load_counts;

/* Open sockets and give the parties their local half.
 *
 * parties: [n], borrowed until pl_load_flow_destroy()
 * Errors:  PL_EIO sockets (errno); PL_ENOMEM; PL_EINTERNAL certificate */
PL_MUST_USE pl_err pl_load_flow_create(const pl_load_options *options,
                                       const pl_load_voices *voices,
                                       pl_load_party *parties, size_t n,
                                       pl_load_flow **ret_flow);
PL_MUST_USE pl_err pl_load_flow_start(pl_load_flow *flow);
/* Fresh credentials for a party that is about to join. */
void pl_load_flow_prepare(pl_load_flow *flow, pl_load_party *party);
/* The far end of a party is known: connect; any thread. */
void pl_load_flow_joined(void *flow, pl_load_party *party);
/* The party is out: forget keys and path. Waits for the threads. */
void pl_load_flow_left(pl_load_flow *flow, const pl_load_party *party);
bool pl_load_flow_is_up(const pl_load_flow *flow, const pl_load_party *party);
/* Begin the measured time: zero the counts; keep[n]: parties whose packets are
 * kept. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_load_flow_begin(pl_load_flow *flow, const unsigned *keep,
                                      size_t n, unsigned seconds);
/* End it; then the counts and tracks stand still until the next begin. */
void pl_load_flow_end(pl_load_flow *flow);
void pl_load_flow_counts(const pl_load_flow *flow, pl_load_counts *ret_counts);
size_t pl_load_flow_tracks(const pl_load_flow *flow,
                           const pl_load_track **ret_tracks);
/* When a party sent the first frame of its loop, CLOCK_REALTIME. */
int64_t pl_load_flow_origin_us(const pl_load_flow *flow, unsigned party);
void pl_load_flow_destroy(pl_load_flow **flow);

#endif
