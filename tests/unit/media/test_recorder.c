/* test_recorder.c - the thread that writes recordings, at a disk that is slower
 * than what it is asked to keep. The disk's time is a clock of the test's own:
 * nothing is waited for. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/media_metrics.h"
#include "io/codecs.h"
#include "io/recorder.h"
#include "record_rig.h"

enum {
    LEGS = 3,
    DEADLINE_MS = 20000,
    FRAME_MS = 20,
    TURN_MS = 4000, /* each file's turn comes so often: record_set.c */
    SLOW_MS = 2000, /* of one file: three take longer than that */
    SYNCS_MAX = 10000
};

static const pl_metric_desc METRICS[] = {PL_MEDIA_METRICS(PL_METRIC_ROW)};
static const pl_mix_id REC = {0, 1};
static pl_recorder *recorder;
static _Atomic int64_t ahead_us; /* of the real clock */
static atomic_uint n_syncs;
static atomic_bool is_slow;
static uint32_t n_said; /* frames of each leg */

int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
    int rc = __real_clock_gettime(id, t);
    int64_t us = (int64_t)t->tv_nsec / 1000 + atomic_load(&ahead_us);
    t->tv_sec += us / 1000000;
    t->tv_nsec = us % 1000000 * 1000;
    return rc;
}

static int64_t now_us(void)
{
    struct timespec t;
    (void)__wrap_clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Everybody says so much. */
static void say(uint32_t ms)
{
    uint8_t sound[160];
    memset(sound, 0x2a, sizeof sound);
    for (uint32_t i = 0; i < ms / FRAME_MS; i++, n_said++) {
        for (uint32_t leg = 0; leg < LEGS; leg++) {
            const pl_record_head h = {.recording = REC,
                                      .leg = {leg, 1},
                                      .at_us = now_us(),
                                      .ssrc = 7 + leg,
                                      .xseq = n_said,
                                      .ts = n_said * 160,
                                      .kind = PL_RECORD_STEM,
                                      .codec = PL_AUDIO_PCMU};
            assert_true(pl_record_put(pl_recorder_rings(recorder)[0], &h, sound,
                                      sizeof sound));
        }
    }
}

/* While it is slow people go on talking, so that there is always something to
 * keep. */
int __wrap_fdatasync(int fd)
{
    if (atomic_load(&is_slow) && atomic_fetch_add(&n_syncs, 1) < SYNCS_MAX) {
        atomic_fetch_add(&ahead_us, (int64_t)SLOW_MS * 1000);
        say(SLOW_MS);
    }
    return __real_fdatasync(fd);
}

static void await(pl_record_event_kind kind, unsigned n)
{
    struct pollfd p = {.fd = pl_recorder_event_fd(recorder), .events = POLLIN};
    struct timespec begin;
    struct timespec t;
    (void)__real_clock_gettime(CLOCK_MONOTONIC, &begin);
    while (n > 0) {
        pl_record_event e;
        if (!pl_recorder_next_event(recorder, &e)) {
            (void)poll(&p, 1, 100);
            (void)__real_clock_gettime(CLOCK_MONOTONIC, &t);
            assert_true((t.tv_sec - begin.tv_sec) * 1000 < DEADLINE_MS);
        } else if (e.kind == kind) {
            n--;
        }
    }
}

/* Whoever stops a recording has his answer, although the disk is never done. */
static void a_slow_disk_keeps_nobody_waiting(void **state)
{
    (void)state;
    char path[128];
    pl_metrics *metrics = NULL;
    assert_int_equal(pl_metrics_create(METRICS, PL_MEDIA_M_COUNT, &metrics),
                     PL_OK);
    path_of("in", path, sizeof path);
    const pl_recorder_options o = {.dir = path,
                                   .n_threads = 1,
                                   .max_recordings = 1,
                                   .max_legs = LEGS,
                                   .codecs = &pl_codecs,
                                   .metrics = metrics};
    assert_int_equal(pl_recorder_start(&o, &recorder), PL_OK);
    for (uint32_t i = 0; i < LEGS; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "leg-%u", i);
        pl_recorder_name(recorder, (pl_mix_id){i, 1}, name);
    }
    const pl_record_task task = {
        .id = REC, .room_id = "room", .recording_id = "rec", .part = 1};
    assert_int_equal(pl_recorder_begin(recorder, &task), PL_OK);
    await(PL_RECORD_OPENED, 1);
    say(1000);
    await(PL_RECORD_FILE, LEGS);
    atomic_store(&is_slow, true);
    atomic_fetch_add(&ahead_us, (int64_t)TURN_MS * 1000);
    await(PL_RECORD_FILE, LEGS); /* they grow */
    assert_int_equal(pl_recorder_end(recorder, REC), PL_OK);
    await(PL_RECORD_CLOSED, 1);
    assert_in_range(atomic_load(&n_syncs), LEGS, SYNCS_MAX - 1);
    pl_recorder_stop(&recorder);
    pl_metrics_destroy(&metrics);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, record_begin, record_end)
    const struct CMUnitTest tests[] = {
        TEST(a_slow_disk_keeps_nobody_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
