/* flow_state.h - inside of the flow; shared by flow*.c only.
 *
 * Who may change a party's state: main OUT -> JOINED and any -> LEAVING; the
 * receiving thread JOINED -> CONNECTING -> UP or FAILED; the sending thread
 * LEAVING -> QUIET; the receiving thread QUIET -> OUT. */
#ifndef PL_LOAD_FLOW_STATE_H
#define PL_LOAD_FLOW_STATE_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "clock.h"
#include "core/stun.h"
#include "flow.h"
#include "io/dtls.h"
#include "io/srtp.h"
#include "pace.h"

enum {
    PL_FLOW_BATCH = 64, /* datagrams a system call */
    PL_FLOW_DATAGRAM = 1500,
    PL_FLOW_TICK_US = 20000,
    PL_FLOW_POLL_US = 5000, /* between two looks at the sockets */
};

typedef enum pl_flow_phase {
    PL_FLOW_OUT,
    PL_FLOW_JOINED,
    PL_FLOW_CONNECTING,
    PL_FLOW_UP,
    PL_FLOW_FAILED,
    PL_FLOW_LEAVING,
    PL_FLOW_QUIET
} pl_flow_phase;

/* What a receiver heard of one source. */
typedef struct pl_flow_heard {
    bool has_any; /* since it joined */
    uint32_t ssrc, max_xseq;
    uint64_t seen; /* the 64 numbers up to max_xseq, newest lowest */
    uint32_t last_ts;
    int64_t ts;      /* without wrapping */
    int64_t base_us; /* of the earliest packet's grid */
    int64_t last_us;
    /* while measured: */
    uint32_t first_xseq;
    uint64_t received; /* without duplicates; 0: none yet */
} pl_flow_heard;

typedef struct pl_flow_party {
    pl_load_flow *flow;
    pl_load_party *party;
    _Atomic int phase;
    int fd;
    struct in_addr local;
    struct sockaddr_in remote;
    const pl_load_clip *clip;
    /* sending thread */
    uint16_t seq;
    uint32_t ts, frame, packets, bytes;
    bool has_begun;
    _Atomic int64_t origin_us;
    pl_srtp *out; /* made by the receiving thread before UP */
    /* receiving thread */
    int64_t began_us, next_check_us, next_dtls_us;
    uint8_t txid[PL_STUN_TXID];
    bool is_checked;
    pl_dtls *dtls;
    pl_srtp_keys keys;
    pl_srtp *in; /* of receivers whose audio is kept */
    pl_flow_heard heard;
    bool was_up; /* since before the measured time */
    int track;   /* -1: not kept */
} pl_flow_party;

typedef struct pl_flow_socket {
    int fd;
    uint16_t port;
} pl_flow_socket;

/* What one thread counts; it goes on counting after the end of the measured
 * time, what main reads was booked then. */
typedef struct pl_flow_tally {
    pl_load_counts counts, booked;
    double cpu_s;
    int64_t begun_us;
    _Atomic unsigned window; /* last one that is done */
} pl_flow_tally;

struct pl_load_flow {
    const pl_load_options *options;
    const pl_load_voices *voices;
    uint32_t clock_hz;
    bool is_loopback;
    pl_dtls_identity *identity;
    uint8_t fingerprint[PL_DTLS_SHA256];
    pl_flow_party *parties;
    size_t n_parties;
    pl_flow_socket *sockets;
    size_t n_sockets;
    int epoll;
    struct pl_flow_batch *batch; /* of the sending thread */
    pthread_t sender, receiver;
    bool is_started;
    _Atomic bool is_over;
    _Atomic unsigned window; /* odd: measuring */
    pl_flow_tally send, receive;
    pl_load_track *tracks;
    size_t n_tracks;
    int64_t next_handshake_us;
};

/* A thread looks whether the measured time begins or ends, with its CPU booked;
 * it does what it has to and says so with _done(). */
typedef enum pl_flow_turn {
    PL_FLOW_NO_TURN,
    PL_FLOW_BEGINS,
    PL_FLOW_ENDS
} pl_flow_turn;
pl_flow_turn pl_flow_notice(const pl_load_flow *flow, pl_flow_tally *tally);
void pl_flow_done(pl_flow_tally *tally);
static inline bool pl_flow_measures(const pl_flow_tally *tally)
{
    return (atomic_load_explicit(&tally->window, memory_order_relaxed) & 1U) !=
           0;
}
/* Send one datagram from a party's address. */
void pl_flow_put(const pl_flow_party *fp, const struct sockaddr_in *to,
                 const uint8_t *data, size_t len);

/* Buffers of the sending thread; free(). NULL: no memory. */
struct pl_flow_batch *pl_flow_batch_create(void);
void *pl_flow_send_main(void *flow);
void *pl_flow_receive_main(void *flow);

/* flow_path.c: ICE and DTLS, receiving thread. */
void pl_flow_path_begin(pl_flow_party *fp, int64_t now_us);
void pl_flow_path_tick(pl_flow_party *fp, int64_t now_us);
void pl_flow_path_stun(pl_flow_party *fp, const struct sockaddr_in *from,
                       const uint8_t *data, size_t len);
void pl_flow_path_dtls(pl_flow_party *fp, const uint8_t *data, size_t len);
void pl_flow_path_end(pl_flow_party *fp);

#endif
