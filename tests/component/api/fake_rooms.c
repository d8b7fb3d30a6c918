/* fake_rooms.c - the pool of the scripted roompool. */
#include "fake_rooms.h"

#include <stdio.h>
#include <string.h>

#include "pl/str.h"

enum { N_ROOMS = 3 };

static void give_room(const fake_rooms *rooms, const pl_bus_in *in, unsigned no,
                      const char *tag)
{
    pl_pool_room r = {.room_no = no,
                      .pin = "4471",
                      .guest_pin = "9036",
                      .allow_guests = true,
                      .created_ms = INT64_C(1770833045121),
                      .alias_no = no};
    pl_fmt_cut(r.name, sizeof r.name, "r%u", no);
    pl_fmt_cut(r.tag, sizeof r.tag, "%s", tag);
    PL_MSG_SET(POOL_ROOM, pool_room, &r, pin);
    PL_MSG_SET(POOL_ROOM, pool_room, &r, guest_pin);
    PL_MSG_SET(POOL_ROOM, pool_room, &r, tag);
    pl_bus_reply(rooms->bus, &in->ticket, &PL_MSG_POOL_ROOM, &r);
}

static void refuse(const fake_rooms *rooms, const pl_bus_in *in, pl_err e,
                   const char *text)
{
    pl_bus_reply_error(rooms->bus, &in->ticket, e, text);
}

/* Number of a name; 0: unknown. */
static unsigned find_room(const char *name)
{
    for (unsigned i = 1; i <= N_ROOMS; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "r%u", i);
        if (strcmp(name, text) == 0)
            return i;
    }
    return 0;
}

static void on_checkout(void *ctx, const pl_bus_in *in)
{
    fake_rooms *rooms = ctx;
    const pl_pool_checkout *m = in->body;
    if (strcmp(m->payload, "ZnVsbA") == 0)
        refuse(rooms, in, PL_EFULL, NULL);
    else
        give_room(rooms, in, ++rooms->n_out, m->tag);
}

static void on_get(void *ctx, const pl_bus_in *in)
{
    const pl_pool_room_get *m = in->body;
    unsigned no = find_room(m->name);
    if (no)
        give_room(ctx, in, no, "");
    else
        refuse(ctx, in, PL_ENOENT, NULL);
}

static void on_change(void *ctx, const pl_bus_in *in)
{
    const pl_pool_room_change *m = in->body;
    unsigned no = find_room(m->name);
    if (!no)
        refuse(ctx, in, PL_ENOENT, NULL);
    else if (strcmp(m->pin, "0000") == 0)
        refuse(ctx, in, PL_EINVAL, "the PINs are the same");
    else
        give_room(ctx, in, no, m->tag);
}

static void reply_ok(const fake_rooms *rooms, const pl_bus_in *in)
{
    pl_ok ok = {.status = 0};
    pl_bus_reply(rooms->bus, &in->ticket, &PL_MSG_OK_REPLY, &ok);
}

static void on_delete(void *ctx, const pl_bus_in *in)
{
    const pl_pool_room_delete *m = in->body;
    if (find_room(m->name))
        reply_ok(ctx, in);
    else
        refuse(ctx, in, PL_ENOENT, NULL);
}

static void on_next(void *ctx, const pl_bus_in *in)
{
    const pl_pool_room_next *m = in->body;
    if (m->after_no < N_ROOMS)
        give_room(ctx, in, (unsigned)m->after_no + 1, "");
    else
        refuse(ctx, in, PL_ENOENT, NULL);
}

static void on_fill(void *ctx, const pl_bus_in *in)
{
    reply_ok(ctx, in);
}

static void on_delete_all(void *ctx, const pl_bus_in *in)
{
    const fake_rooms *rooms = ctx;
    pl_pool_rooms_deleted r = {.count = N_ROOMS};
    pl_bus_reply(rooms->bus, &in->ticket, &PL_MSG_POOL_ROOMS_DELETED, &r);
}

pl_err fake_rooms_open(fake_rooms *rooms, pl_bus *bus)
{
    static const struct {
        const pl_msg_desc *desc;
        pl_bus_handler handler;
    } rows[] = {
        {&PL_MSG_POOL_CHECKOUT, on_checkout},
        {&PL_MSG_POOL_ROOM_GET, on_get},
        {&PL_MSG_POOL_ROOM_CHANGE, on_change},
        {&PL_MSG_POOL_ROOM_DELETE, on_delete},
        {&PL_MSG_POOL_ROOM_NEXT, on_next},
        {&PL_MSG_POOL_FILL, on_fill},
        {&PL_MSG_POOL_ROOMS_DELETE, on_delete_all},
    };
    *rooms = (fake_rooms){.bus = bus};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_err e = pl_bus_handle(bus, rows[i].desc, rows[i].handler, rooms);
        if (e)
            return e;
    }
    return PL_OK;
}
