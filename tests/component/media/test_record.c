/* test_record.c - a whole worker records a room of telephones; what it wrote is
 * read by opus-tools and sox. */
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/be.h"
#include "io/codecs.h"
#include "sound_file.h"
#include "worker_rig.h"

enum { PHONES = 3, FRAME_US = 20000, FILES = 16, DEADLINE_MS = 20000 };
static const double TURN = 6.283185307179586;
static const double LOUD = 0.3;
static const char rec[] = "22222222-2222-4222-8222-222222222222";
static const char other[] = "33333333-3333-4333-8333-333333333333";

/* ---- telephones --------------------------------------------------------- */

typedef struct phone {
    const char *leg;
    const pl_codec *codec;
    pl_encoder *encoder;
    uint8_t pt;
    double hz, amplitude;
    int fd;
    struct sockaddr_in to;
    uint32_t frame;
    uint64_t heard; /* packets */
} phone;

typedef struct story {
    world *w;
    pl_timer *clock;
    int64_t begin_us;
    phone phone[PHONES];
    size_t n;
    uint32_t frames; /* sent by each */
    uint32_t stop_at;
    pl_recording_report report;
    size_t n_reports, n_file_events;
    pl_recording_file file[FILES]; /* the latest of each path */
    size_t n_files;
} story;

static char folder[64];
static story the_story;

static void say(phone *p)
{
    float pcm[PL_CODEC_FRAME];
    uint8_t packet[12 + PL_CODEC_MAX_ENCODED] = {0x80, p->pt};
    for (size_t i = 0; i < PL_CODEC_FRAME; i++) {
        double t = (double)(p->frame * PL_CODEC_FRAME + i) / 48000.0;
        pcm[i] = (float)(p->amplitude * sin(TURN * p->hz * t));
    }
    size_t len = p->codec->encode(p->encoder, pcm, packet + 12);
    assert_true(len > 0);
    pl_be_put16(packet + 2, (uint16_t)p->frame);
    pl_be_put32(packet + 4, p->frame * (p->codec->clock_hz / 50));
    pl_be_put32(packet + 8, (uint32_t)p->hz);
    p->frame++;
    ssize_t n = sendto(p->fd, packet, 12 + len, 0,
                       (const struct sockaddr *)&p->to, sizeof p->to);
    assert_int_equal(n, 12 + len);
}

static void hear(phone *p)
{
    uint8_t packet[1500];
    while (recv(p->fd, packet, sizeof packet, MSG_DONTWAIT) > 0)
        p->heard++;
}

/* All telephones speak on one clock. */
static void on_clock(void *ctx)
{
    story *s = ctx;
    int64_t now_us = pl_loop_now_us(s->w->loop);
    while (s->begin_us + (int64_t)s->frames * FRAME_US <= now_us) {
        for (size_t i = 0; i < s->n; i++)
            say(&s->phone[i]);
        s->frames++;
    }
    for (size_t i = 0; i < s->n; i++)
        hear(&s->phone[i]);
    pl_timer_start(s->clock, FRAME_US);
    if (s->stop_at && s->frames >= s->stop_at)
        pl_loop_stop(s->w->loop);
}

/* Let them speak for a while. */
static void run_for(story *s, uint32_t frames)
{
    s->stop_at = s->frames + frames;
    while (s->frames < s->stop_at)
        assert_true(turn(s->w));
    s->stop_at = 0;
}

static phone *add_phone(story *s, const char *leg, pl_codec_kind kind,
                        double hz)
{
    static const struct {
        uint8_t pt;
        const char *map;
    } codecs[PL_AUDIO_COUNT] = {
        [PL_AUDIO_OPUS] = {111, "a=rtpmap:111 opus/48000/2\r\n"},
        [PL_AUDIO_G722] = {9, ""},
        [PL_AUDIO_PCMU] = {0, ""},
        [PL_AUDIO_PCMA] = {8, ""}};
    char sdp[512];
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    phone *p = &s->phone[s->n];
    *p = (phone){.leg = leg,
                 .codec = pl_codecs.codec[kind],
                 .pt = codecs[kind].pt,
                 .hz = hz,
                 .amplitude = LOUD,
                 .fd = socket(AF_INET, SOCK_DGRAM, 0),
                 .to = at};
    assert_int_equal(
        p->codec->encoder_create(&(pl_encoder_options){.bitrate_bps = 32000},
                                 &p->encoder),
        PL_OK);
    assert_int_equal(bind(p->fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(p->fd, (struct sockaddr *)&at, &len), 0);
    pl_fmt_cut(sdp, sizeof sdp,
               "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
               "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %u RTP/AVP %u\r\n%s",
               ntohs(at.sin_port), p->pt, codecs[kind].map);
    assert_int_equal(create(s->w, leg, PL_LEG_KIND_SIP, sdp), PL_OK);
    const char *m = strstr(s->w->text, "m=audio ");
    assert_non_null(m);
    p->to.sin_port = htons((uint16_t)strtoul(m + 8, NULL, 10));
    assert_int_equal(next_state(s->w), PL_LEG_STATE_CONNECTED);
    s->n++;
    return p;
}

/* ---- what is told ------------------------------------------------------- */

static void on_report(void *ctx, const pl_bus_in *in)
{
    story *s = ctx;
    assert_int_equal(in->epoch, EPOCH);
    s->report = *(const pl_recording_report *)in->body;
    s->n_reports++;
    pl_loop_stop(s->w->loop);
}

static void on_file(void *ctx, const pl_bus_in *in)
{
    story *s = ctx;
    const pl_recording_file *m = in->body;
    size_t i = 0;
    while (i < s->n_files && strcmp(s->file[i].path, m->path) != 0)
        i++;
    assert_true(i < FILES);
    s->n_files += i == s->n_files;
    s->file[i] = *m;
    s->n_file_events++;
    pl_loop_stop(s->w->loop);
}

static const pl_recording_file *file_of(const story *s, const char *path)
{
    for (size_t i = 0; i < s->n_files; i++) {
        if (strcmp(s->file[i].path, path) == 0)
            return &s->file[i];
    }
    return NULL;
}

/* Go on until something else is told; fails at the deadline. */
static void wait_on(story *s, int64_t *deadline_us)
{
    int64_t now_us = pl_loop_now_us(s->w->loop);
    if (*deadline_us == 0)
        *deadline_us = now_us + DEADLINE_MS * 1000LL;
    assert_true(now_us < *deadline_us);
    assert_true(turn(s->w));
}

static void wait_state(story *s, pl_recording_state state)
{
    int64_t deadline_us = 0;
    while (s->n_reports == 0 || s->report.state != (uint32_t)state)
        wait_on(s, &deadline_us);
}

/* ---- fixture ------------------------------------------------------------ */

static void tell(story *s, world *w)
{
    *s = (story){.w = w};
    assert_int_equal(
        pl_bus_handle(w->pool, &PL_MSG_RECORDING_REPORT, on_report, s), PL_OK);
    assert_int_equal(pl_bus_handle(w->pool, &PL_MSG_RECORDING_FILE, on_file, s),
                     PL_OK);
    assert_int_equal(pl_timer_create(w->loop, on_clock, s, &s->clock), PL_OK);
    s->begin_us = pl_loop_now_us(w->loop);
    pl_timer_start(s->clock, FRAME_US);
}

static int begin_with(void **state, uint32_t min_free_mib)
{
    const worker_options o = {
        .max_legs = 4, .recordings_dir = folder, .min_free_mib = min_free_mib};
    folder_make(folder, sizeof folder);
    int rc = worker_begin_with(state, &o);
    tell(&the_story, *state);
    return rc;
}

static int begin(void **state)
{
    return begin_with(state, 0);
}

static int end(void **state)
{
    story *s = &the_story;
    pl_timer_destroy(&s->clock);
    for (size_t i = 0; i < PHONES; i++) {
        if (!s->phone[i].codec)
            continue;
        s->phone[i].codec->encoder_destroy(&s->phone[i].encoder);
        assert_int_equal(close(s->phone[i].fd), 0);
    }
    int rc = worker_end(state);
    folder_remove(folder);
    return rc;
}

static pl_err start(story *s, uint64_t epoch, const char *id, uint32_t part)
{
    pl_media_record_start m = {.part = part, .mix = true, .stems = true};
    SET_TEXT(m.room_id, room);
    SET_TEXT(m.recording_id, id);
    return ask(s->w, epoch, &PL_MSG_MEDIA_RECORD_START, &m);
}

static pl_err stop(story *s, uint64_t epoch, const char *id)
{
    pl_media_record_stop m = {.present = 0};
    SET_TEXT(m.room_id, room);
    SET_TEXT(m.recording_id, id);
    return ask(s->w, epoch, &PL_MSG_MEDIA_RECORD_STOP, &m);
}

static void path_of(const char *name, char *path, size_t cap)
{
    pl_fmt_cut(path, cap, "%s/%s", folder, name);
}

/* Which of the tones are in a second of a file, a bit for each. */
static unsigned tones_in(const char *name, size_t from_ms)
{
    static const double hz[PHONES] = {500, 900, 1300};
    char path[256];
    sound s;
    unsigned found = 0;
    path_of(name, path, sizeof path);
    sound_read(path, &s);
    for (unsigned i = 0; i < PHONES; i++)
        found |= (sound_tone(&s, hz[i], from_ms, 1000) > 0.02 ? 1U : 0U) << i;
    sound_free(&s);
    return found;
}

/* When a tone begins, in ms of the file. */
static size_t onset(const char *name, double hz)
{
    char path[256];
    sound s;
    size_t ms = 0;
    path_of(name, path, sizeof path);
    sound_read(path, &s);
    while (sound_tone(&s, hz, ms, 20) < 0.1)
        ms += 5;
    sound_free(&s);
    return ms;
}

/* ---- stories ------------------------------------------------------------ */

static const char mix_path[] =
    "22222222-2222-4222-8222-222222222222/1-mix.opus";
static const char a_path[] = "22222222-2222-4222-8222-222222222222/1-a.au";
static const char b_path[] = "22222222-2222-4222-8222-222222222222/1-b.opus";
static const char c_path[] = "22222222-2222-4222-8222-222222222222/1-c.au";

/* Where the last one speaks too, in ms of a file. */
static size_t within(const pl_recording_file *f, const pl_recording_file *last)
{
    return (size_t)(last->started_ms - f->started_ms) + 500;
}

/* Two talk, a third one comes later; all is read back by other programs. */
static void the_mix_has_everybody_and_each_stem_one(void **state)
{
    story *s = &the_story;
    world *w = *state;
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    phone *a = add_phone(s, "a", PL_AUDIO_PCMU, 500);
    (void)add_phone(s, "b", PL_AUDIO_OPUS, 900);
    a->amplitude = 0.0;
    run_for(s, 25);
    assert_int_equal(start(s, EPOCH, rec, 1), PL_OK);
    wait_state(s, PL_RECORDING_STATE_RUNNING);
    assert_int_equal(start(s, EPOCH, rec, 1), PL_OK); /* again: the same */
    run_for(s, 100);
    a->amplitude = LOUD;
    run_for(s, 25);
    (void)add_phone(s, "c", PL_AUDIO_PCMA, 1300);
    run_for(s, 200); /* some of it is said at once, after a pause of ours */
    assert_int_equal(pl_metrics_value(w->metrics, PL_MEDIA_M_recordings), 1);
    assert_int_equal(pl_metrics_value(w->metrics, PL_MEDIA_M_recording_files),
                     4);
    assert_int_equal(stop(s, EPOCH, rec), PL_OK);
    wait_state(s, PL_RECORDING_STATE_ENDED);
    const pl_recording_file *mix = file_of(s, mix_path);
    const pl_recording_file *stem_a = file_of(s, a_path);
    const pl_recording_file *stem_b = file_of(s, b_path);
    const pl_recording_file *stem_c = file_of(s, c_path);
    assert_non_null(mix);
    assert_non_null(stem_a);
    assert_non_null(stem_b);
    assert_non_null(stem_c);
    assert_int_equal(tones_in(mix_path, within(mix, stem_c)), 7);
    assert_int_equal(tones_in(a_path, within(stem_a, stem_c)), 1);
    assert_int_equal(tones_in(b_path, within(stem_b, stem_c)), 2);
    assert_int_equal(tones_in(c_path, within(stem_c, stem_c)), 4);
    assert_true(mix->is_closed && stem_a->is_closed && stem_c->is_closed);
    assert_string_equal(mix->codec, "opus/48000");
    assert_string_equal(stem_c->codec, "PCMA/8000");
    assert_string_equal(stem_c->leg_id, "c");
    assert_in_range(stem_c->started_ms - mix->started_ms, 2000, 20000);
    /* A's first word is in both at the same time, but for the jitter buffer,
     * which is long on a busy machine; what it was silent before is longer */
    int64_t in_stem = stem_a->started_ms + (int64_t)onset(a_path, 500);
    int64_t in_mix = mix->started_ms + (int64_t)onset(mix_path, 500);
    assert_in_range(in_mix - in_stem + 100, 100 - 20, 100 + 1500);
    assert_int_equal(pl_metrics_value(w->metrics, PL_MEDIA_M_recordings), 0);
    assert_int_equal(pl_metrics_value(w->metrics, PL_MEDIA_M_recording_files),
                     0);
}

/* Who leaves has a whole file; a closed room ends the recording. */
static void legs_and_rooms_end_their_files(void **state)
{
    story *s = &the_story;
    world *w = *state;
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    (void)add_phone(s, "a", PL_AUDIO_PCMU, 500);
    (void)add_phone(s, "b", PL_AUDIO_G722, 900);
    assert_int_equal(start(s, EPOCH, rec, 1), PL_OK);
    run_for(s, 60);
    assert_int_equal(destroy(w, "a"), PL_OK);
    int64_t deadline_us = 0;
    while (!file_of(s, a_path) || !file_of(s, a_path)->is_closed)
        wait_on(s, &deadline_us);
    const pl_recording_file *mix = file_of(s, mix_path);
    assert_true(mix && !mix->is_closed);
    size_t told = s->n_file_events;
    s->n_reports = 0;
    pl_media_linked(w->media); /* roompool was away: all of it again */
    wait_state(s, PL_RECORDING_STATE_RUNNING);
    assert_true(s->n_file_events >= told + 3);
    pl_media_room_close m = {.present = 0};
    SET_TEXT(m.room_id, room);
    assert_int_equal(ask(w, EPOCH, &PL_MSG_MEDIA_ROOM_CLOSE, &m), PL_OK);
    wait_state(s, PL_RECORDING_STATE_ENDED);
    mix = file_of(s, mix_path);
    assert_true(mix->is_closed);
    char path[256];
    char info[4096];
    path_of(mix_path, path, sizeof path);
    if (!sound_info(path, info, sizeof info))
        fail_msg("%s", info);
    assert_non_null(
        strstr(info, "CONFERENCE=11111111-1111-4111-8111-111111111111"));
    s->n_reports = 0;
    w->n_items = 0;
    pl_media_linked(w->media); /* the end may not have arrived */
    wait_state(s, PL_RECORDING_STATE_ENDED);
}

/* As a worker that drains does: who asked may go on elsewhere with a next part
 * when he is answered. */
static void release_closes_the_files_before_it_is_answered(void **state)
{
    story *s = &the_story;
    world *w = *state;
    const pl_media_release m = {.present = 0};
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    (void)add_phone(s, "one", PL_AUDIO_PCMU, 500);
    assert_int_equal(start(s, EPOCH, rec, 1), PL_OK);
    run_for(s, 25);
    assert_int_equal(ask(w, 0, &PL_MSG_MEDIA_RELEASE, &m), PL_OK);
    assert_int_equal(s->report.state, PL_RECORDING_STATE_ENDED);
    assert_int_equal(s->n_files, 2);
    for (size_t i = 0; i < s->n_files; i++)
        assert_true(s->file[i].is_closed);
    while (!w->is_drained)
        assert_true(turn(w));
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The disk takes no more: it is told why, people go on talking, and when there
 * is room again another recording can be made. */
static void a_full_disk_ends_the_recording_and_not_the_room(void **state)
{
    story *s = &the_story;
    world *w = *state;
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    (void)add_phone(s, "a", PL_AUDIO_PCMU, 500);
    phone *b = add_phone(s, "b", PL_AUDIO_OPUS, 900);
    assert_int_equal(start(s, EPOCH, rec, 1), PL_OK);
    wait_state(s, PL_RECORDING_STATE_RUNNING);
    limit_files(6000);
    wait_state(s, PL_RECORDING_STATE_FAILED);
    limit_files(RLIM_INFINITY);
    assert_non_null(strstr(s->report.reason, "make room there"));
    assert_true(file_of(s, mix_path)->is_closed);
    uint64_t heard = b->heard;
    run_for(s, 50);
    assert_true(b->heard > heard);
    assert_true(pl_metrics_value(w->metrics, PL_MEDIA_M_recording_errors) > 0);
    assert_int_equal(stop(s, EPOCH, rec), PL_OK); /* nothing is there */
    assert_int_equal(start(s, EPOCH, rec, 2), PL_OK);
    wait_state(s, PL_RECORDING_STATE_RUNNING);
    run_for(s, 60);
    assert_int_equal(stop(s, EPOCH, rec), PL_OK);
    wait_state(s, PL_RECORDING_STATE_ENDED);
    assert_int_equal(s->report.part, 2);
    assert_non_null(
        file_of(s, "22222222-2222-4222-8222-222222222222/2-mix.opus"));
}

static void what_cannot_be_recorded_is_refused(void **state)
{
    story *s = &the_story;
    world *w = *state;
    assert_int_equal(start(s, EPOCH, rec, 1), PL_ENOENT);
    assert_int_equal(open_room(w, EPOCH), PL_OK);
    assert_int_equal(start(s, EPOCH + 1, rec, 1), PL_ESTALE);
    assert_int_equal(stop(s, EPOCH + 1, rec), PL_ESTALE);
    assert_int_equal(start(s, EPOCH, "../escaped", 1), PL_EINVAL);
    assert_int_equal(start(s, EPOCH, ".hidden", 1), PL_EINVAL);
    assert_int_equal(stop(s, EPOCH, rec), PL_OK);
    assert_int_equal(start(s, EPOCH, rec, 1), PL_OK);
    assert_int_equal(start(s, EPOCH, other, 1), PL_EFULL); /* one a room */
    assert_int_equal(start(s, EPOCH, rec, 2), PL_OK);      /* in its place */
    assert_int_equal(stop(s, EPOCH, rec), PL_OK);
    wait_state(s, PL_RECORDING_STATE_ENDED);
    assert_int_equal(rmdir(folder), -1); /* it made its folder there */
}

static void a_worker_without_a_folder_does_not_record(void **state)
{
    story *s = &the_story;
    *s = (story){.w = *state};
    assert_int_equal(open_room(s->w, EPOCH), PL_OK);
    assert_int_equal(start(s, EPOCH, rec, 1), PL_EUNSUPPORTED);
    assert_int_equal(stop(s, EPOCH, rec), PL_OK);
}

static int begin_full(void **state)
{
    return begin_with(state, 1000000000);
}

static void a_disk_that_is_nearly_full_is_refused(void **state)
{
    story *s = &the_story;
    assert_int_equal(open_room(*state, EPOCH), PL_OK);
    assert_int_equal(start(s, EPOCH, rec, 1), PL_EIO);
    assert_int_equal(s->n_reports, 0);
}

/* ---- kill -9 ------------------------------------------------------------ */

/* A worker in a process of its own; says so when it records. */
static void record_until_killed(int said)
{
    void *state = NULL;
    story *s = &the_story;
    const worker_options o = {.max_legs = 4, .recordings_dir = folder};
    (void)worker_begin_with(&state, &o);
    tell(s, state);
    assert_int_equal(open_room(s->w, EPOCH), PL_OK);
    (void)add_phone(s, "a", PL_AUDIO_PCMU, 500);
    (void)add_phone(s, "b", PL_AUDIO_OPUS, 900);
    assert_int_equal(start(s, EPOCH, rec, 1), PL_OK);
    wait_state(s, PL_RECORDING_STATE_RUNNING);
    assert_int_equal(write(said, "r", 1), 1);
    run_for(s, 50 * DEADLINE_MS / 1000);
    _exit(1);
}

static int64_t now_ms(void)
{
    struct timespec t = {0};
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static off_t size_of(const char *name)
{
    char path[256];
    struct stat st;
    path_of(name, path, sizeof path);
    return stat(path, &st) == 0 ? st.st_size : 0;
}

/* Whatever happens to the worker, what was said before is there. */
static void what_was_recorded_survives_kill_9(void **state)
{
    enum { ENOUGH_BYTES = 12000, ENOUGH_MS = 1500 };
    int said[2];
    int status = 0;
    char byte = 0;
    (void)state;
    folder_make(folder, sizeof folder);
    assert_int_equal(pipe(said), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        record_until_killed(said[1]);
    assert_int_equal(close(said[1]), 0);
    assert_int_equal(read(said[0], &byte, 1), 1);
    int64_t begun = now_ms();
    while (size_of(mix_path) < ENOUGH_BYTES && now_ms() - begun < DEADLINE_MS)
        (void)poll(NULL, 0, 10);
    int64_t ms = now_ms() - begun;
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    static const char *const names[] = {mix_path, a_path, b_path};
    static const unsigned tones[] = {3, 1, 2};
    for (size_t i = 0; i < 3; i++) {
        char path[256];
        sound s;
        path_of(names[i], path, sizeof path);
        sound_read(path, &s);
        int64_t got = (int64_t)s.n / 48;
        sound_free(&s);
        print_message("%s: %lld of %lld ms\n", names[i], (long long)got,
                      (long long)ms);
        /* the bytes that were there are some 3 s of the mix */
        if (got < ENOUGH_MS)
            fail_msg("%s is too short", names[i]);
        assert_int_equal(tones_in(names[i], 300), tones[i]);
    }
    assert_int_equal(close(said[0]), 0);
    folder_remove(folder);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_recorded_survives_kill_9),
        TEST(the_mix_has_everybody_and_each_stem_one),
        TEST(legs_and_rooms_end_their_files),
        TEST(release_closes_the_files_before_it_is_answered),
        TEST(a_full_disk_ends_the_recording_and_not_the_room),
        TEST(what_cannot_be_recorded_is_refused),
        cmocka_unit_test_setup_teardown(a_disk_that_is_nearly_full_is_refused,
                                        begin_full, end),
        cmocka_unit_test_setup_teardown(
            a_worker_without_a_folder_does_not_record, worker_begin,
            worker_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
