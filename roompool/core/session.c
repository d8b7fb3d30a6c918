/* session.c - opening, keeping alive, closing. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "event_stream.h"
#include "invite.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"

static const char BAD_USER[] =
    "A user id has no blanks; a number is written vtn:4255550100 or "
    "tel:+14255550100 (in a form, the + as %2B)";

static const char BAD_MOBILE[] =
    "With the scope WEBRTCMOBILE a user is a number: tel:+14255550100 "
    "(in a form, the + as %2B)";

/* Of the bindings, one client has at most one part in so many. */
enum { CLIENT_SHARE = 2 };

pl_sess *pl_session_find(const pl_pool *pool, const char *session_id)
{
    return session_id[0] ? pl_map_find(pool->sessions, session_id) : NULL;
}

/* ---- by user ---- */

/* Sessions of one user are chained behind the first of them, which is in the
 * map. Errors: PL_ENOMEM. */
static pl_err add_to_user(pl_pool *pool, pl_sess *sess)
{
    char key[PL_USER_KEY_MAX + 1];
    pl_user_key(pool->config, &sess->row, key, sizeof key);
    pl_sess *first = pl_map_find(pool->callees, key);
    if (!first)
        return pl_map_put(pool->callees, key, sess);
    sess->next_same = first->next_same;
    first->next_same = sess;
    return PL_OK;
}

static void take_from_user(pl_pool *pool, pl_sess *sess)
{
    char key[PL_USER_KEY_MAX + 1];
    pl_user_key(pool->config, &sess->row, key, sizeof key);
    pl_sess *at = pl_map_find(pool->callees, key);
    if (at == sess) {
        (void)pl_map_remove(pool->callees, key);
        if (sess->next_same && pl_map_put(pool->callees, key, sess->next_same))
            pl_pool_fail(pool, PL_ENOMEM);
        return;
    }
    while (at && at->next_same != sess)
        at = at->next_same;
    if (at)
        at->next_same = sess->next_same;
}

const pl_sess *pl_session_first_same(const pl_pool *pool, const pl_sess *sess)
{
    char key[PL_USER_KEY_MAX + 1];
    pl_user_key(pool->config, &sess->row, key, sizeof key);
    return pl_map_find(pool->callees, key);
}

pl_sess *pl_session_next_of(const pl_pool *pool, const pl_address *address,
                            const pl_sess *after)
{
    char key[PL_USER_KEY_MAX + 1];
    char done[PL_USER_KEY_MAX + 1] = "";
    bool is_due = !after;
    if (after && after->next_same)
        return after->next_same;
    if (after)
        pl_user_key(pool->config, &after->row, done, sizeof done);
    for (unsigned i = 0; i < 2; i++) {
        if (!pl_address_key(address, i, key, sizeof key))
            continue;
        pl_sess *first = is_due ? pl_map_find(pool->callees, key) : NULL;
        if (first)
            return first;
        is_due = is_due || strcmp(key, done) == 0;
    }
    return NULL;
}

static bool is_same(const char *a, const char *b)
{
    return pl_slice_eq_secret(pl_slice_str(a), pl_slice_str(b));
}

pl_err pl_session_find_own(pl_pool *pool, const char *client_id,
                           const char *token_hash, const char *session_id,
                           pl_sess **ret_sess)
{
    pl_sess *sess = session_id[0] ? pl_session_find(pool, session_id)
                                  : pl_map_find(pool->tokens, token_hash);
    if (!sess)
        return PL_ENOENT;
    if (!is_same(sess->row.token_hash, token_hash)) {
        return client_id[0] && strcmp(sess->row.client_id, client_id) == 0
                   ? PL_EOTHERTOKEN
                   : PL_ENOENT;
    }
    *ret_sess = sess;
    return PL_OK;
}

/* ---- expiry ---- */

static pl_part *next_seat(const pl_sess *sess)
{
    PL_LIST_EACH(node, &sess->legs)
    {
        const pl_leg *leg = PL_CONTAINER(node, pl_leg, sess_link);
        if (pl_leg_is_seat(leg) && leg->part->row.state != PL_PART_STATE_LEFT)
            return leg->part;
    }
    return NULL;
}

/* Take the session out of every conference that it sits in. */
static void leave_all(pl_pool *pool, const pl_sess *sess, const char *reason)
{
    pl_part *part;
    while ((part = next_seat(sess)) != NULL)
        pl_part_leave(pool, part, reason);
}

static void stop_ringing(pl_pool *pool, const pl_sess *sess, const char *reason)
{
    while (!pl_list_is_empty(&sess->legs)) {
        pl_leg *leg = PL_CONTAINER(sess->legs.next, pl_leg, sess_link);
        pl_part *part = leg->part;
        pl_leg_drop(pool, leg);
        pl_invite_settle(pool, part, reason);
    }
}

static void end_session(pl_pool *pool, pl_sess *sess, const char *reason)
{
    leave_all(pool, sess, reason);
    stop_ringing(pool, sess, reason);
    pl_poll_gone(pool, &sess->poll);
    pl_session_events_clear(pool, sess);
    pl_pool_cancel(pool, &sess->expiry);
    pl_pool_cancel(pool, &sess->release);
    pl_list_remove(&sess->held_link);
    pl_pool_del(pool, &PL_TABLE_SESS, &sess->row);
    (void)pl_map_remove(pool->sessions, sess->row.session_id);
    (void)pl_map_remove(pool->tokens, sess->row.token_hash);
    take_from_user(pool, sess);
    pl_pool_note(pool, PL_LOG_INFO, "session_ended", NULL, NULL, reason);
    free(sess);
}

static void expired(void *ctx, void *object)
{
    end_session(ctx, object, "session expired");
}

void pl_session_plan_expiry(pl_pool *pool, pl_sess *sess)
{
    int64_t left_ms = sess->row.expires_at - pool->now.wall_ms;
    int64_t grace_ms = (int64_t)pool->config->session_grace_s * 1000;
    pl_pool_plan(pool, &sess->expiry, expired, sess, PL_MS(left_ms + grace_ms));
}

static void touch(pl_pool *pool, pl_sess *sess)
{
    sess->row.expires_at =
        pool->now.wall_ms + (int64_t)pool->config->session_s * 1000;
    pl_pool_put(pool, &PL_TABLE_SESS, &sess->row);
    pl_session_plan_expiry(pool, sess);
}

pl_err pl_session_actor(pl_pool *pool, const char *client_id,
                        const char *token_hash, const char *session_id,
                        pl_sess **ret_sess)
{
    pl_sess *sess;
    pl_err e =
        pl_session_find_own(pool, client_id, token_hash, session_id, &sess);
    if (e)
        return e;
    touch(pool, sess);
    pl_session_hold_events(pool, sess);
    *ret_sess = sess;
    return PL_OK;
}

void pl_session_tell(pl_pool *pool, pl_sess *sess, const pl_part *part,
                     pl_event_row *row)
{
    PL_SET(row->conf_id, pl_part_resource(part));
    row->resource = part->conf->row.kind == PL_CONF_KIND_CALL
                        ? PL_RESOURCE_CALLS
                        : PL_RESOURCE_CONFERENCES;
    pl_session_event(pool, sess, row);
}

void pl_session_terminated(pl_pool *pool, const char *session_id,
                           const pl_part *part, const char *reason)
{
    pl_sess *sess = pl_session_find(pool, session_id);
    pl_event_row row = {.kind = PL_EVENT_KIND_SESSION_TERMINATED};
    if (!sess)
        return;
    PL_SET(row.reason, reason);
    pl_session_tell(pool, sess, part, &row);
    pl_session_note_told(sess, row.conf_id);
}

void pl_session_note_told(pl_sess *sess, const char *resource_id)
{
    PL_SET(sess->told[sess->n_told++ % PL_N_TOLD], resource_id);
}

bool pl_session_was_told(const pl_sess *sess, const char *resource_id)
{
    for (size_t i = 0; i < PL_N_TOLD; i++) {
        if (strcmp(sess->told[i], resource_id) == 0)
            return resource_id[0] != '\0';
    }
    return false;
}

void pl_session_address_of(const pl_pool *pool, const pl_part *part, char *buf,
                           size_t cap)
{
    const pl_sess *sess = pl_session_find(pool, part->row.session_id);
    const char *text = part->row.address;
    if (sess) {
        pl_user_address(pool->config, &sess->row, buf, cap);
    } else if (strchr(text, ':')) {
        pl_fmt_cut(buf, cap, "%s", text);
    } else if (text[0]) {
        pl_fmt_cut(buf, cap, "sip:%s@%s", text, pool->config->user_domain);
    } else {
        pl_fmt_cut(buf, cap, "sip:anonymous@anonymous.invalid");
    }
}

/* ---- loading ---- */

pl_err pl_session_load(pl_pool *pool, const pl_sess_row *row)
{
    pl_sess *sess = calloc(1, sizeof *sess);
    if (!sess)
        return PL_ENOMEM;
    sess->row = *row;
    sess->seen_seq = row->acked_seq;
    pl_list_init(&sess->events);
    pl_list_init(&sess->legs);
    pl_err e = pl_map_put(pool->sessions, row->session_id, sess);
    if (e) {
        free(sess);
        return e;
    }
    e = pl_map_put(pool->tokens, row->token_hash, sess);
    if (!e)
        e = add_to_user(pool, sess);
    if (e) { /* half of it would never expire */
        if (pl_map_find(pool->tokens, row->token_hash) == sess)
            (void)pl_map_remove(pool->tokens, row->token_hash);
        (void)pl_map_remove(pool->sessions, row->session_id);
        free(sess);
    }
    return e;
}

pl_err pl_user_load(pl_pool *pool, const pl_user_row *row)
{
    pl_user_row *user = malloc(sizeof *user);
    if (!user)
        return PL_ENOMEM;
    *user = *row;
    pl_err e = pl_map_put(pool->users, row->token_hash, user);
    if (e)
        free(user);
    return e;
}

/* ---- whom a session speaks for ---- */

/* A user id belongs, all over the installation, to the client that has
 * sessions for it: the users of two clients may call each other, but nobody
 * rings in another's place. Ids that are one number are one user.
 * Errors: PL_EFORBIDDEN another client has it; PL_EFULL. */
static pl_err may_speak_for(const pl_pool *pool, const pl_sess_row *row)
{
    char key[PL_USER_KEY_MAX + 1];
    uint32_t n = 0;
    pl_user_key(pool->config, row, key, sizeof key);
    for (const pl_sess *sess = pl_map_find(pool->callees, key); sess;
         sess = sess->next_same) {
        if (strcmp(sess->row.client_id, row->client_id) != 0)
            return PL_EFORBIDDEN;
        n++;
    }
    return n < pool->config->max_sessions_per_user ? PL_OK : PL_EFULL;
}

static uint32_t type_of(uint32_t said, const char *user_id)
{
    if (said == PL_USER_TYPE_MOBILE)
        return PL_USER_TYPE_MOBILE;
    bool is_number = strncmp(user_id, "vtn:", strlen("vtn:")) == 0 ||
                     strncmp(user_id, "tel:", strlen("tel:")) == 0;
    return is_number ? PL_USER_TYPE_VIRTUAL : PL_USER_TYPE_ACCOUNT;
}

/* An id that others can call: printable, and a number where it must be one.
 * Errors: PL_EINVAL. */
static pl_err check_user(const pl_pool *pool, const pl_sess_row *row)
{
    char key[PL_USER_KEY_MAX + 1];
    for (const char *c = row->user_id; *c; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return PL_EINVAL;
    }
    pl_user_key(pool->config, row, key, sizeof key);
    return row->user_type == PL_USER_TYPE_ACCOUNT || pl_user_key_is_number(key)
               ? PL_OK
               : PL_EINVAL;
}

/* Errors: PL_EUNBOUND the token names nobody; PL_EINVAL it is no user id. */
static pl_err find_user(const pl_pool *pool, const pl_session_create *m,
                        pl_sess_row *row)
{
    const pl_user_row *bound = pl_map_find(pool->users, m->token_hash);
    if (m->user_id[0]) {
        PL_SET(row->user_id, m->user_id);
    } else if (bound) {
        PL_SET(row->user_id, bound->user_id);
    } else if (m->names_user || m->dialect == PL_DIALECT_BARE) {
        PL_SET(row->user_id, m->subject);
    } else {
        return PL_EUNBOUND;
    }
    row->user_type = type_of(m->user_type, row->user_id);
    return check_user(pool, row);
}

/* Old clients send the text "undefined" when they have none. */
static bool is_e911(const char *id)
{
    return id[0] && strcmp(id, "undefined") != 0;
}

/* Whoever has a number needs an emergency address; others cannot have one.
 * Errors: PL_EE911_MISSING, PL_EE911_UNWANTED. */
static pl_err set_e911(pl_sess_row *row, const char *id)
{
    bool is_needed = row->user_type != PL_USER_TYPE_ACCOUNT;
    if (is_e911(id) != is_needed)
        return is_needed ? PL_EE911_MISSING : PL_EE911_UNWANTED;
    PL_SET(row->e911_id, is_needed ? id : "");
    return PL_OK;
}

/* ---- requests ---- */

static pl_err fill_row(pl_pool *pool, const pl_session_create *m,
                       pl_sess_row *row)
{
    char id[37];
    pool->port->new_id(pool->port->ctx, id);
    PL_SET(row->session_id, id);
    PL_SET(row->client_id, m->client_id);
    PL_SET(row->token_hash, m->token_hash);
    PL_SET(row->subject, m->subject);
    row->dialect = m->dialect;
    row->created_at = pool->now.wall_ms;
    row->expires_at =
        pool->now.wall_ms + (int64_t)pool->config->session_s * 1000;
    pl_err e = find_user(pool, m, row);
    return e ? e : set_e911(row, m->e911_id);
}

static pl_err may_create(const pl_pool *pool, const pl_session_create *m)
{
    if (pool->is_draining)
        return PL_EDRAIN;
    if (pl_map_find(pool->tokens, m->token_hash))
        return PL_EEXIST;
    return pl_map_count(pool->sessions) >= pool->config->max_sessions ? PL_EFULL
                                                                      : PL_OK;
}

void pl_on_session_create(pl_pool *pool, const pl_bus_in *in)
{
    const pl_session_create *m = in->body;
    pl_sess_row row = {.dialect = 0};
    pl_err e = may_create(pool, m);
    if (!e)
        e = fill_row(pool, m, &row);
    if (!e)
        e = may_speak_for(pool, &row);
    if (!e)
        e = pl_session_load(pool, &row);
    if (e) {
        bool is_mobile = row.user_type == PL_USER_TYPE_MOBILE;
        const char *bad = is_mobile ? BAD_MOBILE : BAD_USER;
        pl_pool_refuse(pool, &in->ticket, e, e == PL_EINVAL ? bad : NULL);
        return;
    }
    pl_pool_put(pool, &PL_TABLE_SESS, &row);
    pl_session_plan_expiry(pool, pl_session_find(pool, row.session_id));
    pl_session_created r = {.expires_s = pool->config->session_s};
    PL_SET(r.session_id, row.session_id);
    PL_SET(r.user_id, row.user_id);
    pl_pool_reply(pool, &in->ticket, &PL_MSG_SESSION_CREATED, &r);
    pl_pool_note(pool, PL_LOG_INFO, "session_created", NULL, NULL,
                 row.session_id);
}

void pl_on_session_refresh(pl_pool *pool, const pl_bus_in *in)
{
    const pl_session_refresh *m = in->body;
    pl_session_refreshed r = {.expires_s = pool->config->session_s};
    pl_sess *sess;
    pl_err e = pl_session_actor(pool, m->client_id, m->token_hash,
                                m->session_id, &sess);
    if (!e && PL_MSG_HAS(SESSION_REFRESH, session_refresh, m, e911_id)) {
        e = set_e911(&sess->row, m->e911_id);
        if (!e)
            pl_pool_put(pool, &PL_TABLE_SESS, &sess->row);
    }
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    pl_pool_reply(pool, &in->ticket, &PL_MSG_SESSION_REFRESHED, &r);
}

void pl_on_session_delete(pl_pool *pool, const pl_bus_in *in)
{
    const pl_session_delete *m = in->body;
    pl_sess *sess;
    pl_err e = pl_session_find_own(pool, m->client_id, m->token_hash,
                                   m->session_id, &sess);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    end_session(pool, sess, "session closed");
    pl_pool_ok(pool, &in->ticket);
}

static size_t count_users(const pl_pool *pool, const char *client_id)
{
    size_t cursor = 0;
    size_t n = 0;
    const pl_user_row *user;
    while ((user = pl_map_next(pool->users, &cursor, NULL)) != NULL)
        n += strcmp(user->client_id, client_id) == 0;
    return n;
}

/* Bindings matter between bind and login: the oldest makes room; of this
 * client, NULL of all. */
static void drop_oldest_user(pl_pool *pool, const char *client_id)
{
    size_t cursor = 0;
    pl_user_row *user;
    pl_user_row *oldest = NULL;
    while ((user = pl_map_next(pool->users, &cursor, NULL)) != NULL) {
        if (client_id && strcmp(user->client_id, client_id) != 0)
            continue;
        if (!oldest || user->bound_at < oldest->bound_at)
            oldest = user;
    }
    if (!oldest)
        return;
    pl_pool_del(pool, &PL_TABLE_USER, oldest);
    (void)pl_map_remove(pool->users, oldest->token_hash);
    free(oldest);
}

/* Room for one more. A client that binds without end takes its own bindings
 * away before it has the table, and others theirs. */
static void make_room(pl_pool *pool, const char *client_id)
{
    size_t most = pool->config->max_sessions;
    size_t share = most / CLIENT_SHARE > 0 ? most / CLIENT_SHARE : 1;
    if (count_users(pool, client_id) >= share) {
        drop_oldest_user(pool, client_id);
    } else if (pl_map_count(pool->users) >= most) {
        drop_oldest_user(pool, NULL);
    }
}

/* Refused at once, not only at the login that follows. */
static pl_err may_bind(const pl_pool *pool, const pl_user_bind *m)
{
    pl_sess_row row = {.user_type = type_of(PL_USER_TYPE_UNKNOWN, m->user_id)};
    PL_SET(row.client_id, m->client_id);
    PL_SET(row.user_id, m->user_id);
    pl_err e = check_user(pool, &row);
    if (!e)
        e = may_speak_for(pool, &row);
    return e == PL_EFULL ? PL_OK : e;
}

void pl_on_user_bind(pl_pool *pool, const pl_bus_in *in)
{
    const pl_user_bind *m = in->body;
    pl_user_row row = {.bound_at = pool->now.wall_ms};
    pl_user_row *old = pl_map_find(pool->users, m->token_hash);
    PL_SET(row.token_hash, m->token_hash);
    PL_SET(row.client_id, m->client_id);
    PL_SET(row.user_id, m->user_id);
    pl_err e = may_bind(pool, m);
    if (!e && old) {
        *old = row;
    } else if (!e) {
        make_room(pool, row.client_id);
        e = pl_user_load(pool, &row);
    }
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, e == PL_EINVAL ? BAD_USER : NULL);
        return;
    }
    pl_pool_put(pool, &PL_TABLE_USER, &row);
    pl_pool_ok(pool, &in->ticket);
}
