/* test_load.c - parley-load against a real parley-media, and against servers
 * that do what they should not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "echo_server.h"

static pl_load_result result;

static pl_load_options options(pl_load_transport transport)
{
    pl_load_options o = PL_LOAD_DEFAULT;
    o.transport = transport;
    o.duration_s = 3;
    o.warmup_s = 0;
    o.codec = PL_AUDIO_PCMU; /* whose voices are made quickest */
    o.speech = PL_TEST_PROMPTS;
    o.spawn = PL_TEST_MEDIA;
    o.max_loss_percent = 10; /* a machine that tests at full load */
    return o;
}

/* A machine that stands still loses packets: then another time. */
static pl_err run(const pl_load_options *o, const pl_load_adapter *adapter)
{
    pl_err e = PL_OK;
    for (int tries = 5; tries > 0; tries--) {
        e = pl_load_run(o, adapter, &result);
        if (e != PL_OK || !strstr(result.reason, "packets are missing"))
            break;
    }
    return e;
}

static void expect_good(const pl_load_options *o)
{
    pl_err e = run(o, &pl_load_parley_bus);
    assert_string_equal(result.reason, "");
    assert_int_equal(e, PL_OK);
    assert_true(result.is_good);
    assert_int_equal(result.connected, o->rooms * o->participants);
    unsigned all = o->rooms * o->participants;
    assert_int_equal(result.hearing.receivers,
                     all < o->verify ? all : o->verify);
    assert_int_equal(result.hearing.voices_heard, result.hearing.voices_due);
    assert_int_equal(result.hearing.own_heard, 0);
    assert_int_equal(result.hearing.strangers, 0);
    assert_int_equal(result.not_authentic, 0);
    assert_true(result.delay_us.n > 0);
    assert_true(result.server.cpu_s > 0);
    assert_true(result.server.pss_kib > 0);
    assert_true(result.server.n_threads >= 3);
    assert_true(result.server.n_metrics > 0);
}

static void telephones_hear_each_other_and_not_themselves(void **state)
{
    (void)state;
    pl_load_options o = options(PL_LOAD_RTP);
    expect_good(&o);
    assert_int_equal(result.hearing.voices_due, 6); /* 1 + 1 + 2 + 2 */
}

/* Listeners come and go meanwhile; those who are judged stay. */
static void browsers_hear_their_room_and_not_themselves(void **state)
{
    (void)state;
    pl_load_options o = options(PL_LOAD_WEBRTC);
    o.codec = PL_AUDIO_OPUS;
    o.rooms = 2;
    o.verify = 6;
    o.churn_per_s = 4;
    expect_good(&o);
}

/* ---- servers that are broken -------------------------------------------- */

/* parley-bus, but what the first one sends is not understood: as a talker whom
 * the server does not mix. */
static const pl_load_open *real_open;

static void joined_mute(void *ctx, pl_load_party *party)
{
    enum { UNKNOWN_PT = 99 };
    if (party->number == 0)
        party->pt = UNKNOWN_PT;
    real_open->joined(ctx, party);
}

static pl_err open_mute(const pl_load_open *what, void **ret_state)
{
    static pl_load_open changed;
    real_open = what;
    changed = *what;
    changed.joined = joined_mute;
    return pl_load_parley_bus.open(&changed, ret_state);
}

static void a_talker_who_is_not_mixed_is_a_failure(void **state)
{
    (void)state;
    pl_load_adapter broken = pl_load_parley_bus;
    pl_load_options o = options(PL_LOAD_RTP);
    broken.open = open_mute;
    assert_int_equal(run(&o, &broken), PL_OK);
    assert_false(result.is_good);
    /* three others do not hear him */
    assert_int_equal(result.hearing.voices_due - result.hearing.voices_heard,
                     3);
    assert_string_equal(result.reason, "3 of 6 voices are not heard");
}

static void own_voice_and_losses_are_failures(void **state)
{
    (void)state;
    pl_load_options o = options(PL_LOAD_RTP);
    o.spawn = "";
    o.max_loss_percent = 1;
    assert_int_equal(pl_load_run(&o, &echo_server, &result), PL_OK);
    assert_false(result.is_good);
    assert_int_equal(result.hearing.own_heard, 2);
    assert_int_equal(result.hearing.voices_heard, 0);
    assert_in_range(result.lost, result.sent / 20, result.sent / 5);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    pl_load_options o = options(PL_LOAD_RTP);
    o.talkers = 5;
    assert_int_equal(pl_load_run(&o, &pl_load_parley_bus, &result), PL_EINVAL);
    o = options(PL_LOAD_RTP);
    o.pids = (const long[]){INT32_MAX};
    o.n_pids = 1;
    assert_int_equal(pl_load_run(&o, &pl_load_parley_bus, &result), PL_EINVAL);
    assert_non_null(strstr(result.reason, "no process 2147483647"));
    o = options(PL_LOAD_RTP);
    o.local = "192.0.2.1";
    assert_int_equal(pl_load_run(&o, &pl_load_parley_bus, &result), PL_EINVAL);
    assert_non_null(strstr(result.reason, "--remote"));
    o = options(PL_LOAD_WEBRTC);
    assert_int_equal(pl_load_run(&o, &pl_load_parley_sip, &result), PL_EINVAL);
    o = options(PL_LOAD_WEBRTC);
    o.server = "https://127.0.0.1:9"; /* closed: the cause, and what to do */
    assert_int_equal(pl_load_run(&o, &pl_load_parley_rest, &result),
                     PL_EUNAVAILABLE);
    assert_non_null(strstr(result.reason, "Connection refused; "));
    assert_non_null(strstr(result.reason, "--server"));
    o = options(PL_LOAD_WEBRTC);
    o.spawn = "/nonexistent/parley-media";
    assert_int_equal(pl_load_run(&o, &pl_load_parley_bus, &result),
                     PL_EUNAVAILABLE);
    assert_non_null(strstr(result.reason, "cannot be started"));
    o = options(PL_LOAD_RTP);
    o.spawn_config = "foo = 5";
    assert_int_equal(pl_load_run(&o, &pl_load_parley_bus, &result),
                     PL_EUNAVAILABLE);
    assert_non_null(strstr(result.reason, "exit status"));
    assert_non_null(strstr(result.reason, "foo"));
}

static int run_program(const char *const *argv)
{
    int status = -1;
    pid_t pid = child_start(argv, "/dev/null", -1);
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* One who mixes one voice where three should be heard. */
static void the_programs_exit_code_says_how_it_went(void **state)
{
    (void)state;
    const char *bad[] = {PL_TEST_LOAD,
                         "--talkers=3",
                         "--duration=3",
                         "--warmup=0",
                         "--codec=pcmu",
                         "--speech=" PL_TEST_PROMPTS,
                         "--spawn=" PL_TEST_MEDIA,
                         "--spawn-set=max_talkers = 1",
                         NULL};
    const char *usage[] = {PL_TEST_LOAD, "--rooms=x", NULL};
    const char *version[] = {PL_TEST_LOAD, "--version", NULL};
    assert_int_equal(run_program(bad), 1);
    assert_int_equal(run_program(usage), 64);
    assert_int_equal(run_program(version), 0);
}

/* They wait more than they work: groups of them run side by side, each in a
 * process of its own. */
static int run_group(unsigned group)
{
    const struct CMUnitTest telephones[] = {
        cmocka_unit_test(telephones_hear_each_other_and_not_themselves),
        cmocka_unit_test(a_talker_who_is_not_mixed_is_a_failure),
    };
    const struct CMUnitTest browsers[] = {
        cmocka_unit_test(browsers_hear_their_room_and_not_themselves),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    const struct CMUnitTest failures[] = {
        cmocka_unit_test(own_voice_and_losses_are_failures),
        cmocka_unit_test(the_programs_exit_code_says_how_it_went),
    };
    return group == 0   ? cmocka_run_group_tests(telephones, NULL, NULL)
           : group == 1 ? cmocka_run_group_tests(browsers, NULL, NULL)
                        : cmocka_run_group_tests(failures, NULL, NULL);
}

int main(void)
{
    enum { GROUPS = 3 };
    pid_t pids[GROUPS];
    int failed = 0;
    for (unsigned i = 0; i < GROUPS; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            exit(run_group(i) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    for (unsigned i = 0; i < GROUPS; i++) {
        int status = -1;
        bool is_good = pids[i] > 0 && waitpid(pids[i], &status, 0) == pids[i] &&
                       status == 0;
        failed += !is_good;
    }
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
