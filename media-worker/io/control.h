/* control.h - the main thread's part: carries out roompool's commands on the
 * mixing and I/O threads and reports what happens there. */
#ifndef PL_CONTROL_H
#define PL_CONTROL_H

#include "core/leg_table.h"
#include "io/control_record.h"
#include "io/io_thread.h"
#include "io/prompts.h"
#include "io/rtp_port.h"
#include "io/web_ports.h"
#include "pl/bus.h"

typedef struct pl_control pl_control;

typedef struct pl_control_options {
    pl_loop *loop;
    pl_bus *bus; /* NULL: no reports (tests of parts) */
    pl_mixer *mixer;
    pl_io_thread *io_thread;
    pl_recorder *recorder; /* NULL: this worker does not record */
    uint32_t max_recordings;
    const pl_dtls_identity *identity;
    const pl_prompts *prompts;
    pl_metrics *metrics;
    const char *bind_address;
    pl_web_ports *web_ports;
    uint16_t webrtc_port; /* the worker's own one */
    uint16_t rtp_port_min, rtp_port_max;
    pl_addr announce[PL_LEG_SDP_LOCALS]; /* best first, without ports */
    size_t n_announce;
    bool is_announce_fixed; /* from configuration, not from the interfaces */
    bool is_loopback_allowed;
    bool has_red;     /* redundant Opus for browsers */
    bool has_comfort; /* comfort noise for telephones */
    uint32_t max_rooms, max_legs, max_talkers;
    uint32_t budget_permille;   /* of a tick; 0: none (core/budget.h) */
    void (*drained)(void *ctx); /* called once when the last leg has gone */
    void *ctx;
} pl_control_options;

/* Everything is borrowed and outlives the control. Errors: PL_EINVAL port
 * range; PL_ENOMEM. */
PL_MUST_USE pl_err pl_control_create(const pl_control_options *options,
                                     pl_control **ret_control);
/* Stop listening to the threads; they may end now. */
void pl_control_quiet(pl_control *control);
/* The threads must have ended: SIP sockets are closed here. */
void pl_control_destroy(pl_control **control);

/* Rooms. Errors of open: PL_EDRAIN, PL_EFULL, PL_ESTALE an older epoch. A room
 * that is open in an older epoch begins anew, without its legs. */
PL_MUST_USE pl_err pl_control_room_open(pl_control *control, uint64_t epoch,
                                        const pl_media_room_open *m);
/* Errors: PL_ENOENT room or prompt; PL_ESTALE; PL_EFULL a queue. Time stands
 * still for a prompt while the room has no leg with media. */
PL_MUST_USE pl_err pl_control_room_play(pl_control *control, uint64_t epoch,
                                        const pl_media_room_play *m);
/* A room that is not there is fine. Errors: PL_ESTALE. */
PL_MUST_USE pl_err pl_control_room_close(pl_control *control, uint64_t epoch,
                                         const char *room_id);

/* What a leg command gives back. */
typedef struct pl_control_sdp {
    pl_sdp_type type; /* of text; UNKNOWN: there is none */
    pl_direction direction;
    pl_leg_text text;
    char lines[PL_LEG_SDP_LINES];   /* m= lines so far; empty: none yet */
    char reason[PL_REASON_MAX + 1]; /* of a failure, for people; may be empty */
} pl_control_sdp;

/* Create a leg; a repeated id gives the description it has.
 * Errors: PL_ENOENT room; PL_ESTALE; PL_EDRAIN; PL_EFULL; PL_EPROTO,
 *         PL_ETOOBIG, PL_EMEDIA the offer; PL_EFORBIDDEN where it wants media;
 *         PL_ENOMEM, PL_EIO */
PL_MUST_USE pl_err pl_control_leg_create(pl_control *control, uint64_t epoch,
                                         const pl_media_leg_create *m,
                                         pl_control_sdp *ret);
/* Errors: as create, and PL_ESTATE an offer of ours waits, or none does. */
PL_MUST_USE pl_err pl_control_leg_remote(pl_control *control, uint64_t epoch,
                                         const pl_media_leg_remote *m,
                                         pl_control_sdp *ret);
/* Errors: PL_ENOENT; PL_ESTALE; PL_EFULL a queue. */
PL_MUST_USE pl_err pl_control_leg_set(pl_control *control, uint64_t epoch,
                                      const pl_media_leg_set *m);
/* Errors: as set; PL_ENOENT also when the prompt is not there. */
PL_MUST_USE pl_err pl_control_leg_play(pl_control *control, uint64_t epoch,
                                       const pl_media_leg_play *m);
/* Key digits to the peer, behind those that wait.
 * Errors: as set; PL_EINVAL no keys; PL_ESTATE no media yet; PL_EUNSUPPORTED
 *         no telephone-event was agreed; PL_EFULL too many wait */
PL_MUST_USE pl_err pl_control_leg_keys(pl_control *control, uint64_t epoch,
                                       const pl_media_leg_keys *m);
/* A leg that is not there is fine. Errors: PL_ESTALE. */
PL_MUST_USE pl_err pl_control_leg_destroy(pl_control *control, uint64_t epoch,
                                          const char *room_id,
                                          const char *leg_id);

/* Go on with a leg of another worker, on its port; it is as any other leg then.
 * A leg that is there already is fine. The peer hears nothing of it, also when
 * it fails.
 * Errors: PL_ENOENT room; PL_ESTALE; PL_EDRAIN; PL_EFULL; PL_EBUSY the port;
 *         PL_EUNSUPPORTED state of another version; PL_EPROTO malformed, or it
 *         cannot be; PL_EMEDIA, PL_EFORBIDDEN what this worker does not do;
 *         PL_EEXIST a leg of another room; PL_ENOMEM, PL_EIO */
PL_MUST_USE pl_err pl_control_leg_import(pl_control *control, uint64_t epoch,
                                         const pl_media_leg_import *m);
/* All rooms and legs go without a word to the peers, and with them the ports;
 * where each leg is is told (leg_position). Then the ticket is answered, and
 * the worker is drained: it takes nothing any more.
 * Errors: PL_EBUSY it does so already */
PL_MUST_USE pl_err pl_control_release(pl_control *control,
                                      const pl_bus_ticket *ticket);

/* Record a room; as pl_records_start(), and PL_ENOENT, PL_ESTALE. */
PL_MUST_USE pl_err pl_control_record_start(pl_control *control, uint64_t epoch,
                                           const pl_media_record_start *m,
                                           const pl_bus_ticket *ticket,
                                           bool *ret_is_later);
/* What is not there is fine. Errors: PL_ESTALE. */
PL_MUST_USE pl_err pl_control_record_stop(pl_control *control, uint64_t epoch,
                                          const pl_media_record_stop *m);

/* Send everything that is held: after each (re)connect. */
void pl_control_inventory(pl_control *control);
/* Take no new rooms and legs; `drained` is called when none is left. */
void pl_control_drain(pl_control *control);
const pl_leg_table *pl_control_table(const pl_control *control);
/* How full the worker is for a new room, permille: 1000 or more, it would be
 * refused. Without a budget: of the ticks' time, of the busiest thread. */
uint32_t pl_control_load(pl_control *control);

#endif
