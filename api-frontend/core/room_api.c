/* room_api.c - the room API's operations. */
#include "room_api.h"

#include <string.h>

#include "pl/str.h"
#include "url.h"
#include "uui_data.h"

enum { TAG_MAX = 250, KEY_MAX = 128, PIN_MIN = 4, PIN_MAX = 20 };
enum { FILL_MAX = 100000, LIST_MAX = 20000 };

/* Who may: the scope of everyday work, or of administrators. */
static const unsigned ANYBODY = PL_SCOPE_ROOMS | PL_SCOPE_ROOMS_ADMIN;
static const unsigned ADMIN = PL_SCOPE_ROOMS_ADMIN;

static pl_err check_scope(const pl_api_call *call, unsigned scopes)
{
    return call->caller->scopes & scopes ? PL_OK : PL_EFORBIDDEN;
}

bool pl_room_prefix_is_good(const char *prefix)
{
    enum { PREFIX_MAX = 200 };
    for (const char *c = prefix; *c; c++) {
        if (*c <= 0x20 || *c >= 0x7f)
            return false;
    }
    return strlen(prefix) <= PREFIX_MAX;
}

/* client_id of the token into a message. */
#define PUT_CLIENT(m)                                                          \
    pl_fmt_cut((m)->client_id, sizeof(m)->client_id, "%s",                     \
               call->caller->client_id)

/* ---- the answer with one room ---- */

static void answer_room(pl_answer *answer, const pl_pool_room *room,
                        bool has_pin)
{
    pl_answer_json(answer, 200);
    pl_jw w = {.out = &answer->body};
    pl_room_put(&w, room, has_pin);
}

/* ---- POST /room/create ---- */

/* The suffix that uuiData stands for; answered already when it is no good. */
static pl_err read_payload(const pl_api_call *call, size_t max, char *ret_text,
                           pl_answer *answer)
{
    char raw[PL_UUI_RAW_MAX + 1] = "";
    pl_err e = pl_url_param(call->head->query, "uuiData", raw, sizeof raw);
    if (e == PL_ENOENT)
        raw[0] = '\0';
    else if (e == PL_EFULL)
        e = PL_ETOOBIG;
    if (!e || e == PL_ENOENT) {
        e = pl_uui_suffix(pl_slice_str(raw), call->rooms->takes_header, max,
                          ret_text);
    }
    if (e == PL_ETOOBIG) {
        return pl_room_refuse(answer, "query", "uuiData",
                              "is longer than a tag can hold",
                              "string_too_long");
    }
    if (e == PL_EINVAL || e == PL_EPROTO) {
        return pl_room_refuse(answer, "query", "uuiData",
                              "is not one text without control characters",
                              "value_error");
    }
    return e;
}

/* The tag, and where names are derived the name. */
static pl_err put_payload(const pl_api_call *call, const char *suffix,
                          pl_pool_checkout *m)
{
    if (!suffix[0])
        return PL_OK;
    if (PL_PUT(m->payload, pl_slice_str(suffix)))
        return PL_EINVAL;
    pl_fmt_cut(m->tag, sizeof m->tag, "%s%s", call->rooms->tag_prefix, suffix);
    PL_MSG_SET(POOL_CHECKOUT, pool_checkout, m, payload);
    PL_MSG_SET(POOL_CHECKOUT, pool_checkout, m, tag);
    if (!call->rooms->is_derived)
        return PL_OK;
    if (PL_PUT(m->name, pl_slice_str(suffix)))
        return PL_EINVAL;
    PL_MSG_SET(POOL_CHECKOUT, pool_checkout, m, name);
    return PL_OK;
}

static pl_err prepare_create(pl_api_call *call, pl_answer *answer)
{
    pl_pool_checkout *m = &call->message.pool_checkout;
    char suffix[PL_UUI_SUFFIX_MAX + 1];
    pl_slice key = pl_http_head_get(call->head, "idempotency-key");
    pl_err e = check_scope(call, ANYBODY);
    if (e)
        return e;
    if (key.len > KEY_MAX || !pl_is_printable(key) || !pl_is_utf8(key)) {
        return pl_room_refuse(answer, "header", "Idempotency-Key",
                              "is not a text of at most 128 bytes",
                              "value_error");
    }
    *m = (pl_pool_checkout){0};
    PUT_CLIENT(m);
    e = read_payload(call, TAG_MAX - strlen(call->rooms->tag_prefix), suffix,
                     answer);
    if (!e && answer->status == 0)
        e = put_payload(call, suffix, m);
    if (e || answer->status != 0)
        return e;
    if (key.len > 0) {
        if (PL_PUT(m->idempotency_key, key))
            return PL_EINVAL;
        PL_MSG_SET(POOL_CHECKOUT, pool_checkout, m, idempotency_key);
    }
    call->desc = &PL_MSG_POOL_CHECKOUT;
    return PL_OK;
}

static void finish_create(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer)
{
    if (e == PL_EEXIST && !call->message.pool_checkout.idempotency_key[0]) {
        if (pl_room_refuse(answer, "query", "uuiData",
                           "is the name of another room", "value_error"))
            pl_room_fail(call, PL_EINTERNAL, NULL, answer);
        return;
    }
    if (!pl_room_failed(call, e, &PL_MSG_POOL_ROOM, desc, body, answer))
        answer_room(answer, body, !call->rooms->is_pin_hidden);
}

/* ---- GET and DELETE /room/{room_name}, GET /public/room/{room_name} ---- */

/* A boolean of the query as its authors write one; absent: preset. */
static pl_err read_flag(const pl_api_call *call, const char *name, bool preset,
                        bool *ret_flag)
{
    static const char *const yes[] = {"true", "1", "yes", "on"};
    static const char *const no[] = {"false", "0", "no", "off"};
    char text[8];
    *ret_flag = preset;
    pl_err e = pl_url_param(call->head->query, name, text, sizeof text);
    if (e)
        return e == PL_ENOENT ? PL_OK : PL_EINVAL;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        bool is_yes = pl_slice_eq_nocase(pl_slice_str(text), yes[i]);
        if (is_yes || pl_slice_eq_nocase(pl_slice_str(text), no[i])) {
            *ret_flag = is_yes;
            return PL_OK;
        }
    }
    return PL_EINVAL;
}

static pl_err put_get(pl_api_call *call, const char *client_id)
{
    pl_pool_room_get *m = &call->message.pool_room_get;
    *m = (pl_pool_room_get){0};
    pl_fmt_cut(m->client_id, sizeof m->client_id, "%s", client_id);
    if (PL_PUT(m->name, pl_slice_str(pl_call_param(call, 0))))
        return PL_ENOENT;
    call->desc = &PL_MSG_POOL_ROOM_GET;
    return PL_OK;
}

static const char CONSTRAINED[] = "constrained_attributes";

static pl_err prepare_get(pl_api_call *call, pl_answer *answer)
{
    bool is_constrained;
    pl_err e = check_scope(call, ANYBODY);
    if (e)
        return e;
    if (read_flag(call, CONSTRAINED, true, &is_constrained)) {
        return pl_room_refuse(answer, "query", CONSTRAINED,
                              "is neither true nor false", "bool_parsing");
    }
    return put_get(call, call->caller->client_id);
}

static void finish_get(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                       const void *body, pl_answer *answer)
{
    bool is_constrained;
    if (pl_room_failed(call, e, &PL_MSG_POOL_ROOM, desc, body, answer))
        return;
    if (read_flag(call, CONSTRAINED, true, &is_constrained) || is_constrained) {
        answer_room(answer, body, true);
        return;
    }
    pl_answer_json(answer, 200);
    pl_jw w = {.out = &answer->body};
    pl_room_put_whole(&w, body);
}

/* For who has the secret, not a token; nothing is there without one. */
static pl_err prepare_public(pl_api_call *call, pl_answer *answer)
{
    pl_slice given = pl_http_head_get(call->head, "x-auth-token");
    if (call->rooms->public_secret.len == 0) {
        pl_answer_refuse(answer, PL_FAMILY_ROOM, 404, "Not Found");
        return PL_OK;
    }
    if (given.len == 0)
        return PL_EAUTH;
    if (!pl_slice_eq_secret(given, call->rooms->public_secret)) {
        pl_answer_refuse(answer, PL_FAMILY_ROOM, 403, "Wrong x-auth-token");
        return PL_OK;
    }
    return put_get(call, "public");
}

static void finish_public(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer)
{
    if (!pl_room_failed(call, e, &PL_MSG_POOL_ROOM, desc, body, answer))
        answer_room(answer, body, true);
}

static pl_err prepare_delete(pl_api_call *call, pl_answer *answer)
{
    pl_pool_room_delete *m = &call->message.pool_room_delete;
    (void)answer;
    pl_err e = check_scope(call, ANYBODY);
    if (e)
        return e;
    *m = (pl_pool_room_delete){0};
    PUT_CLIENT(m);
    if (PL_PUT(m->name, pl_slice_str(pl_call_param(call, 0))))
        return PL_ENOENT;
    call->desc = &PL_MSG_POOL_ROOM_DELETE;
    return PL_OK;
}

static void finish_delete(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer)
{
    if (!pl_room_failed(call, e, &PL_MSG_OK_REPLY, desc, body, answer))
        pl_answer_empty(answer, 204);
}

/* ---- PATCH /room/{room_name} ---- */

static bool is_text(pl_slice text)
{
    return text.len <= TAG_MAX && pl_is_printable(text);
}

bool pl_room_is_pin(pl_slice text)
{
    size_t n = text.len;
    if (n == 0)
        return true;
    if (n < PIN_MIN || n > PIN_MAX)
        return false;
    if (text.ptr[n - 1] == '#')
        n--;
    for (size_t i = 0; i < n; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    }
    return true;
}

static const struct {
    const char *name;
    bool (*is_good)(pl_slice text);
    const char *text;
} MEMBERS[] = {
    {"pin", pl_room_is_pin,
     "is not 4 to 20 digits, the last perhaps a #, nor empty"},
    {"guest_pin", pl_room_is_pin,
     "is not 4 to 20 digits, the last perhaps a #, nor empty"},
    {"tag", is_text,
     "is not a text of at most 250 bytes without control characters"},
    {"description", is_text,
     "is not a text of at most 250 bytes without control characters"},
};
enum { N_MEMBERS = sizeof MEMBERS / sizeof MEMBERS[0] };

/* Members that are there, in the order of the table; those that are not, or
 * null, have no ptr. Answered already when one is no good. */
static pl_err read_members(const pl_api_call *call, pl_slice values[N_MEMBERS],
                           pl_answer *answer)
{
    for (size_t i = 0; i < N_MEMBERS; i++) {
        values[i] = (pl_slice){NULL, 0};
        pl_err e = pl_json_get_str(call->doc, MEMBERS[i].name, &values[i]);
        if (e == PL_ENOENT)
            continue;
        if (e) {
            return pl_room_refuse(answer, "body", MEMBERS[i].name,
                                  "is not a string", "string_type");
        }
        if (!MEMBERS[i].is_good(values[i])) {
            return pl_room_refuse(answer, "body", MEMBERS[i].name,
                                  MEMBERS[i].text, "value_error");
        }
    }
    return PL_OK;
}

#define PUT_MEMBER(i, member)                                                  \
    do {                                                                       \
        if (values[i].ptr) {                                                   \
            if (PL_PUT(m->member, values[i]))                                  \
                return PL_EINVAL;                                              \
            PL_MSG_SET(POOL_ROOM_CHANGE, pool_room_change, m, member);         \
        }                                                                      \
    } while (0)

static pl_err put_change(pl_api_call *call, const pl_slice values[N_MEMBERS])
{
    pl_pool_room_change *m = &call->message.pool_room_change;
    *m = (pl_pool_room_change){0};
    PUT_CLIENT(m);
    if (PL_PUT(m->name, pl_slice_str(pl_call_param(call, 0))))
        return PL_ENOENT;
    PUT_MEMBER(0, pin);
    PUT_MEMBER(1, guest_pin);
    PUT_MEMBER(2, tag);
    PUT_MEMBER(3, description);
    call->desc = &PL_MSG_POOL_ROOM_CHANGE;
    return PL_OK;
}

static pl_err prepare_change(pl_api_call *call, pl_answer *answer)
{
    pl_slice values[N_MEMBERS];
    pl_err e = check_scope(call, ANYBODY);
    if (!e)
        e = pl_call_parse_body(call);
    if (e)
        return e;
    if (!call->doc) {
        return pl_room_refuse(answer, "body", NULL, "is missing", "missing");
    }
    if (!pl_json_is_object(call->doc)) {
        return pl_room_refuse(answer, "body", NULL, "is not an object",
                              "model_attributes_type");
    }
    e = read_members(call, values, answer);
    return e || answer->status != 0 ? e : put_change(call, values);
}

static void finish_change(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer)
{
    if (!pl_room_failed(call, e, &PL_MSG_POOL_ROOM, desc, body, answer))
        pl_answer_empty(answer, 202);
}

/* ---- GET /rooms: one room at a time, until there is none ---- */

static pl_err prepare_list(pl_api_call *call, pl_answer *answer)
{
    pl_pool_room_next *m = &call->message.pool_room_next;
    (void)answer;
    pl_err e = check_scope(call, ANYBODY);
    if (e)
        return e;
    *m = (pl_pool_room_next){0};
    PUT_CLIENT(m);
    call->desc = &PL_MSG_POOL_ROOM_NEXT;
    pl_buf_init(&call->list, PL_ANSWER_BODY_MAX - 2);
    return PL_OK;
}

/* Keep one and ask for the next, which has a higher number. */
static pl_err take_room(pl_api_call *call, const pl_pool_room *room)
{
    pl_pool_room_next *m = &call->message.pool_room_next;
    pl_jw w = {.out = &call->list, .has_items = call->list.len == 0 ? 0 : 1};
    if (room->room_no <= m->after_no)
        return PL_EINTERNAL;
    if (call->n_rounds++ == LIST_MAX)
        return PL_EFULL;
    pl_room_put(&w, room, true);
    m->after_no = room->room_no;
    return call->list.has_failed ? PL_EFULL : PL_OK;
}

static void finish_list(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                        const void *body, pl_answer *answer)
{
    call->is_partial = false;
    if (e != PL_ENOENT) {
        if (pl_room_failed(call, e, &PL_MSG_POOL_ROOM, desc, body, answer))
            return;
        e = take_room(call, body);
        call->is_partial = !e;
        if (e)
            pl_room_fail(call, e, NULL, answer);
        return;
    }
    pl_answer_json(answer, 200);
    pl_buf_add_str(&answer->body, "[");
    pl_buf_add_slice(&answer->body, pl_buf_slice(&call->list));
    pl_buf_add_str(&answer->body, "]");
}

/* ---- POST /rooms/create, DELETE /rooms: for administrators ---- */

static pl_err prepare_fill(pl_api_call *call, pl_answer *answer)
{
    pl_pool_fill *m = &call->message.pool_fill;
    char text[16];
    uint64_t count = 0;
    pl_err e = check_scope(call, ADMIN);
    if (e)
        return e;
    e = pl_url_param(call->head->query, "count", text, sizeof text);
    if (e == PL_ENOENT)
        return pl_room_refuse(answer, "query", "count", "is missing",
                              "missing");
    if (e || pl_parse_u64(pl_slice_str(text), FILL_MAX, &count) || count == 0) {
        return pl_room_refuse(answer, "query", "count",
                              "is not a number from 1 to 100000",
                              "int_parsing");
    }
    *m = (pl_pool_fill){.count = (uint32_t)count};
    PUT_CLIENT(m);
    call->desc = &PL_MSG_POOL_FILL;
    return PL_OK;
}

static void finish_fill(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                        const void *body, pl_answer *answer)
{
    if (!pl_room_failed(call, e, &PL_MSG_OK_REPLY, desc, body, answer))
        pl_answer_empty(answer, 202);
}

static pl_err prepare_delete_all(pl_api_call *call, pl_answer *answer)
{
    pl_pool_rooms_delete *m = &call->message.pool_rooms_delete;
    (void)answer;
    pl_err e = check_scope(call, ADMIN);
    if (e)
        return e;
    *m = (pl_pool_rooms_delete){0};
    PUT_CLIENT(m);
    call->desc = &PL_MSG_POOL_ROOMS_DELETE;
    return PL_OK;
}

static void finish_delete_all(pl_api_call *call, pl_err e,
                              const pl_msg_desc *desc, const void *body,
                              pl_answer *answer)
{
    const pl_pool_rooms_deleted *m = body;
    if (pl_room_failed(call, e, &PL_MSG_POOL_ROOMS_DELETED, desc, body, answer))
        return;
    pl_answer_json(answer, 200);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_int(&w, "deleted", m->count);
    pl_jw_close(&w, '}');
}

#define ROOM_OP(NAME, auth_, name)                                             \
    const pl_api_op PL_OP_ROOM_##NAME = {.kind = PL_KIND_CALL,                 \
                                         .family = PL_FAMILY_ROOM,             \
                                         .auth = (auth_),                      \
                                         .prepare = prepare_##name,            \
                                         .finish = finish_##name};
ROOM_OP(CREATE, PL_AUTH_BEARER, create)
ROOM_OP(GET, PL_AUTH_BEARER, get)
ROOM_OP(CHANGE, PL_AUTH_BEARER, change)
ROOM_OP(DELETE, PL_AUTH_BEARER, delete)
ROOM_OP(LIST, PL_AUTH_BEARER, list)
ROOM_OP(FILL, PL_AUTH_BEARER, fill)
ROOM_OP(DELETE_ALL, PL_AUTH_BEARER, delete_all)
ROOM_OP(PUBLIC, PL_AUTH_NONE, public)
