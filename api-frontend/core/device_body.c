/* device_body.c - members of the bodies of device applications. */
#include "device_impl.h"

#include <string.h>

enum { NAME_MAX = 160, SDP_MAX = 65536 };

pl_err pl_device_open(pl_api_call *call, pl_device_need need, pl_answer *answer,
                      pl_device_body *ret_body)
{
    static const char no_object[] = "The body is not a JSON object";
    pl_err e = pl_call_parse_body(call);
    *ret_body = (pl_device_body){
        .call = call, .answer = answer, .json = call->doc, .path = ""};
    if (e == PL_EPROTO) {
        pl_device_refuse(call, PL_DEVICE_FAULT_INVALID_ARGUMENT,
                         "The body is not JSON in UTF-8 with each member once",
                         answer);
        return PL_OK;
    }
    if (e)
        return e;
    if (call->doc ? !pl_json_is_object(call->doc) : need == PL_REQUIRED) {
        pl_device_refuse(call, PL_DEVICE_FAULT_INVALID_ARGUMENT, no_object,
                         answer);
    }
    return PL_OK;
}

bool pl_device_blame_member(const pl_device_body *body, uint32_t fault,
                            const char *name, const char *text)
{
    char whole[NAME_MAX];
    pl_fmt_cut(whole, sizeof whole, "%s%s", body->path, name);
    return pl_device_blame(body->call, fault, whole, text, body->answer);
}

static bool blame(const pl_device_body *body, const char *name,
                  const char *text)
{
    return pl_device_blame_member(body, PL_DEVICE_FAULT_INVALID_ARGUMENT, name,
                                  text);
}

bool pl_device_known(const pl_device_body *body, const char *const *known)
{
    char name[64];
    if (pl_device_gen_of_call(body->call) != PL_DEVICE_GEN_R31)
        return true;
    const char *stranger = pl_json_stranger(body->json, known);
    if (!stranger)
        return true;
    pl_fmt_cut(name, sizeof name, "%.60s", stranger);
    /* a cut may have hit the middle of a character */
    if (!pl_is_utf8(pl_slice_str(name)))
        pl_fmt_cut(name, sizeof name, "a member");
    return blame(body, name, "is not a known member");
}

/* The member, or NULL; *ret_is_good: not one that is missing. */
static const pl_json *find(const pl_device_body *body, const char *name,
                           pl_device_need need, bool *ret_is_good)
{
    const pl_json *value = pl_json_get(body->json, name);
    *ret_is_good =
        value || need == PL_OPTIONAL || blame(body, name, "is missing");
    return value;
}

bool pl_device_text(const pl_device_body *body, const char *name,
                    pl_device_need need, size_t max, pl_slice *ret_text)
{
    bool is_good;
    pl_slice text;
    const pl_json *value = find(body, name, need, &is_good);
    if (!value)
        return is_good;
    if (pl_json_as_str(value, &text))
        return blame(body, name, "is not a string");
    if (pl_device_length(text) > max)
        return blame(body, name, "is too long");
    *ret_text = text;
    return true;
}

bool pl_device_uuid(const pl_device_body *body, const char *name,
                    pl_device_need need, pl_slice *ret_text)
{
    pl_slice text = {NULL, 0};
    if (!pl_device_text(body, name, need, SDP_MAX, &text))
        return false;
    if (text.ptr && !pl_device_is_uuid(text))
        return blame(body, name, "is not a UUID");
    if (text.ptr)
        *ret_text = text;
    return true;
}

bool pl_device_moment(const pl_device_body *body, const char *name,
                      pl_device_need need, int64_t *ret_wall_ms)
{
    pl_slice text = {NULL, 0};
    if (!pl_device_text(body, name, need, PL_DEVICE_TIME_MAX, &text))
        return false;
    if (text.ptr && pl_device_time(text, ret_wall_ms))
        return blame(body, name, "is not a date-time of RFC 3339 with a zone");
    if (text.ptr && *ret_wall_ms < 1)
        *ret_wall_ms = 1; /* as long ago as any; 0 is none at all */
    return true;
}

bool pl_device_object(const pl_device_body *body, const char *name,
                      pl_device_need need, const char *path,
                      pl_device_body *ret_body)
{
    bool is_good;
    const pl_json *value = find(body, name, need, &is_good);
    *ret_body = *body;
    ret_body->json = value;
    ret_body->path = path;
    if (value && !pl_json_is_object(value))
        return blame(body, name, "is not an object");
    return is_good;
}

bool pl_device_sdp(const pl_device_body *body, const char *name,
                   pl_device_need need, pl_slice *ret_sdp)
{
    static const char *const known[] = {"sdp", NULL};
    char path[32];
    pl_device_body inner;
    pl_fmt_cut(path, sizeof path, "%s.", name);
    if (!pl_device_object(body, name, need, path, &inner))
        return false;
    if (!inner.json)
        return true;
    if (!pl_device_known(&inner, known) ||
        !pl_device_text(&inner, "sdp", PL_REQUIRED, SDP_MAX, ret_sdp))
        return false;
    if (ret_sdp->len == 0)
        return blame(&inner, "sdp", "is empty");
    if (ret_sdp->len > SDP_MAX)
        return blame(&inner, "sdp", "is too long");
    return true;
}

/* The place as it is, with the time of the request when it has none. */
static pl_err dump_place(const pl_device_body *body, const pl_json *place,
                         pl_buf *out)
{
    char now[PL_TIME_TEXT];
    pl_err e = pl_json_dump(place, out);
    if (e || pl_json_get(place, "timestamp"))
        return e;
    if (out->len < 2)
        return PL_EINTERNAL;
    bool is_empty = out->len == 2;
    out->len--; /* its last brace */
    pl_time_text(body->call->wall_ms, now);
    pl_buf_add_fmt(out, "%s\"timestamp\":\"%s\"}", is_empty ? "" : ",", now);
    return PL_OK;
}

bool pl_device_location(const pl_device_body *body, char *buf, size_t cap)
{
    static const char name[] = "locationDetails";
    const pl_json *place = pl_json_get(body->json, name);
    pl_device_gen gen = pl_device_gen_of_call(body->call);
    const char *member = name;
    pl_buf text;
    buf[0] = '\0';
    if (!place || gen == PL_DEVICE_GEN_R22)
        return true;
    const char *fault =
        pl_device_location_fault(place, gen == PL_DEVICE_GEN_R31, &member);
    if (fault)
        return blame(body, member, fault);
    pl_buf_init(&text, cap - 1);
    bool is_good = dump_place(body, place, &text) == PL_OK &&
                   !text.has_failed &&
                   pl_copy(buf, cap, pl_buf_slice(&text)) == PL_OK;
    pl_buf_fini(&text);
    return is_good || blame(body, name, "is too long");
}
