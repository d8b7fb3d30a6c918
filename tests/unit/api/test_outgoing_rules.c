/* test_outgoing_rules.c - where requests to the URLs of others may go. */
#include "cm.h"

#include <string.h>

#include "outgoing_rules.h"

static void reads_urls(void **state)
{
    static const struct {
        const char *url;
        int port; /* 0: refused */
        bool is_http;
    } rows[] = {
        {"https://a.example", 443, false},
        {"https://a.example/x?y=z", 443, false},
        {"https://a.example?x", 443, false},
        {"HTTPS://a.example:8443/", 8443, false},
        {"http://a.example/", 80, true},
        {"http://10.0.0.1:8080", 8080, true},
        {"https://[::1]:1/", 1, false},
        {"https://[::ffff:127.0.0.1]/", 443, false},
        {"https://under_score.example/", 443, false},
        {"", 0, false},
        {"https://", 0, false},
        {"https:///x", 0, false},
        {"https:a.example", 0, false},
        {"ftp://a.example/", 0, false},
        {"file:///etc/passwd", 0, false},
        {"gopher://a.example/", 0, false},
        {" https://a.example/", 0, false},
        {"https://a.example/ x", 0, false},
        {"https://a.example/\r\nX: y", 0, false},
        {"https://a.example/\x7f", 0, false},
        {"https://a.example/\xc3\xa9", 0, false},
        {"https://user@a.example/", 0, false},
        {"https://user:pass@a.example/", 0, false},
        {"https://a.example\\@b.example/", 0, false},
        {"https://a.example#@b.example/", 0, false},
        {"https://a.example/#x", 0, false},
        {"https://a.example:/", 0, false},
        {"https://a.example:0/", 0, false},
        {"https://a.example:65536/", 0, false},
        {"https://a.example:80:80/", 0, false},
        {"https://:80/", 0, false},
        {"https://[::1/", 0, false},
        {"https://[::1]x/", 0, false},
        {"https://[localhost]/", 0, false},
        {"https://[fe80::1%25eth0]/", 0, false},
        {"https://a%2eexample/", 0, false},
        {"https://a.example{1}/", 0, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_outgoing_url url = {.port = 0};
        pl_err e = pl_outgoing_url_read(rows[i].url, &url);
        if ((e ? 0 : url.port) != rows[i].port)
            fail_msg("%s: port %u", rows[i].url, url.port);
        assert_int_equal(e ? PL_EINVAL : PL_OK, e);
        assert_int_equal(url.is_http, rows[i].is_http);
    }
    char much[PL_OUTGOING_URL_MAX + 2] = "https://a.example/";
    memset(much + strlen(much), 'x', sizeof much - 1 - strlen(much));
    pl_outgoing_url url;
    assert_int_equal(pl_outgoing_url_read(much, &url), PL_EINVAL);
    much[sizeof much - 2] = '\0';
    assert_int_equal(pl_outgoing_url_read(much, &url), PL_OK);
}

static void judges_addresses_and_ports(void **state)
{
    static const struct {
        const char *url, *ip;
        bool takes_http, may;
    } rows[] = {
        {"https://a/", "8.8.8.8", false, true},
        {"https://a:8443/", "8.8.8.8", false, true},
        {"https://a:80/", "8.8.8.8", false, true},
        {"https://a:25/", "8.8.8.8", false, false},
        {"https://a:1023/", "8.8.8.8", false, false},
        {"http://a/", "8.8.8.8", false, false},
        {"http://a/", "8.8.8.8", true, true},
        {"http://a:22/", "8.8.8.8", true, false},
        {"https://a/", "127.0.0.1", true, false},
        {"https://a/", "10.2.0.1", false, false},
        {"https://a/", "10.1.200.1", false, true},
        {"http://a:22/", "10.1.0.1", false, true},
        {"https://a/", "::ffff:10.1.0.1", false, true},
        {"https://a/", "fd00::7", false, true},
        {"https://a/", "fc00::7", false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_outgoing_rules rules = {.takes_http = rows[i].takes_http};
        pl_outgoing_url url;
        pl_ip ip;
        assert_int_equal(
            pl_cidr_parse(pl_slice_str("10.1.0.0/16 fd00::/8"), &rules.allowed),
            PL_OK);
        assert_int_equal(pl_outgoing_url_read(rows[i].url, &url), PL_OK);
        assert_int_equal(pl_ip_parse(pl_slice_str(rows[i].ip), &ip), PL_OK);
        if (pl_outgoing_may_connect(&rules, &url, &ip) != rows[i].may)
            fail_msg("%s %s", rows[i].url, rows[i].ip);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_urls),
        cmocka_unit_test(judges_addresses_and_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
