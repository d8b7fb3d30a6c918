/* event_stream.c - appending, polling, acknowledging. */
#include "event_stream.h"

#include <stdlib.h>
#include <string.h>

#include "device/relay.h"
#include "participant.h"
#include "pl/str.h"
#include "refer.h"
#include "roster.h"
#include "session.h"
#include "waiting.h"

static const int64_t TALK_GAP_US = 250000; /* speakers are told 4 times a s */
/* An event handed out is handed out again at once when the front end says that
 * it did not arrive; else its acknowledgement has this time, because the front
 * end may be gone, and the event may have arrived or not. */
static const int64_t ACK_WAIT_US = 2000000;
/* Delivered events that are kept for a reader that comes back with a cursor. */
enum { KEPT_EVENTS = 64 };

static void serve_session(pl_pool *pool, pl_sess *sess);
static void serve_part(pl_pool *pool, pl_part *part);

/* ---- lists ---- */

static void free_event(pl_event *ev)
{
    free(ev->sdp);
    free(ev);
}

/* Unlink the first event; NULL when there is none. */
static pl_event *pop(pl_list *list)
{
    pl_list *node = list->next;
    if (node == list)
        return NULL;
    list->next = node->next;
    node->next->prev = list;
    node->next = node->prev = NULL;
    return PL_CONTAINER(node, pl_event, link);
}

void pl_event_list_free(pl_list *list)
{
    pl_event *ev;
    while (list->next && (ev = pop(list)) != NULL)
        free_event(ev);
}

pl_err pl_event_copy(const pl_event_row *row, pl_event **ret_event)
{
    pl_event *ev = calloc(1, sizeof *ev);
    if (!ev)
        return PL_ENOMEM;
    ev->row = *row;
    ev->row.sdp = (pl_slice){NULL, 0};
    if (row->sdp.len > 0) {
        uint8_t *copy = malloc(row->sdp.len);
        if (!copy) {
            free(ev);
            return PL_ENOMEM;
        }
        memcpy(copy, row->sdp.ptr, row->sdp.len);
        ev->sdp = copy;
        ev->row.sdp = (pl_slice){copy, row->sdp.len};
    }
    *ret_event = ev;
    return PL_OK;
}

/* Forget the oldest event; false when there is none. */
static bool drop_first(pl_pool *pool, pl_list *list)
{
    pl_event *ev = pop(list);
    if (!ev)
        return false;
    pl_pool_del(pool, &PL_TABLE_EVENT, &ev->row);
    free_event(ev);
    return true;
}

static pl_event *store_event(pl_pool *pool, pl_list *list,
                             const pl_event_row *row)
{
    pl_event *ev;
    if (pl_event_copy(row, &ev)) {
        pl_pool_fail(pool, PL_ENOMEM);
        return NULL;
    }
    pl_list_append(list, &ev->link);
    pl_pool_put(pool, &PL_TABLE_EVENT, &ev->row);
    pl_pool_count(pool, PL_RM_events);
    return ev;
}

static uint64_t first_seq(const pl_sess *sess)
{
    return PL_CONTAINER(sess->events.next, pl_event, link)->row.seq;
}

static void drop_oldest(pl_pool *pool, pl_sess *sess)
{
    sess->n_events -= drop_first(pool, &sess->events);
}

/* Forget what was delivered, but for the newest. Events are numbered without
 * gaps. */
static void prune(pl_pool *pool, pl_sess *sess)
{
    while (sess->n_events > 0 &&
           first_seq(sess) + KEPT_EVENTS <= sess->seen_seq)
        drop_oldest(pool, sess);
}

void pl_session_event(pl_pool *pool, pl_sess *sess, pl_event_row *row)
{
    row->owner = PL_OWNER_SESSION;
    PL_SET(row->owner_id, sess->row.session_id);
    row->seq = ++sess->row.last_seq;
    row->at = pool->now.wall_ms;
    if (row->resource == PL_RESOURCE_UNKNOWN)
        row->resource = PL_RESOURCE_CONFERENCES;
    if (!store_event(pool, &sess->events, row))
        return;
    sess->n_events++;
    if (sess->n_events > pool->config->max_events) {
        if (first_seq(sess) > sess->seen_seq)
            pl_pool_count(pool, PL_RM_events_dropped);
        drop_oldest(pool, sess);
    }
    pl_pool_put(pool, &PL_TABLE_SESS, &sess->row);
    serve_session(pool, sess);
}

static void wake_readers(pl_pool *pool, pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        serve_part(pool, PL_CONTAINER(node, pl_part, link));
    }
}

void pl_conf_event(pl_pool *pool, pl_conf *conf, pl_event_row *row)
{
    row->owner = PL_OWNER_CONFERENCE;
    PL_SET(row->owner_id, conf->row.conf_id);
    PL_SET(row->conf_id, conf->row.conf_id);
    row->seq = ++conf->last_seq;
    row->at = row->at ? row->at : pool->now.wall_ms;
    if (!store_event(pool, &conf->events, row))
        return;
    conf->n_events++;
    if (conf->n_events > pool->config->max_roster_events) {
        conf->n_events -= drop_first(pool, &conf->events);
    }
    wake_readers(pool, conf);
}

static void clear(pl_pool *pool, pl_list *list, unsigned *n)
{
    while (drop_first(pool, list))
        continue;
    *n = 0;
}

void pl_session_events_clear(pl_pool *pool, pl_sess *sess)
{
    clear(pool, &sess->events, &sess->n_events);
}

void pl_conf_events_clear(pl_pool *pool, pl_conf *conf)
{
    clear(pool, &conf->events, &conf->n_events);
}

/* ---- handing out ---- */

#define ITEM_STR(field, value)                                                 \
    do {                                                                       \
        if ((value)[0]) {                                                      \
            PL_SET(item->field, (value));                                      \
            PL_MSG_SET(EVENT_ITEM, event_item, item, field);                   \
        }                                                                      \
    } while (0)
#define ITEM_VAL(field, value)                                                 \
    do {                                                                       \
        item->field = (value);                                                 \
        PL_MSG_SET(EVENT_ITEM, event_item, item, field);                       \
    } while (0)

static void fill_texts(const pl_event_row *row, pl_event_item *item)
{
    ITEM_STR(conf_id, row->conf_id);
    ITEM_STR(from, row->from_uri);
    ITEM_STR(mod_id, row->mod_id);
    ITEM_STR(reason, row->reason);
    ITEM_STR(participant_id, row->participant_id);
    ITEM_STR(display_name, row->display_name);
    ITEM_STR(address, row->address);
    ITEM_STR(call_id, row->call_id);
}

static void fill_item(const pl_event_row *row, pl_event_item *item)
{
    *item = (pl_event_item){.seq = row->seq, .kind = row->kind};
    fill_texts(row, item);
    if (row->sdp.len > 0 && row->kind != PL_EVENT_KIND_MESSAGE)
        ITEM_VAL(sdp, row->sdp);
    if (row->at > 0)
        ITEM_VAL(at_ms, row->at);
    if (row->role)
        ITEM_VAL(role, row->role);
    ITEM_STR(transfer_to, row->transfer_to);
    if (row->provisional)
        ITEM_VAL(provisional, true);
}

static void unpark(pl_pool *pool, pl_poll *poll)
{
    if (!poll->is_parked)
        return;
    poll->is_parked = false;
    pool->n_polls--;
    pl_pool_cancel(pool, &poll->timeout);
}

static void answer(pl_pool *pool, pl_poll *poll, const pl_event_item *item)
{
    pl_pool_reply(pool, &poll->ticket, &PL_MSG_EVENT_ITEM, item);
    unpark(pool, poll);
}

void pl_poll_end(pl_pool *pool, pl_poll *poll, uint64_t cursor)
{
    if (!poll->is_parked)
        return;
    pl_event_none none = {.cursor = cursor};
    pl_pool_reply(pool, &poll->ticket, &PL_MSG_EVENT_NONE, &none);
    unpark(pool, poll);
}

void pl_poll_gone(pl_pool *pool, pl_poll *poll)
{
    if (!poll->is_parked)
        return;
    pl_pool_refuse(pool, &poll->ticket, PL_EGONE, NULL);
    unpark(pool, poll);
}

static void release_due(void *ctx, void *object)
{
    serve_session(ctx, object);
}

/* A cursor that this stream never gave counts as none. */
static bool has_cursor(const pl_sess *sess)
{
    return sess->poll.after_seq > 0 &&
           sess->poll.after_seq <= sess->row.last_seq;
}

/* The event that the parked poll waits for; NULL when it is still to come. */
static const pl_event *next_of(const pl_sess *sess)
{
    uint64_t after_seq =
        has_cursor(sess) ? sess->poll.after_seq : sess->row.acked_seq;
    PL_LIST_EACH(node, &sess->events)
    {
        const pl_event *ev = PL_CONTAINER(node, pl_event, link);
        if (ev->row.seq > after_seq)
            return ev;
    }
    return NULL;
}

static void serve_session(pl_pool *pool, pl_sess *sess)
{
    int64_t wait = sess->release_us - pool->now.us;
    if (!sess->poll.is_parked || sess->n_commands > 0)
        return;
    const pl_event *ev = next_of(sess);
    if (!ev)
        return;
    if (!has_cursor(sess) && ev->row.seq <= sess->given_seq &&
        sess->given_us + ACK_WAIT_US - pool->now.us > wait)
        wait = sess->given_us + ACK_WAIT_US - pool->now.us;
    if (wait > 0) {
        pl_pool_plan(pool, &sess->release, release_due, sess, wait);
        return;
    }
    pl_event_item body;
    pl_event_item *item = &body;
    fill_item(&ev->row, item);
    ITEM_VAL(dialect, sess->row.dialect);
    ITEM_STR(session_id, sess->row.session_id);
    ITEM_STR(resource, pl_resource_text(ev->row.resource));
    sess->given_seq = ev->row.seq;
    sess->given_us = pool->now.us;
    sess->given_corr = sess->poll.ticket.corr;
    PL_SET(sess->given_node, sess->poll.ticket.node);
    answer(pool, &sess->poll, item);
}

void pl_session_hold_events(pl_pool *pool, pl_sess *sess)
{
    sess->release_us = pool->now.us + PL_MS(pool->config->event_gap_ms);
    pl_list_remove(&sess->held_link);
    pl_list_append(&pool->held, &sess->held_link);
}

void pl_sessions_answered(pl_pool *pool)
{
    if (pl_list_is_empty(&pool->held))
        return;
    int64_t now_us = pool->port->clock_us(pool->port->ctx);
    int64_t until_us = now_us + PL_MS(pool->config->event_gap_ms);
    PL_LIST_EACH_SAFE(node, &pool->held)
    {
        pl_list_remove(node);
        /* A release that was planned for earlier looks again. */
        PL_CONTAINER(node, pl_sess, held_link)->release_us = until_us;
    }
}

void pl_session_command_begin(pl_sess *sess)
{
    if (sess)
        sess->n_commands++;
}

void pl_session_command_end(pl_pool *pool, pl_sess *sess)
{
    if (!sess)
        return;
    if (sess->n_commands > 0)
        sess->n_commands--;
    pl_session_hold_events(pool, sess);
    serve_session(pool, sess);
}

/* ---- a participant's reader ---- */

/* Who waits, or has left, hears of itself and the conference only, and never
 * of what was told meanwhile. */
static bool is_open_to(const pl_part *part, const pl_event_row *row)
{
    if (!pl_waits(part) && part->row.state != PL_PART_STATE_LEFT &&
        row->seq > part->hidden_seq)
        return true;
    return row->kind == PL_EVENT_KIND_CONFERENCE_UPDATE ||
           row->kind == PL_EVENT_KIND_LAYOUT ||
           strcmp(row->participant_id, part->row.participant_id) == 0;
}

static bool is_for(const pl_pool *pool, const pl_part *part,
                   const pl_event_row *row)
{
    bool is_own = strcmp(row->participant_id, part->row.participant_id) == 0;
    if (row->kind == PL_EVENT_KIND_MESSAGE && is_own)
        return false; /* it sent that */
    if (row->kind == PL_EVENT_KIND_REFER &&
        !pl_refer_secret(pool, row->transfer_id))
        return false; /* expired */
    return row->target_id[0]
               ? strcmp(row->target_id, part->row.participant_id) == 0
               : is_open_to(part, row);
}

static const pl_event *next_for(const pl_pool *pool, const pl_part *part,
                                uint64_t after_seq)
{
    PL_LIST_EACH(node, &part->conf->events)
    {
        const pl_event *ev = PL_CONTAINER(node, pl_event, link);
        if (ev->row.seq > after_seq && is_for(pool, part, &ev->row))
            return ev;
    }
    return NULL;
}

static bool has_missed(const pl_part *part, uint64_t after_seq)
{
    const pl_conf *conf = part->conf;
    if (after_seq > conf->last_seq)
        return true;
    if (pl_list_is_empty(&conf->events))
        return false;
    return PL_CONTAINER(conf->events.next, pl_event, link)->row.seq >
           after_seq + 1;
}

/* The speaker whose change this reader has not seen, oldest change first. */
static const pl_part *next_talker(const pl_part *reader)
{
    const pl_part *found = NULL;
    if (pl_waits(reader))
        return NULL;
    PL_LIST_EACH(node, &reader->conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->row.state == PL_PART_STATE_ACTIVE && !pl_waits(part) &&
            part->talk_version > reader->talk_seen &&
            (!found || part->talk_version < found->talk_version))
            found = part;
    }
    return found;
}

static void give_talker(pl_pool *pool, pl_part *reader, const pl_part *talker)
{
    pl_event_item body = {.seq = 0, .kind = PL_EVENT_KIND_STAGE};
    pl_event_item *item = &body;
    ITEM_STR(conf_id, reader->conf->row.conf_id);
    ITEM_STR(participant_id, talker->row.participant_id);
    ITEM_VAL(talking, talker->told_talking);
    ITEM_VAL(level, talker->level);
    reader->talk_seen = talker->talk_version;
    answer(pool, &reader->poll, item);
}

static void fill_message(const pl_event_row *row, pl_event_item *item)
{
    ITEM_STR(type, row->type);
    ITEM_VAL(payload, row->sdp);
    ITEM_VAL(direct, row->is_direct);
}

static void fill_refer(const pl_pool *pool, const pl_event_row *row,
                       pl_event_item *item)
{
    const char *secret = pl_refer_secret(pool, row->transfer_id);
    ITEM_STR(alias, row->alias);
    ITEM_STR(transfer_id, row->transfer_id);
    if (secret)
        ITEM_STR(secret, secret);
}

static void serve_stored(pl_pool *pool, pl_part *part, const pl_event *ev)
{
    pl_event_item item;
    fill_item(&ev->row, &item);
    if (ev->row.kind == PL_EVENT_KIND_MESSAGE)
        fill_message(&ev->row, &item);
    if (ev->row.kind == PL_EVENT_KIND_REFER)
        fill_refer(pool, &ev->row, &item);
    pl_roster_describe(pool, part->conf, &ev->row, &item);
    answer(pool, &part->poll, &item);
}

void pl_event_describe(const pl_pool *pool, const pl_part *part,
                       pl_event_item *ret_item)
{
    pl_event_row row;
    pl_roster_row(part, &row);
    row.kind = PL_EVENT_KIND_PARTICIPANT_CREATE;
    PL_SET(row.conf_id, part->row.conf_id);
    fill_item(&row, ret_item);
    pl_roster_describe(pool, part->conf, &row, ret_item);
}

static void serve_part(pl_pool *pool, pl_part *part)
{
    pl_poll *poll = &part->poll;
    if (!poll->is_parked)
        return;
    if (pl_list_is_empty(&part->sync) && has_missed(part, poll->after_seq) &&
        pl_roster_sync(part)) {
        pl_pool_fail(pool, PL_ENOMEM);
        return;
    }
    pl_event *opening = pop(&part->sync);
    if (opening) {
        serve_stored(pool, part, opening);
        free_event(opening);
        return;
    }
    const pl_event *ev = next_for(pool, part, poll->after_seq);
    if (!ev) /* nothing so far was for it */
        poll->after_seq = part->conf->last_seq;
    const pl_part *talker = ev ? NULL : next_talker(part);
    if (ev) {
        serve_stored(pool, part, ev);
    } else if (part->row.state == PL_PART_STATE_LEFT) {
        pl_pool_refuse(pool, &poll->ticket, PL_EGONE, NULL);
        unpark(pool, poll);
    } else if (talker) {
        give_talker(pool, part, talker);
    }
}

/* ---- speaking ---- */

static void tell_talking(pl_pool *pool, pl_conf *conf)
{
    bool is_changed = false;
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->is_talking == part->told_talking)
            continue;
        part->told_talking = part->is_talking;
        part->talk_version = ++conf->talk_version;
        is_changed = true;
    }
    if (!is_changed)
        return;
    conf->talk_us = pool->now.us;
    wake_readers(pool, conf);
}

static void talk_due(void *ctx, void *object)
{
    tell_talking(ctx, object);
}

void pl_conf_talking(pl_pool *pool, pl_part *part, bool is_talking,
                     uint32_t level)
{
    pl_conf *conf = part->conf;
    part->is_talking = is_talking;
    part->level = level;
    if (part->is_talking == part->told_talking)
        return;
    int64_t wait = conf->talk_us + TALK_GAP_US - pool->now.us;
    if (conf->talk_us == 0 || wait <= 0) {
        tell_talking(pool, conf);
    } else if (conf->talk.at == 0) {
        pl_pool_plan(pool, &conf->talk, talk_due, conf, wait);
    }
}

/* ---- messages ---- */

static void session_poll_timeout(void *ctx, void *object)
{
    pl_sess *sess = object;
    pl_poll_end(ctx, &sess->poll, sess->row.last_seq);
}

static void part_poll_timeout(void *ctx, void *object)
{
    pl_part *part = object;
    pl_poll_end(ctx, &part->poll, part->conf->last_seq);
}

/* Park, after a newer poll has taken over from an older one. */
static bool park(pl_pool *pool, pl_poll *poll, const pl_bus_in *in,
                 uint64_t cursor, void (*timeout)(void *, void *), void *object)
{
    const pl_event_poll *m = in->body;
    pl_poll_end(pool, poll, cursor);
    if (pool->n_polls >= pool->config->max_polls) {
        pl_pool_refuse(pool, &in->ticket, PL_EFULL, NULL);
        return false;
    }
    poll->ticket = in->ticket;
    poll->after_seq = m->after_seq;
    poll->is_parked = true;
    pool->n_polls++;
    pl_pool_plan(pool, &poll->timeout, timeout, object, PL_MS(m->wait_ms));
    return true;
}

static void poll_session(pl_pool *pool, const pl_bus_in *in)
{
    const pl_event_poll *m = in->body;
    pl_sess *sess;
    pl_err e =
        pl_session_find_own(pool, m->client_id, m->token_hash, m->id, &sess);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    /* A cursor says what has arrived; it acknowledges nothing. */
    if (m->after_seq > sess->seen_seq && m->after_seq <= sess->row.last_seq) {
        sess->seen_seq = m->after_seq;
        prune(pool, sess);
    }
    if (park(pool, &sess->poll, in, sess->row.last_seq, session_poll_timeout,
             sess))
        serve_session(pool, sess);
}

static void poll_part(pl_pool *pool, const pl_bus_in *in)
{
    const pl_event_poll *m = in->body;
    pl_part *part;
    pl_err e = pl_part_find_by_token(pool, m->id, m->token_hash, &part);
    if (!e && part->row.state == PL_PART_STATE_LEFT && m->fresh)
        e = PL_EGONE;
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    if ((m->fresh || !part->has_reader) &&
        part->row.state != PL_PART_STATE_LEFT) {
        part->talk_seen = 0;
        if (pl_roster_sync(part))
            pl_pool_fail(pool, PL_ENOMEM);
    }
    if (park(pool, &part->poll, in, part->conf->last_seq, part_poll_timeout,
             part))
        serve_part(pool, part);
}

void pl_on_event_poll(pl_pool *pool, const pl_bus_in *in)
{
    const pl_event_poll *m = in->body;
    if (m->stream == PL_STREAM_SESSION) {
        poll_session(pool, in);
    } else {
        poll_part(pool, in);
    }
}

void pl_on_event_ack(pl_pool *pool, const pl_bus_in *in)
{
    const pl_event_ack *m = in->body;
    pl_sess *sess;
    if (pl_session_find_own(pool, "", m->token_hash, m->session_id, &sess))
        return;
    if (m->seq > sess->row.acked_seq && m->seq <= sess->row.last_seq) {
        sess->row.acked_seq = m->seq;
        pl_pool_put(pool, &PL_TABLE_SESS, &sess->row);
    }
    if (sess->row.acked_seq > sess->seen_seq)
        sess->seen_seq = sess->row.acked_seq;
    prune(pool, sess);
    serve_session(pool, sess);
}

static bool is_from(const pl_poll *poll, const char *node, uint64_t corr)
{
    return poll->is_parked && strcmp(poll->ticket.node, node) == 0 &&
           (corr == 0 || poll->ticket.corr == corr);
}

static bool was_given(const pl_sess *sess, const char *node, uint64_t corr)
{
    return sess->given_seq > sess->row.acked_seq && sess->given_corr == corr &&
           strcmp(sess->given_node, node) == 0;
}

static void cancel_session(pl_pool *pool, pl_sess *sess, const char *node,
                           uint64_t corr)
{
    if (is_from(&sess->poll, node, corr)) {
        unpark(pool, &sess->poll);
    } else if (was_given(sess, node, corr)) {
        sess->given_seq = 0;
        serve_session(pool, sess);
    }
}

static void cancel_part(pl_pool *pool, pl_part *part, const char *node,
                        uint64_t corr)
{
    if (is_from(&part->poll, node, corr))
        unpark(pool, &part->poll);
}

/* corr: 0, all of the node. */
static void cancel_anywhere(pl_pool *pool, const char *node, uint64_t corr)
{
    size_t cursor = 0;
    pl_sess *sess;
    pl_part *part;
    while ((sess = pl_map_next(pool->sessions, &cursor, NULL)) != NULL)
        cancel_session(pool, sess, node, corr);
    cursor = 0;
    while ((part = pl_map_next(pool->parts, &cursor, NULL)) != NULL)
        cancel_part(pool, part, node, corr);
    pl_relay_forget(pool, node, corr);
}

void pl_polls_forget(pl_pool *pool, const char *node)
{
    cancel_anywhere(pool, node, 0);
}

void pl_on_event_poll_cancel(pl_pool *pool, const pl_bus_in *in)
{
    const pl_event_poll_cancel *m = in->body;
    pl_sess *sess = pl_session_find(pool, m->id);
    pl_part *part = pl_part_find(pool, m->id);
    if (!m->id[0]) {
        cancel_anywhere(pool, in->node, m->corr);
    } else if (sess) {
        cancel_session(pool, sess, in->node, m->corr);
    } else if (part) {
        cancel_part(pool, part, in->node, m->corr);
    } else {
        pl_relay_forget(pool, in->node, m->corr);
    }
}
