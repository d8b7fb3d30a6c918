/* fake_registrar.c - see fake_registrar.h. */
#include "fake_registrar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

static void remove_contact(fake_registrar *r, const char *contact)
{
    for (size_t i = 0; i < r->n;) {
        if (strcmp(r->bindings[i].contact, contact) == 0) {
            r->bindings[i] = r->bindings[--r->n];
        } else {
            i++;
        }
    }
}

/* A registrar takes requests of one Call-ID in order only. */
static void check_order(const fake_registrar *r, const pl_sip_register *m)
{
    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->bindings[i].sip_call_id, m->sip_call_id) == 0)
            assert_true(m->cseq > r->bindings[i].cseq);
    }
}

static void refuse(fake_registrar *r, const pl_bus_in *in)
{
    const pl_sip_register *m = in->body;
    pl_sip_register_failed f = {.sip_status = r->status, .cseq = m->cseq + 1};
    PUT(f.reason, "No");
    PL_MSG_SET(SIP_REGISTER_FAILED, sip_register_failed, &f, reason);
    if (r->retry_after_s) {
        f.retry_after_s = r->retry_after_s;
        PL_MSG_SET(SIP_REGISTER_FAILED, sip_register_failed, &f, retry_after_s);
    }
    pl_bus_reply(r->world->sig.bus, &in->ticket, &PL_MSG_SIP_REGISTER_FAILED,
                 &f);
}

static void accept(fake_registrar *r, const pl_bus_in *in)
{
    const pl_sip_register *m = in->body;
    pl_sip_registered ok = {.expires_s =
                                r->granted_s ? r->granted_s : m->expires_s,
                            .cseq = m->cseq + 1}; /* it was challenged */
    pl_fmt_cut(ok.contact, sizeof ok.contact, "sip:%s@%s.test", m->contact_user,
               r->world->sig.node);
    PUT(ok.service_route, "<sip:edge.test;lr>");
    PL_MSG_SET(SIP_REGISTERED, sip_registered, &ok, service_route);
    remove_contact(r, ok.contact);
    remove_contact(r, m->old_contact);
    if (m->expires_s == 0) {
        ok.expires_s = 0;
    } else {
        assert_true(r->n < REGISTRAR_BINDINGS);
        fake_binding *b = &r->bindings[r->n++];
        PUT(b->aor, m->aor);
        PUT(b->contact, ok.contact);
        PUT(b->sip_call_id, m->sip_call_id);
        b->cseq = ok.cseq;
    }
    pl_bus_reply(r->world->sig.bus, &in->ticket, &PL_MSG_SIP_REGISTERED, &ok);
}

static void on_register(void *ctx, const pl_bus_in *in)
{
    fake_registrar *r = ctx;
    r->last = *(const pl_sip_register *)in->body;
    *(r->last.expires_s > 0 ? &r->n_asked : &r->n_removed) += 1;
    check_order(r, &r->last);
    if (r->is_silent)
        return;
    if (r->status) {
        refuse(r, in);
    } else {
        accept(r, in);
    }
}

void registrar_start(world *w, fake_registrar *r)
{
    r->world = w;
    assert_int_equal(
        pl_bus_handle(w->sig.bus, &PL_MSG_SIP_REGISTER, on_register, r), 0);
}

fake_binding *registrar_find(fake_registrar *r, const char *number)
{
    char aor[64];
    fake_binding *found = NULL;
    pl_fmt_cut(aor, sizeof aor, "sip:%s@", number);
    for (size_t i = 0; i < r->n; i++) {
        if (strncmp(r->bindings[i].aor, aor, strlen(aor)) != 0)
            continue;
        if (found)
            fail_msg("%s is bound twice", number);
        found = &r->bindings[i];
    }
    return found;
}
