/* test_load_options.c - the command line of parley-load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "options.h"

static pl_load_command command;
static char reason[PL_LOAD_REASON];

static pl_err parse(char *const *argv)
{
    int n = 0;
    while (argv[n])
        n++;
    reason[0] = '\0';
    return pl_load_parse(n, argv, reason, &command);
}
#define PARSE(...) parse((char *const[]){(char *)"x", __VA_ARGS__, NULL})
#define A(text)    ((char *)(size_t)(text))

static void values_stand_behind_a_blank_or_a_sign(void **state)
{
    (void)state;
    assert_int_equal(PARSE(A("--rooms"), A("7"), A("--talkers=3"),
                           A("--codec=pcma"), A("--transport"), A("rtp"),
                           A("--quiet=dtx"), A("--json"), A("--pid=12"),
                           A("--pid=13"), A("--spawn-core=1")),
                     PL_OK);
    assert_int_equal(command.options.rooms, 7);
    assert_int_equal(command.options.talkers, 3);
    assert_int_equal(command.options.codec, PL_AUDIO_PCMA);
    assert_int_equal(command.options.transport, PL_LOAD_RTP);
    assert_int_equal(command.options.quiet, PL_LOAD_QUIET_DTX);
    assert_int_equal(command.options.spawn_core, 1);
    assert_int_equal(command.options.own_core, -1);
    assert_int_equal(command.options.n_pids, 2);
    assert_int_equal(command.options.pids[1], 13);
    assert_true(command.is_json);
    assert_ptr_equal(command.adapter, &pl_load_parley_bus);
}

static void an_adapter_brings_its_address(void **state)
{
    (void)state;
    assert_int_equal(PARSE(A("--adapter"), A("parley-rest")), PL_OK);
    assert_ptr_equal(command.adapter, &pl_load_parley_rest);
    assert_string_equal(command.options.server, "https://127.0.0.1:8443");
    assert_int_equal(
        PARSE(A("--adapter=parley-sip"), A("--server=127.0.0.1:9")), PL_OK);
    assert_string_equal(command.options.server, "127.0.0.1:9");
}

static void nonsense_is_refused_with_its_name(void **state)
{
    static char *const bad[][3] = {
        {A("--rooms"), A("many")},    {A("--rooms"), NULL},
        {A("--rooms=10001"), NULL},   {A("--codec=mp3"), NULL},
        {A("--adapter=other"), NULL}, {A("--json=1"), NULL},
        {A("--duration=0"), NULL},    {A("--unknown"), NULL},
        {A("rooms"), NULL},           {A("--"), NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(PARSE(bad[i][0], bad[i][1]), PL_EINVAL);
        assert_true(reason[0] != '\0');
    }
}

static void a_refusal_says_what_would_be_taken(void **state)
{
    (void)state;
    assert_int_equal(PARSE(A("--codec"), A("mp3")), PL_EINVAL);
    assert_string_equal(reason, "--codec: 'mp3': takes opus, g722, pcmu, pcma");
    assert_int_equal(PARSE(A("--talkers=33")), PL_EINVAL);
    assert_string_equal(reason, "--talkers: '33': takes a number up to 32");
}

static void rooms_are_numbered_where_the_name_says_so(void **state)
{
    char name[32];
    (void)state;
    pl_load_options o = PL_LOAD_DEFAULT;
    pl_load_room_name(&o, 12, name, sizeof name);
    assert_string_equal(name, "load-12");
    o.room = "100%u#";
    pl_load_room_name(&o, 3, name, sizeof name);
    assert_string_equal(name, "1003#");
    o.room = "lobby%s";
    pl_load_room_name(&o, 3, name, sizeof name);
    assert_string_equal(name, "lobby%s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_stand_behind_a_blank_or_a_sign),
        cmocka_unit_test(an_adapter_brings_its_address),
        cmocka_unit_test(nonsense_is_refused_with_its_name),
        cmocka_unit_test(a_refusal_says_what_would_be_taken),
        cmocka_unit_test(rooms_are_numbered_where_the_name_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
