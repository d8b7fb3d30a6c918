/* test_overload.c - roompool answers late: new calls are refused at once, those
 * that stand go on, and when it is quick again all are taken. */
#include "phone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "overload.h"
#include "pl/str.h"
#include "sig_metrics.h"

static int64_t value_of(pl_sig_rig *rig, pl_sig_metric metric)
{
    return pl_metrics_value(pl_sig_rig_metrics(rig), metric);
}

static unsigned n_incoming(pl_sig_rig *rig)
{
    return pl_fake_pool_count(pl_sig_rig_pool(rig), "incoming");
}

/* Call until one is refused at once: it is not handed to roompool. */
static void call_until_refused(phone *p, pl_sig_rig *rig, const char *user)
{
    char call[32];
    for (unsigned i = 0; i < 500; i++) {
        int64_t n_shed = value_of(rig, PL_SIG_shed);
        unsigned n = n_incoming(rig);
        pl_fmt_cut(call, sizeof call, "%s%u", user, i);
        phone_invite(p, user, call);
        phone_expect(p, "SIP/2.0 ");
        if (strncmp(p->last, "SIP/2.0 503", 11) == 0) {
            assert_int_equal(value_of(rig, PL_SIG_shed), n_shed + 1);
            assert_int_equal(n_incoming(rig), n);
            return;
        }
        rig_until_said(rig, "incoming", n + 1);
        rig_run(rig, 5);
    }
    fail_msg("no call was refused");
}

static bool takes_all(void *ctx)
{
    return value_of(ctx, PL_SIG_taken_percent) == 100;
}

static void new_calls_are_refused_while_roompool_is_late(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    static char answer[sizeof p.last];
    phone_open(&p, rig, false, "127.0.0.1");
    assert_true(takes_all(rig));
    phone_invite(&p, "lobby", "c1");
    phone_expect(&p, "SIP/2.0 200");
    memcpy(answer, p.last, sizeof answer);
    phone_ack(&p, "lobby", "c1");
    rig_until_said(rig, "confirmed", 1);
    call_until_refused(&p, rig, "late");
    long again = strtol(phone_header(&p, "Retry-After"), NULL, 10);
    assert_in_range(again, 1, PL_OVERLOAD_RETRY_S);
    assert_true(value_of(rig, PL_SIG_taken_percent) < 100);
    /* what stands is served */
    memcpy(p.last, answer, sizeof answer); /* with the tag */
    phone_bye(&p, "lobby", "c1");
    phone_expect(&p, "SIP/2.0 200");
    rig_until_said(rig, "ended", 1);
    pl_fake_pool_command(pl_sig_rig_pool(rig), "catch-up");
    phone_expect(&p, "SIP/2.0 180"); /* those that waited ring */
    for (unsigned i = 0; i < 10; i++) {
        char call[16];
        rig_until(rig, takes_all,
                  rig); /* a pause of ours makes it late again */
        pl_fmt_cut(call, sizeof call, "d%u", i);
        phone_invite(&p, "lobby", call);
        phone_expect(&p, "SIP/2.0 200");
        phone_ack(&p, "lobby", call);
    }
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void an_emergency_is_taken_from_whom_we_trust(void **state)
{
    (void)state;
    static const char urgent[] = "Priority: emergency\n";
    static const char *const trusting[] = {"trusted_networks=127.0.0.1", NULL};
    for (int is_trusted = 0; is_trusted < 2; is_trusted++) {
        pl_sig_rig *rig = rig_open(is_trusted ? trusting : NULL);
        static phone p;
        char call[16];
        phone_open(&p, rig, false, "127.0.0.1");
        call_until_refused(&p, rig, "late");
        int64_t n_shed = value_of(rig, PL_SIG_shed);
        unsigned n = n_incoming(rig);
        for (unsigned i = 0; i < 20; i++) {
            pl_fmt_cut(call, sizeof call, "u%u", i);
            phone_invite_with(&p, "late", call, urgent, true);
            phone_expect(&p, "SIP/2.0 ");
        }
        if (is_trusted) {
            assert_int_equal(value_of(rig, PL_SIG_shed), n_shed);
            rig_until_said(rig, "incoming", n + 20);
        } else {
            assert_true(value_of(rig, PL_SIG_shed) > n_shed);
        }
        phone_close(&p);
        pl_sig_rig_destroy(&rig);
    }
}

static void it_can_be_off(void **state)
{
    (void)state;
    static const char *const off[] = {"overload_target_ms=0", NULL};
    pl_sig_rig *rig = rig_open(off);
    static phone p;
    char call[16];
    phone_open(&p, rig, false, "127.0.0.1");
    for (unsigned i = 0; i < 20; i++) {
        pl_fmt_cut(call, sizeof call, "c%u", i);
        phone_invite(&p, "late", call);
        phone_expect(&p, "SIP/2.0 100");
        rig_run(rig, 25);
    }
    assert_true(takes_all(rig));
    assert_int_equal(value_of(rig, PL_SIG_shed), 0);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_calls_are_refused_while_roompool_is_late),
        cmocka_unit_test(an_emergency_is_taken_from_whom_we_trust),
        cmocka_unit_test(it_can_be_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
