/* sip_resolve.c - the DNS client (c-ares) on our loop; core/locate.c says what
 * is asked. The only file that knows c-ares. */
#include "sip_resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <ares.h>

#include "pl/list.h"
#include "pl/rng.h"

enum {
    MAX_OPEN = 256,
    MAX_SOCKETS = 32,
    MAX_SERVERS = 4,
    MAX_ROWS = 32, /* of one answer */
    PORT_DNS = 53,
    QUESTION_MS = 1500, /* each server, then again after the last */
    TRIES = 2,
    DEADLINE_US = 10000000,
    CLASS_IN = 1, /* RFC 1035 section 3.2.4 */
    TYPE_SRV = 33,
    TYPE_NAPTR = 35,
};

typedef struct question {
    pl_list link;
    pl_sip_resolver *resolver;
    pl_timer *deadline;
    uint64_t tag;
    bool is_answered; /* only the library still has to let go of it */
    pl_locate_kind kind;
    pl_locate locate;
} question;

typedef struct watched {
    ares_socket_t fd;
    pl_sip_resolver *resolver;
    pl_io *io; /* NULL: free */
} watched;

struct pl_sip_resolver {
    pl_sip_resolver_options o;
    bool has_channel, is_closing;
    ares_channel channel; /* made at the first name */
    pl_timer *timer;
    watched sockets[MAX_SOCKETS];
    pl_list open;
    unsigned n_open;
};

static uint32_t random_upto(void *ctx, uint32_t max)
{
    uint64_t value;
    (void)ctx;
    pl_random(&value, sizeof value);
    return (uint32_t)(value % ((uint64_t)max + 1));
}

/* ---- the library on our loop ---- */

static void plan(pl_sip_resolver *r)
{
    struct timeval tv;
    if (ares_timeout(r->channel, NULL, &tv))
        pl_timer_start(r->timer, (int64_t)tv.tv_sec * 1000000 + tv.tv_usec);
    else
        pl_timer_stop(r->timer);
}

static void on_time(void *ctx)
{
    pl_sip_resolver *r = ctx;
    ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    plan(r);
}

static void on_ready(void *ctx, unsigned events)
{
    const watched *w = ctx;
    pl_sip_resolver *r = w->resolver;
    ares_socket_t fd = w->fd;
    ares_process_fd(r->channel, events & PL_IO_READ ? fd : ARES_SOCKET_BAD,
                    events & PL_IO_WRITE ? fd : ARES_SOCKET_BAD);
    plan(r);
}

static void on_socket(void *ctx, ares_socket_t fd, int reads, int writes)
{
    pl_sip_resolver *r = ctx;
    unsigned events = (reads ? PL_IO_READ : 0) | (writes ? PL_IO_WRITE : 0);
    watched *w = NULL;
    for (unsigned i = 0; i < MAX_SOCKETS; i++) {
        watched *row = &r->sockets[i];
        if (row->io && row->fd == fd) {
            w = row;
            break;
        }
        if (!w && !row->io)
            w = row;
    }
    if (!w) /* not heard of: the question times out */
        return;
    if (!events) {
        pl_io_destroy(&w->io);
        return;
    }
    if (w->io) {
        pl_io_set(w->io, events);
        return;
    }
    w->fd = fd;
    w->resolver = r;
    (void)!pl_io_create(r->o.loop, fd, events, on_ready, w, &w->io);
}

static pl_err set_servers(pl_sip_resolver *r)
{
    struct ares_addr_port_node rows[MAX_SERVERS];
    unsigned n = 0;
    pl_slice rest = pl_slice_str(r->o.servers);
    pl_slice word;
    memset(rows, 0, sizeof rows);
    while (n < MAX_SERVERS && pl_word_next(&rest, &word)) {
        pl_ip ip;
        uint16_t port;
        if (pl_ip_port_parse(word, &ip, &port) != PL_OK)
            return PL_ECONFIG;
        struct ares_addr_port_node *row = &rows[n++];
        row->family = pl_ip_is_v4(&ip) ? AF_INET : AF_INET6;
        row->udp_port = row->tcp_port = port ? port : PORT_DNS;
        if (row->family == AF_INET)
            memcpy(&row->addr.addr4, ip.b + 12, 4);
        else
            memcpy(&row->addr.addr6, ip.b, 16);
        if (n > 1)
            rows[n - 2].next = row;
    }
    if (n == 0)
        return PL_OK;
    return ares_set_servers_ports(r->channel, rows) == ARES_SUCCESS ? PL_OK
                                                                    : PL_EIO;
}

static pl_err open_channel(pl_sip_resolver *r)
{
    char lookups[] = "fb"; /* /etc/hosts, then the DNS */
    struct ares_options o = {.timeout = QUESTION_MS,
                             .tries = TRIES,
                             .lookups = lookups,
                             .sock_state_cb = on_socket,
                             .sock_state_cb_data = r};
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
               ARES_OPT_SOCK_STATE_CB;
    if (r->has_channel)
        return PL_OK;
    if (ares_init_options(&r->channel, &o, mask) != ARES_SUCCESS)
        return PL_EIO;
    r->has_channel = true;
    return set_servers(r);
}

/* ---- one question after the other ---- */

static void step(question *q);

static void answer(question *q)
{
    pl_sip_resolver *r = q->resolver;
    if (q->is_answered)
        return;
    q->is_answered = true;
    pl_timer_stop(q->deadline);
    r->o.cb(r->o.ctx, q->tag, q->locate.target, q->locate.n_targets);
}

static void free_question(question *q)
{
    pl_list_remove(&q->link);
    q->resolver->n_open--;
    pl_timer_destroy(&q->deadline);
    free(q);
}

static void on_deadline(void *ctx)
{
    answer(ctx); /* with what is known so far */
}

/* The library has let go of the question: go on, or be done with it. */
static void go_on(question *q)
{
    if (q->resolver->is_closing || q->is_answered) {
        free_question(q);
        return;
    }
    step(q);
}

static void take_naptr(question *q, const unsigned char *bytes, int len)
{
    struct ares_naptr_reply *list = NULL;
    pl_naptr rows[MAX_ROWS];
    unsigned n = 0;
    if (bytes && ares_parse_naptr_reply(bytes, len, &list) != ARES_SUCCESS)
        list = NULL;
    for (const struct ares_naptr_reply *a = list; a && n < MAX_ROWS;
         a = a->next) {
        rows[n++] = (pl_naptr){.order = a->order,
                               .preference = a->preference,
                               .flags = (const char *)a->flags,
                               .service = (const char *)a->service,
                               .regexp = (const char *)a->regexp,
                               .replacement = a->replacement};
    }
    pl_locate_naptr(&q->locate, rows, n);
    if (list)
        ares_free_data(list);
}

static void take_srv(question *q, const unsigned char *bytes, int len)
{
    struct ares_srv_reply *list = NULL;
    pl_srv rows[MAX_ROWS];
    unsigned n = 0;
    if (bytes && ares_parse_srv_reply(bytes, len, &list) != ARES_SUCCESS)
        list = NULL;
    for (const struct ares_srv_reply *a = list; a && n < MAX_ROWS; a = a->next)
        rows[n++] = (pl_srv){a->priority, a->weight, a->port, a->host};
    pl_locate_srv(&q->locate, rows, n);
    if (list)
        ares_free_data(list);
}

static void on_records(void *ctx, int status, int timeouts,
                       unsigned char *bytes, int len)
{
    question *q = ctx;
    (void)timeouts;
    if (status != ARES_SUCCESS)
        bytes = NULL;
    if (q->kind == PL_LOCATE_NAPTR)
        take_naptr(q, bytes, len);
    else
        take_srv(q, bytes, len);
    go_on(q);
}

/* Append those of a family. */
static unsigned take_family(const struct ares_addrinfo_node *a, int family,
                            pl_ip *rows, unsigned n)
{
    for (; a && n < MAX_ROWS; a = a->ai_next) {
        if (a->ai_family != family)
            continue;
        if (family == AF_INET) {
            struct sockaddr_in sin;
            memcpy(&sin, a->ai_addr, sizeof sin);
            rows[n] = (pl_ip){.b = {[10] = 255, [11] = 255}};
            memcpy(rows[n++].b + 12, &sin.sin_addr, 4);
        } else {
            struct sockaddr_in6 sin6;
            memcpy(&sin6, a->ai_addr, sizeof sin6);
            memcpy(rows[n++].b, &sin6.sin6_addr, 16);
        }
    }
    return n;
}

/* IPv4 goes first: more telephones have it, and a wrong guess costs the
 * time-out of a transaction. */
static void on_addresses(void *ctx, int status, int timeouts,
                         struct ares_addrinfo *list)
{
    question *q = ctx;
    pl_ip rows[MAX_ROWS];
    unsigned n = 0;
    (void)timeouts;
    if (status == ARES_SUCCESS && list) {
        n = take_family(list->nodes, AF_INET, rows, n);
        n = take_family(list->nodes, AF_INET6, rows, n);
    }
    if (list)
        ares_freeaddrinfo(list);
    pl_locate_addresses(&q->locate, rows, n);
    go_on(q);
}

/* Ask what comes next. The library may answer, and q be gone, before this
 * returns; there are at most 21 questions, so that this nests little. */
static void step(question *q)
{
    ares_channel channel = q->resolver->channel;
    pl_locate_question ask;
    if (!pl_locate_next(&q->locate, &ask)) {
        answer(q);
        free_question(q);
        return;
    }
    q->kind = ask.kind;
    if (ask.kind == PL_LOCATE_ADDRESS) {
        struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC,
                                            .ai_socktype = SOCK_DGRAM};
        ares_getaddrinfo(channel, ask.name, NULL, &hints, on_addresses, q);
        return;
    }
    ares_query(channel, ask.name, CLASS_IN,
               ask.kind == PL_LOCATE_NAPTR ? TYPE_NAPTR : TYPE_SRV, on_records,
               q);
}

static bool is_in_hosts(const pl_sip_resolver *r, const char *name)
{
    static const int families[] = {AF_INET, AF_INET6};
    for (unsigned i = 0; i < 2; i++) {
        struct hostent *h = NULL;
        bool is_found = ares_gethostbyname_file(r->channel, name, families[i],
                                                &h) == ARES_SUCCESS;
        if (h)
            ares_free_hostent(h);
        if (is_found)
            return true;
    }
    return false;
}

/* ---- outside ---- */

pl_err pl_sip_resolve(pl_sip_resolver *resolver, const pl_locate_wish *wish,
                      uint64_t tag)
{
    pl_sip_resolver *r = resolver;
    pl_locate_wish full = *wish;
    pl_ip ip;
    bool is_literal = pl_ip_parse(pl_slice_str(wish->host), &ip) == PL_OK;
    pl_err e = PL_OK;
    if (r->n_open >= MAX_OPEN)
        return PL_EFULL;
    if (!is_literal)
        e = open_channel(r);
    question *q = e == PL_OK ? calloc(1, sizeof *q) : NULL;
    if (!q)
        return e == PL_OK ? PL_ENOMEM : e;
    q->resolver = r;
    q->tag = tag;
    e = pl_timer_create(r->o.loop, on_deadline, q, &q->deadline);
    if (e != PL_OK) {
        free(q);
        return e;
    }
    full.random = random_upto;
    full.is_literal = is_literal || is_in_hosts(r, wish->host);
    pl_locate_begin(&q->locate, &full);
    pl_list_append(&r->open, &q->link);
    r->n_open++;
    if (is_literal) {
        pl_locate_addresses(&q->locate, &ip, 1);
        answer(q);
        free_question(q);
        return PL_OK;
    }
    pl_timer_start(q->deadline, DEADLINE_US);
    step(q);
    plan(r);
    return PL_OK;
}

pl_err pl_sip_resolver_create(const pl_sip_resolver_options *o,
                              pl_sip_resolver **ret_resolver)
{
    pl_sip_resolver *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    r->o = *o;
    pl_list_init(&r->open);
    pl_err e = pl_timer_create(o->loop, on_time, r, &r->timer);
    if (e != PL_OK) {
        free(r);
        return e;
    }
    *ret_resolver = r;
    return PL_OK;
}

void pl_sip_resolver_destroy(pl_sip_resolver **resolver)
{
    if (!resolver || !*resolver)
        return;
    pl_sip_resolver *r = *resolver;
    *resolver = NULL;
    r->is_closing = true;
    if (r->has_channel) /* each open question is answered with an error */
        ares_destroy(r->channel);
    for (unsigned i = 0; i < MAX_SOCKETS; i++)
        pl_io_destroy(&r->sockets[i].io);
    pl_timer_destroy(&r->timer);
    free(r);
}
