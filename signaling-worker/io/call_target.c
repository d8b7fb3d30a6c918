/* call_target.c - the targets of a call of ours: where its INVITE goes, and
 * where it goes next when it was not answered there. RFC 3263 section 4.3. */
#include <string.h>

#include "call_impl.h"
#include "pl/log.h"
#include "pl/str.h"

static void avoid(pl_calls *all, const pl_sip_target *t)
{
    pl_avoid_add(&all->avoided, t, pl_call_now(all));
}

static void keep_targets(pl_call *c, const pl_sip_target *rows, unsigned n)
{
    c->at_target = 0;
    c->by_tcp = c->is_tcp_refused = false;
    c->n_targets = pl_avoid_order(&c->all->avoided, rows, n,
                                  pl_call_now(c->all), c->target);
}

/* ---- trying them ---- */

/* Errors: as pl_sip_transport_reach(). */
static pl_err aim(pl_call *c, pl_uri_transport transport)
{
    const pl_sip_target *t = &c->target[c->at_target];
    pl_sip_to to = {.transport = transport,
                    .ip = &t->ip,
                    .port = t->port,
                    .host = c->hop.next.host};
    pl_sip_flow flow;
    pl_err e = pl_sip_transport_reach(pl_sip_stack_transport(c->all->stack),
                                      &to, &flow);
    if (e != PL_OK)
        return e;
    pl_call_take_flow(c, &flow);
    c->source = t->ip;
    return PL_OK;
}

/* Send the INVITE to the current target or, while they cannot be reached, to
 * the next. The call may be gone when this returns.
 * Errors: PL_EUNAVAILABLE no target is left; those of sending. */
static pl_err try_targets(pl_call *c)
{
    pl_calls *all = c->all;
    uint32_t serial = c->serial;
    for (; c->at_target < c->n_targets; c->at_target++) {
        const pl_sip_target *t = &c->target[c->at_target];
        if (aim(c, t->transport) != PL_OK) {
            avoid(all, t);
            continue;
        }
        pl_call_set_from(c);
        pl_err e = pl_call_send_invite(c, NULL);
        return pl_call_of_serial(all, serial) ? e : PL_OK;
    }
    return PL_EUNAVAILABLE;
}

/* RFC 3261 section 18.1.1: what may not fit into one datagram goes by TCP to
 * the same place, unless the address says UDP. */
bool pl_call_takes_tcp(pl_call *c, size_t len)
{
    unsigned max = c->all->o.config->udp_max_bytes;
    if (max == 0 || len <= max || c->flow.transport != PL_URI_UDP ||
        c->is_tcp_refused || c->hop.next.transport != PL_URI_ANY ||
        c->at_target >= c->n_targets || aim(c, PL_URI_TCP) != PL_OK)
        return false;
    c->by_tcp = true;
    pl_call_count(c->all, PL_SIG_by_tcp);
    return true;
}

static void start(pl_call *c)
{
    pl_calls *all = c->all;
    uint32_t serial = c->serial;
    uint32_t none = 0;
    (void)!pl_call_sm_take(&c->state, PL_CALL_E_RESOLVED, &none);
    pl_err e = try_targets(c);
    if (e == PL_OK || !pl_call_of_serial(all, serial))
        return;
    if (e == PL_EUNAVAILABLE)
        pl_call_fail_start(c, 503, "peer cannot be reached");
    else
        pl_call_fail_start(c, 500, "INVITE not sent");
}

void pl_call_on_resolved(void *ctx, uint64_t tag, const pl_sip_target *targets,
                         unsigned n)
{
    pl_calls *all = ctx;
    pl_call *c = pl_call_of_serial(all, (uint32_t)tag);
    pl_ip ip;
    if (!c || c->state != PL_CALL_S_OUT_RESOLVING)
        return;
    keep_targets(c, targets, n);
    if (n > 0) {
        start(c);
        return;
    }
    if (pl_ip_parse(pl_slice_str(c->hop.next.host), &ip) == PL_OK) {
        pl_call_fail_start(c, 403, "not the address of one host");
        return;
    }
    pl_call_count(all, PL_SIG_not_located);
    pl_call_fail_start(c, 404, "host not found");
}

pl_err pl_call_look_up(pl_call *c)
{
    const pl_calls *all = c->all;
    pl_locate_wish wish = {
        .host = c->hop.next.host,
        .is_sips = c->hop.next.scheme == PL_URI_SIPS,
        .port = c->hop.next.port,
        .transport = c->hop.next.transport,
        .can = pl_sip_transport_can(pl_sip_stack_transport(all->stack))};
    return pl_sip_resolve(all->resolver, &wish, c->serial);
}

bool pl_call_fail_over(pl_call *c, const pl_sip_msg *m)
{
    pl_calls *all = c->all;
    uint32_t serial = c->serial;
    if (c->at_target >= c->n_targets)
        return false;
    if (!pl_sip_target_failed(m ? m->status : 0)) {
        pl_avoid_remove(&all->avoided, &c->target[c->at_target]);
        return false;
    }
    bool goes_back = c->by_tcp && !m; /* by TCP it cannot be reached */
    c->by_tcp = false;
    c->is_tcp_refused = goes_back;
    if (!goes_back)
        avoid(all, &c->target[c->at_target]);
    if (c->state != PL_CALL_S_OUT_CALLING ||
        (c->ring_us && pl_call_now(all) >= c->ring_us))
        return false;
    if (!goes_back)
        c->at_target++;
    pl_digest_client_begin(&c->auth);
    if (c->at_target >= c->n_targets)
        return false;
    PL_LOG(INFO, "sip", goes_back ? "back_to_udp" : "next_target",
           PL_KV("call", c->id), "%u of %u", c->at_target + 1, c->n_targets);
    if (!goes_back)
        pl_call_count(all, PL_SIG_failovers);
    return try_targets(c) == PL_OK || !pl_call_of_serial(all, serial);
}
