/* outbox.c - copies of messages in order. */
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

#include "pl/buf.h"
#include "pl/list.h"
#include "pl/str.h"

enum { TEXT_MAX = 128 };

typedef enum out_kind { OUT_REQUEST, OUT_REPLY, OUT_ERROR } out_kind;

typedef struct out_item {
    pl_list link;
    out_kind kind;
    const pl_msg_desc *desc;
    void *body; /* owned, with the bytes of its long fields */
    pl_bus_ticket ticket;
    pl_bus_send how;
    char to[PL_NODE_MAX + 1];
    char trace[PL_TRACE_MAX + 1];
    pl_op *op;
    pl_err error;
    char text[TEXT_MAX];
} out_item;

struct pl_outbox {
    pl_list items;
};

static void free_item(out_item *it)
{
    if (it->desc == &PL_MSG_FETCH) {
        pl_fetch *m = it->body;
        pl_wipe(m->secret, sizeof m->secret);
        if (m->body.len > 0) /* in the same block; it may hold one too */
            pl_wipe((uint8_t *)it->body + it->desc->size, m->body.len);
    } else if (it->desc == &PL_MSG_MEDIA_LEG_IMPORT) {
        const pl_media_leg_import *m = it->body;
        pl_wipe((uint8_t *)it->body + it->desc->size, m->state.len); /* keys */
    }
    free(it->body);
    free(it);
}

static const pl_slice *bytes_of(const pl_msg_desc *d, size_t i,
                                const void *body)
{
    if (d->fields[i].kind != PL_BYTES)
        return NULL;
    return (const pl_slice *)(const void *)((const char *)body +
                                            d->fields[i].offset);
}

/* One block: the struct, then the bytes of its long fields. */
static pl_err copy_body(out_item *it, const pl_msg_desc *d, const void *body)
{
    size_t size = d->size;
    for (size_t i = 0; i < d->n_fields; i++) {
        const pl_slice *from = bytes_of(d, i, body);
        size += from && from->ptr ? from->len : 0;
    }
    char *copy = malloc(size);
    if (!copy)
        return PL_ENOMEM;
    memcpy(copy, body, d->size);
    uint8_t *at = (uint8_t *)copy + d->size;
    for (size_t i = 0; i < d->n_fields; i++) {
        const pl_slice *from = bytes_of(d, i, body);
        if (!from || !from->ptr || from->len == 0)
            continue;
        pl_slice *to = (pl_slice *)(void *)(copy + d->fields[i].offset);
        memcpy(at, from->ptr, from->len);
        to->ptr = at;
        at += from->len;
    }
    it->desc = d;
    it->body = copy;
    return PL_OK;
}

static pl_err make_item(out_kind kind, const pl_msg_desc *d, const void *body,
                        out_item **ret_item)
{
    out_item *it = calloc(1, sizeof *it);
    if (!it)
        return PL_ENOMEM;
    it->kind = kind;
    if (d && copy_body(it, d, body)) {
        free_item(it);
        return PL_ENOMEM;
    }
    *ret_item = it;
    return PL_OK;
}

pl_err pl_outbox_create(pl_outbox **ret_outbox)
{
    pl_outbox *o = calloc(1, sizeof *o);
    if (!o)
        return PL_ENOMEM;
    pl_list_init(&o->items);
    *ret_outbox = o;
    return PL_OK;
}

void pl_outbox_destroy(pl_outbox **outbox)
{
    if (!outbox || !*outbox)
        return;
    PL_LIST_EACH_SAFE(node, &(*outbox)->items)
    {
        pl_list_remove(node);
        free_item(PL_CONTAINER(node, out_item, link));
    }
    free(*outbox);
    *outbox = NULL;
}

pl_err pl_outbox_request(pl_outbox *outbox, const pl_bus_send *how,
                         const pl_msg_desc *desc, const void *body, pl_op *op)
{
    out_item *it;
    pl_err e = make_item(OUT_REQUEST, desc, body, &it);
    if (e)
        return e;
    it->how = *how;
    it->op = op;
    pl_fmt_cut(it->to, sizeof it->to, "%s", how->to ? how->to : "");
    pl_fmt_cut(it->trace, sizeof it->trace, "%s", how->trace ? how->trace : "");
    it->how.to = it->to;
    it->how.trace = it->trace[0] ? it->trace : NULL;
    pl_list_append(&outbox->items, &it->link);
    return PL_OK;
}

pl_err pl_outbox_reply(pl_outbox *outbox, const pl_bus_ticket *ticket,
                       const pl_msg_desc *desc, const void *body)
{
    out_item *it;
    pl_err e = make_item(OUT_REPLY, desc, body, &it);
    if (e)
        return e;
    it->ticket = *ticket;
    pl_list_append(&outbox->items, &it->link);
    return PL_OK;
}

pl_err pl_outbox_reply_error(pl_outbox *outbox, const pl_bus_ticket *ticket,
                             pl_err error, const char *text)
{
    out_item *it;
    pl_err e = make_item(OUT_ERROR, NULL, NULL, &it);
    if (e)
        return e;
    it->ticket = *ticket;
    it->error = error;
    pl_fmt_cut(it->text, sizeof it->text, "%s", text ? text : "");
    pl_list_append(&outbox->items, &it->link);
    return PL_OK;
}

bool pl_outbox_is_empty(const pl_outbox *outbox)
{
    return pl_list_is_empty(&outbox->items);
}

static void send_item(const out_item *it, const pl_port *port)
{
    switch (it->kind) {
    case OUT_REQUEST:
        port->request(port->ctx, &it->how, it->desc, it->body, it->op);
        break;
    case OUT_REPLY:
        port->reply(port->ctx, &it->ticket, it->desc, it->body);
        break;
    case OUT_ERROR:
        port->reply_error(port->ctx, &it->ticket, it->error,
                          it->text[0] ? it->text : NULL);
        break;
    default: break;
    }
}

void pl_outbox_send(pl_outbox *outbox, const pl_port *port)
{
    while (!pl_list_is_empty(&outbox->items)) {
        out_item *it = PL_CONTAINER(outbox->items.next, out_item, link);
        pl_list_remove(&it->link);
        send_item(it, port);
        free_item(it);
    }
}
