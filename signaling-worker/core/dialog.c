/* dialog.c - dialog state. */
#include "dialog.h"

#include <string.h>

#include "pl/str.h"

enum { MAX_ROUTES = 16 };

/* Every route must be an address we can send to. */
static pl_err check_routes(const char *routes, unsigned *ret_n)
{
    pl_slice rest = pl_slice_str(routes);
    pl_slice item;
    unsigned n = 0;
    while (pl_sip_list_next(&rest, &item)) {
        pl_sip_uri uri;
        if (n++ >= MAX_ROUTES || pl_sip_uri_parse(item, &uri) != PL_OK ||
            uri.scheme == PL_URI_TEL) {
            return PL_EPROTO;
        }
    }
    *ret_n = n;
    return PL_OK;
}

static pl_err check_target(const char *target)
{
    pl_sip_uri uri;
    if (pl_sip_uri_parse(pl_slice_str(target), &uri) != PL_OK ||
        uri.scheme == PL_URI_TEL) {
        return PL_EPROTO;
    }
    return PL_OK;
}

pl_err pl_sip_dialog_accept(const pl_sip_msg *request, const char *local_tag,
                            pl_sip_dialog *ret_dialog)
{
    unsigned n = 0;
    if (check_routes(request->record_routes, &n) != PL_OK ||
        check_target(request->contact) != PL_OK) {
        return PL_EPROTO;
    }
    pl_sip_dialog d = {.is_uas = true,
                       .local_cseq = 0,
                       .remote_cseq = request->cseq,
                       .has_remote_cseq = true};
    pl_fmt_cut(d.call_id, sizeof d.call_id, "%s", request->call_id);
    pl_fmt_cut(d.local_tag, sizeof d.local_tag, "%s", local_tag);
    pl_fmt_cut(d.remote_tag, sizeof d.remote_tag, "%s", request->from_tag);
    pl_fmt_cut(d.local_uri, sizeof d.local_uri, "%s", request->to_uri);
    pl_fmt_cut(d.remote_uri, sizeof d.remote_uri, "%s", request->from_uri);
    pl_fmt_cut(d.target, sizeof d.target, "%s", request->contact);
    pl_fmt_cut(d.routes, sizeof d.routes, "%s", request->record_routes);
    *ret_dialog = d;
    return PL_OK;
}

/* The client's route set is the list of the response in reverse order. */
static void reverse_routes(const char *in, unsigned n, char *out, size_t cap)
{
    out[0] = '\0';
    size_t at = 0;
    for (unsigned want = n; want-- > 0;) {
        pl_slice rest = pl_slice_str(in);
        pl_slice item = {NULL, 0};
        for (unsigned i = 0; i <= want; i++) {
            if (!pl_sip_list_next(&rest, &item))
                return;
        }
        pl_fmt_cut(out + at, cap - at, "%s%.*s", at ? "," : "", (int)item.len,
                   (const char *)item.ptr);
        at += strlen(out + at);
    }
}

pl_err pl_sip_dialog_establish(pl_sip_dialog *dialog,
                               const pl_sip_msg *response)
{
    if (!response->to_tag[0])
        return PL_EPROTO;
    bool is_final = response->status >= 200;
    unsigned n = 0;
    pl_err e = check_routes(response->record_routes, &n);
    if (e == PL_OK)
        e = check_target(response->contact);
    if (e != PL_OK && is_final)
        return PL_EPROTO;
    pl_fmt_cut(dialog->remote_tag, sizeof dialog->remote_tag, "%s",
               response->to_tag);
    if (e != PL_OK)
        return PL_OK; /* provisional: a 2xx will bring the target */
    pl_fmt_cut(dialog->target, sizeof dialog->target, "%s", response->contact);
    reverse_routes(response->record_routes, n, dialog->routes,
                   sizeof dialog->routes);
    return PL_OK;
}

pl_err pl_sip_dialog_receive(pl_sip_dialog *dialog, const pl_sip_msg *request)
{
    if (request->method == PL_SIP_ACK || request->method == PL_SIP_CANCEL)
        return PL_OK;
    if (dialog->has_remote_cseq && request->cseq <= dialog->remote_cseq)
        return PL_ESTATE;
    dialog->remote_cseq = request->cseq;
    dialog->has_remote_cseq = true;
    return PL_OK;
}

void pl_sip_dialog_refresh(pl_sip_dialog *dialog, const pl_sip_msg *m)
{
    if (m->has_contact && check_target(m->contact) == PL_OK)
        pl_fmt_cut(dialog->target, sizeof dialog->target, "%s", m->contact);
}

pl_err pl_sip_dialog_check(const pl_sip_dialog *dialog)
{
    unsigned n = 0;
    pl_err e = check_routes(dialog->routes, &n);
    return e == PL_OK ? check_target(dialog->target) : e;
}

bool pl_sip_dialog_matches(const pl_sip_dialog *dialog, const pl_sip_msg *m)
{
    return strcmp(dialog->call_id, m->call_id) == 0 &&
           strcmp(dialog->local_tag, m->to_tag) == 0 &&
           strcmp(dialog->remote_tag, m->from_tag) == 0;
}

pl_err pl_sip_dialog_hop(const pl_sip_dialog *dialog, pl_sip_hop *ret_hop)
{
    pl_slice rest = pl_slice_str(dialog->routes);
    pl_slice first;
    pl_sip_hop hop = {.route = ""};
    pl_fmt_cut(hop.request_uri, sizeof hop.request_uri, "%s", dialog->target);
    if (!pl_sip_list_next(&rest, &first)) {
        if (pl_sip_uri_parse(pl_slice_str(dialog->target), &hop.next) != PL_OK)
            return PL_EPROTO;
        *ret_hop = hop;
        return PL_OK;
    }
    if (pl_sip_uri_parse(first, &hop.next) != PL_OK)
        return PL_EPROTO;
    if (hop.next.is_loose) {
        pl_fmt_cut(hop.route, sizeof hop.route, "%s", dialog->routes);
    } else { /* a strict router: it wants its address as the target */
        pl_fmt_cut(hop.request_uri, sizeof hop.request_uri, "%s",
                   hop.next.text);
        rest = pl_slice_str(dialog->routes);
        (void)pl_sip_list_next(&rest, &first);
        pl_fmt_cut(hop.route, sizeof hop.route, "%.*s%s<%s>", (int)rest.len,
                   (const char *)rest.ptr, rest.len ? "," : "", dialog->target);
    }
    *ret_hop = hop;
    return PL_OK;
}
