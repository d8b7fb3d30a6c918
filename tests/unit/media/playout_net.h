/* playout_net.h - a jitter buffer under a made-up network. The codec is a tone
 * whose phase follows from the packet's number, so that every sample of the
 * output tells where it comes from. */
#ifndef PL_PLAYOUT_NET_H
#define PL_PLAYOUT_NET_H

#include "core/playout.h"

enum {
    FRAME = PL_CODEC_FRAME,
    TICK_US = 20000,
    MAX_FLIGHT = 256,
    PREFILL = 100,
    LEGS = 7, /* whose shares are there */
    ALL = LEGS * PL_POOL_SHARE
};

extern float tone_amplitude;
extern unsigned tone_period; /* samples of a turn */
extern size_t n_conceals;

typedef struct flight {
    int64_t at_us;
    uint32_t number;
} flight;

typedef struct net {
    pl_packet_pool *pool;
    pl_playout *p;
    int64_t now_us;
    double sent_us; /* by the sender's clock, in ours */
    uint32_t number;
    flight wait[MAX_FLIGHT];
    size_t n_wait;
    uint32_t seed;
    /* what it does to packets */
    double ppm;
    int64_t jitter_us;
    unsigned loss_percent, duplicate_percent;
    unsigned per_packet; /* 10 ms units */
    bool has_fec;
    unsigned red; /* older packets in each */
    /* what came out */
    float pcm[FRAME];
    size_t n_steps, n_jumps;
    float last;
    bool has_last;
} net;

/* The network of the running test. */
extern net the_net;

uint32_t net_dice(net *n);
int open_net_within(pl_delay_limits limits);
/* For cmocka. */
int open_net(void **state);
int close_net(void **state);
/* Put packet `number`, without what comes along with it. */
pl_err net_put(net *n, uint32_t number, int64_t at_us);
/* The sender's packets up to now into the network, and out of it. */
void net_send(net *n);
void net_arrive(net *n);
/* 20 ms of all. */
pl_playout_frame net_step(net *n, bool is_rendered);
void net_run(net *n, size_t ticks);

#endif
