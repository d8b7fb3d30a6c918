/* test_record_set.c - recordings: what goes into which file, and what is told
 * of it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/codecs.h"
#include "io/record_set.h"
#include "record_rig.h"
#include "sound_file.h"

enum { FRAMES_S = 50, EVENTS = 64 };

typedef struct desk {
    pl_record_set *set;
    int dir;
    pl_record_event event[EVENTS];
    size_t n;
} desk;

static const pl_mix_id REC = {0, 5};

static bool leg_name(void *ctx, pl_mix_id leg, char ret_name[PL_RECORD_ID])
{
    (void)ctx;
    (void)snprintf(ret_name, PL_RECORD_ID, "leg-%u", leg.index);
    return leg.index != 9;
}

static void emit(void *ctx, const pl_record_event *event)
{
    desk *d = ctx;
    assert_true(d->n < EVENTS);
    d->event[d->n++] = *event;
}

static void desk_open(desk *d, uint32_t min_free_mib)
{
    *d = (desk){.dir = open_folder()};
    const pl_record_set_options o = {.dir_fd = d->dir,
                                     .max_recordings = 2,
                                     .max_legs = 10,
                                     .min_free_mib = min_free_mib,
                                     .codecs = &pl_codecs,
                                     .leg_name = leg_name,
                                     .emit = emit,
                                     .ctx = d};
    assert_int_equal(pl_record_set_create(&o, &d->set), PL_OK);
    const pl_record_task task = {.id = REC,
                                 .room_id = "room",
                                 .recording_id = "rec",
                                 .part = 3,
                                 .channels = 1};
    pl_record_set_begin(d->set, &task, 0, 1700000000000000);
}

static void desk_close(desk *d)
{
    pl_record_set_destroy(&d->set);
    assert_int_equal(close(d->dir), 0);
}

static const pl_record_event *last_of(const desk *d, pl_record_event_kind kind,
                                      const char *path)
{
    for (size_t i = d->n; i-- > 0;) {
        if (d->event[i].kind == kind &&
            (!path || strcmp(d->event[i].u.file.path, path) == 0))
            return &d->event[i];
    }
    return NULL;
}

static void say(desk *d, voice *v, uint32_t leg, uint32_t xseq, int64_t at_ms)
{
    uint32_t step = v->codec->clock_hz / FRAMES_S;
    voice_next(v);
    const pl_record_head h = {.recording = REC,
                              .leg = {leg, 1},
                              .at_us = at_ms * 1000,
                              .ssrc = 4711 + leg,
                              .xseq = xseq,
                              .ts = xseq * step,
                              .len = (uint16_t)v->len,
                              .kind = PL_RECORD_STEM,
                              .codec = (uint8_t)v->codec->kind};
    pl_record_set_take(d->set, &h, v->data, at_ms * 1000);
    pl_record_set_due(d->set, at_ms * 1000);
}

static void mix(desk *d, voice *v, int64_t at_ms)
{
    voice_next(v);
    const pl_record_head h = {.recording = REC,
                              .at_us = at_ms * 1000,
                              .len = (uint16_t)v->len,
                              .kind = PL_RECORD_MIX,
                              .codec = PL_AUDIO_OPUS};
    pl_record_set_take(d->set, &h, v->data, at_ms * 1000);
}

/* A mix of 3 s, a voice that comes after 1 s, changes its codec and goes. */
static void files_say_when_they_began_and_how_long_they_are(void **state)
{
    (void)state;
    desk d;
    voice room;
    voice browser;
    voice phone;
    desk_open(&d, 0);
    assert_int_equal(d.event[0].kind, PL_RECORD_OPENED);
    voice_open(&room, PL_AUDIO_OPUS, 500);
    voice_open(&browser, PL_AUDIO_OPUS, 900);
    voice_open(&phone, PL_AUDIO_PCMA, 1300);
    for (uint32_t i = 0; i < 150; i++) {
        mix(&d, &room, 20 * i);
        if (i >= 50 && i < 100)
            say(&d, &browser, 4, 1000 + i, 20 * i);
        if (i >= 100)
            say(&d, &phone, 4, 1000 + i, 20 * i);
        say(&d, &phone, 9, i, 20 * i); /* has no name: not written */
    }
    pl_record_set_leg_gone(d.set, (pl_mix_id){4, 1}, 3000000);
    const pl_record_event *e = last_of(&d, PL_RECORD_FILE, "rec/3-leg-4.opus");
    assert_non_null(e);
    assert_true(e->u.file.is_closed);
    assert_int_equal(e->u.file.kind, PL_RECORDING_KIND_STEM);
    assert_string_equal(e->u.file.leg_id, "leg-4");
    assert_int_equal(e->u.file.started_ms, 1700000000000 + 1000 + 73);
    assert_int_equal(e->u.file.duration_ms, 1000 - 80);
    e = last_of(&d, PL_RECORD_FILE, "rec/3-leg-4-2.au");
    assert_non_null(e);
    assert_int_equal(e->u.file.codec, PL_AUDIO_PCMA);
    assert_int_equal(e->u.file.started_ms, 1700000000000 + 2000);
    assert_int_equal(e->u.file.duration_ms, 1000);
    pl_record_set_end(d.set, REC, 3000000);
    assert_int_equal(d.event[d.n - 1].kind, PL_RECORD_CLOSED);
    e = last_of(&d, PL_RECORD_FILE, "rec/3-mix.opus");
    assert_non_null(e);
    assert_int_equal(e->u.file.duration_ms, 3000 - 80);
    char path[128];
    struct stat st;
    path_of("rec/3-mix.opus", path, sizeof path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(e->u.file.bytes, st.st_size);
    assert_tone(path, 500, 500, 2000, LOUD);
    path_of("rec/3-leg-4-2.au", path, sizeof path);
    assert_tone(path, 1300, 100, 800, LOUD);
    desk_close(&d);
    voice_close(&room);
    voice_close(&browser);
    voice_close(&phone);
}

/* What a player shall make of it, whatever the first packet is. */
static void a_stereo_room_has_a_stereo_file(void **state)
{
    (void)state;
    desk d;
    voice v;
    char path[128];
    char info[4096];
    desk_open(&d, 0);
    const pl_record_task task = {.id = {1, 6},
                                 .room_id = "room",
                                 .recording_id = "wide",
                                 .part = 1,
                                 .channels = 2};
    pl_record_set_begin(d.set, &task, 0, 0);
    voice_open(&v, PL_AUDIO_OPUS, 500);
    voice_next(&v);
    const pl_record_head h = {.recording = task.id,
                              .len = (uint16_t)v.len,
                              .kind = PL_RECORD_MIX,
                              .codec = PL_AUDIO_OPUS};
    pl_record_set_take(d.set, &h, v.data, 0);
    desk_close(&d);
    voice_close(&v);
    path_of("wide/1-mix.opus", path, sizeof path);
    (void)sound_info(path, info, sizeof info);
    assert_non_null(strstr(info, "Channels: 2"));
}

static void a_leg_that_comes_again_has_another_file(void **state)
{
    (void)state;
    desk d;
    voice v;
    desk_open(&d, 0);
    voice_open(&v, PL_AUDIO_PCMU, 900);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 20; i++)
            say(&d, &v, 1, i, 1000 * round + 20 * i);
        pl_record_set_leg_gone(d.set, (pl_mix_id){1, 1}, 1000000 * round);
    }
    assert_null(last_of(&d, PL_RECORD_FAILED, NULL));
    assert_non_null(last_of(&d, PL_RECORD_FILE, "rec/3-leg-1.au"));
    assert_non_null(last_of(&d, PL_RECORD_FILE, "rec/3-leg-1-2.au"));
    assert_non_null(last_of(&d, PL_RECORD_FILE, "rec/3-leg-1-3.au"));
    desk_close(&d);
    voice_close(&v);
}

/* Bytes that are no Opus would spoil the file for those who read it. */
static void what_is_no_packet_is_not_written(void **state)
{
    (void)state;
    static const uint8_t bad[][3] = {{0x7b, 0x00, 0},  /* no frame at all */
                                     {0x7a, 0xfa, 1},  /* beyond its end */
                                     {0x79, 0x01, 2},  /* two, not alike */
                                     {0x7b, 0x3f, 3}}; /* longer than 120 ms */
    desk d;
    voice v;
    desk_open(&d, 0);
    voice_open(&v, PL_AUDIO_OPUS, 900);
    for (uint32_t i = 0; i < 4; i++) {
        const pl_record_head h = {.recording = REC,
                                  .leg = {1, 1},
                                  .ssrc = 4712,
                                  .xseq = i,
                                  .ts = i * 960,
                                  .len = i == 2 ? 2 : 3,
                                  .kind = PL_RECORD_STEM,
                                  .codec = PL_AUDIO_OPUS};
        pl_record_set_take(d.set, &h, bad[i], 0);
        pl_record_set_due(d.set, 300000);
    }
    assert_null(last_of(&d, PL_RECORD_FILE, NULL));
    say(&d, &v, 1, 4, 400);
    pl_record_set_due(d.set, 700000);
    assert_non_null(last_of(&d, PL_RECORD_FILE, NULL));
    desk_close(&d);
    voice_close(&v);
}

/* Lost, doubled, overtaking: the file is as long as the sound was. */
static void a_bad_network_leaves_the_time_right(void **state)
{
    (void)state;
    desk d;
    voice v;
    char path[128];
    char info[4096];
    desk_open(&d, 0);
    voice_open(&v, PL_AUDIO_OPUS, 900);
    for (uint32_t i = 0; i < 250; i += 2) {
        say(&d, &v, 1, i + 1, 20 * i + 25); /* in pairs, second first */
        if (i % 20 != 8)
            say(&d, &v, 1, i, 20 * i + 30); /* one of twenty is lost */
        say(&d, &v, 1, i + 1, 20 * i + 35); /* and some come twice */
    }
    pl_record_set_end(d.set, REC, 5100000);
    const pl_record_event *e = last_of(&d, PL_RECORD_FILE, NULL);
    assert_in_range(e->u.file.duration_ms, 4890, 4930);
    path_of("rec/3-leg-1.opus", path, sizeof path);
    if (!sound_info(path, info, sizeof info))
        fail_msg("%s", info);
    desk_close(&d);
    voice_close(&v);
}

/* A leg that was silent for an hour begins another file. */
static void long_gaps_are_not_written(void **state)
{
    (void)state;
    desk d;
    voice v;
    desk_open(&d, 0);
    voice_open(&v, PL_AUDIO_PCMU, 900);
    for (uint32_t i = 0; i < 50; i++)
        say(&d, &v, 1, i, 20 * i);
    for (uint32_t i = 50; i < 100; i++)
        say(&d, &v, 1, i + 180000, 20 * (i + 180000));
    pl_record_set_end(d.set, REC, 3700000000);
    const pl_record_event *e = last_of(&d, PL_RECORD_FILE, "rec/3-leg-1-2.au");
    assert_non_null(e);
    assert_int_equal(e->u.file.duration_ms, 1000);
    assert_int_equal(e->u.file.started_ms, 1700000000000 + 3601000);
    desk_close(&d);
    voice_close(&v);
}

static unsigned synced[1024]; /* how often, by descriptor */

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

int __wrap_fdatasync(int fd)
{
    assert_in_range(fd, 0, 1023);
    synced[fd]++;
    return __real_fdatasync(fd);
}

/* At a disk that takes a second for a file each of eight has its turn every
 * eight seconds: none waits behind others that had theirs. */
static void files_share_a_slow_disk(void **state)
{
    (void)state;
    enum { LEGS = 8, SECONDS = 80 };
    desk d;
    voice v;
    size_t n_files = 0;
    desk_open(&d, 0);
    voice_open(&v, PL_AUDIO_PCMU, 900);
    memset(synced, 0, sizeof synced);
    for (uint32_t s = 0; s < SECONDS; s++) {
        for (uint32_t leg = 0; leg < LEGS; leg++)
            say(&d, &v, leg, s * FRAMES_S, 1000 * s);
        d.n = 0; /* their growth is told, which is not looked at here */
        (void)pl_record_set_sync_one(d.set, INT64_C(1000000) * s + 500000);
    }
    for (size_t fd = 0; fd < 1024; fd++) {
        if (synced[fd] > 0) {
            n_files++;
            assert_in_range(synced[fd], SECONDS / LEGS - 2, SECONDS / LEGS);
        }
    }
    assert_int_equal(n_files, LEGS);
    voice_close(&v);
    desk_close(&d);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The disk takes no more: said, with what to do, and what was written stays. */
static void a_full_disk_ends_the_recording(void **state)
{
    (void)state;
    desk d;
    voice v;
    char path[128];
    pages p;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    desk_open(&d, 0);
    voice_open(&v, PL_AUDIO_OPUS, 500);
    limit_files(9000);
    for (uint32_t i = 0; i < 250; i++)
        mix(&d, &v, 20 * i);
    limit_files(RLIM_INFINITY);
    const pl_record_event *e = last_of(&d, PL_RECORD_FAILED, NULL);
    assert_non_null(e);
    assert_string_equal(e->u.reason, "recordings_dir: File too large; make "
                                     "room there, start again");
    assert_true(last_of(&d, PL_RECORD_FILE, NULL)->u.file.is_closed);
    path_of("rec/3-mix.opus", path, sizeof path);
    read_pages(path, &p); /* no torn page */
    assert_true(p.granule > 48000);
    assert_tone(path, 500, 100, 500, LOUD);
    pl_record_set_end(d.set, REC, 6000000);
    assert_int_equal(d.event[d.n - 1].kind, PL_RECORD_CLOSED);
    desk_close(&d);
    voice_close(&v);
}

/* Not the disk's fault, and room there would not help. */
static void too_many_open_files_are_told_apart(void **state)
{
    (void)state;
    desk d;
    voice v;
    struct rlimit before;
    desk_open(&d, 0);
    voice_open(&v, PL_AUDIO_OPUS, 500);
    int fd = dup(STDERR_FILENO); /* the lowest that is free */
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {.rlim_cur = (rlim_t)fd,
                                .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    mix(&d, &v, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    const pl_record_event *e = last_of(&d, PL_RECORD_FAILED, NULL);
    assert_non_null(e);
    assert_string_equal(e->u.reason,
                        "recordings_dir: Too many open files; allow the media "
                        "worker more open files, start again");
    pl_record_set_end(d.set, REC, 1000000);
    assert_int_equal(d.event[d.n - 1].kind, PL_RECORD_CLOSED);
    desk_close(&d);
    voice_close(&v);
}

static void little_free_space_is_refused_with_what_to_do(void **state)
{
    (void)state;
    desk d;
    desk_open(&d, 1000000000);
    assert_int_equal(d.event[0].kind, PL_RECORD_FAILED);
    assert_non_null(strstr(d.event[0].u.reason, "recordings_min_free_mib"));
    pl_record_set_end(d.set, REC, 0);
    assert_int_equal(d.event[1].kind, PL_RECORD_CLOSED);
    desk_close(&d);
}

/* The same part again would overwrite: it fails, and the file is untouched. */
static void a_part_is_never_written_twice(void **state)
{
    (void)state;
    desk d;
    voice v;
    voice_open(&v, PL_AUDIO_OPUS, 500);
    for (size_t round = 0; round < 2; round++) {
        desk_open(&d, 0);
        for (uint32_t i = 0; i < 100; i++)
            mix(&d, &v, 20 * i);
        const pl_record_event *e = last_of(&d, PL_RECORD_FAILED, NULL);
        assert_true((round == 1) == (e != NULL));
        if (e)
            assert_non_null(strstr(e->u.reason, "written before"));
        desk_close(&d);
    }
    voice_close(&v);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, record_begin, record_end)
    const struct CMUnitTest tests[] = {
        TEST(files_say_when_they_began_and_how_long_they_are),
        TEST(a_stereo_room_has_a_stereo_file),
        TEST(a_leg_that_comes_again_has_another_file),
        TEST(what_is_no_packet_is_not_written),
        TEST(a_bad_network_leaves_the_time_right),
        TEST(long_gaps_are_not_written),
        TEST(files_share_a_slow_disk),
        TEST(a_full_disk_ends_the_recording),
        TEST(too_many_open_files_are_told_apart),
        TEST(little_free_space_is_refused_with_what_to_do),
        TEST(a_part_is_never_written_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
