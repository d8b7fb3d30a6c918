/* test_api_config.c - settings that do not fit together are refused before the
 * start. */
#include "cm.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api_config.h"
#include "files.h"
#include "pl/str.h"

/* A line that is good, unless the lines have that key. */
static const char *unless(const char *lines, const char *key, const char *line)
{
    return strstr(lines, key) ? "" : line;
}

/* Whether lines of section [api] fit together. */
static pl_err check(const char *lines, char *reason, size_t cap)
{
    char text[1024];
    pl_config *config = NULL;
    pl_config_error error;
    pl_fmt_cut(text, sizeof text, "[api]\n%s\n%s%s", lines,
               unless(lines, "web_dir", "web_dir = /\n"),
               unless(lines, "certificate", "certificate = /nothing.pem\n"));
    assert_int_equal(pl_config_load_text(&PL_API_SECTION, 1, "test",
                                         pl_slice_str(text), &config, &error),
                     PL_OK);
    pl_err e = PL_API_SECTION.check(pl_config_get(config, "api"), reason, cap);
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
        {"turn_urls = turn:a turns:b:443?transport=tcp", PL_OK},
        {"turn_urls = https://a", PL_ECONFIG},
        {"stun_urls = stun:a", PL_OK},
        {"stun_urls = turn:a", PL_ECONFIG},
        {"cors_origins = *", PL_OK},
        {"cors_origins = https://a.example http://b.example", PL_OK},
        {"cors_origins = https://a.example b.example", PL_ECONFIG},
        {"cors_origins = * https://a.example", PL_ECONFIG},
        {"listen = 192.0.2.1, ::1", PL_OK},
        {"listen = foo", PL_ECONFIG},
        {"listen = ,", PL_ECONFIG},
        {"issuer = localhost", PL_ECONFIG},
        {"web_dir = /nowhere", PL_ECONFIG},
        {"web_dir = /dev/null", PL_ECONFIG},
        {"certificate = /nowhere/c.pem", PL_ECONFIG},
        {"certificate = /dev/null\ncertificate_key = /nowhere/k", PL_ECONFIG},
        {"certificate = /dev/null\ncertificate_key = /dev/null", PL_OK},
        {"video_reference = {client_id}:{ref1}", PL_OK},
        {"video_reference = {client}", PL_ECONFIG},
        {"outgoing_allow = 10.1.0.0/16 fd00::/8", PL_OK},
        {"outgoing_allow = example.com", PL_ECONFIG},
        {"external_issuer = https://a", PL_ECONFIG},
        {"external_issuer = https://a\nexternal_jwks = https://a/keys", PL_OK},
        {"external_ca = /nowhere", PL_ECONFIG},
        {"external_ca = /dev/null", PL_ECONFIG},
        {"outgoing_ca = /nowhere", PL_ECONFIG},
        {"outgoing_ca = /dev/null", PL_ECONFIG},
        {"introspection_url = https://a", PL_ECONFIG},
        {"introspection_url = https://a\nintrospection_client_file = /nowhere",
         PL_ECONFIG},
        {"clients_file = /nowhere", PL_ECONFIG},
        {"relay_url = https://r.example", PL_OK},
        {"relay_url = https://r.example:8443", PL_OK},
        {"relay_url = https://[2001:db8::1]:8443", PL_OK},
        {"relay_url = http://r.example", PL_ECONFIG},
        {"relay_url = https://r.example/", PL_ECONFIG},
        {"relay_url = https://r.example/path", PL_ECONFIG},
        {"relay_url = https://", PL_ECONFIG},
        {"relay_url = https://u@r.example", PL_ECONFIG},
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

/* The file of our credentials at the token's server. */
static void the_login_is_whole_and_secret(void **state)
{
    static const char id[] = "CLIENT_ID=a\n";
    static const char whole[] = "CLIENT_ID=a\nCLIENT_SECRET=b\n";
    static const struct {
        const char *text, *reason;
        mode_t mode;
    } ROWS[] = {{whole, "", 0600},
                {whole, "want mode 0600", 0644},
                {whole, "want mode 0600", 0640},
                {id, "the second is missing", 0600},
                {"CLIENT_SECRET=b\n", "the first is missing", 0600}};
    char path[] = "/tmp/parley-login-XXXXXX";
    char lines[256];
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    (void)close(fd);
    pl_fmt_cut(lines, sizeof lines,
               "introspection_url = https://a\n"
               "introspection_client_file = %s",
               path);
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char reason[256] = "";
        assert_int_equal(
            pl_file_replace_secret(path, pl_slice_str(ROWS[i].text)), PL_OK);
        assert_int_equal(chmod(path, ROWS[i].mode), 0);
        assert_int_equal(check(lines, reason, sizeof reason),
                         ROWS[i].reason[0] ? PL_ECONFIG : PL_OK);
        assert_non_null(strstr(reason, ROWS[i].reason));
        assert_true(!reason[0] || strstr(reason, path));
    }
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_fit_together),
        cmocka_unit_test(the_login_is_whole_and_secret),
    };
    return cmocka_run_group_tests_name("api config", tests, NULL, NULL);
}
