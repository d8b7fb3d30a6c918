/* room_answer.c - rooms and errors of the room API as JSON. */
#include "pl/str.h"
#include "room_api.h"

static const char NO_ROOM[] = "No conference room is available";

/* The first row that fits counts; a row with an operation is for that alone. */
static const struct {
    const pl_api_op *op;
    pl_err e;
    int status;
    const char *text;
} ERRORS[] = {
    {NULL, PL_EAUTH, 401, "Not authenticated"},
    {NULL, PL_EFORBIDDEN, 403, "The token lacks the scope for this"},
    {NULL, PL_ENOENT, 404, "Room not found"},
    {NULL, PL_EGONE, 404, "Room not found"},
    {&PL_OP_ROOM_CREATE, PL_EFULL, 503, NO_ROOM},
    {&PL_OP_ROOM_CREATE, PL_EAGAIN, 503, NO_ROOM},
    {&PL_OP_ROOM_CREATE, PL_EDRAIN, 503, NO_ROOM},
    {&PL_OP_ROOM_CREATE, PL_ETIMEOUT, 503, NO_ROOM},
    {&PL_OP_ROOM_CREATE, PL_EUNAVAILABLE, 503, NO_ROOM},
    {&PL_OP_ROOM_CREATE, PL_ENOMEM, 503, NO_ROOM},
    {&PL_OP_ROOM_FILL, PL_EFULL, 503, "There can be no more rooms"},
    {NULL, PL_EFULL, 503, "Too many"},
    {NULL, PL_EAGAIN, 503, "Try again"},
    {NULL, PL_EDRAIN, 503, "Not available now"},
    {NULL, PL_ETIMEOUT, 503, "Not available now"},
    {NULL, PL_EUNAVAILABLE, 503, "Not available now"},
    {NULL, PL_ENOMEM, 503, "Not available now"},
};

pl_err pl_room_refuse(pl_answer *answer, const char *where, const char *name,
                      const char *text, const char *type)
{
    pl_answer_json(answer, 422);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_open(&w, "detail", '[');
    pl_jw_open(&w, NULL, '{');
    pl_jw_open(&w, "loc", '[');
    pl_jw_str(&w, NULL, where);
    if (name)
        pl_jw_str(&w, NULL, name);
    pl_jw_close(&w, ']');
    pl_jw_str(&w, "msg", text);
    pl_jw_str(&w, "type", type);
    pl_jw_close(&w, '}');
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
    return PL_OK;
}

/* A value that roompool refused, or that no message can hold. */
static bool fail_value(const pl_api_op *op, pl_err e, const char *text,
                       pl_answer *answer)
{
    const char *where = op == &PL_OP_ROOM_CREATE ? "query" : "body";
    const char *name = op == &PL_OP_ROOM_CREATE ? "uuiData" : NULL;
    if (e == PL_EEXIST) {
        return !pl_room_refuse(answer, "header", "Idempotency-Key",
                               "was used with another uuiData", "value_error");
    }
    if (e == PL_EPROTO) {
        return !pl_room_refuse(answer, "body", NULL, "is not valid JSON",
                               "json_invalid");
    }
    return (e == PL_EINVAL || e == PL_ETOOBIG) &&
           !pl_room_refuse(answer, where, name,
                           text ? text : "is not good here", "value_error");
}

void pl_room_fail(const pl_api_call *call, pl_err e, const char *text,
                  pl_answer *answer)
{
    const pl_api_op *op = pl_call_op(call);
    if (fail_value(op, e, text, answer))
        return;
    for (size_t i = 0; i < sizeof ERRORS / sizeof ERRORS[0]; i++) {
        if (ERRORS[i].e == e && (!ERRORS[i].op || ERRORS[i].op == op)) {
            pl_answer_refuse(answer, PL_FAMILY_ROOM, ERRORS[i].status,
                             ERRORS[i].text);
            return;
        }
    }
    pl_answer_refuse(answer, PL_FAMILY_ROOM, 500, "Internal error");
}

bool pl_room_failed(const pl_api_call *call, pl_err e, const pl_msg_desc *want,
                    const pl_msg_desc *desc, const void *body,
                    pl_answer *answer)
{
    const pl_error *error = e ? body : NULL;
    if (!e && desc != want)
        e = PL_EINTERNAL;
    if (!e)
        return false;
    pl_room_fail(call, e, error && error->text[0] ? error->text : NULL, answer);
    return true;
}

/* "2026-02-11T18:04:05.121000": microseconds, no zone (it is UTC). */
static void put_time(pl_jw *w, const char *key, int64_t wall_ms)
{
    char iso[PL_TIME_TEXT];
    char text[40];
    pl_time_text(wall_ms, iso);
    pl_fmt_cut(text, sizeof text, "%.23s000", iso);
    pl_jw_str(w, key, text);
}

/* The number that it has where it is. */
static uint64_t id_of(const pl_pool_room *room)
{
    return room->platform_id ? room->platform_id : room->room_no;
}

static void put_uri(pl_jw *w, const char *key, const pl_pool_room *room)
{
    char uri[96];
    pl_fmt_cut(uri, sizeof uri, "/api/admin/configuration/v1/conference/%llu/",
               (unsigned long long)id_of(room));
    pl_jw_str(w, key, uri);
}

static void put_members(pl_jw *w, const pl_pool_room *room, bool has_pin)
{
    pl_jw_int(w, "id", (int64_t)id_of(room));
    pl_jw_str(w, "name", room->name);
    pl_jw_str(w, "service_type", "conference");
    pl_jw_bool(w, "allow_guests", room->allow_guests);
    if (has_pin)
        pl_jw_str(w, "pin", room->pin);
    pl_jw_str(w, "guest_pin", room->guest_pin);
    pl_jw_str(w, "tag", room->tag);
}

static void put_alias(pl_jw *w, const pl_pool_room *room, bool has_uri)
{
    pl_jw_open(w, NULL, '{');
    pl_jw_str(w, "alias", room->alias[0] ? room->alias : room->name);
    if (has_uri)
        put_uri(w, "conference", room);
    put_time(w, "creation_time", room->created_ms);
    pl_jw_str(w, "description", "");
    pl_jw_int(w, "id", (int64_t)room->alias_no);
    pl_jw_close(w, '}');
}

/* The first one; the management API may have removed all of them. */
static void put_aliases(pl_jw *w, const pl_pool_room *room, bool has_uri)
{
    pl_jw_open(w, "aliases", '[');
    if (room->alias_no > 0)
        put_alias(w, room, has_uri);
    pl_jw_close(w, ']');
}

void pl_room_put(pl_jw *w, const pl_pool_room *room, bool has_pin)
{
    pl_jw_open(w, NULL, '{');
    put_members(w, room, has_pin);
    put_aliases(w, room, false);
    pl_jw_close(w, '}');
}

void pl_room_put_whole(pl_jw *w, const pl_pool_room *room)
{
    pl_jw_open(w, NULL, '{');
    put_members(w, room, true);
    put_uri(w, "resource_uri", room);
    pl_jw_str(w, "description", room->description);
    put_time(w, "creation_time", room->created_ms);
    if (room->participant_limit > 0)
        pl_jw_int(w, "participant_limit", room->participant_limit);
    else
        pl_jw_null(w, "participant_limit");
    put_aliases(w, room, true);
    pl_jw_close(w, '}');
}
