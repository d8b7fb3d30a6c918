/* fake_devices.c - see fake_devices.h. One rig runs at a time. */
#include "fake_devices.h"

#include <stdatomic.h>
#include <string.h>

#include "pl/str.h"

static atomic_uint n_told;
static pl_device_told last_told;

unsigned fake_devices_told(void)
{
    return atomic_load(&n_told);
}

const char *fake_devices_last_told(void)
{
    return last_told.id;
}

static void refuse(const fake_devices *d, const pl_bus_in *in, uint32_t fault,
                   uint32_t again_s)
{
    pl_device_refused m = {
        .fault = fault, .text = "refused", .retry_after_s = again_s};
    PL_MSG_SET(DEVICE_REFUSED, device_refused, &m, retry_after_s);
    pl_bus_reply(d->bus, &in->ticket, &PL_MSG_DEVICE_REFUSED, &m);
}

static bool knows(const fake_devices *d, const pl_bus_in *in, const char *id,
                  const char *known)
{
    if (strcmp(id, known) == 0)
        return true;
    refuse(d, in, PL_DEVICE_FAULT_NOT_FOUND, 0);
    return false;
}

static void reply_ok(const fake_devices *d, const pl_bus_in *in)
{
    pl_ok ok = {.status = 0};
    pl_bus_reply(d->bus, &in->ticket, &PL_MSG_OK_REPLY, &ok);
}

/* ---- registrations ---- */

static void give_registration(const fake_devices *d, const pl_bus_in *in,
                              const char *id, const char *number)
{
    pl_registration r = {.expires_ms = 1000,
                         .device_id = "0f9a3d64-6f0b-4a55-9f0c-2f0d5c1b7e10"};
    pl_fmt_cut(r.registration_id, sizeof r.registration_id, "%s", id);
    pl_fmt_cut(r.number, sizeof r.number, "%s", number);
    pl_bus_reply(d->bus, &in->ticket, &PL_MSG_REGISTRATION, &r);
}

static void on_reg_create(void *ctx, const pl_bus_in *in)
{
    const pl_registration_create *m = in->body;
    give_registration(ctx, in, "r1", m->number);
}

static void on_reg_get(void *ctx, const pl_bus_in *in)
{
    const pl_registration_get *m = in->body;
    if (knows(ctx, in, m->registration_id, "r1"))
        give_registration(ctx, in, "r1", "+493055501001");
}

static void on_reg_next(void *ctx, const pl_bus_in *in)
{
    const fake_devices *d = ctx;
    const pl_registration_next *m = in->body;
    if (strcmp(m->after_id, "r2") == 0) {
        pl_bus_reply_error(d->bus, &in->ticket, PL_ENOENT, NULL);
    } else {
        give_registration(d, in, m->after_id[0] ? "r2" : "r1", "+493055501001");
    }
}

static void on_reg_delete(void *ctx, const pl_bus_in *in)
{
    const pl_registration_delete *m = in->body;
    if (knows(ctx, in, m->registration_id, "r1"))
        reply_ok(ctx, in);
}

/* ---- calls ---- */

static void on_call_create(void *ctx, const pl_bus_in *in)
{
    const fake_devices *d = ctx;
    const pl_media_session_create *m = in->body;
    pl_media_session r = {.media_session_id = "M1",
                          .status = PL_MEDIA_STATUS_INITIAL,
                          .offer = m->offer};
    pl_fmt_cut(r.originator, sizeof r.originator, "%s", m->originator);
    pl_fmt_cut(r.receiver, sizeof r.receiver, "%s", m->receiver);
    if (strcmp(m->receiver, "tel:+500000000") == 0) {
        refuse(d, in, PL_DEVICE_FAULT_TOO_MANY_REQUESTS, 7);
    } else if (knows(d, in, m->registration_id, "r1")) {
        pl_bus_reply(d->bus, &in->ticket, &PL_MSG_MEDIA_SESSION, &r);
    }
}

static void on_call_delete(void *ctx, const pl_bus_in *in)
{
    const pl_media_session_delete *m = in->body;
    if (knows(ctx, in, m->media_session_id, "M1"))
        reply_ok(ctx, in);
}

/* ---- subscriptions ---- */

static void give_subscription(const fake_devices *d, const pl_bus_in *in,
                              const char *id)
{
    pl_subscription s = {.api = PL_NOTIFY_API_EVENTS,
                         .types = 1,
                         .sink = "https://sink.example/s",
                         .device_id = "0f9a3d64-6f0b-4a55-9f0c-2f0d5c1b7e10",
                         .status = PL_SUBSCRIPTION_STATUS_ACTIVE,
                         .starts_ms = 1000};
    pl_fmt_cut(s.subscription_id, sizeof s.subscription_id, "%s", id);
    pl_bus_reply(d->bus, &in->ticket, &PL_MSG_SUBSCRIPTION, &s);
}

static void on_sub_create(void *ctx, const pl_bus_in *in)
{
    give_subscription(ctx, in, "s1");
}

static void on_sub_next(void *ctx, const pl_bus_in *in)
{
    const fake_devices *d = ctx;
    const pl_subscription_next *m = in->body;
    if (strcmp(m->after_id, "s2") == 0) {
        pl_bus_reply_error(d->bus, &in->ticket, PL_ENOENT, NULL);
    } else {
        give_subscription(d, in, m->after_id[0] ? "s2" : "s1");
    }
}

static void on_told(void *ctx, const pl_bus_in *in)
{
    const pl_device_told *m = in->body;
    (void)ctx;
    last_told = *m;
    atomic_fetch_add(&n_told, 1);
}

pl_err fake_devices_open(fake_devices *devices, pl_bus *bus)
{
    static const struct {
        const pl_msg_desc *desc;
        pl_bus_handler handler;
    } rows[] = {
        {&PL_MSG_REGISTRATION_CREATE, on_reg_create},
        {&PL_MSG_REGISTRATION_GET, on_reg_get},
        {&PL_MSG_REGISTRATION_NEXT, on_reg_next},
        {&PL_MSG_REGISTRATION_DELETE, on_reg_delete},
        {&PL_MSG_MEDIA_SESSION_CREATE, on_call_create},
        {&PL_MSG_MEDIA_SESSION_DELETE, on_call_delete},
        {&PL_MSG_SUBSCRIPTION_CREATE, on_sub_create},
        {&PL_MSG_SUBSCRIPTION_NEXT, on_sub_next},
        {&PL_MSG_DEVICE_TOLD, on_told},
    };
    *devices = (fake_devices){.bus = bus};
    atomic_store(&n_told, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_err e = pl_bus_handle(bus, rows[i].desc, rows[i].handler, devices);
        if (e)
            return e;
    }
    return PL_OK;
}
