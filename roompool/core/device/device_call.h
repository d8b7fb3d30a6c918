/* device_call.h - calls of devices (CAMARA WebRTC call handling).
 *
 * A call is a conference of kind `device` with two seats: the device's (WebRTC)
 * and a telephone's (SIP). What its application sees of it, the media session,
 * is a pl_devcall. A call that comes in has one for each device that it rings;
 * the first that connects takes the seat, and the others are cancelled. The
 * session_id of a device's leg and seat is its media session.
 *
 * The SDP of the API is always that of the WebRTC side. A media session that
 * is over is known for `device_linger_s`, and is hidden at once when its
 * application deleted it. */
#ifndef PL_ROOMPOOL_DEVICE_CALL_H
#define PL_ROOMPOOL_DEVICE_CALL_H

#include "device/registration.h"
#include "model.h"

typedef struct pl_devcall {
    pl_devcall_row row;   /* its texts are owned */
    pl_list conf_link;    /* in conf->devcalls, while the conference is known */
    pl_bus_ticket ticket; /* media_session_create, not answered yet */
    bool has_ticket;
    bool has_rung;    /* its other side rang */
    bool has_resumed; /* the last that it asked for */
    pl_task timer;    /* the answer to create; then being forgotten */
} pl_devcall;

/* ---- requests ---- */
void pl_on_media_session_create(pl_pool *pool, const pl_bus_in *in);
void pl_on_media_session_get(pl_pool *pool, const pl_bus_in *in);
void pl_on_media_session_put(pl_pool *pool, const pl_bus_in *in);
void pl_on_media_session_delete(pl_pool *pool, const pl_bus_in *in);

/* ---- for registrations ---- */
/* End the calls of a registration, in whatever state they are. */
void pl_device_calls_end_of(pl_pool *pool, const pl_reg *reg,
                            const char *reason);
/* How many of its calls are not over. */
unsigned pl_device_calls_count(const pl_pool *pool, const pl_reg *reg);

/* ---- for telephones: each does nothing in another conference ---- */
/* A call comes in. Is it for a number of ours, or for the Contact of one? Then
 * it is taken or refused here; in->ticket is answered. */
bool pl_device_incoming(pl_pool *pool, const pl_bus_in *in);
/* The caller's media is ready, call->sdp kept: ring the devices.
 * Errors: PL_EUNAVAILABLE nobody can be rung. */
PL_MUST_USE pl_err pl_device_ring(pl_pool *pool, pl_conf *conf);
/* The rest of what a telephone is dialled with. */
void pl_device_put_start(pl_pool *pool, const pl_call *call, pl_call_start *m);
/* The signaling worker refused to dial it. */
void pl_device_start_refused(pl_pool *pool, const pl_call *call, pl_err e);
/* The network said how the call of a telephone goes; before that is applied. */
void pl_device_reported(pl_pool *pool, const pl_call *call,
                        const pl_call_report *m);
/* .. that it is over. */
void pl_device_call_ended(pl_pool *pool, const pl_call *call,
                          const pl_call_report *m);
/* Our 200 came too late. */
void pl_device_cancelled(pl_pool *pool, const pl_conf *conf);
/* The telephone that was dialled answered, and its media is there. */
void pl_device_answered(pl_pool *pool, pl_conf *conf);
/* It holds, or holds no longer; or our own word of that was taken or not. */
void pl_device_hold_changed(pl_pool *pool, pl_conf *conf);
void pl_device_hold_refused(pl_pool *pool, const pl_conf *conf);

/* ---- for seats and legs ---- */
/* Whether a seat is in a call of a device. */
bool pl_device_is_call(const pl_part *part);
/* A device's leg failed that has not the seat: one that rings. */
void pl_device_leg_failed(pl_pool *pool, const pl_leg *leg, const char *reason);
/* Our offer of new media for a device. */
void pl_device_offered(pl_pool *pool, const pl_leg *leg, pl_slice offer);
/* Go on counting how long devices ring. */
void pl_device_plan_timeout(pl_pool *pool, pl_part *part);
/* A seat has just left; its legs are still there. */
void pl_device_part_left(pl_pool *pool, const pl_part *part,
                         const char *reason);
/* A seat of a device went over to another conference. */
void pl_device_part_moved(pl_pool *pool, const pl_part *part);
/* After a restart: whether a call that nobody has answered goes on. */
bool pl_device_keeps(pl_pool *pool, const pl_part *part);

/* ---- life ---- */
PL_MUST_USE pl_err pl_devcall_load(pl_pool *pool, const pl_devcall_row *row);
void pl_device_calls_resume(pl_pool *pool);
void pl_device_calls_free(pl_pool *pool);
/* What must always hold; NULL when it does. For tests. */
const char *pl_device_calls_breach(const pl_pool *pool);

#endif
