/* call_redirect.c - 3xx answers to our INVITE: the call goes where they say, if
 * the configuration wants that and the destination is allowed. RFC 3261 section
 * 8.1.3.4. */
#include <string.h>

#include "call_impl.h"
#include "pl/log.h"
#include "pl/str.h"

/* 305 and 380 name something else than another address of the callee. */
static bool is_elsewhere(unsigned status)
{
    return status >= 300 && status <= 302;
}

static bool was_tried(const pl_call *c, const char *uri)
{
    for (unsigned i = 0; i < c->n_redirects; i++) {
        if (strcmp(c->tried[i], uri) == 0)
            return true;
    }
    return strcmp(c->hop.request_uri, uri) == 0;
}

static pl_err judge(const pl_call *c, const pl_sip_msg *m, pl_sip_uri *ret)
{
    pl_sip_uri to;
    if (c->n_redirects >= MAX_REDIRECTS)
        return PL_EFULL;
    if (!m->has_contact ||
        pl_sip_uri_parse(pl_slice_str(m->contact), &to) != PL_OK)
        return PL_EPROTO;
    if (was_tried(c, to.text))
        return PL_EEXIST;
    if (c->is_sips && to.scheme != PL_URI_SIPS)
        return PL_EFORBIDDEN; /* RFC 3261 section 26.2.2 */
    pl_err e = pl_call_judge_target(c, &to);
    if (e == PL_OK)
        *ret = to;
    return e;
}

/* To, From and Call-ID stay: section 8.1.3.4. */
static pl_err aim(pl_call *c, const pl_sip_uri *to)
{
    char remote_uri[sizeof c->dialog.remote_uri];
    pl_fmt_cut(c->tried[c->n_redirects++], sizeof c->tried[0], "%s",
               c->hop.request_uri);
    pl_fmt_cut(remote_uri, sizeof remote_uri, "%s", c->dialog.remote_uri);
    c->to = *to;
    c->is_sips = to->scheme == PL_URI_SIPS;
    pl_digest_client_begin(&c->auth);
    pl_err e = pl_call_first_hop(c);
    pl_fmt_cut(c->dialog.remote_uri, sizeof c->dialog.remote_uri, "%s",
               remote_uri);
    return e;
}

bool pl_call_follow(pl_call *c, const pl_sip_msg *m)
{
    const pl_calls *all = c->all;
    pl_sip_uri to;
    if (!all->o.config->follow_redirects || !m || !is_elsewhere(m->status))
        return false;
    pl_err e = judge(c, m, &to);
    if (e == PL_OK)
        e = aim(c, &to);
    if (e == PL_OK)
        e = pl_call_look_up_later(c);
    if (e == PL_OK)
        e = pl_call_event(c, PL_CALL_E_REDIRECTED, m, (pl_slice){0});
    PL_LOG(INFO, "sip", e == PL_OK ? "call_redirected" : "redirect_refused",
           PL_KV("call", c->id, "to", m->contact), "%s", pl_err_text(e));
    if (e != PL_OK) {
        c->needs_lookup = false;
        return false;
    }
    pl_call_count(all, PL_SIG_redirects);
    return true;
}
