/* test_management_auth.c - who may manage, and how often. */
#include "cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api_metrics.h"
#include "base64.h"
#include "files.h"
#include "management_auth.h"
#include "pl/log.h"

static const char GOOD_FILE[] = "MANAGEMENT_USER=root\n"
                                "MANAGEMENT_PASSWORD=correct:horse\n"
                                "MANAGEMENT_TOKEN=0123456789abcdef\n";

typedef struct bench {
    char dir[64];
    pl_api_config config;
    pl_loop *loop;
    pl_metrics *metrics;
    pl_auth *auth;
    pl_management_auth *management;
    unsigned wait_s;
    pl_caller caller;
} bench;

static void set_path(const bench *b, char *buf, size_t cap, const char *name)
{
    (void)snprintf(buf, cap, "%s/%s", b->dir, name);
}

static void write_file(const bench *b, const char *text)
{
    FILE *f = fopen(b->config.management_file, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static pl_err open_it(bench *b)
{
    pl_management_auth_options options = {.loop = b->loop,
                                          .config = &b->config,
                                          .metrics = b->metrics,
                                          .auth = b->auth};
    return pl_management_auth_open(&options, &b->management);
}

/* file NULL: none is there yet */
static bench *set_up(const char *file)
{
    bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    pl_log_open("test", PL_LOG_ERROR, false);
    (void)snprintf(b->dir, sizeof b->dir, "/tmp/parley-manage-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    pl_api_config *c = &b->config;
    set_path(b, c->management_file, sizeof c->management_file, "manage.env");
    set_path(b, c->token_keys, sizeof c->token_keys, "keys.json");
    set_path(b, c->dev_client, sizeof c->dev_client, "client.env");
    (void)snprintf(c->issuer, sizeof c->issuer, "https://issuer.test");
    (void)snprintf(c->audience, sizeof c->audience, "parley");
    (void)snprintf(c->token_alg, sizeof c->token_alg, "ES256");
    c->token_key_days = 30;
    c->token_key_lead_s = 7200;
    c->token_s = 3600;
    c->management_requests = 5;
    c->management_window_s = 10;
    if (file)
        write_file(b, file);
    assert_int_equal(pl_loop_create_fake(1700000000000, &b->loop), PL_OK);
    assert_int_equal(
        pl_metrics_create(PL_API_METRIC_TABLE, PL_AM_COUNT, &b->metrics),
        PL_OK);
    assert_int_equal(pl_auth_open(b->loop, c, b->metrics, &b->auth), PL_OK);
    return b;
}

static void tear_down(bench *b)
{
    pl_management_auth_close(&b->management);
    pl_auth_close(&b->auth);
    pl_metrics_destroy(&b->metrics);
    pl_loop_destroy(&b->loop);
    (void)unlink(b->config.management_file);
    (void)unlink(b->config.token_keys);
    (void)unlink(b->config.dev_client);
    char lock[300];
    (void)snprintf(lock, sizeof lock, "%s.lock", b->config.token_keys);
    (void)unlink(lock);
    assert_int_equal(rmdir(b->dir), 0);
    free(b);
}

static pl_err check(bench *b, const char *header, const char *source)
{
    return pl_management_auth_check(b->management, pl_slice_str(header), source,
                                    &b->caller, &b->wait_s);
}

static pl_err basic(bench *b, const char *pair, const char *source)
{
    pl_buf header;
    pl_buf_init(&header, 1024);
    pl_buf_add_str(&header, "Basic ");
    pl_base64_encode(pl_slice_str(pair), &header);
    pl_err e = check(b, pl_buf_text(&header), source);
    pl_buf_fini(&header);
    return e;
}

static void makes_a_random_password_when_there_is_no_file(void **state)
{
    char text[256] = "";
    char password[64];
    char pair[128];
    struct stat st;
    bench *b = set_up(NULL);
    (void)state;
    assert_int_equal(open_it(b), PL_OK);
    FILE *f = fopen(b->config.management_file, "r");
    assert_non_null(f);
    assert_true(fread(text, 1, sizeof text - 1, f) > 0);
    (void)fclose(f);
    assert_int_equal(stat(b->config.management_file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_non_null(strstr(text, "MANAGEMENT_USER=admin\n"));
    assert_int_equal(sscanf(strstr(text, "MANAGEMENT_PASSWORD="),
                            "MANAGEMENT_PASSWORD=%63s", password),
                     1);
    assert_int_equal(strlen(password), 32);
    (void)snprintf(pair, sizeof pair, "admin:%s", password);
    assert_int_equal(basic(b, pair, "192.0.2.1"), PL_OK);
    assert_string_equal(b->caller.client_id, "admin");
    assert_int_equal(b->caller.scopes, PL_SCOPE_MANAGEMENT);
    /* The next start reads it. */
    pl_management_auth_close(&b->management);
    assert_int_equal(open_it(b), PL_OK);
    assert_int_equal(basic(b, pair, "192.0.2.1"), PL_OK);
    tear_down(b);
}

static void refuses_a_file_that_is_no_good(void **state)
{
    static const char *const rows[] = {
        "",
        "MANAGEMENT_USER=a\n",
        "MANAGEMENT_PASSWORD=correct:horse\n",
        "MANAGEMENT_USER=a\nMANAGEMENT_PASSWORD=short\n",
        "MANAGEMENT_USER=a:b\nMANAGEMENT_PASSWORD=correct:horse\n",
        "MANAGEMENT_USER=a b\nMANAGEMENT_PASSWORD=correct:horse\n",
        "MANAGEMENT_USER=\nMANAGEMENT_PASSWORD=correct:horse\n",
        ("MANAGEMENT_USER=a\nMANAGEMENT_PASSWORD=correct:horse\n"
         "MANAGEMENT_TOKEN=short\n"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench *b = set_up(rows[i]);
        assert_int_equal(open_it(b), PL_ECONFIG);
        assert_null(b->management);
        tear_down(b);
    }
}

static void knows_its_user_only(void **state)
{
    bench *b = set_up(GOOD_FILE);
    (void)state;
    assert_int_equal(open_it(b), PL_OK);
    assert_int_equal(basic(b, "root:correct:horse", "192.0.2.1"), PL_OK);
    assert_int_equal(basic(b, "root:correct:hors", "192.0.2.1"), PL_EAUTH);
    assert_int_equal(basic(b, "root:correct:horsf", "192.0.2.1"), PL_EAUTH);
    assert_int_equal(basic(b, "roo:correct:horse", "192.0.2.1"), PL_EAUTH);
    assert_int_equal(basic(b, "root:", "192.0.2.1"), PL_EAUTH);
    assert_int_equal(check(b, "Basic !", "192.0.2.1"), PL_EAUTH);
    assert_int_equal(check(b, "", "192.0.2.1"), PL_EAUTH);
    assert_int_equal(check(b, "Digest root", "192.0.2.1"), PL_EAUTH);
    assert_int_equal(b->wait_s, 0);
    assert_int_equal(pl_metrics_value(b->metrics, PL_AM_management_refused), 7);
    tear_down(b);
}

static void knows_its_static_token(void **state)
{
    bench *b = set_up(GOOD_FILE);
    (void)state;
    assert_int_equal(open_it(b), PL_OK);
    assert_int_equal(check(b, "Bearer 0123456789abcdef", "192.0.2.1"), PL_OK);
    assert_string_equal(b->caller.client_id, "static-token");
    assert_int_equal(check(b, "bearer 0123456789abcdef", "192.0.2.1"), PL_OK);
    assert_int_equal(check(b, "Bearer 0123456789abcdeg", "192.0.2.1"),
                     PL_EAUTH);
    assert_int_equal(check(b, "Bearer ", "192.0.2.1"), PL_EAUTH);
    tear_down(b);
    /* None configured: an empty one is not good. */
    b = set_up("MANAGEMENT_USER=a\nMANAGEMENT_PASSWORD=12345678\n"
               "MANAGEMENT_TOKEN=\n");
    assert_int_equal(open_it(b), PL_OK);
    assert_int_equal(check(b, "Bearer ", "192.0.2.1"), PL_EAUTH);
    tear_down(b);
}

/* Guessing stops; others, and other ways in, go on. */
static void wrong_passwords_block_their_source_alone(void **state)
{
    bench *b = set_up(GOOD_FILE);
    (void)state;
    assert_int_equal(open_it(b), PL_OK);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(basic(b, "root:wrong", "192.0.2.1"), PL_EAUTH);
    assert_int_equal(basic(b, "root:wrong", "192.0.2.1"), PL_ERATE);
    assert_int_equal(b->wait_s, 6);
    assert_int_equal(basic(b, "root:correct:horse", "192.0.2.1"), PL_ERATE);
    assert_int_equal(basic(b, "root:correct:horse", "192.0.2.2"), PL_OK);
    assert_int_equal(check(b, "Bearer 0123456789abcdef", "192.0.2.1"), PL_OK);
    assert_int_equal(pl_metrics_value(b->metrics, PL_AM_management_limited), 2);
    pl_loop_advance(b->loop, 6000000);
    assert_int_equal(basic(b, "root:correct:horse", "192.0.2.1"), PL_OK);
    tear_down(b);
}

static void one_customer_of_a_network_is_one_source(void **state)
{
    bench *b = set_up(GOOD_FILE);
    char source[64];
    (void)state;
    assert_int_equal(open_it(b), PL_OK);
    for (unsigned i = 0; i < 10; i++) {
        (void)snprintf(source, sizeof source, "2001:db8::%u", i + 1);
        assert_int_equal(basic(b, "root:wrong", source), PL_EAUTH);
    }
    assert_int_equal(basic(b, "root:correct:horse", "2001:db8::99"), PL_ERATE);
    assert_int_equal(basic(b, "root:correct:horse", "2001:db8:0:1::1"), PL_OK);
    tear_down(b);
}

static void each_credential_has_its_share_of_requests(void **state)
{
    bench *b = set_up(GOOD_FILE);
    (void)state;
    assert_int_equal(open_it(b), PL_OK);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(basic(b, "root:correct:horse", "192.0.2.1"), PL_OK);
    assert_int_equal(basic(b, "root:correct:horse", "192.0.2.2"), PL_ERATE);
    assert_int_equal(b->wait_s, 2);
    assert_int_equal(check(b, "Bearer 0123456789abcdef", "192.0.2.1"), PL_OK);
    assert_int_equal(b->wait_s, 0);
    pl_loop_advance(b->loop, 2000000);
    assert_int_equal(basic(b, "root:correct:horse", "192.0.2.2"), PL_OK);
    tear_down(b);
}

static pl_err with_scope(bench *b, const char *scope)
{
    char secret[128];
    char form[512];
    char header[2200];
    pl_buf file;
    pl_answer answer;
    static const char request[] =
        "POST /oauth2/token HTTP/1.1\r\nHost: a\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    pl_http_head head;
    pl_http_fault fault;
    assert_int_equal(pl_http_head_parse((const uint8_t *)request,
                                        sizeof request - 1, &head, &fault),
                     PL_OK);
    pl_buf_init(&file, 1024);
    assert_int_equal(pl_file_read(b->config.dev_client, &file), PL_OK);
    assert_int_equal(pl_env_value(pl_buf_text(&file), "CLIENT_SECRET", secret,
                                  sizeof secret),
                     PL_OK);
    pl_buf_fini(&file);
    (void)snprintf(form, sizeof form,
                   "grant_type=client_credentials&client_id=parley-dev&"
                   "client_secret=%s&scope=%s",
                   secret, scope);
    pl_answer_init(&answer);
    const pl_token_ask ask = {
        .tenant = "", .head = &head, .body = pl_slice_str(form)};
    pl_auth_token(b->auth, &ask, &answer);
    assert_int_equal(answer.status, 200);
    const char *at = strstr(pl_buf_text(&answer.body), "\"access_token\":\"");
    assert_non_null(at);
    at += 16;
    (void)snprintf(header, sizeof header, "Bearer %.*s", (int)strcspn(at, "\""),
                   at);
    pl_answer_fini(&answer);
    return check(b, header, "192.0.2.1");
}

static void access_tokens_need_the_scope(void **state)
{
    bench *b = set_up(GOOD_FILE);
    (void)state;
    assert_int_equal(open_it(b), PL_OK);
    assert_int_equal(with_scope(b, "management"), PL_OK);
    assert_string_equal(b->caller.client_id, "parley-dev");
    assert_int_equal(with_scope(b, "rooms+management"), PL_OK);
    assert_int_equal(with_scope(b, "rooms.admin"), PL_EFORBIDDEN);
    assert_int_equal(with_scope(b, "management.x"), PL_EFORBIDDEN);
    tear_down(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_a_random_password_when_there_is_no_file),
        cmocka_unit_test(refuses_a_file_that_is_no_good),
        cmocka_unit_test(knows_its_user_only),
        cmocka_unit_test(knows_its_static_token),
        cmocka_unit_test(wrong_passwords_block_their_source_alone),
        cmocka_unit_test(one_customer_of_a_network_is_one_source),
        cmocka_unit_test(each_credential_has_its_share_of_requests),
        cmocka_unit_test(access_tokens_need_the_scope),
    };
    return cmocka_run_group_tests_name("management auth", tests, NULL, NULL);
}
