/* device_call.h - calls of devices (CAMARA WebRTC call handling).
 *
 * A call is a conference of kind `device` with two seats: the device's (WebRTC)
 * and a telephone's (SIP). What its application sees of it, the media session,
 * is a pl_devcall. One call that comes in has one for each device that it
 * rings; the first that connects takes the seat, and the others are cancelled.
 * A leg of a device has its media session as session_id.
 *
 * The SDP of the API is always that of the WebRTC side. A media session that
 * is over is known for `device_linger_s`, or not at all once its application
 * deleted it. */
#ifndef PL_ROOMPOOL_DEVICE_CALL_H
#define PL_ROOMPOOL_DEVICE_CALL_H

#include "device/registration.h"
#include "model.h"

typedef struct pl_devcall {
    pl_devcall_row row; /* its texts are owned */
    pl_list conf_link;  /* in conf->devcalls, while the conference is there */
    pl_bus_ticket ticket; /* media_session_create, not answered yet */
    bool has_ticket;
    bool is_heard;   /* the network said that it has the call */
    bool has_rung;   /* 180 came or went */
    bool is_early;   /* its answer has been told */
    bool is_taking;  /* it connects: others wait for the outcome */
    pl_task timer;   /* the answer to create; then being forgotten */
} pl_devcall;

/* ---- requests ---- */
void pl_on_media_session_create(pl_pool *pool, const pl_bus_in *in);
void pl_on_media_session_get(pl_pool *pool, const pl_bus_in *in);
void pl_on_media_session_put(pl_pool *pool, const pl_bus_in *in);
void pl_on_media_session_delete(pl_pool *pool, const pl_bus_in *in);

/* ---- registrations ---- */
/* End the calls of a registration: those that ring, come in and talk. */
void pl_device_calls_end_of(pl_pool *pool, const pl_reg *reg,
                            const char *reason);
/* How many of its calls are not over. */
unsigned pl_device_calls_count(const pl_pool *pool, const pl_reg *reg);

/* ---- telephones ---- */
/* A call comes in. Is it for a number of ours (or for the Contact of one)?
 * Then it is answered here, in->ticket too. */
bool pl_device_incoming(pl_pool *pool, const pl_bus_in *in);
/* Whether a seat is in a call of a device. */
bool pl_device_is_call(const pl_part *part);

/* ---- life ---- */
PL_MUST_USE pl_err pl_devcall_load(pl_pool *pool, const pl_devcall_row *row);
void pl_device_calls_resume(pl_pool *pool);
void pl_device_calls_free(pl_pool *pool);
/* What must always hold; NULL when it does. For tests. */
const char *pl_device_calls_breach(const pl_pool *pool);

#endif
