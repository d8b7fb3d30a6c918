/* test_locate.c - calls to names: a name server of the test answers, the next
 * target is called when one does not. Nothing leaves loopback. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "name_server.h"
#include "pl/str.h"
#include "sig_metrics.h"

/* The rig, its name server, and two telephones. */
typedef struct stage {
    pl_sig_rig *rig;
    name_server ns;
    phone one, two;
    char text[NS_ROWS][96];
    unsigned n_texts;
} stage;

static void stage_open(stage *s, const char *more)
{
    char servers[64];
    memset(s, 0, sizeof *s);
    ns_bind(&s->ns, servers);
    const char *const settings[] = {servers, "outbound_allow=* 127.0.0.0/8",
                                    "watch_s=2", more, NULL};
    s->rig = rig_open(settings);
    ns_start(&s->ns, s->rig);
    phone_open(&s->one, s->rig, false, "127.0.0.1");
    phone_open(&s->two, s->rig, false, "127.0.0.1");
}

static void stage_close(stage *s)
{
    phone_close(&s->one);
    phone_close(&s->two);
    ns_stop(&s->ns);
    pl_sig_rig_destroy(&s->rig);
}

/* An SRV record of sip.test. */
static void serves(stage *s, const char *name, unsigned priority, unsigned port,
                   ns_mood mood)
{
    char *text = s->text[s->n_texts++];
    pl_fmt_cut(text, sizeof s->text[0], "%u 1 %u host.sip.test", priority,
               port);
    ns_add(&s->ns, (ns_record){name, NS_SRV, text, mood});
}

static void has_address(stage *s, const char *name)
{
    ns_add(&s->ns, (ns_record){name, NS_A, "127.0.0.1", NS_ANSWERS});
}

static void call(stage *s, const char *uri)
{
    char line[160];
    pl_fmt_cut(line, sizeof line, "start %s", uri);
    pl_fake_pool_command(pl_sig_rig_pool(s->rig), line);
}

static void ends_with(stage *s, const char *status, unsigned n)
{
    rig_until_said(s->rig, "ended", n);
    assert_non_null(
        strstr(pl_fake_pool_last(pl_sig_rig_pool(s->rig), "ended"), status));
}

static unsigned counted(stage *s, pl_sig_metric metric)
{
    return (unsigned)pl_metrics_value(pl_sig_rig_metrics(s->rig), metric);
}

/* A port of loopback that nobody listens on. */
static uint16_t dead_port(void)
{
    struct sockaddr_in us = {.sin_family = AF_INET};
    socklen_t len = sizeof us;
    us.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&us, sizeof us), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&us, &len), 0);
    (void)close(fd);
    return ntohs(us.sin_port);
}

/* RFC 3263 section 4.1: NAPTR says where the SRV records are. */
static void naptr_srv_and_cname_lead_to_a_telephone(void **state)
{
    (void)state;
    static stage s;
    stage_open(&s, NULL);
    ns_add(&s.ns, (ns_record){"sip.test", NS_NAPTR,
                              "10 10 s SIP+D2U _u.else.test", NS_ANSWERS});
    serves(&s, "_u.else.test", 1, s.one.port, NS_ANSWERS);
    ns_add(&s.ns,
           (ns_record){"host.sip.test", NS_CNAME, "real.sip.test", NS_ANSWERS});
    has_address(&s, "real.sip.test");
    call(&s, "sip:q@sip.test");
    phone_expect(&s.one, "INVITE sip:q@sip.test ");
    phone_reply(&s.one, "486 Busy", "x", "");
    phone_expect(&s.one, "ACK ");
    ends_with(&s, " 486 ", 1);
    assert_int_equal(counted(&s, PL_SIG_failovers), 0);
    stage_close(&s);
}

/* RFC 3263 section 4.3: 503 goes on, with a new branch; who said it is tried
 * last for a while. What the last one says counts. */
static void a_503_goes_to_the_next_which_is_first_then(void **state)
{
    (void)state;
    static stage s;
    char branch[256];
    stage_open(&s, NULL);
    serves(&s, "_sip._udp.sip.test", 1, s.one.port, NS_ANSWERS);
    serves(&s, "_sip._udp.sip.test", 2, s.two.port, NS_ANSWERS);
    has_address(&s, "host.sip.test");
    call(&s, "sip:q@sip.test");
    phone_expect(&s.one, "INVITE ");
    pl_fmt_cut(branch, sizeof branch, "%s", phone_header(&s.one, "Via"));
    phone_reply(&s.one, "503 Service Unavailable", "x", "");
    phone_expect(&s.one, "ACK ");
    phone_expect(&s.two, "INVITE ");
    assert_string_not_equal(phone_header(&s.two, "Via"), branch);
    phone_reply(&s.two, "603 Decline", "x", "");
    ends_with(&s, " 603 ", 1);
    assert_int_equal(counted(&s, PL_SIG_failovers), 1);
    call(&s, "sip:q@sip.test");
    phone_expect(&s.two, "INVITE ");
    phone_reply(&s.two, "503 Service Unavailable", "y", "");
    phone_expect(&s.one, "INVITE ");
    phone_reply(&s.one, "503 Service Unavailable", "y", "");
    ends_with(&s, " 503 ", 2);
    stage_close(&s);
}

/* Who rings has taken the call. */
static void after_a_provisional_response_nobody_else_is_called(void **state)
{
    (void)state;
    static stage s;
    stage_open(&s, NULL);
    serves(&s, "_sip._udp.sip.test", 1, s.one.port, NS_ANSWERS);
    serves(&s, "_sip._udp.sip.test", 2, s.two.port, NS_ANSWERS);
    has_address(&s, "host.sip.test");
    call(&s, "sip:q@sip.test");
    phone_expect(&s.one, "INVITE ");
    phone_reply(&s.one, "180 Ringing", "x", "");
    rig_until_said(s.rig, "ringing", 1);
    phone_reply(&s.one, "503 Service Unavailable", "x", "");
    ends_with(&s, " 503 ", 1);
    assert_int_equal(counted(&s, PL_SIG_failovers), 0);
    stage_close(&s);
}

/* A connection that is refused; then nobody is left. */
static void a_refused_connection_goes_to_the_next(void **state)
{
    (void)state;
    static stage s;
    char uri[64];
    stage_open(&s, NULL);
    uint16_t dead = dead_port();
    ns_add(&s.ns, (ns_record){"sip.test", NS_NAPTR,
                              "10 10 s SIP+D2T _t.sip.test", NS_ANSWERS});
    ns_add(&s.ns, (ns_record){"sip.test", NS_NAPTR,
                              "20 10 s SIP+D2U _u.sip.test", NS_ANSWERS});
    serves(&s, "_t.sip.test", 1, dead, NS_ANSWERS);
    serves(&s, "_u.sip.test", 1, s.two.port, NS_ANSWERS);
    has_address(&s, "host.sip.test");
    call(&s, "sip:q@sip.test");
    phone_expect(&s.two, "INVITE ");
    assert_non_null(strstr(phone_header(&s.two, "Via"), "SIP/2.0/UDP"));
    phone_reply(&s.two, "486 Busy", "x", "");
    ends_with(&s, " 486 ", 1);
    pl_fmt_cut(uri, sizeof uri, "sip:q@host.sip.test:%u;transport=tcp", dead);
    call(&s, uri);
    ends_with(&s, " 503 ", 2);
    stage_close(&s);
}

static void ipv4_is_tried_before_ipv6(void **state)
{
    (void)state;
    static stage s;
    char uri[64];
    stage_open(&s, "udp_listen=127.0.0.1:0 [::1]:0");
    ns_add(&s.ns, (ns_record){"both.test", NS_AAAA, "::1", NS_ANSWERS});
    has_address(&s, "both.test");
    pl_fmt_cut(uri, sizeof uri, "sip:q@both.test:%u", s.one.port);
    call(&s, uri);
    phone_expect(&s.one, "INVITE ");
    phone_reply(&s.one, "486 Busy", "x", "");
    ends_with(&s, " 486 ", 1);
    assert_int_equal(counted(&s, PL_SIG_failovers), 0);
    stage_close(&s);
}

/* What a name server may do wrong; the call ends, or gets there. */
static void answers_that_are_none(void **state)
{
    (void)state;
    static const struct {
        ns_mood mood;
        bool is_reached;
    } rows[] = {{NS_TRUNCATES, true},
                {NS_SLOW, true},
                {NS_GARBLES, false},
                {NS_LOOPS, false}};
    for (unsigned i = 0; i < COUNT(rows); i++) {
        static stage s;
        stage_open(&s, NULL);
        serves(&s, "_sip._udp.sip.test", 1, s.one.port, rows[i].mood);
        has_address(&s, "host.sip.test");
        call(&s, "sip:q@sip.test;transport=udp");
        if (rows[i].is_reached) {
            phone_expect(&s.one, "INVITE ");
            phone_reply(&s.one, "486 Busy", "x", "");
            ends_with(&s, " 486 ", 1);
        } else { /* then the name itself is asked for, and has no address */
            ends_with(&s, " 404 ", 1);
            assert_int_equal(counted(&s, PL_SIG_not_located), 1);
        }
        assert_int_equal(s.ns.asked_by_tcp > 0, rows[i].mood == NS_TRUNCATES);
        stage_close(&s);
    }
}

static void names_that_lead_nowhere(void **state)
{
    (void)state;
    static stage s;
    stage_open(&s, NULL);
    ns_add(&s.ns, (ns_record){"loop.test", NS_CNAME, "loop.test", NS_ANSWERS});
    ns_add(&s.ns, (ns_record){"any.test", NS_A, "0.0.0.0", NS_ANSWERS});
    ns_add(&s.ns, (ns_record){"many.test", NS_A, "224.0.0.1", NS_ANSWERS});
    ns_add(&s.ns,
           (ns_record){"_sip._udp.no.test", NS_SRV, "0 0 0 .", NS_ANSWERS});
    has_address(&s, "no.test");
    static const char *const uris[] = {
        "sip:q@nothing.test", "sip:q@loop.test:5060", "sip:q@any.test:5060",
        "sip:q@many.test:5060", "sip:q@no.test;transport=udp"};
    for (unsigned i = 0; i < COUNT(uris); i++) {
        call(&s, uris[i]);
        ends_with(&s, " 404 ", i + 1);
    }
    stage_close(&s);
}

/* A listener for TCP at the port of a telephone's UDP. */
typedef struct tcp_side {
    int fd, client;
    char in[4096];
    size_t len;
} tcp_side;

static void tcp_open(tcp_side *t, uint16_t port)
{
    struct sockaddr_in us = {.sin_family = AF_INET, .sin_port = htons(port)};
    us.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memset(t, 0, sizeof *t);
    t->client = -1;
    t->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(t->fd, (struct sockaddr *)&us, sizeof us), 0);
    assert_int_equal(listen(t->fd, 1), 0);
}

static bool has_invite_by_tcp(void *ctx)
{
    tcp_side *t = ctx;
    if (t->client < 0)
        t->client = accept(t->fd, NULL, NULL);
    ssize_t n = t->client < 0 ? 0
                              : recv(t->client, t->in + t->len,
                                     sizeof t->in - t->len - 1, MSG_DONTWAIT);
    if (n > 0)
        t->len += (size_t)n;
    return strncmp(t->in, "INVITE ", 7) == 0 &&
           strstr(t->in, "Via: SIP/2.0/TCP ");
}

/* RFC 3261 section 18.1.1. */
static void a_long_invite_goes_by_tcp_where_that_is_possible(void **state)
{
    (void)state;
    static stage s;
    static tcp_side t;
    stage_open(&s, "udp_max_bytes=300");
    phone_is_called(&s.one, ""); /* nobody listens: refused */
    phone_expect(&s.one, "INVITE ");
    assert_non_null(strstr(phone_header(&s.one, "Via"), "SIP/2.0/UDP"));
    phone_reply(&s.one, "486 Busy", "x", "");
    ends_with(&s, " 486 ", 1);
    assert_int_equal(counted(&s, PL_SIG_by_tcp), 1);
    assert_int_equal(counted(&s, PL_SIG_failovers), 0);
    tcp_open(&t, s.one.port);
    phone_is_called(&s.one, ";transport=udp"); /* that is what it wants */
    phone_expect(&s.one, "INVITE ");
    phone_reply(&s.one, "486 Busy", "x", "");
    ends_with(&s, " 486 ", 2);
    assert_int_equal(counted(&s, PL_SIG_by_tcp), 1);
    phone_is_called(&s.one, "");
    rig_until(s.rig, has_invite_by_tcp, &t);
    assert_int_equal(counted(&s, PL_SIG_by_tcp), 2);
    assert_false(phone_gets(&s.one, "INVITE ", 50));
    (void)close(t.client);
    (void)close(t.fd);
    phone_expect(&s.one, "INVITE "); /* it broke before it said anything */
    phone_reply(&s.one, "486 Busy", "x", "");
    ends_with(&s, " 486 ", 3);
    stage_close(&s);
}

/* Where TCP is filtered nothing comes back at all. */
static void a_connection_that_is_not_made_is_given_up(void **state)
{
    (void)state;
    static stage s;
    struct sockaddr_in us = {.sin_family = AF_INET};
    us.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    stage_open(&s, "udp_max_bytes=300");
    us.sin_port = htons(s.one.port);
    int full = socket(AF_INET, SOCK_STREAM, 0); /* takes one, not accepted */
    int other = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(full, (struct sockaddr *)&us, sizeof us), 0);
    assert_int_equal(listen(full, 0), 0);
    assert_int_equal(connect(other, (struct sockaddr *)&us, sizeof us), 0);
    phone_is_called(&s.one, "");
    assert_true(phone_gets(&s.one, "INVITE ", 30000));
    assert_int_equal(counted(&s, PL_SIG_by_tcp), 1);
    phone_reply(&s.one, "486 Busy", "x", "");
    ends_with(&s, " 486 ", 1);
    (void)close(other);
    (void)close(full);
    stage_close(&s);
}

static void a_short_invite_stays_with_udp(void **state)
{
    (void)state;
    static stage s;
    stage_open(&s, "udp_max_bytes=8000");
    phone_is_called(&s.one, "");
    phone_expect(&s.one, "INVITE ");
    phone_reply(&s.one, "486 Busy", "x", "");
    ends_with(&s, " 486 ", 1);
    assert_int_equal(counted(&s, PL_SIG_by_tcp), 0);
    stage_close(&s);
}

static bool both_have_asked(void *ctx)
{
    return ((const stage *)ctx)->ns.asked >= 2;
}

/* The worker may end, and a call, while a question is open. */
static void nothing_is_left_of_open_questions(void **state)
{
    (void)state;
    static stage s;
    stage_open(&s, NULL);
    serves(&s, "_sip._udp.sip.test", 1, s.one.port, NS_SILENT);
    call(&s, "sip:q@sip.test;transport=udp");
    call(&s, "sip:q@sip.test;transport=udp");
    rig_until(s.rig, both_have_asked, &s);
    pl_fake_pool_command(pl_sig_rig_pool(s.rig), "end");
    rig_until_said(s.rig, "ended", 1);
    stage_close(&s);
}

static void register_with(stage *s, const char *domain)
{
    char line[160];
    pl_fmt_cut(line, sizeof line,
               "register registrar=sip:%s aor=sip:a@%s contact=c id=i", domain,
               domain);
    pl_fake_pool_command(pl_sig_rig_pool(s->rig), line);
}

/* The same for a registrar; a name without one is told. */
static void a_registrar_is_located_and_its_next_server_asked(void **state)
{
    (void)state;
    static stage s;
    stage_open(&s, NULL);
    pl_fake_pool *pool = pl_sig_rig_pool(s.rig);
    serves(&s, "_sip._tcp.sip.test", 1, dead_port(), NS_ANSWERS);
    serves(&s, "_sip._udp.sip.test", 2, s.one.port, NS_ANSWERS);
    serves(&s, "_sip._udp.sip.test", 3, s.two.port, NS_ANSWERS);
    has_address(&s, "host.sip.test");
    register_with(&s, "sip.test");
    phone_expect(&s.one, "REGISTER sip:sip.test ");
    assert_string_equal(phone_header(&s.one, "CSeq"), "1 REGISTER");
    phone_reply(&s.one, "503 Service Unavailable", "x", "");
    phone_expect(&s.two, "REGISTER sip:sip.test ");
    assert_string_equal(phone_header(&s.two, "CSeq"), "2 REGISTER");
    phone_reply(&s.two, "200 OK", "x", "");
    rig_until_said(s.rig, "registered", 1);
    register_with(&s, "sip.test"); /* who said 503 comes last now */
    phone_expect(&s.two, "REGISTER ");
    phone_reply(&s.two, "403 Forbidden", "x", "");
    rig_until_said(s.rig, "register-failed", 1);
    register_with(&s, "nowhere.test");
    rig_until_said(s.rig, "register-failed", 2);
    assert_non_null(
        strstr(pl_fake_pool_last(pool, "register-failed"), "host not found"));
    stage_close(&s);
}

/* Answers OPTIONS, each telephone so (NULL: not at all), until the metric has
 * that value or more. */
static void asked_until(stage *s, const char *one, const char *two,
                        pl_sig_metric metric, unsigned value)
{
    enum { TURNS = 800, TURN_MS = 50 };
    for (unsigned i = 0; i < TURNS && counted(s, metric) < value; i++) {
        if (one && phone_gets(&s->one, "OPTIONS sip:sip.test ", TURN_MS))
            phone_reply(&s->one, one, "o", "");
        if (two && phone_gets(&s->two, "OPTIONS sip:sip.test ", TURN_MS))
            phone_reply(&s->two, two, "o", "");
        if (!one && !two)
            rig_run(s->rig, TURN_MS);
    }
    assert_true(counted(s, metric) >= value);
}

static void calls(stage *s, phone *who, unsigned n)
{
    call(s, "sip:q@sip.test");
    phone_expect(who, "INVITE ");
    phone_reply(who, "486 Busy", "x", "");
    ends_with(s, " 486 ", n);
}

/* A trunk that is watched: no call has to find out who does not answer. */
static void servers_that_answer_options_are_called_first(void **state)
{
    (void)state;
    static const char away[] = "503 Service Unavailable";
    static stage s;
    stage_open(&s, "watched_peers=sip:sip.test");
    serves(&s, "_sip._udp.sip.test", 1, s.one.port, NS_ANSWERS);
    serves(&s, "_sip._udp.sip.test", 2, s.two.port, NS_ANSWERS);
    has_address(&s, "host.sip.test");
    asked_until(&s, away, "200 OK", PL_SIG_watched_up, 1);
    asked_until(&s, away, "200 OK", PL_SIG_received_5xx, 1);
    assert_int_equal(counted(&s, PL_SIG_watched_down), 0);
    calls(&s, &s.two, 1);
    /* Whoever says so lives. */
    asked_until(&s, "404 Not Found", "200 OK", PL_SIG_received_4xx, 2);
    calls(&s, &s.one, 2);
    /* Its name may be gone meanwhile. */
    asked_until(&s, away, "200 OK", PL_SIG_received_5xx,
                counted(&s, PL_SIG_received_5xx) + 1);
    unsigned names = s.ns.n;
    s.ns.n = 0;
    asked_until(&s, NULL, "200 OK", PL_SIG_watched_down, 1);
    s.ns.n = names;
    asked_until(&s, "200 OK", "200 OK", PL_SIG_watched_up, 1);
    calls(&s, &s.one, 3);
    assert_int_equal(counted(&s, PL_SIG_failovers), 0);
    asked_until(&s, away, away, PL_SIG_watched_down, 1);
    assert_int_equal(counted(&s, PL_SIG_watched_up), 0);
    calls(&s, &s.one, 4); /* for want of a better one */
    stage_close(&s);
}

/* Neither a name without address nor silence is an answer. */
static void a_peer_that_says_nothing_is_down_until_it_answers(void **state)
{
    (void)state;
    static stage s;
    stage_open(&s, "watched_peers=sip:sip.test");
    asked_until(&s, NULL, NULL, PL_SIG_watched_down, 1);
    serves(&s, "_sip._udp.sip.test", 1, s.one.port, NS_ANSWERS);
    has_address(&s, "host.sip.test");
    asked_until(&s, "401 Unauthorized", NULL, PL_SIG_watched_up, 1);
    assert_int_equal(counted(&s, PL_SIG_watched_down), 0);
    asked_until(&s, NULL, NULL, PL_SIG_watched_down, 1);
    asked_until(&s, "200 OK", NULL, PL_SIG_watched_up, 1);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registrar_is_located_and_its_next_server_asked),
        cmocka_unit_test(naptr_srv_and_cname_lead_to_a_telephone),
        cmocka_unit_test(a_503_goes_to_the_next_which_is_first_then),
        cmocka_unit_test(after_a_provisional_response_nobody_else_is_called),
        cmocka_unit_test(a_refused_connection_goes_to_the_next),
        cmocka_unit_test(ipv4_is_tried_before_ipv6),
        cmocka_unit_test(answers_that_are_none),
        cmocka_unit_test(names_that_lead_nowhere),
        cmocka_unit_test(a_long_invite_goes_by_tcp_where_that_is_possible),
        cmocka_unit_test(a_connection_that_is_not_made_is_given_up),
        cmocka_unit_test(a_short_invite_stays_with_udp),
        cmocka_unit_test(nothing_is_left_of_open_questions),
        cmocka_unit_test(servers_that_answer_options_are_called_first),
        cmocka_unit_test(a_peer_that_says_nothing_is_down_until_it_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
