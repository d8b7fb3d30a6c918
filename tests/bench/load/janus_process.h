/* janus_process.h - Debian's Janus with the AudioBridge plugin alone, as a
 * child with a configuration of its own: a peer to measure beside. */
#ifndef PL_BENCH_JANUS_PROCESS_H
#define PL_BENCH_JANUS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct janus_process {
    char dir[64];         /* its configuration, socket and log */
    char socket_path[96]; /* of its API: JSON in SOCK_SEQPACKET */
    pid_t pid;
} janus_process;

typedef struct janus_options {
    int core;             /* -1: any */
    unsigned rtp_port;    /* first of port_count for WebRTC, then as many for */
    unsigned port_count;  /* plain RTP */
    unsigned event_loops; /* threads that all of WebRTC's handles share; 0: one
                             thread a handle, as by default */
} janus_options;

/* Start and wait for its API. False (cause printed): janus_process_stop() is
 * still needed. */
bool janus_process_start(janus_process *janus, const janus_options *options);
void janus_process_stop(janus_process *janus);
/* Whether the program is installed. */
bool janus_process_is_there(void);
/* Where its WebRTC is: its ICE library uses no loopback, and binds its sockets
 * to the interface, so that peers on this machine must have this address too
 * (packets go through the loopback device all the same). The first IPv4 address
 * of this machine that is not loopback, in buf[cap]; false: there is none. */
bool janus_process_address(char *buf, size_t cap);

#endif
