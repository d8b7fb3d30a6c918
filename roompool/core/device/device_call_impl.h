/* device_call_impl.h - between the modules of device_call.h. */
#ifndef PL_ROOMPOOL_DEVICE_CALL_IMPL_H
#define PL_ROOMPOOL_DEVICE_CALL_IMPL_H

#include "device/device_call.h"
#include "pl/str.h"

/* ---- device_call.c: objects ---- */

/* States of a media session: nobody has answered; somebody has; over. */
bool pl_devcall_is_setup(const pl_devcall *dc);
bool pl_devcall_is_active(const pl_devcall *dc);
bool pl_devcall_is_over(const pl_devcall *dc);
bool pl_devcall_calls(const pl_devcall *dc); /* role originator */
/* Whose a request is; NULL: refused already. */
pl_devcall *pl_devcall_named(pl_pool *pool, const pl_bus_in *in,
                             const pl_owner *owner, const char *id);
pl_devcall *pl_devcall_find(const pl_pool *pool, const char *id);
/* A new one, with an id of its own. texts of row are copied.
 * Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_devcall_add(pl_pool *pool, pl_devcall_row *row,
                                  pl_devcall **ret_dc);
void pl_devcall_save(pl_pool *pool, pl_devcall *dc);
/* As if it had never been. */
void pl_devcall_drop(pl_pool *pool, pl_devcall *dc);
/* Put a copy of text into a TEXT field of the row; not saved. */
void pl_devcall_put(pl_pool *pool, pl_slice *field, pl_slice text);
pl_conf *pl_devcall_conf(const pl_pool *pool, const pl_devcall *dc);
/* The seat that it has, or rings for; NULL. */
pl_part *pl_devcall_seat(const pl_pool *pool, const pl_devcall *dc);
pl_leg *pl_devcall_leg(const pl_pool *pool, const pl_devcall *dc);
/* The telephone, and the device in its seat, of a call; NULL. */
pl_part *pl_device_phone(const pl_conf *conf);
pl_part *pl_device_seat(const pl_conf *conf);
/* The media session that calls, and is not over; NULL. */
pl_devcall *pl_device_caller(const pl_conf *conf);

/* ---- device_call_event.c: statuses and events ---- */

/* What an event shows. */
enum { PL_TELL_OFFER = 1, PL_TELL_ANSWER = 2 };
/* Tell its application; status may be one that it only passes through. */
void pl_devcall_tell(pl_pool *pool, pl_devcall *dc, uint32_t status,
                     const char *reason, unsigned what);
/* Change the status and tell it. */
void pl_devcall_move(pl_pool *pool, pl_devcall *dc, uint32_t status,
                     const char *reason, unsigned what);
/* The invitation of a device that is called. */
void pl_devcall_invite(pl_pool *pool, pl_devcall *dc);
/* Over, with this final status. Harmless when it is. */
void pl_devcall_end(pl_pool *pool, pl_devcall *dc, uint32_t status,
                    const char *reason);
/* Answer media_session_create with this fault; then it has never been. False:
 * that has been answered before. */
bool pl_devcall_refuse(pl_pool *pool, pl_devcall *dc, uint32_t fault,
                       const char *text);
/* All of a call that are not. */
void pl_devcalls_end(pl_pool *pool, const pl_conf *conf, uint32_t status,
                     const char *reason);
void pl_devcall_reply(pl_pool *pool, const pl_bus_ticket *ticket,
                      const pl_devcall *dc, uint32_t status);
/* Answer media_session_create, if that has not been done. */
void pl_devcall_created(pl_pool *pool, pl_devcall *dc);

/* ---- device_call_end.c ---- */

#define PL_DEVICE_UNAVAILABLE "The network cannot be reached just now."
/* What the network said: status, phrase, Reason. */
void pl_devcall_reason(const pl_call_report *m, char *buf, size_t cap);

/* ---- device_call_in.c: devices that ring ---- */

void pl_device_respond(pl_pool *pool, const pl_conf *conf, uint32_t sip_status,
                       bool with_sdp);
/* A device said something: the caller waits for it. */
void pl_device_heard(pl_pool *pool, pl_devcall *dc);
/* It takes no part (any more); when it was the last, the caller is told. */
void pl_device_declines(pl_pool *pool, pl_devcall *dc, uint32_t status,
                        const char *reason);
/* It takes the seat; its answer has been applied. False: the call is gone. */
bool pl_device_takes(pl_pool *pool, pl_devcall *dc);

/* ---- device_call_media.c: inside a call ---- */

/* One change of status that a device asks for. */
typedef struct pl_devput {
    pl_pool *pool;
    const pl_bus_in *in;
    const pl_media_session_put *m;
    pl_devcall *dc;
} pl_devput;

/* NULL: done, the reply is or will be sent. Else why it is refused. */
const char *pl_devput_reply(const pl_devput *put);
const char *pl_devput_renegotiate(const pl_devput *put);
const char *pl_devput_hold(const pl_devput *put);
const char *pl_devput_resume(const pl_devput *put);

/* Whether two descriptions differ in nothing but candidates. */
bool pl_device_is_trickle(pl_slice before, pl_slice after);

#endif
