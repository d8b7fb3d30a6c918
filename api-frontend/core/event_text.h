/* event_text.h - events of roompool in each API's spelling. */
#ifndef PL_API_EVENT_TEXT_H
#define PL_API_EVENT_TEXT_H

#include "pl/json.h"
#include "pl/msg.h"

/* The body of an event poll's 200, in the spelling of the event's session.
 * Errors: PL_EUNSUPPORTED a kind that sessions are not told; PL_ENOMEM. */
PL_MUST_USE pl_err pl_event_session_text(const pl_event_item *item,
                                         pl_buf *out);

/* Address of the connection that an SDP describes: its first host candidate,
 * else its c= line; false when it has neither. Part of the bare spelling. */
bool pl_event_connection_address(pl_slice sdp, char *buf, size_t cap);

/* Who speaks, as one reader of the client API knows it. */
enum { PL_STAGE_MAX = 32 };
typedef struct pl_stage {
    struct pl_stage_row {
        char participant_id[PL_ID_MAX + 1];
        unsigned vad; /* 0..100 */
    } rows[PL_STAGE_MAX];
    size_t n;
} pl_stage;
/* Note a STAGE item. */
void pl_stage_update(pl_stage *stage, const pl_event_item *item);
void pl_stage_forget(pl_stage *stage, const char *participant_id);
/* Append the `stage` event as server-sent event. */
void pl_stage_text(const pl_stage *stage, pl_buf *out);

/* A participant of the roster; the state of a conference: whole objects, as in
 * events and in answers. */
void pl_event_put_person(pl_jw *w, const char *key, const pl_event_item *item);
void pl_event_put_conference(pl_jw *w, const char *key,
                             const pl_event_item *item);

/* Append an event of a participant's stream as server-sent event; STAGE has its
 * own function above. Errors: PL_EUNSUPPORTED a kind that is not told there. */
PL_MUST_USE pl_err pl_event_seat_text(const pl_event_item *item, pl_buf *out);

#endif
