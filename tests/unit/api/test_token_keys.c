/* test_token_keys.c - the file of signing keys, shared by front ends. */
#include "cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api_metrics.h"
#include "files.h"
#include "pl/log.h"
#include "token_keys.h"

static const int64_t S = 1000000;
static const int64_t DAY_US = 86400 * INT64_C(1000000);
static const char CLAIMS[] = "{\"iss\":\"I\",\"exp\":1}";

/* Two front ends, each with a clock of its own. */
typedef struct bench {
    char dir[64];
    char lock[128], roll[128];
    pl_api_config config;
    pl_metrics *metrics;
    pl_loop *loops[2];
    pl_token_keys *keys[2];
} bench;

static bench *set_up(void)
{
    bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    pl_log_open("test", PL_LOG_ERROR, false);
    (void)snprintf(b->dir, sizeof b->dir, "/tmp/parley-keys-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    pl_api_config *c = &b->config;
    (void)snprintf(c->token_keys, sizeof c->token_keys, "%s/keys.json", b->dir);
    (void)snprintf(b->lock, sizeof b->lock, "%s/keys.json.lock", b->dir);
    (void)snprintf(b->roll, sizeof b->roll, "%s/keys.json.roll", b->dir);
    (void)snprintf(c->token_alg, sizeof c->token_alg, "ES256");
    c->token_key_days = 30;
    c->token_key_lead_s = 7200;
    assert_int_equal(
        pl_metrics_create(PL_API_METRIC_TABLE, PL_AM_COUNT, &b->metrics),
        PL_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pl_loop_create_fake(1700000000000, &b->loops[i]),
                         PL_OK);
    }
    return b;
}

static pl_err open_one(bench *b, size_t i)
{
    return pl_token_keys_open(b->loops[i], &b->config, b->metrics, &b->keys[i]);
}

static void open_both(bench *b)
{
    assert_int_equal(open_one(b, 0), PL_OK);
    assert_int_equal(open_one(b, 1), PL_OK);
}

static void tear_down(bench *b)
{
    for (size_t i = 0; i < 2; i++) {
        pl_token_keys_close(&b->keys[i]);
        pl_loop_destroy(&b->loops[i]);
    }
    pl_metrics_destroy(&b->metrics);
    (void)unlink(b->config.token_keys);
    (void)unlink(b->lock);
    (void)unlink(b->roll);
    assert_int_equal(rmdir(b->dir), 0); /* no drafts are left */
    free(b);
}

static void pass(bench *b, int64_t us)
{
    pl_loop_advance(b->loops[0], us);
    pl_loop_advance(b->loops[1], us);
}

static void sign(bench *b, size_t i, pl_buf *token)
{
    pl_buf_init(token, PL_JWT_MAX);
    assert_int_equal(
        pl_token_keys_sign(b->keys[i], "at+jwt", pl_slice_str(CLAIMS), token),
        PL_OK);
}

static pl_err verify(bench *b, size_t i, const pl_buf *token, char *ret_kid)
{
    pl_jwt jwt;
    assert_int_equal(pl_jwt_parse(pl_buf_slice(token), &jwt), PL_OK);
    pl_err e = pl_token_keys_verify(b->keys[i], &jwt);
    if (ret_kid)
        memcpy(ret_kid, jwt.kid, sizeof jwt.kid);
    pl_jwt_fini(&jwt);
    return e;
}

/* The id of the key that signs now. */
static void signer(bench *b, size_t i, char *ret_kid)
{
    pl_buf token;
    sign(b, i, &token);
    assert_int_equal(verify(b, i, &token, ret_kid), PL_OK);
    pl_buf_fini(&token);
}

static bool publishes(bench *b, size_t i, const char *kid)
{
    pl_buf text;
    pl_buf_init(&text, 65536);
    assert_int_equal(pl_token_keys_public_text(b->keys[i], &text), PL_OK);
    assert_null(strstr(pl_buf_text(&text), "\"d\":"));
    bool is_there = strstr(pl_buf_text(&text), kid) != NULL;
    pl_buf_fini(&text);
    return is_there;
}

static size_t n_published(bench *b, size_t i)
{
    pl_buf text;
    pl_json *json = NULL;
    pl_buf_init(&text, 65536);
    assert_int_equal(pl_token_keys_public_text(b->keys[i], &text), PL_OK);
    assert_int_equal(pl_json_parse(pl_buf_slice(&text), &json), PL_OK);
    size_t n = pl_json_count(pl_json_get(json, "keys"));
    pl_json_free(&json);
    pl_buf_fini(&text);
    return n;
}

static void ask(const bench *b)
{
    FILE *f = fopen(b->roll, "w");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
}

static void makes_a_key_that_signs_and_one_that_waits(void **state)
{
    struct stat st;
    char kids[2][PL_JWT_KID_MAX + 1];
    bench *b = set_up();
    (void)state;
    open_both(b);
    assert_int_equal(stat(b->config.token_keys, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(n_published(b, 0), 2);
    assert_int_equal(n_published(b, 1), 2);
    assert_int_equal(pl_metrics_value(b->metrics, PL_AM_keys_made), 2);
    signer(b, 0, kids[0]);
    signer(b, 1, kids[1]);
    assert_string_equal(kids[0], kids[1]);
    tear_down(b);
}

static void keys_change_by_age_and_no_token_is_lost(void **state)
{
    char first[PL_JWT_KID_MAX + 1];
    char second[PL_JWT_KID_MAX + 1];
    pl_buf old;
    bench *b = set_up();
    (void)state;
    open_both(b);
    signer(b, 0, first);
    pass(b, 30 * DAY_US - 10 * S);
    signer(b, 0, second);
    assert_string_equal(first, second);
    sign(b, 0, &old); /* the last of the first key */
    pass(b, 20 * S);
    signer(b, 0, second);
    assert_string_not_equal(first, second);
    signer(b, 1, first); /* the other front end has changed, too */
    assert_string_equal(first, second);
    /* One that waits, one that signs, one whose tokens are still good. */
    assert_int_equal(n_published(b, 0), 3);
    assert_int_equal(n_published(b, 1), 3);
    pass(b, 2 * DAY_US); /* the longest life of a token */
    assert_int_equal(verify(b, 0, &old, NULL), PL_OK);
    assert_int_equal(verify(b, 1, &old, NULL), PL_OK);
    pass(b, 700 * S);
    assert_int_equal(verify(b, 1, &old, NULL), PL_ENOENT);
    assert_int_equal(n_published(b, 0), 2);
    assert_int_equal(n_published(b, 1), 2);
    pl_buf_fini(&old);
    tear_down(b);
}

/* Whatever one signs the other can verify, at each step of many changes, even
 * when it looks at the file later. */
static void no_token_is_signed_by_a_key_that_others_do_not_know(void **state)
{
    bench *b = set_up();
    (void)state;
    b->config.token_key_days = 1;
    open_both(b);
    for (unsigned step = 0; step < 24 * 10; step++) {
        size_t one = step % 2;
        char kid[PL_JWT_KID_MAX + 1];
        pl_buf token;
        if (step % 50 == 7)
            ask(b);
        pl_loop_advance(b->loops[one], 3600 * S);
        sign(b, one, &token);
        assert_int_equal(verify(b, one, &token, kid), PL_OK);
        assert_true(publishes(b, 1 - one, kid));
        assert_int_equal(verify(b, 1 - one, &token, NULL), PL_OK);
        pl_loop_advance(b->loops[1 - one], 3600 * S);
        assert_int_equal(verify(b, 1 - one, &token, NULL), PL_OK);
        pl_buf_fini(&token);
    }
    assert_true(pl_metrics_value(b->metrics, PL_AM_keys_made) >= 10);
    tear_down(b);
}

static void the_operator_asks_with_a_file(void **state)
{
    char first[PL_JWT_KID_MAX + 1];
    char second[PL_JWT_KID_MAX + 1];
    char third[PL_JWT_KID_MAX + 1];
    bench *b = set_up();
    (void)state;
    open_both(b);
    signer(b, 0, first);
    pass(b, 3 * 3600 * S);
    ask(b);
    pass(b, 10 * S);
    assert_int_equal(access(b->roll, F_OK), -1); /* done once */
    signer(b, 0, second);
    assert_string_not_equal(first, second);
    signer(b, 1, third);
    assert_string_equal(second, third);
    assert_true(publishes(b, 0, first));
    /* The next one was just made: it waits its time. */
    ask(b);
    pass(b, 3600 * S);
    signer(b, 0, third);
    assert_string_equal(second, third);
    pass(b, 3600 * S);
    signer(b, 0, third);
    assert_string_not_equal(second, third);
    tear_down(b);
}

static void a_restart_changes_nothing(void **state)
{
    char first[PL_JWT_KID_MAX + 1];
    char second[PL_JWT_KID_MAX + 1];
    pl_buf token;
    bench *b = set_up();
    (void)state;
    open_both(b);
    signer(b, 0, first);
    sign(b, 0, &token);
    pl_token_keys_close(&b->keys[0]);
    assert_int_equal(open_one(b, 0), PL_OK);
    signer(b, 0, second);
    assert_string_equal(first, second);
    assert_int_equal(verify(b, 0, &token, NULL), PL_OK);
    assert_int_equal(n_published(b, 0), 2);
    pl_buf_fini(&token);
    tear_down(b);
}

/* A front end that has not looked yet looks when it meets an unknown key. */
static void an_unknown_key_is_looked_for_in_the_file(void **state)
{
    pl_buf token;
    bench *b = set_up();
    (void)state;
    open_both(b);
    pl_loop_advance(b->loops[0], 31 * DAY_US);
    pl_loop_advance(b->loops[0], 31 * DAY_US); /* a third key signs */
    sign(b, 0, &token);
    assert_int_equal(n_published(b, 1), 2);
    assert_int_equal(verify(b, 1, &token, NULL), PL_OK);
    pl_buf_fini(&token);
    tear_down(b);
}

/* Files of before there was a schedule. */
static void an_older_file_gets_a_second_key(void **state)
{
    char kid[PL_JWT_KID_MAX + 1];
    char first[PL_JWT_KID_MAX + 1];
    pl_buf text;
    bench *b = set_up();
    (void)state;
    pl_buf_init(&text, 65536);
    pl_buf_add_str(&text, "{\"keys\":[");
    assert_int_equal(pl_key_make(PL_JWT_ES256, kid, &text), PL_OK);
    pl_buf_add_str(&text, "]}\n");
    assert_int_equal(
        pl_file_make_secret(b->config.token_keys, pl_buf_slice(&text)), PL_OK);
    pl_buf_fini(&text);
    open_both(b);
    signer(b, 0, first);
    assert_string_equal(first, kid);
    pass(b, 10 * S);
    assert_int_equal(n_published(b, 0), 2);
    assert_int_equal(n_published(b, 1), 2);
    tear_down(b);
}

static void a_broken_file_leaves_the_keys_that_are_known(void **state)
{
    static const char *const rows[] = {"", "{", "{\"keys\":[]}",
                                       "{\"keys\":[{\"kid\":\"a\"}]}"};
    pl_buf token;
    bench *b = set_up();
    (void)state;
    pl_log_open("test", PL_LOG_ERROR, false);
    open_both(b);
    sign(b, 0, &token);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
            pl_file_replace_secret(b->config.token_keys, pl_slice_str(rows[i])),
            PL_OK);
        pass(b, 10 * S);
        assert_int_equal(verify(b, 0, &token, NULL), PL_OK);
        pl_token_keys_close(&b->keys[1]);
        assert_int_equal(open_one(b, 1), PL_ECONFIG);
    }
    pl_buf_fini(&token);
    tear_down(b);
}

static void rsa_keys_are_made_when_configured(void **state)
{
    pl_buf token;
    pl_jwt jwt;
    bench *b = set_up();
    (void)state;
    (void)snprintf(b->config.token_alg, sizeof b->config.token_alg, "RS256");
    open_both(b);
    sign(b, 0, &token);
    assert_int_equal(pl_jwt_parse(pl_buf_slice(&token), &jwt), PL_OK);
    assert_int_equal(jwt.alg, PL_JWT_RS256);
    assert_int_equal(pl_token_keys_verify(b->keys[1], &jwt), PL_OK);
    pl_jwt_fini(&jwt);
    pl_buf_fini(&token);
    tear_down(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_a_key_that_signs_and_one_that_waits),
        cmocka_unit_test(keys_change_by_age_and_no_token_is_lost),
        cmocka_unit_test(no_token_is_signed_by_a_key_that_others_do_not_know),
        cmocka_unit_test(the_operator_asks_with_a_file),
        cmocka_unit_test(a_restart_changes_nothing),
        cmocka_unit_test(an_unknown_key_is_looked_for_in_the_file),
        cmocka_unit_test(an_older_file_gets_a_second_key),
        cmocka_unit_test(a_broken_file_leaves_the_keys_that_are_known),
        cmocka_unit_test(rsa_keys_are_made_when_configured),
    };
    return cmocka_run_group_tests_name("token keys", tests, NULL, NULL);
}
