/* adapter.h - how participants get into a server's rooms. The generator knows
 * RTP, ICE and DTLS; an adapter knows one server's signalling.
 *
 * The generator fills in who the parties are and where they receive; the
 * adapter says where each one sends to. For servers that speak SDP there are
 * pl_load_offer() and pl_load_answer(). */
#ifndef PL_LOAD_ADAPTER_H
#define PL_LOAD_ADAPTER_H

#include "core/addr.h"
#include "load.h"

enum {
    PL_LOAD_UFRAG = 8,
    PL_LOAD_PWD = 24,
    PL_LOAD_REMOTE_TEXT = 256, /* credentials of the server */
    PL_LOAD_PRINTS = 4,
    PL_LOAD_SHA256 = 32,
    PL_LOAD_SDP = 4096 /* bytes of an offer of ours */
};

/* One participant. */
typedef struct pl_load_party {
    /* Filled in before open(): */
    unsigned number;     /* from 0, unique */
    unsigned room, seat; /* from 0; seats 0..talkers-1 talk */
    bool is_talker;
    pl_load_transport transport;
    pl_codec_kind codec;
    pl_addr local; /* where it receives and sends from */
    uint32_t ssrc;
    char ufrag[PL_LOAD_UFRAG + 1], pwd[PL_LOAD_PWD + 1];
    const uint8_t *fingerprint; /* [PL_LOAD_SHA256] of our certificate */
    /* By the adapter, before it calls joined(): */
    pl_addr remote;
    uint8_t pt;        /* of packets that we send */
    uint8_t pt_in;     /* of those that come back */
    uint8_t level_ext; /* number of the RFC 6464 extension; 0: do not send it */
    bool is_dtls_server; /* we wait for the server's ClientHello */
    char remote_ufrag[PL_LOAD_REMOTE_TEXT + 1];
    char remote_pwd[PL_LOAD_REMOTE_TEXT + 1];
    uint8_t prints[PL_LOAD_PRINTS][PL_LOAD_SHA256];
    size_t n_prints;
    void *user; /* the adapter's own */
} pl_load_party;

/* What open() gets. Everything is borrowed until close(). */
typedef struct pl_load_open {
    const pl_load_options *options;
    /* The party's far end is known: the generator begins to connect it, at
     * once, in another thread; the party is not touched by the adapter any
     * more. */
    void (*joined)(void *ctx, pl_load_party *party);
    void *ctx;
    char *reason; /* [PL_LOAD_REASON]: why something failed */
} pl_load_open;

typedef struct pl_load_adapter {
    const char *name;
    const char *about;   /* a line for --help */
    const char *preset;  /* of options.server */
    unsigned transports; /* bits: 1 << pl_load_transport */
    /* Create state and what the server needs before anybody comes (spawn it,
     * log in). Errors: PL_EUNAVAILABLE and others, with a reason. */
    pl_err (*open)(const pl_load_open *what, void **ret_state);
    /* Bring parties in, rooms that are not there yet first; joined() once for
     * each. Blocks until the signalling is done; as parallel as the server
     * likes it. May be called again with more. Errors: as open(). */
    pl_err (*join)(void *state, pl_load_party *parties, size_t n);
    /* Take parties out; they may come again with join(). */
    pl_err (*leave)(void *state, pl_load_party *parties, size_t n);
    /* Let time pass: keep sessions alive, read events. Returns at until_us
     * (CLOCK_MONOTONIC). Errors: the server is gone. */
    pl_err (*wait)(void *state, int64_t until_us);
    /* Processes of the server, as far as known: at most cap. May be NULL. */
    size_t (*pids)(void *state, long *ret_pids, size_t cap);
    /* Add figures of the server's own; called at the begin and at the end of
     * the measured time. May be NULL. */
    void (*metrics)(void *state, pl_load_server *server);
    /* Take all parties out and free; also after open() or join() failed. */
    void (*close)(void **state);
} pl_load_adapter;

/* Write a client's offer into buf[cap]: one m=audio line, sendrecv, as a
 * telephone's or, for webrtc, as a browser's (setup:actpass, rtcp-mux, BUNDLE,
 * its candidate in the text, the level extension).
 * Errors: PL_EFULL. */
PL_MUST_USE pl_err pl_load_offer(const pl_load_party *party, char *buf,
                                 size_t cap, size_t *ret_len);
/* Take the server's answer: address, payload type, ICE credentials,
 * fingerprints, role, extension.
 * Errors: PL_EPROTO malformed; PL_EMEDIA our codec or an address is not in it
 *         (party unchanged) */
PL_MUST_USE pl_err pl_load_answer(pl_load_party *party, const char *text,
                                  size_t len);
/* For adapters: *ret_first[*ret_n] spans all parties that ever joined; they are
 * elements of one array. */
void pl_load_span_add(pl_load_party **ret_first, size_t *ret_n,
                      pl_load_party *parties, size_t n);
/* Payload type that offers use for a codec. */
uint8_t pl_load_pt(pl_codec_kind codec);
/* Name of a party's room: options->room with its number in place of "%u". */
void pl_load_room_name(const pl_load_options *options, unsigned room, char *buf,
                       size_t cap);

/* What to do about a refusal with this status of HTTP or SIP. */
const char *pl_load_advice(unsigned status);

/* The adapters of this program; NULL: no such name. */
const pl_load_adapter *pl_load_adapter_find(const char *name);
const pl_load_adapter *pl_load_adapter_at(size_t index);

extern const pl_load_adapter pl_load_parley_bus, pl_load_parley_rest,
    pl_load_parley_sip;

#endif
