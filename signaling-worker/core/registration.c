/* registration.c - REGISTER and its answers. */
#include "registration.h"

#include <string.h>

#include "locate.h"
#include "pl/str.h"
#include "sip_head.h"

enum { PORT_SIP = 5060, PORT_SIPS = 5061 };

/* ---- numbers ---- */

/* RFC 3261 section 20.19: malformed is 3600; a huge one is as long as we want
 * to know. */
static uint32_t seconds(pl_slice text)
{
    enum { MALFORMED_S = 3600 };
    uint64_t n = 0;
    if (pl_parse_u64(text, UINT64_MAX, &n) != PL_OK)
        return MALFORMED_S;
    return n > PL_SIP_REGISTRATION_MAX_S ? PL_SIP_REGISTRATION_MAX_S
                                         : (uint32_t)n;
}

static uint16_t port_of(const pl_sip_uri *u)
{
    if (u->port != 0)
        return u->port;
    return u->transport == PL_URI_TLS ? PORT_SIPS : PORT_SIP;
}

static bool is_ours(pl_slice item, const pl_sip_uri *ours)
{
    pl_sip_uri u;
    return pl_sip_uri_parse(item, &u) == PL_OK &&
           strcmp(u.user, ours->user) == 0 && strcmp(u.host, ours->host) == 0 &&
           port_of(&u) == port_of(ours);
}

static bool is_same(const char *contact, const char *other)
{
    pl_sip_uri u;
    return pl_sip_uri_parse(pl_slice_str(other), &u) == PL_OK &&
           is_ours(pl_slice_str(contact), &u);
}

void pl_sip_registration_lines(const pl_sip_registration *r,
                               const char *contact, char *buf, size_t cap)
{
    bool is_removal = r->expires_s == 0;
    pl_fmt_cut(buf, cap, "Contact: <%s>%s\r\n", contact,
               is_removal ? ";expires=0" : "");
    size_t n = strlen(buf);
    if (r->old_contact[0] && !is_same(r->old_contact, contact)) {
        pl_fmt_cut(buf + n, cap - n, "Contact: <%s>;expires=0\r\n",
                   r->old_contact);
        n += strlen(buf + n);
    }
    pl_fmt_cut(buf + n, cap - n, "Expires: %u\r\nSupported: path\r\n",
               r->expires_s);
}

/* That of our Contact counts, then Expires, then what we asked for. */
static uint32_t granted(const pl_sip_head *head, const char *contact,
                        uint32_t asked_s)
{
    size_t cursor = 0;
    pl_sip_line line;
    pl_sip_uri ours;
    pl_slice text;
    if (pl_sip_uri_parse(pl_slice_str(contact), &ours) != PL_OK)
        return asked_s;
    while (pl_sip_head_find(head, "Contact", &cursor, &line)) {
        pl_slice item;
        while (pl_sip_list_next(&line.value, &item)) {
            if (is_ours(item, &ours) && pl_sip_param(item, "expires", &text))
                return seconds(text);
        }
    }
    cursor = 0;
    if (pl_sip_head_find(head, "Expires", &cursor, &line))
        return seconds(line.value);
    return asked_s;
}

/* ---- lists of addresses ---- */

/* All values of a header in order. False: something in it cannot be used; then
 * nothing is. */
static bool collect(const pl_sip_head *head, const char *name, char *buf)
{
    size_t cursor = 0;
    size_t n = 0;
    pl_sip_line line;
    buf[0] = '\0';
    while (pl_sip_head_find(head, name, &cursor, &line)) {
        pl_slice item;
        while (pl_sip_list_next(&line.value, &item)) {
            pl_sip_uri uri;
            if (item.len == 0)
                continue;
            if (!pl_sip_is_clean(item) ||
                pl_sip_uri_parse(item, &uri) != PL_OK ||
                pl_fmt(buf + n, PL_SIP_REGISTRATION_ROUTES - n, "%s%.*s",
                       n ? "," : "", (int)item.len,
                       (const char *)item.ptr) != PL_OK) {
                buf[0] = '\0';
                return false;
            }
            n += strlen(buf + n);
        }
    }
    return true;
}

static pl_sip_registration_next take_grant(const pl_sip_registration *r,
                                           const pl_sip_head *head,
                                           const char *contact,
                                           pl_sip_registration_grant *ret_grant)
{
    pl_sip_registration_grant g = {.expires_s = 0};
    if (r->expires_s > 0) {
        g.expires_s = granted(head, contact, r->expires_s);
        g.is_cut = !collect(head, "Service-Route", g.service_route);
        g.is_cut |= !collect(head, "P-Associated-URI", g.associated_uri);
        if (g.expires_s == 0)
            return PL_SIP_REGISTRATION_FAILED; /* taken, and dropped at once */
    }
    *ret_grant = g;
    return PL_SIP_REGISTRATION_DONE;
}

/* Section 10.2.8: once, with what it wants. */
static pl_sip_registration_next take_brief(pl_sip_registration *r,
                                           const pl_sip_head *head)
{
    size_t cursor = 0;
    pl_sip_line line;
    uint64_t min_s = 0;
    if (r->was_brief || r->expires_s == 0 ||
        !pl_sip_head_find(head, "Min-Expires", &cursor, &line) ||
        pl_parse_u64(line.value, PL_SIP_REGISTRATION_MAX_S, &min_s) != PL_OK ||
        min_s <= r->expires_s)
        return PL_SIP_REGISTRATION_FAILED;
    r->was_brief = true;
    r->expires_s = (uint32_t)min_s;
    return PL_SIP_REGISTRATION_AGAIN;
}

pl_sip_registration_next
pl_sip_registration_take(pl_sip_registration *r, const pl_sip_msg *m,
                         const char *contact,
                         pl_sip_registration_grant *ret_grant)
{
    pl_sip_head head;
    if (m->status < 200)
        return PL_SIP_REGISTRATION_WAIT;
    if (pl_sip_target_failed(m->status))
        return PL_SIP_REGISTRATION_ELSEWHERE;
    if (m->status == 401 || m->status == 407)
        return PL_SIP_REGISTRATION_CHALLENGE;
    if (pl_sip_head_split(m->raw, &head) != PL_OK)
        return PL_SIP_REGISTRATION_FAILED;
    if (m->status < 300)
        return take_grant(r, &head, contact, ret_grant);
    return m->status == 423 ? take_brief(r, &head) : PL_SIP_REGISTRATION_FAILED;
}
