#define _GNU_SOURCE /* prlimit. NOLINT(bugprone-reserved-identifier) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pl/process.h"
#include "pl/str.h"

#include "src/run/process_impl.h"

enum { WAIT_MS = 20000, OUTPUT_MAX = 65536, ARGS_MAX = 16 };

typedef struct child {
    pid_t pid;
    int out; /* its standard output and error */
    char text[OUTPUT_MAX];
    size_t len;
} child;

static char dir[64];

static int setup(void **state)
{
    (void)state;
    pl_fmt_cut(dir, sizeof dir, "/tmp/test_process_XXXXXX");
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const FILES[] = {
        "var/run/bus", "var/run/bus.lock", "var/run", "var",
        "p.conf",      "etc/parley.conf",  "etc"};
    (void)state;
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++)
        (void)remove(FILES[i]);
    if (chdir("/") != 0 || rmdir(dir) != 0)
        fail_msg("something is left in %s", dir);
    return 0;
}

static void start(child *c, const char *program, ...)
{
    char *args[ARGS_MAX] = {NULL};
    char copies[ARGS_MAX][128];
    size_t n = 0;
    va_list list;
    va_start(list, program);
    for (const char *a = program; a; a = va_arg(list, const char *)) {
        pl_fmt_cut(copies[n], sizeof copies[n], "%s", a);
        args[n] = copies[n];
        n++;
    }
    va_end(list);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    *c = (child){.pid = fork(), .out = fds[0]};
    assert_true(c->pid >= 0);
    if (c->pid == 0) {
        (void)dup2(fds[1], STDOUT_FILENO);
        (void)dup2(fds[1], STDERR_FILENO);
        (void)close(fds[0]);
        (void)close(fds[1]);
        (void)execv(program, args);
        _exit(127);
    }
    (void)close(fds[1]);
}

/* Read until the text has come (NULL: until the end). */
static void expect(child *c, const char *text)
{
    while (!text || !strstr(c->text, text)) {
        struct pollfd p = {.fd = c->out, .events = POLLIN};
        if (poll(&p, 1, WAIT_MS) != 1)
            fail_msg("waited for \"%s\" in:\n%s", text ? text : "(end)",
                     c->text);
        ssize_t n = read(c->out, c->text + c->len, OUTPUT_MAX - 1 - c->len);
        if (n <= 0) {
            if (text)
                fail_msg("ended without \"%s\":\n%s", text, c->text);
            return;
        }
        c->len += (size_t)n;
        c->text[c->len] = '\0';
    }
}

static void expect_behind(child *c, const char *first, const char *text)
{
    expect(c, first);
    child *rest = calloc(1, sizeof *rest);
    assert_non_null(rest);
    const char *behind = strstr(c->text, first) + strlen(first);
    rest->out = c->out;
    rest->len = strlen(behind);
    memcpy(rest->text, behind, rest->len);
    expect(rest, text);
    free(rest);
}

static int end(child *c)
{
    int status = 0;
    expect(c, NULL);
    (void)close(c->out);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static child a, b;

static void help_and_version_exit_0(void **state)
{
    (void)state;
    start(&a, TINY_WORKER, "--help", NULL);
    assert_int_equal(end(&a), PL_EXIT_OK);
    assert_non_null(strstr(a.text, "shows the skeleton at work"));
    assert_non_null(strstr(a.text, "--port=5000\n      a port "
                                   "(1024..65535 port)"));
    assert_non_null(strstr(a.text, "--drain_ms=10000"));
    start(&a, TINY_ROOMPOOL, "--help", NULL);
    assert_int_equal(end(&a), PL_EXIT_OK);
    const char *room = strstr(a.text, "[room NAME] (file only)\n");
    assert_non_null(room);
    assert_null(strstr(room, "--")); /* none of these is a flag */
    assert_non_null(strstr(room, " = "));
    start(&a, TINY_WORKER, "--version", NULL);
    assert_int_equal(end(&a), PL_EXIT_OK);
    assert_string_equal(a.text, "parley-tiny " PL_VERSION "\n");
}

static void an_unknown_flag_is_a_usage_error(void **state)
{
    (void)state;
    start(&a, TINY_WORKER, "--prot=5000", NULL);
    assert_int_equal(end(&a), PL_EXIT_USAGE);
    assert_non_null(strstr(a.text, "--prot=5000"));
    start(&a, TINY_WORKER, "--port", NULL);
    assert_int_equal(end(&a), PL_EXIT_USAGE);
    assert_non_null(strstr(a.text, "--port needs a value after '='"));
    start(&a, TINY_WORKER, "run", NULL);
    assert_int_equal(end(&a), PL_EXIT_USAGE);
}

static void write_config(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void check_config_names_line_and_bound(void **state)
{
    (void)state;
    write_config("p.conf", "[common]\n[media]\nport = 80\n");
    start(&a, TINY_WORKER, "--check-config", "--config=p.conf", NULL);
    assert_int_equal(end(&a), PL_EXIT_CONFIG);
    assert_string_equal(
        a.text, "parley-tiny: p.conf:3: port = 80: below 1024 (port)\n");
    write_config("p.conf", "[media]\nport = 8000\n");
    start(&a, TINY_WORKER, "--check-config", "--config=p.conf", NULL);
    assert_int_equal(end(&a), PL_EXIT_OK);
    write_config("p.conf", "[media]\nport = 7000\n");
    start(&a, TINY_WORKER, "--check-config", "--config=p.conf", NULL);
    assert_int_equal(end(&a), PL_EXIT_CONFIG);
    assert_string_equal(
        a.text, "parley-tiny: section [media]: port 7000 does not fit\n");
    start(&a, TINY_WORKER, "--config=p.conf", NULL); /* nor does it start */
    assert_int_equal(end(&a), PL_EXIT_CONFIG);
    write_config("p.conf", "[room a]\n[room b]\nport = 6000\n");
    start(&a, TINY_WORKER, "--check-config", "--config=p.conf", NULL);
    assert_int_equal(end(&a), PL_EXIT_CONFIG);
    assert_string_equal(
        a.text, "parley-tiny: p.conf:2: [room b]: b cannot have port 6000\n");
}

static void the_default_file_is_read_when_it_is_there(void **state)
{
    (void)state;
    start(&a, TINY_WORKER, "--print-config", NULL);
    assert_int_equal(end(&a), PL_EXIT_OK);
    assert_non_null(strstr(a.text, "\nport = 5000\n"));
    assert_int_equal(mkdir("etc", 0700), 0);
    write_config("etc/parley.conf", "[media]\nport = 6000\n");
    start(&a, TINY_WORKER, "--print-config", NULL);
    assert_int_equal(end(&a), PL_EXIT_OK);
    assert_non_null(strstr(a.text, "\nport = 6000\n"));
    start(&a, TINY_WORKER, "--print-config", "--port=7000", NULL);
    assert_int_equal(end(&a), PL_EXIT_OK);
    assert_non_null(strstr(a.text, "; from flag\nport = 7000\n"));
}

static void errors_of_the_app_choose_the_exit_code(void **state)
{
    (void)state;
    start(&a, TINY_WORKER, "--greeting=busy", NULL);
    assert_int_equal(end(&a), PL_EXIT_TEMPORARY);
    start(&a, TINY_WORKER, "--node=../x", NULL);
    assert_int_equal(end(&a), PL_EXIT_CONFIG);
    start(&a, TINY_ROOMPOOL, "--bus=tcp://0.0.0.0:5599", NULL);
    assert_int_equal(end(&a), PL_EXIT_CONFIG);
    assert_non_null(strstr(a.text, "CURVE"));
}

static void a_worker_drains_on_sigterm_without_roompool(void **state)
{
    (void)state;
    start(&a, TINY_WORKER, "--node=w1", NULL);
    expect(&a, "to=connecting");
    assert_int_not_equal(access("var/run/w1.ready", F_OK), 0);
    assert_int_equal(kill(a.pid, SIGHUP), 0);
    expect(&a, "sighup");
    assert_int_equal(kill(a.pid, SIGTERM), 0);
    assert_int_equal(end(&a), PL_EXIT_OK);
    assert_non_null(strstr(a.text, "to=stopped"));
}

static void the_start_order_does_not_matter(void **state)
{
    (void)state;
    start(&a, TINY_WORKER, "--node=w1", NULL);
    expect(&a, "to=connecting");
    start(&b, TINY_ROOMPOOL, "--node=rp", NULL);
    expect(&a, "from=connecting to=ready");
    struct stat st;
    assert_int_equal(stat("var/run", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(access("var/run/w1.ready", F_OK), 0);
    assert_int_equal(access("var/run/rp.ready", F_OK), 0);
    assert_int_equal(kill(b.pid, SIGUSR1), 0);
    expect(&b, "life=ready");
    assert_int_equal(kill(a.pid, SIGTERM), 0);
    assert_int_equal(end(&a), PL_EXIT_OK);
    expect(&b, "it said goodbye");
    assert_int_equal(kill(b.pid, SIGINT), 0);
    assert_int_equal(end(&b), PL_EXIT_OK);
    assert_int_not_equal(access("var/run/w1.ready", F_OK), 0);
    assert_int_not_equal(access("var/run/rp.ready", F_OK), 0);
}

static void a_killed_roompool_is_greeted_again(void **state)
{
    (void)state;
    start(&b, TINY_ROOMPOOL, "--node=rp", NULL);
    start(&a, TINY_WORKER, "--node=w1", NULL);
    expect(&a, "from=connecting to=ready");
    assert_int_equal(kill(b.pid, SIGKILL), 0);
    assert_int_equal(end(&b), -SIGKILL);
    expect(&a, "from=ready to=connecting");
    assert_int_not_equal(access("var/run/w1.ready", F_OK), 0);
    start(&b, TINY_ROOMPOOL, "--node=rp", NULL);
    /* Behind what has come so far: the second time. */
    expect_behind(&a, "from=ready to=connecting", "to=ready");
    assert_int_equal(kill(a.pid, SIGTERM), 0);
    assert_int_equal(end(&a), PL_EXIT_OK);
    assert_int_equal(kill(b.pid, SIGTERM), 0);
    assert_int_equal(end(&b), PL_EXIT_OK);
}

static void roompool_may_tell_a_worker_to_drain(void **state)
{
    (void)state;
    start(&b, TINY_ROOMPOOL, "--node=rp", NULL);
    start(&a, TINY_WORKER, "--node=w1", "--greeting=slow", "--drain_ms=600000",
          NULL);
    expect(&a, "from=connecting to=ready");
    assert_int_equal(kill(b.pid, SIGUSR1), 0);
    expect(&b, "told");
    /* Beats go on, so that roompool sees it drain, and requests arrive. */
    assert_int_equal(end(&a), PL_EXIT_OK);
    assert_non_null(strstr(a.text, "told_to_drain"));
    assert_non_null(strstr(a.text, "all work is done"));
    expect(&b, "released");
    expect(&b, "it said goodbye");
    assert_int_equal(kill(b.pid, SIGTERM), 0);
    assert_int_equal(end(&b), PL_EXIT_OK);
}

static void a_worker_that_drains_greets_a_new_roompool(void **state)
{
    (void)state;
    start(&b, TINY_ROOMPOOL, "--node=rp", NULL);
    start(&a, TINY_WORKER, "--node=w1", "--greeting=slow", "--drain_ms=600000",
          NULL);
    expect(&a, "from=connecting to=ready");
    assert_int_equal(kill(b.pid, SIGKILL), 0);
    assert_int_equal(end(&b), -SIGKILL);
    expect(&a, "from=ready to=connecting");
    assert_int_equal(kill(a.pid, SIGTERM), 0);
    expect(&a, "to=draining");
    start(&b, TINY_ROOMPOOL, "--node=rp", NULL);
    expect(&b, "hello");
    assert_int_equal(end(&a), PL_EXIT_OK); /* it was released */
    assert_non_null(strstr(a.text, "all work is done"));
    assert_int_equal(kill(b.pid, SIGTERM), 0);
    assert_int_equal(end(&b), PL_EXIT_OK);
}

static void a_second_signal_cuts_a_drain_off(void **state)
{
    (void)state;
    start(&b, TINY_ROOMPOOL, "--node=rp", NULL);
    start(&a, TINY_WORKER, "--node=w1", "--greeting=slow", "--drain_ms=600000",
          NULL);
    expect(&a, "from=connecting to=ready");
    assert_int_equal(kill(b.pid, SIGTERM), 0);
    assert_int_equal(end(&b), PL_EXIT_OK);
    assert_int_equal(kill(a.pid, SIGTERM), 0);
    expect(&a, "to=draining");
    assert_int_equal(kill(a.pid, SIGTERM), 0);
    assert_int_equal(end(&a), PL_EXIT_OK);
    assert_non_null(strstr(a.text, "a second signal"));
}

static void the_network_stack_has_a_text(void **state)
{
    (void)state;
    char own[PL_NET_TEXT] = "";
    char again[PL_NET_TEXT] = "";
    char other[PL_NET_TEXT] = "";
    pl_link_net(NULL, NULL, own);
    pl_link_net(NULL, NULL, again);
    assert_int_equal(strlen(own), PL_NET_TEXT - 1);
    assert_string_equal(own, again);
    pl_link_net(NULL, "/proc/self/ns/ipc", other); /* another inode */
    assert_int_equal(strlen(other), PL_NET_TEXT - 1);
    assert_string_not_equal(own, other);
    write_config("p.conf", "another-boot\n");
    pl_link_net("p.conf", NULL, other);
    assert_int_equal(strlen(other), PL_NET_TEXT - 1);
    assert_string_not_equal(own, other);
    pl_link_net("absent", NULL, other);
    assert_string_equal(other, "");
    pl_link_net(NULL, "absent", other);
    assert_string_equal(other, "");
}

/* Two containers have processes with equal pids. */
static void names_do_not_come_from_pids(void **state)
{
    (void)state;
    char own[PL_NET_TEXT] = "";
    char text[64];
    char pid[32];
    pl_link_net(NULL, NULL, own);
    start(&b, TINY_ROOMPOOL, "--node=rp", NULL);
    start(&a, TINY_WORKER, NULL);
    pl_fmt_cut(text, sizeof text, "net=%s", own);
    expect(&b, text);
    const char *name = strstr(b.text, "from=media-");
    assert_non_null(name);
    name += strlen("from=media-");
    assert_int_equal(strspn(name, "0123456789"), 6);
    pl_fmt_cut(pid, sizeof pid, "media-%06ld.", (long)a.pid);
    assert_null(strstr(b.text, pid));
    assert_int_equal(kill(a.pid, SIGTERM), 0);
    assert_int_equal(end(&a), PL_EXIT_OK);
    assert_int_equal(kill(b.pid, SIGTERM), 0);
    assert_int_equal(end(&b), PL_EXIT_OK);
}

static void ask(const char *program, const char *node, int code,
                const char *text)
{
    child *c = calloc(1, sizeof *c);
    assert_non_null(c);
    start(c, program, "--health", node, NULL);
    int got = end(c);
    if (got != code || !strstr(c->text, text))
        fail_msg("exit %d, not %d with \"%s\":\n%s", got, code, text, c->text);
    free(c);
}

/* roompool and a worker w1, which is ready. */
static void start_both(void)
{
    start(&b, TINY_ROOMPOOL, "--node=rp", NULL);
    start(&a, TINY_WORKER, "--node=w1", NULL);
    expect(&a, "to=ready");
}

static void stop_both(void)
{
    assert_int_equal(kill(a.pid, SIGTERM), 0);
    assert_int_equal(end(&a), PL_EXIT_OK);
    assert_int_equal(kill(b.pid, SIGTERM), 0);
    assert_int_equal(end(&b), PL_EXIT_OK);
}

static void health_follows_the_life(void **state)
{
    (void)state;
    struct stat st;
    ask(TINY_WORKER, NULL, PL_EXIT_UNAVAILABLE, "not running");
    start(&a, TINY_WORKER, "--greeting=slow", NULL); /* a name by chance */
    expect(&a, "to=connecting");
    ask(TINY_WORKER, NULL, PL_EXIT_UNAVAILABLE, "no link to roompool");
    start(&b, TINY_ROOMPOOL, "--node=rp", NULL);
    expect(&a, "to=ready");
    ask(TINY_WORKER, NULL, PL_EXIT_OK, " is ready");
    ask(TINY_ROOMPOOL, NULL, PL_EXIT_OK, "rp.");
    ask(TINY_ROOMPOOL, "--node=rp", PL_EXIT_OK, " is ready");
    ask(TINY_ROOMPOOL, "--node=rp2", PL_EXIT_UNAVAILABLE, "not running");
    assert_int_equal(stat("var/run/roompool.rp.health", &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(kill(b.pid, SIGTERM), 0);
    assert_int_equal(end(&b), PL_EXIT_OK);
    assert_int_equal(kill(a.pid, SIGTERM), 0);
    expect(&a, "to=draining");
    ask(TINY_WORKER, NULL, PL_EXIT_OK, " is draining");
    assert_int_equal(kill(a.pid, SIGTERM), 0);
    assert_int_equal(end(&a), PL_EXIT_OK);
    ask(TINY_WORKER, NULL, PL_EXIT_UNAVAILABLE, "not running");
}

static void health_is_what_the_app_says(void **state)
{
    (void)state;
    start(&b, TINY_ROOMPOOL, "--node=rp", NULL);
    start(&a, TINY_WORKER, "--node=w1", "--greeting=ill", NULL);
    expect(&a, "to=ready");
    ask(TINY_WORKER, NULL, PL_EXIT_UNAVAILABLE, "is ready: has a cold");
    stop_both();
}

static void health_of_one_of_several_needs_its_name(void **state)
{
    (void)state;
    start_both();
    child *c = calloc(1, sizeof *c);
    assert_non_null(c);
    start(c, TINY_WORKER, "--node=w2", NULL);
    expect(c, "to=ready");
    ask(TINY_WORKER, NULL, PL_EXIT_UNAVAILABLE, "several");
    ask(TINY_WORKER, "--node=w2", PL_EXIT_OK, "w2.");
    assert_int_equal(kill(c->pid, SIGKILL), 0);
    assert_int_equal(end(c), -SIGKILL);
    ask(TINY_WORKER, "--node=w2", PL_EXIT_UNAVAILABLE, "not running");
    ask(TINY_WORKER, NULL, PL_EXIT_OK, "w1."); /* what it left is no second */
    assert_int_equal(access("var/run/media-worker.w2.health", F_OK), 0);
    start(c, TINY_WORKER, "--node=w3", NULL);
    expect(c, "to=ready");
    assert_int_not_equal(access("var/run/media-worker.w2.health", F_OK), 0);
    assert_int_equal(kill(c->pid, SIGTERM), 0);
    assert_int_equal(end(c), PL_EXIT_OK);
    free(c);
    stop_both();
    assert_int_equal(remove("var/run/w2.ready"), 0); /* of the killed one */
}

static void a_second_of_its_name_leaves_the_first_alone(void **state)
{
    (void)state;
    start_both();
    child *c = calloc(1, sizeof *c);
    assert_non_null(c);
    start(c, TINY_WORKER, "--node=w1", NULL);
    assert_int_equal(end(c), PL_EXIT_TEMPORARY);
    assert_non_null(strstr(c->text, "name_in_use"));
    free(c);
    ask(TINY_WORKER, "--node=w1", PL_EXIT_OK, " is ready");
    assert_int_equal(access("var/run/w1.ready", F_OK), 0);
    stop_both();
}

static void a_process_that_hangs_is_not_healthy(void **state)
{
    (void)state;
    start_both();
    assert_int_equal(kill(a.pid, SIGSTOP), 0);
    ask(TINY_WORKER, "--node=w1", PL_EXIT_UNAVAILABLE, "hangs");
    assert_int_equal(kill(a.pid, SIGCONT), 0);
    stop_both();
}

/* Who asks waits 2 s in vain, in which the loop tries four or five times. */
static void who_asks_costs_little_without_descriptors(void **state)
{
    (void)state;
    struct rlimit before;
    start_both();
    assert_int_equal(prlimit(a.pid, RLIMIT_NOFILE, NULL, &before), 0);
    const struct rlimit none = {.rlim_cur = 1, .rlim_max = before.rlim_max};
    assert_int_equal(prlimit(a.pid, RLIMIT_NOFILE, &none, NULL), 0);
    ask(TINY_WORKER, "--node=w1", PL_EXIT_UNAVAILABLE, "no answer");
    assert_int_equal(prlimit(a.pid, RLIMIT_NOFILE, &before, NULL), 0);
    ask(TINY_WORKER, "--node=w1", PL_EXIT_OK, " is ready");
    stop_both();
    unsigned n = 0;
    const char *at = strstr(a.text, "health_deferred");
    for (; at; at = strstr(at + 1, "health_deferred"))
        n++;
    assert_in_range(n, 1, 20);
}

static void another_schema_major_ends_the_worker_with_76(void **state)
{
    (void)state;
    start(&b, TINY_ROOMPOOL, "--node=rp", NULL);
    start(&a, TINY_WORKER, "--greeting=future", NULL);
    assert_int_equal(end(&a), PL_EXIT_SCHEMA);
    assert_int_equal(kill(b.pid, SIGTERM), 0);
    assert_int_equal(end(&b), PL_EXIT_OK);
}

static void a_second_roompool_ends_with_75(void **state)
{
    (void)state;
    start(&b, TINY_ROOMPOOL, "--node=rp", NULL);
    expect(&b, "to=ready");
    start(&a, TINY_ROOMPOOL, "--node=rp2", NULL);
    assert_int_equal(end(&a), PL_EXIT_TEMPORARY);
    assert_int_equal(kill(b.pid, SIGTERM), 0);
    assert_int_equal(end(&b), PL_EXIT_OK);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    /* A machine that stands still for a second is not the end of a peer; that
     * of a process is seen by its connection. */
    if (setenv("PARLEY_COMMON_BEATS_MISSED", "40", 1) != 0)
        return 1;
    const struct CMUnitTest tests[] = {
        T(help_and_version_exit_0),
        T(an_unknown_flag_is_a_usage_error),
        T(check_config_names_line_and_bound),
        T(the_default_file_is_read_when_it_is_there),
        T(errors_of_the_app_choose_the_exit_code),
        T(a_worker_drains_on_sigterm_without_roompool),
        T(the_start_order_does_not_matter),
        T(a_killed_roompool_is_greeted_again),
        T(roompool_may_tell_a_worker_to_drain),
        T(a_worker_that_drains_greets_a_new_roompool),
        T(a_second_signal_cuts_a_drain_off),
        T(the_network_stack_has_a_text),
        T(names_do_not_come_from_pids),
        T(health_follows_the_life),
        T(health_is_what_the_app_says),
        T(health_of_one_of_several_needs_its_name),
        T(a_second_of_its_name_leaves_the_first_alone),
        T(a_process_that_hangs_is_not_healthy),
        T(who_asks_costs_little_without_descriptors),
        T(another_schema_major_ends_the_worker_with_76),
        T(a_second_roompool_ends_with_75),
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
