/* test_config.c - settings that do not fit together are refused before the
 * start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app.h"
#include "pl/str.h"

/* Whether lines of section [signaling] fit together. */
static pl_err check(const char *lines, char *reason, size_t cap)
{
    const pl_config_section *section = PL_SIGNALING_APP.sections;
    char text[1024];
    pl_config *config = NULL;
    pl_config_error error;
    pl_fmt_cut(text, sizeof text, "[signaling]\n%s\n", lines);
    assert_int_equal(pl_config_load_text(section, 1, "test", pl_slice_str(text),
                                         &config, &error),
                     PL_OK);
    pl_err e = section->check(pl_config_get(config, "signaling"), reason, cap);
    pl_config_destroy(&config);
    return e;
}

static void settings_fit_together(void **state)
{
    static const struct {
        const char *lines;
        pl_err e;
    } ROWS[] = {
        {"", PL_OK},
        {"udp_listen = 192.0.2.1:5060, [2001:db8::1]:5060", PL_OK},
        {"udp_listen = 127.0.0.1:0 [::1]", PL_OK},
        {"udp_listen = 6000", PL_ECONFIG},
        {"udp_listen = 127.0.0.1:65533\nlisten_ports = 2", PL_OK},
        {"udp_listen = 127.0.0.1:65533\nlisten_ports = 3", PL_ECONFIG},
        {"tcp_listen = localhost:5060", PL_ECONFIG},
        {"udp_listen =", PL_OK},
        {"udp_listen =\ntcp_listen =", PL_ECONFIG},
        {"allowed_networks = 10.0.0.0/8 2001:db8::/32", PL_OK},
        {"allowed_networks = foo", PL_ECONFIG},
        {"inbound = listed", PL_ECONFIG},
        {"inbound = listed\nallowed_networks = 10.0.0.1", PL_OK},
        {"inbound = digest", PL_ECONFIG},
        {"inbound = digest\nusers_file = /dev/null", PL_OK},
        {"users_file = /nowhere/users", PL_ECONFIG},
        {"outbound_allow = 10.0.0.0/8, *.example.com +49*", PL_OK},
        {"outbound_allow = 10.0.0.0/99", PL_ECONFIG},
        {"outbound_proxy = sip:proxy.example.com;transport=tcp", PL_OK},
        {"outbound_proxy = sips:proxy.example.com", PL_ECONFIG},
        {"outbound_proxy = proxy", PL_ECONFIG},
        {"watched_peers = sip:a.example, sip:b.example:5071;transport=tls",
         PL_OK},
        {"outbound_proxy = sip:proxy.example.com;transport=ws", PL_ECONFIG},
        {"tls_listen = 127.0.0.1", PL_ECONFIG},
        {"tls_listen = 127.0.0.1\ntls_certificate = /dev/null", PL_ECONFIG},
        {"tls_certificate = /nowhere\ntls_key = /dev/null", PL_ECONFIG},
        {"tls_certificate = /dev/null\ntls_key = /nowhere", PL_ECONFIG},
        {"tls_certificate = /dev/null\ntls_key = /dev/null", PL_OK},
        {"tls_ca = /nowhere", PL_ECONFIG},
        {"tls_check_clients = yes", PL_ECONFIG},
        {"tls_check_clients = yes\ntls_ca = /dev/null", PL_OK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char reason[256] = "";
        pl_err e = check(ROWS[i].lines, reason, sizeof reason);
        if (e != ROWS[i].e)
            print_error("%s: %s\n", ROWS[i].lines, reason);
        assert_int_equal(reason[0] != '\0', e != PL_OK);
        assert_int_equal(e, ROWS[i].e);
    }
}

#define LABEL_63                                                               \
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789a"
#define FORM   "want sip:host[:port][;transport=udp|tcp|tls]"
#define NOBODY "no host can have this name or address"

static void the_watched_peer_that_is_wrong_is_named(void **state)
{
    static const struct {
        const char *peers;
        const char *reason; /* "" good */
    } ROWS[] = {
        {"", ""},
        {"sip:a sip:b.example. sip:c_1.example;transport=UDP", ""},
        {"sip:192.0.2.1 sip:192.0.2.1:5060 sip:[2001:db8::1]:5071", ""},
        {"sip:a.example sip:a.example;transport=tcp", ""},
        {"sip:1a sip:2a sip:3a sip:4a sip:5a sip:6a sip:7a sip:8a", ""},
        {"sip:1a sip:2a sip:3a sip:4a sip:5a sip:6a sip:7a sip:8a sip:9a sip:z",
         "sip:9a: one too many, at most 8 are watched"},
        {"sip:a.example trunk.example", "trunk.example: " FORM},
        {"tel:+49", "tel:+49: " FORM},
        {"sips:b.example:5071", "sips:b.example:5071: " FORM},
        {"sip:u@a.example", "sip:u@a.example: " FORM},
        {"<sip:a.example>", "<sip:a.example>: " FORM},
        {"sip:a.example:0", "sip:a.example:0: " FORM},
        {"sip:a.example?b=c", "sip:a.example?b=c: " FORM},
        {"sip:a.example;", "sip:a.example;: " FORM},
        {"sip:a.example;lr", "sip:a.example;lr: " FORM},
        {"sip:a.example;transport", "sip:a.example;transport: " FORM},
        {"sip:a.example;transport=ws", "sip:a.example;transport=ws: " FORM},
        {"sip:a;transport=tcp;lr", "sip:a;transport=tcp;lr: " FORM},
        {"sip:a..b", "sip:a..b: " NOBODY},
        {"sip:.a", "sip:.a: " NOBODY},
        {"sip:192.0.2.300", "sip:192.0.2.300: " NOBODY},
        {"sip:" LABEL_63 ".example", ""},
        {"sip:a" LABEL_63 ".example", "sip:a" LABEL_63 ".example: " NOBODY},
        {"sip:a.example sip:b sip:A.Example", "sip:A.Example: is there twice"},
        {"sip:a:5060;transport=tls sip:a:5060;transport=TLS",
         "sip:a:5060;transport=TLS: is there twice"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char reason[256] = "";
        char lines[512];
        char want[256] = "";
        pl_fmt_cut(lines, sizeof lines, "watched_peers = %s", ROWS[i].peers);
        pl_err e = check(lines, reason, sizeof reason);
        if (ROWS[i].reason[0])
            pl_fmt_cut(want, sizeof want, "watched_peers: %s", ROWS[i].reason);
        assert_string_equal(reason, want);
        assert_int_equal(e, want[0] ? PL_ECONFIG : PL_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_fit_together),
        cmocka_unit_test(the_watched_peer_that_is_wrong_is_named),
    };
    return cmocka_run_group_tests_name("signaling config", tests, NULL, NULL);
}
