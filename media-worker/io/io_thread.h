/* io_thread.h - the one thread that reads from the network: STUN, DTLS, and
 * the way of media packets to the mixing threads.
 *
 * It reads the UDP ports that WebRTC peers share (the worker's own, and those
 * that it adopted: io/web_ports.h), and the sockets of SIP legs. Mixing threads
 * send by themselves on the descriptors it names. */
#ifndef PL_IO_THREAD_H
#define PL_IO_THREAD_H

#include "io/mixer_thread.h"
#include "io/net_msg.h"
#include "pl/metrics.h"

typedef struct pl_io_thread pl_io_thread;

typedef struct pl_io_thread_options {
    pl_mixer *mixer;                  /* outlives the thread */
    const pl_dtls_identity *identity; /* borrowed */
    pl_udp webrtc; /* the own port, open; io/web_ports.h closes it */
    uint32_t max_legs;
    uint32_t priority;   /* real-time, 1..99; 0: none (io/realtime.h) */
    pl_metrics *metrics; /* NULL: none */
    /* What OpenSSL holds of a handshake is freed so long after its last
     * message came; 0: PL_PEER_DTLS_GRACE_US (io/peer.h). */
    int64_t dtls_grace_us;
} pl_io_thread_options;

/* Start the thread.
 * Errors: PL_ENOMEM; PL_EIO. */
PL_MUST_USE pl_err pl_io_thread_start(const pl_io_thread_options *options,
                                      pl_io_thread **ret_thread);
/* End and join it; before the mixers, of which it makes use. */
void pl_io_thread_stop(pl_io_thread **thread);

/* Main thread only. Errors: PL_EFULL the queue is full (nothing was queued). */
PL_MUST_USE pl_err pl_io_thread_command(pl_io_thread *thread,
                                        const pl_net_command *command);
/* Whether it takes its turns. Any thread. */
bool pl_io_thread_lives(const pl_io_thread *thread);
/* Readable while events wait. */
int pl_io_thread_event_fd(const pl_io_thread *thread);
/* Take the next event; false when there is none, which rearms the
 * descriptor. */
bool pl_io_thread_next_event(pl_io_thread *thread, pl_net_event *ret_event);

#endif
