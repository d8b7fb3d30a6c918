/* call_line.c - how a network wants our calls: where they go first, who they
 * come from, and with which credentials. RFC 3261 sections 8.1.2 and 22,
 * RFC 3323, RFC 3325, RFC 3608. */
#include "call_line.h"

#include <stdlib.h>
#include <string.h>

#include "call_impl.h"
#include "crypto.h"
#include "pl/buf.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "policy.h"

/* ---- read ---- */

static pl_sip_identity_kind kind_of(uint32_t kind)
{
    switch (kind) {
    case PL_IDENTITY_ASSERTED: return PL_SIP_IDENTITY_ASSERTED;
    case PL_IDENTITY_PREFERRED: return PL_SIP_IDENTITY_PREFERRED;
    default: return PL_SIP_IDENTITY_NONE;
    }
}

/* Every element an address that a request can be sent to. */
static bool is_route(const char *text)
{
    pl_slice rest = pl_slice_str(text);
    pl_slice item;
    while (pl_sip_list_next(&rest, &item)) {
        pl_sip_uri uri;
        if (pl_sip_uri_parse(item, &uri) != PL_OK || uri.scheme == PL_URI_TEL)
            return false;
    }
    return true;
}

static pl_err fill(const pl_call_start *m, const char *hop, pl_call_line *l)
{
    pl_sip_uri uri;
    char from[300];
    l->is_local = m->is_local;
    if (hop[0] || m->is_local) {
        l->has_hop = true;
        if (pl_sip_uri_parse(pl_slice_str(hop), &l->hop) != PL_OK ||
            l->hop.scheme == PL_URI_TEL)
            return PL_EINVAL;
    }
    if (m->identity[0] &&
        pl_sip_uri_parse(pl_slice_str(m->identity), &uri) != PL_OK)
        return PL_EINVAL;
    pl_fmt_cut(from, sizeof from, "sip:a@%s", m->from_host);
    if (!is_route(m->route) ||
        (m->from_host[0] &&
         pl_sip_uri_parse(pl_slice_str(from), &uri) != PL_OK))
        return PL_EINVAL;
    l->identity_kind =
        m->identity[0] ? kind_of(m->identity_kind) : PL_SIP_IDENTITY_NONE;
    l->is_hidden = m->anonymous;
    l->tells_all = m->tells_all;
    pl_fmt_cut(l->identity, sizeof l->identity, "%s", m->identity);
    pl_fmt_cut(l->from_host, sizeof l->from_host, "%s", m->from_host);
    pl_sip_quote_safe(m->to_name, l->to_name, sizeof l->to_name);
    pl_fmt_cut(l->route, sizeof l->route, "%s", m->route);
    pl_fmt_cut(l->auth_user, sizeof l->auth_user, "%s", m->auth_user);
    pl_fmt_cut(l->auth_secret, sizeof l->auth_secret, "%s", m->auth_secret);
    return PL_OK;
}

pl_err pl_call_line_take(const pl_call_start *m, const char *self,
                         pl_call_line **ret_line)
{
    pl_call_line *l = calloc(1, sizeof *l);
    if (!l)
        return PL_ENOMEM;
    pl_err e = fill(m, m->is_local ? self : m->next_hop, l);
    if (e != PL_OK)
        pl_call_line_destroy(&l);
    else
        *ret_line = l;
    return e;
}

void pl_call_line_destroy(pl_call_line **line)
{
    if (!line || !*line)
        return;
    pl_wipe(*line, sizeof **line);
    free(*line);
    *line = NULL;
}

/* ---- where to ---- */

static const pl_sip_uri *hop_of(const pl_call *c)
{
    if (c->line && c->line->has_hop)
        return &c->line->hop;
    return c->all->has_proxy ? &c->all->proxy : NULL;
}

bool pl_call_is_own(const pl_call *c)
{
    return c->pass.is_own || (c->line && c->line->is_local);
}

pl_err pl_call_judge_target(const pl_call *c, const pl_sip_uri *to)
{
    if (pl_call_is_own(c))
        return PL_OK; /* roompool judges it when it comes in */
    const pl_sip_uri *hop = hop_of(c);
    pl_err e =
        pl_outbound_judge(c->all->o.config->outbound_allow, to, hop != NULL);
    if (!e && to->scheme == PL_URI_SIPS && hop && hop->transport != PL_URI_TLS)
        e = PL_EUNSUPPORTED; /* RFC 3261 section 26.2.2: TLS on every hop */
    return e;
}

/* The address asked for, as one at a host. */
static pl_err write_target(const pl_call *c, const pl_sip_uri *proxy, char *buf,
                           size_t cap)
{
    const char *host = c->line && c->line->from_host[0] ? c->line->from_host
                       : proxy                          ? proxy->host
                                                        : "";
    if (c->to.scheme == PL_URI_TEL)
        return pl_sip_number_uri(c->to.user, host, buf, cap);
    return pl_fmt(buf, cap, "%s", c->to.text);
}

/* A next hop of roompool's is a proxy that wants a Route where it says lr; the
 * configured one always gets it. Then comes the registrar's Service-Route. */
static pl_err write_routes(const pl_call *c, const pl_sip_uri *proxy, char *buf,
                           size_t cap)
{
    const char *more = c->line ? c->line->route : "";
    bool is_lines = c->line && proxy == &c->line->hop;
    bool is_named = proxy && (!is_lines || proxy->is_loose);
    buf[0] = '\0';
    if (!is_named)
        return pl_fmt(buf, cap, "%s", more);
    return pl_fmt(buf, cap, "<%s%s>%s%s", proxy->text,
                  proxy->is_loose ? "" : ";lr", more[0] ? "," : "", more);
}

pl_err pl_call_first_hop(pl_call *c)
{
    static pl_sip_dialog d; /* large */
    const pl_sip_uri *proxy = hop_of(c);
    d = (pl_sip_dialog){.is_uas = false};
    pl_err e = write_target(c, proxy, d.target, sizeof d.target);
    if (e == PL_OK)
        e = write_routes(c, proxy, d.routes, sizeof d.routes);
    if (e == PL_OK)
        e = pl_sip_dialog_hop(&d, &c->hop);
    if (e != PL_OK)
        return e;
    if (proxy)
        c->hop.next = *proxy;
    pl_fmt_cut(c->dialog.remote_uri, sizeof c->dialog.remote_uri, "%s",
               d.target);
    return PL_OK;
}

/* ---- from whom ---- */

void pl_call_set_from(pl_call *c)
{
    const pl_call_line *l = c->line;
    char local[PL_SIP_LOCAL_TEXT];
    const char *host = local;
    if (c->dialog.local_uri[0])
        return; /* said to somebody who sent us on */
    if (l && l->is_hidden) {
        pl_fmt_cut(c->dialog.local_uri, sizeof c->dialog.local_uri,
                   PL_SIP_NOBODY_URI);
        pl_fmt_cut(c->dialog.local_name, sizeof c->dialog.local_name,
                   PL_SIP_NOBODY_NAME);
        return;
    }
    pl_sip_transport_local(pl_sip_stack_transport(c->all->stack), &c->flow,
                           local);
    char *port = strrchr(local, ':');
    if (port)
        *port = '\0';
    bool is_theirs = l && l->from_host[0];
    if (is_theirs)
        host = l->from_host;
    bool is_number = is_theirs && c->from_user[0] == '+';
    pl_fmt_cut(c->dialog.local_uri, sizeof c->dialog.local_uri, "sip:%s@%s%s",
               c->from_user, host, is_number ? ";user=phone" : "");
}

void pl_call_identity_lines(const pl_call *c, char *buf, size_t cap)
{
    const pl_call_line *l = c->line;
    buf[0] = '\0';
    if (l)
        pl_sip_identity_lines(l->identity_kind, l->identity, l->is_hidden, buf,
                              cap);
}

/* ---- credentials ---- */

typedef struct account {
    const char *user, *password, *realm;
} account;

/* Whether its network is who is asked: it is named, or it is whom we call. The
 * host of an address, or of a 3xx, may be anybody. */
static bool is_at_network(const pl_call *c)
{
    return hop_of(c) || c->line->route[0] ||
           pl_slice_eq_nocase(pl_slice_str(c->line->from_host),
                              c->hop.next.host);
}

/* Those of roompool go to their network only, the configured ones only to the
 * peer and realm that they are for. */
static bool find_account(const pl_call *c, account *ret)
{
    const pl_signaling_config *cfg = c->all->o.config;
    const pl_call_line *l = c->line;
    if (c->dialog.is_uas)
        return false;
    if (l && l->auth_user[0]) {
        *ret = (account){l->auth_user, l->auth_secret, ""};
        return is_at_network(c);
    }
    const char *peer =
        cfg->client_peer[0] ? cfg->client_peer : c->all->proxy.host;
    *ret = (account){cfg->client_user, c->all->password, cfg->client_realm};
    return cfg->client_user[0] && c->all->password[0] && cfg->client_realm[0] &&
           peer[0] && pl_slice_eq_nocase(pl_slice_str(peer), c->hop.next.host);
}

pl_err pl_call_answer_challenge(pl_call *c, const pl_sip_msg *m,
                                const char *method, const char *uri, char *line,
                                size_t cap)
{
    account a;
    char cnonce[24];
    if (!find_account(c, &a))
        return PL_EAUTH;
    /* Inside a dialog who is called could challenge too: only realms that
     * challenged the INVITE are answered there, if any did. */
    pl_digest_challenges list = {.value = m->auth,
                                 .n = m->n_auth,
                                 .n_own = m->n_auth_own,
                                 .only_realm = a.realm,
                                 .is_new_realm_ok = !c->dialog.remote_tag[0]};
    pl_err e = pl_digest_client_take(&c->auth, &list);
    if (e != PL_OK)
        return e;
    pl_random_token(12, cnonce, sizeof cnonce);
    pl_digest_who who = {.user = a.user,
                         .password = a.password,
                         .method = method,
                         .uri = uri,
                         .cnonce = cnonce};
    return pl_digest_client_write(&c->auth, &PL_SIG_HASHES, &who, line, cap);
}
