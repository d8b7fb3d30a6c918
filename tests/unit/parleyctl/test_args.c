/* test_args.c - command lines of parleyctl. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "args.h"

enum { WORDS_MAX = 40 };

static const char *const KEYS[] = {"bus", "bus_secret_key", "database", NULL};
static pl_ctl_args args;
static char reason[256];

/* The words after the program's name. */
static pl_err parse(char *const *words)
{
    char *argv[WORDS_MAX] = {(char[]){"parleyctl"}};
    int n = 1;
    for (; *words; words++)
        argv[n++] = *words;
    reason[0] = '\0';
    return pl_ctl_args_parse(n, argv, KEYS, &args, reason, sizeof reason);
}

#define WORD(text) ((char[]){text})
#define PARSE(...) parse((char *[]){__VA_ARGS__, NULL})

static void a_command_and_its_argument(void **state)
{
    (void)state;
    assert_int_equal(PARSE(WORD("conferences"), WORD("lobby")), PL_OK);
    assert_int_equal(args.verb, PL_CTL_CONFERENCES);
    assert_string_equal(args.operand, "lobby");
    assert_int_equal(args.limit, 10000);
    assert_false(args.json);
    assert_int_equal(PARSE(WORD("conferences")), PL_OK);
    assert_null(args.operand);
}

static void options_come_before_and_behind(void **state)
{
    (void)state;
    assert_int_equal(PARSE(WORD("--json"), WORD("drain"), WORD("--wait"),
                           WORD("media-1"), WORD("--timeout=7"),
                           WORD("--force")),
                     PL_OK);
    assert_int_equal(args.verb, PL_CTL_DRAIN);
    assert_string_equal(args.operand, "media-1");
    assert_true(args.json && args.wait && args.force);
    assert_int_equal(args.timeout_s, 7);
}

static void values_follow_or_are_attached(void **state)
{
    (void)state;
    assert_int_equal(PARSE(WORD("backup"), WORD("x.db"), WORD("--database"),
                           WORD("var/parley.db"), WORD("--config=a.conf")),
                     PL_OK);
    assert_int_equal(args.n_settings, 1);
    assert_string_equal(args.settings[0], "database=var/parley.db");
    assert_string_equal(args.config, "a.conf");
    assert_string_equal(args.operand, "x.db");
    assert_int_equal(PARSE(WORD("events"), WORD("--since"), WORD("12")), PL_OK);
    assert_true(args.since == 12);
    assert_int_equal(PARSE(WORD("rooms"), WORD("--bus=ipc://x=y")), PL_OK);
    assert_string_equal(args.settings[0], "bus=ipc://x=y");
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    assert_int_equal(PARSE(WORD("--json")), PL_EINVAL);
    assert_non_null(strstr(reason, "a command is missing"));
    assert_int_equal(PARSE(WORD("worker")), PL_EINVAL);
    assert_non_null(strstr(reason, "no such command"));
    assert_int_equal(PARSE(WORD("drain")), PL_EINVAL);
    assert_non_null(strstr(reason, "needs WORKER"));
    assert_int_equal(PARSE(WORD("drain"), WORD("")), PL_EINVAL);
    assert_int_equal(PARSE(WORD("workers"), WORD("x")), PL_EINVAL);
    assert_non_null(strstr(reason, "no argument"));
    assert_int_equal(PARSE(WORD("drain"), WORD("a"), WORD("b")), PL_EINVAL);
    assert_non_null(strstr(reason, "one argument"));
    assert_int_equal(PARSE(WORD("rooms"), WORD("--wait")), PL_EINVAL);
    assert_non_null(strstr(reason, "rooms does not take"));
    assert_int_equal(PARSE(WORD("rooms"), WORD("--pin=1")), PL_EINVAL);
    assert_non_null(strstr(reason, "no such option"));
    assert_int_equal(PARSE(WORD("rooms"), WORD("--json=yes")), PL_EINVAL);
    assert_non_null(strstr(reason, "takes no value"));
    assert_int_equal(PARSE(WORD("rooms"), WORD("--limit")), PL_EINVAL);
    assert_non_null(strstr(reason, "needs a value"));
    assert_int_equal(PARSE(WORD("rooms"), WORD("--bus")), PL_EINVAL);
    assert_non_null(strstr(reason, "needs a value"));
    assert_int_equal(PARSE(WORD("rooms"), WORD("--limit=100001")), PL_EINVAL);
    assert_non_null(strstr(reason, "100000"));
    assert_int_equal(PARSE(WORD("events"), WORD("--since=-1")), PL_EINVAL);
}

static void help_needs_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(PARSE(WORD("--help")), PL_OK);
    assert_true(args.help);
    assert_null(args.name);
    assert_int_equal(PARSE(WORD("drain"), WORD("--help")), PL_OK);
    assert_string_equal(args.name, "drain");
    assert_int_equal(PARSE(WORD("--version")), PL_OK);
    assert_true(args.version);
    assert_int_equal(PARSE(WORD("--check-config")), PL_OK);
    assert_true(args.check_config);
}

static void settings_are_bounded(void **state)
{
    (void)state;
    char *words[WORDS_MAX];
    char longest[400] = "--bus=";
    size_t n = 0;
    words[n++] = WORD("rooms");
    while (n < PL_CTL_SETTINGS_MAX + 2)
        words[n++] = WORD("--bus=ipc://x");
    words[n] = NULL;
    assert_int_equal(parse(words), PL_EINVAL);
    memset(longest + 6, 'x', sizeof longest - 7);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(PARSE(WORD("rooms"), longest), PL_EINVAL);
    assert_non_null(strstr(reason, "too long"));
}

static void help_names_every_command(void **state)
{
    (void)state;
    char text[16384];
    pl_ctl_args all = {.help = true};
    FILE *f = fmemopen(text, sizeof text, "w");
    assert_non_null(f);
    pl_ctl_help(f, &all);
    assert_int_equal(fclose(f), 0);
    for (unsigned v = 0; v < PL_CTL_N_VERBS; v++)
        assert_non_null(strstr(text, pl_ctl_verb_name((pl_ctl_verb)v)));
    all.verb = PL_CTL_BACKUP;
    all.name = "backup";
    f = fmemopen(text, sizeof text, "w");
    assert_non_null(f);
    pl_ctl_help(f, &all);
    assert_int_equal(fclose(f), 0);
    assert_non_null(strstr(text, "parleyctl backup TARGET"));
    assert_non_null(strstr(text, "--database=FILE"));
    assert_null(strstr(text, "--follow"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_and_its_argument),
        cmocka_unit_test(options_come_before_and_behind),
        cmocka_unit_test(values_follow_or_are_attached),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(help_needs_nothing_else),
        cmocka_unit_test(settings_are_bounded),
        cmocka_unit_test(help_names_every_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
