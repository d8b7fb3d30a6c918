/* bus_handlers.c - decode, call the control, reply. */
#include "io/bus_handlers.h"

#include <stdlib.h>
#include <string.h>

typedef struct pl_bus_handlers {
    pl_bus *bus;
    pl_control *control;
} pl_bus_handlers;

static void reply(const pl_bus_handlers *h, const pl_bus_in *in, pl_err e)
{
    static const pl_ok ok = {.present = 0};
    if (e == PL_OK) {
        pl_bus_reply(h->bus, &in->ticket, &PL_MSG_OK_REPLY, &ok);
    } else {
        pl_bus_reply_error(h->bus, &in->ticket, e, NULL);
    }
}

static void reply_sdp(const pl_bus_handlers *h, const pl_bus_in *in, pl_err e,
                      const pl_control_sdp *sdp)
{
    if (e != PL_OK) {
        pl_bus_reply_error(h->bus, &in->ticket, e,
                           sdp->reason[0] ? sdp->reason : NULL);
        return;
    }
    pl_media_leg_sdp m = {.sdp_type = (uint32_t)sdp->type,
                          .direction = (uint32_t)sdp->direction};
    if (sdp->type != PL_SDP_TYPE_UNKNOWN) {
        m.sdp = (pl_slice){(const uint8_t *)sdp->text.text, sdp->text.len};
        PL_MSG_SET(MEDIA_LEG_SDP, media_leg_sdp, &m, sdp);
    }
    _Static_assert(sizeof m.lines == sizeof sdp->lines, "one bound for both");
    if (sdp->lines[0]) {
        memcpy(m.lines, sdp->lines, sizeof m.lines);
        PL_MSG_SET(MEDIA_LEG_SDP, media_leg_sdp, &m, lines);
    }
    pl_bus_reply(h->bus, &in->ticket, &PL_MSG_MEDIA_LEG_SDP, &m);
}

static void on_room_open(void *ctx, const pl_bus_in *in)
{
    const pl_bus_handlers *h = ctx;
    reply(h, in, pl_control_room_open(h->control, in->epoch, in->body));
}

static void on_room_play(void *ctx, const pl_bus_in *in)
{
    const pl_bus_handlers *h = ctx;
    reply(h, in, pl_control_room_play(h->control, in->epoch, in->body));
}

static void on_room_close(void *ctx, const pl_bus_in *in)
{
    const pl_bus_handlers *h = ctx;
    const pl_media_room_close *m = in->body;
    reply(h, in, pl_control_room_close(h->control, in->epoch, m->room_id));
}

static void on_record_start(void *ctx, const pl_bus_in *in)
{
    const pl_bus_handlers *h = ctx;
    bool is_later = false;
    pl_err e = pl_control_record_start(h->control, in->epoch, in->body,
                                       &in->ticket, &is_later);
    if (e != PL_OK || !is_later)
        reply(h, in, e);
}

static void on_record_stop(void *ctx, const pl_bus_in *in)
{
    const pl_bus_handlers *h = ctx;
    reply(h, in, pl_control_record_stop(h->control, in->epoch, in->body));
}

static void on_leg_create(void *ctx, const pl_bus_in *in)
{
    const pl_bus_handlers *h = ctx;
    pl_control_sdp sdp;
    pl_err e = pl_control_leg_create(h->control, in->epoch, in->body, &sdp);
    reply_sdp(h, in, e, &sdp);
}

static void on_leg_remote(void *ctx, const pl_bus_in *in)
{
    const pl_bus_handlers *h = ctx;
    pl_control_sdp sdp;
    pl_err e = pl_control_leg_remote(h->control, in->epoch, in->body, &sdp);
    reply_sdp(h, in, e, &sdp);
}

static void on_leg_set(void *ctx, const pl_bus_in *in)
{
    const pl_bus_handlers *h = ctx;
    reply(h, in, pl_control_leg_set(h->control, in->epoch, in->body));
}

static void on_leg_play(void *ctx, const pl_bus_in *in)
{
    const pl_bus_handlers *h = ctx;
    reply(h, in, pl_control_leg_play(h->control, in->epoch, in->body));
}

static void on_leg_keys(void *ctx, const pl_bus_in *in)
{
    const pl_bus_handlers *h = ctx;
    reply(h, in, pl_control_leg_keys(h->control, in->epoch, in->body));
}

static void on_leg_destroy(void *ctx, const pl_bus_in *in)
{
    const pl_bus_handlers *h = ctx;
    const pl_media_leg_destroy *m = in->body;
    reply(h, in,
          pl_control_leg_destroy(h->control, in->epoch, m->room_id, m->leg_id));
}

static void on_leg_import(void *ctx, const pl_bus_in *in)
{
    const pl_bus_handlers *h = ctx;
    reply(h, in, pl_control_leg_import(h->control, in->epoch, in->body));
}

static void on_release(void *ctx, const pl_bus_in *in)
{
    const pl_bus_handlers *h = ctx;
    pl_err e = pl_control_release(h->control, &in->ticket);
    if (e != PL_OK) /* else it is answered when all is over */
        reply(h, in, e);
}

pl_err pl_bus_handlers_open(pl_bus *bus, pl_control *control,
                            pl_bus_handlers **ret_handlers)
{
    const struct {
        const pl_msg_desc *desc;
        pl_bus_handler handler;
    } table[] = {
        {&PL_MSG_MEDIA_ROOM_OPEN, on_room_open},
        {&PL_MSG_MEDIA_ROOM_CLOSE, on_room_close},
        {&PL_MSG_MEDIA_ROOM_PLAY, on_room_play},
        {&PL_MSG_MEDIA_RECORD_START, on_record_start},
        {&PL_MSG_MEDIA_RECORD_STOP, on_record_stop},
        {&PL_MSG_MEDIA_LEG_CREATE, on_leg_create},
        {&PL_MSG_MEDIA_LEG_REMOTE, on_leg_remote},
        {&PL_MSG_MEDIA_LEG_SET, on_leg_set},
        {&PL_MSG_MEDIA_LEG_PLAY, on_leg_play},
        {&PL_MSG_MEDIA_LEG_KEYS, on_leg_keys},
        {&PL_MSG_MEDIA_LEG_DESTROY, on_leg_destroy},
        {&PL_MSG_MEDIA_LEG_IMPORT, on_leg_import},
        {&PL_MSG_MEDIA_RELEASE, on_release},
    };
    pl_bus_handlers *h = calloc(1, sizeof *h);
    if (!h)
        return PL_ENOMEM;
    *h = (pl_bus_handlers){.bus = bus, .control = control};
    pl_err e = PL_OK;
    for (size_t i = 0; e == PL_OK && i < sizeof table / sizeof table[0]; i++)
        e = pl_bus_handle(bus, table[i].desc, table[i].handler, h);
    if (e != PL_OK) {
        free(h);
        return e;
    }
    *ret_handlers = h;
    return PL_OK;
}

void pl_bus_handlers_close(pl_bus_handlers **handlers)
{
    if (!handlers)
        return;
    free(*handlers);
    *handlers = NULL;
}
