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
/* The far end of a party is known; any thread. */
void pl_load_flow_joined(void *flow, pl_load_party *party);
bool pl_load_flow_is_up(void *flow, const pl_load_party *party);
/* Parties whose path is up, and that failed for good. */
size_t pl_load_flow_up(const pl_load_flow *flow);
size_t pl_load_flow_failed(const pl_load_flow *flow);
/* Begin and end the measured time: what is counted, what is kept. */
void pl_load_flow_measure(pl_load_flow *flow, bool is_on);
/* End the threads. */
void pl_load_flow_stop(pl_load_flow *flow);
/* After the stop. */
void pl_load_flow_counts(const pl_load_flow *flow, pl_load_counts *ret_counts);
size_t pl_load_flow_tracks(const pl_load_flow *flow,
                           const pl_load_track **ret_tracks);
/* When a party's talker said the first sample of his loop, CLOCK_REALTIME: the
 * send time of its first frame less 20 ms. */
int64_t pl_load_flow_origin_us(const pl_load_flow *flow, unsigned party);
void pl_load_flow_destroy(pl_load_flow **flow);

#endif
