/* name_server.c - the DNS server of the tests. RFC 1035 section 4. */
#include "name_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pl/str.h"

typedef struct writer {
    uint8_t b[600];
    size_t n;
} writer;

static void put(writer *w, const void *bytes, size_t n)
{
    assert_true(w->n + n <= sizeof w->b);
    memcpy(w->b + w->n, bytes, n);
    w->n += n;
}

static void put16(writer *w, unsigned value)
{
    const uint8_t two[] = {(uint8_t)(value >> 8), (uint8_t)value};
    put(w, two, 2);
}

static void put_text(writer *w, const char *text)
{
    const uint8_t len = (uint8_t)strlen(text);
    put(w, &len, 1);
    put(w, text, len);
}

static void put_name(writer *w, const char *name)
{
    while (*name && *name != '.') {
        const uint8_t len = (uint8_t)strcspn(name, ".");
        put(w, &len, 1);
        put(w, name, len);
        name += len + (name[len] == '.');
    }
    put(w, "", 1);
}

static void put_data(writer *w, const ns_record *r)
{
    unsigned a;
    unsigned b;
    unsigned port;
    char flags[8];
    char service[32];
    char name[128];
    uint8_t v4[4];
    uint8_t v6[16];
    switch (r->type) {
    case NS_A:
        assert_int_equal(inet_pton(AF_INET, r->text, v4), 1);
        put(w, v4, 4);
        break;
    case NS_CNAME: put_name(w, r->text); break;
    case NS_SRV:
        /* NOLINTNEXTLINE(cert-err34-c): our own table */
        assert_int_equal(sscanf(r->text, "%u %u %u %127s", &a, &b, &port, name),
                         4);
        put16(w, a);
        put16(w, b);
        put16(w, port);
        put_name(w, name);
        break;
    case NS_NAPTR:
        /* NOLINTNEXTLINE(cert-err34-c): our own table */
        assert_int_equal(sscanf(r->text, "%u %u %7s %31s %127s", &a, &b, flags,
                                service, name),
                         5);
        put16(w, a);
        put16(w, b);
        put_text(w, flags);
        put_text(w, service);
        put_text(w, "");
        put_name(w, name);
        break;
    case NS_AAAA:
        assert_int_equal(inet_pton(AF_INET6, r->text, v6), 1);
        put(w, v6, 16);
        break;
    default: break;
    }
}

static void put_record(writer *w, const ns_record *r)
{
    put_name(w, r->name);
    put16(w, r->type);
    put16(w, 1);
    put16(w, 0);
    put16(w, 60); /* seconds to live */
    size_t at = w->n;
    put16(w, 0);
    if (r->mood == NS_LOOPS) {
        put16(w, 1);
        put16(w, 1);
        put16(w, 1);
        put16(w, 0xc000 | (unsigned)w->n);
    } else {
        put_data(w, r);
    }
    size_t len = w->n - at - 2;
    w->b[at] = (uint8_t)(len >> 8);
    w->b[at + 1] = (uint8_t)len;
}

/* The name and type of the only question, and where that ends; 0: none. */
static size_t read_question(const uint8_t *q, size_t n, char name[256],
                            unsigned *type)
{
    size_t at = 12;
    size_t len = 0;
    while (at < n && q[at] > 0 && at + 1 + q[at] < n && len + q[at] + 2 < 256) {
        memcpy(name + len, q + at + 1, q[at]);
        len += q[at];
        name[len++] = '.';
        at += 1U + q[at];
    }
    name[len > 0 ? len - 1 : 0] = '\0';
    if (at + 5 > n)
        return 0;
    *type = (unsigned)q[at + 1] << 8 | q[at + 2];
    return at + 5;
}

/* RFC 1035 section 4.1.1. Answers are those of the name and of what its CNAMEs
 * say. */
static ns_mood write_answer(const name_server *ns, const uint8_t *q, size_t n,
                            bool is_tcp, writer *w)
{
    char name[256];
    unsigned type = 0;
    size_t end = read_question(q, n, name, &type);
    ns_mood mood = NS_ANSWERS;
    bool is_known = false;
    unsigned rows = 0;
    assert_true(end > 0);
    put(w, q, end);
    memset(w->b + 6, 0, 6);
    const char *now = name;
    for (unsigned i = 0; i < ns->n; i++) {
        const ns_record *r = &ns->row[i];
        if (strcasecmp(r->name, now) != 0)
            continue;
        is_known = true;
        if (r->type != type && r->type != NS_CNAME)
            continue;
        mood = r->mood;
        put_record(w, r);
        rows++;
        if (r->type == NS_CNAME)
            now = r->text; /* its rows stand after it */
    }
    w->b[2] = 0x85; /* an answer, with authority */
    w->b[3] = (uint8_t)(0x80 | (is_known ? 0 : 3));
    w->b[7] = (uint8_t)rows;
    if (mood == NS_TRUNCATES && !is_tcp) {
        w->b[2] |= 2;
        w->b[7] = 0;
        w->n = end;
    }
    if (mood == NS_GARBLES)
        w->n -= 3;
    return mood;
}

static void send_later(void *ctx)
{
    name_server *ns = ctx;
    for (unsigned i = 0; i < ns->n_later; i++) {
        (void)sendto(ns->udp, ns->later[i].bytes, ns->later[i].len, 0,
                     (const void *)ns->later[i].to, ns->later[i].to_len);
    }
    ns->n_later = 0;
}

static void keep(name_server *ns, const writer *w, const struct sockaddr_in *to)
{
    assert_true(ns->n_later < NS_LATER);
    unsigned at = ns->n_later++;
    memcpy(ns->later[at].bytes, w->b, w->n);
    ns->later[at].len = w->n;
    memcpy(ns->later[at].to, to, sizeof *to);
    ns->later[at].to_len = sizeof *to;
    pl_timer_start(ns->timer, 300000);
}

static void on_udp(void *ctx, unsigned events)
{
    name_server *ns = ctx;
    uint8_t q[512];
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    (void)events;
    ssize_t n = recvfrom(ns->udp, q, sizeof q, MSG_DONTWAIT,
                         (struct sockaddr *)&from, &len);
    if (n < 17)
        return;
    writer w = {.n = 0};
    ns->asked++;
    ns_mood mood = write_answer(ns, q, (size_t)n, false, &w);
    if (mood == NS_SLOW)
        keep(ns, &w, &from);
    else if (mood != NS_SILENT)
        (void)sendto(ns->udp, w.b, w.n, 0, (struct sockaddr *)&from, len);
}

static void drop_client(name_server *ns)
{
    pl_io_destroy(&ns->client_io);
    if (ns->client >= 0)
        (void)close(ns->client);
    ns->client = -1;
}

/* A question comes in one piece on loopback; the length goes before it. */
static void on_client(void *ctx, unsigned events)
{
    name_server *ns = ctx;
    uint8_t q[514];
    (void)events;
    ssize_t n = recv(ns->client, q, sizeof q, MSG_DONTWAIT);
    if (n < 19) {
        drop_client(ns);
        return;
    }
    writer w = {.n = 0};
    ns->asked_by_tcp++;
    (void)write_answer(ns, q + 2, (size_t)n - 2, true, &w);
    const uint8_t head[] = {(uint8_t)(w.n >> 8), (uint8_t)w.n};
    (void)send(ns->client, head, 2, MSG_NOSIGNAL | MSG_MORE);
    (void)send(ns->client, w.b, w.n, MSG_NOSIGNAL);
}

static void on_accept(void *ctx, unsigned events)
{
    name_server *ns = ctx;
    (void)events;
    drop_client(ns);
    ns->client = accept(ns->tcp, NULL, NULL);
    if (ns->client >= 0) {
        assert_int_equal(pl_io_create(pl_sig_rig_loop(ns->rig), ns->client,
                                      PL_IO_READ, on_client, ns,
                                      &ns->client_io),
                         PL_OK);
    }
}

/* Whether both kinds of one port could be had. */
static bool bind_both(name_server *ns)
{
    struct sockaddr_in us = {.sin_family = AF_INET};
    socklen_t len = sizeof us;
    us.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ns->udp = socket(AF_INET, SOCK_DGRAM, 0);
    ns->tcp = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(ns->udp >= 0 && ns->tcp >= 0);
    assert_int_equal(bind(ns->udp, (struct sockaddr *)&us, sizeof us), 0);
    assert_int_equal(getsockname(ns->udp, (struct sockaddr *)&us, &len), 0);
    ns->port = ntohs(us.sin_port);
    if (bind(ns->tcp, (struct sockaddr *)&us, sizeof us) == 0 &&
        listen(ns->tcp, 4) == 0)
        return true;
    (void)close(ns->udp);
    (void)close(ns->tcp);
    return false;
}

void ns_bind(name_server *ns, char setting[64])
{
    memset(ns, 0, sizeof *ns);
    ns->client = -1;
    unsigned tries = 0;
    while (!bind_both(ns))
        assert_true(++tries < 20);
    pl_fmt_cut(setting, 64, "dns_servers=127.0.0.1:%u", ns->port);
}

void ns_start(name_server *ns, pl_sig_rig *rig)
{
    pl_loop *loop = pl_sig_rig_loop(rig);
    ns->rig = rig;
    assert_int_equal(pl_timer_create(loop, send_later, ns, &ns->timer), PL_OK);
    assert_int_equal(
        pl_io_create(loop, ns->udp, PL_IO_READ, on_udp, ns, &ns->udp_io),
        PL_OK);
    assert_int_equal(
        pl_io_create(loop, ns->tcp, PL_IO_READ, on_accept, ns, &ns->tcp_io),
        PL_OK);
}

void ns_stop(name_server *ns)
{
    drop_client(ns);
    pl_io_destroy(&ns->udp_io);
    pl_io_destroy(&ns->tcp_io);
    pl_timer_destroy(&ns->timer);
    (void)close(ns->udp);
    (void)close(ns->tcp);
}

void ns_add(name_server *ns, ns_record record)
{
    assert_true(ns->n < NS_ROWS);
    ns->row[ns->n++] = record;
}
