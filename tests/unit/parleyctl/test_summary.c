/* test_summary.c - how the platform is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "summary.h"

static void take(pl_ctl_summary *s, pl_ctl_verb verb, const char *json)
{
    char text[4096];
    size_t n = 0;
    pl_ctl_rows *rows = NULL;
    for (size_t i = 0; i <= strlen(json); i++) {
        text[i] = json[i];
        if (text[i] == '\'')
            text[i] = '"';
    }
    assert_int_equal(pl_ctl_rows_create(pl_ctl_view_of(verb), NULL, 100, &rows),
                     PL_OK);
    assert_int_equal(pl_ctl_rows_add(rows, pl_slice_str(text), &n), PL_OK);
    pl_ctl_summary_take(s, verb, rows);
    pl_ctl_rows_destroy(&rows);
}

#define WORKER(role, state, life, load, held)                                  \
    "{'role':'" role "','state':'" state "','life':'" life                     \
    "','load_permille':" load ",'held':" held ",'capacity':100}"
#define ALL_READY                                                              \
    "[" WORKER("media-worker", "up", "ready", "100", "3") "," WORKER(          \
        "signaling-worker", "up", "ready", "0",                                \
        "1") "," WORKER("api-frontend", "up", "ready", "0", "0") "]"

static void all_is_well(void **state)
{
    (void)state;
    pl_buf out;
    pl_ctl_summary s = {.endpoint = "ipc://x", .is_reachable = true};
    pl_buf_init(&out, 65536);
    take(&s, PL_CTL_WORKERS, ALL_READY);
    take(&s, PL_CTL_CONFERENCES,
         "[{'participants':3,'waiting':1,'ringing':0},{'participants':2}]");
    take(&s, PL_CTL_CALLS, "[{},{}]");
    take(&s, PL_CTL_POOL,
         "[{'state':'free'},{'state':'free'},"
         "{'state':'in-use'},{'state':'ending'}]");
    take(&s, PL_CTL_REGISTRATIONS,
         "[{'state':'registered'},"
         "{'state':'pending'}]");
    take(&s, PL_CTL_RECORDINGS, "[{'state':'recording'},{'state':'ended'}]");
    pl_ctl_summary_judge(&s);
    assert_int_equal(s.n_faults, 0);
    assert_int_equal(pl_ctl_summary_text(&s, &out), PL_OK);
    assert_non_null(strstr(pl_buf_text(&out), "all is well"));
    assert_non_null(strstr(pl_buf_text(&out), "people 5 (waiting 1"));
    pl_buf_clear(&out);
    pl_ctl_summary_json(&s, &out);
    assert_non_null(strstr(pl_buf_text(&out), "\"is_well\":true"));
    assert_non_null(strstr(pl_buf_text(&out), "\"pool_free\":2"));
    assert_non_null(strstr(pl_buf_text(&out), "\"pool_used\":1"));
    assert_non_null(strstr(pl_buf_text(&out), "\"devices\":1"));
    assert_non_null(strstr(pl_buf_text(&out), "\"recordings\":1"));
    assert_non_null(strstr(pl_buf_text(&out), "\"calls\":2"));
    pl_buf_fini(&out);
}

static void a_kind_without_a_ready_worker_is_a_fault(void **state)
{
    (void)state;
    static const char *const lacking[] = {
        "[]", "[" WORKER("media-worker", "up", "draining", "0", "0") "]",
        "[" WORKER("media-worker", "down", "ready", "0", "0") "]",
        "[" WORKER("media-worker", "expected", "ready", "0", "0") "]"};
    for (size_t i = 0; i < sizeof lacking / sizeof lacking[0]; i++) {
        pl_ctl_summary s = {.endpoint = "ipc://x", .is_reachable = true};
        take(&s, PL_CTL_WORKERS, lacking[i]);
        pl_ctl_summary_judge(&s);
        assert_int_equal(s.n_faults, 3);
        assert_non_null(strstr(s.faults[0], "no media worker is ready"));
        assert_non_null(strstr(s.faults[1], "parley-signaling"));
        assert_non_null(strstr(s.faults[2], "front end"));
    }
}

static void what_is_full_or_busy_is_a_fault(void **state)
{
    (void)state;
    pl_ctl_summary s = {.endpoint = "ipc://x", .is_reachable = true};
    take(&s, PL_CTL_WORKERS, ALL_READY);
    s.media.load_permille = 950;
    s.media.held = 100;
    pl_ctl_summary_judge(&s);
    assert_int_equal(s.n_faults, 2);
    assert_non_null(strstr(s.faults[0], "95 %"));
    assert_non_null(strstr(s.faults[1], "full"));
}

static void silence_is_the_only_fault(void **state)
{
    (void)state;
    pl_buf out;
    pl_ctl_summary s = {.endpoint = "ipc://x"};
    pl_buf_init(&out, 65536);
    pl_ctl_summary_judge(&s);
    assert_int_equal(s.n_faults, 1);
    assert_int_equal(pl_ctl_summary_text(&s, &out), PL_OK);
    assert_non_null(strstr(pl_buf_text(&out), "does not answer"));
    assert_null(strstr(pl_buf_text(&out), "WORKERS"));
    pl_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_well),
        cmocka_unit_test(a_kind_without_a_ready_worker_is_a_fault),
        cmocka_unit_test(what_is_full_or_busy_is_a_fault),
        cmocka_unit_test(silence_is_the_only_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
