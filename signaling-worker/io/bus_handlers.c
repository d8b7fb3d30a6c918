/* bus_handlers.c - roompool's requests. */
#include "bus_handlers.h"

static void finish(const pl_sig_handlers *h, const pl_bus_in *in, pl_err e)
{
    pl_ok ok = {.present = 0};
    if (e == PL_OK) {
        pl_bus_reply(h->bus, &in->ticket, &PL_MSG_OK_REPLY, &ok);
    } else {
        pl_bus_reply_error(h->bus, &in->ticket, e, NULL);
    }
}

static void on_respond(void *ctx, const pl_bus_in *in)
{
    const pl_sig_handlers *h = ctx;
    finish(h, in, pl_calls_respond(h->calls, in->body));
}

static void on_start(void *ctx, const pl_bus_in *in)
{
    const pl_sig_handlers *h = ctx;
    finish(h, in, pl_calls_start(h->calls, in->body));
}

static void on_end(void *ctx, const pl_bus_in *in)
{
    const pl_sig_handlers *h = ctx;
    finish(h, in, pl_calls_end(h->calls, in->body));
}

static void on_register(void *ctx, const pl_bus_in *in)
{
    const pl_sig_handlers *h = ctx;
    pl_err e = pl_calls_register(h->calls, in->body, &in->ticket);
    if (e != PL_OK) /* else the registrar's answer answers it */
        pl_bus_reply_error(h->bus, &in->ticket, e, NULL);
}

static void on_offer(void *ctx, const pl_bus_in *in)
{
    const pl_sig_handlers *h = ctx;
    pl_err e = pl_calls_offer(h->calls, in->body, &in->ticket);
    if (e != PL_OK) /* else the peer's answer answers it */
        pl_bus_reply_error(h->bus, &in->ticket, e, NULL);
}

static void on_adopt(void *ctx, const pl_bus_in *in)
{
    const pl_sig_handlers *h = ctx;
    pl_err e = pl_calls_adopt(h->calls, in->body, &in->ticket);
    if (e != PL_OK)
        pl_bus_reply_error(h->bus, &in->ticket, e, NULL);
}

static void on_referred(void *ctx, const pl_bus_in *in)
{
    const pl_sig_handlers *h = ctx;
    finish(h, in, pl_calls_referred(h->calls, in->body));
}

static void on_transfer(void *ctx, const pl_bus_in *in)
{
    const pl_sig_handlers *h = ctx;
    pl_err e = pl_calls_transfer(h->calls, in->body, &in->ticket);
    if (e != PL_OK)
        pl_bus_reply_error(h->bus, &in->ticket, e, NULL);
}

pl_err pl_sig_handlers_register(pl_sig_handlers *h)
{
    static const struct {
        const pl_msg_desc *desc;
        pl_bus_handler handler;
    } rows[] = {
        {&PL_MSG_CALL_RESPOND, on_respond},
        {&PL_MSG_CALL_START, on_start},
        {&PL_MSG_CALL_END, on_end},
        {&PL_MSG_CALL_OFFER, on_offer},
        {&PL_MSG_SIP_REGISTER, on_register},
        {&PL_MSG_CALL_ADOPT, on_adopt},
        {&PL_MSG_CALL_REFERRED, on_referred},
        {&PL_MSG_CALL_TRANSFER, on_transfer},
    };
    pl_err e = PL_OK;
    for (size_t i = 0; e == PL_OK && i < sizeof rows / sizeof *rows; i++)
        e = pl_bus_handle(h->bus, rows[i].desc, rows[i].handler, h);
    return e;
}
