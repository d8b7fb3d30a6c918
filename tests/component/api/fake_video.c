/* fake_video.c - see fake_video.h. */
#include "fake_video.h"

#include <string.h>

#include "pl/str.h"

static void give(const fake_video *v, const pl_bus_in *in, const char *host)
{
    pl_video_session r = {.state = v->state,
                          .session_id = "s1",
                          .client_id = "123",
                          .device_code = "xyz",
                          .room_name = "r1",
                          .room_alias = "r1",
                          .guest_pin = "9036",
                          .queue_position = 1,
                          .created_ms = 1000,
                          .status_ms = 2000};
    pl_fmt_cut(r.destination_host, sizeof r.destination_host, "%s", host);
    PL_MSG_SET(VIDEO_SESSION, video_session, &r, guest_pin);
    PL_MSG_SET(VIDEO_SESSION, video_session, &r, destination_host);
    pl_bus_reply(v->bus, &in->ticket, &PL_MSG_VIDEO_SESSION, &r);
}

static bool knows(const fake_video *v, const pl_bus_in *in, const char *id)
{
    if (strcmp(id, "s1") == 0)
        return true;
    pl_bus_reply_error(v->bus, &in->ticket, PL_ENOENT, NULL);
    return false;
}

static void on_create(void *ctx, const pl_bus_in *in)
{
    fake_video *v = ctx;
    const pl_video_create *m = in->body;
    if (strcmp(m->device_code, "full") == 0) {
        pl_bus_reply_error(v->bus, &in->ticket, PL_EFULL, NULL);
    } else if (strcmp(m->device_code, "often") == 0) {
        pl_bus_reply_error(v->bus, &in->ticket, PL_ERATE, NULL);
    } else {
        v->state = PL_VIDEO_STATE_GRANTED;
        give(v, in, m->destination_host);
    }
}

static void on_get(void *ctx, const pl_bus_in *in)
{
    const pl_video_get *m = in->body;
    if (knows(ctx, in, m->id))
        give(ctx, in, "");
}

static void on_status(void *ctx, const pl_bus_in *in)
{
    fake_video *v = ctx;
    const pl_video_status *m = in->body;
    if (!knows(v, in, m->id))
        return;
    if (v->state == PL_VIDEO_STATE_ENDED && m->state != v->state) {
        pl_bus_reply_error(v->bus, &in->ticket, PL_ESTATE, NULL);
        return;
    }
    v->state = m->state;
    give(v, in, "");
}

static void on_delete(void *ctx, const pl_bus_in *in)
{
    const fake_video *v = ctx;
    const pl_video_delete *m = in->body;
    pl_ok ok = {.status = 0};
    if (knows(v, in, m->id))
        pl_bus_reply(v->bus, &in->ticket, &PL_MSG_OK_REPLY, &ok);
}

static void on_call(void *ctx, const pl_bus_in *in)
{
    const fake_video *v = ctx;
    const pl_video_call_put *m = in->body;
    pl_video_call r = {.session_id = "s1",
                       .call_id = "k1",
                       .state = m->state,
                       .status_ms = 3000};
    pl_fmt_cut(r.client_call_id, sizeof r.client_call_id, "%s",
               m->client_call_id[0] ? m->client_call_id : "made");
    if (knows(v, in, m->id))
        pl_bus_reply(v->bus, &in->ticket, &PL_MSG_VIDEO_CALL, &r);
}

pl_err fake_video_open(fake_video *video, pl_bus *bus)
{
    static const struct {
        const pl_msg_desc *desc;
        pl_bus_handler handler;
    } rows[] = {
        {&PL_MSG_VIDEO_CREATE, on_create}, {&PL_MSG_VIDEO_GET, on_get},
        {&PL_MSG_VIDEO_STATUS, on_status}, {&PL_MSG_VIDEO_DELETE, on_delete},
        {&PL_MSG_VIDEO_CALL_PUT, on_call},
    };
    *video = (fake_video){.bus = bus, .state = PL_VIDEO_STATE_GRANTED};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_err e = pl_bus_handle(bus, rows[i].desc, rows[i].handler, video);
        if (e)
            return e;
    }
    return PL_OK;
}
