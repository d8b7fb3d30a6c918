/* client_layout.c - layouts. There is sound only: what is asked for is checked,
 * kept and told to everybody as a `layout` event, and changes no picture. */
#include "client_impl.h"

#include "url.h"

/* Offered ones first. */
enum { N_OFFERED = 4 };
static const char *const LAYOUTS[] = {"1:0",  "1:7",  "4:0",  "5:7",
                                      "1:21", "2:21", "1:33", "9:0",
                                      "16:0", "25:0", "ac",   "teams"};

static bool is_layout(pl_slice name)
{
    for (size_t i = 0; i < sizeof LAYOUTS / sizeof LAYOUTS[0]; i++) {
        if (pl_slice_eq_str(name, LAYOUTS[i]))
            return true;
    }
    return false;
}

/* A layout of the transforms; empty when it is not among them. */
static pl_err find_layout(const pl_json *transforms, const char *key,
                          pl_slice *ret_name)
{
    pl_slice name = {NULL, 0};
    pl_err e = pl_json_get_str(transforms, key, &name);
    if (e == PL_EPROTO || (!e && !is_layout(name)))
        return PL_EINVAL;
    *ret_name = name;
    return PL_OK;
}

static pl_err check_flags(const pl_json *transforms)
{
    static const char *const flags[] = {
        "enable_extended_ac", "enable_active_speaker_indication",
        "recording_indicator", "streaming_indicator"};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        bool value;
        if (pl_json_get_bool(transforms, flags[i], &value) == PL_EPROTO)
            return PL_EINVAL;
    }
    return PL_OK;
}

pl_err pl_client_find_layouts(const pl_json *transforms, pl_slice *ret_host,
                              pl_slice *ret_guest)
{
    pl_slice both;
    pl_slice host;
    pl_slice guest;
    if (find_layout(transforms, "layout", &both) ||
        find_layout(transforms, "host_layout", &host) ||
        find_layout(transforms, "guest_layout", &guest))
        return PL_EINVAL;
    *ret_host = host.len > 0 ? host : both;
    *ret_guest = guest.len > 0 ? guest : both;
    return PL_OK;
}

static pl_err put_layouts(const pl_json *transforms, pl_conference_control *m)
{
    pl_slice host;
    pl_slice guest;
    if (pl_client_find_layouts(transforms, &host, &guest))
        return PL_EINVAL;
    if (host.len > 0)
        PL_MSG_SET(CONFERENCE_CONTROL, conference_control, m, host_layout);
    if (guest.len > 0)
        PL_MSG_SET(CONFERENCE_CONTROL, conference_control, m, guest_layout);
    if (PL_PUT(m->host_layout, host))
        return PL_EINVAL;
    return PL_PUT(m->guest_layout, guest);
}

pl_err pl_client_transform_layout(pl_api_call *call, pl_answer *answer)
{
    (void)answer;
    pl_conference_control *m = &call->message.conference_control;
    *m = (pl_conference_control){0};
    PL_CLIENT_PUT_SEAT(call, m);
    call->desc = &PL_MSG_CONFERENCE_CONTROL;
    pl_err e = pl_client_parse(call);
    const pl_json *transforms = pl_json_get(call->doc, "transforms");
    if (!e && !pl_json_is_object(transforms))
        e = PL_EINVAL;
    if (!e)
        e = check_flags(transforms);
    if (!e)
        e = put_layouts(transforms, m);
    if (e)
        return e;
    e = pl_json_get_bool(transforms, "enable_overlay_text", &m->overlay_shown);
    if (!e)
        PL_MSG_SET(CONFERENCE_CONTROL, conference_control, m, overlay_shown);
    return e == PL_EPROTO ? PL_EINVAL : PL_OK;
}

/* No drawings of layouts, which would be by name. */
void pl_client_no_svgs(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                       const void *body, pl_answer *answer)
{
    pl_jw w;
    if (pl_client_failed(call, e, NULL, desc, body, answer))
        return;
    pl_client_open(&w, answer, 200, "success");
    pl_jw_open(&w, "result", '{');
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
}

/* Names; with ?annotate=true each with its (no) tags. */
void pl_client_layouts_are(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                           const void *body, pl_answer *answer)
{
    char text[8] = "";
    pl_jw w;
    if (pl_client_failed(call, e, NULL, desc, body, answer))
        return;
    bool is_annotated = pl_url_param(call->head->query, "annotate", text,
                                     sizeof text) == PL_OK &&
                        pl_slice_eq_str(pl_slice_str(text), "true");
    pl_client_open(&w, answer, 200, "success");
    pl_jw_open(&w, "result", '[');
    for (size_t i = 0; i < N_OFFERED; i++) {
        if (!is_annotated) {
            pl_jw_str(&w, NULL, LAYOUTS[i]);
            continue;
        }
        pl_jw_open(&w, NULL, '{');
        pl_jw_str(&w, "name", LAYOUTS[i]);
        pl_jw_open(&w, "tags", '[');
        pl_jw_close(&w, ']');
        pl_jw_close(&w, '}');
    }
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
}
