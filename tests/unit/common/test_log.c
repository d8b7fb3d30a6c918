#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "pl/log.h"

static char captured[1 << 20];
static int saved_stderr;
static int file;

static void capture_begin(void)
{
    char path[] = "/tmp/test_log_XXXXXX";
    file = mkstemp(path);
    assert_true(file >= 0);
    (void)unlink(path);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
}

static const char *capture_end(void)
{
    assert_true(dup2(saved_stderr, STDERR_FILENO) >= 0);
    (void)close(saved_stderr);
    ssize_t n = pread(file, captured, sizeof captured - 1, 0);
    (void)close(file);
    assert_true(n >= 0);
    captured[n] = '\0';
    return captured;
}

/* Behind the time, which differs. */
static const char *after_time(const char *line)
{
    const char *at = strchr(line, ' ');
    return at ? at + 1 : "";
}

static void a_line_has_level_process_area_event_and_pairs(void **state)
{
    (void)state;
    pl_log_open("parley-x", PL_LOG_INFO, false);
    capture_begin();
    PL_LOG(INFO, "leg", "connected", PL_KV("room", "a", "leg", "b"), "%d ms",
           5);
    PL_LOG(INFO, "leg", "connected", PL_KV("room", NULL, "leg", ""), NULL);
    assert_string_equal(after_time(capture_end()) + 0,
                        captured + 25); /* time has 24 characters */
    assert_non_null(strstr(captured, "info parley-x leg connected room=a "
                                     "leg=b text=\"5 ms\"\n"));
    assert_non_null(strstr(captured, "info parley-x leg connected\n"));
}

static void levels_below_the_threshold_are_silent(void **state)
{
    (void)state;
    pl_log_level level = PL_LOG_TRACE;
    assert_int_equal(pl_log_level_find("warn", &level), PL_OK);
    assert_int_equal(level, PL_LOG_WARN);
    assert_int_equal(pl_log_level_find("loud", &level), PL_EINVAL);
    assert_int_equal(pl_log_level_find(NULL, &level), PL_EINVAL);
    pl_log_open("parley-x", PL_LOG_WARN, false);
    capture_begin();
    PL_LOG(INFO, "a", "b", NULL, NULL);
    PL_LOG(ERROR, "a", "c", NULL, NULL);
    (void)capture_end();
    assert_null(strstr(captured, "a b"));
    assert_non_null(strstr(captured, "error parley-x a c\n"));
}

static void a_peers_value_cannot_forge_a_line(void **state)
{
    (void)state;
    char longer[1000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    pl_log_open("parley-x", PL_LOG_INFO, false);
    capture_begin();
    PL_LOG(
        INFO, "a", "b",
        PL_KV("v", "x\n2026 error parley-x \"q\" \\ k=v \x1b[31m", "w", longer),
        NULL);
    (void)capture_end();
    assert_non_null(strstr(captured, "v=\"x\\n2026 error parley-x \\\"q\\\" "
                                     "\\\\ k=v \\x1b[31m\""));
    assert_ptr_equal(strchr(captured, '\n'), captured + strlen(captured) - 1);
    assert_non_null(strstr(captured, "xxx...\"\n"));
    assert_true(strlen(captured) < 600);
}

static void json_stays_json_whatever_the_value(void **state)
{
    (void)state;
    pl_log_open("parley-x", PL_LOG_INFO, true);
    capture_begin();
    PL_LOG(INFO, "a", "b", PL_KV("bad", "\xff\x01\"", "good", "\xc3\xa4"), "t");
    (void)capture_end();
    pl_log_open("parley-x", PL_LOG_INFO, false);
    assert_non_null(
        strstr(captured, "\"level\":\"info\",\"process\":\"parley-x\",\"area\":"
                         "\"a\",\"event\":\"b\",\"bad\":\"\\u00ff\\u0001\\\"\","
                         "\"good\":\"\xc3\xa4\",\"text\":\"t\"}\n"));
    assert_int_equal(captured[0], '{');
}

static void *write_lines(void *arg)
{
    (void)arg;
    for (int i = 0; i < 500; i++)
        PL_LOG(INFO, "thread", "line", PL_KV("k", "0123456789"), NULL);
    return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
    (void)state;
    pthread_t threads[4];
    capture_begin();
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, NULL),
                         0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    (void)capture_end();
    int n = 0;
    for (const char *p = captured; *p; p = strchr(p, '\n') + 1) {
        assert_int_equal(strcspn(p, "\n"),
                         24 +
                             strlen(" info parley-x thread line k=0123456789"));
        n++;
    }
    assert_int_equal(n, 2000);
}

static void a_call_site_is_limited(void **state)
{
    (void)state;
    pl_log_limit limit = {0};
    int n = 0;
    for (int i = 0; i < 100; i++)
        n += pl_log_allowed(&limit, 3);
    assert_int_equal(n, 3);
    assert_false(pl_log_allowed(&limit, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_level_process_area_event_and_pairs),
        cmocka_unit_test(levels_below_the_threshold_are_silent),
        cmocka_unit_test(a_peers_value_cannot_forge_a_line),
        cmocka_unit_test(json_stays_json_whatever_the_value),
        cmocka_unit_test(lines_of_threads_do_not_mix),
        cmocka_unit_test(a_call_site_is_limited),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
