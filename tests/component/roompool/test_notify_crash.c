/* test_notify_crash.c - roompool is killed around every commit while a device
 * application subscribes, is told of its calls and ends its subscription: its
 * sink hears of everything that was committed, in order, a repeat only with
 * the same id. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_notify.h"
#include "killer.h"
#include "pl/json.h"

enum { S = 1000000, EVENTS = 6, HEARD_MAX = 64, MAX_COMMITS = 120 };

/* What the sink heard; without id: what was done. */
typedef struct heard {
    char id[40], what[32];
    int seq;
} heard;

static int out_fd;

/* Every third request is heard and refused. */
static bool hear(world *w, int64_t wait_us, void (*on_heard)(const heard *h))
{
    static unsigned n_requests;
    notified n;
    heard h = {.seq = 0};
    if (!notify_hears(w, wait_us, NULL, &n))
        return false;
    PUT(h.id, n.id);
    PUT(h.what, strrchr(n.type, '.') + 1);
    const char *seq = strstr(n.data, "\"sequenceNumber\":");
    if (seq)
        h.seq = atoi(seq + 17);
    on_heard(&h);
    web_answer(w, n.request, ++n_requests % 3 == 0 ? 503 : 200, NULL);
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
    pl_subscription_create m;
    char id[PL_ID_MAX + 1];
    (void)ctx;
    out_fd = fd;
    notify_fill(&m);
    notify_makes(w, &m, id);
    heard made = {.what = "made"};
    PUT(made.id, id);
    tell_parent(&made);
    for (int i = 1; i <= EVENTS; i++) {
        notify_status(w, i == EVENTS ? "Terminated" : "Ringing", i);
        tell_parent(&(heard){.what = "told", .seq = i});
        if (i % 2 == 0)
            (void)hear(w, S / 10, tell_parent);
    }
    while (hear(w, 2 * S, tell_parent))
        ;
    if (!notify_deletes(w, id))
        tell_parent(&(heard){.what = "deleted"});
    while (hear(w, 2 * S, tell_parent))
        ;
}

/* ---- in the parent ---- */

static heard all[HEARD_MAX];
static size_t n_all;
static char made_id[40];
static int last_told;
static bool is_deleted;

static void remember(const heard *h)
{
    if (strcmp(h->what, "made") == 0) {
        PUT(made_id, h->id);
    } else if (strcmp(h->what, "told") == 0) {
        last_told = h->seq;
    } else if (strcmp(h->what, "deleted") == 0) {
        is_deleted = true;
    } else {
        assert_true(n_all < HEARD_MAX);
        all[n_all++] = *h;
    }
}

static void on_output(void *ctx, const void *data, size_t len)
{
    heard h;
    (void)ctx;
    assert_int_equal(len, sizeof h);
    memcpy(&h, data, len);
    remember(&h);
}

/* A repeat only right behind what it repeats; no number left out; the end, if
 * there is one, at the end. */
static void check_heard(void)
{
    int seq = 0;
    for (size_t i = 0; i < n_all; i++) {
        bool is_repeat = i > 0 && strcmp(all[i].id, all[i - 1].id) == 0;
        bool is_end = strcmp(all[i].what, "subscription-ended") == 0;
        if (is_repeat) {
            assert_int_equal(all[i].seq, all[i - 1].seq);
        } else if (!is_end) {
            assert_int_equal(all[i].seq, seq + 1);
        }
        seq = is_end ? INT32_MAX - 1 : all[i].seq;
    }
    assert_true(seq >= last_told);
    if (is_deleted)
        assert_int_equal(seq, INT32_MAX - 1);
}

static bool kill_at(int before, int after)
{
    static const killer_story story = {
        .run = run_story, .on_output = on_output, .output_size = sizeof(heard)};
    world w;
    answer a;
    n_all = 0;
    last_told = 0;
    is_deleted = false;
    made_id[0] = '\0';
    world_prepare(&w);
    bool is_killed = killer_run(&w, &story, before, after);
    world_create_at(&w, 2, NULL, NULL);
    while (hear(&w, 40 * S, remember))
        world_check(&w);
    check_heard();
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM notifications"), 0);
    /* One that was deleted is forgotten; the other is there. */
    bool is_over =
        n_all > 0 && strcmp(all[n_all - 1].what, "subscription-ended") == 0;
    if (made_id[0])
        assert_int_equal(notify_looks(&w, made_id, &a),
                         is_over ? PL_DEVICE_FAULT_NOT_FOUND : 0);
    if (is_over)
        assert_int_equal(world_sql(&w, "SELECT count(*) FROM subscriptions"),
                         0);
    world_check(&w);
    world_destroy(&w);
    return is_killed;
}

static void before_each_commit(void **state)
{
    (void)state;
    killer_before_each(kill_at, 16, MAX_COMMITS);
}

static void after_each_commit(void **state)
{
    (void)state;
    killer_after_each(kill_at, 16, MAX_COMMITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_each_commit),
        cmocka_unit_test(after_each_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
