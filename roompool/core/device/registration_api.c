/* registration_api.c - applications register devices, extend and end that. */
#include <string.h>

#include "device/binding.h"
#include "device/registration.h"
#include "pl/str.h"

static void reply(pl_pool *pool, const pl_bus_ticket *ticket, const pl_reg *reg)
{
    pl_registration m = {.expires_ms = reg->row.expires_at};
    PL_SET(m.registration_id, reg->row.registration_id);
    PL_SET(m.device_id, reg->row.device_id);
    PL_SET(m.number, reg->row.number);
    pl_pool_reply(pool, ticket, &PL_MSG_REGISTRATION, &m);
}

/* When it is to end; asked_ms 0: not said. False: too soon. */
static bool expiry_of(const pl_pool *pool, int64_t asked_ms, int64_t *ret_ms)
{
    const pl_roompool_config *c = pool->config;
    int64_t now = pool->now.wall_ms;
    int64_t most = now + (int64_t)c->registration_max_s * 1000;
    if (asked_ms == 0) {
        asked_ms = now + (int64_t)c->registration_s * 1000;
    } else if (asked_ms < now + (int64_t)c->registration_min_s * 1000) {
        return false;
    }
    *ret_ms = asked_ms < most ? asked_ms : most;
    return true;
}

static void refuse_expiry(pl_pool *pool, const pl_bus_ticket *ticket)
{
    char text[128];
    pl_fmt_cut(text, sizeof text,
               "registrationExpireTime must be at least %u seconds from now.",
               pool->config->registration_min_s);
    pl_device_refuse(pool, ticket, PL_DEVICE_FAULT_OUT_OF_RANGE, text);
}

/* ---- creating ---- */

/* Registrations that are there or on their way. */
typedef struct census {
    bool is_there;      /* the same device and number */
    unsigned of_number; /* of anybody */
    unsigned of_user;   /* of the subject; of a 2-legged token, the device */
    unsigned of_device;
    unsigned devices; /* other devices of the subject */
} census;

/* Whether an earlier one of the list is of the same device of the subject. */
static bool is_counted(const pl_pool *pool, const pl_reg *reg)
{
    PL_LIST_EACH(at, &pool->regs->all)
    {
        const pl_reg *other = PL_CONTAINER(at, pl_reg, link);
        if (other == reg)
            break;
        if (other->row.state != PL_REG_STATE_ENDED &&
            strcmp(other->row.device_id, reg->row.device_id) == 0 &&
            strcmp(other->row.subject, reg->row.subject) == 0 &&
            strcmp(other->row.client_id, reg->row.client_id) == 0)
            return true;
    }
    return false;
}

static void count_one(const pl_pool *pool, const pl_registration_create *m,
                      const pl_owner *owner, const pl_reg *reg, census *c)
{
    const char *subject = pl_owner_subject(owner);
    bool is_number = strcmp(reg->row.number, m->number) == 0;
    bool is_device = strcmp(reg->row.device_id, m->device_id) == 0;
    c->of_number += is_number;
    if (is_number && is_device &&
        pl_owner_sees(owner, reg->row.client_id, reg->row.subject,
                      reg->row.number))
        c->is_there = true;
    if (strcmp(reg->row.client_id, m->client_id) != 0 ||
        strcmp(reg->row.subject, subject) != 0)
        return;
    c->of_device += is_device;
    c->of_user += subject[0] != '\0';
    c->devices += subject[0] && !is_device && !is_counted(pool, reg);
}

static census count_all(const pl_pool *pool, const pl_registration_create *m,
                        const pl_owner *owner)
{
    census c = {.is_there = false};
    PL_LIST_EACH(node, &pool->regs->all)
    {
        const pl_reg *reg = PL_CONTAINER(node, pl_reg, link);
        if (reg->row.state != PL_REG_STATE_ENDED)
            count_one(pool, m, owner, reg, &c);
    }
    return c;
}

/* PL_DEVICE_FAULT_UNKNOWN: none. */
static uint32_t find_fault(const pl_pool *pool, const pl_registration_create *m,
                           const pl_owner *owner, const pl_line *line,
                           const char **ret_text)
{
    const pl_roompool_config *c = pool->config;
    if (!line || !pl_line_is_for(line, m->client_id)) {
        *ret_text = "The number is not one that this application may register.";
        return PL_DEVICE_FAULT_PERMISSION_DENIED;
    }
    if (!line->has_emergency_address) {
        *ret_text = "The number has no emergency address.";
        return PL_DEVICE_FAULT_EMERGENCY_ADDRESS_MISSING;
    }
    census n = count_all(pool, m, owner);
    if (n.is_there) {
        *ret_text = "The device is registered for this number already.";
        return PL_DEVICE_FAULT_ALREADY_EXISTS;
    }
    if (n.of_user >= c->registrations_per_user ||
        n.of_device >= c->registrations_per_user) {
        *ret_text = "The user has as many registrations as allowed.";
        return PL_DEVICE_FAULT_MAX_REGISTRATION_PER_USER;
    }
    if (n.of_number >= c->registrations_per_number) {
        *ret_text = "The number has as many registrations as allowed.";
        return PL_DEVICE_FAULT_MAX_REGISTRATION_PER_MSISDN;
    }
    if (n.devices >= c->devices_per_user) {
        *ret_text = "The user has as many devices as allowed.";
        return PL_DEVICE_FAULT_MAX_DEVICES_PER_USER;
    }
    return PL_DEVICE_FAULT_UNKNOWN;
}

static void ask(pl_pool *pool, pl_reg *reg, const pl_bus_ticket *ticket,
                pl_binding_why why, int64_t expires_ms)
{
    pl_op *op = pl_op_create(pool, NULL);
    pl_err e = PL_ENOMEM;
    if (op) {
        op->ticket = *ticket;
        op->has_ticket = true;
        op->until_ms = expires_ms;
        e = pl_binding_ask(pool, reg, why, op);
    }
    if (!e)
        return;
    if (why == PL_BINDING_NEW)
        pl_reg_cancel(pool, reg, NULL);
    pl_device_refuse(pool, ticket, PL_DEVICE_FAULT_UNAVAILABLE,
                     "The telephone network cannot be reached now.");
}

static void make(pl_pool *pool, const pl_bus_in *in, const pl_line *line,
                 int64_t expires_ms)
{
    const pl_registration_create *m = in->body;
    const pl_owner owner = PL_OWNER_OF(m);
    pl_reg_row row = {.mode = line->mode, .expires_at = expires_ms};
    pl_reg *reg;
    PL_SET(row.device_id, m->device_id);
    PL_SET(row.number, m->number);
    PL_SET(row.client_id, m->client_id);
    PL_SET(row.subject, pl_owner_subject(&owner));
    pl_err e = pl_reg_add(pool, &row, &reg);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    if (pl_reg_is_registered(reg)) {
        reply(pool, &in->ticket, reg);
    } else {
        ask(pool, reg, &in->ticket, PL_BINDING_NEW, expires_ms);
    }
}

void pl_on_registration_create(pl_pool *pool, const pl_bus_in *in)
{
    const pl_registration_create *m = in->body;
    const pl_owner owner = PL_OWNER_OF(m);
    const pl_line *line = pl_line_find(pool, m->number);
    const char *text = NULL;
    int64_t expires_ms = 0;
    if (!expiry_of(pool, m->expires_ms, &expires_ms)) {
        refuse_expiry(pool, &in->ticket);
        return;
    }
    uint32_t fault = find_fault(pool, m, &owner, line, &text);
    if (!fault && (pool->is_draining || pl_map_count(pool->regs->by_id) >=
                                            pool->config->max_registrations)) {
        fault = PL_DEVICE_FAULT_UNAVAILABLE;
        text = "There is no room for another registration now.";
    }
    if (fault) {
        pl_device_refuse(pool, &in->ticket, fault, text);
    } else {
        make(pool, in, line, expires_ms);
    }
}

/* ---- one that is named ---- */

/* NULL: refused already. */
static pl_reg *find(pl_pool *pool, const pl_bus_ticket *ticket,
                    const pl_owner *owner, const char *id)
{
    pl_reg *reg = pl_reg_find_of(pool, owner, id);
    if (reg && pl_reg_is_registered(reg))
        return reg;
    pl_device_refuse(pool, ticket, PL_DEVICE_FAULT_NOT_FOUND,
                     "There is no such registration.");
    return NULL;
}

void pl_on_registration_get(pl_pool *pool, const pl_bus_in *in)
{
    const pl_registration_get *m = in->body;
    const pl_owner owner = PL_OWNER_OF(m);
    const pl_reg *reg = find(pool, &in->ticket, &owner, m->registration_id);
    if (reg)
        reply(pool, &in->ticket, reg);
}

void pl_on_registration_next(pl_pool *pool, const pl_bus_in *in)
{
    const pl_registration_next *m = in->body;
    const pl_owner owner = PL_OWNER_OF(m);
    const pl_reg *next = NULL;
    PL_LIST_EACH(node, &pool->regs->all)
    {
        const pl_reg *reg = PL_CONTAINER(node, pl_reg, link);
        const pl_reg_row *row = &reg->row;
        if (pl_reg_is_registered(reg) &&
            strcmp(row->device_id, m->device_id) == 0 &&
            strcmp(row->registration_id, m->after_id) > 0 &&
            (!next ||
             strcmp(row->registration_id, next->row.registration_id) < 0) &&
            pl_owner_sees(&owner, row->client_id, row->subject, row->number))
            next = reg;
    }
    if (next) {
        reply(pool, &in->ticket, next);
    } else {
        pl_pool_refuse(pool, &in->ticket, PL_ENOENT, NULL);
    }
}

void pl_on_registration_delete(pl_pool *pool, const pl_bus_in *in)
{
    const pl_registration_delete *m = in->body;
    const pl_owner owner = PL_OWNER_OF(m);
    pl_reg *reg = find(pool, &in->ticket, &owner, m->registration_id);
    if (!reg)
        return;
    pl_reg_end(pool, reg, PL_REG_DELETED, "its application deleted it");
    pl_pool_ok(pool, &in->ticket);
}

/* The registrar is asked too when its binding would end sooner: what is told is
 * what the network says. One that is asked just now decides by itself. */
void pl_on_registration_refresh(pl_pool *pool, const pl_bus_in *in)
{
    const pl_registration_refresh *m = in->body;
    const pl_owner owner = PL_OWNER_OF(m);
    int64_t expires_ms = 0;
    pl_reg *reg = find(pool, &in->ticket, &owner, m->registration_id);
    if (!reg)
        return;
    if (!expiry_of(pool, m->expires_ms, &expires_ms)) {
        refuse_expiry(pool, &in->ticket);
        return;
    }
    if (reg->row.mode == PL_LINE_MODE_ACCOUNT && !reg->is_asking &&
        reg->row.bound_until < expires_ms) {
        ask(pool, reg, &in->ticket, PL_BINDING_EXTEND, expires_ms);
        return;
    }
    pl_reg_extend(pool, reg, expires_ms);
    reply(pool, &in->ticket, reg);
}

/* ---- what the registrar said ---- */

static const struct answer {
    uint32_t fault;
    const char *text;
    const char *reason; /* of a new one that the registrar may have */
} ANSWERS[] = {
    [PL_BINDING_DENIED] = {PL_DEVICE_FAULT_PERMISSION_DENIED,
                           "This is not permitted.", NULL},
    [PL_BINDING_UNAVAILABLE] = {PL_DEVICE_FAULT_UNAVAILABLE,
                                "The telephone network refused for now.",
                                PL_REG_REFUSED},
    [PL_BINDING_TIMEOUT] = {PL_DEVICE_FAULT_TIMEOUT,
                            "The telephone network did not answer.",
                            PL_REG_NO_ANSWER},
};

static void settle_new(pl_pool *pool, pl_reg *reg, pl_binding_end end)
{
    if (reg->row.state != PL_REG_STATE_PENDING)
        return;
    if (end == PL_BINDING_OK) {
        pl_reg_accept(pool, reg);
    } else {
        pl_reg_cancel(pool, reg, ANSWERS[end].reason);
    }
}

static void settle_old(pl_pool *pool, pl_reg *reg, const pl_op *op,
                       pl_binding_end end)
{
    if (end == PL_BINDING_DENIED) {
        pl_reg_end(pool, reg, PL_REG_NETWORK_TERMINATED,
                   "the registrar refused it");
    } else if (end == PL_BINDING_OK && op->action == PL_BINDING_EXTEND) {
        pl_reg_extend(pool, reg, op->until_ms);
    }
}

void pl_reg_bound(pl_pool *pool, pl_reg *reg, const pl_op *op, uint32_t end)
{
    bool is_new = op->action == PL_BINDING_NEW;
    bool is_there = reg && (is_new ? reg->row.state == PL_REG_STATE_PENDING
                                   : pl_reg_is_registered(reg));
    if (is_there && is_new) {
        settle_new(pool, reg, end);
    } else if (is_there) {
        settle_old(pool, reg, op, end);
    }
    if (!op->has_ticket)
        return;
    if (end != PL_BINDING_OK) {
        pl_device_refuse(pool, &op->ticket, ANSWERS[end].fault,
                         ANSWERS[end].text);
    } else if (is_there) {
        reply(pool, &op->ticket, reg);
    } else {
        pl_device_refuse(pool, &op->ticket, PL_DEVICE_FAULT_NOT_FOUND,
                         "There is no such registration.");
    }
}
