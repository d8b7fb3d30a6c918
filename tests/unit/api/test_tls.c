/* test_tls.c - certificate and key files at the first and at later starts. */
#include "cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "tls.h"

static char dir[64], cert[96], key[96];

static int make(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/parley-tls-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(cert, sizeof cert, "%s/cert.pem", dir);
    (void)snprintf(key, sizeof key, "%s/key.pem", dir);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    (void)unlink(cert);
    (void)unlink(key);
    return rmdir(dir);
}

static ino_t inode_of(const char *path)
{
    struct stat st = {0};
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0077, 0);
    return st.st_ino;
}

static void both_are_made_once(void **state)
{
    (void)state;
    pl_tls *tls = NULL;
    assert_int_equal(pl_tls_open(cert, key, "example.org", &tls), PL_OK);
    pl_tls_close(&tls);
    ino_t first = inode_of(cert);
    assert_int_equal(pl_tls_open(cert, key, "example.org", &tls), PL_OK);
    pl_tls_close(&tls);
    assert_true(inode_of(cert) == first);
}

static void a_start_cut_short_leaves_a_key_that_serves(void **state)
{
    (void)state;
    pl_tls *tls = NULL;
    assert_int_equal(pl_tls_open(cert, key, "", &tls), PL_OK);
    pl_tls_close(&tls);
    ino_t first = inode_of(key);
    assert_int_equal(unlink(cert), 0);
    assert_int_equal(pl_tls_open(cert, key, "", &tls), PL_OK);
    pl_tls_close(&tls);
    assert_true(inode_of(key) == first);
}

static void a_broken_key_is_refused_and_kept(void **state)
{
    (void)state;
    pl_tls *tls = NULL;
    assert_int_equal(pl_file_make_secret(key, pl_slice_str("no key")), PL_OK);
    assert_int_equal(pl_tls_open(cert, key, "", &tls), PL_EIO);
    assert_null(tls);
    assert_int_not_equal(inode_of(key), 0);
    assert_int_not_equal(access(cert, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_are_made_once, make, clean),
        cmocka_unit_test_setup_teardown(
            a_start_cut_short_leaves_a_key_that_serves, make, clean),
        cmocka_unit_test_setup_teardown(a_broken_key_is_refused_and_kept, make,
                                        clean),
    };
    return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
