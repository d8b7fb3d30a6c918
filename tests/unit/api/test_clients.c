/* test_clients.c - the files of the token server's clients, at the start. */
#include "cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients.h"
#include "files.h"
#include "pl/log.h"

static const char GOOD[] = "{\"clients\":[{\"client_id\":\"video\","
                           "\"client_secret\":\"0123456789abcdef\","
                           "\"scopes\":[\"rooms\"]}]}";

static char dir[] = "/tmp/parley-clients-XXXXXX";
static pl_api_config config;

static int make_dir(void **state)
{
    (void)state;
    pl_log_open("test", PL_LOG_ERROR, false);
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(config.dev_client, sizeof config.dev_client, "%s/dev", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    (void)unlink(config.dev_client);
    return rmdir(dir);
}

/* text NULL: there is no such file */
static pl_err open_with(const char *text, mode_t mode, pl_clients **clients)
{
    (void)snprintf(config.clients_file, sizeof config.clients_file, "%s/c",
                   dir);
    if (text) {
        assert_int_equal(
            pl_file_replace_secret(config.clients_file, pl_slice_str(text)),
            PL_OK);
        assert_int_equal(chmod(config.clients_file, mode), 0);
    }
    pl_err e = pl_clients_open(&config, clients);
    (void)unlink(config.clients_file);
    return e;
}

static void a_file_that_others_can_read_stops_the_start(void **state)
{
    pl_clients *clients = NULL;
    (void)state;
    assert_int_equal(open_with(GOOD, 0644, &clients), PL_ECONFIG);
    assert_int_equal(open_with(GOOD, 0640, &clients), PL_ECONFIG);
    assert_int_equal(open_with(NULL, 0, &clients), PL_ECONFIG);
    assert_int_equal(open_with("{}", 0600, &clients), PL_ECONFIG);
    assert_null(clients);
    assert_int_equal(open_with(GOOD, 0600, &clients), PL_OK);
    pl_clients_close(&clients);
}

static void knows_the_file_and_the_one_for_development(void **state)
{
    pl_clients *clients = NULL;
    (void)state;
    assert_int_equal(open_with(GOOD, 0600, &clients), PL_OK);
    assert_string_equal(pl_clients_find(clients, "video")->info.scopes,
                        "rooms");
    assert_ptr_equal(pl_clients_find(clients, "parley-dev"),
                     pl_clients_dev(clients));
    assert_true(pl_clients_dev(clients)->info.is_free);
    assert_null(pl_clients_find(clients, "vide"));
    assert_null(pl_clients_find(clients, ""));
    pl_clients_close(&clients);
}

static void there_need_not_be_a_file(void **state)
{
    pl_clients *clients = NULL;
    (void)state;
    config.clients_file[0] = '\0';
    assert_int_equal(pl_clients_open(&config, &clients), PL_OK);
    assert_null(pl_clients_find(clients, "video"));
    assert_non_null(pl_clients_find(clients, "parley-dev"));
    pl_clients_close(&clients);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_others_can_read_stops_the_start),
        cmocka_unit_test(knows_the_file_and_the_one_for_development),
        cmocka_unit_test(there_need_not_be_a_file),
    };
    return cmocka_run_group_tests_name("clients", tests, make_dir, remove_dir);
}
