/* video_api.h - the video API: an app asks for a talk with an agent, gets the
 * room to join, and tells how its calls go. Errors are {"error":".."}; hosts'
 * PINs are in no answer. */
#ifndef PL_API_VIDEO_API_H
#define PL_API_VIDEO_API_H

#include "api.h"
#include "pl/ip.h"

/* From the configuration; borrowed. */
typedef struct pl_video_rules {
    const char *host;      /* where apps join; "": the Host they ask at */
    const char *reference; /* template of what a room is for */
    const char *tag_prefix;
    const char *base;            /* URL of this server, for discovery */
    const pl_json *destinations; /* NULL: one, without particulars */
    const pl_json *hours;        /* NULL: always open */
    pl_slice zone;               /* file of the hours' zone; empty: UTC */
    const pl_cidr_list *staff;   /* who sees all of the destinations */
} pl_video_rules;

/* Why a text cannot be a list of destinations; NULL when it can: an array of
 * objects with destination_name and destination_priority. */
const char *pl_destinations_fault(const pl_json *destinations);
/* Whether a text can be the template of references: printable ASCII, {ref1},
 * {ref2}, {client_id}, {device_code}. */
bool pl_reference_is_good(const char *text);

extern const pl_api_op PL_OP_VIDEO_CREATE;
extern const pl_api_op PL_OP_VIDEO_GET;
extern const pl_api_op PL_OP_VIDEO_STATUS;
extern const pl_api_op PL_OP_VIDEO_DELETE;
extern const pl_api_op PL_OP_VIDEO_CALL_CREATE;
extern const pl_api_op PL_OP_VIDEO_CALL_PUT;
extern const pl_api_op PL_OP_VIDEO_CALL_UPSERT;
extern const pl_api_op PL_OP_VIDEO_DESTINATIONS;
extern const pl_api_op PL_OP_VIDEO_HOURS;
extern const pl_api_op PL_OP_VIDEO_DISCOVERY;

/* video_answer.c */

/* 422: a value is missing or no good. Returns: PL_OK, for `return` in
 * prepare. */
PL_MUST_USE pl_err pl_video_refuse(pl_answer *answer, const char *field,
                                   const char *reason);
/* 503 to who asks for a session that cannot be. */
void pl_video_not_granted(pl_answer *answer, const char *error);
/* Make the answer of an error; false when there is none and the reply is
 * want. */
bool pl_video_failed(const pl_api_call *call, pl_err e, const pl_msg_desc *want,
                     const pl_msg_desc *desc, const void *body,
                     pl_answer *answer);
/* status: as the app wrote it; NULL: as it is. */
void pl_video_put_session(pl_answer *answer, const pl_video_session *m,
                          const char *status);
void pl_video_put_call(pl_answer *answer, const pl_video_call *m);
/* all: not only what every app may see. NULL: one that we make up. */
void pl_video_put_destinations(pl_answer *answer, const pl_json *list,
                               bool all);

#endif
