/* registration.c - registrations as objects: added, ended, forgotten. */
#include "device/registration.h"

#include <stdlib.h>
#include <string.h>

#include "device/binding.h"
#include "device/device_call.h"
#include "device/notify.h"
#include "pl/buf.h"
#include "pl/str.h"

enum {
    REMEMBER_S = 120, /* after the end of its calls: they are still seen */
    EVENT_MAX = 1024, /* bytes of an event */
    CONTACT_USER = 12 /* random bytes of a Contact's user part */
};

/* ---- all of them ---- */

pl_err pl_regs_create(pl_regs **ret_regs)
{
    pl_regs *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    pl_list_init(&r->all);
    pl_err e = pl_map_create(&r->by_id);
    if (!e)
        e = pl_map_create(&r->by_contact);
    if (!e)
        e = pl_map_create(&r->by_number);
    if (e) {
        pl_regs_destroy(&r);
        return e;
    }
    *ret_regs = r;
    return PL_OK;
}

void pl_regs_destroy(pl_regs **regs)
{
    if (!regs || !*regs)
        return;
    pl_regs *r = *regs;
    PL_LIST_EACH_SAFE(node, &r->all)
    {
        free(PL_CONTAINER(node, pl_reg, link));
    }
    pl_map_destroy(&r->by_id);
    pl_map_destroy(&r->by_contact);
    pl_map_destroy(&r->by_number);
    free(r);
    *regs = NULL;
}

bool pl_reg_is_registered(const pl_reg *reg)
{
    return reg->row.state == PL_REG_STATE_REGISTERED;
}

pl_reg *pl_reg_find(const pl_pool *pool, const char *registration_id)
{
    pl_reg *reg = pl_map_find(pool->regs->by_id, registration_id);
    return reg && reg->row.state != PL_REG_STATE_PENDING ? reg : NULL;
}

pl_reg *pl_reg_find_of(const pl_pool *pool, const pl_owner *owner,
                       const char *registration_id)
{
    pl_reg *reg = pl_reg_find(pool, registration_id);
    return reg && pl_owner_sees(owner, reg->row.client_id, reg->row.subject,
                                reg->row.number)
               ? reg
               : NULL;
}

pl_reg *pl_reg_of_number(const pl_pool *pool, const char *number)
{
    return pl_map_find(pool->regs->by_number, number);
}

pl_reg *pl_reg_of_contact(const pl_pool *pool, const char *contact_user)
{
    pl_reg *reg = pl_map_find(pool->regs->by_contact, contact_user);
    return reg && pl_reg_is_registered(reg) ? reg : NULL;
}

void pl_reg_save(pl_pool *pool, const pl_reg *reg)
{
    pl_pool_put(pool, &PL_TABLE_REG, &reg->row);
}

/* ---- by number: only registered ones, oldest first ---- */

static void count_registered(pl_pool *pool, int more)
{
    pl_regs *r = pool->regs;
    r->n_registered = more > 0 ? r->n_registered + 1 : r->n_registered - 1;
    pl_metrics_set(pool->metrics, PL_RM_registrations, r->n_registered);
}

static void enlist(pl_pool *pool, pl_reg *reg)
{
    pl_reg *at = pl_map_find(pool->regs->by_number, reg->row.number);
    count_registered(pool, 1);
    while (at && at->next_same)
        at = at->next_same;
    if (at) {
        at->next_same = reg;
    } else if (pl_map_put(pool->regs->by_number, reg->row.number, reg)) {
        pl_pool_fail(pool, PL_ENOMEM);
    }
}

static void delist(pl_pool *pool, pl_reg *reg)
{
    pl_map *map = pool->regs->by_number;
    pl_reg *first = pl_map_find(map, reg->row.number);
    count_registered(pool, -1);
    if (first == reg) {
        (void)pl_map_remove(map, reg->row.number);
        if (reg->next_same && pl_map_put(map, reg->row.number, reg->next_same))
            pl_pool_fail(pool, PL_ENOMEM);
    }
    for (pl_reg *at = first; at; at = at->next_same) {
        if (at->next_same == reg)
            at->next_same = reg->next_same;
    }
    reg->next_same = NULL;
}

/* ---- deadlines ---- */

/* Calls outlive only what ended by itself. */
static int64_t grace_ms(const pl_pool *pool, const pl_reg *reg)
{
    const char *reason = reg->row.end_reason;
    return strcmp(reason, PL_REG_EXPIRED) == 0 ||
                   strcmp(reason, PL_REG_NETWORK_TERMINATED) == 0
               ? (int64_t)pool->config->registration_call_grace_s * 1000
               : 0;
}

static void forget(pl_pool *pool, pl_reg *reg)
{
    pl_pool_cancel(pool, &reg->due);
    pl_pool_cancel(pool, &reg->refresh);
    (void)pl_map_remove(pool->regs->by_id, reg->row.registration_id);
    (void)pl_map_remove(pool->regs->by_contact, reg->row.contact_user);
    pl_list_remove(&reg->link);
    free(reg);
}

static void plan(pl_pool *pool, pl_reg *reg);

static void end_calls(pl_pool *pool, pl_reg *reg)
{
    reg->is_over = true;
    pl_device_calls_end_of(pool, reg, "registration ended");
}

/* Wall time may have been set: it is asked again. */
static void due(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_reg *reg = object;
    int64_t now = pool->now.wall_ms;
    if (pl_reg_is_registered(reg)) {
        if (now >= reg->row.expires_at) {
            pl_reg_end(pool, reg, PL_REG_EXPIRED, "it reached expiresAt");
            return;
        }
    } else if (now >= reg->row.ended_at + grace_ms(pool, reg)) {
        if (reg->is_over && pl_device_calls_count(pool, reg) == 0) {
            forget(pool, reg);
            return;
        }
        end_calls(pool, reg);
    }
    plan(pool, reg);
}

static void plan(pl_pool *pool, pl_reg *reg)
{
    int64_t at = reg->row.expires_at;
    if (reg->row.state == PL_REG_STATE_ENDED)
        at = reg->row.ended_at + grace_ms(pool, reg);
    if (reg->is_over) {
        at = pool->now.wall_ms + (int64_t)REMEMBER_S * 1000;
    }
    pl_pool_plan(pool, &reg->due, due, reg, PL_MS(at - pool->now.wall_ms));
}

static void note(pl_pool *pool, const pl_reg *reg, const char *event,
                 const char *why)
{
    char text[256];
    pl_fmt_cut(text, sizeof text, "%s registration %s%s%s", reg->row.number,
               reg->row.registration_id, why[0] ? ": " : "", why);
    pl_pool_note(pool, PL_LOG_INFO, event, NULL, NULL, text);
}

/* ---- adding ---- */

static pl_err add(pl_pool *pool, const pl_reg_row *row, pl_reg **ret_reg)
{
    pl_regs *r = pool->regs;
    pl_reg *reg = calloc(1, sizeof *reg);
    if (!reg)
        return PL_ENOMEM;
    reg->row = *row;
    pl_err e = pl_map_put(r->by_id, row->registration_id, reg);
    if (!e) {
        e = pl_map_put(r->by_contact, row->contact_user, reg);
        if (e)
            (void)pl_map_remove(r->by_id, row->registration_id);
    }
    if (e) {
        free(reg);
        return e;
    }
    pl_list_append(&r->all, &reg->link);
    if (pl_reg_is_registered(reg))
        enlist(pool, reg);
    *ret_reg = reg;
    return PL_OK;
}

pl_err pl_reg_add(pl_pool *pool, const pl_reg_row *row, pl_reg **ret_reg)
{
    const pl_port *port = pool->port;
    uint8_t noise[CONTACT_USER];
    char id[37];
    pl_reg_row full = *row;
    port->new_id(port->ctx, id);
    PL_SET(full.registration_id, id);
    port->new_id(port->ctx, id);
    PL_SET(full.sip_call_id, id);
    port->random(port->ctx, noise, sizeof noise);
    pl_hex(noise, sizeof noise, full.contact_user);
    full.created_at = pool->now.wall_ms;
    full.state = full.mode == PL_LINE_MODE_ACCOUNT ? PL_REG_STATE_PENDING
                                                   : PL_REG_STATE_REGISTERED;
    pl_err e = add(pool, &full, ret_reg);
    if (e)
        return e;
    pl_reg_save(pool, *ret_reg);
    if (pl_reg_is_registered(*ret_reg)) {
        pl_pool_count(pool, PL_RM_registrations_made);
        note(pool, *ret_reg, "registration_made", "");
        plan(pool, *ret_reg);
    }
    return PL_OK;
}

void pl_reg_accept(pl_pool *pool, pl_reg *reg)
{
    reg->row.state = PL_REG_STATE_REGISTERED;
    enlist(pool, reg);
    pl_reg_save(pool, reg);
    pl_pool_count(pool, PL_RM_registrations_made);
    note(pool, reg, "registration_made", "");
    plan(pool, reg);
}

void pl_reg_extend(pl_pool *pool, pl_reg *reg, int64_t expires_ms)
{
    reg->row.expires_at = expires_ms;
    pl_reg_save(pool, reg);
    plan(pool, reg);
}

/* ---- ending ---- */

static void move_to_end(pl_pool *pool, pl_reg *reg, const char *reason)
{
    if (pl_reg_is_registered(reg))
        delist(pool, reg);
    reg->row.state = PL_REG_STATE_ENDED;
    reg->row.ended_at = pool->now.wall_ms;
    PL_SET(reg->row.end_reason, reason);
    pl_pool_note_record(pool);
}

void pl_reg_cancel(pl_pool *pool, pl_reg *reg, const char *reason)
{
    if (!reason) {
        pl_pool_del(pool, &PL_TABLE_REG, &reg->row);
        forget(pool, reg);
        return;
    }
    move_to_end(pool, reg, reason);
    pl_reg_save(pool, reg);
    pl_binding_drop(pool, reg);
    end_calls(pool, reg);
    plan(pool, reg);
}

static void tell(pl_pool *pool, const pl_reg *reg, const char *reason,
                 const char *text)
{
    pl_buf data;
    pl_buf_init(&data, EVENT_MAX);
    pl_buf_add_fmt(&data,
                   "{\"registrationId\":\"%s\",\"terminationReason\":\"%s\","
                   "\"terminationDescription\":\"The registration ended: "
                   "%s.\"}",
                   reg->row.registration_id, reason, text);
    pl_notify(pool, reg, PL_NOTIFY_TYPE_REGISTRATION_ENDS, "",
              pl_buf_slice(&data));
    pl_buf_fini(&data);
}

void pl_reg_end(pl_pool *pool, pl_reg *reg, const char *reason,
                const char *text)
{
    bool is_deleted = strcmp(reason, PL_REG_DELETED) == 0;
    pl_pool_cancel(pool, &reg->refresh);
    move_to_end(pool, reg, reason);
    pl_reg_save(pool, reg);
    if (!is_deleted) {
        pl_pool_count(pool, PL_RM_registrations_over);
        tell(pool, reg, reason, text);
    }
    note(pool, reg, "registration_ended", text);
    if (reg->row.bound_until != 0)
        pl_binding_drop(pool, reg);
    if (is_deleted || grace_ms(pool, reg) == 0)
        end_calls(pool, reg);
    plan(pool, reg);
}

pl_err pl_regs_check_config(const pl_roompool_config *config, char *reason,
                            size_t cap)
{
    if (config->registration_min_s <= config->registration_s &&
        config->registration_s <= config->registration_max_s)
        return PL_OK;
    pl_fmt_cut(reason, cap,
               "registration_s: want registration_min_s <= registration_s <= "
               "registration_max_s");
    return PL_ECONFIG;
}

/* ---- after a start ---- */

/* One that ended is of use as long as its calls may be. */
static bool is_of_use(const pl_pool *pool, const pl_reg_row *row)
{
    int64_t keep_s =
        (int64_t)pool->config->registration_call_grace_s + REMEMBER_S;
    return row->state != PL_REG_STATE_ENDED ||
           row->ended_at + keep_s * 1000 > pool->now.wall_ms;
}

pl_err pl_reg_load(pl_pool *pool, const pl_reg_row *row)
{
    pl_reg *reg;
    return is_of_use(pool, row) ? add(pool, row, &reg) : PL_OK;
}

/* Its line may be gone from the configuration, or be another one. */
static bool has_line(const pl_pool *pool, const pl_reg *reg)
{
    const pl_line *line = pl_line_find(pool, reg->row.number);
    return line && line->mode == reg->row.mode;
}

static void drop_later(void *ctx, void *object)
{
    pl_binding_drop(ctx, object);
}

static void resume(pl_pool *pool, pl_reg *reg)
{
    if (pl_reg_is_registered(reg) && !has_line(pool, reg)) {
        pl_reg_end(pool, reg, PL_REG_NETWORK_TERMINATED,
                   "its number is no line of ours any more");
        return;
    }
    if (reg->row.state == PL_REG_STATE_PENDING) {
        /* Nobody was told of it; the registrar may know it. */
        move_to_end(pool, reg, PL_REG_INTERRUPTED);
        reg->is_late = true;
        reg->row.bound_until = pool->now.wall_ms +
                               (int64_t)pool->config->register_expires_s * 1000;
        pl_reg_save(pool, reg);
    }
    if (reg->row.state == PL_REG_STATE_ENDED) {
        if (reg->row.bound_until > pool->now.wall_ms) {
            pl_pool_plan(pool, &reg->refresh, drop_later, reg,
                         PL_MS(pool->config->rejoin_ms));
        }
    } else if (reg->row.mode == PL_LINE_MODE_ACCOUNT) {
        pl_binding_resume(pool, reg);
    }
    plan(pool, reg);
}

void pl_regs_resume(pl_pool *pool)
{
    PL_LIST_EACH_SAFE(node, &pool->regs->all)
    {
        resume(pool, PL_CONTAINER(node, pl_reg, link));
    }
}

void pl_regs_worker_down(pl_pool *pool, const char *node)
{
    PL_LIST_EACH(at, &pool->regs->all)
    {
        pl_reg *reg = PL_CONTAINER(at, pl_reg, link);
        if (pl_reg_is_registered(reg) &&
            reg->row.mode == PL_LINE_MODE_ACCOUNT &&
            strcmp(reg->row.node, node) == 0)
            pl_binding_move(pool, reg);
    }
}

/* ---- what must always hold ---- */

static const char *breach_of(const pl_pool *pool, const pl_reg *reg)
{
    if (pl_map_find(pool->regs->by_id, reg->row.registration_id) != reg ||
        pl_map_find(pool->regs->by_contact, reg->row.contact_user) != reg)
        return "a registration cannot be found";
    if (reg->row.state == PL_REG_STATE_PENDING)
        return reg->is_asking ? NULL : "a registration is pending for ever";
    if (reg->due.at == 0)
        return "a registration lasts for ever";
    if (!pl_reg_is_registered(reg)) {
        return reg->is_over && pl_device_calls_count(pool, reg) > 0
                   ? "a call outlives its registration"
                   : NULL;
    }
    if (reg->row.mode == PL_LINE_MODE_ACCOUNT && !pl_binding_is_kept(reg))
        return "nobody looks after the binding of a registration";
    for (const pl_reg *at = pl_reg_of_number(pool, reg->row.number); at;
         at = at->next_same) {
        if (at == reg)
            return NULL;
    }
    return "a registration is not found by its number";
}

const char *pl_regs_breach(const pl_pool *pool)
{
    const pl_regs *r = pool->regs;
    const char *breach = NULL;
    unsigned n_registered = 0;
    size_t n = 0;
    PL_LIST_EACH(node, &r->all)
    {
        const pl_reg *reg = PL_CONTAINER(node, pl_reg, link);
        n++;
        n_registered += pl_reg_is_registered(reg);
        if (!breach)
            breach = breach_of(pool, reg);
    }
    if (!breach &&
        (n != pl_map_count(r->by_id) || n_registered != r->n_registered))
        breach = "registrations are miscounted";
    return breach;
}
