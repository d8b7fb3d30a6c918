/* test_files.c - what may be read and what not. */
#include "cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

static char dir[] = "/tmp/parley-files-XXXXXX";

static void path_of(char *buf, size_t cap, const char *name)
{
    (void)snprintf(buf, cap, "%s/%s", dir, name);
}

static int make(void **state)
{
    char path[256];
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    path_of(path, sizeof path, "web");
    if (mkdir(path, 0700))
        return -1;
    path_of(path, sizeof path, "web/assets");
    if (mkdir(path, 0700))
        return -1;
    path_of(path, sizeof path, "web/assets/a.js");
    if (pl_file_make_secret(path, pl_slice_str("hello")))
        return -1;
    path_of(path, sizeof path, "secret");
    if (pl_file_make_secret(path, pl_slice_str("secret")))
        return -1;
    char link[256];
    path_of(link, sizeof link, "web/link.js");
    return symlink(path, link);
}

static int clean(void **state)
{
    static const char *const NAMES[] = {"web/link.js", "web/assets/a.js",
                                        "secret"};
    char path[256];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        path_of(path, sizeof path, NAMES[i]);
        (void)unlink(path);
    }
    path_of(path, sizeof path, "web/assets");
    (void)rmdir(path);
    path_of(path, sizeof path, "web");
    (void)rmdir(path);
    return rmdir(dir);
}

static void reads_files_below_the_folder_only(void **state)
{
    static const char *const BAD[] = {
        "",          "..",           "../secret",       "assets/../../secret",
        "/assets",   "assets",       "assets/",         "assets//a.js",
        "./a.js",    "link.js",      "assets/.hidden",  "nothing",
        "a.js/b.js", "assets/a.js/", "assets/a.js/b.js"};
    char web[256];
    pl_buf out;
    pl_file_info info;
    (void)state;
    path_of(web, sizeof web, "web");
    pl_buf_init(&out, 100);
    assert_int_equal(pl_file_read_below(web, "assets/a.js", &out, &info),
                     PL_OK);
    assert_string_equal(pl_buf_text(&out), "hello");
    assert_int_equal(info.size, 5);
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        pl_buf_clear(&out);
        assert_int_equal(pl_file_read_below(web, BAD[i], &out, &info),
                         PL_ENOENT);
        assert_int_equal(out.len, 0);
    }
    pl_buf_fini(&out);
}

static void bounds_the_size(void **state)
{
    char path[256];
    pl_buf out;
    (void)state;
    path_of(path, sizeof path, "secret");
    pl_buf_init(&out, 5);
    assert_int_equal(pl_file_read(path, &out), PL_ETOOBIG);
    pl_buf_fini(&out);
    path_of(path, sizeof path, "nothing");
    assert_int_equal(pl_file_read(path, &out), PL_ENOENT);
}

static void makes_secrets_private_and_once(void **state)
{
    char path[256];
    struct stat st;
    (void)state;
    path_of(path, sizeof path, "secret");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(pl_file_make_secret(path, pl_slice_str("x")), PL_EEXIST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_files_below_the_folder_only),
        cmocka_unit_test(bounds_the_size),
        cmocka_unit_test(makes_secrets_private_and_once),
    };
    return cmocka_run_group_tests_name("files", tests, make, clean);
}
