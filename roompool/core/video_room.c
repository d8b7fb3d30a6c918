/* video_room.c - where the room of a video session comes from, and goes to: our
 * own pool, or a room API elsewhere that wants a token.
 *
 * What is asked elsewhere is an errand. It waits for a token, asks, and is done
 * or asks once more: after a lost connection or a bad gateway with the same
 * Idempotency-Key, after 401 with another token. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conference.h"
#include "outgoing.h"
#include "pl/buf.h"
#include "pl/json.h"
#include "pl/str.h"
#include "room_pin.h"
#include "video.h"
#include "vmr_remote.h"

enum {
    ASK_MS = 3000,
    MAX_ASKS = 2,
    BODY_MAX = 2048, /* of a token request */
    RETRY_S = 5,     /* until the next try to give a room back, at first .. */
    RETRY_MAX_S = 300,
    PIN_MAX_TEXT = 20
};

/* ---- a room of ours ---- */

/* Its name may be another by now. */
static pl_vmr *room_of(const pl_pool *pool, const pl_video *video)
{
    uint64_t no = video->row.room_no;
    return no > 0 ? pl_vmr_by_no(pool, no) : NULL;
}

/* Whether anybody is in it; on another platform, as far as it told us. */
static bool is_occupied(const pl_vmr *vmr)
{
    if (!vmr->room)
        return false;
    return pl_vmr_is_remote(vmr) ? vmr->row.state == PL_POOL_STATE_IN_USE
                                 : pl_conf_is_occupied(vmr->room->conf);
}

pl_video_room_state pl_video_room_look(const pl_pool *pool,
                                       const pl_video *video)
{
    const pl_vmr *vmr = room_of(pool, video);
    pl_video_room_state s = {.is_known = video->row.room_no > 0};
    if (!vmr)
        return s;
    s.was_joined = vmr->row.first_join_at != 0;
    s.is_there = vmr->row.state != PL_POOL_STATE_DELETED;
    s.is_occupied = is_occupied(vmr);
    return s;
}

static pl_video_row row_of(const pl_video_create *m)
{
    pl_video_row row = {.created_at = 0};
    PL_SET(row.client_id, m->client_id);
    PL_SET(row.device_code, m->device_code);
    PL_SET(row.destination_host, m->destination_host);
    PL_SET(row.reference, m->reference);
    return row;
}

static void refuse(pl_pool *pool, const pl_bus_ticket *ticket, pl_err e)
{
    pl_pool_count(pool, PL_RM_video_refused);
    pl_pool_refuse(pool, ticket, e, NULL);
}

/* ---- errands ---- */

typedef enum errand_kind { MAKE, RETURN } errand_kind;

typedef struct errand {
    pl_list link;
    uint64_t no;
    errand_kind kind;
    bool is_waiting; /* for a token */
    bool was_refused;
    unsigned n_asks;
    char token[PL_TOKEN_MAX + 1];          /* that it was sent with */
    char session_id[PL_ROOM_NAME_MAX + 1]; /* and key; RETURN: "" none */
    /* MAKE */
    pl_bus_ticket ticket;
    pl_video_create wish;
    /* RETURN */
    char room_name[PL_ROOM_NAME_MAX + 1];
} errand;

static void free_errand(pl_videos *v, errand *a)
{
    if (a->kind == MAKE)
        v->n_making--;
    pl_list_remove(&a->link);
    pl_wipe(a->token, sizeof a->token);
    free(a);
}

void pl_video_errands_free(pl_videos *v)
{
    PL_LIST_EACH_SAFE(node, &v->errands)
    {
        free_errand(v, PL_CONTAINER(node, errand, link));
    }
}

static errand *new_errand(pl_pool *pool, errand_kind kind)
{
    pl_videos *v = pool->videos;
    errand *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->no = ++v->errand_no;
    a->kind = kind;
    if (kind == MAKE)
        v->n_making++;
    pl_list_append(&v->errands, &a->link);
    return a;
}

static errand *find_errand(const pl_pool *pool, uint64_t no)
{
    PL_LIST_EACH(node, &pool->videos->errands)
    {
        errand *a = PL_CONTAINER(node, errand, link);
        if (a->no == no)
            return a;
    }
    return NULL;
}

static void retry_return(pl_pool *pool, pl_video *video);

/* The room is given back, or there will be another try. */
static void end_return(pl_pool *pool, const errand *a, pl_err e)
{
    pl_video *video = pl_map_find(pool->videos->by_id, a->session_id);
    if (e)
        pl_pool_count(pool, PL_RM_video_return_failed);
    if (!video)
        return;
    video->is_returning = false;
    if (e) {
        retry_return(pool, video);
        return;
    }
    video->row.owes_room = false;
    pl_video_save(pool, video);
}

static void end_errand(pl_pool *pool, errand *a, pl_err e)
{
    if (a->kind == RETURN) {
        end_return(pool, a, e);
    } else if (e) {
        refuse(pool, &a->ticket, e);
    }
    free_errand(pool->videos, a);
}

/* ---- what it asks ---- */

/* Append a text as a part of a URL or of a form. */
static void add_escaped(pl_buf *out, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
                                "qrstuvwxyz0123456789-_.~";
    for (; *text; text++) {
        if (strchr(plain, *text)) {
            pl_buf_add_fmt(out, "%c", *text);
        } else {
            pl_buf_add_fmt(out, "%%%02X", (unsigned)(unsigned char)*text);
        }
    }
}

static void put_url(const pl_pool *pool, const errand *a, pl_fetch *m)
{
    pl_buf url;
    char hex[2 * 250 + 1];
    const char *base = pool->config->video_room_url;
    int n = (int)strlen(base);
    pl_buf_init(&url, sizeof m->url - 1);
    n -= n > 0 && base[n - 1] == '/';
    if (a->kind == MAKE) {
        pl_hex((const uint8_t *)a->wish.reference, strlen(a->wish.reference),
               hex);
        pl_buf_add_fmt(&url, "%.*s/room/create?uuiData=%s", n, base, hex);
    } else {
        pl_buf_add_fmt(&url, "%.*s/room/", n, base);
        add_escaped(&url, a->room_name);
    }
    PL_SET(m->url, pl_buf_text(&url));
    pl_buf_fini(&url);
}

static void on_answer(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in);

static void ask(pl_pool *pool, errand *a, const char *token)
{
    pl_fetch m = {.method = a->kind == MAKE ? PL_FETCH_METHOD_POST
                                            : PL_FETCH_METHOD_DELETE,
                  .auth = PL_FETCH_AUTH_BEARER,
                  .timeout_ms = ASK_MS,
                  .configured = true};
    a->is_waiting = false;
    a->n_asks++;
    PL_SET(a->token, token);
    PL_SET(m.secret, token);
    put_url(pool, a, &m);
    PL_MSG_SET(FETCH, fetch, &m, auth);
    PL_MSG_SET(FETCH, fetch, &m, secret);
    PL_MSG_SET(FETCH, fetch, &m, configured);
    if (a->kind == MAKE) {
        PL_SET(m.idempotency_key, a->session_id);
        PL_MSG_SET(FETCH, fetch, &m, idempotency_key);
    }
    pl_op *op = pl_op_create(pool, on_answer);
    if (!op) {
        end_errand(pool, a, PL_ENOMEM);
        return;
    }
    op->no = a->no;
    pl_outgoing_fetch(pool, &m, op);
}

/* ---- the token ---- */

static void move_on(pl_pool *pool);

static bool is_awaited(const pl_videos *v)
{
    PL_LIST_EACH(node, &v->errands)
    {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): free_errand() unlinks */
        if (PL_CONTAINER(node, errand, link)->is_waiting)
            return true;
    }
    return false;
}

/* {"access_token":"..","expires_in":3599}; some servers write a string. */
static pl_err take_token(pl_pool *pool, const pl_fetched *m)
{
    pl_json *json = NULL;
    pl_slice token;
    pl_slice text;
    int64_t life_s = 0;
    uint64_t n = 0;
    if (m->status != 200 || pl_json_parse(m->body, &json))
        return PL_EPROTO;
    pl_err e = pl_json_get_str(json, "access_token", &token);
    if (!e && pl_json_get_i64(json, "expires_in", &life_s)) {
        e = pl_json_get_str(json, "expires_in", &text);
        if (!e)
            e = pl_parse_u64(text, INT32_MAX, &n);
        life_s = (int64_t)n;
    }
    if (!e && life_s <= 0)
        e = PL_EINVAL;
    if (!e) {
        e = pl_token_given(pool->videos->token, pool->now.us, token,
                           (uint64_t)life_s);
    }
    pl_json_free(&json);
    return e;
}

static void fail_waiting(pl_pool *pool)
{
    PL_LIST_EACH_SAFE(node, &pool->videos->errands)
    {
        errand *a = PL_CONTAINER(node, errand, link);
        if (a->is_waiting)
            end_errand(pool, a, PL_EUNAVAILABLE);
    }
}

static void on_token(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    if (!e)
        e = take_token(pool, in->body);
    pl_op_destroy(&op);
    if (e) {
        pl_pool_count(pool, PL_RM_video_token_failed);
        pl_pool_note(pool, PL_LOG_WARN, "video_token_failed", NULL, NULL,
                     pl_err_text(e));
        if (!pl_token_failed(pool->videos->token, pool->now.us))
            fail_waiting(pool);
    }
    move_on(pool);
}

static void ask_token(pl_pool *pool)
{
    const pl_roompool_config *c = pool->config;
    const pl_videos *v = pool->videos;
    pl_fetch m = {.method = PL_FETCH_METHOD_POST,
                  .timeout_ms = pl_token_timeout_ms(v->token, pool->now.us),
                  .configured = true};
    pl_op *op = pl_op_create(pool, on_token);
    pl_buf body;
    pl_buf_init(&body, BODY_MAX);
    pl_buf_add_str(&body, "grant_type=client_credentials&client_id=");
    add_escaped(&body, v->client.id);
    pl_buf_add_str(&body, "&client_secret=");
    add_escaped(&body, v->client.secret);
    if (c->video_token_scope[0]) {
        pl_buf_add_str(&body, "&scope=");
        add_escaped(&body, c->video_token_scope);
    }
    PL_SET(m.url, c->video_token_url);
    PL_SET(m.content_type, "application/x-www-form-urlencoded");
    m.body = pl_buf_slice(&body);
    PL_MSG_SET(FETCH, fetch, &m, body);
    PL_MSG_SET(FETCH, fetch, &m, content_type);
    PL_MSG_SET(FETCH, fetch, &m, configured);
    pl_pool_count(pool, PL_RM_video_token_asked);
    if (op && !body.has_failed) {
        pl_outgoing_fetch(pool, &m, op);
    } else {
        pl_pool_fail(pool, PL_ENOMEM);
    }
    pl_buf_wipe(&body);
}

static void renew(void *ctx, void *object)
{
    (void)object;
    move_on(ctx);
}

/* Errands that wait and a token, if there is one; else the server is asked. */
static void move_on(pl_pool *pool)
{
    pl_videos *v = pool->videos;
    PL_LIST_EACH_SAFE(node, &v->errands)
    {
        errand *a = PL_CONTAINER(node, errand, link);
        const char *token =
            a->is_waiting ? pl_token_get(v->token, pool->now.us) : NULL;
        if (token)
            ask(pool, a, token);
    }
    bool awaited = is_awaited(v);
    if (pl_token_must_ask(v->token, pool->now.us, awaited))
        ask_token(pool);
    int64_t next = pl_token_next_us(v->token, awaited);
    if (next == INT64_MAX) {
        pl_pool_cancel(pool, &v->renew);
    } else {
        pl_pool_plan(pool, &v->renew, renew, NULL, next - pool->now.us);
    }
}

static void begin(pl_pool *pool, errand *a)
{
    a->is_waiting = true;
    move_on(pool);
}

/* ---- what came back ---- */

/* A member that is a text and fits. */
static pl_err take_text(const pl_json *json, const char *name, char *buf,
                        size_t cap)
{
    pl_slice text;
    pl_err e = pl_json_get_str(json, name, &text);
    if (!e && pl_copy(buf, cap, text))
        e = PL_EPROTO;
    return e;
}

/* The room object; its hosts' PIN is not looked at. */
static pl_err read_room(const pl_fetched *m, pl_video_row *row)
{
    pl_json *json = NULL;
    pl_err e = pl_json_parse(m->body, &json);
    if (!e)
        e = take_text(json, "name", row->room_name, sizeof row->room_name);
    if (!e && !row->room_name[0])
        e = PL_EPROTO;
    if (!e) {
        const pl_json *alias = pl_json_at(pl_json_get(json, "aliases"), 0);
        PL_SET(row->room_alias, row->room_name);
        if (alias) {
            e = take_text(alias, "alias", row->room_alias,
                          sizeof row->room_alias);
            if (!e && !row->room_alias[0])
                e = PL_EPROTO;
        }
    }
    if (!e) {
        e = take_text(json, "guest_pin", row->guest_pin, sizeof row->guest_pin);
        if (e == PL_ENOENT)
            e = PL_OK; /* one without */
    }
    pl_json_free(&json);
    return e;
}

/* It has no session: one try, then its lease. */
static void return_unused(pl_pool *pool, const char *room_name)
{
    errand *a = new_errand(pool, RETURN);
    if (!a)
        return;
    PL_SET(a->room_name, room_name);
    begin(pool, a);
}

static void made(pl_pool *pool, errand *a, const pl_fetched *m)
{
    pl_video *video;
    pl_video_row row = row_of(&a->wish);
    pl_err e = read_room(m, &row);
    if (!e)
        e = pl_video_add(pool, &row, a->session_id, &video);
    if (!e) {
        pl_video_reply(pool, &a->ticket, video);
    } else if (row.room_name[0] && e != PL_EEXIST) { /* then it has a session */
        return_unused(pool, row.room_name);
    }
    end_errand(pool, a, e ? PL_EUNAVAILABLE : PL_OK);
}

/* The same again with another token, once. */
static bool renews_token(pl_pool *pool, errand *a, uint32_t status)
{
    if (status != 401 || a->was_refused)
        return false;
    a->was_refused = true;
    a->n_asks--;
    pl_token_drop(pool->videos->token, a->token);
    begin(pool, a);
    return true;
}

/* Whether nobody knows if the request arrived. */
static bool is_lost(pl_err e, uint32_t status)
{
    return e == PL_EUNAVAILABLE || e == PL_ETIMEOUT || e == PL_EPROTO ||
           (!e && (status == 502 || status == 504));
}

static void on_answer(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    errand *a = find_errand(pool, op->no);
    const pl_fetched *m = e ? NULL : in->body;
    uint32_t status = m ? m->status : 0;
    pl_op_destroy(&op);
    if (!a || (m && renews_token(pool, a, status)))
        return;
    if (is_lost(e, status) && a->n_asks < MAX_ASKS) {
        begin(pool, a);
        return;
    }
    if (a->kind == MAKE && (status == 200 || status == 201)) {
        made(pool, a, m);
        return;
    }
    bool is_gone = status == 200 || status == 204 || status == 404;
    if (a->kind == RETURN && is_gone) {
        end_errand(pool, a, PL_OK);
        return;
    }
    char text[32];
    pl_fmt_cut(text, sizeof text, "%" PRIu32, status);
    pl_pool_note(pool, PL_LOG_WARN, "video_room_failed", NULL, NULL,
                 e ? pl_err_text(e) : text);
    end_errand(pool, a, status == 503 ? PL_EFULL : PL_EUNAVAILABLE);
}

/* ---- for sessions ---- */

static void on_taken(pl_pool *pool, const pl_vmr_taker *taker, pl_err e,
                     pl_vmr *vmr, bool is_repeated)
{
    uint64_t no = 0;
    pl_video *video;
    (void)is_repeated; /* there was no key */
    errand *a = pl_parse_u64(pl_slice_str(taker->id), UINT64_MAX, &no)
                    ? NULL
                    : find_errand(pool, no);
    if (!a)
        return;
    if (!e) {
        const char *pin = pl_pin_kept(vmr->room->row.pin_hash);
        pl_video_row row = row_of(&a->wish);
        row.room_no = vmr->row.room_no;
        PL_SET(row.room_name, vmr->row.name);
        PL_SET(row.room_alias, vmr->row.name);
        PL_SET(row.guest_pin, pin ? pin : "");
        e = pl_video_add(pool, &row, a->session_id, &video);
        if (e) {
            pl_vmr_remove(pool, vmr, "no session could be made");
        } else {
            pl_video_reply(pool, &a->ticket, video);
        }
    }
    end_errand(pool, a, e);
}

/* In the transaction that makes the session. */
static void take_room(pl_pool *pool, const errand *a)
{
    pl_pool_checkout m = {.present = 0};
    pl_vmr_taker taker = {.done = on_taken, .ticket = a->ticket};
    pl_fmt_cut(taker.id, sizeof taker.id, "%" PRIu64, a->no);
    PL_SET(m.client_id, a->wish.client_id);
    PL_SET(m.payload, a->wish.reference);
    PL_SET(m.tag, a->wish.tag);
    PL_MSG_SET(POOL_CHECKOUT, pool_checkout, &m, payload);
    PL_MSG_SET(POOL_CHECKOUT, pool_checkout, &m, tag);
    pl_vmr_take(pool, &m, &taker);
}

void pl_video_make(pl_pool *pool, const pl_bus_ticket *ticket,
                   const pl_video_create *m)
{
    char id[37];
    errand *a = new_errand(pool, MAKE);
    if (!a) {
        refuse(pool, ticket, PL_ENOMEM);
        return;
    }
    a->ticket = *ticket;
    a->wish = *m;
    pool->port->new_id(pool->port->ctx, id);
    PL_SET(a->session_id, id);
    if (pool->config->video_room_url[0]) {
        begin(pool, a);
    } else {
        take_room(pool, a);
    }
}

static void give_back_elsewhere(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_video *video = object;
    errand *a =
        pool->config->video_room_url[0] ? new_errand(pool, RETURN) : NULL;
    if (!a) { /* nobody to tell any more */
        retry_return(pool, video);
        return;
    }
    PL_SET(a->session_id, video->row.session_id);
    PL_SET(a->room_name, video->row.room_name);
    video->is_returning = true;
    begin(pool, a);
}

static void retry_return(pl_pool *pool, pl_video *video)
{
    int64_t pause_s = RETRY_S;
    for (unsigned i = 0; i < video->n_tries && pause_s < RETRY_MAX_S; i++)
        pause_s *= 2;
    video->n_tries++;
    pl_pool_plan(pool, &video->give_back, give_back_elsewhere, video,
                 PL_S(pause_s < RETRY_MAX_S ? pause_s : RETRY_MAX_S));
}

void pl_video_give_back(pl_pool *pool, pl_video *video)
{
    if (video->row.room_no > 0) {
        pl_vmr *vmr = room_of(pool, video);
        if (vmr)
            pl_vmr_remove(pool, vmr, video->row.ended_cause);
        return;
    }
    video->row.owes_room = true;
    pl_pool_plan(pool, &video->give_back, give_back_elsewhere, video, 0);
}
