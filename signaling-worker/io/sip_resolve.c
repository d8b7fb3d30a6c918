/* sip_resolve.c - the only libevent file of the signaling worker: its DNS
 * client. */
#include "sip_resolve.h"

#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

#include "pl/list.h"

enum { MAX_OPEN = 256 };

typedef struct question {
    pl_list link;
    pl_sip_resolver *resolver;
    struct evdns_getaddrinfo_request *request;
    uint64_t tag;
} question;

struct pl_sip_resolver {
    pl_loop *loop;
    struct evdns_base *dns; /* made at the first name */
    pl_sip_resolved cb;
    void *ctx;
    pl_list open;
    unsigned n_open;
};

pl_err pl_sip_resolver_create(pl_loop *loop, pl_sip_resolved cb, void *ctx,
                              pl_sip_resolver **ret_resolver)
{
    pl_sip_resolver *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    r->loop = loop;
    r->cb = cb;
    r->ctx = ctx;
    pl_list_init(&r->open);
    *ret_resolver = r;
    return PL_OK;
}

void pl_sip_resolver_destroy(pl_sip_resolver **resolver)
{
    if (!resolver || !*resolver)
        return;
    pl_sip_resolver *r = *resolver;
    *resolver = NULL;
    PL_LIST_EACH_SAFE(it, &r->open)
    {
        question *q = PL_CONTAINER(it, question, link);
        pl_list_remove(&q->link);
        q->resolver = NULL; /* its answer frees it, unheard */
        evdns_getaddrinfo_cancel(q->request);
    }
    if (r->dns) {
        evdns_base_free(r->dns, 1);
        /* Cancelled questions are answered by the loop. */
        (void)event_base_loop(pl_loop_base(r->loop), EVLOOP_NONBLOCK);
    }
    free(r);
}

static bool first_address(const struct evutil_addrinfo *list, pl_ip *ip)
{
    for (const struct evutil_addrinfo *a = list; a; a = a->ai_next) {
        if (a->ai_family == AF_INET) {
            struct sockaddr_in sin;
            memcpy(&sin, a->ai_addr, sizeof sin);
            *ip = (pl_ip){.b = {[10] = 255, [11] = 255}};
            memcpy(ip->b + 12, &sin.sin_addr, 4);
            return true;
        }
        if (a->ai_family == AF_INET6) {
            struct sockaddr_in6 sin6;
            memcpy(&sin6, a->ai_addr, sizeof sin6);
            memcpy(ip->b, &sin6.sin6_addr, 16);
            return true;
        }
    }
    return false;
}

static void on_answer(int result, struct evutil_addrinfo *list, void *arg)
{
    question *q = arg;
    pl_sip_resolver *r = q->resolver;
    pl_ip ip;
    bool is_found = result == 0 && first_address(list, &ip);
    if (list)
        evutil_freeaddrinfo(list);
    uint64_t tag = q->tag;
    if (r) {
        pl_list_remove(&q->link);
        r->n_open--;
    }
    free(q);
    if (r)
        r->cb(r->ctx, tag, is_found ? PL_OK : PL_ENOENT, &ip);
}

pl_err pl_sip_resolve(pl_sip_resolver *resolver, const char *host, uint64_t tag)
{
    pl_ip ip;
    if (pl_ip_parse(pl_slice_str(host), &ip) == PL_OK) {
        resolver->cb(resolver->ctx, tag, PL_OK, &ip);
        return PL_OK;
    }
    if (resolver->n_open >= MAX_OPEN)
        return PL_EFULL;
    struct event_base *base = pl_loop_base(resolver->loop);
    if (!resolver->dns && base) {
        resolver->dns =
            evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
                                     EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    }
    if (!resolver->dns) { /* no name server: /etc/hosts is still read */
        resolver->dns = base ? evdns_base_new(base, 0) : NULL;
        if (!resolver->dns)
            return PL_ENOENT;
        (void)evdns_base_load_hosts(resolver->dns, "/etc/hosts");
    }
    question *q = calloc(1, sizeof *q);
    if (!q)
        return PL_ENOMEM;
    q->resolver = resolver;
    q->tag = tag;
    pl_list_append(&resolver->open, &q->link);
    resolver->n_open++;
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_DGRAM,
                                    .ai_flags = EVUTIL_AI_ADDRCONFIG};
    /* May answer, and free q, before it returns: then there is no request. */
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(resolver->dns, host, NULL, &hints, on_answer, q);
    if (request)
        q->request = request;
    return PL_OK;
}
