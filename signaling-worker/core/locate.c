/* locate.c - what to ask the DNS for a SIP address, and in which order its
 * servers are tried. */
#include "locate.h"

#include <string.h>
#include <strings.h>

#include "pl/str.h"

enum {
    PORT_SIP = 5060,
    PORT_SIPS = 5061,
    NAPTR_MAX = 16,
    EACH_MAX = 3, /* addresses of one server, where there are several */
};

typedef struct service_kind {
    const char *naptr;  /* RFC 3263 section 4.1 */
    const char *prefix; /* of the SRV name */
    pl_uri_transport transport;
    bool is_sips;
} service_kind;

/* In the order in which they are asked for when there is no NAPTR. */
static const service_kind SERVICES[] = {
    {"SIP+D2U", "_sip._udp.", PL_URI_UDP, false},
    {"SIP+D2T", "_sip._tcp.", PL_URI_TCP, false},
    {"SIPS+D2T", "_sips._tcp.", PL_URI_TLS, true},
};
enum { N_SERVICES = sizeof SERVICES / sizeof *SERVICES };

static bool can(const pl_locate *l, pl_uri_transport transport)
{
    return (l->wish.can >> (unsigned)transport & 1) != 0;
}

/* What comes from the DNS is asked for again: only what can be a host. */
static bool is_name(const char *text)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t n = strspn(text, good);
    return n > 0 && text[n] == '\0' && n < PL_URI_HOST_TEXT - 1 &&
           text[0] != '.';
}

static pl_uri_transport usual_transport(const pl_locate *l)
{
    if (l->wish.transport != PL_URI_ANY)
        return l->wish.transport;
    if (l->wish.is_sips)
        return PL_URI_TLS;
    return !can(l, PL_URI_UDP) && can(l, PL_URI_TCP) ? PL_URI_TCP : PL_URI_UDP;
}

static void add_place(pl_locate *l, const char *name,
                      pl_uri_transport transport, uint16_t port)
{
    if (l->n_places == PL_LOCATE_PLACES)
        return;
    pl_locate_name *p = &l->place[l->n_places++];
    pl_fmt_cut(p->name, sizeof p->name, "%s", name);
    p->transport = transport;
    p->port = port;
}

/* The address itself, when nobody speaks for it. */
static void add_host(pl_locate *l)
{
    pl_uri_transport transport = usual_transport(l);
    uint16_t usual = transport == PL_URI_TLS ? PORT_SIPS : PORT_SIP;
    l->has_fallen_back = true;
    add_place(l, l->host, transport, l->wish.port ? l->wish.port : usual);
}

static void add_service(pl_locate *l, const char *prefix, const char *name,
                        pl_uri_transport transport)
{
    char full[PL_URI_HOST_TEXT];
    if (l->n_services == PL_LOCATE_SERVICES ||
        pl_fmt(full, sizeof full, "%s%s", prefix, name) != PL_OK)
        return;
    for (unsigned i = 0; i < l->n_services; i++) {
        if (strcasecmp(l->service[i].name, full) == 0)
            return;
    }
    pl_locate_name *s = &l->service[l->n_services++];
    pl_fmt_cut(s->name, sizeof s->name, "%s", full);
    s->transport = transport;
}

/* SRV of the transport that was said, or of each that the scheme has. */
static void add_usual_services(pl_locate *l)
{
    for (unsigned i = 0; i < N_SERVICES; i++) {
        const service_kind *s = &SERVICES[i];
        bool is_wanted = l->wish.transport == PL_URI_ANY
                             ? s->is_sips == l->wish.is_sips &&
                                   (s->is_sips || can(l, s->transport))
                             : s->transport == l->wish.transport;
        if (is_wanted)
            add_service(l, s->prefix, l->host, s->transport);
    }
}

void pl_locate_begin(pl_locate *l, const pl_locate_wish *wish)
{
    memset(l, 0, sizeof *l);
    l->wish = *wish;
    l->wish.host = NULL;
    pl_fmt_cut(l->host, sizeof l->host, "%s", wish->host);
    if (wish->port || wish->is_literal) {
        add_host(l);
        return;
    }
    bool is_open = wish->transport == PL_URI_ANY ||
                   (wish->is_sips && wish->transport == PL_URI_TLS);
    l->wants_naptr = is_open;
    if (!is_open)
        add_usual_services(l);
}

bool pl_locate_next(pl_locate *l, pl_locate_question *ret_question)
{
    if (l->wants_naptr) {
        *ret_question = (pl_locate_question){PL_LOCATE_NAPTR, l->host};
        return true;
    }
    if (l->at_service < l->n_services) {
        *ret_question =
            (pl_locate_question){PL_LOCATE_SRV, l->service[l->at_service].name};
        return true;
    }
    if (l->n_places == 0 && !l->was_denied && !l->has_fallen_back)
        add_host(l);
    if (l->at_place == l->n_places || l->n_targets == PL_SIP_TARGETS_MAX)
        return false;
    *ret_question =
        (pl_locate_question){PL_LOCATE_ADDRESS, l->place[l->at_place].name};
    return true;
}

/* ---- NAPTR ---- */

static const service_kind *service_of(const pl_locate *l, const pl_naptr *row)
{
    if (strcasecmp(row->flags, "s") != 0 || row->regexp[0] ||
        !is_name(row->replacement))
        return NULL;
    for (unsigned i = 0; i < N_SERVICES; i++) {
        const service_kind *s = &SERVICES[i];
        if (strcasecmp(row->service, s->naptr) != 0)
            continue;
        /* sips: goes by TLS only, whatever the DNS says */
        bool is_good = l->wish.is_sips ? s->is_sips : can(l, s->transport);
        return is_good ? s : NULL;
    }
    return NULL;
}

static bool naptr_before(const pl_naptr *a, const pl_naptr *b)
{
    return a->order != b->order ? a->order < b->order
                                : a->preference < b->preference;
}

void pl_locate_naptr(pl_locate *l, const pl_naptr *rows, unsigned n)
{
    const pl_naptr *good[NAPTR_MAX];
    unsigned n_good = 0;
    l->wants_naptr = false;
    for (unsigned i = 0; i < n && n_good < NAPTR_MAX; i++) {
        if (!service_of(l, &rows[i]))
            continue;
        unsigned at = n_good++;
        for (; at > 0 && naptr_before(&rows[i], good[at - 1]); at--)
            good[at] = good[at - 1];
        good[at] = &rows[i];
    }
    for (unsigned i = 0; i < n_good; i++) {
        add_service(l, "", good[i]->replacement,
                    service_of(l, good[i])->transport);
    }
    if (l->n_services == 0)
        add_usual_services(l);
}

/* ---- SRV ---- */

/* Of the rows not taken with the lowest priority, the one that weight and
 * chance choose: RFC 2782, "Weight". Those of weight 0 stand first. */
static unsigned choose(const pl_locate *l, const pl_srv *rows, unsigned n,
                       const bool *is_taken)
{
    unsigned best = n;
    uint32_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        if (!is_taken[i] &&
            (best == n || rows[i].priority < rows[best].priority))
            best = i;
    }
    if (best == n)
        return n;
    for (unsigned i = 0; i < n; i++) {
        if (!is_taken[i] && rows[i].priority == rows[best].priority)
            sum += rows[i].weight;
    }
    uint32_t at = l->wish.random(l->wish.random_ctx, sum);
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < n; i++) {
            bool is_light = rows[i].weight == 0;
            if (is_taken[i] || rows[i].priority != rows[best].priority ||
                is_light != (pass == 0))
                continue;
            if (at <= rows[i].weight)
                return i;
            at -= rows[i].weight;
        }
    }
    return best;
}

void pl_locate_srv(pl_locate *l, const pl_srv *rows, unsigned n)
{
    bool is_taken[PL_LOCATE_PLACES] = {false};
    if (l->at_service >= l->n_services)
        return;
    pl_uri_transport transport = l->service[l->at_service++].transport;
    n = n < PL_LOCATE_PLACES ? n : PL_LOCATE_PLACES;
    l->was_denied = l->was_denied || n > 0; /* or it has places */
    for (unsigned i = choose(l, rows, n, is_taken); i < n;
         i = choose(l, rows, n, is_taken)) {
        is_taken[i] = true;
        if (rows[i].port != 0 && is_name(rows[i].target))
            add_place(l, rows[i].target, transport, rows[i].port);
    }
}

/* ---- addresses ---- */

bool pl_sip_target_eq(const pl_sip_target *a, const pl_sip_target *b)
{
    return a->transport == b->transport && a->port == b->port &&
           pl_ip_eq(&a->ip, &b->ip);
}

static bool is_known(const pl_locate *l, const pl_sip_target *t)
{
    for (unsigned i = 0; i < l->n_targets; i++) {
        if (pl_sip_target_eq(&l->target[i], t))
            return true;
    }
    return false;
}

void pl_locate_addresses(pl_locate *l, const pl_ip *rows, unsigned n)
{
    if (l->at_place >= l->n_places)
        return;
    const pl_locate_name *p = &l->place[l->at_place++];
    unsigned max = l->n_places > 1 ? EACH_MAX : PL_SIP_TARGETS_MAX;
    for (unsigned i = 0; i < n && i < max && l->n_targets < PL_SIP_TARGETS_MAX;
         i++) {
        pl_sip_target t = {p->transport, rows[i], p->port};
        /* a name may mean what is nobody's address */
        if (!pl_ip_is_multicast(&t.ip) && !pl_ip_is_any(&t.ip) &&
            !is_known(l, &t))
            l->target[l->n_targets++] = t;
    }
}

/* ---- afterwards ---- */

bool pl_sip_target_failed(unsigned status)
{
    return status == 0 || status == 503;
}
