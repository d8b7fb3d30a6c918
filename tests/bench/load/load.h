/* load.h - one measurement: rooms full of participants who send real speech to
 * a server, what came back, and what it cost the server.
 *
 * The program is main.c. Benchmarks link the library pl_load and use it with
 * adapters of their own: create, add rooms, window, add more, window, .. */
#ifndef PL_LOAD_H
#define PL_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec_kind.h"
#include "pl/err.h"

#include "server.h"
#include "stats.h"

enum {
    PL_LOAD_PARTIES_MAX = 20000, /* rooms x participants */
    PL_LOAD_ROOMS_MAX = 10000,
    PL_LOAD_TALKERS_MAX = 32, /* in a room: each one has a pilot of his own */
    PL_LOAD_DURATION_MAX_S = 3600,
    PL_LOAD_REASON = 512 /* text of what went wrong */
};

typedef enum pl_load_transport {
    PL_LOAD_RTP,   /* plain, as a telephone */
    PL_LOAD_WEBRTC /* ICE and DTLS-SRTP, as a browser */
} pl_load_transport;

/* What those send who do not talk. */
typedef enum pl_load_quiet {
    PL_LOAD_QUIET_NOISE, /* a packet every 20 ms: the noise of a room */
    PL_LOAD_QUIET_DTX,   /* the same, one packet in 400 ms */
    PL_LOAD_QUIET_NONE   /* nothing but what keeps the path open */
} pl_load_quiet;

/* All texts are borrowed for the time of the run. */
typedef struct pl_load_options {
    unsigned rooms, participants, talkers; /* participants: of one room */
    unsigned capacity; /* parties at a time; 0: rooms x participants */
    pl_codec_kind codec;
    pl_load_transport transport;
    pl_load_quiet quiet;
    unsigned duration_s; /* that is measured */
    unsigned warmup_s;   /* before it, after everybody is connected */
    unsigned verify;     /* receivers whose audio is decoded and judged */
    unsigned heard;      /* of the others' voices a receiver must hear; 0: all
                            that talk, three at most */
    double max_loss_percent; /* of the packets that are due; above: failed */
    double churn_per_s;      /* parties that leave and join again meanwhile */
    const char *local;       /* own IPv4 address; "": found out */
    bool is_remote;          /* addresses other than loopback are meant so */
    const char *speech;      /* folder of WAV files, 16 bit mono */
    const char *server; /* the adapter's address: URL, host:port; "": preset */
    const char *room;   /* name or number, "%u": number of the room */
    const char *pin;    /* "": none */
    const char *spawn;  /* program that the adapter starts itself; "": none */
    int spawn_core;     /* that it is bound to; -1: any */
    int own_core;       /* the same of the generator's threads */
    unsigned spawn_threads;   /* mixing threads of it */
    const char *spawn_config; /* more lines of its section [media] */
    const long *pids; /* processes that are measured beside the adapter's */
    size_t n_pids;
    bool is_quiet; /* no progress on standard error */
} pl_load_options;

extern const pl_load_options PL_LOAD_DEFAULT;

/* How well those receivers were served whose audio was decoded. */
typedef struct pl_load_hearing {
    unsigned receivers;
    unsigned voices_due;   /* pairs of receiver and talker */
    unsigned voices_heard; /* of these */
    unsigned own_heard;    /* receivers who hear themselves */
    unsigned strangers;    /* voices of other rooms */
    unsigned silent;       /* receivers to whom nothing came */
} pl_load_hearing;

typedef struct pl_load_result {
    unsigned rooms, parties, connected;
    double seconds;  /* measured */
    int64_t open_us; /* that the latest joining took until all were connected */
    uint64_t sent, due, received, lost, duplicate, reordered, foreign;
    uint64_t bytes_sent, bytes_received;
    uint64_t not_sent;      /* refused by our own kernel */
    uint64_t not_authentic; /* SRTP of the receivers that are verified */
    pl_stats late_us;       /* arrival behind the receiver's own 20 ms grid */
    pl_stats gap_us;        /* between two packets */
    pl_stats delay_us;      /* mouth to ear, beyond that of a direct call */
    /* Of each receiver whose audio is decoded, and who is to hear somebody: */
    pl_stats silence_us; /* longest stretch of its time line without a voice */
    pl_stats pause_us;   /* longest time without a packet */
    pl_stats pace_us;    /* how late we ourselves sent */
    pl_load_hearing hearing;
    double main_cpu_s, send_cpu_s, receive_cpu_s; /* ours, while measured */
    pl_load_server server;
    bool is_good;
    char reason[PL_LOAD_REASON]; /* first thing that is wrong; "" none */
} pl_load_result;

struct pl_load_adapter;
typedef struct pl_load pl_load;

/* Prepare voices and sockets, start two threads, open the adapter.
 *
 * options: borrowed until destroy; rooms is not used
 * reason:  [PL_LOAD_REASON], why it failed
 * Errors:  PL_EINVAL options; PL_ENOMEM; PL_EIO sockets or files;
 *          PL_EUNAVAILABLE the server */
PL_MUST_USE pl_err pl_load_create(const pl_load_options *options,
                                  const struct pl_load_adapter *adapter,
                                  char *reason, pl_load **ret_load);
/* Bring n more rooms in, full, and wait until every media path is up.
 * Errors: PL_EFULL capacity; PL_ETIMEOUT not all were connected in 60 s; what
 *         the adapter says */
PL_MUST_USE pl_err pl_load_add_rooms(pl_load *load, unsigned n);
/* Let time pass. Errors: the server is gone. */
PL_MUST_USE pl_err pl_load_wait(pl_load *load, int64_t ms);
/* Measure for a while and judge.
 * Errors: PL_ENOMEM; the server is gone. A bad result is no error. */
PL_MUST_USE pl_err pl_load_window(pl_load *load, unsigned seconds,
                                  pl_load_result *ret_result);
/* Take a party out, or a party that is out in again (anew, as another one on
 * the same seat), and wait until that is done. Errors: as add_rooms */
PL_MUST_USE pl_err pl_load_leave(pl_load *load, unsigned party);
PL_MUST_USE pl_err pl_load_rejoin(pl_load *load, unsigned party);
unsigned pl_load_parties(const pl_load *load);
const char *pl_load_reason(const pl_load *load);
void pl_load_destroy(pl_load **load);

/* All of it: create, add rooms, warm up, one window, destroy. The result holds
 * the reason also when an error is returned. */
PL_MUST_USE pl_err pl_load_run(const pl_load_options *options,
                               const struct pl_load_adapter *adapter,
                               pl_load_result *ret_result);

#endif
