/* control_state.h - inside of the control, shared by control*.c only. */
#ifndef PL_CONTROL_STATE_H
#define PL_CONTROL_STATE_H

#include "core/media_metrics.h"
#include "io/control.h"
#include "io/leg_state.h"

/* What the owner of the table keeps of a leg. */
typedef struct pl_leg_own {
    pl_leg_sdp *sdp;
    pl_rtp_port port;  /* SIP */
    uint16_t web_port; /* WebRTC: held; 0: none yet */
    char ufrag[PL_ICE_UFRAG + 1], pwd[PL_ICE_PWD + 1]; /* WebRTC, ours */
    pl_dtls_identity *identity; /* WebRTC; NULL: the worker's */
    pl_addr signaling;
    char cname[PL_MIX_CNAME_MAX];
    uint32_t ssrc;
    uint32_t play_tag; /* of the latest prompt */
    uint32_t n_keys;   /* given to the mixer, and not over yet */
    char *text;        /* our latest description; NULL: none */
    size_t text_len;
    pl_sdp_type text_type;       /* UNKNOWN: text is not to be given any more */
    char last_remote[65];        /* SHA-256 of the description taken last */
    bool is_in_mixer, is_in_net; /* they know of the leg, and must let go */
    bool is_removing, is_closing; /* they were told to */
    bool is_silent;               /* the peer is not told of the end */
    /* How the leg stands, as the threads told it last: what another worker
     * needs to go on with it. Holds keys. */
    bool is_portable; /* net is known, media can flow */
    bool is_rekeying; /* its keys are those of an association that is over */
    pl_net_state net;
    pl_mix_position at;
} pl_leg_own;

struct pl_control {
    pl_control_options o;
    pl_leg_table *table;
    pl_port_pool *ports;
    pl_timer *retry; /* commands that did not fit into a queue */
    pl_records *records;
    pl_budget *budget;
    pl_io *mixer_io, *net_io;
    bool is_draining, is_drained;
    struct { /* media_release */
        bool is_on, is_walking, is_shutting, is_done;
        pl_bus_ticket ticket;
    } release;
    struct { /* snapshots of all legs, some at a time */
        pl_timer *timer;
        size_t cursor;
        pl_inventory_end end; /* comes behind them */
    } telling;
    struct { /* late ticks that are not in the log yet */
        uint32_t n;
        pl_late_known worst;
        int64_t told_us; /* 0: never */
    } late;
};

static inline pl_leg_own *pl_own(const pl_leg *leg)
{
    return leg->own;
}

/* The room, if it is there and in this epoch.
 * Errors: PL_ENOENT; PL_ESTALE (counted). */
PL_MUST_USE pl_err pl_control_find_room(pl_control *c, const char *id,
                                        uint64_t epoch, pl_room **ret_room);
/* The leg of that room and epoch. Errors: PL_ENOENT; PL_ESTALE. */
PL_MUST_USE pl_err pl_control_find_leg(pl_control *c, const char *room_id,
                                       const char *leg_id, uint64_t epoch,
                                       pl_leg **ret_leg);
/* The prompt of that name; NULL with PL_OK for the empty one: stop playing.
 * Errors: PL_ENOENT. */
PL_MUST_USE pl_err pl_control_find_prompt(const pl_control *c, const char *name,
                                          const pl_prompt **ret_prompt);
/* Take a leg away: both threads are told, later it is freed. */
void pl_control_drop(pl_control *c, pl_leg *leg);
/* A queue was full: try again soon. */
void pl_control_retry(pl_control *c);
/* Go on with a leg that is being dropped. */
void pl_control_settle(pl_control *c, pl_leg *leg);
void pl_control_gauges(const pl_control *c);
/* Close a room with its legs. Errors: PL_EFULL a queue: it is empty then, and
 * closing it again finishes. */
PL_MUST_USE pl_err pl_control_shut_room(pl_control *c, pl_room *room,
                                        bool is_silent);
/* Nothing is left: call back, if draining and not yet done. */
void pl_control_check_drained(pl_control *c);

/* control_event.c: send an event of a leg. */
void pl_control_report(pl_control *c, const pl_leg *leg, const pl_msg_desc *d,
                       const void *body);
/* Every report begins with room and leg. */
#define PL_CONTROL_NAME(m, leg)                                                \
    do {                                                                       \
        memcpy((m)->room_id, (leg)->room_id, sizeof(m)->room_id);              \
        memcpy((m)->leg_id, (leg)->id, sizeof(m)->leg_id);                     \
    } while (0)

/* control_leg.c: give a leg that was just added what is the control's. Errors:
 * PL_ENOMEM. */
PL_MUST_USE pl_err pl_control_begin(pl_leg *leg, pl_leg_kind kind,
                                    pl_mix_flags flags);
/* Tell the threads of a leg whose descriptions are agreed on, the mixer first.
 * resume: where the streams go on, of a leg with own->net; NULL: a new leg.
 * Errors: PL_EFULL a queue. */
PL_MUST_USE pl_err pl_control_tell_open(pl_control *c, pl_leg *leg,
                                        const pl_mix_position *resume);
/* Where a SIP leg may send: what strangers' SDP names is checked.
 * ret_reason[PL_REASON_MAX + 1]. Errors: PL_EMEDIA; PL_EFORBIDDEN. */
PL_MUST_USE pl_err pl_control_check_remote(const pl_control *c,
                                           const pl_leg *leg,
                                           const pl_leg_agreed *agreed,
                                           char *ret_reason);

/* control_move.c: tell roompool what a leg is and where it is, for the worker
 * that may have to go on with it; nothing while that is not known. is_final:
 * both threads have let go of the leg. */
void pl_control_tell_image(pl_control *c, const pl_leg *leg);
void pl_control_tell_place(pl_control *c, const pl_leg *leg, bool is_final);
/* The same of all legs, some at a time; then _told_all(). */
void pl_control_tell_all(pl_control *c, const pl_inventory_end *end);
/* control.c: the end of an inventory. */
void pl_control_told_all(pl_control *c, const pl_inventory_end *end);
/* Called by a timer: go on with that. */
void pl_control_on_telling(void *ctx);
/* News of the I/O thread. */
void pl_control_on_state(pl_control *c, pl_leg *leg, const pl_net_state *net);
/* media_release: go on with it. */
void pl_control_release_on(pl_control *c);

/* control_budget.c: a thread for a new room, a place for a new leg. One that is
 * owed is not refused. Errors: PL_EFULL (counted). */
PL_MUST_USE pl_err pl_control_place_room(pl_control *c, bool is_owed,
                                         uint32_t *ret_thread);
PL_MUST_USE pl_err pl_control_place_leg(pl_control *c, const pl_room *room);
/* A leg was added; its codec is agreed; it is about to leave its room. */
void pl_control_leg_came(pl_control *c, pl_leg *leg);
void pl_control_leg_agreed(pl_control *c, pl_leg *leg);
void pl_control_leg_went(pl_control *c, pl_leg *leg);
/* Descriptors of the two event queues. */
void pl_control_on_mixer(void *ctx, unsigned events);
void pl_control_on_net(void *ctx, unsigned events);

#endif
