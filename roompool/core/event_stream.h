/* event_stream.h - the outbox of events that clients read by polling.
 *
 * A session's stream: one event a poll, none while a command of the session is
 * under way or shortly after its reply. A poll without a cursor gets the oldest
 * that is not acknowledged, one with a cursor what follows it; the newest that
 * were delivered are kept for cursors that come back. A conference's stream:
 * roster events, stored once and read by each participant with its own cursor;
 * who asks for the first time, or is too slow, gets the whole roster between
 * sync marks. */
#ifndef PL_ROOMPOOL_EVENT_STREAM_H
#define PL_ROOMPOOL_EVENT_STREAM_H

#include "model.h"

void pl_event_list_free(pl_list *list);
/* A copy of a row with its own sdp bytes. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_event_copy(const pl_event_row *row, pl_event **ret_event);

/* Append to a session's stream; owner, seq and time are filled in. Drops the
 * oldest when max_events wait. row is borrowed. */
void pl_session_event(pl_pool *pool, pl_sess *sess, pl_event_row *row);
/* Append to a conference's stream and wake its readers. */
void pl_conf_event(pl_pool *pool, pl_conf *conf, pl_event_row *row);
/* Forget all events of a session or conference, stored ones too. */
void pl_session_events_clear(pl_pool *pool, pl_sess *sess);
void pl_conf_events_clear(pl_pool *pool, pl_conf *conf);

/* Something was asked of the session: what is answered at once, a refusal too,
 * goes out event_gap_ms before its events. */
void pl_session_hold_events(pl_pool *pool, pl_sess *sess);
/* All answers have gone out, perhaps after a commit that took long: now the
 * time begins that the events behind them wait. */
void pl_sessions_answered(pl_pool *pool);
/* A command of the session begins (events wait) and has been answered (events
 * go out event_gap_ms later). sess may be NULL. */
void pl_session_command_begin(pl_sess *sess);
void pl_session_command_end(pl_pool *pool, pl_sess *sess);

/* Somebody started or stopped talking. */
void pl_conf_talking(pl_pool *pool, pl_part *part, bool is_talking,
                     uint32_t level);
/* A participant as its participant-create tells it; seq 0. */
void pl_event_describe(const pl_pool *pool, const pl_part *part,
                       pl_event_item *ret_item);
/* Answer a parked poll with "nothing" and forget it. */
void pl_poll_end(pl_pool *pool, pl_poll *poll, uint64_t cursor);
/* Refuse a parked poll (PL_EGONE): what it reads has ended. */
void pl_poll_gone(pl_pool *pool, pl_poll *poll);
/* A front end went: forget its polls. */
void pl_polls_forget(pl_pool *pool, const char *node);

void pl_on_event_poll(pl_pool *pool, const pl_bus_in *in);
void pl_on_event_ack(pl_pool *pool, const pl_bus_in *in);
void pl_on_event_poll_cancel(pl_pool *pool, const pl_bus_in *in);

#endif
