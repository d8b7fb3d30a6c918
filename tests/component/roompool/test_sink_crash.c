/* test_sink_crash.c - roompool is killed around every commit while people come
 * and go and an event sink is told of it: it hears of everything, in order,
 * with the same numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "killer.h"
#include "pl/json.h"
#include "world.h"

enum { MS = 1000, S = 1000000, VISITS = 3, HEARD_MAX = 256, MAX_COMMITS = 120 };

/* What the sink heard, or, with seq 0, what was acknowledged. */
typedef struct heard {
    int64_t seq;
    char event[32];
} heard;

static int out_fd;

/* Every third request is heard and refused. */
static bool hear(world *w, int64_t wait_us, void (*on_heard)(const heard *h))
{
    web_request *r = web_next(w, wait_us);
    pl_json *json;
    pl_slice text;
    static unsigned n_requests;
    heard h = {.seq = 0};
    if (!r)
        return false;
    assert_int_equal(pl_json_parse(pl_slice_str(r->body), &json), PL_OK);
    assert_int_equal(pl_json_get_i64(json, "seq", &h.seq), PL_OK);
    assert_int_equal(pl_json_get_str(json, "event", &text), PL_OK);
    assert_int_equal(pl_copy(h.event, sizeof h.event, text), PL_OK);
    pl_json_free(&json);
    on_heard(&h);
    web_answer(w, r, ++n_requests % 3 == 0 ? 503 : 200, NULL);
    return true;
}

/* ---- in the child ---- */

static void tell_parent(const heard *h)
{
    if (write(out_fd, h, sizeof *h) != sizeof *h)
        _exit(1);
}

static void run_story(world *w, void *ctx, int fd)
{
    static const char sink[] =
        "{\"name\":\"s\",\"url\":\"https://s.example/\"}";
    pl_management_put m = {.resource = PL_MGMT_RESOURCE_EVENT_SINK,
                           .object = pl_slice_str(sink)};
    answer made, joined, media;
    (void)ctx;
    out_fd = fd;
    PUT(m.client_id, "admin");
    world_ask(w, &PL_MSG_MANAGEMENT_PUT, &m, &made);
    tell_parent(&(heard){.event = "made"});
    for (int i = 0; i < VISITS; i++) {
        page_comes(w, "lobby", NULL, "p", &joined, &media);
        tell_parent(&(heard){.event = "came"});
        (void)hear(w, S / 10, tell_parent);
        if (!page_leaves(w, &joined, "p"))
            tell_parent(&(heard){.event = "left"});
        while (hear(w, 2 * S, tell_parent))
            ;
    }
}

/* ---- in the parent ---- */

static heard all[HEARD_MAX];
static size_t n_all;
static unsigned n_made, n_came;

static void remember(const heard *h)
{
    n_made += strcmp(h->event, "made") == 0;
    n_came += strcmp(h->event, "came") == 0;
    if (h->seq == 0)
        return;
    assert_true(n_all < HEARD_MAX);
    all[n_all++] = *h;
}

static void on_output(void *ctx, const void *data, size_t len)
{
    heard h;
    (void)ctx;
    assert_int_equal(len, sizeof h);
    memcpy(&h, data, len);
    remember(&h);
}

static unsigned count(const char *event)
{
    unsigned n = 0;
    for (size_t i = 0; i < n_all; i++)
        n += (i == 0 || all[i].seq != all[i - 1].seq) &&
             strcmp(all[i].event, event) == 0;
    return n;
}

/* A repeat only right behind what it repeats; no number left out. */
static void check_heard(void)
{
    int64_t seq = 0;
    for (size_t i = 0; i < n_all; i++) {
        if (all[i].seq == seq) {
            assert_string_equal(all[i].event, all[i - 1].event);
        } else {
            assert_int_equal(all[i].seq, seq + 1);
        }
        seq = all[i].seq;
    }
    if (n_made > 0)
        assert_int_equal(count("eventsink_started"), 1);
    assert_true(count("participant_connected") >= n_came);
    assert_int_equal(count("conference_started"), count("conference_ended"));
    assert_int_equal(count("participant_connected"),
                     count("participant_disconnected"));
}

static bool kill_at(int before, int after)
{
    static const killer_story story = {
        .run = run_story, .on_output = on_output, .output_size = sizeof(heard)};
    world w;
    n_all = 0;
    n_made = n_came = 0;
    world_prepare(&w);
    bool is_killed = killer_run(&w, &story, before, after);
    world_create_at(&w, 2, NULL, NULL);
    /* Whoever was in is gone when his token is over. */
    while (hear(&w, 200 * (int64_t)S, remember))
        world_check(&w);
    check_heard();
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM sink_events"), 0);
    world_check(&w);
    world_destroy(&w);
    return is_killed;
}

static void before_each_commit(void **state)
{
    (void)state;
    killer_before_each(kill_at, 21, MAX_COMMITS);
}

static void after_each_commit(void **state)
{
    (void)state;
    killer_after_each(kill_at, 21, MAX_COMMITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_each_commit),
        cmocka_unit_test(after_each_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
