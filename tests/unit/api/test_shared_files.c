/* test_shared_files.c - front ends that start at the same moment on one empty
 * folder: each file is made once, and all go on with the same. */
#include "cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_metrics.h"
#include "clients.h"
#include "files.h"
#include "management_auth.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "tls.h"
#include "token_keys.h"

enum { STARTERS = 4, TIMES = 20, FILES = 5, TEXT_MAX = 65536 };

/* What one of them sees once it serves. */
typedef struct seen {
    ino_t inode[FILES];
    char hash[FILES][65];
    char published[65], client[65];
} seen;

static void name_file(const char *dir, size_t i, char *buf, size_t cap)
{
    static const char *const names[FILES] = {"token-keys.json", "tls-cert.pem",
                                             "tls-key.pem", "dev-client.env",
                                             "management.env"};
    (void)snprintf(buf, cap, "%s/%s", dir, names[i]);
}

static void configure(const char *dir, pl_api_config *c)
{
    name_file(dir, 0, c->token_keys, sizeof c->token_keys);
    name_file(dir, 1, c->certificate, sizeof c->certificate);
    name_file(dir, 2, c->certificate_key, sizeof c->certificate_key);
    name_file(dir, 3, c->dev_client, sizeof c->dev_client);
    name_file(dir, 4, c->management_file, sizeof c->management_file);
    (void)snprintf(c->token_alg, sizeof c->token_alg, "ES256");
    c->token_key_days = 30;
    c->token_key_lead_s = 7200;
    c->management_requests = 10;
    c->management_window_s = 60;
}

static void hash_file(const char *path, char hash[65], ino_t *ret_inode)
{
    pl_buf text;
    pl_file_info info;
    pl_buf_init(&text, TEXT_MAX);
    assert_int_equal(pl_file_read_info(path, &text, &info), PL_OK);
    assert_true(pl_file_is_private(path));
    pl_sha256_hex(text.ptr, text.len, hash);
    *ret_inode = info.inode;
    pl_buf_fini(&text);
}

/* As the gateway does it. Never freed: the process ends. */
static void serve(const char *dir, seen *s)
{
    static pl_api_config config;
    pl_loop *loop = NULL;
    pl_metrics *metrics = NULL;
    pl_token_keys *keys = NULL;
    pl_clients *clients = NULL;
    pl_tls *tls = NULL;
    pl_management_auth *management = NULL;
    char path[128];
    pl_buf text;
    configure(dir, &config);
    assert_int_equal(pl_loop_create_fake(1700000000000, &loop), PL_OK);
    assert_int_equal(
        pl_metrics_create(PL_API_METRIC_TABLE, PL_AM_COUNT, &metrics), PL_OK);
    assert_int_equal(pl_token_keys_open(loop, &config, metrics, &keys), PL_OK);
    assert_int_equal(pl_clients_open(&config, &clients), PL_OK);
    pl_management_auth_options options = {
        .loop = loop, .config = &config, .metrics = metrics};
    assert_int_equal(pl_management_auth_open(&options, &management), PL_OK);
    assert_int_equal(
        pl_tls_open(config.certificate, config.certificate_key, "", &tls),
        PL_OK);
    for (size_t i = 0; i < FILES; i++) {
        name_file(dir, i, path, sizeof path);
        hash_file(path, s->hash[i], &s->inode[i]);
    }
    pl_buf_init(&text, TEXT_MAX);
    assert_int_equal(pl_token_keys_public_text(keys, &text), PL_OK);
    pl_sha256_hex(text.ptr, text.len, s->published);
    const pl_client *dev = pl_clients_dev(clients);
    (void)snprintf(s->client, sizeof s->client, "%s", dev->info.secret_hash);
}

static void starter(const char *dir, int gun, int result)
{
    seen s;
    char shot;
    memset(&s, 0, sizeof s);
    (void)!read(gun, &shot, 1); /* the end of the file, for all at once */
    serve(dir, &s);
    _exit(write(result, &s, sizeof s) == (ssize_t)sizeof s ? 0 : 1);
}

static void race(const char *dir)
{
    int gun[2];
    int result[2];
    pid_t pids[STARTERS];
    seen first;
    seen other;
    assert_int_equal(pipe(gun), 0);
    assert_int_equal(pipe(result), 0);
    for (size_t i = 0; i < STARTERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            (void)close(gun[1]);
            starter(dir, gun[0], result[1]);
        }
    }
    (void)close(gun[0]);
    (void)close(gun[1]);
    (void)close(result[1]);
    for (size_t i = 0; i < STARTERS; i++) {
        seen *s = i == 0 ? &first : &other;
        assert_int_equal(read(result[0], s, sizeof *s), sizeof *s);
        if (i > 0)
            assert_memory_equal(&first, &other, sizeof first);
    }
    (void)close(result[0]);
    for (size_t i = 0; i < STARTERS; i++) {
        int status = 1;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
}

static void all_go_on_with_the_same(void **state)
{
    (void)state;
    pl_log_open("test", PL_LOG_ERROR, false);
    for (int n = 0; n < TIMES; n++) {
        char dir[] = "/tmp/parley-shared-XXXXXX";
        char path[128];
        assert_non_null(mkdtemp(dir));
        race(dir);
        for (size_t i = 0; i < FILES; i++) {
            name_file(dir, i, path, sizeof path);
            assert_int_equal(unlink(path), 0);
        }
        (void)snprintf(path, sizeof path, "%s/token-keys.json.lock", dir);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rmdir(dir), 0); /* no drafts are left */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_go_on_with_the_same),
    };
    return cmocka_run_group_tests_name("shared files", tests, NULL, NULL);
}
