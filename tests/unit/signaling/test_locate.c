/* test_locate.c - which questions, and which targets in which order. */
#include "locate.h"

#include "unit.h"

enum { UDP = 1 << PL_URI_UDP, TCP = 1 << PL_URI_TCP, TLS = 1 << PL_URI_TLS };

/* Chance, written down; the last goes on for ever. */
typedef struct chance {
    const uint32_t *rows;
    unsigned at, n;
    uint32_t asked[16]; /* upper ends */
} chance;

static uint32_t draw(void *ctx, uint32_t max)
{
    chance *c = ctx;
    uint32_t value = c->at < c->n ? c->rows[c->at] : 0;
    if (c->at < COUNT(c->asked))
        c->asked[c->at] = max;
    c->at++;
    return value < max ? value : max;
}

static pl_ip ip(const char *text)
{
    pl_ip ret;
    assert_int_equal(pl_ip_parse(pl_slice_str(text), &ret), PL_OK);
    return ret;
}

static chance no_chance;

static pl_locate_wish wish(pl_uri_transport transport, uint16_t port,
                           unsigned can)
{
    memset(&no_chance, 0, sizeof no_chance);
    return (pl_locate_wish){.host = "example.com",
                            .port = port,
                            .transport = transport,
                            .can = can,
                            .random = draw,
                            .random_ctx = &no_chance};
}

static void asks(pl_locate *l, pl_locate_kind kind, const char *name)
{
    pl_locate_question q;
    assert_true(pl_locate_next(l, &q));
    assert_int_equal(q.kind, kind);
    assert_string_equal(q.name, name);
}

static void is_over(pl_locate *l, unsigned n_targets)
{
    pl_locate_question q;
    assert_false(pl_locate_next(l, &q));
    assert_int_equal(l->n_targets, n_targets);
}

static void is_target(const pl_locate *l, unsigned at,
                      pl_uri_transport transport, const char *address,
                      uint16_t port)
{
    pl_sip_target want = {transport, ip(address), port};
    assert_true(at < l->n_targets);
    assert_true(pl_sip_target_eq(&l->target[at], &want));
}

static void an_address_goes_to(pl_locate *l, const char *name,
                               const char *address)
{
    asks(l, PL_LOCATE_ADDRESS, name);
    pl_ip row = ip(address);
    pl_locate_addresses(l, &row, 1);
}

/* RFC 3263 section 4.1, the example with three NAPTR records. */
static void naptr_orders_the_services_we_have(void **state)
{
    (void)state;
    static const pl_naptr rows[] = {
        {90, 50, "s", "SIP+D2T", "", "_sip._tcp.example.com"},
        {100, 50, "s", "SIP+D2U", "", "_sip._udp.example.com"},
        {50, 50, "s", "SIPS+D2T", "", "_sips._tcp.example.com"},
        {10, 50, "s", "SIP+D2S", "", "_sip._sctp.example.com"},
        {10, 50, "u", "SIP+D2U", "!^.*$!sip:x@y!", ""},
        {10, 50, "s", "SIP+D2U", "", "bad name!"},
        {10, 50, "s", "E2U+sip", "", "_e._udp.example.com"}};
    static const pl_srv srv = {0, 1, 5070, "server1.example.com"};
    pl_locate l;
    pl_locate_wish w = wish(PL_URI_ANY, 0, UDP | TCP);
    pl_locate_begin(&l, &w);
    asks(&l, PL_LOCATE_NAPTR, "example.com");
    pl_locate_naptr(&l, rows, COUNT(rows));
    asks(&l, PL_LOCATE_SRV, "_sip._tcp.example.com");
    pl_locate_srv(&l, &srv, 1);
    asks(&l, PL_LOCATE_SRV, "_sip._udp.example.com");
    pl_locate_srv(&l, &srv, 1);
    an_address_goes_to(&l, "server1.example.com", "192.0.2.1");
    an_address_goes_to(&l, "server1.example.com", "192.0.2.1");
    is_over(&l, 2);
    is_target(&l, 0, PL_URI_TCP, "192.0.2.1", 5070);
    is_target(&l, 1, PL_URI_UDP, "192.0.2.1", 5070);
    w.can = UDP | TCP | TLS;
    pl_locate_begin(&l, &w);
    pl_locate_naptr(&l, rows, COUNT(rows));
    asks(&l, PL_LOCATE_SRV, "_sips._tcp.example.com");
    w.is_sips = true; /* then that is all */
    w.transport = PL_URI_TLS;
    pl_locate_begin(&l, &w);
    asks(&l, PL_LOCATE_NAPTR, "example.com");
    pl_locate_naptr(&l, rows, COUNT(rows));
    asks(&l, PL_LOCATE_SRV, "_sips._tcp.example.com");
    pl_locate_srv(&l, &srv, 1);
    an_address_goes_to(&l, "server1.example.com", "192.0.2.1");
    is_over(&l, 1);
    is_target(&l, 0, PL_URI_TLS, "192.0.2.1", 5070);
}

/* RFC 3263 sections 4.1 and 4.2: what is asked, and where it ends when there is
 * nothing but an address. */
static const struct plain {
    pl_uri_transport transport;
    bool is_sips, is_literal, naptr;
    uint16_t port;
    unsigned can;
    const char *srv[3];
    pl_uri_transport want;
    uint16_t want_port;
} PLAIN[] = {
    {PL_URI_ANY,
     false,
     false,
     true,
     0,
     UDP | TCP | TLS,
     {"_sip._udp.example.com", "_sip._tcp.example.com"},
     PL_URI_UDP,
     5060},
    {PL_URI_ANY,
     false,
     false,
     true,
     0,
     TCP,
     {"_sip._tcp.example.com"},
     PL_URI_TCP,
     5060},
    {PL_URI_ANY, false, true, false, 0, UDP, {NULL}, PL_URI_UDP, 5060},
    {PL_URI_ANY, false, false, false, 5080, UDP, {NULL}, PL_URI_UDP, 5080},
    {PL_URI_UDP,
     false,
     false,
     false,
     0,
     0,
     {"_sip._udp.example.com"},
     PL_URI_UDP,
     5060},
    {PL_URI_TCP,
     false,
     false,
     false,
     0,
     0,
     {"_sip._tcp.example.com"},
     PL_URI_TCP,
     5060},
    {PL_URI_TLS,
     false,
     false,
     false,
     0,
     0,
     {"_sips._tcp.example.com"},
     PL_URI_TLS,
     5061},
    {PL_URI_TLS, false, false, false, 5071, 0, {NULL}, PL_URI_TLS, 5071},
    {PL_URI_TLS,
     true,
     false,
     true,
     0,
     UDP,
     {"_sips._tcp.example.com"},
     PL_URI_TLS,
     5061},
    {PL_URI_ANY,
     true,
     false,
     true,
     0,
     UDP,
     {"_sips._tcp.example.com"},
     PL_URI_TLS,
     5061},
};

static void what_is_said_is_not_asked(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT(PLAIN); i++) {
        pl_locate l;
        pl_locate_wish w =
            wish(PLAIN[i].transport, PLAIN[i].port, PLAIN[i].can);
        w.is_sips = PLAIN[i].is_sips;
        w.is_literal = PLAIN[i].is_literal;
        pl_locate_begin(&l, &w);
        if (PLAIN[i].naptr) {
            asks(&l, PL_LOCATE_NAPTR, "example.com");
            pl_locate_naptr(&l, NULL, 0);
        }
        for (unsigned k = 0; k < 3 && PLAIN[i].srv[k]; k++) {
            asks(&l, PL_LOCATE_SRV, PLAIN[i].srv[k]);
            pl_locate_srv(&l, NULL, 0);
        }
        an_address_goes_to(&l, "example.com", "2001:db8::1");
        is_over(&l, 1);
        is_target(&l, 0, PLAIN[i].want, "2001:db8::1", PLAIN[i].want_port);
    }
}

/* Rows, chance, and the order RFC 2782 gives; letters are hosts. */
static void srv_goes_by_priority_and_weight(void **state)
{
    (void)state;
    static const struct {
        pl_srv rows[4];
        unsigned n;
        uint32_t chance[4];
        const char *want;
        uint32_t first_max;
    } table[] = {
        {{{2, 0, 1, "a"}, {1, 0, 1, "b"}, {3, 9, 1, "c"}}, 3, {0}, "bac", 0},
        /* running sums 0 (b), 1 (a), 4 (c) */
        {{{1, 1, 1, "a"}, {1, 0, 1, "b"}, {1, 3, 1, "c"}}, 3, {0}, "bac", 4},
        {{{1, 1, 1, "a"}, {1, 0, 1, "b"}, {1, 3, 1, "c"}}, 3, {1}, "abc", 4},
        {{{1, 1, 1, "a"}, {1, 0, 1, "b"}, {1, 3, 1, "c"}}, 3, {2}, "cba", 4},
        {{{1, 1, 1, "a"}, {1, 0, 1, "b"}, {1, 3, 1, "c"}}, 3, {4, 1}, "cab", 4},
        {{{1, 65535, 1, "a"}, {1, 65535, 1, "b"}}, 2, {131070}, "ba", 131070},
        {{{1, 5, 1, "a"}, {0, 5, 1, "."}, {0, 5, 0, "c"}}, 3, {0}, "a", 10},
    };
    for (unsigned i = 0; i < COUNT(table); i++) {
        pl_locate l;
        pl_locate_wish w = wish(PL_URI_UDP, 0, 0);
        chance c = {table[i].chance, 0, 4, {0}};
        w.random_ctx = &c;
        pl_locate_begin(&l, &w);
        pl_locate_srv(&l, table[i].rows, table[i].n);
        assert_int_equal(c.asked[0], table[i].first_max);
        for (const char *at = table[i].want; *at; at++) {
            char name[2] = {*at, '\0'};
            asks(&l, PL_LOCATE_ADDRESS, name);
            pl_locate_addresses(&l, NULL, 0);
        }
        is_over(&l, 0);
    }
}

/* RFC 2782: a target of "." says that there is no such service. */
static void a_service_that_is_denied_is_not_guessed(void **state)
{
    (void)state;
    static const pl_srv none = {0, 0, 0, "."};
    pl_locate l;
    pl_locate_wish w = wish(PL_URI_UDP, 0, 0);
    pl_locate_begin(&l, &w);
    pl_locate_srv(&l, &none, 1);
    is_over(&l, 0);
}

static void everything_is_bounded(void **state)
{
    (void)state;
    pl_srv srv[40];
    pl_naptr naptr[40];
    pl_ip many[40];
    pl_locate l;
    pl_locate_question q;
    unsigned n = 0;
    for (unsigned i = 0; i < 40; i++) {
        srv[i] = (pl_srv){0, (uint16_t)i, 5060, "a"};
        naptr[i] =
            (pl_naptr){(uint16_t)i, 0, "S", "sip+d2u", "", i % 2 ? "a" : "b"};
        many[i] = ip("192.0.2.1");
        many[i].b[15] = (uint8_t)(i + 1);
    }
    many[1] = ip("224.0.0.1"); /* nobody's address */
    pl_locate_wish w = wish(PL_URI_ANY, 0, UDP);
    pl_locate_begin(&l, &w);
    pl_locate_naptr(&l, naptr, 40);
    while (pl_locate_next(&l, &q) && ++n < 100) {
        if (q.kind == PL_LOCATE_SRV)
            pl_locate_srv(&l, srv, 40);
        else
            pl_locate_addresses(&l, many, 40);
    }
    assert_true(n <= PL_LOCATE_SERVICES + PL_LOCATE_PLACES);
    is_over(&l, 2); /* of three addresses; each time the same */
    w.is_literal = true;
    pl_locate_begin(&l, &w);
    pl_locate_addresses(&l, many, 40);
    is_over(&l, PL_SIP_TARGETS_MAX - 1);
    pl_locate_addresses(&l, many, 40); /* nobody asked */
    pl_locate_srv(&l, srv, 40);
    is_over(&l, PL_SIP_TARGETS_MAX - 1);
}

/* RFC 3263 section 4.3. */
static void what_fails_over(void **state)
{
    (void)state;
    static const unsigned stays[] = {200, 302, 401, 404, 408, 480,
                                     486, 500, 502, 504, 600, 603};
    assert_true(pl_sip_target_failed(0));
    assert_true(pl_sip_target_failed(503));
    for (unsigned i = 0; i < COUNT(stays); i++)
        assert_false(pl_sip_target_failed(stays[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(naptr_orders_the_services_we_have),
        cmocka_unit_test(what_is_said_is_not_asked),
        cmocka_unit_test(srv_goes_by_priority_and_weight),
        cmocka_unit_test(a_service_that_is_denied_is_not_guessed),
        cmocka_unit_test(everything_is_bounded),
        cmocka_unit_test(what_fails_over),
    };
    return RUN(tests);
}
