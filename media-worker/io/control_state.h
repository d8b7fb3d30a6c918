/* control_state.h - inside of the control, shared by control.c, control_leg.c
 * and control_event.c only. */
#ifndef PL_CONTROL_STATE_H
#define PL_CONTROL_STATE_H

#include "core/media_metrics.h"
#include "io/control.h"

/* What the owner of the table keeps of a leg. */
typedef struct pl_leg_own {
    pl_leg_sdp *sdp;
    pl_rtp_port port;                                  /* SIP */
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
/* Go on with a leg that is being dropped. */
void pl_control_settle(pl_control *c, pl_leg *leg);
void pl_control_gauges(const pl_control *c);

/* control_budget.c: a thread for a new room, a place for a new leg. Errors:
 * PL_EFULL (counted). */
PL_MUST_USE pl_err pl_control_place_room(pl_control *c, uint32_t *ret_thread);
PL_MUST_USE pl_err pl_control_place_leg(pl_control *c, const pl_room *room);
/* A leg was added; its codec is agreed; it is about to leave its room. */
void pl_control_leg_came(pl_control *c, pl_leg *leg);
void pl_control_leg_agreed(pl_control *c, pl_leg *leg);
void pl_control_leg_went(pl_control *c, pl_leg *leg);
/* Descriptors of the two event queues. */
void pl_control_on_mixer(void *ctx, unsigned events);
void pl_control_on_net(void *ctx, unsigned events);

#endif
