/* talk.c - see talk.h. */
#include "talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

enum { MS = 1000 };

pl_bus *world_open_bus(world *w, const char *node, pl_role role)
{
    pl_bus *bus;
    pl_bus_options o = {
        .loop = w->loop, .node = node, .role = role, .endpoint = "mem"};
    assert_int_equal(pl_bus_open_mem(w->hub, &o, &bus), PL_OK);
    return bus;
}

void world_say_hello(world *w, pl_bus *bus, const char *node, pl_role role)
{
    pl_hello m = {.role = (uint32_t)role,
                  .schema_major = PL_SCHEMA_MAJOR,
                  .schema_hash = pl_msg_schema_hash(),
                  .pid = 1,
                  .capacity = 100};
    answer a;
    pl_fmt_cut(m.node, sizeof m.node, "%s", node);
    pl_fmt_cut(m.build, sizeof m.build, "test");
    PL_MSG_SET(HELLO, hello, &m, capacity);
    for (unsigned i = 0; i < 3; i++)
        if (w->media[i].bus == bus && w->media[i].net[0]) {
            PUT(m.net, w->media[i].net);
            PL_MSG_SET(HELLO, hello, &m, net);
        }
    for (int i = 0; i < 20; i++) {
        world_send(w, bus, &PL_MSG_HELLO, &m, &a);
        world_wait(w, &a);
        if (a.error != PL_EEXIST)
            break;
        world_run(w, 100 * MS); /* its former life is not known to be over */
    }
    assert_int_equal(a.error, PL_OK);
}

void reply_ok(pl_bus *bus, const pl_bus_in *in)
{
    static const pl_ok body = {.present = 0};
    pl_bus_reply(bus, &in->ticket, &PL_MSG_OK_REPLY, &body);
}

static void on_answer(void *ctx, pl_err e, const pl_bus_in *in)
{
    answer *a = ctx;
    a->is_done = true;
    a->error = e;
    if (e && in && in->desc == &PL_MSG_ERROR)
        memcpy(&a->refusal, in->body, sizeof a->refusal);
    if (e || !in)
        return;
    a->desc = in->desc;
    assert_true(in->desc->size <= sizeof a->body);
    memcpy(&a->body, in->body, in->desc->size);
    for (size_t i = 0; i < in->desc->n_fields; i++)
        if (in->desc->fields[i].kind == PL_BYTES) {
            const pl_slice *s =
                (const pl_slice *)(const void *)((const char *)in->body +
                                                 in->desc->fields[i].offset);
            if (s->len > 0)
                pl_fmt_cut(a->sdp, sizeof a->sdp, "%.*s", (int)s->len,
                           (const char *)s->ptr);
        }
}

void world_send(world *w, pl_bus *from, const pl_msg_desc *desc,
                const void *body, answer *a)
{
    pl_bus_send how = {.to = NULL};
    (void)w;
    memset(a, 0, sizeof *a);
    assert_int_equal(
        pl_bus_request(from, &how, desc, body, on_answer, a, &a->corr), PL_OK);
}

void world_wait(world *w, answer *a)
{
    for (int i = 0; i < 70000 && !a->is_done; i++)
        world_run(w, MS);
    assert_true(a->is_done);
}

void world_ask_from(world *w, pl_bus *from, const pl_msg_desc *desc,
                    const void *body, answer *a)
{
    world_send(w, from, desc, body, a);
    world_wait(w, a);
}

void world_ask(world *w, const pl_msg_desc *desc, const void *body, answer *a)
{
    world_ask_from(w, w->api, desc, body, a);
}

void world_send_item(pl_bus *bus, uint32_t kind, const char *id,
                     const char *room, uint64_t epoch, uint32_t state)
{
    pl_inventory_item m = {.kind = kind, .epoch = epoch, .state = state};
    pl_fmt_cut(m.id, sizeof m.id, "%s", id);
    pl_fmt_cut(m.room_id, sizeof m.room_id, "%s", room);
    PL_MSG_SET(INVENTORY_ITEM, inventory_item, &m, room_id);
    PL_MSG_SET(INVENTORY_ITEM, inventory_item, &m, epoch);
    PL_MSG_SET(INVENTORY_ITEM, inventory_item, &m, state);
    assert_int_equal(pl_bus_event(bus, &(pl_bus_send){.to = NULL},
                                  &PL_MSG_INVENTORY_ITEM, &m),
                     PL_OK);
}

void world_send_end(pl_bus *bus)
{
    pl_inventory_end m = {.count = 0};
    assert_int_equal(pl_bus_event(bus, &(pl_bus_send){.to = NULL},
                                  &PL_MSG_INVENTORY_END, &m),
                     PL_OK);
}
